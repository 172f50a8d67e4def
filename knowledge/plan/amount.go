package plan

import (
	"regexp"
	"strings"
)

var (
	respectively = regexp.MustCompile(`分别`)
	// perHead stands before money that each of many gets.
	perHead = regexp.MustCompile(`每(?:人次|人|户|亩|家|个|台|辆|件|吨|立方米|平方米|集|部|场|次|单|学年|学期|名|生|头|只|套|村|例|班|课时|千瓦时|度|项|所|张|架|条|篇)[\p{Han}]{0,6}$|每[年月](?:补贴|补助|奖励|给予|发放)$`)
	// ceiling is a most that one receiver gets.
	ceiling = regexp.MustCompile(`(?:最高|最多|上限)[^，,。；;]{0,8}$|(?:单笔|单户|单个|单人|单家|单项|单店|单企|每户|每家|每人|每个|每笔|每项|同一)[^，,。；;]{0,12}(?:不超过|最高|不高于|最多|限额)[^，,。；;]{0,8}$`)
	// paidBack stands behind a share that comes back: 按缴纳保险费的30%返还.
	paidBack = regexp.MustCompile(`^(?:予以|给予)?(?:返还|退还|贴息|减免|补偿|报销)`)
	// founded stands before the money of a fund: 设立规模10亿元的基金.
	founded = regexp.MustCompile(`(?:设立|组建|成立|建立)[^，,。；;]{0,12}$`)
	reached = regexp.MustCompile(`^(?:突破|超过|达到|达)`)
	// raisedPay is a standard of pay that goes up: 救助标准提高到.
	raisedPay = regexp.MustCompile(`(?:标准|水平|补贴|补助|津贴)[^，,。；;]{0,40}(?:提高|提升|提|调整|增加|上调)(?:到|至|为)(?:每[人户生][\p{Han}]{0,4})?$`)
	// oneReceiver may add up what it gets in a year: 同一企业年度累计不超过.
	oneReceiver = regexp.MustCompile(`(?:同一|单[笔户个人家项店企])[^，,。；;]{0,12}累计$`)
	// producing money is made, not received.
	producing = regexp.MustCompile(`产值|收入|产量|增收|成本|增加值|利润|加价|价格|电价|单价|售价|投资强度|税收|贡献`)
	// credit is what someone may borrow.
	credit = regexp.MustCompile(`(?:额度|担保额|授信额|授信|贷款额|保额|限额)[^，,。；;]{0,20}$|融资需求[^，,。；;0-9]{0,8}$`)
	payPct = regexp.MustCompile(`(?:补贴|补助|奖励|贴息|返还|减免)(?:比例)?(?:为|按)?$|(?:额度|标准|补贴|奖励)上浮$`)
)

// amount makes an amount of a figure that someone receives, or that says who
// receives: a threshold of turnover or investment.
func (f figure) amount() (Amount, bool) {
	isMoney, share := money.MatchString(f.unit), f.unit == "%" || f.unit == "‰"
	if !isMoney && !share || f.changed() {
		return Amount{}, false
	}
	near := f.clause
	threshold := isMoney && (f.qualifies() || f.condition() && !paid.MatchString(f.before) && !f.toOne() && !founded.MatchString(f.before))
	switch {
	case threshold:
	case isMoney && (f.toOne() || f.standard() || credit.MatchString(f.before) && f.cmp != ">="):
	case isMoney && (f.before == "" && f.cmp == ">=" && reached.MatchString(f.text) || founded.MatchString(f.before)):
		return Amount{}, false
	case f.districtTotal() && !strings.Contains(f.before, "给予") && !strings.Contains(f.before, "奖"):
		return Amount{}, false
	case isMoney && !paying.MatchString(near) && !paying.MatchString(f.sentence):
		return Amount{}, false
	case isMoney && of.MatchString(f.after) && !paying.MatchString(f.sentence):
		return Amount{}, false
	case isMoney && !paying.MatchString(near) && !receives(f):
		return Amount{}, false
	case share && !payPct.MatchString(f.before) && !(strings.Contains(f.after, "补贴") || strings.Contains(f.after, "补助") || strings.Contains(f.after, "奖励") || strings.Contains(f.after, "分配给") || strings.Contains(f.after, "给予") || paidBack.MatchString(f.after)):
		return Amount{}, false
	}
	a := Amount{Text: f.text, Value: f.value, Unit: f.unit}
	if !threshold {
		a.For = f.purpose()
	}
	return a, true
}

