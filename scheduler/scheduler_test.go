package scheduler_test

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/6tail/lunar-go/HolidayUtil"
	"pgregory.net/rapid"

	"huiwen/knowledge/plan"
	"huiwen/scheduler"
	"huiwen/seeds"
)

func calendar(t testing.TB) *scheduler.Calendar {
	t.Helper()
	c, err := scheduler.LoadCalendar(seeds.Files)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func day(t testing.TB, s string) scheduler.Day {
	t.Helper()
	d, err := scheduler.ParseDay(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestCalendarAgreesWithAnother compares every day of the seeded years with an
// independent table of the State Council's notices.
func TestCalendarAgreesWithAnother(t *testing.T) {
	c := calendar(t)
	for d := day(t, "2022-01-01"); d.Before(day(t, "2026-12-31").Time); d = d.Plus(1) {
		want := d.Weekday() != time.Saturday && d.Weekday() != time.Sunday
		if h := HolidayUtil.GetHoliday(d.String()); h != nil {
			want = h.IsWork()
		}
		if got := c.Works(d); got != want {
			t.Errorf("%s worked: %v, want %v", d, got, want)
		}
	}
	if c.Knows(2027) {
		t.Error("2027 is said to be known")
	}
}

func TestWorkingDays(t *testing.T) {
	c := calendar(t)
	if got := c.Back(day(t, "2022-12-31")); got != day(t, "2022-12-30") {
		t.Errorf("the last working day of 2022 is %s", got)
	}
	if got := c.Shift(day(t, "2022-12-30"), 1); got != day(t, "2023-01-03") {
		t.Errorf("the first of 2023 is %s", got)
	}
	for _, worked := range []string{"2022-10-08", "2022-10-09", "2023-01-28"} {
		if !c.Works(day(t, worked)) {
			t.Errorf("%s is worked", worked)
		}
	}
}

func TestCalendarFileIsChecked(t *testing.T) {
	for _, text := range []string{"- year: 2022\n  off: [2022-01-03]\n  source: x\n", "- year: 2022\n  source: x\n  wrok: []\n", "- year: 2022\n", "- year: 2022\n  source: x\n  work: [soon]\n"} {
		if _, err := scheduler.LoadCalendar(fstest.MapFS{"calendar.yaml": {Data: []byte(text)}}); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}

// seedPlan reads the plan that ships with the product.
func seedPlan(t testing.TB) *plan.Plan {
	t.Helper()
	entries, err := seeds.Files.ReadDir("plan")
	if err != nil {
		t.Fatal(err)
	}
	data, err := seeds.Files.ReadFile("plan/" + entries[0].Name())
	if err != nil {
		t.Fatal(err)
	}
	p, err := plan.Read(string(data), plan.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestSeedDuties(t *testing.T) {
	duties := scheduler.Duties(seedPlan(t), day(t, "2022-06-09"), day(t, "2022-12-31"))
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
	for no, n := range map[string]int{"31": 2, "40": 2, "47": 2, "7": 7, "14": 1, "30": 1, "1": 1} {
		if len(of[no]) != n {
			t.Errorf("%s has duties %v, want %d", no, of[no], n)
		}
	}
}

// shared makes a plan of one measure with given deadlines.
func shared(deadlines ...plan.Deadline) *plan.Plan {
	return &plan.Plan{Items: []plan.Item{{No: "1", Text: "按时完成任务。", Bureaus: []plan.Bureau{{Name: "县教育局", First: true}}, Deadlines: deadlines}}}
}

func TestStagesOfOneDeadline(t *testing.T) {
	due := "2022-12-31"
	p := shared(plan.Deadline{Text: "按时", Kind: "once", Hard: true, Due: &due})
	c := calendar(t)
	armed := day(t, "2022-06-09")
	got := scheduler.Due(scheduler.Duties(p, armed, day(t, "2023-01-31")), c, nil, armed, armed, day(t, "2023-01-31"))
	var stages []string
	for _, n := range got {
		stages = append(stages, string(n.Stage)+" "+n.On.String())
	}
	want := []string{"assign 2022-06-09", "before-15 2022-12-09", "before-3 2022-12-27", "overdue-1 2023-01-03"}
	if !slices.Equal(stages, want) {
		t.Errorf("stages %v, want %v", stages, want)
	}
}

// TestArmingLateSendsNothingOld: what fell due before arming is history.
func TestArmingLateSendsNothingOld(t *testing.T) {
	duties := scheduler.Duties(seedPlan(t), day(t, "2026-11-24"), day(t, "2026-12-31"))
	armed := day(t, "2026-11-24")
	for _, n := range scheduler.Due(duties, calendar(t), nil, armed, armed, day(t, "2026-12-31")) {
		if n.Duty.Due.Year() == 2022 {
			t.Errorf("%s of 2022 is sent on %s", n.Duty.ID, n.On)
		}
	}
}

// closedLedger closes one duty and moves another.
type closedLedger struct{ closed, moved string }

func (l closedLedger) Closed(duty, _ string) bool { return duty == l.closed }
func (l closedLedger) Due(d scheduler.Duty) scheduler.Day {
	if d.ID == l.moved {
		return d.Due.Plus(31)
	}
	return d.Due
}

func TestTheLedgerCounts(t *testing.T) {
	armed, to := day(t, "2022-06-09"), day(t, "2023-03-31")
	duties := scheduler.Duties(seedPlan(t), armed, to)
	l := closedLedger{closed: "30/1", moved: "16/1"}
	for _, n := range scheduler.Due(duties, calendar(t), l, armed, armed, to) {
		if n.Duty.ID == "30/1" {
			t.Errorf("a closed duty is reminded: %s", n.Stage)
		}
		if n.Duty.ID == "16/1" && n.Stage == scheduler.Before3 && n.On.Before(day(t, "2023-01-01").Time) {
			t.Errorf("an extended duty is reminded on %s", n.On)
		}
	}
}

// TestEveryNoticeOnAWorkingDayOnce holds for any deadline and any window.
func TestEveryNoticeOnAWorkingDayOnce(t *testing.T) {
	c := calendar(t)
	kinds := []string{"once", "monthly", "quarterly", "yearly"}
	rapid.Check(t, func(rt *rapid.T) {
		armed := day(t, "2022-01-01").Plus(rapid.IntRange(0, 1200).Draw(rt, "armed"))
		to := armed.Plus(rapid.IntRange(1, 500).Draw(rt, "window"))
		due := armed.Plus(rapid.IntRange(-50, 500).Draw(rt, "due")).String()
		kind := rapid.SampledFrom(kinds).Draw(rt, "kind")
		p := shared(plan.Deadline{Text: "按时", Kind: kind, Hard: true, Due: &due})
		whole := scheduler.Due(scheduler.Duties(p, armed, to), c, nil, armed, armed, to)
		seen := map[string]bool{}
		for _, n := range whole {
			if !c.Works(n.On) {
				rt.Fatalf("%s on %s, a day off", n.Stage, n.On)
			}
			if seen[n.Key()] {
				rt.Fatalf("%s twice", n.Key())
			}
			seen[n.Key()] = true
		}
		for _, d := range scheduler.Digests(whole, c, func(string, bool) string { return "联络员" }) {
			if !c.Works(scheduler.DayOf(d.At)) || d.At.In(scheduler.Zone).Hour() != 9 {
				rt.Fatalf("a digest at %s", d.At)
			}
		}
	})
}

func TestOneDigestADayAndSummariesWait(t *testing.T) {
	armed, to := day(t, "2022-06-09"), day(t, "2023-01-31")
	c := calendar(t)
	notices := scheduler.Due(scheduler.Duties(seedPlan(t), armed, to), c, nil, armed, armed, to)
	last := map[string]scheduler.Digest{}
	for _, d := range scheduler.Digests(notices, c, func(string, bool) string { return "联络员" }) {
		before, ok := last[d.Bureau]
		gap := d.At.Sub(before.At)
		if ok && gap < 24*time.Hour {
			t.Errorf("%s: two digests within %s", d.Bureau, gap)
		}
		summaries := !slices.ContainsFunc(d.Notices, func(n scheduler.Notice) bool {
			return n.Stage != scheduler.Monthly && n.Stage != scheduler.Quarterly
		})
		if ok && summaries && gap < 6*24*time.Hour {
			t.Errorf("%s: summaries alone after %s", d.Bureau, gap)
		}
		last[d.Bureau] = d
	}
}
