package handlers

import (
	"slices"
	"strings"

	"huiwen/bot"
	"huiwen/knowledge"
)

// How sure a match must be, as a share of what the question could score.
const (
	sureShare  = 0.20 // answered
	maybeShare = 0.09 // offered as a choice
	tieMargin  = 0.93 // the next one this close is offered beside it
	// followWeight is how much the words before count for a message that leans on them.
	followWeight = 0.5
)

// subject answers what the plan holds on the subject of the message.
func (t *turn) subject() bot.Reply {
	scoring := t.scoring()
	matches := t.snap.Finder.Rank(scoring, 6)
	if len(matches) == 0 || matches[0].Share < maybeShare {
		return t.lost()
	}
	best := matches[0]
	if best.Measure == nil {
		return t.outside()
	}
	if best.Share < sureShare {
		return t.which(matches)
	}
	measures := []*knowledge.Measure{best.Measure}
	for _, m := range t.others(best.Measure) {
		measures = append(measures, m)
	}
	return t.tell(measures, matches)
}

// scoring scores the message, with the words before it where it leans on them.
func (t *turn) scoring() knowledge.Scoring {
	now := t.snap.Finder.Scores(t.text)
	if t.was.Text == "" || !t.leans() {
		return now
	}
	return now.Mixed(t.snap.Finder.Scores(t.was.Text), followWeight)
}

// leaning begins a message that goes on with what was said before.
var leaning = []string{"那", "还有", "呢", "它", "这个", "这", "哦", "对了", "不是", "如果", "要是", "我是", "我们是"}

// leans reports whether the message depends on the one before.
func (t *turn) leans() bool {
	if runes(t.text) <= 8 {
		return true
	}
	return slices.ContainsFunc(leaning, func(w string) bool { return strings.HasPrefix(t.text, w) })
}

// separators part two questions in one message.
var separators = strings.NewReplacer("。", "\n", "!", "\n", "?", "\n", ";", "\n", "还有", "\n", "顺便", "\n", "另外", "\n", "二是", "\n", "再问", "\n", "以及", "\n")

// others are the measures of further questions in the message.
func (t *turn) others(best *knowledge.Measure) []*knowledge.Measure {
	var out []*knowledge.Measure
	clauses := strings.Split(separators.Replace(t.text), "\n")
	if len(clauses) < 2 {
		return nil
	}
	for _, c := range clauses {
		if runes(c) < 5 {
			continue
		}
		found := t.snap.Finder.Find(c, 1)
		if len(found) == 0 || found[0].Measure == nil || found[0].Share < sureShare*1.4 {
			continue
		}
		if m := found[0].Measure; m != best && !slices.Contains(out, m) {
			out = append(out, m)
		}
	}
	return out[:min(2, len(out))]
}

// lost answers a message in which nothing is known.
func (t *turn) lost() bot.Reply {
	if runes(t.text) <= 6 {
		return bot.Reply{Status: bot.Clarification, Lines: []bot.Line{bot.Say(sayTellMore)}}
	}
	return t.outside()
}

func (t *turn) outside() bot.Reply {
	return bot.Reply{Status: bot.OutOfScope, Lines: []bot.Line{bot.Say(sayNotInPlan)}}
}

// which asks back with two or three measures to choose from.
func (t *turn) which(matches []knowledge.Match) bot.Reply {
	r := bot.Reply{Status: bot.Clarification, Lines: []bot.Line{bot.Say(sayWhichOne)}}
	for _, m := range matches {
		if m.Measure != nil && len(r.Choices) < 3 {
			r.Choices = append(r.Choices, bot.Choice{Text: m.Measure.Topic(), Measure: m.Measure.No})
		}
	}
	t.next.Text = t.text
	return r
}

// tell answers from one measure or, for several questions, from each.
func (t *turn) tell(measures []*knowledge.Measure, matches []knowledge.Match) bot.Reply {
	r := bot.Reply{Status: bot.Answered, Lines: t.validity()}
	for _, m := range measures {
		lines, status := t.about(m, len(measures) > 1)
		r.Lines = append(r.Lines, lines...)
		if len(measures) == 1 {
			r.Status = status
		}
	}
	t.next = session{Measure: measures[0].No, Intent: first(t.intents), Text: t.text}
	for _, m := range matches[1:] {
		if m.Measure != nil && m.Score > tieMargin*matches[0].Score && !slices.Contains(measures, m.Measure) && len(r.Choices) < 2 {
			r.Choices = append(r.Choices, bot.Choice{Text: m.Measure.Topic(), Measure: m.Measure.No})
		}
	}
	return r
}

func first(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}
