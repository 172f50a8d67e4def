package scheduler

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"time"

	"huiwen/knowledge"
	"huiwen/knowledge/calendar"
	"huiwen/knowledge/plan"
	"huiwen/knowledge/store"
	"huiwen/scheduler/ledger"
)

const (
	leaseTime = 2 * time.Minute
	// longDown is from how long a silence the office looks at the list first.
	longDown = 24 * time.Hour
	// backwards is how far the clock may stand behind the mark: replicas differ.
	backwards = 5 * time.Minute
	// lookBack is over how many days a notice is still made up for. It reaches over
	// the longest holidays.
	lookBack = 14
	// flood is from how many notices at once the office looks at the list first,
	// and manyTimes the usual with it; usualDays is over how many days usual is
	// taken, and leastUsual what is never too many.
	flood      = 200
	manyTimes  = 3
	usualDays  = 60
	leastUsual = 40
)

// ErrBusy says that another replica ticks.
var ErrBusy = errors.New("scheduler: another tick is under way")

// lease lets one tick move the mark.
type lease struct {
	Token string    `json:"token"`
	Tok   int64     `json:"tok"` // grows with every lease
	Until time.Time `json:"until"`
}

// Tick works off the slots up to now and sends what may be sent. It may be called
// as often as one likes, from several replicas.
func (s *Service) Tick(ctx context.Context, now time.Time) error {
	err := s.enqueue(ctx, now)
	if errors.Is(err, ErrBusy) {
		err = nil
	}
	return errors.Join(err, s.Deliver(ctx, now))
}

// enqueue puts the digests of the slots up to now into the outboxes.
func (s *Service) enqueue(ctx context.Context, now time.Time) error {
	l := lease{Token: rand.Text()}
	st, err := store.Update(ctx, s.Store, sysScope, func(tx store.Tx) (state, error) {
		st, err := s.load(tx, now)
		if err != nil || st.armed == nil {
			return st, err
		}
		var held lease
		if _, err := getJSON(tx, leaseKey, &held); err != nil {
			return st, err
		}
		if held.Until.After(tx.Now()) {
			return st, ErrBusy
		}
		l.Tok, l.Until = held.Tok+1, tx.Now().Add(leaseTime)
		return st, putJSON(tx, leaseKey, l)
	})
	if err != nil || st.armed == nil {
		return err
	}
	s.Crash("leased")
	next, hold, err := s.work(ctx, now, st)
	if err != nil {
		return errors.Join(err, s.endTick(ctx, l, nil, nil))
	}
	s.Crash("enqueued")
	return s.endTick(ctx, l, &next, hold)
}

// endTick moves the mark while the lease is held, and gives the lease back.
func (s *Service) endTick(ctx context.Context, l lease, m *mark, h *Hold) error {
	return s.Store.Update(ctx, sysScope, func(tx store.Tx) error {
		var held lease
		if _, err := getJSON(tx, leaseKey, &held); err != nil {
			return err
		}
		if held.Token != l.Token {
			return nil // taken over after it ran out: the other moves the mark
		}
		var old mark
		if _, err := getJSON(tx, markKey, &old); err != nil {
			return err
		}
		if m != nil && old.Tok <= l.Tok {
			m.Tok = l.Tok
			if err := putJSON(tx, markKey, m); err != nil {
				return err
			}
		}
		if h != nil {
			if err := putJSON(tx, holdKey, h); err != nil {
				return err
			}
		}
		held.Until = time.Time{}
		return putJSON(tx, leaseKey, held)
	})
}

