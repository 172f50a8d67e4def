package handlers

import (
	"slices"
	"strings"

	"huiwen/bot"
	"huiwen/knowledge"
)

// A field is one thing that a card tells.
type field struct {
	name string
	of   func(knowledge.Card) string
}

var (
	place  = field{"受理地点：", func(c knowledge.Card) string { return c.Place }}
	phone  = field{"电话：", func(c knowledge.Card) string { return c.Phone }}
	hours  = field{"办理时间：", func(c knowledge.Card) string { return c.Hours }}
	papers = field{"要带的材料：", func(c knowledge.Card) string { return strings.Join(c.Papers, "、") }}
	online = field{"网上办理：", func(c knowledge.Card) string { return c.Online }}
	proxy  = field{"代办：", func(c knowledge.Card) string { return c.Proxy }}
)

// cardFields are what of a card answers an intent: it must hold the first.
var cardFields = []struct {
	intent string
	fields []field
}{
	{"phone", []field{phone, hours}},
	{"where", []field{place, hours, phone, online}},
	{"papers", []field{papers, online}},
	{"how", []field{place, papers, hours, online, proxy, phone}},
}

// byCard tells what a verified card of the measure says to what is asked.
func (q question) byCard() []bot.Line {
	return tellCard(q.snap.Cards(q.measure), q.asks)
}

// tellCard picks the first card that answers an intent.
func tellCard(cards []knowledge.Card, asks func(...string) bool) []bot.Line {
	for _, want := range cardFields {
		if !asks(want.intent) {
			continue
		}
		for _, c := range cards {
			if want.fields[0].of(c) == "" {
				continue
			}
			var lines []bot.Line
			for _, f := range want.fields {
				if text := f.of(c); text != "" {
					lines = append(lines, bot.Line{bot.Words(f.name), contact(c, text)})
				}
			}
			note := "（" + c.Source + "；" + c.Verified + "核实，" + c.On + "；有效至" + c.Expires + "）"
			return append(lines, bot.Line{contact(c, note)})
		}
	}
	return nil
}

func contact(c knowledge.Card, text string) bot.Part {
	return bot.Part{Kind: bot.Contact, Text: text, Ref: c.Ref()}
}

// window is where the measure is applied for, when a verified card says so.
func (q question) window() (bot.Part, bool) {
	for _, c := range q.snap.Cards(q.measure) {
		if c.Place != "" && c.Quote != "" {
			return contact(c, c.Place), true
		}
	}
	return bot.Part{}, false
}

// carded answers who asks for the phone or the place of a bureau by its card.
func (t *turn) carded() (bot.Reply, bool) {
	names := t.snap.Bureaus.In(t.text)
	if len(names) == 0 || !t.hasDetail() {
		return bot.Reply{}, false
	}
	var cards []knowledge.Card
	for _, d := range t.snap.Documents {
		for _, c := range d.Cards {
			if slices.Contains(names, c.Bureau) && c.Shown(t.snap.Day()) {
				cards = append(cards, c)
			}
		}
	}
	lines := tellCard(cards, t.asks)
	return bot.Reply{Status: bot.Answered, Lines: lines}, lines != nil
}

// faq tells the answer of a question of an FAQ and where it comes from.
func (q question) faq() ([]bot.Line, bot.Status) {
	m := q.measure
	var lines []bot.Line
	for _, s := range m.Sentences {
		lines = append(lines, bot.Line{bot.Quote(m.No, s)})
	}
	return append(lines, bot.Line{bot.Words(sayFAQ), bot.Quote(m.No, m.Source)}), bot.Answered
}

// disputed are the sums of the measure that may not be told, and what is said
// instead: the confirmed sum of another document, or that none is confirmed.
func (q question) disputed() (sums []string, lines []bot.Line) {
	for _, d := range q.snap.Disputes(q.measure, q.snap.Day()) {
		for _, a := range d.Amounts {
			sums = append(sums, a.Text)
		}
		if d.Instead == nil || !q.holds(d.Instead.Measure) {
			lines = append(lines, bot.Say(sayDisputed))
			continue
		}
		line := bot.Line{bot.Words(sayConfirmed)}
		for i, a := range d.Instead.Amounts {
			if i > 0 {
				line = append(line, bot.Words("；"))
			}
			no := d.Instead.Measure.No
			line = append(line, bot.Quote(no, a.For), bot.Words("："), bot.Quote(no, a.Text))
		}
		lines = append(lines, append(line, bot.Words(sayStop)))
	}
	return sums, lines
}

func (q question) holds(m *knowledge.Measure) bool { _, ok := q.snap.Measure(m.No); return ok }

// without leaves out passages that hold one of the sums.
func without(passages []knowledge.Passage, sums []string) []knowledge.Passage {
	return slices.DeleteFunc(passages, func(p knowledge.Passage) bool { return holdsAny(p.Text, sums) })
}

func holdsAny(text string, sums []string) bool {
	return slices.ContainsFunc(sums, func(s string) bool { return strings.Contains(text, s) })
}
