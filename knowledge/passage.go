package knowledge

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"
	"unique"

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
	quoteBonus = 0.35
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
	// Fit is what its sentence holds of the question's words, from 0 to 1 for the
	// sentence of the measure that holds most; 1 when none holds any.
	Fit   float64
	gain  float64 // by the words of the question
	score float64 // with what its place and the intent add
}

// Passages lists what of a measure answers a question, in the order of the
// text: at most n passages of at most budget runes together, though always one.
// Similar, when not nil, is the entry that the question resembles.
// Wanted are spans that answer the question best where they stand.
func (f *Finder) Passages(text string, m *Measure, similar *Similar, wanted []string, n, budget int) []Passage {
	weight, asked := f.weights(text)
	if utf8.RuneCountInString(m.body) <= wholeMeasure {
		n, budget = len(m.Sentences), wholeMeasure
	}
	quote := ""
	if similar != nil {
		quote = similar.Quote
	}
	all := make([]Passage, len(m.Sentences))
	spans := append([]string{quote}, wanted...)
	for i, s := range f.sentences[m] {
		all[i] = choose(s, i, weight, asked, spans)
	}
	most := 0.0
	for _, p := range all {
		most = max(most, p.gain)
	}
	for i := range all {
		all[i].Fit = 1
		if most > 0 {
			all[i].Fit = all[i].gain / most
		}
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

// weights is what each term of a question is worth, and all together: added up in
// the order of the question, so that the same question has the same passages.
func (f *Finder) weights(text string) (weight map[index.Term]float64, sum float64) {
	weight = map[index.Term]float64{}
	for _, w := range f.analyser.query(f.analyser.question(text)) {
		worth := w.Weight * f.measures.Rarity(w.Term)
		weight[w.Term] = worth
		sum += worth
	}
	return weight, sum
}

// A span is a stretch of a measure's text with its terms, each once.
type span struct {
	text  string
	terms []index.Term
}

// A sentence is a span with the windows that a long one may be cut to.
type sentence struct {
	span
	windows []span
}

// sentencesOf prepares a measure's sentences.
func (a *analyser) sentencesOf(m *Measure) []sentence {
	out := make([]sentence, len(m.Sentences))
	for i, s := range m.Sentences {
		out[i].span = a.span(s)
		if utf8.RuneCountInString(s) > longSentence {
			for _, w := range windows(s) {
				out[i].windows = append(out[i].windows, a.span(w))
			}
		}
	}
	return out
}

func (a *analyser) span(text string) span {
	terms := a.terms(segment.Fold(text, 0))
	slices.Sort(terms)
	terms = slices.Compact(terms)
	for i, t := range terms {
		terms[i] = unique.Make(t).Value() // the same words stand in many spans
	}
	return span{text, slices.Clip(terms)}
}

// gain adds up the worth of the terms of a span.
func (s span) gain(weight map[index.Term]float64) float64 {
	sum := 0.0
	for _, t := range s.terms {
		sum += weight[t]
	}
	return sum
}

// choose scores a sentence and cuts a long one to the clauses that fit best; most is
// what the whole question is worth.
func choose(s sentence, place int, weight map[index.Term]float64, most float64, wanted []string) Passage {
	bonus := func(text string) float64 {
		n := 0
		for _, w := range wanted {
			if w != "" && strings.Contains(text, w) {
				n++
			}
		}
		return quoteBonus * most * float64(min(n, 2))
	}
	p := Passage{Text: s.text, Sentence: place, gain: s.gain(weight)}
	p.score = p.gain + bonus(s.text)
	if len(s.windows) == 0 {
		return p
	}
	best := 0.0
	p.Text = s.windows[0].text
	for _, w := range s.windows {
		if g := w.gain(weight) + bonus(w.text); g > best {
			best, p.Text = g, w.text
		}
	}
	p.Cut, p.Open = !strings.HasPrefix(s.text, p.Text), !strings.HasSuffix(s.text, p.Text)
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
