package admin

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"huiwen/bot"
	"huiwen/bot/post"
	"huiwen/handlers"
	"huiwen/knowledge/finding"
	"huiwen/knowledge/pause"
	"huiwen/knowledge/store"
)

var zone = handlers.Zone

// The layers of the chart: statuses put together as far as they mean the same to
// the office.
var (
	layerNames = []string{"答了", "反问", "没答上", "其他"}
	layerOf    = map[bot.Status]int{bot.Answered: 0, bot.Verdict: 0, bot.Clarification: 1, bot.NotCovered: 2, bot.OutOfScope: 2, bot.Failed: 2}
)

const otherLayer = 3

// spans are how far back the overview looks, in days.
var spans = []int{7, 30, 90, 365}

// latestAnswers is how many of the newest entries the answer time is read from.
const latestAnswers = 2000

type overviewView struct {
	Days       int
	Spans      []int
	Chart      chart
	Total      int
	Answered   int
	Missed     int
	MissShare  float64
	Up, Down   int
	Measures   []ranked
	Statuses   []ranked
	Channels   []ranked
	P50, P99   int64 // milliseconds
	Timed      int
	Queue      post.Stats
	Findings   []finding.Finding
	Pauses     []pause.Pause
	Published  string
	NoSecond   bool
	MayPause   bool
	KnowsWords bool
}

// overview is the first page: how it goes.
func overview(v *visit) error {
	view := overviewView{Spans: spans, Days: 30, MayPause: v.who.Has(steering...), NoSecond: v.who.Secret == "" && !v.session.Scan}
	if n, err := strconv.Atoi(v.query("days")); err == nil && slices.Contains(spans, n) {
		view.Days = n
	}
	days, err := v.days(view.Days)
	if err != nil {
		return err
	}
	view.count(days, v.nameOf())
	entries, err := v.Box.Entries(v.ctx(), v.Now().AddDate(0, 0, -7), v.Now(), latestAnswers)
	if err != nil {
		return err
	}
	view.time(entries)
	if view.Queue, err = v.Box.Stats(v.ctx()); err != nil {
		return err
	}
	if view.Pauses, err = store.View(v.ctx(), v.Store, pause.Scope, pause.List); err != nil {
		return err
	}
	view.Findings = v.findings(v.ctx())
	view.Published = v.Snapshot().Version
	return v.page("overview", "概览", view)
}

// days counts the questions of the last days, each day of them.
func (v *visit) days(n int) ([]post.Day, error) {
	now := v.Now().In(zone)
	kept, err := v.Box.Days(v.ctx(), now.AddDate(0, 0, 1-n), now)
	if err != nil {
		return nil, err
	}
	byDay := map[string]post.Day{}
	for _, d := range kept {
		byDay[d.Day] = d
	}
	var out []post.Day
	for i := range n {
		day := now.AddDate(0, 0, 1-n+i).Format(time.DateOnly)
		d := byDay[day]
		d.Day = day
		out = append(out, d)
	}
	return out, nil
}

// nameOf names a measure by its citation.
func (v *visit) nameOf() func(string) string {
	s := v.Snapshot()
	return func(c string) string {
		if m, ok := s.Measure(c); ok {
			return m.Label() + " " + m.Topic()
		}
		return c
	}
}

// topMeasures is how many measures the overview ranks.
const topMeasures = 10

func (o *overviewView) count(days []post.Day, nameOf func(string) string) {
	byStatus, byMeasure, byChannel := map[string]int{}, map[string]int{}, map[string]int{}
	var columns []column
	group := 1
	if len(days) > 92 {
		group = 7
	}
	for i, d := range days {
		if i%group == 0 {
			columns = append(columns, column{d.Day, make([]int, len(layerNames))})
		}
		values := columns[len(columns)-1].Values
		for s, n := range d.Status {
			byStatus[s] += n
			l, ok := layerOf[bot.Status(s)]
			if !ok {
				l = otherLayer
			}
			values[l] += n
		}
		for m, n := range d.Measures {
			byMeasure[m] += n
		}
		for c, n := range d.Channels {
			kind, _, _ := strings.Cut(c, "/")
			byChannel[kind] += n
		}
		o.Total += d.Total
		o.Up += d.Up
		o.Down += d.Down
	}
	title := "每天的问题"
	if group > 1 {
		title = "每周的问题"
	}
	o.Chart = newChart(title, layerNames, columns)
	o.Answered = byStatus[string(bot.Answered)] + byStatus[string(bot.Verdict)]
	o.Missed = byStatus[string(bot.NotCovered)] + byStatus[string(bot.OutOfScope)]
	if o.Total > 0 {
		o.MissShare = float64(o.Missed) / float64(o.Total)
	}
	o.Statuses = ranking(byStatus, len(statuses), func(s string) string { return name(statusNames, bot.Status(s)) })
	o.Measures = ranking(byMeasure, topMeasures, nameOf)
	o.Channels = ranking(byChannel, 10, func(c string) string { return name(channelNames, c) })
}

// ranking lists the n most frequent.
func ranking(count map[string]int, n int, nameOf func(string) string) []ranked {
	keys := slices.SortedFunc(maps.Keys(count), func(a, b string) int { return cmp.Or(count[b]-count[a], cmp.Compare(a, b)) })
	var out []ranked
	for _, k := range keys[:min(n, len(keys))] {
		out = append(out, ranked{Name: nameOf(k), Note: k, Count: count[k]})
	}
	return rankedOf(out)
}

// time is how long answers took.
func (o *overviewView) time(entries []post.Entry) {
	var took []int64
	for _, e := range entries {
		if e.Millis > 0 {
			took = append(took, e.Millis)
		}
	}
	if o.Timed = len(took); o.Timed == 0 {
		return
	}
	slices.Sort(took)
	o.P50, o.P99 = took[len(took)/2], took[(len(took)-1)*99/100]
}

// findings asks every part how it is, the bad first.
func (v *visit) findings(ctx context.Context) []finding.Finding {
	if v.Findings == nil {
		return nil
	}
	list := v.Findings(ctx)
	slices.SortStableFunc(list, func(a, b finding.Finding) int { return int(b.Level) - int(a.Level) })
	return list
}

// overviewSheet saves the counts by day.
func overviewSheet(v *visit) error {
	days, err := v.days(365)
	if err != nil {
		return err
	}
	s := sheet{Name: "每天的问题", Head: []string{"日期", "问题"}}
	for _, st := range statuses {
		s.Head = append(s.Head, statusNames[st])
	}
	s.Head = append(s.Head, "有用", "没用")
	for _, d := range days {
		row := []string{d.Day, strconv.Itoa(d.Total)}
		for _, st := range statuses {
			row = append(row, strconv.Itoa(d.Status[string(st)]))
		}
		s.Rows = append(s.Rows, append(row, strconv.Itoa(d.Up), strconv.Itoa(d.Down)))
	}
	return v.save(s)
}
