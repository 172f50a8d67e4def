package store_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/redis/go-redis/v9"

	"huiwen/knowledge/store"
	"huiwen/knowledge/store/storetest"
)

// BenchmarkPut commits one value, by 1 and by 16 writers, and beside it what
// bare Redis takes for a SET in the same run.
func BenchmarkPut(b *testing.B) {
	file, err := store.OpenFile(b.Context(), b.TempDir(), nil)
	if err != nil {
		b.Fatal(err)
	}
	defer file.Close()
	addr := storetest.RedisServer(b)
	shared, err := store.OpenRedis(b.Context(), store.RedisOptions{Mode: "single", Addrs: []string{addr}}, nil)
	if err != nil {
		b.Fatal(err)
	}
	defer shared.Close()
	bare := redis.NewClient(&redis.Options{Addr: addr})
	defer bare.Close()
	puts := map[string]func(int64) error{
		"file": func(i int64) error {
			return file.Update(b.Context(), fmt.Sprintf("in/%02d", i%64), func(tx store.Tx) error { return tx.Put("k", []byte("value"), 0) })
		},
		"redis": func(i int64) error {
			return shared.Update(b.Context(), fmt.Sprintf("in/%02d", i%64), func(tx store.Tx) error { return tx.Put("k", []byte("value"), 0) })
		},
		"bare-redis-set": func(i int64) error { return bare.Set(b.Context(), fmt.Sprint("bare", i%64), "value", 0).Err() },
	}
	for _, name := range []string{"file", "redis", "bare-redis-set"} {
		for _, writers := range []int{1, 16} {
			b.Run(fmt.Sprintf("%s-%d", name, writers), func(b *testing.B) {
				var n atomic.Int64
				b.SetParallelism(max(1, writers/2))
				if writers == 1 {
					for b.Loop() {
						if err := puts[name](n.Add(1)); err != nil {
							b.Fatal(err)
						}
					}
					return
				}
				b.RunParallel(func(pb *testing.PB) {
					for pb.Next() {
						if err := puts[name](n.Add(1)); err != nil {
							b.Error(err)
						}
					}
				})
			})
		}
	}
}
