package scheduler

import "huiwen/scheduler/ledger"

// An Anchor is the day that a stage is counted from.
type Anchor string

// The anchors.
const (
	AtArming   Anchor = "arming"      // the day the plan was armed
	BeforeDue  Anchor = "before-due"  // working days before the day of the duty
	AfterDue   Anchor = "after-due"   // working days after it
	OfMonth    Anchor = "of-month"    // a day of every month, for what has a figure
	OfQuarter  Anchor = "of-quarter"  // a day of the quarter's last month, for what has no date
	BeforeLast Anchor = "before-last" // working days before the plan's last, for what has no date
)

// A Stage (阶段) is when a duty is told and in which words. Its name is part of
// the key of a notice and of what other programs read: it never changes.
type Stage struct {
	Name   string `json:"name"`
	Anchor Anchor `json:"anchor"`
	Days   int    `json:"days"`
	Urgent bool   `json:"urgent,omitempty"` // never held back by the weekly cap
	Heads  bool   `json:"heads,omitempty"`  // goes to the 科室负责人 too
	Words  string `json:"words"`
}

// Stages stand in order: of two that fall on one day the later counts.
type Stages []Stage

// Defaults are the stages of such offices by custom, not by law.
var Defaults = Stages{
	{Name: "quarterly", Anchor: OfQuarter, Days: 25, Words: "本季度调度，请报文字进展"},
	{Name: "year-end", Anchor: BeforeLast, Days: 10, Words: "年终自查，请报全年完成情况"},
	{Name: "monthly", Anchor: OfMonth, Days: 25, Words: "本月进展，请报年初至今累计数"},
	{Name: "assign", Anchor: AtArming, Urgent: true, Words: "交办"},
	{Name: "before-15", Anchor: BeforeDue, Days: 15, Urgent: true, Words: "临期提醒（十五个工作日）"},
	{Name: "before-3", Anchor: BeforeDue, Days: 3, Urgent: true, Words: "临期提醒（三个工作日）"},
	{Name: "overdue-1", Anchor: AfterDue, Days: 1, Urgent: true, Heads: true, Words: "逾期提醒"},
}

// rank is the place of a stage by name, -1 for none.
func (s Stages) rank(name string) int {
	for i := range s {
		if s[i].Name == name {
			return i
		}
	}
	return -1
}

func (s Stages) named(name string) Stage {
	if i := s.rank(name); i >= 0 {
		return s[i]
	}
	return Stage{Name: name, Words: name}
}

// serves reports whether a stage is for a duty at all.
func (s Stage) serves(d ledger.Duty) bool {
	switch s.Anchor {
	case BeforeDue:
		// a month is too short for an early word
		return d.HasDue() && (d.Kind != "monthly" || s.Days < 10)
	case AfterDue:
		return d.HasDue()
	case OfMonth:
		// the total is reported by who is named first, and by whom the office gave a
		// share of its own; others take part
		return d.HasDue() && d.Target != "" && !d.Recurs() && (d.First || !d.Given.IsZero())
	case OfQuarter, BeforeLast:
		return !d.HasDue()
	}
	return true
}
