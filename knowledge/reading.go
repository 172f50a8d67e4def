package knowledge

import (
	"context"
	"crypto/sha256"
	"slices"
	"strings"
	"sync"

	"huiwen/knowledge/plan"
)

// readings remembers the last plans that were read: to read one is pure and, for
// thousands of items, takes seconds, and a comparison needs the same ones again.
var readings = reader{of: map[[32]byte]*plan.Plan{}}

// The bounds of what is remembered.
const (
	maxReadings      = 6
	maxReadingsBytes = 16 << 20 // of the texts
)

type reader struct {
	mu    sync.Mutex
	of    map[[32]byte]*plan.Plan
	order []reading // the last used last
}

type reading struct {
	key   [32]byte
	bytes int
}

// read reads a plan; what it returns is the caller's own, but for strings and
// the lists inside items, which nobody changes in place.
func (r *reader) read(ctx context.Context, text string, terms []string) (*plan.Plan, error) {
	key := sha256.Sum256([]byte(strings.Join(terms, "\n") + "\x00" + text))
	r.mu.Lock()
	p := r.of[key]
	r.mu.Unlock()
	if p == nil {
		var err error
		if p, err = plan.Read(ctx, text, plan.Options{Terms: terms}); err != nil {
			return nil, err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.order = append(slices.DeleteFunc(r.order, func(x reading) bool { return x.key == key }), reading{key, len(text)})
	r.of[key] = p
	for total := 0; ; total = 0 {
		for _, x := range r.order {
			total += x.bytes
		}
		if len(r.order) == 1 || len(r.order) <= maxReadings && total <= maxReadingsBytes {
			break
		}
		delete(r.of, r.order[0].key)
		r.order = r.order[1:]
	}
	own := *p
	own.Items = slices.Clone(p.Items)
	return &own, nil
}
