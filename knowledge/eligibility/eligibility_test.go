package eligibility_test

import (
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"pgregory.net/rapid"

	"huiwen/knowledge/eligibility"
	"huiwen/seeds"
)

var day = time.Date(2022, 9, 15, 12, 0, 0, 0, time.UTC)

func rules(t testing.TB) *eligibility.Rules {
	t.Helper()
	r, err := eligibility.Load(seeds.Files)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestVerdictsOfStories(t *testing.T) {
	r := rules(t)
	tests := []struct {
		programme, story string
		want             eligibility.Verdict
	}{
		{"startup-subsidy", "我是退役军人，头一回开店，2021年8月办的执照，一直开着", eligibility.Likely},
		{"startup-subsidy", "我是退役军人，头一回开店，执照才八个月", eligibility.Unlikely},
		{"startup-subsidy", "我是退役军人，以前开过超市，去年6月又办了执照", eligibility.Unlikely},
		{"startup-subsidy", "我是退役军人，头一回开店，执照一年了", eligibility.Likely}, // the boundary itself
		{"startup-subsidy", "开了个店", eligibility.Undecided},
		{"startup-subsidy", "城里人，不是农民工，第一次开店，办了执照一年半", eligibility.Undecided}, // the list of groups ends with 等
		{"travel-subsidy", "脱贫户，第一次出省去广东打工", eligibility.Likely},
		{"travel-subsidy", "不是脱贫户，第一次出省去广东打工", eligibility.Unlikely},
		{"travel-subsidy", "脱贫户，在贵阳工地上打工", eligibility.Unlikely},
		{"graduate-job-seeking", "家里困难，今年本科毕业，愿意自己申请", eligibility.Likely},
		{"graduate-job-seeking", "家里条件可以，今年本科毕业", eligibility.Unlikely},
		{"rent-subsidy", "吃着低保，在外面租房", eligibility.Likely},
		{"rent-subsidy", "低保还在审，在外面租房", eligibility.Undecided},
		{"unschooled-training", "没读过书，今年五十九岁", eligibility.Likely},
		{"unschooled-training", "没读过书，今年六十岁", eligibility.Unlikely},
		{"certificate-subsidy", "农村户口，考试没过没拿到证", eligibility.Unlikely},
		{"rural-minimum-living", "农村户口，家里穷", eligibility.Undecided}, // no stated condition is never 初步符合
	}
	for _, tt := range tests {
		p := r.Programme(tt.programme)
		if p == nil {
			t.Fatalf("no programme %s", tt.programme)
		}
		facts := r.Read(strings.ReplaceAll(tt.story, "，", ","), day)
		if got := p.Judge(facts).Verdict; got != tt.want {
			t.Errorf("%s, %q: %s, want %s; understood %v", tt.programme, tt.story, got, tt.want, facts)
		}
	}
}

// drawFacts is what somebody may have told of the facts of a programme.
func drawFacts(t *rapid.T, r *eligibility.Rules, p *eligibility.Programme) eligibility.Facts {
	out := eligibility.Facts{}
	for _, id := range p.When.Facts() {
		switch rapid.IntRange(0, 2).Draw(t, id) {
		case 1:
			out[id] = eligibility.Value{Known: true, Bool: true, Number: float64(rapid.IntRange(0, 100).Draw(t, id+" number"))}
		case 2:
			out[id] = eligibility.Value{Known: true, Number: float64(rapid.IntRange(0, 100).Draw(t, id+" number"))}
		}
	}
	return out
}

// TestOneMoreFactNeverTurnsAVerdict: what was likely or unlikely stays so
// whatever else is told.
func TestOneMoreFactNeverTurnsAVerdict(t *testing.T) {
	r := rules(t)
	for _, p := range r.Programmes {
		if p.When == nil {
			continue
		}
		rapid.Check(t, func(t *rapid.T) {
			facts := drawFacts(t, r, p)
			before := p.Judge(facts).Verdict
			for _, id := range p.When.Facts() {
				if facts[id].Known {
					continue
				}
				for _, v := range []eligibility.Value{eligibility.True(), eligibility.False(), eligibility.Of(30)} {
					after := p.Judge(facts.With(id, v)).Verdict
					if before != eligibility.Undecided && after != before {
						t.Fatalf("%s: %s turned %s into %s", p.ID, id, before, after)
					}
				}
			}
		})
	}
}

// TestAskingEnds: answering what is asked comes to an end, never asks the same
// twice and never asks what cannot change the verdict.
func TestAskingEnds(t *testing.T) {
	r := rules(t)
	for _, p := range r.Programmes {
		if p.When == nil {
			continue
		}
		rapid.Check(t, func(t *rapid.T) {
			facts, asked := eligibility.Facts{}, map[string]bool{}
			for {
				id := p.Next(facts, nil, r)
				if id == "" {
					break
				}
				if asked[id] {
					t.Fatalf("%s asks for %s twice", p.ID, id)
				}
				asked[id] = true
				if p.Judge(facts).Verdict != eligibility.Undecided {
					t.Fatalf("%s asks for %s after the verdict", p.ID, id)
				}
				yes := rapid.Bool().Draw(t, id)
				facts = facts.With(id, eligibility.Value{Known: true, Bool: yes, Number: float64(rapid.IntRange(0, 60).Draw(t, id+" number"))})
			}
		})
	}
}

func TestSensitiveFactsAreAskedLast(t *testing.T) {
	r := rules(t)
	p := r.Programme("rent-subsidy")
	if first := r.Fact(p.Next(eligibility.Facts{}, nil, r)); first == nil || first.Sensitive {
		t.Errorf("asks first for %+v", first)
	}
}

func TestLoadNamesTheMistake(t *testing.T) {
	facts := "- id: a\n  type: bool\n  name: A\n  question: A?\n"
	tests := []struct{ name, programmes, says string }{
		{"unknown key", "- id: x\n  clas: 可申领\n", "programmes/p.yaml:2:3: field clas not found"},
		{"unknown class", "- id: x\n  class: 免费\n", "programmes/p.yaml:2:10: programme x: class \"免费\""},
		{"unknown fact", "- id: x\n  class: 可申领\n  when: {all: [{name: 名称, fact: b}]}\n", "  when: {all: [{name: 名称, fact: b}]}\n  ......................．．........^"},
		{"same id", "- id: x\n  class: 可申领\n- id: x\n  class: 可申领\n", "programmes/p.yaml:3:7: programme \"x\": id is empty or stands twice"},
		{"bad pattern", "- id: x\n  class: 可申领\n  asked: ['(']\n", "programmes/p.yaml:3:11:"},
	}
	for _, tt := range tests {
		fsys := fstest.MapFS{"programmes/facts.yaml": {Data: []byte(facts)}, "programmes/p.yaml": {Data: []byte(tt.programmes)}}
		if _, err := eligibility.Load(fsys); err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %v does not say %q", tt.name, err, tt.says)
		}
	}
}

