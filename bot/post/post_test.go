package post_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
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

func openFile(t *testing.T, dir string, clock store.Clock) store.Store {
	t.Helper()
	s, err := store.OpenFile(t.Context(), dir, clock)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func message(conversation, id, text string) bot.Message {
	return bot.Message{ID: id, Channel: "test", Conversation: conversation, User: bot.Resident, Text: text, At: time.Unix(1663200000, 0)}
}

// counting answers with how many messages of the conversation it has seen.
func counting(_ context.Context, m bot.Message, session []byte) (bot.Rendered, []byte, bool, error) {
	n, _ := strconv.Atoi(string(session))
	if strings.Contains(m.Text, "毒") {
		panic("handler")
	}
	next := []byte(strconv.Itoa(n + 1))
	return bot.Rendered{Status: bot.Answered, Text: string(next)}, next, strings.Contains(m.Text, "删除"), nil
}

func sorry() bot.Rendered { return bot.Rendered{Status: bot.Failed, Text: "抱歉"} }

// gateway runs a gateway until the test ends.
func gateway(t *testing.T, s store.Store, senders map[string]bot.Sender) *post.Gateway {
	t.Helper()
	g := post.NewGateway(post.Options{
		Box: post.NewBox(s, rand.Reader), Desk: counting, Sorry: sorry, Sender: senders,
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Workers: 4, Poll: 100 * time.Millisecond,
	})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { g.Run(ctx); close(done) }()
	t.Cleanup(func() { cancel(); <-done })
	return g
}

// balanced returns the stats and checks that they add up.
func balanced(t *testing.T, b *post.Box) post.Stats {
	t.Helper()
	s, err := b.Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if s.Accepted != s.Waiting+s.Sending+s.Ended() {
		t.Errorf("the stats do not add up: %+v", s)
	}
	return s
}

func TestOneConversationIsAnsweredInOrder(t *testing.T) {
	g := gateway(t, openFile(t, t.TempDir(), nil), nil)
	var wg sync.WaitGroup
	for c := range 5 {
		wg.Go(func() {
			for i := range 10 {
				a, err := g.Ask(t.Context(), message(fmt.Sprint("c", c), fmt.Sprintf("m%d-%d", c, i), "x"))
				if err != nil || a.Reply.Text != strconv.Itoa(i+1) {
					t.Errorf("conversation %d message %d: %q %v", c, i, a.Reply.Text, err)
				}
			}
		})
	}
	wg.Wait()
}

func TestARepeatedMessageIsAnsweredOnce(t *testing.T) {
	g := gateway(t, openFile(t, t.TempDir(), nil), nil)
	first, err := g.Ask(t.Context(), message("c", "same", "x"))
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		again, err := g.Ask(t.Context(), message("c", "same", "x"))
		if err != nil || again.Number != first.Number || again.Reply.Text != "1" {
			t.Errorf("again: %+v %v", again, err)
		}
	}
}

func TestNumbersOpenTheSameAnswer(t *testing.T) {
	s := openFile(t, t.TempDir(), nil)
	g := gateway(t, s, nil)
	a, err := g.Ask(t.Context(), message("c", "1", "x"))
	if err != nil {
		t.Fatal(err)
	}
	if len(a.Number) != 2+4*5 || a.Reply.ID != a.Number {
		t.Errorf("number %q of reply %q", a.Number, a.Reply.ID)
	}
	b, ok, err := post.NewBox(s, rand.Reader).ByNumber(t.Context(), a.Number)
	if err != nil || !ok || b.Reply.Text != "1" {
		t.Errorf("by number: %+v %v %v", b, ok, err)
	}
	for _, wrong := range []string{"", "x", "99-AAAA-AAAA-AAAA-AAAA", "00-AAAA-AAAA-AAAA-AAAA"} {
		if _, ok, err := post.NewBox(s, rand.Reader).ByNumber(t.Context(), wrong); ok || err != nil {
			t.Errorf("%q opens something: %v", wrong, err)
		}
	}
}

