package admin

import (
	"bytes"
	"context"
	"mime/multipart"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"huiwen/knowledge"
	"huiwen/knowledge/account"
	"huiwen/knowledge/plan/document"
	"huiwen/knowledge/versions"
)

// upload posts a file with the token of the page it is chosen on.
func (c *clerk) upload(name string, data []byte, fields url.Values) (int, string, string) {
	c.t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	fields.Set("csrf", tokenForm.FindStringSubmatch(c.page("/admin/plans"))[1])
	for k, v := range fields {
		_ = w.WriteField(k, v[0])
	}
	f, err := w.CreateFormFile("file", name)
	if err == nil {
		_, err = f.Write(data)
	}
	if err != nil {
		c.t.Fatal(err)
	}
	w.Close()
	req, err := http.NewRequestWithContext(c.t.Context(), http.MethodPost, c.base+"/admin/plans/import", &b)
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("Content-Type", w.FormDataContentType())
	return c.do(req)
}

// publishing has a library that reads plain text and a snapshot that follows what
// is published.
func publishing(t *testing.T) *office {
	return newOffice(t, func(o *Options) {
		o.Library.Approval = true
		o.Library.Text = func(_ context.Context, ext string, data []byte) (string, error) {
			text, err := document.Text("x"+ext, data)
			if err != nil {
				return "", errJoin(err)
			}
			return text, nil
		}
	})
}

func errJoin(err error) error { return &uploadError{err} }

type uploadError struct{ error }

func (e *uploadError) Unwrap() []error { return []error{versions.ErrUpload, e.error} }

func seedPlan(t *testing.T) string {
	t.Helper()
	e := seedEdition(t)
	return string(e[knowledge.PlanPath(e.PlanIDs()[0])])
}

var draftAt = regexp.MustCompile(`/admin/drafts/([a-z0-9]+)`)

// TestAPlanIsImportedReadCorrectedApprovedAndPublished goes the whole way by forms
// alone, with two people.
func TestAPlanIsImportedReadCorrectedApprovedAndPublished(t *testing.T) {
	o := publishing(t)
	editor, reviewer, issuer := o.signedIn("编辑甲", account.Editor), o.signedIn("审核乙", account.Reviewer), o.signedIn("签发丙", account.Issuer)
	text := strings.ReplaceAll(seedPlan(t), "5000元", "6000元")
	status, to, body := editor.upload("新计划.txt", []byte(text), url.Values{"disclosure": {"公开"}})
	if status != http.StatusSeeOther {
		t.Fatalf("upload: %d %s", status, body)
	}
	report := editor.page(to)
	has(t, report, "已读进草稿", "6000元", "没有归入的句子", "k-amount", "更正")
	draft := draftAt.FindStringSubmatch(to)[0]
	id := draft[strings.LastIndex(draft, "/")+1:]
	plan := regexp.MustCompile(`plan=([^"&]+)&amp;measure=39&amp;field=groups`).FindStringSubmatch(editor.page(draft + "/report?only=" + "6000元"))
	if plan == nil {
		t.Fatal("the report has no field to click")
	}
	fix := draft + "/correct?plan=" + plan[1] + "&measure=39&field=groups"
	pid, _ := url.QueryUnescape(plan[1])
	has(t, editor.page(fix), "更正对象", "重点群体")
	_, _, refused := editor.post(fix, draft+"/correct", url.Values{"plan": {pid}, "measure": {"39"}, "field": {"groups"}, "value": {"火星人"}})
	has(t, refused, "更正只能用原文里的字句", "火星人")
	has(t, editor.act(fix, draft+"/correct", url.Values{"plan": {pid}, "measure": {"39"}, "field": {"groups"}, "value": {"高校毕业生"}}), "已更正")
	has(t, editor.page(draft+"/diff"), "改动", "第39项", "5000元", "6000元")
	hash := regexp.MustCompile(`name="hash" value="([0-9a-f]+)"`)
	if hash.MatchString(editor.page(draft)) {
		t.Error("an editor is offered to approve or publish")
	}
	h := hash.FindStringSubmatch(reviewer.page(draft))[1]
	has(t, issuer.act(draft, draft+"/publish", url.Values{"hash": {h}}), "还没有另一个人批准")
	has(t, reviewer.act(draft, draft+"/approve", url.Values{"hash": {h}}), "已审核通过")
	has(t, editor.act(fix, draft+"/correct", url.Values{"plan": {pid}, "measure": {"39"}, "field": {"groups"}, "value": {"高校毕业生\n农民工"}}), "已更正")
	has(t, issuer.act(draft, draft+"/publish", url.Values{"hash": {h}}), "又改过，请重新核对")
	h = hash.FindStringSubmatch(reviewer.page(draft))[1]
	has(t, reviewer.act(draft, draft+"/approve", url.Values{"hash": {h}}), "已审核通过")
	has(t, issuer.act(draft, draft+"/publish", url.Values{"hash": {h}}), "第 1 次发布完成", "签发丙", "审核 审核乙")
	_, e, err := o.Library.Published(t.Context())
	if err != nil || !strings.Contains(string(e[knowledge.PlanPath(pid)]), "6000元") {
		t.Errorf("published %v", err)
	}
	has(t, issuer.act("/admin/plans", "/admin/plans/rollback", url.Values{"seq": {"0"}}), "已退回")
	if _, e, _ = o.Library.Published(t.Context()); !strings.Contains(string(e[knowledge.PlanPath(pid)]), "5000元") {
		t.Error("not rolled back")
	}
	if id == "" {
		t.Error("no draft")
	}
}

