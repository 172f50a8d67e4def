package handlers

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"huiwen/bot"
	"huiwen/bot/post"
	"huiwen/knowledge"
	"huiwen/knowledge/eligibility"
	"huiwen/knowledge/pattern"
	"huiwen/knowledge/segment"
)

// A dialogue is an eligibility talk that goes on: what is known, what is asked.
// Its JSON is stored; field names never change.
type dialogue struct {
	Programme string            `json:"programme"`
	Facts     eligibility.Facts `json:"facts"`
	// Story is what the person has told in their own words, to read again with more.
	Story   string   `json:"story,omitempty"`
	Asked   string   `json:"asked,omitempty"` // fact that the last message asked for
	Skipped []string `json:"skipped,omitempty"`
	Consent bool     `json:"consent,omitempty"` // to sensitive questions
	// Before are the dialogue's earlier states, to step back to.
	Before []step `json:"before,omitempty"`
	// Edit is the fact that the person wants to correct and that is asked again.
	Edit string `json:"edit,omitempty"`
	// Who is whom it is about when that is not the writer: 儿子.
	Who string `json:"who,omitempty"`
	// Scanned marks one of several on the same story: what is answered counts for all.
	Scanned bool `json:"scanned,omitempty"`
}

// A step is one answered question.
type step struct {
	Fact string            `json:"fact"`
	Was  eligibility.Value `json:"was"`
}

const (
	// leastStory is how many runes a message must have to be a story.
	leastStory = 10
	// toldFacts is how many facts make a message a story.
	toldFacts = 2
	// longestFigure is how many runes a question for a figure has at most: a longer
	// message tells a story.
	longestFigure = 30
	maxSteps      = 30
	maxScan       = 8 // programmes of a group that a scan lists
)

// scanning matches the question for everything that one may get.
var scanning = pattern.MustCompile(`(?:我|我们|我家|像我|接下来|那么?|现在|这种|这样|有证|分别).{0,12}(?:能|可以|够)(?:享受|领|申请|得|拿|办|沾)(?:得|到)*(?:什么|哪些|啥|哪样|些什么|些啥|哪几)|^(?:能|可以)(?:享受|领|申请|得|拿|办)(?:得|到)*(?:什么|哪些|啥|哪样|些什么|些啥)`)

// hear is what a text tells of the person it asks for. A text is read once for a
// message: to read one costs more than all else that an answer takes.
func (t *turn) hear(text string) eligibility.Facts {
	facts, ok := t.heard[text]
	if !ok {
		facts = t.snap.Rules.Read(text, t.msg.At.In(Zone))
		if t.heard == nil {
			t.heard = map[string]eligibility.Facts{}
		}
		t.heard[text] = facts
	}
	return maps.Clone(facts)
}

// personal matches a message that asks for somebody rather than in general.
var personal = pattern.MustCompile(`我|俺|咱|屋头|家里|资格|符合|条件|够格|老公|老婆|儿子|女儿|娃`)

var (
	// howMuch asks for a number, which for a list, rather than whether somebody
	// qualifies.
	howMuch = pattern.MustCompile(`多少|好多|几(?:个|户|家|人|名)|几多`)
	which   = pattern.MustCompile(`哪些|啥子|什么`)
	// unwilling asks whether something may be left.
	unwilling = pattern.MustCompile(`(?:能不能|可不可以|可以|能否)不(?:吃|去|交|参加|要|读|上)`)
)

