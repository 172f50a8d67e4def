package handlers

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"huiwen/bot"
	"huiwen/knowledge/directory"
	"huiwen/knowledge/pattern"
	"huiwen/scheduler/ledger"
)

// maxNames bounds the names that are offered or that one command gives to.
const maxNames = 20

// A spot is where a body or a person stands in a text, in bytes.
type spot struct {
	name     string
	from, to int
}

// spots finds the words of a list in a text, longer ones first, none inside
// another; of maps a word to the name it stands for.
func spots(text string, of map[string]string) []spot {
	var out []spot
	for i := 0; i < len(text); {
		best := ""
		for w := range of {
			if len(w) > len(best) && strings.HasPrefix(text[i:], w) {
				best = w
			}
		}
		if best == "" {
			_, n := utf8.DecodeRuneInString(text[i:])
			i += n
			continue
		}
		out = append(out, spot{of[best], i, i + len(best)})
		i += len(best)
	}
	return out
}

// bodies maps what bureaus are called to their names: those of the plan as it
// prints them, and those of the directory.
func (e *errand) bodies() map[string]string {
	of := map[string]string{}
	add := func(word, name string) {
		if _, taken := of[word]; !taken && utf8.RuneCountInString(word) >= 3 {
			of[word] = name
		}
	}
	for _, n := range e.snap.Bureaus.Names() {
		add(n, n)
	}
	for _, b := range e.dir.Bureaus {
		add(b.Name, b.Name)
	}
	for _, b := range e.dir.Bureaus {
		add(strings.TrimPrefix(b.Name, "区"), b.Name)
		for _, a := range b.Aliases {
			add(a, b.Name)
		}
	}
	for _, n := range e.snap.Bureaus.Names() {
		add(strings.TrimPrefix(n, "区"), n)
	}
	return of
}

// colleagues are the people of a bureau, as the directory knows it today.
func (e *errand) colleagues(bureau string) []string {
	var out []string
	for _, p := range e.dir.People {
		if p.Bureau == bureau && (p.Gone == "" || e.today.Format("2006-01-02") < p.Gone) && !slices.Contains(out, p.Name) {
			out = append(out, p.Name)
		}
	}
	return out
}

var (
	giveMark    = pattern.MustCompile(`(?:给|由|交|转|到|向|为)\s*$`)
	giveJoin    = pattern.MustCompile(`^[\s、,，和及与]*$`)
	afterName   = pattern.MustCompile(`(?:牵头|来办|去办|办理|承办|经办|负责|处理|跟进|同志|承担|接手|来做)+$`)
	unknownBody = pattern.MustCompile(`(?:给|由|交|转)\s*([\p{Han}]{2,16})`)
)

// give carries 分办, 转办 and 分解 out: inside a bureau by its own people, between
// bureaus by the office; what a bureau wants given away it applies for.
func (e *errand) give(a ask) (bot.Reply, error) {
	to := spots(a.text, e.bodies())
	office := e.has(bot.Office)
	switch {
	case a.want == want(ledger.SplitDuty) && !office, a.want == wantHand && len(to) > 0 && !office && !ledger.May(ledger.GiveBack, e.who.Roles):
		return plainly(bot.Declined, dutyGiveOffice), nil
	case office && (len(to) > 0 || a.want != want(ledger.Delegate)):
		return e.reassign(a, to)
	case len(to) > 0 && !e.ours(to[0].name):
		return e.applyToHand(a, to[0])
	}
	return e.delegate(a)
}

// ours reports whether a name is that of the speaker's bureau.
func (e *errand) ours(name string) bool {
	return name == e.who.Bureau || e.dir.Today(name, e.msg.At) == e.who.Bureau
}

// applyToHand is what a bureau does that wants a duty given to another: it applies.
func (e *errand) applyToHand(a ask, to spot) (bot.Reply, error) {
	why := strings.Trim(reasonHead.ReplaceAllString(a.text[to.to:], ""), " ,，、:：;；。")
	a.text = "建议转由" + to.name + "承担"
	if why != "" {
		a.text += "：" + why
	}
	a.want, a.to = want(ledger.GiveBack), ""
	return e.act(a)
}

