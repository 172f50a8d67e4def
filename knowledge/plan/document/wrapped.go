package document

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// Bounds of what looks like a text whose paragraphs were cut into lines of one
// width, in cells: a Chinese character takes two.
const (
	minWidth  = 20
	maxWidth  = 160
	raggedBy  = 3 // how much narrower a full line may be: signs do not begin a line
	fullLines = 5
)

// begins is what a paragraph begins with in a text without indents: a number, a
// bracket of bodies, a date line.
var begins = regexp.MustCompile(`^(?:第[一二三四五六七八九十百零]{1,5}[条章节编]|[一二三四五六七八九十百]{1,4}、|[（(][一二三四五六七八九十百0-9]{1,4}[)）]|[0-9]{1,3}[.．、)）]|[①-⑳]|附件|附表|——)`)

// unwrap puts paragraphs back together that were cut into lines of one width, as
// in mails and in what is copied from a page; any other text stays as it is.
func unwrap(text string) string {
	lines := strings.Split(text, "\n")
	// cut where it is so wide in print, or after so many characters
	measure, width, indented, most := cells, 0, false, 0
	for _, m := range []func(string) int{cells, utf8.RuneCountInString} {
		if w, full, in := wrapWidth(lines, m); w > 0 && full > most {
			measure, width, indented, most = m, w, in, full
		}
	}
	if width == 0 {
		return text
	}
	var b strings.Builder
	for i, line := range lines {
		if i > 0 && (measure(trimEnd(lines[i-1])) < width-raggedBy || !continues(line, indented)) {
			b.WriteByte('\n')
		}
		b.WriteString(trimEnd(line))
	}
	return b.String()
}

// continues reports whether a line behind a full one goes on with its paragraph.
func continues(line string, indented bool) bool {
	text := strings.TrimLeft(line, " \t　")
	if text == "" || len(text) < len(line) && indented {
		return false
	}
	return indented || !begins.MatchString(text)
}

// wrapWidth is the width that the lines were cut to, 0 when they were not, how
// many are that wide, and whether paragraphs begin with an indent.
func wrapWidth(lines []string, measure func(string) int) (width, full int, indented bool) {
	all, whole, indents := 0, 0, 0
	for _, l := range lines {
		width = max(width, measure(trimEnd(l)))
	}
	for _, l := range lines {
		n := measure(trimEnd(l))
		if n == 0 {
			continue
		}
		all++
		if strings.HasPrefix(l, "　") || strings.HasPrefix(l, "  ") {
			indents++
		}
		if n >= width-raggedBy {
			full++
			if r, _ := utf8.DecodeLastRuneInString(trimEnd(l)); strings.ContainsRune("。；;！？:：|", r) {
				whole++
			}
		}
	}
	if width < minWidth || width > maxWidth || full < fullLines || 10*full < 3*all || 10*whole > 4*full {
		return 0, 0, false
	}
	return width, full, 10*indents > all
}

func trimEnd(line string) string { return strings.TrimRight(line, " \t　") }

// cells is how wide a line is in print.
func cells(line string) int {
	n := 0
	for _, r := range line {
		if n++; r >= 0x1100 {
			n++
		}
	}
	return n
}
