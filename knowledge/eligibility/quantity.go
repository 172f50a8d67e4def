package eligibility

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

const numeral = `([0-9]+(?:\.[0-9]+)?|[零一二两三四五六七八九十百]+|半)`

var (
	yearsHalf = regexp.MustCompile(numeral + `年半`)
	years     = regexp.MustCompile(numeral + `年(?:多)?`)
	months    = regexp.MustCompile(numeral + `个?(?:多)?月`)
	days      = regexp.MustCompile(numeral + `[天日]`)
	ageOf     = regexp.MustCompile(numeral + `(?:来|多)?(?:岁|周岁)?`)
	// since: 去年6月, 前年底, 今年3月, 2021年5月
	since = regexp.MustCompile(`(今年|去年|前年|大前年|[0-9]{4}年)(?:的)?(?:` + numeral + `月|(初|底|末))?`)
)

// Quantity reads a number in a fact's unit out of what a person answered, on
// the day of asking.
func Quantity(words, unit string, day time.Time) (float64, bool) { return quantity(words, unit, day) }

// quantity reads a number in the unit out of words. Lengths of time may be told
// as a length (一年半) or as the day it began (去年6月), counted to the day of asking.
func quantity(words, unit string, day time.Time) (float64, bool) {
	switch unit {
	case "个月":
		return lengthMonths(words, day)
	case "周岁":
		if m := ageOf.FindStringSubmatch(words); m != nil {
			return parse(m[1])
		}
		return 0, false
	}
	return parse(words)
}

// lengthMonths is a length of time in months.
func lengthMonths(s string, day time.Time) (float64, bool) {
	if m := since.FindStringSubmatch(s); m != nil {
		return monthsSince(m, day)
	}
	if m := yearsHalf.FindStringSubmatch(s); m != nil {
		n, ok := parse(m[1])
		return n*12 + 6, ok
	}
	total, found := 0.0, false
	if m := years.FindStringSubmatch(s); m != nil {
		n, ok := parse(m[1])
		total, found = n*12, ok
		if strings.Contains(m[0], "多") {
			total++
		}
		s = strings.Replace(s, m[0], "", 1)
	}
	if m := months.FindStringSubmatch(s); m != nil {
		if n, ok := parse(m[1]); ok {
			total, found = total+n, true
		}
	}
	if m := days.FindStringSubmatch(s); m != nil && !found {
		if n, ok := parse(m[1]); ok {
			total, found = n/30, true
		}
	}
	return total, found
}

// monthsSince counts from a told month to the day of asking. A year without a
// month is known to within a year only; its middle is taken when that cannot
// mislead by more than half a year.
func monthsSince(m []string, day time.Time) (float64, bool) {
	year := day.Year()
	switch m[1] {
	case "今年":
	case "去年":
		year--
	case "前年":
		year -= 2
	case "大前年":
		year -= 3
	default:
		y, err := strconv.Atoi(strings.TrimSuffix(m[1], "年"))
		if err != nil {
			return 0, false
		}
		year = y
	}
	month := 7.0
	switch {
	case m[2] != "":
		n, ok := parse(m[2])
		if !ok || n < 1 || n > 12 {
			return 0, false
		}
		month = n
	case m[3] == "初":
		month = 1
	case m[3] != "":
		month = 12
	}
	got := float64((day.Year()-year)*12+int(day.Month())) - month
	return max(0, got), true
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
