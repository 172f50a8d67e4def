package ledger

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"huiwen/knowledge/calendar"
	"huiwen/knowledge/store"
)

// system is who acts when the plan changes.
const system = "系统"

// A Former says how a plan goes on with the one before: by the label of each of
// its measures, that of the measure before.
type Former struct {
	Plan     string
	Measures map[string]string // new label -> old label
}

// Merge puts the duties of a published plan against the entries of one bureau and
// returns the entries as they then are, and which of them changed. It is pure.
//
// An entry keeps its id when its place in the plan moves or its words are
// corrected. What the plan holds no more is 不再适用, and comes back with it.
func Merge(have []Entry, plan string, duties []Duty, now time.Time) (all []Entry, changed []bool) {
	all = slices.Clone(have)
	changed = make([]bool, len(all))
	taken, placed := make([]bool, len(all)), make([]bool, len(duties))
	pair := func(same func(e *Entry, d *Duty) bool) {
		for j := range duties {
			for i := range all {
				if placed[j] || taken[i] || all[i].Plan != plan || all[i].ByHand || !same(&all[i], &duties[j]) {
					continue
				}
				taken[i], placed[j] = true, true
				changed[i] = all[i].follow(duties[j], now) || changed[i]
			}
		}
	}
	sameText := func(e *Entry, d *Duty) bool { return e.No == d.No && e.What == d.What && e.Target == d.Target }
	pair(func(e *Entry, d *Duty) bool { return e.ID == d.ID && sameText(e, d) })
	pair(func(e *Entry, d *Duty) bool { return turn(e.ID) == turn(d.ID) && sameText(e, d) })
	pair(func(e *Entry, d *Duty) bool { return e.ID == d.ID })
	ids, known := map[string]bool{}, false
	for i := range all {
		known = known || all[i].Plan == plan && !all[i].ByHand
		if all[i].Plan == plan {
			ids[all[i].ID] = true
		}
		if all[i].Plan == plan && !taken[i] && !all[i].ByHand && all[i].Open() {
			all[i].State, all[i].Ended, all[i].Asked = Dropped, now, nil
			all[i].record(now, Drop, "计划已不再列这一项")
			changed[i] = true
		}
	}
	for j, d := range duties {
		if placed[j] {
			continue
		}
		d.ID = free(ids, d.ID)
		ids[d.ID] = true
		if known && !d.Recurs() {
			d.Given = calendar.Of(now)
		}
		all, changed = append(all, Entry{Duty: d, Plan: plan, State: Waiting}), append(changed, true)
	}
	return all, changed
}

// turn is the period of an id, "" for one that does not recur.
func turn(id string) string {
	_, period, _ := strings.Cut(id, "@")
	return period
}

// free is id, or the next of its measure that nobody has.
func free(ids map[string]bool, id string) string {
	no, rest, _ := strings.Cut(id, "/")
	_, period, recurs := strings.Cut(rest, "@")
	for n := 1; ids[id]; n++ {
		id = fmt.Sprintf("%s/%d", no, n)
		if recurs {
			id += "@" + period
		}
	}
	return id
}

// follow takes over what the plan now says of an entry.
func (e *Entry) follow(d Duty, now time.Time) bool {
	d.ID, d.Given = e.ID, e.Given
	changed := false
	if !sameDuty(e.Duty, d) {
		e.Duty, changed = d, true
	}
	if n := len(e.History); e.State == Dropped && n > 0 && e.History[n-1].Person == system {
		e.State, e.Ended, changed = Waiting, time.Time{}, true
		if !e.Received.IsZero() {
			e.State = Doing
		}
		e.record(now, Reopen, "计划又列入这一项")
	}
	if changed {
		e.Rev++
	}
	return changed
}

func (e *Entry) record(now time.Time, v Verb, text string) {
	e.History = append(slices.Clone(e.History), Done{At: now, Verb: v, Person: system, Role: "审核", Text: text})
	e.Rev++
}

func sameDuty(a, b Duty) bool {
	fa, fb := a.Figure, b.Figure
	a.Figure, b.Figure = nil, nil
	return a == b && (fa == nil) == (fb == nil) && (fa == nil || *fa == *fb)
}

// Continue links the entries of a plan to those of the plan before, measure by
// measure: who does it stays, the figures begin anew.
func Continue(all []Entry, plan string, f Former) []int {
	var changed []int
	for i := range all {
		e := &all[i]
		old, ok := f.Measures[e.No]
		if e.Plan != plan || e.Former != "" || !ok {
			continue
		}
		for _, was := range all {
			if was.Plan != f.Plan || was.No != old || !goesOn(was, *e) {
				continue
			}
			e.Former = rowName(was.Plan, was.ID)
			if e.Handler == "" {
				e.Handler = was.Handler
			}
			changed = append(changed, i)
			break
		}
	}
	return changed
}

// goesOn reports whether a duty is that of the year before: of the same measure
// and kind, and counting the same.
func goesOn(was, now Entry) bool {
	switch {
	case was.Kind != now.Kind || (was.Figure == nil) != (now.Figure == nil):
		return false
	case now.Figure != nil:
		return was.Figure.Unit == now.Figure.Unit && was.Figure.What == now.Figure.What
	}
	return true
}

// Sync keeps the entries of a bureau in step with the published plan and returns
// them. It writes only what changed.
func Sync(tx store.Tx, plan string, duties []Duty, f Former) ([]Entry, error) {
	have, err := Entries(tx, "")
	if err != nil {
		return nil, err
	}
	all, changed := Merge(have, plan, duties, tx.Now())
	for _, i := range Continue(all, plan, f) {
		changed[i] = true
	}
	for i, e := range all {
		if changed[i] {
			if err := put(tx, e); err != nil {
				return nil, err
			}
		}
	}
	slices.SortStableFunc(all, InOrder)
	return all, nil
}

// Add makes an entry that the plan does not hold: a part of a split duty, one that
// another bureau gave up.
func Add(tx store.Tx, e Entry) error {
	e.ByHand = true
	return put(tx, e)
}
