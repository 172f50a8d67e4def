package admin

import "sync"

// maxRecent is how many values a recent keeps.
const maxRecent = 3

// A recent keeps the values that were asked for last, which nobody changes. It is
// safe for concurrent use; values are made one at a time, since each may take much
// memory.
type recent[T any] struct {
	mu   sync.Mutex
	keys []string
	vals []T
}

// get returns the value of a key, made when it is not kept.
func (r *recent[T]) get(key string, make func() (T, error)) (T, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, k := range r.keys {
		if k == key {
			return r.vals[i], nil
		}
	}
	v, err := make()
	if err != nil {
		return v, err
	}
	r.keys, r.vals = append(r.keys, key), append(r.vals, v)
	if len(r.keys) > maxRecent {
		r.keys, r.vals = append([]string{}, r.keys[1:]...), append([]T{}, r.vals[1:]...)
	}
	return v, nil
}
