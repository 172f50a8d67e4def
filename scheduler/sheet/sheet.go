package sheet

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"huiwen/knowledge/calendar"
	"huiwen/knowledge/directory"
	"huiwen/scheduler/ledger"
	"huiwen/scheduler/paper"
)

// A Ledger is what a table is read against.
type Ledger struct {
	Plan    string
	Items   []paper.Item
	Entries []ledger.Entry
	People  *directory.Directory
	Today   calendar.Day
	Reason  string // 依据 of what is to change
	By      ledger.Actor
	At      time.Time
}

// A Problem is what keeps a table from being read, and what to do.
type Problem struct {
	Row    int // 0: of the whole table
	Column string
	Text   string
}

// String is the problem as people read it.
func (p Problem) String() string {
	switch {
	case p.Row == 0:
		return p.Text
	case p.Column == "":
		return fmt.Sprintf("第%d行：%s", p.Row, p.Text)
	}
	return fmt.Sprintf("第%d行“%s”：%s", p.Row, p.Column, p.Text)
}

// A Change is an order that a table asks for, with the rows it comes from.
type Change struct {
	Rows   []int
	Order  ledger.Order
	Shares []ledger.Share // of a splitting
	Text   string         // what becomes of it, in words
}

// The columns of a table, by what stands at their heads.
const (
	colNo = iota
	colTask
	colBody
	colFrom
	colValue
	colDue
	colWho
	colLast
)

var colNames = [colLast]string{"任务编号", "任务内容", "责任单位", "原责任单位", "目标数", "时限", "责任人"}

var heads = [colLast][]string{
	colNo:    {"任务编号", "编号", "第几项", "项号", "任务号"},
	colTask:  {"任务内容", "工作内容", "任务", "主要任务", "重点任务", "工作任务"},
	colBody:  {"责任单位", "承担单位", "分解单位", "单位", "乡镇", "牵头单位"},
	colFrom:  {"原责任单位", "分解自", "原单位", "交办单位"},
	colValue: {"目标数", "分解目标", "目标值", "任务数", "分解数", "数量"},
	colDue:   {"时限", "完成时限", "完成时间", "期限", "日期", "完成日期"},
	colWho:   {"责任人", "经办人", "经办", "联系人"},
}

// A reader reads one table.
type reader struct {
	Ledger
	at       [colLast]int // column of each head, -1 for none
	exported bool         // the exported 台账: a row a measure
	problems []Problem
	changes  []Change
}

// Read says what a table changes in the ledger. Where there is any problem nothing
// is to be changed.
func Read(rows []Row, l Ledger) ([]Change, []Problem) {
	r := &reader{Ledger: l}
	body, ok := r.head(rows)
	if !ok {
		return nil, r.problems
	}
	var above Row
	for _, row := range body {
		if !r.exported { // cells that are merged downwards stand in the first row only
			row.Cells = r.filled(row.Cells, above.Cells)
			above = row
		}
		r.row(row)
	}
	r.check()
	return r.changes, r.problems
}

func (r *reader) problem(row int, column, format string, args ...any) {
	r.problems = append(r.problems, Problem{row, column, fmt.Sprintf(format, args...)})
}

var brackets = regexp.MustCompile(`[（(][^）)]*[）)]|[\s*＊]`)

// head finds the row of heads.
func (r *reader) head(rows []Row) (body []Row, ok bool) {
	for i, row := range rows[:min(len(rows), maxHeadAt)] {
		for c := range r.at {
			r.at[c] = -1
		}
		marks := 0
		for j, cell := range row.Cells {
			text := brackets.ReplaceAllString(cell, "")
			for c, names := range heads {
				if r.at[c] < 0 && slices.Contains(names, text) {
					r.at[c] = j
				}
			}
			if text == "完成率" || text == "状态" || text == "完成情况" {
				marks++
			}
		}
		if r.at[colBody] >= 0 && (r.at[colNo] >= 0 || r.at[colTask] >= 0) {
			r.exported = marks == 3
			return rows[i+1:], true
		}
	}
	r.problem(0, "", "前%d行里没有表头：要有“责任单位”和“任务编号”（或“任务内容”）两栏，可以再有“目标数”“时限”“责任人”“原责任单位”", maxHeadAt)
	return nil, false
}

