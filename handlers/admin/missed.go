package admin

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"huiwen/bot"
	"huiwen/bot/post"
	"huiwen/knowledge/segment"
)

// Bounds of what the question log is read for.
const (
	maxMisses   = 500
	maxEntries  = 20_000
	doubtBelow  = 0.5 // how sure an answer was that is shown as doubtful
	maxNumbered = 5
)

type missedView struct {
	Tab    string // misses, doubts
	Days   int
	Spans  []int
	Misses []post.Miss
	Pager  pager
	May    bool
}

// bare groups questions that differ only in signs and spaces.
func bare(s string) string {
	var b strings.Builder
	segment.Runs(segment.Normalise(s), func(run []rune) { b.WriteString(string(run)) })
	return b.String()
}

// missedPage lists what was not answered, grouped and counted.
func missedPage(v *visit) error {
	view, all, err := v.missed()
	if err != nil {
		return err
	}
	view.Misses, view.Pager = paged(v, all)
	return v.page("missed", "没答上的和存疑的", view)
}

func (v *visit) missed() (missedView, []post.Miss, error) {
	view := missedView{Tab: "misses", Days: 30, Spans: spans[:3], May: v.who.Has(editing...)}
	if v.query("tab") == "doubts" {
		view.Tab = "doubts"
	}
	if n, err := strconv.Atoi(v.query("days")); err == nil && slices.Contains(view.Spans, n) {
		view.Days = n
	}
	from := v.Now().AddDate(0, 0, -view.Days)
	if view.Tab == "misses" {
		all, err := v.Box.Misses(v.ctx(), from, v.Now(), bare, maxMisses)
		return view, all, err
	}
	entries, err := v.Box.Entries(v.ctx(), from, v.Now(), maxEntries)
	return view, doubts(entries), err
}

// doubts groups the questions that were answered without being sure.
func doubts(entries []post.Entry) []post.Miss {
	groups := map[string]*post.Miss{}
	for _, e := range entries {
		if e.Status != bot.Answered || e.Words == "" || len(e.Scores) == 0 || e.Scores[0].Sure >= doubtBelow {
			continue
		}
		key := bare(e.Words)
		m := groups[key]
		if m == nil {
			m = &post.Miss{Text: e.Words, Status: e.Status, Last: e.At, Measures: e.Citations}
			groups[key] = m
		}
		m.Count++
		if len(m.Numbers) < maxNumbered {
			m.Numbers = append(m.Numbers, e.Number)
		}
	}
	var out []post.Miss
	for _, m := range groups {
		out = append(out, *m)
	}
	slices.SortFunc(out, func(a, b post.Miss) int {
		return cmp.Or(b.Count-a.Count, b.Last.Compare(a.Last), strings.Compare(a.Text, b.Text))
	})
	return out[:min(maxMisses, len(out))]
}

// missedSheet saves the list.
func missedSheet(v *visit) error {
	_, all, err := v.missed()
	if err != nil {
		return err
	}
	s := sheet{Name: "没答上的问题", Head: []string{"问题（已遮蔽）", "结果", "次数", "人数", "没用", "最近一次", "相关任务"}}
	for _, m := range all {
		s.Rows = append(s.Rows, []string{m.Text, name(statusNames, m.Status), strconv.Itoa(m.Count), strconv.Itoa(m.People), strconv.Itoa(m.Down), m.Last.In(zone).Format("2006-01-02 15:04"), strings.Join(m.Measures, "、")})
	}
	return v.save(s)
}

type logView struct {
	From, To string
	Status   string
	Rated    bool
	Statuses []statusChoice
	Entries  []post.Entry
	Pager    pager
	More     bool
}

type statusChoice struct{ Key, Name string }

// logPage lists what was asked; with rated only what people rated.
func logPage(v *visit) error {
	view, all, err := v.log()
	if err != nil {
		return err
	}
	view.Entries, view.Pager = paged(v, all)
	title := "问答记录"
	if view.Rated {
		title = "评价"
	}
	return v.page("log", title, view)
}

func (v *visit) log() (logView, []post.Entry, error) {
	today := v.Now().In(zone).Format(time.DateOnly)
	week := v.Now().In(zone).AddDate(0, 0, -6).Format(time.DateOnly)
	view := logView{From: cmp.Or(v.query("from"), week), To: cmp.Or(v.query("to"), today), Status: v.query("status"), Rated: v.r.URL.Path == "/admin/ratings" || v.query("rated") == "1"}
	for _, s := range statuses {
		view.Statuses = append(view.Statuses, statusChoice{string(s), statusNames[s]})
	}
	from, err1 := time.ParseInLocation(time.DateOnly, view.From, zone)
	to, err2 := time.ParseInLocation(time.DateOnly, view.To, zone)
	if err1 != nil || err2 != nil || to.Before(from) || to.Sub(from) > 400*24*time.Hour {
		return view, nil, bad("日期要写成 2022-09-15 这样，前后不超过一年。")
	}
	all, err := v.Box.Entries(v.ctx(), from, to.AddDate(0, 0, 1).Add(-time.Millisecond), maxEntries)
	view.More = len(all) == maxEntries
	return view, slices.DeleteFunc(all, func(e post.Entry) bool {
		return view.Status != "" && string(e.Status) != view.Status || view.Rated && e.Rating == nil
	}), err
}

// logSheet saves the list.
func logSheet(v *visit) error {
	_, all, err := v.log()
	if err != nil {
		return err
	}
	s := sheet{Name: "问答记录", Head: []string{"时间", "编号", "渠道", "身份", "问题（已遮蔽）", "结果", "引用", "用时（毫秒）", "评价", "评价理由", "版本"}}
	for _, e := range all {
		rating, reason := "", ""
		if e.Rating != nil {
			rating, reason = map[bool]string{true: "有用", false: "没用"}[e.Rating.Up], e.Rating.Reason
		}
		kind, _, _ := strings.Cut(e.Channel, "/")
		s.Rows = append(s.Rows, []string{e.At.In(zone).Format("2006-01-02 15:04:05"), e.Number, name(channelNames, kind), map[bot.User]string{bot.Resident: "居民", bot.Staff: "部门"}[e.User], e.Words, name(statusNames, e.Status), strings.Join(e.Citations, "、"), strconv.FormatInt(e.Millis, 10), rating, reason, e.Version})
	}
	return v.save(s)
}

// faqFrom is where an answer to a missed question is written.
func faqFrom(q string) string { return "/admin/documents/new?kind=faq&q=" + url.QueryEscape(q) }
