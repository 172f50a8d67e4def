package post_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
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

// wound is a store whose clock the test puts forward.
func wound(t *testing.T) (store.Store, *atomic.Int64) {
	t.Helper()
	ahead := new(atomic.Int64)
	return openFile(t, t.TempDir(), func() time.Duration { return time.Duration(ahead.Load()) }), ahead
}

// options are those of a gateway of tests.
func options(b *post.Box, senders map[string]bot.Sender) post.Options {
	return post.Options{
		Box: b, Desk: counting, Sorry: sorry, Busy: func() bot.Rendered { return bot.Rendered{Status: bot.Failed, Text: "太快了"} }, Sender: senders,
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Workers: 4, Poll: 100 * time.Millisecond, KeepLog: 90 * 24 * time.Hour, KeepWords: true,
	}
}

// running runs a gateway until the test ends.
func running(t *testing.T, o post.Options) *post.Gateway {
	t.Helper()
	g, _ := stoppable(t, o)
	return g
}

// stoppable runs a gateway until the test ends or stops it.
func stoppable(t testing.TB, o post.Options) (*post.Gateway, func()) {
	t.Helper()
	g := post.NewGateway(o)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { g.Run(ctx); close(done) }()
	stop := func() { cancel(); <-done }
	t.Cleanup(stop)
	return g, stop
}

func ask(t *testing.T, g *post.Gateway, m bot.Message) post.Answer {
	t.Helper()
	a, err := g.Ask(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// take takes the next task of any shard.
func take(t *testing.T, b *post.Box) (post.Task, bool) {
	t.Helper()
	for shard := range post.Shards {
		if task, ok, err := b.Take(t.Context(), shard); err != nil {
			t.Fatal(err)
		} else if ok {
			return task, true
		}
	}
	return post.Task{}, false
}

func TestBeyondAShareAMessageEndsAsLimited(t *testing.T) {
	s, ahead := wound(t)
	b := post.NewLimited(s, rand.Reader, post.Limits{PerShard: 200, PerConversation: 5})
	p := &platform{ids: map[string]bool{}}
	o := options(b, map[string]bot.Sender{"test": p})
	o.Workers = 0 // nothing is answered yet
	g := post.NewGateway(o)
	accept := func(m bot.Message, want post.Acceptance) {
		t.Helper()
		if got, err := g.Accept(t.Context(), m); err != nil || got != want {
			t.Errorf("%s: %v %v, want %v", m.ID, got, err, want)
		}
	}
	for i := range 5 {
		accept(message("c", fmt.Sprint("a", i), "x"), post.Taken)
	}
	for i := range 7 {
		accept(message("c", fmt.Sprint("b", i), "x"), post.Limited)
	}
	accept(message("c", "b0", "x"), post.Repeat)
	if st := balanced(t, b); st.Limited != 7 || st.Waiting != 5 || st.Accepted != 12 {
		t.Errorf("counted %+v", st)
	}
	ahead.Add(int64(61 * time.Second))
	accept(message("c", "c0", "x"), post.Limited)
	accept(message("c", "c1", "x"), post.Limited)
	running(t, options(b, map[string]bot.Sender{"test": p}))
	storetest.Until(t, "all are sent", func() bool { st := balanced(t, b); return st.Ended() == st.Accepted })
	said := 0
	for _, s := range shown(p) {
		if strings.HasSuffix(s, "太快了") {
			said++
		}
	}
	if said != 2 {
		t.Errorf("the busy sentence was said %d times in two minutes, want 2", said)
	}
	if st := balanced(t, b); st.Answered != 5 || st.Limited != 9 {
		t.Errorf("counted %+v", st)
	}
}

func shown(p *platform) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.shown)
}