// eligible judges whether the person qualifies for the programme that the
// message asks for; ok is false when it asks for none.
func (t *turn) eligible(matches []knowledge.Match) (bot.Reply, bool) {
	asks := t.asks("elig") || t.asksWhether()
	if !asks && runes(t.text) < leastStory || t.asks("phone", "where", "papers", "bureau", "what") || unwilling.MatchString(t.text) {
		return bot.Reply{}, false
	}
	told := t.hear(t.text)
	asks = asks || t.asks("condition") && told.Told() > 0
	story, all := t.text, told
	if t.was.Tale != "" {
		story = longer(t.was.Tale, t.text)
		all = t.hear(story)
	}
	switch {
	case t.asks("target", "deadline", "rate", "ceiling", "how") && (!t.asks("elig") || told.Told() == 0):
		return bot.Reply{}, false
	case !asks && (all.Told() < toldFacts || t.asks("amount") || t.wantsFigure(all)):
		return bot.Reply{}, false
	}
	p := t.programme(matches, all, asks)
	if p == nil && asks && t.was.Tale != "" && (told.Told() > 0 || t.content() <= noContent+1) {
		p = t.askedBefore(story, all)
	}
	if p == nil || !asks && (!p.Uses(all) || told.Told() == 0 && t.snap.Rules.Asked(p, t.text) == 0) {
		return bot.Reply{}, false
	}
	if !t.asks("elig") && !p.Uses(all) && !personal.MatchString(t.text) && !(eligibility.Asks(t.text) && t.snap.Rules.Speaks(p, t.text)) {
		t.offer = p // nothing was told: the subject is answered, the comparison offered
		return bot.Reply{}, false
	}
	t.next.Dialogue = &dialogue{Programme: p.ID, Facts: all, Story: story}
	return t.card(p), true
}

// wantsFigure reports whether the message asks for a figure or a list, and for
// nobody in particular.
func (t *turn) wantsFigure(told eligibility.Facts) bool {
	switch {
	case personal.MatchString(t.text):
		return false
	case howMuch.MatchString(t.text) && runes(t.text) <= longestFigure:
		return true
	}
	return which.MatchString(t.text) && told.Told() <= toldFacts
}

// asksWhether reports whether the message asks about qualifying and from there on
// about no sum: 带了好多户没统计过,奖补报得了不 asks none.
func (t *turn) asksWhether() bool {
	asked := eligibility.QuestionOf(t.text)
	from := max(0, strings.LastIndex(t.text, asked))
	return asked != "" && !slices.Contains(t.snap.Intents.Kinds(t.text[from:]), "amount")
}

// askedBefore is the programme that the messages before named, when the last one
// only asks whether it is for oneself: 我这种是不是.
func (t *turn) askedBefore(story string, told eligibility.Facts) *eligibility.Programme {
	var best *eligibility.Programme
	bestScore := 0.0
	for _, p := range t.snap.Rules.Programmes {
		n := t.snap.Rules.Asked(p, story)
		if score := float64(n) + p.Knows(told); n > 0 && p.Uses(told) && score > bestScore {
			best, bestScore = p, score
		}
	}
	return best
}

// remember keeps what a resident has told of themselves for the messages after it.
func (t *turn) remember(status bot.Status) {
	if t.msg.User == bot.Staff || status != bot.Answered && status != bot.Verdict && status != bot.Clarification {
		return
	}
	text := segment.Normalise(t.msg.Text)
	t.next.Tale = t.was.Tale
	if runes(text) > shortAnswer && len(t.hear(text)) > 0 {
		t.next.Tale = longer(t.was.Tale, text)
	}
}

// maxStory bounds the story of a dialogue, in runes.
const maxStory = 500

// retold goes on with the programme that is talked of when the message tells more
// of its conditions, or asks again: the whole story is read again, because who
// 他 is and what 那时候 was stands in what was said before.
func (t *turn) retold() (bot.Reply, bool) {
	story := t.was.Text
	var d dialogue
	if t.was.Dialogue != nil {
		d = *t.was.Dialogue
		story = d.Story
	}
	now := t.hear(t.text)
	p := t.talkedOf(d.Programme, story, now)
	if p == nil {
		return bot.Reply{}, false
	}
	d.Story = longer(story, t.text)
	read := func(text string) eligibility.Facts {
		if d.Who != "" {
			return t.snap.Rules.ReadOf(text, d.Who, t.msg.At.In(Zone))
		}
		return t.hear(text)
	}
	facts := read(d.Story)
	asks := t.asks("elig") || eligibility.Asks(t.text)
	tells := p.Uses(now) || t.was.Dialogue != nil && p.Differ(facts, read(story))
	switch {
	case !tells && (!asks || t.was.Dialogue == nil), t.meansOther(p, tells, asks):
		return bot.Reply{}, false
	case !asks && t.asks("amount", "bureau", "deadline", "phone", "where", "papers", "how", "what", "target", "rate", "ceiling", "paid"):
		return bot.Reply{}, false
	}
	for _, s := range d.Before { // what was answered stands until it is told otherwise
		if !now[s.Fact].Known {
			facts[s.Fact] = d.Facts[s.Fact]
		}
	}
	d.Programme, d.Facts = p.ID, facts
	t.next.Dialogue = &d
	if t.was.Dialogue == nil {
		return t.card(p), true
	}
	return t.onward(p, nil), true
}

