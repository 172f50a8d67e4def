// Package index finds the documents whose words stand in a question, by Okapi
// BM25F over weighted fields.
//
// BM25F: Robertson, Zaragoza, Taylor, "Simple BM25 Extension to Multiple
// Weighted Fields" (CIKM 2004). The frequency of a term is added up over the
// fields, each weighted and corrected for its length, before it saturates.
package index

import (
	"cmp"
	"math"
	"slices"
)

// K1 says how fast repeats of a term stop counting.
const K1 = 1.2

// A Term is one unit of matching: a word, a bigram, a syllable pair, marked by
// its kind so that they never mix.
type Term string

// A Field is a part of every document, such as its heading.
type Field struct {
	Name   string
	Weight float64
	B      float64 // length correction, 0 none to 1 full
}

// A Document is the terms of each field, in the order of the index's fields.
type Document struct {
	Fields [][]Term
}

// A Weighted is a term of a query and how much it counts.
type Weighted struct {
	Term   Term
	Weight float64
}

// A Query is weighted terms, each once. It is a list and no map so that scores
// are added up in the same order every time.
type Query []Weighted

// A Hit is a document and its score, which is the sum of its parts.
type Hit struct {
	Doc   int
	Score float64
}

// A Share is what one term adds to a score.
type Share struct {
	Term  Term
	Score float64
}

// An Index is immutable and safe for concurrent use.
type Index struct {
	docs     int
	ids      map[Term]int32
	idf      []float64
	postings [][]posting
}

type posting struct {
	doc  int32
	freq float32 // weighted, length-corrected frequency over all fields
}

// New builds an index. Every document has as many fields as there are in fields.
func New(fields []Field, docs []Document) *Index {
	x := &Index{docs: len(docs), ids: map[Term]int32{}}
	average := averageLengths(fields, docs)
	for d, doc := range docs {
		freq := map[int32]float64{}
		for f, terms := range doc.Fields {
			if len(terms) == 0 {
				continue
			}
			length := 1 - fields[f].B + fields[f].B*float64(len(terms))/average[f]
			for _, t := range terms {
				freq[x.id(t)] += fields[f].Weight / length
			}
		}
		for id, v := range freq {
			x.postings[id] = append(x.postings[id], posting{int32(d), float32(v)})
		}
	}
	x.idf = make([]float64, len(x.postings))
	for id, list := range x.postings {
		n := float64(len(list))
		x.idf[id] = math.Log(1 + (float64(x.docs)-n+0.5)/(n+0.5))
	}
	return x
}

func averageLengths(fields []Field, docs []Document) []float64 {
	average := make([]float64, len(fields))
	for f := range fields {
		total := 0
		for _, d := range docs {
			total += len(d.Fields[f])
		}
		average[f] = max(1, float64(total)/float64(max(1, len(docs))))
	}
	return average
}

func (x *Index) id(t Term) int32 {
	id, ok := x.ids[t]
	if !ok {
		id = int32(len(x.postings))
		x.ids[t] = id
		x.postings = append(x.postings, nil)
	}
	return id
}

// Len is the number of documents.
func (x *Index) Len() int { return x.docs }

// Rarity is the inverse document frequency of t; a term that stands nowhere has
// that of a term in no document.
func (x *Index) Rarity(t Term) float64 {
	if id, ok := x.ids[t]; ok {
		return x.idf[id]
	}
	return math.Log(1 + (float64(x.docs)+0.5)/0.5)
}

// Has reports whether t stands in any document.
func (x *Index) Has(t Term) bool { _, ok := x.ids[t]; return ok }

// Scores is the score of every document, 0 where no term stands. The slice is
// the caller's.
func (x *Index) Scores(q Query) []float64 {
	scores := make([]float64, x.docs)
	for _, w := range q {
		id, ok := x.ids[w.Term]
		if !ok {
			continue
		}
		for _, p := range x.postings[id] {
			scores[p.doc] += w.Weight * x.share(id, p)
		}
	}
	return scores
}

// share is what a term of weight one adds to the score of p's document.
func (x *Index) share(id int32, p posting) float64 {
	f := float64(p.freq)
	return x.idf[id] * f * (K1 + 1) / (f + K1)
}

// Search lists the n best documents, best first; equal scores keep the order
// of the documents.
func (x *Index) Search(q Query, n int) []Hit { return Best(x.Scores(q), n) }

// Best lists the n highest of scores above 0, best first, equal ones by place.
func Best(scores []float64, n int) []Hit {
	hits := make([]Hit, 0, n+1)
	for d, s := range scores {
		if s <= 0 || len(hits) == n && s <= hits[n-1].Score {
			continue
		}
		at, _ := slices.BinarySearchFunc(hits, s, func(h Hit, s float64) int {
			if h.Score >= s {
				return -1
			}
			return 1
		})
		hits = slices.Insert(hits, at, Hit{d, s})
		hits = hits[:min(n, len(hits))]
	}
	return hits
}

// Explain lists what each term of q adds to the score of document doc, most
// first. The shares add up to the score of [Index.Search].
func (x *Index) Explain(q Query, doc int) []Share {
	var out []Share
	for _, w := range q {
		id, ok := x.ids[w.Term]
		if !ok {
			continue
		}
		i, ok := slices.BinarySearchFunc(x.postings[id], int32(doc), func(p posting, d int32) int { return cmp.Compare(p.doc, d) })
		if ok {
			out = append(out, Share{w.Term, w.Weight * x.share(id, x.postings[id][i])})
		}
	}
	slices.SortFunc(out, func(a, b Share) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Term, b.Term))
	})
	return out
}
