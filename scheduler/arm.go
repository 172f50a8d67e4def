package scheduler

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"huiwen/knowledge/audit"
	"huiwen/knowledge/calendar"
	"huiwen/knowledge/store"
	"huiwen/scheduler/ledger"
)

// Errors a caller may test for.
var (
	// ErrNotArmed says that no plan is armed.
	ErrNotArmed = errors.New("还没有启用提醒：先预演（remind preview），再由办公室启用（plan arm）")
	// ErrNoHold says that nothing is held.
	ErrNoHold = errors.New("没有扣住的提醒")
	// ErrNoPlan says that the armed plan is not the published one.
	ErrNoPlan = errors.New("没有已发布的计划")
)

// Arm lets a published plan be reminded of from a day on: the one named, else that
// in force on the day. Nothing is sent until
// the office has seen the list and released it.
func (s *Service) Arm(ctx context.Context, a Arming) error {
	snap := s.Snapshot()
	if snap == nil {
		return ErrNoPlan
	}
	if a.By == "" || a.Day.IsZero() {
		return errors.New("启用提醒要写明经办人和从哪天起")
	}
	if a.Plan == "" {
		a.Plan = ledger.PlanKey(snap.On(a.Day.String()).Plan)
	}
	if planNamed(snap, a.Plan) == nil {
		return fmt.Errorf("%w：%s 年的", ErrNoPlan, a.Plan)
	}
	return s.Store.Update(ctx, sysScope, func(tx store.Tx) error {
		hold := Hold{Reason: "刚启用，等办公室放行", Kind: "armed", At: a.At, From: a.Day}
		if err := audit.Note(tx, audit.Entry{ID: "arm|" + a.Plan + "|" + a.At.String(), Who: a.By, Act: "remind.arm", Subject: a.Plan + " " + a.Day.String() + " " + snap.Version, Why: a.Why}); err != nil {
			return err
		}
		return errors.Join(putJSON(tx, armedKey, a), putJSON(tx, holdKey, hold), tx.Del(markKey))
	})
}

// Disarm ends all reminding; the ledger stays.
func (s *Service) Disarm(ctx context.Context, by, why string) error {
	return s.Store.Update(ctx, sysScope, func(tx store.Tx) error {
		if err := audit.Note(tx, audit.Entry{Who: by, Act: "remind.disarm", Subject: "plan", Why: why}); err != nil {
			return err
		}
		return errors.Join(tx.Del(armedKey), tx.Del(holdKey))
	})
}

// Restored holds everything after a backup was read in, and ends what was queued in
// it: it may have been sent since. What else fell due since is on the list.
func Restored(ctx context.Context, s store.Store, now time.Time) error {
	err := s.Update(ctx, sysScope, func(tx store.Tx) error {
		var a Arming
		if ok, err := getJSON(tx, armedKey, &a); err != nil || !ok {
			return err
		}
		var m mark
		if _, err := getJSON(tx, markKey, &m); err != nil {
			return err
		}
		h := Hold{Reason: "刚从备份恢复，备份之后可能已经发过", Kind: "restored", At: now, From: calendar.Of(now)}
		if !m.At.IsZero() && m.At.Before(now) {
			h.From = calendar.Of(m.At)
		}
		return errors.Join(tx.Del(leaseKey), putJSON(tx, holdKey, h))
	})
	if err != nil {
		return err
	}
	scopes, err := s.Scopes(ctx, "bureau")
	for _, scope := range scopes {
		err = errors.Join(err, s.Update(ctx, scope, func(tx store.Tx) error {
			return ledger.EndQueued(tx, now, "从备份恢复：可能已经发过，不再发")
		}))
	}
	return err
}

// A Status is how reminding stands.
type Status struct {
	Armed  *Arming
	Hold   *Hold
	Pauses []Pause
	Marked time.Time // when the days were last worked off
}

