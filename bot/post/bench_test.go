package post_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"huiwen/bot"
	"huiwen/bot/post"
	"huiwen/knowledge/store"
	"huiwen/knowledge/store/storetest"
)

// stores are both backends, new and empty.
func stores(b *testing.B) map[string]func() store.Store {
	return map[string]func() store.Store{
		"file": func() store.Store {
			s, err := store.OpenFile(b.Context(), b.TempDir(), nil)
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() { s.Close() })
			return s
		},
		"redis": func() store.Store {
			s, err := store.OpenRedis(b.Context(), store.RedisOptions{Mode: "single", Addrs: []string{storetest.RedisServer(b)}}, nil)
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() { s.Close() })
			return s
		},
	}
}

// typical is a reply as long as most: three paragraphs with their provenance.
func typical() bot.Rendered {
	line := bot.Line{bot.Words("计划写的是："), bot.Quote("39", strings.Repeat("帮助其申报一次性创业补贴", 6)), bot.Words("。")}
	return bot.Rendered{Status: bot.Answered, Text: strings.Repeat("帮助其申报一次性创业补贴", 20), Citations: []string{"39"}, Choices: []string{"由哪些单位负责", "创业担保贷款"},
		Lines: []bot.Line{line, line, line}, Version: strings.Repeat("0", 64)}
}

func each(b *testing.B, workers int, fn func(i int64)) {
	var n atomic.Int64
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for i := n.Add(1); i <= int64(b.N); i = n.Add(1) {
				fn(i)
			}
		})
	}
	wg.Wait()
}

// BenchmarkLeaseAndEnd takes messages and ends them, by 1 and by 16 workers.
func BenchmarkLeaseAndEnd(b *testing.B) {
	for name, open := range stores(b) {
		for _, workers := range []int{1, 16} {
			b.Run(fmt.Sprintf("%s-%d", name, workers), func(b *testing.B) {
				box := post.NewLimited(open(), rand.Reader, post.Limits{PerShard: 1 << 20})
				each(b, 16, func(i int64) {
					if _, err := box.Accept(b.Context(), message(fmt.Sprint("c", i), fmt.Sprint(i), "开店补贴多少")); err != nil {
						b.Error(err)
					}
				})
				var done atomic.Int64
				b.ResetTimer()
				var wg sync.WaitGroup
				for w := range workers {
					wg.Go(func() {
						for shard := w * post.Shards / workers; done.Load() < int64(b.N) && !b.Failed(); shard = (shard + 1) % post.Shards {
							for {
								t, ok, err := box.Take(b.Context(), shard)
								if err == nil && ok {
									_, err = box.Finish(b.Context(), t, post.Result{Session: []byte("1"), Reply: typical()})
								}
								if err != nil {
									b.Error(err)
									return
								}
								if !ok {
									break
								}
								done.Add(1)
							}
						}
					})
				}
				wg.Wait()
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "/s")
			})
		}
	}
}

// BenchmarkEndToEnd asks by way of inbox, gateway and answer, with the question
// log, by 1 and by 16 people.
func BenchmarkEndToEnd(b *testing.B) {
	for name, open := range stores(b) {
		for _, people := range []int{1, 16} {
			b.Run(fmt.Sprintf("%s-%d", name, people), func(b *testing.B) {
				g, stop := benchGateway(b, open())
				defer stop()
				b.ResetTimer()
				each(b, people, func(i int64) {
					if _, err := g.Ask(b.Context(), message(fmt.Sprint("c", i%500), fmt.Sprint(i), "开店补贴多少")); err != nil {
						b.Error(err)
					}
				})
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "/s")
			})
		}
	}
}

// BenchmarkRecovery opens a store with 10,000 waiting messages: until the first
// and until the last is answered.
func BenchmarkRecovery(b *testing.B) {
	for name, open := range stores(b) {
		b.Run(name, func(b *testing.B) {
			const waiting = 10_000
			s := open()
			box := post.NewBox(s, rand.Reader)
			var wg sync.WaitGroup
			for w := range 16 {
				wg.Go(func() {
					for i := w; i < waiting; i += 16 {
						if _, err := box.Accept(b.Context(), message(fmt.Sprint("c", i%5000), fmt.Sprint(i), "开店补贴多少")); err != nil {
							b.Error(err)
						}
					}
				})
			}
			wg.Wait()
			b.ResetTimer()
			_, stop := benchGateway(b, s)
			defer stop()
			first := time.Duration(0)
			for {
				st, err := box.Stats(b.Context())
				if err != nil {
					b.Fatal(err)
				}
				if st.Answered > 0 && first == 0 {
					first = b.Elapsed()
				}
				if st.Waiting == 0 {
					break
				}
				time.Sleep(5 * time.Millisecond)
			}
			b.ReportMetric(first.Seconds(), "s-first")
			b.ReportMetric(b.Elapsed().Seconds(), "s-all")
		})
	}
}

// BenchmarkSize answers POST_MESSAGES messages (20,000) of 2,000 people and says
// how much the file takes.
func BenchmarkSize(b *testing.B) {
	n, err := strconv.Atoi(os.Getenv("POST_MESSAGES"))
	if err != nil {
		n = 20_000
	}
	s, err := store.OpenFile(b.Context(), b.TempDir(), nil)
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	g, stop := benchGateway(b, s)
	var wg sync.WaitGroup
	for w := range 32 {
		wg.Go(func() {
			for i := w; i < n; i += 32 {
				if _, err := g.Ask(b.Context(), message(fmt.Sprint("c", i%2000), fmt.Sprint(i), "开店补贴多少")); err != nil {
					b.Error(err)
				}
			}
		})
	}
	wg.Wait()
	stop()
	if _, err := s.Sweep(b.Context(), 1000); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(s.Size())/float64(n), "bytes/message")
	b.ReportMetric(float64(s.Size())/1e6, "MB")
}

func benchGateway(b *testing.B, s store.Store) (*post.Gateway, func()) {
	o := options(post.NewBox(s, rand.Reader), nil)
	o.Workers, o.Poll = 16, time.Second
	desk := o.Desk
	o.Desk = func(ctx context.Context, m bot.Message, session []byte) (bot.Rendered, []byte, bool, error) {
		_, next, forget, err := desk(ctx, m, session)
		return typical(), next, forget, err
	}
	return stoppable(b, o)
}
