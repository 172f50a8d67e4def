package handlers

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"huiwen/bot"
	"huiwen/knowledge"
	"huiwen/knowledge/calendar"
	"huiwen/knowledge/directory"
	"huiwen/scheduler/ledger"
)

// Options are what handlers need to let staff act on their duties.
type Options struct {
	Ledger   *ledger.Book
	People   func(ctx context.Context) (*directory.Directory, error)
	Calendar func(ctx context.Context) (*calendar.Calendar, error)
	// Pause silences reminders, nil where that cannot be done.
	Pause func(ctx context.Context, p Silence) error
	// Paper drafts a paper of the office out of the ledger, a paragraph a line; nil
	// where that cannot be done.
	Paper func(ctx context.Context, p Paper, at time.Time) ([]string, error)
}

// A Paper is a draft (代拟稿) of the office.
type Paper string

// The papers.
const (
	Circular  Paper = "circular"  // 通报
	Monthly   Paper = "monthly"   // 月度汇总
	Quarterly Paper = "quarterly" // 调度材料
)

// A Silence is what 暂停提醒 asks for.
type Silence struct {
	ID, Bureau, No, By, Why string
	Until                   calendar.Day
	At                      time.Time
}

// With makes a handler that also lets staff act on the ledger: the acts are
// committed before Handle returns, under the id of the message, so that the same
// message has the same outcome.
func With(current func() *knowledge.Snapshot, o Options) *Handlers {
	return &Handlers{current: current, duties: &o}
}

// A draft is an act that lacks a word yet. Its JSON is stored with the session.
type draft struct {
	Want   want     `json:"want"`
	No     string   `json:"no"`
	IDs    []string `json:"ids"` // what to choose from
	Value  *float64 `json:"value,omitempty"`
	Unit   string   `json:"unit,omitempty"`
	Text   string   `json:"text,omitempty"`
	Bureau string   `json:"bureau,omitempty"`
	// A giving lacks from whom or to whom; these are the names offered.
	Nos     []string `json:"nos,omitempty"`
	Lacks   string   `json:"lacks,omitempty"`
	Options []string `json:"options,omitempty"`
}

// An errand is one message of staff about duties.
type errand struct {
	*Options
	*turn
	ctx   context.Context
	who   ledger.Actor
	dir   *directory.Directory
	days  *calendar.Calendar
	today calendar.Day
	plan  string
}

// order answers a message that is a command on the ledger.
func (h *Handlers) order(ctx context.Context, t *turn) (bot.Reply, bool, error) {
	a, ok := readAsk(t.msg.Text, t.msg.At)
	switch {
	case t.msg.User != bot.Staff:
		if ok && strictly(a, t.msg.Text) && (len(a.nos) > 0 || a.text == "") {
			return plainly(bot.Declined, dutyStaffOnly), true, nil
		}
		return bot.Reply{}, false, nil
	case !ok && t.was.Draft == nil:
		return bot.Reply{}, false, nil
	case h.duties == nil && ok && (strictly(a, t.msg.Text) || a.want == wantMine):
		return plainly(bot.Declined, dutyNoLedger), true, nil
	case h.duties == nil, ok && len(a.nos) == 0 && !a.all && (a.query || runes(t.text) > longCommand) && !strictly(a, t.msg.Text) && a.want != wantMine:
		ok = false // a question in which such a word stands
		if h.duties == nil || t.was.Draft == nil {
			return bot.Reply{}, false, nil
		}
	}
	e := &errand{Options: h.duties, turn: t, ctx: ctx, today: calendar.Of(t.msg.At)}
	if err := e.meet(); err != nil {
		return bot.Reply{}, false, err
	}
	if e.who.Person == "" || e.who.Bureau == "" {
		if ok {
			return plainly(bot.Declined, dutyUnknownPerson), true, nil
		}
		return bot.Reply{}, false, nil
	}
	if t.was.Draft != nil {
		if r, done, err := e.resume(); done || err != nil {
			return r, done, err
		}
	}
	if !ok {
		return bot.Reply{}, false, nil
	}
	r, done, err := e.carryOut(a)
	return r, done, err
}

// longCommand is from how many runes a message without a number is a question
// rather than a command, unless its word stands first.
const longCommand = 10

// strictly reports whether a message is a command beyond doubt: its word stands
// first and a number or nothing follows.
func strictly(a ask, text string) bool {
	s := halfWidth(text)
	for _, w := range dutyWords {
		for _, x := range w.words {
			if rest, ok := strings.CutPrefix(s, x); ok && w.want == a.want && a.want != wantAgree {
				return runes(rest) == 0 || len(a.nos) > 0 || a.all && runes(rest) <= 4 || a.want == wantPause || a.want == want(ledger.Urge) || a.want == wantPaper
			}
		}
	}
	return false
}

