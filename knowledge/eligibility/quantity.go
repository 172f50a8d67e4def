package eligibility

import (
	"strconv"
	"strings"
	"time"

	"huiwen/knowledge/pattern"
)

// someOf is a numeral or a vague count: 好几年, 年把 is about one.
const someOf = `([0-9]+(?:\.[0-9]+)?|十几|十来|好几|好多|几|[零一二两三四五六七八九十百]+|半)`

const numeral = `([0-9]+(?:\.[0-9]+)?|[零一二两三四五六七八九十百]+|半)`

var (
	ageOf = pattern.MustCompile(`(快|将近|差不多|不到|不满|没满|未满|还没满|过了|超过)?(?:有|满)?` + numeral + `(?:来|多|几|好几|出头)?(?:岁|周岁)?`)
	// sumOf: 6千, 1.5万, 三千多
	sumOf   = pattern.MustCompile(`([0-9]+(?:\.[0-9]+)?|[一二两三四五六七八九十]+)(百|千|万)?(多|几|来)?`)
	counted = pattern.MustCompile(numeral)
	// length of time: 一年零三个月, 一年半, 十三个月, 半年多
	length = pattern.MustCompile(`(不到|没到|不满|未满|还没满|快|将近|差不多|大概|才|刚满|满|超过)?(?:了|有|要)?` + someOf + `(?:个)?(多)?(年|月|天|日|周|星期)(半|多|以上|左右|出头)?(?:(?:零|又|加|,)?` + numeral + `个?(多)?月)?(多|以上|左右|出头|不到)?`)
	// began: the day something began: 去年6月, 前年底, 今年3月5号, 2021年5月, 上个月
	began = pattern.MustCompile(`(大前年|前年|去年|今年|[0-9]{4}年|[0-9]{2}年|二[零〇][零〇一二三四五六七八九]{2}年)(?:的)?(?:农历|阴历)?(?:` + numeral + `月(?:份)?(?:` + numeral + `[日号])?(初|底|中旬)?|(初|年初|开年|开春|春节|正月|春天|五一|端午|夏天|暑假|中秋|国庆|秋天|冬天|腊月|上半年|下半年|底|年底|末|过完年|过年))?|(上上个?月|上个?月|这个?月|本月|下个?月|上周|这周|昨天|今天|前几天|明年|年前|年初|开年|开春|过完年|正月(?:间|里|头)?|今早|今天)`)
	// inMonth is a month without its year: 三月份, 8月底, 五月10号.
	inMonth = pattern.MustCompile(`(?:^|[^年0-9一二三四五六七八九十个])([0-9]{1,2}|十[一二]?|[一二三四五六七八九])月(份|初|底|中旬|[0-9一二三十]{1,3}[日号]|就|才|刚|去|办|开|到|出|注册|登记|毕业|离)`)
	// until stands before a day that is an end, no beginning: 到今年国庆满两年.
	until = pattern.MustCompile(`(?:到|至|截止|截至|等)$`)
	// shortOf: 差两个月满一年.
	shortOf = pattern.MustCompile(`差` + numeral + `(个月|天)[^,]{0,4}?` + numeral + `年`)
	// yearWord is the year that later months without one belong to.
	yearWord = pattern.MustCompile(`大前年|前年|去年|今年|[0-9]{4}年|2[1-9]年|二[零〇][零〇一二三四五六七八九]{2}年`)
)

// A span is a stretch of time told in a text, in months until the day of
// asking: at least lo and at most hi.
type span struct {
	from, to int
	lo, hi   float64
	began    bool // told as the day that something began
}

// Quantity reads a number in a fact's unit out of what a person answered, on
// the day of asking.
func Quantity(words, unit string, day time.Time) (Value, bool) {
	lo, hi, ok := quantityRange(words, unit, day)
	return Value{Known: ok, Number: lo, Upto: hi}, ok
}

