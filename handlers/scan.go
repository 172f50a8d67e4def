package handlers

import (
	"slices"

	"huiwen/bot"
	"huiwen/knowledge/eligibility"
)

// A prospect is a programme that may concern somebody of the family.
type prospect struct {
	programme *eligibility.Programme
	who       string // "" the person who writes, or the family
	verdict   eligibility.Verdict
	missing   int
}

// maxFamily bounds how many people of one message are looked at.
const maxFamily = 5

// scan answers 我能享受什么: every programme with conditions, by how what was
// told stands to it, for each of the family that the message speaks of.
func (t *turn) scan() (bot.Reply, bool) {
	if !scanning.MatchString(t.text) {
		return bot.Reply{}, false
	}
	if len(t.told()) == 0 && t.was.Text != "" { // goes on with a story
		t.text = t.was.Text + "," + t.text
	}
	all := t.prospects()
	if len(all) == 0 {
		return bot.Reply{Status: bot.Clarification, Lines: []bot.Line{bot.Say(sayTellStory)}}, true
	}
	r := bot.Reply{Status: bot.Answered, Lines: t.validity()}
	for _, g := range []struct {
		head string
		fits func(prospect) bool
	}{
		{sayScanLikely, func(p prospect) bool { return p.verdict == eligibility.Likely }},
		{sayScanNear, func(p prospect) bool { return p.verdict == eligibility.Undecided && p.missing == 1 }},
		{sayScanOpen, func(p prospect) bool { return p.verdict == eligibility.Undecided && p.missing > 1 }},
	} {
		t.group(&r, g.head, slices.DeleteFunc(slices.Clone(all), func(p prospect) bool { return !g.fits(p) }))
	}
	t.next.Text = t.text
	r.Lines = append(r.Lines, bot.Say(sayPreliminary))
	return r, true
}

// prospects lists what may concern the people of the message, the writer first;
// what holds for the whole family is listed once.
func (t *turn) prospects() []prospect {
	rules, day := t.snap.Rules, t.msg.At.In(Zone)
	var out []prospect
	people := rules.People(t.text)
	slices.SortStableFunc(people, func(a, b string) int { return min(len(a), 1) - min(len(b), 1) })
	for _, who := range people[:min(maxFamily, len(people))] {
		told := rules.ReadOf(t.text, who, day)
		for _, p := range rules.Programmes {
			result := p.Judge(told)
			concerns := result.Verdict == eligibility.Likely || len(result.Missing) > 0 &&
				slices.ContainsFunc(result.Findings, func(f eligibility.Finding) bool { return f.Answer == eligibility.Yes })
			listed := slices.IndexFunc(out, func(x prospect) bool { return x.programme == p })
			switch {
			case !concerns:
			case listed < 0:
				out = append(out, prospect{p, who, result.Verdict, len(result.Missing)})
			case out[listed].verdict != eligibility.Likely && (result.Verdict == eligibility.Likely || len(result.Missing) < out[listed].missing):
				out[listed] = prospect{p, who, result.Verdict, len(result.Missing)}
			}
		}
	}
	return out
}

// group lists prospects under a head and offers the first as choices.
func (t *turn) group(r *bot.Reply, head string, list []prospect) {
	if len(list) == 0 {
		return
	}
	r.Lines = append(r.Lines, bot.Say(head))
	for _, x := range list[:min(maxScan, len(list))] {
		p := x.programme
		m, _ := t.snap.Measure(p.Measure)
		line := bot.Line{bot.Words("· "), bot.Quote(p.Measure, p.Name), bot.Words("（"), number(m), bot.Words("）")}
		if x.who != "" {
			line = append(line, bot.Words("，说的是您的"), bot.Part{Kind: bot.Echoed, Text: x.who})
		}
		r.Lines = append(r.Lines, line)
		if len(r.Choices) < 4 {
			r.Choices = append(r.Choices, bot.Choice{Text: p.Names[0], Measure: p.Measure, Intent: judge + p.ID})
		}
	}
}
