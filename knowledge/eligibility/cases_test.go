package eligibility_test

import (
	"io/fs"
	"slices"
	"testing"

	"go.yaml.in/yaml/v3"

	"huiwen/knowledge/eligibility"
	"huiwen/seeds"
)

// A person of a programme's case file.
type person struct {
	Name  string         `yaml:"name"`
	Facts map[string]any `yaml:"facts"`
	Story string         `yaml:"story"`
	Want  string         `yaml:"want"`
}

func (p person) told(t *testing.T, r *eligibility.Rules) eligibility.Facts {
	t.Helper()
	if p.Story != "" {
		return r.Read(p.Story, day)
	}
	out := eligibility.Facts{}
	for id, v := range p.Facts {
		if r.Fact(id) == nil {
			t.Fatalf("%s: no fact %s", p.Name, id)
		}
		switch v := v.(type) {
		case bool:
			out[id] = eligibility.Value{Known: true, Bool: v}
		case int:
			out[id] = eligibility.Of(float64(v))
		case float64:
			out[id] = eligibility.Of(v)
		case string:
			out[id] = eligibility.Picked(v)
		}
	}
	return out
}

// TestEveryProgrammeKeepsItsCases: each programme with conditions has a file of
// people; their verdicts hold, and every condition is met, failed and unknown in
// some case.
func TestEveryProgrammeKeepsItsCases(t *testing.T) {
	r := rules(t)
	for _, p := range r.Programmes {
		if p.When == nil {
			continue
		}
		t.Run(p.ID, func(t *testing.T) {
			data, err := fs.ReadFile(seeds.Files, "programmes/cases/"+p.ID+".yaml")
			if err != nil {
				t.Fatal(err)
			}
			var people []person
			if err := yaml.Unmarshal(data, &people); err != nil {
				t.Fatal(err)
			}
			seen := make([][]eligibility.Answer, len(p.When.Top()))
			for _, who := range people {
				facts := who.told(t, r)
				if got := p.Judge(facts).Verdict; string(got) != who.Want {
					t.Errorf("%s: %s, want %s; told %v", who.Name, got, who.Want, facts)
				}
				for i, c := range p.When.Top() {
					seen[i] = append(seen[i], c.Check(facts))
				}
			}
			for i, c := range p.When.Top() {
				for _, a := range []eligibility.Answer{eligibility.Yes, eligibility.No, eligibility.Unknown} {
					if !slices.Contains(seen[i], a) && !(a == eligibility.No && c.Open) {
						t.Errorf("no case in which %q is %s", c.Name, a)
					}
				}
			}
		})
	}
}
