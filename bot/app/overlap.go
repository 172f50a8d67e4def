package app

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"huiwen/bot/app/eval"
	"huiwen/knowledge"
	"huiwen/knowledge/segment"
	"huiwen/seeds"
)

// overlapRunes is the length of the stretches that are compared.
const overlapRunes = 4

// copied is from which share of its stretches on a question counts as copied
// into a seed.
const copied = 0.6

// An overlap is how much of an evaluation question stands in the seed's closest
// similar question.
type overlap struct {
	id, question, seed string
	share              float64
}

// reportOverlap tells how far the seeds' similar questions hold the lines of an
// evaluation file: questions that were copied would flatter the scores.
func reportOverlap(w io.Writer, questions []eval.Question) error {
	v, err := knowledge.ReadVocabulary(seeds.Files)
	if err != nil {
		return err
	}
	index := map[string][]string{} // a stretch -> the seeds it stands in
	for _, s := range v.Similar {
		for _, q := range s.Questions {
			for g := range stretches(q) {
				index[g] = append(index[g], q)
			}
		}
	}
	var all []overlap
	for _, q := range questions {
		for _, turn := range q.Turns {
			if o := closest(index, turn); o.share > 0 {
				o.id = q.ID
				all = append(all, o)
			}
		}
	}
	slices.SortFunc(all, func(a, b overlap) int { return cmp.Compare(b.share, a.share) })
	over := 0
	for _, o := range all {
		if o.share >= copied {
			over++
			fmt.Fprintf(w, "%s %.2f %s | %s\n", o.id, o.share, o.question, o.seed)
		}
	}
	sum := 0.0
	for _, o := range all {
		sum += o.share
	}
	fmt.Fprintf(w, "问题 %d 个，与类似问法的四字重合平均 %.3f，达到 %.0f%% 的 %d 个\n", len(questions), sum/float64(max(1, len(questions))), copied*100, over)
	return nil
}

// closest is the seed that holds most stretches of a question. Questions too
// short to be told from common words are left out.
func closest(index map[string][]string, question string) overlap {
	mine := stretches(question)
	if len(mine) < overlapRunes {
		return overlap{}
	}
	count := map[string]int{}
	for g := range mine {
		for _, seed := range index[g] {
			count[seed]++
		}
	}
	out := overlap{question: question}
	for seed, n := range count {
		share := float64(n) / float64(len(mine))
		if share > out.share || share == out.share && seed < out.seed {
			out.share, out.seed = share, seed
		}
	}
	return out
}

// stretches are the runs of [overlapRunes] characters of a folded text.
func stretches(text string) map[string]bool {
	out := map[string]bool{}
	rs := []rune(strings.Join(strings.FieldsFunc(segment.Normalise(text), func(r rune) bool { return strings.ContainsRune(" ,。!?;、", r) }), ""))
	for i := 0; i+overlapRunes <= len(rs); i++ {
		out[string(rs[i:i+overlapRunes])] = true
	}
	return out
}
