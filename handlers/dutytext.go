package handlers

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"huiwen/bot"
	"huiwen/knowledge/calendar"
	"huiwen/knowledge/pattern"
	"huiwen/scheduler/ledger"
)

// What staff read that is no fact.
const (
	dutyStaffOnly     = "这是部门工作人员办任务用的。您可以直接问政策，比如：开店有没有补贴。"
	dutyNoLedger      = "任务要在企业微信或钉钉里用本人账号来办，这里没有台账。"
	dutyUnknownPerson = "通讯录里还没有您的账号，不知道您是哪个单位的，所以不能办。请让管理员把您加进通讯录。"
	dutyNone          = "您单位名下现在没有任务。计划启用提醒以后才有台账。"
	dutyAllReceived   = "没有待签收的任务了。"
	dutyUndo          = "十分钟内回复“撤销”可以收回。"
	dutyNotRecorded   = "好的，没有记。请重新报。"
	dutyOfficeOnly    = "这一步由领导小组办公室来做。"
	dutyInspectorOnly = "重新打开由督查室来做。"
	dutyPickOne       = "请回复序号："
	dutyNoReview      = "没有等待审核的申请。"
	dutyNoUrge        = "现在没有要催的任务。"
	dutyNoPause       = "这里不能暂停提醒，请在管理页操作。"
	dutyPauseWho      = "暂停提醒要由本单位联络员、科室负责人或者办公室来办。"
	dutyHowReview     = "请回复：同意 编号，或 退回补充 编号 要补什么，或 不同意 编号 原因。"
	dutyExport        = "台账表格请在管理页导出；要代拟稿请回复：通报、月度汇总或调度材料。"
	dutyPaperAlone    = "代拟稿不发到群里，请单独发给我。"
	dutyNoPaper       = "这里不能写代拟稿，请在管理页下载。"
	dutyPaperCut      = "篇幅所限没有列全，完整的 Word 代拟稿请在管理页下载。"
	dutyPaperHow      = "以上是代拟稿，数字和红黄绿灯都取自台账，请核改后使用；可编辑的 Word 文件在管理页下载。"
	dutyGiveOffice    = "把任务转给别的单位或者分解，由办公室来做。本单位要转出，请联络员申请：转办 编号 给哪个单位 原因。"
	dutyDelegateWho   = "分办由本单位联络员或科室负责人来做。"
	dutyUndoGiven     = "十分钟内、对方还没有签收时，回复“撤销”可以收回。"
	dutyHowUrge       = "系统不会自己催办。要发请回复：发送催办 单位；要送分管领导再加“领导”。"
)

func plainly(s bot.Status, words string) bot.Reply {
	return bot.Reply{Status: s, Lines: []bot.Line{bot.Say(words)}}
}

// recorded is a line that rests on an entry of the ledger.
func (e *errand) recorded(ref, text string) bot.Line {
	return bot.Line{{Kind: bot.Recorded, Text: text, Ref: ref}}
}

// light is an entry's colour with its word.
func (e *errand) light(x ledger.Entry) string {
	l, word := x.Light(e.days, e.today)
	return string(l) + " " + word
}

// oneLine is how an entry stands, in one line.
func (e *errand) oneLine(x ledger.Entry) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s：%s，%s", x.Label, clipRunes(subject(x), 24), x.State, e.light(x))
	if d := x.InForce(); d.HasDue() {
		fmt.Fprintf(&b, "，%s前", d.Due.Chinese())
		if last := e.days.Back(d.Due); last != d.Due {
			fmt.Fprintf(&b, "（最后一个工作日%s）", last.Format("1月2日"))
		}
	}
	if x.Asked != nil && x.Asked.Verb != ledger.ApplyEnd {
		fmt.Fprintf(&b, "，%s待审核", x.Asked.Verb)
	}
	if r := x.Latest(); r != nil && r.Value != nil && x.Figure != nil {
		fmt.Fprintf(&b, "，已报%s%s%s", ledger.Number(*r.Value), x.Figure.Unit, e.share(x))
	}
	return b.String()
}

// subject is what an entry is about: its target where it has one.
func subject(x ledger.Entry) string {
	if x.Figure != nil && x.Figure.What != "" {
		return x.Figure.What + x.Target
	}
	return x.What
}

func (e *errand) share(x ledger.Entry) string {
	if s, ok := x.Share(); ok && x.Figure.Measured != ledger.Growth {
		return fmt.Sprintf("（目标的%.0f%%）", s*100)
	}
	return ""
}

func clipRunes(s string, n int) string {
	if rs := []rune(s); len(rs) > n {
		return string(rs[:n]) + "…"
	}
	return s
}