// delegate names who in the bureau does a duty.
func (e *errand) delegate(a ask) (bot.Reply, error) {
	a.want = want(ledger.Delegate)
	mine, err := e.mineOf()
	if err != nil {
		return bot.Reply{}, err
	}
	switch {
	case !ledger.May(ledger.Delegate, e.who.Roles):
		return plainly(bot.Declined, dutyDelegateWho), nil
	case len(mine) == 0:
		return plainly(bot.Declined, dutyNone), nil
	case len(a.nos) == 0:
		return e.whichNumber(ledger.Delegate, mine), nil
	}
	chosen := pick(mine, a.nos)
	if len(chosen) == 0 {
		return e.notMine(a.nos)
	}
	names := e.colleagues(e.who.Bureau)
	known := map[string]string{}
	for _, n := range names {
		known[n] = n
	}
	var to []string
	for _, s := range spots(a.text, known) {
		if !slices.Contains(to, s.name) {
			to = append(to, s.name)
		}
	}
	if len(to) > 0 {
		a.to, a.text = strings.Join(to, "、"), strings.TrimSpace(a.text)
		return e.do(ledger.Delegate, chosen, a)
	}
	name, sure := strangerIn(a.text)
	if !sure {
		if name != "" {
			names = append(names, name)
		}
		return e.whoTo(a, chosen[0], names, fmt.Sprintf("%s分给谁办？", name0(chosen))), nil
	}
	if p, ok := e.elsewhere(name); ok {
		return bot.Reply{Status: bot.Declined, Lines: []bot.Line{e.recorded("directory/"+p.Bureau, fmt.Sprintf("%s是%s的人，分办只能分给本单位的人。要转给别的单位请回复：转办 %s 给%s 原因，由办公室审核。", name, p.Bureau, a.nos[0], p.Bureau))}}, nil
	}
	if near := directory.Alike(name, names); len(near) > 0 && !a.sure {
		return e.whoTo(a, chosen[0], append(near, name), fmt.Sprintf("通讯录里您单位没有%s，%s分给谁办？", name, name0(chosen))), nil
	}
	a.to = name
	r, err := e.do(ledger.Delegate, chosen, a)
	if err == nil && r.Status == bot.Done {
		r.Lines = slices.Insert(r.Lines, len(r.Lines)-1, e.recorded("directory/"+e.who.Bureau, fmt.Sprintf("%s不在通讯录里：台账里记了名字，提醒仍发给联络员。", name)))
	}
	return r, err
}

func name0(list []ledger.Entry) string { return list[0].Label }

// strangerIn is the name that stands where a name must, "" for none; sure is false
// where nothing but its place says that it is one.
func strangerIn(text string) (name string, sure bool) {
	if m := toWhom.FindStringSubmatch(text); m != nil {
		name = afterName.ReplaceAllString(m[1], "")
		return name, name != ""
	}
	rest := afterName.ReplaceAllString(strings.Trim(text, " ,，、:：;；。"), "")
	if n := utf8.RuneCountInString(rest); n >= 2 && n <= 4 && giveName.MatchString(rest) {
		return rest, false
	}
	return "", false
}

var giveName = pattern.MustCompile(`^[\p{Han}·]+$`)

// elsewhere finds a person of another bureau.
func (e *errand) elsewhere(name string) (directory.Person, bool) {
	for _, p := range e.dir.People {
		if p.Name == name && p.Bureau != e.who.Bureau {
			return p, true
		}
	}
	return directory.Person{}, false
}

// whoTo asks to whom, with the names there are.
func (e *errand) whoTo(a ask, about ledger.Entry, names []string, question string) bot.Reply {
	if len(names) == 0 {
		return bot.Reply{Status: bot.Clarification, Lines: []bot.Line{e.recorded(about.Ref(), question+"请写明，比如：分办 "+a.nos[0]+" 给张三。")}}
	}
	return e.offer(a, about, "to", names, question)
}