// TestAPersonHasATwentiethOfAShard: also when he speaks in many groups.
func TestAPersonHasATwentiethOfAShard(t *testing.T) {
	s, _ := wound(t)
	b := post.NewLimited(s, rand.Reader, post.Limits{PerShard: 100})
	taken := map[string]int{}
	for i := range 64 {
		m := message("kf-account/"+fmt.Sprint(i), fmt.Sprint(i), "x")
		m.Channel, m.Person = "kf", "chatty"
		m.Conversation = fmt.Sprintf("acc/group%d", i)
		got, err := b.Accept(t.Context(), m)
		if err != nil {
			t.Fatal(err)
		}
		taken[fmt.Sprint(got)]++
	}
	if taken[fmt.Sprint(post.Taken)] != 5 || taken[fmt.Sprint(post.Limited)] != 59 {
		t.Errorf("taken %v, want 5 of 100 taken", taken)
	}
	other := message("x", "other", "x")
	other.Channel, other.Conversation, other.Person = "kf", "acc/quiet", "quiet"
	if got, err := b.Accept(t.Context(), other); err != nil || got != post.Taken {
		t.Errorf("another person: %v %v", got, err)
	}
}

func TestAFullShardKeepsAShareForStaff(t *testing.T) {
	s, _ := wound(t)
	b := post.NewLimited(s, rand.Reader, post.Limits{PerShard: 50})
	accept := func(user bot.User, n int) (full int) {
		for i := range n {
			m := message("", fmt.Sprint(user, i), "x")
			m.Channel, m.Conversation, m.User = "kf", fmt.Sprintf("acc/%s%d", user, i), user // one account: one shard
			if _, err := b.Accept(t.Context(), m); errors.Is(err, post.ErrFull) {
				full++
			} else if err != nil {
				t.Fatal(err)
			}
		}
		return full
	}
	if full := accept(bot.Resident, 60); full != 20 {
		t.Errorf("%d residents found it full, want 20", full)
	}
	if full := accept(bot.Staff, 15); full != 5 {
		t.Errorf("%d staff found it full, want 5", full)
	}
	var first []bot.User
	for range 8 {
		task, ok := take(t, b)
		if !ok {
			t.Fatal("nothing to take")
		}
		first = append(first, task.Message.User)
	}
	if n := len(slices.DeleteFunc(first, func(u bot.User) bool { return u != bot.Staff })); n != 4 {
		t.Errorf("%d of the first 8 are staff, want every other", n)
	}
}

// TestConversationsTakeTurns: who has much waiting does not keep the others.
func TestConversationsTakeTurns(t *testing.T) {
	s, ahead := wound(t)
	b := post.NewBox(s, rand.Reader)
	for i := range 10 {
		for c := range 4 {
			if i > 0 && c > 0 {
				continue // one has ten, the others one each
			}
			m := message("", fmt.Sprint(c, "-", i), "x")
			m.Channel, m.Conversation = "kf", fmt.Sprint("acc/c", c)
			if _, err := b.Accept(t.Context(), m); err != nil {
				t.Fatal(err)
			}
			ahead.Add(int64(time.Millisecond))
		}
	}
	var order []string
	for range 5 {
		task, ok := take(t, b)
		if !ok {
			t.Fatal("nothing to take")
		}
		order = append(order, task.Message.Conversation)
		ahead.Add(int64(time.Millisecond))
		if _, err := b.Finish(t.Context(), task, post.Result{Reply: bot.Rendered{Text: "x"}}); err != nil {
			t.Fatal(err)
		}
	}
	if got := strings.Join(order, " "); got != "acc/c0 acc/c1 acc/c2 acc/c3 acc/c0" {
		t.Errorf("order %s", got)
	}
}