// Status tells how reminding stands.
func (s *Service) Status(ctx context.Context, now time.Time) (Status, error) {
	return store.View(ctx, s.Store, sysScope, func(tx store.Tx) (Status, error) {
		st, err := s.load(tx, now)
		return Status{st.armed, st.hold, st.pauses, st.mark.At}, err
	})
}

// Held lists what would be sent if the hold were released now.
func (s *Service) Held(ctx context.Context, now time.Time) ([]Digest, error) {
	r, _, err := s.heldRound(ctx, now)
	if err != nil {
		return nil, err
	}
	var out []Digest
	for _, b := range r.names {
		list, err := store.View(ctx, s.Store, ledger.Scope(b), func(tx store.Tx) ([]Notice, error) {
			have, err := ledger.Entries(tx, "")
			if err != nil {
				return nil, err
			}
			all, _ := ledger.Merge(have, r.armed.Plan, r.duties[b], tx.Now())
			fresh, waiting, _, err := r.fresh(tx, all)
			return slices.Concat(waiting, fresh), err
		})
		if err != nil {
			return nil, err
		}
		if send := r.terms.Stages.latest(list); len(send) > 0 {
			out = append(out, Digest{At: r.at(b, now), Bureau: b, Heads: heads(send), Notices: send})
		}
	}
	return out, nil
}

// at is when what is released now is sent to a bureau.
func (r *round) at(bureau string, now time.Time) time.Time {
	at := nextOpen(now, r.calendar)
	if slot := sendTime(bureau, calendar.Of(at)); slot.After(at) {
		return slot
	}
	return at
}

// heldRound is the round of the next day on which anything may be sent.
func (s *Service) heldRound(ctx context.Context, now time.Time) (*round, *Hold, error) {
	st, err := store.View(ctx, s.Store, sysScope, func(tx store.Tx) (state, error) { return s.load(tx, now) })
	switch {
	case err != nil:
		return nil, nil, err
	case st.armed == nil:
		return nil, nil, ErrNotArmed
	case st.hold == nil:
		return nil, nil, ErrNoHold
	}
	armed := planNamed(s.Snapshot(), st.armed.Plan)
	if armed == nil {
		return nil, nil, fmt.Errorf("%w：启用的是 %s 年的", ErrNoPlan, st.armed.Plan)
	}
	r := s.round(armed, st, nextOpen(now, st.calendar))
	r.since = later(st.armed.Day, st.hold.From)
	return r, st.hold, s.byHand(ctx, r)
}

// Release ends the hold and sends what was held. Pick, when given, says which
// notices are sent; the others never are.
func (s *Service) Release(ctx context.Context, now time.Time, by string, pick func(Notice) bool) error {
	r, hold, err := s.heldRound(ctx, now)
	if err != nil {
		return err
	}
	count := 0
	for _, b := range r.names {
		n, err := s.count(ctx, r, b)
		if err != nil {
			return err
		}
		count += n
		if err := s.enqueueBureau(ctx, r, b, r.at(b, now), pick); err != nil {
			return fmt.Errorf("%s: %w", b, err)
		}
	}
	s.Crash("released")
	return s.Store.Update(ctx, sysScope, func(tx store.Tx) error {
		var m mark
		if _, err := getJSON(tx, markKey, &m); err != nil {
			return err
		}
		m.At, m.Through, m.Day, m.Today = now, now, calendar.Of(now), 0
		m.Usual = append(m.Usual, count) // the office saw them: so many may be meant
		if err := audit.Note(tx, audit.Entry{ID: "release|" + hold.At.String(), Who: by, Act: "remind.release", Subject: r.armed.Plan, Why: hold.Reason}); err != nil {
			return err
		}
		return errors.Join(putJSON(tx, markKey, m), tx.Del(holdKey))
	})
}

// Pause silences a bureau or one measure of it, in the words of a person.
func (s *Service) Pause(ctx context.Context, p Pause) error {
	return s.Store.Update(ctx, sysScope, func(tx store.Tx) error { return PutPause(tx, p) })
}
