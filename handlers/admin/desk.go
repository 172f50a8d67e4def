package admin

import (
	"strings"
	"unicode/utf8"

	"huiwen/bot"
	"huiwen/bot/post"
)

type deskView struct {
	Number  string
	Missing bool
	Answer  *post.Answer
	Words   string // what was asked, masked; "" when not kept
	Title   string // of today's plan
	Same    bool   // the version of then is today's
	Quotes  []quoteView
	Gone    int
	Today   *bot.Rendered // the same question asked today
	Lines   []lineDiff
}

// A quoteView is a sentence of the answer with whether today's plan has it.
type quoteView struct {
	Label, Text string
	Stands      bool
}

// A lineDiff is a line of the answer then or now: "=" in both, "-" then only, "+"
// today only.
type lineDiff struct{ Mark, Text string }

// desk opens an answer by its number: what was said, from which version, and
// what is different today.
func desk(v *visit) error {
	number, isNumber := post.ReadNumber(v.r.URL.Query().Get("number"))
	view := deskView{Number: number, Title: v.Snapshot().Plan.Title}
	if view.Number == "" {
		return v.page("desk", "按编号查答复", view)
	}
	var a post.Answer
	ok := false
	if isNumber {
		var err error
		if a, ok, err = v.Box.ByNumber(v.ctx(), view.Number); err != nil {
			return err
		}
	}
	if !ok {
		view.Missing = true
		return v.page("desk", "按编号查答复", view)
	}
	view.Answer = &a
	now := v.Snapshot()
	view.Same = a.Reply.Version == now.Version
	for _, l := range a.Reply.Lines {
		for _, p := range l {
			if p.Kind != bot.Quoted {
				continue
			}
			m, found := now.Measure(p.Source.Label)
			q := quoteView{Label: p.Source.String(), Text: p.Text, Stands: p.Source.Doc == "" && found && strings.Contains(m.Text, p.Text)}
			if !q.Stands {
				view.Gone++
			}
			view.Quotes = append(view.Quotes, q)
		}
	}
	if err := v.askAgain(&view); err != nil {
		return err
	}
	return v.page("desk", "编号 "+view.Number, view)
}

// askAgain puts the kept words of the question to today's plan.
func (v *visit) askAgain(view *deskView) error {
	e, ok, err := v.Box.Entry(v.ctx(), view.Number, view.Answer.At)
	if err != nil || !ok || e.Words == "" {
		return err
	}
	view.Words = e.Words
	today, err := v.Try(v.ctx(), Question{Text: e.Words, User: e.User, AsOf: v.Now()})
	if err != nil {
		return err
	}
	view.Today = &today
	view.Lines = diffLines(strings.Split(view.Answer.Reply.Text, "\n"), strings.Split(today.Text, "\n"))
	return nil
}

// maxDiffLines bounds the lines that are compared.
const maxDiffLines = 400

// diffLines lists the lines of both texts with what is in which, by their
// longest common subsequence.
func diffLines(then, now []string) []lineDiff {
	then, now = then[:min(len(then), maxDiffLines)], now[:min(len(now), maxDiffLines)]
	common := make([][]int, len(then)+1)
	for i := range common {
		common[i] = make([]int, len(now)+1)
	}
	for i := len(then) - 1; i >= 0; i-- {
		for j := len(now) - 1; j >= 0; j-- {
			if then[i] == now[j] {
				common[i][j] = common[i+1][j+1] + 1
			} else {
				common[i][j] = max(common[i+1][j], common[i][j+1])
			}
		}
	}
	var out []lineDiff
	i, j := 0, 0
	for i < len(then) && j < len(now) {
		switch {
		case then[i] == now[j]:
			out = append(out, lineDiff{"=", then[i]})
			i, j = i+1, j+1
		case common[i+1][j] >= common[i][j+1]:
			out = append(out, lineDiff{"-", then[i]})
			i++
		default:
			out = append(out, lineDiff{"+", now[j]})
			j++
		}
	}
	for ; i < len(then); i++ {
		out = append(out, lineDiff{"-", then[i]})
	}
	for ; j < len(now); j++ {
		out = append(out, lineDiff{"+", now[j]})
	}
	return out
}

// clauses cuts a text behind its signs, so that a diff marks what differs and not
// the whole paragraph.
func clauses(s string) []string {
	var out []string
	from := 0
	for i, r := range s {
		if strings.ContainsRune("，。；：、,;:（）()\n", r) {
			end := i + utf8.RuneLen(r)
			out = append(out, s[from:end])
			from = end
		}
	}
	if from < len(s) {
		out = append(out, s[from:])
	}
	return out
}

// marked is one side of a text that was changed, cut at what differs; drop is the
// mark of the other side.
func marked(old, now, drop string) []lineDiff {
	if old == "" || now == "" {
		return []lineDiff{{"*", old + now}}
	}
	var out []lineDiff
	for _, d := range diffLines(clauses(old), clauses(now)) {
		if d.Mark == drop {
			continue
		}
		if n := len(out); n > 0 && out[n-1].Mark == d.Mark {
			out[n-1].Text += d.Text
			continue
		}
		out = append(out, d)
	}
	return out
}
