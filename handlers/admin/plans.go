package admin

import (
	"cmp"
	"io"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"

	"huiwen/knowledge"
	"huiwen/knowledge/plan"
	"huiwen/knowledge/plan/document"
	"huiwen/knowledge/versions"
)

// shownVersions bounds the publications on the page.
const shownVersions = 50

type plansView struct {
	Published versions.Pointer
	Title     string
	Seed      bool // nothing was ever published
	Drafts    []versions.Draft
	Versions  []versions.Pointer
	May, Out  bool
	Max       int // MB of an upload
}

// plansPage shows what is published, what is drafted and the way back.
func plansPage(v *visit) error {
	p, _, err := v.Library.Published(v.ctx())
	if err != nil {
		return err
	}
	view := plansView{Published: p, Title: v.Snapshot().Plan.Title, Seed: p.Seq == 0, May: v.who.Has(editing...), Out: v.who.Has(issuing...), Max: document.MaxFile >> 20}
	if view.Drafts, err = v.Library.Drafts(v.ctx()); err != nil {
		return err
	}
	if view.Versions, err = v.Library.Versions(v.ctx(), shownVersions); err != nil {
		return err
	}
	return v.page("plans", "计划和版本", view)
}

// importPlan reads an uploaded document into a draft.
func importPlan(v *visit) error {
	defer func() { _ = v.r.MultipartForm.RemoveAll() }()
	f, head, err := v.r.FormFile("file")
	if err != nil {
		return v.failed("/admin/plans", bad("请先选一个文件。"))
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, document.MaxFile+1))
	if err != nil {
		return err
	}
	u := versions.Upload{Name: path.Base(strings.ReplaceAll(strings.ToValidUTF8(head.Filename, ""), `\`, "/")), Data: data, Disclosure: v.field("disclosure"), Issued: v.field("issued"), Beside: v.field("beside") == "1",
		Valid: plan.Span{From: v.field("from"), To: v.field("to")}}
	d, r, err := v.Library.Import(v.ctx(), v.field("draft"), u, v.act())
	if err != nil {
		return v.failed("/admin/plans", err)
	}
	return v.done(draftPath(d.ID)+"/report?plan="+url.QueryEscape(r.ID), "已读进草稿 "+d.ID+"，请对照原文核对。")
}

func draftPath(id string) string { return "/admin/drafts/" + url.PathEscape(id) }

type draftView struct {
	versions.Draft
	Approval       *versions.Approval
	Need           bool // another person must approve
	Plans          []knowledge.ReadPlan
	Diff           *versions.Diff
	Stale          bool // something else was published since
	Mine           bool // the visitor edited it
	May, Can, Out  bool
	Unread, Warned int
}

// draftPage shows a draft and how far it is.
func draftPage(v *visit) error {
	d, e, err := v.Library.Draft(v.ctx(), v.r.PathValue("id"))
	if err != nil {
		return err
	}
	view := draftView{Draft: d, Need: v.Library.Approval, May: v.who.Has(editing...), Can: v.who.Has(approving...), Out: v.who.Has(issuing...), Mine: slices.Contains(d.Editors, v.who.Name)}
	if view.Plans, err = v.plansOf(d.Hash, e); err != nil {
		return err
	}
	for _, p := range view.Plans {
		view.Unread += len(p.Plan.Unread)
		view.Warned += len(p.Plan.Warnings)
	}
	if view.Diff, err = v.diffOf(d); err != nil {
		return err
	}
	a, ok, err := v.Library.Approved(v.ctx(), d.Hash)
	if err != nil {
		return err
	}
	if ok {
		view.Approval = &a
	}
	p, _, err := v.Library.Published(v.ctx())
	if err != nil {
		return err
	}
	view.Stale = p.Seq != d.Base
	return v.page("draft", "草稿 "+d.ID, view)
}

// plansOf reads the plans of an edition; the last few are kept, since a long plan
// takes a while.
func (a *Admin) plansOf(hash string, e knowledge.Edition) ([]knowledge.ReadPlan, error) {
	return a.plans.get(hash, e.ReadPlans)
}

// diffOf compares a draft with what it was made from; the last few are kept.
func (v *visit) diffOf(d versions.Draft) (*versions.Diff, error) {
	return v.diffs.get(d.From+" "+d.Hash, func() (*versions.Diff, error) { return v.Library.Diff(v.ctx(), d.ID) })
}

type reportView struct {
	versions.Draft
	Plans    []knowledge.ReadPlan
	Plan     knowledge.ReadPlan
	Items    []itemView
	Pager    pager
	Original bool
	May      bool
	Counts   struct{ Bureaus, Targets, Deadlines, Amounts int }
	Only     string
}

// An itemView is a measure beside what it was read as.
type itemView struct {
	*plan.Item
	Spans []span
}

// A span is a run of the original with what it was read as.
type span struct{ Text, Kind string }

// reportPage shows a plan of a draft side by side with what it was read as.
func reportPage(v *visit) error {
	d, e, err := v.Library.Draft(v.ctx(), v.r.PathValue("id"))
	if err != nil {
		return err
	}
	plans, err := v.plansOf(d.Hash, e)
	if err != nil {
		return err
	}
	view := reportView{Draft: d, Plans: plans, May: v.who.Has(editing...), Plan: plans[len(plans)-1], Only: v.query("only")}
	for _, p := range plans {
		if p.ID == v.query("plan") {
			view.Plan = p
		}
	}
	view.Original = originalOf(e, view.Plan.ID) != ""
	p := view.Plan.Plan
	var items []*plan.Item
	for i := range p.Items {
		it := &p.Items[i]
		view.Counts.Bureaus += len(it.Bureaus)
		view.Counts.Targets += len(it.Targets)
		view.Counts.Deadlines += len(it.Deadlines)
		view.Counts.Amounts += len(it.Amounts)
		if view.Only == "" || strings.Contains(it.No+" "+it.Text, view.Only) {
			items = append(items, it)
		}
	}
	items, view.Pager = paged(v, items)
	for _, it := range items {
		view.Items = append(view.Items, itemView{it, spansOf(it)})
	}
	return v.page("report", "读取报告", view)
}

// spansOf cuts the text of an item at what was read in it.
func spansOf(it *plan.Item) []span {
	kinds := make([]string, len(it.Text))
	mark := func(text, kind string) {
		if text == "" {
			return
		}
		for at := 0; ; {
			i := strings.Index(it.Text[at:], text)
			if i < 0 {
				return
			}
			for j := at + i; j < at+i+len(text); j++ {
				if kinds[j] == "" {
					kinds[j] = kind
				}
			}
			at += i + len(text)
		}
	}
	for _, t := range it.Targets {
		mark(t.Text, "target")
	}
	for _, a := range it.Amounts {
		mark(a.Text, "amount")
	}
	for _, d := range it.Deadlines {
		mark(d.Text, "deadline")
	}
	for _, b := range it.Bureaus {
		mark(b.Name, "bureau")
	}
	var out []span
	for i := 0; i < len(kinds); {
		j := i
		for j < len(kinds) && kinds[j] == kinds[i] {
			j++
		}
		out = append(out, span{it.Text[i:j], kinds[i]})
		i = j
	}
	return out
}

func originalOf(e knowledge.Edition, id string) string {
	for name := range e {
		if strings.HasPrefix(name, "original/plan/"+id+".") {
			return name
		}
	}
	return ""
}

// originalFile downloads a document as it was uploaded, never opened in the page.
func originalFile(v *visit) error {
	_, e, err := v.Library.Draft(v.ctx(), v.r.PathValue("id"))
	if err != nil {
		return err
	}
	name := originalOf(e, v.query("plan"))
	if name == "" {
		if name = knowledge.PlanPath(v.query("plan")); e[name] == nil {
			return notFound("没有这份原文")
		}
	}
	return v.download(path.Base(name), "application/octet-stream", e[name])
}

// download sends a file to be saved.
func (v *visit) download(name, kind string, data []byte) error {
	h := v.w.Header()
	h.Set("Content-Type", kind)
	h.Set("Content-Disposition", "attachment; filename*=UTF-8''"+url.PathEscape(name))
	h.Set("Content-Length", strconv.Itoa(len(data)))
	_, _ = v.w.Write(data) // the browser went away
	return nil
}

type diffView struct {
	versions.Draft
	*versions.Diff
	Changes []diffRow
	Pager   pager
	Kinds   map[string]int
}

type diffRow struct {
	Plan string
	versions.Change
}

// KindName is what became of measures as people read it.
func (r diffRow) KindName() string { return kindNames[r.Kind] }

var kindNames = map[string]string{versions.Added: "新增", versions.Changed: "改动", versions.Dropped: "删去", versions.Moved: "只换编号", versions.Split: "拆分", versions.Merged: "合并"}

// diffPage shows what a draft changes, by measure and field.
func diffPage(v *visit) error {
	d, _, err := v.Library.Draft(v.ctx(), v.r.PathValue("id"))
	if err != nil {
		return err
	}
	view := diffView{Draft: d, Kinds: map[string]int{}}
	if view.Diff, err = v.diffOf(d); err != nil {
		return err
	}
	var all []diffRow
	for _, p := range view.Plans {
		if len(p.Fields) > 0 {
			all = append(all, diffRow{p.ID, versions.Change{Kind: versions.Changed, Fields: p.Fields}})
		}
		for _, c := range p.Changes {
			view.Kinds[kindNames[c.Kind]]++
			all = append(all, diffRow{p.ID, c})
		}
	}
	view.Changes, view.Pager = paged(v, all)
	return v.page("diff", "草稿 "+d.ID+" 改了什么", view)
}

type correctView struct {
	versions.Draft
	Plan, Measure, Field string
	Value                string
	Text                 string // of the measure
	Lines                bool   // one entry a line, else JSON
	Wrong                string
	Fields               []string
}

// fieldNames are the fields that may be corrected as people read them.
var fieldNames = map[string]string{"heading": "标题", "bureaus": "责任单位", "etc": "责任单位后有「等」", "targets": "目标", "deadlines": "时限", "amounts": "金额", "groups": "对象", "deliverables": "成果文件",
	"text": "原文", "path": "章节", "no": "编号", "title": "计划名称", "issued": "印发日期", "valid": "有效期", "disclosure": "公开属性", "goals": "总目标"}

// correctPage shows one field of what a plan was read as, to be set by hand.
func correctPage(v *visit) error {
	view, err := v.correcting()
	if err != nil {
		return err
	}
	return v.page("correct", "更正", view)
}

// correcting finds the field that the address or the form names.
func (v *visit) correcting() (correctView, error) {
	d, e, err := v.Library.Draft(v.ctx(), v.r.PathValue("id"))
	if err != nil {
		return correctView{}, err
	}
	view := correctView{Draft: d, Plan: cmp.Or(v.field("plan"), v.query("plan")), Measure: cmp.Or(v.field("measure"), v.query("measure")), Field: cmp.Or(v.field("field"), v.query("field"))}
	plans, err := v.plansOf(d.Hash, e)
	if err != nil {
		return view, err
	}
	i := slices.IndexFunc(plans, func(p knowledge.ReadPlan) bool { return p.ID == view.Plan })
	if i < 0 {
		return view, notFound("草稿里没有这份计划")
	}
	var of any = plans[i].Plan
	view.Fields = knowledge.PlanFields
	if view.Measure != "" {
		it, ok := plans[i].Plan.Item(view.Measure)
		if !ok {
			return view, notFound("计划里没有这一项")
		}
		of, view.Text, view.Fields = it, it.Text, knowledge.ItemFields
	}
	if !slices.Contains(view.Fields, view.Field) {
		return view, notFound("没有这个可以更正的字段")
	}
	view.Lines = slices.Contains([]string{"groups", "deliverables", "heading", "title", "issued", "disclosure"}, view.Field)
	view.Value, err = fieldValue(of, view.Field, view.Lines)
	return view, err
}

// correct sets the field in the draft.
func correct(v *visit) error {
	view, err := v.correcting()
	if err != nil {
		return err
	}
	view.Value = strings.ReplaceAll(v.r.PostFormValue("value"), "\r\n", "\n")
	value := view.Value
	if view.Lines {
		value = linesValue(view.Field, view.Value)
	}
	_, err = v.Library.Correct(v.ctx(), view.ID, knowledge.Correction{Plan: view.Plan, Measure: view.Measure, Field: view.Field, Value: value}, v.act())
	if err != nil {
		p, ok := words(err)
		if !ok {
			return err
		}
		view.Wrong = p.words
		return v.show(p.status, "correct", "更正", view)
	}
	to := draftPath(view.ID) + "/report?plan=" + url.QueryEscape(view.Plan)
	if view.Measure != "" {
		to += "&only=" + url.QueryEscape(view.Measure)
	}
	return v.done(to, "已更正，重新导入同一份计划时会保留。")
}

// approve approves a draft as it is shown; a later edit voids it.
func approve(v *visit) error {
	id := v.r.PathValue("id")
	if err := v.Library.Approve(v.ctx(), id, v.field("hash"), v.act()); err != nil {
		return v.failed(draftPath(id), err)
	}
	return v.done(draftPath(id), "已审核通过，可以发布。")
}

// publish makes the draft what answers.
func publish(v *visit) error {
	id := v.r.PathValue("id")
	d, _, err := v.Library.Draft(v.ctx(), id)
	if err == nil && d.Hash != v.field("hash") {
		err = bad("草稿在您打开之后又改过，请重新核对。")
	}
	if err != nil {
		return v.failed(draftPath(id), err)
	}
	p, err := v.Library.Publish(v.ctx(), id, v.act())
	if err != nil {
		return v.failed(draftPath(id), err)
	}
	return v.done("/admin/plans", "第 "+strconv.Itoa(p.Seq)+" 次发布完成，已在回答。")
}

// rollback makes an earlier publication what answers again.
func rollback(v *visit) error {
	seq, err := strconv.Atoi(v.field("seq"))
	if err != nil {
		return bad("没有选退回到哪一次。")
	}
	p, err := v.Library.Rollback(v.ctx(), seq, v.act())
	if err != nil {
		return v.failed("/admin/plans", err)
	}
	return v.done("/admin/plans", "已退回，第 "+strconv.Itoa(p.Seq)+" 次发布正在回答。")
}

func discard(v *visit) error {
	if err := v.Library.Discard(v.ctx(), v.r.PathValue("id"), v.act()); err != nil {
		return v.failed("/admin/plans", err)
	}
	return v.done("/admin/plans", "草稿已放弃。")
}

func rebase(v *visit) error {
	id := v.r.PathValue("id")
	if _, err := v.Library.Rebase(v.ctx(), id, v.act()); err != nil {
		return v.failed(draftPath(id), err)
	}
	return v.done(draftPath(id), "草稿已移到最新发布的版本上，请重新核对和审核。")
}
