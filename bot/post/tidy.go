package post

import (
	"context"
	"errors"
	"fmt"
	"time"

	"huiwen/bot"
	"huiwen/knowledge/store"
)

// tidyBatch is how many members one commit of the tidying takes out.
const tidyBatch = 500

// Tidy takes members out of sets whose values have expired: the store sweeps
// values, not members. more tells that there is more of it.
func (b *Box) Tidy(ctx context.Context, shard int) (more bool, err error) {
	err = b.store.Update(ctx, scopeNamed(shard), func(tx store.Tx) error {
		more = false
		now := tx.Now()
		dead, err := tx.Range(deadSet, 0, score(now.Add(-deadTime)), tidyBatch)
		for _, d := range dead {
			err = errors.Join(err, tx.Rem(deadSet, d.Name))
		}
		due, rangeErr := tx.Range(tidySet, 0, score(now), 20)
		if err = errors.Join(err, rangeErr); err != nil {
			return err
		}
		for _, speaker := range due {
			if err := tidySpeaker(tx, speaker.Name, now); err != nil {
				return err
			}
		}
		more = len(dead) == tidyBatch || len(due) == 20
		return nil
	})
	if err != nil {
		return false, fmt.Errorf("tidy a shard: %w", err)
	}
	return more, nil
}

// tidySpeaker forgets the keys of a speaker that have expired, and looks again
// when the next one has.
func tidySpeaker(tx store.Tx, speaker string, now time.Time) error {
	old, err := tx.Range(mineSet(speaker), 0, score(now.Add(-answerTime)), tidyBatch)
	for _, o := range old {
		err = errors.Join(err, tx.Rem(mineSet(speaker), o.Name))
	}
	left, rangeErr := tx.Range(mineSet(speaker), 0, forever, 1)
	if err = errors.Join(err, rangeErr); err != nil {
		return err
	}
	if len(left) == 0 {
		return tx.Rem(tidySet, speaker)
	}
	return tx.Add(tidySet, speaker, left[0].Score+float64(answerTime.Microseconds()))
}

// TidyLog takes members out of the days of the question log whose entries have
// expired.
func (b *Box) TidyLog(ctx context.Context, keep time.Duration) error {
	months, err := b.store.Scopes(ctx, "log")
	if err != nil {
		return fmt.Errorf("tidy the question log: %w", err)
	}
	for _, month := range months {
		err := b.store.Update(ctx, month, func(tx store.Tx) error {
			first, err := time.ParseInLocation("log/2006-01", month, zone)
			if err != nil {
				return nil // not ours
			}
			end := tx.Now().Add(-keep)
			for d := first; d.Before(first.AddDate(0, 1, 0)) && d.Before(end); d = d.AddDate(0, 0, 1) {
				old, err := tx.Range(daySet(dayOf(d)), 0, score(end), tidyBatch)
				for _, o := range old {
					err = errors.Join(err, tx.Rem(daySet(dayOf(d)), o.Name))
				}
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("tidy the question log: %w", err)
		}
	}
	return nil
}

// A DeadLetter is a message that ended without an answer.
type DeadLetter struct {
	Message bot.Message
	At      time.Time
	Reason  string
}

// DeadLetters lists the dead letters of a shard, the oldest first, at most limit.
func (b *Box) DeadLetters(ctx context.Context, shard, limit int) ([]DeadLetter, error) {
	return store.View(ctx, b.store, scopeNamed(shard), func(tx store.Tx) ([]DeadLetter, error) {
		found, err := tx.Range(deadSet, 0, forever, limit)
		if err != nil {
			return nil, err
		}
		out := []DeadLetter{}
		for _, f := range found {
			var l letter
			ok, err := getJSON(tx, f.Name, &l)
			if err != nil {
				return nil, err
			}
			if ok {
				out = append(out, DeadLetter{l.Message, time.UnixMicro(int64(f.Score)), l.Reason})
			}
		}
		return out, nil
	})
}
