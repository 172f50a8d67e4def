package knowledge

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"huiwen/knowledge/plan"
)

// correctionsFile is where an edition keeps what was set by hand.
const correctionsFile = "corrections.yaml"

// A Correction sets one field of what a main plan was read as by hand. It is
// kept when the plan is imported again, and found by its quote then.
type Correction struct {
	Plan string `yaml:"plan" json:"plan"` // id of the main plan
	// Measure is the label of the item, "" for a field of the plan itself.
	Measure string `yaml:"measure,omitempty" json:"measure"`
	// Quote is a verbatim span of the item; a correction whose quote stands in no
	// item any more does nothing and is listed.
	Quote string `yaml:"quote,omitempty" json:"quote"`
	// Field is the name of the field as `plan inspect --json` prints it.
	Field string `yaml:"field" json:"field"`
	// Value is the JSON of the whole field.
	Value string `yaml:"value" json:"value"`
	By    string `yaml:"by,omitempty" json:"by,omitempty"`
	Why   string `yaml:"why,omitempty" json:"why,omitempty"`
}

// ErrCorrection marks a correction that cannot be applied.
var ErrCorrection = errors.New("更正")

// ItemFields and PlanFields are what may be set by hand.
var (
	ItemFields = []string{"heading", "bureaus", "etc", "targets", "deadlines", "amounts", "groups", "deliverables"}
	PlanFields = []string{"title", "issued", "valid", "disclosure", "goals"}
)

// Corrections lists what the edition sets by hand.
func (e Edition) Corrections() ([]Correction, error) {
	var out []Correction
	if err := yaml.Unmarshal(e[correctionsFile], &out); err != nil {
		return nil, fmt.Errorf("%s: %w", correctionsFile, err)
	}
	return out, nil
}

// WithCorrections is the edition with exactly these corrections.
func (e Edition) WithCorrections(list []Correction) (Edition, error) {
	if len(list) == 0 {
		return e.With(correctionsFile, nil), nil
	}
	data, err := yaml.Marshal(list)
	if err != nil {
		return nil, fmt.Errorf("write the corrections: %w", err)
	}
	return e.With(correctionsFile, data), nil
}

// Corrected is the edition with a correction added, in place of one of the same
// field. It fails when the correction cannot be applied.
func (e Edition) Corrected(c Correction) (Edition, error) {
	plans, err := e.ReadPlans()
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(plans, func(p ReadPlan) bool { return p.ID == c.Plan })
	if i < 0 {
		return nil, fmt.Errorf("%w：没有 %q 这份计划", ErrCorrection, c.Plan)
	}
	p := plans[i].Plan
	if c.Measure != "" && c.Quote == "" {
		it, ok := p.Item(c.Measure)
		if !ok {
			return nil, fmt.Errorf("%w：计划里没有第 %s 项", ErrCorrection, c.Measure)
		}
		c.Quote = firstRunes(it.Text, quoteRunes)
	}
	if done, err := c.apply(p); err != nil {
		return nil, err
	} else if !done {
		return nil, fmt.Errorf("%w：第 %s 项里找不到“%s”", ErrCorrection, c.Measure, c.Quote)
	}
	list, err := e.Corrections()
	if err != nil {
		return nil, err
	}
	list = slices.DeleteFunc(list, func(old Correction) bool {
		return old.Plan == c.Plan && old.Measure == c.Measure && old.Field == c.Field
	})
	return e.WithCorrections(append(list, c))
}

const quoteRunes = 24

func firstRunes(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n])
	}
	return s
}

// apply sets the field; done is false when the quote stands nowhere.
func (c Correction) apply(p *plan.Plan) (done bool, err error) {
	if c.Measure == "" && c.Quote == "" {
		if !slices.Contains(PlanFields, c.Field) {
			return false, fmt.Errorf("%w：计划没有 %q 这个可以更正的字段，可以更正 %s", ErrCorrection, c.Field, strings.Join(PlanFields, "、"))
		}
		return true, setField(p, c.Field, c.Value)
	}
	if !slices.Contains(ItemFields, c.Field) {
		return false, fmt.Errorf("%w：任务没有 %q 这个可以更正的字段，可以更正 %s", ErrCorrection, c.Field, strings.Join(ItemFields, "、"))
	}
	it := c.item(p)
	if it == nil {
		return false, nil
	}
	alone := plan.Item{Text: it.Text}
	if err := setField(&alone, c.Field, c.Value); err != nil {
		return false, err
	}
	if alien := alone.Alien(); alien != "" {
		return false, fmt.Errorf("%w：“%s”不是第 %s 项的原文，更正只能用原文里的字句", ErrCorrection, alien, it.No)
	}
	return true, setField(it, c.Field, c.Value)
}

