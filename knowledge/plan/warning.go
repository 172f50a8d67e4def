package plan

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// warn lists likely misprints: what differs by one character, or by two that
// changed places, from a standard term or from what the text itself prints
// more often. They stay as printed.
func (p *Plan) warn(text string, terms []string) {
	for i := range p.Items {
		it := &p.Items[i]
		var printed []string
		for _, t := range slices.SortedFunc(slices.Values(terms), func(a, b string) int { return len(b) - len(a) }) {
			found := near(it.Text, t)
			if found == "" || slices.ContainsFunc(printed, func(s string) bool { return strings.Contains(s, found) }) || ownWord(text, found, t) {
				continue
			}
			printed = append(printed, found)
			p.suspect(it, found, t)
		}
	}
	p.warnRare(text)
}

// ownWord reports whether what ends found in place of a term is a word that the
// text uses throughout: 补助 for 补贴 is no misprint.
func ownWord(text, found, term string) bool {
	f, t := []rune(found), []rune(term)
	n := len(f)
	return f[n-1] != t[n-1] && f[n-2] == t[n-2] && strings.Count(text, string(f[n-2:])) >= 5
}

// suspect warns of a likely misprint once.
func (p *Plan) suspect(it *Item, printed, likely string) {
	w := fmt.Sprintf("第%s项：“%s”可能是“%s”，请核对原件", it.No, printed, likely)
	if !slices.Contains(p.Warnings, w) {
		p.Warnings = append(p.Warnings, w)
	}
}

// near finds a span of text that is t but for one character or for two
// neighbours that changed places, "" when there is none or t itself stands there.
func near(text, t string) string {
	want := []rune(t)
	if len(want) < 4 {
		return ""
	}
	rs := []rune(text)
	for i := 0; i+len(want) <= len(rs); i++ {
		if mistyped(rs[i:i+len(want)], want) {
			return string(rs[i : i+len(want)])
		}
	}
	return ""
}

// mistyped reports whether got is want with neighbours changed places, or, for
// terms of six characters and more, with its last or one inner character wrong.
func mistyped(got, want []rune) bool {
	var differ []int
	for i := range want {
		if got[i] != want[i] {
			if differ = append(differ, i); len(differ) > 2 {
				return false
			}
		}
	}
	switch len(differ) {
	case 1:
		return len(want) >= 6
	case 2:
		i, j := differ[0], differ[1]
		return j == i+1 && got[i] == want[j] && got[j] == want[i]
	}
	return false
}

const rareRunes = 6

// warnRare compares every span of six characters that stands once with the
// ones that stand three times and more.
func (p *Plan) warnRare(text string) {
	count := map[string]int{}
	for _, run := range strings.FieldsFunc(text, func(r rune) bool { return r < 0x4e00 || r > 0x9fff }) {
		rs := []rune(run)
		for i := 0; i+rareRunes <= len(rs); i++ {
			count[string(rs[i:i+rareRunes])]++
		}
	}
	// wildcard -> frequent span: one character left out
	frequent := map[string]string{}
	for s, n := range count {
		if n < 3 {
			continue
		}
		rs := []rune(s)
		for i := 1; i < rareRunes-1; i++ {
			frequent[string(rs[:i])+"?"+string(rs[i+1:])] = s
		}
	}
	seen := []string{}
	for i := range p.Items {
		it := &p.Items[i]
		for _, run := range strings.FieldsFunc(it.Text, func(r rune) bool { return r < 0x4e00 || r > 0x9fff }) {
			rs := []rune(run)
			for j := 0; j+rareRunes <= len(rs); j++ {
				s := rs[j : j+rareRunes]
				if count[string(s)] != 1 {
					continue
				}
				for k := 1; k < rareRunes-1; k++ {
					other := frequent[string(s[:k])+"?"+string(s[k+1:])]
					if other != "" && other != string(s) && !slices.Contains(seen, it.No+other) {
						seen = append(seen, it.No+other)
						p.suspect(it, string(s), other)
					}
				}
			}
		}
	}
}

// runHeads is a line of column heads run together: its table came without cells.
var runHeads = regexp.MustCompile(`(?m)^[^\n\t。；，,]{0,40}序[ 　]?号[^\n\t。；，,]{0,40}(?:任务|内容|事项|项目|措施|目标)[^\n\t。；，,]{0,60}(?:单位|部门|领导|时限|时间)[^\n\t。；，,]{0,40}$`)

// warnCells warns of a table whose cells are not known: what stands side by side
// in it reads as one line.
func (p *Plan) warnCells(text string) {
	if runHeads.MatchString(text) {
		p.Warnings = append(p.Warnings, "有一张表格取不出单元格，任务、单位和时限可能串在一起：请用 Word 文件，或核对每一项")
	}
}

// warnMissing warns of what the numbers and the lists of other items let expect:
// a number left out, an item that names nobody among others that do.
func (r *reader) warnMissing() {
	items := r.plan.Items
	chapter := func(i int) string {
		if len(items[i].Path) == 0 {
			return ""
		}
		return items[i].Path[0].Label
	}
	with, all := map[string]int{}, map[string]int{}
	for i := range items {
		all[chapter(i)]++
		if len(items[i].Bureaus) > 0 {
			with[chapter(i)]++
		}
	}
	for i := range items {
		it, l := &items[i], r.labels[i]
		if i > 0 && l.level == r.labels[i-1].level && l.number > r.labels[i-1].number+1 && slices.Equal(it.Path, items[i-1].Path) {
			r.plan.Warnings = append(r.plan.Warnings, fmt.Sprintf("第%s项前面是第%s项：请核对原件是不是少了一项", it.No, items[i-1].No))
		}
		if c := chapter(i); len(it.Bureaus) == 0 && with[c] >= 3 && 5*with[c] >= 4*all[c] && !aboutItself.MatchString(it.Text) {
			r.plan.Warnings = append(r.plan.Warnings, fmt.Sprintf("第%s项：没有读出责任单位，同一部分的其他项都有，请核对原件", it.No))
		}
	}
}
