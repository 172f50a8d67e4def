package document

import (
	"math"

	"github.com/ledongthuc/pdf"
)

// A mark is a glyph where it stands on a page, in points.
type mark struct {
	text          string
	x, y, w, size float64
}

// A matrix is [a b c d e f] as PDF writes transformations (ISO 32000-1, 8.3.3).
type matrix [6]float64

var unit = matrix{1, 0, 0, 1, 0, 0}

// then is m applied before n.
func (m matrix) then(n matrix) matrix {
	return matrix{
		m[0]*n[0] + m[1]*n[2], m[0]*n[1] + m[1]*n[3],
		m[2]*n[0] + m[3]*n[2], m[2]*n[1] + m[3]*n[3],
		m[4]*n[0] + m[5]*n[2] + n[4], m[4]*n[1] + m[5]*n[3] + n[5],
	}
}

// A pen is the text state while a page is drawn (ISO 32000-1, 9.3).
type pen struct {
	at           matrix // current transformation
	font         *pdfFont
	size         float64
	char, word   float64
	scale        float64
	leading      float64
	line, cursor matrix
}

// maxMarks bounds the glyphs of a page.
const maxMarks = 200_000

// A pageScan of a PDF collects the marks of one page.
type pdfScan struct {
	page  pdf.Page
	fonts map[string]*pdfFont
	pen   pen
	stack []pen
	marks []mark
	path  pdfPath
	rules []rule
}

// pageMarks lists the glyphs that a page shows, in the order they are drawn, and
// the lines.
func pageMarks(p pdf.Page) ([]mark, []rule) {
	contents := p.V.Key("Contents")
	if contents.IsNull() {
		return nil, nil
	}
	s := pdfScan{page: p, fonts: map[string]*pdfFont{}, pen: pen{at: unit, scale: 1, line: unit, cursor: unit}}
	pdf.Interpret(contents, func(stk *pdf.Stack, op string) {
		args := make([]pdf.Value, stk.Len())
		for i := len(args) - 1; i >= 0; i-- {
			args[i] = stk.Pop()
		}
		s.operator(op, args)
	})
	return s.marks, s.rules
}

func (s *pdfScan) operator(op string, args []pdf.Value) {
	num := func(i int) float64 {
		if i < len(args) {
			return args[i].Float64()
		}
		return 0
	}
	six := func() matrix { return matrix{num(0), num(1), num(2), num(3), num(4), num(5)} }
	switch op {
	case "q":
		if len(s.stack) < 1000 {
			s.stack = append(s.stack, s.pen)
		}
	case "Q":
		if n := len(s.stack); n > 0 {
			s.pen, s.stack = s.stack[n-1], s.stack[:n-1]
		}
	case "cm":
		s.pen.at = six().then(s.pen.at)
	case "m":
		s.path.move(s.at(num(0), num(1)))
	case "l":
		s.path.line(s.at(num(0), num(1)))
	case "re":
		x, y, w, h := num(0), num(1), num(2), num(3)
		s.path.move(s.at(x, y))
		for _, p := range []point{{x + w, y}, {x + w, y + h}, {x, y + h}, {x, y}} {
			s.path.line(s.at(p.x, p.y))
		}
	case "h":
		if n := len(s.path.parts); n > 0 {
			s.path.line(s.path.parts[n-1][0])
		}
	case "S", "s", "B", "B*", "b", "b*":
		s.paint(true)
	case "f", "F", "f*":
		s.paint(false)
	case "n":
		s.path = pdfPath{}
	case "BT":
		s.pen.line, s.pen.cursor = unit, unit
	case "Tf":
		if len(args) == 2 {
			s.pen.font, s.pen.size = s.font(args[0].Name()), num(1)
		}
	case "Tc":
		s.pen.char = num(0)
	case "Tw":
		s.pen.word = num(0)
	case "Tz":
		s.pen.scale = num(0) / 100
	case "TL":
		s.pen.leading = num(0)
	case "Tm":
		s.pen.line = six()
		s.pen.cursor = s.pen.line
	case "TD":
		s.pen.leading = -num(1)
		s.move(num(0), num(1))
	case "Td":
		s.move(num(0), num(1))
	case "T*":
		s.move(0, -s.pen.leading)
	case "'":
		s.move(0, -s.pen.leading)
		s.showAll(args)
	case "\"":
		s.pen.word, s.pen.char = num(0), num(1)
		s.move(0, -s.pen.leading)
		s.showAll(args[min(2, len(args)):])
	case "Tj":
		s.showAll(args)
	case "TJ":
		if len(args) > 0 {
			for i := range args[0].Len() {
				v := args[0].Index(i)
				if v.Kind() == pdf.String {
					s.show(v.RawString())
					continue
				}
				s.advance(-v.Float64() / 1000 * s.pen.size * s.pen.scale)
			}
		}
	}
}

// at is where a point of a path lies on the page.
func (s *pdfScan) at(x, y float64) point {
	m := s.pen.at
	return point{x*m[0] + y*m[2] + m[4], x*m[1] + y*m[3] + m[5]}
}

// paint keeps the lines that a path shows.
func (s *pdfScan) paint(stroked bool) {
	if len(s.rules) <= maxRules {
		s.rules = append(s.rules, s.path.rules(stroked)...)
	}
	s.path = pdfPath{}
}

func (s *pdfScan) font(name string) *pdfFont {
	f, ok := s.fonts[name]
	if !ok {
		f = newPDFFont(s.page.Font(name))
		s.fonts[name] = f
	}
	return f
}

func (s *pdfScan) move(x, y float64) {
	s.pen.line = matrix{1, 0, 0, 1, x, y}.then(s.pen.line)
	s.pen.cursor = s.pen.line
}

func (s *pdfScan) advance(x float64) {
	s.pen.cursor = matrix{1, 0, 0, 1, x, 0}.then(s.pen.cursor)
}

func (s *pdfScan) showAll(args []pdf.Value) {
	for _, a := range args {
		if a.Kind() == pdf.String {
			s.show(a.RawString())
		}
	}
}

func (s *pdfScan) show(raw string) {
	if s.pen.font == nil || len(s.marks) > maxMarks {
		return
	}
	for _, g := range s.pen.font.glyphs(raw) {
		place := s.pen.cursor.then(s.pen.at)
		across := math.Hypot(place[0], place[1])
		w := g.width * s.pen.size * s.pen.scale
		s.marks = append(s.marks, mark{text: tidy(g.text), x: place[4], y: place[5], w: w * across, size: s.pen.size * math.Hypot(place[2], place[3])})
		step := w + s.pen.char*s.pen.scale
		if g.text == " " {
			step += s.pen.word * s.pen.scale
		}
		s.advance(step)
	}
}
