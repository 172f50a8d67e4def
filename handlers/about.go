package handlers

import (
	"strings"
	"time"
	"unicode/utf8"

	"huiwen/bot"
	"huiwen/knowledge"
	"huiwen/knowledge/plan"
)

// maxQuoteRunes is how much of a measure is quoted for one question: two to
// four short sentences, never the whole clause of a long one.
const maxQuoteRunes = 230

// validity opens every answer after the plan's time with a warning.
func (t *turn) validity() []bot.Line {
	if !t.over() {
		return nil
	}
	year := t.snap.Plan.Valid.To[:4]
	return []bot.Line{{
		{Kind: bot.Derived, Text: "这是" + year + "年的计划，年度已结束，现行标准和办法可能已变，办理前请先核实。", Quote: t.snap.Plan.Title, Rule: "validity"},
	}}
}

// over reports whether the plan's time is past on the day of asking.
func (t *turn) over() bool {
	to := t.snap.Plan.Valid.To
	return to != "" && t.msg.At.In(Zone).Format(time.DateOnly) > to
}

// about tells what was asked of one measure: the direct answer first, then the
// sentences that fit the question, then who is responsible.
func (t *turn) about(m *knowledge.Measure, named bool) ([]bot.Line, bot.Status) {
	var lines []bot.Line
	status := bot.Answered
	if named {
		lines = append(lines, bot.Line{bot.Words("◆ "), bot.Quote(m.No, m.Topic())})
	}
	for _, intent := range []string{"phone", "where", "papers", "rate", "ceiling", "how", "paid"} {
		if t.asks(intent) && !mentions(m, intent) {
			lines = append(lines, bot.Say(notWritten[intent]))
			status = bot.NotCovered
			break
		}
	}
	if t.asks("amount") && status == bot.Answered {
		if direct := t.amounts(m); direct != nil {
			lines = append(lines, direct...)
		} else if len(m.Targets) == 0 {
			lines = append(lines, bot.Say(sayNoAmount))
			status = bot.NotCovered
		}
	}
	if t.asks("target") {
		lines = append(lines, t.targets(m)...)
	}
	if t.asks("deadline", "frequency", "duration") {
		lines = append(lines, t.deadlines(m)...)
	}
	if t.asks("bureau") {
		lines = append(lines, t.bureaus(m))
	}
	lines = append(lines, t.sentences(m)...)
	if !t.asks("bureau") {
		lines = append(lines, t.bureaus(m))
	}
	return lines, status
}

// mentions reports whether the measure itself speaks of what is asked.
func mentions(m *knowledge.Measure, intent string) bool {
	words := map[string][]string{
		"phone": {"电话"}, "where": {"地址", "窗口"}, "papers": {"材料"}, "rate": {"利率"},
		"ceiling": {"上限", "最高"}, "how": {"流程"}, "paid": {},
	}[intent]
	for _, w := range words {
		if strings.Contains(m.Text, w) {
			return true
		}
	}
	return false
}

// amounts quotes what the measure pays, each with what it is for.
func (t *turn) amounts(m *knowledge.Measure) []bot.Line {
	if len(m.Amounts) == 0 {
		return nil
	}
	line := bot.Line{bot.Words(sayAmount)}
	for i, a := range m.Amounts {
		if i > 0 {
			line = append(line, bot.Words("；"))
		}
		if a.For != "" && !strings.Contains(a.Text, a.For) {
			line = append(line, bot.Quote(m.No, a.For), bot.Words("："))
		}
		line = append(line, bot.Quote(m.No, a.Text))
	}
	return []bot.Line{append(line, bot.Words(sayStop))}
}

// targets quotes the figures that bind the doer, with their hedge.
func (t *turn) targets(m *knowledge.Measure) []bot.Line {
	if len(m.Targets) == 0 {
		return []bot.Line{bot.Say(sayNoTarget)}
	}
	line := bot.Line{bot.Words(sayTarget)}
	for i, g := range m.Targets {
		if i > 0 {
			line = append(line, bot.Words("；"))
		}
		if g.Hedge != "" && !strings.Contains(g.Text, g.Hedge) {
			line = append(line, bot.Quote(m.No, g.Hedge))
		}
		if g.What != "" && !strings.Contains(g.Text, g.What) {
			line = append(line, bot.Quote(m.No, g.What), bot.Words("："))
		}
		line = append(line, bot.Quote(m.No, g.Text))
	}
	return []bot.Line{append(line, bot.Words(sayStop))}
}

// deadlines quotes each binding time and the date that a rule makes of it.
func (t *turn) deadlines(m *knowledge.Measure) []bot.Line {
	var line bot.Line
	for _, d := range m.Deadlines {
		if !d.Hard {
			continue
		}
		if line == nil {
			line = bot.Line{bot.Words(sayDeadline)}
		} else {
			line = append(line, bot.Words("；"))
		}
		line = append(line, bot.Quote(m.No, d.Text))
		if date := dueDate(d); date != "" {
			line = append(line, bot.Part{Kind: bot.Derived, Text: "（即" + date + "前）", Source: bot.Source{Label: m.No}, Quote: d.Text, Rule: "due-" + d.Kind})
		}
	}
	if line == nil {
		return []bot.Line{bot.Say(sayNoTime)}
	}
	return []bot.Line{append(line, bot.Words(sayStop))}
}

func dueDate(d plan.Deadline) string {
	if d.Due == nil {
		return ""
	}
	day, err := time.Parse(time.DateOnly, *d.Due)
	if err != nil {
		return ""
	}
	return day.Format("2006年1月2日")
}

// bureaus names who is responsible, lead only where the text says so.
func (t *turn) bureaus(m *knowledge.Measure) bot.Line {
	line := bot.Line{bot.Words(sayBureaus)}
	for i, b := range m.Bureaus {
		if i > 0 {
			line = append(line, bot.Words("、"))
		}
		line = append(line, bot.Quote(m.No, b.Name))
	}
	if m.Etc {
		line = append(line, bot.Words(sayEtc))
	}
	if t.asks("bureau") && len(m.Bureaus) > 1 {
		line = append(line, bot.Words("，"+sayFirst), bot.Quote(m.No, m.Bureaus[0].Name))
	}
	return append(line, bot.Words(sayWindow+sayStop))
}

// sentences quotes what fits the question best, in the order of the text.
func (t *turn) sentences(m *knowledge.Measure) []bot.Line {
	places := t.snap.Finder.BestSentences(t.text, m.Sentences, len(m.Sentences))
	if len(places) == 0 {
		return nil
	}
	keep := t.snap.Finder.BestSentences(t.text, m.Sentences, 3)
	left := maxQuoteRunes
	var lines []bot.Line
	for _, i := range keep {
		n := utf8.RuneCountInString(m.Sentences[i])
		if len(lines) > 0 && n > left {
			continue
		}
		left -= n
		lines = append(lines, bot.Line{bot.Quote(m.No, m.Sentences[i])})
	}
	return lines
}
