package admin

import (
	"bytes"
	"crypto/rand"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"huiwen/bot"
	"huiwen/knowledge/account"
	"huiwen/knowledge/calendar"
	"huiwen/knowledge/store"
	"huiwen/scheduler/ledger"
	"huiwen/scheduler/paper"
)

// A ledgerRow is an entry as the office reads it today.
type ledgerRow struct {
	ledger.Entry
	Force   ledger.Duty // with the day that counts now
	Light   ledger.Light
	Word    string
	Percent string // of the target, "" where that cannot be said
	Latest  *ledger.Report
	Work    calendar.Day // the last working day up to its day
	Plan    string
}

// Class is the style of the light.
func (r ledgerRow) Class() string {
	return map[ledger.Light]string{ledger.Green: "green", ledger.Yellow: "yellow", ledger.Red: "red", ledger.Grey: "gray"}[r.Light]
}

// Link is the page of the row.
func (r ledgerRow) Link() string {
	return "/admin/ledger/row?plan=" + url.QueryEscape(r.Entry.Plan) + "&bureau=" + url.QueryEscape(r.Bureau) + "&id=" + url.QueryEscape(r.ID)
}

// rows reads the whole ledger with the lights of today.
func (v *visit) rows() ([]ledgerRow, *calendar.Calendar, error) {
	if v.Book == nil {
		return nil, &calendar.Calendar{}, nil
	}
	c, err := v.calendar()
	if err != nil {
		return nil, nil, err
	}
	entries, err := v.Book.List(v.ctx(), "")
	if err != nil {
		return nil, nil, err
	}
	out := make([]ledgerRow, 0, len(entries))
	for _, e := range entries {
		out = append(out, rowOf(e, c, v.Now()))
	}
	return out, c, nil
}

func rowOf(e ledger.Entry, c *calendar.Calendar, now time.Time) ledgerRow {
	r := ledgerRow{Entry: e, Force: e.InForce(), Latest: e.Latest(), Plan: e.Plan}
	r.Light, r.Word = e.Light(c, calendar.Of(now))
	if share, ok := e.Share(); ok && !math.IsInf(share, 0) {
		r.Percent = strconv.Itoa(int(math.Floor(share*100+1e-9))) + "%"
	}
	if r.Force.HasDue() {
		r.Work = c.Back(r.Force.Due)
	}
	return r
}

// calendar is the calendar in force.
func (v *visit) calendar() (*calendar.Calendar, error) {
	seeded := &calendar.Calendar{}
	if v.Reminder != nil {
		seeded = v.Reminder.Calendar
	}
	return store.View(v.ctx(), v.Store, calendar.Scope, func(tx store.Tx) (*calendar.Calendar, error) { return calendar.Kept(tx, seeded) })
}

type ledgerView struct {
	Rows                []ledgerRow
	Pager               pager
	Lights              []lightCount
	States              []stateCount
	Bureaus             []string
	Light, State        string
	Bureau, Find        string
	Due                 string // a day that the entries fall due on
	Today               calendar.Day
	Total, Open         int
	Waiting, Asked, Red int
}

type lightCount struct {
	Light ledger.Light
	Class string
	Word  string
	Count int
	Width int
}

type stateCount struct {
	Key, Name string
	Count     int
}

var (
	lightOrder = []ledger.Light{ledger.Red, ledger.Yellow, ledger.Green, ledger.Grey}
	lightWords = map[ledger.Light]string{ledger.Red: "逾期", ledger.Yellow: "临期、滞后", ledger.Green: "正常", ledger.Grey: "已销号"}
	stateOrder = []ledger.State{ledger.Waiting, ledger.Doing, ledger.Closing, ledger.Returned, ledger.Closed, ledger.Dropped}
)

// ledgerPage lists every entry with its light and the word beside it.
func ledgerPage(v *visit) error {
	view, all, err := v.ledger()
	if err != nil {
		return err
	}
	view.Rows, view.Pager = paged(v, all)
	return v.page("ledger", "台账", view)
}

