package plan

import (
	"regexp"
	"slices"
	"strings"
)

// role words that begin a list of bodies.
var (
	roleWord = `(?:牵头|责任|配合|实施|负责|主办|协办|参与|参加|承办|主管|主要责任)(?:单位|部门|区县|处室|机构)?`
	roleMark = regexp.MustCompile(`(` + roleWord + `(?:[/／、和及]` + roleWord + `)*)[\s　]*[:：]`)
	dueMark  = regexp.MustCompile(`(?:完成时限|完成时间|时间节点|时限要求|时限|完成期限)[\s　]*[:：]`)
	// A、B负责, A牵头，B配合
	roleTail = regexp.MustCompile(`(牵头负责|牵头|负责|配合|参与|按职责分工负责|分工负责)(?:[。.，,；;]|$)`)
	leadRule = regexp.MustCompile(`(?:列|排)(?:在)?(?:第一|首)(?:位|个)?(?:者|的|单位)?[^。）)]{0,6}牵头`)
	// body matches what an organisation's name ends with.
	body = regexp.MustCompile(`(?:局|委|办|厅|部|院|会|社|室|中心|站|所|队|公司|集团|政府|单位|部门|机构|街道|〕|镇|乡|园区|管委会|银行|分行|支行|海关|学校|企业|团|科|处|行|署|总局|学院|大学|联合会|协会|党委|支队|组|办事处|\)|）|区|县|市|省)$`)
)

// A responsibility is what one list of bodies says.
type responsibility struct {
	from, to int // bytes in the item's text, brackets included
	bureaus  []Bureau
	etc      bool
	due      string // the text of a time limit that stands in the list
}

// responsibilities finds the lists of bodies in an item's text, in order.
func responsibilities(text string, firstLeads bool) []responsibility {
	var out []responsibility
	for i, r := range text {
		if (r == '（' || r == '(' || r == '【' || r == '[') && (len(out) == 0 || i >= out[len(out)-1].to) {
			end := closes(text, i, r, brackets[r])
			if end == 0 {
				end = strings.LastIndexAny(text, ")）") // mixed or missing closing sign
				if end <= i || end-i > 1500 {
					continue
				}
			}
			inner := text[i+len(string(r)) : end]
			if res, ok := list(inner, firstLeads); ok {
				res.from, res.to = i, end+len(")")
				if text[end] >= 0x80 {
					res.to = end + 3
				}
				out = append(out, res)
			}
		}
	}
	if len(out) == 0 {
		if res, ok := openList(text, firstLeads); ok {
			out = append(out, res)
		}
	}
	return out
}

// openList finds a list without brackets: 责任单位：A、B at the end of an item.
func openList(text string, firstLeads bool) (responsibility, bool) {
	for _, m := range roleMark.FindAllStringIndex(text, -1) {
		before := strings.TrimRight(text[:m[0]], " \t\r　")
		if before != "" && !strings.ContainsRune("。；;！？\n）)】]", lastRune(before)) {
			continue
		}
		if len(text)-m[0] > 1500 {
			continue
		}
		res, ok := list(text[m[0]:], firstLeads)
		res.from, res.to = m[0], len(text)
		return res, ok
	}
	return responsibility{}, false
}

// list reads the inside of a bracket as a list of bodies.
func list(inner string, firstLeads bool) (responsibility, bool) {
	var res responsibility
	if at := dueMark.FindStringIndex(inner); at != nil {
		rest := inner[at[1]:]
		if end := strings.IndexAny(rest, "；;\n)）"); end >= 0 {
			rest = rest[:end]
		}
		if next := roleMark.FindStringIndex(rest); next != nil {
			rest = rest[:next[0]]
		}
		res.due = strings.TrimSpace(strings.TrimRight(rest, "。."))
		inner = inner[:at[0]] + inner[min(len(inner), at[1]+len(rest)):]
	}
	marks := roleMark.FindAllStringSubmatchIndex(inner, -1)
	if len(marks) == 0 || strings.TrimSpace(inner[:marks[0][0]]) != "" && !roleTail.MatchString(inner[:marks[0][0]]) {
		return tailList(inner, res, firstLeads)
	}
	for i, m := range marks {
		end := len(inner)
		if i+1 < len(marks) {
			end = marks[i+1][0]
		}
		role := inner[m[2]:m[3]]
		res.add(inner[m[1]:end], strings.Contains(role, "牵头") && !strings.Contains(role, "配合"))
	}
	return res.whole(firstLeads)
}

