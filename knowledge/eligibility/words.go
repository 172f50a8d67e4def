package eligibility

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"huiwen/knowledge/pattern"
)

// A reader finds one fact in a folded text.
type reader struct {
	fact *Fact
	// is are mentions, whose polarity is worked out; yes and no are phrases that
	// say by themselves how they are meant.
	is, yes, no []*pattern.Regexp
	anchors     *pattern.Regexp
	options     map[string][]*pattern.Regexp
}

// addReader compiles a fact's patterns; of an error it tells the pattern.
func (r *Rules) addReader(f *Fact) (string, error) {
	rd := reader{fact: f, options: map[string][]*pattern.Regexp{}}
	for _, list := range []struct {
		name string
		from []string
		to   *[]*pattern.Regexp
	}{{"is", f.Is, &rd.is}, {"yes", f.Yes, &rd.yes}, {"no", f.No, &rd.no}} {
		var err error
		var pattern string
		if *list.to, pattern, err = compile(list.from); err != nil {
			return pattern, fmt.Errorf("%s: %w", list.name, err)
		}
	}
	for _, o := range f.Choices {
		var err error
		var pattern string
		if rd.options[o.ID], pattern, err = compile(o.Yes); err != nil {
			return pattern, fmt.Errorf("choice %s: %w", o.ID, err)
		}
	}
	if f.Anchor != "" {
		re, err := pattern.Compile(f.Anchor)
		if err != nil {
			return f.Anchor, fmt.Errorf("anchor: %w", err)
		}
		rd.anchors = re
	}
	r.readers = append(r.readers, rd)
	return "", nil
}

func compile(patterns []string) ([]*pattern.Regexp, string, error) {
	var out []*pattern.Regexp
	for _, p := range patterns {
		re, err := pattern.Compile(p)
		if err != nil {
			return nil, p, err
		}
		out = append(out, re)
	}
	return out, "", nil
}

// Read fills in the facts that a folded text tells, on the day of asking, of
// the person that it asks for: what is said of somebody else counts only when
// it holds for the whole family.
func (r *Rules) Read(text string, day time.Time) Facts {
	list := clausesOf(r.masked(text))
	return r.readFor(list, askedFor(list), day)
}

// readFor reads what the clauses tell of one person.
func (r *Rules) readFor(list []clause, who string, day time.Time) Facts {
	mine := slices.DeleteFunc(slices.Clone(list), func(c clause) bool { return c.who != who && !c.home })
	if len(mine) == 0 {
		mine = list
	}
	out := Facts{}
	for i := range r.readers {
		rd := &r.readers[i]
		from := mine
		if rd.fact.Home || len(who) == 0 && !rd.fact.Own && noOther(list) {
			from = list
		}
		if v := rd.read(from, day); v.Known {
			out[rd.fact.ID] = v
		}
	}
	for _, rd := range r.readers {
		if v := out[rd.fact.ID]; v.Known && v.Bool {
			r.imply(out, rd.fact, v.Words, 0)
		}
	}
	return out
}

// noOther reports whether a message speaks of nobody but the writer.
func noOther(list []clause) bool {
	return !slices.ContainsFunc(list, func(c clause) bool { return c.who != "" })
}

// People lists whom a folded text speaks of with facts of their own, in order;
// the writer is "".
func (r *Rules) People(text string) []string {
	var out []string
	for _, c := range clausesOf(r.masked(text)) {
		if !slices.Contains(out, c.who) {
			out = append(out, c.who)
		}
	}
	return out
}

// ReadOf is [Rules.Read] for one of [Rules.People].
func (r *Rules) ReadOf(text, who string, day time.Time) Facts {
	return r.readFor(clausesOf(r.masked(text)), who, day)
}

// masked takes the programmes' own names out of a text: 困难残疾人生活补贴 says
// nothing of the person.
func (r *Rules) masked(text string) string {
	for _, name := range r.names {
		text = strings.ReplaceAll(text, name, "◇")
	}
	return text
}

// collectNames gathers the programmes' names for [Rules.masked], the longest
// first. A name that is also what a person may be is not one: 零就业家庭.
func (r *Rules) collectNames() {
	for _, p := range r.Programmes {
		for _, n := range append([]string{p.Name}, p.Names...) {
			if utf8.RuneCountInString(n) >= 4 && payment.MatchString(n) && !slices.Contains(r.names, n) {
				r.names = append(r.names, n)
			}
		}
	}
	slices.SortFunc(r.names, func(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b)) })
}

// payment ends the name of something that is given.
var payment = pattern.MustCompile(`(?:补贴|补助|贷款|直补|奖励|资金|过渡费|代缴|费)$`)

// imply adds what follows from a fact that holds; depth bounds a loop in the file.
func (r *Rules) imply(out Facts, f *Fact, words string, depth int) {
	for _, id := range f.Implies {
		if g := r.facts[id]; g != nil && (!out[id].Known || !out[id].Bool && out[id].Words == "") && depth < 5 {
			out[id] = Value{Known: true, Bool: true, Words: words}
			r.imply(out, g, words, depth+1)
		}
	}
}

