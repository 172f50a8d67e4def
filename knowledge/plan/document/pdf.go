package document

import (
	"bytes"
	"cmp"
	"errors"
	"math"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/ledongthuc/pdf"
)

// maxPages bounds a PDF.
const maxPages = 2000

// pdfText reads the text layer of a PDF: glyphs put together to lines by where
// they stand, lines to paragraphs by where they end. The library below may spin
// or panic on hostile files: the process that runs this is killed in time.
func pdfText(data []byte) (text string, err error) {
	defer func() {
		if recover() != nil {
			text, err = "", ErrBroken
		}
	}()
	r, err := pdf.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		if errors.Is(err, pdf.ErrInvalidPassword) || strings.Contains(err.Error(), "encrypt") {
			return "", ErrEncrypted
		}
		return "", ErrBroken
	}
	pages := r.NumPage()
	if pages > maxPages {
		return "", ErrBomb
	}
	var lines []pdfLine
	for i := 1; i <= pages; i++ {
		p := r.Page(i)
		if p.V.IsNull() {
			continue
		}
		lines = append(lines, pageLines(pageMarks(p))...)
		if len(lines) > 200_000 {
			return "", ErrBomb
		}
	}
	text = paragraphs(lines)
	switch {
	case strings.TrimSpace(text) == "":
		return "", ErrScan
	case !readable(text) || !chineseOrASCII(text):
		return "", ErrFonts
	}
	return tidy(text), nil
}

// A pdfLine is a line of a page with where it begins and ends, in points.
type pdfLine struct {
	text     string
	from, to float64
	size     float64
}

// pageLines puts glyphs together to lines, top to bottom.
func pageLines(marks []mark) []pdfLine {
	marks = slices.DeleteFunc(marks, func(m mark) bool { return strings.TrimSpace(m.text) == "" && m.text != " " })
	slices.SortStableFunc(marks, func(a, b mark) int { return cmp.Compare(b.y, a.y) })
	var lines []pdfLine
	for from := 0; from < len(marks); {
		to := from + 1
		for to < len(marks) && marks[from].y-marks[to].y <= max(marks[to].size, marks[from].size)*0.5 {
			to++
		}
		row := marks[from:to]
		slices.SortStableFunc(row, func(a, b mark) int { return cmp.Compare(a.x, b.x) })
		if l := joinMarks(row); l.text != "" && !pageNumber.MatchString(l.text) {
			lines = append(lines, l)
		}
		from = to
	}
	return lines
}

var pageNumber = regexp.MustCompile(`^[\s—–\-]*(?:第?\s*\d{1,4}\s*页?|\d{1,4}\s*/\s*\d{1,4})[\s—–\-]*$`)

func joinMarks(row []mark) pdfLine {
	var b strings.Builder
	for i, m := range row {
		if i > 0 {
			last := row[i-1]
			if m.x-(last.x+last.w) > m.size*0.25 && asciiEdge(last.text, m.text) {
				b.WriteByte(' ')
			}
		}
		b.WriteString(m.text)
	}
	last := row[len(row)-1]
	return pdfLine{strings.TrimSpace(b.String()), row[0].x, last.x + last.w, row[0].size}
}

// beginsLine matches what begins a paragraph wherever the line before ended.
var beginsLine = regexp.MustCompile(`^(?:[一二三四五六七八九十]{1,3}、|[（(][一二三四五六七八九十0-9]{1,3}[）)]|\d{1,3}[.．、]\D|第[一二三四五六七八九十百0-9]{1,4}[章节条])`)

// paragraphs joins lines that run to the right edge with what follows.
func paragraphs(lines []pdfLine) string {
	right, left := 0.0, math.Inf(1)
	for _, l := range lines {
		right, left = max(right, l.to), min(left, l.from)
	}
	var b strings.Builder
	for i, l := range lines {
		if i > 0 {
			before := lines[i-1]
			full := before.to > right-2.5*max(before.size, 1) || before.to > left+0.75*(right-left) && !endsParagraph(before.text)
			indented := l.from > left+1.5*max(l.size, 1)
			if !full || indented || beginsLine.MatchString(l.text) {
				b.WriteByte('\n')
			} else if asciiEdge(before.text, l.text) {
				b.WriteByte(' ')
			}
		}
		b.WriteString(l.text)
	}
	return b.String() + "\n"
}

// endsParagraph reports whether a line ends with a sign that may end a paragraph.
func endsParagraph(line string) bool {
	r, _ := utf8.DecodeLastRuneInString(line)
	return strings.ContainsRune("。；！？：.;!?:)）】”", r)
}

// chineseOrASCII reports whether text is mostly what a document in Chinese
// holds: fonts without a map to Unicode give Latin letters with accents.
func chineseOrASCII(text string) bool {
	odd, all := 0, utf8.RuneCountInString(text)
	for _, r := range text {
		if r >= 0x80 && r < 0x2000 {
			odd++
		}
	}
	return odd*5 < all
}
