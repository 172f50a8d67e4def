// Package calendar knows which days the district's offices work: weekends,
// statutory holidays and the weekends worked in exchange.
//
// The seeded years may be edited: what is kept in the store goes over them.
// Keys in the scope sys: ["calendar/" year] => a year as JSON, and the set
// calendar of the years.
package calendar

import (
	"bytes"
	"encoding/json"
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

// Of is the date of an instant.
func Of(t time.Time) Day {
	y, m, d := t.In(Zone).Date()
	return Day{time.Date(y, m, d, 0, 0, 0, 0, Zone)}
}

// Parse reads 2022-09-15.
func Parse(s string) (Day, error) {
	t, err := time.ParseInLocation(time.DateOnly, s, Zone)
	if err != nil {
		return Day{}, fmt.Errorf("日期 %q 要写成 2022-09-15 这样", s)
	}
	return Day{t}, nil
}

func (d Day) String() string { return d.Format(time.DateOnly) }

// Plus is n days later.
func (d Day) Plus(n int) Day { return Day{d.AddDate(0, 0, n)} }

// MarshalJSON writes "2022-09-15", "" for the zero Day.
func (d Day) MarshalJSON() ([]byte, error) {
	if d.IsZero() {
		return []byte(`""`), nil
	}
	return []byte(`"` + d.String() + `"`), nil
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (d *Day) UnmarshalJSON(data []byte) error {
	var s string
	if err := json.Unmarshal(data, &s); err != nil {
		return fmt.Errorf("read a day: %w", err)
	}
	*d = Day{}
	if s == "" {
		return nil
	}
	day, err := Parse(s)
	if err == nil {
		*d = day
	}
	return err
}

// Chinese is the date as people read it.
func (d Day) Chinese() string { return d.Format("2006年1月2日") }

// A Calendar knows working days. The zero Calendar knows weekends only.
type Calendar struct {
	off, work map[Day]bool
	years     map[int]bool
}

// A Year is the arrangement of one year: an entry of calendar.yaml.
type Year struct {
	Year   int      `yaml:"year" json:"year"`
	Source string   `yaml:"source" json:"source"` // the notice it was taken from
	Off    []string `yaml:"off" json:"off"`       // ranges: 2022-10-01..2022-10-07
	Work   []string `yaml:"work" json:"work"`     // weekends that are worked
}

// ErrInvalid marks a mistake in the calendar's file.
var ErrInvalid = errors.New("calendar")

// Load reads calendar.yaml of fsys.
func Load(fsys fs.FS) (*Calendar, error) {
	data, err := fs.ReadFile(fsys, "calendar.yaml")
	if err != nil {
		return nil, fmt.Errorf("read the calendar: %w", err)
	}
	var years []Year
	d := yaml.NewDecoder(bytes.NewReader(data))
	d.KnownFields(true)
	if err := d.Decode(&years); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return (&Calendar{}).With(years...)
}

// With is the calendar with years put over its own; c does not change.
func (c *Calendar) With(years ...Year) (*Calendar, error) {
	out := &Calendar{off: map[Day]bool{}, work: map[Day]bool{}, years: map[int]bool{}}
	over := map[int]bool{}
	for _, y := range years {
		if over[y.Year] {
			return nil, fmt.Errorf("%w: year %d stands there twice", ErrInvalid, y.Year)
		}
		over[y.Year], out.years[y.Year] = true, true
	}
	for y := range c.years {
		out.years[y] = true
	}
	for d := range c.off {
		if !over[d.Year()] {
			out.off[d] = true
		}
	}
	for d := range c.work {
		if !over[d.Year()] {
			out.work[d] = true
		}
	}
	for _, y := range years {
		if err := out.add(y); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// add puts one year into c, which nobody shares yet.
func (c *Calendar) add(y Year) error {
	if y.Source == "" {
		return fmt.Errorf("%w: year %d has no source", ErrInvalid, y.Year)
	}
	for _, r := range y.Off {
		if err := c.addRange(y.Year, r); err != nil {
			return err
		}
	}
	for _, s := range y.Work {
		day, err := Parse(s)
		if err != nil || day.Year() != y.Year {
			return fmt.Errorf("%w: year %d: %q is no day of it", ErrInvalid, y.Year, s)
		}
		if w := day.Weekday(); w != time.Saturday && w != time.Sunday {
			return fmt.Errorf("%w: year %d: %s is no weekend", ErrInvalid, y.Year, s)
		}
		c.work[day] = true
	}
	return nil
}

func (c *Calendar) addRange(year int, r string) error {
	first, last, ok := strings.Cut(r, "..")
	from, err1 := Parse(first)
	to, err2 := Parse(last)
	if !ok || err1 != nil || err2 != nil || to.Before(from.Time) || from.Year() != year || to.Year() != year {
		return fmt.Errorf("%w: %q is no range of days such as 2022-10-01..2022-10-07", ErrInvalid, r)
	}
	for d := from; !d.After(to.Time); d = d.Plus(1) {
		c.off[d] = true
	}
	return nil
}

// Knows reports whether the holidays of a year are known; else only weekends
// are, and what is worked out is provisional.
func (c *Calendar) Knows(year int) bool { return c.years[year] }

// UnknownBetween lists the years between two days whose holidays are not known.
func (c *Calendar) UnknownBetween(from, to Day) []int {
	var out []int
	for y := from.Year(); y <= to.Year(); y++ {
		if !c.years[y] {
			out = append(out, y)
		}
	}
	return out
}

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

// longestOff bounds the days off in a row, so that a table by mistake full of
// holidays ends a search.
const longestOff = 60

// Back is the last working day up to d.
func (c *Calendar) Back(d Day) Day {
	for n := 0; !c.Works(d) && n < longestOff; n++ {
		d = d.Plus(-1)
	}
	return d
}

// On is the first working day from d.
func (c *Calendar) On(d Day) Day {
	for n := 0; !c.Works(d) && n < longestOff; n++ {
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
	for off := 0; n > 0 && off < longestOff; off++ {
		if d = d.Plus(step); c.Works(d) {
			n, off = n-1, 0
		}
	}
	return d
}
