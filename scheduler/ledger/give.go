package ledger

import (
	"context"
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

// Give hands a duty over to another bureau, or splits it over several: the shares
// are entries of their own in the scopes of their bureaus. A handover takes the
// duty from the one that had it, a splitting leaves its part with it. The shares
// are made first, each once by the id of the order, so that a second run after a
// crash ends what the first began.
func (b *Book) Give(ctx context.Context, o Order, shares []Share) (Outcome, error) {
	switch {
	case !May(o.Verb, o.By.Roles) || o.Verb != Handover && o.Verb != SplitDuty:
		return Outcome{Order: o, Refused: "调整责任单位和分解任务由领导小组办公室来做。"}, nil
	case o.Text == "":
		return Outcome{Order: o, Refused: "请写明调整的原因或依据。"}, nil
	case len(o.Duties) != 1 || len(shares) == 0 || len(shares) > maxShares || o.Verb == Handover && len(shares) != 1:
		return Outcome{Order: o, Refused: fmt.Sprintf("一次调整一条任务：移交给一个单位，或分解给最多%d个单位。", maxShares)}, nil
	}
	for i, s := range shares { // all are looked at before the first is made
		if s.Bureau == "" || s.Bureau == o.Bureau {
			return Outcome{Order: o, Refused: fmt.Sprintf("第%d行：请写明另外的单位。", i+1)}, nil
		}
		if slices.ContainsFunc(shares[:i], func(x Share) bool { return x.Bureau == s.Bureau }) {
			return Outcome{Order: o, Refused: fmt.Sprintf("第%d行：%s写了两次。", i+1, s.Bureau)}, nil
		}
	}
	var from Entry
	var before Outcome
	ok, done := false, false
	err := b.store.View(ctx, Scope(o.Bureau), func(tx store.Tx) (err error) {
		if done, err = getJSON(tx, actKey(o.ID), &before); err != nil {
			return err
		}
		ok, err = getJSON(tx, rowKey(rowName(o.Plan, o.Duties[0])), &from)
		return err
	})
	switch {
	case err != nil || done:
		return before, err
	case !ok:
		return Outcome{Order: o, Refused: "台账里没有这一项。"}, nil
	case !from.Open():
		return Outcome{Order: o, Refused: fmt.Sprintf("%s%s，不用再办。", from.Label, from.State)}, nil
	}
	for _, s := range shares {
		if err := b.share(ctx, o, from, s); err != nil {
			return Outcome{}, err
		}
	}
	if o.Verb == SplitDuty {
		return b.noted(ctx, o)
	}
	return b.Do(ctx, o)
}

// share makes the entry of one share, once.
func (b *Book) share(ctx context.Context, o Order, from Entry, s Share) error {
	e := Entry{Duty: from.Duty, Plan: o.Plan, State: Waiting, ByHand: true, Moved: s.Due}
	e.Bureau, e.First = s.Bureau, from.First && o.Verb == Handover
	e.ID += "+" + Short(o.ID)
	e.Given = calendar.Of(o.At)
	if s.What != "" {
		e.What = s.What
	}
	if s.Value != nil && e.Figure != nil {
		f := *e.Figure
		f.Value = *s.Value
		e.Figure, e.Target, e.Own = &f, Number(f.Value)+f.Unit, true
	}
	e.record(o.At, o.Verb, o.Text)
	return b.store.Update(ctx, Scope(s.Bureau), func(tx store.Tx) error {
		_, done, err := tx.Get(rowKey(rowName(e.Plan, e.ID)))
		if err != nil || done {
			return err
		}
		return errors.Join(put(tx, e), note(tx, o, e))
	})
}

// noted writes a splitting into the history of the entry that was split; it stays
// with its bureau.
func (b *Book) noted(ctx context.Context, o Order) (Outcome, error) {
	return store.Update(ctx, b.store, Scope(o.Bureau), func(tx store.Tx) (Outcome, error) {
		return once(tx, o, func() (Outcome, error) {
			var e Entry
			if ok, err := getJSON(tx, rowKey(rowName(o.Plan, o.Duties[0])), &e); err != nil || !ok {
				return Outcome{}, errors.Join(err, refuse("台账里没有这一项。"))
			}
			e.History = append(e.History, Done{At: o.At, Verb: o.Verb, Person: o.By.Person, Bureau: o.By.Bureau, Role: "审核", Text: o.Text, Order: o.ID})
			e.Rev++
			return Outcome{Order: o, Entries: []Entry{e}}, errors.Join(put(tx, e), note(tx, o, e))
		})
	})
}
