package document

import (
	"regexp"
	"strings"
)

var (
	mdHeading  = regexp.MustCompile(`^\s{0,3}#{1,6}\s+(.*?)\s*#*\s*$`)
	mdBullet   = regexp.MustCompile(`^\s{0,8}[-*+]\s+`)
	mdQuote    = regexp.MustCompile(`^\s{0,3}>\s?`)
	mdRule     = regexp.MustCompile(`^\s{0,3}(?:[-*_]\s*){3,}$`)
	mdDivider  = regexp.MustCompile(`^\s*\|?\s*:?-{2,}:?\s*(?:\|\s*:?-{2,}:?\s*)*\|?\s*$`)
	mdStrong   = regexp.MustCompile(`\*\*([^*\n]+)\*\*|__([^_\n]+)__`)
	mdLink     = regexp.MustCompile(`!?\[([^\]\n]*)\]\([^)\n]*\)`)
	mdEscape   = regexp.MustCompile(`\\([\\.()\[\]*_#+\-!|>~])`)
	mdNumbered = regexp.MustCompile(`^\s{0,8}(\d{1,3})([.)])\s+`)
)

// markdown drops the marks of Markdown and keeps its words; rows of a table
// become lines.
func markdown(text string) string {
	var b strings.Builder
	var t table
	flush := func() {
		b.WriteString(t.text())
		t = table{}
	}
	for line := range strings.SplitSeq(tidy(text), "\n") {
		if mdDivider.MatchString(line) && len(t.rows) > 0 {
			continue
		}
		if s := strings.TrimSpace(line); strings.HasPrefix(s, "|") {
			cells := strings.Split(strings.Trim(s, "|"), "|")
			for i := range cells {
				cells[i] = words(strings.TrimSpace(cells[i]))
			}
			t.add(cells[:min(len(cells), maxCells)])
			continue
		}
		flush()
		if mdRule.MatchString(line) {
			continue
		}
		line = mdQuote.ReplaceAllString(line, "")
		line = mdHeading.ReplaceAllString(line, "$1")
		line = mdBullet.ReplaceAllString(line, "")
		line = mdNumbered.ReplaceAllString(line, "$1.")
		b.WriteString(words(line) + "\n")
	}
	flush()
	return b.String()
}

// words drops the marks inside a line.
func words(line string) string {
	line = mdLink.ReplaceAllString(line, "$1")
	line = mdStrong.ReplaceAllString(line, "$1$2")
	return mdEscape.ReplaceAllString(line, "$1")
}
