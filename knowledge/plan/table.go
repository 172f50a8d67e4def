package plan

import (
	"regexp"
	"slices"
	"strings"
)

const bodies = `(?:单位|部门|主体)(?:[（(][\p{Han}]{1,8}[）)])?`

// columnHead is the head of a table of tasks whose cells stand one behind the
// other: 工作任务 工作要求 牵头单位 配合/责任单位.
var columnHead = regexp.MustCompile(`(?:任务|要求|措施|内容|事项|目标|举措|项目|实事)(?:名称|分解|分工)?[\s　]*(?:(?:主要|具体|工作)(?:任务|要求|措施|内容|举措)[\s　]*){0,2}(牵头` + bodies + `)?[\s　]*((?:配合|责任|参与|实施|承办|主办)?(?:[/／](?:责任|配合))?(?:责任)?` + bodies + `)?[\s　]*(?:(?:配合|责任|参与)` + bodies + `)?[\s　]*(?:完成时限|完成时间|时限|时间节点|备注|进度安排)?`)

// tableColumns returns the heads of the columns of bodies when the document is
// a table run together, nil otherwise.
func tableColumns(text string) []string {
	for _, m := range columnHead.FindAllStringSubmatchIndex(text, -1) {
		end := m[1]
		if (m[2] < 0 && m[4] < 0) || end < len(text) && strings.HasPrefix(text[end:], "：") || end < len(text) && text[end] == ':' {
			continue
		}
		if m[2] >= 0 {
			return []string{"牵头单位", "责任单位"}
		}
		return []string{"责任单位"}
	}
	return nil
}

// rowHead is the head of a table that was copied cell by cell: a line or cell
// that holds 序号. Its rows begin with a number in a cell of its own.
var (
	rowHead   = regexp.MustCompile(`(?:^|\n)[ 　]*(?:序[ 　]*号|编号|项次)[ 　]*[\n\t]`)
	rowNumber = regexp.MustCompile(`(?:^|\n)[ \t　]*(([0-9]{1,4}))[ 　]*[\n\t][ \t　]*`)
)

// A table may be run together to one line: its rows then begin with a number
// right behind a body or a time.
var (
	runNumber = regexp.MustCompile(`(?:[底前月年日度坚推进持时限间注位门局委办府会厅心司院行道镇乡区县团])([0-9]{1,3})`)
	counted   = regexp.MustCompile(`^(?:[0-9.．,，、:：%％—～~\-]|年|月|日|号|个|项|家|户|人|名|次|条|件|亩|元|[万亿千百]|公里|天|所|座|处|批|期|[A-Za-z])`)
)

// runHead is where the rows of a table run together begin, -1 when the text is
// no such table.
func runHead(text string) int {
	at := strings.Index(text, "序号")
	if at < 0 || strings.HasPrefix(text[at+len("序号"):], "\n") {
		return -1
	}
	m := columnHead.FindStringSubmatchIndex(text[at:])
	if m == nil || m[2] < 0 && m[4] < 0 || m[0] > 60 {
		return -1
	}
	return max(0, at+m[1]-len("限"))
}

// lastCells is a time that ends a row.
var lastCells = regexp.MustCompile(`(?:(?:[0-9]{4}年)?(?:[0-9]{1,2}月(?:[0-9]{1,2}日)?)?(?:年?底)?(?:之?前)?(?:完成|建成|动工|开工|启动|完工|竣工|投入使用|投用)?|长期(?:坚持|推进)?|持续(?:推进|坚持)?|常态化(?:推进)?|全年|每[月季年](?:度)?|每学期|每半年)$`)

// tableTail reads the bodies that stand behind the last sentence of an item in
// a table run together: names without a sign between the cells. Single bodies
// before the first group stand in the column of leads, if there is one.
func tableTail(text string, columns []string) (responsibility, bool) {
	at := tailBegins(text)
	if at < 0 {
		return responsibility{}, false
	}
	tail := text[at:]
	if strings.TrimSpace(tail) == "" {
		return responsibility{}, false
	}
	res := responsibility{from: at, to: len(text)}
	if m := lastCells.FindStringIndex(strings.TrimRight(tail, " \t\n　。")); m != nil && m[1] > m[0] {
		res.addDue(tail[m[0]:m[1]])
		tail = tail[:m[0]]
	}
	lead := len(columns) > 1
	grouped := false
	for _, cell := range strings.FieldsFunc(tail, func(r rune) bool { return r == '\n' || r == '\t' }) {
		for _, n := range split(cell) {
			for _, name := range splitRun(n) {
				if short, ok := cutEtc(name); ok {
					name, res.etc = short, true
				}
				if !body.MatchString(name) {
					continue
				}
				grouped = grouped || collective(name) || strings.HasPrefix(name, "区直")
				res.bureaus = append(res.bureaus, Bureau{Name: name, First: len(res.bureaus) == 0, Lead: lead && !grouped, Collective: collective(name)})
			}
		}
		if strings.ContainsAny(tail, "\n\t") {
			lead = false // the next cell is the next column
		}
	}
	return res, len(res.bureaus) > 0
}

// tailBegins is where the cells behind the task begin, -1 when there are none:
// at the first of the cells at the end that hold but names and times, else
// behind the last sentence.
func tailBegins(text string) int {
	begin := len(text)
	for begin > 0 {
		i := strings.LastIndexAny(text[:begin], "\n\t")
		cell := strings.TrimSpace(text[i+1 : begin])
		if i < 0 || cell != "" && !slices.ContainsFunc([]string{cell}, func(c string) bool { return allNamed(c) || isTime(c) }) {
			break
		}
		begin = i
	}
	if begin < len(text) {
		return begin
	}
	at := strings.LastIndexAny(text, "。；;")
	if at < 0 {
		return -1
	}
	if text[at] == ';' {
		return at + 1
	}
	return at + len("。")
}

// isTime reports whether a cell says when and nothing else.
func isTime(cell string) bool {
	m := lastCells.FindStringIndex(cell)
	return m != nil && m[0] == 0 && m[1] > 0 || whenMember.MatchString(cell) && len(cell) < 40
}

// runBoundary matches the end of one name right before the beginning of the next.
var runBoundary = regexp.MustCompile(`(?:局|委|办|厅|部|中心|公司|集团|单位|院|会|政府|管委会|办事处)(?:区|市|县|省|州|各)`)

// splitRun parts names that stand one behind the other without a sign.
func splitRun(s string) []string {
	var out []string
	for {
		m := runBoundary.FindStringIndex(s)
		if m == nil {
			return append(out, s)
		}
		cutAt := m[1] - len("区")
		out = append(out, s[:cutAt])
		s = s[cutAt:]
	}
}