// TestHostileUploads are refused in words and change nothing.
func TestHostileUploads(t *testing.T) {
	o := publishing(t)
	c := o.signedIn("编辑甲", account.Editor)
	for name, up := range map[string]struct {
		file string
		data string
		want string
	}{
		"no plan":         {"x.txt", "hello", ""},
		"empty":           {"x.txt", "", ""},
		"a broken docx":   {"x.docx", "PK\x03\x04rubbish", ""},
		"a path":          {"../../../etc/passwd", "x", ""},
		"a program":       {"x.exe", "MZ", ""},
		"markup in names": {`"><script>alert(1)</script>.txt`, "x", ""},
	} {
		status, to, body := c.upload(up.file, []byte(up.data), url.Values{})
		if status == http.StatusSeeOther {
			body = c.page(to)
		}
		if !strings.Contains(body, "没有做成") || strings.Contains(body, "<script>alert") || strings.Contains(body, "把编号") {
			t.Errorf("%s: status %d\n%s", name, status, clip(body))
		}
	}
	if status, _, body := c.upload("big.txt", bytes.Repeat([]byte("长"), (document.MaxFile+2<<20)/3), url.Values{}); status != http.StatusRequestEntityTooLarge {
		t.Errorf("too big: status %d %s", status, clip(body))
	}
	if d, err := o.Library.Drafts(t.Context()); err != nil || len(d) != 0 {
		t.Errorf("drafts %v %v", d, err)
	}
	for _, path := range []string{"/admin/drafts/..%2f..%2fetc/report", "/admin/drafts/x/original?plan=../../../etc/passwd", "/admin/..%2f..%2fetc/passwd"} {
		if status, _, body := c.get(path); status < 400 || strings.Contains(body, "root:") {
			t.Errorf("%s: status %d", path, status)
		}
	}
}

// TestStoredMarkupStaysText imports a plan full of markup and looks at every page
// that shows it.
func TestStoredMarkupStaysText(t *testing.T) {
	o := publishing(t)
	c := o.signedIn("编辑甲", account.Editor)
	evil := `<img src=x onerror=alert(1)><script>alert(2)</script>`
	text := strings.Replace(seedPlan(t), "一次性创业补贴", evil+"一次性创业补贴", 1)
	status, to, body := c.upload("a.txt", []byte(text), url.Values{"disclosure": {"公开"}})
	if status != http.StatusSeeOther {
		t.Fatalf("upload: %d %s", status, body)
	}
	draft := draftAt.FindStringSubmatch(to)[0]
	for _, path := range []string{to, draft, draft + "/diff", draft + "/effect", "/admin/plans"} {
		if page := c.page(path); strings.Contains(page, "<img src=x") || strings.Contains(page, "<script>alert") {
			t.Errorf("%s shows markup", path)
		}
	}
	if !strings.Contains(c.page(draft+"/report?only="+url.QueryEscape("onerror")), "&lt;script&gt;") {
		t.Error("the markup is not shown as text")
	}
}

// TestOnlyWhatDiffersIsMarked cuts a changed paragraph at its clauses.
func TestOnlyWhatDiffersIsMarked(t *testing.T) {
	old, now := "对首次创业的，给予补贴（5000元）。由区人社局负责。", "对首次创业的，给予补贴（6000元）。由区人社局负责。"
	text := func(list []lineDiff) string {
		var b strings.Builder
		for _, d := range list {
			b.WriteString(d.Mark + d.Text + "|")
		}
		return b.String()
	}
	if got, want := text(marked(old, now, "+")), "=对首次创业的，给予补贴（|-5000元）|=。由区人社局负责。|"; got != want {
		t.Errorf("before: got %s, want %s", got, want)
	}
	if got, want := text(marked(old, now, "-")), "=对首次创业的，给予补贴（|+6000元）|=。由区人社局负责。|"; got != want {
		t.Errorf("after: got %s, want %s", got, want)
	}
}
