package post

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/width"
)

// What stands in place of personal numbers.
const (
	maskedID    = "［身份证号］"
	maskedPhone = "［手机号］"
	maskedCard  = "［银行卡号］"
)

// digitRun matches runs of digits as people write numbers: full width, with
// spaces, dashes and marks that nobody sees inside.
var digitRun = regexp.MustCompile(`[0-9０-９](?:[` + gaps + `]{0,3}[0-9０-９])*(?:[` + gaps + `]{0,3}[xXｘＸ])?`)

// gaps are what may stand between the digits of one number.
const gaps = ` \-　\x{00A0}\x{2009}\x{200B}-\x{200D}\x{2060}\x{FEFF}–—－·.`

// maxRun bounds the digits of a run that are looked at.
const maxRun = 400

// Mask hides identity card, telephone and bank card numbers, each told by its
// check digit or beginning and by how its digits are grouped, so that sums and
// dates stay.
func Mask(text string) string {
	return digitRun.ReplaceAllStringFunc(text, maskRun)
}

// A digit is a digit of a run, with where it stands in it.
type digit struct {
	value    byte // 0 to 9, or X
	from, to int  // bytes
	first    bool // of its group
}

func digitsOf(run string) []digit {
	var out []digit
	gap := true
	for i, r := range run {
		n := []rune(width.Narrow.String(string(r)))[0]
		switch {
		case n >= '0' && n <= '9':
			out = append(out, digit{byte(n), i, i + utf8.RuneLen(r), gap})
			gap = false
		case n == 'x' || n == 'X':
			out = append(out, digit{'X', i, i + utf8.RuneLen(r), true}) // may also belong to what follows
			gap = false
		default:
			gap = true
		}
	}
	return out
}

// maskRun hides the numbers in a run: each begins and ends with a group of digits.
func maskRun(run string) string {
	ds := digitsOf(run)
	if len(ds) < 11 || len(ds) > maxRun {
		return run
	}
	var b strings.Builder
	at := 0
	for i := 0; i < len(ds); i++ {
		if !ds[i].first {
			continue
		}
		n, word := personal(ds[i:])
		if n == 0 {
			continue
		}
		b.WriteString(run[at:ds[i].from])
		b.WriteString(word)
		at = ds[i+n-1].to
		i += n - 1
	}
	b.WriteString(run[at:])
	return b.String()
}

// personal returns how many of the digits from the first on are a personal
// number, and what stands in its place.
func personal(ds []digit) (int, string) {
	for _, n := range []int{18, 19, 17, 16, 15, 13, 11} { // the longest meaning first
		if len(ds) < n || len(ds) > n && !ds[n].first {
			continue
		}
		var b strings.Builder
		var groups []int
		for _, d := range ds[:n] {
			b.WriteByte(d.value)
			if d.first {
				groups = append(groups, 0)
			}
			groups[len(groups)-1]++
		}
		number := b.String()
		switch {
		case n == 18 && isIdentity(number), n == 15 && isOldIdentity(number) && (len(groups) == 1 || slices.Equal(groups, []int{6, 6, 3})):
			return n, maskedID
		case n == 11 && isMobile(number) && grouped(groups, 3), n == 13 && strings.HasPrefix(number, "86") && isMobile(number[2:]) && grouped(groups[1:], 3):
			return n, maskedPhone
		case n >= 16 && isCard(number, groups):
			return n, maskedCard
		}
	}
	return 0, ""
}

// grouped reports whether digits stand in groups of at least so many, or each
// alone: dates have groups of one and two.
func grouped(groups []int, least int) bool {
	alone := true
	for _, g := range groups {
		alone = alone && g == 1
	}
	return alone || len(groups) == 0 || slices.Min(groups) >= least
}

func isMobile(n string) bool { return n[0] == '1' && n[1] >= '3' && !strings.HasSuffix(n, "X") }

// isCard reports whether a number is a bank card's: its check digit, and groups
// of four as on the card, six and the rest, or none.
func isCard(n string, groups []int) bool {
	if !luhn(n) {
		return false
	}
	fours := true
	for _, g := range groups[:len(groups)-1] {
		fours = fours && g == 4
	}
	return len(groups) == 1 || fours || len(groups) == 2 && groups[0] == 6 || grouped(groups, len(n))
}

// isIdentity checks the last digit of an identity number (GB 11643-1999).
func isIdentity(n string) bool {
	weights := []int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2}
	if birthday := n[6:14]; birthday[:2] != "19" && birthday[:2] != "20" || birthday[4:6] < "01" || birthday[4:6] > "12" || birthday[6:] < "01" || birthday[6:] > "31" {
		return false
	}
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
	if n[14] == 'X' || n[0] == '0' || n[0] > '8' {
		return false
	}
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
