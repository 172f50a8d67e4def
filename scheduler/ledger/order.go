package ledger

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"huiwen/bot"
	"huiwen/knowledge/calendar"
)

// A Verb is what an order does to an entry.
type Verb string

// The verbs of bureaus, of the office and of the inspectors.
const (
	Receive   Verb = "receive"   // 签收
	ReportOn  Verb = "report"    // 进展
	ApplyEnd  Verb = "apply"     // 申请办结
	Extend    Verb = "extend"    // 申请延期
	GiveBack  Verb = "give-back" // 退回: 申请调整责任
	Delegate  Verb = "delegate"  // 分办
	Close     Verb = "close"     // 销号, 同意办结
	Grant     Verb = "grant"     // 同意延期, 同意调整责任
	SendBack  Verb = "send-back" // 退回补充
	Refuse    Verb = "refuse"    // 不同意延期, 不同意调整责任
	Reopen    Verb = "reopen"    // 督查重新打开
	Move      Verb = "move"      // the office corrects the day
	Drop      Verb = "drop"      // the office: 不再适用
	Handover  Verb = "handover"  // the office gives the duty to another bureau
	SplitDuty Verb = "split"     // the office splits a duty over bureaus
	Urge      Verb = "urge"      // 催办, sent by a person
	TakeBack  Verb = "undo"      // 撤销
)

var verbNames = map[Verb]string{
	Receive: "签收", ReportOn: "报进展", ApplyEnd: "申请办结", Extend: "申请延期", GiveBack: "申请调整责任", Delegate: "分办",
	Close: "销号", Grant: "同意", SendBack: "退回补充", Refuse: "不同意", Reopen: "重新打开", Move: "调整时限", Drop: "标记不再适用",
	Handover: "调整责任单位", SplitDuty: "分解", Urge: "催办", TakeBack: "撤销",
}

// ParseVerb reads a verb by its kept or its Chinese name.
func ParseVerb(s string) (Verb, bool) {
	for v, name := range verbNames {
		if string(v) == s || name == s {
			return v, true
		}
	}
	return "", false
}

// String is the verb as people read it.
func (v Verb) String() string { return verbNames[v] }

// who may order a verb.
var allowed = map[Verb][]bot.Role{
	Receive: {bot.Liaison, bot.Head}, ReportOn: {bot.Liaison, bot.Head}, ApplyEnd: {bot.Liaison, bot.Head}, Extend: {bot.Liaison, bot.Head},
	GiveBack: {bot.Liaison, bot.Head}, Delegate: {bot.Liaison, bot.Head},
	Close: {bot.Office}, Grant: {bot.Office}, SendBack: {bot.Office}, Refuse: {bot.Office}, Move: {bot.Office}, Drop: {bot.Office},
	Handover: {bot.Office}, SplitDuty: {bot.Office}, Urge: {bot.Office}, Reopen: {bot.Inspector},
}

// OfBureau reports whether a verb belongs to the bureau that has the duty.
func (v Verb) OfBureau() bool { return slices.Contains(allowed[v], bot.Liaison) }

// Undoable reports whether an act can be taken back: not what was sent. What another
// bureau was given is taken back while it has not begun.
func (v Verb) Undoable() bool { return v != Urge && v != TakeBack }

// May reports whether somebody with the roles may order the verb at all.
func May(v Verb, roles []bot.Role) bool {
	return v == TakeBack || slices.ContainsFunc(roles, func(r bot.Role) bool { return slices.Contains(allowed[v], r) })
}

// An Actor is who gives an order, as the directory knows him.
type Actor struct {
	Person string     `json:"person"`
	Bureau string     `json:"bureau"` // what it is called today
	Roles  []bot.Role `json:"roles"`
}

// An Order is what a person wants done to duties of one bureau. ID is that of
// the message or form that orders it: the same ID has the same outcome.
type Order struct {
	ID     string       `json:"id"`
	At     time.Time    `json:"at"`
	By     Actor        `json:"by"`
	Verb   Verb         `json:"verb"`
	Plan   string       `json:"plan"`
	Bureau string       `json:"bureau"` // whose scope, as the plan prints it
	Duties []string     `json:"duties"` // ids
	Value  *float64     `json:"value,omitempty"`
	Text   string       `json:"text,omitempty"` // 说明, 原因, what is going on
	Due    calendar.Day `json:"due,omitzero"`
	To     string       `json:"to,omitempty"` // person or bureau
	// Shares are the entries that the order made in other scopes.
	Shares []Given `json:"shares,omitempty"`
}

