package handlers

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"huiwen/knowledge/calendar"
	"huiwen/knowledge/pattern"
	"huiwen/scheduler/ledger"
)

// A want is what a message of staff asks of the ledger.
type want string

// The wants beside the verbs of the ledger.
const (
	wantMine    want = "mine"    // 我的任务
	wantReview  want = "review"  // 待审
	wantAgree   want = "agree"   // 同意
	wantSuggest want = "suggest" // 建议催办
	wantLedger  want = "ledger"  // 台账, 通报
	wantPause   want = "pause"   // 暂停提醒
	wantHand    want = "hand"    // 转办
	wantPaper   want = "paper"   // 通报, 月度汇总, 调度材料
)

// dutyWord is how people write a command; the first that stands in a message
// counts, so longer words come before those they hold. Alone tells that it is a
// command only when little else is said.
type dutyWord struct {
	want  want
	alone bool
	words []string
}

var dutyWords = []dutyWord{
	{want(ledger.TakeBack), true, []string{"撤销上一步", "撤销", "撤消", "撤回"}},
	{wantPause, false, []string{"暂停提醒", "停止提醒", "暂停題醒", "先别提醒", "暂缓提醒"}},
	{wantSuggest, true, []string{"建议催办", "催办建议", "该催谁", "催办清单"}},
	{want(ledger.Urge), false, []string{"发送催办", "发催办", "催办"}},
	{want(ledger.SendBack), false, []string{"退回补充", "补充材料", "退回去补充", "补正"}},
	{want(ledger.Refuse), false, []string{"不同意", "不予同意", "驳回"}},
	{wantAgree, false, []string{"同意"}},
	{want(ledger.Reopen), false, []string{"重新打开", "重新办理", "恢复办理", "重开"}},
	{want(ledger.Extend), false, []string{"申请延期", "延期申请", "申请廷期", "申请延后", "延期"}},
	{wantHand, false, []string{"调整责任单位", "调整责任给"}},
	{want(ledger.GiveBack), false, []string{"申请调整责任", "调整责任", "退回", "退件", "不属于我局", "不归我们"}},
	{want(ledger.ApplyEnd), false, []string{"申请办结", "申请办截", "办结申请", "申请结办", "申请销号", "申请消号", "办结"}},
	{want(ledger.Close), false, []string{"销号", "消号", "销帐", "销账"}},
	{want(ledger.Delegate), false, []string{"分办", "分班", "份办", "分派", "派给"}},
	{wantHand, false, []string{"转办", "转班", "移交", "转交", "转给", "改由"}},
	{want(ledger.Receive), false, []string{"签收", "签受", "签售", "签首", "千收", "已收悉", "收悉"}},
	{want(ledger.ReportOn), false, []string{"报进展", "报进度", "进展情况", "进展", "进度", "进站", "近展", "完成情况"}},
	{want(ledger.SplitDuty), false, []string{"分解", "拆分", "分节"}},
	{wantReview, true, []string{"待审核", "待审", "待我审核", "审核列表"}},
	{wantPaper, true, []string{"通报代拟稿", "通报草稿", "起草通报", "写通报", "拟通报", "通报", "月度汇总", "月度小结", "调度材料", "季度材料"}},
	{wantLedger, true, []string{"台账", "台帐", "红黄灯"}},
	{wantMine, true, []string{"我的任务", "我们的任务", "我单位的任务", "我局的任务", "本单位任务", "我的待办", "我的认务"}},
}

// aloneRunes is up to how many runes beside its word a command of that kind has.
const aloneRunes = 6

// halfWidth writes digits, letters and signs of full width in half width, and
// nothing else differently: what people say of a duty is kept as they say it.
func halfWidth(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case r >= '０' && r <= '９', r >= 'Ａ' && r <= 'Ｚ', r >= 'ａ' && r <= 'ｚ', r == '％', r == '．', r == '／', r == '－':
			return r - 0xFEE0
		case r == '　', r == '\u00a0', r == '\n', r == '\t':
			return ' '
		}
		return r
	}, s))
}

// An ask is a command with what stands beside it.
type ask struct {
	want   want
	nos    []string // measures
	all    bool     // 全部
	value  *float64
	unit   string
	sofar  bool // 年初至今
	due    calendar.Day
	to     string // 分办 … 给谁
	text   string // what is said beside number, figure and date
	said   string // 进展: the whole of what is said, with its figure
	query  bool   // it asks how things stand
	leader bool
	from   string // 转办: the bureau that has the duty
	nth    string // ends the order's id where one message orders several things
	sure   bool   // a name was chosen: it is not asked about again
}

