// Package bot knows how to reach people: what a message and a reply are, who
// handles them, and how a reply is turned into what a person reads.
package bot

import "strings"

// A Status is what became of a message. The set is closed.
type Status string

// The statuses of a Reply.
const (
	Answered      Status = "answered"
	Clarification Status = "clarification"
	Verdict       Status = "verdict"
	NotCovered    Status = "not_covered" // topic in the plan, detail not
	OutOfScope    Status = "out_of_scope"
	Smalltalk     Status = "smalltalk"
	Declined      Status = "declined"
	Handoff       Status = "handoff"
	Done          Status = "done" // a command carried out
	Failed        Status = "error"
)

// A Kind says where the words of a Part come from.
type Kind string

// The kinds of a Part. Words of kind Plain carry no fact: no digit, date,
// amount, bureau or programme name; [Render] refuses a Reply that breaks this.
const (
	Plain    Kind = ""
	Quoted   Kind = "quoted"   // a verbatim span of a measure
	Derived  Kind = "derived"  // a named rule applied to a quote: 今年内 -> 2022-12-31
	Echoed   Kind = "echoed"   // the person's own words
	Contact  Kind = "contact"  // a directory or card entry
	Recorded Kind = "recorded" // a ledger, log or settings entry, by id
)

// A Source names a measure of a published document. Doc is "" for the main
// plan; a citation of it is the bare label.
type Source struct {
	Doc   string `json:"doc,omitempty"`
	Label string `json:"label"`
}

// String is the citation: "39", or "doc:label" beside the main plan.
func (s Source) String() string {
	if s.Doc == "" {
		return s.Label
	}
	return s.Doc + ":" + s.Label
}

// A Part is a run of words with one provenance.
type Part struct {
	Kind   Kind   `json:"kind,omitempty"`
	Text   string `json:"text"`
	Source Source `json:"source,omitzero"`
	// Quote is, for Derived, the verbatim span that Rule was applied to.
	Quote string `json:"quote,omitempty"`
	Rule  string `json:"rule,omitempty"`
	// Ref is the id of the record behind a Recorded or Contact part.
	Ref string `json:"ref,omitempty"`
}

// A Line is one paragraph of a reply.
type Line []Part

// Text is what a person reads of the line.
func (l Line) Text() string {
	var b strings.Builder
	for _, p := range l {
		b.WriteString(p.Text)
	}
	return b.String()
}

// A Choice is something the person may pick by number or button next. Measure
// and Intent are what picking it asks.
type Choice struct {
	Text    string `json:"text"`
	Measure string `json:"measure,omitempty"`
	Intent  string `json:"intent,omitempty"`
}

// An Action is a button under a reply: pressing it says Say with the rights of
// whoever presses. A channel without buttons leaves it out; the text says what to
// type.
type Action struct {
	Text string `json:"text"` // at most 10 characters, no fact
	Say  string `json:"say"`  // a command: 签收 12
}

// A Score is how sure a match was, from 0 to 1; Label is "" for a topic outside
// every document.
type Score struct {
	Label string  `json:"label,omitempty"`
	Sure  float64 `json:"sure"`
}

// A Reply is the answer to one message, not yet rendered.
type Reply struct {
	Status  Status
	Lines   []Line
	Choices []Choice
	// Title heads a card where the channel has cards, with Actions below it; "" for
	// a plain reply.
	Title   string
	Actions []Action
	// Verdict and Programme are set while an eligibility dialogue runs and at its end.
	Verdict   string // likely, unlikely, unknown or ""
	Programme string
	// Card and Scan say for a page to draw what the lines say, nil for neither.
	Card *VerdictCard
	Scan *Scan
	// Again is an answer given before that is given again behind Lines, nil for none.
	Again *Given
	// Version is the hash of the snapshot the reply was made from.
	Version string
	// Scores are how sure the best matches were, for the question log.
	Scores []Score
	// Forget asks to delete what is kept of the conversation.
	Forget bool
}

// Before puts lines before the reply, and before what a page draws of it.
func (r *Reply) Before(lines ...Line) {
	r.Lines = append(append([]Line{}, lines...), r.Lines...)
	r.Card, r.Scan = r.Card.before(lines...), r.Scan.before(lines...)
}

// A Given is an answer that was rendered, and proved, when it was given. Closed
// are lines of it that are not said again.
type Given struct {
	Number string
	Reply  Rendered
	Closed []string
}

// Say is a line of plain words.
func Say(text string) Line { return Line{{Text: text}} }

// Words is a part of plain words.
func Words(text string) Part { return Part{Text: text} }

// Quote is a part that repeats a span of a measure.
func Quote(label, text string) Part {
	return Part{Kind: Quoted, Text: text, Source: Source{Label: label}}
}

// Citations lists the sources whose facts stand in the reply, in order of
// appearance, each once.
func (r Reply) Citations() []Source {
	out := []Source{}
	seen := map[Source]bool{}
	for _, l := range r.Lines {
		for _, p := range l {
			if p.Source.Label == "" || seen[p.Source] {
				continue
			}
			seen[p.Source] = true
			out = append(out, p.Source)
		}
	}
	return out
}