// TestAFailedMessageIsADeadLetterSoon: a handler that says that it failed does
// not keep the person waiting for a lease to run out.
func TestAFailedMessageIsADeadLetterSoon(t *testing.T) {
	s, ahead := wound(t)
	b := post.NewBox(s, rand.Reader)
	takes := atomic.Int64{}
	o := options(b, nil)
	o.Desk = func(ctx context.Context, m bot.Message, session []byte) (bot.Rendered, []byte, bool, error) {
		if m.ID == "bad" {
			takes.Add(1)
			ahead.Add(int64(2 * time.Second))
			return bot.Rendered{}, nil, false, errors.New("no")
		}
		return counting(ctx, m, session)
	}
	g := running(t, o)
	if a := ask(t, g, message("c", "bad", "金丝雀")); a.Reply.Text != "抱歉" || a.Kind != post.Apology {
		t.Errorf("got %+v", a)
	}
	if a := ask(t, g, message("c", "good", "x")); a.Reply.Text != "1" {
		t.Errorf("the next got %q", a.Reply.Text)
	}
	if takes.Load() != 2 {
		t.Errorf("it was handled %d times, want 2", takes.Load())
	}
	dead := 0
	for shard := range post.Shards {
		letters, err := b.DeadLetters(t.Context(), shard, 10)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range letters {
			if dead++; l.Message.ID != "bad" || l.Reason == "" {
				t.Errorf("dead letter %+v", l)
			}
		}
	}
	if st := balanced(t, b); dead != 1 || st.Dead != 1 || st.Answered != 1 {
		t.Errorf("%d dead letters, counted %+v", dead, st)
	}
}

func TestEveryLostAnswerIsCounted(t *testing.T) {
	s, ahead := wound(t)
	b := post.NewBox(s, rand.Reader)
	p := &platform{ids: map[string]bool{}, script: []bot.Outcome{{Uncertain: true}, {Uncertain: true}, {Reason: "busy"}, {Sent: true}}}
	g := running(t, options(b, map[string]bot.Sender{"test": p}))
	a := ask(t, g, message("c", "1", "x"))
	storetest.Until(t, "it is sent", func() bool {
		ahead.Add(int64(3 * time.Second))
		now, _, err := b.ByNumber(t.Context(), a.Number)
		return err == nil && now.State == post.Sent
	})
	now, _, _ := b.ByNumber(t.Context(), a.Number)
	if st := balanced(t, b); now.Uncertain != 2 || now.Attempts != 4 || st.Uncertain != 2 || st.Answered != 1 {
		t.Errorf("%+v, counted %+v", now, st)
	}
	if repeats := len(shown(p)) - 1; int64(repeats) > int64(now.Uncertain) {
		t.Errorf("%d repeats, %d uncertain", repeats, now.Uncertain)
	}
	for _, tt := range []struct {
		id   string
		o    bot.Outcome
		want post.State
	}{{"2", bot.Outcome{Final: true, Reason: "95001"}, post.Undeliverable}, {"3", bot.Outcome{Silent: true, Reason: "a person"}, post.Silent}} {
		p.mu.Lock()
		p.script = []bot.Outcome{tt.o}
		p.mu.Unlock()
		a := ask(t, g, message("c", tt.id, "x"))
		storetest.Until(t, string(tt.want), func() bool {
			now, _, _ := b.ByNumber(t.Context(), a.Number)
			return now.State == tt.want && now.Reason == tt.o.Reason
		})
	}
	if st := balanced(t, b); st.Undeliverable != 1 || st.Silent != 1 || st.Answered != 1 {
		t.Errorf("counted %+v", st)
	}
}

