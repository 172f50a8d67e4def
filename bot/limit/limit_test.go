package limit

import (
	"sync/atomic"
	"testing"
	"time"

	"huiwen/knowledge/store"
)

// memory is a store whose clock the test winds.
func memory(t *testing.T) (store.Store, func(time.Duration)) {
	t.Helper()
	var wound atomic.Int64
	s, err := store.OpenFile(t.Context(), t.TempDir(), func() time.Duration { return time.Duration(wound.Load()) })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s, func(d time.Duration) { wound.Add(int64(d)) }
}

func TestNoSpanHoldsMoreThanItsRule(t *testing.T) {
	s, wind := memory(t)
	l := Limiter{s, []Rule{{30, time.Minute}, {100, time.Hour}}}
	var sent []time.Duration
	var at time.Duration
	for len(sent) < 230 {
		wait, err := l.Take(t.Context(), "zhang", 1)
		if err != nil {
			t.Fatal(err)
		}
		if wait == 0 {
			sent = append(sent, at)
			wait = 50 * time.Millisecond
		}
		wind(wait)
		at += wait
		if at > 10*time.Hour {
			t.Fatalf("%d sent in ten hours", len(sent))
		}
	}
	for i := range sent {
		for _, r := range l.Rules {
			if j := i + r.Most; j < len(sent) && sent[j]-sent[i] < r.Per-time.Second {
				t.Errorf("%d in %v", r.Most+1, sent[j]-sent[i])
			}
		}
	}
	if at > 3*time.Hour {
		t.Errorf("230 took %v at 100 an hour", at)
	}
}

func TestReceiversAndLargeNumbers(t *testing.T) {
	s, wind := memory(t)
	l := Limiter{s, []Rule{{2, time.Minute}}}
	take := func(name string, n int) bool {
		t.Helper()
		wait, err := l.Take(t.Context(), name, n)
		if err != nil {
			t.Fatal(err)
		}
		return wait == 0
	}
	if !take("a", 2) || take("a", 1) || !take("b", 1) {
		t.Error("one receiver's count is another's")
	}
	if take("a", 5) {
		t.Error("more than the rule beside others")
	}
	wind(2 * time.Minute)
	if !take("a", 5) {
		t.Error("more than the rule ever allows waits for ever")
	}
}
