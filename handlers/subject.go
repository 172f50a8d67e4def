package handlers

import (
	"slices"
	"strings"

	"huiwen/bot"
	"huiwen/knowledge"
)

// How sure a match must be, as the probability that it is the one meant.
const (
	sure       = 0.40 // answered alone
	maybe      = 0.15 // answered, with others to choose from
	faint      = 0.07 // offered as a choice
	alsoLikely = 0.22 // told beside a better one
	clearly    = 0.75 // a message this sure stands alone, without the words before it
	// leastShare is how much of a question's words a measure must hold at least.
	leastShare = 0.05
	// followWeight is how much the words before count for a message that leans on them.
	followWeight = 0.6
)

// subject answers what the plan holds on the subject of the message.
func (t *turn) subject() bot.Reply {
	matches := t.snap.Finder.Rank(t.scoring(), 6)
	if len(matches) == 0 {
		return t.lost()
	}
	best := matches[0]
	switch {
	case best.Measure == nil:
		return t.outside()
	case best.Share < leastShare || best.Sure < maybe:
		return t.which(matches)
	}
	questions := t.parted(best)
	if len(questions) == 1 {
		for _, m := range matches[1:] {
			if m.Measure != nil && m.Sure >= alsoLikely && best.Sure < sure {
				questions = append(questions, t.question(t.text, m))
			}
		}
	}
	return t.tell(questions, matches)
}

// question asks a text of the measure it fits.
func (t *turn) question(text string, m knowledge.Match) question {
	q := question{snap: t.snap, text: text, intents: t.intents, measure: m.Measure, similar: m.Similar}
	if text != t.text {
		q.intents = t.snap.Intents.Kinds(text)
	}
	return q
}

// scoring scores the message, with the words before it where it leans on them.
func (t *turn) scoring() knowledge.Scoring {
	now := t.snap.Finder.Scores(t.text)
	if t.was.Text == "" || !t.leans() {
		return now
	}
	if best := t.snap.Finder.Rank(now, 1); len(best) > 0 && best[0].Sure >= clearly && best[0].Share >= leastShare {
		return now
	}
	return now.Mixed(t.snap.Finder.Scores(t.was.Text), followWeight)
}

// leaning begins a message that goes on with what was said before.
var leaning = []string{"那", "还有", "呢", "它", "这个", "这", "哦", "对了", "不是", "如果", "要是", "我是", "我们", "我", "今年", "最", "电话"}

// leans reports whether the message depends on the one before.
func (t *turn) leans() bool {
	if runes(t.text) <= 12 {
		return true
	}
	return slices.ContainsFunc(leaning, func(w string) bool { return strings.HasPrefix(t.text, w) })
}

// separators part two questions in one message.
var separators = strings.NewReplacer("。", "\n", "!", "\n", "?", "\n", ";", "\n", "还有", "\n", "顺便", "\n", "另外", "\n", "二是", "\n", "再问", "\n", "以及", "\n")

// Bounds of the questions of one message.
const (
	maxQuestions  = 3
	shortQuestion = 5 // runes; a shorter part is no question of its own
)

// parted lists the questions of the message: the best match of the whole, and
// of each part that clearly asks about something else.
func (t *turn) parted(best knowledge.Match) []question {
	whole := []question{t.question(t.text, best)}
	var out []question
	for part := range strings.SplitSeq(separators.Replace(t.text), "\n") {
		if runes(part) < shortQuestion || part == t.text {
			continue
		}
		found := t.snap.Finder.Find(part, 1)
		if len(found) == 0 || found[0].Measure == nil || found[0].Sure < clearly || found[0].Share < leastShare {
			continue
		}
		if !slices.ContainsFunc(out, func(q question) bool { return q.measure == found[0].Measure }) {
			out = append(out, t.question(strings.TrimSpace(part), found[0]))
		}
	}
	if len(out) < 2 {
		return whole
	}
	return out[:min(maxQuestions, len(out))]
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
		if m.Measure != nil && m.Sure >= faint/2 && m.Share >= leastShare/2 && len(r.Choices) < 3 {
			r.Choices = append(r.Choices, t.choiceOf(m))
		}
	}
	if len(r.Choices) < 2 {
		return t.lost()
	}
	t.next.Text = t.text
	return r
}

// choiceOf offers a match by the name that fits the question.
func (t *turn) choiceOf(m knowledge.Match) bot.Choice {
	return bot.Choice{Text: nameOf(m.Measure, m.Similar), Measure: m.Measure.No}
}

// nameOf is what people call a measure: as the entry says that the question
// resembles, else by its best name.
func nameOf(m *knowledge.Measure, s *knowledge.Similar) string {
	if s != nil && slices.Contains(m.Topics, s.Topic) {
		return s.Topic
	}
	return m.Topic()
}

// tell answers one question or, when there are several, each under its name.
func (t *turn) tell(questions []question, matches []knowledge.Match) bot.Reply {
	r := bot.Reply{Status: bot.Answered, Lines: t.validity()}
	for _, q := range questions {
		lines, status := q.answer()
		if len(questions) > 1 {
			r.Lines = append(r.Lines, bot.Line{bot.Words("◆ "), bot.Quote(q.measure.No, nameOf(q.measure, q.similar))})
		} else {
			r.Status = status
		}
		r.Lines = append(r.Lines, lines...)
	}
	t.next = session{Measure: questions[0].measure.No, Intent: first(t.intents), Text: t.text}
	for _, m := range matches[min(1, len(matches)):] {
		told := slices.ContainsFunc(questions, func(q question) bool { return q.measure == m.Measure })
		if m.Measure != nil && !told && m.Sure >= faint && m.Share >= leastShare && len(r.Choices) < 2 {
			r.Choices = append(r.Choices, t.choiceOf(m))
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
