package scheduler_test

import (
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"huiwen/knowledge/store"
	"huiwen/knowledge/store/storetest"
	"huiwen/scheduler"
	"huiwen/scheduler/ledger"
)

// opened is a store of a kind, empty, whose clock is that of a test: memory, file,
// redis or cluster.
type opened func(t testing.TB, now func() time.Time) store.Store

// offset winds a store's clock to where a test's stands.
func offset(now func() time.Time) store.Clock {
	return func() time.Duration { return time.Until(now()) }
}

func inMemory(_ testing.TB, now func() time.Time) store.Store { return newMemory(now) }

func onFile(t testing.TB, now func() time.Time) store.Store {
	t.Helper()
	f, err := store.OpenFile(t.Context(), t.TempDir(), offset(now))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// onRedis is a store on running servers, more than one for a cluster. It empties them,
// so that tests on the same ones do not run beside each other.
func onRedis(addrs ...string) opened {
	mode := "single"
	if len(addrs) > 1 {
		mode = "cluster"
	}
	return func(t testing.TB, now func() time.Time) store.Store {
		t.Helper()
		for _, a := range addrs {
			c := redis.NewClient(&redis.Options{Addr: a})
			if err := c.FlushAll(t.Context()).Err(); err != nil {
				t.Fatal(err)
			}
			c.Close()
		}
		return openRedis(t, now, mode, addrs...)
	}
}

func openRedis(t testing.TB, now func() time.Time, mode string, addrs ...string) store.Store {
	t.Helper()
	s, err := store.OpenRedis(t.Context(), store.RedisOptions{Mode: mode, Addrs: addrs}, offset(now))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// on moves a world to another store.
func (w *world) on(open opened) *world {
	w.t.Helper()
	w.store = open(w.t, w.now)
	w.book = ledger.NewBook(w.store, nil)
	w.Service = w.service(nil)
	return w
}

// single holds the platform's record against the ledger: every notice is in one digest,
// every digest reached whom it was for, and nobody was written to twice but where the
// answer was lost, at most so often.
func (w *world) single(least, unsure int) {
	w.t.Helper()
	list, err := w.book.Digests(w.t.Context(), time.Unix(0, 0), day(w.t, "2100-01-01").Time)
	w.must(err)
	owner, got := map[string]string{}, map[string]int{}
	w.platform.mu.Lock()
	for _, l := range w.got {
		got[l.id+"|"+l.to]++
	}
	w.platform.mu.Unlock()
	notices, lost := 0, 0
	for _, d := range list {
		if d.Ended.IsZero() {
			w.t.Errorf("%s of %s is not at its end: %+v", d.ID, d.Bureau, d.Deliveries)
		}
		for _, x := range d.Deliveries {
			lost += x.Unsure
			if n := got[d.ID+"|"+x.Ways[x.At].Channel+"/"+x.Ways[x.At].To]; n < 1 || n > 1+x.Unsure {
				w.t.Errorf("%s reaches %s %d times, %d answers lost", d.ID, x.Name, n, x.Unsure)
			}
		}
		if d.Kind != "digest" {
			continue
		}
		for _, i := range d.Items {
			notices++
			if owner[i.Key] != "" {
				w.t.Errorf("%s is in %s and %s", i.Key, owner[i.Key], d.ID)
			}
			owner[i.Key] = d.ID
		}
	}
	if lost > unsure {
		w.t.Errorf("%d answers are taken for lost, at most %d were", lost, unsure)
	}
	if notices < least {
		w.t.Errorf("%d notices, want %d", notices, least)
	}
}

// december is a world in the week of the near stages, armed.
func december(t testing.TB, open opened) *world {
	return newWorld(t, seedPlan(t), "2022-12-08").on(open).armed()
}

// replicasAtOnce lets three replicas tick at the same moments.
func replicasAtOnce(t *testing.T, open opened) {
	w := december(t, open)
	var replicas []*scheduler.Service
	for range 3 {
		replicas = append(replicas, w.service(nil))
	}
	w.through("2022-12-10", 50*time.Minute, func() {
		var wg sync.WaitGroup
		for _, r := range replicas {
			wg.Go(func() {
				if err := r.Tick(t.Context(), w.clock); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	})
	w.single(200, 0)
}

// stoppedPastItsLease lets a replica stand still at a point, longer than any lease,
// while another works; then it goes on.
func stoppedPastItsLease(t *testing.T, open opened) {
	for _, at := range []string{"leased", "bureau", "enqueued", "taken", "sent"} {
		t.Run(at, func(t *testing.T) {
			w := december(t, open)
			second, stops := w.service(nil), 0
			first := w.service(func(point string) {
				if point != at {
					return
				}
				if stops++; stops%5 == 1 {
					w.clock = w.clock.Add(5 * time.Minute)
					w.must(second.Tick(t.Context(), w.clock))
				}
			})
			w.through("2022-12-10", 50*time.Minute, func() { w.must(first.Tick(t.Context(), w.clock)) })
			if stops == 0 {
				t.Error("it never came there")
			}
			w.single(200, stops)
		})
	}
}

// through winds the clock to a day, in small steps while anything may happen.
func (w *world) through(to string, step time.Duration, do func()) {
	for end := day(w.t, to); w.clock.Before(end.Time); {
		do()
		if h := w.clock.Hour(); h < 8 || h >= 18 {
			w.clock = w.clock.Add(4 * time.Hour)
		} else {
			w.clock = w.clock.Add(step)
		}
	}
}

func TestReplicasAtOnce(t *testing.T) { replicasAtOnce(t, inMemory) }

// TestOnRedis is the same and worse on a Redis shared by the replicas, and one that is cut off
// in the middle.
func TestOnRedis(t *testing.T) {
	t.Parallel()
	addr := storetest.RedisServer(t)
	open := onRedis(addr)
	t.Run("three replicas at once", func(t *testing.T) { replicasAtOnce(t, open) })
	t.Run("one stands still past its lease", func(t *testing.T) { stoppedPastItsLease(t, open) })
	t.Run("cut off in the middle", func(t *testing.T) { cutOff(t, addr, open) })
	t.Run("a round of everything", func(t *testing.T) {
		r := newRound(t, 3, open)
		r.play("2022-11-10", "2022-12-01")
		r.check()
		t.Logf("%+v", r.tally)
	})
}

func TestOnRedisCluster(t *testing.T) {
	t.Parallel()
	replicasAtOnce(t, onRedis(storetest.RedisCluster(t)...))
}

// cutOff cuts the line to Redis at every few commits, before the request or after it,
// so that only the answer is lost.
func cutOff(t *testing.T, addr string, open opened) {
	w := december(t, open)
	proxy := storetest.NewProxy(t, addr)
	direct := w.store
	w.store = openRedis(t, w.now, "single", proxy.Addr)
	points, failed := 0, 0
	s := w.service(func(string) {
		if points++; points%7 == 0 {
			proxy.CutAfter(1 + points/7%2)
		}
	})
	w.through("2022-12-10", 20*time.Minute, func() {
		if err := s.Tick(t.Context(), w.clock); err != nil {
			failed++
		}
	})
	w.store = direct
	w.Service = w.service(nil)
	w.until("2022-12-11", 2*time.Hour)
	if proxy.Cuts() < 5 || failed == 0 {
		t.Errorf("cut %d times, %d ticks failed", proxy.Cuts(), failed)
	}
	t.Logf("cut %d times, %d ticks failed", proxy.Cuts(), failed)
	w.single(200, failed)
}
