package knowledge

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