func (v *visit) ledger() (ledgerView, []ledgerRow, error) {
	view := ledgerView{Light: v.query("light"), State: v.query("state"), Bureau: v.query("bureau"), Find: v.query("find"), Due: v.query("due"), Today: calendar.Of(v.Now())}
	rows, _, err := v.rows()
	if err != nil {
		return view, nil, err
	}
	lights, states := map[ledger.Light]int{}, map[ledger.State]int{}
	seen := map[string]bool{}
	var out []ledgerRow
	for _, r := range rows {
		lights[r.Light]++
		states[r.Entry.State]++
		if r.Asked != nil {
			view.Asked++
		}
		if !seen[r.Bureau] {
			seen[r.Bureau] = true
			view.Bureaus = append(view.Bureaus, r.Bureau)
		}
		if view.Light != "" && string(r.Light) != view.Light || view.State != "" && string(r.Entry.State) != view.State ||
			view.Due != "" && (!r.Force.HasDue() || r.Force.Due.String() != view.Due) || view.Bureau != "" && r.Bureau != view.Bureau || view.Find != "" && !strings.Contains(r.Label+r.What+r.Target+r.Bureau, view.Find) {
			continue
		}
		out = append(out, r)
	}
	slices.Sort(view.Bureaus)
	view.Total = len(rows)
	for _, l := range lightOrder {
		view.Lights = append(view.Lights, lightCount{l, ledgerRow{Light: l}.Class(), lightWords[l], lights[l], 100 * lights[l] / max(1, len(rows))})
	}
	for _, s := range stateOrder {
		view.States = append(view.States, stateCount{string(s), s.String(), states[s]})
	}
	return view, out, nil
}

// source is what the office's papers are made from: the ledger of the plan in force.
func (v *visit) source() (paper.Source, error) {
	p := v.Snapshot().Plan
	src := paper.Source{Title: p.Title, Plan: ledger.PlanKey(p), AsOf: calendar.Of(v.Now())}
	for i := range p.Items {
		it := &p.Items[i]
		src.Items = append(src.Items, paper.Item{No: it.No, Label: it.Label(), Text: it.Body(), Bureaus: it.Bureaus, Targets: it.Targets})
	}
	var err error
	if src.Calendar, err = v.calendar(); err != nil {
		return src, err
	}
	if src.People, err = v.Directory(v.ctx()); err != nil {
		return src, err
	}
	src.Entries, err = v.Book.List(v.ctx(), src.Plan)
	return src, err
}

// ledgerSheet saves the ledger (台账) as the office keeps it.
func ledgerSheet(v *visit) error {
	src, err := v.source()
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := paper.XLSX(&b, src); err != nil {
		return err
	}
	return v.download("台账-"+src.AsOf.String()+".xlsx", xlsxType, b.Bytes())
}

const docxType = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

// ledgerPaper saves a draft (代拟稿) of the month's, the quarter's or a circular paper;
// a person edits and signs it.
func ledgerPaper(v *visit) error {
	kind, ok := map[string]paper.Kind{"monthly": paper.Monthly, "quarterly": paper.Quarterly, "circular": paper.Circular}[v.query("kind")]
	if !ok {
		return notFound("没有这种材料")
	}
	src, err := v.source()
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := paper.DOCX(&b, kind, src); err != nil {
		return err
	}
	return v.download(string(kind)+"代拟稿-"+src.AsOf.String()+".docx", docxType, b.Bytes())
}

// reported is the latest report in words.
func (r ledgerRow) reported() string {
	if r.Latest.Value == nil {
		return r.Latest.Text
	}
	unit := ""
	if r.Figure != nil {
		unit = r.Figure.Unit
	}
	return strings.TrimSpace("年初至今 " + ledger.Number(*r.Latest.Value) + unit + " " + r.Latest.Text)
}

// Reported is the latest report in words, "" for none.
func (r ledgerRow) Reported() string {
	if r.Latest == nil {
		return ""
	}
	return r.reported()
}