// meet finds out who speaks.
func (e *errand) meet() (err error) {
	if e.dir, err = e.People(e.ctx); err != nil {
		return fmt.Errorf("read the directory: %w", err)
	}
	if e.days, err = e.Calendar(e.ctx); err != nil {
		return fmt.Errorf("read the calendar: %w", err)
	}
	p, _ := e.dir.Who(e.msg.Channel, e.msg.Person, e.msg.At)
	e.who = ledger.Actor{Person: p.Name, Bureau: e.msg.Bureau, Roles: e.msg.Roles}
	return nil
}

func (e *errand) has(r bot.Role) bool { return slices.Contains(e.who.Roles, r) }

// carryOut does what a command asks.
func (e *errand) carryOut(a ask) (bot.Reply, bool, error) {
	e.next.Draft = nil
	switch a.want {
	case want(ledger.TakeBack):
		return e.done(e.takeBack())
	case wantMine:
		return e.done(e.mine())
	case wantPause:
		return e.done(e.pause(a))
	case wantReview, wantLedger, wantSuggest, wantAgree, want(ledger.Refuse), want(ledger.SendBack), want(ledger.Close), want(ledger.Reopen), want(ledger.Urge):
		return e.done(e.officeAsk(a))
	}
	switch {
	case a.want == wantPaper:
		return e.done(e.paper(a))
	case a.query && a.value == nil:
		return e.done(e.standing(a))
	case a.want == want(ledger.Delegate), a.want == wantHand, a.want == want(ledger.SplitDuty):
		return e.done(e.give(a))
	}
	return e.done(e.act(a))
}

func (e *errand) done(r bot.Reply, err error) (bot.Reply, bool, error) { return r, err == nil, err }

// mineOf lists the entries of the speaker's bureau, whatever a plan calls it.
func (e *errand) mineOf() ([]ledger.Entry, error) {
	names := []string{e.who.Bureau}
	for _, b := range e.dir.Bureaus {
		if b.Name != e.who.Bureau && e.dir.Today(b.Name, e.msg.At) == e.who.Bureau {
			names = append(names, b.Name)
		}
	}
	var out []ledger.Entry
	for _, n := range names {
		list, err := e.Ledger.Of(e.ctx, "", n)
		if err != nil {
			return nil, err
		}
		out = append(out, list...)
	}
	return e.current(out), nil
}

// current keeps the entries of the latest plan, and of a duty that recurs the turn
// that is to be reported next.
func (e *errand) current(list []ledger.Entry) []ledger.Entry {
	for _, x := range list {
		e.plan = max(e.plan, x.Plan)
	}
	turns := map[string][]ledger.Entry{}
	var out []ledger.Entry
	for _, x := range list {
		base, _, recurs := strings.Cut(x.ID, "@")
		switch {
		case x.Plan != e.plan || e.made(x) || x.State == ledger.Dropped && !e.byThis(x):
		case recurs:
			turns[base+"|"+x.Bureau] = append(turns[base+"|"+x.Bureau], x)
		default:
			out = append(out, x)
		}
	}
	for _, list := range turns {
		out = append(out, e.turnNow(list))
	}
	slices.SortStableFunc(out, ledger.InOrder)
	return out
}

// made reports whether this very message made the entry: seen again, it finds what
// it found the first time.
func (e *errand) made(x ledger.Entry) bool {
	return x.ByHand && len(x.History) > 0 && x.History[0].Order == e.orderID()
}

// byThis reports whether this very message changed the entry last.
func (e *errand) byThis(x ledger.Entry) bool {
	n := len(x.History)
	return n > 0 && (x.History[n-1].Order == e.orderID() || strings.HasPrefix(x.History[n-1].Order, e.orderID()+"|"))
}

// stillLast is for how many days after its end the last turn of a duty that recurs
// is meant, while it was not reported.
const stillLast = 10

// turnNow is the turn of a recurring duty that people mean on a day.
func (e *errand) turnNow(list []ledger.Entry) ledger.Entry {
	slices.SortFunc(list, func(a, b ledger.Entry) int { return a.InForce().Due.Compare(b.InForce().Due.Time) })
	for _, x := range list {
		due := x.InForce().Due
		if x.Pending() && !due.Before(e.today.Plus(-stillLast).Time) || !due.Before(e.today.Time) {
			return x
		}
	}
	return list[len(list)-1]
}

