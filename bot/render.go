package bot

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
)

// Facts is what [Render] checks a reply against: the published documents.
type Facts interface {
	// Holds reports whether text is a verbatim span of the measure.
	Holds(s Source, text string) bool
	// Fact returns the first fact (digit, date, amount, bureau or programme
	// name) that stands in text, "" when there is none.
	Fact(text string) string
	// SourceLine is the line that names the sources to people, without a line end.
	SourceLine(ss []Source) string
}

// ErrUnproven marks a reply that states a fact outside a part that proves it,
// or a quote that does not stand in its measure.
var ErrUnproven = errors.New("fact without proof")

// A Rendered is a reply as a person reads it, the same on every retry.
type Rendered struct {
	ID        string   `json:"id"`
	Status    Status   `json:"status"`
	Text      string   `json:"text"`
	Citations []string `json:"citations"`
	Verdict   string   `json:"verdict"`
	Programme string   `json:"programme"`
	Choices   []string `json:"choices"`
	// Title and Actions make a card of it where the channel has cards.
	Title   string   `json:"title,omitempty"`
	Actions []Action `json:"actions,omitempty"`
	// Lines are the paragraphs of Text with their provenance; Source is its
	// source line and stands after them, then the numbered Choices.
	Lines  []Line `json:"lines"`
	Source string `json:"source"`
	// Card and Scan are those of the reply, for a page to draw.
	Card *VerdictCard `json:"card,omitempty"`
	Scan *Scan        `json:"scan,omitempty"`
	// Version is the hash of the snapshot that answered.
	Version string `json:"version"`
	// Again is the number of the answer that this one repeats, "" for a new one.
	Again string `json:"again,omitempty"`
	// Scores are those of the reply; people do not read them.
	Scores []Score `json:"-"`
}

// Render checks every part of r against f and makes the text: the lines, the
// source line, the numbered choices. It returns an error that wraps
// [ErrUnproven] when a fact stands without proof.
func Render(r Reply, f Facts) (Rendered, error) {
	if err := Prove(r, f); err != nil {
		return Rendered{}, err
	}
	if r.Again != nil {
		return r.Again.render(r.Lines), nil
	}
	out := Rendered{
		Status: r.Status, Verdict: r.Verdict, Programme: r.Programme, Version: r.Version, Title: r.Title, Actions: r.Actions,
		Citations: []string{}, Choices: []string{}, Lines: r.Lines, Card: r.Card, Scan: r.Scan,
	}
	if out.Lines == nil {
		out.Lines = []Line{}
	}
	var lines []string
	for _, l := range r.Lines {
		lines = append(lines, l.Text())
	}
	sources := r.Citations()
	for _, s := range sources {
		out.Citations = append(out.Citations, s.String())
	}
	if len(sources) > 0 {
		out.Source = f.SourceLine(sources)
		lines = append(lines, out.Source)
	}
	for i, c := range r.Choices {
		out.Choices = append(out.Choices, c.Text)
		lines = append(lines, strconv.Itoa(i+1)+". "+c.Text)
	}
	out.Text = strings.Join(lines, "\n")
	return out, nil
}

// render gives the answer again behind lines: not what it asked and offered then,
// which would now mean something else.
func (g Given) render(before []Line) Rendered {
	out := g.Reply
	out.Again, out.Choices, out.Actions = g.Number, []string{}, nil
	asked := ""
	if out.Card != nil && out.Card.Ask != nil {
		asked = out.Card.Ask.Question.Text()
	}
	lines := slices.Clone(before)
	for _, l := range g.Reply.Lines {
		text := l.Text()
		if slices.Contains(g.Closed, text) || asked != "" && strings.HasSuffix(text, asked) {
			continue
		}
		lines = append(lines, l)
	}
	out.Lines = lines
	var text []string
	for _, l := range lines {
		text = append(text, l.Text())
	}
	if out.Source != "" {
		text = append(text, out.Source)
	}
	out.Text = strings.Join(text, "\n")
	out.Card, out.Scan = out.Card.closed().before(before...), out.Scan.before(before...)
	return out
}

// Before puts a line before what a person reads, and what a page draws.
func (r *Rendered) Before(l Line) {
	r.Text = l.Text() + "\n" + r.Text
	r.Lines = append([]Line{l}, r.Lines...)
	r.Card, r.Scan = r.Card.before(l), r.Scan.before(l)
}

// Prove checks that no fact of r stands outside a part that proves it.
func Prove(r Reply, f Facts) error {
	if fact := f.Fact(r.Title); fact != "" {
		return fmt.Errorf("%w: %q in the title", ErrUnproven, fact)
	}
	for _, a := range r.Actions {
		if fact := f.Fact(a.Text); fact != "" {
			return fmt.Errorf("%w: %q on a button", ErrUnproven, fact)
		}
	}
	for i, l := range r.Lines {
		for _, p := range l {
			if err := provePart(p, f); err != nil {
				return fmt.Errorf("line %d: %w", i+1, err)
			}
		}
	}
	for _, drawn := range []iter.Seq[*Part]{r.Card.Parts(), r.Scan.Parts()} {
		for p := range drawn {
			if err := provePart(*p, f); err != nil {
				return fmt.Errorf("what a page draws: %w", err)
			}
		}
	}
	return nil
}

func provePart(p Part, f Facts) error {
	switch p.Kind {
	case Plain:
		if fact := f.Fact(p.Text); fact != "" {
			return fmt.Errorf("%w: %q in plain words", ErrUnproven, fact)
		}
	case Quoted:
		if !f.Holds(p.Source, p.Text) {
			return fmt.Errorf("%w: quote is not in %s", ErrUnproven, p.Source)
		}
	case Derived:
		if p.Rule == "" || !f.Holds(p.Source, p.Quote) {
			return fmt.Errorf("%w: derived by %q from a quote that is not in %s", ErrUnproven, p.Rule, p.Source)
		}
	case Contact, Recorded:
		if p.Ref == "" {
			return fmt.Errorf("%w: %s part without a record", ErrUnproven, p.Kind)
		}
	case Echoed:
	default:
		return fmt.Errorf("%w: unknown kind %q", ErrUnproven, p.Kind)
	}
	return nil
}
