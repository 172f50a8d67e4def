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
	var open *table // one that may go on, on the next page
	for i := 1; i <= pages; i++ {
		p := r.Page(i)
		if p.V.IsNull() {
			continue
		}
		lines, open = addPage(lines, open, p)
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
	y        float64
	table    *table // in place of text
}

// addPage adds the lines and tables of a page, top to bottom. A table that
// begins a page goes on with the one that ended the page before.
func addPage(lines []pdfLine, open *table, p pdf.Page) ([]pdfLine, *table) {
	marks, rules := pageMarks(p)
	found := grids(rules)
	var tables []pdfLine
	for _, g := range found {
		var within, rest []mark
		for _, m := range marks {
			if _, _, ok := g.place(m.x+m.w/2, m.y+m.size*0.3); ok {
				within = append(within, m)
			} else {
				rest = append(rest, m)
			}
		}
		if rows := g.rows(within); len(within) > 0 {
			marks = rest
			tables = append(tables, pdfLine{y: g.ys[0], table: &table{rows: rows}})
		}
	}
	own := pageLines(marks, true)
	page := append(own, tables...)
	slices.SortStableFunc(page, func(a, b pdfLine) int { return cmp.Compare(b.y, a.y) })
	if open != nil && len(page) > 0 && page[0].table.continues(open) {
		open.goOn(page[0].table)
		if page = page[1:]; len(page) == 0 {
			return lines, open
		}
	}
	if n := len(page); n > 0 {
		open = page[n-1].table
	}
	return append(lines, page...), open
}

// continues reports whether t may be the rest of before.
func (t *table) continues(before *table) bool {
	return t != nil && len(t.rows[0]) == len(before.rows[0])
}

// goOn adds the rows of the rest, its repeated head left out.
func (t *table) goOn(rest *table) {
	rows := rest.rows
	if joined(rows[0]) == joined(t.rows[0]) {
		rows = rows[1:]
	}
	t.rows = append(t.rows, rows...)
}

// pageLines puts glyphs together to lines, top to bottom; on a numbered page
// the numbers of pages are left out.
func pageLines(marks []mark, numbered bool) []pdfLine {
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
		if l := joinMarks(row); l.text != "" && !(numbered && pageNumber.MatchString(l.text)) {
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
	return pdfLine{text: strings.TrimSpace(b.String()), from: row[0].x, to: last.x + last.w, size: row[0].size, y: row[0].y}
}

// beginsLine matches what begins a paragraph wherever the line before ended.
var beginsLine = regexp.MustCompile(`^(?:[一二三四五六七八九十]{1,3}、|[（(][一二三四五六七八九十0-9]{1,3}[）)]|\d{1,3}[.．、]\D|第[一二三四五六七八九十百0-9]{1,4}[章节条])`)

// paragraphs joins lines that run to the right edge with what follows.
func paragraphs(lines []pdfLine) string {
	right, left := 0.0, math.Inf(1)
	for _, l := range lines {
		if l.table == nil {
			right, left = max(right, l.to), min(left, l.from)
		}
	}
	var b strings.Builder
	for i, l := range lines {
		if l.table != nil {
			b.WriteString("\n" + l.table.text())
			continue
		}
		if i > 0 && lines[i-1].table == nil {
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