// filled takes number and task of the row above where both are left empty.
func (r *reader) filled(cells, above []string) []string {
	get := func(list []string, c int) string {
		if i := r.at[c]; i >= 0 && i < len(list) {
			return list[i]
		}
		return ""
	}
	if get(cells, colNo) != "" || get(cells, colTask) != "" || above == nil {
		return cells
	}
	out := slices.Clone(cells)
	for _, c := range []int{colNo, colTask} {
		if v := get(above, c); v != "" {
			for len(out) <= r.at[c] {
				out = append(out, "")
			}
			out[r.at[c]] = v
		}
	}
	return out
}

func (r *reader) cell(row Row, c int) string {
	if i := r.at[c]; i >= 0 && i < len(row.Cells) {
		return strings.TrimSpace(strings.TrimPrefix(row.Cells[i], "'"))
	}
	return ""
}

// row reads one row.
func (r *reader) row(row Row) {
	if r.cell(row, colBody) == "" && (r.exported || r.cell(row, colValue) == "" && r.cell(row, colDue) == "") {
		return // a heading, a sum, a remark
	}
	item, duty, ok := r.item(row)
	if !ok {
		return
	}
	var mine []ledger.Entry
	for _, e := range r.Entries {
		if e.Plan == r.Plan && e.No == item.No && e.Open() && (duty == "" || base(e.ID) == duty) {
			mine = append(mine, e)
		}
	}
	if len(mine) == 0 {
		r.problem(row.N, "", "台账里没有%s在办的任务：还没有启用提醒（plan arm），或者都已销号", item.Label)
		return
	}
	if r.cell(row, colBody) == "" {
		r.problem(row.N, colNames[colBody], "没有写单位")
		return
	}
	bodies, ok := r.bodies(row, item, mine)
	if !ok {
		return
	}
	if r.exported {
		r.edited(row, item, mine, bodies)
		return
	}
	for _, b := range bodies {
		r.share(row, item, mine, b)
	}
}

// base is the place of a duty in its measure, whatever was made of it.
func base(id string) string {
	id, _, _ = strings.Cut(id, "+")
	id, _, _ = strings.Cut(id, "@")
	return id
}

var noForm = regexp.MustCompile(`^(?:第\s*)?([0-9]{1,3}|[Bb][0-9]{1,2})(/[0-9]{1,3})?\s*(?:项|条|号)?$`)

// plain takes the differences out of a text that spreadsheets make.
func plain(s string) string {
	return strings.NewReplacer(" ", "", "\n", "", "\r", "", "\t", "", "　", "", "，", ",", "（", "(", "）", ")", "'", "").Replace(s)
}

// item finds the measure of a row, and the duty of it where its number says.
func (r *reader) item(row Row) (it paper.Item, duty string, ok bool) {
	no, task := r.cell(row, colNo), r.cell(row, colTask)
	if no != "" {
		label := no
		if m := noForm.FindStringSubmatch(no); m != nil {
			if no = strings.ToUpper(m[1]); m[2] != "" {
				duty = no + m[2]
			}
		}
		for _, x := range r.Items {
			if x.No == no || x.Label == label {
				return x, duty, true
			}
		}
		r.problem(row.N, colNames[colNo], "计划里没有“%s”；请写计划里的项号，如 40（几个目标的写 40/1，见 duties）", clip(label))
		return it, "", false
	}
	var like []paper.Item
	for _, x := range r.Items {
		switch text := plain(x.Text); {
		case text == plain(task):
			return x, "", true
		case len(plain(task)) >= 12 && strings.Contains(text, plain(task)):
			like = append(like, x)
		}
	}
	if len(like) == 1 {
		return like[0], "", true
	}
	r.problem(row.N, colNames[colTask], "“%s”与计划的哪一项都对不上，或者对上了几项；请加一栏“任务编号”写项号，如 40", clip(task))
	return it, "", false
}

func clip(s string) string {
	if rs := []rune(s); len(rs) > 20 {
		return string(rs[:20]) + "…"
	}
	return s
}

var (
	bodyHeads = regexp.MustCompile(`(?:列首位|其他|牵头|配合|责任单位)[：:]`)
	bodyNotes = regexp.MustCompile(`[（(](?:现[：:][^）)]*|待分解)[）)]`)
)

