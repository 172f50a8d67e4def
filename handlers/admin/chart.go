package admin

import (
	"strconv"
	"strings"
)

// The size of a chart in the units of its drawing.
const (
	chartWidth  = 960
	chartHeight = 260
	chartLeft   = 48
	chartBottom = 28
	chartTop    = 12
)

// A chart is stacked bars: one a day or week, a layer a kind. Layers differ by
// pattern as well as by colour, so that they print and that everybody can tell
// them apart; the same numbers stand in a table beside it.
type chart struct {
	Title         string
	Width, Height int
	Layers        []layer
	Bars          []rect
	Lines         []gridLine
	Ticks         []tick
	Columns       []column
}

// A layer is a kind of the chart.
type layer struct {
	Name    string
	Pattern string // of the legend and the bars: p0, p1 …
}

type rect struct {
	X, Y, W, H int
	Pattern    string
	Says       string
}

type gridLine struct {
	Y     int
	Label string
}

type tick struct {
	X     int
	Label string
}

// A column is what one bar stands for.
type column struct {
	Name   string
	Values []int
}

// newChart draws columns whose values stand in the order of the layers.
func newChart(title string, names []string, columns []column) chart {
	c := chart{Title: title, Width: chartWidth, Height: chartHeight, Columns: columns}
	for i, n := range names {
		c.Layers = append(c.Layers, layer{n, "p" + strconv.Itoa(i)})
	}
	most := 1
	for _, col := range columns {
		most = max(most, total(col.Values))
	}
	step := niceStep(most)
	top := (most + step - 1) / step * step
	inner := chartHeight - chartBottom - chartTop
	at := func(v int) int { return chartTop + inner - v*inner/top }
	for v := 0; v <= top; v += step {
		c.Lines = append(c.Lines, gridLine{at(v), strconv.Itoa(v)})
	}
	if len(columns) == 0 {
		return c
	}
	room := float64(chartWidth-chartLeft) / float64(len(columns))
	width := max(1, min(48, int(room*0.72)))
	every := (len(columns) + 9) / 10
	for i, col := range columns {
		x := chartLeft + int(room*float64(i)+(room-float64(width))/2)
		sum := 0
		for l, v := range col.Values {
			if v > 0 {
				c.Bars = append(c.Bars, rect{x, at(sum + v), width, at(sum) - at(sum+v), c.Layers[l].Pattern, col.Name + " " + names[l] + " " + strconv.Itoa(v)})
			}
			sum += v
		}
		if i%every == 0 {
			c.Ticks = append(c.Ticks, tick{x + width/2, strings.TrimPrefix(col.Name[min(5, len(col.Name)):], "-")})
		}
	}
	return c
}

func total(list []int) int {
	n := 0
	for _, v := range list {
		n += v
	}
	return n
}

// niceStep is a step of 1, 2 or 5 times a power of ten with at most five lines.
func niceStep(most int) int {
	for p := 1; ; p *= 10 {
		for _, m := range []int{1, 2, 5} {
			if m*p*5 >= most {
				return m * p
			}
		}
	}
}

// A ranked is a row of bars beside each other: a name and a number.
type ranked struct {
	Name  string
	Note  string
	Count int
	Width int // of the bar, of 100
}

// rankedOf fits the widths to the largest.
func rankedOf(list []ranked) []ranked {
	most := 1
	for _, r := range list {
		most = max(most, r.Count)
	}
	for i := range list {
		list[i].Width = max(1, 100*list[i].Count/most)
	}
	return list
}
