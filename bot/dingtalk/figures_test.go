package dingtalk

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"huiwen/bot/dingtalk/openapi"
	"huiwen/knowledge/store/storetest"
)

// BenchmarkFigures measures how soon frames are acknowledged once they are kept,
// and how long a connection is gone after each kind of loss. NOTES.md holds what
// it printed: go test ./bot/dingtalk -run '^$' -bench Figures -benchtime 1x
func BenchmarkFigures(b *testing.B) {
	for _, rate := range []int{100, 500, 1500} {
		r := newRig(b)
		r.platform.Repush = 5 * time.Second
		r.stream(b)
		storetest.Until(b, "connected", func() bool { return r.platform.Open() == 1 })
		const span = 4 * time.Second
		n := rate * int(span/time.Second)
		began := time.Now()
		for i := range n {
			if wait := time.Until(began.Add(time.Duration(i) * time.Second / time.Duration(rate))); wait > 0 {
				time.Sleep(wait)
			}
			r.platform.Say(openapi.Said{User: fmt.Sprint("u", i%200), Text: "第39项"})
		}
		pushed := time.Since(began)
		storetest.Until(b, "acknowledged", func() bool { return r.platform.Pending() == 0 || len(r.platform.Acks()) >= n })
		var took []time.Duration
		for _, a := range r.platform.Acks() {
			took = append(took, a.After)
		}
		slices.Sort(took)
		at := func(p float64) time.Duration {
			return took[min(int(float64(len(took))*p), len(took)-1)].Round(100 * time.Microsecond)
		}
		b.Logf("%d frames/s asked, %d pushed in %v: ack p50 %v, p99 %v, max %v; kept %d", rate, n, pushed.Round(10*time.Millisecond), at(.5), at(.99), at(1), len(r.inbox.messages()))
	}
	for _, loss := range []struct {
		name string
		do   func(*openapi.Server)
	}{
		{"TCP reset", (*openapi.Server).Reset},
		{"disconnect frame", (*openapi.Server).Disconnect},
		{"zombie, keep-alive of 3 s", (*openapi.Server).Mute},
		{"gateway refuses twice, then takes", func(p *openapi.Server) {
			p.FailNext("/v1.0/gateway/connections/open", openapi.Code(503, "x"), openapi.Code(503, "x"))
			p.Reset()
		}},
	} {
		r := newRig(b)
		r.stream(b)
		storetest.Until(b, "connected", func() bool { return r.platform.Open() == 1 })
		began := time.Now()
		loss.do(r.platform)
		for r.platform.Opened() < 2 && time.Since(began) < 2*time.Minute {
			time.Sleep(10 * time.Millisecond)
		}
		b.Logf("%s: connected again after %v", loss.name, time.Since(began).Round(100*time.Millisecond))
	}
}
