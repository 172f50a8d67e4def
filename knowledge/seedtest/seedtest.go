// Package seedtest gives tests the snapshot of the files that the product ships.
package seedtest

import (
	"io/fs"
	"sync"
	"testing"

	"huiwen/knowledge"
	"huiwen/knowledge/segment"
)

// Cutter is the dictionary of this machine, or ends the test.
func Cutter(t testing.TB) *segment.Jieba {
	t.Helper()
	dir, err := segment.FindDictionary("")
	if err != nil {
		t.Fatal(err)
	}
	cut, err := segment.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return cut
}

var (
	mu     sync.Mutex
	loaded = map[fs.FS]*knowledge.Snapshot{}
)

// Snapshot is that of a file system's edition, built once for all tests of a
// package: to build one takes seconds.
func Snapshot(t testing.TB, fsys fs.FS) *knowledge.Snapshot {
	t.Helper()
	mu.Lock()
	defer mu.Unlock()
	if s, ok := loaded[fsys]; ok {
		return s
	}
	s, err := knowledge.Load(fsys, Cutter(t))
	if err != nil {
		t.Fatal(err)
	}
	loaded[fsys] = s
	return s
}

// Load builds the snapshot of an edition, as the service does.
func Load(t testing.TB, e knowledge.Edition, fsys fs.FS) *knowledge.Snapshot {
	t.Helper()
	s, err := Loader(t, fsys)(e)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Loader builds snapshots of editions with the bureaus of a file system.
func Loader(t testing.TB, fsys fs.FS) func(knowledge.Edition) (*knowledge.Snapshot, error) {
	t.Helper()
	bureaus, err := knowledge.ReadBureaus(fsys)
	if err != nil {
		t.Fatal(err)
	}
	cut := Cutter(t)
	return func(e knowledge.Edition) (*knowledge.Snapshot, error) { return e.Load(cut, bureaus) }
}
