package app

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"huiwen/bot"
	"huiwen/knowledge"
	"huiwen/knowledge/segment"
	"huiwen/seeds"
)

// A Benchmark is what `bench --json` prints.
type Benchmark struct {
	Cores     int `json:"cores"`
	Questions int `json:"questions"`
	// Start is from nothing to the first answer, the dictionary included.
	StartMS     float64 `json:"start_ms"`
	P50us       float64 `json:"p50_us"`
	P99us       float64 `json:"p99_us"`
	PerSecond   float64 `json:"answers_per_second"` // on all cores
	CutP50us    float64 `json:"cut_p50_us"`         // a bare gojieba cut of the same text
	CutPerSec   float64 `json:"cuts_per_second"`
	RatioP50    float64 `json:"p50_over_cut"`
	RatioPerSec float64 `json:"cuts_over_answers_per_second"`
	MemoryMB    float64 `json:"memory_mb"`
	AfterMB     float64 `json:"memory_after_20_snapshots_mb"`
	Growth      []Grown `json:"growth"`
}

// Grown is retrieval alone with the measures repeated.
type Grown struct {
	Measures int     `json:"measures"`
	P50us    float64 `json:"p50_us"`
	P99us    float64 `json:"p99_us"`
	MemoryMB float64 `json:"memory_mb"`
}

func benchmark(ctx context.Context, c *call) error {
	asJSON := false
	if _, err := c.parse(0, 0, func(fs *flag.FlagSet) { fs.BoolVar(&asJSON, "json", false, "") }); err != nil {
		return err
	}
	b, err := measure(ctx, c)
	if err != nil {
		return err
	}
	if asJSON {
		enc := json.NewEncoder(c.Stdout)
		enc.SetIndent("", " ")
		return enc.Encode(b)
	}
	fmt.Fprintf(c.Stdout, "start %.0f ms, memory %.0f MB, after 20 snapshots %.0f MB\n", b.StartMS, b.MemoryMB, b.AfterMB)
	fmt.Fprintf(c.Stdout, "answer p50 %.0f µs, p99 %.0f µs, %.0f/s on %d cores (%d questions)\n", b.P50us, b.P99us, b.PerSecond, b.Cores, b.Questions)
	fmt.Fprintf(c.Stdout, "bare gojieba cut p50 %.1f µs, %.0f/s: an answer costs %.0f cuts (p50), %.0f (all cores)\n", b.CutP50us, b.CutPerSec, b.RatioP50, b.RatioPerSec)
	for _, g := range b.Growth {
		fmt.Fprintf(c.Stdout, "retrieval of %d measures: p50 %.0f µs, p99 %.0f µs, +%.0f MB\n", g.Measures, g.P50us, g.P99us, g.MemoryMB)
	}
	return nil
}

// measure runs every measurement in one process, one after the other.
func measure(ctx context.Context, c *call) (*Benchmark, error) {
	began := time.Now()
	e, err := c.engine(ctx)
	if err != nil {
		return nil, err
	}
	texts, err := benchTexts()
	if err != nil {
		return nil, err
	}
	at := time.Date(2022, 9, 15, 12, 0, 0, 0, time.UTC)
	one := func(text string) error {
		_, _, err := e.answer(ctx, bot.Message{User: bot.Resident, Text: text, At: at}, nil)
		return err
	}
	if err := one(texts[0]); err != nil {
		return nil, err
	}
	b := &Benchmark{Cores: runtime.GOMAXPROCS(0), Questions: len(texts), StartMS: ms(time.Since(began))}
	b.MemoryMB = residentMB()
	if b.P50us, b.P99us, err = latencies(texts, one); err != nil {
		return nil, err
	}
	cut := func(text string) error { e.cutter.Search(segment.Normalise(text)); return nil }
	b.CutP50us, _, _ = latencies(texts, cut)
	b.PerSecond = throughput(texts, one)
	b.CutPerSec = throughput(texts, cut)
	b.RatioP50, b.RatioPerSec = b.P50us/b.CutP50us, b.CutPerSec/b.PerSecond
	for range 20 {
		if _, err := knowledge.Load(seeds.Files, e.cutter); err != nil {
			return nil, err
		}
	}
	runtime.GC()
	b.AfterMB = residentMB()
	for _, n := range []int{1_000, 10_000, 100_000} {
		g, err := grown(e, n, texts)
		if err != nil {
			return nil, err
		}
		b.Growth = append(b.Growth, g)
	}
	return b, nil
}

// benchTexts are the single-turn questions of the product's own evaluation set.
func benchTexts() ([]string, error) {
	data, err := seeds.Files.ReadFile("evaluation.jsonl")
	if err != nil {
		return nil, fmt.Errorf("read the evaluation questions: %w", err)
	}
	questions, err := parseQuestions("evaluation.jsonl", data)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, q := range questions {
		if len(q.Turns) == 1 {
			out = append(out, q.Turns[0])
		}
	}
	return out, nil
}

// rounds is how often every question is asked.
const rounds = 5

func latencies(texts []string, do func(string) error) (p50, p99 float64, err error) {
	var all []time.Duration
	for range rounds {
		for _, t := range texts {
			began := time.Now()
			if err := do(t); err != nil {
				return 0, 0, err
			}
			all = append(all, time.Since(began))
		}
	}
	slices.Sort(all)
	return us(all[len(all)/2]), us(all[len(all)*99/100]), nil
}

// throughput is how often a second all cores together do it.
func throughput(texts []string, do func(string) error) float64 {
	workers := runtime.GOMAXPROCS(0)
	began := time.Now()
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for range rounds {
				for _, t := range texts {
					_ = do(t)
				}
			}
		})
	}
	wg.Wait()
	return float64(workers*rounds*len(texts)) / time.Since(began).Seconds()
}

// grown measures retrieval over n measures: those of the seed, renumbered and
// with their words shuffled.
func grown(e *engine, n int, texts []string) (Grown, error) {
	runtime.GC()
	before := residentMB()
	f, err := knowledge.Repeated(e.snapshot(), n, e.cutter)
	if err != nil {
		return Grown{}, err
	}
	g := Grown{Measures: n}
	few := texts[:min(len(texts), 60)]
	g.P50us, g.P99us, _ = latencies(few, func(t string) error { f.Find(t, 5); return nil })
	g.MemoryMB = residentMB() - before
	runtime.KeepAlive(f)
	return g, nil
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
func us(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1000 }

// residentMB is the memory of this process that the system holds, 0 where the
// system does not tell.
func residentMB() float64 {
	data, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(data))
	if len(fields) < 2 {
		return 0
	}
	pages, _ := strconv.ParseFloat(fields[1], 64)
	return pages * float64(os.Getpagesize()) / (1 << 20)
}
