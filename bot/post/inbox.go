package post

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"huiwen/bot"
	"huiwen/knowledge/store"
)

// An Acceptance says what became of a message when it came in.
type Acceptance int

// The ways a message comes in.
const (
	Taken   Acceptance = iota // it waits for its answer
	Repeat                    // it came before: nothing happened
	Limited                   // beyond a share: it has ended without an answer
)

// ErrFull marks a shard with too much waiting: the channel must not acknowledge.
var ErrFull = errors.New("post: too much waiting")

// A Box is the inbox and outbox over a store. It is safe for concurrent use.
type Box struct {
	store  store.Store
	random io.Reader
	limits Limits
	turn   atomic.Uint64 // staff and residents take turns

	mu   sync.Mutex
	keys map[string][]byte // the secrets of hashes, by name
}

// NewBox makes a box; random makes answer numbers and must be unpredictable.
func NewBox(s store.Store, random io.Reader) *Box { return NewLimited(s, random, Limits{}) }

// NewLimited makes a box with limits of its own.
func NewLimited(s store.Store, random io.Reader, l Limits) *Box {
	return &Box{store: s, random: random, limits: l, keys: map[string][]byte{}}
}

// overflow says what is answered to a message beyond a share, and where; ok is
// false for nothing.
type overflow func(bot.Message) (r bot.Rendered, to bot.Address, ok bool)

// Accept keeps a message in one commit; personal numbers in it are masked first.
// A message whose id came before changes nothing.
func (b *Box) Accept(ctx context.Context, m bot.Message) (Acceptance, error) {
	return b.acceptOr(ctx, m, nil)
}

func (b *Box) acceptOr(ctx context.Context, m bot.Message, busy overflow) (Acceptance, error) {
	out, err := store.Update(ctx, b.store, scopeOf(conversationOf(m)), func(tx store.Tx) (Acceptance, error) { return b.accept(tx, m, busy) })
	if err != nil {
		return out, fmt.Errorf("accept a message: %w", err)
	}
	return out, nil
}

// AcceptAll keeps messages of one shard together with what also writes: the
// cursor that they were fetched by moves in the same commit.
func (b *Box) AcceptAll(ctx context.Context, scope string, messages []bot.Message, also func(store.Tx) error) error {
	return b.acceptAllOr(ctx, scope, messages, also, nil)
}

func (b *Box) acceptAllOr(ctx context.Context, scope string, messages []bot.Message, also func(store.Tx) error, busy overflow) error {
	err := b.store.Update(ctx, scope, func(tx store.Tx) error {
		for _, m := range messages {
			if got := scopeOf(conversationOf(m)); got != scope {
				return fmt.Errorf("post: a message of shard %s is kept in %s", got, scope)
			}
			if _, err := b.accept(tx, m, busy); err != nil {
				return err
			}
		}
		return also(tx)
	})
	if err != nil {
		return fmt.Errorf("accept messages: %w", err)
	}
	return nil
}

// accept keeps one message.
func (b *Box) accept(tx store.Tx, m bot.Message, busy overflow) (Acceptance, error) {
	store.Replicate(tx)
	conversation, speaker := conversationOf(m), speakerOf(m)
	if _, seen, err := tx.Get(seenKey(m.ID)); err != nil || seen {
		return Repeat, err
	}
	waiting, err := tx.Range(waitSet(conversation), 0, forever, b.limits.perConversation())
	if err != nil {
		return 0, err
	}
	his, err := countOf(tx, byKey(speaker))
	if err != nil {
		return 0, err
	}
	if len(waiting) >= b.limits.perConversation() || his >= b.limits.perSpeaker() {
		return Limited, b.limit(tx, m, busy)
	}
	var all Stats
	if _, err := getJSON(tx, statsKey, &all); err != nil {
		return 0, err
	}
	if all.Waiting >= int64(b.limits.perShard(m.User)) {
		return 0, ErrFull
	}
	seq := 1.0
	if n := len(waiting); n > 0 {
		seq = waiting[n-1].Score + 1
	}
	name := strconv.FormatFloat(seq, 'f', 0, 64)
	said := m.Text
	m.Text = Mask(said)
	err = errors.Join(
		tx.Put(seenKey(m.ID), nil, duplicateFor(m.Channel)),
		putJSON(tx, messageKey(conversation, name), letter{Message: m, Arrived: tx.Now(), Masked: m.Text != said}, 0),
		tx.Add(waitSet(conversation), name, seq),
		addTo(tx, byKey(speaker), 1),
		counting(tx, Stats{Accepted: 1, Waiting: 1}),
	)
	if len(waiting) == 0 && err == nil {
		err = tx.Add(readyFor(m.User), conversation, score(tx.Now()))
	}
	return Taken, err
}

