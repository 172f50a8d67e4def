package post

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"huiwen/knowledge/store"
)

// A Rating is what a person thought of an answer: 👍 or 👎, and why.
type Rating struct {
	Up     bool      `json:"up"`
	Reason string    `json:"reason,omitempty"`
	At     time.Time `json:"at"`
}

// maxReason bounds the words of a rating in runes.
const maxReason = 200

// ErrNoAnswer marks a number that opens no answer, or none any more.
var ErrNoAnswer = errors.New("post: no such answer")

// Rate keeps what a person thought of the answer of a number; a later rating
// takes the place of an earlier one. Personal numbers in the reason are masked.
func (b *Box) Rate(ctx context.Context, number string, up bool, reason string) error {
	scope, ok := scopeOfNumber(number)
	if !ok {
		return ErrNoAnswer
	}
	words := []rune(Mask(strings.TrimSpace(reason)))
	err := b.store.Update(ctx, scope, func(tx store.Tx) error {
		if _, there, err := tx.Get(answerKey(number)); err != nil || !there {
			return errors.Join(err, ErrNoAnswer)
		}
		r := Rating{up, string(words[:min(len(words), maxReason)]), tx.Now()}
		return errors.Join(putJSON(tx, rateKey(number), r, answerTime), tx.Add(logSet, number, score(tx.Now())))
	})
	if errors.Is(err, ErrNoAnswer) {
		return ErrNoAnswer
	}
	if err != nil {
		return fmt.Errorf("keep a rating: %w", err)
	}
	return nil
}
