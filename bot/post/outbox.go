package post

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"huiwen/bot"
	"huiwen/knowledge/store"
)

const (
	// sendTime is how long one attempt to send may take. It starts only while the
	// hold lasts sendMargin longer than that, by the machine's own clock, so that
	// two workers never send a reply at once.
	sendTime   = 15 * time.Second
	sendMargin = 2 * time.Second
	holdTime   = sendTime + 15*time.Second
	// maxAttempts bounds the retries of one reply.
	maxAttempts = 8
	backOff     = 2 * time.Second // doubled with every attempt, give or take a quarter
	maxBackOff  = 10 * time.Minute
	// maxWaitTime is how long a reply may wait for its turn or for an operator.
	maxWaitTime = 47 * time.Hour
)

// A Parcel is a reply that may be sent now.
type Parcel struct {
	Answer Answer
	scope  string
	token  string
	taken  time.Time // before it was asked for
}

// Late reports whether too little of the hold is left to begin sending.
func (p Parcel) Late(now time.Time) bool { return holdTime-now.Sub(p.taken) < sendTime+sendMargin }

// TakeSend holds the reply of a shard that has waited longest for sending; now
// is the machine's clock. The attempt is counted before it is made.
func (b *Box) TakeSend(ctx context.Context, shard int, now time.Time) (p Parcel, ok bool, err error) {
	scope := scopeNamed(shard)
	p, err = store.Update(ctx, b.store, scope, func(tx store.Tx) (Parcel, error) {
		due, err := tx.Range(sendSet, 0, score(tx.Now()), 1)
		if err != nil || len(due) == 0 {
			return Parcel{}, err
		}
		number := due[0].Name
		p := Parcel{scope: scope, token: newToken(), taken: now}
		found, err := getJSON(tx, answerKey(number), &p.Answer)
		if err != nil {
			return Parcel{}, err
		}
		if !found { // expired on its way
			return Parcel{}, errors.Join(tx.Rem(sendSet, number), tx.Del(outKey(number)))
		}
		_, held, err := tx.Get(outKey(number))
		if err != nil {
			return Parcel{}, err
		}
		if held { // the last attempt did not come back
			p.Answer.State = Uncertain
			p.Answer.Uncertain++
			if err := counting(tx, Stats{Uncertain: 1}); err != nil {
				return Parcel{}, err
			}
		}
		p.Answer.Attempts++
		return p, errors.Join(putJSON(tx, answerKey(number), p.Answer, answerTime), tx.Put(outKey(number), []byte(p.token), 0), tx.Add(sendSet, number, score(tx.Now().Add(holdTime))))
	})
	if err != nil {
		return Parcel{}, false, fmt.Errorf("take a reply to send: %w", err)
	}
	return p, p.scope != "", nil
}

// ErrHoldLost marks the end of an attempt whose reply another worker has taken.
var ErrHoldLost = errors.New("post: the hold of a reply was lost")

// Settle writes down what became of an attempt: sent, refused for good with the
// platform's reason, or to be tried again.
func (b *Box) Settle(ctx context.Context, p Parcel, o bot.Outcome) error {
	return b.settle(ctx, p, o.Wait, func(tx store.Tx, a *Answer) (over bool, change Stats) {
		a.Reason = o.Reason
		if o.Uncertain {
			a.Uncertain++
			change.Uncertain = 1
		}
		switch {
		case o.Sent:
			a.State = Sent
		case o.Silent:
			a.State = Silent
		case o.Wait > 0 && tx.Now().Sub(a.At) < maxWaitTime:
			a.Attempts-- // nothing was tried
			return false, change
		case o.Final || o.Wait > 0 || a.Attempts >= maxAttempts:
			a.State = Undeliverable
		case o.Uncertain:
			a.State = Uncertain
			return false, change
		default:
			if a.Uncertain == 0 {
				a.State = Queued
			}
			return false, change
		}
		end := ended(a.State)
		if a.Kind != Ordinary {
			end = Stats{}
		}
		end.add(change)
		return true, end
	})
}

// ended is how the end of a message counts.
func ended(s State) Stats {
	switch s {
	case Sent:
		return Stats{Sending: -1, Answered: 1}
	case Silent:
		return Stats{Sending: -1, Silent: 1}
	}
	return Stats{Sending: -1, Undeliverable: 1}
}

// PutBack undoes the taking of a reply whose sending was not begun.
func (b *Box) PutBack(ctx context.Context, p Parcel) error {
	return b.settle(ctx, p, 0, func(_ store.Tx, a *Answer) (bool, Stats) {
		a.Attempts--
		return false, Stats{}
	})
}

func (b *Box) settle(ctx context.Context, p Parcel, wait time.Duration, decide func(store.Tx, *Answer) (over bool, change Stats)) error {
	number := p.Answer.Number
	pause, err := b.jitter()
	if err != nil {
		return err
	}
	err = b.store.Update(ctx, p.scope, func(tx store.Tx) error {
		if token, _, err := tx.Get(outKey(number)); err != nil || string(token) != p.token {
			return errors.Join(err, ErrHoldLost)
		}
		var a Answer
		if ok, err := getJSON(tx, answerKey(number), &a); err != nil || !ok {
			return errors.Join(err, tx.Rem(sendSet, number), tx.Del(outKey(number)))
		}
		over, change := decide(tx, &a)
		if over && a.Speaker == "" {
			a.To = bot.Address{} // of a receipt nothing is kept that names a person
		}
		err := errors.Join(putJSON(tx, answerKey(number), a, answerTime), tx.Del(outKey(number)))
		if change != (Stats{}) {
			err = errors.Join(err, counting(tx, change))
		}
		if over {
			return errors.Join(err, tx.Rem(sendSet, number))
		}
		again := cmp.Or(wait, time.Duration(float64(min(backOff<<max(0, min(a.Attempts-1, 12)), maxBackOff))*pause))
		return errors.Join(err, tx.Add(sendSet, number, score(tx.Now().Add(again))))
	})
	if errors.Is(err, ErrHoldLost) {
		return err
	}
	if err != nil {
		return fmt.Errorf("settle a reply: %w", err)
	}
	return nil
}

// jitter is a factor from three to five quarters.
func (b *Box) jitter() (float64, error) {
	var one [1]byte
	if _, err := io.ReadFull(b.random, one[:]); err != nil {
		return 0, fmt.Errorf("post: %w", err)
	}
	return 0.75 + float64(one[0])/510, nil
}

// Undelivered writes down, in a transaction of the answer's shard, that a platform
// took a reply and then could not deliver it.
func Undelivered(tx store.Tx, number, reason string) error {
	var a Answer
	if ok, err := getJSON(tx, answerKey(number), &a); err != nil || !ok || a.State != Sent {
		return err
	}
	a.State, a.Reason = Undeliverable, reason
	err := putJSON(tx, answerKey(number), a, answerTime)
	if a.Kind == Ordinary {
		err = errors.Join(err, counting(tx, Stats{Answered: -1, Undeliverable: 1}))
	}
	return err
}

// LeftToPerson counts, in a transaction of their shard, messages that are not
// answered because a person has the session.
func LeftToPerson(tx store.Tx, n int) error {
	if n == 0 {
		return nil
	}
	return counting(tx, Stats{Accepted: int64(n), Silent: int64(n)})
}
