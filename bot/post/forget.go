package post

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"huiwen/bot"
	"huiwen/knowledge/store"
)

// eraseBatch is how many keys one commit of a deletion deletes.
const eraseBatch = 100

// A job is a deletion that a speaker asked for. It goes through the shards one by
// one and may be stopped and taken up again anywhere.
type job struct {
	Speaker string    `json:"speaker"`
	At      time.Time `json:"at"` // what is newer stays
	Shard   int       `json:"shard"`
	Erased  int       `json:"erased"`
}

// A Receipt says how far a deletion is, by the number of the answer that
// confirmed it. It does not say whose.
type Receipt struct {
	Number string    `json:"number"`
	Asked  time.Time `json:"asked"`
	Done   time.Time `json:"done,omitzero"` // zero while it goes on
	Erased int       `json:"erased"`
}

// A Forgotten is a deletion that is done, for a restore of an older backup to do
// again. Speaker is hashed with a key that stands in the store.
type Forgotten struct {
	Speaker string    `json:"speaker"`
	At      time.Time `json:"at"`
}

// forgottenSet, in the scope sys, lists the deletions by when they were asked.
const (
	forgottenSet  = "forgotten"
	forgottenTime = 400 * 24 * time.Hour // longer than a backup should be kept
	forgetKeyName = "key/forget"
)

// finishForget ends the message that asks for the deletion: what fits one commit
// goes at once, the job does the rest and the other shards.
func (b *Box) finishForget(tx store.Tx, t Task, a *Answer) error {
	speaker := speakerOf(t.Message)
	a.Message = "" // it may hold his id
	if err := errors.Join(tx.Del(sessionKey(t.conversation)), tx.Del(toldKey(speaker))); err != nil {
		return err
	}
	n, err := erase(tx, speaker, a.At)
	if err != nil {
		return err
	}
	change := Stats{Waiting: -1, Answered: 1}
	if a.To != (bot.Address{}) {
		change = Stats{Waiting: -1, Sending: 1}
	}
	return errors.Join(
		putJSON(tx, jobKey(a.Number), job{Speaker: speaker, At: a.At, Erased: n}, 0), tx.Add(jobSet, a.Number, score(a.At)),
		counting(tx, change), tx.Put(replyKey(t.Message.ID), []byte(a.Number), duplicateFor(t.Message.Channel)), b.keep(tx, a),
	)
}

// erase deletes up to eraseBatch of the keys that are a speaker's in this shard
// and returns how many there were.
func erase(tx store.Tx, speaker string, until time.Time) (int, error) {
	mine, err := tx.Range(mineSet(speaker), 0, score(until), eraseBatch)
	if err != nil {
		return 0, err
	}
	for _, m := range mine {
		kind, name, _ := strings.Cut(m.Name, "/")
		switch kind {
		case "ans":
			err = eraseAnswer(tx, name)
		case "dead":
			err = tx.Rem(deadSet, m.Name)
		}
		if err = errors.Join(err, tx.Del(m.Name), tx.Rem(mineSet(speaker), m.Name)); err != nil {
			return 0, err
		}
	}
	if len(mine) < eraseBatch {
		err = tx.Rem(tidySet, speaker)
	}
	return len(mine), err
}

// eraseAnswer deletes what hangs on an answer; its number stays in the set of
// what goes to the question log, where it is then taken out.
func eraseAnswer(tx store.Tx, number string) error {
	var a Answer
	if ok, err := getJSON(tx, answerKey(number), &a); err != nil || !ok {
		return err
	}
	err := errors.Join(tx.Del(entryKey(number)), tx.Del(rateKey(number)), tx.Add(logSet, number, score(tx.Now())))
	if a.State == Queued || a.State == Uncertain {
		err = errors.Join(err, tx.Rem(sendSet, number), tx.Del(outKey(number)))
		if a.Kind == Ordinary {
			err = errors.Join(err, counting(tx, ended(Silent)))
		}
	}
	return err
}

// takeJob holds a deletion of a shard that may go on.
func (b *Box) takeJob(ctx context.Context, shard int) (number string, j job, err error) {
	err = b.store.Update(ctx, scopeNamed(shard), func(tx store.Tx) error {
		number, j = "", job{}
		due, err := tx.Range(jobSet, 0, score(tx.Now()), 1)
		if err != nil || len(due) == 0 {
			return err
		}
		if ok, err := getJSON(tx, jobKey(due[0].Name), &j); err != nil || !ok {
			return errors.Join(err, tx.Rem(jobSet, due[0].Name))
		}
		number = due[0].Name
		return tx.Add(jobSet, number, score(tx.Now().Add(leaseTime)))
	})
	return number, j, err
}

