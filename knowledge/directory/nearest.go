package directory

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxNameRunes bounds a name that is compared with those of the directory.
const maxNameRunes = 40

// Nearest lists up to n bureaus whose name or alias is like a name that nobody has,
// the most alike first; one of which nothing is right is not listed.
func (d *Directory) Nearest(name string, n int) []string {
	name = strings.TrimSpace(name)
	if name == "" || utf8.RuneCountInString(name) > maxNameRunes {
		return nil
	}
	type near struct {
		name string
		far  int
	}
	var found []near
	for _, b := range d.Bureaus {
		best := maxNameRunes
		for _, form := range append([]string{b.Name, strings.TrimPrefix(b.Name, "区")}, b.Aliases...) {
			best = min(best, apart(name, form))
			if len(name) > 3 && (strings.Contains(form, name) || strings.Contains(name, form)) && utf8.RuneCountInString(form) > 1 {
				best = min(best, 1)
			}
		}
		if best <= max(1, utf8.RuneCountInString(name)/2) {
			found = append(found, near{b.Name, best})
		}
	}
	slices.SortStableFunc(found, func(a, b near) int { return cmp.Compare(a.far, b.far) })
	var out []string
	for _, f := range found[:min(n, len(found))] {
		out = append(out, f.name)
	}
	return out
}

// Alike lists the names of a list that differ from a name by one character.
func Alike(name string, list []string) []string {
	var out []string
	for _, x := range list {
		if apart(name, x) == 1 {
			out = append(out, x)
		}
	}
	return out
}

// apart is how many characters must be changed, added or left out to make b of a.
func apart(a, b string) int {
	x, y := []rune(a), []rune(b)
	row := make([]int, len(y)+1)
	for j := range row {
		row[j] = j
	}
	for i := range x {
		last := row[0]
		row[0] = i + 1
		for j := range y {
			cost := last
			if x[i] != y[j] {
				cost++
			}
			last, row[j+1] = row[j+1], min(cost, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(y)]
}
