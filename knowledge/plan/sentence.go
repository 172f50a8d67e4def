package plan

import (
	"strings"
	"unicode/utf8"
)

// brackets that keep what they hold together, opening to closing.
var brackets = map[rune]rune{'（': '）', '(': ')', '〔': '〕', '【': '】', '《': '》', '“': '”', '[': ']'}

// alike are signs that close a bracket in place of its own: texts mix widths.
var alike = map[rune]rune{'）': ')', ')': ')', '〕': ']', ']': ']', '】': '】', '》': '》', '”': '”'}

// Sentences cuts text at the end of sentences (。；！？ and line ends), brackets
// kept whole. Every sentence is a verbatim span, its sign included, without
// white space around it.
func Sentences(text string) []string { return cut(text, "。！？!?；;\n") }

// maxSentence bounds, in bytes, what figures and times are read in at once.
const maxSentence = 6000

// shortSentences are the sentences of a text, overlong ones cut after a comma.
func shortSentences(text string) []string {
	var out []string
	for _, s := range Sentences(text) {
		for len(s) > maxSentence {
			at := strings.LastIndexAny(s[:maxSentence], "，,、")
			if at <= 0 {
				at = maxSentence
				for !utf8.RuneStart(s[at]) {
					at--
				}
			} else {
				_, size := utf8.DecodeRuneInString(s[at:])
				at += size
			}
			out, s = append(out, s[:at]), s[at:]
		}
		out = append(out, s)
	}
	return out
}

// Clauses cuts text at every sign that parts clauses, brackets kept whole. The
// signs are not part of the clauses.
func Clauses(text string) []string {
	var out []string
	for _, c := range cut(text, "。！？!?；;\n,，:：") {
		if c = strings.TrimRight(c, "。！？!?；;,，:： \n"); c != "" {
			out = append(out, c)
		}
	}
	return out
}

// ClauseSpans lists where the clauses of a sentence begin and end in it, in
// bytes, each with its sign.
func ClauseSpans(sentence string) [][2]int {
	var out [][2]int
	from := 0
	for _, c := range cut(sentence, "。！？!?；;\n,，") {
		at := strings.Index(sentence[from:], c) + from
		out = append(out, [2]int{at, at + len(c)})
		from = at + len(c)
	}
	return out
}

// cut cuts after each of the signs that stands outside brackets. A bracket that
// is not closed within the next 400 bytes holds nothing together.
func cut(text, signs string) []string {
	var out []string
	start, until := 0, -1
	for i, r := range text {
		if i <= until {
			continue
		}
		if closing, ok := brackets[r]; ok {
			if end := closes(text, i, r, closing); end > 0 {
				until = end
			}
			continue
		}
		if strings.ContainsRune(signs, r) {
			out = appendTrimmed(out, text[start:i+len(string(r))])
			start = i + len(string(r))
		}
	}
	return appendTrimmed(out, text[start:])
}

func appendTrimmed(out []string, s string) []string {
	if s = strings.TrimSpace(s); s != "" {
		out = append(out, s)
	}
	return out
}

// closes finds the byte at which the bracket opened at from is closed, 0 when
// it is not. Nested brackets of the same kind are counted.
func closes(text string, from int, opening, closing rune) int {
	depth := 0
	for i, r := range text[from:] {
		if i > 1500 {
			return 0
		}
		switch {
		case same(opening, r):
			depth++
		case alike[r] == alike[closing] && alike[r] != 0:
			if depth--; depth == 0 {
				return from + i
			}
		}
	}
	return 0
}

func same(opening, r rune) bool {
	if r == opening {
		return true
	}
	return (opening == '（' || opening == '(') && (r == '（' || r == '(')
}