// retelling goes on with what was spoken of last when the message tells of the
// person what one of its programmes asks for.
func (t *turn) retelling() (bot.Reply, bool) {
	if t.msg.User == bot.Staff || t.was.Dialogue == nil && t.was.Measure == "" {
		return bot.Reply{}, false
	}
	if t.was.Dialogue == nil && !personal.MatchString(t.text) && (len(t.intents) > 0 || runes(t.text) > maxStory/5) {
		return bot.Reply{}, false
	}
	return t.retold()
}

// talkedOf is the programme that a message may go on with: of the measure spoken of
// last, the one whose own words it holds, else the one of the dialogue.
func (t *turn) talkedOf(id, story string, now eligibility.Facts) *eligibility.Programme {
	was := t.snap.Rules.Programme(id)
	measure := t.was.Measure
	if was != nil {
		measure = was.Measure
	}
	text := notThat.ReplaceAllString(t.text, "")
	best, bestScore := was, 0.0
	for _, p := range t.snap.Rules.Of(measure) {
		score := 2*float64(t.snap.Rules.Asked(p, text)) + p.Knows(now)
		if was == nil {
			score += float64(t.snap.Rules.Asked(p, story))
		}
		if p == was {
			score += 0.5
		}
		if p.When != nil && score > bestScore {
			best, bestScore = p, score
		}
	}
	return best
}

// notThat is what a message says it does not ask about: 不是5000那个.
var notThat = pattern.MustCompile(`不是(?:问|说|要)?[^,]{1,8}(?:那个|这个|的)`)

// longer is a story with one more message, of at most maxStory runes: what was
// told first gives way.
func longer(story, text string) string {
	whole := []rune(strings.TrimPrefix(story+","+text, ","))
	return string(whole[max(0, len(whole)-maxStory):])
}

// meansOther reports whether the message asks about something else than p. One
// that only tells something does not; one that tells nothing need only name
// another subject.
func (t *turn) meansOther(p *eligibility.Programme, tells, asks bool) bool {
	if t.snap.Rules.Asked(p, t.text) > 0 || tells && !asks && len(t.intents) == 0 {
		return false
	}
	found := t.snap.Finder.Find(t.text, 1)
	switch {
	case !tells && asks && runes(t.text) <= onlyAsks && t.content() <= noContent+1:
		return false // 他算不算: a question without a subject
	case !tells && t.content() > noContent+1:
		return true
	case len(found) == 0 || found[0].Measure != nil && found[0].Measure.No == p.Measure:
		return false
	case found[0].Measure == nil:
		return found[0].Sure >= clearly && len(t.intents) > 0
	}
	if !tells {
		return found[0].Sure >= sure
	}
	named := slices.ContainsFunc(t.snap.Rules.Of(found[0].Measure.No), func(o *eligibility.Programme) bool { return t.snap.Rules.Asked(o, t.text) > 0 })
	return named && found[0].Sure >= sure && (len(t.intents) > 0 || eligibility.Asks(t.text) || found[0].Sure >= clearly)
}

// onlyAsks is up to how many runes a message may be nothing but the question.
const onlyAsks = 8

