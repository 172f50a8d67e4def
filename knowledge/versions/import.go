package versions

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"
	"unicode"

	"huiwen/knowledge"
	"huiwen/knowledge/plan"
)

// An Upload is a document to import.
type Upload struct {
	Name string // file name, its ending says what it is
	Data []byte
	// Replace is the id of the main plan that it takes the place of; "" finds it
	// by its title and the day it begins. Beside keeps every plan.
	Replace string
	Beside  bool
	// Valid, Disclosure and Issued stand for what the text does not say.
	Valid      plan.Span
	Disclosure string
	Issued     string
}

// A Report is what an imported plan was read as. Its JSON is printed; names
// never change.
type Report struct {
	ID      string `json:"id"`      // of the main plan
	Instead string `json:"instead"` // the plan that it replaces, "" for none
	After   string `json:"after"`   // the plan that it was compared with, "" for none
	// Plan is the reading with what was corrected by hand.
	Plan *plan.Plan `json:"plan"`
	// Carried are similar questions that were carried over to reworded sentences,
	// Gone what rests on sentences that are no more.
	Carried []knowledge.Carried `json:"carried"`
	Gone    []knowledge.Gone    `json:"gone"`
}

// readTime is how long the text of an upload may be read for.
const readTime = 30 * time.Second

// ErrUpload marks a document that cannot be imported.
var ErrUpload = errors.New("导入不了")

// Import reads a document as a main plan into a draft; draft "" begins one. It
// replaces the plan of the same title or the same beginning, else it stands
// beside the others, each for its time. What was corrected by hand and the
// similar questions are kept where the plan still holds their sentences.
func (l *Library) Import(ctx context.Context, draft string, u Upload, act Act) (Draft, *Report, error) {
	text, err := l.Text(ctx, path.Ext(u.Name), u.Data)
	if err != nil {
		return Draft{}, nil, fmt.Errorf("%s：%w", u.Name, err)
	}
	var r *Report
	d, err := l.Change(ctx, draft, "导入计划 "+path.Base(u.Name), act, func(e knowledge.Edition) (knowledge.Edition, error) {
		var next knowledge.Edition
		var err error
		next, r, err = place(ctx, e, text, u, act)
		return next, err
	})
	return d, r, err
}

// place puts the text of a main plan into an edition.
func place(ctx context.Context, e knowledge.Edition, text string, u Upload, act Act) (knowledge.Edition, *Report, error) {
	ctx, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	p, err := e.Read(ctx, text)
	if err != nil {
		return nil, nil, fmt.Errorf("%w：%s：%w", ErrUpload, u.Name, err)
	}
	if err := u.check(); err != nil {
		return nil, nil, err
	}
	begins := cmp.Or(u.Valid.From, p.Valid.From)
	old, err := e.ReadPlans()
	if err != nil && !errors.Is(err, knowledge.ErrNoPlan) {
		return nil, nil, err
	}
	r := &Report{ID: planID(p, u.Name), Carried: []knowledge.Carried{}, Gone: []knowledge.Gone{}}
	if instead := u.replaces(old, p.Title, begins); instead != nil {
		r.ID, r.Instead = instead.ID, instead.ID
	} else if slices.Contains(e.PlanIDs(), r.ID) {
		return nil, nil, fmt.Errorf("%w：已有名为 %q 的计划；要替换它请加 --replace %s", ErrUpload, r.ID, r.ID)
	}
	next := e.With(knowledge.PlanPath(r.ID), []byte(text))
	for name := range next {
		if strings.HasPrefix(name, "original/plan/"+r.ID+".") {
			next = next.With(name, nil)
		}
	}
	if ext := strings.ToLower(path.Ext(u.Name)); ext != ".txt" && ext != "" {
		next = next.With("original/plan/"+r.ID+ext, u.Data)
	}
	if next, err = u.settle(next, r.ID, act); err != nil {
		return nil, nil, err
	}
	if next, err = r.carry(next, old); err != nil {
		return nil, nil, err
	}
	return next, r, next.Check()
}

// replaces is the plan of an edition that the upload takes the place of.
func (u Upload) replaces(old []knowledge.ReadPlan, title, begins string) *knowledge.ReadPlan {
	for i, o := range old {
		switch {
		case u.Beside:
		case u.Replace != "" && o.ID == u.Replace,
			u.Replace == "" && (o.Plan.Title == title || o.Plan.Valid.From == begins):
			return &old[i]
		}
	}
	return nil
}

// check refuses what stands for the text's own words but is none.
func (u Upload) check() error {
	if u.Disclosure != "" && !slices.Contains(Disclosures, u.Disclosure) {
		return fmt.Errorf("%w：公开属性只能是 %s", ErrUpload, strings.Join(Disclosures, "、"))
	}
	for _, day := range []string{u.Valid.From, u.Valid.To, u.Issued} {
		if _, err := time.Parse(time.DateOnly, day); day != "" && err != nil {
			return fmt.Errorf("%w：日期 %q 要写成 2022-01-01", ErrUpload, day)
		}
	}
	if u.Valid.To != "" && u.Valid.To < u.Valid.From {
		return fmt.Errorf("%w：有效期的结束早于开始", ErrUpload)
	}
	return nil
}

// Disclosures are what a document may be (公开属性); only 公开 answers residents.
var Disclosures = []string{"公开", "依申请公开", "不公开"}