// quantityRange reads a number in the unit out of words, as the least and the
// most that it may be.
func quantityRange(words, unit string, day time.Time) (lo, hi float64, ok bool) {
	switch unit {
	case "个月":
		spans := spansIn(words, "", day)
		if len(spans) == 0 {
			return 0, 0, false
		}
		return spans[0].lo, spans[0].hi, true
	case "周岁":
		m := ageOf.FindStringSubmatch(words)
		if m == nil {
			return 0, 0, false
		}
		lo, ok = parse(m[2])
		switch {
		case !ok:
		case strings.ContainsAny(m[0], "来多几"), strings.HasPrefix(m[1], "过了"), strings.HasPrefix(m[1], "超"):
			return lo, lo + 9 - float64(int(lo)%10), ok
		case strings.Contains(m[0], "出头"):
			return lo, lo + 4, ok
		case m[1] == "快", m[1] == "将近", m[1] == "差不多":
			return lo - 2, lo - 0.1, ok
		case m[1] != "":
			return lo - 3, lo - 0.1, ok
		}
		return lo, lo, ok
	}
	if unit == "元" {
		m := sumOf.FindStringSubmatch(words)
		if m == nil {
			return 0, 0, false
		}
		lo, ok = parse(m[1])
		lo *= map[string]float64{"": 1, "百": 100, "千": 1000, "万": 10_000}[m[2]]
		if m[3] != "" {
			return lo, lo * 1.5, ok
		}
		return lo, lo, ok
	}
	m := counted.FindString(words)
	lo, ok = parse(m)
	switch {
	case !ok:
	case strings.Contains(words, "不到"):
		return lo * 0.8, lo - 1, ok
	case strings.Contains(words, "多"), strings.Contains(words, "来"):
		return lo, lo * 1.3, ok
	}
	return lo, lo, ok
}

// spansIn lists the stretches of time of a text, in order: lengths, and days
// that something began, counted to the day of asking. Year is the year word that
// months without one belong to, "" when none was told.
func spansIn(text, year string, day time.Time) []span {
	var out []span
	taken := func(at []int) bool {
		for _, s := range out {
			if at[0] < s.to && s.from < at[1] {
				return true
			}
		}
		return false
	}
	for _, at := range shortOf.FindAllStringSubmatchIndex(text, -1) {
		m := groups(text, at)
		less, ok := parse(m[1])
		whole, also := parse(m[3])
		if m[2] == "天" {
			less /= 30
		}
		if ok && also {
			out = append(out, span{at[0], at[1], 12*whole - less, 12*whole - less, false})
		}
	}
	for _, at := range began.FindAllStringSubmatchIndex(text, -1) {
		if taken(at[:2]) || until.MatchString(text[:at[0]]) {
			continue
		}
		if lo, hi, ok := since(groups(text, at), day); ok {
			out = append(out, span{at[0], at[1], lo, hi, true})
		}
	}
	for _, at := range inMonth.FindAllStringSubmatchIndex(text, -1) {
		m := groups(text, at)
		if taken(at[:2]) || until.MatchString(text[:at[2]]) {
			continue
		}
		if lo, hi, ok := sinceMonth(m[1], year, day); ok {
			out = append(out, span{at[2], at[1], lo, hi, true})
		}
	}
	for _, at := range length.FindAllStringSubmatchIndex(text, -1) {
		if taken(at[:2]) || strings.HasSuffix(text[:at[0]], "第") { // 第二个月 is no length
			continue
		}
		if lo, hi, ok := lasted(groups(text, at)); ok {
			out = append(out, span{at[0], at[1], lo, hi, false})
		}
	}
	return out
}

// sinceMonth is how many months ago a month without its year was: of the year told
// before, else the last one that has come.
func sinceMonth(month, year string, day time.Time) (lo, hi float64, ok bool) {
	n, ok := parse(month)
	if !ok || n < 1 || n > 12 {
		return 0, 0, false
	}
	if year == "" {
		if year = "今年"; int(n) > int(day.Month()) {
			year = "去年"
		}
	}
	m := make([]string, 7)
	m[1], m[2] = year, month
	return since(m, day)
}