// offer asks for the word that a giving lacks.
func (e *errand) offer(a ask, about ledger.Entry, lacks string, names []string, question string) bot.Reply {
	names = names[:min(len(names), maxNames)]
	e.next.Draft = &draft{Want: a.want, Nos: a.nos, Text: a.text, Bureau: a.from, Lacks: lacks, Options: names}
	r := bot.Reply{Status: bot.Clarification, Lines: []bot.Line{e.recorded(about.Ref(), question)}}
	for _, n := range names {
		r.Choices = append(r.Choices, bot.Choice{Text: n})
	}
	return r
}

// goOn takes the word that was chosen into a giving.
func (e *errand) goOn(d *draft, n int) (bot.Reply, error) {
	if n >= len(d.Options) {
		return plainly(bot.Done, dutyNotRecorded), nil
	}
	a := ask{want: d.Want, nos: d.Nos, text: d.Text, from: d.Bureau, sure: true}
	switch name := d.Options[n]; {
	case d.Lacks == "from":
		a.from = name
	case a.want == want(ledger.Delegate):
		a.text = strings.TrimSpace("给" + name)
	default:
		a.text = "给" + name + " " + a.text
	}
	return e.give(a)
}

// reassign is what the office does: it hands a duty over to another bureau, or
// splits it over several.
func (e *errand) reassign(a ask, found []spot) (bot.Reply, error) {
	from, to, why := e.parties(a, found)
	split := a.want == want(ledger.SplitDuty) || a.want == want(ledger.Delegate) && len(to) > 1
	verb := ledger.Handover
	if split {
		verb = ledger.SplitDuty
	}
	if len(a.nos) != 1 {
		return bot.Reply{Status: bot.Clarification, Lines: []bot.Line{e.recorded("ledger", fmt.Sprintf("请写明是哪一项，一次一项，比如：%s 30 给区财政局 原因。", giveWord(verb)))}}, nil
	}
	all, err := e.everyone()
	if err != nil {
		return bot.Reply{}, err
	}
	list := pick(all, a.nos)
	if !split {
		waiting, err := e.handed(a.nos)
		if err != nil {
			return bot.Reply{}, err
		}
		list = append(waiting, list...)
		if len(waiting) > 0 && from == "" { // given up with the office's leave: that is what is meant
			from = waiting[0].Bureau
		}
	}
	for _, x := range list {
		if e.byThis(x) { // this very message again
			from = x.Bureau
		}
	}
	if len(list) == 0 {
		return plainly(bot.Declined, sayNoItem), nil
	}
	if len(to) == 0 {
		return e.noBody(a, list[0], verb), nil
	}
	if len(to) > 1 && !split {
		return bot.Reply{Status: bot.Declined, Lines: []bot.Line{e.recorded(list[0].Ref(), fmt.Sprintf("转办只能转给一个单位。分给几个单位请回复：分解 %s 给%s 依据。", a.nos[0], strings.Join(namesOf(to), "、")))}}, nil
	}
	if from == "" {
		names := bureausOf(list)
		names = slices.DeleteFunc(names, func(n string) bool { return !split && n == to[0].Bureau })
		switch {
		case len(names) == 0:
			return bot.Reply{Status: bot.Declined, Lines: []bot.Line{e.recorded(list[0].Ref(), fmt.Sprintf("%s本来就在%s名下。", list[0].Label, to[0].Bureau))}}, nil
		case split && len(names) > 1: // who is named first has the whole of it
			i := slices.IndexFunc(list, func(x ledger.Entry) bool { return x.First && x.Open() })
			if i >= 0 {
				names = []string{list[i].Bureau}
			}
		}
		if len(names) > 1 {
			return e.offer(a, list[0], "from", names, fmt.Sprintf("%s有%d个单位，从哪个单位转出？", list[0].Label, len(names))), nil
		}
		from = names[0]
	}
	list = slices.DeleteFunc(list, func(x ledger.Entry) bool { return x.Bureau != from })
	if len(list) == 0 {
		return bot.Reply{Status: bot.Declined, Lines: []bot.Line{e.recorded("ledger", fmt.Sprintf("第%s项不在%s名下。", a.nos[0], from))}}, nil
	}
	if why == "" {
		return bot.Reply{Status: bot.Clarification, Lines: []bot.Line{e.recorded(list[0].Ref(), fmt.Sprintf("请写明原因或依据，比如：%s %s 给%s 三定方案调整。", giveWord(verb), a.nos[0], strings.Join(namesOf(to), "、")))}}, nil
	}
	if list, err = e.turnsOf(list); err != nil {
		return bot.Reply{}, err
	}
	if no := e.amounts(&list, to); no != "" {
		return bot.Reply{Status: bot.Declined, Lines: []bot.Line{e.recorded(list[0].Ref(), no)}}, nil
	}
	return e.handOver(verb, list, to, why)
}

