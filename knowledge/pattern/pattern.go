// Package pattern is regular expressions that are tried only on texts that hold a
// literal which every match needs: most patterns of a message's meaning fit none
// of its words, and to look for a literal costs a hundredth of trying the pattern.
package pattern

import (
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
)

// maxNeed bounds the literals that are looked for before a pattern is tried.
const maxNeed = 64

// A Regexp is a [regexp.Regexp] behind its gate. It is immutable.
type Regexp struct {
	*regexp.Regexp
	need []string // one of them stands in every match; empty: try always
}

// Compile compiles an expression (RE2).
func Compile(src string) (*Regexp, error) {
	re, err := regexp.Compile(src)
	if err != nil {
		return nil, err
	}
	tree, err := syntax.Parse(src, syntax.Perl)
	if err != nil {
		return nil, fmt.Errorf("parse %q: %w", src, err) // unreachable: it compiled
	}
	return &Regexp{re, needed(tree.Simplify())}, nil
}

// MustCompile is [Compile] for an expression that is part of the program.
func MustCompile(src string) *Regexp {
	re, err := Compile(src)
	if err != nil {
		panic("pattern: " + err.Error())
	}
	return re
}

// may reports whether the text could hold a match.
func (r *Regexp) may(text string) bool {
	if len(r.need) == 0 {
		return true
	}
	for _, w := range r.need {
		if strings.Contains(text, w) {
			return true
		}
	}
	return false
}

// MatchString is that of [regexp.Regexp].
func (r *Regexp) MatchString(text string) bool { return r.may(text) && r.Regexp.MatchString(text) }

// FindString is that of [regexp.Regexp].
func (r *Regexp) FindString(text string) string {
	if !r.may(text) {
		return ""
	}
	return r.Regexp.FindString(text)
}

// FindStringIndex is that of [regexp.Regexp].
func (r *Regexp) FindStringIndex(text string) []int {
	if !r.may(text) {
		return nil
	}
	return r.Regexp.FindStringIndex(text)
}

// FindStringSubmatch is that of [regexp.Regexp].
func (r *Regexp) FindStringSubmatch(text string) []string {
	if !r.may(text) {
		return nil
	}
	return r.Regexp.FindStringSubmatch(text)
}

// FindStringSubmatchIndex is that of [regexp.Regexp].
func (r *Regexp) FindStringSubmatchIndex(text string) []int {
	if !r.may(text) {
		return nil
	}
	return r.Regexp.FindStringSubmatchIndex(text)
}

// FindAllString is that of [regexp.Regexp].
func (r *Regexp) FindAllString(text string, n int) []string {
	if !r.may(text) {
		return nil
	}
	return r.Regexp.FindAllString(text, n)
}

// FindAllStringIndex is that of [regexp.Regexp].
func (r *Regexp) FindAllStringIndex(text string, n int) [][]int {
	if !r.may(text) {
		return nil
	}
	return r.Regexp.FindAllStringIndex(text, n)
}

// FindAllStringSubmatchIndex is that of [regexp.Regexp].
func (r *Regexp) FindAllStringSubmatchIndex(text string, n int) [][]int {
	if !r.may(text) {
		return nil
	}
	return r.Regexp.FindAllStringSubmatchIndex(text, n)
}

// ReplaceAllString is that of [regexp.Regexp].
func (r *Regexp) ReplaceAllString(text, by string) string {
	if !r.may(text) {
		return text
	}
	return r.Regexp.ReplaceAllString(text, by)
}

// needed lists literals of which one stands in every match of the expression, nil
// when there are none or too many.
func needed(re *syntax.Regexp) []string {
	switch re.Op {
	case syntax.OpLiteral:
		if re.Flags&syntax.FoldCase == 0 {
			return []string{string(re.Rune)}
		}
	case syntax.OpCharClass:
		return ofClass(re.Rune)
	case syntax.OpCapture, syntax.OpPlus:
		return needed(re.Sub[0])
	case syntax.OpRepeat:
		if re.Min > 0 {
			return needed(re.Sub[0])
		}
	case syntax.OpConcat:
		var best []string
		for _, s := range re.Sub {
			if n := needed(s); better(n, best) {
				best = n
			}
		}
		return best
	case syntax.OpAlternate:
		var all []string
		for _, s := range re.Sub {
			n := needed(s)
			if n == nil || len(all)+len(n) > maxNeed {
				return nil
			}
			all = append(all, n...)
		}
		return all
	}
	return nil
}

// ofClass lists the characters of a small class.
func ofClass(ranges []rune) []string {
	var out []string
	for i := 0; i < len(ranges); i += 2 {
		for r := ranges[i]; r <= ranges[i+1]; r++ {
			if len(out) == maxNeed {
				return nil
			}
			out = append(out, string(r))
		}
	}
	return out
}

// better reports whether literals a refuse more texts than b: longer ones first,
// then fewer.
func better(a, b []string) bool {
	if a == nil || b == nil {
		return a != nil
	}
	if la, lb := shortest(a), shortest(b); la != lb {
		return la > lb
	}
	return len(a) < len(b)
}

func shortest(list []string) int {
	n := len(list[0])
	for _, s := range list {
		n = min(n, len(s))
	}
	return n
}
