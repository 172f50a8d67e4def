package segment

import (
	"strings"
	"sync"

	"github.com/mozillazg/go-pinyin"
)

// maxReadings is how many readings of one character are compared. Heteronyms
// are compared position by position, never as a product over a text: 38
// characters would have a million readings.
const maxReadings = 2

// Readings lists the folded toneless syllables of r, commonest first, nil when
// r has none. Sounds that merge in Guizhou speech are one: n/l, z/zh, c/ch,
// s/sh, en/eng, in/ing, hu/fu, ü/i.
func Readings(r rune) []string {
	if v, ok := readings.Load(r); ok {
		return v.([]string)
	}
	if !IsHan(r) {
		return nil
	}
	var out []string
	for _, s := range pinyin.SinglePinyin(r, pinyin.Args{Style: pinyin.Normal, Heteronym: true}) {
		s = foldSyllable(s)
		if !contains(out, s) && len(out) < maxReadings {
			out = append(out, s)
		}
	}
	readings.Store(r, out)
	return out
}

// readings caches [Readings]; it is bounded by the number of Chinese characters.
var readings sync.Map

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

// foldSyllable merges what sounds alike in the speech of Guizhou.
func foldSyllable(s string) string {
	for _, m := range [][2]string{{"zh", "z"}, {"ch", "c"}, {"sh", "s"}, {"l", "n"}, {"hu", "f"}} {
		if rest, ok := strings.CutPrefix(s, m[0]); ok {
			s = m[1] + rest
			break
		}
	}
	if s == "f" || s == "fu" { // hu and fu
		return "fu"
	}
	s = strings.ReplaceAll(s, "ü", "i")
	s = strings.ReplaceAll(s, "v", "i")
	for _, p := range []string{"yu", "ju", "qu", "xu"} {
		if rest, ok := strings.CutPrefix(s, p); ok {
			s = p[:1] + "i" + rest
			break
		}
	}
	if rest, ok := strings.CutSuffix(s, "eng"); ok {
		s = rest + "en"
	}
	if rest, ok := strings.CutSuffix(s, "ing"); ok {
		s = rest + "in"
	}
	return s
}