// programme picks the one that is asked for: how likely its measure is, whether
// its own words stand in the message, and how much of its conditions was told.
func (t *turn) programme(matches []knowledge.Match, told eligibility.Facts, asks bool) *eligibility.Programme {
	var best *eligibility.Programme
	bestScore := 0.0
	text := notThat.ReplaceAllString(t.text, "")
	for i, m := range matches {
		if m.Measure == nil || i > 0 && (matches[0].Sure >= settled || t.goesOn(matches[0])) {
			continue // another measure is clearly meant, or a subject outside
		}
		for _, p := range t.snap.Rules.Of(m.Measure.No) {
			n, known := t.snap.Rules.Asked(p, text), p.Knows(told)
			if n == 0 && (known < mostKnown || !asks || p.Unlisted != "") {
				continue // a story that never names the programme asks for something else
			}
			if (p.When == nil || p.Unlisted != "") && !asks {
				continue // little can be judged, and nobody asked to
			}
			score := m.Sure + toldWeight*known
			if n > 0 {
				score += askedWeight + 0.1*float64(n-1)
			}
			if p.When != nil {
				score += statedWeight
			}
			if score > bestScore {
				best, bestScore = p, score
			}
		}
	}
	if bestScore < sure {
		return nil
	}
	return best
}

// goesOn reports whether a match is what was spoken of last.
func (t *turn) goesOn(m knowledge.Match) bool {
	return m.Measure != nil && m.Measure.No == t.was.Measure && m.Sure >= sure
}

const (
	// askedWeight is what the programme's own words count beside how likely its
	// measure is.
	askedWeight = 0.45
	// mostKnown is how much of a programme's conditions a story must tell that does
	// not name it.
	mostKnown = 0.4
	// settled is how sure the best match must be to leave the others out.
	settled = 0.9
	// statedWeight is what stated conditions count: without them there is nothing to judge.
	statedWeight = 0.2
	// toldWeight is what it counts that all conditions were spoken of.
	toldWeight = 0.4
)

// card tells the verdict with its proof and asks what is worth asking next.
func (t *turn) card(p *eligibility.Programme) bot.Reply {
	d := t.next.Dialogue
	result := p.Judge(d.Facts)
	m, _ := t.snap.Measure(p.Measure)
	verdict := result.Verdict
	if t.over() {
		verdict = eligibility.Undecided
	}
	r := bot.Reply{Status: bot.Verdict, Verdict: string(verdict), Programme: p.Name, Lines: t.validity()}
	r.Lines = append(r.Lines, t.verdictLine(p, result))
	sums, instead := question{snap: t.snap, measure: m}.disputed()
	r.Lines = append(r.Lines, instead...)
	if !holdsAny(p.Amount.Quote, sums) {
		r.Lines = append(r.Lines, amountLine(p))
	}
	for _, f := range result.Findings {
		r.Lines = append(r.Lines, t.findingLine(m, f, d.Facts))
	}
	for _, q := range quotesOf(p) {
		if holdsAny(q, sums) {
			continue
		}
		r.Lines = append(r.Lines, bot.Line{bot.Words(sayPlanText), bot.Quote(m.No, q)})
	}
	for _, s := range result.Silent {
		r.Lines = append(r.Lines, bot.Say(saySilent+s.Say+sayStop))
	}
	if len(p.Office) > 0 && result.Verdict != eligibility.Unlikely {
		line := bot.Line{bot.Words(sayOffice)}
		for i, q := range p.Office {
			if i > 0 {
				line = append(line, bot.Words("；"))
			}
			line = append(line, bot.Quote(m.No, q))
		}
		r.Lines = append(r.Lines, line)
	}
	if line := improveLine(t.snap.Rules, result); line != nil {
		r.Lines = append(r.Lines, line)
	}
	r.Lines = append(r.Lines, question{snap: t.snap, measure: m}.bureaus())
	t.next.Measure, t.next.Text = p.Measure, string([]rune(t.text)[:min(len([]rune(t.text)), maxBefore)])
	r.Card = t.drawn(p, result, verdict)
	if !t.ask(&r, p) {
		r.Lines = append(r.Lines, bot.Say(sayPreliminary))
		if len(r.Card.Facts) > 0 {
			r.Lines = append(r.Lines, bot.Say(sayMayEdit))
		}
	}
	return r
}

// verdictWords are the verdicts as people read them.
var verdictWords = map[eligibility.Verdict]string{eligibility.Likely: sayLikely, eligibility.Unlikely: sayUnlikely, eligibility.Undecided: sayUndecided}