// TestSeamsAreTold: two age ranges that leave out or share the bound itself.
func TestSeamsAreTold(t *testing.T) {
	facts := "- {id: age, type: number, unit: 周岁, name: 年龄, question: 多大, why: 因为}\n"
	for rule, want := range map[string]string{
		"[{fact: age, below: 60}, {fact: age, above: 60}]":    "正好是 60 时落空",
		"[{fact: age, atMost: 60}, {fact: age, atLeast: 60}]": "正好是 60 时重叠",
		"[{fact: age, below: 60}, {fact: age, atLeast: 60}]":  "",
	} {
		fsys := fstest.MapFS{"programmes/facts.yaml": {Data: []byte(facts)},
			"programmes/p.yaml": {Data: []byte("- id: x\n  class: 可申领\n  when: {any: " + rule + ", name: 年龄, quote: 年龄, open: true}\n")}}
		r, err := eligibility.Load(fsys)
		if err != nil {
			t.Fatal(err)
		}
		got := strings.Join(r.Problems(r.Programme("x")), ";")
		if want == "" && strings.Contains(got, "正好是") || !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q", rule, got, want)
		}
	}
}

func TestTheShippedRulesHaveNoProblem(t *testing.T) {
	r := rules(t)
	for _, p := range r.Programmes {
		for _, problem := range r.Problems(p) {
			t.Errorf("%s: %s", p.ID, problem)
		}
	}
}

func TestQuantity(t *testing.T) {
	tests := []struct {
		words, unit string
		want        float64
	}{
		{"一年半", "个月", 18}, {"八个月", "个月", 8}, {"一年零两个月", "个月", 14}, {"去年6月", "个月", 15}, {"半年", "个月", 6}, {"2年", "个月", 24},
		{"五十九", "周岁", 59}, {"60岁", "周岁", 60},
	}
	for _, tt := range tests {
		if got, ok := eligibility.Quantity(tt.words, tt.unit, day); !ok || got.Number > tt.want || max(got.Number, got.Upto) < tt.want {
			t.Errorf("%s: %v %v, want %v", tt.words, got, ok, tt.want)
		}
	}
}
