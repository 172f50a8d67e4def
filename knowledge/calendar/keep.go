package calendar

import (
	"encoding/json"
	"fmt"
	"strconv"

	"huiwen/knowledge/store"
)

// Scope is where edited years are kept.
const Scope = "sys"

const yearSet = "calendar"

func yearKey(year int) string { return yearSet + "/" + strconv.Itoa(year) }

// Kept is seeded with the years kept in the store put over it.
func Kept(tx store.Tx, seeded *Calendar) (*Calendar, error) {
	members, err := tx.Range(yearSet, 0, 9999, store.MaxRange)
	if err != nil || len(members) == 0 {
		return seeded, err
	}
	var years []Year
	for _, m := range members {
		data, ok, err := tx.Get(yearKey(int(m.Score)))
		if err != nil {
			return nil, err
		}
		var y Year
		if !ok || json.Unmarshal(data, &y) != nil {
			return nil, fmt.Errorf("%w: the kept year %s is unreadable", ErrInvalid, m.Name)
		}
		years = append(years, y)
	}
	return seeded.With(years...)
}

// Save keeps a year over the seeded one. A year that makes no calendar is
// refused.
func Save(tx store.Tx, y Year) error {
	if y.Year < 2000 || y.Year > 2100 {
		return fmt.Errorf("%w: year %d", ErrInvalid, y.Year)
	}
	if _, err := (&Calendar{}).With(y); err != nil {
		return err
	}
	data, err := json.Marshal(y)
	if err != nil {
		return fmt.Errorf("write the calendar: %w", err)
	}
	if err := tx.Put(yearKey(y.Year), data, 0); err != nil {
		return err
	}
	return tx.Add(yearSet, strconv.Itoa(y.Year), float64(y.Year))
}
