package segment

import "unicode"

// A Cutter cuts text into words. [Jieba] is one.
type Cutter interface {
	// Search cuts in search mode: long words also give their parts.
	Search(text string) []string
	// Cut cuts exactly: the words joined give the text back.
	Cut(text string) []string
}

// An Overlay is a set of words that belong to one snapshot and stand beside the
// process's dictionary, which is never changed. It is immutable once built.
type Overlay struct {
	root node
	size int
}

type node struct {
	next map[rune]*node
	word string // set where a word ends
}

// NewOverlay builds an overlay; words shorter than two runes are left out.
func NewOverlay(words []string) *Overlay {
	o := &Overlay{}
	for _, w := range words {
		if len([]rune(w)) >= 2 {
			o.add(w)
		}
	}
	return o
}

func (o *Overlay) add(w string) {
	n := &o.root
	for _, r := range w {
		if n.next == nil {
			n.next = map[rune]*node{}
		}
		child := n.next[r]
		if child == nil {
			child = &node{}
			n.next[r] = child
		}
		n = child
	}
	if n.word == "" {
		o.size++
	}
	n.word = w
}

// Len is the number of words.
func (o *Overlay) Len() int { return o.size }

// Find lists every word of the overlay that stands in text, with repeats, in
// order of where it begins. Words may overlap.
func (o *Overlay) Find(text string) []string {
	var out []string
	rs := []rune(text)
	for i := range rs {
		n := &o.root
		for _, r := range rs[i:] {
			if n = n.next[r]; n == nil {
				break
			}
			if n.word != "" {
				out = append(out, n.word)
			}
		}
	}
	return out
}

// Runs calls yield with each unbroken run of letters, digits and Chinese
// characters of text.
func Runs(text string, yield func(run []rune)) {
	rs := []rune(text)
	start := -1
	for i, r := range rs {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			if start < 0 {
				start = i
			}
			continue
		}
		if start >= 0 {
			yield(rs[start:i])
			start = -1
		}
	}
	if start >= 0 {
		yield(rs[start:])
	}
}
