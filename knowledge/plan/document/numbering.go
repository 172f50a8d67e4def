package document

import (
	"encoding/xml"
	"strconv"
	"strings"
)

// A numRef is what a paragraph says of its automatic number.
type numRef struct{ id, level string }

// A level is how the numbers of one level of a list look.
type level struct {
	format, text string
	start        int
}

// numbering makes the numbers that Word shows but does not store in the text.
type numbering struct {
	abstract map[string]map[int]*level // abstractNumId -> level
	nums     map[string]string         // numId -> abstractNumId
	starts   map[string]map[int]int    // numId -> overridden start
	styles   map[string]numRef
	counts   map[string]*[9]int // abstractNumId -> count by level
	used     map[string]bool    // numIds whose overrides took effect
}

func newNumbering() *numbering {
	return &numbering{
		abstract: map[string]map[int]*level{}, nums: map[string]string{}, starts: map[string]map[int]int{},
		styles: map[string]numRef{}, counts: map[string]*[9]int{}, used: map[string]bool{},
	}
}

func (n *numbering) readNumbering(d *xml.Decoder) error {
	abstract, num, at := "", "", -1
	return tokens(d, func(e xml.StartElement) error {
		val := attr(e, "val")
		switch e.Name.Local {
		case "abstractNum":
			abstract, num = attr(e, "abstractNumId"), ""
			n.abstract[abstract] = map[int]*level{}
		case "num":
			num, abstract = attr(e, "numId"), ""
		case "abstractNumId":
			n.nums[num] = val
		case "lvl":
			at = levelOf(attr(e, "ilvl"))
			if abstract != "" {
				n.abstract[abstract][at] = &level{start: 1, format: "decimal"}
			}
		case "lvlOverride":
			at = levelOf(attr(e, "ilvl"))
		case "startOverride":
			if n.starts[num] == nil {
				n.starts[num] = map[int]int{}
			}
			n.starts[num][at] = number(val, 1)
		}
		if l := n.abstract[abstract][at]; l != nil {
			switch e.Name.Local {
			case "start":
				l.start = number(val, 1)
			case "numFmt":
				l.format = val
			case "lvlText":
				l.text = val
			}
		}
		return nil
	}, func(string) {}, func(string) {})
}

func (n *numbering) readStyles(d *xml.Decoder) error {
	style := ""
	var ref numRef
	return tokens(d, func(e xml.StartElement) error {
		switch e.Name.Local {
		case "style":
			style, ref = attr(e, "styleId"), numRef{}
		case "ilvl":
			ref.level = attr(e, "val")
		case "numId":
			ref.id = attr(e, "val")
		}
		return nil
	}, func(string) {}, func(name string) {
		if name == "style" && ref.id != "" {
			n.styles[style] = ref
		}
	})
}

// label is the number of the next paragraph of a style and reference, counted
// on, "" when it has none.
func (n *numbering) label(style string, ref numRef) string {
	if ref.id == "" {
		inherited := n.styles[style]
		if ref.level == "" {
			ref.level = inherited.level
		}
		ref.id = inherited.id
	}
	abstract, ok := n.nums[ref.id]
	if !ok || ref.id == "0" {
		return ""
	}
	at := levelOf(ref.level)
	levels := n.abstract[abstract]
	l := levels[at]
	if l == nil {
		return ""
	}
	counts := n.counts[abstract]
	if counts == nil {
		counts = new([9]int)
		n.counts[abstract] = counts
	}
	if start, ok := n.starts[ref.id][at]; ok && !n.used[ref.id+"/"+ref.level] {
		n.used[ref.id+"/"+ref.level] = true
		counts[at] = start - 1 - (l.start - 1)
	}
	counts[at]++
	for i := at + 1; i < len(counts); i++ {
		counts[i] = 0
	}
	text := l.text
	for i := range at + 1 {
		if li := levels[i]; li != nil {
			text = strings.ReplaceAll(text, "%"+strconv.Itoa(i+1), format(li.format, max(counts[i], 1)+li.start-1))
		}
	}
	if l.format == "bullet" || l.format == "none" {
		return ""
	}
	return text
}

func levelOf(s string) int { return min(max(number(s, 0), 0), 8) }

func number(s string, otherwise int) int {
	if n, err := strconv.Atoi(s); err == nil && n >= 0 && n < 10_000 {
		return n
	}
	return otherwise
}

// format writes a number as ECMA-376 ST_NumberFormat names it; what is not
// used in Chinese documents is written in digits.
func format(name string, n int) string {
	switch name {
	case "chineseCounting", "chineseCountingThousand", "japaneseCounting", "taiwaneseCounting", "taiwaneseCountingThousand", "ideographDigital":
		return chinese(n)
	case "decimalFullWidth":
		return strings.Map(func(r rune) rune { return r - '0' + '０' }, strconv.Itoa(n))
	case "decimalEnclosedCircle", "decimalEnclosedCircleChinese":
		if n >= 1 && n <= 20 {
			return string(rune('①' + n - 1))
		}
	case "lowerLetter", "upperLetter":
		if n >= 1 && n <= 26 {
			return string(rune(map[string]int{"lowerLetter": 'a', "upperLetter": 'A'}[name] + n - 1))
		}
	}
	return strconv.Itoa(n)
}

// chinese writes a number from 1 to 999 in Chinese, others in digits.
func chinese(n int) string {
	digits := []string{"", "一", "二", "三", "四", "五", "六", "七", "八", "九"}
	switch {
	case n <= 0 || n > 999:
		return strconv.Itoa(n)
	case n < 10:
		return digits[n]
	case n < 20:
		return "十" + digits[n-10]
	case n < 100:
		return digits[n/10] + "十" + digits[n%10]
	}
	rest := n % 100
	switch {
	case rest == 0:
		return digits[n/100] + "百"
	case rest < 10:
		return digits[n/100] + "百零" + digits[rest]
	case rest < 20:
		return digits[n/100] + "百一十" + digits[rest-10]
	}
	return digits[n/100] + "百" + chinese(rest)
}
