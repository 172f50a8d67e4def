package knowledge

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"huiwen/knowledge/plan"
)

// The kinds of a Document.
const (
	Rules = "办法" // rules or a guide in prose, numbered or not
	Guide = "指南"
	FAQ   = "问答"    // questions with an answer and its source
	Cards = "办事信息卡" // where to go, whom to call, what to bring
)

// Public is the disclosure of what residents may read.
const Public = "公开"

// A Document stands beside the main plans: rules, guides, questions with
// answers, cards. Its Measures are found and cited like those of a plan, as
// id:label.
type Document struct {
	ID         string
	Kind       string
	Title      string
	Issued     string
	Valid      plan.Span
	Disclosure string
	Order      int    // place among the documents, the lower first
	Source     string // where it comes from, for people
	Confirmed  bool   // somebody has confirmed that its sums are the current ones
	Measures   []*Measure
	Cards      []Card

	similar map[string][]Similar // by measure
}

// A Card (办事信息卡) tells how one thing is done: place, phone, hours. Only one
// that somebody has verified and that has not expired is shown.
type Card struct {
	ID string `yaml:"id"`
	// Quote is a verbatim span of the measure that the card is for, Bureau a bureau
	// whose measures it is for; one of the two.
	Quote  string   `yaml:"quote"`
	Bureau string   `yaml:"bureau"`
	Place  string   `yaml:"place"`  // 受理地点
	Phone  string   `yaml:"phone"`  // 电话
	Hours  string   `yaml:"hours"`  // 时间
	Papers []string `yaml:"papers"` // 材料
	Online string   `yaml:"online"` // 网办入口
	Proxy  string   `yaml:"proxy"`  // 代办
	Source string   `yaml:"source"`
	// Verified is who verified it and when; Expires the last day that it counts.
	Verified string `yaml:"verified_by"`
	On       string `yaml:"verified_on"`
	Expires  string `yaml:"expires"`

	doc *Document
}

// Ref is the id of the card's record.
func (c Card) Ref() string { return "card/" + c.doc.ID + "/" + c.ID }

// Shown reports whether the card may be shown on a day.
func (c Card) Shown(day string) bool {
	return c.Verified != "" && c.On != "" && c.On <= day && c.Expires != "" && day <= c.Expires
}

// An Entry is a question of an FAQ with its answer.
type Entry struct {
	Questions []string `yaml:"questions"`
	Answer    string   `yaml:"answer"`
	Source    string   `yaml:"source"`
}

// A documentFile is documents/ID.yaml: the head of a document, and its entries
// or cards; the text of rules and guides stands in ID.txt beside it.
type documentFile struct {
	Kind       string  `yaml:"kind"`
	Title      string  `yaml:"title"`
	Issued     string  `yaml:"issued,omitempty"`
	Valid      daySpan `yaml:"valid,omitempty"`
	Disclosure string  `yaml:"disclosure,omitempty"`
	Order      int     `yaml:"order,omitempty"`
	Source     string  `yaml:"source,omitempty"`
	FAQ        []Entry `yaml:"faq,omitempty"`
	Cards      []Card  `yaml:"cards,omitempty"`
}

type daySpan struct {
	From string `yaml:"from,omitempty"`
	To   string `yaml:"to,omitempty"`
}

// ErrDocument marks a document file that cannot be read; the error says where.
var ErrDocument = errors.New("文件有误")

const documentsDir = "documents/"

// DocumentPath is where the head of a document stands; DocumentText its text.
func DocumentPath(id string) string { return documentsDir + id + ".yaml" }

// DocumentText is where the text of a document stands.
func DocumentText(id string) string { return documentsDir + id + ".txt" }

// InForce reports whether a document holds on a day.
func (d *Document) InForce(day string) bool {
	return d.Valid.From <= day && (d.Valid.To == "" || day <= d.Valid.To)
}

