package knowledge

import (
	"slices"
	"strings"
	"unicode/utf8"

	"huiwen/knowledge/plan"
	"huiwen/knowledge/segment"
)

// A Conflict is that two documents give different sums for one thing.
type Conflict struct {
	For   string
	Sides []Side
}

// A Side is what one document says.
type Side struct {
	Measure   *Measure // of the document, or of the plan
	Amounts   []plan.Amount
	Confirmed bool
}

// Document is the id of the side's document, "" for the plan.
func (s Side) Document() string {
	if s.Measure.Doc == nil {
		return ""
	}
	return s.Measure.Doc.ID
}

// minPurpose is how long what a sum is for must be to name one thing, in runes.
const minPurpose = 4

// maxPurposes bounds how many sums are compared with each other.
const maxPurposes = 2000

// findConflicts compares the sums of the plan and the documents, in their order.
func findConflicts(measures []*Measure, confirmed bool, docs []*Document) []Conflict {
	if len(docs) == 0 {
		return nil
	}
	sides := purposes(measures, confirmed)
	for _, d := range docs {
		sides = append(sides, purposes(d.Measures, d.Confirmed)...)
	}
	sides = sides[:min(maxPurposes, len(sides))]
	var out []Conflict
	for i, a := range sides {
		for _, b := range sides[i+1:] {
			if a.Document() != b.Document() && sameThing(a.purpose, b.purpose) && !agree(a.Amounts, b.Amounts) {
				out = append(out, Conflict{a.Amounts[0].For, []Side{a.Side, b.Side}})
			}
		}
	}
	return out
}

type purpose struct {
	Side
	purpose string
}

// purposes groups the sums of measures by what they are for.
func purposes(measures []*Measure, confirmed bool) []purpose {
	var out []purpose
	for _, m := range measures {
		for _, a := range m.Amounts {
			key := segment.Fold(a.For, 0)
			if utf8.RuneCountInString(key) < minPurpose {
				continue
			}
			i := slices.IndexFunc(out, func(p purpose) bool { return p.Measure == m && p.purpose == key })
			if i < 0 {
				i = len(out)
				out = append(out, purpose{Side{Measure: m, Confirmed: confirmed}, key})
			}
			out[i].Amounts = append(out[i].Amounts, a)
		}
	}
	return out
}

func sameThing(a, b string) bool { return strings.Contains(a, b) || strings.Contains(b, a) }

// agree reports whether all sums of one side stand on the other.
func agree(a, b []plan.Amount) bool {
	in := func(a, b []plan.Amount) bool {
		return !slices.ContainsFunc(a, func(x plan.Amount) bool {
			return !slices.ContainsFunc(b, func(y plan.Amount) bool { return worth(x) == worth(y) })
		})
	}
	return in(a, b) || in(b, a)
}

// worth is a sum without its scale: 1万元 and 10000元 are one.
func worth(a plan.Amount) [2]any {
	value, unit := a.Value, a.Unit
	for _, scale := range []struct {
		word string
		by   float64
	}{{"亿", 1e8}, {"万", 1e4}} {
		if rest, ok := strings.CutPrefix(unit, scale.word); ok {
			value, unit = value*scale.by, rest
		}
	}
	return [2]any{value, unit}
}

// A Disagreement is a Conflict as it is listed for people. Its JSON is printed;
// names never change.
type Disagreement struct {
	Plan  string   `json:"plan"` // that it was found beside
	For   string   `json:"for"`
	Sides []string `json:"sides"` // measure: sums
	// Settled tells that one side is confirmed: its sum is told, else none is.
	Settled bool `json:"settled"`
}

// Disagreements lists the sums that the documents of the edition give otherwise
// than its plans or each other.
func (e Edition) Disagreements() ([]Disagreement, error) {
	docs, err := e.Documents()
	if err != nil || len(docs) == 0 {
		return nil, err
	}
	plans, err := e.ReadPlans()
	if err != nil {
		return nil, err
	}
	confirmed, err := e.Confirmed()
	if err != nil {
		return nil, err
	}
	var out []Disagreement
	for _, p := range plans {
		var measures []*Measure
		for i := range p.Plan.Items {
			measures = append(measures, newMeasure(&p.Plan.Items[i], nil))
		}
		at := slices.ContainsFunc(confirmed, func(c Confirmation) bool { return c.Document == p.ID })
		for _, c := range findConflicts(measures, at, docs) {
			d := Disagreement{Plan: p.ID, For: c.For}
			for _, s := range c.Sides {
				var sums []string
				for _, a := range s.Amounts {
					sums = append(sums, a.Text)
				}
				d.Sides = append(d.Sides, s.Measure.No+"："+strings.Join(sums, "、"))
				d.Settled = d.Settled || s.Confirmed
			}
			if overlaps(p.Plan.Valid, c) {
				out = append(out, d)
			}
		}
	}
	return out, nil
}

// overlaps reports whether every document of a conflict is in force on some day
// of the plan's time.
func overlaps(v plan.Span, c Conflict) bool {
	return !slices.ContainsFunc(c.Sides, func(s Side) bool {
		d := s.Measure.Doc
		return d != nil && (v.To != "" && d.Valid.From > v.To || d.Valid.To != "" && d.Valid.To < v.From)
	})
}

// Conflicts lists the sums that documents in force on a day disagree on.
func (s *Snapshot) Conflicts(day string) []Conflict {
	var out []Conflict
	for _, c := range s.conflicts {
		if !slices.ContainsFunc(c.Sides, func(x Side) bool { return x.Measure.Doc != nil && !x.Measure.Doc.InForce(day) }) {
			out = append(out, c)
		}
	}
	return out
}

// A Dispute is a sum of a measure that another document gives otherwise.
type Dispute struct {
	Amounts []plan.Amount
	// Instead is the confirmed side, nil when nobody has confirmed any.
	Instead *Side
}

// Disputes lists the sums of a measure that may not be told as they stand: others
// are confirmed instead, or none is.
func (s *Snapshot) Disputes(m *Measure, day string) []Dispute {
	var out []Dispute
	for _, c := range s.Conflicts(day) {
		i := slices.IndexFunc(c.Sides, func(x Side) bool { return x.Measure == m })
		if i < 0 || c.Sides[i].Confirmed && (!c.Sides[1-i].Confirmed || i == 0) {
			continue // its own sum is confirmed, of two confirmed ones the first in the order
		}
		d := Dispute{Amounts: c.Sides[i].Amounts}
		if other := c.Sides[1-i]; other.Confirmed {
			d.Instead = &other
		}
		out = append(out, d)
	}
	return out
}
