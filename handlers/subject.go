package handlers

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"huiwen/bot"
	"huiwen/knowledge"
	"huiwen/knowledge/eligibility"
	"huiwen/knowledge/pattern"
	"huiwen/knowledge/plan"
)

// How sure a match must be, as the probability that it is the one meant. On
// similar questions held out of the seeds, and on topics held out whole, an
// answer from guess up keeps 19 of 20 right answers.
const (
	sure       = 0.40 // answered alone, without a doubt
	guess      = 0.05 // answered as a guess, with others to choose from
	vague      = 0.15 // what a message of few words needs to be answered
	elsewhere  = 0.40 // of all topics outside together: then none is answered
	faint      = 0.04 // offered as a choice
	alsoLikely = 0.25 // told beside a better one that is not sure
	clearly    = 0.75 // stands alone, without the words before it
	// leastShare is how much of a question's words a measure must hold at least.
	leastShare = 0.045
	// fewWords is how many runes a message of few words has at most.
	fewWords = 9
	// followWeight is how much the words before count for a message that leans on them.
	followWeight = 0.6
	// stayBonus is what the measure spoken of last gains in such a message.
	stayBonus = 2.0
	// stayShare is how much of what the best match holds of the message's words
	// the measure spoken of last must hold for the message to go on with it.
	stayShare = 0.6
	// stayFaintly is the same for a message that is less sure by itself.
	stayFaintly = 0.3
	// ownWords is up to how many runes a message that is not clear leans on the
	// words before.
	ownWords = 8
	// mayLean is up to how many it may lean on them at all, unless it says so.
	mayLean = 14
)

// subject answers what the plan holds on the subject of the message.
func (t *turn) subject() bot.Reply {
	if r, ok := t.sameSubject(); ok {
		return r
	}
	matches := t.snap.Finder.Rank(t.scoring(), 6)
	if len(matches) == 0 {
		return t.outside(nil)
	}
	if i := t.beside(matches); i > 0 {
		matches = append([]knowledge.Match{matches[i]}, matches[:i]...)
		matches[0].Sure, matches[0].Outside = max(matches[0].Sure, sure), 0
	}
	best := matches[0]
	t.scores = scores(matches)
	var questions []question
	if several.MatchString(t.text) { // the person says that there is more than one
		questions = t.parted(best)
	}
	if len(questions) < 2 && (best.Outside < elsewhere || best.Measure != nil && len(t.hear(t.text)) >= toldFacts) {
		if r, ok := t.eligible(matches); ok {
			return r
		}
	}
	switch {
	case len(questions) > 1:
	case best.Sure < guess, best.Sure < vague && runes(t.text) <= fewWords:
		return t.which(matches)
	case best.Measure == nil, best.Outside >= elsewhere && !t.goesOn(best):
		return t.outside(matches)
	case best.Share < leastShare:
		return t.which(matches)
	}
	if questions == nil {
		questions = t.parted(best)
	}
	if len(questions) == 1 && best.Sure < sure {
		for _, m := range matches[1:] {
			if m.Measure != nil && m.Sure >= alsoLikely {
				questions = append(questions, t.question(t.text, m))
			}
		}
	}
	return t.tell(questions, matches)
}

// scores are how sure the best three matches are, to three places.
func scores(matches []knowledge.Match) []bot.Score {
	var out []bot.Score
	for _, m := range matches[:min(3, len(matches))] {
		s := bot.Score{Sure: math.Round(m.Sure*1000) / 1000}
		if m.Measure != nil {
			s.Label = m.Measure.No
		}
		out = append(out, s)
	}
	return out
}

// beside is the place of the document's measure that is meant when the best match
// is a topic outside: somebody has published it after all. 0 for none.
func (t *turn) beside(matches []knowledge.Match) int {
	if matches[0].Measure != nil {
		return 0
	}
	for i, m := range matches {
		if m.Measure != nil && m.Measure.Doc != nil && m.Share >= nearShare && m.Share >= besideShare*matches[0].Share {
			return i
		}
	}
	return 0
}