// bodies are the bureaus of a row; the towns that the plan names as a whole are none.
func (r *reader) bodies(row Row, it paper.Item, mine []ledger.Entry) (out []string, ok bool) {
	text := bodyHeads.ReplaceAllString(r.cell(row, colBody), "、")
	text = bodyNotes.ReplaceAllString(text, "")
	ok = true
	for _, b := range it.Bureaus { // 各乡〔镇、街道〕 holds the sign that parts names
		if b.Collective {
			text = strings.ReplaceAll(text, b.Name, "、")
		}
	}
	for _, name := range strings.FieldsFunc(text, func(c rune) bool { return strings.ContainsRune("、,，;；\n\r\t/ ", c) }) {
		if name == "—" || name == "等" {
			continue
		}
		found, known := r.named(strings.TrimSuffix(name, "等"), mine)
		if !known {
			ok = false
			more := "请先在名录里加上"
			if near := r.People.Nearest(name, 3); len(near) > 0 {
				more = "是不是：" + strings.Join(near, "、") + "；不是的话" + more
			}
			r.problem(row.N, colNames[colBody], "名录里没有“%s”，%s", clip(name), more)
			continue
		}
		if !slices.Contains(out, found) {
			out = append(out, found)
		}
	}
	return out, ok
}

// named is a bureau as the ledger has it: by the name under which it has the measure,
// else by that of today.
func (r *reader) named(name string, mine []ledger.Entry) (string, bool) {
	for _, e := range r.Entries {
		if e.Bureau == name {
			return name, true
		}
	}
	found, ok := r.People.Named(r.Today.Time)(name)
	if !ok {
		return "", false
	}
	for _, e := range mine {
		if r.People.Today(e.Bureau, r.Today.Time) == found {
			return e.Bureau, true
		}
	}
	return found, true
}

// edited reads a row of the exported 台账: who is new in it gets a part, a changed
// day is moved. What was taken out of it changes nothing.
func (r *reader) edited(row Row, it paper.Item, mine []ledger.Entry, bodies []string) {
	for _, b := range bodies {
		if !slices.ContainsFunc(mine, func(e ledger.Entry) bool { return e.Bureau == b }) {
			r.share(row, it, mine, b)
		}
	}
	var have, want []calendar.Day
	var dated []ledger.Entry
	for _, e := range mine {
		if d := e.InForce(); d.HasDue() && !d.Recurs() {
			dated = append(dated, e)
			if !slices.Contains(have, d.Due) {
				have = append(have, d.Due)
			}
		}
	}
	text := regexp.MustCompile(`（最后一个工作日[^）]*）`).ReplaceAllString(r.cell(row, colDue), "")
	for _, line := range strings.Split(text, "\n") {
		if line = strings.TrimSpace(line); line == "" || line == "没有写明期限" {
			continue
		}
		d, ok := r.day(line)
		if !ok {
			r.problem(row.N, colNames[colDue], "“%s”看不出是哪一天，要写成 2022-11-30", clip(line))
			return
		}
		want = append(want, d)
	}
	switch fresh := slices.DeleteFunc(slices.Clone(want), func(d calendar.Day) bool { return slices.Contains(have, d) }); {
	case len(dated) == 0 || len(fresh) == 0 || slices.ContainsFunc(mine, func(e ledger.Entry) bool { return e.Recurs() && slices.Contains(fresh, e.InForce().Due) }):
	case len(fresh) == 1 && len(want) == 1 && len(have) == 1:
		for _, e := range dated {
			r.move(row, e, want[0])
		}
	default:
		r.problem(row.N, colNames[colDue], "这一项有几个期限，看不出改的是哪一个；请用 ledger act move 逐条调整")
	}
}