// pick takes the entries of the measures that a command names.
func pick(list []ledger.Entry, nos []string) []ledger.Entry {
	var out []ledger.Entry
	for _, x := range list {
		if slices.Contains(nos, x.No) {
			out = append(out, x)
		}
	}
	return out
}

// act carries out a command of a bureau on its own duties.
func (e *errand) act(a ask) (bot.Reply, error) {
	verb := ledger.Verb(a.want)
	mine, err := e.mineOf()
	if err != nil {
		return bot.Reply{}, err
	}
	if len(mine) == 0 {
		return plainly(bot.Declined, dutyNone), nil
	}
	chosen := pick(mine, a.nos)
	if verb == ledger.Receive && a.all {
		for _, x := range mine {
			if x.Open() && x.Received.IsZero() {
				chosen = append(chosen, x)
			}
		}
		if len(chosen) == 0 {
			return plainly(bot.Done, dutyAllReceived), nil
		}
	}
	switch {
	case len(a.nos) == 0 && !a.all:
		return e.whichNumber(verb, mine), nil
	case len(chosen) == 0:
		return e.notMine(a.nos)
	case verb == ledger.ReportOn && len(a.nos) == 1:
		return e.report(a, chosen)
	}
	if verb == ledger.Receive { // of several duties of one measure those that are open
		open := slices.DeleteFunc(slices.Clone(chosen), func(x ledger.Entry) bool { return !x.Received.IsZero() || !x.Open() })
		if len(open) > 0 {
			chosen = open
		}
	}
	if (verb == ledger.ApplyEnd || verb == ledger.Extend) && len(chosen) > 1 {
		return e.whichDuty(a, chosen), nil
	}
	return e.do(verb, chosen, a)
}

// do orders a verb on entries, scope by scope, and tells what is now true.
func (e *errand) do(verb ledger.Verb, list []ledger.Entry, a ask) (bot.Reply, error) {
	r := bot.Reply{Status: bot.Done}
	done := 0
	for _, scope := range byBureau(list) {
		o := e.newOrder(verb, scope, a)
		out, err := e.Ledger.Do(e.ctx, o)
		if err != nil {
			return bot.Reply{}, err
		}
		if out.Refused != "" {
			r.Lines = append(r.Lines, e.recorded(scope[0].Ref(), out.Refused))
			continue
		}
		done++
		r.Lines = append(r.Lines, e.outcome(verb, out)...)
	}
	if done == 0 {
		r.Status = bot.Declined
		return r, nil
	}
	r.Lines = append(r.Lines, bot.Say(dutyUndo))
	r.Actions = append(e.nextActions(verb, list), bot.Action{Text: "撤销", Say: "撤销"})
	r.Title = verb.String()
	return r, nil
}

func (e *errand) newOrder(verb ledger.Verb, list []ledger.Entry, a ask) ledger.Order {
	o := ledger.Order{ID: e.orderID() + a.nth, At: e.msg.At, By: e.who, Verb: verb, Plan: list[0].Plan, Bureau: list[0].Bureau, Text: a.text, Due: a.due, To: a.to, Value: a.value}
	for _, x := range list {
		o.Duties = append(o.Duties, x.ID)
	}
	return o
}

// orderID is the message's; one without an id is told by who said it when.
func (e *errand) orderID() string {
	return cmp.Or(e.msg.ID, e.msg.Channel+"|"+e.msg.Conversation+"|"+strconv.FormatInt(e.msg.At.UnixNano(), 36))
}

// byBureau parts entries by their scope, in order.
func byBureau(list []ledger.Entry) [][]ledger.Entry {
	var out [][]ledger.Entry
	for _, x := range list {
		i := slices.IndexFunc(out, func(g []ledger.Entry) bool { return g[0].Bureau == x.Bureau })
		if i < 0 {
			out = append(out, nil)
			i = len(out) - 1
		}
		out[i] = append(out[i], x)
	}
	return out
}

// takeBack takes back what the speaker did last.
func (e *errand) takeBack() (bot.Reply, error) {
	bureau, ok, err := e.Ledger.LastAct(e.ctx, e.who.Person, e.msg.At)
	if err != nil {
		return bot.Reply{}, err
	}
	if !ok {
		bureau = e.who.Bureau // the refusal, or what a first run of this message did
		if last, again, err := e.Ledger.Outcome(e.ctx, e.orderID()); err != nil {
			return bot.Reply{}, err
		} else if again {
			bureau = last.Order.Bureau
		}
	}
	out, err := e.Ledger.Undo(e.ctx, bureau, ledger.Order{ID: e.orderID(), At: e.msg.At, By: e.who})
	if err != nil {
		return bot.Reply{}, err
	}
	if out.Refused != "" {
		return bot.Reply{Status: bot.Declined, Lines: []bot.Line{e.recorded("ledger/undo", out.Refused)}}, nil
	}
	r := bot.Reply{Status: bot.Done, Lines: []bot.Line{e.recorded("ledger/undo", "已撤销："+out.Order.Text+"。")}}
	for _, x := range out.Entries {
		r.Lines = append(r.Lines, e.recorded(x.Ref(), e.oneLine(x)))
	}
	return r, nil
}