// item is the item that the quote stands in: the one of the same number if it
// does, else the first.
func (c Correction) item(p *plan.Plan) *plan.Item {
	var found *plan.Item
	for i := range p.Items {
		it := &p.Items[i]
		if !strings.Contains(it.Text, c.Quote) {
			continue
		}
		if it.No == c.Measure {
			return it
		}
		found = cmp.Or(found, it)
	}
	return found
}

// setField decodes the JSON of one field in place of what v holds.
func setField(v any, field, value string) error {
	name, err := json.Marshal(field)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrCorrection, err)
	}
	clear, _ := json.Marshal(map[string]any{field: nil})
	_ = json.Unmarshal(clear, v) // a list decoded over another would keep old elements' fields
	d := json.NewDecoder(strings.NewReader("{" + string(name) + ":" + value + "}"))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return fmt.Errorf("%w：字段 %s 的值读不懂，要写成 plan inspect --json 里的样子：%w", ErrCorrection, field, err)
	}
	return nil
}

// A ReadPlan is a main plan of an edition as read and corrected.
type ReadPlan struct {
	ID   string
	Plan *plan.Plan
	// Lost are the corrections whose quote stands in no item any more.
	Lost []Correction
}

// ReadPlans reads the main plans and applies what was set by hand, the earliest
// in force first. The error wraps [ErrNoPlan] when there is none.
func (e Edition) ReadPlans() ([]ReadPlan, error) {
	terms, err := e.terms()
	if err != nil {
		return nil, err
	}
	corrections, err := e.Corrections()
	if err != nil {
		return nil, err
	}
	var out []ReadPlan
	for _, id := range e.PlanIDs() {
		// what is in an edition was read within its time when it came in
		p, err := readings.read(context.Background(), string(e[PlanPath(id)]), terms)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", PlanPath(id), err)
		}
		r := ReadPlan{ID: id, Plan: p}
		for i, c := range corrections {
			if c.Plan != id {
				continue
			}
			done, err := c.apply(p)
			if err != nil {
				return nil, fmt.Errorf("%s: entry %d: %w", correctionsFile, i+1, err)
			}
			if !done {
				r.Lost = append(r.Lost, c)
			}
		}
		out = append(out, r)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%w in plan/*.txt", ErrNoPlan)
	}
	slices.SortStableFunc(out, func(a, b ReadPlan) int {
		return cmp.Or(cmp.Compare(a.Plan.Valid.From, b.Plan.Valid.From), cmp.Compare(a.Plan.Issued, b.Plan.Issued))
	})
	return out, nil
}

// Read reads the text of a plan as the edition would, within the time of ctx.
func (e Edition) Read(ctx context.Context, text string) (*plan.Plan, error) {
	terms, err := e.terms()
	if err != nil {
		return nil, err
	}
	return readings.read(ctx, text, terms)
}

// terms are the standard terms that misprints are compared with.
func (e Edition) terms() ([]string, error) {
	var terms []string
	if err := yaml.Unmarshal(e["terms.yaml"], &terms); err != nil {
		return nil, fmt.Errorf("terms.yaml: %w", err)
	}
	return terms, nil
}

// QuoteOf is the span of an item that a correction is found by.
func QuoteOf(it *plan.Item) string { return firstRunes(it.Text, quoteRunes) }

// Applies reports whether a correction can be made to an item: its value holds
// no word that the item does not.
func Applies(c Correction, it *plan.Item) bool {
	alone := plan.Item{Text: it.Text}
	return slices.Contains(ItemFields, c.Field) && setField(&alone, c.Field, c.Value) == nil && alone.Alien() == ""
}
