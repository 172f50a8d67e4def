package app

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"huiwen/bot/envelope"
	"huiwen/bot/wecom"
	"huiwen/knowledge/store/storetest"
)

// burst is how long callbacks come at a rate.
const burst = 10 * time.Second

// drainFor bounds how long answers are waited for.
const drainFor = 60 * time.Second

// BenchmarkCallbacks measures what the platform sees: how soon encrypted
// callbacks are acknowledged at a rate, then how fast they are answered, against
// a bare handler that only decrypts, in the same run. The platform, its clients
// and the service share this machine. Run it with
//
//	go test ./bot/app -run '^$' -bench Callbacks -benchtime 1x -timeout 30m
func BenchmarkCallbacks(b *testing.B) {
	for _, kind := range []string{"file", "redis"} {
		for _, rate := range []int{500, 2000} {
			b.Run(fmt.Sprintf("%s/%d", kind, rate), func(b *testing.B) {
				for range b.N {
					measureCallbacks(b, kind, rate)
				}
			})
		}
	}
}

func measureCallbacks(b *testing.B, kind string, rate int) {
	var env []string
	if kind == "redis" {
		env = []string{"HUIWEN_STORE_KIND=redis", "HUIWEN_STORE_REDIS_ADDRS=" + storetest.RedisServer(b, "--appendonly", "yes", "--appendfsync", "everysec")}
	}
	s := play(b, append(env, "HUIWEN_LOG_LEVEL=error")...)
	n := rate * int(burst/time.Second)
	crypt, err := envelope.New("callback-token-value", testKey, "wwcorp")
	if err != nil {
		b.Fatal(err)
	}
	bare := httptest.NewServer(&wecom.Callback{Crypt: crypt, Window: time.Hour, Now: s.now, Log: quietLog(), Take: func(context.Context, wecom.Event) error { return nil }})
	defer bare.Close()
	report := func(name string, list []time.Duration, failed int64) {
		slices.Sort(list)
		at := func(q int) float64 { return float64(list[len(list)*q/1000].Microseconds()) / 1000 }
		b.ReportMetric(at(500), name+"-p50-ms")
		b.ReportMetric(at(990), name+"-p99-ms")
		b.ReportMetric(at(999), name+"-p99.9-ms")
		b.ReportMetric(float64(failed), name+"-failed")
	}
	b.StopTimer()
	took, failed := s.fire(b, crypt, bare.URL, rate, n)
	report("bare", took, failed)
	began := time.Now()
	took, failed = s.fire(b, crypt, s.url+"/wecom/callback/desk", rate, n)
	report("ack", took, failed)
	sent := time.Since(began)
	early := s.platform.Count()
	for s.platform.Count() < n-int(failed) && time.Since(began) < sent+drainFor {
		time.Sleep(20 * time.Millisecond)
	}
	done := s.platform.Count()
	b.ReportMetric(float64(done-early)/(time.Since(began)-sent).Seconds(), "drained/s")
	b.ReportMetric(float64(early), "answered-in-burst")
	b.ReportMetric(float64(n-int(failed)-done), "unanswered")
	// end to end, one at a time, of a service that rests
	var whole []time.Duration
	for i := range 200 {
		who := fmt.Sprint("calm", i)
		began, before := time.Now(), s.platform.Count()
		s.push("desk", s.platform.TextEvent("desk", who, "第39项"))
		for s.platform.Count() == before && time.Since(began) < 10*time.Second {
			time.Sleep(200 * time.Microsecond)
		}
		if whole = append(whole, time.Since(began)); whole[i] > 3*time.Second {
			b.Logf("%v for one message; the log: %.2000s", whole[i], s.log)
		}
	}
	report("whole", whole, 0)
	b.ReportMetric(0, "ns/op")
}

// fire sends n sealed callbacks at a rate, whatever is answered, and returns how
// long each took from when it was due.
func (s *stage) fire(b *testing.B, crypt *envelope.Crypt, to string, rate, n int) ([]time.Duration, int64) {
	b.Helper()
	type callback struct{ url, body string }
	all := make([]callback, n)
	for i := range all {
		sealed, err := crypt.Seal(strings.NewReader(fmt.Sprintf("%016d", i)), []byte(s.platform.TextEvent("desk", fmt.Sprintf("%d-%d", i, len(to)), "第39项")))
		if err != nil {
			b.Fatal(err)
		}
		timestamp := fmt.Sprint(s.now().Unix())
		all[i] = callback{to + "?msg_signature=" + crypt.Sign(timestamp, "n", sealed) + "&timestamp=" + timestamp + "&nonce=n", "<xml><Encrypt><![CDATA[" + sealed + "]]></Encrypt></xml>"}
	}
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 400, MaxConnsPerHost: 400}, Timeout: 20 * time.Second}
	defer client.CloseIdleConnections()
	took := make([]time.Duration, n)
	var failed atomic.Int64
	var wg sync.WaitGroup
	began := time.Now()
	for i := range all {
		due := began.Add(time.Duration(i) * time.Second / time.Duration(rate))
		time.Sleep(time.Until(due))
		wg.Go(func() {
			resp, err := client.Post(all[i].url, "text/xml", strings.NewReader(all[i].body))
			if err == nil {
				io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
			}
			if err != nil || resp.StatusCode != http.StatusOK {
				failed.Add(1)
			}
			took[i] = time.Since(due)
		})
	}
	wg.Wait()
	return took, failed.Load()
}

func quietLog() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }
