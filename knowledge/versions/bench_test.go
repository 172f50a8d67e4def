package versions

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime/debug"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"huiwen/knowledge"
	"huiwen/knowledge/plan"
	"huiwen/knowledge/seedtest"
	"huiwen/knowledge/store"
	"huiwen/seeds"
)

// grownPlan is a plan of n measures made from those of the seed, each with words
// of its own, as of a year.
func grownPlan(b testing.TB, n, year int) string {
	seed, err := knowledge.ReadEdition(seeds.Files)
	if err != nil {
		b.Fatal(err)
	}
	plans, err := seed.ReadPlans()
	if err != nil {
		b.Fatal(err)
	}
	items := plans[0].Plan.Items
	var out strings.Builder
	fmt.Fprintf(&out, "%d年甲区促进居民增收实施计划\n（此件公开发布）\n%d年3月1日\n一、任务\n", year, year)
	for i := range n {
		text := items[i%len(items)].Text
		if n > len(items) { // as a plan of at most 4 MB can hold them
			sentences := plan.Sentences(items[i%len(items)].Body())
			text = sentences[0] + text[strings.LastIndexAny(text, "(（"):]

			own := ""
			for k := range 6 { // what tells the measures apart
				own += string(rune(0x4e00 + (i*7+k*977+i/13*k)%20000))
			}
			text = own + "片区：" + text
		}
		text = strings.ReplaceAll(text, "2022年", fmt.Sprint(year, "年"))
		fmt.Fprintf(&out, "%d.%s\n", i+1, strings.ReplaceAll(text, "\n", ""))
	}
	return out.String()
}

// BenchmarkPublish takes a plan from file to what answers: import, comparison
// with the one before, publication. Each step is told apart.
func BenchmarkPublish(b *testing.B) {
	for _, n := range []int{63, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			load := seedtest.Loader(b, seeds.Files)
			seed, err := knowledge.ReadEdition(seeds.Files)
			if err != nil {
				b.Fatal(err)
			}
			if n > 63 {
				seed = seed.With(knowledge.PlanPath(seed.PlanIDs()[0]), []byte(grownPlan(b, n, 2022)))
			}
			next := grownPlan(b, n, 2023)
			next = strings.Replace(strings.ReplaceAll(next, "5000元", "8000元"), "一、任务\n1.", "一、任务\n1.新设一项从前没有的工作，每月调度一次。（责任单位：区财政局）\n2.", 1)
			next = renumber(next)
			var imported, compared, published, busy time.Duration
			for b.Loop() {
				s, err := store.OpenFile(b.Context(), b.TempDir(), nil)
				if err != nil {
					b.Fatal(err)
				}
				l := &Library{Store: s, Seed: seed, Load: load, Text: textOf}
				before := processor()
				began := time.Now()
				d, r, err := l.Import(b.Context(), "", Upload{Name: "x.txt", Data: []byte(next)}, Act{Who: "甲"})
				if err != nil {
					b.Fatal(err)
				}
				imported += time.Since(began)
				began = time.Now()
				diff, err := l.Diff(b.Context(), d.ID)
				if err != nil {
					b.Fatal(err)
				}
				compared += time.Since(began)
				if len(r.Plan.Items) != n+1 || len(diff.Plans[0].Changes) < 2 {
					b.Fatalf("%d items, %d changes", len(r.Plan.Items), len(diff.Plans[0].Changes))
				}
				began = time.Now()
				if _, err := l.Publish(b.Context(), d.ID, Act{Who: "甲"}); err != nil {
					b.Fatal(err)
				}
				published += time.Since(began)
				busy += processor() - before
				s.Close()
			}
			b.ReportMetric(0, "ns/op")
			per := func(d time.Duration) float64 { return d.Seconds() * 1000 / float64(b.N) }
			b.ReportMetric(per(imported), "ms/import")
			b.ReportMetric(per(compared), "ms/diff")
			b.ReportMetric(per(published), "ms/publish")
			b.ReportMetric(per(busy), "cpu-ms/all")
		})
	}
}

