package handlers

import (
	"slices"
	"strings"
	"time"

	"huiwen/bot"
	"huiwen/knowledge"
	"huiwen/knowledge/pattern"
	"huiwen/knowledge/plan"
)

// Facts is what the renderer checks replies of one snapshot against.
func Facts(s *knowledge.Snapshot) bot.Facts { return facts{s} }

// FactsFor is what the renderer checks the reply to a message against.
func FactsFor(s *knowledge.Snapshot, m bot.Message) bot.Facts { return facts{viewOf(s, m)} }

// viewOf is what of the published state may answer a message: the plan in force
// when it was said.
func viewOf(s *knowledge.Snapshot, m bot.Message) *knowledge.Snapshot {
	return s.For(m.At.In(Zone).Format(time.DateOnly), m.User == bot.Staff)
}

type facts struct{ *knowledge.Snapshot }

// Holds implements [bot.Facts]. The source without a label is the document's
// own head: its title and the goals of its preamble.
func (f facts) Holds(s bot.Source, text string) bool {
	if text == "" {
		return false
	}
	if s.Label == "" {
		return slices.ContainsFunc(f.Plans(), func(p *knowledge.Snapshot) bool {
			return (p.ID == s.Doc || s.Doc == "" && p.ID == f.ID) && inHead(p.Plan, text)
		})
	}
	m, ok := f.measure(s)
	return ok && strings.Contains(m.Text, text)
}

// measure finds what a source names: of the plan, of a document beside it, or of
// the plan of another year.
func (f facts) measure(s bot.Source) (*knowledge.Measure, bool) {
	if m, ok := f.Measure(s.String()); ok {
		return m, true
	}
	for _, p := range f.Plans() {
		if p.ID == s.Doc {
			return p.Measure(s.Label)
		}
	}
	return nil, false
}

func inHead(p *plan.Plan, text string) bool {
	if strings.Contains(p.Title, text) {
		return true
	}
	for _, g := range p.Goals {
		if strings.Contains(g.Text, text) || strings.Contains(g.What, text) {
			return true
		}
	}
	for _, line := range p.Frame {
		if strings.Contains(line, text) {
			return true
		}
	}
	return false
}

// sum matches digits and amounts or counts written in Chinese.
var sum = pattern.MustCompile(`[0-9０-９]+|[一二两三四五六七八九十百千万亿半]+(?:元|块|万|亿|%|人次|户|家|名|亩|年内|个月|月|日|成)`)

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
	b.WriteString("来源：")
	for i, doc := range documentsOf(sources) {
		if i > 0 {
			b.WriteString("；")
		}
		b.WriteString(f.titleOf(doc))
		separator := ""
		for _, s := range sources {
			if m, ok := f.measure(s); ok && s.Doc == doc {
				b.WriteString(separator + m.Label())
				separator = "、"
			}
		}
	}
	return b.String()
}

// documentsOf lists the documents of sources in order of appearance.
func documentsOf(sources []bot.Source) []string {
	var out []string
	for _, s := range sources {
		if !slices.Contains(out, s.Doc) {
			out = append(out, s.Doc)
		}
	}
	return out
}

// titleOf names a document and when it was issued; "" is the plan.
func (f facts) titleOf(doc string) string {
	title, issued := f.Plan.Title, f.Plan.Issued
	for _, p := range f.Plans() {
		if doc != "" && p.ID == doc {
			title, issued = p.Plan.Title, p.Plan.Issued
		}
	}
	for _, d := range f.Documents {
		if doc != "" && d.ID == doc {
			title, issued = d.Title, d.Issued
		}
	}
	title = "《" + title + "》"
	if d, err := time.Parse(time.DateOnly, issued); err == nil {
		title += "（" + d.Format("2006年1月2日") + "印发）"
	}
	return title
}
