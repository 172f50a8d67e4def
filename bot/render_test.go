package bot

import (
	"errors"
	"strings"
	"testing"
)

// onePlan is a document with one measure.
type onePlan struct{}

func (onePlan) Holds(s Source, text string) bool {
	return s.Label == "7" && strings.Contains("给予一次性补贴5000元", text)
}

func (onePlan) Fact(text string) string {
	for _, f := range []string{"5000", "区财政局"} {
		if strings.Contains(text, f) {
			return f
		}
	}
	return ""
}

func (onePlan) SourceLine(ss []Source) string { return "来源：第" + ss[0].Label + "项" }

func TestRender(t *testing.T) {
	r := Reply{
		Status:  Answered,
		Lines:   []Line{{Words("计划写的是："), Quote("7", "补贴5000元")}, {Quote("7", "一次性")}},
		Choices: []Choice{{Text: "看原文"}, {Text: "谁负责"}},
	}
	got, err := Render(r, onePlan{})
	if err != nil {
		t.Fatal(err)
	}
	want := "计划写的是：补贴5000元\n一次性\n来源：第7项\n1. 看原文\n2. 谁负责"
	if got.Text != want {
		t.Errorf("text\n%s\nwant\n%s", got.Text, want)
	}
	if len(got.Citations) != 1 || got.Citations[0] != "7" {
		t.Errorf("citations %v, want each measure once", got.Citations)
	}
}

func TestRenderRefusesWhatIsNotProven(t *testing.T) {
	for _, c := range []struct {
		name string
		part Part
	}{
		{"a figure in plain words", Words("可以领5000元")},
		{"a bureau in plain words", Words("请找区财政局")},
		{"a quote that is not in the measure", Quote("7", "补贴9000元")},
		{"a quote of a measure that does not exist", Quote("8", "补贴5000元")},
		{"a derived part without a rule", Part{Kind: Derived, Text: "五千", Quote: "5000元", Source: Source{Label: "7"}}},
		{"a derived part whose quote is made up", Part{Kind: Derived, Text: "九千", Rule: "sum", Quote: "9000元", Source: Source{Label: "7"}}},
		{"a contact without a record", Part{Kind: Contact, Text: "12345"}},
		{"a kind that does not exist", Part{Kind: "guess", Text: "也许"}},
	} {
		_, err := Render(Reply{Status: Answered, Lines: []Line{{c.part}}}, onePlan{})
		if !errors.Is(err, ErrUnproven) {
			t.Errorf("%s: error %v, want ErrUnproven", c.name, err)
		}
		if err != nil && strings.Contains(err.Error(), "也许") {
			t.Errorf("%s: the error repeats the reply's words", c.name)
		}
	}
}

func TestRenderRefusesFactsOnACard(t *testing.T) {
	for _, r := range []Reply{
		{Status: Done, Title: "区财政局请签收"},
		{Status: Done, Actions: []Action{{Text: "领5000", Say: "x"}}},
	} {
		if _, err := Render(r, onePlan{}); !errors.Is(err, ErrUnproven) {
			t.Errorf("%+v: error %v, want ErrUnproven", r, err)
		}
	}
}

func TestRenderListsAreNeverNull(t *testing.T) {
	got, err := Render(Reply{Status: Smalltalk}, onePlan{})
	if err != nil || got.Citations == nil || got.Choices == nil || got.Lines == nil {
		t.Errorf("got %+v, %v", got, err)
	}
}

// TestRenderProvesWhatAPageDraws: every part of a card and of a scan is checked
// as a part of a line is.
func TestRenderProvesWhatAPageDraws(t *testing.T) {
	full := func() Reply {
		bad := func() *Part { p := Words("好"); return &p }
		l := func() Line { return Line{Words("好")} }
		return Reply{Status: Verdict, Card: &VerdictCard{
			Who: bad(), Notice: []Line{l()}, Reads: l(), Amount: []Line{l()}, Conditions: []CardCondition{{Told: bad(), Quote: bad()}}, Silent: []Line{l()}, Office: []Part{*bad()},
			Missing: l(), Bureaus: l(), Facts: []CardFact{{Told: bad()}}, Said: l(), Ask: &CardAsk{Question: l(), Why: l(), Left: l()}, Footer: l(),
		}, Scan: &Scan{Notice: []Line{l()}, Persons: []ScanPerson{{Who: bad(), Groups: []ScanGroup{{Head: l(), Entries: []ScanEntry{{}}}}}}, Footer: l()}}
	}
	count := func(r Reply) (n int) {
		for range r.Card.Parts() {
			n++
		}
		for range r.Scan.Parts() {
			n++
		}
		return n
	}
	if _, err := Render(full(), onePlan{}); err != nil {
		t.Fatal(err)
	}
	const parts = 29 // as many as full sets or leaves empty
	if n := count(full()); n != parts {
		t.Errorf("%d parts are visited, want %d", n, parts)
	}
	for at := range count(full()) {
		r, n := full(), 0
		spoil := func(p *Part) bool {
			if n == at {
				*p = Words("5000元")
			}
			n++
			return true
		}
		r.Card.Parts()(spoil)
		r.Scan.Parts()(spoil)
		if _, err := Render(r, onePlan{}); !errors.Is(err, ErrUnproven) {
			t.Errorf("part %d states a sum: %v", at, err)
		}
	}
}
