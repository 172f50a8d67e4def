package plan

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// A timeForm is a way a text says when.
type timeForm struct {
	re   *regexp.Regexp
	kind string
}

var timeForms = []timeForm{
	{regexp.MustCompile(`[0-9]{4}年[0-9]{1,2}月[0-9]{1,2}日(?:至|到|—|-)[0-9]{4}年[0-9]{1,2}月[0-9]{1,2}日|[0-9]{4}年[0-9]{1,2}月[0-9]{1,2}日(?:至|到|—|-)[0-9]{1,2}月[0-9]{1,2}日`), "span"},
	{regexp.MustCompile(`(?:到)?[0-9]{4}年[0-9]{1,2}月(?:[0-9]{1,2}日|底|末|上旬|中旬|下旬)?(?:之?前|止)?`), "once"},
	{regexp.MustCompile(`(?:到)?[0-9]{4}年(?:底|末|年底|上半年|下半年)?(?:之?前|内)?`), "once"},
	{regexp.MustCompile(`(?:[0-9]{1,2}|[一二三四五六七八九十两])年(?:内|之内|以内)`), "multi-year"},
	{regexp.MustCompile(`(?:今年|本年|本年度|年)(?:内|底前|底|末)(?:之?前)?|今年年底前?|年底之?前`), "thisyear"},
	{regexp.MustCompile(`每半年|半年(?:开展|进行|一次)`), "half-yearly"},
	{regexp.MustCompile(`每(?:个)?季度|按季度?`), "quarterly"},
	{regexp.MustCompile(`每(?:个)?月|按月`), "monthly"},
	{regexp.MustCompile(`每年(?:度)?|各年度|按年度`), "yearly"},
}

var (
	rate      = regexp.MustCompile(`每[月年]每|每人(?:每)?[月年]|每月(?:不低于|不少于|补|发|给|[0-9])|人均|年均|月均|每户每[年月]|每生每年|(?:元|%)[／/]?(?:每)?[年月]|按年缴`)
	nameParts = regexp.MustCompile(`《[^》]*》|〔[^〕]*〕[0-9]*号?|“[^”]*”|[(（][0-9]{4}[—－\-–~][0-9]{4}年?[)）]|(?:三年|[一二两三四五六七八九十]年)(?:行动|攻坚|计划|专项|规划|滚动)`)
	// notDue stands before or behind a year that is no time to reach something.
	notDueBefore = regexp.MustCompile(`(?:较|比|自|从|截至|按|依据|结合|根据|原|超过|离校|毕业|退役|登记|注册|入职|参保|成立|取得|有效期|期限)(?:后|之日起|起)?$`)
	notDueAfter  = regexp.MustCompile(`^(?:度|以来|起|[^，,。；;]{0,4}(?:工作报告|要点|一号文件|中央一号|版|年度计划|标准|价格|平均|同期))`)
)

// deadlines reads the time expressions of a text that bind, one entry each.
func deadlines(text string, p *Plan) []Deadline {
	var out []Deadline
	for _, sentence := range Sentences(text) {
		for _, clause := range clauseSpans(sentence) {
			out = append(out, deadlineIn(clause, sentence, p, false)...)
		}
	}
	return out
}