// handed lists the entries that bureaus gave up with the office's leave and that wait
// for their new bureau.
func (e *errand) handed(nos []string) ([]ledger.Entry, error) {
	all, err := e.Ledger.List(e.ctx, e.plan)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(pick(all, nos), func(x ledger.Entry) bool { return !x.Handed() || e.byThis(x) }), nil
}

// handOver orders the giving and tells what is now true.
func (e *errand) handOver(verb ledger.Verb, list []ledger.Entry, to []part, why string) (bot.Reply, error) {
	o := e.newOrder(verb, list, ask{text: why, to: strings.Join(namesOf(to), "、")})
	var shares []ledger.Share
	for _, t := range to {
		shares = append(shares, t.Share)
	}
	out, err := e.Ledger.Give(e.ctx, o, shares)
	if err != nil {
		return bot.Reply{}, err
	}
	if out.Refused != "" {
		return bot.Reply{Status: bot.Declined, Lines: []bot.Line{e.recorded(list[0].Ref(), out.Refused)}}, nil
	}
	r := bot.Reply{Status: bot.Done, Title: verb.String()}
	said := map[string]bool{}
	for _, x := range out.Entries {
		base, _, recurs := strings.Cut(x.ID, "@")
		if said[base] || len(said) == maxListed { // of what recurs one line stands for all its turns
			continue
		}
		said[base] = true
		text := fmt.Sprintf("%s已由%s转给%s，%s待签收。原因：%s", name(x), x.Bureau, o.To, o.To, why)
		if verb == ledger.SplitDuty {
			text = fmt.Sprintf("%s已分解给%s；%s自己的任务不变。依据：%s", name(x), partsInWords(x, to), x.Bureau, why)
		}
		if recurs {
			text += "（以后各期一起）"
		}
		r.Lines = append(r.Lines, e.recorded(x.Ref(), text))
	}
	r.Lines = append(r.Lines, bot.Say(dutyUndoGiven))
	r.Actions = []bot.Action{{Text: "撤销", Say: "撤销"}}
	return r, nil
}

func partsInWords(x ledger.Entry, to []part) string {
	var out []string
	for _, t := range to {
		text := t.Bureau
		if t.Value != nil && x.Figure != nil {
			text += ledger.Number(*t.Value) + x.Figure.Unit
		}
		out = append(out, text)
	}
	return strings.Join(out, "、")
}

func giveWord(v ledger.Verb) string {
	if v == ledger.SplitDuty {
		return "分解"
	}
	return "转办"
}

// A part is what one body gets, with the figure as it was written.
type part struct {
	ledger.Share
	figure *float64
	unit   string
}

func namesOf(to []part) []string {
	var out []string
	for _, t := range to {
		out = append(out, t.Bureau)
	}
	return out
}

