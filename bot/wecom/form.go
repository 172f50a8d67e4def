package wecom

import (
	"strconv"
	"strings"
	"unicode"

	"huiwen/bot"
)

// trusted are the parts whose links stay links: our own words, and what an
// administrator entered in the directory. The plan's text, ledger entries and
// what people wrote are shown as words, whatever stands in them.
func trusted(k bot.Kind) bool { return k == bot.Plain || k == bot.Contact }

// angles are what begins markup, links and mentions in texts of the platform.
var angles = strings.NewReplacer("<", "＜", ">", "＞")

// marks are what has a meaning in the platform's markdown.
var marks = strings.NewReplacer("[", "［", "]", "］", "(", "（", ")", "）", "*", "＊", "_", "＿", "`", "｀", "#", "＃", "@", "＠", "~", "～", "|", "｜", "\\", "＼")

// inert keeps words of others from becoming a link, a mention or markup. Clients
// make links of whatever looks like an address, so its dots and colons become
// full-width; figures keep theirs.
func inert(s string) string {
	s = angles.Replace(s)
	if !strings.ContainsAny(s, ".:@/") {
		return s
	}
	s = strings.ReplaceAll(s, "://", "：//")
	var b strings.Builder
	runes := []rune(s)
	for i, r := range runes {
		if (r == '.' || r == '@') && i > 0 && i+1 < len(runes) && wordRune(runes[i-1]) && wordRune(runes[i+1]) && !(unicode.IsDigit(runes[i-1]) && unicode.IsDigit(runes[i+1]) && !address(runes, i)) {
			r += '．' - '.' // the full-width form of an ASCII character
		}
		b.WriteRune(r)
	}
	return b.String()
}

func wordRune(r rune) bool {
	return r == '-' || r == '_' || r <= unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r)) || r > unicode.MaxASCII && unicode.IsLetter(r)
}

// address reports whether a dot between digits belongs to four groups of digits.
func address(runes []rune, i int) bool {
	dots := 0
	for _, step := range []int{-1, 1} {
		for j := i; j >= 0 && j < len(runes) && (runes[j] == '.' || unicode.IsDigit(runes[j])); j += step {
			if runes[j] == '.' && j != i {
				dots++
			}
		}
	}
	return dots >= 2
}

// A form is how a reply is written for one kind of message.
type form struct {
	strange  func(string) string // words of others
	own      func(string) string // our own words
	lineEnd  string
	noNumber bool // leaves the numbered choices out
}

// asText is a reply in a text message.
var asText = form{strange: inert, own: angles.Replace}

// asMarkdown is a reply in the platform's markdown, which knows no escapes.
var asMarkdown = form{strange: func(s string) string { return marks.Replace(inert(s)) }, own: func(s string) string { return marks.Replace(angles.Replace(s)) }}

// write is the text of a reply in a form. A reply without lines is all words of others.
func (f form) write(r bot.Rendered) string {
	if len(r.Lines) == 0 {
		return f.strange(r.Text)
	}
	var lines []string
	for _, l := range r.Lines {
		var b strings.Builder
		for _, p := range l {
			if trusted(p.Kind) {
				b.WriteString(f.own(p.Text))
			} else {
				b.WriteString(f.strange(p.Text))
			}
		}
		lines = append(lines, b.String())
	}
	if r.Source != "" {
		lines = append(lines, f.strange(r.Source))
	}
	if !f.noNumber {
		for i, c := range r.Choices {
			lines = append(lines, strconv.Itoa(i+1)+". "+f.strange(c))
		}
	}
	return strings.Join(lines, "\n")
}

// commands are the actions as words to type, where nothing can be pressed.
func commands(r bot.Rendered) string {
	var says []string
	for _, a := range r.Actions {
		says = append(says, inert(a.Say))
	}
	if len(says) == 0 {
		return ""
	}
	return "\n回复：" + strings.Join(says, " 或 ")
}
