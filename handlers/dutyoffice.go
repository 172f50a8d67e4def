package handlers

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"huiwen/bot"
	"huiwen/scheduler/ledger"
)

// maxListed bounds the lines of a list in chat; the pages and the export have all.
const maxListed = 30

// everyone lists the entries of all bureaus.
func (e *errand) everyone() ([]ledger.Entry, error) {
	list, err := e.Ledger.List(e.ctx, "")
	if err != nil {
		return nil, err
	}
	return e.current(list), nil
}

// officeAsk carries out what the office or the inspectors ask.
func (e *errand) officeAsk(a ask) (bot.Reply, error) {
	switch {
	case a.want == want(ledger.Reopen) && !e.has(bot.Inspector):
		return plainly(bot.Declined, dutyInspectorOnly), nil
	case a.want == wantLedger && (e.has(bot.Inspector) || e.has(bot.Office)):
	case a.want == wantLedger:
		return e.mine()
	case a.want != want(ledger.Reopen) && !e.has(bot.Office):
		return plainly(bot.Declined, dutyOfficeOnly), nil
	}
	all, err := e.everyone()
	if err != nil {
		return bot.Reply{}, err
	}
	switch a.want {
	case wantLedger:
		return e.overview(all), nil
	case wantReview:
		return e.reviewing(all), nil
	case wantSuggest:
		return e.suggest(all), nil
	case want(ledger.Urge):
		return e.urge(a, all)
	}
	if len(a.nos) == 0 {
		return bot.Reply{Status: bot.Clarification, Lines: []bot.Line{e.recorded("ledger", fmt.Sprintf("请写明是第几项，比如：%s 30。", askName(a.want)))}}, nil
	}
	return e.review(a, pick(all, a.nos))
}

// maxPaperLines and maxPaperRunes bound a draft in chat: it is to be read and
// copied there, the file holds all.
const (
	maxPaperLines = 60
	maxPaperRunes = 3000
)

// paper drafts a paper for the office; every line of it rests on the ledger.
func (e *errand) paper(a ask) (bot.Reply, error) {
	kind := Circular
	switch {
	case strings.Contains(e.msg.Text, "月度"):
		kind = Monthly
	case strings.Contains(e.msg.Text, "调度"), strings.Contains(e.msg.Text, "季度"):
		kind = Quarterly
	}
	switch {
	case !e.has(bot.Office):
		return plainly(bot.Declined, dutyOfficeOnly), nil
	case e.msg.Group: // a draft is the office's own
		return plainly(bot.Declined, dutyPaperAlone), nil
	case e.Paper == nil:
		return plainly(bot.Declined, dutyNoPaper), nil
	}
	lines, err := e.Paper(e.ctx, kind, e.msg.At)
	if err != nil {
		return bot.Reply{}, fmt.Errorf("draft a paper: %w", err)
	}
	r := bot.Reply{Status: bot.Answered}
	room := maxPaperRunes
	for i, l := range lines {
		if room -= utf8.RuneCountInString(l); room < 0 || i == maxPaperLines {
			r.Lines = append(r.Lines, bot.Say(dutyPaperCut))
			break
		}
		r.Lines = append(r.Lines, e.recorded("ledger/"+string(kind), l))
	}
	r.Lines = append(r.Lines, bot.Say(dutyPaperHow))
	return r, nil
}

func askName(w want) string {
	if w == wantAgree {
		return "同意"
	}
	return ledger.Verb(w).String()
}

// bureauIn takes a bureau's name out of the words of a command.
func (e *errand) bureauIn(a *ask) string {
	names, rest := e.snap.Bureaus.Split(a.text)
	if len(names) == 0 {
		return ""
	}
	a.text = strings.Trim(reasonHead.ReplaceAllString(rest, ""), " ,，、:：;；")
	return names[0]
}