// DocumentIDs lists the documents beside the main plans, sorted.
func (e Edition) DocumentIDs() []string {
	var out []string
	for name := range e {
		if path.Dir(name)+"/" == documentsDir && path.Ext(name) == ".yaml" {
			out = append(out, strings.TrimSuffix(path.Base(name), ".yaml"))
		}
	}
	slices.Sort(out)
	return out
}

// Documents reads the documents beside the main plans, in their order.
func (e Edition) Documents() ([]*Document, error) {
	confirmed, err := e.Confirmed()
	if err != nil {
		return nil, err
	}
	var out []*Document
	for _, id := range e.DocumentIDs() {
		d, err := ReadDocument(context.Background(), id, e[DocumentPath(id)], string(e[DocumentText(id)]))
		if err != nil {
			return nil, err
		}
		d.Confirmed = slices.ContainsFunc(confirmed, func(c Confirmation) bool { return c.Document == id })
		out = append(out, d)
	}
	slices.SortStableFunc(out, func(a, b *Document) int { return cmp.Or(a.Order-b.Order, strings.Compare(a.ID, b.ID)) })
	return out, nil
}

// ReadDocument reads a document from its head and its text, within the time of ctx.
func ReadDocument(ctx context.Context, id string, head []byte, text string) (*Document, error) {
	var f documentFile
	dec := yaml.NewDecoder(bytes.NewReader(head))
	dec.KnownFields(true)
	if err := dec.Decode(&f); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%w：%s：%w", ErrDocument, DocumentPath(id), err)
	}
	d := &Document{ID: id, Kind: f.Kind, Title: cmp.Or(f.Title, id), Issued: f.Issued, Valid: plan.Span(f.Valid), Disclosure: f.Disclosure, Order: f.Order, Source: f.Source, similar: map[string][]Similar{}}
	var err error
	switch f.Kind {
	case Rules, Guide:
		err = d.readText(ctx, text, f)
	case FAQ:
		err = d.readFAQ(f.FAQ)
	case Cards:
		err = d.readCards(f.Cards)
	default:
		err = fmt.Errorf("kind 要写 %s、%s、%s 或 %s", Rules, Guide, FAQ, Cards)
	}
	if err == nil {
		err = d.check()
	}
	if err != nil {
		return nil, fmt.Errorf("%w：%s：%w", ErrDocument, DocumentPath(id), err)
	}
	return d, nil
}

func (d *Document) check() error {
	for _, day := range []string{d.Issued, d.Valid.From, d.Valid.To} {
		if err := checkDay(day); err != nil {
			return err
		}
	}
	if !slices.Contains([]string{"", Public, "依申请公开", "不公开"}, d.Disclosure) {
		return fmt.Errorf("disclosure %q 要写公开、依申请公开或不公开", d.Disclosure)
	}
	return nil
}

func checkDay(day string) error {
	if _, err := time.Parse(time.DateOnly, day); day != "" && err != nil {
		return fmt.Errorf("日期 %q 要写成 2022-01-01", day)
	}
	return nil
}

// readText makes a measure of every numbered item, or of every paragraph of a
// text that numbers nothing.
func (d *Document) readText(ctx context.Context, text string, f documentFile) error {
	p, err := plan.Read(ctx, text, plan.Options{})
	switch {
	case errors.Is(err, plan.ErrNoItems):
		p = &plan.Plan{Items: paragraphs(text)}
	case err != nil:
		return err
	}
	if f.Title == "" {
		d.Title = cmp.Or(p.Title, d.Title)
	}
	d.Issued = cmp.Or(d.Issued, p.Issued)
	d.Disclosure = cmp.Or(d.Disclosure, p.Disclosure)
	if d.Valid == (plan.Span{}) {
		d.Valid = p.Valid
	}
	for i := range p.Items {
		d.add(&p.Items[i], nil)
	}
	return nil
}

// paragraphs are the items of a text without numbers; the first line of each
// names it.
func paragraphs(text string) []plan.Item {
	var out []plan.Item
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); strings.ContainsAny(line, "。；;：:，,") {
			out = append(out, plan.Item{No: strconv.Itoa(len(out) + 1), Text: line})
		}
	}
	return out
}

