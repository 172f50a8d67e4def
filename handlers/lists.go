package handlers

import (
	"slices"
	"strconv"
	"strings"
	"time"

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
	if len(names) == 0 && t.msg.User == bot.Staff && ownBureau.MatchString(t.text) && (t.asks("list", "count") || duty.MatchString(t.text)) {
		if names, _ = t.snap.Bureaus.Split(t.msg.Bureau); len(names) == 0 {
			return bot.Reply{Status: bot.Clarification, Lines: []bot.Line{bot.Say(sayWhichBureau)}}, true
		}
	}
	switch {
	case len(names) == 0, t.hasDetail(), len(names) > 1 && between.MatchString(t.text), t.was.Measure != "" && among.MatchString(t.text):
	case t.asks("list", "count"), duty.MatchString(t.text), t.msg.User == bot.Staff && (!t.isSure(rest) || t.was.Measure == "" && runes(onlyBureau.Replace(rest)) <= noContent):
		return t.ofBureaus(names), true
	}
	if t.msg.User != bot.Staff {
		return bot.Reply{}, false
	}
	switch {
	case papersAsked.MatchString(t.text):
		return t.withDeliverables(), true
	case byThen.MatchString(t.text):
		return t.falling(), true
	case !t.asks("list", "count"):
	case t.asks("target"):
		return t.withTargets()
	case t.asks("deadline"), routine.MatchString(t.text):
		return t.falling(), true
	}
	return bot.Reply{}, false
}

var (
	// routine matches the question what is to be done again and again.
	routine = pattern.MustCompile(`(?:每年|每月|每季度?|定期).{0,4}(?:要|得|做|干|开展|任务|工作|事)`)
	// ownBureau matches a bureau's name for itself.
	ownBureau = pattern.MustCompile(`我们?(?:这个)?(?:局|单位|部门|委|办|中心|街道|乡|镇)|本(?:局|单位|部门)`)
	// papersAsked matches the question which plans and rules are to be drawn up.
	papersAsked = pattern.MustCompile(`(?:制定|出台|印发|制订|编制|拟定|起草|拿出|写).{0,4}(?:哪些|哪几个|什么|几个|多少个?).{0,3}(?:方案|文件|办法|细则|意见|规划)|哪些(?:方案|文件|办法|细则).{0,4}(?:制定|出台|印发|制订|编制|起草)`)
	// byThen matches the question what falls due by a time.
	byThen = pattern.MustCompile(`(?:前|底|月|季度|半年|年内).{0,4}(?:要|得|该|必须|需要)?(?:完成|到期|办结|做完|交账)(?:的)?(?:有)?(?:什么|啥|哪样|哪些|哪几)`)
)

// withDeliverables lists the measures that a document is to be drawn up for.
func (t *turn) withDeliverables() bot.Reply {
	r := bot.Reply{Status: bot.Answered, Lines: t.validity()}
	t.next = session{Text: t.text}
	for _, m := range t.snap.Measures {
		if len(m.Deliverables) == 0 {
			continue
		}
		line := bot.Line{number(m), bot.Words(" ")}
		for i, d := range m.Deliverables {
			if i > 0 {
				line = append(line, bot.Words("、"))
			}
			line = append(line, bot.Quote(m.No, d))
		}
		r.Lines = append(r.Lines, line)
		t.next.List = append(t.next.List, m.No)
	}
	if len(t.next.List) == 0 {
		r.Lines = append(r.Lines, bot.Say(sayNoSuch))
	}
	return r
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
// message asks for them, those with a date when it asks for one, within the time
// that it names, else both.
func (t *turn) falling() bot.Reply {
	r := bot.Reply{Status: bot.Answered, Lines: t.validity()}
	t.next = session{Text: t.text}
	recurring, dated := recurs.MatchString(t.text), hasDate.MatchString(t.text)
	from, to := t.window()
	for _, m := range t.snap.Measures {
		var line bot.Line
		for _, d := range m.Deadlines {
			fits := d.Due != nil && from <= *d.Due && *d.Due <= to || !dated
			if recurring {
				fits = t.recurs(d.Kind)
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

// recurs reports whether a kind of deadline recurs, as often as the message says.
func (t *turn) recurs(kind string) bool {
	for word, often := range map[string]string{"每月": "monthly", "每季": "quarterly", "每年": "yearly"} {
		if strings.Contains(t.text, word) {
			return kind == often
		}
	}
	return kind != "once" && kind != "multi-year"
}

var (
	recurs  = pattern.MustCompile(`每年|每月|每季|定期|反复|固定`)
	hasDate = pattern.MustCompile(`前|底|季度|半年|本月|这个月|下个?月|[0-9一二三四五六七八九十]月|到期|截止|年内|今年`)
)

// The times that a message names: a month by its number, the present or the next
// one, a quarter, a half year; and whether all up to its end are meant.
var (
	monthNamed   = pattern.MustCompile(`(?:[0-9]{1,2}|[一二三四五六七八九十]{1,2})月`)
	quarterNamed = pattern.MustCompile(`(?:第?[一二三四1-4])季度`)
	upTo         = pattern.MustCompile(`(?:月|季度|半年|月份)[底末]?(?:之前|以前|前|为止)|年[底末](?:之前|以前|前)`)
)

// window is the first and the last day of the time that the message names, of the
// year that the plan is in force; all times when it names none.
func (t *turn) window() (from, to string) {
	now := t.msg.At.In(Zone)
	year := now.Year()
	if v := t.snap.Plan.Valid.To; len(v) >= 4 && t.over() {
		year, _ = strconv.Atoi(v[:4])
	}
	first, last := 0, 0
	switch month := strings.TrimSuffix(monthNamed.FindString(t.text), "月"); {
	case month != "":
		first = numberOf(month)
		last = first
	case quarterNamed.MatchString(t.text):
		q := numberOf(strings.TrimSuffix(strings.TrimPrefix(quarterNamed.FindString(t.text), "第"), "季度"))
		first, last = 3*q-2, 3*q
	case strings.Contains(t.text, "上半年"):
		first, last = 1, 6
	case strings.Contains(t.text, "下半年"):
		first, last = 7, 12
	case strings.Contains(t.text, "这个月"), strings.Contains(t.text, "本月"):
		first, last = int(now.Month()), int(now.Month())
	case strings.Contains(t.text, "下个月"), strings.Contains(t.text, "下月"):
		next := now.AddDate(0, 1, 1-now.Day())
		year, first, last = next.Year(), int(next.Month()), int(next.Month())
	}
	if first < 1 || last > 12 {
		return "", "9999"
	}
	to = time.Date(year, time.Month(last)+1, 0, 0, 0, 0, 0, Zone).Format(time.DateOnly)
	if upTo.MatchString(t.text) {
		return "", to
	}
	return time.Date(year, time.Month(first), 1, 0, 0, 0, 0, Zone).Format(time.DateOnly), to
}

// numberOf reads a number up to twelve as people write months, 0 for none.
func numberOf(s string) int {
	if n, err := strconv.Atoi(s); err == nil {
		return n
	}
	return slices.Index([]string{"", "一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "十一", "十二"}, s)
}

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
