package knowledge

import (
	"slices"
	"strings"
	"unicode/utf8"

	"huiwen/knowledge/plan"
	"huiwen/knowledge/segment"
)

// maxTopicRunes bounds what a choice calls a measure.
const maxTopicRunes = 20

// A Measure (任务/项) is one item of the published plan with what the product
// knows about it.
type Measure struct {
	*plan.Item
	// Topics are verbatim spans that name the measure to people, best first;
	// there is at least one.
	Topics    []string
	Sentences []string // verbatim, without the responsibility bracket
	// Doc is the document beside the main plans that the measure stands in, nil for
	// one of the plan; its No is then id:label.
	Doc *Document
	// Source is where the answer of an FAQ comes from, a span of Text; "" elsewhere.
	Source string
	body   string
}

// Label is what people read of the measure's number in its document.
func (m *Measure) Label() string {
	if m.Doc == nil {
		return m.Item.Label()
	}
	own := *m.Item
	own.No = strings.TrimPrefix(m.No, m.Doc.ID+":")
	if m.Doc.Kind == FAQ {
		return "第" + own.No + "问"
	}
	return own.Label()
}

// Topic is the best name of the measure.
func (m *Measure) Topic() string { return m.Topics[0] }

// Text is the measure without its responsibility bracket.
func (m *Measure) Body() string { return m.body }

// Closing reports whether the measure is a safeguard of the closing part.
func (m *Measure) Closing() bool { return strings.HasPrefix(m.No, "B") }

// Under reports whether a word stands in a heading over the measure.
func (m *Measure) Under(word string) bool {
	return slices.ContainsFunc(m.Path, func(h plan.Heading) bool { return strings.Contains(h.Heading, word) })
}

// newMeasure prepares an item for answering.
func newMeasure(it *plan.Item, similar []Similar) *Measure {
	m := &Measure{Item: it, body: it.Body()}
	m.Sentences = plan.Sentences(m.body)
	for _, s := range similar {
		if s.Topic != "" && strings.Contains(it.Text, s.Topic) {
			m.Topics = append(m.Topics, s.Topic)
		}
	}
	if len(m.Topics) == 0 {
		m.Topics = []string{nameFromText(it)}
	}
	return m
}

// nameFromText picks a verbatim span to call a measure by: its heading, else
// its first clause, cut to a length that fits a button.
func nameFromText(it *plan.Item) string {
	name := it.Heading
	if name == "" {
		name = it.Text
	}
	if i := strings.IndexAny(name, ",，。;；:："); i > 0 {
		name = name[:i]
	}
	if utf8.RuneCountInString(name) <= maxTopicRunes {
		return strings.TrimSpace(name)
	}
	return string([]rune(name)[:maxTopicRunes])
}

// terms are the texts of a measure by field, folded for matching.
func (m *Measure) headings() string {
	var b strings.Builder
	for _, h := range m.Path {
		b.WriteString(h.Heading + " ")
	}
	return segment.Fold(b.String(), 0)
}
