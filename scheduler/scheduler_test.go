package scheduler_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"huiwen/knowledge/calendar"
	"huiwen/knowledge/plan"
	"huiwen/scheduler"
	"huiwen/scheduler/ledger"
	"huiwen/seeds"
)

// once reads a seed once for all tests; they do not change it.
func once[T any](read func() (T, error)) func() T {
	return sync.OnceValue(func() T {
		v, err := read()
		if err != nil {
			panic(err)
		}
		return v
	})
}

var (
	seedCalendar = once(func() (*calendar.Calendar, error) { return calendar.Load(seeds.Files) })
	seedText     = once(func() (*plan.Plan, error) {
		entries, err := seeds.Files.ReadDir("plan")
		if err != nil {
			return nil, err
		}
		data, err := seeds.Files.ReadFile("plan/" + entries[0].Name())
		if err != nil {
			return nil, err
		}
		return plan.Read(context.Background(), string(data), plan.Options{})
	})
)

func seeded(testing.TB) *calendar.Calendar { return seedCalendar() }

func day(t testing.TB, s string) calendar.Day {
	t.Helper()
	d, err := calendar.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// seedPlan is the plan that ships with the product.
func seedPlan(testing.TB) *plan.Plan { return seedText() }

func TestSeedDuties(t *testing.T) {
	duties := ledger.Duties(seedPlan(t), day(t, "2022-06-09"), day(t, "2022-12-31"))
	of := map[string][]string{}
	rows := map[string]bool{}
	for _, d := range duties {
		rows[d.No] = true
		if d.First && !slices.Contains(of[d.No], d.ID) {
			of[d.No] = append(of[d.No], d.ID)
		}
		if strings.Contains(d.Bureau, "各乡") {
			t.Errorf("%s: %s is reminded before anybody split its duty", d.No, d.Bureau)
		}
	}
	if len(rows) != 63 {
		t.Errorf("%d measures have a row, want 63", len(rows))
	}
	for no, n := range map[string]int{"31": 2, "40": 2, "47": 2, "7": 7, "17": 1, "14": 1, "30": 1, "1": 1} {
		if len(of[no]) != n {
			t.Errorf("%s has duties %v, want %d", no, of[no], n)
		}
	}
}

// shared makes a plan of one measure with given deadlines.
func shared(deadlines ...plan.Deadline) *plan.Plan {
	return &plan.Plan{Items: []plan.Item{{No: "1", Text: "按时完成任务。", Bureaus: []plan.Bureau{{Name: "县教育局", First: true}}, Deadlines: deadlines}}}
}

// TestWhatHasNoDateIsAskedOnceAQuarter: the self-check of the year stands for the last
// quarter's report, unless it was over before anybody had the duty.
func TestWhatHasNoDateIsAskedOnceAQuarter(t *testing.T) {
	to := day(t, "2023-01-31")
	for armed, want := range map[string][]string{
		"2022-06-09": {"assign 2022-06-09", "quarterly 2022-06-24", "quarterly 2022-09-23", "year-end 2022-12-16"},
		"2022-12-16": {"year-end 2022-12-16", "assign 2022-12-16"},
		"2022-12-19": {"assign 2022-12-19", "quarterly 2022-12-23"},
	} {
		var got []string
		for _, n := range scheduler.Due(ledger.Duties(shared(), day(t, armed), to), terms(t, armed, "2022-12-31"), day(t, armed), to) {
			got = append(got, n.Stage.Name+" "+n.On.String())
		}
		if !slices.Equal(got, want) {
			t.Errorf("armed on %s: %v, want %v", armed, got, want)
		}
	}
}

func TestStagesOfOneDeadline(t *testing.T) {
	due := "2022-12-31"
	p := shared(plan.Deadline{Text: "按时", Kind: "once", Hard: true, Due: &due})
	armed := day(t, "2022-06-09")
	got := scheduler.Due(ledger.Duties(p, armed, day(t, "2023-01-31")), terms(t, "2022-06-09", "2022-12-31"), armed, day(t, "2023-01-31"))
	var stages []string
	for _, n := range got {
		stages = append(stages, n.Stage.Name+" "+n.On.String())
	}
	want := []string{"assign 2022-06-09", "before-15 2022-12-09", "before-3 2022-12-27", "overdue-1 2023-01-03"}
	if !slices.Equal(stages, want) {
		t.Errorf("stages %v, want %v", stages, want)
	}
}

// terms are those of the seeded calendar and the default stages.
func terms(t testing.TB, armed, last string) scheduler.Terms {
	t.Helper()
	return scheduler.Terms{Calendar: seeded(t), Stages: scheduler.Defaults, Armed: day(t, armed), Last: day(t, last)}
}

// TestArmingAfterTheYearSendsNothing: a plan whose year is over is history, with
// what recurs and what has no date.
func TestArmingAfterTheYearSendsNothing(t *testing.T) {
	p := seedPlan(t)
	for _, armed := range []string{"2023-01-01", "2026-11-24"} {
		from := day(t, armed)
		duties := ledger.Duties(p, from, from.Plus(400))
		x := terms(t, armed, ledger.LastDay(p).String())
		if got := scheduler.Due(duties, x, from, from.Plus(400)); len(got) > 0 {
			t.Errorf("armed on %s: %d notices, the first of %s", armed, len(got), got[0].Duty.ID)
		}
	}
}

// TestArmingInTheMiddle: what fell due before is history, what comes is not.
func TestArmingInTheMiddle(t *testing.T) {
	p, armed := seedPlan(t), day(t, "2022-10-10")
	for _, n := range scheduler.Due(ledger.Duties(p, armed, day(t, "2023-01-31")), terms(t, "2022-10-10", "2022-12-31"), armed, day(t, "2023-01-31")) {
		if n.Duty.HasDue() && n.Duty.Due.Before(armed.Time) || n.On.Before(armed.Time) {
			t.Errorf("%s %s on %s", n.Duty.ID, n.Stage.Name, n.On)
		}
	}
}

// TestEveryNoticeOnAWorkingDayOnce holds for any deadline and any window.
func TestEveryNoticeOnAWorkingDayOnce(t *testing.T) {
	c := seeded(t)
	kinds := []string{"once", "monthly", "quarterly", "yearly"}
	rapid.Check(t, func(rt *rapid.T) {
		armed := day(t, "2022-01-01").Plus(rapid.IntRange(0, 1200).Draw(rt, "armed"))
		to := armed.Plus(rapid.IntRange(1, 500).Draw(rt, "window"))
		due := armed.Plus(rapid.IntRange(-50, 500).Draw(rt, "due")).String()
		kind := rapid.SampledFrom(kinds).Draw(rt, "kind")
		p := shared(plan.Deadline{Text: "按时", Kind: kind, Hard: true, Due: &due})
		x := scheduler.Terms{Calendar: c, Stages: scheduler.Defaults, Armed: armed, Last: to}
		whole := scheduler.Due(ledger.Duties(p, armed, to), x, armed, to)
		seen := map[string]bool{}
		for _, n := range whole {
			if !c.Works(n.On) {
				rt.Fatalf("%s on %s, a day off", n.Stage.Name, n.On)
			}
			key := n.Key("x")
			if seen[key] {
				rt.Fatalf("%s twice", key)
			}
			seen[key] = true
		}
		for _, d := range scheduler.Digests(whole, x, to) {
			if !c.Works(calendar.Of(d.At)) || d.At.In(calendar.Zone).Hour() != 9 {
				rt.Fatalf("a digest at %s", d.At)
			}
		}
	})
}

func TestOneDigestADayAndSummariesWait(t *testing.T) {
	armed, to := day(t, "2022-06-09"), day(t, "2023-01-31")
	x := terms(t, "2022-06-09", "2022-12-31")
	notices := scheduler.Due(ledger.Duties(seedPlan(t), armed, to), x, armed, to)
	last := map[string]scheduler.Digest{}
	for _, d := range scheduler.Digests(notices, x, to) {
		before, ok := last[d.Bureau]
		gap := d.At.Sub(before.At)
		if ok && gap < 24*time.Hour {
			t.Errorf("%s: two digests within %s", d.Bureau, gap)
		}
		summaries := !slices.ContainsFunc(d.Notices, func(n scheduler.Notice) bool {
			return n.Stage.Urgent
		})
		if ok && summaries && gap < 6*24*time.Hour {
			t.Errorf("%s: summaries alone after %s", d.Bureau, gap)
		}
		last[d.Bureau] = d
	}
}
