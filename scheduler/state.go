package scheduler

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"huiwen/knowledge/audit"
	"huiwen/knowledge/calendar"
	"huiwen/knowledge/directory"
	"huiwen/knowledge/store"
	"huiwen/scheduler/ledger"
)

// What the scheduler keeps in the scope sys:
//
//	["scheduler/armed"]     => an [Arming]
//	["scheduler/hold"]      => a [Hold], while nothing is sent
//	["scheduler/mark"]      => a mark: how far the days were worked off
//	["scheduler/lease"]     => who ticks now
//	["scheduler/pause/" id] => a [Pause]; the set scheduler/pauses of the ids
//	["scheduler/day/" day "/" account] => how many notices the person was sent, 2 days
const (
	sysScope  = "sys"
	armedKey  = "scheduler/armed"
	holdKey   = "scheduler/hold"
	markKey   = "scheduler/mark"
	leaseKey  = "scheduler/lease"
	pauseSet  = "scheduler/pauses"
	maxPauses = 1000
)

// An Arming says that the office lets a plan be reminded of.
type Arming struct {
	Plan  string       `json:"plan"` // [ledger.PlanKey]
	Day   calendar.Day `json:"day"`
	By    string       `json:"by"`
	Why   string       `json:"why,omitempty"`
	At    time.Time    `json:"at"`
	Trial bool         `json:"trial,omitempty"` // everything goes to the office alone
	// Former carries the measures of the plan before over, by label.
	FormerPlan string            `json:"former_plan,omitempty"`
	Former     map[string]string `json:"former,omitempty"`
}

// A Hold stops all digests until the office has seen the list and released it.
type Hold struct {
	Reason string       `json:"reason"` // in words
	Kind   string       `json:"kind"`   // armed, behind, clock, flood, restored
	At     time.Time    `json:"at"`
	From   calendar.Day `json:"from"` // what fell due since then is on the list
	Count  int          `json:"count,omitempty"`
}

// stops reports whether what is queued already waits too.
func (h *Hold) stops() bool { return h != nil && (h.Kind == "clock" || h.Kind == "restored") }

// mark is how far the days were worked off.
type mark struct {
	At      time.Time    `json:"at"`      // of the last completed tick
	Through time.Time    `json:"through"` // slots up to then are done
	Day     calendar.Day `json:"day,omitzero"`
	Today   int          `json:"today"`         // notices of that day
	Usual   []int        `json:"usual"`         // notices of the last days that had any
	Tok     int64        `json:"tok,omitempty"` // the fencing token of the last tick
}

// A Pause (暂停提醒) silences a bureau, one measure of it, or all: with who, why and
// until when. What falls due meanwhile is told when it ends.
type Pause struct {
	ID     string       `json:"id"`
	Bureau string       `json:"bureau"` // "" for all
	No     string       `json:"no"`     // "" for all of the bureau
	By     string       `json:"by"`
	Why    string       `json:"why"`
	Until  calendar.Day `json:"until"` // the last day of silence
	At     time.Time    `json:"at"`
}

func (p Pause) covers(bureau, no string, day calendar.Day) bool {
	return !day.After(p.Until.Time) && (p.Bureau == "" || p.Bureau == bureau) && (p.No == "" || p.No == no)
}

// maxPause bounds a silence in days.
const maxPause = 92

// PutPause keeps a pause.
func PutPause(tx store.Tx, p Pause) error {
	switch {
	case p.ID == "" || p.By == "":
		return errors.New("scheduler: a pause without id or author")
	case p.Why == "":
		return ledger.Refusal("暂停提醒要写明原因。")
	case p.Until.IsZero() || p.Until.Sub(p.At) > maxPause*24*time.Hour:
		return ledger.Refusal(fmt.Sprintf("暂停提醒要写明到哪天为止，最长 %d 天。", maxPause))
	}
	if err := putJSON(tx, "scheduler/pause/"+p.ID, p); err != nil {
		return err
	}
	if err := audit.Note(tx, audit.Entry{ID: "pause|" + p.ID, Who: p.By, Act: "remind.pause", Subject: p.Bureau + p.No, Why: p.Why}); err != nil {
		return err
	}
	return tx.Add(pauseSet, p.ID, float64(p.Until.Unix()))
}

// EndPause ends a pause before its day.
func EndPause(tx store.Tx, id, by string) error {
	if err := audit.Note(tx, audit.Entry{Who: by, Act: "remind.resume", Subject: id}); err != nil {
		return err
	}
	return errors.Join(tx.Rem(pauseSet, id), tx.Del("scheduler/pause/"+id))
}

// Pauses lists what is paused on a day.
func Pauses(tx store.Tx, day calendar.Day) ([]Pause, error) {
	ids, err := tx.Range(pauseSet, float64(day.Unix()), math.Inf(1), maxPauses)
	if err != nil {
		return nil, err
	}
	var out []Pause
	for _, id := range ids {
		var p Pause
		if ok, err := getJSON(tx, "scheduler/pause/"+id.Name, &p); err != nil {
			return nil, err
		} else if ok {
			out = append(out, p)
		}
	}
	return out, nil
}

// state is what a tick reads of sys.
type state struct {
	armed    *Arming
	hold     *Hold
	mark     mark
	marked   bool
	pauses   []Pause
	calendar *calendar.Calendar
	people   *directory.Directory
}

func (s *state) paused(bureau, no string, day calendar.Day) bool {
	for _, p := range s.pauses {
		if p.covers(bureau, no, day) {
			return true
		}
	}
	return false
}

func (s *Service) load(tx store.Tx, now time.Time) (st state, err error) {
	var a Arming
	if ok, err := getJSON(tx, armedKey, &a); err != nil {
		return st, err
	} else if ok {
		st.armed = &a
	}
	var h Hold
	if ok, err := getJSON(tx, holdKey, &h); err != nil {
		return st, err
	} else if ok {
		st.hold = &h
	}
	if st.marked, err = getJSON(tx, markKey, &st.mark); err != nil {
		return st, err
	}
	if st.pauses, err = Pauses(tx, calendar.Of(now)); err != nil {
		return st, err
	}
	if st.calendar, err = calendar.Kept(tx, s.Calendar); err != nil {
		return st, err
	}
	people, ok, err := directory.Load(tx)
	if err != nil {
		return st, err
	}
	if st.people = people; !ok {
		st.people = s.Directory
	}
	return st, nil
}

func getJSON(tx store.Tx, key string, v any) (bool, error) {
	data, ok, err := tx.Get(key)
	if err != nil || !ok {
		return false, err
	}
	if err := json.Unmarshal(data, v); err != nil {
		return false, fmt.Errorf("scheduler: %s is unreadable: %w", key, err)
	}
	return true, nil
}

func putJSON(tx store.Tx, key string, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("scheduler: %w", err)
	}
	return tx.Put(key, data, 0)
}
