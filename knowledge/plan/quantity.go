package plan

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A figure is a number with its unit and where it stands.
type figure struct {
	text     string // verbatim, with comparison
	value    float64
	max      *float64
	unit     string
	cmp      string
	sentence string
	clause   string
	before   string // of the clause, up to text
	after    string // of the clause, behind text
	at       int    // byte of text in the sentence
}

const (
	numberPattern = `[0-9]+(?:,[0-9]{3})*(?:\.[0-9]+)?`
	counters      = `人次|人天|车次|班次|场次|户次|批次|家次|件次|台次|平方公里|平方千米|平方米|立方米|公里|千米|公顷|公斤|千克|吨标准煤|吨|千瓦时|千瓦|兆瓦|千伏安|千伏|微克[/／]立方米|毫克[/／]升|标箱|学时|课时|` +
		`人|名|户|家|个|所|项|条|件|套|次|场|亩|张|批|期|届|座|处|只|头|株|台|辆|艘|门|类|种|支|部|篇|本|份|宗|对|位|组|间|栋|幢|床|倍|斤|班|列|架|口|眼|块|册|枚|幅|羽|尾|笔|例|起|款|米|度|集|盏|棵|根`
	units = `万亿元|(?:[十百千]?[万亿]|[百千])?(?:元|美元|欧元)|个百分点|百分点|%|％|‰|` + lasting + `|[十百千]?[万亿]?(?:` + counters + `)|[万亿]`
	// lasting are units of time: a figure only where a span is to be cut short.
	lasting = `个工作日|个自然日|个小时|个月|工作日|小时|分钟|周岁|岁|天`
	dash    = `[—－\-–~～至到]{1,2}`
)

var (
	figurePattern = regexp.MustCompile(
		`((?:不低于|不少于|不小于|不得低于|不得少于|不超过|不高于|不多于|不得超过|不得高于|最高不超过|最多不超过|控制在|最高(?:奖励|补助|补贴|资助|给予)?|最低|最多(?:奖励|评选|支持|补助|资助|认定)?|至少|超过|突破|达到|达|高于|低于|少于|大于|小于|约|近|不足|新增|[≥≤＞＜><])?)[\s　]*` +
			`(` + numberPattern + `)[余多]?[\s　]*(?:(?:` + units + `)?` + dash + `[\s　]*(` + numberPattern + `))?[余多]?[\s　]*(` + units + `)?` +
			`((?:\s*(?:及|或|\(含\)|（含）)?\s*(?:以上|以下|以内|左右|之内|以外|上下|区间))?)`)
	// within stands behind a span of time that an act may take: 3个工作日内办结.
	within = regexp.MustCompile(`^(?:内|之内)?[\p{Han}]{0,6}(?:办结|办理完毕|出证|出具|完成审批|审批完成|答复|反馈|拨付|兑现|到账|发证|领证)`)
	// rating stands for a kind of device, not for how much: 10千伏单电源客户.
	rating       = regexp.MustCompile(`^(?:千伏安|千伏|蒸吨|兆瓦|千瓦)$`)
	rated        = regexp.MustCompile(`^[\p{Han}]`)
	ratioPattern = regexp.MustCompile(numberPattern + `(?:[:：∶]` + numberPattern + `)+(?:左右|以内)?`)
	doubling     = regexp.MustCompile(`翻([一两二三]?)番`)
	dateAround   = regexp.MustCompile(`^[\s　]*(?:年|月|日|号|时|周岁|岁|天|小时|世纪|个月|个工作日|工作日|个自然日|分钟|季度|学期)`)
	lastingAfter = regexp.MustCompile(`^[\s　]*(?:月|工作日|自然日|小时|季度|学期|学年)`)
	timeUnit     = regexp.MustCompile(`^(?:` + lasting + `)$`)
	// shortened is a span of time that the doer is to cut, or to lengthen.
	shortened = regexp.MustCompile(`压缩|压减|缩短|减至|提速|时限|寿命|优良天数|天数|(?:时间|时长|用时)$`)
)

// figures finds the numbers that may bind or benefit someone: no dates, ages,
// document numbers, names of laws or numbers of sections.
func figures(text string) []figure {
	var out []figure
	for _, sentence := range shortSentences(text) {
		from := 0
		for _, c := range clauseSpans(sentence) {
			from += strings.Index(sentence[from:], c)
			out = append(out, clauseFigures(sentence, c, from)...)
			from += len(c)
		}
	}
	return out
}

// clauseSpans cuts a sentence at commas, brackets not kept whole: a bracket may
// hold the amounts.
func clauseSpans(sentence string) []string {
	return strings.FieldsFunc(sentence, func(r rune) bool { return strings.ContainsRune("，,。；;！？\n", r) })
}