var (
	queryWords = pattern.MustCompile(`怎么|怎样|如何|多少了|多久|几天|是谁|什么|到哪|什么时候|吗[?？]?$|哪些|[?？]$`)
	dutyNumber = pattern.MustCompile(`(?i)^[\s,，、:：]*(?:第\s*)?(?:(b[1-9])|([0-9]{1,3})|([一二三四五六七八九十]{1,3})(?:项|条|号))\s*(?:项|条|号)?(?:任务)?`)
	numberUnit = pattern.MustCompile(`^\s*(?:[.．/月日%％]|年[^初]|年$|万|亿|元|人|户|家|个|名|次|亩|所|吨|公里)`)
	// numberFirst matches 12 签收, 第十二项签收
	numberFirst = pattern.MustCompile(`(?i)(?:第\s*)?(b[1-9]|[0-9]{1,3}|[一二三四五六七八九十]{1,3})\s*(?:项|条|号)?(?:任务)?[\s,，、]*(?:我们|我局|已|要|申请)?$`)
	partFour    = pattern.MustCompile(`第?四部分[（(]?([一二三四五六七八九])[）)]?`)
	allDuties   = pattern.MustCompile(`全部|所有|都`)
	soFarWords  = pattern.MustCompile(`(?:今年)?(?:年初至今|年初以来|今年以来|年初到现在|截至目前|截止目前|目前|累计|共|一共|总共|已经?)`)
	soFarSure   = pattern.MustCompile(`年初至今|年初以来|今年以来|年初到现在|累计`)
	figureIn    = pattern.MustCompile(`(-?[0-9][0-9,，]*(?:\.[0-9]+)?)\s*(万亿元|亿元|万元|元|万人次|万人|人次|万户|户次|户|人|家|个|名|次|所|项|亩|吨|公里|千米|件|套|期|场|%|万|亿)?`)
	dateIn      = pattern.MustCompile(`(?:延?期?(?:至|到)\s*)?(?:([0-9]{4})\s*[年./-]\s*)?([0-9]{1,2})\s*[月./-]\s*([0-9]{1,2})\s*[日号]?|(?:延?期?(?:至|到)\s*)?(?:([0-9]{4})年)?([0-9]{1,2})月(?:底|末)|(?:延?期?(?:至|到)\s*)(今年|年|明年)底`)
	toWhom      = pattern.MustCompile(`(?:给|由|交|转)\s*([\p{Han}·]{2,8})`)
	reasonHead  = pattern.MustCompile(`^[\s,，、:：;；。.]*(?:说明|原因|理由|因为|情况)?(?:是|为)?[\s,，、:：;；]*`)
	leaderWords = pattern.MustCompile(`(?:给|发|到)?\s*(?:分管)?领导`)
)

// readAsk reads a command; ok is false for what is none.
func readAsk(text string, at time.Time) (a ask, ok bool) {
	s := halfWidth(text)
	word := ""
	a.want, word = wordOf(s)
	if word == "" {
		return ask{}, false
	}
	before, after, _ := strings.Cut(s, word)
	a.query = queryWords.MatchString(s)
	rest := a.numbers(before, after)
	if a.want == want(ledger.Receive) || len(a.nos) == 0 {
		a.all = allDuties.MatchString(s)
	}
	a.details(rest, at)
	return a, true
}

// wordOf is the command of a message: the word that it begins with, a number before
// it aside, else the first that stands in it.
func wordOf(s string) (want, string) {
	begins := strings.TrimLeft(leadNumber.ReplaceAllString(s, ""), " ,，、:：")
	for _, stands := range []func(x string) bool{
		func(x string) bool { return strings.HasPrefix(begins, x) },
		func(x string) bool { return strings.Contains(s, x) },
	} {
		for _, w := range dutyWords {
			for _, x := range w.words {
				if stands(x) && (!w.alone || runes(strings.Replace(s, x, "", 1)) <= aloneRunes) {
					return w.want, x
				}
			}
		}
	}
	return "", ""
}

var leadNumber = pattern.MustCompile(`(?i)^(?:第\s*)?(?:b[1-9]|[0-9]{1,3}|[一二三四五六七八九十]{1,3})\s*(?:项|条|号)(?:任务)?|^(?:b[1-9]|[0-9]{1,3})\s`)

// numbers takes the numbers of measures: behind the word, else before it.
func (a *ask) numbers(before, after string) (rest string) {
	for _, part := range []*string{&before, &after} {
		if m := partFour.FindStringSubmatchIndex(*part); m != nil {
			a.nos = append(a.nos, "B"+arabic((*part)[m[2]:m[3]]))
			*part = (*part)[:m[0]] + (*part)[m[1]:]
		}
	}
	for len(a.nos) < maxNumbered {
		m := dutyNumber.FindStringSubmatchIndex(after)
		if m == nil || m[4] >= 0 && numberUnit.MatchString(after[m[5]:]) && !strings.ContainsAny(after[m[0]:m[1]], "第项条号") {
			break
		}
		no := ""
		for g := 2; g < 8; g += 2 {
			if m[g] >= 0 {
				no = after[m[g]:m[g+1]]
			}
		}
		a.add(no)
		after = after[m[1]:]
	}
	if len(a.nos) == 0 {
		if m := numberFirst.FindStringSubmatchIndex(before); m != nil {
			a.add(before[m[2]:m[3]])
			before = before[:m[0]]
		}
	}
	return strings.TrimSpace(before) + " " + strings.TrimSpace(after)
}

