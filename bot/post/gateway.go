package post

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"huiwen/bot"
	"huiwen/knowledge/store"
)

// A Desk answers one message: it returns the rendered reply and the session
// after it, and whether the person asked to be forgotten.
type Desk func(ctx context.Context, m bot.Message, session []byte) (r bot.Rendered, next []byte, forget bool, err error)

// A Sorry makes the one sentence that ends a dead letter.
type Sorry func() bot.Rendered

// Options are what a Gateway needs.
type Options struct {
	Box    *Box
	Desk   Desk
	Sorry  Sorry
	Sender map[string]bot.Sender // by channel; a channel without one fetches its answers
	Log    *slog.Logger
	// Workers is how many messages are handled at once; Poll how often shards
	// are looked at that nobody has rung for.
	Workers int
	Poll    time.Duration
	// KeepLog is how long the question log is kept, 0 for not at all; KeepWords
	// keeps the masked words in it.
	KeepLog   time.Duration
	KeepWords bool
	// Crash, in tests, is told the name of every point at which the process
	// might die.
	Crash func(point string)
}

// A Gateway runs the workers between the inbox and the outbox.
type Gateway struct {
	Options
	ring chan int

	mu      sync.Mutex
	waiting map[string]chan struct{} // by message id
}

// NewGateway makes a gateway; [Gateway.Run] starts it.
func NewGateway(o Options) *Gateway {
	if o.Crash == nil {
		o.Crash = func(string) {}
	}
	return &Gateway{Options: o, ring: make(chan int, 4096), waiting: map[string]chan struct{}{}}
}

// Run works until ctx ends and what is under way has come to its end.
func (g *Gateway) Run(ctx context.Context) {
	var wg sync.WaitGroup
	for range g.Workers {
		wg.Go(func() { g.work(ctx) })
	}
	wg.Go(func() { g.poll(ctx) })
	wg.Wait()
}

// Accept keeps a message and wakes a worker.
func (g *Gateway) Accept(ctx context.Context, m bot.Message) (Acceptance, error) {
	got, err := g.Box.Accept(ctx, m)
	if err == nil && got == Taken {
		g.wake(scopeOf(conversationOf(m)))
	}
	return got, err
}

// AcceptAll keeps messages of one shard, with what also writes, and wakes a worker.
func (g *Gateway) AcceptAll(ctx context.Context, scope string, messages []bot.Message, also func(store.Tx) error) error {
	err := g.Box.AcceptAll(ctx, scope, messages, also)
	if err == nil && len(messages) > 0 {
		g.wake(scope)
	}
	return err
}

// ErrLimited marks a message beyond the share of its conversation.
var ErrLimited = errors.New("post: too many waiting in the conversation")

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
	for shard := range Shards {
		if scopeNamed(shard) == scope {
			select {
			case g.ring <- shard:
			default:
			}
		}
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
			case g.ring <- shard:
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

func (g *Gateway) work(ctx context.Context) {
	for {
		select {
		case shard := <-g.ring:
			g.drain(ctx, shard)
		case <-ctx.Done():
			return
		}
	}
}

// drain handles and sends until nothing of the shard may run now.
func (g *Gateway) drain(ctx context.Context, shard int) {
	for ctx.Err() == nil {
		handled, err := g.handle(ctx, shard)
		if err == nil {
			var sent bool
			sent, err = g.send(ctx, shard)
			handled = handled || sent
		}
		if err != nil {
			if ctx.Err() == nil {
				g.Log.Warn("post", "shard", shard, "error", err)
			}
			return
		}
		if !handled {
			return
		}
	}
}

// handle takes one message, answers it and ends it.
func (g *Gateway) handle(ctx context.Context, shard int) (bool, error) {
	t, ok, err := g.Box.Take(ctx, shard)
	if err != nil || !ok {
		return false, err
	}
	g.Crash("taken")
	result := Result{Session: t.Session, To: g.address(t.Message)}
	if t.Dead {
		result.Reply = g.Sorry()
	} else if result.Reply, result.Session, result.Forget, err = g.answer(ctx, t); err != nil {
		g.Log.Error("message not answered", "channel", t.Message.Channel, "error", err)
		return true, nil // the lease runs out; then it is taken again or dead
	}
	g.Crash("handled")
	// ending is not cut short by a stop: the work is done
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), sendTime)
	defer cancel()
	a, forgotten, err := g.Box.Finish(end, t, result)
	g.Crash("finished")
	if errors.Is(err, ErrLeaseLost) {
		return true, nil
	}
	if err == nil {
		g.answered(t.Message.ID)
		err = g.record(end, t.Message, a, forgotten)
	}
	return true, err
}

// record writes the question log, or deletes what was forgotten from it.
func (g *Gateway) record(ctx context.Context, m bot.Message, a Answer, forgotten []string) error {
	if len(forgotten) > 0 {
		return g.Box.Unrecord(ctx, forgotten)
	}
	e := Entry{At: a.At, Channel: m.Channel, User: m.User, Status: a.Reply.Status, Citations: a.Reply.Citations, Version: a.Reply.Version}
	if g.KeepWords {
		e.Words = m.Text
	}
	return g.Box.Record(ctx, a.Number, e, g.KeepLog)
}

// answer keeps a panic of the handler from taking the process down: the
// message is then taken once more and ends as a dead letter.
func (g *Gateway) answer(ctx context.Context, t Task) (r bot.Rendered, next []byte, forget bool, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("handler panicked: %v", p)
		}
	}()
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
func (g *Gateway) send(ctx context.Context, shard int) (bool, error) {
	if len(g.Sender) == 0 {
		return false, nil
	}
	p, ok, err := g.Box.TakeSend(ctx, shard)
	if err != nil || !ok {
		return false, err
	}
	g.Crash("sending")
	to, ok := g.Sender[p.Answer.To.Channel]
	outcome := bot.Outcome{Final: true, Reason: "no such channel"}
	if ok {
		try, cancel := context.WithTimeout(context.WithoutCancel(ctx), sendTime)
		outcome = to.Send(try, p.Answer.To, p.Answer.Number, p.Answer.Reply)
		cancel()
	}
	g.Crash("sent")
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), sendTime)
	defer cancel()
	return true, g.Box.Settle(end, p, outcome)
}
