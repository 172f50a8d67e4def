package eligibility

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"huiwen/knowledge/pattern"
)

// Rules is every fact and programme, parsed and checked once. It is immutable
// and safe for concurrent use.
type Rules struct {
	Facts      []Fact
	Programmes []*Programme

	facts    map[string]*Fact
	readers  []reader
	sources  []*source
	names    []string // of programmes, taken out before facts are read
	classes  map[string]string
	askedFor map[string][]*pattern.Regexp
}

// ErrRule marks a mistake in a rules file.
var ErrRule = errors.New("rule")

// Load reads programmes/facts.yaml, the classes of words that patterns may name
// (programmes/classes.yaml) and every other programmes/*.yaml of fsys.
// An error names file, line and what is wrong, and wraps [ErrRule].
func Load(fsys fs.FS) (*Rules, error) {
	r := &Rules{facts: map[string]*Fact{}, classes: map[string]string{}, askedFor: map[string][]*pattern.Regexp{}}
	names, err := fs.Glob(fsys, "programmes/*.yaml")
	if err != nil {
		return nil, fmt.Errorf("list programmes: %w", err)
	}
	slices.Sort(names)
	for _, name := range names {
		switch name {
		case "programmes/facts.yaml":
			err = errors.Join(err, r.decode(fsys, name, &r.Facts))
			continue
		case "programmes/classes.yaml":
			var classes map[string]string
			err = errors.Join(err, r.decode(fsys, name, &classes))
			for class, words := range classes { // folded over lines
				r.classes[class] = "(?:" + strings.Join(strings.Fields(words), "") + ")"
			}
			continue
		}
		var list []*Programme
		err = errors.Join(err, r.decode(fsys, name, &list))
		r.Programmes = append(r.Programmes, list...)
	}
	if err != nil {
		return nil, err
	}
	for i := range r.Facts {
		r.facts[r.Facts[i].ID] = &r.Facts[i]
	}
	if err := r.check(); err != nil {
		return nil, err
	}
	return r, nil
}

func (r *Rules) decode(fsys fs.FS, name string, into any) error {
	data, err := fs.ReadFile(fsys, name)
	if err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	src := newSource(name, data)
	r.sources = append(r.sources, src)
	d := yaml.NewDecoder(bytes.NewReader(data))
	d.KnownFields(true)
	if err := d.Decode(into); err != nil && !errors.Is(err, io.EOF) {
		return src.decoded(err)
	}
	return nil
}

// check compiles the patterns and refuses what no verdict can come of.
func (r *Rules) check() error {
	var errs []error
	fail := func(id string, n int, value, format string, args ...any) {
		errs = append(errs, r.placed(id, n, value, fmt.Errorf(format, args...)))
	}
	for i := range r.Facts {
		f := &r.Facts[i]
		if !slices.Contains([]Type{Bool, Number, Choice}, f.Type) {
			fail(f.ID, 0, string(f.Type), "fact %s: type %q is none of bool, number, choice", f.ID, f.Type)
		}
		if pattern, err := r.addReader(f); err != nil {
			fail(f.ID, 0, pattern, "fact %s: %w", f.ID, err)
		}
	}
	seen := map[string]int{}
	for _, p := range r.Programmes {
		if n := seen[p.ID]; n > 0 || p.ID == "" {
			fail(p.ID, n, p.ID, "programme %q: id is empty or stands twice", p.ID)
		}
		seen[p.ID]++
		if !slices.Contains([]Class{Apply, Enrol, Firm, Government}, p.Class) {
			fail(p.ID, 0, string(p.Class), "programme %s: class %q is none of 可申领, 可报名参加, 经营主体分配, 政府工作", p.ID, p.Class)
		}
		for _, a := range p.Asked {
			re, err := r.compile(a)
			if err != nil {
				fail(p.ID, 0, a, "programme %s: %w", p.ID, err)
				continue
			}
			r.askedFor[p.ID] = append(r.askedFor[p.ID], re)
		}
		if p.When == nil {
			continue
		}
		for _, id := range p.When.Facts() {
			if r.facts[id] == nil {
				fail(p.ID, 0, id, "programme %s: condition asks for fact %q, which facts.yaml does not hold", p.ID, id)
			}
		}
	}
	r.collectNames()
	return errors.Join(errs...)
}

