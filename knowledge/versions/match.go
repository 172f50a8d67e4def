package versions

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"unicode"

	"huiwen/knowledge/plan"
)

// How alike two measures must be to be one, as the share of what they have in
// common: from one plan to the next most words stay when a measure does.
const (
	alike = 0.5 // one measure, reworded
	// faintly is enough between measures of the same number and heading.
	faintly = 0.35
	// within is how much of a measure must stand in another to be a part of it.
	within = 0.6
	// common is in how many measures a run of characters may stand to tell any apart.
	common = 64
	// candidates is how many measures are compared closely for one.
	candidates = 8
)

// A pair is a measure of the old plan and one of the new one.
type pair struct {
	old, new int
	like     float64
}

// A pairing says which measures of two plans are the same.
type pairing struct {
	was, is []*item
	// to and from are the partners by position, -1 for none.
	to, from []int
	// parts are old measures that new ones were cut out of, by new position;
	// holds are new measures that old ones went into, by old position.
	parts, holds map[int]int
	cut, into    map[int][]int // the same the other way round, in order
}

// An item is a measure as it is compared.
type item struct {
	*plan.Item
	grams map[uint64]bool
}

// newItem cuts a measure into runs of three characters; figures count alike, for
// they change every year.
func newItem(it *plan.Item) *item {
	return &item{it, gramsOf(it.Body())}
}

func gramsOf(text string) map[uint64]bool {
	grams := map[uint64]bool{}
	var last [3]rune
	n := 0
	for _, r := range text {
		switch {
		case unicode.IsDigit(r):
			r = '0'
		case !unicode.IsLetter(r):
			continue
		}
		if r == '0' && last[2] == '0' {
			continue
		}
		last[0], last[1], last[2] = last[1], last[2], r
		if n++; n >= 3 {
			grams[uint64(last[0])<<42|uint64(last[1])<<21|uint64(last[2])] = true
		}
	}
	return grams
}

func shared(a, b map[uint64]bool) int {
	if len(a) > len(b) {
		a, b = b, a
	}
	n := 0
	for g := range a {
		if b[g] {
			n++
		}
	}
	return n
}

// likeness is the share of what two texts have in common.
func likeness(a, b map[uint64]bool) float64 {
	if len(a)+len(b) == 0 {
		return 0
	}
	return 2 * float64(shared(a, b)) / float64(len(a)+len(b))
}

// match pairs the measures of two plans across new numbers and new words.
func match(was, is *plan.Plan) *pairing {
	p := &pairing{parts: map[int]int{}, holds: map[int]int{}}
	for i := range was.Items {
		p.was = append(p.was, newItem(&was.Items[i]))
		p.to = append(p.to, -1)
	}
	for i := range is.Items {
		p.is = append(p.is, newItem(&is.Items[i]))
		p.from = append(p.from, -1)
	}
	p.same()
	near := p.near()
	p.greedy(near, alike)
	p.split(near)
	p.merged(near)
	p.greedy(near, faintly)
	p.cut, p.into = backwards(p.parts), backwards(p.holds)
	return p
}

func backwards(m map[int]int) map[int][]int {
	out := map[int][]int{}
	for _, k := range slices.Sorted(maps.Keys(m)) {
		out[m[k]] = append(out[m[k]], k)
	}
	return out
}

func (p *pairing) join(old, new int) { p.to[old], p.from[new] = new, old }

// same pairs what is printed alike, of several the one of the same number.
func (p *pairing) same() {
	byText := map[string][]int{}
	for i, it := range p.was {
		byText[it.Text] = append(byText[it.Text], i)
	}
	for _, sameNo := range []bool{true, false} {
		for n, it := range p.is {
			if p.from[n] >= 0 {
				continue
			}
			i := slices.IndexFunc(byText[it.Text], func(o int) bool { return p.to[o] < 0 && (!sameNo || p.was[o].No == it.No) })
			if i >= 0 {
				p.join(byText[it.Text][i], n)
			}
		}
	}
}

