package plan

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A timeForm is a way a text says when.
type timeForm struct {
	re   *regexp.Regexp
	kind string
}

const (
	upTo    = `(?:之?前|以前|止|之?内)?`
	inMonth = `(?:[0-9]{1,2}日|份)?(?:月?底|月?末|上旬|中旬|下旬|初)?`
	quarter = `(?:第?[一二三四1-4]季度|上半年|下半年)(?:末|底)?`
	spanned = `(?:至|到|—|－|-|–|~|～){1,2}`
)

// timeForms are tried in order: what one reads, a later one does not see.
var timeForms = []timeForm{
	{regexp.MustCompile(`(?:自|从)?(?:本[\p{Han}]{2,4}|文件)?(?:印发|发布|公布|下发|出台|施行|实施)之日起[0-9一二三四五六七八九十]{1,3}个?(?:工作日|日|天|月|年)(?:之|以)?内`), "issue"},
	{regexp.MustCompile(`[0-9]{4}年[0-9]{1,2}月(?:[0-9]{1,2}日)?` + spanned + `(?:[0-9]{4}年)?[0-9]{1,2}月(?:[0-9]{1,2}日)?(?:底|末)?`), "span"},
	{regexp.MustCompile(`[0-9]{4}年?` + spanned + `[0-9]{4}年(?:期间|底|末)?` + upTo), "years"},
	{regexp.MustCompile(`每年度?(?:[0-9]{1,2}月` + inMonth + `|` + quarter + `|年?底|年?末)?(?:之?前)?`), "yearly"},
	{regexp.MustCompile(`每(?:个)?季度?(?:末月|首月|第[一二三]个月|末|初|底)?(?:[0-9]{1,2}日)?(?:之?前)?|按季度?`), "quarterly"},
	{regexp.MustCompile(`每(?:个)?月(?:[0-9]{1,2}日|月?底|月?末|初|上旬|中旬|下旬)?(?:之?前)?|按月|每周`), "monthly"},
	{regexp.MustCompile(`每(?:个)?半年|半年(?:开展|进行|一次)`), "half-yearly"},
	{regexp.MustCompile(`各年度|按年度|每学年|每学期`), "yearly"},
	{regexp.MustCompile(`每(?:[2-5]|[两三四五])年`), "multi-year"},
	{regexp.MustCompile(`每(?:[2二两])个月`), "monthly"},
	{regexp.MustCompile(`每(?:[3三])个月`), "quarterly"},
	{regexp.MustCompile(`到?[0-9]{4}年[0-9]{1,2}月` + inMonth + upTo), "once"},
	{regexp.MustCompile(`到?[0-9]{4}年(?:` + quarter + `|年?底|年?末|年中)?` + upTo), "once"},
	{regexp.MustCompile(`(?:[0-9]{1,2}|[一二三四五六七八九十两])年(?:内|之内|以内)|用(?:[0-9一二两三四五]` + spanned + `)?[0-9一二三四五两]年(?:左右)?(?:的)?时间`), "multi-year"},
	{regexp.MustCompile(`[2-5两三四五]年`), "bare-years"},
	{regexp.MustCompile(`到?(?:今年|本年|本年度|明年)[0-9]{1,2}月` + inMonth + upTo + `|到?[0-9]{1,2}月(?:[0-9]{1,2}日|月?底|月?末|上旬|中旬|下旬)?(?:之?前|以前)|[0-9]{1,2}月(?:底|末)`), "month"},
	{regexp.MustCompile(`(?:今年|本年|明年)?` + quarter + upTo), "quarter"},
	{regexp.MustCompile(`今年年底前?|年底之?前|(?:今年|本年|本年度|当年|明年|年度?)(?:内|年?底前|年?底|年?末)(?:之?前)?`), "thisyear"},
	{regexp.MustCompile(`今年|全年|本年度|明年`), "wholeyear"},
}

// columnForms are read in a column of time limits only: 2025.6, 9月.
var columnForms = []timeForm{
	{regexp.MustCompile(`[0-9]{4}[./-][0-9]{1,2}(?:[./-][0-9]{1,2})?(?:之?前|底)?`), "numeric"},
	{regexp.MustCompile(`[0-9]{1,2}月份?`), "month"},
}

