package handlers

import (
	"slices"
	"strings"

	"huiwen/bot"
	"huiwen/knowledge"
	"huiwen/knowledge/pattern"
	"huiwen/knowledge/plan"
)

// duty matches words that ask for the measures of a bureau beside its name.
var duty = pattern.MustCompile(`任务|活|哪.{0,2}[条项]|第?几[条项]|[条项]目|序号|编号|涉及|牵扯|沾边|配合|参与|出现|承担|有份|负责(?:的|哪|些|什么)|管(?:哪些|着|的)|牵头|` + standsFirst)

// standsFirst matches words that ask where a bureau is named first.
const standsFirst = `排(?:在)?(?:第一|最前|头)|第一(?:个|责任|位|家)|列?首位|打头|主办|牵头`

// between matches the question which of two bureaus does something; among, the
// question whether one stands with what was answered last.
var (
	between = pattern.MustCompile(`还是|或者`)
	among   = pattern.MustCompile(`有没有|有无|在不在|在内|包括|包不包|是不是`)
)

// onlyBureau are words beside a bureau's name that name no subject.
var onlyBureau = strings.NewReplacer("责任单位", "", "单位", "", "在不在", "", "有没有", "", "里面", "", "里头", "", "里", "", "的", "", "吗", "", "没", "")

var firstNamed = pattern.MustCompile(standsFirst)

// listed answers with a complete list of measures: those of a bureau, those
// that fall due, those with a target on a subject.
func (t *turn) listed() (bot.Reply, bool) {
	names, rest := t.snap.Bureaus.Split(t.text)
	switch {
	case len(names) == 0, t.hasDetail(), len(names) > 1 && between.MatchString(t.text), t.was.Measure != "" && among.MatchString(t.text):
	case t.asks("list", "count"), duty.MatchString(t.text), t.msg.User == bot.Staff && (!t.isSure(rest) || t.was.Measure == "" && runes(onlyBureau.Replace(rest)) <= noContent):
		return t.ofBureaus(names), true
	}
	if t.msg.User != bot.Staff || !t.asks("list", "count") {
		return bot.Reply{}, false
	}
	switch {
	case t.asks("target"):
		return t.withTargets()
	case t.asks("deadline"):
		return t.falling(), true
	}
	return bot.Reply{}, false
}

// hasDetail reports whether the message asks for something of a bureau that is
// no list: its phone, its place.
func (t *turn) hasDetail() bool { return t.asks("phone", "where", "papers") }

// ofBureaus lists the measures of bureaus; only those where it stands first
// when the message asks for that, or for 牵头 and the plan names no lead.
func (t *turn) ofBureaus(names []string) bot.Reply {
	leading := strings.Contains(t.text, "牵头")
	firstOnly := firstNamed.MatchString(t.text)
	r := bot.Reply{Status: bot.Answered, Lines: t.validity()}
	t.next = session{Text: t.text}
	for _, name := range names {
		measures := t.duties(name, firstOnly)
		head := bot.Line{{Kind: bot.Derived, Text: name, Rule: "bureau", Source: t.whereNamed(name), Quote: name}}
		switch {
		case len(measures) == 0:
			head = append(head, bot.Words("："+sayNoSuch))
		case leading && !t.plans(plan.Bureau{Lead: true}):
			head = append(head, bot.Words("：计划没有写“牵头”，列首位的有这些："))
		case firstOnly:
			head = append(head, bot.Words("列首位的有这些："))
		default:
			head = append(head, bot.Words("的任务有这些："))
		}
		if len(measures) > 0 {
			head[0].Source = bot.Source{Label: measures[0].No}
		}
		r.Lines = append(r.Lines, head)
		for _, m := range measures {
			r.Lines = append(r.Lines, t.entry(m, name, firstOnly))
			t.next.List = append(t.next.List, m.No)
		}
	}
	return r
}

// plans reports whether any responsibility of the plan is marked as lead.
func (t *turn) plans(like plan.Bureau) bool {
	for _, m := range t.snap.Measures {
		for _, b := range m.Bureaus {
			if b.Lead == like.Lead {
				return true
			}
		}
	}
	return false
}

func (t *turn) whereNamed(name string) bot.Source {
	for _, m := range t.duties(name, false) {
		return bot.Source{Label: m.No}
	}
	return bot.Source{}
}

// duties are the measures that name the bureau.
func (t *turn) duties(name string, firstOnly bool) []*knowledge.Measure {
	var out []*knowledge.Measure
	for _, m := range t.snap.Measures {
		for _, b := range m.Bureaus {
			if b.Name == name && (b.First || b.Lead || !firstOnly) {
				out = append(out, m)
				break
			}
		}
	}
	return out
}

// entry is one line of a list: number, name, and the bureau's place.
func (t *turn) entry(m *knowledge.Measure, bureau string, firstOnly bool) bot.Line {
	line := bot.Line{number(m), bot.Words(" "), bot.Quote(m.No, m.Topic())}
	if !firstOnly && len(m.Bureaus) > 0 && m.Bureaus[0].Name == bureau {
		line = append(line, bot.Words("（列首位）"))
	}
	return line
}

