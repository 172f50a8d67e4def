package scheduler_test

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"huiwen/knowledge/calendar"
	"huiwen/knowledge/plan"
	"huiwen/knowledge/store"
	"huiwen/scheduler"
	"huiwen/scheduler/ledger"
)

// wide is a plan of so many measures with ten bureaus each out of a hundred.
func wide(measures int) *plan.Plan {
	p := &plan.Plan{Title: "计划", Issued: "2022-06-09", Valid: plan.Span{From: "2022-01-01", To: "2022-12-31"}}
	for i := range measures {
		due := fmt.Sprintf("2022-%02d-28", 7+i%6)
		it := plan.Item{No: strconv.Itoa(i + 1), Text: fmt.Sprintf("力争2022年完成%d户。", i+10)}
		for j := range 10 {
			it.Bureaus = append(it.Bureaus, plan.Bureau{Name: fmt.Sprintf("第%d局", (i*7+j*13)%100), First: j == 0})
		}
		it.Deadlines = []plan.Deadline{{Text: "2022年", Kind: "once", Hard: true, Due: &due}}
		it.Targets = []plan.Target{{Text: fmt.Sprintf("%d户", i+10), What: "完成", Value: float64(i + 10), Unit: "户", Cmp: ">=", Due: due, Hedge: "力争"}}
		p.Items = append(p.Items, it)
	}
	return p
}

// BenchmarkRehearsal is the rehearsal of the seed plan's year, unrolled anew.
func BenchmarkRehearsal(b *testing.B) {
	p := seedPlan(b)
	x := terms(b, "2022-06-09", "2022-12-31")
	to := day(b, "2023-01-31")
	b.ReportAllocs()
	for b.Loop() {
		scheduler.Digests(scheduler.Due(ledger.Duties(p, x.Armed, to), x, x.Armed, to), x, to)
	}
}

// BenchmarkIdleTick is a tick over 10,000 duties when no slot has come.
func BenchmarkIdleTick(b *testing.B) { tick10000(b, false) }

// BenchmarkBusyDay is a day of ticks, one a minute over the morning, over 10,000
// duties of which each is looked at.
func BenchmarkBusyDay(b *testing.B) { tick10000(b, true) }

func tick10000(b *testing.B, wholeDay bool) {
	w := newWorld(b, wide(1000), "2022-06-09").armed()
	w.until("2022-06-10", time.Hour)
	w.clock = day(b, "2022-06-10").Add(9 * time.Hour)
	w.must(w.Tick(b.Context(), w.clock))
	if !wholeDay {
		w.clock = w.clock.Add(3 * time.Hour)
	}
	for b.Loop() {
		if !wholeDay {
			w.must(w.Tick(b.Context(), w.clock))
			continue
		}
		for minute := range 30 {
			w.must(w.Tick(b.Context(), w.clock.Add(time.Duration(minute)*time.Minute)))
		}
		w.clock = seeded(b).On(calendar.Of(w.clock).Plus(1)).Add(9 * time.Hour)
		b.StopTimer()
		w.must(w.Tick(b.Context(), w.clock))
		if st, _ := w.Status(b.Context(), w.clock); st.Hold != nil {
			w.must(w.Release(b.Context(), w.clock, "办", nil))
		}
		b.StartTimer()
	}
}

// BenchmarkNotices is how long a notice takes from what is due to the platform, at
// the assignment of 10,000 duties.
func BenchmarkNotices(b *testing.B) {
	p := wide(1000)
	sent, items := 0, 0
	for b.Loop() {
		b.StopTimer()
		w := newWorld(b, p, "2022-06-09")
		w.must(w.Arm(b.Context(), scheduler.Arming{Day: calendar.Of(w.clock), By: "办", At: w.clock}))
		b.StartTimer()
		w.must(w.Release(b.Context(), w.clock, "办", nil))
		w.clock = w.clock.Add(10 * time.Hour)
		w.must(w.Deliver(b.Context(), w.clock))
		sent += len(w.got)
		b.StopTimer()
		list, err := w.book.Digests(b.Context(), time.Unix(0, 0), day(b, "2100-01-01").Time)
		w.must(err)
		for _, d := range list {
			items += len(d.Items)
		}
		b.StartTimer()
	}
	b.ReportMetric(float64(items)/b.Elapsed().Seconds(), "notices/s")
	b.ReportMetric(float64(sent)/float64(b.N), "messages/op")
}

// BenchmarkNoticesOnFile is the same for the seed plan on the file store, which is
// durable before it goes on.
func BenchmarkNoticesOnFile(b *testing.B) {
	sent, items := 0, 0
	for b.Loop() {
		b.StopTimer()
		w := newWorld(b, seedPlan(b), "2022-06-09")
		file, err := store.OpenFile(b.Context(), b.TempDir(), nil)
		w.must(err)
		w.store, w.book = file, ledger.NewBook(file, nil)
		w.Service = w.service(nil)
		w.must(w.Arm(b.Context(), scheduler.Arming{Day: calendar.Of(w.clock), By: "办", At: w.clock}))
		b.StartTimer()
		w.must(w.Release(b.Context(), w.clock, "办", nil))
		w.clock = w.clock.Add(10 * time.Hour)
		w.must(w.Deliver(b.Context(), w.clock))
		b.StopTimer()
		sent += len(w.got)
		items += 211
		w.must(file.Close())
		b.StartTimer()
	}
	b.ReportMetric(float64(items)/b.Elapsed().Seconds(), "notices/s")
	b.ReportMetric(float64(sent)/b.Elapsed().Seconds(), "messages/s")
}