// report asks which target a figure is of, checks unit and sense, and records it.
func (e *errand) report(a ask, chosen []ledger.Entry) (bot.Reply, error) {
	if a.value == nil && a.text == "" {
		return e.standing(a)
	}
	var figures []ledger.Entry
	for _, x := range chosen {
		if x.Figure != nil && x.Open() {
			figures = append(figures, x)
		}
	}
	switch {
	case a.value == nil:
		return e.do(ledger.ReportOn, chosen, a)
	case len(figures) == 0: // no target: figure and words are the report
		a.text, a.value = a.said, nil
		return e.do(ledger.ReportOn, chosen, a)
	}
	fit := fitting(a, figures)
	switch {
	case len(fit) == 0 && len(figures) > 1:
		return e.noUnit(a, figures), nil
	case len(fit) == 0: // the one target says which unit it has
		return e.reportOn(figures[0], a)
	case len(fit) > 1, !a.sofar && fit[0].Figure.Measured == ledger.Sum:
		return e.whichTarget(a, fit), nil
	}
	r, err := e.reportOn(fit[0], a)
	if err == nil && r.Status == bot.Done && len(figures) > 1 {
		took := e.recorded(fit[0].Ref(), fmt.Sprintf("%s有%d个目标，这次按单位和说法记到“%s”，不对请撤销。", fit[0].Label, len(figures), targetName(fit[0])))
		r.Lines = slices.Insert(r.Lines, 1, took)
	}
	return r, err
}

// fitting are the targets that a figure can be of: by its unit, and by the name of
// the target where the words hold one that fits.
func fitting(a ask, list []ledger.Entry) []ledger.Entry {
	var byUnit, byName []ledger.Entry
	for _, x := range list {
		named := x.Figure.What != "" && strings.Contains(a.said, x.Figure.What)
		if _, ok := inUnit(*a.value, a.unit, x.Figure.Unit); ok {
			byUnit = append(byUnit, x)
			if named {
				byName = append(byName, x)
			}
		} else if named { // word and unit say different things: ask
			return list
		}
	}
	if len(byName) == 1 {
		return byName
	}
	return byUnit
}

// noUnit says which units the targets of a measure have.
func (e *errand) noUnit(a ask, list []ledger.Entry) bot.Reply {
	var names []string
	for _, x := range list {
		names = append(names, targetName(x))
	}
	return bot.Reply{Status: bot.Declined, Lines: []bot.Line{e.recorded(list[0].Ref(), fmt.Sprintf("单位不对：%s的目标是%s，您报的是%s%s。请改用目标的单位再报一次。", list[0].Label, strings.Join(names, "、"), ledger.Number(*a.value), a.unit))}}
}

// reportOn records a figure of one target.
func (e *errand) reportOn(x ledger.Entry, a ask) (bot.Reply, error) {
	v, ok := inUnit(*a.value, a.unit, x.Figure.Unit)
	if !ok {
		return bot.Reply{Status: bot.Declined, Lines: []bot.Line{e.recorded(x.Ref(), fmt.Sprintf("单位不对：%s的目标是%s，您报的是%s%s。请改用“%s”再报一次。", x.Label, x.Target, ledger.Number(*a.value), a.unit, x.Figure.Unit))}}, nil
	}
	a.value = &v
	return e.do(ledger.ReportOn, []ledger.Entry{x}, a)
}

// whichTarget asks which target a figure is of, and says that it counts from the
// first of January.
func (e *errand) whichTarget(a ask, list []ledger.Entry) bot.Reply {
	d := &draft{Want: a.want, No: list[0].No, Value: a.value, Unit: a.unit, Text: a.text, Bureau: list[0].Bureau}
	r := bot.Reply{Status: bot.Clarification, Lines: []bot.Line{e.recorded(list[0].Ref(), fmt.Sprintf("%s：%s%s记到哪个目标？按年初至今的累计数记。", list[0].Label, ledger.Number(*a.value), a.unit))}}
	if len(list) == 1 {
		r.Lines = []bot.Line{e.recorded(list[0].Ref(), fmt.Sprintf("%s：%s%s是年初至今的累计数吗？", name(list[0]), ledger.Number(*a.value), cmp.Or(a.unit, list[0].Figure.Unit)))}
	}
	for _, x := range list {
		d.IDs = append(d.IDs, x.ID)
		text := targetName(x)
		if len(list) == 1 {
			text = "是，按累计数记"
		}
		r.Choices = append(r.Choices, bot.Choice{Text: text})
	}
	r.Choices = append(r.Choices, bot.Choice{Text: "都不是，重新报"})
	e.next.Draft = d
	return r
}

