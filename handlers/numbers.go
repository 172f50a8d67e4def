package handlers

import (
	"slices"
	"strconv"
	"strings"

	"huiwen/bot"
	"huiwen/knowledge"
	"huiwen/knowledge/pattern"
)

// maxNumbered bounds how many measures one message may name.
const maxNumbered = 12

var (
	numberWord = `([0-9]{1,3}|[一二三四五六七八九十]{1,3})`
	// 第39项, 第三十九条, 第39号, 第9和第13; 第一 alone is no number of a measure
	withOrdinal = pattern.MustCompile(`第(?:` + numberWord + `(?:项|条|号)|([0-9]{1,3})(?:[^0-9个次名批年期]|$))`)
	// 39条讲什么, 17号那个, 三十九条: not 3条理由 in the middle of a sentence, nor 下一条
	withUnit = pattern.MustCompile(`(?:^|[^0-9一二三四五六七八九十几第个共有月])([0-9]{1,3}|[一二三四五]?十[一二三四五六七八九]?)(?:项|条|号)(?:$|[^0-9以])`)
	bare     = pattern.MustCompile(`^` + numberWord + `$`)
	// 9、13、22条
	listed = pattern.MustCompile(`(?:第)?([0-9]{1,3}(?:[、,，和跟 ]+(?:第)?[0-9]{1,3})+)(?:项|条|号)?`)
	// 第四部分（二）, 四(二), B2
	safeguard = pattern.MustCompile(`(?i)\bb([1-9])\b|[四4]部分[（(]?([一二三四五六七八九])[）)]?`)
)

// numbered answers a message that names measures by number.
func (t *turn) numbered() (bot.Reply, bool) {
	labels := t.labels()
	if len(labels) == 0 {
		return bot.Reply{}, false
	}
	var measures []*knowledge.Measure
	for _, l := range labels {
		if m, ok := t.snap.Measure(l); ok && !slices.Contains(measures, m) && len(measures) < maxNumbered {
			measures = append(measures, m)
		}
	}
	if len(measures) == 0 {
		return bot.Reply{Status: bot.NotCovered, Lines: []bot.Line{bot.Say(sayNoItem)}}, true
	}
	if t.contradicts(measures) {
		return bot.Reply{}, false
	}
	questions := make([]question, len(measures))
	for i, m := range measures {
		questions[i] = t.whole(m)
	}
	return t.tell(questions, nil), true
}

// whole asks of a measure what the message says beside its number, else what it
// is about.
func (t *turn) whole(m *knowledge.Measure) question {
	q := t.question(t.text, knowledge.Match{Measure: m})
	if len(q.intents) == 0 || t.asks("next", "previous", "what", "summary") {
		q.whole = true
		q.text = strings.Join(m.Topics, " ")
	}
	return q
}

// contradicts reports whether a planted order names a measure; its subject is
// then taken from the question that stands beside it.
func (t *turn) contradicts(measures []*knowledge.Measure) bool {
	_, planted := t.says("injection")
	return planted && len(measures) == 1
}

// labels lists the numbers of measures in the message, in order.
func (t *turn) labels() []string {
	var out []string
	add := func(s string) {
		if n := arabic(s); n != "" && !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	for _, m := range listed.FindAllStringSubmatch(t.text, -1) {
		for _, n := range strings.FieldsFunc(m[1], func(r rune) bool { return r < '0' || r > '9' }) {
			add(n)
		}
	}
	if len(out) > 0 && !strings.ContainsAny(t.text, "第项条号") {
		out = nil // numbers side by side, but no measure is meant
	}
	for _, re := range []*pattern.Regexp{withOrdinal, withUnit} {
		for _, m := range re.FindAllStringSubmatch(t.text, -1) {
			add(strings.Join(m[1:], ""))
		}
	}
	for _, m := range safeguard.FindAllStringSubmatch(t.text, -1) {
		out = append(out, "B"+arabic(m[1]+m[2]))
	}
	if m := bare.FindStringSubmatch(t.text); m != nil && len(out) == 0 {
		add(m[1])
	}
	return out
}

// arabic reads a number from 1 to 999 in digits or Chinese, "" when it is none.
func arabic(s string) string {
	if n, err := strconv.Atoi(s); err == nil && n > 0 {
		return strconv.Itoa(n)
	}
	digit := map[rune]int{'一': 1, '二': 2, '三': 3, '四': 4, '五': 5, '六': 6, '七': 7, '八': 8, '九': 9}
	total, last := 0, 0
	for _, r := range s {
		if r == '十' {
			total += max(1, last) * 10
			last = 0
			continue
		}
		d, ok := digit[r]
		if !ok {
			return ""
		}
		last = d
	}
	if total += last; total == 0 {
		return ""
	}
	return strconv.Itoa(total)
}

// neighbour answers 下一条 and 上一条 after a measure was answered.
func (t *turn) neighbour() (bot.Reply, bool) {
	step := 0
	switch {
	case t.was.Measure == "" || runes(t.text) > 12:
	case t.asks("next"):
		step = 1
	case t.asks("previous"):
		step = -1
	}
	if step == 0 {
		return bot.Reply{}, false
	}
	at := slices.IndexFunc(t.snap.Measures, func(m *knowledge.Measure) bool { return m.No == t.was.Measure })
	at += step
	if at < 0 || at >= len(t.snap.Measures) {
		return bot.Reply{Status: bot.NotCovered, Lines: []bot.Line{bot.Say(sayNoNext)}}, true
	}
	return t.tell([]question{t.whole(t.snap.Measures[at])}, nil), true
}

// choice answers a number or a text that picks one of the offered choices.
func (t *turn) choice() (bot.Reply, bool) {
	picked := t.picked()
	if picked == nil {
		if len(t.was.Choices) == 0 && oneOf.MatchString(t.text) {
			return bot.Reply{Status: bot.Clarification, Lines: []bot.Line{bot.Say(sayTellMore)}}, true
		}
		return bot.Reply{}, false
	}
	if r, ok := t.judgeChosen(picked.Intent); ok {
		return r, true
	}
	m, ok := t.snap.Measure(picked.Measure)
	if !ok {
		return bot.Reply{}, false
	}
	if t.was.Text != "" {
		t.text = t.was.Text
		t.intents = t.snap.Intents.Kinds(t.text)
	}
	if picked.Intent != "" {
		t.intents = []string{picked.Intent}
	}
	return t.tell([]question{t.question(t.text, t.snap.Finder.Match(t.text, m))}, nil), true
}

var choiceNumber = pattern.MustCompile(`^(?:第|选|选择|我选)?([1-9]|[一二三四五六七八九])(?:个|项|号|条|\.|、)?$`)

// oneOf picks one of choices and can mean nothing else.
var oneOf = pattern.MustCompile(`^(?:我?选)?第(?:[1-9]|[一二三四五六七八九])个$`)

func (t *turn) picked() *bot.Choice {
	for i := range t.was.Choices {
		if t.was.Choices[i].Text == strings.TrimSpace(t.msg.Text) {
			return &t.was.Choices[i]
		}
	}
	for i := range t.was.Scanned {
		if t.was.Scanned[i].Text == strings.TrimSpace(t.msg.Text) {
			return &t.was.Scanned[i]
		}
	}
	m := choiceNumber.FindStringSubmatch(t.text)
	if m == nil {
		return nil
	}
	n, _ := strconv.Atoi(arabic(m[1]))
	if n > len(t.was.Choices) {
		return nil
	}
	return &t.was.Choices[n-1]
}