// outcome tells what is now true after an order.
func (e *errand) outcome(verb ledger.Verb, out ledger.Outcome) []bot.Line {
	if verb == ledger.Receive && len(out.Entries) > 3 {
		return []bot.Line{e.recorded("act/"+out.Order.ID, fmt.Sprintf("已签收%d项：%s。", len(out.Entries), labels(out.Entries)))}
	}
	var lines []bot.Line
	for _, x := range out.Entries {
		text := ""
		switch verb {
		case ledger.Receive:
			text = fmt.Sprintf("已签收%s，%s起办理。签收只表示收到，办完请申请办结。", name(x), calendar.Of(x.Received).Chinese())
		case ledger.ReportOn:
			text = e.reported(x)
		case ledger.ApplyEnd:
			text = fmt.Sprintf("%s已申请办结，等办公室审核。审核前状态和期限不变。", name(x))
		case ledger.Extend:
			text = fmt.Sprintf("%s已申请延期到%s，等办公室审核。同意之前期限仍是%s。", name(x), out.Order.Due.Chinese(), x.InForce().Due.Chinese())
		case ledger.GiveBack:
			text = fmt.Sprintf("%s已申请调整责任，等办公室审核。审核之前仍由您单位负责。", name(x))
		case ledger.Delegate:
			text = fmt.Sprintf("%s已分给%s办理。", name(x), x.Handler)
		case ledger.Close:
			text = fmt.Sprintf("%s（%s）已销号，不再提醒。", name(x), x.Bureau)
		case ledger.SendBack:
			text = fmt.Sprintf("%s（%s）已退回补充：%s", name(x), x.Bureau, out.Order.Text)
		case ledger.Grant:
			text = e.granted(x)
		case ledger.Refuse:
			text = fmt.Sprintf("没有同意%s（%s）的申请，期限和责任不变。", name(x), x.Bureau)
		case ledger.Reopen:
			text = fmt.Sprintf("%s（%s）已重新打开：%s", name(x), x.Bureau, out.Order.Text)
		case ledger.Urge:
			text = fmt.Sprintf("已催办%s（%s）。", name(x), x.Bureau)
		}
		lines = append(lines, e.recorded(x.Ref(), text))
	}
	return lines
}

func (e *errand) granted(x ledger.Entry) string {
	if x.State == ledger.Dropped {
		return fmt.Sprintf("已同意%s不再由%s承担。请指定新的责任单位，比如：转办 %s 给哪个单位 原因。", name(x), x.Bureau, x.No)
	}
	return fmt.Sprintf("已同意%s（%s）延期，新的期限是%s。", name(x), x.Bureau, x.InForce().Due.Chinese())
}

// reported tells what was recorded and where it leads.
func (e *errand) reported(x ledger.Entry) string {
	r := x.Reports[len(x.Reports)-1]
	if r.Value == nil {
		out := fmt.Sprintf("%s已记进展：%s", name(x), r.Text)
		if x.Figure == nil && figureIn.MatchString(r.Text) {
			out += "（这一条没有带期限的数量目标，数字按文字记）"
		}
		return out
	}
	out := fmt.Sprintf("%s已记：年初至今%s%s，", name(x), ledger.Number(*r.Value), x.Figure.Unit)
	if x.Whole() {
		out += fmt.Sprintf("记作您单位的部分；目标%s是全区目标，不拿一个单位的数来比。", x.Target)
	} else {
		out += fmt.Sprintf("目标%s%s，%s。", x.Target, e.share(x), e.light(x))
	}
	if r.Text != "" {
		out += "说明：" + r.Text
	}
	return out
}

// name is an entry's label with its subject.
func name(x ledger.Entry) string { return x.Label + "（" + clipRunes(subject(x), 16) + "）" }

func labels(list []ledger.Entry) string {
	var out []string
	for _, x := range list {
		if !slices.Contains(out, x.Label) {
			out = append(out, x.Label)
		}
	}
	return strings.Join(out, "、")
}

// nextActions offer what people do next.
func (e *errand) nextActions(verb ledger.Verb, list []ledger.Entry) []bot.Action {
	no := list[0].No
	switch verb {
	case ledger.Receive:
		return []bot.Action{{Text: "分办", Say: "分办 " + no}, {Text: "我的任务", Say: "我的任务"}}
	case ledger.ReportOn:
		return []bot.Action{{Text: "申请办结", Say: "申请办结 " + no}, {Text: "我的任务", Say: "我的任务"}}
	case ledger.Grant: // the bureau may have said who ought to have it
		for _, x := range list {
			for _, d := range slices.Backward(x.History) {
				if d.Verb != ledger.GiveBack {
					continue
				}
				if m := suggested.FindStringSubmatch(d.Text); m != nil {
					return []bot.Action{{Text: "按建议转办", Say: "转办 " + no + " 给" + m[1] + " 按" + x.Bureau + "的申请调整"}}
				}
				break
			}
		}
	}
	return nil
}

// suggested is how a bureau applies for another to have its duty.
var suggested = pattern.MustCompile(`^建议转由(\p{Han}+?)承担`)

// whichNumber asks for the number that a command lacks.
func (e *errand) whichNumber(verb ledger.Verb, mine []ledger.Entry) bot.Reply {
	r := bot.Reply{Status: bot.Clarification}
	r.Lines = append(r.Lines, e.recorded("ledger", fmt.Sprintf("请写明是第几项，比如：%s %s。您单位的任务有%s。", strings.TrimPrefix(verb.String(), "报"), mine[0].No, clipRunes(labels(mine), 200))))
	if verb == ledger.Receive {
		r.Actions = []bot.Action{{Text: "全部签收", Say: "签收 全部"}}
	}
	return r
}