// settle sets by hand what the upload says beside the text.
func (u Upload) settle(e knowledge.Edition, id string, act Act) (knowledge.Edition, error) {
	set := func(field string, value any) (err error) {
		data, err := json.Marshal(value)
		if err != nil {
			return fmt.Errorf("%s: %w", field, err)
		}
		e, err = e.Corrected(knowledge.Correction{Plan: id, Field: field, Value: string(data), By: act.Who, Why: act.Why})
		return err
	}
	var err error
	if u.Valid != (plan.Span{}) {
		err = set("valid", u.Valid)
	}
	if u.Disclosure != "" {
		err = errors.Join(err, set("disclosure", u.Disclosure))
	}
	if u.Issued != "" {
		err = errors.Join(err, set("issued", u.Issued))
	}
	return e, err
}

// planID is what a new plan is called: its title, without what a path or a
// citation could not hold.
func planID(p *plan.Plan, name string) string {
	id := clean(p.Title)
	if id == "" {
		id = clean(strings.TrimSuffix(path.Base(name), path.Ext(name)))
	}
	return cmp.Or(id, "计划")
}

// maxID bounds an id, in runes.
const maxID = 60

func clean(s string) string {
	rs := []rune(strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || r == '-' || r == '_' {
			return r
		}
		return -1
	}, s))
	return string(rs[:min(maxID, len(rs))])
}

// carry keeps what was set by hand and the similar questions, by matched
// measure, and fills the report.
func (r *Report) carry(e knowledge.Edition, old []knowledge.ReadPlan) (knowledge.Edition, error) {
	plans, err := e.ReadPlans()
	if err != nil {
		return nil, err
	}
	at := func() knowledge.ReadPlan {
		return plans[slices.IndexFunc(plans, func(p knowledge.ReadPlan) bool { return p.ID == r.ID })]
	}
	before := predecessor(old, at())
	if before != nil {
		r.After = before.ID
		p := match(before.Plan, at().Plan)
		if e, err = p.keepCorrections(e, r.ID); err != nil {
			return nil, err
		}
		if e, err = p.carrySimilar(e, before.ID, r); err != nil {
			return nil, err
		}
		if plans, err = e.ReadPlans(); err != nil {
			return nil, err
		}
	}
	r.Plan = at().Plan
	gone, err := e.Gone()
	if err != nil {
		return nil, err
	}
	for _, g := range gone {
		if g.Plan == r.ID {
			r.Gone = append(r.Gone, g)
		}
	}
	return e, nil
}

// keepCorrections finds the measures of corrections whose quote was reworded.
func (p *pairing) keepCorrections(e knowledge.Edition, id string) (knowledge.Edition, error) {
	list, err := e.Corrections()
	if err != nil {
		return nil, err
	}
	for i, c := range list {
		if c.Plan != id || c.Quote == "" || slices.ContainsFunc(p.is, func(it *item) bool { return strings.Contains(it.Text, c.Quote) }) {
			continue
		}
		o := slices.IndexFunc(p.was, func(it *item) bool { return strings.Contains(it.Text, c.Quote) })
		if o < 0 || p.to[o] < 0 {
			continue
		}
		heir := p.is[p.to[o]]
		moved := c
		moved.Measure, moved.Quote = heir.No, knowledge.QuoteOf(heir.Item)
		if knowledge.Applies(moved, heir.Item) {
			list[i] = moved
		}
	}
	return e.WithCorrections(list)
}

// carrySimilar carries entries of similar questions over to the matched measure,
// where their quote alone would not find it.
func (p *pairing) carrySimilar(e knowledge.Edition, before string, r *Report) (knowledge.Edition, error) {
	similar, err := e.Similar()
	if err != nil {
		return nil, err
	}
	kept, err := e.Carried()
	if err != nil {
		return nil, err
	}
	was := map[string]knowledge.Carried{} // where the predecessor carries quotes to
	for _, c := range kept {
		if c.Plan == before {
			was[c.Quote] = c
		}
	}
	kept = slices.DeleteFunc(kept, func(c knowledge.Carried) bool { return c.Plan == r.ID })
	for _, s := range similar {
		quote, no := s.Quote, s.Measure
		if c, ok := was[s.Quote]; ok {
			quote, no = cmp.Or(c.To, quote), c.Measure
		}
		o := p.old(quote, no)
		if o < 0 {
			continue
		}
		if c, ok := p.carried(o, quote); ok {
			c.Plan, c.Quote = r.ID, s.Quote
			if c.To == "" && quote != s.Quote {
				c.To = quote
			}
			if c.To != "" {
				r.Carried = append(r.Carried, c)
			}
			if c.To != "" || p.alone(s) != c.Measure {
				kept = append(kept, c)
			}
		}
	}
	return e.WithCarried(kept)
}

// old is the old measure that a quote stands in, of several that of the number.
func (p *pairing) old(quote, no string) int {
	found := -1
	for o, it := range p.was {
		if strings.Contains(it.Text, quote) && (found < 0 || it.No == no) {
			found = o
		}
	}
	return found
}

// alone is the measure that an entry would go to by its quote alone.
func (p *pairing) alone(s knowledge.Similar) string {
	found := ""
	for _, it := range p.is {
		if strings.Contains(it.Text, s.Quote) && (found == "" || it.No == s.Measure) {
			found = it.No
		}
	}
	return found
}

// carried is where the questions of an old measure's quote go.
func (p *pairing) carried(o int, quote string) (knowledge.Carried, bool) {
	for _, h := range p.heirs(o) {
		if strings.Contains(p.is[h].Text, quote) {
			return knowledge.Carried{Measure: p.is[h].No}, true
		}
	}
	if slices.ContainsFunc(p.is, func(it *item) bool { return strings.Contains(it.Text, quote) }) {
		return knowledge.Carried{}, false // the sentence itself moved to another measure
	}
	if h, to, ok := p.sentenceLike(o, quote); ok {
		return knowledge.Carried{Measure: p.is[h].No, To: to}, true
	}
	return knowledge.Carried{}, false
}
