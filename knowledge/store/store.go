// Package store is what the service remembers: one transactional primitive
// over a local file or a shared Redis.
package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"
)

// Schema is the number of the layout that this program writes.
const Schema = 1

// Bounds in bytes, but for MaxRange, which counts members.
const (
	MaxKey   = 512
	MaxValue = 1 << 20
	MaxRange = 10_000
)

// Errors a caller may test for.
var (
	// ErrUnknown marks an Update whose fate could not be settled: it may have
	// been committed.
	ErrUnknown = errors.New("store: may have committed")
	// ErrReadOnly marks a write inside View.
	ErrReadOnly = errors.New("store: write in a view")
	// ErrTooLarge marks a key, value or member beyond its bound.
	ErrTooLarge = errors.New("store: too large")
	// ErrSchema marks a store that a newer program has written.
	ErrSchema = errors.New("store: written by a newer version of this program")
	// ErrBusy marks an Update that met too many others at once.
	ErrBusy = errors.New("store: too many updates at once")
	// ErrDamaged marks a local file that cannot be read as a store.
	ErrDamaged = errors.New("store: the file is damaged")
	// ErrClosed marks the use of a closed store.
	ErrClosed = errors.New("store: closed")
)

// A Store keeps values and scored sets in scopes. A scope is the unit of
// atomicity and ordering; its name is kind or kind/part, such as in/07. All
// methods are safe for concurrent use.
type Store interface {
	// View gives fn a consistent view of one scope. It may run fn again.
	View(ctx context.Context, scope string, fn func(Tx) error) error
	// Update gives fn a consistent view of one scope and commits all it writes,
	// or nothing when fn returns an error. It may run fn again, so fn has no
	// other effects. An error that wraps [ErrUnknown] says that it may have
	// committed.
	Update(ctx context.Context, scope string, fn func(Tx) error) error
	// Scopes lists the scopes of a kind that hold something, sorted.
	Scopes(ctx context.Context, kind string) ([]string, error)
	// Dump writes everything that is not expired as JSON lines, each scope
	// consistent; the last line says that it is whole and when it was.
	Dump(ctx context.Context, w io.Writer) error
	// Load writes what Dump wrote into an empty store.
	Load(ctx context.Context, r io.Reader) error
	// Sweep removes what has expired, at most n values, and says how many.
	Sweep(ctx context.Context, n int) (int, error)
	// Check says what is wrong with the store, nil when it can be relied on. It
	// is quick.
	Check(ctx context.Context) error
	Close() error
}

// A Tx is what fn sees of its scope. Reads see fn's own writes. An error of a
// method is returned by fn as it is.
type Tx interface {
	// Get returns the value of a key; an expired one is absent.
	Get(key string) (value []byte, ok bool, err error)
	// Put sets a key; ttl 0 keeps it.
	Put(key string, value []byte, ttl time.Duration) error
	Del(key string) error
	// Add puts a member into a set with a score; a member stands in a set once.
	Add(set, member string, score float64) error
	Rem(set, member string) error
	// Range lists members by score and then by name, from <= score <= to, at
	// most limit.
	Range(set string, from, to float64, limit int) ([]Member, error)
	// Now is the store's clock, which judges expiry.
	Now() time.Time
}

// A Member is an entry of a scored set.
type Member struct {
	Name  string
	Score float64
}

// Clock is how far the store's clock stands from that of the machine that
// keeps it, so that tests can wind it.
type Clock func() time.Duration

// checkScope refuses scope names that a backend could not keep apart.
func checkScope(scope string) error {
	if scope == "" || len(scope) > 128 || !utf8.ValidString(scope) || strings.ContainsAny(scope, "{}*?[]\x00\n") {
		return fmt.Errorf("store: bad scope %q", scope)
	}
	return nil
}

// kindOf is the part of a scope before the first slash.
func kindOf(scope string) string {
	kind, _, _ := strings.Cut(scope, "/")
	return kind
}

func checkKey(key string) error {
	if key == "" || len(key) > MaxKey || !utf8.ValidString(key) {
		return fmt.Errorf("%w: key of %d bytes", ErrTooLarge, len(key))
	}
	return nil
}

func checkValue(v []byte) error {
	if len(v) > MaxValue {
		return fmt.Errorf("%w: value of %d bytes", ErrTooLarge, len(v))
	}
	return nil
}

// Replicate asks that a commit waits until a replica of the shared store has it
// too, where there are any: what a platform is told to forget should not rest on
// one machine. A local file needs nothing.
func Replicate(tx Tx) {
	if r, ok := tx.(interface{ replicate() }); ok {
		r.replicate()
	}
}

// GetMany returns the values of keys in one go, nil for an absent one.
func GetMany(tx Tx, keys []string) ([][]byte, error) {
	if m, ok := tx.(interface {
		getMany([]string) ([][]byte, error)
	}); ok {
		return m.getMany(keys)
	}
	out := make([][]byte, len(keys))
	for i, k := range keys {
		v, ok, err := tx.Get(k)
		if err != nil {
			return nil, err
		}
		if ok {
			out[i] = v
		}
	}
	return out, nil
}

// A Verifier looks at everything that is kept, which takes its time: for doctor
// and for a restore, not for a health check.
type Verifier interface {
	Verify(ctx context.Context) error
}

// A Scrubber can make what was deleted unreadable where it lay.
type Scrubber interface {
	Scrub(ctx context.Context) error
}

// Verify checks a store as deeply as it can.
func Verify(ctx context.Context, s Store) error {
	if v, ok := s.(Verifier); ok {
		if err := v.Verify(ctx); err != nil {
			return err
		}
	}
	return s.Check(ctx)
}

// View runs fn and returns what it made: a shorter way to read one value.
func View[T any](ctx context.Context, s Store, scope string, fn func(Tx) (T, error)) (T, error) {
	var out T
	err := s.View(ctx, scope, func(tx Tx) (err error) {
		out, err = fn(tx)
		return err
	})
	return out, err
}

// Update runs fn and returns what it made when it was committed.
func Update[T any](ctx context.Context, s Store, scope string, fn func(Tx) (T, error)) (T, error) {
	var out T
	err := s.Update(ctx, scope, func(tx Tx) (err error) {
		out, err = fn(tx)
		return err
	})
	if err != nil {
		var zero T
		return zero, err
	}
	return out, nil
}
