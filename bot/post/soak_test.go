package post_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	mrand "math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"huiwen/bot"
	"huiwen/bot/post"
	"huiwen/knowledge/store"
	"huiwen/knowledge/store/storetest"
)

// soaking tells that the long forms run: make soak.
func soaking() bool { return os.Getenv("HUIWEN_SOAK") != "" }

// points are where the service may be killed or stopped, see post.Options.Crash.
var points = []string{"taken", "handled", "finished", "sending", "sent"}

// stormySeed is that of HUIWEN_SOAK when it is a number, so that a run can be
// done again, else a new one.
func stormySeed() uint64 {
	if n, err := strconv.ParseUint(os.Getenv("HUIWEN_SOAK"), 10, 64); err == nil && n > 1 {
		return n
	}
	return mrand.Uint64()
}

// A record is the platform of the storm: its memory survives every kill.
type record struct {
	mu    sync.Mutex
	shown map[string]int // by number
	rng   *mrand.Rand
	cuts  int
}

// ServeHTTP shows a message; now and then its answer is lost.
func (r *record) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	r.shown[req.FormValue("id")]++
	cut := r.rng.IntN(10) == 0
	if cut {
		r.cuts++
	}
	r.mu.Unlock()
	if cut {
		if conn, _, err := w.(http.Hijacker).Hijack(); err == nil {
			conn.Close()
		}
	}
}

// stormSender is the sender of the service that is killed.
type stormSender struct{ url string }

func (s stormSender) Send(ctx context.Context, _ bot.Address, id string, _ bot.Rendered) bot.Outcome {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+"?"+url.Values{"id": {id}}.Encode(), nil)
	if err != nil {
		return bot.Outcome{Reason: "bad request"}
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return bot.Outcome{Uncertain: true, Reason: "no answer"}
	}
	resp.Body.Close()
	return bot.Outcome{Sent: true}
}

// stormService is the process of the storm: it dies or stops at a named point.
func stormService(spec string) {
	q, _ := url.ParseQuery(spec)
	ahead, _ := strconv.Atoi(q.Get("ahead"))
	left := new(atomic.Int64)
	n, _ := strconv.ParseInt(q.Get("n"), 10, 64)
	left.Store(n)
	clock := func() time.Duration { return time.Duration(ahead) * time.Second }
	var s store.Store
	var err error
	if addr := q.Get("redis"); addr != "" {
		s, err = store.OpenRedis(context.Background(), store.RedisOptions{Mode: "single", Addrs: []string{addr}}, clock)
	} else {
		s, err = store.OpenFile(context.Background(), q.Get("dir"), clock)
	}
	if err != nil {
		os.Exit(1)
	}
	signal := syscall.SIGKILL
	if q.Get("stop") != "" {
		signal = syscall.SIGSTOP
	}
	post.NewGateway(post.Options{
		Box: post.NewBox(s, rand.Reader), Desk: counting, Sorry: sorry, Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Workers: 4, Poll: 30 * time.Millisecond,
		Sender: map[string]bot.Sender{"test": stormSender{q.Get("platform")}}, KeepLog: time.Hour * 24, KeepWords: true,
		Crash: func(point string) {
			if point == q.Get("point") && left.Add(-1) == 0 {
				syscall.Kill(os.Getpid(), signal)
			}
		},
	}).Run(context.Background())
}

// TestStorm kills and stops the service at random moments and at named points,
// cuts answers of the platform, and kills Redis too: every message comes to one
// end, no dialogue is advanced twice, and nobody reads an answer more often than
// was counted as uncertain.
func TestStorm(t *testing.T) {
	seed := stormySeed()
	t.Logf("seed %d: HUIWEN_SOAK=%d go test ./bot/post -run TestStorm", seed, seed)
	t.Run("file", func(t *testing.T) {
		dir := t.TempDir()
		storm(t, seed, url.Values{"dir": {dir}}, func(clock store.Clock) store.Store { return openFile(t, dir, clock) }, nil)
	})
	t.Run("redis", func(t *testing.T) {
		addr, dir := storetest.FreeAddress(t), t.TempDir()
		stop := storetest.RedisServerAt(t, addr, dir, "--appendfsync", "always")
		storm(t, seed, url.Values{"redis": {addr}}, func(clock store.Clock) store.Store {
			s, err := store.OpenRedis(t.Context(), store.RedisOptions{Mode: "single", Addrs: []string{addr}}, clock)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { s.Close() })
			return s
		}, func() { stop(); stop = storetest.RedisServerAt(t, addr, dir, "--appendfsync", "always") })
	})
}