// forget carries out a deletion of a shard, if one waits. Every step may be done
// again: after a crash another worker goes on from the last shard written down.
func (b *Box) forget(ctx context.Context, home int, done func(Forgotten) error) (bool, error) {
	number, j, err := b.takeJob(ctx, home)
	if err != nil || number == "" {
		return false, err
	}
	for shard := j.Shard; shard < Shards; shard++ {
		n, err := b.forgetShard(ctx, shard, j)
		if err != nil {
			return true, fmt.Errorf("delete at a person's wish: %w", err)
		}
		if j.Erased, j.Shard = j.Erased+n, shard+1; n == 0 && shard%16 != 15 {
			continue
		}
		err = b.store.Update(ctx, scopeNamed(home), func(tx store.Tx) error {
			return errors.Join(putJSON(tx, jobKey(number), j, 0), tx.Add(jobSet, number, score(tx.Now().Add(leaseTime))))
		})
		if err != nil {
			return true, fmt.Errorf("delete at a person's wish: %w", err)
		}
	}
	return true, b.forgot(ctx, home, number, j, done)
}

func (b *Box) forgetShard(ctx context.Context, shard int, j job) (int, error) {
	all := 0
	for {
		some, err := store.View(ctx, b.store, scopeNamed(shard), func(tx store.Tx) ([]store.Member, error) {
			return tx.Range(mineSet(j.Speaker), 0, score(j.At), 1)
		})
		if err != nil {
			return all, err
		}
		if len(some) == 0 {
			break
		}
		n, err := store.Update(ctx, b.store, scopeNamed(shard), func(tx store.Tx) (int, error) { return erase(tx, j.Speaker, j.At) })
		if err != nil {
			return all, err
		}
		all += n
	}
	for { // also what an earlier run has erased
		moved, err := b.moveLog(ctx, shard)
		if err != nil || !moved {
			return all, err
		}
	}
}

// forgot writes down that a deletion is done: outside the store first, then in
// it, so that a restore finds it at least once.
func (b *Box) forgot(ctx context.Context, home int, number string, j job, done func(Forgotten) error) error {
	f := Forgotten{Speaker: "", At: j.At}
	key, err := b.key(ctx, forgetKeyName, 0)
	if err != nil {
		return err
	}
	f.Speaker = keyed(key, j.Speaker)
	if done != nil {
		if err := done(f); err != nil {
			return fmt.Errorf("write down a deletion: %w", err)
		}
	}
	err = b.store.Update(ctx, "sys", func(tx store.Tx) error {
		old, err := tx.Range(forgottenSet, 0, score(tx.Now().Add(-forgottenTime)), eraseBatch)
		for _, o := range old {
			err = errors.Join(err, tx.Rem(forgottenSet, o.Name))
		}
		return errors.Join(err, tx.Add(forgottenSet, f.Speaker, score(f.At)))
	})
	if err != nil {
		return fmt.Errorf("write down a deletion: %w", err)
	}
	err = b.store.Update(ctx, scopeNamed(home), func(tx store.Tx) error {
		r := Receipt{Number: number, Asked: j.At, Done: tx.Now(), Erased: j.Erased}
		return errors.Join(tx.Del(jobKey(number)), tx.Rem(jobSet, number), putJSON(tx, receiptKey(number), r, answerTime))
	})
	if err != nil {
		return fmt.Errorf("write a receipt: %w", err)
	}
	return nil
}

// Receipt says how far the deletion is that an answer confirmed; ok is false when
// the number is of no such answer.
func (b *Box) Receipt(ctx context.Context, number string) (r Receipt, ok bool, err error) {
	scope, ok := scopeOfNumber(number)
	if !ok {
		return Receipt{}, false, nil
	}
	ok, err = store.View(ctx, b.store, scope, func(tx store.Tx) (bool, error) {
		r = Receipt{}
		if ok, err := getJSON(tx, receiptKey(number), &r); err != nil || ok {
			return ok, err
		}
		var j job
		ok, err := getJSON(tx, jobKey(number), &j)
		r = Receipt{Number: number, Asked: j.At, Erased: j.Erased}
		return ok, err
	})
	if err != nil {
		return Receipt{}, false, fmt.Errorf("find a receipt: %w", err)
	}
	return r, ok, nil
}

// Forgotten lists the deletions that are done, the oldest first.
func (b *Box) Forgotten(ctx context.Context) ([]Forgotten, error) {
	found, err := store.View(ctx, b.store, "sys", func(tx store.Tx) ([]store.Member, error) {
		return tx.Range(forgottenSet, 0, forever, store.MaxRange)
	})
	if err != nil {
		return nil, fmt.Errorf("list deletions: %w", err)
	}
	out := []Forgotten{}
	for _, m := range found {
		out = append(out, Forgotten{m.Name, time.UnixMicro(int64(m.Score))})
	}
	return slices.Clip(out), nil
}
