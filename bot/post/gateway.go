package post

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"time"

	"huiwen/bot"
	"huiwen/knowledge/store"
)

// A Desk answers one message: it returns the rendered reply and the session
// after it, and whether the person asked to be forgotten.
type Desk func(ctx context.Context, m bot.Message, session []byte) (r bot.Rendered, next []byte, forget bool, err error)

// A Sorry makes the one sentence that ends a dead letter, or that answers a
// message beyond a share.
type Sorry func() bot.Rendered

// Options are what a Gateway needs.
type Options struct {
	Box   *Box
	Desk  Desk
	Sorry Sorry
	// Busy answers messages beyond a share, at most one a minute and conversation;
	// nil for no word.
	Busy   Sorry
	Sender map[string]bot.Sender // by channel; a channel without one fetches its answers
	Log    *slog.Logger
	// Workers is how many messages are handled at once; Poll how often shards
	// are looked at that nobody has rung for.
	Workers int
	Poll    time.Duration
	// StopTime is how long what is under way may go on once Run's context has
	// ended, 8 s by default; then its calls are cancelled.
	StopTime time.Duration
	// KeepLog is how long the question log is kept, 0 for not at all; KeepWords
	// keeps the masked words in it.
	KeepLog   time.Duration
	KeepWords bool
	// Forgot keeps a deletion outside the store, for restores; it may be told of
	// one twice. nil for nothing.
	Forgot func(Forgotten) error
	// Crash, in tests, is told the name of every point at which the process
	// might die.
	Crash func(point string)
}

const (
	handleTime  = 30 * time.Second // of one message
	endTime     = 15 * time.Second // of one commit that ends something
	tidyEvery   = time.Hour
	tidyPerTurn = 20
)

// A Gateway runs the workers between the inbox and the outbox.
type Gateway struct {
	Options
	ring chan bell

	mu      sync.Mutex
	waiting map[string]chan struct{} // by message id
}

// A bell rings for a shard; sure when something has just come in.
type bell struct {
	shard int
	sure  bool
}

// NewGateway makes a gateway; [Gateway.Run] starts it.
func NewGateway(o Options) *Gateway {
	if o.Crash == nil {
		o.Crash = func(string) {}
	}
	o.StopTime = cmp.Or(o.StopTime, 8*time.Second)
	return &Gateway{Options: o, ring: make(chan bell, 4096), waiting: map[string]chan struct{}{}}
}

// Run works until ctx ends and what is under way has come to its end, or has
// been cut short StopTime later: then it is uncertain, as after a crash.
func (g *Gateway) Run(ctx context.Context) {
	hard, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	stop := context.AfterFunc(ctx, func() {
		select {
		case <-time.After(g.StopTime):
			cut()
		case <-hard.Done():
		}
	})
	defer stop()
	var wg sync.WaitGroup
	for range g.Workers {
		wg.Go(func() { g.work(ctx, hard) })
	}
	wg.Go(func() { g.poll(ctx) })
	wg.Go(func() { g.tidy(ctx) })
	wg.Wait()
}

// Accept keeps a message and wakes a worker.
func (g *Gateway) Accept(ctx context.Context, m bot.Message) (Acceptance, error) {
	got, err := g.Box.acceptOr(ctx, m, g.overflow)
	g.Crash("accepted")
	if err == nil && got != Repeat {
		g.wake(scopeOf(conversationOf(m)))
	}
	return got, err
}

// AcceptAll keeps messages of one shard, with what also writes, and wakes a worker.
func (g *Gateway) AcceptAll(ctx context.Context, scope string, messages []bot.Message, also func(store.Tx) error) error {
	err := g.Box.acceptAllOr(ctx, scope, messages, also, g.overflow)
	g.Crash("accepted")
	if err == nil && len(messages) > 0 {
		g.wake(scope)
	}
	return err
}

// overflow answers a message beyond a share where there is a way to send it.
func (g *Gateway) overflow(m bot.Message) (bot.Rendered, bot.Address, bool) {
	to := g.address(m)
	if g.Busy == nil || to == (bot.Address{}) {
		return bot.Rendered{}, to, false
	}
	return g.Busy(), to, true
}

// ErrLimited marks a message beyond the share of its conversation.
var ErrLimited = errors.New("post: beyond the share of a person or conversation")