// review decides what bureaus asked for, or closes and reopens.
func (e *errand) review(a ask, list []ledger.Entry) (bot.Reply, error) {
	if bureau := e.bureauIn(&a); bureau != "" {
		list = slices.DeleteFunc(list, func(x ledger.Entry) bool { return x.Bureau != bureau })
	}
	asked := slices.DeleteFunc(slices.Clone(list), func(x ledger.Entry) bool { return x.Asked == nil && !e.byThis(x) })
	switch {
	case len(list) == 0:
		return plainly(bot.Declined, sayNoItem), nil
	case a.want == want(ledger.Reopen):
		list = slices.DeleteFunc(list, func(x ledger.Entry) bool { return x.State != ledger.Closed && !e.byThis(x) })
		if len(list) == 0 {
			return bot.Reply{Status: bot.Declined, Lines: []bot.Line{e.recorded("ledger", "第"+strings.Join(a.nos, "、")+"项没有已销号的，不用重新打开。")}}, nil
		}
	case len(asked) > 0:
		list = asked
	case a.want != want(ledger.Close):
		return bot.Reply{Status: bot.Declined, Lines: []bot.Line{e.recorded(list[0].Ref(), list[0].Label+"没有等待审核的申请。")}}, nil
	}
	if names := bureausOf(list); len(names) > 1 {
		return e.whichBureau(a, list, names), nil
	}
	r := bot.Reply{Status: bot.Declined}
	for i, group := range e.byRequest(list) {
		verb := verbFor(a.want, group[0].Asked)
		if a.nth = ""; i > 0 {
			a.nth = fmt.Sprint("|", i)
		}
		if last := len(group[0].History) - 1; e.byThis(group[0]) { // this very message again
			verb, a.nth = group[0].History[last].Verb, strings.TrimPrefix(group[0].History[last].Order, e.orderID())
		}
		one, err := e.do(verb, group, a)
		if err != nil {
			return bot.Reply{}, err
		}
		if one.Status == bot.Done {
			r.Status, r.Title, r.Actions = one.Status, one.Title, one.Actions
		}
		r.Lines = append(r.Lines, one.Lines...)
	}
	return r, nil
}

// verbFor is what the office's word means for what was asked.
func verbFor(w want, asked *ledger.Request) ledger.Verb {
	end := asked != nil && asked.Verb == ledger.ApplyEnd
	switch {
	case w == wantAgree && end, w == want(ledger.Close):
		return ledger.Close
	case w == wantAgree:
		return ledger.Grant
	case w == want(ledger.Refuse) && end:
		return ledger.SendBack
	}
	return ledger.Verb(w)
}

// byRequest parts entries by what they asked for, or by what this message made of it.
func (e *errand) byRequest(list []ledger.Entry) [][]ledger.Entry {
	kind := func(x ledger.Entry) ledger.Verb {
		if e.byThis(x) {
			return x.History[len(x.History)-1].Verb
		}
		if x.Asked == nil {
			return ""
		}
		return x.Asked.Verb
	}
	var out [][]ledger.Entry
	for _, x := range list {
		i := slices.IndexFunc(out, func(g []ledger.Entry) bool { return kind(g[0]) == kind(x) })
		if i < 0 {
			out, i = append(out, nil), len(out)
		}
		out[i] = append(out[i], x)
	}
	return out
}

func bureausOf(list []ledger.Entry) []string {
	var out []string
	for _, x := range list {
		if !slices.Contains(out, x.Bureau) {
			out = append(out, x.Bureau)
		}
	}
	return out
}

// whichBureau asks whose part of a measure is meant: each ends only its own.
func (e *errand) whichBureau(a ask, list []ledger.Entry, names []string) bot.Reply {
	r := bot.Reply{Status: bot.Clarification, Lines: []bot.Line{e.recorded(list[0].Ref(), fmt.Sprintf("%s有%d个单位，%s哪一个？", list[0].Label, len(names), askName(a.want)))}}
	for _, n := range names {
		r.Lines = append(r.Lines, e.recorded("directory/"+n, fmt.Sprintf("%s %s %s %s", askName(a.want), list[0].No, n, a.text)))
	}
	return r
}

