// Package ledger is the ledger (台账) of duties: what each bureau was given, what
// it did about it and what was sent to it.
//
// All of a bureau stands in one scope of the store, named by the bureau as the
// plan prints it. Keys there:
//
//	["row/" plan "/" duty]      => an [Entry] as JSON; the set rows of those names,
//	                               rows/mark changes with each of their writes
//	["act/" id]                 => the [Outcome] of the order with that id, 60 days
//	["undo/" person]            => what the person's last act changed, 1 day
//	["notice/" key]             => the id of the digest it went into, or why in none
//	["wait/" key]               => a summary that waits; the set wait by when it was due
//	["digest/" id]              => a [Digest]; the set out by when it may be sent,
//	                               the set digests by day
//	["slot"]                    => the days of the last digests and their state
package ledger

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"huiwen/knowledge/calendar"
)

// A State is where an entry stands in the chain.
type State string

// The chain: 待签收 → 办理中 → 申请办结 → 销号, or 退回补充 and again.
const (
	Waiting  State = "waiting"
	Doing    State = "doing"
	Closing  State = "closing"  // the office reviews
	Returned State = "returned" // 退回补充
	Closed   State = "closed"
	Dropped  State = "dropped" // 不再适用: split, reassigned or gone from the plan
)

var stateNames = map[State]string{Waiting: "待签收", Doing: "办理中", Closing: "申请办结，待办公室审核", Returned: "退回补充", Closed: "已销号", Dropped: "不再适用"}

// String is the state as people read it.
func (s State) String() string { return cmp.Or(stateNames[s], string(s)) }

// A Report (进展) is what a bureau said of a duty; Value is the total since the
// year began, for a duty with a figure.
type Report struct {
	At     time.Time    `json:"at"`
	Until  calendar.Day `json:"until"` // 数据截至日
	Person string       `json:"person"`
	Value  *float64     `json:"value,omitempty"`
	Text   string       `json:"text,omitempty"`
	Reason string       `json:"reason,omitempty"` // why a total fell
}

// A Request waits for the office: until it decides, date, duty and light stay.
type Request struct {
	Verb   Verb         `json:"verb"`
	At     time.Time    `json:"at"`
	Person string       `json:"person"`
	Reason string       `json:"reason"`
	Due    calendar.Day `json:"due,omitzero"`
}

// A Done is one act in the history of an entry.
type Done struct {
	At     time.Time `json:"at"`
	Verb   Verb      `json:"verb"`
	Person string    `json:"person"`
	Bureau string    `json:"bureau"`
	Role   string    `json:"role"` // 经办, 审核, 督查
	Text   string    `json:"text,omitempty"`
	Order  string    `json:"order"`
}

// An Entry is a duty as one bureau has it. Its JSON is kept; field names never
// change.
type Entry struct {
	Duty
	Plan  string `json:"plan"`
	State State  `json:"state"`
	// Moved is the day in force where the office moved it, zero for the plan's.
	Moved    calendar.Day `json:"moved,omitzero"`
	Asked    *Request     `json:"asked,omitempty"`
	Told     time.Time    `json:"told,omitzero"` // when the bureau was first sent it
	Received time.Time    `json:"received,omitzero"`
	Ended    time.Time    `json:"ended,omitzero"`
	Handler  string       `json:"handler,omitempty"` // 分办: who in the bureau does it
	Reports  []Report     `json:"reports,omitempty"`
	Issue    string       `json:"issue,omitempty"` // 存在问题, 需协调事项
	History  []Done       `json:"history,omitempty"`
	// ByHand tells that the office made the entry; the plan does not take it away.
	ByHand bool `json:"by_hand,omitempty"`
	// Former is the duty of the year before that this one goes on with.
	Former string `json:"former,omitempty"`
	Rev    int    `json:"rev"`
}

// Ref names the entry in replies and the audit.
func (e *Entry) Ref() string { return "ledger/" + e.Plan + "/" + e.ID + "@" + e.Bureau }

