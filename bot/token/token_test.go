package token

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"huiwen/knowledge/store"
)

func memory(t *testing.T) (store.Store, *atomic.Int64) {
	t.Helper()
	var wound atomic.Int64
	s, err := store.OpenFile(t.Context(), t.TempDir(), func() time.Duration { return time.Duration(wound.Load()) })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s, &wound
}

var errSecret = errors.New("wrong secret")

func isFatal(err error) bool { return errors.Is(err, errSecret) }

// replicas are several sources of one app, with what they fetched.
func replicas(s store.Store, n int, fetch func(int64) (string, time.Duration, error)) ([]*Source, *atomic.Int64) {
	var fetched atomic.Int64
	var out []*Source
	for range n {
		out = append(out, New(s, "wecom/corp/app", func(context.Context) (string, time.Duration, error) { return fetch(fetched.Add(1)) }, isFatal))
	}
	return out, &fetched
}

func numbered(n int64) (string, time.Duration, error) { return fmt.Sprint("t", n), 2 * time.Hour, nil }

func TestManyReplicasFetchOnce(t *testing.T) {
	s, _ := memory(t)
	all, fetched := replicas(s, 8, numbered)
	ask := func(stale, want string) {
		t.Helper()
		var wg sync.WaitGroup
		for _, r := range all {
			for range 5 {
				wg.Go(func() {
					if got, err := r.Token(t.Context(), stale); err != nil || got != want {
						t.Errorf("%q %v, want %s", got, err, want)
					}
				})
			}
		}
		wg.Wait()
	}
	ask("", "t1")
	ask("t1", "t2") // refused: fetched again by one
	ask("t1", "t2") // a late one finds the new token
	if n := fetched.Load(); n != 2 {
		t.Errorf("%d fetched, want 2", n)
	}
}

func TestATokenEndsBeforeItsLife(t *testing.T) {
	s, wound := memory(t)
	all, fetched := replicas(s, 1, numbered)
	for _, c := range []struct {
		after time.Duration
		want  string
	}{{0, "t1"}, {114 * time.Minute, "t1"}, {2 * time.Minute, "t2"}} {
		wound.Add(int64(c.after))
		if got, err := all[0].Token(t.Context(), ""); err != nil || got != c.want {
			t.Errorf("%q %v, want %s", got, err, c.want)
		}
	}
	if fetched.Load() != 2 {
		t.Errorf("%d fetched", fetched.Load())
	}
}

func TestAWrongSecretIsNotTriedAgainAndAgain(t *testing.T) {
	s, wound := memory(t)
	all, fetched := replicas(s, 3, func(n int64) (string, time.Duration, error) {
		if n == 1 {
			return "", 0, errSecret
		}
		return numbered(n)
	})
	if _, err := all[0].Token(t.Context(), ""); !errors.Is(err, errSecret) {
		t.Errorf("the first: %v", err)
	}
	for _, r := range all {
		if _, err := r.Token(t.Context(), ""); !errors.Is(err, ErrHalted) {
			t.Errorf("a moment later: %v", err)
		}
	}
	wound.Add(int64(haltTime + time.Second))
	if got, err := all[2].Token(t.Context(), ""); err != nil || got != "t2" {
		t.Errorf("after a minute: %q %v", got, err)
	}
	if fetched.Load() != 2 {
		t.Errorf("%d fetched", fetched.Load())
	}
}

func TestATokenThatIsAlwaysRefusedIsNoStorm(t *testing.T) {
	s, _ := memory(t)
	all, fetched := replicas(s, 1, func(int64) (string, time.Duration, error) { return "same", time.Hour, nil })
	for range 200 {
		_, _ = all[0].Token(t.Context(), "same")
	}
	if n := fetched.Load(); n > int64(fetches.Most) {
		t.Errorf("%d fetched in a minute", n)
	}
}
