// Package versions keeps what was published: drafts, their comparison, the one
// pointer that says what answers, and the way back.
package versions

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"time"

	"huiwen/knowledge"
	"huiwen/knowledge/audit"
	"huiwen/knowledge/store"
)

// A Library is every version in a store. It is safe for concurrent use, also by
// several processes.
type Library struct {
	Store store.Store
	// Seed is what is published while nothing else ever was.
	Seed knowledge.Edition
	// Load builds the snapshot of an edition.
	Load func(knowledge.Edition) (*knowledge.Snapshot, error)
	// Text reads a document; it may be hostile, so a process of its own does.
	Text func(ctx context.Context, ext string, data []byte) (string, error)
	// Approval asks that another person approves a draft before it is published.
	Approval bool
	// Wait is how long replicas may take to load what will be published; 0 for
	// three minutes.
	Wait time.Duration
	// Crash, in tests, is told the name of every point at which the process may die.
	Crash func(point string)
}

// An Act is who does something and why.
type Act struct {
	Who string
	Why string
	ID  string // of the audit entry, so that a transaction run again notes once; may be ""
}

// note writes the audit entry of an act in its transaction.
func (a Act) note(tx store.Tx, act, subject string) error {
	return audit.Note(tx, audit.Entry{ID: a.ID, Who: a.Who, Act: act, Subject: subject, Why: a.Why})
}

// once gives the act the id of its entry.
func (a Act) once() Act {
	if a.ID == "" {
		a.ID = rand.Text()
	}
	return a
}

func (l *Library) crash(point string) {
	if l.Crash != nil {
		l.Crash(point)
	}
}

// Edition reads a version, or the seed when version is that of the seed.
func (l *Library) Edition(ctx context.Context, version string) (knowledge.Edition, error) {
	e, err := Edition(ctx, l.Store, version)
	if errors.Is(err, ErrNotFound) && l.Seed.Hash() == version {
		return l.Seed, nil
	}
	return e, err
}

// Published is the pointer and the edition that answers now; the seed has number 0.
func (l *Library) Published(ctx context.Context) (Pointer, knowledge.Edition, error) {
	p, ok, err := Published(ctx, l.Store)
	if err != nil {
		return p, nil, err
	}
	if !ok {
		p = Pointer{Version: l.Seed.Hash()}
	}
	e, err := l.Edition(ctx, p.Version)
	return p, e, err
}

// Versions lists the publications, the latest first, at most n.
func (l *Library) Versions(ctx context.Context, n int) ([]Pointer, error) {
	return store.View(ctx, l.Store, Scope, func(tx store.Tx) ([]Pointer, error) {
		var now Pointer
		if ok, err := get(tx, pointerKey, &now); err != nil || !ok {
			return []Pointer{}, err
		}
		out := []Pointer{}
		for seq := now.Seq; seq > 0 && len(out) < n; seq-- {
			var p Pointer
			ok, err := get(tx, publishKey(seq), &p)
			if err != nil {
				return nil, err
			}
			if ok {
				out = append(out, p)
			}
		}
		return out, nil
	})
}

// keep writes the files of an edition that are not there yet, then its manifest.
// What is written is never changed, so a death in between does no harm.
func (l *Library) keep(ctx context.Context, e knowledge.Edition) (string, error) {
	if err := e.Check(); err != nil {
		return "", err
	}
	m := manifest{Schema: Schema, Files: map[string]file{}}
	for name, data := range e {
		f := file{Sum: sumOf(data), Bytes: len(data), Chunks: (len(data) + maxChunk - 1) / maxChunk}
		m.Files[name] = f
		for n, piece := range slices.Collect(slices.Chunk(data, maxChunk)) {
			err := l.Store.Update(ctx, Scope, func(tx store.Tx) error {
				key := blobKey(f.Sum, n)
				if _, ok, err := tx.Get(key); err != nil || ok {
					return err
				}
				return tx.Put(key, piece, 0)
			})
			if err != nil {
				return "", fmt.Errorf("keep %s: %w", name, err)
			}
			l.crash("blob")
		}
	}
	hash := e.Hash()
	err := l.Store.Update(ctx, Scope, func(tx store.Tx) error { return put(tx, editionKey(hash), m, 0) })
	if err != nil {
		return "", fmt.Errorf("keep the edition: %w", err)
	}
	l.crash("edition")
	return hash, nil
}