// maxText bounds what a person writes about a duty, in runes.
const maxText = 500

// Bounds of what an entry keeps.
const (
	maxReports = 200
	maxHistory = 400
)

// A Refusal is why an order was not carried out, in words for the person. It is
// an error of [Apply].
type Refusal string

func (r Refusal) Error() string { return string(r) }

func refuse(format string, args ...any) error { return Refusal(fmt.Sprintf(format, args...)) }

// check refuses an order whose giver may not give it; owner is what the bureau of
// the scope is called today.
func (o Order) check(owner string) error {
	switch {
	case !May(o.Verb, o.By.Roles) && o.Verb == Reopen:
		return refuse("重新打开只能由督查室来做。")
	case !May(o.Verb, o.By.Roles) && !o.Verb.OfBureau():
		return refuse("这一步由领导小组办公室来做，您可以先报进展或者申请。")
	case !May(o.Verb, o.By.Roles):
		return refuse("您在通讯录里不是联络员或科室负责人，不能办这一步。请联系本单位联络员。")
	case o.Verb.OfBureau() && o.By.Bureau != o.Bureau && o.By.Bureau != owner:
		return refuse("这一项不在您单位名下，不能代办。")
	case utf8.RuneCountInString(o.Text) > maxText:
		return refuse("文字太长了，请写短一些。")
	}
	return nil
}

// Apply carries an order out on one entry and returns the entry as it then is. It
// is pure; a [Refusal] says why nothing happened.
func Apply(e Entry, o Order) (Entry, error) {
	e.Reports, e.History = slices.Clone(e.Reports), slices.Clone(e.History)
	if err := e.change(o); err != nil {
		return Entry{}, err
	}
	role := "经办"
	switch {
	case o.Verb == Reopen:
		role = "督查"
	case !o.Verb.OfBureau():
		role = "审核"
	}
	text := o.Text
	if o.Value != nil && e.Figure != nil {
		text = Number(*o.Value) + e.Figure.Unit + " " + text
	}
	if len(e.History) >= maxHistory {
		e.History = e.History[1:]
	}
	e.History = append(e.History, Done{At: o.At, Verb: o.Verb, Person: o.By.Person, Bureau: o.By.Bureau, Role: role, Text: text, Order: o.ID})
	e.Rev++
	return e, nil
}

func (e *Entry) change(o Order) error {
	if !e.Open() && o.Verb != Reopen && !(o.Verb == Handover && e.Handed()) {
		return refuse("%s%s，不用再办。", e.Label, e.State)
	}
	switch o.Verb {
	case Receive:
		return e.receive(o)
	case ReportOn:
		return e.report(o)
	case ApplyEnd, Extend, GiveBack:
		return e.apply(o)
	case Delegate:
		if o.To == "" {
			return refuse("请写明分给谁，比如：分办 %s 给张三。", e.No)
		}
		e.Handler = o.To
	case Close, SendBack, Grant, Refuse:
		return e.decide(o)
	case Reopen:
		if e.State != Closed {
			return refuse("%s现在是%s，没有销号，不用重新打开。", e.Label, e.State)
		}
		if o.Text == "" {
			return refuse("请写明重新打开的原因。")
		}
		e.State, e.Ended, e.Asked = Doing, time.Time{}, nil
	case Move:
		if o.Due.IsZero() || o.Text == "" {
			return refuse("请写明新的日期和原因。")
		}
		e.Moved = o.Due
		if o.Due == e.Due {
			e.Moved = calendar.Day{}
		}
	case SplitDuty: // its bureau keeps its part
		if o.Text == "" {
			return refuse("请写明原因。")
		}
	case Drop, Handover:
		if o.Text == "" {
			return refuse("请写明原因。")
		}
		e.State, e.Ended, e.Asked = Dropped, o.At, nil
	case Urge:
	default:
		return refuse("不认识这一步。")
	}
	return nil
}

// receive is 签收: it says that the duty was read, nothing more.
func (e *Entry) receive(o Order) error {
	if !e.Received.IsZero() {
		return refuse("%s您单位已经签收过了。", e.Label)
	}
	e.Received = o.At
	if e.State == Waiting {
		e.State = Doing
	}
	return nil
}

// tooMuch is from how many times the target on a sum is taken for a slip of the
// pen, unless a reason is given.
const tooMuch = 5

