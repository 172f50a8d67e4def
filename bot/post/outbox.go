package post

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"huiwen/bot"
	"huiwen/knowledge/store"
)

const (
	// sendTime is how long one attempt to send may take; the entry is held for
	// longer, so that two workers never send it at once.
	sendTime = 15 * time.Second
	holdTime = sendTime + 15*time.Second
	// maxAttempts bounds the retries of one reply.
	maxAttempts = 8
	backOff     = 2 * time.Second // doubled with every attempt
	maxBackOff  = 10 * time.Minute
	// maxWaitTime is how long a reply may wait for its turn or for an operator.
	maxWaitTime = 47 * time.Hour
)

// A Parcel is a reply that may be sent now.
type Parcel struct {
	Answer Answer
	scope  string
}

// TakeSend holds the reply of a shard that has waited longest for sending. The
// attempt is counted before it is made.
func (b *Box) TakeSend(ctx context.Context, shard int) (p Parcel, ok bool, err error) {
	scope := scopeNamed(shard)
	p, err = store.Update(ctx, b.store, scope, func(tx store.Tx) (Parcel, error) {
		due, err := tx.Range(sendSet, 0, score(tx.Now()), 1)
		if err != nil || len(due) == 0 {
			return Parcel{}, err
		}
		number := due[0].Name
		p := Parcel{scope: scope}
		found, err := getJSON(tx, answerKey(number), &p.Answer)
		if err != nil {
			return Parcel{}, err
		}
		if !found { // deleted at the person's wish
			return Parcel{}, errors.Join(tx.Rem(sendSet, number), tx.Del(outKey(number)))
		}
		if p.Answer.Attempts > 0 && p.Answer.State == Queued {
			p.Answer.State = Uncertain // the last attempt did not come back
		}
		p.Answer.Attempts++
		return p, errors.Join(putJSON(tx, answerKey(number), p.Answer, answerTime), tx.Add(sendSet, number, score(tx.Now().Add(holdTime))))
	})
	if err != nil {
		return Parcel{}, false, fmt.Errorf("take a reply to send: %w", err)
	}
	return p, p.scope != "", nil
}

// Settle writes down what became of an attempt: sent, refused for good with the
// platform's reason, or to be tried again.
func (b *Box) Settle(ctx context.Context, p Parcel, o bot.Outcome) error {
	number := p.Answer.Number
	return b.store.Update(ctx, p.scope, func(tx store.Tx) error {
		var a Answer
		if ok, err := getJSON(tx, answerKey(number), &a); err != nil || !ok {
			return errors.Join(err, tx.Rem(sendSet, number), tx.Del(outKey(number)))
		}
		a.Reason = o.Reason
		over := true
		switch {
		case o.Sent:
			a.State = Sent
		case o.Wait > 0 && tx.Now().Sub(a.At) < maxWaitTime:
			a.State, over = Queued, false
			a.Attempts--
		case o.Final || a.Attempts >= maxAttempts:
			a.State = Undeliverable
		default:
			over = false
			if o.Uncertain {
				a.State = Uncertain
			} else {
				a.State = Queued
				a.Attempts = max(a.Attempts, 1)
			}
		}
		err := putJSON(tx, answerKey(number), a, answerTime)
		if over {
			return errors.Join(err, tx.Rem(sendSet, number), tx.Del(outKey(number)))
		}
		wait := cmp.Or(o.Wait, min(backOff<<min(a.Attempts, 12), maxBackOff))
		return errors.Join(err, tx.Add(sendSet, number, score(tx.Now().Add(wait))))
	})
}
