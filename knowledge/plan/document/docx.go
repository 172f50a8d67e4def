package document

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
)

const (
	maxPart  = 64 << 20 // bytes of one part of a docx when inflated
	maxDepth = 256      // of elements inside each other
)

// docx reads the paragraphs and tables of a Word file in their order, with the
// numbers that Word makes itself (ECMA-376 part 1, 17.9), without what tracked
// changes deleted.
func docx(data []byte) (string, error) {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return "", ErrBroken
	}
	parts := map[string]*zip.File{}
	for _, f := range z.File {
		if f.Flags&1 != 0 {
			return "", ErrEncrypted
		}
		parts[strings.TrimPrefix(f.Name, "/")] = f
	}
	main, ok := parts["word/document.xml"]
	if !ok {
		return "", ErrFormat
	}
	n := newNumbering()
	if f, ok := parts["word/numbering.xml"]; ok {
		if err := readPart(f, n.readNumbering); err != nil {
			return "", err
		}
	}
	if f, ok := parts["word/styles.xml"]; ok {
		if err := readPart(f, n.readStyles); err != nil {
			return "", err
		}
	}
	s := bodyScan{numbering: n}
	if err := readPart(main, s.read); err != nil {
		return "", err
	}
	return tidy(s.out.String()), nil
}

// readPart gives the XML of a part to read, bounded in size and depth.
func readPart(f *zip.File, read func(*xml.Decoder) error) error {
	r, err := f.Open()
	if err != nil {
		return ErrBroken
	}
	defer r.Close()
	limited := &io.LimitedReader{R: r, N: maxPart}
	d := xml.NewDecoder(limited)
	d.Strict = true
	d.Entity = map[string]string{} // a docx declares none
	err = read(d)
	switch {
	case limited.N <= 0:
		return ErrBomb
	case err == nil || errors.Is(err, ErrBomb):
		return err
	}
	return ErrBroken
}

// tokens calls open and close for elements and text for what stands in them.
func tokens(d *xml.Decoder, open func(xml.StartElement) error, text func(string), close func(string)) error {
	depth := 0
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch t := tok.(type) {
		case xml.StartElement:
			if depth++; depth > maxDepth {
				return ErrBomb
			}
			if err := open(t); err != nil {
				return err
			}
		case xml.EndElement:
			depth--
			close(t.Name.Local)
		case xml.CharData:
			text(string(t))
		}
	}
}

func attr(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// A bodyScan collects the lines of word/document.xml.
type bodyScan struct {
	numbering *numbering
	out       strings.Builder
	para      strings.Builder
	inText    bool
	around    []outer // paragraphs that an open text box stands in
	skip      int     // open elements whose content does not count
	style     string
	num       numRef
	tables    []*table
	rows      [][]cell
	cells     []*strings.Builder
	spans     []int  // columns that the open cell takes, per table
	merged    []bool // whether it goes on with the one above
}

// An outer is a paragraph that waits while the text box in it is read.
type outer struct {
	text  string
	style string
	num   numRef
}

// uncounted elements hold what was deleted or moved away, instructions of
// fields, and the second form of what is written twice.
var uncounted = map[string]bool{"del": true, "moveFrom": true, "instrText": true, "delText": true, "Fallback": true, "pict": false, "rPrChange": true, "pPrChange": true}

func (s *bodyScan) read(d *xml.Decoder) error {
	return tokens(d, s.open, func(t string) {
		if s.inText && s.skip == 0 {
			s.para.WriteString(t)
		}
	}, s.close)
}

func (s *bodyScan) open(e xml.StartElement) error {
	name := e.Name.Local
	if s.skip > 0 || uncounted[name] {
		s.skip++
		return nil
	}
	switch name {
	case "p":
		s.para.Reset()
		s.style, s.num = "", numRef{}
	case "txbxContent":
		s.around = append(s.around, outer{s.para.String(), s.style, s.num})
		s.para.Reset()
	case "pStyle":
		s.style = attr(e, "val")
	case "ilvl":
		s.num.level = attr(e, "val")
	case "numId":
		s.num.id = attr(e, "val")
	case "t":
		s.inText = true
	case "tab":
		if s.para.Len() > 0 {
			s.para.WriteByte('\t')
		}
	case "br", "cr":
		s.para.WriteByte('\n')
	case "noBreakHyphen":
		s.para.WriteByte('-')
	case "tbl":
		if len(s.tables) > 32 {
			return ErrBomb
		}
		s.tables, s.rows = append(s.tables, &table{}), append(s.rows, nil)
		s.cells, s.spans, s.merged = append(s.cells, nil), append(s.spans, 1), append(s.merged, false)
	case "tc":
		if n := len(s.cells); n > 0 {
			s.cells[n-1], s.spans[n-1], s.merged[n-1] = &strings.Builder{}, 1, false
		}
	case "gridSpan":
		if n := len(s.spans); n > 0 {
			s.spans[n-1] = min(max(number(attr(e, "val"), 1), 1), maxCells)
		}
	case "vMerge":
		if n := len(s.merged); n > 0 {
			s.merged[n-1] = attr(e, "val") != "restart"
		}
	}
	if s.out.Len() > MaxText {
		return ErrBomb
	}
	return nil
}

func (s *bodyScan) close(name string) {
	if s.skip > 0 {
		s.skip--
		return
	}
	n := len(s.tables) - 1
	switch name {
	case "t":
		s.inText = false
	case "p":
		s.endParagraph()
	case "txbxContent":
		if last := len(s.around) - 1; last >= 0 {
			o := s.around[last]
			s.around = s.around[:last]
			s.para.Reset()
			s.para.WriteString(o.text)
			s.style, s.num = o.style, o.num
		}
	case "tc":
		if n >= 0 && s.cells[n] != nil {
			s.rows[n] = append(s.rows[n], cell{strings.TrimSpace(s.cells[n].String()), s.merged[n]})
			for range s.spans[n] - 1 {
				s.rows[n] = append(s.rows[n], cell{merged: s.merged[n]})
			}
			s.rows[n] = s.rows[n][:min(len(s.rows[n]), maxCells)]
			s.cells[n] = nil
		}
	case "tr":
		if n >= 0 && len(s.rows[n]) > 0 {
			s.tables[n].rows = append(s.tables[n].rows, s.rows[n])
			s.rows[n] = nil
		}
	case "tbl":
		if n >= 0 {
			text := s.tables[n].text()
			s.tables, s.rows, s.cells, s.spans, s.merged = s.tables[:n], s.rows[:n], s.cells[:n], s.spans[:n], s.merged[:n]
			s.write(text)
		}
	}
}

func (s *bodyScan) endParagraph() {
	text := strings.TrimSpace(s.para.String())
	s.para.Reset()
	n := len(s.cells)
	inCell := n > 0 && s.cells[n-1] != nil
	if text == "" && !inCell {
		return
	}
	// a cell may hold nothing but the number that Word makes
	if text = s.numbering.label(s.style, s.num) + text; text != "" {
		s.write(text + "\n")
	}
}

// write puts a line into the cell that is open, else into the text.
func (s *bodyScan) write(line string) {
	if n := len(s.cells); n > 0 && s.cells[n-1] != nil {
		s.cells[n-1].WriteString(line)
		return
	}
	s.out.WriteString(line)
}