// Ask accepts a message and waits for its answer: the way of the page and of
// the terminal. Giving up does not undo the acceptance.
func (g *Gateway) Ask(ctx context.Context, m bot.Message) (Answer, error) {
	rung := make(chan struct{}, 1)
	g.mu.Lock()
	g.waiting[m.ID] = rung
	g.mu.Unlock()
	defer func() { g.mu.Lock(); delete(g.waiting, m.ID); g.mu.Unlock() }()
	got, err := g.Accept(ctx, m)
	if err != nil {
		return Answer{}, err
	}
	if got == Limited {
		return Answer{}, ErrLimited
	}
	tick := time.NewTicker(g.Poll) // another replica may have answered
	defer tick.Stop()
	for {
		a, ok, err := g.Box.Fetch(ctx, m)
		if err != nil || ok {
			return a, err
		}
		select {
		case <-rung:
		case <-tick.C:
		case <-ctx.Done():
			return Answer{}, fmt.Errorf("wait for an answer: %w", ctx.Err())
		}
	}
}

// wake tells the workers of a shard; when they are all told already, the poll
// finds it.
func (g *Gateway) wake(scope string) {
	shard, err := strconv.Atoi(strings.TrimPrefix(scope, "in/"))
	if err != nil {
		return
	}
	select {
	case g.ring <- bell{shard, true}:
	default:
	}
}

