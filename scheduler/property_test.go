package scheduler_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"huiwen/bot"
	"huiwen/knowledge"
	"huiwen/knowledge/calendar"
	"huiwen/knowledge/directory"
	"huiwen/knowledge/plan"
	"huiwen/scheduler"
)

// TestAnyPlanOnAnyCalendar holds for generated plans, calendars and clocks: nobody is
// written to on a day off or out of hours, nobody more than so many times a day, and
// no duty twice at one stage for one day.
func TestAnyPlanOnAnyCalendar(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		start := day(t, "2022-03-01").Plus(rapid.IntRange(0, 200).Draw(rt, "start"))
		year := calendar.Year{Year: start.Year(), Source: "x"}
		for range rapid.IntRange(0, 6).Draw(rt, "holidays") {
			from := start.Plus(rapid.IntRange(0, 45).Draw(rt, "off"))
			to := from.Plus(rapid.IntRange(0, 9).Draw(rt, "long"))
			if to.Year() == from.Year() {
				year.Off = append(year.Off, from.String()+".."+to.String())
			}
		}
		for range rapid.IntRange(0, 5).Draw(rt, "worked") {
			d := start.Plus(rapid.IntRange(0, 45).Draw(rt, "work"))
			if w := d.Weekday(); (w == time.Saturday || w == time.Sunday) && d.Year() == year.Year {
				year.Work = append(year.Work, d.String())
			}
		}
		c, err := seeded(t).With(year)
		if err != nil {
			rt.Fatal(err)
		}
		p := &plan.Plan{Title: "计划", Issued: start.String(), Valid: plan.Span{From: start.String(), To: start.Plus(300).String()}}
		for i := range rapid.IntRange(1, 8).Draw(rt, "items") {
			it := plan.Item{No: fmt.Sprint(i + 1), Text: "按时完成10户。"}
			for j := range rapid.IntRange(1, 4).Draw(rt, "bureaus") {
				it.Bureaus = append(it.Bureaus, plan.Bureau{Name: fmt.Sprintf("%c局", 'A'+(i+j)%5), First: j == 0})
			}
			kind := rapid.SampledFrom([]string{"", "once", "once", "monthly", "quarterly", "yearly"}).Draw(rt, "kind")
			if kind != "" {
				due := start.Plus(rapid.IntRange(-20, 30).Draw(rt, "due")).String()
				it.Deadlines = []plan.Deadline{{Text: "按时", Kind: kind, Hard: true, Due: &due}}
				if kind == "once" {
					it.Targets = []plan.Target{{Text: "10户", What: "完成", Value: 10, Unit: "户", Due: due}}
				}
			}
			p.Items = append(p.Items, it)
		}
		perDay := rapid.IntRange(1, 3).Draw(rt, "perDay")
		w := newWorld(t, p, start.String())
		w.people = &directory.Directory{Bureaus: []directory.Bureau{{Name: "A局"}, {Name: "B局"}, {Name: "C局"}, {Name: "D局", Office: true}, {Name: "E局"}}}
		for i, b := range []string{"A局", "B局", "C局"} {
			w.people.People = append(w.people.People, directory.Person{Name: b, Bureau: b, Roles: []directory.Role{directory.Liaison, directory.Head, directory.Office}[i : i+1], Accounts: []directory.Account{{Channel: "wecom/app", User: b}}})
		}
		fail := rapid.IntRange(0, 40).Draw(rt, "fail")
		n := 0
		w.fate = func(bot.Address, string) bot.Outcome {
			if n++; n%100 < fail {
				return bot.Outcome{Uncertain: true, Reason: "cut"}
			}
			return bot.Outcome{Sent: true}
		}
		s, err := scheduler.New(scheduler.Options{Store: w.store, Snapshot: func() *knowledge.Snapshot { return w.snap }, Calendar: c, Directory: w.people,
			Senders: map[string]bot.Sender{"wecom/app": w.platform}, PerDay: perDay})
		if err != nil {
			rt.Fatal(err)
		}
		w.Service = s
		w.armed()
		for end := start.Plus(35); w.clock.Before(end.Time); {
			w.must(w.Tick(t.Context(), w.clock))
			if st, _ := w.Status(t.Context(), w.clock); st.Hold != nil {
				w.must(w.Release(t.Context(), w.clock, "办", nil))
			}
			w.clock = w.clock.Add(time.Duration(rapid.SampledFrom([]int{45, 95, 170, 600, 1700}).Draw(rt, "step")) * time.Minute)
		}
		got := map[string]int{}
		for _, l := range w.got {
			if minute := l.at.In(calendar.Zone).Hour()*60 + l.at.In(calendar.Zone).Minute(); !c.Works(calendar.Of(l.at)) || minute < 9*60+5 || minute >= 17*60+30 || minute >= 12*60 && minute < 14*60+30 {
				rt.Fatalf("%s is written to at %s", l.to, l.at)
			}
			if got[l.to+calendar.Of(l.at).String()]++; got[l.to+calendar.Of(l.at).String()] > perDay {
				rt.Fatalf("%s gets more than %d on %s", l.to, perDay, l.at)
			}
		}
		list, err := w.book.Digests(t.Context(), time.Unix(0, 0), day(t, "2100-01-01").Time)
		w.must(err)
		var keys []string
		for _, d := range list {
			for _, i := range d.Items {
				keys = append(keys, i.Key)
			}
		}
		slices.Sort(keys)
		if len(slices.Compact(slices.Clone(keys))) != len(keys) {
			rt.Fatal("a notice stands in two digests")
		}
	})
}

// TestRestoredHoldsEverything: what was queued in a backup is not sent again.
func TestRestoredHoldsEverything(t *testing.T) {
	w := newWorld(t, seedPlan(t), "2022-06-09").armed() // queued for nine o'clock
	w.must(scheduler.Restored(t.Context(), w.store, w.clock))
	w.until("2022-06-12", time.Hour)
	if len(w.got) > 0 {
		t.Fatalf("%d notices after a restore", len(w.got))
	}
	w.must(w.Release(t.Context(), w.clock, "办", nil))
	w.until("2022-06-15", time.Hour)
	if len(w.got) > 0 {
		t.Errorf("%d notices that may have been sent before are sent again", len(w.got))
	}
	list, err := w.Check(t.Context(), w.clock)
	w.must(err)
	if len(list) == 0 {
		t.Error("nothing is found")
	}
}
