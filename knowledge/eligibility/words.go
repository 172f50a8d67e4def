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
	across      []*pattern.Regexp
	unclear     []*pattern.Regexp
	assume      []*pattern.Regexp
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
	}{{"is", f.Is, &rd.is}, {"yes", f.Yes, &rd.yes}, {"no", f.No, &rd.no}, {"across", f.Across, &rd.across}, {"unclear", f.Unclear, &rd.unclear}, {"assume", f.Assume, &rd.assume}} {
		var err error
		var pattern string
		if *list.to, pattern, err = r.compileAll(list.from); err != nil {
			return pattern, fmt.Errorf("%s: %w", list.name, err)
		}
	}
	for _, o := range f.Choices {
		var err error
		var pattern string
		if rd.options[o.ID], pattern, err = r.compileAll(o.Yes); err != nil {
			return pattern, fmt.Errorf("choice %s: %w", o.ID, err)
		}
	}
	if f.Anchor != "" {
		re, err := r.compile(f.Anchor)
		if err != nil {
			return f.Anchor, fmt.Errorf("anchor: %w", err)
		}
		rd.anchors = re
	}
	r.readers = append(r.readers, rd)
	return "", nil
}

func (r *Rules) compileAll(patterns []string) ([]*pattern.Regexp, string, error) {
	var out []*pattern.Regexp
	for _, p := range patterns {
		re, err := r.compile(p)
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
	for _, rd := range r.readers {
		if v := out[rd.fact.ID]; v.Known && v.Bool && !v.Assumed {
			deny(out, rd.fact, v.Words)
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

// Speaks reports whether a folded text holds words for a fact that p asks for,
// however they are meant.
func (r *Rules) Speaks(p *Programme, text string) bool {
	if p.When == nil {
		return false
	}
	ids, text := p.When.Facts(), r.masked(text)
	return slices.ContainsFunc(r.readers, func(rd reader) bool {
		return slices.Contains(ids, rd.fact.ID) && firstMatch(rd.is, text) != ""
	})
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

// deny adds what does not hold because this one does, where nothing was said of it.
func deny(out Facts, f *Fact, words string) {
	for _, id := range f.Denies {
		if !out[id].Known {
			out[id] = Value{Known: true, Words: words}
		}
	}
}

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
	if w, _ := said(rd.unclear, list); w != "" {
		return Value{}
	}
	if w, _ := said(rd.no, list); w != "" {
		return Value{Known: true, Words: w}
	}
	if v, found := rd.mentions(list); found {
		return v
	}
	w, doubt := said(rd.yes, list)
	if w != "" {
		return Value{Known: true, Bool: true, Words: w}
	}
	if doubt {
		return Value{}
	}
	if w, _ = said(rd.across, joined(list)); w != "" {
		return Value{Known: true, Bool: true, Words: w}
	}
	w, _ = said(rd.assume, list)
	return Value{Known: w != "", Bool: w != "", Words: w, Assumed: w != ""}
}

// joined is the clauses as one.
func joined(list []clause) []clause {
	var texts []string
	for _, c := range list {
		texts = append(texts, c.text)
	}
	return []clause{{text: strings.Join(texts, ",")}}
}

// said finds a phrase that says by itself how it is meant, in clauses that do not
// doubt it: 好像是第一次出省.
func said(phrases []*pattern.Regexp, list []clause) (words string, doubt bool) {
	for _, c := range list {
		for _, re := range phrases {
			at := re.FindStringIndex(c.text)
			switch {
			case at == nil:
			case doubted.MatchString(c.text[:at[0]]), doubtedAfter.MatchString(c.text[at[1]:]):
				doubt = true
			case past.MatchString(c.text[:at[0]]): // 以前在贵阳打工
			default:
				return spanWords(c.text, at), doubt
			}
		}
	}
	return "", doubt
}

// mentions weighs every mention of the fact: a plain statement counts, the
// later before the earlier; what is doubted or pending leaves it open unless a
// later clause states it.
func (rd *reader) mentions(list []clause) (v Value, found bool) {
	statedAt, doubtAt := -1, -1
	for i, c := range list {
		next := clause{}
		if i+1 < len(list) {
			next = list[i+1]
		}
		for _, re := range rd.is {
			for _, at := range re.FindAllStringIndex(c.text, -1) {
				switch meant(c, next, at[0], at[1]) {
				case stated:
					v, statedAt = Value{Known: true, Bool: true, Words: spanWords(c.text, at)}, i
				case refused:
					v, statedAt = Value{Known: true, Words: spanWords(c.text, at)}, i
				case ended:
					v, statedAt = Value{Known: true, Bool: rd.fact.Stays, Words: spanWords(c.text, at)}, i
				case open:
					doubtAt = i
				}
			}
		}
	}
	if doubtAt >= 0 && doubtAt >= statedAt && (!v.Known || v.Bool) {
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
	for _, span := range spansIn(c.text, yearBefore(list, i), day) {
		if rd.nearest(list, i, c, span) {
			out = append(out, Value{Known: true, Number: span.lo, Upto: span.hi, Words: spanWords(c.text, []int{span.from, span.to})})
		}
	}
	return out
}

// yearBefore is the year word told last before a clause, "" without one.
func yearBefore(list []clause, i int) string {
	for i--; i >= 0; i-- {
		if all := yearWord.FindAllString(list[i].text, -1); len(all) > 0 {
			return all[len(all)-1]
		}
	}
	return ""
}

// nearest reports whether a span of time tells of the fact: it is a day and its
// anchor follows (去年三月回来办了执照), its anchor is the nearest in the clause, or
// the clause says only how long and one shortly before speaks of it.
func (rd *reader) nearest(list []clause, i int, c clause, s span) bool {
	mine := distance(rd.anchors, c.text, s)
	if mine < 0 {
		if elsewhere.MatchString(c.text) || utf8.RuneCountInString(c.text) > 14 {
			return false
		}
		for back := range maxBack {
			j := i - 1 - back
			if j < 0 || list[j].who != c.who {
				return false
			}
			mine, other := lastOf(rd.anchors, list[j].text), lastOf(elsewhere, list[j].text)
			if mine >= 0 || other >= 0 {
				return mine > other
			}
		}
		return false
	}
	if s.began {
		at := rd.anchors.FindStringIndex(c.text[s.to:])
		if at != nil && !later.MatchString(c.text[s.to:s.to+at[0]]) {
			return true
		}
	}
	other := distance(elsewhere, c.text, s)
	return other < 0 || mine <= other || rd.anchors.MatchString(elsewhere.FindString(c.text))
}

// lastOf is where the last match ends, -1 without one.
func lastOf(re *pattern.Regexp, text string) int {
	all := re.FindAllStringIndex(text, -1)
	if len(all) == 0 {
		return -1
	}
	return all[len(all)-1][1]
}

// maxBack is how many clauses before a length of time may say what lasted.
const maxBack = 3

// later parts a day from what was done afterwards.
var later = pattern.MustCompile(`后来|之后|以后|过后|然后|再`)

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
