package knowledge

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"huiwen/knowledge/eligibility"
	"huiwen/knowledge/plan"
)

// A Carried says which measure of a plan an entry of similar questions belongs
// to, where its quote alone does not say so: the quote was reworded there, or
// stands in several measures. A measure by its number of that plan.
type Carried struct {
	Plan    string `yaml:"plan" json:"plan"`
	Quote   string `yaml:"quote" json:"quote"` // as it stands beside the questions
	Measure string `yaml:"measure" json:"measure"`
	// To is the span that took the quote's place, "" when it stands unchanged.
	To string `yaml:"to,omitempty" json:"to"`
}

// Carried lists what carries over to other words.
func (e Edition) Carried() ([]Carried, error) {
	var out []Carried
	if err := yaml.Unmarshal(e[carriedFile], &out); err != nil {
		return nil, fmt.Errorf("%s: %w", carriedFile, err)
	}
	return out, nil
}

// WithCarried is the edition with exactly these.
func (e Edition) WithCarried(list []Carried) (Edition, error) {
	if len(list) == 0 {
		return e.With(carriedFile, nil), nil
	}
	data, err := yaml.Marshal(list)
	if err != nil {
		return nil, fmt.Errorf("write what carries over: %w", err)
	}
	return e.With(carriedFile, data), nil
}

// A Gone is something that rests on a sentence which its plan does not hold: it
// is left out and should be looked at. Its JSON is printed; names never change.
type Gone struct {
	Plan string `json:"plan"`
	What string `json:"what"` // programme, similar, correction, card
	// ID is the programme's id, the field of a correction, the card, or the topic of
	// similar questions.
	ID    string `json:"id"`
	Quote string `json:"quote"` // the sentence that is missing
}

// Gone lists what of the edition rests on sentences that its plans do not hold.
func (e Edition) Gone() ([]Gone, error) {
	m, err := e.gather()
	if err != nil {
		return nil, err
	}
	rules, err := m.rules()
	if err != nil {
		return nil, err
	}
	var out []Gone
	for _, p := range m.plans {
		for _, rule := range rules.Programmes {
			_, missing := home(p.Plan, rule)
			for _, q := range missing {
				out = append(out, Gone{p.ID, "programme", rule.ID, q})
			}
		}
		_, dropped := assign(p.Plan, m.words.Similar, of(m.carried, p.ID))
		for _, s := range dropped {
			out = append(out, Gone{p.ID, "similar", s.Topic, s.Quote})
		}
		for _, d := range m.docs {
			for _, c := range d.Cards {
				if c.Quote != "" && !slices.ContainsFunc(p.Plan.Items, func(it plan.Item) bool { return strings.Contains(it.Text, c.Quote) }) {
					out = append(out, Gone{p.ID, "card", d.ID + "/" + c.ID, c.Quote})
				}
			}
		}
		for _, c := range p.Lost {
			out = append(out, Gone{p.ID, "correction", c.Field, c.Quote})
		}
	}
	return out, nil
}

// home is the measure that every sentence of a programme stands in: the one of
// its number if it does, else the first. Without one, missing is the sentences that
// stand nowhere, or else one that does not stand beside the others.
func home(p *plan.Plan, rule *eligibility.Programme) (no string, missing []string) {
	for i := range p.Items {
		it := &p.Items[i]
		if rule.StandsIn(it.Text) && (no == "" || it.No == rule.Measure) {
			no = it.No
		}
	}
	if no != "" {
		return no, nil
	}
	sources := rule.Sources()
	for _, q := range sources {
		if !slices.ContainsFunc(p.Items, func(it plan.Item) bool { return strings.Contains(it.Text, q) }) {
			missing = append(missing, q)
		}
	}
	if len(missing) == 0 && len(sources) > 0 {
		missing = sources[len(sources)-1:]
	}
	return "", missing
}

// of is what carries over to one plan, by quote.
func of(list []Carried, id string) map[string]Carried {
	out := map[string]Carried{}
	for _, c := range list {
		if c.Plan == id {
			out[c.Quote] = c
		}
	}
	return out
}

// assign gives each entry of similar questions to the measure that it is carried
// to, else to the one its quote stands in: of the same number if it does, else
// the first.
func assign(p *plan.Plan, list []Similar, carried map[string]Carried) (byNo map[string][]Similar, dropped []Similar) {
	byNo = map[string][]Similar{}
	for _, q := range list {
		no := ""
		if c, ok := carried[q.Quote]; ok {
			if c.To != "" {
				q.Quote = c.To
			}
			if it, ok := p.Item(c.Measure); ok && strings.Contains(it.Text, q.Quote) {
				no = it.No
			}
		}
		for i := 0; i < len(p.Items) && no == ""; i++ {
			if it := &p.Items[i]; it.No == q.Measure && strings.Contains(it.Text, q.Quote) {
				no = it.No
			}
		}
		for i := 0; i < len(p.Items) && no == ""; i++ {
			if it := &p.Items[i]; strings.Contains(it.Text, q.Quote) {
				no = it.No
			}
		}
		if no == "" {
			dropped = append(dropped, q)
			continue
		}
		q.Measure = no
		byNo[no] = append(byNo[no], q)
	}
	return byNo, dropped
}
