package knowledge

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"

	"huiwen/knowledge/index"
)

// Repeated is the finder of n measures made from those of s, renumbered and
// with their words shuffled: what a far larger library of documents would cost.
// It has no similar questions.
func Repeated(s *Snapshot, n int, cut Cutter) (*Finder, error) {
	if len(s.Measures) == 0 {
		return nil, fmt.Errorf("repeat measures: %w", ErrNoPlan)
	}
	chance := rand.New(rand.NewPCG(1, uint64(n)))
	b := &finderBuilder{Finder: Finder{analyser: newAnalyser(s, &Vocabulary{}, cut)}}
	for i := range n {
		m := s.Measures[i%len(s.Measures)]
		words := cut.Cut(m.Body())
		chance.Shuffle(len(words), func(i, j int) { words[i], words[j] = words[j], words[i] })
		it := *m.Item
		it.No = strconv.Itoa(i + 1)
		copied := &Measure{Item: &it, Topics: m.Topics, body: strings.Join(words, "")}
		fields := make([][]index.Term, len(measureFields))
		fields[fieldName] = b.terms(copied.Topics...)
		fields[fieldText] = b.terms(copied.body)
		b.addTarget(Match{Measure: copied})
		b.docs = append(b.docs, index.Document{Fields: fields})
	}
	return b.finish(), nil
}