// share gives one body a part of a measure, or moves the day of what it has.
func (r *reader) share(row Row, it paper.Item, mine []ledger.Entry, body string) {
	s := ledger.Share{Bureau: body, Who: r.cell(row, colWho)}
	unit := ""
	if !r.exported {
		var ok bool
		if s.Value, unit, ok = r.value(row); !ok {
			return
		}
		if text := r.cell(row, colDue); text != "" && text != "没有写明期限" {
			if s.Due, ok = r.day(text); !ok {
				r.problem(row.N, colNames[colDue], "“%s”看不出是哪一天，要写成 2022-11-30", clip(text))
				return
			}
		}
		if task := r.cell(row, colTask); task != "" && !strings.Contains(plain(it.Text), plain(task)) {
			s.What = task
		}
	}
	from, ok := r.from(row, it, mine, s, unit)
	if !ok || r.has(row, mine, from, s) {
		return
	}
	ids := make([]string, 0, len(from))
	for _, e := range from {
		ids = append(ids, e.ID)
	}
	i := slices.IndexFunc(r.changes, func(c Change) bool {
		return c.Order.Verb == ledger.SplitDuty && c.Order.Bureau == from[0].Bureau && slices.Equal(c.Order.Duties, ids)
	})
	if i < 0 {
		r.changes = append(r.changes, Change{Order: r.order(ledger.SplitDuty, from[0].Bureau, ids...)})
		i = len(r.changes) - 1
	}
	c := &r.changes[i]
	if j := slices.IndexFunc(c.Shares, func(x ledger.Share) bool { return x.Bureau == body }); j >= 0 {
		r.problem(row.N, colNames[colBody], "%s的%s在第%d行已经写过，请合成一行", body, it.Label, c.Rows[j])
		return
	}
	c.Rows, c.Shares = append(c.Rows, row.N), append(c.Shares, s)
	text := body
	if s.Value != nil {
		text += ledger.Number(*s.Value) + from[0].Figure.Unit
	}
	if !s.Due.IsZero() {
		text += "（" + s.Due.String() + "前）"
	}
	if c.Text == "" {
		c.Text = fmt.Sprintf("%s从%s分解给：%s", it.Label, from[0].Bureau, text)
	} else {
		c.Text += "、" + text
	}
}

func (r *reader) order(v ledger.Verb, bureau string, ids ...string) ledger.Order {
	return ledger.Order{At: r.At, By: r.By, Verb: v, Plan: r.Plan, Bureau: bureau, Duties: ids, Text: r.Reason}
}

// move changes the day of one entry.
func (r *reader) move(row Row, e ledger.Entry, to calendar.Day) {
	o := r.order(ledger.Move, e.Bureau, e.ID)
	o.Due = to
	r.changes = append(r.changes, Change{Rows: []int{row.N}, Order: o, Text: fmt.Sprintf("%s %s的期限从%s调整到%s", e.Label, e.Bureau, e.InForce().Due, to)})
}

// has reports whether a body has its part already; a day that differs is moved, a
// figure that differs is a problem.
func (r *reader) has(row Row, mine, from []ledger.Entry, s ledger.Share) bool {
	for _, e := range mine {
		if e.Bureau != s.Bureau || !slices.ContainsFunc(from, func(f ledger.Entry) bool { return base(f.ID) == base(e.ID) }) {
			continue
		}
		switch {
		case s.Value != nil && !e.Own:
			continue // it takes part in the whole; now it gets a share
		case s.Value != nil && e.Figure != nil && *s.Value != e.Figure.Value:
			r.problem(row.N, colNames[colValue], "%s的%s在台账里是%s，表里是%s%s；要改数请先把原来的标记为不再适用（ledger act drop %s --bureau %s），再导入", s.Bureau, e.Label, e.Target, ledger.Number(*s.Value), e.Figure.Unit, e.ID, s.Bureau)
		case !s.Due.IsZero() && !e.Recurs() && s.Due != e.InForce().Due:
			r.move(row, e, s.Due)
		}
		return true
	}
	return slices.ContainsFunc(from, func(f ledger.Entry) bool { return f.Bureau == s.Bureau })
}

// from are the entries of which a body gets a part: those of the bureau that the row
// names, else of the first; with a figure the one target that has its unit.
func (r *reader) from(row Row, it paper.Item, mine []ledger.Entry, s ledger.Share, unit string) (out []ledger.Entry, ok bool) {
	bureau := ""
	if text := r.cell(row, colFrom); text != "" && !r.exported {
		if bureau, ok = r.named(text, mine); !ok {
			r.problem(row.N, colNames[colFrom], "名录里没有“%s”", clip(text))
			return nil, false
		}
	} else {
		i := slices.IndexFunc(mine, func(e ledger.Entry) bool { return e.First })
		bureau = mine[max(i, 0)].Bureau
	}
	for _, e := range mine {
		if e.Recurs() && e.InForce().Due.Before(r.Today.Time) {
			continue // that turn is over
		}
		if e.Bureau == bureau && (!e.ByHand || e.First) {
			out = append(out, e)
		}
	}
	if len(out) == 0 {
		r.problem(row.N, colNames[colFrom], "%s在台账里不在%s名下", it.Label, bureau)
		return nil, false
	}
	if s.Value == nil {
		return out, true
	}
	out = slices.DeleteFunc(out, func(e ledger.Entry) bool { return e.Figure == nil || unit != "" && unit != e.Figure.Unit })
	switch {
	case len(out) == 0:
		r.problem(row.N, colNames[colValue], "%s没有以“%s”计的数量目标；请换算成目标的单位，或者不写数量", it.Label, cmp.Or(unit, "数"))
	case len(out) > 1:
		r.problem(row.N, colNames[colValue], "%s有几个数量目标，请写上单位，或者把任务编号写成 %s 这样", it.Label, base(out[0].ID))
	}
	return out, len(out) == 1
}