// near lists which measures have much in common, the most alike first.
func (p *pairing) near() []pair {
	where := map[uint64][]int32{}
	for o, it := range p.was {
		for g := range it.grams {
			if list := where[g]; len(list) <= common {
				where[g] = append(list, int32(o))
			}
		}
	}
	var out []pair
	for n, it := range p.is {
		if p.from[n] >= 0 && p.was[p.from[n]].Text == it.Text {
			continue
		}
		hits := map[int32]int{}
		for g := range it.grams {
			if list := where[g]; len(list) <= common {
				for _, o := range list {
					hits[o]++
				}
			}
		}
		best := make([]pair, 0, len(hits))
		for o, c := range hits {
			best = append(best, pair{int(o), n, float64(c)})
		}
		slices.SortFunc(best, func(a, b pair) int { return cmp.Or(cmp.Compare(b.like, a.like), cmp.Compare(a.old, b.old)) })
		for _, b := range best[:min(candidates, len(best))] {
			b.like = likeness(p.was[b.old].grams, it.grams)
			out = append(out, b)
		}
	}
	slices.SortFunc(out, func(a, b pair) int {
		return cmp.Or(cmp.Compare(b.like, a.like), cmp.Compare(p.sameNo(b), p.sameNo(a)), cmp.Compare(a.old, b.old), cmp.Compare(a.new, b.new))
	})
	return out
}

func (p *pairing) sameNo(x pair) int {
	if p.was[x.old].No == p.is[x.new].No {
		return 1
	}
	return 0
}

// greedy joins free measures from the most alike down. Below [alike] they must
// also have the same number and heading.
func (p *pairing) greedy(near []pair, least float64) {
	for _, x := range near {
		if x.like < least || p.to[x.old] >= 0 || p.from[x.new] >= 0 {
			continue
		}
		if _, part := p.parts[x.new]; part {
			continue
		}
		if _, held := p.holds[x.old]; held {
			continue
		}
		o, n := p.was[x.old], p.is[x.new]
		if x.like < alike && (o.No != n.No || o.Heading != n.Heading) {
			continue
		}
		p.join(x.old, x.new)
	}
}

// split finds new measures that were cut out of an old one.
func (p *pairing) split(near []pair) {
	for _, x := range near {
		_, done := p.parts[x.new]
		if p.from[x.new] >= 0 || done || p.shareOf(p.is[x.new], p.was[x.old]) < within {
			continue
		}
		p.parts[x.new] = x.old
	}
	// a single part of a measure that is gone is that measure, cut down
	count := map[int][]int{}
	for n, o := range p.parts {
		count[o] = append(count[o], n)
	}
	for o, parts := range count {
		if p.to[o] < 0 {
			slices.SortFunc(parts, func(a, b int) int {
				return cmp.Or(cmp.Compare(likeness(p.was[o].grams, p.is[b].grams), likeness(p.was[o].grams, p.is[a].grams)), cmp.Compare(a, b))
			})
			delete(p.parts, parts[0])
			p.join(o, parts[0])
		}
	}
}

// merged finds old measures that went into a new one.
func (p *pairing) merged(near []pair) {
	for _, x := range near {
		_, done := p.holds[x.old]
		if p.to[x.old] >= 0 || done || p.shareOf(p.was[x.old], p.is[x.new]) < within {
			continue
		}
		if p.from[x.new] < 0 {
			p.join(x.old, x.new)
			continue
		}
		p.holds[x.old] = x.new
	}
}

// shareOf is how much of a stands in b.
func (p *pairing) shareOf(a, b *item) float64 {
	if len(a.grams) == 0 {
		return 0
	}
	return float64(shared(a.grams, b.grams)) / float64(len(a.grams))
}

// heirs are the new measures that an old one lives on in, the main one first.
func (p *pairing) heirs(old int) []int {
	var out []int
	if p.to[old] >= 0 {
		out = append(out, p.to[old])
	}
	out = append(out, p.cut[old]...)
	if n, ok := p.holds[old]; ok {
		out = append(out, n)
	}
	return out
}

// sentenceLike is the sentence of the heirs that is most like the one of the old
// measure that held a quote; ok is false when none is much like it.
func (p *pairing) sentenceLike(old int, quote string) (heir int, sentence string, ok bool) {
	was := quote
	for _, s := range plan.Sentences(p.was[old].Body()) {
		if strings.Contains(s, quote) {
			was = s
		}
	}
	for _, c := range plan.Clauses(was) {
		if strings.Contains(c, quote) {
			was = c // the narrowest stretch that holds the quote
		}
	}
	grams, best := gramsOf(was), alike
	for _, h := range p.heirs(old) {
		for _, s := range plan.Sentences(p.is[h].Body()) {
			for _, c := range append(plan.Clauses(s), s) {
				if like := likeness(grams, gramsOf(c)); like >= best {
					heir, sentence, ok, best = h, c, true, like+1e-9
				}
			}
		}
	}
	return heir, sentence, ok
}

// Former says which measure of an older plan each measure of a newer one goes on
// with, by label; what is new is not in it.
func Former(was, is *plan.Plan) map[string]string {
	p := match(was, is)
	out := map[string]string{}
	for n, old := range p.from {
		if old >= 0 {
			out[p.is[n].No] = p.was[old].No
		}
	}
	return out
}