// TestASendThatIsLateIsNotBegun: who was stopped between taking a reply and
// sending it must not send: another may.
func TestASendThatIsLateIsNotBegun(t *testing.T) {
	s, ahead := wound(t)
	b := post.NewBox(s, rand.Reader)
	p := &platform{ids: map[string]bool{}}
	o := options(b, map[string]bot.Sender{"test": p})
	o.Workers = 0
	if _, err := post.NewGateway(o).Accept(t.Context(), message("c", "1", "x")); err != nil {
		t.Fatal(err)
	}
	task, _ := take(t, b)
	a, err := b.Finish(t.Context(), task, post.Result{Reply: bot.Rendered{Text: "1"}, To: bot.Address{Channel: "test", Conversation: "c"}})
	if err != nil {
		t.Fatal(err)
	}
	parcel := func(now time.Time) post.Parcel {
		t.Helper()
		for shard := range post.Shards {
			if got, ok, err := b.TakeSend(t.Context(), shard, now); err != nil {
				t.Fatal(err)
			} else if ok {
				return got
			}
		}
		t.Fatal("nothing to send")
		return post.Parcel{}
	}
	began := time.Now()
	first := parcel(began)
	if first.Late(began.Add(12*time.Second)) || !first.Late(began.Add(14*time.Second)) {
		t.Error("with a hold of 30 s a send of 15 s begins within 13 s")
	}
	if err := b.PutBack(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	ahead.Add(int64(time.Minute))
	second := parcel(began)
	if err := b.Settle(t.Context(), first, bot.Outcome{Sent: true}); !errors.Is(err, post.ErrHoldLost) {
		t.Errorf("the first settles what the second holds: %v", err)
	}
	if err := b.Settle(t.Context(), second, bot.Outcome{Sent: true}); err != nil {
		t.Fatal(err)
	}
	if now, _, _ := b.ByNumber(t.Context(), a.Number); now.Attempts != 1 || now.Uncertain != 0 {
		t.Errorf("a send that was not begun counts: %+v", now)
	}
}

// TestStopsWithinItsTime: a platform that never answers does not keep the service
// from stopping, and what was under way is uncertain.
func TestStopsWithinItsTime(t *testing.T) {
	s, _ := wound(t)
	b := post.NewBox(s, rand.Reader)
	begun := make(chan struct{})
	var once sync.Once
	o := options(b, map[string]bot.Sender{"test": sendFunc(func(ctx context.Context) bot.Outcome {
		once.Do(func() { close(begun) })
		<-ctx.Done()
		return bot.Outcome{Uncertain: true}
	})})
	o.StopTime = 50 * time.Millisecond
	g := post.NewGateway(o)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { g.Run(ctx); close(done) }()
	a := ask(t, g, message("c", "1", "x"))
	<-begun
	cancel()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Fatal("it does not stop")
	}
	if now, ok, err := b.ByNumber(t.Context(), a.Number); err != nil || !ok || now.Attempts != 1 || now.State == post.Sent {
		t.Errorf("%+v %v", now, err)
	}
}

type sendFunc func(context.Context) bot.Outcome

func (f sendFunc) Send(ctx context.Context, _ bot.Address, _ string, _ bot.Rendered) bot.Outcome {
	return f(ctx)
}

func TestDuplicatesAreKnownForTheirTime(t *testing.T) {
	s, ahead := wound(t)
	b := post.NewBox(s, rand.Reader)
	start := time.Duration(0)
	for _, tt := range []struct {
		channel string
		after   time.Duration
		want    post.Acceptance
	}{
		{"wecom/staff", 24 * time.Hour, post.Repeat}, {"wecom/staff", 27 * time.Hour, post.Taken},
		{"kf", 4*24*time.Hour + time.Hour, post.Repeat}, {"kf", 6 * 24 * time.Hour, post.Taken},
	} {
		m := message("a/c", fmt.Sprint(tt), "x")
		m.Channel = tt.channel
		ahead.Store(int64(start))
		if got, err := b.Accept(t.Context(), m); err != nil || got != post.Taken {
			t.Fatal(got, err)
		}
		ahead.Store(int64(start + tt.after))
		if got, err := b.Accept(t.Context(), m); err != nil || got != tt.want {
			t.Errorf("%s after %v: %v %v, want %v", tt.channel, tt.after, got, err, tt.want)
		}
		start += 30 * 24 * time.Hour
	}
}

func TestAPersonIsToldOnceThatNumbersAreMasked(t *testing.T) {
	s, _ := wound(t)
	g := running(t, options(post.NewBox(s, rand.Reader), nil))
	var told []bool
	for i, text := range []string{"你好", "我的电话13812345678", "我是１３８ １２３４ ５６７８，记下了吗"} {
		told = append(told, strings.Contains(ask(t, g, message("c", fmt.Sprint(i), text)).Reply.Text, "已经隐去"))
	}
	if fmt.Sprint(told) != "[false true false]" {
		t.Errorf("told %v", told)
	}
	if d := dump(t, s); strings.Contains(d, "13812345678") || strings.Contains(d, "１３８") {
		t.Error("the number is in the store")
	}
}

