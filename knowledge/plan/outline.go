package plan

import (
	"regexp"
	"sort"
	"strings"
	"unicode"
)

// A level is a way of numbering. The levels of a document nest in the order in
// which they first appear.
type level int

const (
	levelArticle  level = iota // 第三条
	levelHan                   // 三、
	levelHanParen              // （三）
	levelDigit                 // 3.
)

// A label is a number that begins a section: where it stands, what it says.
type label struct {
	from, to int // bytes of the label
	level    level
	number   int
	printed  string // as cited: 三, （三）, 3, 第三条
}

const hanDigits = "一二三四五六七八九十百零〇"

var labelForms = []struct {
	level level
	re    *regexp.Regexp
}{
	{levelArticle, regexp.MustCompile(`(第([` + hanDigits + `]{1,5})条)[\s　]*`)},
	{levelHan, regexp.MustCompile(`(([` + hanDigits + `]{1,3}))、[\s　]*`)},
	{levelHanParen, regexp.MustCompile(`([（(]([` + hanDigits + `]{1,3})[)）])[、.．\s　]*`)},
	{levelDigit, regexp.MustCompile(`(([0-9]{1,3}))[.．、][\s　]*`)},
}

// labels finds the numbers that begin sections, in order. In a document of
// lines they stand at the beginning of a line; in one without lines they stand
// anywhere and are told from other numbers by counting on.
func labels(text string) []label {
	all := candidates(text)
	lines := 0
	for _, l := range all {
		if startsLine(text, l.from) {
			lines++
		}
	}
	byLine := lines >= 3 && 2*lines >= longestCount(all)
	var out []label
	open := map[level]int{}
	for _, l := range all {
		if byLine && !startsLine(text, l.from) || !byLine && !breaksSentence(text, l.from) {
			continue
		}
		last := open[l.level]
		switch {
		case l.number == last+1, l.number == 1 && opensUnder(out, l.level):
		case byLine && l.number > last && l.number <= last+3: // a number left out
		default:
			continue
		}
		open[l.level] = l.number
		for deeper := range labelForms {
			// numbers that run through a document go on under the next heading
			if level(deeper) > l.level && l.level != levelArticle && restarts(all, level(deeper), l.from) {
				open[level(deeper)] = 0
			}
		}
		out = append(out, l)
	}
	return out
}

// longestCount is how many labels the commonest level has.
func longestCount(all []label) int {
	n, most := map[level]int{}, 0
	for _, l := range all {
		n[l.level]++
		most = max(most, n[l.level])
	}
	return most / 2
}

// opensUnder reports whether a label numbered one may begin a level here: a
// shallower label stands after the last one of its own level.
func opensUnder(out []label, of level) bool {
	for i := len(out) - 1; i >= 0; i-- {
		if out[i].level == of {
			return false
		}
		if out[i].level < of {
			return true
		}
	}
	return true
}

// restarts reports whether the next label of the level after from is a one.
func restarts(all []label, of level, from int) bool {
	for _, l := range all {
		if l.from > from && l.level == of {
			return l.number == 1
		}
	}
	return false
}

func candidates(text string) []label {
	var out []label
	for _, form := range labelForms {
		for _, m := range form.re.FindAllStringSubmatchIndex(text, -1) {
			if form.level == levelDigit && (m[1] < len(text) && text[m[1]] >= '0' && text[m[1]] <= '9' || m[0] > 0 && isDigit(text[m[0]-1])) {
				continue // 2.5以内
			}
			n := number(text[m[4]:m[5]])
			if n == 0 {
				continue
			}
			if form.level == levelHan && m[0] > 0 && strings.ContainsRune(hanDigits, lastRune(text[:m[0]])) {
				continue
			}
			out = append(out, label{m[0], m[1], form.level, n, text[m[2]:m[3]]})
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].from < out[j].from })
	return out
}

func isDigit(b byte) bool { return b >= '0' && b <= '9' }

func lastRune(s string) rune {
	r := rune(0)
	for _, x := range s[max(0, len(s)-4):] {
		r = x
	}
	return r
}

// startsLine reports whether only white space stands before at in its line.
func startsLine(text string, at int) bool {
	for i := at - 1; i >= 0; i-- {
		if text[i] == '\n' {
			return true
		}
		if text[i] >= 0x80 {
			// 　 is three bytes
			if i >= 2 && text[i-2:i+1] == "　" {
				i -= 2
				continue
			}
			return false
		}
		if !unicode.IsSpace(rune(text[i])) {
			return false
		}
	}
	return true
}

// breaksSentence reports whether a section may begin at: after the end of a
// sentence, a bracket or another label, or after a heading, which has no sign
// at its end.
func breaksSentence(text string, at int) bool {
	before := strings.TrimRightFunc(text[:at], unicode.IsSpace)
	if before == "" {
		return true
	}
	switch r := lastRune(before); {
	case strings.ContainsRune("，,、《“‘（(—-·", r):
		return false
	}
	return true
}

// number reads a Chinese or Arabic number up to 999, 0 when it is none.
func number(s string) int {
	n := 0
	if s != "" && isDigit(s[0]) {
		for i := range len(s) {
			n = n*10 + int(s[i]-'0')
		}
		return n
	}
	last := 0
	for _, r := range s {
		switch r {
		case '十':
			n, last = n+max(1, last)*10, 0
		case '百':
			n, last = n+max(1, last)*100, 0
		case '零', '〇':
		default:
			last = strings.Index("一二三四五六七八九", string(r))/3 + 1
		}
	}
	return n + last
}
