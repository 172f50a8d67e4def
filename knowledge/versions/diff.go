package versions

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"huiwen/knowledge"
	"huiwen/knowledge/plan"
)

// The kinds of a Change.
const (
	Added   = "added"   // 新增
	Changed = "changed" // 改动
	Dropped = "dropped" // 删去
	Moved   = "moved"   // 只换了编号或章节
	Split   = "split"   // 拆成几项
	Merged  = "merged"  // 几项并成一项
)

// A Diff is what one edition changes of another. Its JSON is printed; names
// never change.
type Diff struct {
	From  string     `json:"from"`
	To    string     `json:"to"`
	Plans []PlanDiff `json:"plans"`
	// Files are the other files that differ: words, similar questions, programmes,
	// documents.
	Files []FileChange `json:"files"`
	// Gone is what rests on sentences that the new edition does not hold.
	Gone []knowledge.Gone `json:"gone"`
	// Disagree is sums that documents of the new edition give otherwise.
	Disagree []knowledge.Disagreement `json:"disagree"`
	// Carried is what was carried over to other words and should be looked at.
	Carried []knowledge.Carried `json:"carried"`
}

// A PlanDiff is what became of one main plan.
type PlanDiff struct {
	ID      string `json:"id"`
	Against string `json:"against"` // the plan it is compared with, "" for none
	// Fields are those of the plan itself.
	Fields  []Field  `json:"fields"`
	Changes []Change `json:"changes"` // in the order of the new plan, dropped ones last
	Same    int      `json:"same"`    // measures without any change
}

// A Change is what became of measures.
type Change struct {
	Kind   string   `json:"kind"`
	Old    []string `json:"old"`
	New    []string `json:"new"`
	Fields []Field  `json:"fields"`
}

// A Field is a field that differs, as people read it.
type Field struct {
	Field string `json:"field"`
	Old   string `json:"old"`
	New   string `json:"new"`
}

// A FileChange is a file that differs.
type FileChange struct {
	Name string `json:"name"`
	Kind string `json:"kind"` // added, changed, dropped
}

// Diff compares a draft with what it was made from.
func (l *Library) Diff(ctx context.Context, id string) (*Diff, error) {
	d, e, err := l.Draft(ctx, id)
	if err != nil {
		return nil, err
	}
	base, err := l.Edition(ctx, d.From)
	if err != nil {
		return nil, err
	}
	return Compare(base, e)
}

// Compare compares two editions.
func Compare(from, to knowledge.Edition) (*Diff, error) {
	was, err := from.ReadPlans()
	if err != nil {
		return nil, err
	}
	is, err := to.ReadPlans()
	if err != nil {
		return nil, err
	}
	d := &Diff{From: from.Hash(), To: to.Hash(), Plans: []PlanDiff{}, Files: []FileChange{}, Gone: []knowledge.Gone{}, Disagree: []knowledge.Disagreement{}, Carried: []knowledge.Carried{}}
	for _, p := range is {
		against := predecessor(was, p)
		if against == nil {
			d.Plans = append(d.Plans, comparePlans(p.ID, "", &plan.Plan{}, p.Plan))
			continue
		}
		if against.ID == p.ID && sameJSON(against.Plan, p.Plan) {
			continue
		}
		d.Plans = append(d.Plans, comparePlans(p.ID, against.ID, against.Plan, p.Plan))
	}
	for _, p := range was {
		if !slices.ContainsFunc(is, func(q knowledge.ReadPlan) bool { return q.ID == p.ID }) {
			d.Files = append(d.Files, FileChange{knowledge.PlanPath(p.ID), Dropped})
		}
	}
	d.Files = append(d.Files, compareFiles(from, to)...)
	before, err := from.Gone()
	if err != nil {
		return nil, err
	}
	after, err := to.Gone()
	if err != nil {
		return nil, err
	}
	for _, g := range after {
		if !slices.Contains(before, g) {
			d.Gone = append(d.Gone, g)
		}
	}
	disagree, err := to.Disagreements()
	if err != nil {
		return nil, err
	}
	d.Disagree = append(d.Disagree, disagree...)
	carriedBefore, err := from.Carried()
	if err != nil {
		return nil, err
	}
	carried, err := to.Carried()
	if err != nil {
		return nil, err
	}
	for _, c := range carried {
		if c.To != "" && !slices.Contains(carriedBefore, c) {
			d.Carried = append(d.Carried, c)
		}
	}
	return d, nil
}

// predecessor is the plan that p is compared with: the same one, else the last
// that began no later, nil when there is none.
func predecessor(was []knowledge.ReadPlan, p knowledge.ReadPlan) *knowledge.ReadPlan {
	var best *knowledge.ReadPlan
	for i := range was {
		if was[i].ID == p.ID {
			return &was[i]
		}
		if best == nil || was[i].Plan.Valid.From <= p.Plan.Valid.From {
			best = &was[i]
		}
	}
	return best
}

func sameJSON(a, b any) bool {
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	return string(x) == string(y)
}