// besideShare is how many of the words of a topic outside a document must hold to
// be meant instead.
const besideShare = 0.7

// sameSubject answers a message that asks for something but names no subject:
// of what was spoken of last.
func (t *turn) sameSubject() (bot.Reply, bool) {
	content := t.content()
	m, ok := t.snap.Measure(t.was.Measure)
	if len(t.intents) == 0 && !(ok && content == 0 && len(t.talk) == 0) {
		return bot.Reply{}, false
	}
	if content > littleContent || content > noContent && (!ok || t.namesSubject()) {
		return bot.Reply{}, false
	}
	if !ok {
		return bot.Reply{Status: bot.Clarification, Lines: []bot.Line{bot.Say(sayTellMore)}}, true
	}
	t.followsUp()
	match := t.snap.Finder.Match(t.text, m)
	match.Sure = 1
	return t.tell([]question{t.question(t.text, match)}, nil), true
}

const (
	// noContent is up to how many runes beside its intent a message has no subject.
	noContent = 1
	// littleContent is up to how many it may go on with what was spoken of last.
	littleContent = 4
)

// namesSubject reports whether the message alone is sure to mean something.
func (t *turn) namesSubject() bool {
	best := t.snap.Finder.Find(t.text, 1)
	if len(best) > 0 && best[0].Measure == nil && t.was.Measure != "" {
		return best[0].Sure >= clearly && t.content() > 2
	}
	return len(best) > 0 && best[0].Sure >= sure && best[0].Share >= leastShare
}

// fillers are words that name no subject.
var fillers = strings.NewReplacer("那个", "", "这个", "", "政策", "", "我们家", "", "我们", "", "我家", "", "那", "", "这", "", "我", "", "你", "", "它", "", "的", "", "了", "", "呢", "", "吗", "", "嘛", "", "啊", "", "哦", "", "呀", "", "不", "",
	"请问", "", "到底", "", "具体", "", "一个", "", "个", "", "可以", "", "能", "", "要", "", "办", "", "去", "", "在", "", "是", "", "事", "", "做", "", "打", "", "就", "", "还", "", "也", "", "最", "", "贷", "", "领", "", "补", "", "有", "", "没", "",
	"哪些", "", "应该", "", "里面", "", "里头", "", "咋个", "", "怎么", "", "时候", "", "报名", "", "接下来", "", "推进", "", "落实", "", "开展", "", "实施", "", "安排", "", "情况", "", "内容", "", "申请", "", "什么", "", "截止", "")

// content counts the runes of the message beside its intents and fillers.
func (t *turn) content() int {
	text := t.text
	for _, f := range t.wants {
		for _, w := range f.Exact {
			text = strings.ReplaceAll(text, w, " ")
		}
	}
	if t.was.Measure != "" {
		_, text = t.snap.Bureaus.Split(text) // a bureau is asked about, not a subject
	}
	return runes(fillers.Replace(text))
}

// question asks a text of the measure it fits.
func (t *turn) question(text string, m knowledge.Match) question {
	q := question{snap: t.snap, text: text, intents: t.intents, measure: m.Measure, similar: m.Similar}
	if text != t.text && text != t.bare() {
		q.intents = t.snap.Intents.Kinds(text)
	}
	return q
}

// scoring scores the message, with the words before it where it leans on them.
func (t *turn) scoring() knowledge.Scoring {
	f := t.snap.Finder
	now := t.weighed()
	if t.was.Text == "" || !t.leans() {
		return now
	}
	m, kept := t.snap.Measure(t.was.Measure)
	if best := f.Rank(now, 1); len(best) > 0 {
		same := kept && best[0].Measure == m
		if same && best[0].Sure >= clearly && best[0].Similar != f.Match(t.was.Text, m).Similar {
			return now // another subject of the measure: the sums of the one before are not its
		}
		if t.isNew(now, best[0], m) {
			if same {
				t.followsUp()
			}
			return now
		}
	}
	t.followsUp()
	now = now.Mixed(f.Scores(t.was.Text), followWeight)
	if kept {
		now = f.Favour(now, m, stayBonus)
	}
	return now
}

