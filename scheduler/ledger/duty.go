package ledger

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"huiwen/knowledge/calendar"
	"huiwen/knowledge/plan"
)

// A Measured (指标类型) says what kind of figure a target is: only what adds up
// over the year can lag behind the days gone by.
type Measured string

// The kinds of target.
const (
	Sum    Measured = "累计量"
	Ratio  Measured = "比率"
	Growth Measured = "增速"
	Result Measured = "一次性成果"
)

// A Duty (部门任务) is what one bureau must have done or do by a day. Its JSON is
// kept; field names never change.
type Duty struct {
	// ID is stable: the measure and the place of the duty in it, with the period
	// of one that recurs (7/1@2022-09).
	ID     string `json:"id"`
	No     string `json:"no"`    // measure
	Label  string `json:"label"` // as people read it: 第39项
	Bureau string `json:"bureau"`
	First  bool   `json:"first"` // the bureau is named first
	What   string `json:"what"`  // verbatim: the clause that binds
	// Target is verbatim, "" for none; Figure is what it says.
	Target string       `json:"target,omitempty"`
	Figure *Figure      `json:"figure,omitempty"`
	Hedge  string       `json:"hedge,omitempty"`
	Due    calendar.Day `json:"due,omitzero"`   // zero for a duty without a date
	Rule   string       `json:"rule,omitempty"` // how the date was found: 今年内 → 2022-12-31
	Kind   string       `json:"kind,omitempty"` // once, monthly, quarterly, yearly, multi-year, ""
	// Given is when the bureau got the duty after the plan was armed, zero for with it.
	Given calendar.Day `json:"given,omitzero"`
	// Own tells that the figure is the bureau's own share, as the office split it.
	Own bool `json:"own,omitempty"`
}

// A Figure is the number of a target and how progress counts towards it.
type Figure struct {
	What     string   `json:"what"`
	Value    float64  `json:"value"`
	Unit     string   `json:"unit"`
	AtMost   bool     `json:"at_most,omitempty"` // less is better
	Measured Measured `json:"measured"`
}

// HasDue reports whether the duty has a date.
func (d Duty) HasDue() bool { return !d.Due.IsZero() }

// Recurs reports whether the duty comes again every period.
func (d Duty) Recurs() bool {
	return d.Kind == "monthly" || d.Kind == "quarterly" || d.Kind == "yearly"
}

// Months is how many months lie between two turns of a duty that recurs.
func (d Duty) Months() int {
	return map[string]int{"monthly": 1, "quarterly": 3, "yearly": 12}[d.Kind]
}

// Duties unrolls a plan between two days: a duty per bureau for every hard
// deadline, one per target where a sentence has several, those that recur for
// every period, and one without a date for a measure that has none.
func Duties(p *plan.Plan, from, to calendar.Day) []Duty {
	var out []Duty
	for i := range p.Items {
		it := &p.Items[i]
		var mine []Duty
		for _, d := range it.Deadlines {
			if d.Hard {
				mine = append(mine, deadlineDuties(it, d, len(mine), from, to)...)
			}
		}
		if len(mine) == 0 {
			mine = []Duty{{ID: it.No + "/0", What: firstClause(it)}}
		}
		for _, b := range it.Bureaus {
			if b.Collective {
				continue // off until the office has split the duty
			}
			for _, d := range mine {
				d.No, d.Label, d.Bureau, d.First = it.No, it.Label(), b.Name, b.First
				out = append(out, d)
			}
		}
	}
	return out
}

// deadlineDuties are the duties of one time expression: one per target that
// stands in its sentence, one without a target when none does.
func deadlineDuties(it *plan.Item, d plan.Deadline, before int, from, to calendar.Day) []Duty {
	clause, sentence := around(it, d.Text)
	var out []Duty
	add := func(what string, g plan.Target) {
		first := before + len(out) + 1
		for _, p := range periods(d, from, to) {
			duty := Duty{ID: fmt.Sprintf("%s/%d", it.No, first), What: what, Target: g.Text, Hedge: g.Hedge, Due: p.due, Rule: d.Text, Kind: d.Kind}
			if g.Text != "" {
				duty.Figure = figure(g)
			}
			if p.name != "" {
				duty.ID += "@" + p.name
			}
			if duty.HasDue() {
				duty.Rule += " → " + duty.Due.String()
			}
			out = append(out, duty)
		}
	}
	if d.Kind == "once" || d.Kind == "multi-year" {
		for _, g := range joined(it, sentence) {
			what := clauseWith(it, g.Text)
			if len(out) == 0 {
				what = reaching(sentence, clause, what)
			}
			add(what, g)
		}
	}
	if len(out) == 0 {
		add(clause, plan.Target{Hedge: d.Hedge})
	}
	return out
}