// parties reads from whom and to whom a duty goes, and why: the first body behind
// 给 and those that follow it get it, one before has it.
func (e *errand) parties(a ask, found []spot) (from string, to []part, why string) {
	from = a.from
	start := slices.IndexFunc(found, func(s spot) bool { return giveMark.MatchString(a.text[:s.from]) })
	if start < 0 && len(found) == 2 && a.want != want(ledger.SplitDuty) {
		start = 1
	}
	start = max(start, 0)
	if start > 0 && from == "" {
		from = found[start-1].name
	}
	end := 0
	for _, s := range found[min(start, len(found)):] {
		if len(to) > 0 && !giveJoin.MatchString(a.text[end:s.from]) {
			break
		}
		if len(to) == 0 || len(to) < maxNames {
			p := part{Share: ledger.Share{Bureau: s.name}}
			end = s.to
			if m := figureIn.FindStringSubmatchIndex(a.text[end:]); m != nil && strings.Trim(a.text[end:end+m[0]], " :：") == "" {
				b := ask{}
				b.figure(a.text[end:])
				p.figure, p.unit = b.value, b.unit
				end += m[1]
			}
			to = append(to, p)
		}
	}
	if len(to) == 0 {
		return from, nil, ""
	}
	head := a.text[:found[start].from]
	for _, s := range slices.Backward(found[:start]) {
		head = head[:s.from] + head[s.to:]
	}
	head = strings.Trim(giveMark.ReplaceAllString(head, ""), " ,，、从把")
	why = strings.Trim(afterName.ReplaceAllString(head, "")+" "+strings.TrimLeft(a.text[end:], " ,，、办理承担负责"), " ,，、:：;；。")
	return from, to, strings.Trim(giveReason.ReplaceAllString(why, ""), " ,，、:：;；。")
}

var giveReason = pattern.MustCompile(`^[\s,，、:：;；。.]*(?:说明|原因|理由|因为|依据|根据)?(?:是|为)?[\s,，、:：;；]*`)

// noBody says that no bureau was named, or that nobody has the name.
func (e *errand) noBody(a ask, about ledger.Entry, verb ledger.Verb) bot.Reply {
	if m := unknownBody.FindStringSubmatch(a.text); m != nil {
		if near := e.dir.Nearest(m[1], 4); len(near) > 0 {
			b := a
			b.text = strings.TrimSpace(strings.Replace(a.text, m[0], "", 1))
			return e.offer(b, about, "to", near, fmt.Sprintf("名录里没有“%s”，%s%s给哪个单位？", clipRunes(m[1], 16), about.Label, giveWord(verb)))
		}
	}
	return bot.Reply{Status: bot.Clarification, Lines: []bot.Line{e.recorded(about.Ref(), fmt.Sprintf("%s%s给哪个单位？请写单位全称，比如：%s %s 给区财政局 原因。", about.Label, giveWord(verb), giveWord(verb), a.nos[0]))}}
}

// turnsOf adds to what recurs its later turns: who takes the duty over takes all.
func (e *errand) turnsOf(list []ledger.Entry) ([]ledger.Entry, error) {
	all, err := e.Ledger.Of(e.ctx, list[0].Plan, list[0].Bureau)
	if err != nil {
		return nil, err
	}
	out := slices.Clone(list)
	for _, x := range list {
		base, _, recurs := strings.Cut(x.ID, "@")
		for _, y := range all {
			other, _, _ := strings.Cut(y.ID, "@")
			if recurs && other == base && y.ID != x.ID && y.Pending() && y.InForce().Due.After(x.InForce().Due.Time) && y.ByHand == x.ByHand {
				out = append(out, y)
			}
		}
	}
	return out, nil
}

// amounts puts the figures of a splitting into the unit of the one target that has
// it; it says what is wrong, "" for nothing.
func (e *errand) amounts(list *[]ledger.Entry, to []part) string {
	if !slices.ContainsFunc(to, func(t part) bool { return t.figure != nil }) {
		return ""
	}
	var fit []ledger.Entry
	for _, x := range *list {
		ok := x.Figure != nil && x.Open()
		for _, t := range to {
			if ok && t.figure != nil {
				_, ok = inUnit(*t.figure, t.unit, x.Figure.Unit)
			}
		}
		if ok {
			fit = append(fit, x)
		}
	}
	switch label := (*list)[0].Label; {
	case len(fit) == 0:
		return fmt.Sprintf("%s没有用这个单位的数量目标，请核对数量，或者不写数量。", label)
	case len(fit) > 1:
		return fmt.Sprintf("%s有%d个目标都合得上，请在数量后面写清单位。", label, len(fit))
	}
	for i, t := range to {
		if t.figure != nil {
			v, _ := inUnit(*t.figure, t.unit, fit[0].Figure.Unit)
			to[i].Value = &v
		}
	}
	*list = fit
	return ""
}
