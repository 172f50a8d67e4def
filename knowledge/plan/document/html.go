package document

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
	"golang.org/x/net/html/charset"
)

// unseen elements hold nothing that people read as the document.
var unseen = map[atom.Atom]bool{
	atom.Script: true, atom.Style: true, atom.Template: true, atom.Noscript: true, atom.Head: true,
	atom.Nav: true, atom.Select: true, atom.Svg: true, atom.Iframe: true, atom.Button: true, atom.Form: false,
}

// block elements begin and end a line.
var block = map[atom.Atom]bool{
	atom.P: true, atom.Div: true, atom.Li: true, atom.H1: true, atom.H2: true, atom.H3: true, atom.H4: true, atom.H5: true, atom.H6: true,
	atom.Section: true, atom.Article: true, atom.Ul: true, atom.Ol: true, atom.Blockquote: true, atom.Pre: true, atom.Header: true,
	atom.Footer: true, atom.Dd: true, atom.Dt: true, atom.Main: true, atom.Center: true, atom.Hr: true, atom.Br: true,
}

// htmlText reads a page in the encoding it declares, else in the one it looks like.
func htmlText(data []byte) (string, error) {
	if utf16 := bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")); !utf16 {
		if _, name, certain := charset.DetermineEncoding(data[:min(len(data), 1024)], ""); !certain || name == "windows-1252" {
			text, err := decode(data) // what a page in Chinese is when it says nothing
			if err != nil {
				return "", err
			}
			data = []byte(text)
			return scanHTML(bytes.NewReader(data))
		}
	}
	r, err := charset.NewReader(bytes.NewReader(data), "")
	if err != nil {
		return "", ErrEncoding
	}
	return scanHTML(r)
}

// A pageScan collects the lines of a page token by token: no tree is built, so
// that depth costs nothing.
type pageScan struct {
	out    strings.Builder
	line   strings.Builder
	hidden []atom.Atom // open elements that are not seen
	cell   *strings.Builder
	row    []cell
	table  *table
	depth  int         // of tables inside the table
	span   [2]int      // rows and columns that the open cell takes
	below  map[int]int // column -> rows that a cell above still reaches down
}

func scanHTML(r io.Reader) (string, error) {
	z := html.NewTokenizer(r)
	z.SetMaxBuf(1 << 20)
	var s pageScan
	for {
		switch z.Next() {
		case html.ErrorToken:
			if err := z.Err(); !errors.Is(err, io.EOF) {
				return "", ErrBroken
			}
			s.endTable()
			s.endLine()
			if !readable(s.out.String()) {
				return "", ErrEncoding
			}
			return tidy(s.out.String()), nil
		case html.TextToken:
			s.text(string(z.Text()))
		case html.StartTagToken, html.SelfClosingTagToken:
			name, more := z.TagName()
			a := atom.Lookup(name)
			span := [2]int{1, 1}
			for more && (a == atom.Td || a == atom.Th) {
				var key, val []byte
				key, val, more = z.TagAttr()
				switch string(key) {
				case "rowspan":
					span[0] = min(max(number(string(val), 1), 1), maxSpan)
				case "colspan":
					span[1] = min(max(number(string(val), 1), 1), maxCells)
				}
			}
			s.open(a)
			if a == atom.Td || a == atom.Th {
				s.span = span
			}
		case html.EndTagToken:
			name, _ := z.TagName()
			s.close(atom.Lookup(name))
		}
		if s.out.Len() > MaxText {
			return "", ErrBomb
		}
	}
}

func (s *pageScan) text(t string) {
	if len(s.hidden) > 0 {
		return
	}
	t = html.UnescapeString(t)
	into := &s.line
	if s.cell != nil {
		into = s.cell
	}
	fields := strings.FieldsFunc(t, func(r rune) bool { return r == '\n' || r == '\r' || r == '\t' || r == ' ' })
	if len(fields) == 0 {
		return
	}
	if into.Len() > 0 && strings.ContainsAny(t[:1], " \n\t") && asciiEdge(into.String(), fields[0]) {
		into.WriteByte(' ')
	}
	for i, f := range fields {
		if i > 0 && asciiEdge(fields[i-1], f) {
			into.WriteByte(' ')
		}
		into.WriteString(f)
	}
}

// asciiEdge reports whether a space between two runs of text parts words.
func asciiEdge(a, b string) bool {
	return a != "" && b != "" && a[len(a)-1] < 0x80 && b[0] < 0x80
}

func (s *pageScan) open(a atom.Atom) {
	switch {
	case unseen[a]:
		if len(s.hidden) < 1000 {
			s.hidden = append(s.hidden, a)
		}
	case len(s.hidden) > 0:
	case a == atom.Table && s.table != nil:
		s.depth++
	case a == atom.Table:
		s.endLine()
		s.table, s.below = &table{}, map[int]int{}
	case block[a] && s.cell != nil:
		s.breakCell()
	case s.table == nil || s.depth > 0:
		if block[a] {
			s.endLine()
		}
	case a == atom.Tr:
		s.endRow()
	case a == atom.Td || a == atom.Th:
		s.endCell()
		s.cell = &strings.Builder{}
	}
}

func (s *pageScan) close(a atom.Atom) {
	switch {
	case len(s.hidden) > 0:
		if s.hidden[len(s.hidden)-1] == a {
			s.hidden = s.hidden[:len(s.hidden)-1]
		}
	case a == atom.Table && s.depth > 0:
		s.depth--
	case a == atom.Table:
		s.endTable()
	case a == atom.Tr && s.depth == 0:
		s.endRow()
	case (a == atom.Td || a == atom.Th) && s.depth == 0:
		s.endCell()
	case block[a] && s.cell == nil:
		s.endLine()
	}
}

func (s *pageScan) endLine() {
	if line := strings.TrimSpace(s.line.String()); line != "" {
		s.out.WriteString(line + "\n")
	}
	s.line.Reset()
}

// breakCell begins a line inside a cell.
func (s *pageScan) breakCell() {
	if n := s.cell.Len(); n > 0 && s.cell.String()[n-1] != '\n' {
		s.cell.WriteByte('\n')
	}
}

func (s *pageScan) endCell() {
	if s.cell == nil {
		return
	}
	s.fillDown()
	for i := range s.span[1] {
		if len(s.row) >= maxCells {
			break
		}
		if s.span[0] > 1 {
			s.below[len(s.row)] = s.span[0]
		}
		c := cell{}
		if i == 0 {
			c.text = strings.TrimSpace(s.cell.String())
		}
		s.row = append(s.row, c)
	}
	s.cell = nil
}

// fillDown adds the cells that reach down from rows above to where the row has come.
func (s *pageScan) fillDown() {
	for s.below[len(s.row)] > 0 && len(s.row) < maxCells {
		s.row = append(s.row, cell{merged: true})
	}
}

func (s *pageScan) endRow() {
	s.endCell()
	if s.table != nil && len(s.row) > 0 {
		s.fillDown()
		s.table.rows = append(s.table.rows, s.row)
		for i := range s.below {
			s.below[i]--
		}
	}
	s.row = nil
}

func (s *pageScan) endTable() {
	s.endRow()
	if s.table != nil {
		s.out.WriteString(s.table.text())
	}
	s.table, s.depth = nil, 0
}
