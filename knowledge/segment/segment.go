// Package segment turns text into the units that matching works on: normalised
// characters, words, bigrams and syllables.
//
// Nothing here is for display: a normalised text has other signs, other
// characters and another length than what the person typed or the plan prints.
package segment

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/longbridgeapp/opencc"
	"golang.org/x/text/unicode/norm"
)

// MaxRunes is how much of a question is matched; the rest is ignored, so that
// no question costs more than a fixed budget.
const MaxRunes = 500

// emoji are the bracketed emoticons that chat programs write as text: [流泪].
var emoji = regexp.MustCompile(`\[\p{Han}{1,4}\]`)

// simplifier maps traditional to simplified characters. It is only read after
// it is built.
var simplifier = func() *opencc.OpenCC {
	c, err := opencc.New("t2s")
	if err != nil {
		panic("segment: embedded traditional-simplified table: " + err.Error())
	}
	return c
}()

// Normalise folds s for matching: valid UTF-8, NFKC, simplified characters,
// lower case, no invisible characters, no bracketed emoticons, runs of space
// as one. At most [MaxRunes] runes are kept.
func Normalise(s string) string { return Fold(clip(s, 4*MaxRunes), MaxRunes) }

// Fold is [Normalise] with another bound; 0 means none. The plan's own text is
// folded without one.
func Fold(s string, maxRunes int) string {
	s = strings.ToValidUTF8(s, " ")
	s = norm.NFKC.String(strings.Map(visible, s))
	if simple, err := simplifier.Convert(s); err == nil {
		s = simple
	}
	s = strings.ToLower(emoji.ReplaceAllString(s, " "))
	s = strings.Join(strings.Fields(s), " ")
	if maxRunes > 0 {
		s = clip(s, maxRunes)
	}
	return s
}

// clip cuts s after n runes.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}

// visible drops control and format characters and turns white space into a space.
func visible(r rune) rune {
	switch {
	case unicode.IsSpace(r):
		return ' '
	case pictured(r):
		return ' '
	case r == utf8.RuneError, unicode.IsControl(r), unicode.Is(unicode.Cf, r),
		unicode.Is(unicode.Variation_Selector, r), unicode.Is(unicode.Co, r), unicode.Is(unicode.Cs, r):
		return -1
	}
	return r
}

// pictured reports whether r is an emoji: pictographs, dingbats and skin tones.
func pictured(r rune) bool {
	return r >= 0x1F000 && r <= 0x1FBFF || r >= 0x2600 && r <= 0x27BF
}

// IsHan reports whether r is a Chinese character.
func IsHan(r rune) bool { return unicode.Is(unicode.Han, r) }

// HasWords reports whether s holds anything that can be matched: a letter, a
// digit or a Chinese character.
func HasWords(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) })
}