func TestForgetDeletesSessionAndAnswers(t *testing.T) {
	s := openFile(t, t.TempDir(), nil)
	g := gateway(t, s, nil)
	first, err := g.Ask(t.Context(), message("c", "1", "x"))
	if err != nil {
		t.Fatal(err)
	}
	receipt, err := g.Ask(t.Context(), message("c", "2", "删除我的信息"))
	if err != nil {
		t.Fatal(err)
	}
	if _, ok, _ := post.NewBox(s, rand.Reader).ByNumber(t.Context(), first.Number); ok {
		t.Error("the old answer is still there")
	}
	if _, ok, _ := post.NewBox(s, rand.Reader).ByNumber(t.Context(), receipt.Number); !ok {
		t.Error("there is no receipt")
	}
	if a, err := g.Ask(t.Context(), message("c", "3", "x")); err != nil || a.Reply.Text != "1" {
		t.Errorf("the session was kept: %q %v", a.Reply.Text, err)
	}
}

func TestAConversationHasItsShare(t *testing.T) {
	b := post.NewBox(openFile(t, t.TempDir(), nil), rand.Reader)
	limited := 0
	for i := range 30 {
		got, err := b.Accept(t.Context(), message("c", fmt.Sprint(i), "x"))
		if err != nil {
			t.Fatal(err)
		}
		if got == post.Limited {
			limited++
		}
	}
	if limited != 10 {
		t.Errorf("%d of 30 were limited, want 10", limited)
	}
	if got, err := b.Accept(t.Context(), message("other", "o", "x")); err != nil || got != post.Taken {
		t.Errorf("another conversation: %v %v", got, err)
	}
}