type rowView struct {
	Row     ledgerRow
	Acts    []actView
	Order   string // id of the next order
	History []ledger.Done
	Reports []ledger.Report
	Today   string // what the bureau is called today
	Give    string // address of the form that gives the duty to others, "" for none
	Undo    bool   // the latest act is the visitor's own and can be taken back
}

// An actView is a form of the row.
type actView struct {
	Verb        ledger.Verb
	Name, Ask   string // the button, and what must be written
	About       string // what it does, for who never did it
	Day, Danger bool
	Main        bool // shown open; the others are opened first
}

// rowPage shows one entry with what can be done about it.
func rowPage(v *visit) error {
	row, err := v.row(v.query("plan"), v.query("bureau"), v.query("id"))
	if err != nil {
		return err
	}
	view := rowView{Row: row, Acts: v.acts(row), Order: rand.Text(), History: slices.Clone(row.History), Reports: slices.Clone(row.Reports), Today: row.Bureau}
	slices.Reverse(view.History)
	slices.Reverse(view.Reports)
	if d, err := v.Directory(v.ctx()); err == nil {
		view.Today = d.Today(row.Bureau, v.Now())
	}
	if v.who.Has(deciding...) && row.Open() {
		view.Give = strings.Replace(row.Link(), "/row?", "/give?", 1)
	}
	if len(view.History) > 0 {
		last := view.History[0]
		view.Undo = last.Person == v.who.Name && last.Verb.Undoable() && v.Now().Sub(last.At) <= ledger.UndoWithin
	}
	return v.page("row", row.Label+" "+row.Bureau, view)
}

func (v *visit) row(plan, bureau, id string) (ledgerRow, error) {
	if v.Book == nil || bureau == "" {
		return ledgerRow{}, notFound("台账里没有这一条")
	}
	c, err := v.calendar()
	if err != nil {
		return ledgerRow{}, err
	}
	entries, err := v.Book.Of(v.ctx(), plan, bureau)
	if err != nil {
		return ledgerRow{}, err
	}
	for _, e := range entries {
		if e.ID == id {
			return rowOf(e, c, v.Now()), nil
		}
	}
	return ledgerRow{}, notFound("台账里没有这一条")
}

// acts are what the visitor may do with a row as it stands.
func (v *visit) acts(r ledgerRow) []actView {
	var out []actView
	office := v.who.Has(account.Office)
	if office && r.Asked != nil {
		if r.Asked.Verb == ledger.ApplyEnd {
			out = append(out, actView{Verb: ledger.Close, Name: "同意，销号", Main: true}, actView{Verb: ledger.SendBack, Name: "退回补充", Ask: "要补充什么", About: "单位会看到您写的话，补充后再申请。"})
		} else {
			out = append(out, actView{Verb: ledger.Grant, Name: "同意" + strings.TrimPrefix(r.Asked.Verb.String(), "申请"), Main: true}, actView{Verb: ledger.Refuse, Name: "不同意", Ask: "理由", About: "期限和责任都不变，单位会看到理由。"})
		}
	}
	if office && r.Open() && r.Asked == nil {
		out = append(out, actView{Verb: ledger.Close, Name: "直接销号", Ask: "原因", Danger: true, About: "单位没有申请办结，办公室认定已经办完。销号后不再提醒。"})
	}
	if office && r.Open() {
		out = append(out, actView{Verb: ledger.Move, Name: "调整时限", Ask: "原因", Day: true, About: "提醒和灯都按新的日期算。"}, actView{Verb: ledger.Drop, Name: "标记不再适用", Ask: "原因", Danger: true, About: "任务取消了，或并入了别的任务。不再提醒，也不算办结。"})
	}
	if v.who.Has(account.Inspector) && !r.Open() {
		out = append(out, actView{Verb: ledger.Reopen, Name: "重新打开", Ask: "原因", Main: true, About: "回到办理中，重新提醒。"})
	}
	return out
}