func (e *Entry) report(o Order) error {
	if o.Value == nil && o.Text == "" {
		return refuse("请写明进展，比如：进展 %s 年初至今完成多少。", e.No)
	}
	if o.Value != nil {
		if err := e.sensible(*o.Value, o.Text); err != nil {
			return err
		}
	}
	if e.State == Waiting { // who reports has read it
		e.State, e.Received = Doing, o.At
	}
	r := Report{At: o.At, Until: calendar.Of(o.At), Person: o.By.Person, Value: o.Value, Text: o.Text}
	if len(e.Reports) >= maxReports {
		e.Reports = e.Reports[1:]
	}
	e.Reports = append(e.Reports, r)
	return nil
}

// sensible refuses a figure that cannot be meant.
func (e *Entry) sensible(v float64, reason string) error {
	f := e.Figure
	switch {
	case f == nil:
		return refuse("%s没有数量目标，请直接写文字进展。", e.Label)
	case math.IsNaN(v) || math.IsInf(v, 0) || v < 0 && f.Measured != Growth:
		return refuse("进展数不能小于零，请核对。")
	case f.Unit == "%" && f.Measured == Ratio && v > 100:
		return refuse("比率不会超过百分之百，请核对。")
	case f.Measured == Sum && f.Value > 0 && !f.AtMost && v > tooMuch*f.Value && reason == "":
		return refuse("这个数是目标的好几倍，请核对单位；确实没错，请在后面写明原因再报一次。")
	}
	last := e.Latest()
	if last != nil && last.Value != nil && v < *last.Value && f.Measured == Sum && reason == "" {
		return refuse("年初至今的累计数上次报的是%s%s，这次变小了。请核对；确实要调减，请在后面写明原因再报一次。", Number(*last.Value), f.Unit)
	}
	return nil
}

// Number writes a figure the short way.
func Number(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

func (e *Entry) apply(o Order) error {
	if e.Asked != nil && e.Asked.Verb == o.Verb {
		return refuse("%s已经%s过，正等办公室审核。", e.Label, o.Verb)
	}
	if e.Asked != nil {
		return refuse("%s还有一件%s在等办公室审核，请等审核后再报。", e.Label, e.Asked.Verb)
	}
	if o.Text == "" {
		return refuse("请写明%s的原因或说明。", o.Verb)
	}
	switch o.Verb {
	case Extend:
		if !e.HasDue() {
			return refuse("%s没有期限，不用延期。", e.Label)
		}
		today, due := calendar.Of(o.At), e.InForce().Due
		if today.After(due.Time) {
			return refuse("%s的期限已过，要在到期前申请。请报进展并说明情况。", e.Label)
		}
		if !o.Due.After(due.Time) {
			return refuse("新的日期要比现在的期限%s晚。", due.Chinese())
		}
	case ApplyEnd:
		e.State = Closing
	}
	if e.Received.IsZero() {
		e.Received = o.At
		if e.State == Waiting {
			e.State = Doing
		}
	}
	e.Asked = &Request{Verb: o.Verb, At: o.At, Person: o.By.Person, Reason: o.Text, Due: o.Due}
	return nil
}

// decide is what the office says to a request. Closing needs none: the office may
// close on its own.
func (e *Entry) decide(o Order) error {
	asked := e.Asked
	switch o.Verb {
	case Close:
		if asked != nil && asked.Verb != ApplyEnd {
			return refuse("%s先要答复它的%s。", e.Label, asked.Verb)
		}
		if asked == nil && o.Text == "" {
			return refuse("%s还没有申请办结；办公室直接销号请写明原因。", e.Label)
		}
		e.State, e.Ended, e.Asked = Closed, o.At, nil
		return nil
	case SendBack:
		if asked == nil || asked.Verb != ApplyEnd {
			return refuse("%s没有等待审核的办结申请。", e.Label)
		}
		if o.Text == "" {
			return refuse("请写明要补充什么。")
		}
		e.State, e.Asked = Returned, nil
		return nil
	}
	if asked == nil || asked.Verb == ApplyEnd {
		return refuse("%s没有等待答复的申请。", e.Label)
	}
	e.Asked = nil
	if o.Verb == Refuse {
		return nil
	}
	if asked.Verb == Extend {
		e.Moved = asked.Due
		return nil
	}
	e.State, e.Ended = Dropped, o.At // the responsibility is taken from the bureau
	return nil
}
