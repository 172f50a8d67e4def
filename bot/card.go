package bot

import (
	"iter"
	"slices"
)

// A VerdictCard is what a reply says of one programme, by what each part is, for
// a page to draw; the lines say it to whoever reads text. [Render] proves its
// parts as those of the lines.
type VerdictCard struct {
	ID         string          `json:"id"`      // of the programme
	Verdict    string          `json:"verdict"` // likely, unlikely, unknown
	Word       Part            `json:"word"`    // 初步符合, 暂不符合, 还不能确定
	Programme  Part            `json:"programme"`
	Number     Part            `json:"number"` // of its measure
	Who        *Part           `json:"who,omitempty"`
	Notice     []Line          `json:"notice"`
	Reads      Line            `json:"reads"` // the verdict as a sentence
	Amount     []Line          `json:"amount"`
	Conditions []CardCondition `json:"conditions"`
	Silent     []Line          `json:"silent"`
	Office     []Part          `json:"office"`  // what only an office can judge
	Missing    Line            `json:"missing"` // 还差什么
	Bureaus    Line            `json:"bureaus"`
	Facts      []CardFact      `json:"facts"`
	// Said is what is said of the last answer while a dialogue goes on; the whole
	// card, at its begin and its end, has none.
	Said   Line     `json:"said"`
	Ask    *CardAsk `json:"ask,omitempty"` // nil when nothing is left to ask
	Moves  []Action `json:"moves"`         // what else may be said: 上一步, 重来
	Footer Line     `json:"footer"`
}

// A CardCondition is one condition with its mark.
type CardCondition struct {
	Answer string `json:"answer"` // yes, no, unknown
	Name   Part   `json:"name"`
	Told   *Part  `json:"told,omitempty"` // the person's own words
	// Assumed tells that the words let one assume it but do not say it.
	Assumed bool  `json:"assumed,omitempty"`
	Quote   *Part `json:"quote,omitempty"` // the plan's sentence
}

// A CardFact is what was understood of the person, and how to correct it.
type CardFact struct {
	Name  Part   `json:"name"`
	Value Part   `json:"value"`
	Told  *Part  `json:"told,omitempty"`
	Edit  Action `json:"edit"`
}

// A CardAsk is the question that a dialogue asks now. Its choices are those of
// the reply.
type CardAsk struct {
	Consent  bool `json:"consent,omitempty"` // to be asked about oneself
	Question Line `json:"question"`
	Why      Line `json:"why"`
	// Left says how many questions may come after this one; Answered and Open,
	// which counts this one, are for a bar beside it.
	Left     Line `json:"left"`
	Answered int  `json:"answered"`
	Open     int  `json:"open"`
}

// A Scan is every programme that may concern somebody, person by person.
type Scan struct {
	Notice  []Line       `json:"notice"`
	Persons []ScanPerson `json:"persons"`
	Footer  Line         `json:"footer"`
}

// A ScanPerson is whom some programmes are about; Who is nil for the writer and
// the whole family.
type ScanPerson struct {
	Who    *Part       `json:"who,omitempty"`
	Groups []ScanGroup `json:"groups"`
}

// A ScanGroup is programmes that stand alike to what was told.
type ScanGroup struct {
	Kind    string      `json:"kind"` // likely, near, open
	Head    Line        `json:"head"`
	Entries []ScanEntry `json:"entries"`
}

// A ScanEntry is one programme; saying Say opens its card.
type ScanEntry struct {
	Programme Part   `json:"programme"`
	Known     Part   `json:"known"` // what people call it
	Number    Part   `json:"number"`
	Say       string `json:"say"`
}

// closed is the card with nothing to press: it is of another time.
func (c *VerdictCard) closed() *VerdictCard {
	if c == nil {
		return nil
	}
	out := *c
	out.Ask, out.Moves, out.Said = nil, []Action{}, Line{}
	out.Facts = slices.Clone(c.Facts)
	for i := range out.Facts {
		out.Facts[i].Edit = Action{}
	}
	return &out
}

// before is the card with a line before all else.
func (c *VerdictCard) before(lines ...Line) *VerdictCard {
	if c == nil {
		return nil
	}
	out := *c
	out.Notice = append(append([]Line{}, lines...), c.Notice...)
	return &out
}

func (s *Scan) before(lines ...Line) *Scan {
	if s == nil {
		return nil
	}
	out := *s
	out.Notice = append(append([]Line{}, lines...), s.Notice...)
	return &out
}

// Parts visits every part of a card, to be changed in place.
func (c *VerdictCard) Parts() iter.Seq[*Part] {
	return func(yield func(*Part) bool) {
		if c == nil {
			return
		}
		all := []*Part{&c.Word, &c.Programme, &c.Number, c.Who}
		lines := append(append(append([]Line{c.Reads, c.Missing, c.Bureaus, c.Said, c.Footer, c.Office}, c.Notice...), c.Amount...), c.Silent...)
		for i := range c.Conditions {
			x := &c.Conditions[i]
			all = append(all, &x.Name, x.Told, x.Quote)
		}
		for i := range c.Facts {
			x := &c.Facts[i]
			all = append(all, &x.Name, &x.Value, x.Told)
		}
		if c.Ask != nil {
			lines = append(lines, c.Ask.Question, c.Ask.Why, c.Ask.Left)
		}
		visit(all, lines, yield)
	}
}

// Parts visits every part of a scan, to be changed in place.
func (s *Scan) Parts() iter.Seq[*Part] {
	return func(yield func(*Part) bool) {
		if s == nil {
			return
		}
		var all []*Part
		lines := append([]Line{s.Footer}, s.Notice...)
		for i := range s.Persons {
			all = append(all, s.Persons[i].Who)
			for _, g := range s.Persons[i].Groups {
				lines = append(lines, g.Head)
				for j := range g.Entries {
					all = append(all, &g.Entries[j].Programme, &g.Entries[j].Known, &g.Entries[j].Number)
				}
			}
		}
		visit(all, lines, yield)
	}
}

func visit(all []*Part, lines []Line, yield func(*Part) bool) {
	for _, p := range all {
		if p != nil && !yield(p) {
			return
		}
	}
	for _, l := range lines {
		for i := range l {
			if !yield(&l[i]) {
				return
			}
		}
	}
}