// number is the measure's number as people read it.
func number(m *knowledge.Measure) bot.Part {
	return bot.Part{Kind: bot.Derived, Text: m.Label(), Source: bot.Source{Label: m.No}, Quote: m.Topic(), Rule: "label"}
}

// listWords are what a list is asked with; what is left names its subject.
var listWords = strings.NewReplacer("今年", "", "带", "", "具体", "", "任务", "", "几个", "", "分别", "", "多少", "", "有", "",
	"哪些", "", "目标", "", "指标", "", "的", "", "量化", "", "数字", "", "数量", "", "全部", "", "所有", "", "列", "", "一下", "",
	"人数", "", "计划", "", "里", "", "帮我", "", "我", "", "要", "")

// withTargets lists the targets that speak of the message's subject.
func (t *turn) withTargets() (bot.Reply, bool) {
	subject := strings.TrimSpace(listWords.Replace(t.text))
	if runes(subject) < 2 {
		return bot.Reply{}, false
	}
	people := strings.Contains(t.text, "人")
	r := bot.Reply{Status: bot.Answered, Lines: t.validity()}
	t.next = session{Text: t.text}
	for _, m := range t.snap.Measures {
		for _, g := range m.Targets {
			if people && !strings.HasPrefix(g.Unit, "人") && g.Unit != "名" {
				continue
			}
			if !t.snap.Finder.Shares(subject, g.What+" "+clauseOf(m, g.Text)) {
				continue
			}
			r.Lines = append(r.Lines, append(bot.Line{number(m), bot.Words(" ")}, target(m.No, g)...))
			t.next.List = append(t.next.List, m.No)
		}
	}
	return r, len(t.next.List) > 0
}

// clauseOf is the clause of a measure that a span stands in, the span itself
// when it crosses clauses.
func clauseOf(m *knowledge.Measure, span string) string {
	for _, c := range plan.Clauses(m.Body()) {
		if strings.Contains(c, span) {
			return c
		}
	}
	return span
}

// falling lists the measures with a hard deadline: those that recur when the
// message asks for them, those with a date when it asks for one, else both.
func (t *turn) falling() bot.Reply {
	r := bot.Reply{Status: bot.Answered, Lines: t.validity()}
	t.next = session{Text: t.text}
	recurring, dated := recurs.MatchString(t.text), hasDate.MatchString(t.text)
	for _, m := range t.snap.Measures {
		var line bot.Line
		for _, d := range m.Deadlines {
			fits := d.Due != nil || !dated
			if recurring {
				fits = d.Kind != "once" && d.Kind != "multi-year"
			}
			if d.Hard && fits {
				line = append(line, t.falls(m, d)...)
			}
		}
		if line == nil {
			continue
		}
		t.next.List = append(t.next.List, m.No)
		r.Lines = append(r.Lines, append(bot.Line{number(m), bot.Words(" ")}, line...))
	}
	if len(t.next.List) == 0 {
		r.Lines = append(r.Lines, bot.Say(sayNoSuch))
	}
	return r
}

var (
	recurs  = pattern.MustCompile(`每年|每月|每季|定期|反复|固定`)
	hasDate = pattern.MustCompile(`前|底|[0-9一二三四五六七八九十]月|到期|截止|年内|今年`)
)

// falls tells one deadline: the clause it stands in and its date.
func (t *turn) falls(m *knowledge.Measure, d plan.Deadline) bot.Line {
	line := bot.Line{bot.Quote(m.No, clauseOf(m, d.Text))}
	if date := dueDate(d); date != "" {
		line = append(line, bot.Part{Kind: bot.Derived, Text: "（" + date + "前）", Source: bot.Source{Label: m.No}, Quote: d.Text, Rule: "due-" + d.Kind})
	}
	return append(line, bot.Words(" "))
}

// narrowing begins a message that keeps part of the list before.
var narrowing = []string{"只要", "只看", "其中", "里面", "里头", "只说", "跟", "和"}

// narrowed keeps the entries of the last list that fit the message.
func (t *turn) narrowed() (bot.Reply, bool) {
	if len(t.was.List) == 0 || !slices.ContainsFunc(narrowing[:6], func(w string) bool { return strings.HasPrefix(t.text, w) }) {
		return bot.Reply{}, false
	}
	r := bot.Reply{Status: bot.Answered, Lines: t.validity()}
	t.next = session{Text: t.text}
	subject := t.text
	for _, w := range append(narrowing, "有关的", "相关的", "有关", "相关", "的", "那几条", "这些") {
		subject = strings.ReplaceAll(subject, w, " ")
	}
	for _, no := range t.was.List {
		m, ok := t.snap.Measure(no)
		if !ok || !t.snap.Finder.Shares(subject, m.Body()) {
			continue
		}
		r.Lines = append(r.Lines, t.entry(m, "", true))
		t.next.List = append(t.next.List, no)
	}
	if len(t.next.List) == 0 {
		r.Lines = append(r.Lines, bot.Say(sayNoSuch))
	}
	return r, true
}
