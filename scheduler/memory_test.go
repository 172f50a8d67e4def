package scheduler_test

import (
	"cmp"
	"context"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"huiwen/knowledge/store"
)

// A memory is a store without a disk, for thousands of days: one lock, each Update
// on a copy of its scope. Its clock is wound by the test.
type memory struct {
	mu     sync.Mutex
	scopes map[string]*scope
	now    func() time.Time
	// unknown, when it says so, loses the answer of an Update that was committed.
	unknown func() bool
}

type scope struct {
	values map[string]value
	sets   map[string]map[string]float64
}

type value struct {
	data  []byte
	until time.Time
}

func newMemory(now func() time.Time) *memory {
	return &memory{scopes: map[string]*scope{}, now: now}
}

func (m *memory) of(name string) *scope {
	if m.scopes[name] == nil {
		return &scope{map[string]value{}, map[string]map[string]float64{}}
	}
	return m.scopes[name]
}

func (m *memory) View(_ context.Context, name string, fn func(store.Tx) error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return fn(&memoryTx{m.of(name), m.now(), false, nil, nil})
}

func (m *memory) Update(_ context.Context, name string, fn func(store.Tx) error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	tx := &memoryTx{m.of(name), m.now(), true, map[string]*value{}, map[[2]string]*float64{}}
	if err := fn(tx); err != nil {
		return err
	}
	sc := m.of(name)
	m.scopes[name] = sc
	for k, v := range tx.puts {
		if v == nil {
			delete(sc.values, k)
		} else {
			sc.values[k] = *v
		}
	}
	for k, score := range tx.adds {
		if sc.sets[k[0]] == nil {
			sc.sets[k[0]] = map[string]float64{}
		}
		if score == nil {
			delete(sc.sets[k[0]], k[1])
		} else {
			sc.sets[k[0]][k[1]] = *score
		}
	}
	if m.unknown != nil && m.unknown() {
		return store.ErrUnknown
	}
	return nil
}

func (m *memory) Scopes(_ context.Context, kind string) ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.DeleteFunc(slices.Sorted(maps.Keys(m.scopes)), func(s string) bool { return !strings.HasPrefix(s, kind+"/") && s != kind }), nil
}

func (m *memory) Dump(context.Context, io.Writer) error   { return errors.ErrUnsupported }
func (m *memory) Load(context.Context, io.Reader) error   { return errors.ErrUnsupported }
func (m *memory) Sweep(context.Context, int) (int, error) { return 0, nil }
func (m *memory) Check(context.Context) error             { return nil }
func (m *memory) Close() error                            { return nil }

type memoryTx struct {
	sc    *scope
	at    time.Time
	write bool
	puts  map[string]*value
	adds  map[[2]string]*float64
}

func (t *memoryTx) Now() time.Time { return t.at }

func (t *memoryTx) Get(key string) ([]byte, bool, error) {
	if v, ok := t.puts[key]; ok {
		if v == nil {
			return nil, false, nil
		}
		return v.data, true, nil
	}
	v, ok := t.sc.values[key]
	if !ok || !v.until.IsZero() && !v.until.After(t.at) {
		return nil, false, nil
	}
	return v.data, true, nil
}

func (t *memoryTx) Put(key string, data []byte, ttl time.Duration) error {
	if !t.write {
		return store.ErrReadOnly
	}
	if len(key) > store.MaxKey || len(data) > store.MaxValue {
		return store.ErrTooLarge
	}
	v := value{data: data}
	if ttl > 0 {
		v.until = t.at.Add(ttl)
	}
	t.puts[key] = &v
	return nil
}

func (t *memoryTx) Del(key string) error {
	if !t.write {
		return store.ErrReadOnly
	}
	t.puts[key] = nil
	return nil
}

func (t *memoryTx) Add(set, member string, score float64) error {
	if !t.write {
		return store.ErrReadOnly
	}
	t.adds[[2]string{set, member}] = &score
	return nil
}

func (t *memoryTx) Rem(set, member string) error {
	if !t.write {
		return store.ErrReadOnly
	}
	t.adds[[2]string{set, member}] = nil
	return nil
}

func (t *memoryTx) Range(set string, from, to float64, limit int) ([]store.Member, error) {
	var out []store.Member
	add := func(name string, score float64) {
		if score >= from && score <= to {
			out = append(out, store.Member{Name: name, Score: score})
		}
	}
	for name, score := range t.sc.sets[set] {
		if _, changed := t.adds[[2]string{set, name}]; !changed {
			add(name, score)
		}
	}
	for k, score := range t.adds {
		if k[0] == set && score != nil {
			add(k[1], *score)
		}
	}
	slices.SortFunc(out, func(a, b store.Member) int { return cmp.Or(cmp.Compare(a.Score, b.Score), cmp.Compare(a.Name, b.Name)) })
	return out[:min(limit, len(out))], nil
}
