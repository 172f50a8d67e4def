package audit

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"huiwen/knowledge/store"
)

func opened(t *testing.T) store.Store {
	t.Helper()
	s, err := store.OpenFile(t.Context(), t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func noteIn(t *testing.T, s store.Store, scope, id string) {
	t.Helper()
	err := s.Update(t.Context(), scope, func(tx store.Tx) error {
		return Note(tx, Entry{ID: id, Who: "张三", Act: "test.act", Subject: id, Why: "为什么<&>"})
	})
	if err != nil {
		t.Fatal(err)
	}
}

func newTestChain(s store.Store) *Chain { return NewChain(s, bytes.Repeat([]byte{7}, keyBytes)) }

func filled(t *testing.T) (store.Store, *Chain) {
	s := opened(t)
	c := newTestChain(s)
	for i := range 5 {
		noteIn(t, s, []string{"plan", "sys", "bureau/区财政局"}[i%3], fmt.Sprint("e", i))
	}
	if n, err := c.Append(t.Context()); err != nil || n != 5 {
		t.Fatalf("%d %v", n, err)
	}
	return s, c
}

func TestEveryActIsChainedOnce(t *testing.T) {
	s, c := filled(t)
	noteIn(t, s, "plan", "later")
	if v, err := c.Verify(t.Context(), ""); err != nil || v.Records != 5 || v.Waiting != 1 {
		t.Errorf("%+v %v", v, err)
	}
	var wg sync.WaitGroup
	for range 4 { // several processes at once
		wg.Go(func() {
			if _, err := newTestChain(s).Append(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	v, err := c.Verify(t.Context(), "")
	if err != nil || v.Records != 6 || v.Waiting != 0 {
		t.Errorf("%+v %v", v, err)
	}
	list, err := c.Records(t.Context(), 1, 100)
	if err != nil || len(list) != 6 {
		t.Fatalf("%d %v", len(list), err)
	}
	seen := map[string]bool{}
	for _, r := range list {
		e, err := r.Read()
		if err != nil || e.Who != "张三" || e.Why != "为什么<&>" || seen[e.ID] {
			t.Errorf("%+v %v", e, err)
		}
		seen[e.ID] = true
	}
}

// TestDeathBetweenChainAndNote: a note that was chained but not taken out is not
// chained again.
func TestDeathBetweenChainAndNote(t *testing.T) {
	s := opened(t)
	c := newTestChain(s)
	noteIn(t, s, "plan", "a")
	notes, err := store.View(t.Context(), s, "plan", func(tx store.Tx) ([]note, error) { return pending(tx, 10) })
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.Update(t.Context(), s, Scope, func(tx store.Tx) (int, error) { return c.link(tx, "plan", notes) }); err != nil {
		t.Fatal(err)
	}
	if n, err := c.Append(t.Context()); err != nil || n != 0 {
		t.Errorf("chained again: %d %v", n, err)
	}
	if v, err := c.Verify(t.Context(), ""); err != nil || v.Records != 1 || v.Waiting != 0 {
		t.Errorf("%+v %v", v, err)
	}
}

func TestTamperingShows(t *testing.T) {
	change := func(seq int, fn func(*Record)) func(store.Tx) error {
		return func(tx store.Tx) error {
			data, _, err := tx.Get(recordKey(seq))
			if err != nil {
				return err
			}
			var r Record
			if err := json.Unmarshal(data, &r); err != nil {
				return err
			}
			fn(&r)
			data, _ = json.Marshal(r)
			return tx.Put(recordKey(seq), data, 0)
		}
	}
	for name, tamper := range map[string]func(store.Tx) error{
		"a word":       change(3, func(r *Record) { r.Entry = strings.Replace(r.Entry, "张三", "李四", 1) }),
		"the scope":    change(5, func(r *Record) { r.Scope = "sys" }),
		"one is gone":  func(tx store.Tx) error { return tx.Del(recordKey(4)) },
		"the last one": func(tx store.Tx) error { return tx.Del(recordKey(5)) },
		"one too many": func(tx store.Tx) error { return tx.Put(recordKey(6), []byte(`{"seq":6}`), 0) },
		"two swapped": func(tx store.Tx) error {
			a, _, _ := tx.Get(recordKey(1))
			b, _, _ := tx.Get(recordKey(2))
			return errors.Join(tx.Put(recordKey(1), b, 0), tx.Put(recordKey(2), a, 0))
		},
		"unreadable": func(tx store.Tx) error { return tx.Put(recordKey(1), []byte("{"), 0) },
	} {
		s, c := filled(t)
		if err := s.Update(t.Context(), Scope, tamper); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Verify(t.Context(), ""); !errors.Is(err, ErrBroken) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestCutOff: who cuts the end off together with the head is found by a head that
// was kept elsewhere.
func TestCutOff(t *testing.T) {
	s, c := filled(t)
	v, err := c.Verify(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	noteIn(t, s, "plan", "more")
	if _, err := c.Append(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Verify(t.Context(), v.Head); err != nil {
		t.Errorf("a longer chain: %v", err)
	}
	records, err := c.Records(t.Context(), 4, 1)
	if err != nil {
		t.Fatal(err)
	}
	err = s.Update(t.Context(), Scope, func(tx store.Tx) error {
		data, _ := json.Marshal(head{4, records[0].MAC, c.fingerprint()})
		return errors.Join(tx.Put(headKey, data, 0), tx.Del(recordKey(5)), tx.Del(recordKey(6)))
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Verify(t.Context(), ""); err != nil {
		t.Errorf("by itself a cut at a record shows nothing: %v", err)
	}
	if _, err := c.Verify(t.Context(), v.Head); !errors.Is(err, ErrBroken) {
		t.Errorf("with the head of before: %v", err)
	}
}

func TestTheKeyIsKeptOutsideTheStore(t *testing.T) {
	dir := t.TempDir()
	key, err := Key("", dir)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Key("", dir)
	if err != nil || !bytes.Equal(key, again) {
		t.Errorf("the key changed: %v", err)
	}
	info, err := os.Stat(dir + "/audit.key")
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info, err)
	}
	s, _ := filled(t)
	other := NewChain(s, key)
	if _, err := other.Verify(t.Context(), ""); !errors.Is(err, ErrKey) {
		t.Errorf("verified with another key: %v", err)
	}
	if err := other.Check(t.Context()); !errors.Is(err, ErrKey) {
		t.Errorf("another key is not noticed: %v", err)
	}
	noteIn(t, s, "plan", "x")
	if _, err := other.Append(t.Context()); !errors.Is(err, ErrKey) {
		t.Errorf("chained with another key: %v", err)
	}
	var dump bytes.Buffer
	if err := s.Dump(t.Context(), &dump); err != nil || bytes.Contains(dump.Bytes(), key) {
		t.Errorf("%v", err)
	}
	secret, err := Key("a configured secret", dir)
	if err != nil || bytes.Equal(secret, key) {
		t.Errorf("%v", err)
	}
}
