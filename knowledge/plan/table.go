package plan

import (
	"regexp"
	"strings"
)

var columnHead = regexp.MustCompile(`牵头单位[\s　]*(?:配合|责任|参与)[/／]?(?:责任|配合)?单位|工作要求[\s　]*(?:牵头|责任)单位`)

// tableColumns returns the heads of the columns of bodies when the document is
// a table run together, nil otherwise.
func tableColumns(text string) []string {
	head := columnHead.FindString(text)
	if head == "" {
		return nil
	}
	if strings.Contains(head, "牵头") {
		return []string{"牵头单位", "责任单位"}
	}
	return []string{"责任单位"}
}

// tableTail reads the bodies that stand behind the last sentence of an item in
// a table run together: names without a sign between the cells. Single bodies
// before the first group stand in the column of leads, if there is one.
func tableTail(text string, columns []string) (responsibility, bool) {
	at := strings.LastIndexAny(text, "。；;")
	if at < 0 {
		return responsibility{}, false
	}
	at += 3
	if text[at-3] == ';' {
		at -= 2
	}
	tail := text[at:]
	if strings.TrimSpace(tail) == "" {
		return responsibility{}, false
	}
	res := responsibility{from: at, to: len(text)}
	lead := len(columns) > 1
	grouped := false
	for _, n := range split(tail) {
		for _, name := range splitRun(n) {
			if !body.MatchString(name) {
				continue
			}
			grouped = grouped || collective(name) || strings.HasPrefix(name, "区直")
			res.bureaus = append(res.bureaus, Bureau{Name: name, First: len(res.bureaus) == 0, Lead: lead && !grouped, Collective: collective(name)})
		}
	}
	return res, len(res.bureaus) > 0
}

// runBoundary matches the end of one name right before the beginning of the next.
var runBoundary = regexp.MustCompile(`(?:局|委|办|厅|部|中心|公司|集团|单位|院|会)(?:区|市|县|省|各)`)

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
