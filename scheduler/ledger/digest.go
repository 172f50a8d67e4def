package ledger

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"math"
	"slices"
	"time"

	"huiwen/bot"
	"huiwen/knowledge/calendar"
	"huiwen/knowledge/store"
)

// A Delivered says how far a notice got to one person.
type Delivered string

// The states of a delivery.
const (
	Queued    Delivered = "queued"
	Sending   Delivered = "sending"
	Sent      Delivered = "sent"
	Uncertain Delivered = "uncertain" // the platform's answer was lost
	Arrived   Delivered = "delivered" // the person acted on it
	Failed    Delivered = "failed"
)

// Over reports whether nothing more is tried.
func (d Delivered) Over() bool { return d == Sent || d == Arrived || d == Failed }

var deliveredNames = map[Delivered]string{Queued: "待发", Sending: "正在发", Sent: "已发", Uncertain: "结果不明", Arrived: "已收到", Failed: "未送达"}

// String is the state as people read it.
func (d Delivered) String() string { return deliveredNames[d] }

// A Way is a channel and who is reached by it there.
type Way struct {
	Channel string `json:"channel"`
	To      string `json:"to"`
}

// A Delivery is a notice on its way to one person, or to a group by its robot.
type Delivery struct {
	Name     string    `json:"name"` // "" for a robot
	Leader   bool      `json:"leader,omitempty"`
	Ways     []Way     `json:"ways"` // the first that works
	At       int       `json:"at"`   // which way is tried
	State    Delivered `json:"state"`
	Attempts int       `json:"attempts"` // all in all
	Unsure   int       `json:"unsure"`   // attempts whose answer was lost
	Tries    int       `json:"tries"`    // by this way
	Next     time.Time `json:"next"`
	Waits    time.Time `json:"waits,omitzero"` // since when this way asks to come again
	Done     time.Time `json:"done,omitzero"`
	Reason   string    `json:"reason,omitempty"`
}

// An Item is one duty in a digest.
type Item struct {
	Key   string       `json:"key"`
	Plan  string       `json:"plan"`
	Duty  string       `json:"duty"`
	Stage string       `json:"stage"`
	On    calendar.Day `json:"on"`
	Due   calendar.Day `json:"due,omitzero"` // the day in force when it was worked out
}

// A Digest is what one bureau is sent at once. Its JSON is kept.
type Digest struct {
	ID     string       `json:"id"` // the serial that people read
	Bureau string       `json:"bureau"`
	Kind   string       `json:"kind"` // digest, urge, bundle
	Day    calendar.Day `json:"day"`
	At     time.Time    `json:"at"` // not before
	Items  []Item       `json:"items,omitempty"`
	Text   string       `json:"text,omitempty"` // of what a person wrote: urging
	// Sections are what a bundle for the office is made of.
	Sections []Section     `json:"sections,omitempty"`
	Heads    bool          `json:"heads,omitempty"`  // to the 科室负责人 too
	Leader   bool          `json:"leader,omitempty"` // to the 分管领导, by hand only
	Office   bool          `json:"office,omitempty"` // by way of the office's bundle
	Trial    bool          `json:"trial,omitempty"`
	To       string        `json:"to"` // in words
	Frozen   *bot.Rendered `json:"frozen,omitempty"`
	// Deliveries are set when the text is frozen.
	Deliveries []Delivery `json:"deliveries,omitempty"`
	Ended      time.Time  `json:"ended,omitzero"`
	Note       string     `json:"note,omitempty"` // why it ended otherwise
	Token      string     `json:"token,omitempty"`
	Held       time.Time  `json:"held,omitzero"` // until when one sender has it
}

// A Section is a digest that reaches the office instead of its bureau.
type Section struct {
	From   string `json:"from"` // id of the digest
	Bureau string `json:"bureau"`
	Why    string `json:"why"`
	Text   string `json:"text"`
}

const (
	outSet    = "out"
	digestSet = "digests"
	waitSet   = "wait"
)