// joined lists the dated targets of a sentence. Two figures of one clause that no
// sign parts are one target: 1989户收入超过1万元.
func joined(it *plan.Item, sentence string) []plan.Target {
	var out []plan.Target
	end := -1
	for _, g := range it.Targets {
		at := strings.Index(sentence, g.Text)
		if at < 0 || g.Due == "" {
			continue
		}
		if end >= 0 && at >= end && !strings.ContainsAny(sentence[end:at], "、,，;；和及并且与") {
			last := &out[len(out)-1]
			last.Text = sentence[end-len(last.Text) : at+len(g.Text)]
		} else {
			out = append(out, g)
		}
		end = at + len(g.Text)
	}
	return out
}

// reaching is the span of a sentence from the clause of its date to that of its
// target, when the date stands in an earlier clause that also binds.
func reaching(sentence, clause, what string) string {
	from, to := strings.Index(sentence, clause), strings.Index(sentence, what)
	if clause == what || from < 0 || to <= from {
		return what
	}
	return sentence[from : to+len(what)]
}

var (
	growing = regexp.MustCompile(`较.*(?:提升|提高|增长|下降)|增长|增速|增幅|递增`)
	falling = regexp.MustCompile(`下降|降低|降到|控制|压减|减少|不超过`)
)

// fewPieces is up to how many pieces a target is a result rather than a sum that
// grows with the year.
const fewPieces = 5

func figure(g plan.Target) *Figure {
	f := &Figure{What: g.What, Value: g.Value, Unit: g.Unit, AtMost: g.Cmp == "<=" || falling.MatchString(g.What), Measured: Sum}
	switch {
	case g.Unit == "%" && growing.MatchString(g.What):
		f.Measured = Growth
	case g.Unit == "%" || g.Unit == "":
		f.Measured = Ratio
	case g.Value <= fewPieces && !strings.Contains(g.Unit, "元"):
		f.Measured = Result
	}
	return f
}

// A period is one turn of a deadline that recurs.
type period struct {
	name string
	due  calendar.Day
}

// periods lists when a deadline falls between two days; one without a date has
// one period without a day.
func periods(d plan.Deadline, from, to calendar.Day) []period {
	if months := (Duty{Kind: d.Kind}).Months(); months > 0 {
		return every(from, to, months)
	}
	if d.Due == nil {
		return []period{{}}
	}
	due, err := calendar.Parse(*d.Due)
	if err != nil {
		return []period{{}}
	}
	return []period{{due: due}}
}

// every lists the ends of periods of so many months that begin in a January.
func every(from, to calendar.Day, months int) []period {
	var out []period
	first := calendar.Day{Time: from.AddDate(0, -int(from.Month()-1), 1-from.Day())}
	for start := first; !start.After(to.Time); start = (calendar.Day{Time: start.AddDate(0, months, 0)}) {
		end := calendar.Day{Time: start.AddDate(0, months, -1)}
		if end.Before(from.Time) {
			continue
		}
		name := end.Format("2006-01")
		if months == 12 {
			name = end.Format("2006")
		}
		out = append(out, period{name, end})
	}
	return out
}

// around is the clause and the sentence of a measure that hold a span.
func around(it *plan.Item, span string) (clause, sentence string) {
	for _, s := range plan.Sentences(it.Body()) {
		if strings.Contains(s, span) {
			sentence = s
			break
		}
	}
	return clauseWith(it, span), sentence
}

func clauseWith(it *plan.Item, span string) string {
	for _, c := range plan.Clauses(it.Body()) {
		if strings.Contains(c, span) {
			return c
		}
	}
	return span
}

// firstClause is what a measure without a date is called by. A clause that only
// says on whose instructions is no name: the next one is added.
func firstClause(it *plan.Item) string {
	clauses := plan.Clauses(it.Body())
	if len(clauses) == 0 {
		return it.Heading
	}
	if len(clauses) > 1 && leadsIn.MatchString(clauses[0]) {
		if joined := clauses[0] + "," + clauses[1]; strings.Contains(it.Text, joined) {
			return joined
		}
		if joined := clauses[0] + "，" + clauses[1]; strings.Contains(it.Text, joined) {
			return joined
		}
	}
	return clauses[0]
}

var leadsIn = regexp.MustCompile(`^(?:根据|按照|围绕|依据|为了|结合|严格按照)`)

// PlanKey names the plan whose duties are kept: the year it is for.
func PlanKey(p *plan.Plan) string {
	for _, day := range []string{p.Valid.To, p.Issued} {
		if len(day) >= 4 {
			return day[:4]
		}
	}
	return "plan"
}

// LastDay is the last day of a plan, the end of its year of issue when it names none.
func LastDay(p *plan.Plan) calendar.Day {
	if d, err := calendar.Parse(p.Valid.To); err == nil {
		return d
	}
	if d, err := calendar.Parse(PlanKey(p) + "-12-31"); err == nil {
		return d
	}
	return calendar.Day{}
}

// Named lists the bureaus of duties in the order of the plan, each once.
func Named(duties []Duty) []string {
	var out []string
	for _, d := range duties {
		if !slices.Contains(out, d.Bureau) {
			out = append(out, d.Bureau)
		}
	}
	return out
}
