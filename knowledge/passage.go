package knowledge

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"huiwen/knowledge/index"
	"huiwen/knowledge/plan"
	"huiwen/knowledge/segment"
)

const (
	// longSentence is from how many runes on a sentence is cut to the clauses that fit.
	longSentence = 100
	// window is how many runes of a long sentence are kept.
	window = 90
	// quoteBonus is what the span that similar questions are anchored to adds,
	// as a share of what the whole question could add.
	quoteBonus = 0.5
	// alsoFits is how much of the best sentence's score a further one needs.
	alsoFits = 0.45
)

// A Passage is a verbatim span of a measure that was chosen for a question.
type Passage struct {
	Text string
	// Sentence is its place in Measure.Sentences; Cut tells that the sentence
	// begins earlier.
	Sentence int
	Cut      bool
	score    float64
}

// Passages lists what of a measure answers a question, in the order of the
// text: at most n passages of at most budget runes together, though always one.
// Similar, when not nil, is the entry that the question resembles.
func (f *Finder) Passages(text string, m *Measure, similar *Similar, n, budget int) []Passage {
	weight := f.weights(text)
	quote := ""
	if similar != nil {
		quote = similar.Quote
	}
	all := make([]Passage, len(m.Sentences))
	for i, s := range m.Sentences {
		all[i] = f.passage(s, i, weight, quote)
	}
	slices.SortStableFunc(all, func(a, b Passage) int { return cmp.Compare(b.score, a.score) })
	var out []Passage
	for _, p := range all {
		size := utf8.RuneCountInString(p.Text)
		if len(out) > 0 && (size > budget || p.score < alsoFits*all[0].score || p.score == 0 || len(out) == n) {
			continue
		}
		budget -= size
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b Passage) int { return cmp.Compare(a.Sentence, b.Sentence) })
	return out
}

// weights is what each term of a question is worth.
func (f *Finder) weights(text string) map[index.Term]float64 {
	weight := map[index.Term]float64{}
	for _, w := range f.analyser.query(f.analyser.question(text)) {
		weight[w.Term] = w.Weight * f.measures.Rarity(w.Term)
	}
	return weight
}

// gain adds up the worth of the terms of a passage, each once.
func (f *Finder) gain(passage string, weight map[index.Term]float64) float64 {
	sum := 0.0
	seen := map[index.Term]bool{}
	for _, t := range f.analyser.terms(segment.Fold(passage, 0)) {
		if !seen[t] {
			seen[t] = true
			sum += weight[t]
		}
	}
	return sum
}

// passage scores a sentence and cuts a long one to the clauses that fit best.
func (f *Finder) passage(sentence string, place int, weight map[index.Term]float64, quote string) Passage {
	most := 0.0
	for _, w := range weight {
		most += w
	}
	bonus := func(s string) float64 {
		if quote != "" && strings.Contains(s, quote) {
			return quoteBonus * most
		}
		return 0
	}
	p := Passage{Text: sentence, Sentence: place, score: f.gain(sentence, weight) + bonus(sentence)}
	if utf8.RuneCountInString(sentence) <= longSentence {
		return p
	}
	best := 0.0
	for _, span := range windows(sentence) {
		// a little for being early, so that of equals the first wins
		if g := f.gain(span, weight) + bonus(span); g > best {
			best = g
			p.Text, p.Cut = span, !strings.HasPrefix(sentence, span)
		}
	}
	if best == 0 {
		p.Text = windows(sentence)[0]
	}
	return p
}

// windows lists the runs of whole clauses of a sentence of at most window runes
// that cannot take one more clause at their end; a longer clause stands alone.
func windows(sentence string) []string {
	clauses := plan.ClauseSpans(sentence)
	var out []string
	for i := range clauses {
		from := clauses[i][0]
		to := clauses[i][1]
		for _, c := range clauses[i+1:] {
			if utf8.RuneCountInString(sentence[from:c[1]]) > window {
				break
			}
			to = c[1]
		}
		out = append(out, strings.TrimSpace(sentence[from:to]))
	}
	return out
}
