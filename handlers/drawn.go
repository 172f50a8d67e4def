package handlers

import (
	"math"
	"slices"
	"strconv"

	"huiwen/bot"
	"huiwen/knowledge"
	"huiwen/knowledge/eligibility"
)

// answerNames are the marks of conditions as a page reads them.
var answerNames = map[eligibility.Answer]string{eligibility.Yes: "yes", eligibility.No: "no", eligibility.Unknown: "unknown"}

// drawn is the card of a programme for a page to draw: the parts of its lines,
// what was understood, and how to correct it.
func (t *turn) drawn(p *eligibility.Programme, result eligibility.Result, verdict eligibility.Verdict) *bot.VerdictCard {
	d := t.next.Dialogue
	m, _ := t.snap.Measure(p.Measure)
	c := &bot.VerdictCard{
		ID:      p.ID,
		Verdict: string(verdict), Word: bot.Words(verdictWords[verdict]), Programme: bot.Quote(p.Measure, p.Name), Number: number(m),
		Notice: orNone(t.validity()), Reads: t.verdictLine(p, result), Amount: t.amount(p, m), Conditions: []bot.CardCondition{},
		Silent: []bot.Line{}, Office: []bot.Part{}, Missing: bot.Line{}, Bureaus: question{snap: t.snap, measure: m}.bureaus(),
		Facts: t.understood(p), Said: bot.Line{}, Moves: []bot.Action{}, Footer: bot.Say(sayPreliminary),
	}
	if d.Who != "" {
		c.Who = &bot.Part{Kind: bot.Echoed, Text: d.Who}
	}
	sums, _ := question{snap: t.snap, measure: m}.disputed()
	for _, f := range result.Findings {
		said, assumed := toldOf(f, d.Facts)
		x := bot.CardCondition{Answer: answerNames[f.Answer], Name: conditionName(m, f.Condition), Assumed: assumed, Told: said}
		if q := f.Condition.Quote; q != "" && !holdsAny(q, sums) {
			quote := bot.Quote(m.No, q)
			x.Quote = &quote
		}
		c.Conditions = append(c.Conditions, x)
	}
	for _, s := range result.Silent {
		c.Silent = append(c.Silent, bot.Say(saySilent+s.Say+sayStop))
	}
	if result.Verdict != eligibility.Unlikely {
		for _, q := range p.Office {
			c.Office = append(c.Office, bot.Quote(m.No, q))
		}
	}
	if line := improveLine(t.snap.Rules, result); line != nil {
		c.Missing = line
	}
	return c
}

// amount is what the programme pays, or what is said while its sum is disputed.
func (t *turn) amount(p *eligibility.Programme, m *knowledge.Measure) []bot.Line {
	sums, lines := question{snap: t.snap, measure: m}.disputed()
	if !holdsAny(p.Amount.Quote, sums) {
		lines = append(lines, amountLine(p))
	}
	return lines
}

func orNone(lines []bot.Line) []bot.Line {
	if lines == nil {
		return []bot.Line{}
	}
	return lines
}

// concerns lists the facts that a programme asks for or is silent on.
func concerns(p *eligibility.Programme) []string {
	var ids []string
	if p.When != nil {
		ids = p.When.Facts()
	}
	for _, s := range p.Silent {
		if !slices.Contains(ids, s.Fact) {
			ids = append(ids, s.Fact)
		}
	}
	return ids
}

// understood lists what is known of the person for a programme, and what was
// skipped.
func (t *turn) understood(p *eligibility.Programme) []bot.CardFact {
	d, out := t.next.Dialogue, []bot.CardFact{}
	for _, id := range concerns(p) {
		f, v := t.snap.Rules.Fact(id), d.Facts[id]
		if f == nil || !v.Known && !slices.Contains(d.Skipped, id) {
			continue
		}
		x := bot.CardFact{
			Name: bot.Part{Kind: bot.Recorded, Text: f.Name, Ref: "fact/" + id}, Value: valueOf(f, v),
			Edit: bot.Action{Text: actEdit, Say: actEdit + "：" + f.Name},
		}
		if f.Question == "" {
			x.Edit = bot.Action{Text: actDrop, Say: actDrop + "：" + f.Name}
		}
		if v.Known && v.Words != "" && v.Words != x.Value.Text {
			x.Told = &bot.Part{Kind: bot.Echoed, Text: firstWords(v)}
		}
		out = append(out, x)
	}
	return out
}

// valueOf is what a fact was understood as.
func valueOf(f *eligibility.Fact, v eligibility.Value) bot.Part {
	words := sayNo
	switch {
	case !v.Known:
		return bot.Words(saySkipped)
	case f.Type == eligibility.Number:
		return bot.Part{Kind: bot.Recorded, Text: quantity(v) + f.Unit, Ref: "fact/" + f.ID}
	case f.Type == eligibility.Choice:
		for _, o := range f.Choices {
			if o.ID == v.Choice {
				words = o.Text
			}
		}
		return bot.Part{Kind: bot.Recorded, Text: words, Ref: "fact/" + f.ID}
	case v.Bool:
		words = sayYes
	}
	return bot.Words(words)
}

// quantity writes a number, or the range that it was told as.
func quantity(v eligibility.Value) string {
	low, high := int(math.Floor(v.Number)), int(math.Ceil(v.Upto))
	if high <= low+1 && v.Upto <= v.Number+0.5 {
		return strconv.Itoa(low)
	}
	if low == 0 {
		return "最多" + strconv.Itoa(high)
	}
	return strconv.Itoa(low) + "至" + strconv.Itoa(high)
}

// asked draws the question of a dialogue with how many may come after it.
func (t *turn) asked(c *bot.VerdictCard, p *eligibility.Programme, question, why bot.Line) {
	if c == nil {
		return
	}
	d := t.next.Dialogue
	a := &bot.CardAsk{Consent: d.Asked == askedConsent, Question: question, Why: why}
	for _, id := range p.Judge(d.Facts).Missing {
		if f := t.snap.Rules.Fact(id); f != nil && f.Question != "" && id != d.Edit && !slices.Contains(d.Skipped, id) {
			a.Open++
		}
	}
	if d.Edit != "" {
		a.Open++
	}
	for _, id := range concerns(p) {
		if id != d.Edit && (d.Facts[id].Known || slices.Contains(d.Skipped, id)) {
			a.Answered++
		}
	}
	left := a.Open - 1
	if a.Consent {
		left = a.Open
	}
	a.Left = bot.Say(sayLast)
	if left > 0 {
		a.Left = bot.Line{bot.Words(sayLeft), {Kind: bot.Recorded, Text: strconv.Itoa(left), Ref: "dialogue/left"}, bot.Words(sayLeftUnit)}
	}
	c.Ask = a
}

// moves are what may be said beside an answer.
func (d *dialogue) moves(asking bool) []bot.Action {
	out := []bot.Action{}
	if len(d.Before) > 0 {
		out = append(out, bot.Action{Text: actBack, Say: actBack})
	}
	switch {
	case asking && d.Asked == askedConsent:
	case asking:
		out = append(out, bot.Action{Text: actSkip, Say: actSkip})
	}
	if len(d.Facts) > 0 {
		out = append(out, bot.Action{Text: actAgain, Say: actAgain})
	}
	return out
}
