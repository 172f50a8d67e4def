package knowledge

import (
	"strings"

	"huiwen/knowledge/segment"
)

// A hearing finds words that were typed by ear: 欠新 for 欠薪. A pair of
// characters that stands nowhere in what was learnt, but sounds like a word
// that does, is heard as that word. It is immutable after [hearing.learn].
type hearing struct {
	known map[string]bool   // pairs of characters seen
	long  map[string]string // the syllables of a word of three and more characters -> the word
	begin map[string]bool   // the first two syllables of such words
	words map[string]string // a character in its place and the other's syllable -> word
	count map[string]int    // how often the word was seen
}

func newHearing() *hearing {
	return &hearing{known: map[string]bool{}, long: map[string]string{}, begin: map[string]bool{}, words: map[string]string{}, count: map[string]int{}}
}

// learn remembers the pairs of a folded text.
func (h *hearing) learn(text string) {
	segment.Runs(text, func(run []rune) {
		for i := 0; i+1 < len(run); i++ {
			h.known[string(run[i:i+2])] = true
		}
	})
}

// word makes a word of two characters one that may be heard; of words that
// sound alike the commoner one is.
func (h *hearing) word(w string) {
	rs := []rune(w)
	if len(rs) >= shortestLong && len(rs) <= longestLong {
		if key := sounds(rs); key != "" {
			h.long[key] = w
			h.begin[sounds(rs[:2])] = true
		}
		return
	}
	if len(rs) != 2 || !segment.IsHan(rs[0]) || !segment.IsHan(rs[1]) {
		return
	}
	h.count[w]++
	for _, key := range halves(rs[0], rs[1]) {
		if other, ok := h.words[key]; !ok || h.count[w] > h.count[other] {
			h.words[key] = w
		}
	}
}

// Words of three and more characters are heard whole.
const (
	shortestLong = 3
	longestLong  = 6
)

// sounds are the commonest syllables of characters, "" when one has none.
func sounds(rs []rune) string {
	key := ""
	for _, r := range rs {
		s := segment.Readings(r)
		if len(s) == 0 {
			return ""
		}
		key += s[0] + " "
	}
	return key
}

// heardLong lists the longer words that a run holds by sound alone.
func (h *hearing) heardLong(run []rune) []string {
	var out []string
	for i := 0; i+shortestLong <= len(run); i++ {
		if !h.begin[sounds(run[i:i+2])] {
			continue
		}
		for n := shortestLong; n <= longestLong && i+n <= len(run); n++ {
			w, ok := h.long[sounds(run[i:i+n])]
			if ok && w != string(run[i:i+n]) && !h.joined(run, i) && !h.joined(run, i+n) {
				out = append(out, w)
			}
		}
	}
	return out
}

// joined reports whether the characters on both sides of a place are a word
// together: in 老子工钱, 工钱 is one and 老子工 is no 老职工.
func (h *hearing) joined(run []rune, at int) bool {
	return at > 0 && at < len(run) && h.count[string(run[at-1:at+1])] > 0
}

// halves are the ways to keep one character of a pair and only the sound of
// the other.
func halves(a, b rune) []string {
	var out []string
	for _, s := range segment.Readings(b) {
		out = append(out, string(a)+" "+s)
	}
	for _, s := range segment.Readings(a) {
		out = append(out, s+" "+string(b))
	}
	return out
}

// heard lists the words that a folded question holds by sound alone.
func (h *hearing) heard(text string) []string {
	var out []string
	segment.Runs(text, func(run []rune) {
		out = append(out, h.heardLong(run)...)
		for i := 0; i+1 < len(run); i++ {
			if h.known[string(run[i:i+2])] {
				continue
			}
			for _, key := range halves(run[i], run[i+1]) {
				if w, ok := h.words[key]; ok {
					out = append(out, w)
					break
				}
			}
		}
	})
	return out
}

// complete adds what was heard to a folded question.
func (h *hearing) complete(text string) string {
	if words := h.heard(text); len(words) > 0 {
		return text + " " + strings.Join(words, " ")
	}
	return text
}