func digestKey(id string) string  { return "digest/" + id }
func noticeKey(key string) string { return "notice/" + Short(key) }
func waitKey(key string) string   { return "wait/" + Short(key) }

// A Slot is what is remembered of the digests of a bureau: the weekly cap and the
// one digest a day rest on it.
type Slot struct {
	Last   calendar.Day `json:"last,omitzero"` // day of the last digest
	Digest string       `json:"digest,omitempty"`
}

func slotKey(trial bool) string {
	if trial {
		return "slot/trial"
	}
	return "slot"
}

// LoadSlot reads the slot of the scope of tx.
func LoadSlot(tx store.Tx, trial bool) (s Slot, err error) {
	_, err = getJSON(tx, slotKey(trial), &s)
	return s, err
}

// Noticed reports whether a notice was dealt with, and how: the digest it is in,
// or the reason why in none.
func Noticed(tx store.Tx, key string) (how string, ok bool, err error) {
	data, ok, err := tx.Get(noticeKey(key))
	return string(data), ok, err
}

// Record keeps how a notice was dealt with.
func Record(tx store.Tx, key, how string) error {
	return errors.Join(tx.Put(noticeKey(key), []byte(how), 0), tx.Del(waitKey(key)), tx.Rem(waitSet, Short(key)))
}

// Wait keeps a notice for a later digest.
func Wait(tx store.Tx, i Item) error {
	return errors.Join(putJSON(tx, waitKey(i.Key), i, 0), tx.Add(waitSet, Short(i.Key), float64(i.On.Unix())))
}

// Unwait drops what waits: it holds no more.
func Unwait(tx store.Tx, key string) error {
	return errors.Join(tx.Del(waitKey(key)), tx.Rem(waitSet, Short(key)))
}

// Forget lets a notice that was dropped before it was sent be worked out again.
func Forget(tx store.Tx, key string) error { return tx.Del(noticeKey(key)) }

// WaitingItems lists what waits, oldest first.
func WaitingItems(tx store.Tx) ([]Item, error) {
	names, err := tx.Range(waitSet, math.Inf(-1), math.Inf(1), store.MaxRange)
	if err != nil {
		return nil, err
	}
	var out []Item
	for _, n := range names {
		var i Item
		ok, err := getJSON(tx, "wait/"+n.Name, &i)
		if err != nil {
			return nil, err
		}
		if ok {
			out = append(out, i)
		}
	}
	return out, nil
}

// Serial makes the id of a digest from what it is for: the same on every try.
func Serial(kind, bureau string, day calendar.Day, n string) string {
	sum := sha256.Sum256([]byte(kind + "|" + bureau + "|" + day.String() + "|" + n))
	return day.Format("060102") + "-" + base32.StdEncoding.EncodeToString(sum[:4])[:6]
}

// Queue puts a digest into the outbox of its bureau, with the notices it answers
// for. A digest that stands there already and is not frozen takes the items in.
func Queue(tx store.Tx, d Digest) error {
	var old Digest
	ok, err := getJSON(tx, digestKey(d.ID), &old)
	switch {
	case err != nil:
		return err
	case ok && old.Frozen == nil && old.Ended.IsZero():
		old.Items = append(old.Items, d.Items...)
		old.Sections = append(old.Sections, d.Sections...)
		old.Heads = old.Heads || d.Heads
		d = old
	case ok:
		return errors.New("ledger: digest " + d.ID + " has been sent already")
	}
	for _, i := range d.Items {
		if i.Key != "" {
			if err := Record(tx, i.Key, d.ID); err != nil {
				return err
			}
		}
	}
	if d.Kind == "digest" {
		if err := putJSON(tx, slotKey(d.Trial), Slot{Last: d.Day, Digest: d.ID}, 0); err != nil {
			return err
		}
	}
	return errors.Join(keep(tx, d), tx.Add(digestSet, d.ID, float64(d.At.Unix())), tx.Add(outSet, d.ID, float64(d.At.UnixMilli())))
}

func keep(tx store.Tx, d Digest) error { return putJSON(tx, digestKey(d.ID), d, 0) }

