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
	// alsoFits is how much of what the best sentence gains a further one needs.
	alsoFits = 0.3
	// wholeMeasure is up to how many runes a measure is short enough to be told whole.
	wholeMeasure = 120
)

// A Passage is a verbatim span of a measure that was chosen for a question.
type Passage struct {
	Text string
	// Sentence is its place in Measure.Sentences; Cut and Open tell that the
	// sentence begins earlier and goes on.
	Sentence  int
	Cut, Open bool
	gain      float64 // by the words of the question
	score     float64 // with what its place and the intent add
}

// Passages lists what of a measure answers a question, in the order of the
// text: at most n passages of at most budget runes together, though always one.
// Similar, when not nil, is the entry that the question resembles.
// Wanted are spans that answer the question best where they stand.
func (f *Finder) Passages(text string, m *Measure, similar *Similar, wanted []string, n, budget int) []Passage {
	weight := f.weights(text)
	if utf8.RuneCountInString(m.body) <= wholeMeasure {
		n, budget = len(m.Sentences), wholeMeasure
	}
	quote := ""
	if similar != nil {
		quote = similar.Quote
	}
	all := make([]Passage, len(m.Sentences))
	for i, s := range m.Sentences {
		all[i] = f.passage(s, i, weight, append([]string{quote}, wanted...))
	}
	whole := budget == wholeMeasure
	slices.SortStableFunc(all, func(a, b Passage) int { return cmp.Compare(b.score, a.score) })
	var out []Passage
	for _, p := range all {
		size := utf8.RuneCountInString(p.Text)
		if len(out) > 0 && !whole && (size > budget || p.gain < alsoFits*all[0].gain || p.gain == 0 || len(out) == n) {
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
func (f *Finder) passage(sentence string, place int, weight map[index.Term]float64, spans []string) Passage {
	most := 0.0
	for _, w := range weight {
		most += w
	}
	bonus := func(s string) float64 {
		sum := 0.0
		for _, span := range spans {
			if span != "" && strings.Contains(s, span) {
				sum += quoteBonus * most
			}
		}
		return min(sum, 2*quoteBonus*most)
	}
	p := Passage{Text: sentence, Sentence: place, gain: f.gain(sentence, weight)}
	p.score = p.gain + bonus(sentence)
	if utf8.RuneCountInString(sentence) <= longSentence {
		return p
	}
	best := 0.0
	for _, span := range windows(sentence) {
		if g := f.gain(span, weight) + bonus(span); g > best {
			best = g
			p.Text = span
		}
	}
	if best == 0 {
		p.Text = windows(sentence)[0]
	}
	p.Cut, p.Open = !strings.HasPrefix(sentence, p.Text), !strings.HasSuffix(sentence, p.Text)
	p.Text = strings.TrimRight(p.Text, ",，")
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
