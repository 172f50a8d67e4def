package handlers

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"huiwen/bot"
	"huiwen/knowledge"
	"huiwen/knowledge/pattern"
)

// otherYear matches the year of a policy that is asked for, beside years that
// people tell of themselves (我去年毕业).
var otherYear = pattern.MustCompile(`(去年|上一年|上年|前年|明年|下一年|后年|20[0-9]{2}年)度?(?:的.{0,8}?|.{0,12}?的)?` +
	`(?:标准|补贴|补助|政策|计划|方案|规定|办法|待遇|目标|任务|指标|奖励|贷款|低保|条件|是多少|多少|怎么(?:补|算|规定)|能领|可以领|有没有|有哪些|一次性|创业)`)

// yearWords are how many years from the day of asking a word means.
var yearWords = map[string]int{"去年": -1, "上一年": -1, "上年": -1, "前年": -2, "明年": 1, "下一年": 1, "后年": 2}

// stillAsked matches the question whether what the plan holds is still so.
var stillAsked = pattern.MustCompile(`还(?:能|可以|有效|有没有|算数|作数|管用|执行|在执行|发|有吗|有没)|过期|作废|失效|有效(?:吗|没|期)|现行|管到|到什么时候|截止到哪`)

// yearAsked is the year that the message asks about, 0 when it names none other
// than that of the day of asking.
func (t *turn) yearAsked() int {
	m := otherYear.FindStringSubmatch(t.text)
	if m == nil {
		return 0
	}
	now := t.msg.At.In(Zone).Year()
	year := now + yearWords[m[1]]
	if n, err := strconv.Atoi(strings.TrimSuffix(m[1], "年")); err == nil {
		year = n
	}
	if year == now {
		return 0
	}
	return year
}

// another makes the turn answer from the plan of the year that is asked about,
// or from the one that an offered choice is of. It returns what is said first
// when there is no such plan.
func (t *turn) another(all *knowledge.Snapshot) []bot.Line {
	if t.was.Plan != "" && t.was.Plan != t.snap.Content() {
		from := t.was
		t.was, t.next = session{}, session{}
		i := slices.IndexFunc(all.Plans(), func(p *knowledge.Snapshot) bool { return p.Content() == from.Plan })
		if i < 0 {
			return nil // renumbered meanwhile: labels of before mean other measures now
		}
		t.was.Choices = from.Choices
		if t.picked() == nil {
			t.was = session{}
			return nil
		}
		t.was, t.next = from, from
		t.answerFrom(all.Plans()[i])
		return nil
	}
	year := t.yearAsked()
	if year == 0 {
		return nil
	}
	day := strconv.Itoa(year) + "-07-01"
	p := all.For(day, t.msg.User == bot.Staff)
	if !covers(p, strconv.Itoa(year)) {
		if p.Plan.Valid.To == "" || covers(t.snap, strconv.Itoa(year)) {
			return nil
		}
		return []bot.Line{bot.Say(sayNoPlanThen)}
	}
	t.answerFrom(p)
	return nil
}

// answerFrom makes the turn answer from the plan of another year.
func (t *turn) answerFrom(p *knowledge.Snapshot) {
	if p.ID == t.snap.ID {
		return
	}
	day := p.Plan.Valid.To
	if day == "" {
		day = p.Plan.Valid.From
	}
	t.snap = p.For(day, t.msg.User == bot.Staff)
	t.elsewhere = true
}

// covers reports whether a plan holds in a year.
func covers(p *knowledge.Snapshot, year string) bool {
	v := p.Plan.Valid
	return len(v.From) >= 4 && v.From[:4] <= year && (v.To == "" || year <= v.To[:4])
}

// still tells until when the plan holds, when the message asks whether it does.
func (t *turn) still() []bot.Line {
	if t.over() || !t.asks("asof") || !stillAsked.MatchString(t.text) {
		return nil
	}
	return t.until()
}

// until tells until when the plan holds.
func (t *turn) until() []bot.Line {
	to, err := time.Parse(time.DateOnly, t.snap.Plan.Valid.To)
	if err != nil {
		return []bot.Line{bot.Say(sayNoEnd)}
	}
	return []bot.Line{{{Kind: bot.Derived, Text: "这份计划管到" + to.Format("2006年1月2日") + "，现在还在有效期内。", Quote: t.snap.Plan.Title, Rule: "validity"}}}
}

// early reports whether the plan's time has not begun on the day of asking.
func (t *turn) early() bool {
	return t.msg.At.In(Zone).Format(time.DateOnly) < t.snap.Plan.Valid.From
}

// sourced gives every part of a reply its full source: the measures of documents
// are known by id:label, those of another year's plan stand beside it.
func (t *turn) sourced(r bot.Reply) bot.Reply {
	place := func(p *bot.Part) {
		doc, label, ok := strings.Cut(p.Source.Label, ":")
		switch {
		case p.Source.Doc != "" || p.Kind != bot.Quoted && p.Kind != bot.Derived:
		case ok:
			p.Source.Doc, p.Source.Label = doc, label
		case t.elsewhere:
			p.Source.Doc = t.snap.ID
		}
	}
	for _, l := range r.Lines {
		for i := range l {
			place(&l[i])
		}
	}
	r.Card.Parts()(func(p *bot.Part) bool { place(p); return true })
	r.Scan.Parts()(func(p *bot.Part) bool { place(p); return true })
	return r
}
