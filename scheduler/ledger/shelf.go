package ledger

import (
	"crypto/rand"
	"slices"
	"sync"

	"huiwen/knowledge/store"
)

// rowMark holds a random word that changes with every write of an entry.
const rowMark = "rows/mark"

// A shelf keeps what was read of the entries, scope by scope: pages and papers read
// the whole ledger over and over while few bureaus act. What it holds of a scope is
// good while the scope's mark is the same. What it gives out is shared: nobody may
// change it.
type shelf struct {
	mu     sync.Mutex
	scopes map[string]shelved
	held   int // entries
	// all are the entries of lists, the scopes as they were last read, in order
	all   []Entry
	lists [][]Entry
}

type shelved struct {
	mark    string
	entries []Entry
}

// maxShelved bounds the entries that are kept; those of more scopes are read anew.
const maxShelved = 100_000

// marked begins a new state of the entries of the scope of tx.
func marked(tx store.Tx) error { return tx.Put(rowMark, []byte(rand.Text()), 0) }

// read gives all entries of the scope of tx, in order.
func (s *shelf) read(tx store.Tx, scope string) ([]Entry, error) {
	mark, ok, err := tx.Get(rowMark)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	have := s.scopes[scope]
	s.mu.Unlock()
	if ok && have.mark == string(mark) {
		return have.entries, nil
	}
	list, err := Entries(tx, "")
	if err != nil || !ok { // without a mark nothing tells whether it changed
		return list, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if more := len(list) - len(s.scopes[scope].entries); s.held+more <= maxShelved {
		s.held += more
		s.scopes[scope] = shelved{string(mark), list}
	}
	return list, nil
}

// join puts the entries of all scopes in order. While every scope is as it was, what
// was joined last is given again.
func (s *shelf) join(lists [][]Entry) []Entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	if slices.EqualFunc(lists, s.lists, same) {
		return s.all
	}
	all := slices.Concat(lists...)
	slices.SortStableFunc(all, InOrder)
	if len(all) <= maxShelved {
		s.all, s.lists = all, lists
	}
	return all
}

// same reports whether two lists are one in memory.
func same(a, b []Entry) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
}