func clauseFigures(sentence, clause string, from int) []figure {
	if !strings.ContainsAny(clause, "0123456789番") {
		return nil
	}
	var out []figure
	masked := mask(clause)
	for _, m := range figurePattern.FindAllStringSubmatchIndex(masked, -1) {
		if m[0] == m[1] || m[8] >= 0 && timeUnit.MatchString(masked[m[8]:m[9]]) && !shortened.MatchString(clause[:m[0]]) && !within.MatchString(clause[m[1]:]) ||
			m[8] >= 0 && rating.MatchString(masked[m[8]:m[9]]) && rated.MatchString(clause[m[1]:]) ||
			m[8] >= 0 && masked[m[8]:m[9]] == "个" && lastingAfter.MatchString(masked[m[9]:]) || m[8] < 0 && dateAround.MatchString(masked[m[1]:]) || m[4] > 0 && precedesNumber(masked[:m[4]]) {
			continue
		}
		f := figure{text: strings.TrimSpace(clause[m[0]:m[1]]), sentence: sentence, clause: clause, before: clause[:m[0]], after: clause[m[1]:], at: from + m[0]}
		f.value = parse(clause[m[4]:m[5]])
		if m[6] >= 0 {
			top := parse(clause[m[6]:m[7]])
			f.max = &top
		}
		if m[8] >= 0 {
			f.unit = strings.Replace(clause[m[8]:m[9]], "％", "%", 1)
		}
		f.cmp = comparison(clause[m[2]:m[3]], clause[m[10]:m[11]], f.max)
		if f.unit == "" && f.cmp == "=" {
			continue
		}
		out = append(out, f)
	}
	for _, m := range doubling.FindAllStringSubmatchIndex(masked, -1) {
		times := max(1, number(strings.Replace(clause[m[2]:m[3]], "两", "二", 1)))
		out = append(out, figure{text: clause[m[0]:m[1]], value: float64(times), unit: "番", cmp: "=", sentence: sentence, clause: clause, before: clause[:m[0]], after: clause[m[1]:], at: from + m[0]})
	}
	for _, m := range ratioPattern.FindAllStringIndex(masked, -1) {
		out = append(out, figure{text: clause[m[0]:m[1]], value: parse(clause[m[0]:m[1]]), unit: "", cmp: comparison("", clause[m[0]:m[1]], nil), sentence: sentence, clause: clause, before: clause[:m[0]], after: clause[m[1]:], at: from + m[0]})
	}
	return out
}

// precedesNumber reports whether what stands before a number makes it part of
// something else: a decimal, a version, a letter.
func precedesNumber(before string) bool {
	r := lastRune(before)
	return r == '.' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || r == '第'
}

var maskedParts = regexp.MustCompile(`《[^》]*》|〔[0-9]{4}〕[0-9]*号?|[(（][0-9]{4}[—－\-–~][0-9]{4}年?[)）]|[0-9]{4}年(?:[0-9]{1,2}月(?:[0-9]{1,2}日)?)?|[0-9]{1,2}月[0-9]{1,2}日|[0-9A-Za-z]+[+＋][0-9A-Za-z]*|“[^”0-9]{0,6}[0-9][^”]{0,24}”`)

// mask blanks what holds no figure, keeping every byte's place.
func mask(s string) string {
	return maskedParts.ReplaceAllStringFunc(s, func(m string) string { return strings.Repeat("#", len(m)) })
}

func parse(s string) float64 {
	s = strings.ReplaceAll(s, ",", "")
	if i := strings.IndexAny(s, ":：∶"); i > 0 {
		s = s[:i]
	}
	v, _ := strconv.ParseFloat(s, 64)
	return v
}

// comparison reads what a figure says: at least, at most, about, a range.
func comparison(before, after string, most *float64) string {
	switch {
	case most != nil:
		return "range"
	case strings.Contains(after, "左右") || strings.Contains(after, "上下") || before == "约" || before == "近":
		return "about"
	case slices.Contains([]string{"不低于", "不少于", "不小于", "不得低于", "不得少于", "至少", "超过", "突破", "最低", "高于", "大于", "≥", "＞", ">"}, before), strings.Contains(after, "以上"):
		return ">="
	case slices.Contains([]string{"不超过", "不高于", "不得超过", "不多于", "不得高于", "最高不超过", "最多不超过", "低于", "少于", "小于", "≤", "＜", "<"}, before), strings.HasPrefix(before, "最多"), strings.HasPrefix(before, "最高"), strings.Contains(after, "以下"), strings.Contains(after, "以内"), strings.Contains(after, "之内"):
		return "<="
	}
	return "="
}