// standard reports whether money is what a standard of pay is raised to.
func (f figure) standard() bool {
	return raisedPay.MatchString(listBefore.ReplaceAllString(f.before, "")) && livelihood.MatchString(f.clause) && !producing.MatchString(f.before)
}

// livelihood are standards that persons are paid by.
var livelihood = regexp.MustCompile(`每[人户生]|救助|供养|抚恤|养育|低保|补贴|补助|津贴|养老金|保障标准|护理`)

// receives reports whether money in a clause without a paying word is paid: the
// clause goes on a list that one opened.
func receives(f figure) bool {
	at := strings.Index(f.sentence, f.clause)
	if at < 0 {
		return false
	}
	return respectively.MatchString(f.sentence[:at]) || paying.MatchString(f.sentence[at:]) || paying.MatchString(f.sentence[:at])
}

var (
	payName = regexp.MustCompile(`(?:一次性)?[\p{Han}“”]{0,6}?(?:补贴|补助|奖励资金|奖励|奖补资金|奖补|资助|贷款|津贴|贴息|补偿)(?:政策|资金)?`)
	// paysVerb ends what stands before the name of a payment.
	paysVerb = regexp.MustCompile(`^.*(?:给予|申报|报|予以|提供|落实|享受|申请|按照|支付|发放|兑现|保障|获得|并|对|可|将|的|元|上浮|上|再|首期)`)
	forWhom  = regexp.MustCompile(`对([^，,。；;（(]{2,40}?)(?:的)?(?:[，,]|给予|每)`)
	// recipient tells a list of those who receive from other lists.
	recipient = regexp.MustCompile(`企业|户|人|家|单位|机构|[国省市县]家?级|项目|基地|社`)
	ruleList  = regexp.MustCompile(`按照|根据|规定|依据`)
	andOther  = regexp.MustCompile(`与|和|等`)
)

// purpose is the span that says who gets the amount or what for, "" when the
// text does not say it beside the figure. Where a list of amounts answers a
// list of recipients (分别为…) each gets its own.
func (f figure) purpose() string {
	if i := strings.LastIndex(f.sentence[:f.at], "分别"); i >= 0 {
		n, all := strings.Count(f.sentence[i:f.at], f.unit), strings.Count(f.sentence[i:], f.unit)
		if who := nth(f.sentence[:i], n, all); who != "" {
			return who
		}
	}
	if f.unit == "%" || f.unit == "‰" {
		if name := payment(payName.FindString(f.after)); name != "" {
			return name
		}
	}
	if names := payName.FindAllString(f.before, -1); names != nil {
		if name := payment(names[len(names)-1]); name != "" {
			return name
		}
	}
	if name := payment(payName.FindString(f.after)); name != "" {
		return name
	}
	if m := forWhom.FindStringSubmatch(f.clause); m != nil {
		return m[1]
	}
	return ""
}

// payment is the name of a payment without the words before it.
func payment(name string) string {
	name = paysVerb.ReplaceAllString(name, "")
	if i := strings.Index(name, "一次性"); i > 0 {
		name = name[i:]
	}
	return name
}

// nth is the n-th recipient of a list of all of them that stands before 分别.
func nth(before string, n, all int) string {
	found := ""
	for _, c := range clauseSpans(before) {
		parts := strings.Split(c, "、")
		if len(parts) != all || all < 2 || ruleList.MatchString(c) || strings.ContainsAny(c, "0123456789") {
			continue
		}
		p := strings.TrimPrefix(parts[n], "对")
		if n == 0 {
			if i := strings.LastIndex(p, "的"); i >= 0 {
				p = p[i+len("的"):]
			}
		}
		if at := andOther.FindStringIndex(p); n == all-1 && at != nil && at[0] > 0 {
			p = p[:at[0]]
		}
		if recipient.MatchString(p) {
			found = p
		}
	}
	return found
}