// isNew reports whether a message that could go on with what was spoken of last
// names a subject of its own: the surer of it, the more of its words the measure
// spoken of last must hold to be meant all the same. Last is nil for none.
func (t *turn) isNew(now knowledge.Scoring, best knowledge.Match, last *knowledge.Measure) bool {
	if best.Share < leastShare {
		return false
	}
	holds := func(share float64) bool { return last != nil && t.snap.Finder.Holds(now, last, best, share) }
	switch {
	case best.Sure >= clearly:
		return !holds(stayShare)
	case best.Measure == nil:
		return best.Sure >= sure && !holds(stayFaintly)
	}
	return best.Sure >= sure && runes(t.text) > ownWords && !holds(stayFaintly)
}

// weighed scores the message alone: of a story, the clause that asks counts
// more than the rest, whose words may belong to other measures.
func (t *turn) weighed() knowledge.Scoring {
	f := t.snap.Finder
	now := f.Scores(t.bare())
	if side := sideOf(t.text); side != "" {
		now = f.FavourWhere(now, sideBonus, func(m *knowledge.Measure) bool { return m.Under(side) })
	}
	if t.msg.User != bot.Staff {
		now = f.FavourWhere(now, -innerBonus, (*knowledge.Measure).Closing)
	}
	if ratio.MatchString(t.text) {
		now = f.FavourWhere(now, figureBonus, hasPercent)
	}
	if sums := sumsIn(t.text); len(sums) > 0 && aboutGrant.MatchString(t.text) {
		now = f.FavourWhere(now, sumBonus, func(m *knowledge.Measure) bool { return pays(m, sums) })
	}
	if asked := eligibility.QuestionOf(t.text); runes(asked) >= leastAsked && runes(asked) < runes(t.text)-shortQuestion {
		clause := f.Scores(asked)
		if best := f.Rank(clause, 1); len(best) > 0 && best[0].Sure >= askedSure {
			now = now.Mixed(clause, askedAgain)
		}
	}
	return now
}

// The two halves of a plan for people: words that say on which side somebody
// lives, and what the headings of its chapters call it.
var (
	inTown    = pattern.MustCompile(`城里|城头|城市|城镇|市区|街上|居民户口|非农`)
	inCountry = pattern.MustCompile(`农村|乡下|乡头|乡坝|村里|村头|寨子|农民(?:[^工]|$)|种地`)
)

// sideOf is the word by which headings call where the person lives, "" when the
// message says both or neither.
func sideOf(text string) string {
	town, country := inTown.MatchString(text), inCountry.MatchString(text)
	switch {
	case town && !country:
		return "城镇"
	case country && !town:
		return "农村"
	}
	return ""
}

// ratio matches a question for a share or a rate of growth.
var ratio = pattern.MustCompile(`比例|占比|百分之|百分比|几个点|几成|增幅|占(?:到)?(?:多少|好多|几)`)

// hasPercent reports whether a measure holds a target in percent.
func hasPercent(m *knowledge.Measure) bool {
	return slices.ContainsFunc(m.Targets, func(g plan.Target) bool { return g.Unit == "%" })
}

// sumAsked matches a sum of money as people write it.
var sumAsked = pattern.MustCompile(`([0-9]+(?:\.[0-9]+)?)(万|千|百)?(?:元|块)`)

// aboutGrant matches talk of being granted money: a wage or a loan that happens to
// be the sum of a grant does not mean it.
var aboutGrant = pattern.MustCompile(`补|奖|资助|扶持`)