func groups(text string, at []int) []string {
	out := make([]string, len(at)/2)
	for i := range out {
		if at[2*i] >= 0 {
			out[i] = text[at[2*i]:at[2*i+1]]
		}
	}
	return out
}

// lasted is a told length in months; m are the groups of length.
func lasted(m []string) (lo, hi float64, ok bool) {
	vague, isVague := map[string][2]float64{"几": {2, 9}, "好几": {3, 9}, "好多": {4, 40}, "十几": {11, 19}, "十来": {9, 13}}[m[2]]
	n, ok := parse(m[2])
	if !ok && !isVague {
		return 0, 0, false
	}
	unit := map[string]float64{"年": 12, "月": 1, "天": 1.0 / 30, "日": 1.0 / 30, "周": 0.25, "星期": 0.25}[m[4]]
	if isVague {
		return vague[0] * unit, vague[1] * unit, m[4] == "年" || m[4] == "月" && strings.Contains(m[0], "个")
	}
	if m[4] == "月" && !strings.Contains(m[0], "个") && n <= 12 {
		return 0, 0, false // 八月 is a month of the year, not eight months
	}
	if m[4] == "日" || m[4] == "年" && n > 60 {
		return 0, 0, false // a day of the month, a year's name
	}
	lo = n * unit
	hi = lo
	if m[5] == "半" {
		lo, hi = lo+unit/2, hi+unit/2
	}
	if extra, ok := parse(m[6]); ok && m[6] != "" {
		lo, hi = lo+extra, hi+extra
	}
	switch {
	case m[1] == "不到" || m[1] == "没到" || m[1] == "不满" || m[1] == "未满" || m[1] == "还没满" || m[8] == "不到":
		return max(0, lo-unit), lo - 0.5*min(unit, 1), true
	case m[1] == "快" || m[1] == "将近":
		return lo - unit/4, lo - 0.1, true
	case m[1] == "差不多" || m[1] == "大概" || m[5] == "左右" || m[8] == "左右":
		return lo - unit/6, lo + unit/6, true
	case m[3] == "多" || m[5] != "" && m[5] != "半" || m[7] == "多" || m[8] != "":
		if m[6] != "" {
			unit = 1
		}
		return lo + 0.1*min(unit, 5), lo + 0.9*unit, true
	}
	return lo, hi, true
}