func storm(t *testing.T, seed uint64, where url.Values, open func(store.Clock) store.Store, killRedis func()) {
	rng := mrand.New(mrand.NewPCG(seed, 1))
	rounds := 8
	if soaking() {
		rounds = 200
	}
	var ahead atomic.Int64
	box := post.NewBox(open(func() time.Duration { return time.Duration(ahead.Load()) * time.Second }), rand.Reader)
	platform := &record{shown: map[string]int{}, rng: mrand.New(mrand.NewPCG(seed, 2))}
	server := httptest.NewServer(platform)
	defer server.Close()
	start := func(more url.Values) *exec.Cmd {
		spec := url.Values{"ahead": {fmt.Sprint(ahead.Load())}, "platform": {server.URL}}
		for _, m := range []url.Values{where, more} {
			for k, v := range m {
				spec[k] = v
			}
		}
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "POST_TEST_STORM="+spec.Encode())
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		return cmd
	}
	kill := func(cmd *exec.Cmd) { cmd.Process.Signal(syscall.SIGKILL); cmd.Wait() }
	pause := func(most int) { time.Sleep(time.Duration(20+rng.IntN(most)) * time.Millisecond) }
	var said []bot.Message
	for round := range rounds {
		for range 4 {
			m := message(fmt.Sprint("c", rng.IntN(9)), fmt.Sprint("m", len(said)), "x")
			for try := 0; ; try++ { // a platform comes again until it is acknowledged
				if _, err := box.Accept(t.Context(), m); err == nil {
					break
				} else if try > 50 {
					t.Fatal(err)
				}
				time.Sleep(20 * time.Millisecond)
			}
			said = append(said, m)
		}
		at := url.Values{"point": {points[rng.IntN(len(points))]}, "n": {fmt.Sprint(1 + rng.IntN(5))}}
		switch rng.IntN(4) {
		case 0: // at a random moment
			cmd := start(nil)
			pause(250)
			kill(cmd)
		case 1, 2: // at a named point
			cmd := start(at)
			pause(250)
			kill(cmd)
		case 3: // stopped past the lease, while another works
			at.Set("stop", "1")
			stopped := start(at)
			pause(200)
			ahead.Add(120)
			other := start(nil)
			pause(200)
			stopped.Process.Signal(syscall.SIGCONT)
			pause(100)
			kill(stopped)
			kill(other)
		}
		if killRedis != nil && round%7 == 3 {
			killRedis()
		}
		ahead.Add(61) // every lease of the dead has run out
	}
	last := start(nil)
	defer func() { kill(last) }()
	for try := 0; ; try++ {
		s, err := box.Stats(t.Context())
		if err == nil && s.Ended() == s.Accepted {
			break
		}
		if try > 400 {
			t.Fatalf("not all come to their end: %+v %v", s, err)
		}
		if ahead.Add(30); try%10 == 9 { // its clock stands where it stood at its start
			kill(last)
			last = start(nil)
		}
		time.Sleep(30 * time.Millisecond)
	}
	s := balanced(t, box)
	judge(t, box, platform, said, s)
	t.Logf("%d rounds, %d messages, %d answers cut by the platform: %+v", rounds, len(said), platform.cuts, s)
}