var valueForm = regexp.MustCompile(`^([0-9][0-9,，]*(?:\.[0-9]+)?)\s*(\p{Han}{1,4}|%|％)?(?:以上|左右)?$`)

// value reads the figure of a row, nil for none.
func (r *reader) value(row Row) (v *float64, unit string, ok bool) {
	text := r.cell(row, colValue)
	if text == "" || text == "—" {
		return nil, "", true
	}
	if m := valueForm.FindStringSubmatch(text); m != nil {
		n, err := strconv.ParseFloat(strings.NewReplacer(",", "", "，", "").Replace(m[1]), 64)
		if err == nil && !math.IsInf(n, 0) {
			return &n, strings.Replace(m[2], "％", "%", 1), true
		}
	}
	r.problem(row.N, colNames[colValue], "“%s”不是数字；写成 500 或 500万元，没有就空着", clip(text))
	return nil, "", false
}

var (
	fullDay  = regexp.MustCompile(`^([0-9]{4})\s*[-/.年]\s*([0-9]{1,2})\s*[-/.月]\s*([0-9]{1,2})\s*日?(?:\s*[0-9:]+)?(?:之?前|底)?$`)
	usDay    = regexp.MustCompile(`^([0-9]{1,2})[-/]([0-9]{1,2})[-/]([0-9]{2}|[0-9]{4})$`)
	monthEnd = regexp.MustCompile(`^(?:([0-9]{4})\s*年)?\s*([0-9]{1,2})\s*月(?:([0-9]{1,2})\s*日|底|末)?(?:之?前)?$`)
	yearEnd  = regexp.MustCompile(`^(?:([0-9]{4})\s*年|今年|本年度?|年)底?(?:末|底)?(?:之?前)?$`)
)

// day reads a day as offices and spreadsheets write it; one without a year is of the
// plan's.
func (r *reader) day(text string) (calendar.Day, bool) {
	text = strings.TrimSpace(text)
	num := func(s string) int { n, _ := strconv.Atoi(s); return n }
	year := num(r.Plan)
	if year == 0 {
		year = r.Today.Year()
	}
	y, m, d := 0, 0, 0
	if g := fullDay.FindStringSubmatch(text); g != nil {
		y, m, d = num(g[1]), num(g[2]), num(g[3])
	} else if g := usDay.FindStringSubmatch(text); g != nil { // how a workbook shows its own kind of date
		y, m, d = num(g[3]), num(g[1]), num(g[2])
		if y < 100 {
			y += 2000
		}
	} else if g := monthEnd.FindStringSubmatch(text); g != nil {
		y, m, d = num(g[1]), num(g[2]), num(g[3])
	} else if g := yearEnd.FindStringSubmatch(text); g != nil {
		y, m, d = num(g[1]), 12, 31
	} else {
		return calendar.Day{}, false
	}
	if y == 0 {
		y = year
	}
	if d == 0 {
		d = time.Date(y, time.Month(m)+1, 0, 0, 0, 0, 0, calendar.Zone).Day()
	}
	t := time.Date(y, time.Month(m), d, 0, 0, 0, 0, calendar.Zone)
	return calendar.Day{Time: t}, m >= 1 && m <= 12 && t.Day() == d && y >= 2000 && y < 2200
}

// check finds what the ledger would refuse, before anything is changed.
func (r *reader) check() {
	for _, c := range r.changes {
		for _, id := range c.Order.Duties {
			i := slices.IndexFunc(r.Entries, func(e ledger.Entry) bool {
				return e.Plan == r.Plan && e.ID == id && e.Bureau == c.Order.Bureau
			})
			if i < 0 {
				continue
			}
			var refused ledger.Refusal
			if _, err := ledger.Apply(r.Entries[i], c.Order); errors.As(err, &refused) {
				r.problem(c.Rows[0], "", "%s", string(refused))
			}
		}
	}
	slices.SortStableFunc(r.problems, func(a, b Problem) int { return cmp.Compare(a.Row, b.Row) })
}