// work decides what a tick does and does it. The mark it returns is what may be
// kept once everything of it is enqueued.
func (s *Service) work(ctx context.Context, now time.Time, st state) (mark, *Hold, error) {
	m, today := st.mark, calendar.Of(now)
	snap := s.Snapshot()
	if !st.marked { // nothing was ever worked off: the arming's hold stands, or this is one
		m.At, m.Through = now, now
	}
	if h := s.guard(now, st); h != nil {
		return m, h, nil
	}
	if m.Day != today {
		if m.Today > 0 {
			m.Usual = append(m.Usual, m.Today)
			m.Usual = m.Usual[max(0, len(m.Usual)-usualDays):]
		}
		m.Day, m.Today = today, 0
	}
	if now.After(m.At) {
		m.At = now
	}
	armed := planNamed(snap, st.armed.Plan)
	if st.hold != nil || armed == nil || !open(now, st.calendar) {
		return m, nil, nil
	}
	r := s.round(armed, st, now)
	if err := s.byHand(ctx, r); err != nil {
		return m, nil, err
	}
	bureaus := r.slots(m.Through, now)
	count := 0
	for _, b := range bureaus {
		n, err := s.count(ctx, r, b)
		if err != nil {
			return m, nil, err
		}
		count += n
	}
	if h := m.tooMany(count, now, today); h != nil {
		return m, h, nil
	}
	for _, b := range bureaus {
		s.Crash("bureau")
		if err := s.enqueueBureau(ctx, r, b, now, nil); err != nil {
			return m, nil, fmt.Errorf("%s: %w", b, err)
		}
	}
	if at := r.today.Add(reviewMinute * time.Minute); at.After(m.Through) && !at.After(now) {
		if err := s.review(ctx, r, now); err != nil {
			return m, nil, err
		}
	}
	m.Today += count
	if now.After(m.Through) {
		m.Through = now
	}
	return m, nil, nil
}

// planNamed is the published plan with a key, nil when it is not published.
func planNamed(snap *knowledge.Snapshot, key string) *plan.Plan {
	if snap == nil {
		return nil
	}
	for _, s := range snap.Plans() {
		if ledger.PlanKey(s.Plan) == key {
			return s.Plan
		}
	}
	return nil
}

// guard holds everything when the clock or the silence asks for the office's eye.
func (s *Service) guard(now time.Time, st state) *Hold {
	if !st.marked || st.hold != nil {
		return nil
	}
	from := calendar.Of(st.mark.At)
	switch gap := now.Sub(st.mark.At); {
	case gap < -backwards:
		return &Hold{Reason: "服务器的时钟比上次记录的还早，请先核对时间", Kind: "clock", At: now, From: calendar.Of(now)}
	case gap > longDown:
		return &Hold{Reason: fmt.Sprintf("提醒停了%d小时以上", int(gap.Hours())), Kind: "behind", At: now, From: from}
	}
	return nil
}

// tooMany holds what is more than can be meant.
func (m *mark) tooMany(n int, now time.Time, today calendar.Day) *Hold {
	usual := leastUsual
	if len(m.Usual) > 0 {
		usual = max(usual, slices.Max(m.Usual))
	}
	if n > flood || n > 0 && n+m.Today > manyTimes*usual {
		return &Hold{Reason: fmt.Sprintf("一次要发%d条提醒，比平常多得多", n), Kind: "flood", At: now, From: today.Plus(-lookBack), Count: n}
	}
	return nil
}

// open reports whether notices may be enqueued: on a working day from 09:05 on, not
// at noon and not in the evening.
func open(now time.Time, c *calendar.Calendar) bool {
	local := now.In(calendar.Zone)
	minute := local.Hour()*60 + local.Minute()
	return c.Works(calendar.Of(now)) && (minute >= firstMinute && minute < 12*60 || minute >= 14*60+30 && minute < 17*60+30)
}

// nextOpen is when notices may next be sent.
func nextOpen(now time.Time, c *calendar.Calendar) time.Time {
	if open(now, c) {
		return now
	}
	day := calendar.Of(now)
	if c.Works(day) {
		if first := day.Add(firstMinute * time.Minute); now.Before(first) {
			return first
		}
		if second := day.Add((14*60 + 30) * time.Minute); now.Before(second) {
			return second
		}
	}
	return c.On(day.Plus(1)).Add(firstMinute * time.Minute)
}

// A round is what all bureaus of one tick have in common.
type round struct {
	state
	terms  Terms
	today  calendar.Day
	since  calendar.Day // notices since then are made up for
	duties map[string][]ledger.Duty
	names  []string
	former ledger.Former
}