// sumsIn are the sums that the text names, in yuan.
func sumsIn(text string) []float64 {
	var out []float64
	for _, sum := range sumAsked.FindAllString(text, -1) {
		m := sumAsked.FindStringSubmatch(sum)
		if v, err := strconv.ParseFloat(m[1], 64); err == nil {
			out = append(out, v*map[string]float64{"": 1, "百": 100, "千": 1000, "万": 10_000}[m[2]])
		}
	}
	return out
}

// pays reports whether a measure names one of the sums as an amount: who asks
// about 5000元 has read of it.
func pays(m *knowledge.Measure, sums []float64) bool {
	return slices.ContainsFunc(m.Amounts, func(a plan.Amount) bool {
		yuan := a.Value
		if strings.HasPrefix(a.Unit, "万元") {
			yuan *= 10_000
		}
		return slices.Contains(sums, yuan)
	})
}

const (
	// sumBonus is what a measure gains that pays the very sum.
	sumBonus = 3.5
	// innerBonus is what a safeguard of the closing part loses with a resident: it
	// speaks of the offices' own work.
	innerBonus = 1.0
	// figureBonus is what a measure gains that holds the kind of figure asked for.
	figureBonus = 0.7
	// sideBonus is what a measure of the side gains.
	sideBonus = 0.8
	// leastAsked is how many runes the clause that asks must have to be weighed.
	leastAsked = 5
	// askedSure is how sure it must be of something by itself.
	askedSure = 0.35
	// askedAgain is what it counts beside the whole.
	askedAgain = 0.5
)

// followsUp makes the message what it goes on with: it keeps the words before,
// and what was wanted of the subject when it names nothing new.
func (t *turn) followsUp() {
	before := []rune(t.was.Text)
	if len(before) > maxBefore {
		before = before[len(before)-maxBefore:]
	}
	t.text = string(before) + " " + t.text
	if len(t.intents) == 0 && t.was.Intent != "" {
		t.intents = []string{t.was.Intent}
	}
}

// maxBefore bounds the words before, in runes.
const maxBefore = 150

// bare is the message without what is said beside its subject: greetings,
// thanks, abuse, planted orders.
func (t *turn) bare() string {
	text := t.text
	for _, f := range t.talk {
		if f.Whole || f.Kind == "complaint" {
			continue
		}
		for _, w := range f.Words {
			text = strings.ReplaceAll(text, w, " ")
		}
	}
	if runes(text) < shortQuestion {
		return t.text
	}
	return text
}

// leaning begins a message that goes on with what was said before.
var leaning = []string{"那", "还有", "呢", "它", "这", "哦", "对了", "不是", "如果", "要是", "我是", "我们", "今年", "最", "在哪", "就是", "具体", "接下来", "其中", "里面"}

// leans reports whether the message depends on the one before.
func (t *turn) leans() bool {
	if runes(t.text) <= mayLean && !strings.HasPrefix(t.text, "我想") {
		return true
	}
	return slices.ContainsFunc(leaning, func(w string) bool { return strings.HasPrefix(t.text, w) })
}

// several matches messages that say that they ask about more than one thing.
var several = pattern.MustCompile(`分别|各自|一是.*二是|两样|几样|两件|几件|两个事|都有(?:哪|什么|啥)`)

