package ledger

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"huiwen/knowledge/audit"
	"huiwen/knowledge/calendar"
	"huiwen/knowledge/store"
)

const (
	rowSet = "rows"
	// kept is how long the outcome of an order is remembered: longer than any
	// platform or inbox repeats it.
	kept = 60 * 24 * time.Hour
	// UndoWithin is how long an act can be taken back.
	UndoWithin = 10 * time.Minute
	undoKept   = 24 * time.Hour
)

func rowName(plan, duty string) string { return plan + "/" + duty }
func rowKey(name string) string        { return "row/" + name }
func actKey(id string) string          { return "act/" + Short(id) }
func undoKey(person string) string     { return "undo/" + Short(person) }

// Short bounds a part of a key that comes from outside.
func Short(s string) string {
	if len(s) <= 200 {
		return s
	}
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

// maxScope bounds the name of a bureau in that of its scope, in bytes.
const maxScope = 100

// Scope is the scope of a bureau.
func Scope(bureau string) string {
	if len(bureau) > maxScope || strings.ContainsAny(bureau, "{}*?[]/\n\x00") {
		sum := sha256.Sum256([]byte(bureau))
		return "bureau/" + hex.EncodeToString(sum[:16])
	}
	return "bureau/" + bureau
}

// InspectorBureau is what acts of an inspector bear.
const InspectorBureau = "督查室"

// OfficeBureau is the scope's bureau of what is sent to the office itself.
const OfficeBureau = "领导小组办公室"

// A Book reads and writes the ledger. It is safe for concurrent use.
type Book struct {
	store store.Store
	// today is what a bureau of the plan is called on a day: acts of its successor
	// count.
	today func(ctx context.Context, bureau string, day time.Time) (string, error)
	shelf *shelf
}

// NewBook makes a book; today may be nil where bureaus keep their names.
func NewBook(s store.Store, today func(ctx context.Context, bureau string, day time.Time) (string, error)) *Book {
	if today == nil {
		today = func(_ context.Context, b string, _ time.Time) (string, error) { return b, nil }
	}
	return &Book{s, today, &shelf{scopes: map[string]shelved{}}}
}

// An Outcome is what became of an order. Its JSON is kept.
type Outcome struct {
	Order   Order   `json:"order"`
	Refused string  `json:"refused,omitempty"` // why nothing happened, in words
	Entries []Entry `json:"entries,omitempty"` // as they are after it
}

// undo is what an order changed, to take it back.
type undo struct {
	Order  Order   `json:"order"`
	Before []Entry `json:"before"`
	Revs   []int   `json:"revs"` // after
}

// Do carries an order out in the scope of its bureau. All its duties change or
// none. An order that was carried out before has the outcome it had.
func (b *Book) Do(ctx context.Context, o Order) (Outcome, error) {
	if o.ID == "" || o.Bureau == "" || len(o.Duties) == 0 {
		return Outcome{}, fmt.Errorf("ledger: an order without id, bureau or duty")
	}
	owner, err := b.today(ctx, o.Bureau, o.At)
	if err != nil {
		return Outcome{}, err
	}
	return store.Update(ctx, b.store, Scope(o.Bureau), func(tx store.Tx) (Outcome, error) {
		return once(tx, o, func() (Outcome, error) { return do(tx, o, owner) })
	})
}

// once runs fn unless the order has an outcome already; a refusal is one.
func once(tx store.Tx, o Order, fn func() (Outcome, error)) (Outcome, error) {
	var out Outcome
	if ok, err := getJSON(tx, actKey(o.ID), &out); err != nil || ok {
		return out, err
	}
	out, err := fn()
	var no Refusal
	if errors.As(err, &no) {
		out, err = Outcome{Order: o, Refused: string(no)}, nil
	}
	if err != nil {
		return Outcome{}, err
	}
	return out, putJSON(tx, actKey(o.ID), out, kept)
}

func do(tx store.Tx, o Order, owner string) (Outcome, error) {
	if err := o.check(owner); err != nil {
		return Outcome{}, err
	}
	out, back := Outcome{Order: o}, undo{Order: o}
	for _, id := range o.Duties {
		var e Entry
		ok, err := getJSON(tx, rowKey(rowName(o.Plan, id)), &e)
		if err != nil {
			return Outcome{}, err
		}
		if !ok {
			return Outcome{}, refuse("台账里没有这一项。")
		}
		after, err := Apply(e, o)
		if err != nil {
			return Outcome{}, err
		}
		out.Entries, back.Before, back.Revs = append(out.Entries, after), append(back.Before, e), append(back.Revs, after.Rev)
	}
	for _, e := range out.Entries {
		if err := put(tx, e); err != nil {
			return Outcome{}, err
		}
		if err := note(tx, o, e); err != nil {
			return Outcome{}, err
		}
	}
	if o.Verb.OfBureau() {
		if err := arrived(tx, o.By.Person, o.At); err != nil {
			return Outcome{}, err
		}
	}
	if !o.Verb.Undoable() {
		return out, nil
	}
	return out, putJSON(tx, undoKey(o.By.Person), back, undoKept)
}

// note writes the act into the audit: who, what, why.
func note(tx store.Tx, o Order, e Entry) error {
	return audit.Note(tx, audit.Entry{ID: Short(o.ID + "|" + e.ID), Who: cmp.Or(o.By.Person, "系统"), Act: "duty." + string(o.Verb), Subject: e.Ref(), Why: o.Text})
}

// Undo takes back what a person did last in the scope of a bureau, within
// [UndoWithin] and while nobody has gone on from it, in other scopes neither.
func (b *Book) Undo(ctx context.Context, bureau string, o Order) (Outcome, error) {
	o.Verb, o.Bureau = TakeBack, bureau
	var last undo
	err := b.store.View(ctx, Scope(bureau), func(tx store.Tx) error {
		_, err := getJSON(tx, undoKey(o.By.Person), &last)
		return err
	})
	if err != nil {
		return Outcome{}, err
	}
	begun, err := b.begun(ctx, last.Order.Plan, last.Order.Shares)
	if err != nil {
		return Outcome{}, err
	}
	out, err := store.Update(ctx, b.store, Scope(bureau), func(tx store.Tx) (Outcome, error) {
		return once(tx, o, func() (Outcome, error) {
			if begun {
				return Outcome{}, refuse(goneOn)
			}
			return takeBack(tx, o)
		})
	})
	if err != nil || out.Refused != "" {
		return out, err
	}
	return out, b.withdraw(ctx, out.Order)
}

// goneOn is why an act is not taken back.
const goneOn = "已经有人接着办了，不能撤销；请联系领导小组办公室更正。"

func takeBack(tx store.Tx, o Order) (Outcome, error) {
	var last undo
	ok, err := getJSON(tx, undoKey(o.By.Person), &last)
	if err != nil {
		return Outcome{}, err
	}
	if !ok || o.At.Sub(last.Order.At) > UndoWithin || o.At.Before(last.Order.At.Add(-time.Minute)) {
		return Outcome{}, refuse("十分钟内没有可以撤销的操作。")
	}
	out := Outcome{Order: o}
	for i, before := range last.Before {
		var now Entry
		if ok, err := getJSON(tx, rowKey(rowName(before.Plan, before.ID)), &now); err != nil || !ok {
			return Outcome{}, errors.Join(err, refuse("台账里没有这一项。"))
		}
		if now.Rev != last.Revs[i] {
			return Outcome{}, refuse(goneOn)
		}
		before.History = append(slices.Clone(now.History), Done{At: o.At, Verb: TakeBack, Person: o.By.Person, Bureau: o.By.Bureau, Role: "经办", Text: last.Order.Verb.String(), Order: o.ID})
		before.Rev = now.Rev + 1
		if err := errors.Join(put(tx, before), note(tx, o, before)); err != nil {
			return Outcome{}, err
		}
		out.Entries = append(out.Entries, before)
	}
	o.Text, o.Plan, o.Shares = last.Order.Verb.String(), last.Order.Plan, last.Order.Shares
	out.Order = o
	return out, tx.Del(undoKey(o.By.Person))
}

// LastAct finds the bureau in whose scope a person acted last, within
// [UndoWithin]; ok is false when in none.
func (b *Book) LastAct(ctx context.Context, person string, now time.Time) (bureau string, ok bool, err error) {
	var at time.Time
	err = b.each(ctx, func(tx store.Tx, _ string) error {
		var u undo
		found, err := getJSON(tx, undoKey(person), &u)
		if err == nil && found && now.Sub(u.Order.At) <= UndoWithin && u.Order.At.After(at) {
			at, bureau, ok = u.Order.At, u.Order.Bureau, true
		}
		return err
	})
	return bureau, ok, err
}

// Outcome finds what became of an order, in whichever scope it was carried out; ok
// is false when there was none.
func (b *Book) Outcome(ctx context.Context, id string) (out Outcome, ok bool, err error) {
	err = b.each(ctx, func(tx store.Tx, _ string) error {
		if ok {
			return nil
		}
		found, err := getJSON(tx, actKey(id), &out)
		ok = found
		return err
	})
	return out, ok, err
}

// Urge carries 催办 out and queues the text for the bureau's people, or its leader,
// in the same commit. Only a person orders it.
func (b *Book) Urge(ctx context.Context, o Order, text string, leader bool) (Outcome, error) {
	o.Verb = Urge
	owner, err := b.today(ctx, o.Bureau, o.At)
	if err != nil {
		return Outcome{}, err
	}
	return store.Update(ctx, b.store, Scope(o.Bureau), func(tx store.Tx) (Outcome, error) {
		return once(tx, o, func() (Outcome, error) {
			out, err := do(tx, o, owner)
			if err != nil {
				return Outcome{}, err
			}
			day := calendar.Of(o.At)
			d := Digest{ID: Serial("urge", o.Bureau, day, o.ID), Bureau: o.Bureau, Kind: "urge", Day: day, At: o.At, Text: text, Heads: true, Leader: leader, To: "联络员、科室负责人"}
			if leader {
				d.To = "分管领导"
			}
			for _, id := range o.Duties {
				d.Items = append(d.Items, Item{Plan: o.Plan, Duty: id, Stage: "urge", On: day})
			}
			return out, Queue(tx, d)
		})
	})
}

// Told notes when a bureau was first sent a duty.
func Told(tx store.Tx, e Entry, at time.Time) error {
	if !e.Told.IsZero() {
		return nil
	}
	e.Told = at
	return put(tx, e)
}

// each views every bureau's scope in turn.
func (b *Book) each(ctx context.Context, fn func(tx store.Tx, scope string) error) error {
	scopes, err := b.store.Scopes(ctx, "bureau")
	if err != nil {
		return err
	}
	for _, s := range scopes {
		if err := b.store.View(ctx, s, func(tx store.Tx) error { return fn(tx, s) }); err != nil {
			return err
		}
	}
	return nil
}

// Of lists the entries of one bureau, as the plan prints it, in the order of the
// measures. What entries point to is shared: it must not be changed.
func (b *Book) Of(ctx context.Context, plan, bureau string) ([]Entry, error) {
	scope := Scope(bureau)
	list, err := store.View(ctx, b.store, scope, func(tx store.Tx) ([]Entry, error) { return b.shelf.read(tx, scope) })
	return ofPlan(list, plan), err
}

// List lists the entries of all bureaus; plan "" is every plan. What entries point to
// is shared: it must not be changed.
func (b *Book) List(ctx context.Context, plan string) ([]Entry, error) {
	var lists [][]Entry
	err := b.each(ctx, func(tx store.Tx, scope string) error {
		list, err := b.shelf.read(tx, scope)
		lists = append(lists, list)
		return err
	})
	if err != nil {
		return nil, err
	}
	return ofPlan(b.shelf.join(lists), plan), nil
}

// ofPlan copies the entries of a plan, "" for all.
func ofPlan(list []Entry, plan string) []Entry {
	out := make([]Entry, 0, len(list))
	for i := range list {
		if plan == "" || list[i].Plan == plan {
			out = append(out, list[i])
		}
	}
	return out
}

// Entries lists the entries of the scope of tx.
func Entries(tx store.Tx, plan string) ([]Entry, error) {
	names, err := tx.Range(rowSet, math.Inf(-1), math.Inf(1), store.MaxRange)
	if err != nil {
		return nil, err
	}
	var keys []string
	for _, n := range names {
		if plan == "" || strings.HasPrefix(n.Name, plan+"/") {
			keys = append(keys, rowKey(n.Name))
		}
	}
	values, err := store.GetMany(tx, keys)
	if err != nil {
		return nil, err
	}
	out := make([]Entry, 0, len(keys))
	for i, data := range values {
		if data == nil {
			continue
		}
		var e Entry
		if err := json.Unmarshal(data, &e); err != nil {
			return nil, fmt.Errorf("ledger: %s is unreadable: %w", keys[i], err)
		}
		out = append(out, e)
	}
	slices.SortStableFunc(out, InOrder)
	return out, nil
}

// InOrder puts entries in the order of the measures: 1, 2, … 59, B1, …; of one
// measure who is named first stands first.
func InOrder(a, b Entry) int {
	first := func(e Entry) int {
		if e.First {
			return 0
		}
		return 1
	}
	return cmp.Or(cmp.Compare(a.Plan, b.Plan), natural(a.No, b.No), cmp.Compare(first(a), first(b)), natural(a.ID, b.ID), cmp.Compare(a.Bureau, b.Bureau))
}

// natural compares labels with their numbers as numbers; letters come last.
func natural(a, b string) int {
	letter := func(s string) int {
		if s != "" && (s[0] < '0' || s[0] > '9') {
			return 1
		}
		return 0
	}
	return cmp.Or(cmp.Compare(letter(a), letter(b)), cmp.Compare(firstNumber(a), firstNumber(b)), cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
}

func firstNumber(s string) int {
	n, in := 0, false
	for _, r := range s {
		if r < '0' || r > '9' {
			if in {
				break
			}
			continue
		}
		n, in = n*10+int(r-'0'), true
		if n > 1e6 {
			break
		}
	}
	return n
}

func put(tx store.Tx, e Entry) error {
	name := rowName(e.Plan, e.ID)
	if err := putJSON(tx, rowKey(name), e, 0); err != nil {
		return err
	}
	return errors.Join(tx.Add(rowSet, name, float64(firstNumber(e.No))), marked(tx))
}

func getJSON(tx store.Tx, key string, v any) (bool, error) {
	data, ok, err := tx.Get(key)
	if err != nil || !ok {
		return false, err
	}
	if err := json.Unmarshal(data, v); err != nil {
		return false, fmt.Errorf("ledger: %s is unreadable: %w", key, err)
	}
	return true, nil
}

func putJSON(tx store.Tx, key string, v any, ttl time.Duration) error {
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	return tx.Put(key, data, ttl)
}
