package ledger

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"huiwen/knowledge/calendar"
	"huiwen/knowledge/store"
)

// A Share is what one body gets of a duty that the office hands over or splits: a
// line of a 分解表.
type Share struct {
	Bureau string
	What   string       // "" keeps the words of the plan
	Value  *float64     // of the figure, nil for none of its own
	Due    calendar.Day // zero keeps the day
	Who    string       // in the body, "" where it decides itself
}

// A Given is an entry that an order made: where it stands.
type Given struct {
	Bureau string `json:"bureau"`
	ID     string `json:"id"`
}

// maxShares bounds the lines of one splitting.
const maxShares = 500

// maxShareRunes bounds a line of a 分解表.
const maxShareRunes = 500

// ParseShares reads a 分解表 as people write it or copy it from a table: a line a
// bureau, then what it does, the figure and the day, parted by tabs or ｜, each of
// the last three may be empty. bureau finds the name that the directory has. The
// error is a [Refusal] that names the line.
func ParseShares(text string, bureau func(name string) (string, bool)) ([]Share, error) {
	var out []Share
	n := 0
	for line := range strings.Lines(text) {
		n++
		if strings.TrimSpace(line) == "" {
			continue
		}
		s, err := parseShare(line, bureau)
		if err != nil {
			return nil, refuse("第%d行：%s", n, err.Error())
		}
		out = append(out, s)
	}
	if len(out) == 0 {
		return nil, refuse("请写明分给哪些单位，一行一个。")
	}
	return out, nil
}

func parseShare(line string, bureau func(name string) (string, bool)) (Share, error) {
	if len([]rune(line)) > maxShareRunes {
		return Share{}, refuse("太长了，最多%d个字。", maxShareRunes)
	}
	cells := strings.Split(strings.NewReplacer("｜", "\t", "|", "\t").Replace(line), "\t")
	for len(cells) < 4 {
		cells = append(cells, "")
	}
	for i := range cells {
		cells[i] = strings.TrimSpace(cells[i])
	}
	if strings.Join(cells[4:], "") != "" {
		return Share{}, refuse("多出了一栏；一行依次是单位、任务、目标数、日期。")
	}
	name, ok := bureau(cells[0])
	if !ok {
		return Share{}, refuse("通讯录里没有“%s”这个单位。", cells[0])
	}
	s := Share{Bureau: name, What: cells[1]}
	if cells[2] != "" {
		v, err := strconv.ParseFloat(strings.ReplaceAll(cells[2], ",", ""), 64)
		if err != nil || math.IsNaN(v) || math.IsInf(v, 0) || v < 0 {
			return Share{}, refuse("目标数“%s”不是数字；没有就空着。", cells[2])
		}
		s.Value = &v
	}
	if cells[3] != "" {
		day, err := calendar.Parse(cells[3])
		if err != nil {
			return Share{}, refuse("日期“%s”要写成 2026-06-30 这样；没有就空着。", cells[3])
		}
		s.Due = day
	}
	return s, nil
}

// Give hands duties over to another bureau, or splits one over several: the shares
// are entries of their own in the scopes of their bureaus. A handover takes the
// duties from the one that had them, a splitting leaves its part with it. The shares
// are made first, each once by the id of the order, so that a second run after a
// crash ends what the first began.
func (b *Book) Give(ctx context.Context, o Order, shares []Share) (Outcome, error) {
	no := func(format string, args ...any) (Outcome, error) {
		return Outcome{Order: o, Refused: fmt.Sprintf(format, args...)}, nil
	}
	switch {
	case !May(o.Verb, o.By.Roles) || o.Verb != Handover && o.Verb != SplitDuty:
		return no("调整责任单位和分解任务由领导小组办公室来做。")
	case o.Text == "":
		return no("请写明调整的原因或依据。")
	case len(o.Duties) == 0 || len(shares) == 0 || len(shares)*len(o.Duties) > maxShares || o.Verb == Handover && len(shares) != 1:
		return no("移交给一个单位，或分解给几个单位，一次最多%d条。", maxShares)
	}
	for i, s := range shares {
		if s.Bureau == "" || s.Bureau == o.Bureau {
			return no("第%d行：请写明另外的单位。", i+1)
		}
		if slices.ContainsFunc(shares[:i], func(x Share) bool { return x.Bureau == s.Bureau }) {
			return no("第%d行：%s写了两次。", i+1, s.Bureau)
		}
		if s.Value != nil && len(o.Duties) > 1 {
			return no("第%d行：几条任务一起分解时不能写数量，请逐条分解。", i+1)
		}
	}
	from, done, err := b.given(ctx, o)
	if err != nil || done.Order.ID != "" {
		return done, err
	}
	if len(from) < len(o.Duties) {
		return no("台账里没有这一项。")
	}
	for _, e := range from { // nothing is given of what is over
		var refused Refusal
		if _, err := Apply(e, o); errors.As(err, &refused) {
			return no("%s", refused)
		} else if err != nil {
			return Outcome{}, err
		}
	}
	o.Shares = nil
	for _, e := range from {
		for _, s := range shares {
			x := o.shareOf(e, s)
			if err := b.share(ctx, o, x); err != nil {
				return Outcome{}, err
			}
			o.Shares = append(o.Shares, Given{x.Bureau, x.ID})
		}
	}
	return b.Do(ctx, o)
}

