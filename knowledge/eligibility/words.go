package eligibility

import (
	"fmt"
	"regexp"
	"strings"
	"time"
)

// A reader finds one fact in a folded text.
type reader struct {
	fact    *Fact
	yes, no []*regexp.Regexp
	options map[string][]*regexp.Regexp
}

func (r *Rules) addReader(f *Fact) error {
	rd := reader{fact: f, options: map[string][]*regexp.Regexp{}}
	var err error
	if rd.yes, err = compile(f.Yes); err != nil {
		return fmt.Errorf("yes: %w", err)
	}
	if rd.no, err = compile(f.No); err != nil {
		return fmt.Errorf("no: %w", err)
	}
	for _, o := range f.Choices {
		if rd.options[o.ID], err = compile(o.Yes); err != nil {
			return fmt.Errorf("choice %s: %w", o.ID, err)
		}
	}
	r.readers = append(r.readers, rd)
	return nil
}

func compile(patterns []string) ([]*regexp.Regexp, error) {
	var out []*regexp.Regexp
	for _, p := range patterns {
		re, err := regexp.Compile(p)
		if err != nil {
			return nil, err
		}
		out = append(out, re)
	}
	return out, nil
}

// Read fills in the facts that a folded text tells, on the day of asking. A
// plain no beats a plain yes of the same fact: 不是脱贫户 holds 脱贫户.
func (r *Rules) Read(text string, day time.Time) Facts {
	out := Facts{}
	for _, rd := range r.readers {
		if v := rd.read(text, day); v.Known {
			out[rd.fact.ID] = v
		}
	}
	for _, rd := range r.readers {
		if v := out[rd.fact.ID]; v.Known && v.Bool {
			r.imply(out, rd.fact, 0)
		}
	}
	return out
}

// imply adds what follows from a fact that holds; depth bounds a loop in the file.
func (r *Rules) imply(out Facts, f *Fact, depth int) {
	for _, id := range f.Implies {
		if g := r.facts[id]; g != nil && !out[id].Known && depth < 5 {
			out[id] = True()
			r.imply(out, g, depth+1)
		}
	}
}

func (rd *reader) read(text string, day time.Time) Value {
	switch rd.fact.Type {
	case Number:
		return rd.number(text, day)
	case Choice:
		for _, o := range rd.fact.Choices {
			if w := firstMatch(rd.options[o.ID], text); w != "" {
				return Value{Known: true, Choice: o.ID, Words: w}
			}
		}
		return Value{}
	}
	if w := firstMatch(rd.no, text); w != "" {
		return Value{Known: true, Words: w}
	}
	if w := firstMatch(rd.yes, text); w != "" {
		return Value{Known: true, Bool: true, Words: w}
	}
	return Value{}
}

func firstMatch(list []*regexp.Regexp, text string) string {
	for _, re := range list {
		if m := re.FindString(text); m != "" {
			return m
		}
	}
	return ""
}

// number reads the first group of the first pattern that fits, in the fact's unit.
func (rd *reader) number(text string, day time.Time) Value {
	for _, re := range rd.yes {
		m := re.FindStringSubmatch(text)
		if len(m) < 2 {
			continue
		}
		words := strings.Join(m[1:], "")
		if n, ok := quantity(words, rd.fact.Unit, day); ok {
			return Value{Known: true, Number: n, Words: m[0]}
		}
	}
	return Value{}
}