// compile compiles a pattern; <外省> in it stands for the words of that class.
func (r *Rules) compile(src string) (*pattern.Regexp, error) {
	full := src
	for range maxNested {
		full = classOf.ReplaceAllStringFunc(full, func(name string) string {
			return cmp.Or(r.classes[strings.Trim(name, "<>")], name)
		})
	}
	if name := classOf.FindString(full); name != "" {
		return nil, fmt.Errorf("classes.yaml holds no class of words %s", name)
	}
	return pattern.Compile(full)
}

// maxNested is how deep classes may name classes.
const maxNested = 3

// classOf is a class of words in a pattern.
var classOf = regexp.MustCompile(`<\p{Han}+>`)

// Fact returns the fact with the id, nil when there is none.
func (r *Rules) Fact(id string) *Fact { return r.facts[id] }

// Programme returns the programme with the id, nil when there is none.
func (r *Rules) Programme(id string) *Programme {
	for _, p := range r.Programmes {
		if p.ID == id {
			return p
		}
	}
	return nil
}

// Of lists the programmes of a measure.
func (r *Rules) Of(measure string) []*Programme {
	var out []*Programme
	for _, p := range r.Programmes {
		if p.Measure == measure {
			out = append(out, p)
		}
	}
	return out
}

// Asked reports how many of the programme's names and patterns stand in a
// folded text.
func (r *Rules) Asked(p *Programme, text string) int {
	n := 0
	if slices.ContainsFunc(append([]string{p.Name}, p.Names...), func(name string) bool { return strings.Contains(text, name) }) {
		n++
	}
	for _, re := range r.askedFor[p.ID] {
		if re.MatchString(text) {
			n++
		}
	}
	return n
}

// Only is r with the programmes that keep lets through.
func (r *Rules) Only(keep func(*Programme) bool) *Rules {
	out := *r
	out.Programmes = nil
	for _, p := range r.Programmes {
		copied := *p
		if keep(&copied) {
			out.Programmes = append(out.Programmes, &copied)
		}
	}
	return &out
}

// Problems lists what is wrong with a programme beyond its form: conditions
// without a source, facts that are never asked, verdicts that cannot be reached.
func (r *Rules) Problems(p *Programme) []string {
	var out []string
	if p.When == nil {
		return nil
	}
	for _, c := range p.When.Top() {
		if c.Quote == "" {
			out = append(out, "条件“"+c.Name+"”没有原文")
		}
		if c.Name == "" {
			out = append(out, "有条件没有名称")
		}
	}
	for _, id := range p.When.Facts() {
		f := r.facts[id]
		if f.Question == "" || f.Why == "" {
			out = append(out, "情况 "+id+" 没有写怎么问或为什么问")
		}
		if f.Type == Choice && len(f.Choices) == 0 {
			out = append(out, "情况 "+id+" 没有选项")
		}
	}
	if q := p.Amount.Quote; q != "" && !strings.ContainsAny(q, "0123456789一二三四五六七八九十百千万%") && !strings.Contains(q, "标准") {
		out = append(out, "数额的原文里没有数："+q)
	}
	out = append(out, p.seams()...)
	if p.Unlisted == "" && !r.reaches(p, Yes) {
		out = append(out, "怎么回答都得不到“初步符合”")
	}
	if !r.reaches(p, No) && !p.open() {
		out = append(out, "怎么回答都得不到“暂不符合”")
	}
	return out
}

// open reports whether a list of the programme ends with 等.
func (p *Programme) open() bool {
	return slices.ContainsFunc(p.When.Top(), func(c *Condition) bool { return c.Open })
}

// maxReach bounds the sets of facts that reaches tries.
const maxReach = 50_000

