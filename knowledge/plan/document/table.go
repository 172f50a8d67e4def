package document

import (
	"regexp"
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
)

// columnHeads tell a column by its head. The first that fits counts.
var columnHeads = []struct {
	re   *regexp.Regexp
	kind column
}{
	{regexp.MustCompile(`^(?:序号|编号|项次)$`), numberColumn},
	{regexp.MustCompile(`牵头`), leadColumn},
	{regexp.MustCompile(`配合|参与|协同`), helpColumn},
	{regexp.MustCompile(`(?:责任|实施|主办|承办|负责)(?:单位|部门)|责任人`), bureauColumn},
	{regexp.MustCompile(`时限|时间|期限`), dueColumn},
	{regexp.MustCompile(`任务|措施|内容|要求|事项|举措`), taskColumn},
}

// A table collects rows and writes a table of tasks as numbered measures, so
// that a cell keeps the meaning of its column; any other as lines of cells.
type table struct{ rows [][]string }

// maxCells bounds a row.
const maxCells = 64

func (t *table) text() string {
	kinds := t.kinds()
	var b strings.Builder
	for i, row := range t.rows {
		line := ""
		switch {
		case kinds == nil:
			line = strings.TrimSpace(strings.Join(row, "\t"))
		case i > 0: // the heads have gone into the rows
			line = task(kinds, t.rows[0], row)
		}
		if line != "" {
			b.WriteString(line + "\n")
		}
	}
	return b.String()
}

// kinds are the columns of a table whose first row names a task and a body, nil
// for any other table.
func (t *table) kinds() []column {
	if len(t.rows) < 2 {
		return nil
	}
	kinds := make([]column, len(t.rows[0]))
	found := map[column]bool{}
	for i, head := range t.rows[0] {
		head = strings.Join(strings.Fields(head), "")
		for _, h := range columnHeads {
			if h.re.MatchString(head) {
				kinds[i] = h.kind
				found[h.kind] = true
				break
			}
		}
	}
	if !found[taskColumn] || !found[leadColumn] && !found[bureauColumn] {
		return nil
	}
	return kinds
}

// task writes one row as a numbered measure with its bracket of bodies.
func task(kinds []column, heads, row []string) string {
	if len(row) < 2 { // a row that spans the table is a heading
		return strings.TrimSpace(strings.Join(row, ""))
	}
	number := ""
	var body, tail []string
	for i, cell := range row {
		cell = strings.TrimSpace(strings.ReplaceAll(cell, "\n", ""))
		if cell == "" || i >= len(kinds) {
			continue
		}
		switch kinds[i] {
		case numberColumn:
			number = strings.TrimRight(cell, ".．、") + "."
		case taskColumn, plainColumn:
			body = append(body, strings.TrimRight(cell, "。；;")+"。")
		case leadColumn:
			tail = append(tail, "牵头单位："+cell)
		case helpColumn:
			tail = append(tail, "配合单位："+cell)
		case bureauColumn:
			tail = append(tail, "责任单位："+cell)
		case dueColumn:
			tail = append(tail, strings.Join(strings.Fields(heads[i]), "")+"："+cell)
		}
	}
	if len(body) == 0 {
		return strings.TrimSpace(strings.Join(row, "\t"))
	}
	out := number + strings.Join(body, "")
	if len(tail) > 0 {
		out += "（" + strings.Join(tail, "；") + "）"
	}
	return out
}