// actor is the visitor as the ledger knows him.
func (v *visit) actor() ledger.Actor {
	a := ledger.Actor{Person: v.who.Name, Bureau: ledger.OfficeBureau}
	if v.who.Has(account.Office) {
		a.Roles = append(a.Roles, bot.Office)
	}
	if v.who.Has(account.Inspector) {
		a.Roles = append(a.Roles, bot.Inspector)
		if len(a.Roles) == 1 {
			a.Bureau = ledger.InspectorBureau
		}
	}
	return a
}

// ledgerAct carries an order of the office or of an inspector out.
func ledgerAct(v *visit) error {
	o := ledger.Order{ID: "page|" + v.who.Name + "|" + v.field("order"), At: v.Now(), By: v.actor(), Verb: ledger.Verb(v.field("verb")), Plan: v.field("plan"), Bureau: v.field("bureau"), Duties: []string{v.field("id")}, Text: v.field("text")}
	back := "/admin/ledger"
	if v.field("back") == "review" {
		back = "/admin/review"
	}
	if v.field("order") == "" || o.Bureau == "" || o.Verb.OfBureau() || slices.Contains([]ledger.Verb{ledger.Urge, ledger.TakeBack, ledger.Handover, ledger.SplitDuty}, o.Verb) {
		return bad("表单不完整，请返回重试。")
	}
	if day := v.field("due"); day != "" {
		due, err := calendar.Parse(day)
		if err != nil {
			return v.failed(back, bad("%s", err.Error()))
		}
		o.Due = due
	}
	out, err := v.Book.Do(v.ctx(), o)
	if err != nil {
		return err
	}
	if out.Refused != "" {
		return v.failed(back, bad("%s", out.Refused))
	}
	said := o.Verb.String() + "：已记入台账，十分钟内可以撤销。"
	if len(out.Entries) > 0 {
		said = out.Entries[0].Label + " " + o.Bureau + "：" + out.Entries[0].State.String() + "。十分钟内可以撤销。"
	}
	v.say("ok", said)
	if back == "/admin/ledger" {
		back = ledgerRow{Entry: ledger.Entry{Duty: ledger.Duty{ID: o.Duties[0], Bureau: o.Bureau}, Plan: o.Plan}}.Link()
	}
	return v.redirect(back)
}

// undoAct takes back what the visitor did last in the ledger.
func undoAct(v *visit) error {
	out, err := v.Book.Undo(v.ctx(), v.field("bureau"), ledger.Order{ID: "undo|" + v.who.Name + "|" + v.field("order"), At: v.Now(), By: v.actor()})
	if err != nil {
		return err
	}
	if out.Refused != "" {
		return v.failed("/admin/ledger", bad("%s", out.Refused))
	}
	return v.done("/admin/ledger", "已撤销。")
}

type reviewView struct {
	Rows  []reviewRow
	Pager pager
	May   bool
	Urge  []urgeView
}

type reviewRow struct {
	ledgerRow
	Acts  []actView
	Order string
}

// Plain is the row without its forms.
func (r reviewRow) Plain() ledgerRow { return r.ledgerRow }

// reviewPage is the queue of what waits for the office.
func reviewPage(v *visit) error {
	rows, _, err := v.rows()
	if err != nil {
		return err
	}
	view := reviewView{May: v.who.Has(account.Office)}
	var waiting []ledgerRow
	for _, r := range rows {
		if r.Asked != nil {
			waiting = append(waiting, r)
		}
	}
	slices.SortStableFunc(waiting, func(a, b ledgerRow) int { return a.Asked.At.Compare(b.Asked.At) })
	waiting, view.Pager = paged(v, waiting)
	for _, r := range waiting {
		acts := slices.DeleteFunc(v.acts(r), func(a actView) bool { return a.Verb == ledger.Move || a.Verb == ledger.Drop })
		view.Rows = append(view.Rows, reviewRow{r, acts, rand.Text()})
	}
	return v.page("review", "待审核", view)
}

