package document

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A column is what a table of tasks holds below one head.
type column int

const (
	plainColumn column = iota
	numberColumn
	taskColumn
	leadColumn
	bureauColumn
	helpColumn
	dueColumn
	noteColumn
	personColumn // who is in charge is left out: a plan binds bodies
	groupColumn  // it has gone into a heading above the rows
)

// columnHeads tell a column by its head. The first that fits counts.
var columnHeads = []struct {
	re   *regexp.Regexp
	kind column
}{
	{regexp.MustCompile(`^(?:序号|编号|项次|序)$`), numberColumn},
	{regexp.MustCompile(`^牵头(?:单位|部门).*负责人$`), leadColumn},
	{regexp.MustCompile(`^(?:责任|主办|承办|实施)(?:单位|部门).*负责人$`), bureauColumn},
	{regexp.MustCompile(`^(?:联系人|联系电话|联系方式|.*责任人|.*领导|.*负责人)$`), personColumn},
	{regexp.MustCompile(`^(?:备注|说明)$`), noteColumn},
	{regexp.MustCompile(`牵头`), leadColumn},
	{regexp.MustCompile(`^(?:配合|参与|协同|协办)`), helpColumn},
	{regexp.MustCompile(`(?:责任|实施|主办|承办|负责|落实|配合|主管)(?:单位|部门|主体)|^(?:部门|单位)$`), bureauColumn},
	{regexp.MustCompile(`时限|时间|期限|节点|进度`), dueColumn},
	{regexp.MustCompile(`任务|措施|内容|要求|事项|举措|项目|目标|指标|工作`), taskColumn},
}

// A cell is one place of a table; merged repeats the one above it.
type cell struct {
	text   string
	merged bool
}

// A table collects rows and writes a table of tasks as numbered measures, so
// that a cell keeps the meaning of its column; any other as lines of cells.
type table struct{ rows [][]cell }

// maxCells bounds a row, maxSpan how far a cell reaches.
const (
	maxCells = 64
	maxSpan  = 2000
	maxNote  = 120 // bytes of a note that stands beside the bodies
)

// add adds a row of plain cells.
func (t *table) add(texts []string) {
	row := make([]cell, len(texts))
	for i, s := range texts {
		row[i].text = s
	}
	t.rows = append(t.rows, row)
}

// fill gives merged cells the text of the one above.
func (t *table) fill() {
	for i := 1; i < len(t.rows); i++ {
		for j := range t.rows[i] {
			if c := &t.rows[i][j]; c.merged && j < len(t.rows[i-1]) {
				c.text = t.rows[i-1][j].text
			}
		}
	}
}

func (t *table) text() string {
	t.fill()
	kinds, head := t.kinds()
	var b strings.Builder
	group, count := "", 0
	for i, row := range t.rows {
		line := ""
		switch {
		case kinds == nil || i < head:
			line = joined(row)
		case i > head: // the heads have gone into the rows
			if g := t.group(kinds, row); g != "" && g != group {
				group = g
				b.WriteString(g + "\n")
			}
			line = task(kinds, t.rows[head], row, &count)
		}
		if line != "" {
			b.WriteString(line + "\n")
		}
	}
	return b.String()
}

// joined is a row as a line, repeated cells once.
func joined(row []cell) string {
	var texts []string
	for _, c := range row {
		if !c.merged {
			texts = append(texts, c.text)
		}
	}
	return strings.TrimSpace(strings.Join(texts, "\t"))
}

// kinds are the columns of a table that names a task and a body in one of its
// first rows, and which row that is; nil for any other table.
func (t *table) kinds() ([]column, int) {
	for at := 0; at < min(3, len(t.rows)-1); at++ {
		kinds := make([]column, len(t.rows[at]))
		found := map[column]bool{}
		for i, c := range t.rows[at] {
			head := strings.Join(strings.Fields(c.text), "")
			for _, h := range columnHeads {
				if len(head) < 60 && h.re.MatchString(head) {
					kinds[i] = h.kind
					found[h.kind] = true
					break
				}
			}
		}
		if len(kinds) > 1 && found[taskColumn] && (found[leadColumn] || found[bureauColumn]) {
			return kinds, at
		}
	}
	return nil, 0
}

