// Package paper makes the papers of the office out of the ledger: the ledger as a
// table, and drafts for people to edit.
package paper

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"huiwen/knowledge/calendar"
	"huiwen/knowledge/directory"
	"huiwen/knowledge/plan"
	"huiwen/scheduler/ledger"
)

// An Item is one measure of the plan, also one that nobody has a duty of yet.
type Item struct {
	No, Label, Text string
	Bureaus         []plan.Bureau
	Targets         []plan.Target
}

// A Source is what papers are made of.
type Source struct {
	Title    string // of the plan
	Plan     string
	AsOf     calendar.Day
	Items    []Item
	Entries  []ledger.Entry
	Calendar *calendar.Calendar
	People   *directory.Directory
}

// Columns are those of the office's ledger.
func (s Source) Columns() []string {
	return []string{"序号", "任务内容", "目标", "责任单位（列首位/其他）", "时限", "完成情况（截至" + s.AsOf.Format("1月2日") + "）", "完成率", "存在问题", "下步打算", "需协调事项", "状态", "填报人/审核人/联系电话"}
}

// A Row is a measure in the ledger, all its bureaus together.
type Row struct {
	Item    Item
	Entries []ledger.Entry
	Light   ledger.Light // the worst of its bureaus
	Word    string
	Cells   []string
}

// worst orders lights.
var worst = map[ledger.Light]int{ledger.Red: 0, ledger.Yellow: 1, ledger.Green: 2, ledger.Grey: 3, "": 4}

// Rows are the measures in the order of the plan; a measure without an entry has a
// row too.
func (s Source) Rows() []Row {
	byNo := map[string][]ledger.Entry{}
	for _, e := range s.Entries {
		if e.Plan == s.Plan || s.Plan == "" {
			byNo[e.No] = append(byNo[e.No], e)
		}
	}
	var out []Row
	for i, it := range s.Items {
		r := Row{Item: it, Entries: current(byNo[it.No], s.AsOf)}
		for _, e := range r.Entries {
			if l, word := e.Light(s.Calendar, s.AsOf); worst[l] < worst[r.Light] {
				r.Light, r.Word = l, word
			}
		}
		r.Cells = s.cells(i+1, r)
		out = append(out, r)
	}
	return out
}

// current keeps of what recurs the turn of the day, or the last before it.
func current(list []ledger.Entry, today calendar.Day) []ledger.Entry {
	var out []ledger.Entry
	at := map[string]int{}
	for _, e := range list {
		base, _, recurs := strings.Cut(e.ID, "@")
		if e.State == ledger.Dropped {
			continue
		}
		key := base + "|" + e.Bureau
		i, have := at[key]
		switch {
		case !recurs || !have:
			at[key] = len(out)
			out = append(out, e)
		case out[i].Due.Before(today.Time):
			out[i] = e
		}
	}
	return out
}

func (s Source) cells(n int, r Row) []string {
	var targets, dues, rates, done, states, issues, next, help []string
	add := func(list *[]string, text string) {
		if text != "" && !slices.Contains(*list, text) {
			*list = append(*list, text)
		}
	}
	for _, t := range r.Item.Targets {
		add(&targets, t.Hedge+t.What+t.Text)
	}
	for _, e := range r.Entries {
		d := e.InForce()
		if d.HasDue() {
			due := d.Due.Chinese()
			if last := s.Calendar.Back(d.Due); last != d.Due {
				due += "（最后一个工作日" + last.Format("1月2日") + "）"
			}
			add(&dues, due)
		}
		if share, ok := e.Share(); ok && e.Figure.Measured != ledger.Growth {
			add(&rates, fmt.Sprintf("%s%.0f%%", e.Figure.What, share*100))
		}
		add(&done, s.progress(e))
		_, i, nx, h := split(lastText(e))
		for list, text := range map[*[]string]string{&issues: i, &next: nx, &help: h} {
			if text != "" {
				add(list, e.Bureau+"："+text)
			}
		}
		l, word := e.Light(s.Calendar, s.AsOf)
		add(&states, fmt.Sprintf("%s：%s，%s %s", e.Bureau, e.State, l, word))
	}
	join := func(list []string) string { return strings.Join(list, "\n") }
	due := cmp.Or(join(dues), "没有写明期限")
	return []string{fmt.Sprint(n), r.Item.Text, cmp.Or(join(targets), "—"), s.bureaus(r), due, cmp.Or(join(done), "尚未填报"), cmp.Or(join(rates), "—"), join(issues), join(next), join(help), cmp.Or(join(states), "尚未交办"), s.people(r)}
}

// bureaus parts who is named first from the others.
func (s Source) bureaus(r Row) string {
	var first, others []string
	add := func(name string, isFirst bool, more string) {
		list := &others
		if isFirst {
			list = &first
		}
		if s.People != nil {
			if now := s.People.Today(name, s.AsOf.Time); now != name {
				more += "（现：" + now + "）"
			}
		}
		if name += more; !slices.Contains(*list, name) {
			*list = append(*list, name)
		}
	}
	for _, b := range r.Item.Bureaus {
		more := ""
		if b.Collective {
			more = "（待分解）"
		}
		add(b.Name, b.First, more)
	}
	for _, e := range r.Entries {
		if e.ByHand {
			add(e.Bureau, e.First, "")
		}
	}
	out := "列首位：" + cmp.Or(strings.Join(first, "、"), "—")
	if len(others) > 0 {
		out += "\n其他：" + strings.Join(others, "、")
	}
	return out
}

// progress is what a bureau said last.
func (s Source) progress(e ledger.Entry) string {
	r := e.Latest()
	if r == nil {
		return ""
	}
	out := e.Bureau + "："
	if r.Value != nil && e.Figure != nil {
		out += fmt.Sprintf("%s年初至今%s%s", e.Figure.What, ledger.Number(*r.Value), e.Figure.Unit)
		if !r.Until.IsZero() {
			out += "（数据截至" + r.Until.Format("1月2日") + "）"
		}
	}
	if text, _, _, _ := split(lastText(e)); text != "" {
		out += " " + text
	}
	return strings.TrimSuffix(out, "：")
}

func lastText(e ledger.Entry) string {
	for _, r := range slices.Backward(e.Reports) {
		if r.Text != "" {
			return r.Text
		}
	}
	return ""
}

var heads = regexp.MustCompile(`(?:存在)?(问题)[：:]|(下一?步)(?:打算|工作)?[：:]|需?(?:要)?(协调)(?:事项)?[：:]`)

// split parts what a bureau wrote by the heads it wrote: 问题：…下步：…协调：….
func split(text string) (done, issue, next, help string) {
	at := heads.FindAllStringSubmatchIndex(text, -1)
	end := len(text)
	for _, m := range slices.Backward(at) {
		part := strings.Trim(text[m[1]:end], " ，,；;。")
		switch end = m[0]; {
		case m[2] >= 0:
			issue = part
		case m[4] >= 0:
			next = part
		default:
			help = part
		}
	}
	return strings.Trim(text[:end], " ，,；;"), issue, next, help
}

// people are who reported last and who reviewed last; the directory holds no
// telephone numbers.
func (s Source) people(r Row) string {
	var wrote, reviewed string
	for _, e := range r.Entries {
		if n := len(e.Reports); n > 0 && (wrote == "" || e.First) {
			wrote = e.Reports[n-1].Person
		}
		for _, d := range e.History {
			if d.Role == "审核" && d.Person != "" && d.Person != "系统" {
				reviewed = d.Person
			}
		}
	}
	return cmp.Or(wrote, "—") + "/" + cmp.Or(reviewed, "—") + "/"
}