// allSeparators part the things that such a message lists.
var allSeparators = strings.NewReplacer("一个", "\n", "。", "\n", "!", "\n", "?", "\n", ";", "\n", ",", "\n", "、", "\n", " ", "\n", "一是", "\n", "二是", "\n", "还有", "\n", "另外", "\n")

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
	split, least, shortest := separators, clearly, shortQuestion
	if several.MatchString(t.text) { // the person says that there are several
		split, least, shortest = allSeparators, sure, shortQuestion-2
	}
	var out []question
	for part := range strings.SplitSeq(split.Replace(t.text), "\n") {
		if runes(part) < shortest || part == t.text {
			continue
		}
		found := t.snap.Finder.Find(part, 1)
		if len(found) == 0 || found[0].Measure == nil || found[0].Sure < least || found[0].Share < leastShare {
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

// outside says that the plan does not hold the subject, and offers what it
// holds near it.
func (t *turn) outside(matches []knowledge.Match) bot.Reply {
	r := bot.Reply{Status: bot.OutOfScope, Lines: []bot.Line{bot.Say(sayNotInPlan)}}
	r.Choices = t.choices(matches, nearShare, 2)
	switch {
	case len(r.Choices) > 1 && runes(t.text) <= fewWords && len(matches) > 0 && matches[0].Sure < clearly:
		r = bot.Reply{Status: bot.Clarification, Lines: []bot.Line{bot.Say(sayWhichOne)}, Choices: r.Choices}
	case len(r.Choices) > 0:
		r.Lines = append(r.Lines, bot.Say(sayNear))
	}
	return r
}

// How many of a question's words a measure holds that is offered: to choose
// from, and beside a subject that the plan does not hold.
const (
	choiceShare = 0.07
	nearShare   = 0.15
)

// choices offers the measures of matches that hold at least a share of the
// question's words, at most n.
func (t *turn) choices(matches []knowledge.Match, share float64, n int) []bot.Choice {
	var out []bot.Choice
	for _, m := range matches {
		if m.Measure != nil && m.Share >= share && len(out) < n {
			out = append(out, t.choiceOf(m))
		}
	}
	return out
}

// which asks back with two or three measures to choose from.
func (t *turn) which(matches []knowledge.Match) bot.Reply {
	t.next.Text = t.text
	choices := t.choices(matches, choiceShare, 3)
	if len(choices) < 2 {
		if matches[0].Measure == nil || matches[0].Share < leastShare {
			return t.outside(nil)
		}
		return bot.Reply{Status: bot.Clarification, Lines: []bot.Line{bot.Say(sayTellMore)}}
	}
	return bot.Reply{Status: bot.Clarification, Lines: []bot.Line{bot.Say(sayWhichOne)}, Choices: choices}
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
	r := bot.Reply{Status: bot.Answered}
	if slices.ContainsFunc(questions, func(q question) bool { return q.measure.Doc == nil }) {
		r.Lines = t.validity() // a document is told only while it is in force
	}
	if len(matches) > 0 && len(questions) == 1 && matches[0].Sure < sure && questions[0].measure.No != t.was.Measure {
		q := questions[0]
		r.Lines = append(r.Lines, bot.Line{bot.Words(sayGuess), bot.Quote(q.measure.No, nameOf(q.measure, q.similar)), bot.Words("：")})
	}
	for _, q := range questions {
		lines, status := q.answer()
		if len(questions) > 1 {
			r.Lines = append(r.Lines, bot.Line{bot.Words("◆ "), bot.Quote(q.measure.No, nameOf(q.measure, q.similar))})
		} else {
			r.Status = status
		}
		r.Lines = append(r.Lines, lines...)
	}
	t.next = session{Measure: questions[0].measure.No, Intent: first(t.intents), Text: t.text, Dialogue: t.was.Dialogue, Scanned: t.was.Scanned, Story: t.was.Story}
	for _, m := range matches[min(1, len(matches)):] {
		told := slices.ContainsFunc(questions, func(q question) bool { return q.measure == m.Measure })
		if m.Measure != nil && !told && m.Sure >= faint && m.Share >= leastShare && len(r.Choices) < 2 {
			r.Choices = append(r.Choices, t.choiceOf(m))
		}
	}
	if p := t.offer; p != nil && p.When != nil && p.Measure == questions[0].measure.No {
		r.Choices = append(r.Choices, bot.Choice{Text: sayCompare, Measure: p.Measure, Intent: judge + p.ID})
	}
	return r
}

func first(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}
