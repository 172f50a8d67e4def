package post

import (
	"context"
	"errors"
	"fmt"
	"time"

	"huiwen/bot"
	"huiwen/knowledge/store"
)

// An Entry of the question log says how one question was answered. It holds no
// person; Words are masked and may be left out.
type Entry struct {
	At        time.Time  `json:"at"`
	Channel   string     `json:"channel"`
	User      bot.User   `json:"user"`
	Status    bot.Status `json:"status"`
	Citations []string   `json:"citations"`
	Version   string     `json:"version"`
	Words     string     `json:"words,omitempty"`
}

// monthOf is the scope of the log of a month.
func monthOf(at time.Time) string { return "log/" + at.UTC().Format("2006-01") }

// Record writes an entry for an answer, kept for a time; 0 keeps none.
func (b *Box) Record(ctx context.Context, number string, e Entry, keep time.Duration) error {
	if keep <= 0 {
		return nil
	}
	err := b.store.Update(ctx, monthOf(e.At), func(tx store.Tx) error { return putJSON(tx, number, e, keep) })
	if err != nil {
		return fmt.Errorf("write the question log: %w", err)
	}
	return nil
}

// Unrecord deletes the entries of answers, whatever month they are of.
func (b *Box) Unrecord(ctx context.Context, numbers []string) error {
	months, err := b.store.Scopes(ctx, "log")
	if err != nil || len(numbers) == 0 {
		return err
	}
	for _, month := range months {
		err = errors.Join(err, b.store.Update(ctx, month, func(tx store.Tx) error {
			for _, n := range numbers {
				if err := tx.Del(n); err != nil {
					return err
				}
			}
			return nil
		}))
	}
	return err
}