// given reads the duties of an order, or the outcome that it had.
func (b *Book) given(ctx context.Context, o Order) (from []Entry, done Outcome, err error) {
	err = b.store.View(ctx, Scope(o.Bureau), func(tx store.Tx) error {
		from = nil
		if ok, err := getJSON(tx, actKey(o.ID), &done); err != nil || ok {
			return err
		}
		for _, id := range o.Duties {
			var e Entry
			ok, err := getJSON(tx, rowKey(rowName(o.Plan, id)), &e)
			if err != nil {
				return err
			}
			if ok {
				from = append(from, e)
			}
		}
		return nil
	})
	return from, done, err
}

// shareOf is the entry of a share of a duty. Its id tells the order.
func (o Order) shareOf(from Entry, s Share) Entry {
	e := Entry{Duty: from.Duty, Plan: o.Plan, State: Waiting, ByHand: true, Moved: s.Due, Handler: s.Who}
	if s.Due.IsZero() {
		e.Moved = from.Moved
	}
	e.Bureau, e.First, e.Own = s.Bureau, from.First && o.Verb == Handover, from.Own && o.Verb == Handover
	e.ID += "+" + o.mark()
	e.Given = calendar.Of(o.At)
	if s.What != "" {
		e.What = s.What
	}
	if s.Value != nil && e.Figure != nil {
		f := *e.Figure
		f.Value = *s.Value
		e.Figure, e.Target, e.Own = &f, Number(f.Value)+f.Unit, true
	}
	e.History = []Done{{At: o.At, Verb: o.Verb, Person: o.By.Person, Bureau: o.By.Bureau, Role: "审核", Text: o.Text, Order: o.ID}}
	e.Rev = 1
	return e
}

// mark is the order in the id of what it made.
func (o Order) mark() string {
	sum := sha256.Sum256([]byte(o.ID))
	return strings.ToLower(base32.StdEncoding.EncodeToString(sum[:5]))
}

// share writes the entry of one share, once.
func (b *Book) share(ctx context.Context, o Order, e Entry) error {
	return b.store.Update(ctx, Scope(e.Bureau), func(tx store.Tx) error {
		_, done, err := tx.Get(rowKey(rowName(e.Plan, e.ID)))
		if err != nil || done {
			return err
		}
		return errors.Join(put(tx, e), note(tx, o, e))
	})
}

// begun reports whether a body has gone on with what it was given: then it is not
// taken back.
func (b *Book) begun(ctx context.Context, plan string, list []Given) (bool, error) {
	for _, g := range list {
		e, ok, err := b.one(ctx, plan, g)
		if err != nil {
			return false, err
		}
		if ok && (e.Rev > 1 || e.State != Waiting) {
			return true, nil
		}
	}
	return false, nil
}

func (b *Book) one(ctx context.Context, plan string, g Given) (e Entry, ok bool, err error) {
	err = b.store.View(ctx, Scope(g.Bureau), func(tx store.Tx) error {
		ok, err = getJSON(tx, rowKey(rowName(plan, g.ID)), &e)
		return err
	})
	return e, ok, err
}

// withdraw drops what an order gave that was taken back, each once.
func (b *Book) withdraw(ctx context.Context, o Order) error {
	for _, g := range o.Shares {
		err := b.store.Update(ctx, Scope(g.Bureau), func(tx store.Tx) error {
			var e Entry
			ok, err := getJSON(tx, rowKey(rowName(o.Plan, g.ID)), &e)
			if err != nil || !ok || e.State == Dropped {
				return err
			}
			e.State, e.Ended, e.Asked = Dropped, o.At, nil
			e.History = append(e.History, Done{At: o.At, Verb: TakeBack, Person: o.By.Person, Bureau: o.By.Bureau, Role: "审核", Text: o.Text, Order: o.ID})
			e.Rev++
			return errors.Join(put(tx, e), note(tx, o, e))
		})
		if err != nil {
			return fmt.Errorf("take back from %s: %w", g.Bureau, err)
		}
	}
	return nil
}

// Handed reports whether the entry was given up with the office's leave and waits
// for its new bureau.
func (e *Entry) Handed() bool {
	n := len(e.History) - 1
	for n > 0 && e.History[n].Verb == TakeBack { // with what it took back
		n -= 2
	}
	return e.State == Dropped && n >= 0 && e.History[n].Verb == Grant
}
