package knowledge

import (
	"fmt"
	"slices"
	"unicode/utf8"

	"huiwen/knowledge/pattern"
	"huiwen/knowledge/segment"
)

// A Phrasing is how people say one thing: an intent (how much, which bureau) or
// a kind of talk (greeting, thanks, abuse).
type Phrasing struct {
	Intent   string   `yaml:"intent"` // in intents.yaml
	Kind     string   `yaml:"kind"`   // in talk.yaml
	Whole    bool     `yaml:"whole"`  // counts only when the message is nothing else
	Phrases  []string `yaml:"phrases"`
	Patterns []string `yaml:"patterns"` // RE2
	Reply    []string `yaml:"reply"`
	Contacts []string `yaml:"contacts"` // numbers that Reply leaves out
}

func (p *Phrasing) name() string {
	if p.Intent != "" {
		return p.Intent
	}
	return p.Kind
}

// Phrases recognises phrasings in a message. It is immutable.
type Phrases struct {
	list     []Phrasing
	overlay  *segment.Overlay
	owners   map[string][]int
	patterns []struct {
		re    *pattern.Regexp
		owner int
	}
}

func newPhrases(list []Phrasing) (*Phrases, error) {
	p := &Phrases{list: list, owners: map[string][]int{}}
	var words []string
	for i, e := range list {
		for _, w := range e.Phrases {
			w = segment.Fold(w, 0)
			words = append(words, w)
			p.owners[w] = append(p.owners[w], i)
		}
		for _, src := range e.Patterns {
			re, err := pattern.Compile(src)
			if err != nil {
				return nil, fmt.Errorf("pattern of %s: %w", e.name(), err)
			}
			p.patterns = append(p.patterns, struct {
				re    *pattern.Regexp
				owner int
			}{re, i})
		}
	}
	p.overlay = segment.NewOverlay(words)
	return p, nil
}

// A Found is a phrasing that stands in a message, and the words it was known by.
type Found struct {
	*Phrasing
	Words []string
	// Exact are the words that a phrase matched; those of a pattern may hold the
	// subject as well.
	Exact []string
}

// In lists the phrasings that a folded message holds, in the order of the file.
func (p *Phrases) In(text string) []Found {
	words := map[int][]string{}
	for _, w := range p.overlay.Find(text) {
		for _, i := range p.owners[w] {
			words[i] = append(words[i], w)
		}
	}
	if utf8.RuneCountInString(text) == 1 { // single characters are not in the overlay
		for _, i := range p.owners[text] {
			words[i] = append(words[i], text)
		}
	}
	exact := map[int]int{}
	for i := range words {
		exact[i] = len(words[i])
	}
	for _, re := range p.patterns {
		if m := re.re.FindString(text); m != "" {
			words[re.owner] = append(words[re.owner], m)
		}
	}
	var out []Found
	for i := range p.list {
		if len(words[i]) > 0 {
			out = append(out, Found{&p.list[i], words[i], words[i][:exact[i]]})
		}
	}
	return out
}

// Kinds is the names of what [Phrases.In] finds.
func (p *Phrases) Kinds(text string) []string { return Names(p.In(text)) }

// Names lists the intents or kinds of phrasings, each once.
func Names(found []Found) []string {
	var out []string
	for _, f := range found {
		if n := f.name(); !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return out
}