func dump(t *testing.T, s store.Store) string {
	t.Helper()
	var b bytes.Buffer
	if err := s.Dump(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	return readable(t, b.Bytes())
}

// readable is a dump with its values as they are.
func readable(t *testing.T, dump []byte) string {
	t.Helper()
	d, err := store.ReadDump(bytes.NewReader(dump))
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for {
		e, err := d.Next()
		if errors.Is(err, io.EOF) {
			return out.String()
		}
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&out, "%s %s %q %s %s\n", e.Scope, e.Key, e.Value, e.Set, e.Member)
	}
}

// TestADeletionReachesEveryPlace plants words and an id and looks for them in all
// that is kept, in the bytes of the file, and in what was written down outside.
func TestADeletionReachesEveryPlace(t *testing.T) {
	dir := t.TempDir()
	var ahead atomic.Int64
	s := openFile(t, dir, func() time.Duration { return time.Duration(ahead.Load()) })
	b := post.NewBox(s, rand.Reader)
	var outside bytes.Buffer
	var mu sync.Mutex
	o := options(b, nil)
	o.Desk = func(ctx context.Context, m bot.Message, session []byte) (bot.Rendered, []byte, bool, error) {
		if strings.Contains(m.Text, "坏") {
			return bot.Rendered{}, nil, false, errors.New("no")
		}
		r, next, forget, err := counting(ctx, m, session)
		if !forget {
			r.Text, next = "您问的是："+m.Text, []byte(m.Text)
		}
		return r, next, forget, err
	}
	o.Forgot = func(f post.Forgotten) error {
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintf(&outside, "%+v\n", f)
		return nil
	}
	g, stop := stoppable(t, o)
	const words, person, other = "金丝雀的店铺", "canary-person", "somebody-else"
	say := func(person, conversation, id, text string) post.Answer {
		t.Helper()
		m := message(conversation, person+"|"+id, text)
		m.Person = person
		a := ask(t, g, m)
		ahead.Add(int64(3 * time.Second)) // what failed is taken again
		return a
	}
	rated := say(person, person, "1", words)
	for i := range 105 { // more than one commit of a deletion takes
		say(person, person, fmt.Sprint("many", i), words)
	}
	for i := range 8 { // in groups of other shards
		say(person, fmt.Sprint("group", i), fmt.Sprint("g", i), words)
	}
	dead := make(chan struct{})
	go func() { // failing ones are taken again
		for {
			select {
			case <-dead:
				return
			case <-time.After(5 * time.Millisecond):
				ahead.Add(int64(time.Second))
			}
		}
	}()
	say(person, person, "dead", words+"坏")
	close(dead)
	kept := say(other, other, "1", "别人的话")
	if err := b.Rate(t.Context(), rated.Number, false, words+"没答对"); err != nil {
		t.Fatal(err)
	}
	storetest.Until(t, "the log is written", func() bool {
		es, err := b.Entries(t.Context(), time.Now().AddDate(0, 0, -2), time.Now().AddDate(0, 0, 2), 1000)
		return err == nil && len(es) == 116
	})
	before := dump(t, s)
	if !strings.Contains(before, words) || !strings.Contains(before, person) {
		t.Fatal("the words were never kept")
	}
	receipt := say(person, person, "forget", "删除我的信息")
	storetest.Until(t, "the deletion is done", func() bool {
		r, ok, err := b.Receipt(t.Context(), receipt.Number)
		return err == nil && ok && !r.Done.IsZero() && r.Erased >= 115
	})
	after := dump(t, s)
	for _, canary := range []string{words, person} {
		for line := range strings.Lines(after) {
			if strings.Contains(line, canary) {
				t.Errorf("still there: %.200s", line)
			}
		}
		if strings.Contains(outside.String(), canary) {
			t.Errorf("written down outside: %s", outside.String())
		}
	}
	if !strings.Contains(after, "别人的话") {
		t.Error("somebody else's words are gone")
	}
	if _, ok, _ := b.ByNumber(t.Context(), kept.Number); !ok {
		t.Error("somebody else's answer is gone")
	}
	stop()
	storetest.Until(t, "the bytes of the file hold them no more", func() bool {
		if err := s.(store.Scrubber).Scrub(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"huiwen.db", "huiwen.db-wal"} {
			data, err := os.ReadFile(filepath.Join(dir, name))
			if err == nil && (bytes.Contains(data, []byte(words)) || bytes.Contains(data, []byte(person))) {
				return false
			}
		}
		return true
	})
	balanced(t, b)
}

