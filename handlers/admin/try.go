package admin

import (
	"net/url"
	"strings"
	"time"

	"huiwen/bot"
	"huiwen/handlers"
	"huiwen/knowledge"
	"huiwen/knowledge/index"
)

// How much of a trial is shown.
const (
	triedMatches = 8
	shownShares  = 12
)

type tryView struct {
	Text, AsOf string
	User       bot.User
	Answer     *bot.Rendered
	Took       time.Duration
	Matches    []matchView
	Measures   []measureName // for fixing in place
	Version    string
}

// A matchView is a measure, or a topic outside, with what its score is made of.
type matchView struct {
	Label, Name string
	Outside     bool
	Quote       string // of the similar questions it resembles most
	Score       float64
	Sure, Share float64
	Shares      []shareView
	Rest        float64 // of the shares that are not shown
	Cited       bool    // it stands in the answer
}

type shareView struct {
	Kind, Text string
	Score      float64
	Width      int // of the bar, of 100
}

type measureName struct{ No, Label, Name string }

// termKinds are the kinds of term as people read them.
var termKinds = map[byte]string{'w': "词", 'b': "字对", 'c': "说法", 's': "读音", 'n': "反例"}

// tryPage answers a question from the published state and shows why.
func tryPage(v *visit) error {
	q := v.r.URL.Query()
	view := tryView{Text: strings.TrimSpace(strings.ToValidUTF8(q.Get("q"), "")), AsOf: q.Get("as_of"), User: bot.User(q.Get("user"))}
	if view.User != bot.Staff {
		view.User = bot.Resident
	}
	if r := []rune(view.Text); len(r) > maxTextRunes {
		view.Text = string(r[:maxTextRunes])
	}
	at := v.Now()
	if view.AsOf != "" {
		day, err := time.ParseInLocation(time.DateOnly, view.AsOf, handlers.Zone)
		if err != nil {
			return bad("日期要写成 2022-09-15 这样。")
		}
		at = day.Add(12 * time.Hour)
	}
	snap := v.Snapshot()
	view.Version, view.Measures = snap.Version, namesOf(snap)
	if view.Text == "" {
		return v.page("try", "测试提问", view)
	}
	began := time.Now()
	answer, err := v.Try(v.ctx(), Question{Text: view.Text, User: view.User, AsOf: at})
	if err != nil {
		return err
	}
	view.Answer, view.Took = &answer, time.Since(began)
	view.Matches = explain(snap, view.Text, answer.Citations)
	return v.page("try", "测试提问", view)
}

func namesOf(s *knowledge.Snapshot) []measureName {
	var out []measureName
	for _, m := range s.Measures {
		out = append(out, measureName{m.No, m.Label(), m.Topic()})
	}
	return out
}

// explain lists the best matches of a question and what their scores add up from.
func explain(s *knowledge.Snapshot, text string, cited []string) []matchView {
	var out []matchView
	for _, m := range s.Finder.Find(text, triedMatches) {
		view := matchView{Score: m.Score, Sure: m.Sure, Share: m.Share}
		switch {
		case m.Measure != nil:
			view.Label, view.Name = m.Measure.Label(), m.Measure.Topic()
			for _, c := range cited {
				view.Cited = view.Cited || c == m.Measure.No
			}
		case m.Topic != nil:
			view.Name, view.Outside = m.Topic.Topic, true
		}
		if m.Similar != nil {
			view.Quote = m.Similar.Quote
		}
		view.Shares, view.Rest = shares(s.Finder.Explain(text, m))
		out = append(out, view)
	}
	return out
}

// shares shows the largest shares, for or against, and sums the rest.
func shares(all []index.Share) (shown []shareView, rest float64) {
	most := 0.0
	for _, s := range all {
		most = max(most, s.Score, -s.Score)
	}
	for i, s := range all {
		// most first: the head speaks for the match, the tail against it
		if i >= shownShares-3 && i < len(all)-3 {
			rest += s.Score
			continue
		}
		kind, text, _ := strings.Cut(string(s.Term), ":")
		view := shareView{Kind: kind, Text: text, Score: s.Score}
		if kind != "" && termKinds[kind[0]] != "" {
			view.Kind = termKinds[kind[0]]
		}
		if most > 0 {
			view.Width = int(100 * max(s.Score, -s.Score) / most)
		}
		shown = append(shown, view)
	}
	return shown, rest
}

// Fix is the address of a page that mends what a question lacks.
func (t tryView) Fix(page string) string {
	return "/admin/words/" + page + "?q=" + url.QueryEscape(t.Text)
}
