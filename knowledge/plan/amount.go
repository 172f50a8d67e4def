package plan

import (
	"regexp"
	"strings"
)

var respectively = regexp.MustCompile(`分别`)

// amount makes an amount of a figure that someone receives.
func (f figure) amount() (Amount, bool) {
	isMoney := money.MatchString(f.unit)
	if !isMoney && f.unit != "%" {
		return Amount{}, false
	}
	near := f.clause
	switch {
	case f.districtTotal() && !strings.Contains(f.before, "给予") && !strings.Contains(f.before, "奖"):
		return Amount{}, false
	case isMoney && !paying.MatchString(near) && !paying.MatchString(f.sentence):
		return Amount{}, false
	case isMoney && !paying.MatchString(near) && !receives(f):
		return Amount{}, false
	case f.unit == "%" && !(strings.Contains(f.after, "补贴") || strings.Contains(f.after, "补助") || strings.Contains(f.after, "奖励") || strings.Contains(f.after, "分配给") || strings.Contains(f.after, "给予")):
		return Amount{}, false
	}
	return Amount{Text: f.text, Value: f.value, Unit: f.unit, For: f.purpose()}, true
}

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
	payName   = regexp.MustCompile(`[\p{Han}“”]{0,14}(?:补贴|补助|奖励资金|奖励|奖补资金|奖补|资助|贷款|津贴|贴息|补偿)`)
	forWhom   = regexp.MustCompile(`对([^，,。；;（(]{2,60}?)(?:的)?[，,]`)
	leadTrim  = regexp.MustCompile(`^(?:按照|按规定|给予|并|对|可|将|积极向上争取并落实|一次性给予每人|帮助其申报|的|予以)+`)
	kindsSpan = regexp.MustCompile(`对([^，,。；;（(]*、[^，,。；;（(]*)`)
)

// purpose is the span that says who gets the amount or what for. Where a list
// of amounts answers a list of recipients (分别为…) each gets its own.
func (f figure) purpose() string {
	if i := strings.LastIndex(f.sentence, "分别"); i >= 0 {
		if j := strings.Index(f.sentence[i:], f.text); j >= 0 {
			if who := nth(f.sentence[:i], amountsBefore(f.sentence[i:i+j], f.unit)); who != "" {
				return who
			}
		}
	}
	if name := payName.FindAllString(f.before, -1); name != nil {
		return leadTrim.ReplaceAllString(name[len(name)-1], "")
	}
	if name := payName.FindString(f.after); name != "" {
		return strings.TrimPrefix(name, "的")
	}
	if m := forWhom.FindStringSubmatch(f.sentence); m != nil {
		return m[1]
	}
	return ""
}

func amountsBefore(s, unit string) int { return strings.Count(s, unit) }

var kindSplit = regexp.MustCompile(`(?:新培育的|新增上规入库的|新增|对)?([^，,。；;（(、]+)`)

// nth is the n-th member of the list of recipients in a sentence before 分别.
func nth(before string, n int) string {
	best := ""
	for _, c := range clauseSpans(before) {
		if strings.Count(c, "、") >= 1 && (strings.Contains(c, "企业") || strings.Contains(c, "级") || strings.Contains(c, "人") || strings.Contains(c, "户")) {
			parts := strings.Split(c, "、")
			if n < len(parts) {
				p := strings.TrimPrefix(parts[n], "对")
				if n == 0 {
					if i := strings.LastIndex(p, "的"); i >= 0 && i+3 < len(p) {
						p = p[i+3:]
					}
				}
				if strings.Contains(best, "企业") && !strings.Contains(p, "企业") {
					continue
				}
				best = p
			}
		}
	}
	return best
}
