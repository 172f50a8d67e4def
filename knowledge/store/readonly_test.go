package store

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestAReaderMakesNoFile(t *testing.T) {
	if _, err := OpenReader(filepath.Join(t.TempDir(), "none")); !errors.Is(err, ErrNoStore) {
		t.Errorf("an empty folder: %v", err)
	}
	dir := t.TempDir()
	s, err := OpenFile(t.Context(), dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	put := func(v string) {
		if err := s.Update(t.Context(), "plan", func(tx Tx) error { return tx.Put("k", []byte(v), 0) }); err != nil {
			t.Fatal(err)
		}
	}
	read := func() string {
		t.Helper()
		before := files(t, dir)
		r, err := OpenReader(dir)
		if err != nil {
			t.Fatal(err)
		}
		var got string
		err = r.View(t.Context(), "plan", func(tx Tx) error {
			v, _, err := tx.Get("k")
			got = string(v)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if after := files(t, dir); !slices.Equal(before, after) {
			t.Errorf("before %v, after reading %v", before, after)
		}
		return got
	}
	put("one")
	if got := read(); got != "one" {
		t.Errorf("beside a running service: %q", got)
	}
	put("two")
	if got := read(); got != "two" {
		t.Errorf("a later value: %q", got)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if got := read(); got != "two" {
		t.Errorf("after the service has ended: %q", got)
	}
	r, _ := OpenReader(dir)
	if err := r.View(t.Context(), "plan", func(tx Tx) error { return tx.Put("k", nil, 0) }); !errors.Is(err, ErrReadOnly) {
		t.Errorf("a write: %v", err)
	}
}

func files(t *testing.T, dir string) []string {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range list {
		out = append(out, e.Name())
	}
	return out
}
