package knowledge

import (
	"maps"
	"slices"
	"strings"
	"sync"

	"huiwen/knowledge/eligibility"
	"huiwen/knowledge/plan"
)

// The files of an edition that tell what carries over and what is confirmed.
const (
	carriedFile   = "carried.yaml"
	confirmedFile = "confirmed.yaml"
)

// Plans are the snapshots of every main plan, the earliest in force first, s
// itself among them.
func (s *Snapshot) Plans() []*Snapshot {
	if len(s.plans) == 0 {
		return []*Snapshot{s}
	}
	return s.plans
}

// For is what may answer on a day (an ISO date): the plan in force, and of the
// documents beside it those in force; residents get only what is public.
func (s *Snapshot) For(day string, staff bool) *Snapshot {
	in := s.On(day)
	if len(in.Documents) == 0 && in.public() {
		view := *in
		view.day = day
		return &view
	}
	return in.views.get(viewKey{day, staff}, func() *Snapshot { return in.view(day, staff) })
}

// public reports whether residents may read the plan; one built alone says
// nothing and is.
func (s *Snapshot) public() bool { return s.Plan.Disclosure == "" || s.Plan.Disclosure == Public }

func (s *Snapshot) view(day string, staff bool) *Snapshot {
	closed := !staff && !s.public()
	shown := func(d *Document) bool { return d.InForce(day) && (staff || d.Disclosure == Public) }
	view := *s
	view.day = day
	if !closed && !slices.ContainsFunc(s.Documents, func(d *Document) bool { return !shown(d) }) {
		return &view
	}
	view.Documents = slices.DeleteFunc(slices.Clone(s.Documents), func(d *Document) bool { return !shown(d) })
	hides := func(m *Measure) bool { return m.Doc == nil && closed || m.Doc != nil && !shown(m.Doc) }
	view.Finder = s.Finder.without(hides)
	view.byNo = maps.Clone(s.byNo)
	maps.DeleteFunc(view.byNo, func(_ string, m *Measure) bool { return hides(m) })
	if closed {
		view.Measures, view.Rules = nil, &eligibility.Rules{}
		view.Plan = &plan.Plan{Title: s.Plan.Title, Issued: s.Plan.Issued, Valid: s.Plan.Valid, Disclosure: s.Plan.Disclosure}
		view.Bureaus = newDirectory(view.Plan, nil)
	}
	return &view
}

// Day is the day of a view, "" elsewhere.
func (s *Snapshot) Day() string { return s.day }

// Cards are the verified cards that may be shown for a measure, the first
// document's first.
func (s *Snapshot) Cards(m *Measure) []Card {
	var out []Card
	for _, d := range s.Documents {
		for _, c := range d.Cards {
			fits := c.Quote != "" && strings.Contains(m.Text, c.Quote) || c.Bureau != "" && slices.ContainsFunc(m.Bureaus, func(b plan.Bureau) bool { return b.Name == c.Bureau })
			if fits && c.Shown(s.day) {
				out = append(out, c)
			}
		}
	}
	// a card for the measure itself comes before one of its bureau
	own := slices.DeleteFunc(slices.Clone(out), func(c Card) bool { return c.Quote == "" })
	out = slices.DeleteFunc(out, func(c Card) bool { return c.Quote != "" })
	return append(own, out...)
}

// On is the snapshot of the plan in force on a day (an ISO date): of several
// the one that began last. On a day that none covers it is the last that ended
// before, else the first that will begin.
func (s *Snapshot) On(day string) *Snapshot {
	plans := s.Plans()
	var in, past *Snapshot
	for _, p := range plans {
		switch v := p.Plan.Valid; {
		case v.From > day:
		case v.To == "" || day <= v.To:
			in = p
		case past == nil || past.Plan.Valid.To <= v.To:
			past = p
		}
	}
	switch {
	case in != nil:
		return in
	case past != nil:
		return past
	}
	return plans[0]
}

// WithBureaus is the snapshot with the names of bureaus as the kept directory
// has them now; today says what a bureau is called on a day. Everything else is
// shared.
func (s *Snapshot) WithBureaus(entries []Bureau, today func(name, day string) string) *Snapshot {
	plans := make([]*Snapshot, len(s.Plans()))
	var out *Snapshot
	for i, p := range s.Plans() {
		own := *p
		own.Bureaus = newDirectory(p.Plan, entries)
		own.Bureaus.today = today
		own.plans, own.views = plans, &views{of: map[viewKey]*Snapshot{}}
		plans[i] = &own
		if p.ID == s.ID {
			out = &own
		}
	}
	return out
}

// views keeps the views of the last days asked for: to make one costs a walk
// over every measure.
type views struct {
	mu sync.Mutex
	of map[viewKey]*Snapshot
}

type viewKey struct {
	day   string
	staff bool
}

// maxViews bounds the views that are kept.
const maxViews = 8

func (v *views) get(k viewKey, make func() *Snapshot) *Snapshot {
	v.mu.Lock()
	defer v.mu.Unlock()
	if s := v.of[k]; s != nil {
		return s
	}
	if len(v.of) >= maxViews {
		clear(v.of)
	}
	s := make()
	v.of[k] = s
	return s
}
