package post

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"time"

	"huiwen/knowledge/store"
)

// yearKeyTime is how long the key of a year's ids is kept: when it is gone nobody
// can tell any more whose they were.
const yearKeyTime = 400 * 24 * time.Hour

// key returns a secret of the store and makes it at its first use; ttl 0 keeps it.
func (b *Box) key(ctx context.Context, name string, ttl time.Duration) ([]byte, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if k := b.keys[name]; k != nil {
		return k, nil
	}
	fresh := make([]byte, 32)
	if _, err := io.ReadFull(b.random, fresh); err != nil {
		return nil, fmt.Errorf("post: make a key: %w", err)
	}
	k, err := store.Update(ctx, b.store, "sys", func(tx store.Tx) ([]byte, error) {
		if k, ok, err := tx.Get(name); err != nil || ok {
			return k, err
		}
		return fresh, tx.Put(name, fresh, ttl)
	})
	if err != nil {
		return nil, fmt.Errorf("post: keep a key: %w", err)
	}
	b.keys[name] = k
	return k, nil
}

// keyed is a name as nobody without the key can tell it.
func keyed(key []byte, name string) string {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(name))
	return hex.EncodeToString(h.Sum(nil)[:12])
}

// Pseudonym is a speaker as logs name him in the year of a day: the same all
// year, and unlinkable once the year's key is gone.
func (b *Box) Pseudonym(ctx context.Context, speaker string, at time.Time) (string, error) {
	key, err := b.key(ctx, "key/"+at.In(zone).Format("2006"), yearKeyTime)
	if err != nil {
		return "", err
	}
	return keyed(key, speaker), nil
}