// deadlineIn reads the time expressions of one clause. In a column of time
// limits every expression binds.
func deadlineIn(clause, sentence string, p *Plan, column bool) []Deadline {
	out := []Deadline{}
	masked := nameParts.ReplaceAllStringFunc(clause, func(m string) string { return strings.Repeat("#", len(m)) })
	masked = rate.ReplaceAllStringFunc(masked, func(m string) string { return strings.Repeat("#", len(m)) })
	for _, form := range timeForms {
		for _, at := range form.re.FindAllStringIndex(masked, -1) {
			text := clause[at[0]:at[1]]
			if !column && strings.Trim(sentence, "。 　()（）") == text {
				continue // a date that stands alone
			}
			before, after := masked[:at[0]], masked[at[1]:]
			masked = masked[:at[0]] + strings.Repeat("#", at[1]-at[0]) + masked[at[1]:]
			if !column && (notDueBefore.MatchString(before) || form.kind != "span" && notDueAfter.MatchString(after)) {
				continue
			}
			if d, ok := makeDeadline(text, form.kind, before, after, p, column); ok {
				d.Hedge = hedgeWords.FindString(before + after)
				if d.Hedge == "计划" || d.Hedge == "鼓励" && !strings.Contains(clause, d.Hedge) {
					d.Hedge = map[bool]string{true: "计划"}[strings.HasPrefix(strings.TrimSpace(clause), "计划")]
				}
				out = append(out, d)
			}
		}
	}
	return out
}

var (
	yearOf  = regexp.MustCompile(`[0-9]{4}`)
	monthOf = regexp.MustCompile(`([0-9]{1,2})月`)
	dayOf   = regexp.MustCompile(`([0-9]{1,2})日`)
	// signs is who stands before the date of a signature
	signs  = regexp.MustCompile(`(?:政府|办公室|局|委员会|厅|部|管委会|院)[\s　]*$`)
	acting = regexp.MustCompile(`[\p{Han}]`)
)

func makeDeadline(text, kind, before, after string, p *Plan, column bool) (Deadline, bool) {
	d := Deadline{Text: strings.TrimSpace(text), Kind: kind, Hard: true}
	switch kind {
	case "span":
		d.Kind = "once"
		all := yearOf.FindAllString(text, -1)
		tail := text[strings.LastIndex(text, all[len(all)-1]):]
		if i := strings.IndexAny(text, "至到—-"); i > 0 && len(all) == 1 {
			tail = text[i:]
		}
		d.Due = date(all[len(all)-1], tail)
	case "once":
		if !column && after == "" && signs.MatchString(before) {
			return d, false
		}
		d.Due = date(yearOf.FindString(text), text)
	case "thisyear":
		d.Kind = "once"
		year := p.year()
		if year == "" {
			d.Hard = true
			return d, true
		}
		due := year + "-12-31"
		d.Due = &due
	case "multi-year":
		if len(p.Title) > 0 {
			if m := yearsSpan.FindStringSubmatch(p.Title); m != nil {
				due := m[2] + "-12-31"
				d.Due = &due
			}
		}
	case "half-yearly":
		d.Kind = "yearly"
	}
	if (kind == "monthly" || kind == "yearly" || kind == "quarterly") && !acting.MatchString(after) && !column {
		return d, false
	}
	return d, true
}

// year is the one year a plan is for, "" when it is for none or several.
func (p *Plan) year() string {
	if len(p.Valid.To) >= 4 && len(p.Valid.From) >= 4 && p.Valid.From[:4] == p.Valid.To[:4] {
		return p.Valid.To[:4]
	}
	if len(p.Issued) >= 4 {
		return p.Issued[:4]
	}
	return ""
}

// date is the last day that a time expression allows.
func date(year, text string) *string {
	y, err := strconv.Atoi(year)
	if err != nil {
		return nil
	}
	m, d := 12, 31
	if strings.Contains(text, "上半年") {
		m, d = 6, 30
	}
	if x := monthOf.FindStringSubmatch(text); x != nil {
		m = number(x[1])
		d = time.Date(y, time.Month(m)+1, 0, 0, 0, 0, 0, time.UTC).Day()
	}
	if x := dayOf.FindStringSubmatch(text); x != nil {
		d = number(x[1])
	}
	if m < 1 || m > 12 || d < 1 || d > 31 {
		return nil
	}
	s := fmt.Sprintf("%04d-%02d-%02d", y, m, d)
	return &s
}

// dayBefore is the day before a date, as ISO.
func dayBefore(y, m, d int) string {
	return time.Date(y, time.Month(m), d-1, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
}
