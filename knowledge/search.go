package knowledge

import (
	"cmp"
	"math"
	"slices"

	"huiwen/knowledge/classify"
	"huiwen/knowledge/index"
	"huiwen/knowledge/segment"
)

// The fields of a measure, in the order of measureFields.
const (
	fieldName = iota
	fieldHeading
	fieldText
	fieldGroups
	fieldBureaus
	fieldQuestions
)

var measureFields = []index.Field{
	fieldName:      {Name: "名称", Weight: 2, B: 0.3},
	fieldHeading:   {Name: "章节", Weight: 0.3, B: 0.3},
	fieldText:      {Name: "正文", Weight: 1, B: 0.6},
	fieldGroups:    {Name: "对象", Weight: 0.8, B: 0.2},
	fieldBureaus:   {Name: "责任单位", Weight: 0.15, B: 0.2},
	fieldQuestions: {Name: "类似问法", Weight: 1.0, B: 0.5},
}

// shareWeight is how much the words a measure itself holds count beside what
// its similar questions have taught.
const shareWeight = 15.0

// negativeWeight is how much a negative question (反例) speaks against its measure.
const negativeWeight = 20

// A Match is a measure, or a topic outside every document, that fits a question.
type Match struct {
	Measure *Measure // nil for a topic outside
	Topic   *Topic
	// Similar is the entry of similar questions that the question resembles
	// most, nil for a measure without one.
	Similar *Similar
	// Score is the logarithm of the odds, but for a constant; it adds up from
	// the shares of [Finder.Explain].
	Score float64
	// Sure is how likely the match is beside all others, from 0 to 1.
	Sure float64
	// Share is the words of the question that the measure's fields hold, as a
	// share of what a document could hold at most, from 0 to about 1.
	Share float64
	// Outside is how likely it is that no measure is meant but some topic outside.
	Outside float64
	doc     int
	class   int
}

// A Finder ranks measures for a question. It is immutable and safe for
// concurrent use.
type Finder struct {
	analyser *analyser
	measures *index.Index
	model    *classify.Model
	targets  []Match // a document each
	classes  []class // of the model
	byDoc    [][]int // classes of each document
	// negative are the documents that a question, folded, was said not to mean.
	negative map[string][]int
	// sentences are those of each measure, prepared for choosing passages.
	sentences map[*Measure][]sentence
	// hidden are the documents, by place, that a view leaves out; nil for none.
	hidden []bool
}

// without is a finder that never finds the measures that hides names.
func (f *Finder) without(hides func(*Measure) bool) *Finder {
	g := *f
	g.hidden = make([]bool, len(f.targets))
	for d, t := range f.targets {
		g.hidden[d] = t.Measure != nil && hides(t.Measure)
	}
	return &g
}

// A class is what the model tells apart: an entry of similar questions, or a
// topic outside.
type class struct {
	doc     int
	similar *Similar
}

// Find lists the n best matches of a question, best first. Text need not be
// normalised; what is matched is at most segment.MaxRunes.
func (f *Finder) Find(text string, n int) []Match {
	return f.Rank(f.Scores(text), n)
}

// A Scoring is how much every document gets for one question.
type Scoring struct {
	shares []float64 // BM25F as a share of the most there can be
	logits []float32 // by class
	weight float64   // of all questions mixed in
}

// Scores scores every document for a question.
func (f *Finder) Scores(text string) Scoring {
	q := f.analyser.query(f.analyser.question(text))
	s := Scoring{shares: f.measures.Scores(q), logits: f.model.Logits(q), weight: 1}
	most := 0.0
	for _, w := range q {
		most += w.Weight * f.measures.Rarity(w.Term) * (index.K1 + 1)
	}
	for d := range s.shares {
		s.shares[d] /= max(most, 1e-9)
	}
	for _, d := range f.negative[bare(text)] {
		for _, c := range f.byDoc[d] {
			s.logits[c] -= negativeWeight
		}
	}
	return s
}

// Mixed is s with other added at the given weight: a follow-up keeps the topic
// of what was said before.
func (s Scoring) Mixed(other Scoring, weight float64) Scoring {
	out := Scoring{shares: slices.Clone(s.shares), logits: slices.Clone(s.logits), weight: s.weight + weight*other.weight}
	for i, v := range other.shares {
		out.shares[i] += weight * v
	}
	for i, v := range other.logits {
		out.logits[i] += float32(weight) * v
	}
	return out
}

