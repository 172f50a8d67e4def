package document

import (
	"cmp"
	"math"
	"slices"
	"strings"
)

// A rule is a line drawn on a page, horizontal or upright, in points.
type rule struct{ x0, y0, x1, y1 float64 }

// Bounds of what is taken for the lines of a table, in points and numbers.
const (
	ruleWidth = 3.0 // a filled shape this thin is a line
	ruleJoin  = 4.0 // lines this near are one, or meet
	minRule   = 6.0
	overflow  = 24.0 // how far text may run over the right edge of a table
	maxRules  = 4000 // of a page; one with more is a drawing
)

func (r rule) upright() bool { return r.x1-r.x0 < r.y1-r.y0 }

func (r rule) meets(o rule) bool {
	return r.x0 <= o.x1+ruleJoin && o.x0 <= r.x1+ruleJoin && r.y0 <= o.y1+ruleJoin && o.y0 <= r.y1+ruleJoin
}

// A point is a place of a path.
type point struct{ x, y float64 }

// A pdfPath collects what is drawn until it is painted.
type pdfPath struct {
	parts [][]point
}

func (p *pdfPath) move(at point) {
	if len(p.parts) < maxRules {
		p.parts = append(p.parts, []point{at})
	}
}

func (p *pdfPath) line(at point) {
	if n := len(p.parts); n > 0 && len(p.parts[n-1]) < 8 {
		p.parts[n-1] = append(p.parts[n-1], at)
	}
}

// rules are the lines that painting the path shows: the segments of what is
// stroked, thin shapes of what is filled.
func (p *pdfPath) rules(stroked bool) []rule {
	var out []rule
	for _, part := range p.parts {
		if r, ok := span(part); ok {
			out = append(out, r)
			continue
		}
		if !stroked {
			continue
		}
		for i := range part[1:] {
			if r, ok := span(part[i : i+2]); ok {
				out = append(out, r)
			}
		}
	}
	return out
}

// span is the rule that points lie on, if they lie on one.
func span(points []point) (rule, bool) {
	r := rule{math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)}
	for _, p := range points {
		r.x0, r.x1, r.y0, r.y1 = min(r.x0, p.x), max(r.x1, p.x), min(r.y0, p.y), max(r.y1, p.y)
	}
	w, h := r.x1-r.x0, r.y1-r.y0
	return r, w <= ruleWidth && h >= minRule || h <= ruleWidth && w >= minRule
}

// A grid is a table as its lines part it; rows run down, columns to the right.
type grid struct {
	xs, ys []float64 // of the lines, ys downwards
	rules  []rule
}

// grids finds the tables of a page: lines that meet and part it into two rows
// and two columns at least.
func grids(rules []rule) []grid {
	if len(rules) > maxRules {
		return nil
	}
	var out []grid
	group := make([]int, len(rules))
	for i := range rules {
		if group[i] != 0 {
			continue
		}
		group[i] = i + 1
		var of []rule
		for queue := []int{i}; len(queue) > 0; {
			at := queue[len(queue)-1]
			queue = queue[:len(queue)-1]
			of = append(of, rules[at])
			for j := range rules {
				if group[j] == 0 && rules[at].meets(rules[j]) {
					group[j] = i + 1
					queue = append(queue, j)
				}
			}
		}
		var xs, ys []float64
		for _, r := range of {
			if r.upright() {
				xs = append(xs, (r.x0+r.x1)/2)
			} else {
				ys = append(ys, (r.y0+r.y1)/2)
			}
		}
		g := grid{xs: distinct(xs), ys: distinct(ys), rules: of}
		slices.Reverse(g.ys)
		if len(g.xs) > 2 && len(g.ys) > 2 && len(g.xs) <= maxCells+1 && len(g.ys) <= maxSpan {
			out = append(out, g)
		}
	}
	slices.SortStableFunc(out, func(a, b grid) int { return cmp.Compare(b.ys[0], a.ys[0]) })
	return out
}

// distinct sorts places and makes those that are near each other one.
func distinct(at []float64) []float64 {
	slices.Sort(at)
	var out []float64
	for _, x := range at {
		if n := len(out); n > 0 && x-out[n-1] <= ruleJoin {
			continue
		}
		out = append(out, x)
	}
	return out
}

// place is the row and the column that a point lies in.
func (g grid) place(x, y float64) (row, col int, ok bool) {
	last := len(g.xs) - 1
	if x < g.xs[0]-1 || x > g.xs[last]+overflow || y > g.ys[0]+ruleJoin || y < g.ys[len(g.ys)-1]-ruleJoin {
		return 0, 0, false
	}
	for col = last - 1; col > 0 && x < g.xs[col]; col-- {
	}
	for row = len(g.ys) - 2; row > 0 && y > g.ys[row]; row-- {
	}
	return row, col, true
}

// parted reports whether a line runs between a cell and the one above it, or the
// one left of it.
func (g grid) parted(row, col int, above bool) bool {
	x, y := (g.xs[col]+g.xs[col+1])/2, g.ys[row]
	if !above {
		x, y = g.xs[col], (g.ys[row]+g.ys[row+1])/2
	}
	return slices.ContainsFunc(g.rules, func(r rule) bool {
		return r.upright() != above && x >= r.x0-ruleJoin && x <= r.x1+ruleJoin && y >= r.y0-ruleJoin && y <= r.y1+ruleJoin
	})
}

// rows puts glyphs into the cells of the grid.
func (g grid) rows(marks []mark) [][]cell {
	rows, cols := len(g.ys)-1, len(g.xs)-1
	origin := make([]int, rows*cols) // of each place: the first of its cell
	up := make([]bool, rows*cols)
	for i := range origin {
		origin[i] = i
		row, col := i/cols, i%cols
		switch {
		case row > 0 && !g.parted(row, col, true):
			origin[i], up[i] = origin[i-cols], true
		case col > 0 && !g.parted(row, col, false):
			origin[i] = origin[i-1]
		}
	}
	of := map[int][]mark{}
	for _, m := range marks {
		if row, col, ok := g.place(m.x+m.w/2, m.y+m.size*0.3); ok {
			at := origin[row*cols+col]
			of[at] = append(of[at], m)
		}
	}
	out := make([][]cell, rows)
	for i := range origin {
		row, col := i/cols, i%cols
		c := cell{merged: up[i] && origin[i]%cols == col}
		if origin[i] == i {
			c.text = g.cellText(of[i], col)
		}
		out[row] = append(out[row], c)
	}
	return out
}

// cellText joins the lines of a cell that run to its right edge.
func (g grid) cellText(marks []mark, col int) string {
	lines := pageLines(marks, false)
	right := 0.0
	for _, l := range lines {
		right = max(right, l.to)
	}
	right = max(right, g.xs[col+1]-ruleJoin)
	var b strings.Builder
	for i, l := range lines {
		if i > 0 && right-lines[i-1].to > begin(l.text)*max(l.size, 1) {
			b.WriteByte('\n')
		}
		b.WriteString(l.text)
	}
	return b.String()
}

// begin is how much room, in sizes of a character, what begins a line would have
// taken at the end of the one before: a number stays whole, a sign with the
// character before it.
func begin(line string) float64 {
	room, n := 0.6, 0
	for _, r := range line {
		switch {
		case r < 0x80 && r != ' ':
			room += 0.6
		case n == 0:
			room++
		case strings.ContainsRune("、，。；：）】”", r):
			return room + 1
		default:
			return room
		}
		n++
	}
	return room
}
