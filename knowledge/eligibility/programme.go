package eligibility

import (
	"slices"
	"strings"
)

// A Class says who pays and who may ask.
type Class string

// The classes of programme.
const (
	Apply      Class = "可申领"
	Enrol      Class = "可报名参加"
	Firm       Class = "经营主体分配" // paid by a cooperative or firm
	Government Class = "政府工作"   // no verdict is given
)

// A Programme (政策项目) is one thing a person may get or join, as data.
type Programme struct {
	ID      string   `yaml:"id"`
	Name    string   `yaml:"name"` // verbatim in the measure
	Names   []string `yaml:"names"`
	Measure string   `yaml:"measure"`
	Class   Class    `yaml:"class"`
	// For is who receives it, verbatim.
	For    string `yaml:"for"`
	Amount Amount `yaml:"amount"`
	// When is the stated conditions; nil when the plan states none.
	When *Condition `yaml:"when"`
	// Unlisted is where the plan speaks of conditions or a trial whose terms it does
	// not give, verbatim: a stated condition may fail, but nothing is ever likely.
	Unlisted string `yaml:"unlisted"`
	// Office is what only an office can judge, verbatim.
	Office []string `yaml:"office"`
	// Silent lists facts that matter and on which the plan is silent: when one
	// is told, nothing can be said.
	Silent []Silence `yaml:"silent"`
	// Stacks is where the text says what excludes or adds up, verbatim.
	Stacks string `yaml:"stacks"`
	// Asked are words by which people ask for this programme (RE2, folded).
	Asked []string `yaml:"asked"`
}

// An Amount is what a programme pays, verbatim, with the words that hedge it.
type Amount struct {
	Quote string `yaml:"quote"` // "" when the plan does not say
	Hedge string `yaml:"hedge"`
}

// A Silence is a fact the plan says nothing about.
type Silence struct {
	Fact string `yaml:"fact"`
	Say  string `yaml:"say"` // 信用记录
}

// A Finding is one condition as a card shows it.
type Finding struct {
	Condition *Condition
	Answer    Answer
}

// A Result is a verdict with its proof.
type Result struct {
	Verdict  Verdict
	Findings []Finding
	// Missing are facts that can still change the verdict.
	Missing []string
	// Silent are told facts that the plan says nothing about.
	Silent []Silence
}

// Judge works out the verdict of p from the facts.
//
// All stated conditions met: likely. One fails: unlikely. Else, without a
// stated condition, or when something told is not provided for: unknown.
func (p *Programme) Judge(f Facts) Result {
	r := Result{Verdict: Undecided}
	if p.When == nil || p.Class == Government {
		return r
	}
	for _, c := range p.When.Top() {
		r.Findings = append(r.Findings, Finding{c, c.Check(f)})
	}
	for _, s := range p.Silent {
		if v := f[s.Fact]; v.Known && v.Bool {
			r.Silent = append(r.Silent, s)
		}
	}
	switch whole := p.When.Check(f); {
	case whole == No:
		r.Verdict = Unlikely
	case whole == Yes && len(r.Silent) == 0 && p.Unlisted == "":
		r.Verdict = Likely
	case whole == Unknown:
		r.Missing = p.When.Missing(f)
	}
	return r
}

// Knows is how much of the conditions the facts settle, from 0 to under 1: all
// of four is more than all of one.
func (p *Programme) Knows(f Facts) float64 {
	if p.When == nil {
		return 0
	}
	top, known := p.When.Top(), 0
	for _, c := range top {
		if c.Check(f) != Unknown {
			known++
		}
	}
	return float64(known) / float64(len(top)+1)
}

// Differ reports whether two tellings differ in a fact that p asks for.
func (p *Programme) Differ(a, b Facts) bool {
	if p.When == nil {
		return false
	}
	return slices.ContainsFunc(p.When.Facts(), func(id string) bool { return a[id].Known && !b[id].Known })
}

// Uses reports whether any of the facts that were told is one that p's verdict
// depends on.
func (p *Programme) Uses(f Facts) bool {
	if p.When == nil {
		return false
	}
	ids := p.When.Facts()
	for _, s := range p.Silent {
		ids = append(ids, s.Fact)
	}
	return slices.ContainsFunc(ids, func(id string) bool { return f[id].Known && !f[id].Assumed })
}

// Next is the fact worth asking first: of those that can still change the
// verdict, not sensitive before sensitive, then the one that settles most.
// Skipped facts are not asked again. It is "" when nothing is left to ask.
func (p *Programme) Next(f Facts, skipped []string, rules *Rules) string {
	missing := p.Judge(f).Missing
	best, bestRank := "", 0
	for _, id := range missing {
		if slices.Contains(skipped, id) {
			continue
		}
		rank := 1 + p.settles(f, id, rules)
		if fact := rules.Fact(id); fact != nil && fact.Sensitive {
			rank -= 100
		}
		if best == "" || rank > bestRank {
			best, bestRank = id, rank
		}
	}
	return best
}

// settles counts how many of the two plain answers to a fact end the asking: yes
// and no, or nothing and very much.
func (p *Programme) settles(f Facts, id string, rules *Rules) int {
	plain := []Value{True(), False()}
	if fact := rules.Fact(id); fact != nil && fact.Type == Number {
		plain = []Value{Of(0), Of(1e6)}
	}
	n := 0
	for _, v := range plain {
		if p.When.Check(f.With(id, v)) != Unknown {
			n++
		}
	}
	return n
}

// StandsIn reports whether every sentence that the programme rests on is a
// span of the measure's text.
func (p *Programme) StandsIn(text string) bool {
	return !slices.ContainsFunc(p.Sources(), func(q string) bool { return !strings.Contains(text, q) })
}

// Sources lists the spans that the programme rests on, each once.
func (p *Programme) Sources() []string {
	var out []string
	add := func(list ...string) {
		for _, q := range list {
			if q != "" && !slices.Contains(out, q) {
				out = append(out, q)
			}
		}
	}
	add(p.Name, p.For, p.Amount.Quote, p.Amount.Hedge, p.Stacks, p.Unlisted)
	add(p.Office...)
	if p.When != nil {
		p.When.quotes(add)
	}
	return out
}

// quotes visits the spans of a tree.
func (c *Condition) quotes(add func(...string)) {
	add(c.Quote)
	for _, part := range slices.Concat(c.All, c.Any) {
		part.quotes(add)
	}
	if c.Not != nil {
		c.Not.quotes(add)
	}
}