// Favour is s with the odds of one measure raised: it was spoken of before.
func (f *Finder) Favour(s Scoring, m *Measure, by float64) Scoring {
	for d, t := range f.targets {
		if t.Measure != m {
			continue
		}
		s.logits = slices.Clone(s.logits)
		for _, c := range f.byDoc[d] {
			s.logits[c] += float32(by)
		}
	}
	return s
}

// FavourWhere is s with the odds raised of every measure that fits.
func (f *Finder) FavourWhere(s Scoring, by float64, fits func(*Measure) bool) Scoring {
	s.logits = slices.Clone(s.logits)
	for d, t := range f.targets {
		if t.Measure == nil || !fits(t.Measure) {
			continue
		}
		for _, c := range f.byDoc[d] {
			s.logits[c] += float32(by)
		}
	}
	return s
}

// Holds reports whether a measure holds at least a share of the question's words
// that another match holds.
func (f *Finder) Holds(s Scoring, m *Measure, than Match, share float64) bool {
	for d, t := range f.targets {
		if t.Measure == m {
			return s.shares[d]/s.weight >= share*than.Share
		}
	}
	return false
}

// Rank lists the n best matches of a scoring, best first.
func (f *Finder) Rank(s Scoring, n int) []Match {
	all := make([]Match, 0, len(f.targets))
	for d, m := range f.targets {
		if f.hidden != nil && f.hidden[d] {
			continue
		}
		m.doc, m.class, m.Share = d, -1, s.shares[d]/s.weight
		logit := float32(0)
		for i, c := range f.byDoc[d] {
			if i == 0 || s.logits[c] > logit {
				logit, m.class = s.logits[c], c
			}
		}
		if m.class >= 0 {
			m.Similar = f.classes[m.class].similar
		}
		m.Score = float64(logit) + shareWeight*s.shares[d]
		all = append(all, m)
	}
	return sure(all, n)
}

// Match is how a question fits one measure.
func (f *Finder) Match(text string, m *Measure) Match {
	for _, found := range f.Rank(f.Scores(text), len(f.targets)) {
		if found.Measure == m {
			return found
		}
	}
	return Match{Measure: m}
}

// sure lists the n best of all, the earlier of equals first, with how likely
// each is.
func sure(all []Match, n int) []Match {
	best := make([]Match, 0, n+1)
	for _, m := range all {
		at := len(best)
		for at > 0 && best[at-1].Score < m.Score {
			at--
		}
		if at < n {
			best = slices.Insert(best, at, m)
			best = best[:min(n, len(best))]
		}
	}
	if len(best) == 0 {
		return nil
	}
	sum, outside := 0.0, 0.0
	for _, m := range all {
		odds := math.Exp(m.Score - best[0].Score)
		sum += odds
		if m.Measure == nil {
			outside += odds
		}
	}
	for i := range best {
		best[i].Sure = math.Exp(best[i].Score-best[0].Score) / sum
		best[i].Outside = outside / sum
	}
	return best
}

// Explain lists what each term of the question adds to a match, most first.
// The shares add up to its score when it was found for this question alone.
func (f *Finder) Explain(text string, m Match) []index.Share {
	q := f.analyser.query(f.analyser.question(text))
	most := 0.0
	for _, w := range q {
		most += w.Weight * f.measures.Rarity(w.Term) * (index.K1 + 1)
	}
	sum := map[index.Term]float64{}
	for _, s := range f.measures.Explain(q, m.doc) {
		sum[s.Term] += s.Score * shareWeight / max(most, 1e-9)
	}
	if m.class >= 0 {
		for _, s := range f.model.Explain(q, m.class) {
			sum[s.Term] += s.Score
		}
	}
	if slices.Contains(f.negative[bare(text)], m.doc) && m.class >= 0 {
		sum["n:"+index.Term(bare(text))] -= negativeWeight
	}
	out := make([]index.Share, 0, len(sum))
	for t, v := range sum {
		out = append(out, index.Share{Term: t, Score: v})
	}
	slices.SortFunc(out, func(a, b index.Share) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Term, b.Term))
	})
	return out
}

// Shares reports whether a passage speaks of a subject: it holds a word or a
// concept of it.
func (f *Finder) Shares(subject, passage string) bool {
	have := map[index.Term]bool{}
	for _, t := range f.analyser.terms(segment.Fold(passage, 0)) {
		have[t] = true
	}
	for _, t := range f.analyser.terms(f.analyser.question(subject)) {
		if (t[0] == 'w' || t[0] == 'c') && have[t] {
			return true
		}
	}
	return false
}