// targetName is what people call a target: 创业担保贷款（目标2000万元）.
func targetName(x ledger.Entry) string {
	return fmt.Sprintf("%s（目标%s）", cmp.Or(x.Figure.What, x.What), x.Target)
}

// whichDuty asks which of several duties of a measure is meant.
func (e *errand) whichDuty(a ask, list []ledger.Entry) bot.Reply {
	d := &draft{Want: a.want, No: list[0].No, Text: a.text, Bureau: list[0].Bureau}
	if !a.due.IsZero() {
		d.Text = a.text
		d.Unit = a.due.String()
	}
	r := bot.Reply{Status: bot.Clarification, Lines: []bot.Line{e.recorded(list[0].Ref(), fmt.Sprintf("%s有%d个目标，%s哪一个？", list[0].Label, len(list), ledger.Verb(a.want)))}}
	for _, x := range list {
		d.IDs = append(d.IDs, x.ID)
		text := x.What
		if x.Figure != nil {
			text = targetName(x)
		}
		r.Choices = append(r.Choices, bot.Choice{Text: text})
	}
	r.Choices = append(r.Choices, bot.Choice{Text: "全部"})
	e.next.Draft = d
	return r
}

// resume takes the word that a draft waited for.
func (e *errand) resume() (bot.Reply, bool, error) {
	d := e.was.Draft
	n := e.chosen()
	switch {
	case n == unclear:
		e.next.Draft = d
		return bot.Reply{Status: bot.Clarification, Lines: []bot.Line{bot.Say(dutyPickOne)}, Choices: e.was.Choices}, true, nil
	case n < 0:
		return bot.Reply{}, false, nil
	}
	e.next.Draft = nil
	if d.Lacks != "" {
		return e.done(e.goOn(d, n))
	}
	mine, err := e.mineOf()
	if err != nil {
		return bot.Reply{}, false, err
	}
	byID := func(id string) (ledger.Entry, bool) {
		i := slices.IndexFunc(mine, func(x ledger.Entry) bool { return x.ID == id && x.Bureau == d.Bureau })
		if i < 0 {
			return ledger.Entry{}, false
		}
		return mine[i], true
	}
	a := ask{want: d.Want, nos: []string{d.No}, text: d.Text, value: d.Value, unit: d.Unit, sofar: true}
	if d.Want == want(ledger.ReportOn) {
		x, ok := ledger.Entry{}, false
		if n < len(d.IDs) {
			x, ok = byID(d.IDs[n])
		}
		if !ok {
			return plainly(bot.Done, dutyNotRecorded), true, nil
		}
		return e.done(e.reportOn(x, a))
	}
	if a.due, err = calendar.Parse(d.Unit); err != nil {
		a.due = calendar.Day{}
	}
	a.unit = ""
	var list []ledger.Entry
	for i, id := range d.IDs {
		if x, ok := byID(id); ok && (i == n || n == len(d.IDs)) {
			list = append(list, x)
		}
	}
	if len(list) == 0 {
		return plainly(bot.Done, dutyNotRecorded), true, nil
	}
	return e.done(e.do(ledger.Verb(d.Want), list, a))
}

// unclear says that a message fits several of the choices.
const unclear = -2

// chosen is which of the choices offered last a message picks, -1 for none.
func (e *errand) chosen() int {
	s := halfWidth(e.msg.Text)
	for i, c := range e.was.Choices {
		if s == c.Text {
			return i
		}
	}
	if m := choiceNumber.FindStringSubmatch(s); m != nil {
		if n, _ := strconv.Atoi(arabic(m[1])); n >= 1 && n <= len(e.was.Choices) {
			return n - 1
		}
	}
	if len(e.was.Choices) == 2 && slices.Contains([]string{"是", "是的", "对", "对的", "嗯", "确认"}, s) {
		return 0
	}
	if runes(s) < 2 || runes(s) > 12 {
		return -1
	}
	found := -1
	for i, c := range e.was.Choices { // 贷款那个
		if strings.Contains(c.Text, strings.NewReplacer("那个", "", "这个", "", "的", "").Replace(s)) {
			if found >= 0 {
				return unclear
			}
			found = i
		}
	}
	return found
}
