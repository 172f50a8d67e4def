package plan

import "strings"

// Label is what people read of the item's number: 第39项, 第四部分（二）.
func (it *Item) Label() string {
	if rest, ok := strings.CutPrefix(it.No, "B"); ok && len(it.Path) > 0 {
		return "第" + it.Path[0].Label + "部分（" + chineseDigit(rest) + "）"
	}
	return "第" + it.No + "项"
}

// chineseDigit writes a number from 1 to 99 in Chinese, others as they are.
func chineseDigit(s string) string {
	const digits = "零一二三四五六七八九"
	d := []rune(digits)
	switch {
	case len(s) == 1 && s[0] >= '1' && s[0] <= '9':
		return string(d[s[0]-'0'])
	case len(s) == 2 && s[0] >= '1' && s[0] <= '9' && s[1] >= '0' && s[1] <= '9':
		out := "十"
		if s[0] > '1' {
			out = string(d[s[0]-'0']) + out
		}
		if s[1] > '0' {
			out += string(d[s[1]-'0'])
		}
		return out
	}
	return s
}