// tailList reads lists that name the role behind the bodies: A牵头，B、C配合.
func tailList(inner string, res responsibility, firstLeads bool) (responsibility, bool) {
	if i := strings.IndexAny(inner, "。"); i > 0 {
		inner = inner[:i] // 列第一位者为牵头单位，下同
	}
	marks := roleTail.FindAllStringSubmatchIndex(inner, -1)
	if len(marks) == 0 || strings.TrimSpace(strings.Trim(inner[marks[len(marks)-1][1]:], "。.，,；;")) != "" {
		return res, false
	}
	from := 0
	for _, m := range marks {
		names := inner[from:m[2]]
		for _, n := range split(names) {
			if !body.MatchString(n) {
				return res, false
			}
		}
		res.add(names, strings.Contains(inner[m[2]:m[3]], "牵头"))
		from = m[1]
	}
	return res.whole(firstLeads)
}

func (res *responsibility) add(names string, lead bool) {
	names = strings.Trim(names, " \t\r\n　。.；;，,")
	if cutNames, ok := cutEtc(names); ok {
		names, res.etc = cutNames, true
	}
	for _, n := range split(names) {
		if slices.ContainsFunc(res.bureaus, func(b Bureau) bool { return b.Name == n }) {
			continue
		}
		res.bureaus = append(res.bureaus, Bureau{Name: n, First: len(res.bureaus) == 0, Lead: lead, Collective: collective(n)})
	}
}

// cutEtc cuts a closing 等 off.
func cutEtc(s string) (string, bool) {
	for _, end := range []string{"等有关部门和单位", "等有关部门", "等相关部门", "等有关单位", "等相关单位", "等部门和单位", "等部门", "等单位", "等"} {
		if rest, ok := strings.CutSuffix(s, end); ok && rest != "" {
			return rest, true
		}
	}
	return s, false
}

func (res responsibility) whole(firstLeads bool) (responsibility, bool) {
	if firstLeads && len(res.bureaus) > 0 && !slices.ContainsFunc(res.bureaus, func(b Bureau) bool { return b.Lead }) {
		res.bureaus[0].Lead = true
	}
	return res, len(res.bureaus) > 0
}

// collective reports whether a name stands for a group, not for one body.
func collective(name string) bool {
	if strings.HasPrefix(name, "各") {
		return true
	}
	for _, w := range []string{"有关部门", "相关部门", "有关单位", "相关单位", "成员单位", "有关企业", "相关企业"} {
		if strings.Contains(name, w) {
			return true
		}
	}
	return false
}

// split parts a list of names at 、，, and white space outside brackets. A group
// such as 各市、州、县人民政府 stays one name.
func split(names string) []string {
	var parts []string
	start, until := 0, -1
	flush := func(end int) {
		if p := strings.Trim(names[start:end], " \t\r\n　。.；;，,、:："); p != "" {
			parts = append(parts, p)
		}
	}
	seps := []int{}
	for i, r := range names {
		if i <= until {
			continue
		}
		if closing, ok := brackets[r]; ok {
			if end := closes(names, i, r, closing); end > 0 {
				until = end
			}
			continue
		}
		if strings.ContainsRune("、，,；; \t\n　", r) {
			seps = append(seps, i)
			flush(i)
			start = i + len(string(r))
		}
	}
	flush(len(names))
	return joinGroups(names, parts)
}

// joinGroups puts 各市 + 州 + 县人民政府 back together: a name that begins with 各
// and is no body yet takes the names after it, up to the first that is.
func joinGroups(names string, parts []string) []string {
	var out []string
	for i := 0; i < len(parts); i++ {
		p := parts[i]
		if strings.HasPrefix(p, "各") && len([]rune(p)) <= 4 && !organisation.MatchString(p) {
			for j := i + 1; j < len(parts) && j <= i+4; j++ {
				if organisation.MatchString(parts[j]) {
					from := strings.Index(names, p)
					to := strings.Index(names[from:], parts[j])
					p = names[from : from+to+len(parts[j])]
					i = j
					break
				}
			}
		}
		out = append(out, p)
	}
	return out
}

var organisation = regexp.MustCompile(`(?:政府|单位|部门|机构|办事处|管委会|企业|学校|院校|公司|街道|〕|）|\))$`)
