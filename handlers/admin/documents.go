package admin

import (
	"cmp"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"huiwen/knowledge"
	"huiwen/knowledge/plan"
	"huiwen/knowledge/plan/document"
	"huiwen/knowledge/versions"
)

type documentsView struct {
	working
	Documents []documentRow
	Entries   []knowledge.Entry
	Conflicts []knowledge.Disagreement
	Q         string
	May       bool
	Max       int
}

// A documentRow is a document beside the main plans.
type documentRow struct {
	*knowledge.Document
	InForce bool
}

// today is the day in the district.
func (v *visit) today() string { return v.Now().In(zone).Format(time.DateOnly) }

// documentsPage lists the documents beside the plans and the common questions.
func documentsPage(v *visit) error {
	view := documentsView{May: v.who.Has(editing...), Q: v.query("q"), Max: document.MaxFile >> 20}
	var err error
	if view.working, err = v.working(); err != nil {
		return err
	}
	docs, err := view.Edition.Documents()
	if err != nil {
		return err
	}
	for _, d := range docs {
		view.Documents = append(view.Documents, documentRow{d, d.InForce(v.today())})
	}
	if view.Entries, err = view.Edition.Entries(); err != nil {
		return err
	}
	if view.Conflicts, err = view.Edition.Disagreements(); err != nil {
		return err
	}
	return v.page("documents", "文件和常见问答", view)
}

