// Package storetest is what every backend of the store must do.
package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"huiwen/knowledge/store"
)

// Open opens the same store again with every call of one test; wind is how far
// its clock is put forward.
type Open func(t *testing.T, clock store.Clock) store.Store

// Run runs the suite; fresh makes an empty store for one test.
func Run(t *testing.T, fresh func(t *testing.T) Open) {
	tests := []struct {
		name string
		fn   func(*testing.T, Open)
	}{
		{"values", values}, {"own writes", ownWrites}, {"nothing by halves", nothingByHalves}, {"expiry", expiry}, {"ranges", ranges},
		{"scopes", scopes}, {"dump and load", dumpAndLoad}, {"bounds", bounds}, {"no lost update", noLostUpdate}, {"no torn view", noTornView},
		{"linearizable", linearizable}, {"dump while written", dumpWhileWritten}, {"nothing written", nothingWritten}, {"slow reader", slowReader}, {"two handles", twoHandles}, {"view writes nothing", viewWritesNothing},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { tt.fn(t, fresh(t)) })
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func get(t *testing.T, s store.Store, scope, key string) (string, bool) {
	t.Helper()
	var value string
	var ok bool
	must(t, s.View(t.Context(), scope, func(tx store.Tx) error {
		v, found, err := tx.Get(key)
		value, ok = string(v), found
		return err
	}))
	return value, ok
}

func put(t *testing.T, s store.Store, scope, key, value string) {
	t.Helper()
	must(t, s.Update(t.Context(), scope, func(tx store.Tx) error { return tx.Put(key, []byte(value), 0) }))
}

func values(t *testing.T, open Open) {
	s := open(t, nil)
	put(t, s, "in/01", "a", "1")
	put(t, s, "in/02", "a", "2")
	put(t, s, "in/01", "空 键:{}*", "汉字\x00")
	put(t, s, "in/01", "empty", "")
	for _, tt := range []struct{ scope, key, want string }{{"in/01", "a", "1"}, {"in/02", "a", "2"}, {"in/01", "空 键:{}*", "汉字\x00"}, {"in/01", "empty", ""}} {
		if v, ok := get(t, s, tt.scope, tt.key); !ok || v != tt.want {
			t.Errorf("%s %s: %q %v, want %q", tt.scope, tt.key, v, ok, tt.want)
		}
	}
	must(t, s.Update(t.Context(), "in/01", func(tx store.Tx) error { return tx.Del("a") }))
	if _, ok := get(t, s, "in/01", "a"); ok {
		t.Error("a deleted value is there")
	}
	if v, ok := get(t, open(t, nil), "in/02", "a"); !ok || v != "2" {
		t.Errorf("opened again: %q %v", v, ok)
	}
}

func ownWrites(t *testing.T, open Open) {
	s := open(t, nil)
	put(t, s, "in/01", "a", "old")
	must(t, s.Update(t.Context(), "in/01", func(tx store.Tx) error {
		must(t, errors.Join(tx.Put("a", []byte("new"), 0), tx.Put("gone", []byte("x"), 0), tx.Del("gone"), tx.Add("q", "m", 2), tx.Add("q", "m", 1), tx.Add("q", "n", 3), tx.Rem("q", "n")))
		if v, _, err := tx.Get("a"); err != nil || string(v) != "new" {
			t.Errorf("reads %q %v inside", v, err)
		}
		if _, ok, _ := tx.Get("gone"); ok {
			t.Error("reads what it deleted")
		}
		m, err := tx.Range("q", math.Inf(-1), math.Inf(1), 10)
		if err != nil || len(m) != 1 || m[0] != (store.Member{Name: "m", Score: 1}) {
			t.Errorf("ranges %v %v inside", m, err)
		}
		return nil
	}))
}

func nothingByHalves(t *testing.T, open Open) {
	s := open(t, nil)
	put(t, s, "in/01", "a", "1")
	boom := errors.New("boom")
	err := s.Update(t.Context(), "in/01", func(tx store.Tx) error {
		must(t, errors.Join(tx.Put("a", []byte("2"), 0), tx.Add("q", "m", 1)))
		return boom
	})
	if !errors.Is(err, boom) {
		t.Errorf("got %v", err)
	}
	err = s.Update(t.Context(), "in/01", func(tx store.Tx) error {
		_ = tx.Put("a", []byte("3"), 0)
		panic("in the middle")
	})
	if err == nil {
		t.Error("a panic of fn is no error")
	}
	if v, _ := get(t, s, "in/01", "a"); v != "1" {
		t.Errorf("a failed update left %q", v)
	}
}

func expiry(t *testing.T, open Open) {
	var wound atomic.Int64
	s := open(t, func() time.Duration { return time.Duration(wound.Load()) })
	must(t, s.Update(t.Context(), "in/01", func(tx store.Tx) error {
		return errors.Join(tx.Put("short", []byte("x"), time.Minute), tx.Put("long", []byte("y"), time.Hour), tx.Put("ever", []byte("z"), 0))
	}))
	for _, tt := range []struct {
		after time.Duration
		want  string
	}{{59 * time.Second, "short long ever"}, {time.Minute + time.Second, "long ever"}, {61 * time.Minute, "ever"}, {10000 * time.Hour, "ever"}} {
		wound.Store(int64(tt.after))
		got := ""
		for _, k := range []string{"short", "long", "ever"} {
			if _, ok := get(t, s, "in/01", k); ok {
				if got != "" {
					got += " "
				}
				got += k
			}
		}
		if got != tt.want {
			t.Errorf("after %v there is %q, want %q", tt.after, got, tt.want)
		}
	}
	put(t, s, "in/01", "short", "again")
	if v, ok := get(t, s, "in/01", "short"); !ok || v != "again" {
		t.Errorf("put again after expiry: %q %v", v, ok)
	}
	if _, err := s.Sweep(t.Context(), 100); err != nil {
		t.Error(err)
	}
}

func ranges(t *testing.T, open Open) {
	s := open(t, nil)
	must(t, s.Update(t.Context(), "in/01", func(tx store.Tx) error {
		return errors.Join(tx.Add("q", "c", 2), tx.Add("q", "a", 1), tx.Add("q", "b", 1), tx.Add("q", "d", 1.5), tx.Add("r", "x", 1), tx.Add("q", "e", -7))
	}))
	tests := []struct {
		from, to float64
		limit    int
		want     string
	}{
		{math.Inf(-1), math.Inf(1), 10, "e a b d c"}, {1, 1, 10, "a b"}, {1, 2, 3, "a b d"}, {3, 9, 10, ""}, {2, 1, 10, ""}, {0, 9, 0, ""},
	}
	for _, tt := range tests {
		got := ""
		must(t, s.View(t.Context(), "in/01", func(tx store.Tx) error {
			ms, err := tx.Range("q", tt.from, tt.to, tt.limit)
			for i, m := range ms {
				if i > 0 {
					got += " "
				}
				got += m.Name
			}
			return err
		}))
		if got != tt.want {
			t.Errorf("[%v %v] %d: %q, want %q", tt.from, tt.to, tt.limit, got, tt.want)
		}
	}
}

func scopes(t *testing.T, open Open) {
	s := open(t, nil)
	for _, scope := range []string{"in/01", "in/00", "bureau/区民政局", "inner", "log/2022-09"} {
		put(t, s, scope, "k", "v")
	}
	put(t, s, "in/09", "k", "v")
	must(t, s.Update(t.Context(), "in/09", func(tx store.Tx) error { return tx.Del("k") }))
	must(t, s.Update(t.Context(), "in/10", func(tx store.Tx) error { return tx.Add("set", "m", 1) }))
	got, err := s.Scopes(t.Context(), "in")
	if err != nil || fmt.Sprint(got) != "[in/00 in/01 in/10]" {
		t.Errorf("%v %v", got, err)
	}
	for _, bad := range []string{"", "a{b}", "a*", "x\n"} {
		if err := s.Update(t.Context(), bad, func(store.Tx) error { return nil }); err == nil {
			t.Errorf("scope %q is taken", bad)
		}
	}
}

func dumpAndLoad(t *testing.T, open Open) {
	s := open(t, nil)
	for i := range 50 {
		must(t, s.Update(t.Context(), fmt.Sprintf("in/%02d", i%3), func(tx store.Tx) error {
			return errors.Join(tx.Put("k"+strconv.Itoa(i), []byte{byte(i), 0, 255}, time.Duration(i)*time.Hour), tx.Add("set", "m"+strconv.Itoa(i), float64(i)/3))
		}))
	}
	var first, second bytes.Buffer
	must(t, s.Dump(t.Context(), &first))
	if err := s.Load(t.Context(), bytes.NewReader(first.Bytes())); err == nil {
		t.Error("loads into a store that is not empty")
	}
	dir := t.TempDir()
	other, err := store.OpenFile(t.Context(), dir, nil)
	must(t, err)
	defer other.Close()
	must(t, other.Load(t.Context(), bytes.NewReader(first.Bytes())))
	must(t, other.Dump(t.Context(), &second))
	if a, b := bytes.Count(first.Bytes(), []byte("\n")), bytes.Count(second.Bytes(), []byte("\n")); a != b || a != 102 {
		t.Errorf("%d lines were dumped, %d after loading, want 102", a, b)
	}
	if err := other.Load(t.Context(), bytes.NewReader([]byte("no dump"))); err == nil {
		t.Error("loads what is no dump")
	}
}

func bounds(t *testing.T, open Open) {
	s := open(t, nil)
	big := make([]byte, store.MaxValue+1)
	long := string(bytes.Repeat([]byte("k"), store.MaxKey+1))
	for name, fn := range map[string]func(store.Tx) error{
		"value": func(tx store.Tx) error { return tx.Put("k", big, 0) }, "key": func(tx store.Tx) error { return tx.Put(long, nil, 0) },
		"member": func(tx store.Tx) error { return tx.Add("s", long, 1) }, "no key": func(tx store.Tx) error { return tx.Put("", nil, 0) },
	} {
		if err := s.Update(t.Context(), "in/01", fn); !errors.Is(err, store.ErrTooLarge) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := s.Update(t.Context(), "in/01", func(tx store.Tx) error { return tx.Add("s", "m", math.NaN()) }); err == nil {
		t.Error("a score that is no number is taken")
	}
	must(t, s.Update(t.Context(), "in/01", func(tx store.Tx) error { return tx.Put("k", big[:store.MaxValue], 0) }))
}

// count raises a counter by one.
func count(ctx context.Context, s store.Store, scope string) error {
	return s.Update(ctx, scope, func(tx store.Tx) error {
		v, _, err := tx.Get("n")
		if err != nil {
			return err
		}
		n, _ := strconv.Atoi(string(v))
		return tx.Put("n", []byte(strconv.Itoa(n+1)), 0)
	})
}

func noLostUpdate(t *testing.T, open Open) {
	s := open(t, nil)
	var wg sync.WaitGroup
	const writers, each = 8, 25
	for range writers {
		wg.Go(func() {
			for range each {
				if err := count(t.Context(), s, "in/01"); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if v, _ := get(t, s, "in/01", "n"); v != strconv.Itoa(writers*each) {
		t.Errorf("%s of %d updates count", v, writers*each)
	}
}

func noTornView(t *testing.T, open Open) {
	s := open(t, nil)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			v := []byte(strconv.Itoa(i))
			if err := s.Update(t.Context(), "in/01", func(tx store.Tx) error { return errors.Join(tx.Put("a", v, 0), tx.Put("b", v, 0)) }); err != nil {
				t.Error(err)
				return
			}
		}
	})
	for range 200 {
		var a, b []byte
		err := s.View(t.Context(), "in/01", func(tx store.Tx) (err error) {
			if a, _, err = tx.Get("a"); err == nil {
				b, _, err = tx.Get("b")
			}
			return err
		})
		if errors.Is(err, store.ErrBusy) {
			continue
		}
		must(t, err)
		if !bytes.Equal(a, b) {
			t.Errorf("a view holds %s and %s", a, b)
		}
	}
	close(stop)
	wg.Wait()
}

// registerInput is an operation on one register: a read, or a write of a value.
type registerInput struct {
	write bool
	value int
}

// linearizable checks random reads and writes of one scope against a register.
func linearizable(t *testing.T, open Open) {
	s := open(t, nil)
	model := porcupine.Model{
		Init: func() any { return 0 },
		Step: func(state, input, output any) (bool, any) {
			in := input.(registerInput)
			if in.write {
				return true, in.value
			}
			return output.(int) == state.(int), state
		},
	}
	var mu sync.Mutex
	var history []porcupine.Operation
	start := time.Now()
	var wg sync.WaitGroup
	for client := range 4 {
		wg.Go(func() {
			for i := range 40 {
				in := registerInput{write: i%2 == 0, value: client*1000 + i + 1}
				out := 0
				began := time.Since(start).Nanoseconds()
				var err error
				if in.write {
					err = s.Update(t.Context(), "in/01", func(tx store.Tx) error { return tx.Put("r", []byte(strconv.Itoa(in.value)), 0) })
				} else {
					err = s.View(t.Context(), "in/01", func(tx store.Tx) error {
						v, _, err := tx.Get("r")
						out, _ = strconv.Atoi(string(v))
						return err
					})
				}
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				history = append(history, porcupine.Operation{ClientId: client, Input: in, Call: began, Output: out, Return: time.Since(start).Nanoseconds()})
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if !porcupine.CheckOperations(model, history) {
		t.Error("the history is not linearizable")
	}
}

// slowReader reads while much is written; nobody waits for it.
func slowReader(t *testing.T, open Open) {
	s := open(t, nil)
	put(t, s, "in/01", "a", "before")
	reading, release := make(chan struct{}), make(chan struct{})
	done := make(chan error, 1)
	var once sync.Once
	go func() {
		done <- s.View(context.WithoutCancel(t.Context()), "in/01", func(tx store.Tx) error {
			_, _, err := tx.Get("a")
			once.Do(func() { close(reading) })
			<-release
			return err
		})
	}()
	<-reading
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := range 10_000 / 8 {
				if err := s.Update(t.Context(), fmt.Sprintf("in/%02d", 2+w), func(tx store.Tx) error { return tx.Put("k"+strconv.Itoa(i%50), make([]byte, 500), 0) }); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	close(release)
	must(t, <-done)
	if _, err := s.Sweep(t.Context(), 100); err != nil {
		t.Error(err)
	}
	if f, ok := s.(interface{ Size() int64 }); ok && f.Size() > 20<<20 { // 250 kB are kept
		t.Errorf("after a slow reader the file takes %d bytes", f.Size())
	}
}

// dumpWhileWritten dumps while two values are always written together.
func dumpWhileWritten(t *testing.T, open Open) {
	s := open(t, nil)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			n := strconv.Itoa(i)
			if err := s.Update(t.Context(), "in/01", func(tx store.Tx) error {
				return errors.Join(tx.Put("a", []byte(n), 0), tx.Put("b", []byte(n), 0), tx.Put("new"+n, nil, 0), tx.Add("set", n, 1))
			}); err != nil {
				t.Error(err)
				return
			}
		}
	})
	for range 5 {
		var b bytes.Buffer
		must(t, s.Dump(t.Context(), &b))
		d, err := store.ReadDump(&b)
		must(t, err)
		seen := map[string]string{}
		added, members := 0, 0
		for {
			e, err := d.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			must(t, err)
			switch {
			case e.Set != "":
				members++
			case len(e.Key) > 3:
				added++
			default:
				seen[e.Key] = string(e.Value)
			}
		}
		if seen["a"] != seen["b"] || added != members {
			t.Errorf("a dump holds a=%s b=%s, %d values and %d members", seen["a"], seen["b"], added, members)
		}
	}
	close(stop)
	wg.Wait()
}

// nothingWritten: an Update that writes nothing commits nothing and is still checked.
func nothingWritten(t *testing.T, open Open) {
	s := open(t, nil)
	put(t, s, "in/01", "a", "1")
	for range 3 {
		must(t, s.Update(t.Context(), "in/01", func(tx store.Tx) error {
			v, _, err := tx.Get("a")
			if string(v) != "1" {
				t.Errorf("reads %q", v)
			}
			return err
		}))
	}
	must(t, s.Update(t.Context(), "in/01", func(tx store.Tx) error {
		vs, err := store.GetMany(tx, []string{"a", "none"})
		if err != nil || string(vs[0]) != "1" || vs[1] != nil {
			t.Errorf("many: %q %v", vs, err)
		}
		return errors.Join(err, tx.Put("b", []byte("2"), 0))
	}))
	must(t, s.View(t.Context(), "in/01", func(tx store.Tx) error {
		vs, err := store.GetMany(tx, []string{"b", "a"})
		if err != nil || string(vs[0]) != "2" || string(vs[1]) != "1" {
			t.Errorf("many: %q %v", vs, err)
		}
		return err
	}))
}

// twoHandles uses the store as a service and the command line beside it do.
func twoHandles(t *testing.T, open Open) {
	a, b := open(t, nil), open(t, nil)
	var wg sync.WaitGroup
	for _, s := range []store.Store{a, b} {
		wg.Go(func() {
			for range 20 {
				if err := count(t.Context(), s, "in/01"); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if v, _ := get(t, b, "in/01", "n"); v != "40" {
		t.Errorf("%s of 40 updates count", v)
	}
}

func viewWritesNothing(t *testing.T, open Open) {
	s := open(t, nil)
	err := s.View(t.Context(), "in/01", func(tx store.Tx) error { return tx.Put("a", nil, 0) })
	if !errors.Is(err, store.ErrReadOnly) {
		t.Errorf("a view writes: %v", err)
	}
}