func (rd *reader) read(list []clause, day time.Time) Value {
	switch rd.fact.Type {
	case Number:
		return rd.number(list, day)
	case Choice:
		return rd.choice(list)
	}
	for _, c := range list {
		if w := firstMatch(rd.no, c.text); w != "" {
			return Value{Known: true, Words: w}
		}
	}
	if v, found := rd.mentions(list); found {
		return v
	}
	for _, c := range list {
		if w := firstMatch(rd.yes, c.text); w != "" {
			return Value{Known: true, Bool: true, Words: w}
		}
	}
	return Value{}
}

// mentions weighs every mention of the fact: a plain statement counts, the
// later before the earlier; what is doubted or pending leaves it open.
func (rd *reader) mentions(list []clause) (v Value, found bool) {
	doubt := false
	for i, c := range list {
		next := clause{}
		if i+1 < len(list) {
			next = list[i+1]
		}
		for _, re := range rd.is {
			for _, at := range re.FindAllStringIndex(c.text, -1) {
				switch meant(c, next, at[0], at[1]) {
				case stated:
					v = Value{Known: true, Bool: true, Words: spanWords(c.text, at)}
				case refused:
					v = Value{Known: true, Words: spanWords(c.text, at)}
				case ended:
					v = Value{Known: true, Bool: rd.fact.Stays, Words: spanWords(c.text, at)}
				case open:
					doubt = true
				}
			}
		}
	}
	if doubt && (!v.Known || v.Bool) {
		return Value{}, true
	}
	return v, v.Known
}

// maxEcho is how many runes of the person's words a card repeats.
const maxEcho = 14

// spanWords are the person's words around a mention, short.
func spanWords(text string, at []int) string {
	rs := []rune(text)
	if len(rs) <= maxEcho {
		return text
	}
	from, to := utf8.RuneCountInString(text[:at[0]]), utf8.RuneCountInString(text[:at[1]])
	from = max(0, min(from-4, to-maxEcho))
	if from+maxEcho < to {
		from = to - maxEcho
	}
	return string(rs[from:min(len(rs), from+maxEcho)])
}

func (rd *reader) choice(list []clause) Value {
	for _, o := range rd.fact.Choices {
		for i, c := range list {
			next := clause{}
			if i+1 < len(list) {
				next = list[i+1]
			}
			for _, re := range rd.options[o.ID] {
				at := re.FindStringIndex(c.text)
				if at != nil && meant(c, next, at[0], at[1]) == stated {
					return Value{Known: true, Choice: o.ID, Words: spanWords(c.text, at)}
				}
			}
		}
	}
	return Value{}
}

func firstMatch(list []*pattern.Regexp, text string) string {
	for _, re := range list {
		if m := re.FindString(text); m != "" {
			return m
		}
	}
	return ""
}

// number reads a quantity in the fact's unit that stands beside its anchor, or
// by a pattern whose first group it is. What is told twice must agree.
func (rd *reader) number(list []clause, day time.Time) Value {
	var v Value
	for i, c := range list {
		for _, got := range rd.numbersIn(list, i, c, day) {
			if !v.Known {
				v = got
				continue
			}
			lo, hi := max(v.Number, got.Number), min(v.upto(), got.upto())
			switch {
			case lo <= hi:
				v.Number, v.Upto = lo, hi
			case got.upto() < v.Number: // told twice and apart: the less, which promises less
				v = got
			}
		}
	}
	return v
}

func (rd *reader) numbersIn(list []clause, i int, c clause, day time.Time) []Value {
	var out []Value
	for _, re := range rd.yes {
		m := re.FindStringSubmatch(c.text)
		if len(m) < 2 {
			continue
		}
		words := strings.Join(m[1:], "")
		if lo, hi, ok := quantityRange(words, rd.fact.Unit, day); ok {
			out = append(out, Value{Known: true, Number: lo, Upto: hi, Words: m[0]})
		}
	}
	if rd.anchors == nil {
		return out
	}
	for _, span := range spansIn(c.text, day) {
		if rd.nearest(list, i, c, span) {
			out = append(out, Value{Known: true, Number: span.lo, Upto: span.hi, Words: spanWords(c.text, []int{span.from, span.to})})
		}
	}
	return out
}

// nearest reports whether a span of time tells of the fact: its anchor is the
// nearest in the clause, or the clause says only how long and the one before
// speaks of it.
func (rd *reader) nearest(list []clause, i int, c clause, s span) bool {
	mine := distance(rd.anchors, c.text, s)
	if mine < 0 {
		if i == 0 || elsewhere.MatchString(c.text) {
			return false
		}
		return rd.anchors.MatchString(list[i-1].text) && distance(elsewhere, list[i-1].text, span{}) < 0 && utf8.RuneCountInString(c.text) <= 14
	}
	other := distance(elsewhere, c.text, s)
	return other < 0 || mine <= other || rd.anchors.MatchString(elsewhere.FindString(c.text))
}

// elsewhere are what other spans of time belong to.
var elsewhere = pattern.MustCompile(`毕业|离校|打工|务工|退伍|退役|当兵|当了|带(?:孩子|娃)|没工作|失业|搬|种地|教书|拆|结婚|上班|交了|缴了|做工|培训|退下来|回来`)

// distance is how many bytes lie between a span and the nearest match, -1
// without one.
func distance(re *pattern.Regexp, text string, s span) int {
	best := -1
	for _, at := range re.FindAllStringIndex(text, -1) {
		d := max(at[0]-s.to, s.from-at[1], 0)
		if best < 0 || d < best {
			best = d
		}
	}
	return best
}