// importDocument puts an uploaded document beside the plans of the draft.
func importDocument(v *visit) error {
	defer func() { _ = v.r.MultipartForm.RemoveAll() }()
	f, head, err := v.r.FormFile("file")
	if err != nil {
		return v.failed("/admin/documents", bad("请先选一个文件。"))
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, document.MaxFile+1))
	if err != nil {
		return err
	}
	order, _ := strconv.Atoi(v.field("place")) // empty is the first
	b := versions.Beside{Kind: v.field("kind"), Title: v.field("title"), Order: order, Source: v.field("source"), Upload: versions.Upload{
		Name: path.Base(strings.ReplaceAll(strings.ToValidUTF8(head.Filename, ""), `\`, "/")), Data: data, Disclosure: v.field("disclosure"), Issued: v.field("issued"),
		Valid: plan.Span{From: v.field("from"), To: v.field("to")}}}
	w, err := v.working()
	if err != nil {
		return err
	}
	d, doc, err := v.Library.ImportDocument(v.ctx(), w.id(), b, v.act())
	if err != nil {
		return v.failed("/admin/documents", err)
	}
	return v.done("/admin/documents", "《"+doc.Title+"》已读进草稿 "+d.ID+"，共 "+strconv.Itoa(len(doc.Measures)+len(doc.Cards))+" 条，请核对。")
}

// changeDocument takes a document out of the draft or confirms its sums.
func changeDocument(v *visit) error {
	w, err := v.working()
	if err != nil {
		return err
	}
	id := v.field("id")
	if v.field("do") == "confirm" {
		if _, err := v.Library.Confirm(v.ctx(), w.id(), id, v.today(), v.act()); err != nil {
			return v.failed("/admin/documents", err)
		}
		return v.done("/admin/documents", "已确认 "+id+" 的数额是现行的。")
	}
	if _, err := v.Library.RemoveDocument(v.ctx(), w.id(), id, v.act()); err != nil {
		return v.failed("/admin/documents", err)
	}
	return v.done("/admin/documents", id+" 已移出草稿。")
}

// addEntry adds a common question with its answer to the draft.
func addEntry(v *visit) error {
	entry := knowledge.Entry{Questions: lines(v.field("questions")), Answer: v.field("answer"), Source: v.field("source")}
	if len(entry.Questions) == 0 {
		return v.failed("/admin/documents", bad("至少写一个问题。"))
	}
	return v.changeDraft("常见问答："+entry.Questions[0], func(e knowledge.Edition) (knowledge.Edition, error) {
		return e.WithEntry(entry, v.today())
	}, "/admin/documents")
}

// dropEntry takes a common question out of the draft.
func dropEntry(v *visit) error {
	q := v.field("question")
	return v.changeDraft("去掉常见问答："+q, func(e knowledge.Edition) (knowledge.Edition, error) { return e.WithoutEntry(q) }, "/admin/documents")
}

// lines are the lines of a text that hold anything.
func lines(s string) []string {
	var out []string
	for _, l := range strings.Split(s, "\n") {
		if l = strings.TrimSpace(l); l != "" {
			out = append(out, l)
		}
	}
	return out
}

type cardsView struct {
	working
	Cards   []cardRow
	Edit    *knowledge.Card
	Papers  string
	New     bool
	Bureaus []string
	May     bool
	Today   string
	Soon    int
}

// A cardRow is a card with how long it counts.
type cardRow struct {
	knowledge.Card
	Doc   string
	Light string
	State string
	Mine  bool // written by form, so it can be edited here
}

// soonDays is how long before its expiry a card stands on the work list.
const soonDays = 30

// cardsPage is the work list of the cards: what expires first.
func cardsPage(v *visit) error {
	view := cardsView{May: v.who.Has(editing...), Today: v.today()}
	var err error
	if view.working, err = v.working(); err != nil {
		return err
	}
	docs, err := view.Edition.Documents()
	if err != nil {
		return err
	}
	soon := v.Now().In(zone).AddDate(0, 0, soonDays).Format(time.DateOnly)
	for _, d := range docs {
		for _, c := range d.Cards {
			r := cardRow{Card: c, Doc: d.Title, Mine: d.ID == knowledge.CardDocument}
			r.Light, r.State = stateOf(c, view.Today, soon)
			if r.Light != "green" {
				view.Soon++
			}
			view.Cards = append(view.Cards, r)
			if c.ID == v.query("id") && r.Mine {
				view.Edit, view.Papers = &c, strings.Join(c.Papers, "\n")
			}
		}
	}
	slices.SortStableFunc(view.Cards, func(a, b cardRow) int { return cmp.Compare(a.Expires, b.Expires) })
	if v.query("id") == "new" {
		view.Edit, view.New = &knowledge.Card{}, true
	}
	view.Bureaus = v.Snapshot().Bureaus.Names()
	return v.page("cards", "办事信息卡", view)
}

func stateOf(c knowledge.Card, today, soon string) (light, word string) {
	switch {
	case c.Verified == "" || c.On == "":
		return "gray", "没有核实，不展示"
	case c.Expires == "":
		return "gray", "没写到期日，不展示"
	case c.Expires < today:
		return "red", "已过期，不展示"
	case c.Expires <= soon:
		return "yellow", "快到期"
	}
	return "green", "在展示"
}

// saveCard sets a card in the draft; ticking the box verifies it in the visitor's
// name.
func saveCard(v *visit) error {
	c := knowledge.Card{ID: v.field("id"), Quote: v.field("quote"), Bureau: v.field("bureau"), Place: v.field("where"), Phone: v.field("phone"), Hours: v.field("hours"), Papers: lines(v.field("papers")),
		Online: v.field("online"), Proxy: v.field("proxy"), Source: v.field("source"), Verified: v.field("verified_by"), On: v.field("verified_on"), Expires: v.field("expires")}
	if c.Quote != "" {
		c.Bureau = ""
	}
	if v.field("verify") == "1" {
		c.Verified, c.On = v.who.Name, v.today()
	}
	if c.Expires != "" && c.Verified == "" {
		c.On = ""
	}
	return v.changeDraft("办事信息卡："+c.ID, func(e knowledge.Edition) (knowledge.Edition, error) { return e.WithCard(c, v.today()) }, "/admin/cards")
}

// dropCard takes a card out of the draft.
func dropCard(v *visit) error {
	id := v.field("id")
	return v.changeDraft("去掉办事信息卡："+id, func(e knowledge.Edition) (knowledge.Edition, error) { return e.WithoutCard(id) }, "/admin/cards")
}