// poll rings for every shard from time to time: for leases that ended, retries
// that are due, messages of other replicas.
func (g *Gateway) poll(ctx context.Context) {
	tick := time.NewTicker(g.Poll)
	defer tick.Stop()
	for {
		for shard := range Shards {
			select {
			case g.ring <- bell{shard: shard}:
			case <-ctx.Done():
				return
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// tidy makes the key of deletions, which every backup must hold, and takes out
// what has expired, every shard once an hour.
func (g *Gateway) tidy(ctx context.Context) {
	if _, err := g.Box.key(ctx, forgetKeyName, 0); err != nil && ctx.Err() == nil {
		g.Log.Warn("post", "error", err)
	}
	tick := time.NewTicker(tidyEvery / Shards)
	defer tick.Stop()
	for shard := 0; ; shard = (shard + 1) % Shards {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		more, err := true, error(nil)
		for turn := 0; more && err == nil && turn < tidyPerTurn; turn++ {
			more, err = g.Box.Tidy(ctx, shard)
		}
		if shard == 0 && err == nil {
			err = g.Box.TidyLog(ctx, g.KeepLog)
		}
		if err != nil && ctx.Err() == nil {
			g.Log.Warn("post", "shard", shard, "error", err)
		}
	}
}

func (g *Gateway) work(ctx, hard context.Context) {
	for {
		select {
		case b := <-g.ring:
			if err := g.drain(ctx, hard, b); err != nil && ctx.Err() == nil {
				g.Log.Warn("post", "shard", b.shard, "error", err)
			}
		case <-ctx.Done():
			return
		}
	}
}

// drain handles and sends until nothing of the shard may run now, then does what
// is left for later: deletions and the question log.
func (g *Gateway) drain(ctx, hard context.Context, b bell) error {
	if !b.sure { // most shards have nothing to do: look before writing
		if due, err := g.Box.due(ctx, b.shard); err != nil || !due {
			return err
		}
	}
	for ctx.Err() == nil {
		handled, err := g.handle(ctx, hard, b.shard)
		if err != nil {
			return err
		}
		sent, err := g.send(ctx, hard, b.shard)
		if err != nil {
			return err
		}
		if !handled && !sent {
			break
		}
	}
	for more := !b.sure; more && ctx.Err() == nil; {
		forgotten, err := g.Box.forget(ctx, b.shard, g.Forgot)
		if err != nil {
			return err
		}
		moved, err := g.Box.moveLog(ctx, b.shard)
		if err != nil {
			return err
		}
		more = forgotten || moved
	}
	return nil
}

// due reports whether a shard has something to do now.
func (b *Box) due(ctx context.Context, shard int) (bool, error) {
	due := false
	err := b.store.View(ctx, scopeNamed(shard), func(tx store.Tx) error {
		due = false
		for _, set := range []string{readySet, staffSet, sendSet, jobSet, logSet} {
			found, err := tx.Range(set, 0, score(tx.Now()), 1)
			if err != nil || len(found) > 0 {
				due = true
				return err
			}
		}
		return nil
	})
	if err != nil {
		return false, fmt.Errorf("look at a shard: %w", err)
	}
	return due, nil
}

// handle takes one message, answers it and ends it.
func (g *Gateway) handle(ctx, hard context.Context, shard int) (bool, error) {
	began := time.Now()
	t, ok, err := g.Box.Take(ctx, shard)
	if err != nil || !ok {
		return false, err
	}
	g.Crash("taken")
	end := func() (context.Context, context.CancelFunc) { return context.WithTimeout(hard, endTime) }
	result := Result{Session: t.Session, To: g.address(t.Message)}
	if t.Dead {
		result.Reply = g.Sorry()
	} else if result.Reply, result.Session, result.Forget, err = g.answer(hard, t); err != nil {
		g.Log.Error("message not answered", "channel", t.Message.Channel, "error", err)
		ctx, cancel := end()
		defer cancel()
		if err := g.Box.GiveBack(ctx, t); err != nil && !errors.Is(err, ErrLeaseLost) {
			return true, err
		}
		return true, nil
	}
	g.Crash("handled")
	// ending is not cut short by a stop: the work is done
	endCtx, cancel := end()
	defer cancel()
	if err := g.record(endCtx, t.Message, &result, began); err != nil {
		return true, err
	}
	_, err = g.Box.Finish(endCtx, t, result)
	g.Crash("finished")
	if errors.Is(err, ErrLeaseLost) {
		return true, nil
	}
	if err == nil {
		g.answered(t.Message.ID)
	}
	return true, err
}

// record adds what the question log will hold of a message.
func (g *Gateway) record(ctx context.Context, m bot.Message, r *Result, began time.Time) error {
	if g.KeepLog <= 0 || r.Forget {
		return nil
	}
	who, err := g.Box.Pseudonym(ctx, speakerOf(m), began)
	if err != nil {
		return err
	}
	r.Keep = g.KeepLog
	r.Entry = &Entry{Channel: m.Channel, User: m.User, Who: who, Status: r.Reply.Status, Citations: r.Reply.Citations, Scores: r.Reply.Scores,
		Version: r.Reply.Version, Millis: time.Since(began).Milliseconds()}
	if g.KeepWords {
		r.Entry.Words = m.Text
	}
	return nil
}

// answer keeps a panic of the handler from taking the process down: the
// message is then taken once more and ends as a dead letter.
func (g *Gateway) answer(ctx context.Context, t Task) (r bot.Rendered, next []byte, forget bool, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("handler panicked: %v", p)
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, handleTime)
	defer cancel()
	return g.Desk(ctx, t.Message, t.Session)
}

func (g *Gateway) answered(id string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if rung, ok := g.waiting[id]; ok {
		select {
		case rung <- struct{}{}:
		default:
		}
	}
}

// address is where a reply goes; a channel without a sender fetches it.
func (g *Gateway) address(m bot.Message) bot.Address {
	if _, ok := g.Sender[m.Channel]; !ok {
		return bot.Address{}
	}
	return bot.Address{Channel: m.Channel, Conversation: m.Conversation, Card: m.Card}
}

// send sends one reply of the shard.
func (g *Gateway) send(ctx, hard context.Context, shard int) (bool, error) {
	if len(g.Sender) == 0 {
		return false, nil
	}
	p, ok, err := g.Box.TakeSend(ctx, shard, time.Now())
	if err != nil || !ok {
		return false, err
	}
	g.Crash("sending")
	end := func() (context.Context, context.CancelFunc) { return context.WithTimeout(hard, endTime) }
	if p.Late(time.Now()) { // stopped since: another may have it
		ctx, cancel := end()
		defer cancel()
		return true, lost(g.Box.PutBack(ctx, p))
	}
	to, ok := g.Sender[p.Answer.To.Channel]
	outcome := bot.Outcome{Final: true, Reason: "no such channel"}
	if ok {
		try, cancel := context.WithTimeout(hard, sendTime)
		outcome = to.Send(try, p.Answer.To, p.Answer.Number, p.Answer.Reply)
		cancel()
	}
	g.Crash("sent")
	endCtx, cancel := end()
	defer cancel()
	return true, lost(g.Box.Settle(endCtx, p, outcome))
}

// lost drops the error that says that another worker goes on with it.
func lost(err error) error {
	if errors.Is(err, ErrHoldLost) {
		return nil
	}
	return err
}
