package handlers

import (
	"slices"
	"strings"
	"unicode/utf8"

	"huiwen/bot"
	"huiwen/knowledge/eligibility"
	"huiwen/knowledge/pattern"
)

// People name a programme first and tell of themselves in the messages after it,
// or tell first and name it last. What only tells goes on with what was named.

// stays goes on with the programme that was spoken of last when the message only
// tells of somebody, or asks whether it is for him, and names no other.
func (t *turn) stays() (bot.Reply, bool) {
	if t.was.Measure == "" || runes(t.text) > maxTold || !t.asksNothingNew() {
		return bot.Reply{}, false
	}
	asks := t.asks("elig") || eligibility.Asks(t.text)
	before := t.text
	t.joined()
	p := t.spokenOf(asks)
	t.text, before = before, t.text
	switch {
	case p == nil, t.turnsTo(p):
		return bot.Reply{}, false
	case t.tellsOf(p):
	case !asks || t.content() > littleContent && t.namesSubject() && t.snap.Rules.Asked(p, t.text) == 0:
		return bot.Reply{}, false
	}
	t.text = before
	d := dialogue{Programme: p.ID}
	if was := t.was.Dialogue; was != nil {
		d = *was
		if d.Programme != p.ID {
			d = dialogue{Programme: p.ID, Facts: was.Facts, Before: was.Before, Consent: was.Consent}
		}
	}
	d.Facts = t.merged(&d)
	t.next.Dialogue = &d
	return t.card(p), true
}

// spokenOf is the programme that the messages so far are about: that of the
// dialogue, unless the words name another of the same measure; else the one of the
// measure answered last that they name. Nil when something else was wanted of it.
func (t *turn) spokenOf(asks bool) *eligibility.Programme {
	rules := t.snap.Rules
	text := denial.ReplaceAllString(t.text, "")
	var best *eligibility.Programme
	score := 0.0
	if d := t.was.Dialogue; d != nil {
		if p := rules.Programme(d.Programme); p != nil && p.Measure == t.was.Measure {
			best, score = p, stayWeight+float64(rules.Asked(p, text))
		}
	}
	if best == nil && !asks && !slices.Contains([]string{"", "elig", "condition", "what", "summary", "asof", "amount", "list"}, t.was.Intent) {
		return nil
	}
	facts := rules.Read(t.text, t.msg.At.In(Zone))
	for _, p := range rules.Of(t.was.Measure) {
		n := rules.Asked(p, text)
		if p == best || n == 0 || p.When == nil && !asks {
			continue
		}
		if s := float64(n) + p.Knows(facts); s > score {
			best, score = p, s
		}
	}
	return best
}

// stayWeight is how many of its words another programme of the measure must have
// more than the one of the dialogue.
const stayWeight = 0.5

// denial is what a message says it does not mean: 不是5000那个.
var denial = pattern.MustCompile(`不是[^,。 ]{1,12}?(?:那|这)(?:个|种|笔|项)|不(?:是)?(?:问|说)[^,。 ]{1,12}`)

// asksNothingNew reports whether a message wants nothing of its subject but to
// know whether it is for somebody.
func (t *turn) asksNothingNew() bool {
	for _, i := range t.intents {
		if !slices.Contains([]string{"elig", "condition", "asof"}, i) {
			return false
		}
	}
	return len(t.talk) == 0 && !questionWords.MatchString(t.text)
}

// questionWords ask for more than yes or no.
var questionWords = pattern.MustCompile(`什么|啥|哪些|哪个|哪里|哪点|怎么|怎样|咋|多少|好多|几多|为什么|为何|[谁]`)

// tellsOf reports whether the message tells something that the programme's verdict
// depends on.
func (t *turn) tellsOf(p *eligibility.Programme) bool {
	told := t.told()
	return slices.ContainsFunc(concerns(p), func(id string) bool { return told[id].Known })
}

// turnsTo reports whether the message names something else than p: another
// programme by its name, or a subject of its own that it asks about.
func (t *turn) turnsTo(p *eligibility.Programme) bool {
	rules := t.snap.Rules
	text := denial.ReplaceAllString(t.text, "")
	if rules.Asked(p, text) > 0 {
		return false
	}
	for _, other := range rules.Programmes {
		if other.Measure == p.Measure {
			continue
		}
		for _, name := range append([]string{other.Name}, other.Names...) {
			if utf8.RuneCountInString(name) >= leastName && strings.Contains(text, name) {
				return true
			}
		}
	}
	if !inquiring.MatchString(text) && !t.asks("elig") && !eligibility.Asks(text) {
		return false
	}
	found := t.snap.Finder.Find(text, 1)
	if len(found) == 0 {
		return false
	}
	best := found[0]
	switch {
	case best.Measure == nil:
		return best.Sure >= clearly && !t.tellsOf(p)
	case best.Measure.No == p.Measure || best.Share < leastShare:
		return false
	case best.Sure >= clearly && !t.tellsOf(p):
		return true
	}
	return best.Sure >= sure && slices.ContainsFunc(rules.Of(best.Measure.No), func(other *eligibility.Programme) bool { return rules.Asked(other, text) > 0 })
}

// leastName is how many characters a name must have to name a programme by itself.
const leastName = 3

// inquiring begins a question about something.
var inquiring = pattern.MustCompile(`问|了解|打听|咨询|查一|说的是|换一个|另外|还有个`)

// joined puts the messages before in front of this one: together they are the story.
func (t *turn) joined() {
	if t.was.Text != "" && !strings.HasPrefix(t.text, t.was.Text) {
		t.text = t.was.Text + "," + t.text
	}
}

// story is what this message tells of the person, and what those before told of
// him while nothing was judged yet.
func (t *turn) story() eligibility.Facts {
	told := t.told()
	if t.was.Text == "" || t.was.Dialogue != nil || strings.HasPrefix(t.text, t.was.Text) {
		return told
	}
	day := t.msg.At.In(Zone)
	if len(t.snap.Rules.Read(t.was.Text, day)) == 0 || eligibility.Asks(t.was.Text) {
		return told
	}
	return t.snap.Rules.Read(t.was.Text+","+t.text, day)
}

// merged is what is known after this message, whose text holds those before it:
// what was answered to a question stays unless this message says otherwise.
func (t *turn) merged(d *dialogue) eligibility.Facts {
	day := t.msg.At.In(Zone)
	facts := t.snap.Rules.Read(t.text, day)
	own := t.snap.Rules.Read(strings.TrimPrefix(t.text, t.was.Text+","), day)
	for id, v := range own {
		if !facts[id].Known {
			facts[id] = v
		}
	}
	for id, v := range d.Facts {
		answered := slices.ContainsFunc(d.Before, func(s step) bool { return s.Fact == id })
		if v.Known && (!facts[id].Known || answered && !own[id].Known) {
			facts[id] = v
		}
	}
	return facts
}