var (
	rate      = regexp.MustCompile(`每[月年]每|每人(?:每)?[月年]|每月(?:不低于|不少于|补|发|给|[0-9]+元)|人均|年均|月均|每户每[年月]|每生每年|(?:元|%)[／/]?(?:每)?[年月]|按年缴`)
	nameParts = regexp.MustCompile(`《[^》]*》|〔[^〕]*〕[0-9]*号?|“[^”]*”|[(（][0-9]{4}[—－\-–~][0-9]{4}年?[)）]|(?:三年|[一二两三四五六七八九十]年)(?:行动|攻坚|计划|专项|规划|滚动)`)
	// five is the end of a five-year plan, or its years where they hold a figure.
	five = regexp.MustCompile(`到?“?十([三四五六])五”?(?:时期|期间)?(?:末|期间|时期)`)
	// notDue stands before or behind a year that is no time to reach something.
	notDueBefore = regexp.MustCompile(`(?:较|相比|同比|对比|(?:^|[^占])比|自|从|截至|截止|按|依据|结合|根据|原|超过|离校|毕业|退役|登记|注册|入职|参保|成立|取得|有效期|有效期至|期限|后|近|过去|连续|去年|上一年|满)(?:之日起|起)?$`)
	notDueAfter  = regexp.MustCompile(`^(?:度|以来|起|届|级|为基|基础|基数|的基础|的水平|水平|[^，,。；;]{0,4}(?:工作报告|要点|一号文件|中央一号|版|年度计划|标准|价格|平均|同期|印发|出台的|建成的|以前))`)
	// acts follows a year in which something is done: 2023年新建标准化基地.
	acts = regexp.MustCompile(`^(?:之?前|底|末)?(?:完成|建成|新建|改建|制定|制订|出台|编制|修订|形成|实现|达到|建立|发布|印发|新增|培育|创建|启动|开展|推进|争取|力争|计划)`)
	// paidEach is money by the year or month: no act that recurs.
	paidEach = regexp.MustCompile(`^(?:度)?[^，,。；;0-9]{0,8}(?:补贴|补助|奖励|资助|扶持|给予|最高|额度|不超过)[^，,。；;0-9]{0,10}[0-9.]+[万亿千百]*元|^(?:度)?(?:只|仅|可|限)?(?:可)?享受`)
	numbers  = regexp.MustCompile(`[0-9]+`)
	digits   = regexp.MustCompile(`[0-9]`)
)

// deadlines reads the time expressions of a text that bind, one entry each.
func deadlines(text string, p *Plan) []Deadline {
	var out []Deadline
	for _, sentence := range shortSentences(text) {
		for _, clause := range clauseSpans(sentence) {
			out = append(out, deadlineIn(clause, sentence, p, false)...)
		}
	}
	return out
}

// deadlineIn reads the time expressions of one clause. In a column of time
// limits every expression binds, and what is none goes on without an end.
func deadlineIn(clause, sentence string, p *Plan, column bool) []Deadline {
	out := []Deadline{}
	if !column && !strings.ContainsAny(clause, "年月季周学五日") {
		return out // most clauses say nothing of time
	}
	blank := func(m string) string { return strings.Repeat("#", len(m)) }
	masked := clause
	for _, at := range five.FindAllStringSubmatchIndex(clause, -1) {
		text := clause[at[0]:at[1]]
		if n := strings.Index("三四五六", clause[at[2]:at[3]]) / len("三"); strings.HasSuffix(text, "末") || digits.MatchString(sentence) {
			due := fmt.Sprintf("%d-12-31", 2020+5*n)
			out = append(out, Deadline{Text: text, Due: &due, Kind: "multi-year", Hard: true, Hedge: p.hedgeOf(clause, clause)})
		}
	}
	masked = nameParts.ReplaceAllStringFunc(masked, blank)
	masked = rate.ReplaceAllStringFunc(masked, blank)
	forms := timeForms
	if column {
		forms = slices.Concat(timeForms, columnForms)
	}
	for _, form := range forms {
		for _, at := range form.re.FindAllStringIndex(masked, -1) {
			text := clause[at[0]:at[1]]
			if !column && strings.Trim(sentence, "。 　()（）") == text {
				continue // a date that stands alone
			}
			before, after := masked[:at[0]], masked[at[1]:]
			masked = before + blank(text) + after
			if !column && (notDueBefore.MatchString(before) || form.kind != "span" && form.kind != "years" && notDueAfter.MatchString(after) && !acts.MatchString(after) || at[0] > 0 && isDigit(masked[at[0]-1])) {
				continue
			}
			if d, ok := p.makeDeadline(text, form.kind, before, after, clause, sentence, column); ok {
				d.Hedge = p.hedgeOf(clause, before+after)
				out = append(out, d)
			}
		}
	}
	if column && len(out) == 0 {
		out = append(out, Deadline{Text: strings.TrimSpace(clause), Kind: "ongoing"})
	}
	return out
}

