package scheduler

import (
	"fmt"
	"strings"

	"huiwen/knowledge/plan"
)

// A Duty (部门任务) is what one bureau must have done or do by a day.
type Duty struct {
	// ID is stable: the measure and the place of the duty in it, with the period
	// of one that recurs (7/1@2022-09).
	ID     string
	No     string // measure
	Bureau string
	First  bool   // the bureau is named first
	What   string // verbatim: the clause that binds
	Target string // verbatim, "" for none
	Hedge  string
	Due    Day    // zero for a duty without a date
	Rule   string // how the date was found: 今年内 → 2022-12-31
	Kind   string // once, monthly, quarterly, yearly, multi-year, ""
}

// HasDue reports whether the duty has a date.
func (d Duty) HasDue() bool { return !d.Due.IsZero() }

// Duties unrolls a plan between two days: a duty per bureau for every hard
// deadline, one per target where a clause has several, those that recur for
// every period, and one without a date for a measure that has none.
func Duties(p *plan.Plan, from, to Day) []Duty {
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
			mine = []Duty{{ID: it.No + "/0", No: it.No, What: firstClause(it)}}
		}
		for _, b := range it.Bureaus {
			if b.Collective {
				continue // off until the office has split the duty
			}
			for _, d := range mine {
				d.Bureau, d.First = b.Name, b.First
				out = append(out, d)
			}
		}
	}
	return out
}

// deadlineDuties are the duties of one time expression: one per target that
// stands in its sentence, one without a target when none does.
func deadlineDuties(it *plan.Item, d plan.Deadline, before int, from, to Day) []Duty {
	clause, sentence := around(it, d.Text)
	var out []Duty
	add := func(what string, g plan.Target) {
		for _, p := range periods(d, from, to) {
			id := fmt.Sprintf("%s/%d", it.No, before+len(out)+1)
			duty := Duty{ID: id, No: it.No, What: what, Target: g.Text, Hedge: g.Hedge, Due: p.due, Rule: d.Text, Kind: d.Kind}
			if p.name != "" {
				duty.ID = fmt.Sprintf("%s/%d@%s", it.No, before+1, p.name)
			}
			if duty.HasDue() {
				duty.Rule = d.Text + " → " + duty.Due.String()
			}
			out = append(out, duty)
		}
	}
	if d.Kind == "once" || d.Kind == "multi-year" {
		for _, g := range it.Targets {
			if strings.Contains(sentence, g.Text) && g.Due != "" {
				add(clauseWith(it, g.Text), g)
			}
		}
	}
	if len(out) == 0 {
		add(clause, plan.Target{Hedge: d.Hedge})
	}
	return out
}

// A period is one turn of a deadline that recurs.
type period struct {
	name string
	due  Day
}

// periods lists when a deadline falls between two days; one without a date has
// one period without a day.
func periods(d plan.Deadline, from, to Day) []period {
	switch d.Kind {
	case "monthly":
		return every(from, to, 1)
	case "quarterly":
		return every(from, to, 3)
	case "yearly":
		return every(from, to, 12)
	}
	if d.Due == nil {
		return []period{{}}
	}
	due, err := ParseDay(*d.Due)
	if err != nil {
		return []period{{}}
	}
	return []period{{due: due}}
}

// every lists the ends of periods of so many months that begin in a January.
func every(from, to Day, months int) []period {
	var out []period
	first := Day{from.AddDate(0, -int(from.Month()-1)%12, 1-from.Day())}
	for start := first; !start.After(to.Time); start = (Day{start.AddDate(0, months, 0)}) {
		end := Day{start.AddDate(0, months, -1)}
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

func firstClause(it *plan.Item) string {
	for _, c := range plan.Clauses(it.Body()) {
		return c
	}
	return it.Heading
}
