package versions

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"huiwen/knowledge"
	"huiwen/knowledge/store"
)

const (
	// beatEvery is how often a replica tells that it is there, beatLives how long
	// that counts.
	beatEvery = 3 * time.Second
	beatLives = 12 * time.Second
	// retryAfter is when a version that could not be loaded is tried again.
	retryAfter = 30 * time.Second
)

// A Live is what answers: a snapshot and the number of its publication, 0 for
// the embedded seed.
type Live struct {
	Snapshot *knowledge.Snapshot
	Seq      int
}

// A Replica is what a running service tells of itself. Its JSON is stored.
type Replica struct {
	ID      string    `json:"id"`
	Seq     int       `json:"seq"`
	Version string    `json:"version"`
	Ready   string    `json:"ready,omitempty"`  // the candidate that it has loaded
	Failed  string    `json:"failed,omitempty"` // the version that it could not load
	Error   string    `json:"error,omitempty"`
	At      time.Time `json:"at"`
}

// FollowerOptions is what a Follower works with.
type FollowerOptions struct {
	Store store.Store
	// Seed is what answers while nothing is published.
	Seed knowledge.Edition
	// Load builds the snapshot of an edition.
	Load func(knowledge.Edition) (*knowledge.Snapshot, error)
	// Swapped is called after another snapshot has taken over; nil for nothing.
	Swapped func()
	ID      string // of this replica
	Poll    time.Duration
	Log     *slog.Logger
}

// A Follower keeps the published snapshot of a running service. It is safe for
// concurrent use.
type Follower struct {
	FollowerOptions
	live atomic.Pointer[Live]

	mu        sync.Mutex // one loading at a time
	candidate string     // hash of next
	next      *knowledge.Snapshot
	failed    string // what could not be loaded, and why and when
	err       error
	failedAt  time.Time
	beat      time.Time
	told      Replica
}

// NewFollower loads what is published, else the seed. When the published version
// cannot be loaded it starts with the last one before it that can, else with the
// seed, and [Follower.Check] says so.
func NewFollower(ctx context.Context, o FollowerOptions) (*Follower, error) {
	f := &Follower{FollowerOptions: o}
	p, ok, err := Published(ctx, o.Store)
	if err != nil && !errors.Is(err, ErrNewer) {
		return nil, err
	}
	if ok {
		if err == nil {
			err = f.load(ctx, p.Version)
		}
		if err == nil {
			f.take(&Live{f.next, p.Seq})
			return f, nil
		}
		f.blame(p.Version, err)
		if f.earlier(ctx, p.Seq) {
			return f, nil
		}
	}
	s, err := o.Load(o.Seed)
	if err != nil {
		return nil, fmt.Errorf("load the seed: %w", err)
	}
	f.take(&Live{s, 0})
	return f, nil
}

// earlier takes the last publication before seq that can be loaded.
func (f *Follower) earlier(ctx context.Context, seq int) bool {
	for n := seq - 1; n > 0 && n >= seq-maxEarlier; n-- {
		p, err := store.View(ctx, f.Store, Scope, func(tx store.Tx) (p Pointer, err error) {
			_, err = get(tx, publishKey(n), &p)
			return p, err
		})
		if err != nil || p.Version == "" || p.Schema > Schema {
			continue
		}
		if e, err := Edition(ctx, f.Store, p.Version); err == nil {
			if s, err := f.Load(e); err == nil {
				f.take(&Live{s, p.Seq})
				return true
			}
		}
	}
	return false
}

// maxEarlier bounds how many publications a start looks back.
const maxEarlier = 5

// Now is what answers at this moment, without a look at the store.
func (f *Follower) Now() *Live { return f.live.Load() }

