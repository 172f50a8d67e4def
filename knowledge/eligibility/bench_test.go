package eligibility

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"huiwen/seeds"
)

func shipped(b testing.TB) *Rules {
	b.Helper()
	r, err := Load(seeds.Files)
	if err != nil {
		b.Fatal(err)
	}
	return r
}

func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		shipped(b)
	}
}

func BenchmarkCheck(b *testing.B) {
	r := shipped(b)
	for b.Loop() {
		for _, p := range r.Programmes {
			r.Problems(p)
		}
	}
}

func BenchmarkRead(b *testing.B) {
	r, day := shipped(b), time.Date(2022, 9, 15, 12, 0, 0, 0, time.UTC)
	for b.Loop() {
		r.Read("我是返乡农民工,去年6月办的执照,头一回开店,开了个粉馆,到现在没关过门,能领创业补贴吗", day)
	}
}

func BenchmarkJudge(b *testing.B) {
	r := shipped(b)
	facts := Facts{"veteran": True(), "registered": True(), "first_business": True(), "open_months": Of(14)}
	i := 0
	for b.Loop() {
		r.Programmes[i%len(r.Programmes)].Judge(facts)
		i++
	}
}

// somebody draws an answer to every fact of a programme.
func somebody(chance *rand.Rand, r *Rules, p *Programme) Facts {
	out := Facts{}
	for _, id := range p.When.Facts() {
		v := r.values(p, id)
		out[id] = v[chance.IntN(len(v))]
	}
	return out
}

// asked counts the questions until a verdict or until nothing is left to ask.
func asked(p *Programme, answers Facts, next func(Facts) string) int {
	told, n := Facts{}, 0
	for p.Judge(told).Verdict == Undecided {
		id := next(told)
		if id == "" {
			break
		}
		told = told.With(id, answers[id])
		n++
	}
	return n
}

// BenchmarkQuestions tells how many questions ten thousand simulated people
// answer for each programme with conditions: by what settles most, in the fixed
// order of the file, and, on programmes of few facts, by the best there is.
func BenchmarkQuestions(b *testing.B) {
	r := shipped(b)
	for b.Loop() {
		chance := rand.New(rand.NewPCG(1, 2))
		var ours, fixed, small, best []int
		for n := 0; n < 10_000; {
			for _, p := range r.Programmes {
				if p.When == nil || n >= 10_000 {
					continue
				}
				n++
				who := somebody(chance, r, p)
				ours = append(ours, asked(p, who, func(f Facts) string { return p.Next(f, nil, r) }))
				fixed = append(fixed, asked(p, who, func(f Facts) string { return inOrder(p, f) }))
				if len(p.When.Facts()) <= 5 {
					small = append(small, ours[len(ours)-1])
					best = append(best, asked(p, who, func(f Facts) string { return bestQuestion(r, p, f) }))
				}
			}
		}
		b.ReportMetric(median(ours), "median-ours")
		b.ReportMetric(median(fixed), "median-fixed")
		b.ReportMetric(mean(ours), "mean-ours")
		b.ReportMetric(mean(fixed), "mean-fixed")
		b.ReportMetric(mean(small), "mean-ours-small")
		b.ReportMetric(mean(best), "mean-best-small")
	}
}

// inOrder asks every fact in the order of the file.
func inOrder(p *Programme, f Facts) string {
	for _, id := range p.When.Facts() {
		if !f[id].Known {
			return id
		}
	}
	return ""
}

// bestQuestion is the question with the fewest expected to follow, all answers
// equally likely.
func bestQuestion(r *Rules, p *Programme, f Facts) string {
	id, _ := cheapest(r, p, f)
	return id
}

func cheapest(r *Rules, p *Programme, f Facts) (string, float64) {
	best, least := "", 0.0
	for _, id := range p.Judge(f).Missing {
		values, sum := r.values(p, id), 0.0
		for _, v := range values {
			_, more := cheapest(r, p, f.With(id, v))
			sum += 1 + more
		}
		if sum /= float64(len(values)); best == "" || sum < least {
			best, least = id, sum
		}
	}
	return best, least
}

func median(list []int) float64 {
	s := slices.Sorted(slices.Values(list))
	return float64(s[len(s)/2])
}

func mean(list []int) float64 {
	sum := 0
	for _, n := range list {
		sum += n
	}
	return float64(sum) / float64(max(1, len(list)))
}