// hedgeOf is the hedge over a time expression: its clause without it.
func (p *Plan) hedgeOf(clause, rest string) string {
	hedge := hedgeWords.FindString(rest)
	if hedge == "计划" || hedge == "鼓励" && !strings.Contains(clause, hedge) {
		return map[bool]string{true: "计划"}[strings.HasPrefix(strings.TrimSpace(clause), "计划")]
	}
	return hedge
}

var (
	yearOf  = regexp.MustCompile(`[0-9]{4}`)
	yearIn  = regexp.MustCompile(`(?:^|[^较比])([0-9]{4})年`)
	monthOf = regexp.MustCompile(`([0-9]{1,2})月`)
	dayOf   = regexp.MustCompile(`([0-9]{1,2})日`)
	spanOf  = regexp.MustCompile(`之日起([0-9一二三四五六七八九十]+)个?(工作日|日|天|月|年)`)
	// together stands behind years that something is reached in: 三年累计培训.
	together    = regexp.MustCompile(`^(?:累计|共|筹集|争取|新增|完成|建成|培训|培育|引进|实现|改造|新建)[^，,。；;]{0,20}[0-9]`)
	notTogether = regexp.MustCompile(`(?:[第近前满每十上下]|连续|过去)$`)

	acting = regexp.MustCompile(`[\p{Han}]`)
)

func (p *Plan) makeDeadline(text, kind, before, after, clause, sentence string, column bool) (Deadline, bool) {
	d := Deadline{Text: strings.TrimSpace(text), Kind: kind, Hard: true}
	switch kind {
	case "span", "years":
		d.Kind = map[string]string{"span": "once", "years": "multi-year"}[kind]
		all := yearOf.FindAllString(text, -1)
		tail := text[strings.LastIndex(text, all[len(all)-1]):]
		if i := strings.IndexAny(text, "至到—－-–~～"); i > 0 && len(all) == 1 {
			tail = text[i:]
		}
		d.Due = date(all[len(all)-1], tail)
	case "numeric":
		d.Kind = "once"
		d.Due = numericDate(text)
	case "once":
		d.Due = date(yearOf.FindString(text), text)
	case "month", "quarter", "thisyear", "wholeyear":
		d.Kind = "once"
		if kind == "wholeyear" && !column && (!digits.MatchString(clause[len(before)+len(text):]) || strings.HasPrefix(after, "以来") || paying.MatchString(sentence) && !givesInAll(clause, after)) {
			return d, false
		}
		d.Due = date(p.yearAt(text, clause[:len(before)], sentence, clause), text)
		if d.Due != nil && *d.Due < p.Issued {
			d.Due = nil // which year is meant is not written
		}
	case "bare-years":
		if !together.MatchString(after) || notTogether.MatchString(before) {
			return d, false
		}
		d.Kind = "multi-year"
		if m := p.titleYears(); m != "" {
			due := m + "-12-31"
			d.Due = &due
		}
	case "issue":
		d.Kind = "once"
		d.Due = p.afterIssue(text)
	case "multi-year":
		if m := p.titleYears(); m != "" && !strings.HasPrefix(text, "每") {
			due := m + "-12-31"
			d.Due = &due
		}
	case "half-yearly":
		d.Kind = "yearly"
	}
	if (kind == "monthly" || kind == "yearly" || kind == "quarterly" || kind == "half-yearly") && !column && (!acting.MatchString(after) || paidEach.MatchString(clause[len(before)+len(text):])) {
		return d, false
	}
	if d.Due != nil && !column && len(p.Issued) > 4 && (*d.Due)[:4] < p.Issued[:4] {
		return d, false // it was over when the plan was issued
	}
	return d, true
}