// readyFor is the ready set of a kind of user: staff have one of their own, so
// that a crowd of residents does not keep them waiting.
func readyFor(u bot.User) string {
	if u == bot.Staff {
		return staffSet
	}
	return readySet
}

// limit ends a message beyond a share; the conversation is told so, at most once
// a minute.
func (b *Box) limit(tx store.Tx, m bot.Message, busy overflow) error {
	err := errors.Join(tx.Put(seenKey(m.ID), []byte("limited"), duplicateFor(m.Channel)), counting(tx, Stats{Accepted: 1, Limited: 1}))
	if busy == nil || err != nil {
		return err
	}
	key := busyKey(conversationOf(m))
	if _, said, err := tx.Get(key); err != nil || said {
		return err
	}
	r, to, ok := busy(m)
	if !ok {
		return nil
	}
	number, err := newNumber(b.random, scopeOf(conversationOf(m)))
	if err != nil {
		return err
	}
	r.ID = number
	a := Answer{Number: number, Message: m.ID, Reply: r, At: tx.Now(), State: Queued, To: to, Conversation: conversationOf(m), Speaker: speakerOf(m), Kind: Busy}
	return errors.Join(tx.Put(key, nil, busyTime), b.keep(tx, &a))
}

// A Task is the head of a conversation under a lease.
type Task struct {
	Message bot.Message
	Session []byte
	// Dead tells that it was taken before without a result: it must not be
	// handled again, only ended with one polite sentence.
	Dead bool
	// Masked tells that a personal number was taken out of the message.
	Masked bool

	scope, conversation, seq, token string
	ready                           string // the set it was taken from
	// Until is when the lease ends, by the store's clock.
	Until time.Time
}

// Take leases the head of a conversation of a shard that may run now; ok is
// false when none may. The attempt is counted in the same commit. The
// conversation that has waited longest is taken, staff and residents in turn.
func (b *Box) Take(ctx context.Context, shard int) (task Task, ok bool, err error) {
	scope := scopeNamed(shard)
	sets := []string{readySet, staffSet}
	if b.turn.Add(1)%2 == 0 {
		sets[0], sets[1] = sets[1], sets[0]
	}
	task, err = store.Update(ctx, b.store, scope, func(tx store.Tx) (Task, error) {
		for _, set := range sets {
			ready, err := tx.Range(set, 0, score(tx.Now()), 1)
			if err != nil {
				return Task{}, err
			}
			if len(ready) > 0 {
				return take(tx, scope, set, ready[0].Name)
			}
		}
		return Task{}, nil
	})
	if err != nil {
		return Task{}, false, fmt.Errorf("take a message: %w", err)
	}
	return task, task.token != "", nil
}

func take(tx store.Tx, scope, set, conversation string) (Task, error) {
	t := Task{scope: scope, conversation: conversation, token: newToken(), ready: set}
	heads, err := tx.Range(waitSet(conversation), 0, forever, 1)
	if err != nil {
		return Task{}, err
	}
	if len(heads) == 0 { // nothing waits: an end whose commit came with it
		return Task{}, tx.Rem(set, conversation)
	}
	t.seq = heads[0].Name
	var l letter
	if found, err := getJSON(tx, messageKey(conversation, t.seq), &l); err != nil || !found {
		return Task{}, errors.Join(err, tx.Rem(waitSet(conversation), t.seq))
	}
	t.Dead = l.Takes >= maxTakes
	l.Takes++
	t.Message, t.Masked = l.Message, l.Masked
	t.Until = tx.Now().Add(leaseTime)
	if t.Session, _, err = tx.Get(sessionKey(conversation)); err != nil {
		return Task{}, err
	}
	return t, errors.Join(
		putJSON(tx, messageKey(conversation, t.seq), l, 0),
		putJSON(tx, leaseKey(conversation), lease{t.token, t.Until}, 0),
		tx.Add(set, conversation, score(t.Until)),
	)
}

