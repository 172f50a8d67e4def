package handlers

import (
	"regexp"
	"strings"
	"time"

	"huiwen/bot"
	"huiwen/knowledge"
)

// Facts is what the renderer checks replies of one snapshot against.
func Facts(s *knowledge.Snapshot) bot.Facts { return facts{s} }

// FactsFor is what the renderer checks the reply to a message against.
func FactsFor(s *knowledge.Snapshot, m bot.Message) bot.Facts { return facts{viewOf(s, m)} }

// viewOf is what of the published state may answer a message: the plan in force
// when it was said.
func viewOf(s *knowledge.Snapshot, m bot.Message) *knowledge.Snapshot {
	return s.On(m.At.In(Zone).Format(time.DateOnly))
}

type facts struct{ *knowledge.Snapshot }

// Holds implements [bot.Facts]. The source without a label is the document's
// own head: its title and the goals of its preamble.
func (f facts) Holds(s bot.Source, text string) bool {
	if text == "" || s.Doc != "" {
		return false
	}
	if s.Label == "" {
		return f.inHead(text)
	}
	m, ok := f.Measure(s.Label)
	return ok && strings.Contains(m.Text, text)
}

func (f facts) inHead(text string) bool {
	if strings.Contains(f.Plan.Title, text) {
		return true
	}
	for _, g := range f.Plan.Goals {
		if strings.Contains(g.Text, text) {
			return true
		}
	}
	for _, line := range f.Plan.Frame {
		if strings.Contains(line, text) {
			return true
		}
	}
	return false
}

// sum matches digits and amounts or counts written in Chinese.
var sum = regexp.MustCompile(`[0-9０-９]+|[一二两三四五六七八九十百千万亿半]+(?:元|块|万|亿|%|人次|户|家|名|亩|年内|个月|月|日|成)`)

// Fact implements [bot.Facts].
func (f facts) Fact(text string) string {
	if m := sum.FindString(text); m != "" {
		return m
	}
	if names := f.Bureaus.Full(text); len(names) > 0 {
		return names[0]
	}
	return ""
}

// SourceLine implements [bot.Facts].
func (f facts) SourceLine(sources []bot.Source) string {
	var b strings.Builder
	b.WriteString("来源：《" + f.Plan.Title + "》")
	if d, err := time.Parse(time.DateOnly, f.Plan.Issued); err == nil {
		b.WriteString("（" + d.Format("2006年1月2日") + "印发）")
	}
	for i, s := range sources {
		if i > 0 {
			b.WriteString("、")
		}
		if m, ok := f.Measure(s.Label); ok {
			b.WriteString(m.Label())
		}
	}
	return b.String()
}
