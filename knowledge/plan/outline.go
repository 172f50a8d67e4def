package plan

import (
	"regexp"
	"slices"
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
	levelTask                  // 任务三：, 措施3.
	levelParen                 // （3）, 3）
	levelPart                  // 第三章, 第三部分
	levelSection               // 第三节
	levelAnnex                 // 附件2
	levels
)

// A label is a number that begins a section: where it stands, what it says.
type label struct {
	from, to int // bytes of the label
	level    level
	number   int
	printed  string // as cited: 三, （三）, 3, 第三条
	line     bool   // it begins a line
}

const hanDigits = "一二三四五六七八九十百零〇"

var labelForms = []struct {
	level level
	re    *regexp.Regexp
}{
	{levelArticle, regexp.MustCompile(`(第([` + hanDigits + `]{1,5})条)[\s　]*`)},
	{levelHan, regexp.MustCompile(`(([` + hanDigits + `]{1,3}))[ 　]?、[\s　]*`)},
	{levelHanParen, regexp.MustCompile(`([（(][ 　]?([` + hanDigits + `]{1,3})[ 　]?[)）])[、.．\s　]*`)},
	{levelDigit, regexp.MustCompile(`(([0-9]{1,5}))[.．、][\s　]*`)},
	{levelTask, regexp.MustCompile(`((?:重点|主要|工作|专项)?(?:任务|措施|举措|行动|工程|项目|政策)[ 　]?([0-9]{1,3}|[` + hanDigits + `]{1,3}))[ 　]*[.．、:：][\s　]*`)},
	{levelParen, regexp.MustCompile(`([（(]?([0-9]{1,3})[)）])[、.．\s　]*`)},
	{levelPart, regexp.MustCompile(`(第([` + hanDigits + `]{1,3})(?:章|编|部分))[、：:\s　]*`)},
	{levelSection, regexp.MustCompile(`(第([` + hanDigits + `]{1,3})节)[、：:\s　]*`)},
}

// annexLine begins an annex.
var annexLine = regexp.MustCompile(`(?:^|\n)[ \t　]*(附[件表][ 　]?[0-9一二三四五六七八九十]{0,2})[ \t　]*[:：]?[ \t　]*`)

// labels finds the numbers that begin sections, in order. In a document of
// lines they stand at the beginning of a line; in one without lines they stand
// anywhere and are told from other numbers by counting on.
func labels(text string) []label {
	all := candidates(text)
	lines := 0
	for _, l := range all {
		if l.line && l.level != levelAnnex {
			lines++
		}
	}
	byLine := lines >= 3 && 2*lines >= longestCount(all)
	all = slices.DeleteFunc(all, func(l label) bool {
		return byLine && !l.line || !l.line && (l.level == levelTask || l.level == levelParen) || !byLine && !breaksSentence(text, l.from) || !l.line && l.level >= levelPart && !endsSentence(text[:l.from])
	})
	next := nextNumbers(all)
	var out []label
	var open [levels]int  // the last number of each level
	var seen [levels]bool // since a shallower label
	for i, l := range all {
		last := open[l.level]
		switch {
		case l.level == levelAnnex:
			if len(out) == 0 {
				continue // the whole document is one
			}
			clear(open[:])
		case l.number == last+1, l.number == 1 && !seen[l.level]:
		case l.level == levelPart && last == 0 && l.number == 2: // the first stood behind the title
		case byLine && l.number > last && l.number <= last+3: // a number left out
		default:
			continue
		}
		open[l.level], seen[l.level] = l.number, true
		for deeper := range levels {
			if !under(l.level, deeper) {
				continue
			}
			seen[deeper] = false
			// numbers that run through a document go on under the next heading
			if next[i][deeper] == 1 {
				open[deeper] = 0
			}
		}
		out = append(out, l)
	}
	return out
}

// longestCount is half of how many labels the commonest level has.
func longestCount(all []label) int {
	n, most := map[level]int{}, 0
	for _, l := range all {
		if l.level == levelAnnex || l.level == levelParen {
			continue
		}
		n[l.level]++
		most = max(most, n[l.level])
	}
	return most / 2
}

// nextNumbers gives for every label the number of the next one of each level.
func nextNumbers(all []label) [][levels]int {
	out := make([][levels]int, len(all))
	var next [levels]int
	for i := len(all) - 1; i >= 0; i-- {
		out[i] = next
		next[all[i].level] = all[i].number
	}
	return out
}

// under reports whether labels of level b are counted beneath one of level a:
// those of articles run through a document.
func under(a, b level) bool { return b != levelArticle && deeper(a, b) }

func candidates(text string) []label {
	var out []label
	for _, form := range labelForms {
		for _, m := range form.re.FindAllStringSubmatchIndex(text, -1) {
			if form.level == levelDigit && (m[0] > 0 && isDigit(text[m[0]-1]) || isDecimal(text, m[5], m[1])) {
				continue // 2.5以内
			}
			n := number(text[m[4]:m[5]])
			if n == 0 {
				continue
			}
			if form.level == levelHan && m[0] > 0 && strings.ContainsRune(hanDigits, lastRune(text[:m[0]])) {
				continue
			}
			out = append(out, label{m[0], m[1], form.level, n, text[m[2]:m[3]], startsLine(text, m[0])})
		}
	}
	for _, m := range annexLine.FindAllStringSubmatchIndex(text, -1) {
		out = append(out, label{m[2], m[1], levelAnnex, 1, text[m[2]:m[3]], true})
	}
	if at := runHead(text); at >= 0 {
		for _, m := range runNumber.FindAllStringSubmatchIndex(text[at:], -1) {
			if from, to := at+m[2], at+m[3]; !counted.MatchString(text[to:min(len(text), to+12)]) {
				out = append(out, label{from, to, levelDigit, number(text[from:to]), text[from:to], startsLine(text, from)})
			}
		}
	}
	if rowHead.MatchString(text) {
		for _, m := range rowNumber.FindAllStringSubmatchIndex(text, -1) {
			out = append(out, label{m[2], m[1], levelDigit, number(text[m[4]:m[5]]), text[m[2]:m[3]], true})
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].from < out[j].from })
	return out
}

// isDecimal reports whether a number that ends at number, its sign ending at
// sign, goes on behind it: 2.5, but not 2.2025年底前 nor 2. 5个.
func isDecimal(text string, number, sign int) bool {
	if sign >= len(text) || !isDigit(text[sign]) {
		return false
	}
	return sign == number+len(".") && !manyDigits.MatchString(text[sign:min(len(text), sign+4)])
}

// manyDigits are a year or a name of digits: no place behind a decimal point
// of such texts has so many.
var manyDigits = regexp.MustCompile(`^[0-9]{4}`)

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

// endsSentence reports whether text ends with a sign that ends a sentence.
func endsSentence(text string) bool {
	return strings.ContainsRune("。！；;", lastRune(strings.TrimRightFunc(text, unicode.IsSpace)))
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
