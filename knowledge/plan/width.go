package plan

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// A plain text is a text as the patterns of this package expect it, digits and
// letters half-width and no space inside a quantity, with the way back to what
// is printed: ２０２５ 年 is read as 2025年 and quoted as printed.
type plain struct {
	text    string
	printed string
	at      []int // byte of text -> byte of printed; nil when both are the same
	from    int   // where the last span was found: spans come in order
}

var spaced = regexp.MustCompile(`([0-9０-９%％]) ([年月日号元万亿千百个家户人名%％项条件次场所亩吨公平台套座处倍])|([年月至到约过]) ([0-9０-９])`)

func makePlain(printed string) *plain {
	p := &plain{text: printed, printed: printed}
	wide := strings.ContainsFunc(printed, isWide)
	drop := map[int]bool{}
	for from := 0; ; {
		m := spaced.FindStringSubmatchIndex(printed[from:])
		if m == nil {
			break
		}
		end := max(m[3], m[7])
		drop[from+end] = true
		from += end + 1
	}
	if !wide && len(drop) == 0 {
		return p
	}
	var b strings.Builder
	b.Grow(len(printed))
	for i, r := range printed {
		if drop[i] {
			continue
		}
		if isWide(r) {
			r = r - '！' + '!'
		}
		for range utf8.RuneLen(r) {
			p.at = append(p.at, i)
		}
		b.WriteRune(r)
	}
	p.text, p.at = b.String(), append(p.at, len(printed))
	return p
}

// isWide reports whether r is a full-width digit, letter, % or full stop: no
// sign that parts sentences or opens brackets.
func isWide(r rune) bool {
	return r >= '０' && r <= '９' || r >= 'Ａ' && r <= 'Ｚ' || r >= 'ａ' && r <= 'ｚ' || r == '％'
}

// back gives what is printed for a span of the text. Spans asked for in their
// order are found at once, others anywhere.
func (p *plain) back(span string) string {
	i, ok := p.find(span)
	if !ok {
		return span
	}
	last := p.at[i+len(span)-1]
	_, size := utf8.DecodeRuneInString(p.printed[last:])
	return p.printed[p.at[i] : last+size]
}

func (p *plain) find(span string) (int, bool) {
	if p.at == nil || span == "" {
		return 0, false
	}
	i := strings.Index(p.text[p.from:], span)
	if i >= 0 {
		p.from += i
		return p.from, true
	}
	i = strings.Index(p.text, span)
	return i, i >= 0
}

// asPrinted turns every span of a plan back into what is printed.
func (pl *Plan) asPrinted(p *plain) {
	if p.at == nil {
		return
	}
	anywhere := map[string]string{}
	for _, spans := range [][]string{pl.Frame, pl.Unread} {
		for i, s := range spans {
			spans[i] = p.back(s)
			anywhere[s] = spans[i]
		}
		p.from = 0
	}
	pl.Title = p.back(pl.Title)
	p.from = 0
	for i := range pl.Goals {
		pl.Goals[i].Text, pl.Goals[i].What = p.back(pl.Goals[i].Text), p.back(pl.Goals[i].What)
	}
	p.from = 0
	for i := range pl.Items {
		pl.Items[i].asPrinted(p, anywhere)
	}
}

// asPrinted turns the spans of an item back; headings above it are shared.
func (it *Item) asPrinted(p *plain, headings map[string]string) {
	for j := range it.Path {
		h := &it.Path[j].Heading
		printed, ok := headings[*h]
		if !ok {
			printed = (&plain{text: p.text, printed: p.printed, at: p.at}).back(*h)
			headings[*h] = printed
		}
		*h = printed
	}
	from, ok := p.find(it.Text)
	if !ok {
		return
	}
	at := p.at[from : from+len(it.Text)+1]
	in := &plain{text: it.Text, printed: p.printed, at: at}
	back := func(span *string) {
		in.from = 0
		*span = in.back(*span)
	}
	for j := range it.lists {
		it.lists[j].from, it.lists[j].to = at[it.lists[j].from]-at[0], at[it.lists[j].to]-at[0]
	}
	back(&it.Text)
	back(&it.Heading)
	for j := range it.Bureaus {
		back(&it.Bureaus[j].Name)
	}
	for j := range it.Targets {
		back(&it.Targets[j].Text)
		back(&it.Targets[j].What)
	}
	for j := range it.Deadlines {
		back(&it.Deadlines[j].Text)
	}
	for j := range it.Amounts {
		back(&it.Amounts[j].Text)
		back(&it.Amounts[j].For)
	}
	for _, spans := range [][]string{it.Groups, it.Deliverables} {
		for j := range spans {
			back(&spans[j])
		}
	}
}