// processor is the time that this process had on a processor: what a busy machine
// cannot blur.
func processor() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// renumber numbers the lines of a plan through.
func renumber(text string) string {
	n := 0
	var out strings.Builder
	for line := range strings.Lines(text) {
		if no, rest, ok := strings.Cut(line, "."); ok && strings.Trim(no, "0123456789") == "" {
			n++
			line = fmt.Sprint(n, ".", rest)
		}
		out.WriteString(line)
	}
	return out.String()
}

// BenchmarkFlip is the time from when every replica is ready to when each of three
// answers from the new version.
func BenchmarkFlip(b *testing.B) {
	s, err := store.OpenFile(b.Context(), b.TempDir(), nil)
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	l := &Library{Store: s, Seed: seedEdition(), Load: load}
	ctx, stop := context.WithCancel(b.Context())
	var running sync.WaitGroup
	defer func() { stop(); running.Wait() }()
	var fs []*Follower
	for i := range 3 {
		f, err := NewFollower(ctx, FollowerOptions{Store: s, Seed: l.Seed, Load: load, ID: fmt.Sprint("r", i), Poll: 20 * time.Millisecond, Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
		if err != nil {
			b.Fatal(err)
		}
		f.step(ctx)
		running.Go(func() { f.Run(ctx) })
		fs = append(fs, f)
	}
	var ready time.Time
	l.Crash = func(point string) {
		if point == "ready" {
			ready = time.Now()
		}
	}
	var all, worst time.Duration
	n := 0
	for b.Loop() {
		n++
		d, err := l.Change(ctx, "", "x", Act{Who: "甲"}, set("plan/seed.txt", planText(2022, 1000+n)))
		if err != nil {
			b.Fatal(err)
		}
		p, err := l.Publish(ctx, d.ID, Act{Who: "甲"})
		if err != nil {
			b.Fatal(err)
		}
		for _, f := range fs {
			if f.Fresh(ctx).Seq != p.Seq {
				b.Fatal("an old version answers")
			}
		}
		took := time.Since(ready)
		all, worst = all+took, max(worst, took)
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(all.Microseconds())/1000/float64(n), "ms/flip")
	b.ReportMetric(float64(worst.Microseconds())/1000, "ms/worst")
}

// BenchmarkMemory is what the process holds with one snapshot of the seed, and
// after twenty publications.
func BenchmarkMemory(b *testing.B) {
	load := seedtest.Loader(b, seeds.Files)
	seed, err := knowledge.ReadEdition(seeds.Files)
	if err != nil {
		b.Fatal(err)
	}
	s, err := store.OpenFile(b.Context(), b.TempDir(), nil)
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	l := &Library{Store: s, Seed: seed, Load: func(knowledge.Edition) (*knowledge.Snapshot, error) { return nil, nil }}
	f, err := NewFollower(b.Context(), FollowerOptions{Store: s, Seed: seed, Load: load, ID: "r", Swapped: debug.FreeOSMemory, Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err != nil {
		b.Fatal(err)
	}
	first := residentMB()
	name := knowledge.PlanPath(seed.PlanIDs()[0])
	for range b.N {
		for n := range 20 {
			d, err := l.Change(b.Context(), "", "x", Act{Who: "甲"}, set(name, strings.ReplaceAll(string(seed[name]), "5000元", fmt.Sprint(6000+n, "元"))))
			if err != nil {
				b.Fatal(err)
			}
			p, err := l.Publish(b.Context(), d.ID, Act{Who: "甲"})
			if err != nil {
				b.Fatal(err)
			}
			if f.Fresh(b.Context()).Seq != p.Seq {
				b.Fatal("an old version answers")
			}
		}
	}
	debug.FreeOSMemory()
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(first, "MB/first")
	b.ReportMetric(residentMB(), "MB/after20")
}

func residentMB() float64 {
	var size, resident float64
	data, _ := os.ReadFile("/proc/self/statm")
	fmt.Sscan(string(data), &size, &resident)
	return resident * float64(os.Getpagesize()) / (1 << 20)
}