// verdictLine says the verdict and of what.
func (t *turn) verdictLine(p *eligibility.Programme, result eligibility.Result) bot.Line {
	words := verdictWords[result.Verdict]
	if result.Verdict == eligibility.Undecided {
		words += sayWhether
	}
	if p.When == nil {
		words = sayNoConditions
	}
	line := bot.Line{bot.Words(sayByYourWords), bot.Words(words)}
	if t.over() {
		line[0] = bot.Part{Kind: bot.Derived, Text: "按" + t.snap.Plan.Valid.To[:4] + "年的条件初步看，", Quote: t.snap.Plan.Title, Rule: "validity"}
	}
	return append(line, bot.Words("“"), bot.Quote(p.Measure, p.Name), bot.Words("”"+sayStop))
}

func amountLine(p *eligibility.Programme) bot.Line {
	if p.Amount.Quote == "" {
		return bot.Say(sayNoAmount)
	}
	line := bot.Line{bot.Words(sayAmount)}
	if p.Amount.Hedge != "" && !strings.Contains(p.Amount.Quote, p.Amount.Hedge) {
		line = append(line, bot.Quote(p.Measure, p.Amount.Hedge)) // a sum that is not paid directly
	}
	return append(line, bot.Quote(p.Measure, p.Amount.Quote), bot.Words(sayStop))
}

// findingLine is one condition with its mark and what the person told of it.
func (t *turn) findingLine(m *knowledge.Measure, f eligibility.Finding, told eligibility.Facts) bot.Line {
	mark := map[eligibility.Answer]string{eligibility.Yes: "✓ ", eligibility.No: "✗ ", eligibility.Unknown: "？ "}[f.Answer]
	line := bot.Line{bot.Words(mark), conditionName(m, f.Condition)}
	if f.Answer == eligibility.Unknown {
		return append(line, bot.Words(sayNotTold))
	}
	if said, assumed := toldOf(f, told); said != nil {
		end := "”）"
		if assumed {
			end = sayAssumed
		}
		line = append(line, bot.Words("（您说：“"), *said, bot.Words(end))
	}
	return line
}

// conditionName is what a card calls a condition, quoted where the plan says so.
func conditionName(m *knowledge.Measure, c *eligibility.Condition) bot.Part {
	if strings.Contains(m.Text, c.Name) {
		return bot.Quote(m.No, c.Name)
	}
	return bot.Words(c.Name)
}

// toldOf is what the person said that settles a condition, nil for nothing;
// assumed tells that it does not say so itself.
func toldOf(f eligibility.Finding, told eligibility.Facts) (said *bot.Part, assumed bool) {
	if f.Answer == eligibility.Unknown {
		return nil, false
	}
	ids := f.Condition.Facts()
	if f.Answer == eligibility.No {
		slices.Reverse(ids) // what fails it stands last: 带动农户 after 级别
	}
	for _, id := range ids {
		if v := told[id]; v.Known && v.Words != "" {
			return &bot.Part{Kind: bot.Echoed, Text: firstWords(v)}, v.Assumed
		}
	}
	return nil, false
}

// firstWords are the words that a value was read from, up to their first comma.
func firstWords(v eligibility.Value) string {
	words, _, _ := strings.Cut(v.Words, ",")
	return strings.ReplaceAll(words, "◇", "…") // where the programme's name stood
}

// quotesOf lists the sentences behind a programme's conditions, each once and
// none inside another.
func quotesOf(p *eligibility.Programme) []string {
	if p.When == nil {
		return nil
	}
	var all []string
	for _, c := range p.When.Top() {
		if c.Quote != "" && !slices.ContainsFunc(all, func(q string) bool { return strings.Contains(q, c.Quote) }) {
			all = append(slices.DeleteFunc(all, func(q string) bool { return strings.Contains(c.Quote, q) }), c.Quote)
		}
	}
	return all[:min(3, len(all))]
}

// improveLine says what a person may honestly change when a condition fails.
func improveLine(rules *eligibility.Rules, result eligibility.Result) bot.Line {
	for _, f := range result.Findings {
		if f.Answer != eligibility.No {
			continue
		}
		ids := f.Condition.Facts()
		for i := range ids { // what was told last in a condition is what fails it: 带动农户 after 级别
			if fact := rules.Fact(ids[len(ids)-1-i]); fact != nil && fact.Improve != "" {
				return bot.Say(sayImprove + fact.Improve)
			}
		}
	}
	return nil
}

