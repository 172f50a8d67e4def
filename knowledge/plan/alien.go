package plan

import (
	"slices"
	"strings"
)

// Alien returns the first string of the item's fields that is no verbatim span
// of its text, "" when all are. What was set by hand is checked with it.
func (it *Item) Alien() string {
	var all []string
	all = append(all, it.Heading)
	for _, b := range it.Bureaus {
		all = append(all, b.Name)
	}
	for _, t := range it.Targets {
		all = append(all, t.Text, t.What, t.Hedge)
	}
	for _, d := range it.Deadlines {
		all = append(all, d.Text, d.Hedge)
	}
	for _, a := range it.Amounts {
		all = append(all, a.Text, a.For)
	}
	all = append(append(all, it.Groups...), it.Deliverables...)
	if i := slices.IndexFunc(all, func(s string) bool { return !strings.Contains(it.Text, s) && !it.above(s) }); i >= 0 {
		return all[i]
	}
	return ""
}

// above reports whether s is a bureau that a heading over the item names.
func (it *Item) above(s string) bool {
	return slices.ContainsFunc(it.Bureaus, func(b Bureau) bool { return b.Name == s }) &&
		slices.ContainsFunc(it.Path, func(h Heading) bool { return strings.Contains(h.Heading, s) })
}
