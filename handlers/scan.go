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
	if len(t.hear(t.text)) == 0 && t.was.Text != "" { // goes on with a story
		t.text = t.was.Text + "," + t.text
	}
	all := t.prospects()
	if len(all) == 0 {
		return bot.Reply{Status: bot.Clarification, Lines: []bot.Line{bot.Say(sayTellStory)}}, true
	}
	r := bot.Reply{Status: bot.Answered, Lines: t.validity(), Scan: &bot.Scan{Notice: orNone(t.validity()), Persons: []bot.ScanPerson{}, Footer: bot.Say(sayPreliminary)}}
	t.next.Scanned, t.next.Story = nil, t.text
	if d := t.was.Dialogue; d != nil && d.Scanned {
		t.next.Dialogue = nil // of another story
	}
	for _, g := range scanGroups {
		t.group(&r, g.kind, g.head, slices.DeleteFunc(slices.Clone(all), func(p prospect) bool { return !g.fits(p) }))
	}
	t.next.Text = t.text
	r.Lines = append(r.Lines, bot.Say(sayPreliminary))
	return r, true
}

// scanGroups are how programmes may stand to what was told, the nearest first.
var scanGroups = []struct {
	kind, head string
	fits       func(prospect) bool
}{
	{"likely", sayScanLikely, func(p prospect) bool { return p.verdict == eligibility.Likely }},
	{"near", sayScanNear, func(p prospect) bool { return p.verdict == eligibility.Undecided && p.missing == 1 }},
	{"open", sayScanOpen, func(p prospect) bool { return p.verdict == eligibility.Undecided && p.missing > 1 }},
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
			concerns := result.Verdict == eligibility.Likely || p.Unlisted == "" && len(result.Missing) > 0 &&
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
func (t *turn) group(r *bot.Reply, kind, head string, list []prospect) {
	if len(list) == 0 {
		return
	}
	r.Lines = append(r.Lines, bot.Say(head))
	for _, x := range list[:min(maxScan, len(list))] {
		p := x.programme
		m, _ := t.snap.Measure(p.Measure)
		line := bot.Line{bot.Words("· "), bot.Quote(p.Measure, p.Name), bot.Words("（"), number(m), bot.Words("）")}
		known := bot.Part{Kind: bot.Recorded, Text: p.Names[0], Ref: "programme/" + p.ID}
		if t.twice(p) {
			line = append(line, bot.Words("，也叫"), known)
		}
		if x.who != "" {
			line = append(line, bot.Words("，说的是您的"), bot.Part{Kind: bot.Echoed, Text: x.who})
		}
		r.Lines = append(r.Lines, line)
		if len(r.Choices) < 4 {
			r.Choices = append(r.Choices, bot.Choice{Text: p.Names[0], Measure: p.Measure, Intent: judge + p.ID + "/" + x.who})
		}
		open := bot.Choice{Text: sayOpenCard + p.Names[0], Measure: p.Measure, Intent: judge + p.ID + "/" + x.who}
		if x.who != "" {
			open.Text += "（" + x.who + "）"
		}
		t.next.Scanned = append(t.next.Scanned, open)
		of(r.Scan, x.who, kind, head).add(bot.ScanEntry{Programme: bot.Quote(p.Measure, p.Name), Known: known, Number: number(m), Say: open.Text})
	}
}

// twice reports whether another programme has the name of p.
func (t *turn) twice(p *eligibility.Programme) bool {
	return slices.ContainsFunc(t.snap.Rules.Programmes, func(o *eligibility.Programme) bool { return o != p && o.Name == p.Name })
}

// A drawnGroup is where a programme is drawn.
type drawnGroup struct{ *bot.ScanGroup }

func (g drawnGroup) add(e bot.ScanEntry) { g.Entries = append(g.Entries, e) }

// of is the group of a kind of a person, made when there is none.
func of(s *bot.Scan, who, kind, head string) drawnGroup {
	i := slices.IndexFunc(s.Persons, func(p bot.ScanPerson) bool { return p.Who == nil && who == "" || p.Who != nil && p.Who.Text == who })
	if i < 0 {
		i = len(s.Persons)
		s.Persons = append(s.Persons, bot.ScanPerson{Groups: []bot.ScanGroup{}})
		if who != "" {
			s.Persons[i].Who = &bot.Part{Kind: bot.Echoed, Text: who}
		}
	}
	p := &s.Persons[i]
	if n := len(p.Groups); n == 0 || p.Groups[n-1].Kind != kind {
		p.Groups = append(p.Groups, bot.ScanGroup{Kind: kind, Head: bot.Say(head), Entries: []bot.ScanEntry{}})
	}
	return drawnGroup{&p.Groups[len(p.Groups)-1]}
}
