// Package scheduler says what falls due for which bureau when, and brings it to
// the bureaus. What is due is worked out from the plan, the calendar and the
// ledger alone, so that any day can be rehearsed.
package scheduler

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"huiwen/knowledge/calendar"
	"huiwen/scheduler/ledger"
)

// A Notice (提醒) is one duty at one stage for one bureau.
type Notice struct {
	Duty  ledger.Duty
	Stage Stage
	On    calendar.Day // the working day it is for
}

// Key tells a notice of a plan from all others, however often and on whatever
// calendar it is worked out. Neither the words of the duty nor the day on which
// the notice falls are part of it, so that neither a corrected misprint nor a
// corrected holiday tells anybody anything twice.
func (n Notice) Key(plan string) string {
	at := ""
	switch n.Stage.Anchor {
	case BeforeDue, AfterDue:
		at = n.Duty.Due.String()
	case OfMonth, OfQuarter, BeforeLast:
		at = n.On.Format("2006-01")
	}
	return strings.Join([]string{plan, n.Duty.ID, n.Stage.Name, at, n.Duty.Bureau}, "|")
}

// Terms are what decides when a notice falls beside its duty.
type Terms struct {
	Calendar *calendar.Calendar
	Stages   Stages
	Armed    calendar.Day // what fell due before is history
	Last     calendar.Day // of the plan; armed later, all of it is history
}

// Due lists the notices of every working day between two days, both included.
// Duties come with the day in force; what is closed is not among them.
func Due(duties []ledger.Duty, t Terms, from, to calendar.Day) []Notice {
	if !t.Last.IsZero() && t.Armed.After(t.Last.Time) {
		return nil
	}
	var out []Notice
	for _, d := range duties {
		if d.HasDue() && d.Due.Before(t.Armed.Time) {
			continue
		}
		for _, s := range t.Stages {
			if !s.serves(d) {
				continue
			}
			for _, on := range t.days(s, d, from, to) {
				if !on.Before(from.Time) && !on.After(to.Time) && !on.Before(later(t.Armed, d.Given).Time) {
					out = append(out, Notice{d, s, on})
				}
			}
		}
	}
	slices.SortStableFunc(out, func(a, b Notice) int {
		return cmp.Or(a.On.Compare(b.On.Time), cmp.Compare(a.Duty.Bureau, b.Duty.Bureau))
	})
	return out
}

// days are those on which a stage of a duty may fall between two days.
func (t Terms) days(s Stage, d ledger.Duty, from, to calendar.Day) []calendar.Day {
	c := t.Calendar
	switch s.Anchor {
	case AtArming:
		if d.Recurs() && !t.firstTurn(d) {
			return nil // told once, not with every turn
		}
		return []calendar.Day{c.On(later(t.Armed, d.Given))}
	case BeforeDue:
		return []calendar.Day{c.Shift(c.Back(d.Due), -s.Days)}
	case AfterDue:
		return []calendar.Day{c.Shift(c.Back(d.Due), s.Days)}
	case OfMonth:
		return t.monthly(s, d, from, to)
	case OfQuarter:
		return t.quarterly(s, d, from, to)
	case BeforeLast:
		if on := t.beforeLast(s); !on.IsZero() {
			return []calendar.Day{on}
		}
	}
	return nil
}

// firstTurn reports whether a recurring duty is that of the period in which the
// plan was armed.
func (t Terms) firstTurn(d ledger.Duty) bool {
	return d.HasDue() && d.Due.AddDate(0, -d.Months(), 0).Before(t.Armed.AddDate(0, 0, 1))
}

// monthly asks for progress every month until the near stages begin.
func (t Terms) monthly(s Stage, d ledger.Duty, from, to calendar.Day) []calendar.Day {
	until := d.Due
	for _, near := range t.Stages {
		if near.Anchor == BeforeDue && near.serves(d) {
			if day := t.Calendar.Shift(t.Calendar.Back(d.Due), -near.Days); day.Before(until.Time) {
				until = day
			}
		}
	}
	var out []calendar.Day
	for m := monthOf(later(from, t.Armed), 0); !m.After(to.Time); m = monthOf(m, 1) {
		if on := t.reportDay(m, s.Days); on.After(t.Armed.Time) && on.Before(until.Time) {
			out = append(out, on)
		}
	}
	return out
}

// quarterly asks for a text report on what has no date. The self-check at the end of
// the plan asks for the whole year: in its quarter nothing is asked besides.
func (t Terms) quarterly(s Stage, d ledger.Duty, from, to calendar.Day) []calendar.Day {
	begin := later(t.Armed, d.Given)
	asked := func(month calendar.Day) bool {
		return slices.ContainsFunc(t.Stages, func(last Stage) bool {
			on := t.beforeLast(last)
			return last.Anchor == BeforeLast && sameQuarter(on, month) && !on.Before(begin.Time)
		})
	}
	var out []calendar.Day
	for m := monthOf(later(from, t.Armed), 0); !m.After(to.Time); m = monthOf(m, 1) {
		if on := t.reportDay(m, s.Days); m.Month()%3 == 0 && on.After(t.Armed.Time) && !asked(m) {
			out = append(out, on)
		}
	}
	return out
}

// beforeLast is the working day so many before the plan's last, zero for a plan
// without one.
func (t Terms) beforeLast(s Stage) calendar.Day {
	if t.Last.IsZero() {
		return calendar.Day{}
	}
	return t.Calendar.Shift(t.Calendar.Back(t.Last), -s.Days)
}

func sameQuarter(a, b calendar.Day) bool {
	return a.Year() == b.Year() && (a.Month()-1)/3 == (b.Month()-1)/3
}

// reportDay is the working day up to a day of the month.
func (t Terms) reportDay(month calendar.Day, day int) calendar.Day {
	return t.Calendar.Back(calendar.Day{Time: month.AddDate(0, 0, day-1)})
}

// monthOf is the first of the month n months on.
func monthOf(d calendar.Day, n int) calendar.Day {
	return calendar.Day{Time: time.Date(d.Year(), d.Month()+time.Month(n), 1, 0, 0, 0, 0, calendar.Zone)}
}

func later(a, b calendar.Day) calendar.Day {
	if a.Before(b.Time) {
		return b
	}
	return a
}