// ErrLeaseLost marks the end of a task whose lease another worker has taken:
// its result is dropped.
var ErrLeaseLost = errors.New("post: the lease was lost")

// holds checks that the task's lease is still its own.
func (t Task) holds(tx store.Tx) error {
	var l lease
	if ok, err := getJSON(tx, leaseKey(t.conversation), &l); err != nil || !ok || l.Token != t.token {
		return errors.Join(err, ErrLeaseLost)
	}
	return nil
}

// GiveBack ends the lease of a task without a result: it may soon be taken again.
func (b *Box) GiveBack(ctx context.Context, t Task) error {
	err := b.store.Update(ctx, t.scope, func(tx store.Tx) error {
		if err := t.holds(tx); err != nil {
			return err
		}
		return errors.Join(tx.Del(leaseKey(t.conversation)), tx.Add(t.ready, t.conversation, score(tx.Now().Add(retakeAfter))))
	})
	if err != nil {
		return fmt.Errorf("give a message back: %w", err)
	}
	return nil
}

// A Result is what a task ends with.
type Result struct {
	Session []byte
	Reply   bot.Rendered
	// To is where the reply is sent; without it whoever asked fetches it.
	To bot.Address
	// Forget deletes what is kept of the speaker: 删除我的信息.
	Forget bool
	// Entry is what the question log holds of it for the time of Keep; nil for
	// nothing.
	Entry *Entry
	Keep  time.Duration
}

// Finish ends a task in one commit: session, reply and done, and what it leaves
// for the question log or orders to be deleted.
func (b *Box) Finish(ctx context.Context, t Task, r Result) (Answer, error) {
	number, err := newNumber(b.random, t.scope)
	if err != nil {
		return Answer{}, err
	}
	r.Reply.ID = number
	var a Answer
	err = b.store.Update(ctx, t.scope, func(tx store.Tx) error {
		a = Answer{Number: number, Message: t.Message.ID, Reply: r.Reply, State: Queued, To: r.To, At: tx.Now()}
		if err := t.holds(tx); err != nil {
			return err
		}
		err := errors.Join(
			tx.Del(messageKey(t.conversation, t.seq)), tx.Rem(waitSet(t.conversation), t.seq),
			tx.Del(leaseKey(t.conversation)), addTo(tx, byKey(speakerOf(t.Message)), -1), next(tx, t),
		)
		if err != nil {
			return err
		}
		if r.Forget {
			return b.finishForget(tx, t, &a)
		}
		return b.finishOrdinary(tx, t, r, &a)
	})
	if err != nil {
		return Answer{}, fmt.Errorf("end a message: %w", err)
	}
	return a, nil
}

// finishOrdinary keeps what a message ended with.
func (b *Box) finishOrdinary(tx store.Tx, t Task, r Result, a *Answer) error {
	a.Conversation, a.Speaker = t.conversation, speakerOf(t.Message)
	change := Stats{Waiting: -1}
	switch {
	case t.Dead:
		a.Kind, change.Dead = Apology, 1
		l := letter{Message: t.Message, Takes: maxTakes, Arrived: a.At, Reason: "no result"}
		if err := bury(tx, l, a.At); err != nil {
			return err
		}
	case a.To == (bot.Address{}):
		change.Answered = 1
	default:
		change.Sending = 1
	}
	if t.Masked {
		if err := tell(tx, a); err != nil {
			return err
		}
	}
	if len(r.Session) > 0 {
		if err := errors.Join(tx.Put(sessionKey(t.conversation), r.Session, sessionTime), own(tx, a.Speaker, sessionKey(t.conversation), a.At)); err != nil {
			return err
		}
	} else if err := tx.Del(sessionKey(t.conversation)); err != nil {
		return err
	}
	if r.Entry != nil && r.Keep > 0 {
		e := *r.Entry
		e.At, e.Keep = a.At, r.Keep
		if err := errors.Join(putJSON(tx, entryKey(a.Number), e, answerTime), tx.Add(logSet, a.Number, score(a.At))); err != nil {
			return err
		}
	}
	return errors.Join(counting(tx, change), tx.Put(replyKey(t.Message.ID), []byte(a.Number), duplicateFor(t.Message.Channel)), b.keep(tx, a))
}