func TestADeadLetterDoesNotStopTheConversation(t *testing.T) {
	var wound atomic.Int64
	s := openFile(t, t.TempDir(), func() time.Duration { return time.Duration(wound.Load()) })
	g := gateway(t, s, nil)
	for i, text := range []string{"毒", "x"} {
		if _, err := g.Accept(t.Context(), message("c", fmt.Sprint(i), text)); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() { // leases run out, again and again
		for ctx.Err() == nil {
			wound.Add(int64(61 * time.Second))
			time.Sleep(30 * time.Millisecond)
		}
	}()
	a, err := g.Ask(t.Context(), message("c", "0", "毒"))
	if err != nil || a.Reply.Text != "抱歉" {
		t.Errorf("the poison is answered %q %v", a.Reply.Text, err)
	}
	if a, err := g.Ask(t.Context(), message("c", "1", "x")); err != nil || a.Reply.Text != "1" {
		t.Errorf("the next is answered %q %v", a.Reply.Text, err)
	}
}

// A platform is a sender that answers by script and remembers what it showed.
type platform struct {
	mu     sync.Mutex
	script []bot.Outcome
	shown  []string
	ids    map[string]bool
}

func (p *platform) Send(_ context.Context, _ bot.Address, id string, r bot.Rendered) bot.Outcome {
	p.mu.Lock()
	defer p.mu.Unlock()
	o := bot.Outcome{Sent: true}
	if len(p.script) > 0 {
		o, p.script = p.script[0], p.script[1:]
	}
	if o.Sent || o.Uncertain {
		p.shown = append(p.shown, id+" "+r.Text)
		p.ids[id] = true
	}
	return o
}

func TestRepliesAreSentUntilThePlatformHasThem(t *testing.T) {
	var wound atomic.Int64
	s := openFile(t, t.TempDir(), func() time.Duration { return time.Duration(wound.Load()) })
	p := &platform{ids: map[string]bool{}, script: []bot.Outcome{{Reason: "busy"}, {Uncertain: true}, {Sent: true}}}
	g := gateway(t, s, map[string]bot.Sender{"test": p})
	a, err := g.Ask(t.Context(), message("c", "1", "x"))
	if err != nil {
		t.Fatal(err)
	}
	box := post.NewBox(s, rand.Reader)
	for range 500 {
		now, _, err := box.ByNumber(t.Context(), a.Number)
		if err != nil {
			t.Fatal(err)
		}
		if now.State == post.Sent {
			break
		}
		wound.Add(int64(5 * time.Second))
		time.Sleep(10 * time.Millisecond)
	}
	last, _, _ := box.ByNumber(t.Context(), a.Number)
	p.mu.Lock()
	defer p.mu.Unlock()
	if last.State != post.Sent || last.Attempts != 3 || len(p.shown) != 2 || len(p.ids) != 1 {
		t.Errorf("%+v, shown %q", last, p.shown)
	}
}

func TestARefusalIsFinal(t *testing.T) {
	s := openFile(t, t.TempDir(), nil)
	p := &platform{ids: map[string]bool{}, script: []bot.Outcome{{Final: true, Reason: "95001"}}}
	g := gateway(t, s, map[string]bot.Sender{"test": p})
	a, err := g.Ask(t.Context(), message("c", "1", "x"))
	if err != nil {
		t.Fatal(err)
	}
	box := post.NewBox(s, rand.Reader)
	for range 300 {
		if now, _, _ := box.ByNumber(t.Context(), a.Number); now.State == post.Undeliverable && now.Reason == "95001" {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Error("the refusal was not written down")
}

func TestAReplyThatMustWaitIsDelayedNotDropped(t *testing.T) {
	s := openFile(t, t.TempDir(), nil)
	p := &platform{ids: map[string]bool{}, script: append(slices.Repeat([]bot.Outcome{{Wait: time.Millisecond, Reason: "limit"}}, 20), bot.Outcome{Sent: true})}
	g := gateway(t, s, map[string]bot.Sender{"test": p})
	a, err := g.Ask(t.Context(), message("c", "1", "x"))
	if err != nil {
		t.Fatal(err)
	}
	box := post.NewBox(s, rand.Reader)
	storetest.Until(t, "it is sent", func() bool {
		now, _, err := box.ByNumber(t.Context(), a.Number)
		return err == nil && now.State == post.Sent && now.Attempts == 1
	})
}

func TestMask(t *testing.T) {
	tests := []struct{ in, want string }{
		{"我的身份证11010519491231002X", "我的身份证［身份证号］"},
		{"１１０１０５１９４９１２３１００２Ｘ", "［身份证号］"},
		{"110105 19491231 002X能领吗", "［身份证号］能领吗"},
		{"打13812345678给我", "打［手机号］给我"},
		{"138-1234-5678", "［手机号］"},
		{"+86 138 1234 5678", "+［手机号］"},
		{"卡号6222 0212 3456 7890 128", "卡号［银行卡号］"},
		{"补贴5000元，2022年6月9日，4100人次", "补贴5000元，2022年6月9日，4100人次"},
		{"110105194912310021", "110105194912310021"}, // wrong check digit
		{"我和老公13812345678 13912345678，", "我和老公［手机号］ ［手机号］，"},
		{"1 3 8 1 2 3 4 5 6 7 8", "［手机号］"},
		{"138\u200b1234\u200b5678", "［手机号］"},
		{"138.1234.5678", "［手机号］"},
		{"13800138000x", "［手机号］x"},
		{"2022-06-09 2022-12-31", "2022-06-09 2022-12-31"},
		{"2022.01.01-2022.12.31", "2022.01.01-2022.12.31"},
		{"1998-03-05 123", "1998-03-05 123"},
		{"老证110105491231002", "老证［身份证号］"},
		{"100000000000元", "100000000000元"},
		{"身份证11010519491231002x卡6222021234567890128", "身份证［身份证号］卡［银行卡号］"},
		{"第39项，1.5万元，3 4 5", "第39项，1.5万元，3 4 5"},
		{"12345", "12345"},
	}
	for _, tt := range tests {
		if got := post.Mask(tt.in); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.in, got, tt.want)
		}
	}
}

// TestMain lets the test binary be the service that is killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv("POST_TEST_SERVICE"); dir != "" {
		service(dir)
		return
	}
	if spec := os.Getenv("POST_TEST_STORM"); spec != "" {
		stormService(spec)
		return
	}
	os.Exit(m.Run())
}

// service answers what waits in the store of dir until it is killed.
func service(dir string) {
	ahead, _ := strconv.Atoi(os.Getenv("POST_TEST_AHEAD"))
	clock := func() time.Duration { return time.Duration(ahead) * time.Second }
	var s store.Store
	var err error
	if addr, ok := strings.CutPrefix(dir, "redis:"); ok {
		s, err = store.OpenRedis(context.Background(), store.RedisOptions{Mode: "single", Addrs: []string{addr}}, clock)
	} else {
		s, err = store.OpenFile(context.Background(), dir, clock)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	post.NewGateway(post.Options{
		Box: post.NewBox(s, rand.Reader), Desk: counting, Sorry: sorry, Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Workers: 4, Poll: 30 * time.Millisecond,
		Crash: func(string) { time.Sleep(time.Duration(os.Getpid()%3) * time.Millisecond) },
	}).Run(context.Background())
}

// TestKilledAgainAndAgain kills the service at whatever moment: every message
// is answered once and no dialogue is advanced twice.
func TestKilledAgainAndAgain(t *testing.T) {
	t.Run("file", func(t *testing.T) {
		dir := t.TempDir()
		killedAgainAndAgain(t, dir, func(clock store.Clock) store.Store { return openFile(t, dir, clock) })
	})
	t.Run("redis", func(t *testing.T) {
		addr := storetest.RedisServer(t)
		killedAgainAndAgain(t, "redis:"+addr, func(clock store.Clock) store.Store {
			s, err := store.OpenRedis(t.Context(), store.RedisOptions{Mode: "single", Addrs: []string{addr}}, clock)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { s.Close() })
			return s
		})
	})
}