// judge compares what the platform remembers with what the store says.
func judge(t *testing.T, box *post.Box, platform *record, said []bot.Message, s post.Stats) {
	t.Helper()
	counted := map[string]int{}
	repeats, apologies := 0, 0
	platform.mu.Lock()
	defer platform.mu.Unlock()
	for _, m := range said {
		a, ok, err := box.Fetch(t.Context(), m)
		if err != nil || !ok {
			t.Errorf("%s: no answer: %v", m.ID, err)
			continue
		}
		shown := platform.shown[a.Number]
		if a.State == post.Sent && shown == 0 {
			t.Errorf("%s: sent, but the platform never showed it", m.ID)
		}
		if shown > 1+a.Uncertain {
			t.Errorf("%s: shown %d times, %d uncertain", m.ID, shown, a.Uncertain)
		}
		repeats += max(0, shown-1)
		if a.Kind == post.Apology {
			apologies++
			continue
		}
		counted[m.Conversation]++
		if a.Reply.Text != strconv.Itoa(counted[m.Conversation]) {
			t.Errorf("%s: the dialogue is at %q, want %d", m.ID, a.Reply.Text, counted[m.Conversation])
		}
	}
	if int64(repeats) > s.Uncertain || int64(len(said)) != s.Accepted || int64(apologies) != s.Dead {
		t.Errorf("%d repeats, %d said, %d apologies; counted %+v", repeats, len(said), apologies, s)
	}
}

// TestManyPeopleOnAFaultyLine: three replicas, each over a line to Redis that is
// cut before or after commits, and 500 people.
func TestManyPeopleOnAFaultyLine(t *testing.T) {
	seed := stormySeed()
	people, messages := 40, 100
	if soaking() {
		people, messages = 500, 5000
	}
	t.Logf("seed %d", seed)
	rng := mrand.New(mrand.NewPCG(seed, 3))
	addr := storetest.RedisServer(t)
	var wound atomic.Int64
	clock := func() time.Duration { return time.Duration(wound.Load()) }
	platform := &record{shown: map[string]int{}, rng: mrand.New(mrand.NewPCG(seed, 4))}
	server := httptest.NewServer(platform)
	defer server.Close()
	var proxies []*storetest.Proxy
	var gateways []*post.Gateway
	for range 3 {
		p := storetest.NewProxy(t, addr)
		s, err := store.OpenRedis(t.Context(), store.RedisOptions{Mode: "single", Addrs: []string{p.Addr}}, clock)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		o := options(post.NewBox(s, rand.Reader), map[string]bot.Sender{"test": stormSender{server.URL}})
		o.KeepLog = 0
		proxies, gateways = append(proxies, p), append(gateways, running(t, o))
	}
	direct, err := store.OpenRedis(t.Context(), store.RedisOptions{Mode: "single", Addrs: []string{addr}}, clock)
	if err != nil {
		t.Fatal(err)
	}
	defer direct.Close()
	box := post.NewBox(direct, rand.Reader)
	var said []bot.Message
	began := time.Now()
	for i := range messages {
		proxies[rng.IntN(3)].CutAfter(rng.IntN(3))
		m := message(fmt.Sprint("c", rng.IntN(people)), fmt.Sprint("m", i), "x")
		var got post.Acceptance
		for try := 0; ; try++ {
			var err error
			if got, err = gateways[(i+try)%3].Accept(t.Context(), m); err == nil {
				break
			}
			if try > 50 {
				t.Fatal(err)
			}
		}
		if got != post.Limited {
			said = append(said, m)
		}
	}
	var s post.Stats
	for try := 0; ; try++ {
		s, err = box.Stats(t.Context())
		if err == nil && s.Ended() == s.Accepted {
			break
		}
		if try > 3000 {
			t.Fatalf("not all come to their end: %+v %v", s, err)
		}
		wound.Add(int64(time.Second)) // leases of cut workers run out
		time.Sleep(20 * time.Millisecond)
	}
	took := time.Since(began)
	cuts := 0
	for _, p := range proxies {
		cuts += p.Cuts()
	}
	limited := s.Limited
	s.Accepted -= limited
	judge(t, box, platform, said, s)
	if cuts == 0 {
		t.Error("nothing was cut")
	}
	t.Logf("%d messages of %d people in %v, %d lines and %d answers cut: %+v", messages, people, took.Round(time.Millisecond), cuts, platform.cuts, s)
}