// bury keeps a dead letter.
func bury(tx store.Tx, l letter, at time.Time) error {
	id := deadKey(l.Message.ID)
	return errors.Join(tx.Add(deadSet, id, score(at)), putJSON(tx, id, l, deadTime), own(tx, speakerOf(l.Message), id, at))
}

// own writes down that a key is a speaker's, so that it is deleted at his wish.
func own(tx store.Tx, speaker, key string, at time.Time) error {
	if speaker == "" {
		return nil
	}
	first, err := tx.Range(mineSet(speaker), 0, forever, 1)
	if err == nil && len(first) == 0 {
		err = tx.Add(tidySet, speaker, score(at.Add(answerTime)))
	}
	return errors.Join(err, tx.Add(mineSet(speaker), key, score(at)))
}

// next makes the next message of the conversation ready, if there is one, behind
// all others that are.
func next(tx store.Tx, t Task) error {
	rest, err := tx.Range(waitSet(t.conversation), 0, forever, 1)
	if err != nil {
		return err
	}
	if len(rest) == 0 {
		return tx.Rem(t.ready, t.conversation)
	}
	return tx.Add(t.ready, t.conversation, score(tx.Now()))
}

// keep stores an answer by its number and queues it for sending.
func (b *Box) keep(tx store.Tx, a *Answer) error {
	if a.To == (bot.Address{}) {
		a.State = Sent // whoever asked fetches it
	}
	err := errors.Join(putJSON(tx, answerKey(a.Number), a, answerTime), own(tx, a.Speaker, answerKey(a.Number), a.At))
	if a.State == Queued {
		err = errors.Join(err, tx.Add(sendSet, a.Number, score(a.At)))
	}
	return err
}

// Fetch returns the answer to a message, once there is one.
func (b *Box) Fetch(ctx context.Context, m bot.Message) (Answer, bool, error) {
	scope := scopeOf(conversationOf(m))
	var a Answer
	ok, err := store.View(ctx, b.store, scope, func(tx store.Tx) (bool, error) {
		number, ok, err := tx.Get(replyKey(m.ID))
		if err != nil || !ok {
			return false, err
		}
		return getJSON(tx, answerKey(string(number)), &a)
	})
	if err != nil {
		return Answer{}, false, fmt.Errorf("fetch an answer: %w", err)
	}
	return a, ok, nil
}

// ByNumber returns the answer of a number that a person reads out.
func (b *Box) ByNumber(ctx context.Context, number string) (Answer, bool, error) {
	scope, ok := scopeOfNumber(number)
	if !ok {
		return Answer{}, false, nil
	}
	var a Answer
	ok, err := store.View(ctx, b.store, scope, func(tx store.Tx) (bool, error) { return getJSON(tx, answerKey(number), &a) })
	if err != nil {
		return Answer{}, false, fmt.Errorf("find an answer: %w", err)
	}
	return a, ok, nil
}

// Shard counts what became of the messages of one shard.
func (b *Box) Shard(ctx context.Context, shard int) (Stats, error) {
	var s Stats
	err := b.store.View(ctx, scopeNamed(shard), func(tx store.Tx) error {
		s = Stats{}
		_, err := getJSON(tx, statsKey, &s)
		return err
	})
	return s, err
}

// Stats counts what became of all messages.
func (b *Box) Stats(ctx context.Context) (Stats, error) {
	var all Stats
	for shard := range Shards {
		s, err := b.Shard(ctx, shard)
		if err != nil {
			return Stats{}, fmt.Errorf("count messages: %w", err)
		}
		all.add(s)
	}
	return all, nil
}
