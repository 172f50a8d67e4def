package knowledge_test

import (
	"math"
	"testing"

	"huiwen/knowledge"
	"huiwen/seeds"
)

// TestANegativeQuestionSpeaksAgainstItsMeasure asks what was said not to mean the
// measure that it sounds like; what is shown of the score still adds up to it.
func TestANegativeQuestionSpeaksAgainstItsMeasure(t *testing.T) {
	s := seed(t)
	v, err := knowledge.ReadVocabulary(seeds.Files)
	if err != nil {
		t.Fatal(err)
	}
	asked := 0
	for _, entry := range v.Similar {
		m, ok := s.Measure(entry.Measure)
		if !ok {
			continue
		}
		for _, q := range entry.Not {
			asked++
			found := s.Finder.Match(q+"？", m)
			sum := 0.0
			for _, share := range s.Finder.Explain(q, found) {
				sum += share.Score
			}
			if found.Sure > 0.2 || math.Abs(sum-found.Score) > 1e-3 {
				t.Errorf("%s: %s sure %.2f, score %.3f, explained %.3f", entry.Measure, q, found.Sure, found.Score, sum)
			}
		}
	}
	if asked == 0 {
		t.Error("the seeds hold no negative question")
	}
}