// InForce is the duty with the day that counts now.
func (e *Entry) InForce() Duty {
	d := e.Duty
	if !e.Moved.IsZero() {
		d.Due = e.Moved
		d.Rule = d.Rule + "，经办公室同意调整为 " + d.Due.String()
	}
	return d
}

// Open reports whether anything is still to be done.
func (e *Entry) Open() bool { return e.State != Closed && e.State != Dropped }

// Pending reports whether the bureau still has to do something by the day: a turn
// of what recurs is done with once it was reported.
func (e *Entry) Pending() bool { return e.Open() && !(e.Recurs() && len(e.Reports) > 0) }

// Latest is the last report with a figure, else the last one; nil for none.
func (e *Entry) Latest() *Report {
	for i := range slices.Backward(e.Reports) {
		if e.Reports[i].Value != nil {
			return &e.Reports[i]
		}
	}
	if n := len(e.Reports); n > 0 {
		return &e.Reports[n-1]
	}
	return nil
}

// Whole reports whether the target is the whole district's (全区目标): that of a
// bureau which the plan names beside the first. What it reports is its part.
func (e *Entry) Whole() bool { return e.Figure != nil && !e.First && !e.Own }

// Share is how much of the target is reached, 0 to 1 and above; ok is false where
// that cannot be said: the part of one bureau is not held against the whole target.
func (e *Entry) Share() (share float64, ok bool) {
	r := e.Latest()
	if e.Figure == nil || e.Whole() || r == nil || r.Value == nil || e.Figure.Value == 0 {
		return 0, false
	}
	if e.Figure.AtMost {
		if *r.Value <= e.Figure.Value {
			return 1, true
		}
		return e.Figure.Value / *r.Value, true
	}
	return *r.Value / e.Figure.Value, true
}

// A Light says at a glance how an entry stands; the word goes with the colour.
type Light string

// The lights.
const (
	Green  Light = "绿"
	Yellow Light = "黄"
	Red    Light = "红"
	Grey   Light = "灰"
)

// nearDays is from how many working days before its day a duty is near.
const nearDays = 15

// Light is the colour of an entry on a day and the word beside it. What the plan
// only strives for does not turn red by itself.
func (e *Entry) Light(c *calendar.Calendar, today calendar.Day) (Light, string) {
	if e.State == Dropped {
		return Grey, "不再适用"
	}
	if !e.Open() {
		return Grey, "已销号"
	}
	d := e.InForce()
	if !d.HasDue() {
		return Green, "正常"
	}
	if !e.Pending() {
		return Green, "本期已报"
	}
	last := c.Back(d.Due)
	switch {
	case !today.Before(c.Shift(last, 1).Time) && Strives(d.Hedge):
		return Yellow, "未达预期目标"
	case !today.Before(c.Shift(last, 1).Time):
		return Red, "逾期"
	case !today.Before(c.Shift(last, -nearDays).Time):
		return Yellow, "临期"
	case e.lags(d.Due):
		return Yellow, "滞后"
	}
	return Green, "正常"
}

// Strives reports whether a hedge makes a target an aim: a plan to do something is
// not one.
func Strives(hedge string) bool {
	return strings.Contains(hedge, "力争") || strings.Contains(hedge, "争取") || strings.Contains(hedge, "努力") || strings.Contains(hedge, "探索")
}

// lags reports whether a sum was behind the days gone by when it was last
// reported: the year begins on 1 January.
func (e *Entry) lags(due calendar.Day) bool {
	share, ok := e.Share()
	r := e.Latest()
	if !ok || e.Figure.Measured != Sum || r.Until.IsZero() {
		return false
	}
	begins := calendar.Day{Time: time.Date(due.Year(), 1, 1, 0, 0, 0, 0, calendar.Zone)}
	whole, gone := due.Sub(begins.Time), r.Until.Sub(begins.Time)
	return whole > 0 && share < float64(gone)/float64(whole)
}
