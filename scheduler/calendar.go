// Package scheduler says what falls due for which bureau when, and puts it
// together to digests. What is due is worked out from the plan, the calendar
// and the ledger alone, so that any day can be rehearsed.
package scheduler

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// Zone is the civil time of the district.
var Zone = time.FixedZone("Asia/Shanghai", 8*60*60)

// A Day is a date without a time, in [Zone].
type Day struct{ time.Time }

// DayOf is the date of an instant.
func DayOf(t time.Time) Day {
	y, m, d := t.In(Zone).Date()
	return Day{time.Date(y, m, d, 0, 0, 0, 0, Zone)}
}

// ParseDay reads 2022-09-15.
func ParseDay(s string) (Day, error) {
	t, err := time.ParseInLocation(time.DateOnly, s, Zone)
	if err != nil {
		return Day{}, fmt.Errorf("日期 %q 要写成 2022-09-15 这样", s)
	}
	return Day{t}, nil
}

func (d Day) String() string { return d.Format(time.DateOnly) }

// Plus is n days later.
func (d Day) Plus(n int) Day { return Day{d.AddDate(0, 0, n)} }

// Chinese is the date as people read it.
func (d Day) Chinese() string { return d.Format("2006年1月2日") }

// A Calendar knows working days. The zero Calendar knows weekends only.
type Calendar struct {
	off, work map[Day]bool
	years     map[int]bool
}

// calendarYear is an entry of calendar.yaml.
type calendarYear struct {
	Year   int      `yaml:"year"`
	Source string   `yaml:"source"`
	Off    []string `yaml:"off"`
	Work   []string `yaml:"work"`
}

// ErrCalendar marks a mistake in the calendar's file.
var ErrCalendar = errors.New("calendar")

// LoadCalendar reads calendar.yaml of fsys.
func LoadCalendar(fsys fs.FS) (*Calendar, error) {
	data, err := fs.ReadFile(fsys, "calendar.yaml")
	if err != nil {
		return nil, fmt.Errorf("read the calendar: %w", err)
	}
	var years []calendarYear
	d := yaml.NewDecoder(bytes.NewReader(data))
	d.KnownFields(true)
	if err := d.Decode(&years); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCalendar, err)
	}
	c := &Calendar{off: map[Day]bool{}, work: map[Day]bool{}, years: map[int]bool{}}
	for _, y := range years {
		c.years[y.Year] = true
		if y.Source == "" {
			return nil, fmt.Errorf("%w: year %d has no source", ErrCalendar, y.Year)
		}
		for _, r := range y.Off {
			if err := c.addRange(r); err != nil {
				return nil, err
			}
		}
		for _, s := range y.Work {
			day, err := ParseDay(s)
			if err != nil {
				return nil, fmt.Errorf("%w: year %d: %w", ErrCalendar, y.Year, err)
			}
			c.work[day] = true
		}
	}
	return c, nil
}

func (c *Calendar) addRange(r string) error {
	first, last, ok := strings.Cut(r, "..")
	from, err1 := ParseDay(first)
	to, err2 := ParseDay(last)
	if !ok || err1 != nil || err2 != nil || to.Before(from.Time) || to.Sub(from.Time) > 31*24*time.Hour {
		return fmt.Errorf("%w: %q is no range of days such as 2022-10-01..2022-10-07", ErrCalendar, r)
	}
	for d := from; !d.After(to.Time); d = d.Plus(1) {
		c.off[d] = true
	}
	return nil
}

// Knows reports whether the holidays of a year are known; else only weekends
// are, and what is worked out is provisional.
func (c *Calendar) Knows(year int) bool { return c.years[year] }

// Works reports whether a day is worked.
func (c *Calendar) Works(d Day) bool {
	switch {
	case c.work[d]:
		return true
	case c.off[d]:
		return false
	}
	return d.Weekday() != time.Saturday && d.Weekday() != time.Sunday
}

// Back is the last working day up to d.
func (c *Calendar) Back(d Day) Day {
	for !c.Works(d) {
		d = d.Plus(-1)
	}
	return d
}

// On is the first working day from d.
func (c *Calendar) On(d Day) Day {
	for !c.Works(d) {
		d = d.Plus(1)
	}
	return d
}

// Shift is n working days later, earlier when n is negative.
func (c *Calendar) Shift(d Day, n int) Day {
	step := 1
	if n < 0 {
		step, n = -1, -n
	}
	for n > 0 {
		if d = d.Plus(step); c.Works(d) {
			n--
		}
	}
	return d
}
