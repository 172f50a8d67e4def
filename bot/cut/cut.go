// Package cut divides texts into parts of at most so many bytes, as the
// platforms count, at borders that a reader does not stumble over.
package cut

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/clipperhouse/uax29/v2/graphemes"
)

// Parts divides a text into parts of at most most bytes each: between
// paragraphs where it can, else after a sentence, else after a clause, else
// between characters as people see them; never inside one, and inside a link
// only when the link alone is longer than a part. Joined, the parts are the
// text but for line ends and spaces at the cuts. An empty text has no parts;
// most must be at least 4.
func Parts(text string, most int) []string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	var out []string
	for {
		text = strings.TrimLeft(text, "\n")
		if len(text) <= most {
			if strings.TrimSpace(text) != "" {
				out = append(out, strings.TrimRight(text, "\n"))
			}
			return out
		}
		at := border(text, most)
		if part := strings.TrimRight(text[:at], "\n "); part != "" {
			out = append(out, part)
		}
		text = text[at:]
	}
}

// Numbered is [Parts] with a tail under every part, such as the number of an
// answer, and （1/3） before each where there are several: the same text sent
// twice for two answers differs in every part.
func Numbered(text, tail string, most int) []string {
	if tail != "" {
		tail = "\n" + tail
	}
	const head = len("（999/999）")
	if len(text)+len(tail) <= most {
		return []string{text + tail}
	}
	parts := Parts(text, max(most-len(tail)-head, 4))
	for i, p := range parts {
		if len(parts) > 1 {
			p = fmt.Sprintf("（%d/%d）", i+1, len(parts)) + p
		}
		parts[i] = p + tail
	}
	return parts
}

// Head is the beginning of a text in at most most bytes, with … when something
// was left out.
func Head(text string, most int) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	if len(text) <= most {
		return text
	}
	const more = "…"
	if most < len(more) {
		return ""
	}
	return text[:character(text, most-len(more))] + more
}

// Runes is the beginning of a text in at most most runes, with … when something
// was left out: some limits of cards count characters.
func Runes(text string, most int) string {
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	r := []rune(text)
	return string(r[:max(most-1, 0)]) + "…"
}

// border is where to cut a text that is longer than most: above 0, at most most.
func border(text string, most int) int {
	window := text[:character(text, most)]
	if i := strings.LastIndexByte(window, '\n'); i >= len(window)/3 {
		return i + 1
	}
	for _, ends := range []string{"。！？!?…；;", "，、,：:）) "} {
		if i := strings.LastIndexAny(window, ends); i >= len(window)/3 {
			_, n := utf8.DecodeRuneInString(window[i:])
			if at := i + n; !insideLink(text, at) && !strings.HasPrefix(text[at:], "”") {
				return at
			}
		}
	}
	if at := len(window); insideLink(text, at) {
		if begin := linkBegin(text, at); begin > 0 {
			return begin
		}
	}
	return len(window)
}

// character is the last border of a character at or before most bytes; a
// character that is longer than that is cut between runes.
func character(text string, most int) int {
	at := 0
	g := graphemes.FromString(text[:min(len(text), most+256)])
	for g.Next() {
		if g.End() > most {
			break
		}
		at = g.End()
	}
	if at > 0 {
		return at
	}
	for at = min(most, len(text)); at > 0 && !utf8.RuneStart(text[min(at, len(text)-1)]); at-- {
	}
	if at == 0 {
		_, at = utf8.DecodeRuneInString(text)
	}
	return at
}

// insideLink reports whether a cut at a place would divide a link.
func insideLink(text string, at int) bool {
	if at >= len(text) || !linkByte(text[at]) || at == 0 || !linkByte(text[at-1]) {
		return false
	}
	return strings.Contains(text[linkBegin(text, at):min(at+3, len(text))], "://")
}

func linkBegin(text string, at int) int {
	for at > 0 && linkByte(text[at-1]) {
		at--
	}
	return at
}

func linkByte(b byte) bool {
	return b > ' ' && b <= unicode.MaxASCII && b != '"' && b != '<' && b != '>'
}