func killedAgainAndAgain(t *testing.T, where string, open func(store.Clock) store.Store) {
	ahead := 0
	s := open(func() time.Duration { return time.Duration(ahead) * time.Second })
	box := post.NewBox(s, rand.Reader)
	const conversations = 12
	each := 8
	if os.Getenv("HUIWEN_SOAK") != "" {
		each = 20
	}
	for i := range each {
		for c := range conversations {
			if _, err := box.Accept(t.Context(), message(fmt.Sprint("c", c), fmt.Sprintf("%d/%d", c, i), "x")); err != nil {
				t.Fatal(err)
			}
		}
	}
	answered := func() int {
		n := 0
		for c := range conversations {
			for i := range each {
				if _, ok, err := box.Fetch(t.Context(), message(fmt.Sprint("c", c), fmt.Sprintf("%d/%d", c, i), "")); err != nil {
					t.Fatal(err)
				} else if ok {
					n++
				}
			}
		}
		return n
	}
	kills := 0
	for round := 0; answered() < conversations*each; round++ {
		if round > 200 {
			t.Fatalf("%d of %d answered after %d rounds", answered(), conversations*each, round)
		}
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "POST_TEST_SERVICE="+where, "POST_TEST_AHEAD="+strconv.Itoa(ahead))
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(40+round*7%60+round*5) * time.Millisecond) // longer and longer, so that a slow machine gets on too
		cmd.Process.Signal(syscall.SIGKILL)
		cmd.Wait()
		kills++
		ahead += 61 // every lease of the dead has run out
	}
	apologies := 0
	for c := range conversations {
		counted := 0 // what the dialogue has counted to: an apology does not advance it
		for i := range each {
			a, _, err := box.Fetch(t.Context(), message(fmt.Sprint("c", c), fmt.Sprintf("%d/%d", c, i), ""))
			switch {
			case err != nil:
				t.Error(err)
			case a.Reply.Text == sorry().Text:
				apologies++
			default:
				counted++
				if a.Reply.Text != strconv.Itoa(counted) {
					t.Errorf("conversation %d: message %d got %q, want %d", c, i, a.Reply.Text, counted)
				}
			}
		}
	}
	s2 := balanced(t, box)
	if s2.Dead != int64(apologies) || s2.Accepted != int64(conversations*each) || s2.Ended() != s2.Accepted {
		t.Errorf("%d apologies of %d messages, counted %+v", apologies, conversations*each, s2)
	}
	t.Logf("%d messages, %d kills, %d dead letters", conversations*each, kills, s2.Dead)
}

