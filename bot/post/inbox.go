package post

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
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
	Limited                   // its conversation has too many waiting
)

// ErrFull marks a shard with too much waiting: the channel must not acknowledge.
var ErrFull = errors.New("post: too much waiting")

// A Box is the inbox and outbox over a store. It is safe for concurrent use.
type Box struct {
	store  store.Store
	random io.Reader
}

// NewBox makes a box; random makes answer numbers and must be unpredictable.
func NewBox(s store.Store, random io.Reader) *Box { return &Box{s, random} }

// Accept keeps a message in one commit; personal numbers in it are masked first.
// A message whose id came before changes nothing.
func (b *Box) Accept(ctx context.Context, m bot.Message) (Acceptance, error) {
	out, err := store.Update(ctx, b.store, scopeOf(conversationOf(m)), func(tx store.Tx) (Acceptance, error) { return accept(tx, m) })
	if err != nil {
		return out, fmt.Errorf("accept a message: %w", err)
	}
	return out, nil
}

// AcceptAll keeps messages of one shard together with what also writes: the
// cursor that they were fetched by moves in the same commit.
func (b *Box) AcceptAll(ctx context.Context, scope string, messages []bot.Message, also func(store.Tx) error) error {
	err := b.store.Update(ctx, scope, func(tx store.Tx) error {
		for _, m := range messages {
			if got := scopeOf(conversationOf(m)); got != scope {
				return fmt.Errorf("post: a message of shard %s is kept in %s", got, scope)
			}
			if _, err := accept(tx, m); err != nil {
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
func accept(tx store.Tx, m bot.Message) (Acceptance, error) {
	conversation := conversationOf(m)
	m.Text = Mask(m.Text)
	if _, seen, err := tx.Get(seenKey(m.ID)); err != nil || seen {
		return Repeat, err
	}
	waiting, err := tx.Range(waitSet(conversation), 0, 1e18, maxPerConversation)
	if err != nil {
		return 0, err
	}
	if len(waiting) >= maxPerConversation {
		return Limited, tx.Put(seenKey(m.ID), []byte("limited"), duplicateTime)
	}
	all, err := tx.Range(readySet, 0, 1e18, maxPerShard)
	if err != nil {
		return 0, err
	}
	if len(all) >= maxPerShard {
		return 0, ErrFull
	}
	seq := 1.0
	if n := len(waiting); n > 0 {
		seq = waiting[n-1].Score + 1
	}
	name := strconv.FormatFloat(seq, 'f', 0, 64)
	err = errors.Join(
		tx.Put(seenKey(m.ID), []byte(name), duplicateTime),
		putJSON(tx, messageKey(conversation, name), letter{Message: m, Arrived: tx.Now()}, 0),
		tx.Add(waitSet(conversation), name, seq),
	)
	if len(waiting) == 0 && err == nil {
		err = tx.Add(readySet, conversation, score(tx.Now()))
	}
	return Taken, err
}

// A Task is the head of a conversation under a lease.
type Task struct {
	Message bot.Message
	Session []byte
	// Dead tells that it was taken before without a result: it must not be
	// handled again, only ended with one polite sentence.
	Dead bool

	scope, conversation, seq, token string
	// Until is when the lease ends, by the store's clock.
	Until time.Time
}

// Take leases the head of a conversation of a shard that may run now; ok is
// false when none may.
func (b *Box) Take(ctx context.Context, shard int) (task Task, ok bool, err error) {
	scope := scopeNamed(shard)
	task, err = store.Update(ctx, b.store, scope, func(tx store.Tx) (Task, error) {
		ready, err := tx.Range(readySet, 0, score(tx.Now()), 1)
		if err != nil || len(ready) == 0 {
			return Task{}, err
		}
		t := Task{scope: scope, conversation: ready[0].Name, token: newToken()}
		heads, err := tx.Range(waitSet(t.conversation), 0, 1e18, 1)
		if err != nil {
			return Task{}, err
		}
		if len(heads) == 0 { // nothing waits: an end whose commit came with it
			return Task{}, tx.Rem(readySet, t.conversation)
		}
		t.seq = heads[0].Name
		var l letter
		if found, err := getJSON(tx, messageKey(t.conversation, t.seq), &l); err != nil || !found {
			return Task{}, errors.Join(err, tx.Rem(waitSet(t.conversation), t.seq))
		}
		t.Dead = l.Takes >= maxTakes
		l.Takes++
		t.Message = l.Message
		t.Until = tx.Now().Add(leaseTime)
		if t.Session, _, err = tx.Get(sessionKey(t.conversation)); err != nil {
			return Task{}, err
		}
		return t, errors.Join(
			putJSON(tx, messageKey(t.conversation, t.seq), l, 0),
			putJSON(tx, leaseKey(t.conversation), lease{t.token, t.Until}, 0),
			tx.Add(readySet, t.conversation, score(t.Until)),
		)
	})
	if err != nil {
		return Task{}, false, fmt.Errorf("take a message: %w", err)
	}
	return task, task.token != "", nil
}

// ErrLeaseLost marks the end of a task whose lease another worker has taken:
// its result is dropped.
var ErrLeaseLost = errors.New("post: the lease was lost")

// A Result is what a task ends with.
type Result struct {
	Session []byte
	Reply   bot.Rendered
	// To is where the reply is sent; without it whoever asked fetches it.
	To bot.Address
	// Forget deletes what is kept of the conversation: 删除我的信息.
	Forget bool
}

// Finish ends a task in one commit: session, reply and done.
// The numbers it returns are those of the answers that were forgotten.
func (b *Box) Finish(ctx context.Context, t Task, r Result) (Answer, []string, error) {
	var forgotten []string
	number, err := newNumber(b.random, t.scope)
	if err != nil {
		return Answer{}, nil, err
	}
	r.Reply.ID = number
	a := Answer{Number: number, Message: t.Message.ID, Reply: r.Reply, State: Queued, To: r.To}
	err = b.store.Update(ctx, t.scope, func(tx store.Tx) error {
		a.At = tx.Now()
		var l lease
		if ok, err := getJSON(tx, leaseKey(t.conversation), &l); err != nil || !ok || l.Token != t.token {
			return errors.Join(err, ErrLeaseLost)
		}
		err = errors.Join(
			tx.Del(messageKey(t.conversation, t.seq)), tx.Rem(waitSet(t.conversation), t.seq),
			tx.Del(leaseKey(t.conversation)), b.next(tx, t),
		)
		if err != nil {
			return err
		}
		if t.Dead {
			if err := errors.Join(tx.Add(deadSet, t.Message.ID, score(a.At)), putJSON(tx, "dead/"+t.Message.ID, t.Message, deadTime)); err != nil {
				return err
			}
		}
		if r.Forget {
			if forgotten, err = forget(tx, t.conversation); err != nil {
				return err
			}
		} else if err := tx.Put(sessionKey(t.conversation), r.Session, sessionTime); err != nil {
			return err
		}
		return b.keep(tx, t, &a)
	})
	if err != nil {
		return Answer{}, nil, fmt.Errorf("end a message: %w", err)
	}
	return a, forgotten, nil
}

// next makes the next message of the conversation ready, if there is one.
func (b *Box) next(tx store.Tx, t Task) error {
	rest, err := tx.Range(waitSet(t.conversation), 0, 1e18, 1)
	if err != nil {
		return err
	}
	if len(rest) == 0 {
		return tx.Rem(readySet, t.conversation)
	}
	return tx.Add(readySet, t.conversation, score(tx.Now()))
}

// keep stores the answer by number and by message, and queues it for sending.
func (b *Box) keep(tx store.Tx, t Task, a *Answer) error {
	if a.To == (bot.Address{}) {
		a.State = Sent // whoever asked fetches it
	}
	err := errors.Join(
		putJSON(tx, answerKey(a.Number), a, answerTime),
		tx.Put(replyKey(t.Message.ID), []byte(a.Number), duplicateTime),
		tx.Add(answersSet(t.conversation), a.Number, score(a.At)),
	)
	if a.State == Queued && err == nil {
		err = errors.Join(tx.Put(outKey(a.Number), nil, 0), tx.Add(sendSet, a.Number, score(a.At)))
	}
	if err != nil {
		return err
	}
	old, err := tx.Range(answersSet(t.conversation), 0, 1e18, maxAnswersKept+1)
	if err == nil && len(old) > maxAnswersKept {
		err = tx.Rem(answersSet(t.conversation), old[0].Name)
	}
	return err
}

// forget deletes the session and the answers of a conversation and returns
// their numbers.
func forget(tx store.Tx, conversation string) ([]string, error) {
	err := tx.Del(sessionKey(conversation))
	mine, rangeErr := tx.Range(answersSet(conversation), 0, 1e18, maxAnswersKept+1)
	err = errors.Join(err, rangeErr)
	var numbers []string
	for _, m := range mine {
		numbers = append(numbers, m.Name)
		err = errors.Join(err, tx.Del(answerKey(m.Name)), tx.Rem(answersSet(conversation), m.Name))
	}
	return numbers, err
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

// Waiting counts the conversations that wait in a shard and the dead letters.
func (b *Box) Waiting(ctx context.Context, shard int) (waiting, dead int, err error) {
	err = b.store.View(ctx, scopeNamed(shard), func(tx store.Tx) error {
		w, err := tx.Range(readySet, 0, 1e18, maxPerShard)
		if err != nil {
			return err
		}
		d, err := tx.Range(deadSet, 0, 1e18, maxPerShard)
		waiting, dead = len(w), len(d)
		return err
	})
	return waiting, dead, err
}