// ask adds the next question to a reply; false when nothing is left to ask.
func (t *turn) ask(r *bot.Reply, p *eligibility.Programme) bool {
	d := t.next.Dialogue
	id := cmp.Or(d.Edit, p.Next(d.Facts, d.Skipped, t.snap.Rules))
	fact := t.snap.Rules.Fact(id)
	if fact == nil || fact.Question == "" {
		d.Asked = ""
		r.Card.Moves = d.moves(false)
		return false
	}
	if fact.Sensitive && !d.Consent && d.Edit == "" {
		d.Asked = askedConsent
		r.Lines = append(r.Lines, consentLine())
		r.Choices = []bot.Choice{{Text: answerAgree}, {Text: answerRefuse}}
		t.asked(r.Card, p, consentLine(), bot.Say(sayWhyConsent))
		r.Card.Moves = d.moves(true)
		return true
	}
	d.Asked = id
	question := bot.Part{Kind: bot.Recorded, Text: fact.Question, Ref: "fact/" + id}
	r.Lines = append(r.Lines, bot.Line{bot.Words(sayAsk), question})
	t.asked(r.Card, p, bot.Line{question}, bot.Line{{Kind: bot.Recorded, Text: fact.Why, Ref: "fact/" + id}})
	r.Card.Moves = d.moves(true)
	switch fact.Type {
	case eligibility.Bool:
		r.Choices = []bot.Choice{{Text: answerYes}, {Text: answerNo}, {Text: answerSkip}}
	case eligibility.Choice:
		for _, o := range fact.Choices {
			r.Choices = append(r.Choices, bot.Choice{Text: o.Text})
		}
		r.Choices = append(r.Choices, bot.Choice{Text: answerSkip})
	}
	return true
}

// consentLine asks to be allowed to ask: who reads the answers, what for, for how
// long, how they are deleted.
func consentLine() bot.Line {
	const months = int(post.KeptFor / (30 * 24 * time.Hour)) // in words: every digit that people read is the plan's
	kept := bot.Part{Kind: bot.Recorded, Text: []string{"不到一", "一", "两", "三", "四", "五", "六"}[months] + "个月", Ref: "post/answers"}
	return bot.Line{bot.Words(sayConsent), kept, bot.Words(sayConsentEnd)}
}

// askedConsent stands in a dialogue's Asked when consent to the first sensitive
// question was asked for.
const askedConsent = "consent"

var (
	agreeWords  = pattern.MustCompile(`^(?:1|同意|可以|好|好的|行|要得|是|是的|嗯|没问题|问吧)[。!,了呀啊哦的]*$`)
	refuseWords = pattern.MustCompile(`^(?:2|不同意|不|不要|不行|不愿意|不想说|不方便|跳过|算了)[。!,了呀啊哦]*$`)
)

// consenting reports whether the message answers the question for consent, whose
// words staff use for orders, too.
func (t *turn) consenting() bool {
	d := t.was.Dialogue
	return d != nil && d.Asked == askedConsent && (agreeWords.MatchString(t.text) || refuseWords.MatchString(t.text))
}

// consented reads the answer to the question for consent: without it the
// sensitive facts are skipped and the conditions are shown to read.
func (t *turn) consented(p *eligibility.Programme, d *dialogue) bool {
	switch {
	case agreeWords.MatchString(t.text):
		d.Consent = true
	case refuseWords.MatchString(t.text):
		d.Skipped = slices.Clone(d.Skipped)
		for _, id := range p.When.Facts() {
			if f := t.snap.Rules.Fact(id); f != nil && f.Sensitive {
				d.Skipped = append(d.Skipped, id)
			}
		}
	default:
		return false
	}
	return true
}

// What the buttons of a question say.
const (
	answerYes  = "是"
	answerNo   = "不是"
	answerSkip = "不清楚"

	answerAgree  = "同意"
	answerRefuse = "不同意"
)