func (s *Service) round(p *plan.Plan, st state, now time.Time) *round {
	today := calendar.Of(now)
	r := &round{state: st, today: today, since: later(st.armed.Day, today.Plus(-lookBack))}
	// armed for a day gone by, what fell due before the arming is history all the same
	armed := later(st.armed.Day, calendar.Of(st.armed.At))
	r.terms = Terms{Calendar: st.calendar, Stages: s.Stages, Armed: armed, Last: ledger.LastDay(p)}
	r.former = ledger.Former{Plan: st.armed.FormerPlan, Measures: st.armed.Former}
	u := s.unroll(p, st.armed.Day, today)
	r.names, r.duties = u.names, u.duties
	return r
}

// byHand adds the bureaus that the plan does not name but the office gave duties to.
func (s *Service) byHand(ctx context.Context, r *round) error {
	scopes, err := s.Store.Scopes(ctx, "bureau")
	if err != nil {
		return err
	}
	known := map[string]bool{ledger.Scope(ledger.OfficeBureau): true}
	for _, b := range r.names {
		known[ledger.Scope(b)] = true
	}
	names := slices.Clone(r.names) // that of the plan is shared
	for _, scope := range scopes {
		if known[scope] {
			continue
		}
		list, err := store.View(ctx, s.Store, scope, func(tx store.Tx) ([]ledger.Entry, error) { return ledger.Entries(tx, r.armed.Plan) })
		if err != nil {
			return err
		}
		if len(list) > 0 {
			names = append(names, list[0].Bureau)
		}
	}
	r.names = names
	return nil
}

// unrolled is the duties of a plan by bureau, in the order of the plan.
type unrolled struct {
	plan       *plan.Plan
	from, upTo calendar.Day
	names      []string
	duties     map[string][]ledger.Duty
}

// unroll keeps what was unrolled last: a day has many ticks.
func (s *Service) unroll(p *plan.Plan, from, upTo calendar.Day) *unrolled {
	if u := s.last.Load(); u != nil && u.plan == p && u.from == from && u.upTo == upTo {
		return u
	}
	u := &unrolled{plan: p, from: from, upTo: upTo, duties: map[string][]ledger.Duty{}}
	for _, d := range ledger.Duties(p, from, upTo) {
		if u.duties[d.Bureau] == nil {
			u.names = append(u.names, d.Bureau)
		}
		u.duties[d.Bureau] = append(u.duties[d.Bureau], d)
	}
	s.last.Store(u)
	return u
}

// slots lists the bureaus whose slot of the day came after through and up to now.
func (r *round) slots(through, now time.Time) []string {
	var out []string
	for _, b := range r.names {
		if at := sendTime(b, r.today); at.After(through) && !at.After(now) {
			out = append(out, b)
		}
	}
	return out
}

// count is how many new notices a bureau would get.
func (s *Service) count(ctx context.Context, r *round, bureau string) (int, error) {
	return store.View(ctx, s.Store, ledger.Scope(bureau), func(tx store.Tx) (int, error) {
		have, err := ledger.Entries(tx, "")
		if err != nil {
			return 0, err
		}
		all, _ := ledger.Merge(have, r.armed.Plan, r.duties[bureau], tx.Now())
		fresh, _, _, err := r.fresh(tx, all)
		return len(fresh), err
	})
}

// fresh works out the notices of a bureau that were not dealt with yet, and those
// that waited and still hold.
func (r *round) fresh(tx store.Tx, entries []ledger.Entry) (fresh, waiting []Notice, stale []string, err error) {
	var duties []ledger.Duty
	byID := map[string]ledger.Duty{}
	for i := range entries {
		if e := &entries[i]; e.Plan == r.armed.Plan && e.Pending() {
			duties = append(duties, e.InForce())
			byID[e.ID] = e.InForce()
		}
	}
	waits := map[string]bool{}
	items, err := ledger.WaitingItems(tx)
	if err != nil {
		return nil, nil, nil, err
	}
	for _, i := range items {
		d, open := byID[i.Duty]
		n := Notice{d, r.terms.Stages.named(i.Stage), i.On}
		if open && i.Plan == r.armed.Plan && r.key(n) == i.Key {
			waiting, waits[i.Key] = append(waiting, n), true
		} else {
			stale = append(stale, i.Key)
		}
	}
	for _, n := range Due(duties, r.terms, r.since, r.today) {
		key := r.key(n)
		if waits[key] {
			continue
		}
		_, done, err := ledger.Noticed(tx, key)
		if err != nil {
			return nil, nil, nil, err
		}
		if !done {
			fresh = append(fresh, n)
		}
	}
	return fresh, waiting, stale, nil
}