// LoadDigest reads a digest of the scope of tx.
func LoadDigest(tx store.Tx, id string) (d Digest, ok bool, err error) {
	ok, err = getJSON(tx, digestKey(id), &d)
	return d, ok, err
}

// A Parcel is a delivery that one sender has for a while.
type Parcel struct {
	Scope  string
	Digest Digest
	Index  int // of the delivery; -1 when the digest goes to the office's bundle
}

// Delivery is the one of the parcel.
func (p *Parcel) Delivery() *Delivery { return &p.Digest.Deliveries[p.Index] }

// Way is how it is tried.
func (p *Parcel) Way() Way { d := p.Delivery(); return d.Ways[d.At] }

// Take gives one sender a delivery that may be sent now, for hold. On the first
// taking prepare looks at the digest again: it drops what is settled, sets text
// and deliveries, or ends it with a note. The attempt is counted before it is
// made. Later says until when a digest must wait at this hour, zero for not at all.
// ok is false when nothing is due.
func Take(ctx context.Context, s store.Store, scope string, now time.Time, hold time.Duration, later func(*Digest) time.Time, prepare func(tx store.Tx, d *Digest) error) (p Parcel, ok bool, err error) {
	var due []store.Member
	err = s.View(ctx, scope, func(tx store.Tx) (err error) {
		due, err = tx.Range(outSet, math.Inf(-1), float64(now.UnixMilli()), 20)
		return err
	})
	if err != nil || len(due) == 0 {
		return Parcel{}, false, err
	}
	p, err = store.Update(ctx, s, scope, func(tx store.Tx) (Parcel, error) {
		for _, m := range due {
			p, err := take(tx, m.Name, scope, now, hold, later, prepare)
			if err != nil || p.Scope != "" {
				return p, err
			}
		}
		return Parcel{}, nil
	})
	return p, p.Scope != "", err
}

func take(tx store.Tx, id, scope string, now time.Time, hold time.Duration, later func(*Digest) time.Time, prepare func(store.Tx, *Digest) error) (Parcel, error) {
	d, ok, err := LoadDigest(tx, id)
	if err != nil {
		return Parcel{}, err
	}
	if !ok || !d.Ended.IsZero() {
		return Parcel{}, tx.Rem(outSet, id)
	}
	if d.Held.After(tx.Now()) {
		return Parcel{}, nil
	}
	if at := later(&d); at.After(now) {
		return Parcel{}, tx.Add(outSet, id, float64(at.UnixMilli()))
	}
	if d.Frozen == nil {
		if err := prepare(tx, &d); err != nil {
			return Parcel{}, err
		}
		if !d.Ended.IsZero() {
			return Parcel{}, errors.Join(keep(tx, d), tx.Rem(outSet, id))
		}
		if d.Frozen == nil { // not yet
			return Parcel{}, errors.Join(keep(tx, d), tx.Add(outSet, id, float64(d.At.UnixMilli())))
		}
	}
	p := Parcel{Scope: scope, Index: -1}
	if !d.Office {
		p.Index = slices.IndexFunc(d.Deliveries, func(x Delivery) bool { return !x.State.Over() && !x.Next.After(now) })
		if p.Index < 0 {
			return Parcel{}, errors.Join(keep(tx, d), tx.Add(outSet, id, float64(d.next(now).UnixMilli())))
		}
		x := &d.Deliveries[p.Index]
		if x.State == Sending { // the sender did not come back
			x.State, x.Unsure = Uncertain, x.Unsure+1
			if x.Leader {
				x.State, x.Reason, x.Done = Failed, "结果不明，请办公室人工核实", now
				d.settle(now)
				return Parcel{}, errors.Join(keep(tx, d), outAgain(tx, d, now))
			}
		}
		x.State, x.Attempts, x.Tries = Sending, x.Attempts+1, x.Tries+1
	}
	d.Token, d.Held = rand.Text(), tx.Now().Add(hold)
	p.Digest = d
	return p, errors.Join(keep(tx, d), tx.Add(outSet, id, float64(now.UnixMilli())))
}