var (
	yesWords  = pattern.MustCompile(`^(?:1|是|是的|对|对的|嗯|嗯嗯|有|有的|符合|办了|是啊|对啊|可以|要得|没错)[。!,了呀啊哦]*$`)
	noWords   = pattern.MustCompile(`^(?:2|不是|不|没有|没得|没|否|不对|未|还没有?|没办|不符合|不是的)[。!,了呀啊哦]*$`)
	skipWords = pattern.MustCompile(`^(?:3|不清楚|不知道|不晓得|晓不得|跳过|不想说|不方便|说不清|不确定)[。!,了呀啊哦]*$`)
	// plainAnswer is an answer to the question, however long: 是的,办了.
	plainAnswer = pattern.MustCompile(`^(?:是|对|嗯|有|没|不|办|[0-9])[^,]{0,7}$`)
	whyWords    = pattern.MustCompile(`为什么(?:要)?问|为啥(?:要)?问|问这个(?:干|做)`)
	backWords   = pattern.MustCompile(`^(?:上一步|上一个|返回|退回|改一下)$`)
	overWords   = pattern.MustCompile(`^(?:重来|重新来|重新开始|再来一次)$`)
)

// pending answers a message that answers the question asked last, or steers the
// dialogue.
func (t *turn) pending() (bot.Reply, bool) {
	if t.was.Dialogue == nil {
		return t.forgotten()
	}
	d := *t.was.Dialogue
	p := t.snap.Rules.Programme(d.Programme)
	if p == nil { // a rule that is off since
		return bot.Reply{}, false
	}
	d.Facts = d.Facts.With("", eligibility.Value{}) // a copy: sessions are never changed in place
	delete(d.Facts, "")
	t.next.Dialogue = &d
	fact := t.snap.Rules.Fact(d.Asked)
	if r, ok := t.edit(p, &d); ok {
		return r, true
	}
	switch {
	case overWords.MatchString(t.text):
		d.Facts, d.Story, d.Skipped, d.Before, d.Edit = eligibility.Facts{}, "", nil, nil, ""
	case backWords.MatchString(t.text) && len(d.Before) > 0:
		last := d.Before[len(d.Before)-1]
		d.Before, d.Edit = d.Before[:len(d.Before)-1], ""
		d.Facts[last.Fact] = last.Was
		d.Skipped = slices.DeleteFunc(slices.Clone(d.Skipped), func(s string) bool { return s == last.Fact })
	case d.Asked == askedConsent && t.consented(p, &d):
		return t.onward(p, nil), true
	case d.Asked == askedConsent && whyWords.MatchString(t.text):
		return t.asking(p, bot.Say(sayWhyConsent)), true
	case d.Asked == askedConsent:
		if r, told := t.retold(); told {
			return r, true
		}
		t.next.Dialogue = t.was.Dialogue
		return bot.Reply{}, false
	case fact == nil: // at its end it is kept: what was understood may still be corrected
		if r, told := t.retold(); told {
			return r, true
		}
		t.next.Dialogue = t.was.Dialogue
		return bot.Reply{}, false
	case whyWords.MatchString(t.text):
		return t.asking(p, bot.Line{{Kind: bot.Recorded, Text: fact.Why, Ref: "fact/" + fact.ID}}), true
	case skipWords.MatchString(t.text) && (fact.Type == eligibility.Bool || t.text != "3") || fact.Type == eligibility.Choice && t.text == strconv.Itoa(len(fact.Choices)+1):
		d.skip(fact)
	default:
		v, ok := t.reading(fact)
		if !ok || runes(t.text) > shortAnswer && !plainAnswer.MatchString(t.text) {
			if r, told := t.retold(); told {
				return r, true
			}
		}
		if !ok && runes(t.text) <= shortAnswer && len(t.intents) == 0 && len(t.talk) == 0 {
			r := t.asking(p, bot.Say(sayNotUnderstood))
			return r, true
		}
		if !ok {
			t.next.Dialogue = t.was.Dialogue
			return bot.Reply{}, false // something else: the dialogue is kept
		}
		d.answer(p, fact, v, t.snap.Rules)
		for id, more := range t.hear(t.text) {
			if !d.Facts[id].Known {
				d.Facts[id] = more
			}
		}
	}
	return t.onward(p, fact), true
}