func (r *round) key(n Notice) string {
	key := n.Key(r.armed.Plan)
	if r.armed.Trial {
		key = "trial|" + key
	}
	return key
}

func (r *round) item(n Notice) ledger.Item {
	return ledger.Item{Key: r.key(n), Plan: r.armed.Plan, Duty: n.Duty.ID, Stage: n.Stage.Name, On: n.On, Due: n.Duty.Due}
}

// enqueueBureau keeps the entries of a bureau in step with the plan and puts what
// is due into its outbox, all in one commit. Pick, when given, says which notices
// are wanted; the others are dealt with unsent.
func (s *Service) enqueueBureau(ctx context.Context, r *round, bureau string, at time.Time, pick func(Notice) bool) error {
	return s.Store.Update(ctx, ledger.Scope(bureau), func(tx store.Tx) error {
		entries, err := ledger.Sync(tx, r.armed.Plan, r.duties[bureau], r.former)
		if err != nil {
			return err
		}
		fresh, waiting, stale, err := r.fresh(tx, entries)
		if err != nil {
			return err
		}
		for _, key := range stale {
			if err := ledger.Unwait(tx, key); err != nil {
				return err
			}
		}
		if pick != nil {
			if fresh, err = r.picked(tx, fresh, pick); err != nil {
				return err
			}
		}
		slot, err := ledger.LoadSlot(tx, r.armed.Trial)
		if err != nil {
			return err
		}
		day := calendar.Of(at)
		old, found, err := ledger.LoadDigest(tx, r.serial(bureau, day))
		if err != nil || found && (old.Frozen != nil || !old.Ended.IsZero()) {
			return err // the day's digest is out: the rest waits for the next day's
		}
		var silent, loud []Notice
		for _, n := range slices.Concat(waiting, fresh) {
			if r.paused(bureau, n.Duty.No, r.today) {
				silent = append(silent, n)
			} else {
				loud = append(loud, n)
			}
		}
		if len(loud)+len(silent) == 0 {
			return nil
		}
		p := pace{last: slot.Last}
		if found {
			p.last = calendar.Day{} // it goes out today in any case
		}
		send, after := p.gather(day, loud, r.terms.Stages)
		return r.write(tx, bureau, at, send, loud, slices.Concat(silent, after.waiting))
	})
}

func (r *round) serial(bureau string, day calendar.Day) string {
	if r.armed.Trial {
		return ledger.Serial("trial", bureau, day, "")
	}
	return ledger.Serial("digest", bureau, day, "")
}

// picked keeps the wanted notices and records the others as dealt with.
func (r *round) picked(tx store.Tx, list []Notice, pick func(Notice) bool) ([]Notice, error) {
	var out []Notice
	for _, n := range list {
		if pick(n) {
			out = append(out, n)
		} else if err := ledger.Record(tx, r.key(n), "办公室放行时未选，不发"); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// write queues what is sent, keeps what waits, and records what a later stage made
// superfluous.
func (r *round) write(tx store.Tx, bureau string, at time.Time, send, all, waiting []Notice) error {
	for _, n := range waiting {
		if err := ledger.Wait(tx, r.item(n)); err != nil {
			return err
		}
	}
	if len(send) == 0 {
		return nil
	}
	d := ledger.Digest{ID: r.serial(bureau, calendar.Of(at)), Bureau: bureau, Kind: "digest", Day: calendar.Of(at), At: at, Heads: heads(send), Trial: r.armed.Trial}
	in := map[string]bool{}
	for _, n := range send {
		i := r.item(n)
		in[i.Key] = true
		d.Items = append(d.Items, i)
	}
	for _, n := range all {
		if key := r.key(n); !in[key] {
			if err := ledger.Record(tx, key, "同一任务当天有更近的提醒"); err != nil {
				return err
			}
		}
	}
	return ledger.Queue(tx, d)
}