// TestADeletionGoesOnAfterACrash stops the deletion at random places.
func TestADeletionGoesOnAfterACrash(t *testing.T) {
	s, ahead := wound(t)
	b := post.NewBox(s, rand.Reader)
	g := running(t, options(b, nil))
	for i := range 12 {
		m := message(fmt.Sprint("group", i), fmt.Sprint(i), "金丝雀")
		m.Person = "p"
		ask(t, g, m)
	}
	last := message("p", "forget", "删除我的信息")
	last.Person = "p"
	broken := &fragile{Store: s}
	fb := post.NewBox(broken, rand.Reader)
	stopped := options(fb, nil)
	stopped.Forgot = func(post.Forgotten) error { return errors.New("no room") }
	broken.after.Store(12)
	receipt := ask(t, running(t, stopped), last)
	for range 10 { // it is taken up again and breaks off again
		broken.after.Store(9)
		ahead.Add(int64(61 * time.Second))
		time.Sleep(5 * time.Millisecond)
	}
	running(t, options(b, nil))
	storetest.Until(t, "the deletion is done", func() bool {
		ahead.Add(int64(61 * time.Second))
		r, ok, err := b.Receipt(t.Context(), receipt.Number)
		return err == nil && ok && !r.Done.IsZero()
	})
	if d := dump(t, s); strings.Contains(d, "金丝雀") {
		t.Error("words are left")
	}
	if f, err := b.Forgotten(t.Context()); err != nil || len(f) != 1 {
		t.Errorf("written down: %v %v", f, err)
	}
}

// fragile is a store that refuses updates after so many.
type fragile struct {
	store.Store
	after atomic.Int64
}

func (f *fragile) Update(ctx context.Context, scope string, fn func(store.Tx) error) error {
	if f.after.Add(-1) < 0 {
		return errors.New("broken")
	}
	return f.Store.Update(ctx, scope, fn)
}

func TestTheQuestionLogIsReadByDays(t *testing.T) {
	s, ahead := wound(t)
	b := post.NewBox(s, rand.Reader)
	o := options(b, nil)
	o.Desk = func(_ context.Context, m bot.Message, _ []byte) (bot.Rendered, []byte, bool, error) {
		status := bot.Answered
		citations := []string{"39"}
		if strings.HasPrefix(m.Text, "不懂") {
			status, citations = bot.NotCovered, []string{}
		}
		return bot.Rendered{Status: status, Text: "x", Citations: citations, Version: "v1", Scores: []bot.Score{{Label: "39", Sure: 0.5}}}, nil, false, nil
	}
	g := running(t, o)
	from := time.Now()
	for day := range 3 {
		for i := range 4 {
			text := "开店补贴"
			if i == 0 {
				text = "不懂13812345678" + []string{"！", "", "？"}[day]
			}
			m := message(fmt.Sprint("c", i%2), fmt.Sprint(day, i), text)
			m.Person = fmt.Sprint("p", day)
			a := ask(t, g, m)
			if i == 1 {
				if err := b.Rate(t.Context(), a.Number, day > 0, "电话13812345678打不通"); err != nil {
					t.Fatal(err)
				}
			}
		}
		ahead.Add(int64(24 * time.Hour))
	}
	to := from.AddDate(0, 0, 5)
	var entries []post.Entry
	storetest.Until(t, "the log is written", func() (ok bool) {
		var err error
		entries, err = b.Entries(t.Context(), from, to, 100)
		rated := 0
		for _, e := range entries {
			if e.Rating != nil {
				rated++
			}
		}
		return err == nil && len(entries) == 12 && rated == 3
	})
	e := entries[0]
	if !entries[0].At.After(entries[11].At) || len(e.Scores) != 1 || e.Version != "v1" || e.Who == "" || strings.Contains(e.Who, "p2") || e.Number == "" {
		t.Errorf("entry %+v", e)
	}
	for _, e := range entries {
		if strings.Contains(e.Words, "138") || e.Rating != nil && strings.Contains(e.Rating.Reason, "138") {
			t.Errorf("a number is in the log: %+v", e)
		}
	}
	if some, err := b.Entries(t.Context(), from, to, 5); err != nil || len(some) != 5 || some[0].Number != e.Number {
		t.Errorf("the newest five: %d %v", len(some), err)
	}
	days, err := b.Days(t.Context(), from, to)
	if err != nil || len(days) != 3 || days[0].Total != 4 || days[0].Status["answered"] != 3 || days[0].Measures["39"] != 3 || days[0].Down != 1 || days[1].Up != 1 {
		t.Errorf("days %+v %v", days, err)
	}
	misses, err := b.Misses(t.Context(), from, to, func(s string) string { return strings.TrimRight(s, "！？") }, 10)
	if err != nil || len(misses) != 2 || misses[0].Count != 3 || misses[0].People != 3 || misses[0].Text != "不懂［手机号］？" || misses[1].Down != 1 {
		t.Errorf("misses %+v %v", misses, err)
	}
	if err := b.Rate(t.Context(), "00-0000-0000-0000-0000", true, ""); !errors.Is(err, post.ErrNoAnswer) {
		t.Errorf("a number of nothing is rated: %v", err)
	}
	ahead.Add(int64(91 * 24 * time.Hour))
	if err := b.TidyLog(t.Context(), 90*24*time.Hour); err != nil {
		t.Fatal(err)
	}
	if d := dump(t, s); strings.Contains(d, "不懂") || strings.Contains(d, "day/") {
		t.Error("after ninety days the log is still there")
	}
	if days, err := b.Days(t.Context(), from, to); err != nil || len(days) != 3 {
		t.Errorf("the counts are gone: %v %v", days, err)
	}
}