// notMine says that a measure is not the bureau's, and whose it is.
func (e *errand) notMine(nos []string) (bot.Reply, error) {
	m, ok := e.snap.Measure(nos[0])
	if !ok {
		return plainly(bot.Declined, sayNoItem), nil
	}
	var names []string
	for _, b := range m.Bureaus {
		if names = append(names, b.Name); e.ours(b.Name) {
			return bot.Reply{Status: bot.Declined, Lines: []bot.Line{e.recorded("directory/"+e.who.Bureau, fmt.Sprintf("%s在台账里已不由%s承担，不用再办。", m.Label(), e.who.Bureau))}}, nil
		}
	}
	return bot.Reply{Status: bot.Declined, Lines: []bot.Line{e.recorded("directory/"+e.who.Bureau, fmt.Sprintf("%s不在%s名下，责任单位是%s，不能代办。", m.Label(), e.who.Bureau, strings.Join(names, "、")))}}, nil
}

// mine lists the open duties of the speaker's bureau, the most pressing first.
func (e *errand) mine() (bot.Reply, error) {
	list, err := e.mineOf()
	if err != nil {
		return bot.Reply{}, err
	}
	if len(list) == 0 {
		return plainly(bot.Answered, dutyNone), nil
	}
	counts := map[ledger.Light]int{}
	var open []ledger.Entry
	waiting := 0
	for _, x := range list {
		l, _ := x.Light(e.days, e.today)
		counts[l]++
		if x.Open() {
			open = append(open, x)
			if x.Received.IsZero() {
				waiting++
			}
		}
	}
	rank := map[ledger.Light]int{ledger.Red: 0, ledger.Yellow: 1, ledger.Green: 2, ledger.Grey: 3}
	slices.SortStableFunc(open, func(a, b ledger.Entry) int {
		la, _ := a.Light(e.days, e.today)
		lb, _ := b.Light(e.days, e.today)
		return rank[la] - rank[lb]
	})
	r := bot.Reply{Status: bot.Answered, Title: "我的任务"}
	r.Lines = append(r.Lines, e.recorded("ledger/"+e.plan, fmt.Sprintf("%s：在办%d条，红%d、黄%d、绿%d，已销号%d，待签收%d。", e.who.Bureau, len(open), counts[ledger.Red], counts[ledger.Yellow], counts[ledger.Green], counts[ledger.Grey], waiting)))
	for _, x := range open {
		r.Lines = append(r.Lines, e.recorded(x.Ref(), e.oneLine(x)))
	}
	if waiting > 0 {
		r.Actions = append(r.Actions, bot.Action{Text: "全部签收", Say: "签收 全部"})
	}
	return r, nil
}

// standing tells how named duties stand.
func (e *errand) standing(a ask) (bot.Reply, error) {
	var list []ledger.Entry
	var err error
	if e.has(bot.Office) || e.has(bot.Inspector) {
		list, err = e.everyone()
	} else {
		list, err = e.mineOf()
	}
	if err != nil {
		return bot.Reply{}, err
	}
	chosen := pick(list, a.nos)
	if len(chosen) == 0 {
		return e.notMine(a.nos)
	}
	r := bot.Reply{Status: bot.Answered}
	for _, x := range chosen {
		r.Lines = append(r.Lines, e.recorded(x.Ref(), e.detail(x)))
	}
	return r, nil
}

// detail is how an entry stands with its bureau and last report.
func (e *errand) detail(x ledger.Entry) string {
	out := e.oneLine(x)
	if x.Bureau != e.who.Bureau {
		out += "（" + x.Bureau + "）"
	}
	if x.Handler != "" {
		out += "，经办" + x.Handler
	}
	if n := len(x.Reports); n > 0 && x.Reports[n-1].Text != "" {
		out += "；" + calendar.Of(x.Reports[n-1].At).Chinese() + "：" + x.Reports[n-1].Text
	}
	return out
}

// beside adds how a bureau's own duties stand to an answer about a measure.
func (h *Handlers) beside(ctx context.Context, t *turn, no string, r bot.Reply) (bot.Reply, error) {
	if h.duties == nil || t.msg.User != bot.Staff || t.msg.Bureau == "" {
		return r, nil
	}
	e := &errand{Options: h.duties, turn: t, ctx: ctx, today: calendar.Of(t.msg.At)}
	if err := e.meet(); err != nil {
		return r, err
	}
	list, err := e.mineOf()
	if err != nil {
		return r, err
	}
	for _, x := range pick(list, []string{no}) {
		r.Lines = append(r.Lines, e.recorded(x.Ref(), "台账："+e.oneLine(x)))
		if x.Open() && x.Received.IsZero() && len(r.Actions) == 0 {
			r.Title = "任务"
			r.Actions = []bot.Action{{Text: "签收", Say: "签收 " + no}}
		}
	}
	return r, nil
}
