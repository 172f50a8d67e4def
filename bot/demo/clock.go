package demo

import (
	"context"
	"sync/atomic"
	"time"
)

// zone is the civil time of the page.
var zone = time.FixedZone("Asia/Shanghai", 8*60*60)

// A Clock runs at the machine's pace from a time that can be wound forward. It is
// safe for concurrent use.
type Clock struct{ offset atomic.Int64 }

// NewClock starts a clock at a time.
func NewClock(at time.Time) *Clock {
	c := &Clock{}
	c.Set(at)
	return c
}

// Now is the clock's time.
func (c *Clock) Now() time.Time { return time.Now().Add(c.Offset()) }

// Offset is how far it stands from the machine's.
func (c *Clock) Offset() time.Duration { return time.Duration(c.offset.Load()) }

// Set winds the clock to a time.
func (c *Clock) Set(at time.Time) { c.offset.Store(int64(time.Until(at))) }

// The times of a day at which winding stops and lets happen what falls due.
var stops = []time.Duration{9*time.Hour + 5*time.Minute, 9*time.Hour + 40*time.Minute, 15*time.Hour + 5*time.Minute}

// settle is how long winding waits at a stop that did something.
const settle = 30 * time.Millisecond

// maxWind bounds one winding.
const maxWind = 400 * 24 * time.Hour

// nextStop is the first stop after a time.
func nextStop(t time.Time) time.Time {
	t = t.In(zone)
	day := time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, zone)
	for {
		for _, s := range stops {
			if at := day.Add(s); at.After(t) {
				return at
			}
		}
		day = day.AddDate(0, 0, 1)
	}
}

// Wind turns the clock forward to a time, stopping three times a day as the
// service would have woken.
func (s *Stage) Wind(ctx context.Context, to time.Time) {
	s.mu.Lock()
	from := s.Clock.Now()
	if s.winding != "" || !to.After(from) || to.Sub(from) > maxWind {
		s.mu.Unlock()
		return
	}
	s.winding = to.In(zone).Format("2006年1月2日 15:04")
	s.touch()
	s.mu.Unlock()
	defer func() { s.mu.Lock(); s.winding = ""; s.touch(); s.mu.Unlock() }()
	for at := nextStop(from); ctx.Err() == nil; at = nextStop(at) {
		if at.After(to) {
			at = to
		}
		s.tick(ctx, at)
		s.follow()
		s.mu.Lock()
		s.touch()
		s.mu.Unlock()
		if !at.Before(to) {
			return
		}
		select {
		case <-ctx.Done():
		case <-time.After(settle):
		}
	}
}
