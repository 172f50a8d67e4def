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

const (
	// maxQuoteRunes and maxPassages are how much of a measure is quoted for one
	// question: two to four short sentences, never the whole clause of a long one.
	maxQuoteRunes = 210
	maxPassages   = 3
)

// A question is one thing asked of one measure.
type question struct {
	snap    *knowledge.Snapshot
	text    string   // folded
	intents []string // what is wanted of the subject
	whole   bool     // nothing special: tell what the measure is about
	measure *knowledge.Measure
	similar *knowledge.Similar // the entry it resembles, nil for none
	sums    []string           // that may not be told, for documents disagree
}

func (q question) asks(intents ...string) bool {
	return slices.ContainsFunc(intents, func(i string) bool { return slices.Contains(q.intents, i) })
}

// validity opens every answer after the plan's time with a warning.
func (t *turn) validity() []bot.Line {
	if t.early() {
		year := t.snap.Plan.Valid.From[:4]
		return []bot.Line{{{Kind: bot.Derived, Text: "这是" + year + "年的计划，还没有到实施的时间。", Quote: t.snap.Plan.Title, Rule: "validity"}}}
	}
	if !t.over() {
		return t.still()
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

// answer tells what was asked: the direct answer first, then the passages that
// fit, then who is responsible.
func (q question) answer() ([]bot.Line, bot.Status) {
	if q.measure.Source != "" {
		return q.faq()
	}
	sums, instead := q.disputed()
	passages := q.snap.Finder.Passages(q.text, q.measure, q.similar, q.wanted(), maxPassages, maxQuoteRunes)
	q.sums, passages = sums, without(passages, sums)
	direct, status := q.direct(passages)
	direct = append(instead, direct...)
	lines := direct
	for _, p := range passages {
		if said(direct, p.Text) {
			continue
		}
		lines = append(lines, excerpt(q.measure.No, p))
	}
	if !q.asks("bureau") {
		lines = append(lines, q.bureaus())
	}
	return lines, status
}

// excerpt quotes a passage and shows where its sentence goes on.
func excerpt(no string, p knowledge.Passage) bot.Line {
	var line bot.Line
	if p.Cut {
		line = append(line, bot.Words("……"))
	}
	line = append(line, bot.Quote(no, p.Text))
	if p.Open {
		line = append(line, bot.Words("……"))
	}
	return line
}

// aboutMoney matches questions about being paid something.
var aboutMoney = pattern.MustCompile(`补贴|补助|奖|钱|津贴|资助|补[不吗没]|几(?:百|千|万)`)

// wanted are the figures that the question asks for.
func (q question) wanted() []string {
	var out []string
	if q.asks("amount", "elig", "rate", "ceiling") || q.whole || aboutMoney.MatchString(q.text) {
		for _, a := range q.measure.Amounts {
			out = append(out, a.Text)
		}
	}
	if q.asks("target") || q.whole || q.asks("amount") && len(out) == 0 {
		for _, g := range q.measure.Targets {
			out = append(out, g.Text)
		}
	}
	return out
}

// direct answers the intents of the question in one line each.
func (q question) direct(passages []knowledge.Passage) ([]bot.Line, bot.Status) {
	var lines []bot.Line
	status := bot.Answered
	if told := q.byCard(); told != nil {
		return told, status
	}
	if missing := q.missing(); missing != "" {
		lines, status = append(lines, bot.Say(missing)), bot.NotCovered
	}
	if q.asks("amount", "rate", "ceiling") {
		figures := q.amounts(passages)
		switch {
		case len(figures) > 0:
			if line := paid(q.measure, figures); line != nil {
				lines = append(lines, line)
			}
		case status == bot.Answered && len(q.shares(passages)) > 0:
			lines = append(lines, q.targets(q.shares(passages)))
		case status == bot.Answered && len(q.sums) == 0:
			lines, status = append(lines, bot.Say(sayNoAmount)), bot.NotCovered
		}
	}
	if q.asks("target") {
		lines = append(lines, q.targets(q.measure.Targets))
	}
	if q.asks("deadline", "frequency", "duration") {
		lines = append(lines, q.deadlines())
	}
	if q.asks("bureau") {
		lines = append(lines, q.bureaus())
	}
	return lines, status
}

// missing says that a detail people ask for is not in the plan, "" when none
// is asked for or the measure speaks of it.
func (q question) missing() string {
	for _, d := range notWritten {
		if q.asks(d.intent) && !slices.ContainsFunc(d.words, func(w string) bool { return strings.Contains(q.measure.Text, w) }) {
			return d.say
		}
	}
	return ""
}

// said reports whether the lines already quote all of a passage's words.
func said(lines []bot.Line, passage string) bool {
	for _, l := range lines {
		for _, p := range l {
			if p.Kind == bot.Quoted && strings.Contains(p.Text, passage) {
				return true
			}
		}
	}
	return false
}

// amounts are the sums that stand in a chosen passage: one of another subject
// of the measure would mislead.
func (q question) amounts(passages []knowledge.Passage) []plan.Amount {
	var out []plan.Amount
	for _, a := range q.measure.Amounts {
		if q.near(a.Text, passages) && !slices.Contains(q.sums, a.Text) {
			out = append(out, a)
		}
	}
	return out
}

// paid quotes sums with what each is for, or the clause where that is said in it
// alone; nil when the text does not tell them apart in a few words: then the
// passage itself must.
func paid(m *knowledge.Measure, amounts []plan.Amount) bot.Line {
	line := bot.Line{bot.Words(sayAmount)}
	seen := map[string]bool{}
	for i, a := range amounts {
		if seen[a.For] || a.For == "" {
			return nil
		}
		seen[a.For] = true
		if i > 0 {
			line = append(line, bot.Words("；"))
		}
		if runes(a.For) < leastFor || a.Unit == "%" { // 补贴：10% leaves open of what
			line = append(line, bot.Quote(m.No, clauseOf(m, a.Text)))
			continue
		}
		line = append(line, bot.Quote(m.No, a.For), bot.Words("："), bot.Quote(m.No, a.Text))
	}
	return append(line, bot.Words(sayStop))
}

// leastFor is how many runes it takes at least to say what a sum is for.
const leastFor = 3

// near reports whether a span stands in a sentence that was chosen and speaks of
// what is asked, or in any when the measure has but one subject.
func (q question) near(span string, passages []knowledge.Passage) bool {
	return len(q.measure.Topics) == 1 || slices.ContainsFunc(passages, func(p knowledge.Passage) bool {
		return p.Fit >= leastFit && strings.Contains(q.measure.Sentences[p.Sentence], span)
	})
}

// leastFit is how much of the question a sentence must hold, beside the one that
// holds most, for its figures to be the answer.
const leastFit = 0.3

// shares are the targets in percent or money that stand in a chosen passage: an
// answer to "how much".
func (q question) shares(passages []knowledge.Passage) []plan.Target {
	var out []plan.Target
	for _, g := range q.measure.Targets {
		if (g.Unit == "%" || strings.HasSuffix(g.Unit, "元")) && q.near(g.Text, passages) {
			out = append(out, g)
		}
	}
	return out
}

// targets quotes figures that bind the doer, with their hedge.
func (q question) targets(targets []plan.Target) bot.Line {
	if len(targets) == 0 {
		return bot.Say(sayNoTarget)
	}
	line := bot.Line{bot.Words(sayTarget)}
	for i, g := range targets {
		if i > 0 {
			line = append(line, bot.Words("；"))
		}
		line = append(line, target(q.measure.No, g)...)
	}
	return append(line, bot.Words(sayStop))
}

// target is one target as people read it: hedge, what, figure.
func target(no string, g plan.Target) bot.Line {
	var line bot.Line
	if g.Hedge != "" && !strings.Contains(g.Text, g.Hedge) && !strings.Contains(g.What, g.Hedge) {
		line = append(line, bot.Quote(no, g.Hedge))
	}
	if g.What != "" && !strings.Contains(g.Text, g.What) {
		line = append(line, bot.Quote(no, g.What), bot.Words("："))
	}
	return append(line, bot.Quote(no, g.Text))
}

// deadlines quotes each binding time and the date that a rule makes of it.
func (q question) deadlines() bot.Line {
	line := dates(q.measure)
	if line == nil {
		return bot.Say(sayNoTime)
	}
	return append(append(bot.Line{bot.Words(sayDeadline)}, line...), bot.Words(sayStop))
}

// dates quotes what is to be done by each hard deadline of a measure, and the date
// that a rule makes of it; nil when it has none.
func dates(m *knowledge.Measure) bot.Line {
	var line bot.Line
	last := ""
	for _, d := range m.Deadlines {
		if !d.Hard {
			continue
		}
		if clause := clauseOf(m, d.Text); clause != last {
			if line != nil {
				line = append(line, bot.Words("；"))
			}
			line, last = append(line, bot.Quote(m.No, clause)), clause
		}
		if date := dueDate(d); date != "" {
			line = append(line, bot.Part{Kind: bot.Derived, Text: "（即" + date + "前）", Source: bot.Source{Label: m.No}, Quote: d.Text, Rule: "due-" + d.Kind})
		}
	}
	return line
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
func (q question) bureaus() bot.Line {
	m := q.measure
	if len(m.Bureaus) == 0 {
		if m.Doc != nil {
			return bot.Say(sayDocNoBureau)
		}
		return bot.Say(sayNoBureau)
	}
	line := bot.Line{bot.Words(sayBureaus)}
	for i, b := range m.Bureaus {
		if i > 0 {
			line = append(line, bot.Words("、"))
		}
		line = append(line, bot.Quote(m.No, b.Name))
		if now := q.snap.Bureaus.Today(b.Name, q.snap.Day()); now != b.Name {
			line = append(line, bot.Part{Kind: bot.Contact, Text: "（现：" + now + "）", Ref: "directory/" + b.Name})
		}
		if b.Lead {
			line = append(line, bot.Words("（牵头）"))
		}
	}
	if m.Etc {
		line = append(line, bot.Words(sayEtc))
	}
	if q.asks("bureau") && len(m.Bureaus) > 1 && !m.Bureaus[0].Lead {
		line = append(line, bot.Words("，"+sayFirst), bot.Quote(m.No, m.Bureaus[0].Name))
	}
	if window, ok := q.window(); ok {
		return append(line, bot.Words(sayWindowIs), window, bot.Words(sayStop))
	}
	return append(line, bot.Words(sayWindow+sayStop))
}