// since is how many months ago a told day was; m are the groups of began. A
// month without its day and a year without its month leave a range.
func since(m []string, day time.Time) (lo, hi float64, ok bool) {
	if m[6] != "" {
		r, ok := map[string][2]float64{"上上个月": {1.5, 2.5}, "上上月": {1.5, 2.5}, "上个月": {0.5, 1.5}, "上月": {0.5, 1.5}, "这个月": {0, 0.9}, "这月": {0, 0.9}, "本月": {0, 0.9}, "上周": {0.2, 0.4}, "这周": {0, 0.2}, "昨天": {0, 0}, "今天": {0, 0}, "前几天": {0, 0.3}, "下个月": {0, 0}, "下月": {0, 0}, "明年": {0, 0}}[m[6]]
		if word, this := map[string]string{"年初": "年初", "开年": "开年", "开春": "开春", "过完年": "过完年"}[m[6]]; this {
			return since([]string{"", "今年", "", "", "", word, ""}, day)
		}
		if strings.HasPrefix(m[6], "正月") {
			return since([]string{"", "今年", "", "", "", "正月", ""}, day)
		}
		if m[6] == "年前" {
			return since([]string{"", "去年", "", "", "", "年底", ""}, day)
		}
		return r[0], r[1], ok
	}
	year, ok := yearOf(m[1], day.Year())
	if !ok {
		return 0, 0, false
	}
	first, last := time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(year, 12, 31, 0, 0, 0, 0, time.UTC)
	between := func(from, to time.Month) {
		first = time.Date(year, from, 1, 0, 0, 0, 0, time.UTC)
		last = time.Date(year, to+1, 0, 0, 0, 0, 0, time.UTC)
	}
	switch {
	case m[2] != "":
		month, ok := parse(m[2])
		if !ok || month < 1 || month > 12 {
			return 0, 0, false
		}
		between(time.Month(month), time.Month(month))
		if d, ok := parse(m[3]); ok && m[3] != "" && d >= 1 && d <= 31 {
			first = time.Date(year, time.Month(month), int(d), 0, 0, 0, 0, time.UTC)
			last = first
		} else if m[4] == "初" {
			last = first.AddDate(0, 0, 9)
		} else if m[4] == "底" {
			first = last.AddDate(0, 0, -9)
		}
	case m[5] != "":
		r := map[string][2]time.Month{"初": {1, 3}, "年初": {1, 3}, "过年": {1, 2}, "过完年": {2, 3}, "开年": {1, 3}, "开春": {2, 4}, "春节": {1, 2}, "正月": {1, 3}, "五一": {5, 5}, "端午": {5, 6}, "暑假": {7, 8}, "中秋": {9, 10}, "国庆": {10, 10}, "腊月": {12, 12}, "春天": {2, 4}, "夏天": {5, 8}, "秋天": {8, 11}, "冬天": {11, 12}, "上半年": {1, 6}, "下半年": {7, 12}, "底": {11, 12}, "年底": {11, 12}, "末": {11, 12}}[m[5]]
		between(r[0], r[1])
	}
	today := time.Date(day.Year(), day.Month(), day.Day(), 0, 0, 0, 0, time.UTC)
	return max(0, monthsBetween(last, today)), max(0, monthsBetween(first, today)), true
}

func yearOf(word string, now int) (int, bool) {
	switch word {
	case "今年":
		return now, true
	case "去年":
		return now - 1, true
	case "前年":
		return now - 2, true
	case "大前年":
		return now - 3, true
	}
	y, err := strconv.Atoi(inDigits.Replace(strings.TrimSuffix(word, "年")))
	switch {
	case err != nil:
		return 0, false
	case y < 100 && y > now%100:
		return 0, false // 60年 is a length or another century
	case y < 100:
		y += now / 100 * 100
	}
	return y, y > 1900 && y <= now+1
}

// inDigits writes a year's name in digits: 二零二一.
var inDigits = strings.NewReplacer("零", "0", "〇", "0", "一", "1", "二", "2", "三", "3", "四", "4", "五", "5", "六", "6", "七", "7", "八", "8", "九", "9")

// monthsBetween counts whole months and the part of the last one.
func monthsBetween(from, to time.Time) float64 {
	whole := float64((to.Year()-from.Year())*12 + int(to.Month()) - int(from.Month()))
	return whole + float64(to.Day()-from.Day())/31
}

// parse reads digits or a Chinese numeral up to the hundreds; 半 is a half.
func parse(s string) (float64, bool) {
	if n, err := strconv.ParseFloat(s, 64); err == nil {
		return n, true
	}
	if s == "半" {
		return 0.5, true
	}
	digit := map[rune]float64{'零': 0, '一': 1, '二': 2, '两': 2, '三': 3, '四': 4, '五': 5, '六': 6, '七': 7, '八': 8, '九': 9}
	total, last, any := 0.0, 0.0, false
	for _, r := range s {
		switch r {
		case '十':
			if last == 0 {
				last = 1
			}
			total, last, any = total+last*10, 0, true
		case '百':
			total, last, any = total+last*100, 0, true
		default:
			d, ok := digit[r]
			if !ok {
				return 0, false
			}
			last, any = d, true
		}
	}
	return total + last, any
}