// givesInAll reports whether a clause about payments says what is paid out in
// all, not what one must have reached to be paid: 全年发放消费券5000万元.
func givesInAll(clause, after string) bool {
	return gives.MatchString(after) && !strings.HasSuffix(clause, "的")
}

var gives = regexp.MustCompile(`^(?:力争|计划|预计|拟|累计|共|新增)*(?:发放|投放|安排|筹集|落实|兑现|拨付|整合)[^，,。；;]*[0-9]`)

// yearAt is the year that a time without one falls in: the last year named
// before it in its sentence, else the plan's own.
func (p *Plan) yearAt(text, before, sentence, clause string) string {
	if at := strings.Index(sentence, clause); at >= 0 {
		before = sentence[:at] + before
	}
	year := p.year()
	if all := yearIn.FindAllStringSubmatch(before, -1); all != nil && all[len(all)-1][1] >= year {
		year = all[len(all)-1][1]
	}
	if strings.Contains(text, "明年") && year != "" {
		year = strconv.Itoa(number(year) + 1)
	}
	return year
}

// afterIssue is the day so long after the plan was issued, nil when the text
// counts working days or the day of issue is not known.
func (p *Plan) afterIssue(text string) *string {
	m := spanOf.FindStringSubmatch(text)
	day, err := time.Parse(time.DateOnly, p.Issued)
	if m == nil || err != nil || m[2] == "工作日" {
		return nil
	}
	switch n := number(m[1]); m[2] {
	case "月":
		day = day.AddDate(0, n, 0)
	case "年":
		day = day.AddDate(n, 0, 0)
	default:
		day = day.AddDate(0, 0, n)
	}
	due := day.Format(time.DateOnly)
	return &due
}

// titleYears is the last of the years that the title names a span of.
func (p *Plan) titleYears() string {
	if m := yearsSpan.FindStringSubmatch(p.Title); m != nil {
		return m[2]
	}
	return ""
}

// year is the one year a plan is for, "" when it is for none or several.
func (p *Plan) year() string {
	if len(p.Valid.To) >= 4 && len(p.Valid.From) >= 4 && p.Valid.From[:4] == p.Valid.To[:4] {
		return p.Valid.To[:4]
	}
	if len(p.Issued) >= 4 {
		return p.Issued[:4]
	}
	if len(p.Valid.From) >= 4 {
		return p.Valid.From[:4]
	}
	return p.docYear
}

var quarterOf = regexp.MustCompile(`上半|[一二三123]季`)

// date is the last day that a time expression allows.
func date(year, text string) *string {
	y, err := strconv.Atoi(year)
	if err != nil {
		return nil
	}
	m, d := 12, 31
	if x := quarterOf.FindString(text); x != "" {
		m = map[string]int{"上半": 6, "一季": 3, "1季": 3, "二季": 6, "2季": 6, "三季": 9, "3季": 9}[x]
		d = time.Date(y, time.Month(m)+1, 0, 0, 0, 0, 0, time.UTC).Day()
	}
	if x := monthOf.FindStringSubmatch(text); x != nil {
		m = number(x[1])
		d = time.Date(y, time.Month(m)+1, 0, 0, 0, 0, 0, time.UTC).Day()
	}
	switch x := dayOf.FindStringSubmatch(text); {
	case x != nil:
		d = number(x[1])
	case strings.Contains(text, "上旬"):
		d = 10
	case strings.Contains(text, "中旬"):
		d = 20
	}
	if m < 1 || m > 12 || d < 1 || d > 31 {
		return nil
	}
	s := fmt.Sprintf("%04d-%02d-%02d", y, m, d)
	return &s
}

// numericDate is the last day of a time written in figures: 2025.6, 2025-06-30.
func numericDate(text string) *string {
	parts := numbers.FindAllString(text, 3)
	written := parts[0] + "年" + parts[1] + "月"
	if len(parts) > 2 {
		written += parts[2] + "日"
	}
	return date(parts[0], written)
}

// dayBefore is the day before a date, as ISO.
func dayBefore(y, m, d int) string {
	return time.Date(y, time.Month(m), d-1, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
}
