package calendar_test

import (
	"encoding/json"
	"testing"
	"testing/fstest"
	"time"

	"github.com/6tail/lunar-go/HolidayUtil"

	"huiwen/knowledge/calendar"
	"huiwen/knowledge/store"
	"huiwen/seeds"
)

func seeded(t testing.TB) *calendar.Calendar {
	t.Helper()
	c, err := calendar.Load(seeds.Files)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func day(t testing.TB, s string) calendar.Day {
	t.Helper()
	d, err := calendar.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestCalendarAgreesWithAnother compares every day of the seeded years with an
// independent table of the State Council's notices.
func TestCalendarAgreesWithAnother(t *testing.T) {
	c := seeded(t)
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
	c := seeded(t)
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
		if _, err := calendar.Load(fstest.MapFS{"calendar.yaml": {Data: []byte(text)}}); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}

func TestDaysAreKeptAsDates(t *testing.T) {
	d := day(t, "2022-12-31")
	data, err := json.Marshal(d)
	if err != nil || string(data) != `"2022-12-31"` {
		t.Fatalf("%s, %v", data, err)
	}
	var back calendar.Day
	if err := json.Unmarshal(data, &back); err != nil || back != d {
		t.Errorf("%v, %v", back, err)
	}
	if err := json.Unmarshal([]byte(`""`), &back); err != nil || !back.IsZero() {
		t.Errorf("%v, %v", back, err)
	}
}

// TestEditedYears: a year that the office enters goes over the seeded one.
func TestEditedYears(t *testing.T) {
	s, err := store.OpenFile(t.Context(), t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	next := calendar.Year{Year: 2027, Source: "国办发明电", Off: []string{"2027-01-01..2027-01-03"}, Work: []string{"2027-01-09"}}
	err = s.Update(t.Context(), calendar.Scope, func(tx store.Tx) error { return calendar.Save(tx, next) })
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []calendar.Year{{Year: 2027}, {Year: 2027, Source: "x", Off: []string{"2026-01-01..2027-01-01"}}, {Year: 2027, Source: "x", Work: []string{"2027-01-04"}}, {Year: 1}} {
		if err := s.Update(t.Context(), calendar.Scope, func(tx store.Tx) error { return calendar.Save(tx, bad) }); err == nil {
			t.Errorf("%+v is taken", bad)
		}
	}
	kept, err := store.View(t.Context(), s, calendar.Scope, func(tx store.Tx) (*calendar.Calendar, error) { return calendar.Kept(tx, seeded(t)) })
	if err != nil {
		t.Fatal(err)
	}
	if !kept.Knows(2027) || kept.Works(day(t, "2027-01-01")) || !kept.Works(day(t, "2027-01-09")) || kept.Works(day(t, "2022-10-01")) {
		t.Error("the edited year does not count, or the seeded ones are gone")
	}
	if got := kept.UnknownBetween(day(t, "2026-12-01"), day(t, "2028-01-31")); len(got) != 1 || got[0] != 2028 {
		t.Errorf("unknown years %v", got)
	}
}