// reviewing lists what waits for the office.
func (e *errand) reviewing(all []ledger.Entry) bot.Reply {
	asked := slices.DeleteFunc(all, func(x ledger.Entry) bool { return x.Asked == nil })
	if len(asked) == 0 {
		return plainly(bot.Answered, dutyNoReview)
	}
	slices.SortStableFunc(asked, func(a, b ledger.Entry) int { return a.Asked.At.Compare(b.Asked.At) })
	r := bot.Reply{Status: bot.Answered, Title: "待审核"}
	for i, x := range asked {
		if i == maxListed {
			r.Lines = append(r.Lines, e.recorded("ledger", fmt.Sprintf("……共%d件，其余请在管理页查看。", len(asked))))
			break
		}
		text := fmt.Sprintf("%s %s %s：%s", name(x), x.Bureau, x.Asked.Verb, x.Asked.Reason)
		if !x.Asked.Due.IsZero() {
			text += "（延到" + x.Asked.Due.Chinese() + "）"
		}
		r.Lines = append(r.Lines, e.recorded(x.Ref(), text+e.share(x)))
		if i < 2 {
			r.Actions = append(r.Actions, bot.Action{Text: "同意这件", Say: "同意 " + x.No + " " + x.Bureau})
		}
	}
	if len(asked) > 1 { // two buttons with one name say nothing
		r.Actions = nil
	}
	r.Lines = append(r.Lines, bot.Say(dutyHowReview))
	return r
}

// overview counts the ledger by light.
func (e *errand) overview(all []ledger.Entry) bot.Reply {
	counts, states := map[ledger.Light]int{}, map[ledger.State]int{}
	var red []ledger.Entry
	for _, x := range all {
		l, _ := x.Light(e.days, e.today)
		counts[l]++
		states[x.State]++
		if l == ledger.Red {
			red = append(red, x)
		}
	}
	r := bot.Reply{Status: bot.Answered, Title: "台账"}
	r.Lines = append(r.Lines, e.recorded("ledger/"+e.plan, fmt.Sprintf("台账（截至%s）：共%d条，绿 正常%d、黄 临期或滞后%d、红 逾期%d、灰 已销号%d。", e.today.Chinese(), len(all), counts[ledger.Green], counts[ledger.Yellow], counts[ledger.Red], counts[ledger.Grey])))
	r.Lines = append(r.Lines, e.recorded("ledger/"+e.plan, fmt.Sprintf("待签收%d、办理中%d、待审核%d、退回补充%d。", states[ledger.Waiting], states[ledger.Doing], states[ledger.Closing], states[ledger.Returned])))
	for i, x := range red {
		if i == maxListed {
			break
		}
		r.Lines = append(r.Lines, e.recorded(x.Ref(), "红 逾期："+name(x)+" "+x.Bureau))
	}
	r.Lines = append(r.Lines, bot.Say(dutyExport))
	r.Actions = []bot.Action{{Text: "待审", Say: "待审"}, {Text: "建议催办", Say: "建议催办"}}
	return r
}

// toUrge lists what ought to be urged, and why.
func (e *errand) toUrge(all []ledger.Entry) (list []ledger.Entry, why map[string]string) {
	return ledger.ToUrge(all, e.days, e.today)
}

// suggest prepares urging; a person sends it.
func (e *errand) suggest(all []ledger.Entry) bot.Reply {
	list, why := e.toUrge(all)
	if len(list) == 0 {
		return plainly(bot.Answered, dutyNoUrge)
	}
	r := bot.Reply{Status: bot.Answered, Title: "建议催办"}
	for i, group := range byBureau(list) {
		var items []string
		for _, x := range group {
			items = append(items, x.Label+"（"+why[x.Ref()]+"）")
		}
		r.Lines = append(r.Lines, e.recorded("directory/"+group[0].Bureau, group[0].Bureau+"："+clipRunes(strings.Join(items, "、"), 200)))
		if i == 0 {
			r.Actions = append(r.Actions, bot.Action{Text: "发送第一条", Say: "发送催办 " + group[0].Bureau})
		}
	}
	r.Lines = append(r.Lines, bot.Say(dutyHowUrge))
	return r
}