// add makes a measure of an item; its number becomes id:label.
func (d *Document) add(it *plan.Item, similar []Similar) *Measure {
	own := *it
	own.No = d.ID + ":" + it.No
	m := newMeasure(&own, similar)
	m.Doc = d
	d.Measures = append(d.Measures, m)
	d.similar[own.No] = similar
	return m
}

func (d *Document) readFAQ(entries []Entry) error {
	for i, e := range entries {
		e.Answer = strings.TrimSpace(e.Answer)
		if len(e.Questions) == 0 || e.Answer == "" || e.Source == "" {
			return fmt.Errorf("faq 第 %d 条要有 questions、answer 和 source", i+1)
		}
		it := &plan.Item{No: strconv.Itoa(i + 1), Text: e.Questions[0] + "\n" + e.Answer + "\n" + e.Source}
		m := d.add(it, []Similar{{Topic: e.Questions[0], Quote: e.Answer, Questions: e.Questions}})
		m.body, m.Source = e.Answer, e.Source
		m.Sentences = plan.Sentences(e.Answer)
	}
	return nil
}

func (d *Document) readCards(cards []Card) error {
	seen := map[string]bool{}
	for i, c := range cards {
		switch {
		case c.ID == "" || seen[c.ID]:
			return fmt.Errorf("cards 第 %d 张的 id 空着或重复", i+1)
		case (c.Quote == "") == (c.Bureau == ""):
			return fmt.Errorf("办事信息卡 %s 要写 quote（计划原文）或 bureau（单位）其中一个", c.ID)
		case c.Source == "":
			return fmt.Errorf("办事信息卡 %s 没写 source（信息来源）", c.ID)
		case c.Place+c.Phone+c.Hours+c.Online+c.Proxy == "" && len(c.Papers) == 0:
			return fmt.Errorf("办事信息卡 %s 是空的", c.ID)
		}
		if err := errors.Join(checkDay(c.On), checkDay(c.Expires)); err != nil {
			return fmt.Errorf("办事信息卡 %s：%w", c.ID, err)
		}
		seen[c.ID] = true
		c.doc = d
		d.Cards = append(d.Cards, c)
	}
	return nil
}

// A Confirmation says that somebody has confirmed the sums of a document, or of
// a main plan, to be the current ones.
type Confirmation struct {
	Document string `yaml:"document" json:"document"`
	By       string `yaml:"by" json:"by"`
	On       string `yaml:"on" json:"on"`
}

// Confirmed lists the documents whose sums are confirmed.
func (e Edition) Confirmed() ([]Confirmation, error) {
	var out []Confirmation
	if err := yaml.Unmarshal(e[confirmedFile], &out); err != nil {
		return nil, fmt.Errorf("%s: %w", confirmedFile, err)
	}
	return out, nil
}

// Confirm is the edition with a document's sums confirmed.
func (e Edition) Confirm(c Confirmation) (Edition, error) {
	if !slices.Contains(e.DocumentIDs(), c.Document) && !slices.Contains(e.PlanIDs(), c.Document) {
		return nil, fmt.Errorf("%w：没有 %q 这份文件", ErrDocument, c.Document)
	}
	list, err := e.Confirmed()
	if err != nil {
		return nil, err
	}
	list = append(slices.DeleteFunc(list, func(old Confirmation) bool { return old.Document == c.Document }), c)
	data, err := yaml.Marshal(list)
	if err != nil {
		return nil, fmt.Errorf("write what is confirmed: %w", err)
	}
	return e.With(confirmedFile, data), nil
}

// Head is the head of a document of prose as it is kept.
func (d *Document) Head() ([]byte, error) {
	return yaml.Marshal(documentFile{Kind: d.Kind, Title: d.Title, Issued: d.Issued, Valid: daySpan(d.Valid), Disclosure: d.Disclosure, Order: d.Order, Source: d.Source})
}
