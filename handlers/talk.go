package handlers

import (
	"hash/fnv"
	"strconv"
	"strings"

	"huiwen/bot"
	"huiwen/knowledge"
	"huiwen/knowledge/pattern"
)

// wordless answers a message without a letter, digit or Chinese character.
func (t *turn) wordless() (bot.Reply, bool) {
	if runes(t.text) > 0 {
		return bot.Reply{}, false
	}
	return bot.Reply{Status: bot.Clarification, Lines: []bot.Line{bot.Say(sayWordless)}}, true
}

// crisis answers words of self-harm with help lines before all else.
func (t *turn) crisis() (bot.Reply, bool) {
	f, ok := t.says("crisis")
	if !ok {
		return bot.Reply{}, false
	}
	return bot.Reply{Status: bot.Handoff, Lines: t.spoken(f, sayCrisis)}, true
}

// command carries out what needs no subject: a person, forget me, leave.
func (t *turn) command() (bot.Reply, bool) {
	say := func(s bot.Status, words string) (bot.Reply, bool) {
		return bot.Reply{Status: s, Lines: []bot.Line{bot.Say(words)}}, true
	}
	switch {
	case runes(t.text) > 12:
	case t.asks("human"):
		return t.human(), true
	case t.asks("delete"):
		t.next = session{}
		r, ok := say(bot.Done, sayDelete)
		r.Forget = true
		return r, ok
	case t.asks("exit"):
		t.next = session{}
		return say(bot.Done, sayExit)
	}
	return bot.Reply{}, false
}

// human answers who asks for a person: somebody takes over now, at other hours,
// or never.
func (t *turn) human() bot.Reply {
	r := bot.Reply{Status: bot.Handoff, Lines: []bot.Line{bot.Say(sayHuman)}}
	switch t.msg.Human {
	case "":
	case bot.HumanNow:
		r.Lines = []bot.Line{bot.Say(sayHumanNow)}
	default:
		r.Lines = []bot.Line{{bot.Words(sayHumanHours), {Kind: bot.Recorded, Text: t.msg.Human, Ref: "wecom.kf.hours"}, bot.Words(sayHumanElse)}}
	}
	return r
}

// smalltalk answers a message that is nothing but talk, or rude and nothing
// else: when it also asks about a measure, that is answered.
func (t *turn) smalltalk() (bot.Reply, bool) {
	kinds := []string{"greeting", "thanks", "goodbye", "who", "robot", "capabilities", "ack", "laugh", "test",
		"busy", "sorry", "blessing", "presence", "praise", "privacy", "under14"}
	if f, ok := t.says(kinds...); ok && !t.hasSubject(f) {
		return bot.Reply{Status: bot.Smalltalk, Lines: t.spoken(f, "")}, true
	}
	if f, ok := t.says("complaint"); ok && !t.hasSubject(f) {
		return bot.Reply{Status: bot.Handoff, Lines: t.spoken(f, sayComplaint)}, true
	}
	if f, ok := t.says("elsewhere"); ok {
		return bot.Reply{Status: bot.OutOfScope, Lines: t.spoken(f, sayNotInPlan)}, true
	}
	if f, ok := t.says("abuse"); ok && (!t.hasSubject(f) || !t.asksFor(f)) {
		return bot.Reply{Status: bot.Smalltalk, Lines: t.spoken(f, sayCalm)}, true
	}
	return bot.Reply{}, false
}

// ordered declines planted orders. A planted figure beside a real question is
// left to the subject, which answers with the plan's own.
func (t *turn) ordered() (bot.Reply, bool) {
	f, ok := t.says("injection")
	if !ok || t.hasSubject(f) && t.asksFor(f) || t.surer(f, clearly) {
		return bot.Reply{}, false // the plan's own words are the best answer to a planted figure
	}
	return bot.Reply{Status: bot.Declined, Lines: t.spoken(f, sayDecline)}, true
}

// wondering matches a message that asks or complains of something, rather than
// telling what to say.
var wondering = pattern.MustCompile(`多少|好多|几多|吗|么|什么|啥|哪|怎么|咋|能不能|可不可以|有没有|有没得|管不管|[?]|几|谁|没发|没给|没领|没拿|不发|不给|欠|拖|讲一下|介绍|告诉我.{0,6}(?:条件|政策|规定)|查一下|想问|想知道|给我|[涨发给要会是有算行得领补收够能]不|不$|没$`)

// asksFor reports whether the message, without the words of f, asks something.
func (t *turn) asksFor(f knowledge.Found) bool {
	rest := t.text
	for _, w := range f.Words {
		rest = strings.ReplaceAll(rest, w, " ")
	}
	return wondering.MatchString(rest)
}

// hasSubject reports whether the message, without the words of f, still asks
// about a measure with certainty.
func (t *turn) hasSubject(f knowledge.Found) bool { return t.surer(f, talkSure) }

// surer is [turn.hasSubject] with another certainty.
func (t *turn) surer(f knowledge.Found, least float64) bool {
	rest := t.text
	for _, w := range f.Words {
		rest = strings.ReplaceAll(rest, w, " ")
	}
	return t.means(rest, least)
}

// isSure reports whether a text is about a measure with certainty.
func (t *turn) isSure(text string) bool { return t.means(text, talkSure) }

func (t *turn) means(text string, least float64) bool {
	if runes(text) < 4 {
		return false
	}
	found := t.snap.Finder.Find(text, 1)
	return len(found) > 0 && found[0].Measure != nil && found[0].Sure >= least && found[0].Share >= leastShare
}

// talkSure is how sure a subject must be to be heard beside talk.
const talkSure = 0.3

// spoken picks one of the replies of f, the same for the same message, and adds
// its contacts.
func (t *turn) spoken(f knowledge.Found, otherwise string) []bot.Line {
	words := otherwise
	if len(f.Reply) > 0 {
		h := fnv.New32a()
		h.Write([]byte(t.text))
		words = f.Reply[int(h.Sum32()%uint32(len(f.Reply)))]
	}
	lines := []bot.Line{bot.Say(words)}
	for i, c := range f.Contacts {
		lines = append(lines, bot.Line{{Kind: bot.Contact, Text: c, Ref: "talk/" + f.Kind + "/" + strconv.Itoa(i+1)}})
	}
	return lines
}