func TestTheLogCanBeWithoutWordsOrNone(t *testing.T) {
	for _, tt := range []struct {
		keep  time.Duration
		words bool
		want  int
	}{{time.Hour, false, 1}, {0, true, 0}} {
		s, _ := wound(t)
		b := post.NewBox(s, rand.Reader)
		o := options(b, nil)
		o.KeepLog, o.KeepWords = tt.keep, tt.words
		a := ask(t, running(t, o), message("c", "1", "金丝雀"))
		var entries []post.Entry
		storetest.Until(t, "nothing is on its way", func() bool {
			entries, _ = b.Entries(t.Context(), time.Now().Add(-time.Hour), time.Now().Add(time.Hour), 10)
			return len(entries) == tt.want && !strings.Contains(dump(t, s), "entry/"+a.Number)
		})
		for _, e := range entries {
			if e.Words != "" {
				t.Errorf("the log holds %q", e.Words)
			}
		}
		if strings.Contains(dump(t, s), "log/") != (tt.want > 0) {
			t.Errorf("keep %v: a log is there or not", tt.keep)
		}
	}
}

// TestNothingGrowsForEver: when every term is over, nothing is left but counts.
func TestNothingGrowsForEver(t *testing.T) {
	s, ahead := wound(t)
	b := post.NewBox(s, rand.Reader)
	g := running(t, options(b, nil))
	for i := range 30 {
		ask(t, g, message(fmt.Sprint("visitor", i), fmt.Sprint(i), "x"))
	}
	storetest.Until(t, "the log is written", func() bool {
		es, err := b.Entries(t.Context(), time.Now().Add(-time.Hour), time.Now().Add(time.Hour), 100)
		return err == nil && len(es) == 30
	})
	ahead.Add(int64(91 * 24 * time.Hour))
	for shard := range post.Shards {
		for more := true; more; {
			var err error
			if more, err = b.Tidy(t.Context(), shard); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := b.TidyLog(t.Context(), 90*24*time.Hour); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(dump(t, s)) {
		if !strings.Contains(line, " stats ") && !strings.Contains(line, " count/") && !strings.HasPrefix(line, "sys ") {
			t.Errorf("left: %.200s", line)
		}
	}
}

func TestARestoredStoreStartsHeld(t *testing.T) {
	s, _ := wound(t)
	b := post.NewBox(s, rand.Reader)
	p := &platform{ids: map[string]bool{}, script: slices.Repeat([]bot.Outcome{{Wait: time.Hour}}, 100)}
	o := options(b, map[string]bot.Sender{"test": p})
	g := running(t, o)
	asked := func(person, id string) post.Answer {
		m := message(person, id, "问"+id)
		m.Person = person
		return ask(t, g, m)
	}
	onItsWay := asked("a", "1")
	forgets := asked("leaver", "2")
	storetest.Until(t, "the log is written", func() bool {
		es, err := b.Entries(t.Context(), time.Now().Add(-time.Hour), time.Now().Add(time.Hour), 100)
		return err == nil && len(es) == 2
	})
	still := post.NewGateway(post.Options{Box: b})
	for i := range 3 { // nobody takes these in time
		m := message(fmt.Sprint("w", i), fmt.Sprint("w", i), "等")
		m.Channel = "nobody"
		if _, err := still.Box.Accept(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	for _, key := range []string{"token/x", "signin/session/y"} {
		if err := s.Update(t.Context(), "sys", func(tx store.Tx) error { return tx.Put(key, []byte("secret"), 0) }); err != nil {
			t.Fatal(err)
		}
	}
	var backup bytes.Buffer
	if err := s.Dump(t.Context(), &backup); err != nil {
		t.Fatal(err)
	}
	taken := balanced(t, b)
	// after the backup one of them asks to be forgotten
	m := message("leaver", "forget", "删除我的信息")
	m.Person = "leaver"
	receipt := ask(t, g, m)
	storetest.Until(t, "the deletion is done", func() bool {
		r, ok, err := b.Receipt(t.Context(), receipt.Number)
		return err == nil && ok && !r.Done.IsZero()
	})
	forgotten, err := b.Forgotten(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var held bytes.Buffer
	open := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(backup.Bytes())), nil }
	got, err := post.Restore(open, forgotten, time.Now(), &held)
	if err != nil {
		t.Fatal(err)
	}
	if got.Waiting != int(taken.Waiting) || got.Replies < 1 || got.Again != 1 || got.Erased == 0 || got.Dropped < 2 || got.End.IsZero() {
		t.Errorf("%+v of %+v", got, taken)
	}
	fresh := openFile(t, t.TempDir(), nil)
	if err := fresh.Load(t.Context(), bytes.NewReader(held.Bytes())); err != nil {
		t.Fatal(err)
	}
	quiet := &platform{ids: map[string]bool{}}
	nb := post.NewBox(fresh, rand.Reader)
	ng := running(t, options(nb, map[string]bot.Sender{"test": quiet, "nobody": quiet}))
	mine := message("new", "new", "x")
	mine.Channel = "chat"
	if a := ask(t, ng, mine); a.Reply.Text != "1" {
		t.Errorf("the restored service answers %q", a.Reply.Text)
	}
	if st := balanced(t, nb); st.Waiting != 0 || st.Sending != 0 || st.Dead != taken.Waiting {
		t.Errorf("counted %+v", st)
	}
	if s := shown(quiet); len(s) != 0 {
		t.Errorf("old replies were sent: %q", s)
	}
	if a, ok, err := nb.ByNumber(t.Context(), onItsWay.Number); err != nil || !ok || a.State != post.Undeliverable || a.Reason != "restored" {
		t.Errorf("the reply on its way: %+v %v", a, err)
	}
	if _, ok, _ := nb.ByNumber(t.Context(), forgets.Number); ok {
		t.Error("what was deleted later came back")
	}
	d := dump(t, fresh)
	for _, gone := range []string{"leaver", "问2", "secret", "sess/", "lease/"} {
		if strings.Contains(d, gone) && gone != "sess/" {
			t.Errorf("%s came back", gone)
		}
	}
	if !strings.Contains(d, "sys restored ") {
		t.Error("the store does not tell that it was restored")
	}
	repeated := message("w0", "w0", "等")
	repeated.Channel = "nobody"
	if got, err := nb.Accept(t.Context(), repeated); err != nil || got != post.Repeat {
		t.Errorf("a message that came before the backup is taken again: %v %v", got, err)
	}
}