// next is when any delivery may be tried again; what nobody got goes to the office
// at once.
func (d *Digest) next(now time.Time) time.Time {
	if d.Office {
		return now
	}
	at := now.Add(time.Hour)
	for _, x := range d.Deliveries {
		if !x.State.Over() && x.Next.Before(at) {
			at = x.Next
		}
	}
	return at
}

// settle ends a digest all of whose deliveries are over.
func (d *Digest) settle(now time.Time) {
	if !slices.ContainsFunc(d.Deliveries, func(x Delivery) bool { return !x.State.Over() }) {
		d.Ended = now
	}
}

func outAgain(tx store.Tx, d Digest, now time.Time) error {
	if !d.Ended.IsZero() {
		return tx.Rem(outSet, d.ID)
	}
	return tx.Add(outSet, d.ID, float64(d.next(now).UnixMilli()))
}

// ErrLost marks a settling by a sender whose hold is over: another has it.
var ErrLost = errors.New("ledger: another sender has the notice")

// Settle ends the sender's hold; set changes the digest as it is now.
func Settle(ctx context.Context, s store.Store, p Parcel, now time.Time, set func(d *Digest)) (Digest, error) {
	return store.Update(ctx, s, p.Scope, func(tx store.Tx) (Digest, error) {
		d, ok, err := LoadDigest(tx, p.Digest.ID)
		if err != nil {
			return Digest{}, err
		}
		if !ok || d.Token != p.Digest.Token {
			return Digest{}, ErrLost
		}
		d.Token, d.Held = "", time.Time{}
		set(&d)
		if d.Ended.IsZero() && !d.Office {
			d.settle(now)
		}
		return d, errors.Join(keep(tx, d), outAgain(tx, d, now))
	})
}

// EndQueued ends all that waits to be sent, with a note.
func EndQueued(tx store.Tx, now time.Time, note string) error {
	names, err := tx.Range(outSet, math.Inf(-1), math.Inf(1), store.MaxRange)
	if err != nil {
		return err
	}
	for _, n := range names {
		d, ok, err := LoadDigest(tx, n.Name)
		if err != nil {
			return err
		}
		if d.Ended, d.Note = now, note; ok {
			if err := keep(tx, d); err != nil {
				return err
			}
		}
		if err := tx.Rem(outSet, n.Name); err != nil {
			return err
		}
	}
	return nil
}

// DigestsOf lists the digests of the scope of tx between two instants.
func DigestsOf(tx store.Tx, from, to time.Time) ([]Digest, error) {
	names, err := tx.Range(digestSet, float64(from.Unix()), float64(to.Unix()), store.MaxRange)
	if err != nil {
		return nil, err
	}
	var out []Digest
	for _, n := range names {
		d, ok, err := LoadDigest(tx, n.Name)
		if err != nil {
			return nil, err
		}
		if ok {
			out = append(out, d)
		}
	}
	return out, nil
}

// Digests lists what was sent to all bureaus between two instants, oldest first.
func (b *Book) Digests(ctx context.Context, from, to time.Time) ([]Digest, error) {
	var out []Digest
	err := b.each(ctx, func(tx store.Tx, _ string) error {
		list, err := DigestsOf(tx, from, to)
		out = append(out, list...)
		return err
	})
	slices.SortStableFunc(out, func(a, b Digest) int { return a.At.Compare(b.At) })
	return out, err
}

// arrived notes that a person acted on the last digest: it reached him.
func arrived(tx store.Tx, person string, now time.Time) error {
	slot, err := LoadSlot(tx, false)
	if err != nil || slot.Digest == "" || person == "" {
		return err
	}
	d, ok, err := LoadDigest(tx, slot.Digest)
	if err != nil || !ok {
		return err
	}
	for i := range d.Deliveries {
		if x := &d.Deliveries[i]; x.Name == person && (x.State == Sent || x.State == Uncertain) {
			x.State, x.Done = Arrived, now
			d.settle(now)
			return errors.Join(keep(tx, d), outAgain(tx, d, now))
		}
	}
	return nil
}
