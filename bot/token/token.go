// Package token shares one access token of a platform among all replicas.
package token

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"huiwen/bot/limit"
	"huiwen/knowledge/store"
)

const (
	scope     = "sys"
	leaseTime = 20 * time.Second // longer than a fetch may take
	waitTime  = 30 * time.Millisecond
	// margin is how long before its end a token is no longer used, at most a
	// tenth of its life.
	margin = 5 * time.Minute
	// haltTime is how long nobody fetches after a failure that will not pass by
	// itself, pauseTime after one that may.
	haltTime  = time.Minute
	pauseTime = 500 * time.Millisecond
)

// fetches keeps a token that is refused again and again from a storm.
var fetches = limit.Rule{Most: 30, Per: time.Minute}

// A Fetch asks the platform for a token and how long it is good for.
type Fetch func(ctx context.Context) (token string, life time.Duration, err error)

// ErrHalted marks a call that was not made, because the last fetch of the token
// failed a moment ago.
var ErrHalted = errors.New("no token: the platform refused a moment ago")

// A Source is the token of one app. It is safe for concurrent use.
type Source struct {
	store store.Store
	name  string // in the store; holds no secret
	fetch Fetch
	fatal func(error) bool

	mu sync.Mutex // one fetch of this process at a time
}

// New makes a source: name tells the token from every other in the store, fatal
// tells errors of fetch that only an operator can mend.
func New(s store.Store, name string, fetch Fetch, fatal func(error) bool) *Source {
	return &Source{store: s, name: name, fetch: fetch, fatal: fatal}
}

// kept is the token as the replicas share it: ["token/" name] => it, with its
// life as the time to live.
type kept struct {
	Token string `json:"token"`
}

func (s *Source) key() string   { return "token/" + s.name }
func (s *Source) lease() string { return "token-lease/" + s.name }
func (s *Source) halt() string  { return "token-halt/" + s.name }

// Token returns the shared token; stale is one that the platform has refused,
// "" for none. Whoever finds none or the stale one fetches, under a lease; the
// others wait for what he finds. It fails fast with [ErrHalted] after a failure.
func (s *Source) Token(ctx context.Context, stale string) (string, error) {
	token, err := store.View(ctx, s.store, scope, func(tx store.Tx) (string, error) { return s.read(tx) })
	if err != nil {
		return "", fmt.Errorf("read the token: %w", err)
	}
	if token != "" && token != stale {
		return token, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	mine := rand.Text()
	for {
		token, taken, err := s.take(ctx, stale, mine)
		switch {
		case err != nil:
			return "", err
		case token != "":
			return token, nil
		case taken:
			return s.renew(ctx, mine)
		}
		select {
		case <-ctx.Done():
			return "", fmt.Errorf("wait for a token: %w", ctx.Err())
		case <-time.After(waitTime):
		}
	}
}

func (s *Source) read(tx store.Tx) (string, error) {
	data, ok, err := tx.Get(s.key())
	if err != nil || !ok {
		return "", err
	}
	var k kept
	if json.Unmarshal(data, &k) != nil {
		return "", nil // fetched anew
	}
	return k.Token, nil
}

// take returns the token that another found, or takes the lease.
func (s *Source) take(ctx context.Context, stale, mine string) (token string, taken bool, err error) {
	err = s.store.Update(ctx, scope, func(tx store.Tx) (err error) {
		token, taken = "", false
		found, err := s.read(tx)
		if err != nil {
			return err
		}
		if found != "" && found != stale {
			token = found
			return nil
		}
		if _, halted, err := tx.Get(s.halt()); err != nil || halted {
			return errors.Join(err, ErrHalted)
		}
		if holder, held, err := tx.Get(s.lease()); err != nil || held && string(holder) != mine {
			return err
		}
		if wait, err := limit.Take(tx, "token/"+s.name, 1, fetches); err != nil || wait > 0 {
			return errors.Join(err, ErrHalted)
		}
		taken = true
		return errors.Join(tx.Del(s.key()), tx.Put(s.lease(), []byte(mine), leaseTime))
	})
	if err != nil {
		return "", false, fmt.Errorf("take the token's lease: %w", err)
	}
	return token, taken, nil
}

// renew fetches a token and keeps it for all. A token that cannot be kept is
// used all the same.
func (s *Source) renew(ctx context.Context, mine string) (string, error) {
	token, life, err := s.fetch(ctx)
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	keep := func(fn func(tx store.Tx) error) error {
		return s.store.Update(end, scope, func(tx store.Tx) error {
			if holder, held, err := tx.Get(s.lease()); err != nil || !held || string(holder) != mine {
				return err // another has taken over
			}
			return errors.Join(fn(tx), tx.Del(s.lease()))
		})
	}
	if err != nil {
		pause := pauseTime
		if s.fatal(err) {
			pause = haltTime
		}
		return "", errors.Join(fmt.Errorf("fetch a token: %w", err), keep(func(tx store.Tx) error { return tx.Put(s.halt(), []byte{1}, pause) }))
	}
	data, err := json.Marshal(kept{token})
	if err != nil {
		return "", fmt.Errorf("keep the token: %w", err)
	}
	life -= min(margin, life/10)
	_ = keep(func(tx store.Tx) error {
		return errors.Join(tx.Put(s.key(), data, max(life, time.Second)), tx.Del(s.halt()))
	})
	return token, nil
}
