package post

import (
	"regexp"
	"strings"

	"golang.org/x/text/width"
)

// What stands in place of personal numbers.
const (
	maskedID    = "［身份证号］"
	maskedPhone = "［手机号］"
	maskedCard  = "［银行卡号］"
)

// digitRun matches runs of digits as people write numbers: full width, with
// spaces and dashes inside.
var digitRun = regexp.MustCompile(`[0-9０-９](?:[ \-　]?[0-9０-９]){10,22}(?:[ \-　]?[xXｘＸ])?`)

// Mask hides identity card, telephone and bank card numbers, each told by its
// check digit or beginning, so that sums and dates stay.
func Mask(text string) string {
	return digitRun.ReplaceAllStringFunc(text, func(run string) string {
		n := strings.ToUpper(strings.Map(func(r rune) rune {
			if strings.ContainsRune(" -　", r) {
				return -1
			}
			return r
		}, width.Narrow.String(run)))
		switch {
		case len(n) == 18 && isIdentity(n), len(n) == 15 && isOldIdentity(n):
			return maskedID
		case len(n) == 11 && n[0] == '1' && n[1] >= '3':
			return maskedPhone
		case len(n) == 13 && strings.HasPrefix(n, "86") && n[2] == '1':
			return maskedPhone
		case len(n) >= 16 && len(n) <= 19 && luhn(n):
			return maskedCard
		}
		return run
	})
}

// isIdentity checks the last digit of an identity number (GB 11643-1999).
func isIdentity(n string) bool {
	weights := []int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2}
	sum := 0
	for i, w := range weights {
		if n[i] < '0' || n[i] > '9' {
			return false
		}
		sum += int(n[i]-'0') * w
	}
	return n[17] == "10X98765432"[sum%11]
}

// isOldIdentity tells the fifteen digits of before 1999 by their birthday.
func isOldIdentity(n string) bool {
	month, day := n[8:10], n[10:12]
	return month >= "01" && month <= "12" && day >= "01" && day <= "31"
}

// luhn checks the last digit of a card number (ISO/IEC 7812-1).
func luhn(n string) bool {
	sum := 0
	for i := range len(n) {
		c := n[len(n)-1-i]
		if c < '0' || c > '9' {
			return false
		}
		d := int(c - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}
