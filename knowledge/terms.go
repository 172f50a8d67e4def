package knowledge

import (
	"strings"
	"unicode"

	"huiwen/knowledge/index"
	"huiwen/knowledge/segment"
)

// The kinds of term and how much a match of each counts. Words carry most;
// bigrams catch what the dictionary cuts otherwise. What people write by ear is
// heard before ([hearing]).
const (
	wordWeight    = 1.0
	bigramWeight  = 0.7
	conceptWeight = 1.8
)

// An analyser turns folded text into terms. It is immutable.
type analyser struct {
	cut      Cutter
	overlay  *segment.Overlay    // the plan's own words and the people's
	concepts map[string][]string // word -> concepts that it stands for
	regional *strings.Replacer   // words of the region -> standard ones
	hearing  *hearing
}

// question folds what a person typed: normalised, in standard words, with the
// words that were typed by ear.
func (a *analyser) question(text string) string {
	return a.hearing.complete(a.regional.Replace(segment.Normalise(text)))
}

// terms lists the terms of a folded text, with repeats, in order.
func (a *analyser) terms(text string) []index.Term {
	var out []index.Term
	for _, w := range a.cut.Search(text) {
		if meaningful(w) {
			out = append(out, index.Term("w:"+w))
		}
	}
	for _, w := range a.overlay.Find(text) {
		out = append(out, index.Term("w:"+w))
		for _, c := range a.concepts[w] {
			out = append(out, index.Term("c:"+c))
		}
	}
	segment.Runs(text, func(run []rune) {
		for i := 0; i+1 < len(run); i++ {
			out = append(out, index.Term("b:"+string(run[i:i+2])))
		}
	})
	return out
}

// meaningful leaves out spaces, signs and single Chinese characters.
func meaningful(w string) bool {
	n := 0
	for _, r := range w {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return false
		}
		n++
	}
	return n > 1 || n == 1 && !segment.IsHan([]rune(w)[0])
}

// query weighs the terms of a folded question, each once.
func (a *analyser) query(text string) index.Query {
	var q index.Query
	seen := map[index.Term]bool{}
	for _, t := range a.terms(text) {
		if !seen[t] {
			seen[t] = true
			q = append(q, index.Weighted{Term: t, Weight: termWeight(t)})
		}
	}
	return q
}

func termWeight(t index.Term) float64 {
	switch kind, _, _ := strings.Cut(string(t), ":"); kind {
	case "w":
		return wordWeight
	case "b":
		return bigramWeight
	}
	return conceptWeight
}