// urge sends what was prepared for one bureau.
func (e *errand) urge(a ask, all []ledger.Entry) (bot.Reply, error) {
	bureau := e.bureauIn(&a)
	list, why := e.toUrge(all)
	list = slices.DeleteFunc(list, func(x ledger.Entry) bool {
		return bureau != "" && x.Bureau != bureau || len(a.nos) > 0 && !slices.Contains(a.nos, x.No)
	})
	switch {
	case bureau == "" && len(a.nos) == 0:
		return e.suggest(all), nil
	case len(list) == 0:
		return plainly(bot.Declined, dutyNoUrge), nil
	}
	r := bot.Reply{Status: bot.Declined}
	for _, group := range byBureau(list) {
		var b strings.Builder
		fmt.Fprintf(&b, "%s：领导小组办公室请您单位抓紧办理以下任务\n", group[0].Bureau)
		for i, x := range group {
			fmt.Fprintf(&b, "%d. %s（%s）\n", i+1, e.oneLine(x), why[x.Ref()])
		}
		if a.text != "" {
			b.WriteString("办公室意见：" + a.text + "\n")
		}
		b.WriteString("请报进展或说明情况，比如：进展 " + group[0].No + " 完成情况")
		out, err := e.Ledger.Urge(e.ctx, e.newOrder(ledger.Urge, group, a), b.String(), a.leader)
		if err != nil {
			return bot.Reply{}, err
		}
		if out.Refused != "" {
			r.Lines = append(r.Lines, e.recorded(group[0].Ref(), out.Refused))
			continue
		}
		r.Status = bot.Done
		to := "联络员和科室负责人"
		if a.leader {
			to = "分管领导"
		}
		r.Lines = append(r.Lines, e.recorded("act/"+out.Order.ID, fmt.Sprintf("催办已交发：%s（%s），%s。", group[0].Bureau, to, labels(group))))
	}
	return r, nil
}

// pause silences reminders of the speaker's bureau, or of any for the office.
func (e *errand) pause(a ask) (bot.Reply, error) {
	if e.Pause == nil {
		return plainly(bot.Declined, dutyNoPause), nil
	}
	bureau := e.who.Bureau
	switch {
	case e.has(bot.Office):
		bureau = cmp.Or(e.bureauIn(&a), bureau)
	case !ledger.May(ledger.Delegate, e.who.Roles):
		return plainly(bot.Declined, dutyPauseWho), nil
	}
	if a.due.IsZero() || a.text == "" {
		return bot.Reply{Status: bot.Clarification, Lines: []bot.Line{e.recorded("ledger", "请写明暂停到哪天和原因，比如：暂停提醒 至 "+e.today.Plus(7).Format("1月2日")+" 机构调整。")}}, nil
	}
	no := ""
	if len(a.nos) > 0 {
		no = a.nos[0]
	}
	names := []string{bureau}
	for _, b := range e.dir.Bureaus { // duties stand under the name that the plan prints
		if b.Name != bureau && e.dir.Today(b.Name, e.msg.At) == bureau {
			names = append(names, b.Name)
		}
	}
	for _, n := range names {
		err := e.Pause(e.ctx, Silence{ID: ledger.Short(e.orderID() + "|" + n), Bureau: n, No: no, By: e.who.Person, Why: a.text, Until: a.due, At: e.msg.At})
		var no ledger.Refusal
		if errors.As(err, &no) {
			return bot.Reply{Status: bot.Declined, Lines: []bot.Line{e.recorded("pause", string(no))}}, nil
		}
		if err != nil {
			return bot.Reply{}, err
		}
	}
	what := bureau
	if no != "" {
		what += "第" + no + "项"
	}
	return bot.Reply{Status: bot.Done, Lines: []bot.Line{e.recorded("pause/"+e.orderID(), fmt.Sprintf("已暂停%s的提醒，到%s为止，原因：%s。期间到点的提醒会在恢复后补上。", what, a.due.Chinese(), a.text))}}, nil
}
