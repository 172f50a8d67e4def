package store_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"huiwen/knowledge/store"
	"huiwen/knowledge/store/storetest"
)

func TestFile(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Open {
		dir := t.TempDir()
		return func(t *testing.T, clock store.Clock) store.Store {
			s, err := store.OpenFile(t.Context(), dir, clock)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { s.Close() })
			return s
		}
	})
}

func TestRedis(t *testing.T) {
	addr := storetest.RedisServer(t)
	storetest.Run(t, func(t *testing.T) storetest.Open {
		c := redis.NewClient(&redis.Options{Addr: addr})
		defer c.Close()
		if err := c.FlushAll(t.Context()).Err(); err != nil {
			t.Fatal(err)
		}
		return openRedis(store.RedisOptions{Mode: "single", Addrs: []string{addr}})
	})
}

func TestRedisCluster(t *testing.T) {
	addrs := storetest.RedisCluster(t)
	storetest.Run(t, func(t *testing.T) storetest.Open {
		for _, a := range addrs {
			c := redis.NewClient(&redis.Options{Addr: a})
			if err := c.FlushAll(t.Context()).Err(); err != nil {
				t.Fatal(err)
			}
			c.Close()
		}
		return openRedis(store.RedisOptions{Mode: "cluster", Addrs: addrs})
	})
}

func openRedis(o store.RedisOptions) storetest.Open {
	return func(t *testing.T, clock store.Clock) store.Store {
		s, err := store.OpenRedis(t.Context(), o, clock)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		return s
	}
}

func TestRedisIsCheckedForWhatLosesMessages(t *testing.T) {
	good := storetest.RedisServer(t)
	bad := storetest.RedisServer(t, "--maxmemory-policy", "allkeys-lru")
	for addr, wrong := range map[string]bool{good: false, bad: true} {
		s, err := store.OpenRedis(t.Context(), store.RedisOptions{Mode: "single", Addrs: []string{addr}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Check(t.Context()); (err != nil) != wrong {
			t.Errorf("%s: %v", addr, err)
		}
		s.Close()
	}
	if _, err := store.OpenRedis(t.Context(), store.RedisOptions{Mode: "single", Addrs: []string{storetest.FreeAddress(t)}}, nil); err == nil {
		t.Error("opens a Redis that is not there")
	}
}

func TestAFileThatIsNoStoreIsSaid(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "huiwen.db"), []byte(strings.Repeat("not a database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := store.OpenFile(t.Context(), dir, nil); err == nil || !strings.Contains(err.Error(), dir) {
		t.Errorf("a damaged file: %v", err)
	}
}

// TestACutAnswerIsSettled cuts the line to Redis after the request of a commit
// has passed: what the caller hears must be what took place.
func TestACutAnswerIsSettled(t *testing.T) {
	addr := storetest.RedisServer(t)
	p := storetest.NewProxy(t, addr)
	s, err := store.OpenRedis(t.Context(), store.RedisOptions{Mode: "single", Addrs: []string{p.Addr}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	direct, err := store.OpenRedis(t.Context(), store.RedisOptions{Mode: "single", Addrs: []string{addr}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer direct.Close()
	for i := range 60 {
		key := fmt.Sprint("k", i)
		p.CutAfter(i % 3) // 0: nothing, 1: before the request passes, 2: after it
		err := s.Update(t.Context(), "in/01", func(tx store.Tx) error { return tx.Put(key, []byte("x"), 0) })
		there := false
		if err := direct.View(t.Context(), "in/01", func(tx store.Tx) (err error) { _, there, err = tx.Get(key); return err }); err != nil {
			t.Fatal(err)
		}
		if errors.Is(err, store.ErrUnknown) {
			continue
		}
		if (err == nil) != there {
			t.Errorf("%d: Update says %v, the value is there: %v", i, err, there)
		}
	}
	if p.Cuts() == 0 {
		t.Error("nothing was cut")
	}
}
