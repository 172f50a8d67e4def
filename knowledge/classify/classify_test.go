package classify

import (
	"math"
	"slices"
	"strings"
	"testing"

	"huiwen/knowledge/index"
)

// words makes a query of the words of a text.
func words(text string) index.Query {
	var q index.Query
	for w := range strings.FieldsSeq(text) {
		q = append(q, index.Weighted{Term: index.Term(w), Weight: 1})
	}
	return q
}

func trained() *Model {
	return Train([]Sample{
		{words("how much is the loan"), 0}, {words("may I borrow money"), 0}, {words("loan without a house"), 0},
		{words("how much is the rent"), 1}, {words("may I rent a flat"), 1}, {words("cheap flat for the young"), 1},
		{words("how much is the ticket"), 2}, {words("may I have the bus fare back"), 2}, {words("ticket to the coast"), 2},
	}, 3)
}

func best(m *Model, text string) int {
	l := m.Logits(words(text))
	return slices.Index(l, slices.Max(l))
}

func TestModelTellsClassesApart(t *testing.T) {
	m := trained()
	for text, want := range map[string]int{"borrow a loan": 0, "how much is a flat": 1, "the bus ticket": 2} {
		if got := best(m, text); got != want {
			t.Errorf("%q is of class %d, want %d", text, got, want)
		}
	}
}

func TestUnknownWordsSayNothing(t *testing.T) {
	for _, l := range trained().Logits(words("moon stars")) {
		if l != 0 {
			t.Fatalf("logit %v for words never seen", l)
		}
	}
}

func TestSameQuestionsGiveTheSameModel(t *testing.T) {
	if !slices.Equal(trained().weights, trained().weights) {
		t.Error("two trainings differ")
	}
}

func TestExplanationAddsUp(t *testing.T) {
	m := trained()
	q := words("how much is the loan for a flat on the moon")
	for c, l := range m.Logits(q) {
		sum := 0.0
		for _, s := range m.Explain(q, c) {
			sum += s.Score
		}
		if math.Abs(sum-float64(l)) > 1e-4 {
			t.Errorf("class %d: shares add up to %v, logit %v", c, sum, l)
		}
	}
}
