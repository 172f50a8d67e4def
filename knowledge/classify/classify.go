// Package classify tells which class a question resembles, by multinomial
// logistic regression over weighted terms.
//
// It learns from the curated similar questions when a snapshot is built, in
// one order and without chance, so the same questions give the same model. The
// score of a class is a sum over the terms of the question: what adds up to it
// is what [Model.Explain] shows.
package classify

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"

	"huiwen/knowledge/index"
)

// How the model is trained: stochastic gradient descent over all samples.
const (
	epochs = 5
	rate   = 1.0
	// negligible is the probability under which a class is not moved by a sample.
	negligible = 5e-4
)

// A Sample is a question known to belong to a class.
type Sample struct {
	Query index.Query
	Class int
}

// A Model is immutable and safe for concurrent use.
type Model struct {
	classes int
	ids     map[index.Term]int
	idf     []float64
	weights []float32 // term × class
}

// Train learns a model of the given number of classes.
func Train(samples []Sample, classes int) *Model {
	m := &Model{classes: classes, ids: map[index.Term]int{}}
	m.countTerms(samples)
	vectors := make([]vector, len(samples))
	for i, s := range samples {
		vectors[i] = m.vector(s.Query)
	}
	m.weights = make([]float32, len(m.ids)*classes)
	p := make([]float32, classes)
	order := rand.New(rand.NewPCG(1, 2)) // fixed: the same questions, the same model
	for range epochs {
		for _, i := range order.Perm(len(samples)) {
			m.step(vectors[i], samples[i].Class, p)
		}
	}
	return m
}

func (m *Model) countTerms(samples []Sample) {
	var seen []float64
	for _, s := range samples {
		for _, w := range s.Query {
			id, ok := m.ids[w.Term]
			if !ok {
				id = len(seen)
				m.ids[w.Term] = id
				seen = append(seen, 0)
			}
			seen[id]++
		}
	}
	m.idf = seen
	for i, n := range seen {
		m.idf[i] = math.Log(1 + float64(len(samples))/n)
	}
}

// A vector is the known terms of a question, weighted by rarity, of length one.
type vector []struct {
	id    int
	value float32
}

func (m *Model) vector(q index.Query) vector {
	v := make(vector, 0, len(q))
	sum := 0.0
	for _, w := range q {
		id, ok := m.ids[w.Term]
		if !ok {
			continue
		}
		x := w.Weight * m.idf[id]
		sum += x * x
		v = append(v, struct {
			id    int
			value float32
		}{id, float32(x)})
	}
	length := float32(math.Sqrt(sum))
	for i := range v {
		v[i].value /= length
	}
	return v
}

// step moves the weights towards the class of one sample.
func (m *Model) step(v vector, class int, p []float32) {
	m.logits(v, p)
	softmax(p)
	p[class]--
	var moved []int // most classes are as good as ruled out
	for c, d := range p {
		if d > negligible || d < 0 {
			moved = append(moved, c)
		}
	}
	for _, x := range v {
		row := m.weights[x.id*m.classes : (x.id+1)*m.classes]
		g := rate * x.value
		for _, c := range moved {
			row[c] -= g * p[c]
		}
	}
}

func (m *Model) logits(v vector, out []float32) {
	clear(out)
	for _, x := range v {
		row := m.weights[x.id*m.classes : (x.id+1)*m.classes]
		out := out[:len(row)]
		for c, w := range row {
			out[c] += x.value * w
		}
	}
}

func softmax(z []float32) {
	top := slices.Max(z)
	var sum float32
	for i, v := range z {
		z[i] = float32(math.Exp(float64(v - top)))
		sum += z[i]
	}
	for i := range z {
		z[i] /= sum
	}
}

// Logits is the score of every class for a question: the logarithm of its
// odds but for a constant. All are 0 for a question without a known term.
func (m *Model) Logits(q index.Query) []float32 {
	out := make([]float32, m.classes)
	m.logits(m.vector(q), out)
	return out
}

// Explain lists what each term of the question adds to the score of a class,
// most first. The shares add up to its value in [Model.Logits].
func (m *Model) Explain(q index.Query, class int) []index.Share {
	v := m.vector(q)
	terms := make(map[int]index.Term, len(q))
	for _, w := range q {
		if id, ok := m.ids[w.Term]; ok {
			terms[id] = w.Term
		}
	}
	var out []index.Share
	for _, x := range v {
		if s := x.value * m.weights[x.id*m.classes+class]; s != 0 {
			out = append(out, index.Share{Term: terms[x.id], Score: float64(s)})
		}
	}
	slices.SortFunc(out, func(a, b index.Share) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Term, b.Term))
	})
	return out
}