// Fresh is what answers a message that comes now: what is published now, when it
// can be loaded and the store can be read. A conversation so never meets an
// older version than in its message before, whichever replica answers.
func (f *Follower) Fresh(ctx context.Context) *Live {
	now := f.live.Load()
	p, ok, err := Published(ctx, f.Store)
	if !ok || p.Seq == now.Seq {
		return now
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if now = f.live.Load(); p.Seq <= now.Seq {
		return now // another message has switched
	}
	f.follow(ctx, p, err)
	return f.live.Load()
}

// follow switches to a publication, or remembers why it cannot; mu is held.
func (f *Follower) follow(ctx context.Context, p Pointer, err error) {
	if err == nil && f.failed == p.Version && time.Since(f.failedAt) < retryAfter {
		return
	}
	if err == nil {
		err = f.load(ctx, p.Version)
	}
	if err != nil {
		f.blame(p.Version, err)
		return
	}
	f.take(&Live{f.next, p.Seq})
	f.Log.Info("published version taken over", "version", p.Version, "publication", p.Seq)
}

// take puts a snapshot in the place of the one before; mu is held or nobody
// else knows f yet.
func (f *Follower) take(l *Live) {
	f.live.Store(l)
	f.candidate, f.next = "", nil
	if l.Snapshot.Version == f.failed {
		f.failed, f.err = "", nil
	}
	f.beat = time.Time{}
	if f.Swapped != nil {
		f.Swapped()
	}
}

// load makes next the snapshot of a version; mu is held.
func (f *Follower) load(ctx context.Context, version string) error {
	if f.candidate == version && f.next != nil {
		return nil
	}
	if now := f.live.Load(); now != nil && now.Snapshot.Version == version {
		f.candidate, f.next = version, now.Snapshot
		return nil
	}
	f.candidate, f.next = "", nil // never three at once
	e, err := Edition(ctx, f.Store, version)
	if err != nil {
		return err
	}
	s, err := f.Load(e)
	if err != nil {
		return err
	}
	f.candidate, f.next = version, s
	return nil
}

func (f *Follower) blame(version string, err error) {
	if f.failed != version || f.err == nil || f.err.Error() != err.Error() {
		f.Log.Error("a published version cannot be loaded, the one before goes on answering", "version", version, "error", err)
	}
	f.failed, f.err, f.failedAt = version, err, time.Now()
	f.beat = time.Time{}
}

// Run follows the pointer, loads candidates ahead and tells that this replica is
// there, until ctx ends.
func (f *Follower) Run(ctx context.Context) {
	tick := time.NewTicker(f.Poll)
	defer tick.Stop()
	for {
		f.step(ctx)
		select {
		case <-ctx.Done():
			gone, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
			_ = f.Store.Update(gone, Scope, func(tx store.Tx) error { return tx.Rem(replicasSet, f.ID) })
			cancel()
			return
		case <-tick.C:
		}
	}
}

// step looks once at what is published and what will be.
func (f *Follower) step(ctx context.Context) {
	f.Fresh(ctx)
	candidate, err := store.View(ctx, f.Store, Scope, func(tx store.Tx) (string, error) {
		v, _, err := tx.Get(candidateKey)
		return string(v), err
	})
	f.mu.Lock()
	defer f.mu.Unlock()
	if err == nil && candidate == "" && f.next != nil {
		f.candidate, f.next = "", nil // it will not be published
	}
	if err == nil && candidate != "" && candidate != f.candidate && (candidate != f.failed || time.Since(f.failedAt) > retryAfter) {
		if err := f.load(ctx, candidate); err != nil {
			f.blame(candidate, err)
		}
	}
	f.tell(ctx)
}

// tell writes what this replica has, when that has changed or is old; mu is held.
func (f *Follower) tell(ctx context.Context) {
	now := f.live.Load()
	r := Replica{ID: f.ID, Seq: now.Seq, Version: now.Snapshot.Version, Ready: f.candidate, Failed: f.failed}
	if f.err != nil {
		r.Error = f.err.Error()
	}
	was := f.told
	was.At = time.Time{}
	if r == was && time.Since(f.beat) < beatEvery {
		return
	}
	err := f.Store.Update(ctx, Scope, func(tx store.Tx) error {
		r.At = tx.Now()
		if err := put(tx, replicaKey(f.ID), r, beatLives); err != nil {
			return err
		}
		return tx.Add(replicasSet, f.ID, float64(r.At.UnixMilli()))
	})
	if err == nil {
		f.told, f.beat = r, time.Now()
	}
}

// Check says what is wrong: a published version that this replica cannot load.
func (f *Follower) Check(ctx context.Context) error {
	now := f.live.Load()
	p, ok, err := Published(ctx, f.Store)
	if err != nil {
		return fmt.Errorf("仍在用第 %d 次发布的版本：%w", now.Seq, err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if ok && p.Seq > now.Seq && f.err != nil && f.failed == p.Version {
		return fmt.Errorf("第 %d 次发布的版本 %s 载入不了，仍在用第 %d 次发布的版本：%w", p.Seq, p.Version, now.Seq, f.err)
	}
	return nil
}

// Replicas lists the running services.
func Replicas(ctx context.Context, s store.Store) ([]Replica, error) {
	return store.View(ctx, s, Scope, replicas)
}

func replicas(tx store.Tx) ([]Replica, error) {
	since := float64(tx.Now().Add(-beatLives).UnixMilli())
	members, err := tx.Range(replicasSet, since, float64(1<<53), maxReplicas)
	if err != nil {
		return nil, err
	}
	out := []Replica{}
	for _, m := range members {
		var r Replica
		ok, err := get(tx, replicaKey(m.Name), &r)
		if err != nil {
			return nil, err
		}
		if ok {
			out = append(out, r)
		}
	}
	return out, nil
}

const maxReplicas = 100