// TestALostLeaseEndsNothing: who was stopped past his lease may not write.
func TestALostLeaseEndsNothing(t *testing.T) {
	var wound atomic.Int64
	s := openFile(t, t.TempDir(), func() time.Duration { return time.Duration(wound.Load()) })
	box := post.NewBox(s, rand.Reader)
	if _, err := box.Accept(t.Context(), message("c", "1", "x")); err != nil {
		t.Fatal(err)
	}
	take := func() post.Task {
		for shard := range post.Shards {
			if task, ok, err := box.Take(t.Context(), shard); err != nil {
				t.Fatal(err)
			} else if ok {
				return task
			}
		}
		t.Fatal("nothing to take")
		return post.Task{}
	}
	slow := take()
	wound.Store(int64(2 * time.Minute))
	fast := take()
	if _, err := box.Finish(t.Context(), fast, post.Result{Session: []byte("fast"), Reply: bot.Rendered{Text: "fast"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := box.Finish(t.Context(), slow, post.Result{Session: []byte("slow"), Reply: bot.Rendered{Text: "slow"}}); !errors.Is(err, post.ErrLeaseLost) {
		t.Errorf("the slow one ends with %v", err)
	}
	if a, _, _ := box.Fetch(t.Context(), message("c", "1", "")); a.Reply.Text != "fast" {
		t.Errorf("the answer is %q", a.Reply.Text)
	}
}

// TestRedisGoneAndBack: what was acknowledged is there when Redis comes back;
// what was not is refused, not lost in silence.
func TestRedisGoneAndBack(t *testing.T) {
	dir := t.TempDir()
	addr := storetest.FreeAddress(t)
	stop := storetest.RedisServerAt(t, addr, dir, "--appendfsync", "always")
	s, err := store.OpenRedis(t.Context(), store.RedisOptions{Mode: "single", Addrs: []string{addr}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	box := post.NewBox(s, rand.Reader)
	if _, err := box.Accept(t.Context(), message("c", "kept", "x")); err != nil {
		t.Fatal(err)
	}
	stop()
	if _, err := box.Accept(t.Context(), message("c", "refused", "x")); err == nil {
		t.Error("a message was accepted without a store")
	}
	storetest.RedisServerAt(t, addr, dir, "--appendfsync", "always")
	g := gateway(t, s, nil)
	if a, err := g.Ask(t.Context(), message("c", "kept", "x")); err != nil || a.Reply.Text != "1" {
		t.Errorf("the kept message got %q %v", a.Reply.Text, err)
	}
}

// TestRedisOutOfMemory: a message that Redis has no room for is refused whole.
func TestRedisOutOfMemory(t *testing.T) {
	addr := storetest.RedisServer(t, "--maxmemory", "4mb")
	s, err := store.OpenRedis(t.Context(), store.RedisOptions{Mode: "single", Addrs: []string{addr}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	box := post.NewBox(s, rand.Reader)
	accepted, refused := map[string]bool{}, 0
	for i := range 400 {
		m := message(fmt.Sprint("c", i), fmt.Sprint(i), strings.Repeat("字", 5000))
		if _, err := box.Accept(t.Context(), m); err == nil {
			accepted[m.ID] = true
		} else {
			refused++
		}
	}
	if refused == 0 || len(accepted) == 0 {
		t.Fatalf("%d accepted, %d refused", len(accepted), refused)
	}
	if n := balanced(t, box).Waiting; n != int64(len(accepted)) {
		t.Errorf("%d were acknowledged, %d wait", len(accepted), n)
	}
}

// TestStoppedPastTheLease stops the service (SIGSTOP) until its leases belong to
// another, and lets it go on: no message is answered twice.
func TestStoppedPastTheLease(t *testing.T) {
	addr := storetest.RedisServer(t)
	var ahead atomic.Int64
	s, err := store.OpenRedis(t.Context(), store.RedisOptions{Mode: "single", Addrs: []string{addr}}, func() time.Duration { return time.Duration(ahead.Load()) * time.Second })
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	box := post.NewBox(s, rand.Reader)
	for i := range 40 {
		if _, err := box.Accept(t.Context(), message(fmt.Sprint("c", i%4), fmt.Sprint(i), "x")); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "POST_TEST_SERVICE=redis:"+addr, "POST_TEST_AHEAD=0")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { cmd.Process.Kill(); cmd.Wait() }()
	storetest.Until(t, "the service works", func() bool {
		_, ok, _ := box.Fetch(t.Context(), message("c0", "0", ""))
		return ok
	})
	cmd.Process.Signal(syscall.SIGSTOP)
	ahead.Store(120)
	gateway(t, s, nil)
	storetest.Until(t, "all are answered", func() bool {
		for i := range 40 {
			if _, ok, _ := box.Fetch(t.Context(), message(fmt.Sprint("c", i%4), fmt.Sprint(i), "")); !ok {
				return false
			}
		}
		return true
	})
	cmd.Process.Signal(syscall.SIGCONT)
	for i := range 40 {
		if a, _, err := box.Fetch(t.Context(), message(fmt.Sprint("c", i%4), fmt.Sprint(i), "")); err != nil || a.Reply.Text != strconv.Itoa(i/4+1) {
			t.Errorf("message %d got %q %v", i, a.Reply.Text, err)
		}
	}
}