// reaches reports whether some told facts make the conditions come out as
// wanted: every fact takes each value that a leaf tells apart.
func (r *Rules) reaches(p *Programme, want Answer) bool {
	ids, tried := p.When.Facts(), 0
	var try func(i int, f Facts) bool
	try = func(i int, f Facts) bool {
		if tried++; tried > maxReach {
			return false
		}
		if i == len(ids) {
			return p.When.Check(f) == want
		}
		for _, v := range r.values(p, ids[i]) {
			f[ids[i]] = v
			if try(i+1, f) {
				return true
			}
		}
		return false
	}
	return try(0, Facts{})
}

// values are what a fact may be as far as the leaves of p tell apart: for a
// number, each bound, just under it and just over it.
func (r *Rules) values(p *Programme, id string) []Value {
	f := r.facts[id]
	switch {
	case f == nil:
		return nil
	case f.Type == Choice:
		var out []Value
		for _, o := range f.Choices {
			out = append(out, Picked(o.ID))
		}
		return out
	case f.Type == Number:
		var out []Value
		for _, b := range p.bounds(id) {
			out = append(out, Of(b-1), Of(b), Of(b+1))
		}
		return out
	}
	return []Value{True(), False()}
}

// bounds lists the numbers that the leaves of p compare a fact with.
func (p *Programme) bounds(id string) []float64 {
	var out []float64
	p.When.walk(func(c *Condition) {
		for _, b := range []*float64{c.AtLeast, c.AtMost, c.Below, c.Above} {
			if c.Fact == id && b != nil && !slices.Contains(out, *b) {
				out = append(out, *b)
			}
		}
	})
	return out
}

// seams names the bounds at which two ranges of one fact, side by side in a list
// of alternatives, leave a gap or lap over.
func (p *Programme) seams() []string {
	var out []string
	for _, id := range p.When.Facts() {
		for _, b := range p.bounds(id) {
			under, on, over := p.holdAt(id, b-seam), p.holdAt(id, b), p.holdAt(id, b+seam)
			switch {
			case under > 0 && over > 0 && on == 0:
				out = append(out, fmt.Sprintf("情况 %s 正好是 %g 时落空", id, b))
			case under == 1 && over == 1 && on > 1:
				out = append(out, fmt.Sprintf("情况 %s 正好是 %g 时重叠", id, b))
			}
		}
	}
	return out
}

// seam is how near to a bound its sides are tried.
const seam = 1e-6

// holdAt counts the different ranges of a fact that hold a number.
func (p *Programme) holdAt(id string, n float64) int {
	var ranges []string
	p.When.walk(func(c *Condition) {
		if c.Fact != id || c.AtLeast == nil && c.AtMost == nil && c.Below == nil && c.Above == nil || !c.within(n) {
			return
		}
		if key := fmt.Sprint(deref(c.AtLeast), deref(c.AtMost), deref(c.Below), deref(c.Above)); !slices.Contains(ranges, key) {
			ranges = append(ranges, key)
		}
	})
	return len(ranges)
}

func deref(b *float64) string {
	if b == nil {
		return "-"
	}
	return fmt.Sprint(*b)
}

// Unasked lists facts that no condition and no silence speaks of: nobody would
// ever ask for them.
func (r *Rules) Unasked() []string {
	used := map[string]bool{}
	for _, p := range r.Programmes {
		if p.When != nil {
			for _, id := range p.When.Facts() {
				used[id] = true
			}
		}
		for _, s := range p.Silent {
			used[s.Fact] = true
		}
	}
	for _, f := range r.Facts {
		for _, id := range f.Denies {
			used[f.ID] = used[f.ID] || used[id]
		}
	}
	for _, f := range r.Facts {
		for _, id := range f.Implies {
			used[f.ID] = used[f.ID] || used[id]
		}
	}
	var out []string
	for _, f := range r.Facts {
		if !used[f.ID] {
			out = append(out, f.ID)
		}
	}
	return out
}
