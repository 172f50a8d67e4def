package store_test

import (
	"database/sql"
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/redis/go-redis/v9"

	"huiwen/knowledge/store"
	"huiwen/knowledge/store/storetest"
)

// BenchmarkPut commits one value, by 1 and by 16 writers, on both backends, and in
// the same run what bare SQLite (WAL, FULL, a commit a row) and a bare SET take.
func BenchmarkPut(b *testing.B) {
	file, err := store.OpenFile(b.Context(), b.TempDir(), nil)
	if err != nil {
		b.Fatal(err)
	}
	defer file.Close()
	sqlite, err := sql.Open("sqlite3", "file:"+filepath.Join(b.TempDir(), "bare.db")+"?_journal_mode=WAL&_synchronous=FULL&_busy_timeout=10000&_txlock=immediate")
	if err != nil {
		b.Fatal(err)
	}
	defer sqlite.Close()
	sqlite.SetMaxOpenConns(1)
	if _, err := sqlite.Exec(`CREATE TABLE kv (k TEXT PRIMARY KEY, v BLOB) WITHOUT ROWID`); err != nil {
		b.Fatal(err)
	}
	addr := storetest.RedisServer(b)
	shared, err := store.OpenRedis(b.Context(), store.RedisOptions{Mode: "single", Addrs: []string{addr}}, nil)
	if err != nil {
		b.Fatal(err)
	}
	defer shared.Close()
	bare := redis.NewClient(&redis.Options{Addr: addr})
	defer bare.Close()
	put := func(s store.Store) func(int64) error {
		return func(i int64) error {
			return s.Update(b.Context(), fmt.Sprintf("in/%02d", i%64), func(tx store.Tx) error { return tx.Put("k", []byte("value"), 0) })
		}
	}
	for _, one := range []struct {
		name string
		put  func(int64) error
	}{
		{"file", put(file)},
		{"bare-sqlite", func(i int64) error {
			_, err := sqlite.Exec(`INSERT OR REPLACE INTO kv VALUES (?, ?)`, fmt.Sprint(i%64), "value")
			return err
		}},
		{"redis", put(shared)},
		{"bare-redis-set", func(i int64) error { return bare.Set(b.Context(), fmt.Sprint("bare", i%64), "value", 0).Err() }},
	} {
		for _, writers := range []int{1, 16} {
			b.Run(fmt.Sprintf("%s-%d", one.name, writers), func(b *testing.B) { spread(b, writers, one.put) })
		}
	}
	_, port, _ := net.SplitHostPort(addr)
	for _, clients := range []string{"1", "16"} {
		out, err := exec.Command("redis-benchmark", "-p", port, "-t", "set", "-c", clients, "-n", "20000", "-q").Output()
		if err == nil {
			b.Logf("redis-benchmark -t set -c %s: %s", clients, strings.TrimSpace(string(out[strings.LastIndex(strings.TrimRight(string(out), "\r\n "), "\r")+1:])))
		}
	}
}

// spread runs b.N of fn by so many goroutines and reports how many a second.
func spread(b *testing.B, writers int, fn func(int64) error) {
	var n atomic.Int64
	var wg sync.WaitGroup
	b.ResetTimer()
	for range writers {
		wg.Go(func() {
			for {
				i := n.Add(1)
				if i > int64(b.N) {
					return
				}
				if err := fn(i); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "/s")
}