// compareFiles lists the files that differ but for the main plans.
func compareFiles(from, to knowledge.Edition) []FileChange {
	var out []FileChange
	names := map[string]bool{}
	for _, e := range []knowledge.Edition{from, to} {
		for name := range e {
			names[name] = !strings.HasPrefix(name, "plan/")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		_, was := from[name]
		_, is := to[name]
		switch {
		case !names[name] || same(from, to, name):
		case !was:
			out = append(out, FileChange{name, Added})
		case !is:
			out = append(out, FileChange{name, Dropped})
		default:
			out = append(out, FileChange{name, Changed})
		}
	}
	return out
}

// comparePlans compares two plans measure by measure.
func comparePlans(id, against string, was, is *plan.Plan) PlanDiff {
	d := PlanDiff{ID: id, Against: against, Fields: planFields(was, is), Changes: []Change{}}
	p := match(was, is)
	seen := map[int]bool{}    // old measures that a change before has told of
	told := map[string]bool{} // old measures whose split is told
	for n := range p.is {
		c := p.changeOf(n)
		switch {
		case c == nil:
			d.Same++
			seen[p.from[n]] = true
			continue
		case c.Kind == Split && told[c.Old[0]]:
			continue // with its other parts
		}
		if c.Kind == Split {
			told[c.Old[0]] = true
		}
		if p.from[n] >= 0 {
			seen[p.from[n]] = true
		}
		d.Changes = append(d.Changes, *c)
	}
	for o, it := range p.was {
		_, held := p.holds[o]
		if !seen[o] && p.to[o] < 0 && !held && len(p.heirs(o)) == 0 {
			d.Changes = append(d.Changes, Change{Kind: Dropped, Old: []string{it.No}, New: []string{}, Fields: []Field{{"text", it.Text, ""}}})
		}
	}
	return d
}

// changeOf is what became of the new measure n, nil when nothing did.
func (p *pairing) changeOf(n int) *Change {
	it := p.is[n]
	o, part := p.parts[n]
	if !part {
		if o = p.from[n]; o < 0 {
			return &Change{Kind: Added, Old: []string{}, New: []string{it.No}, Fields: []Field{{"text", "", it.Text}}}
		}
	}
	if heirs := p.heirs(o); len(heirs) > 1 || part {
		c := &Change{Kind: Split, Old: []string{p.was[o].No}, New: []string{}, Fields: []Field{{"text", p.was[o].Text, ""}}}
		var texts []string
		for _, h := range heirs {
			c.New = append(c.New, p.is[h].No)
			texts = append(texts, p.is[h].Text)
		}
		c.Fields[0].New = strings.Join(texts, "\n")
		return c
	}
	c := &Change{Kind: Changed, Old: []string{p.was[o].No}, New: []string{it.No}, Fields: itemFields(p.was[o].Item, it.Item)}
	if into := p.into[n]; len(into) > 0 {
		c.Kind, c.Old = Merged, []string{}
		for _, old := range slices.Sorted(slices.Values(append([]int{o}, into...))) {
			c.Old = append(c.Old, p.was[old].No)
		}
	}
	switch {
	case c.Kind == Merged:
		return c
	case len(c.Fields) == 0:
		return nil
	case !slices.ContainsFunc(c.Fields, func(f Field) bool { return f.Field != "no" && f.Field != "path" }):
		c.Kind = Moved
	}
	return c
}

func planFields(was, is *plan.Plan) []Field {
	return differing([]Field{
		{"title", was.Title, is.Title},
		{"issued", was.Issued, is.Issued},
		{"valid", spanText(was.Valid), spanText(is.Valid)},
		{"disclosure", was.Disclosure, is.Disclosure},
		{"goals", list(was.Goals, targetText), list(is.Goals, targetText)},
	})
}

func itemFields(was, is *plan.Item) []Field {
	return differing([]Field{
		{"no", was.No, is.No},
		{"path", list(was.Path, pathText), list(is.Path, pathText)},
		{"heading", was.Heading, is.Heading},
		{"text", was.Text, is.Text},
		{"bureaus", list(was.Bureaus, bureauText), list(is.Bureaus, bureauText)},
		{"etc", yes(was.Etc), yes(is.Etc)},
		{"targets", list(was.Targets, targetText), list(is.Targets, targetText)},
		{"deadlines", list(was.Deadlines, deadlineText), list(is.Deadlines, deadlineText)},
		{"amounts", list(was.Amounts, amountText), list(is.Amounts, amountText)},
		{"groups", strings.Join(was.Groups, "、"), strings.Join(is.Groups, "、")},
		{"deliverables", strings.Join(was.Deliverables, "、"), strings.Join(is.Deliverables, "、")},
	})
}

func differing(all []Field) []Field {
	out := []Field{}
	for _, f := range all {
		if f.Old != f.New {
			out = append(out, f)
		}
	}
	return out
}

func list[T any](all []T, text func(T) string) string {
	var out []string
	for _, x := range all {
		out = append(out, text(x))
	}
	return strings.Join(out, "；")
}

func spanText(s plan.Span) string {
	if s == (plan.Span{}) {
		return ""
	}
	return s.From + "至" + s.To
}

func pathText(h plan.Heading) string { return strings.TrimSpace(h.Label + " " + h.Heading) }

func bureauText(b plan.Bureau) string {
	if b.Lead {
		return b.Name + "（牵头）"
	}
	return b.Name
}

func targetText(t plan.Target) string {
	return strings.Join(strings.Fields(fmt.Sprintf("%s %s %s %s", t.Hedge, t.What, t.Text, t.Due)), " ")
}

func deadlineText(d plan.Deadline) string {
	due := ""
	if d.Due != nil {
		due = " → " + *d.Due
	}
	return d.Text + "（" + d.Kind + "）" + due
}

func amountText(a plan.Amount) string { return strings.TrimSpace(a.For + " " + a.Text) }

func yes(b bool) string {
	if b {
		return "等"
	}
	return ""
}