// grouping tells the columns left of the tasks whose cells reach over several
// rows: they are headings.
func (t *table) grouping(kinds []column) int {
	lastTask := 0
	for i, k := range kinds {
		if k == taskColumn {
			lastTask = i
		}
	}
	for i := lastTask - 1; i >= 0; i-- {
		if kinds[i] == numberColumn {
			continue
		}
		if slices.ContainsFunc(t.rows, func(row []cell) bool { return i < len(row) && row[i].merged }) {
			return i
		}
	}
	return -1
}

// group is the heading that a row stands under, "" when its table has none.
func (t *table) group(kinds []column, row []cell) string {
	i := t.grouping(kinds)
	if i < 0 || i >= len(row) {
		return ""
	}
	kinds[i] = groupColumn // from now on it is no part of the tasks
	return strings.Join(strings.Fields(row[i].text), "")
}

var ownNumber = regexp.MustCompile(`^(?:[0-9]{1,3}[.．、]|[（(]?[一二三四五六七八九十]{1,3}[)）、])`)

// task writes one row as a numbered measure with its bracket of bodies.
func task(kinds []column, heads, row []cell, count *int) string {
	if filled(row) < 2 { // a row that spans the table is a heading
		return joined(row)
	}
	number := ""
	var body, tail []string
	for i, c := range row {
		text := strings.TrimSpace(strings.ReplaceAll(c.text, "\n", ""))
		if i < len(kinds) && (kinds[i] == leadColumn || kinds[i] == helpColumn || kinds[i] == bureauColumn) {
			text = strings.Join(strings.FieldsFunc(c.text, func(r rune) bool { return r == '\n' }), "、")
			if strings.HasSuffix(strings.Join(strings.Fields(heads[i].text), ""), "负责人") {
				text = withoutPersons(text)
			}
			text = strings.NewReplacer("、、", "、", "，、", "、", "；、", "；").Replace(text)
		}
		if text == "" {
			continue
		}
		kind, head := plainColumn, ""
		if i < len(kinds) {
			kind, head = kinds[i], strings.Join(strings.Fields(heads[i].text), "")
		}
		switch kind {
		case numberColumn:
			number = strings.TrimRight(text, ".．、") + "."
		case taskColumn, plainColumn:
			body = append(body, strings.TrimRight(text, "。；;")+"。")
		case leadColumn:
			tail = append(tail, "牵头单位："+text)
		case helpColumn:
			tail = append(tail, "配合单位："+text)
		case bureauColumn:
			tail = append(tail, "责任单位："+text)
		case dueColumn:
			tail = append(tail, head+"："+text)
		case noteColumn: // for people: nothing of the table gets lost
			if note := head + "：" + text; len(note) <= maxNote && !strings.ContainsAny(text, "。；;（）()") {
				tail = append(tail, note)
			} else {
				body = append(body, strings.TrimRight(note, "。；;")+"。")
			}
		}
	}
	if len(body) == 0 {
		return joined(row)
	}
	if *count++; number == "" && !ownNumber.MatchString(body[0]) {
		number = strconv.Itoa(*count) + "."
	}
	out := number + strings.Join(body, "")
	if len(tail) > 0 {
		out += "（" + strings.Join(tail, "；") + "）"
	}
	return out
}

// person is a name behind a body or by itself.
var person = regexp.MustCompile(`^(.*(?:局|委|办|厅|部|院|会|社|中心|公司|政府|办公室|管委会|办事处|街道|镇|乡))?[\s　]*([\p{Han}]{2,3})$`)

// bodyEnd ends the name of a body of few characters: 县工会, 妇联.
var bodyEnd = regexp.MustCompile(`[局委办厅部院会社心司府处道镇乡联团县区市州]$`)

// withoutPersons leaves the persons out of a cell of bodies and who leads them.
func withoutPersons(cell string) string {
	var out []string
	for _, name := range strings.Split(cell, "、") {
		if m := person.FindStringSubmatch(name); m != nil && !bodyEnd.MatchString(m[2]) {
			name = m[1]
		}
		if name != "" {
			out = append(out, name)
		}
	}
	return strings.Join(out, "、")
}

// filled counts the cells of a row that hold something of their own.
func filled(row []cell) int {
	n := 0
	for _, c := range row {
		if strings.TrimSpace(c.text) != "" {
			n++
		}
	}
	return n
}