// onward goes on after an answer: the next question, else the whole card.
func (t *turn) onward(p *eligibility.Programme, fact *eligibility.Fact) bot.Reply {
	d := t.next.Dialogue
	if p.Next(d.Facts, d.Skipped, t.snap.Rules) != "" && p.Judge(d.Facts).Verdict == eligibility.Undecided && len(d.Before) > 0 {
		return t.asking(p, t.noted(p, fact))
	}
	return t.card(p)
}

// shortAnswer is up to how many runes a message that is not understood is taken
// for an answer to the question.
const shortAnswer = 4

// asking is one step of the dialogue: what is said of the last answer, then the
// next question. The whole card comes at its end.
func (t *turn) asking(p *eligibility.Programme, said bot.Line) bot.Reply {
	about := bot.Line{bot.Words(sayAbout), bot.Quote(p.Measure, p.Name), bot.Words("”：")}
	r := bot.Reply{Status: bot.Verdict, Verdict: string(eligibility.Undecided), Programme: p.Name, Lines: append(t.validity(), append(about, said...))}
	r.Card = t.drawn(p, p.Judge(t.next.Dialogue.Facts), eligibility.Undecided)
	r.Card.Said = said
	t.next.Measure, t.next.Text = p.Measure, t.was.Text
	t.ask(&r, p)
	return r
}

// noted is the condition that an answer was about, with its mark.
func (t *turn) noted(p *eligibility.Programme, fact *eligibility.Fact) bot.Line {
	m, _ := t.snap.Measure(p.Measure)
	facts := t.next.Dialogue.Facts
	for _, f := range p.Judge(facts).Findings {
		if fact != nil && slices.Contains(f.Condition.Facts(), fact.ID) && f.Answer != eligibility.Unknown {
			return append(bot.Line{bot.Words(sayNoted)}, t.findingLine(m, f, facts)...)
		}
	}
	return bot.Say(sayNotedOnly)
}

// reading reads an answer to a question about a fact.
func (t *turn) reading(fact *eligibility.Fact) (eligibility.Value, bool) {
	words := strings.TrimSpace(t.msg.Text)
	switch {
	case fact.Type == eligibility.Bool && yesWords.MatchString(t.text):
		return eligibility.Value{Known: true, Bool: true, Words: words}, true
	case fact.Type == eligibility.Bool && noWords.MatchString(t.text):
		return eligibility.Value{Known: true, Words: words}, true
	case fact.Type == eligibility.Choice:
		for i, o := range fact.Choices {
			if t.text == strconv.Itoa(i+1) || words == o.Text {
				return eligibility.Value{Known: true, Choice: o.ID, Words: o.Text}, true
			}
		}
	case fact.Type == eligibility.Number && runes(t.text) <= 12:
		if v, ok := eligibility.Quantity(t.text, fact.Unit, t.msg.At.In(Zone)); ok {
			v.Words = words
			return v, true
		}
	}
	v := t.hear(t.text)[fact.ID]
	return v, v.Known && runes(t.text) <= 30
}

// judge begins the intent of a choice that opens a programme's card.
const judge = "elig/"

// judgeChosen opens the card of a programme that a scan offered.
func (t *turn) judgeChosen(intent string) (bot.Reply, bool) {
	intent, ok := strings.CutPrefix(intent, judge)
	id, who, scanned := strings.Cut(intent, "/")
	p := t.snap.Rules.Programme(id)
	if !ok || p == nil {
		return bot.Reply{}, false
	}
	d := &dialogue{Programme: id, Who: who, Scanned: scanned}
	if scanned {
		t.text = t.was.Story
		d.Facts = t.snap.Rules.ReadOf(t.text, who, t.msg.At.In(Zone))
	} else {
		t.text = segment.Normalise(t.was.Text)
		d.Facts = t.hear(t.text)
	}
	if was := t.was.Dialogue; scanned && was != nil && was.Scanned && was.Who == who { // what was answered for another programme
		d.Consent = was.Consent
		for id, v := range was.Facts {
			if v.Known {
				d.Facts[id] = v
			}
		}
	}
	d.Story = t.text
	t.next.Dialogue = d
	return t.card(p), true
}
