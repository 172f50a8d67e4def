package post

import (
	"context"
	"fmt"
	"time"

	"huiwen/knowledge/store"
)

// Entry is the entry of the question log of an answer given at a time; false
// when it was not kept, has expired or was deleted.
func (b *Box) Entry(ctx context.Context, number string, at time.Time) (Entry, bool, error) {
	var e Entry
	ok, err := store.View(ctx, b.store, monthOf(at), func(tx store.Tx) (bool, error) { return getJSON(tx, number, &e) })
	if err != nil {
		return Entry{}, false, fmt.Errorf("read the question log: %w", err)
	}
	return e, ok, nil
}
