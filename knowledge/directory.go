package knowledge

import (
	"cmp"
	"slices"
	"strings"

	"huiwen/knowledge/plan"
	"huiwen/knowledge/segment"
)

// A Directory knows the bureaus of the published plan by full and short name.
type Directory struct {
	names  []string // full names in the order of the plan
	alias  map[string]string
	lookup *segment.Overlay
	today  func(name, day string) string // nil while nobody keeps a directory
}

// Today is what a bureau of the plan is called on a day (an ISO date): its own
// name unless the directory names a successor.
func (d *Directory) Today(name, day string) string {
	if d.today == nil {
		return name
	}
	return d.today(name, day)
}

func newDirectory(p *plan.Plan, entries []Bureau) *Directory {
	d := &Directory{alias: map[string]string{}}
	for _, it := range p.Items {
		for _, b := range it.Bureaus {
			if _, ok := d.alias[segment.Fold(b.Name, 0)]; !ok {
				d.names = append(d.names, b.Name)
				d.alias[segment.Fold(b.Name, 0)] = b.Name
			}
		}
	}
	for _, e := range entries {
		if !slices.Contains(d.names, e.Name) {
			continue // no bureau of this plan
		}
		for _, a := range e.Aliases {
			d.addAlias(a, e.Name)
		}
	}
	for _, n := range d.names {
		for _, a := range shortNames(n) {
			d.addAlias(a, n)
		}
	}
	words := make([]string, 0, len(d.alias))
	for a := range d.alias {
		words = append(words, a)
	}
	slices.Sort(words)
	d.lookup = segment.NewOverlay(words)
	return d
}

// addAlias keeps the first owner of an alias.
func (d *Directory) addAlias(alias, name string) {
	alias = segment.Fold(alias, 0)
	if _, taken := d.alias[alias]; !taken && len([]rune(alias)) >= 2 {
		d.alias[alias] = name
	}
}

// shortNames are what a full name is called without its level of government.
func shortNames(name string) []string {
	rs := []rune(name)
	if len(rs) > 3 && strings.ContainsRune("省市州县区", rs[0]) {
		return []string{string(rs[1:])}
	}
	return nil
}

// Names lists the bureaus in the order of the plan.
func (d *Directory) Names() []string { return d.names }

// In lists the full names of the bureaus that text mentions, in order, each
// once. A longer name hides the shorter ones inside it.
func (d *Directory) In(text string) []string {
	names, _ := d.Split(text)
	return names
}

// Split is [Directory.In] with what the text says beside the bureaus' names.
func (d *Directory) Split(text string) (names []string, rest string) {
	type span struct{ from, to int }
	text = segment.Normalise(text)
	var found []span
	for _, w := range d.lookup.Find(text) {
		for from := 0; ; {
			i := strings.Index(text[from:], w)
			if i < 0 {
				break
			}
			found = append(found, span{from + i, from + i + len(w)})
			from += i + len(w)
		}
	}
	slices.SortFunc(found, func(a, b span) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(b.to, a.to)) })
	end := 0
	for _, s := range found {
		if s.from < end {
			continue
		}
		rest += text[end:s.from] + " "
		end = s.to
		if name := d.alias[text[s.from:s.to]]; !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names, rest + text[end:]
}

// Full lists the full names of bureaus that stand in text as printed.
func (d *Directory) Full(text string) []string {
	var out []string
	for _, n := range d.names {
		if strings.Contains(text, n) {
			out = append(out, n)
		}
	}
	return out
}
