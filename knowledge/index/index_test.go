package index

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

var twoFields = []Field{{Name: "heading", Weight: 2, B: 0.5}, {Name: "text", Weight: 1, B: 0.5}}

func doc(heading, text []Term) Document { return Document{Fields: [][]Term{heading, text}} }

func query(terms ...Term) Query {
	var q Query
	for _, t := range terms {
		q = append(q, Weighted{t, 1})
	}
	return q
}

func TestSearch(t *testing.T) {
	x := New(twoFields, []Document{
		doc([]Term{"loan"}, []Term{"work", "money"}),
		doc([]Term{"work"}, []Term{"loan", "far", "far", "far"}),
		doc([]Term{"house"}, []Term{"rent", "money"}),
	})
	for _, c := range []struct {
		name string
		q    Query
		want []int
	}{
		{"a word of the heading counts more than one of the text", query("loan"), []int{0, 1}},
		{"a rare word counts more than a common one", query("rent", "work"), []int{2, 1, 0}},
		{"an unknown word finds nothing", query("moon"), nil},
		{"no words find nothing", nil, nil},
	} {
		hits := x.Search(c.q, 10)
		var got []int
		for _, h := range hits {
			got = append(got, h.Doc)
		}
		if len(got) != len(c.want) {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
			continue
		}
		for i := range got {
			if got[i] != c.want[i] {
				t.Errorf("%s: got %v, want %v", c.name, got, c.want)
				break
			}
		}
	}
}

func TestEqualScoresKeepTheOrderOfTheDocuments(t *testing.T) {
	same := doc(nil, []Term{"a"})
	x := New(twoFields, []Document{same, same, same, same})
	for i, h := range x.Search(query("a"), 3) {
		if h.Doc != i {
			t.Fatalf("place %d holds document %d", i, h.Doc)
		}
	}
}

// What adds up to the score is what is shown.
func TestExplanationAddsUpToTheScore(t *testing.T) {
	term := rapid.SampledFrom([]Term{"a", "b", "c", "d", "e", "f"})
	rapid.Check(t, func(t *rapid.T) {
		var docs []Document
		for range rapid.IntRange(1, 8).Draw(t, "docs") {
			docs = append(docs, doc(rapid.SliceOfN(term, 0, 3).Draw(t, "heading"), rapid.SliceOfN(term, 0, 9).Draw(t, "text")))
		}
		x := New(twoFields, docs)
		q := query(rapid.SliceOfDistinct(term, func(t Term) Term { return t }).Draw(t, "query")...)
		for _, h := range x.Search(q, 10) {
			sum := 0.0
			for _, s := range x.Explain(q, h.Doc) {
				sum += s.Score
			}
			if math.Abs(sum-h.Score) > 1e-9 {
				t.Fatalf("document %d: shares add up to %v, score %v", h.Doc, sum, h.Score)
			}
		}
	})
}