func (a *ask) add(no string) {
	if strings.HasPrefix(strings.ToUpper(no), "B") {
		no = strings.ToUpper(no)
	} else {
		no = arabic(no)
	}
	if no != "" && !slices.Contains(a.nos, no) {
		a.nos = append(a.nos, no)
	}
}

// details takes figure, date and person out of the rest; what is left is the text.
func (a *ask) details(rest string, at time.Time) {
	switch a.want {
	case want(ledger.ReportOn):
		a.said = strings.Trim(reasonHead.ReplaceAllString(rest, ""), " ,，、:：;；")
		rest = a.figure(rest)
	case want(ledger.Extend), wantPause:
		rest = a.date(rest, at)
	case want(ledger.Delegate), wantHand, want(ledger.SplitDuty): // who gets it is read where the directory is known
		a.text = strings.Trim(rest, " ,，:：;；。")
		return
	case wantAgree:
		if m := toWhom.FindStringSubmatch(rest); m != nil {
			a.to, rest = m[1], strings.Replace(rest, m[0], "", 1)
		}
	case want(ledger.Urge):
		a.leader = leaderWords.MatchString(rest)
		rest = leaderWords.ReplaceAllString(rest, "")
	}
	a.text = strings.Trim(reasonHead.ReplaceAllString(rest, ""), " ,，、:：;；")
}

// figure takes the first figure out of a text.
func (a *ask) figure(s string) string {
	m := figureIn.FindStringSubmatchIndex(s)
	if m == nil {
		return s
	}
	v, err := strconv.ParseFloat(strings.NewReplacer(",", "", "，", "").Replace(s[m[2]:m[3]]), 64)
	if err != nil {
		return s
	}
	a.value = &v
	if m[4] >= 0 {
		a.unit = s[m[4]:m[5]]
	}
	a.sofar = soFarSure.MatchString(s)
	before := s[:m[0]]
	if loc := soFarWords.FindAllStringIndex(before, -1); loc != nil {
		before = before[:loc[0][0]]
	}
	return strings.Trim(before, " ,，、:：") + " " + s[m[1]:]
}

// date takes a day out of a text; one without a year is the next such day.
func (a *ask) date(s string, at time.Time) string {
	m := dateIn.FindStringSubmatchIndex(s)
	if m == nil {
		return s
	}
	group := func(i int) string {
		if m[2*i] < 0 {
			return ""
		}
		return s[m[2*i]:m[2*i+1]]
	}
	today := calendar.Of(at)
	year, month, day := group(1), group(2), group(3)
	switch {
	case group(6) != "":
		year, month, day = strconv.Itoa(today.Year()), "12", "31"
		if group(6) == "明年" {
			year = strconv.Itoa(today.Year() + 1)
		}
	case group(5) != "":
		year, month = group(4), group(5)
	}
	mm, _ := strconv.Atoi(month)
	y, _ := strconv.Atoi(year)
	if y == 0 {
		y = today.Year()
	}
	make := func(y int) (calendar.Day, bool) {
		d, err := strconv.Atoi(day)
		if err != nil {
			d = time.Date(y, time.Month(mm)+1, 0, 0, 0, 0, 0, time.UTC).Day()
		}
		t := time.Date(y, time.Month(mm), d, 0, 0, 0, 0, calendar.Zone)
		return calendar.Day{Time: t}, mm >= 1 && mm <= 12 && d >= 1 && t.Day() == d
	}
	due, ok := make(y)
	if ok && year == "" && due.Before(today.Time) {
		due, ok = make(y + 1)
	}
	if !ok {
		return s
	}
	a.due = due
	return strings.TrimRight(s[:m[0]], " 至到") + " " + s[m[1]:]
}

// scales are units that are counted in each other.
var scales = map[string]struct {
	base string
	by   float64
}{
	"元": {"元", 1}, "万元": {"元", 1e4}, "亿元": {"元", 1e8}, "万亿元": {"元", 1e12},
	"人": {"人", 1}, "名": {"人", 1}, "万人": {"人", 1e4}, "人次": {"人次", 1}, "万人次": {"人次", 1e4}, "户": {"户", 1}, "万户": {"户", 1e4},
	"公里": {"公里", 1}, "千米": {"公里", 1},
}

// inUnit is a figure in the unit of a target; ok is false when the units do not
// fit. 万 alone takes the target's own kind.
func inUnit(v float64, unit, of string) (float64, bool) {
	target, known := scales[of]
	switch {
	case unit == "" || unit == of:
		return v, true
	case (unit == "万" || unit == "亿") && known:
		by := map[string]float64{"万": 1e4, "亿": 1e8}[unit]
		return round(v * by / target.by), true
	}
	from, ok := scales[unit]
	if !ok || !known || from.base != target.base {
		return 0, false
	}
	return round(v * from.by / target.by), true
}

// round takes off what binary fractions add.
func round(v float64) float64 {
	out, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 12, 64), 64)
	if err != nil {
		return v
	}
	return out
}