// An urgeView is an urging that was prepared for one bureau.
type urgeView struct {
	Bureau string
	Rows   []ledgerRow
	Why    map[string]string
	Text   string
	Order  string
}

type urgesView struct {
	Urge []urgeView
	May  bool
}

// urgePage shows what ought to be urged; a person sends it.
func urgePage(v *visit) error {
	all, err := v.urges()
	if err != nil {
		return err
	}
	return v.page("urge", "建议催办", urgesView{all, v.who.Has(account.Office)})
}

func (v *visit) urges() ([]urgeView, error) {
	if v.Book == nil {
		return nil, nil
	}
	c, err := v.calendar()
	if err != nil {
		return nil, err
	}
	entries, err := v.Book.List(v.ctx(), "")
	if err != nil {
		return nil, err
	}
	list, why := ledger.ToUrge(entries, c, calendar.Of(v.Now()))
	var out []urgeView
	for _, e := range list {
		i := slices.IndexFunc(out, func(u urgeView) bool { return u.Bureau == e.Bureau })
		if i < 0 {
			out, i = append(out, urgeView{Bureau: e.Bureau, Why: why, Order: rand.Text()}), len(out)
		}
		out[i].Rows = append(out[i].Rows, rowOf(e, c, v.Now()))
	}
	for i, u := range out {
		var list []ledger.Entry
		for _, r := range u.Rows {
			list = append(list, r.Entry)
		}
		out[i].Text = ledger.UrgeText(u.Bureau, list, why)
	}
	return out, nil
}

// Shown are the first rows of the urging.
func (u urgeView) Shown() []ledgerRow { return u.Rows[:min(len(u.Rows), ledger.MaxUrged)] }

// Rest is how many rows are not shown.
func (u urgeView) Rest() int { return len(u.Rows) - len(u.Shown()) }

func clipped(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n]) + "…"
}

// sendUrge sends an urging as it was prepared or edited.
func sendUrge(v *visit) error {
	all, err := v.urges()
	if err != nil {
		return err
	}
	i := slices.IndexFunc(all, func(u urgeView) bool { return u.Bureau == v.field("bureau") })
	if i < 0 {
		return v.failed("/admin/urge", bad("这个单位现在没有要催的任务。"))
	}
	text := strings.ReplaceAll(v.field("text"), "\r\n", "\n")
	if text == "" || len([]rune(text)) > ledger.MaxUrgeRunes {
		return v.failed("/admin/urge", bad("催办的文字要有内容，最多 %d 个字。", ledger.MaxUrgeRunes))
	}
	o := ledger.Order{ID: "urge|" + v.who.Name + "|" + v.field("order"), At: v.Now(), By: v.actor(), Plan: all[i].Rows[0].Entry.Plan, Bureau: all[i].Bureau, Text: "催办"}
	for _, r := range all[i].Rows {
		if r.Entry.Plan == o.Plan {
			o.Duties = append(o.Duties, r.ID)
		}
	}
	out, err := v.Book.Urge(v.ctx(), o, text, v.field("leader") == "1")
	if err != nil {
		return err
	}
	if out.Refused != "" {
		return v.failed("/admin/urge", bad("%s", out.Refused))
	}
	return v.done("/admin/delivery", all[i].Bureau+"的催办已交给发送，送达情况见下面。")
}

type deliveryView struct {
	Days    int
	Digests []ledger.Digest
	Pager   pager
}

// deliveryPage shows what was sent and how far it got.
func deliveryPage(v *visit) error {
	view := deliveryView{Days: 30}
	if n, err := strconv.Atoi(v.query("days")); err == nil && n > 0 && n <= 400 {
		view.Days = n
	}
	if v.Book == nil {
		return v.page("delivery", "送达", view)
	}
	all, err := v.Book.Digests(v.ctx(), v.Now().AddDate(0, 0, -view.Days), v.Now().AddDate(0, 0, 30))
	if err != nil {
		return err
	}
	slices.Reverse(all)
	view.Digests, view.Pager = paged(v, all)
	return v.page("delivery", "送达", view)
}
