package admin

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"huiwen/knowledge/account"
)

// A fakeScan is a platform where everybody who comes with a code is that person.
type fakeScan struct{}

func (fakeScan) Channel() string                                    { return "wecom" }
func (fakeScan) Name() string                                       { return "企业微信" }
func (fakeScan) URL(state string) string                            { return "https://platform.example/?state=" + state }
func (fakeScan) Who(_ context.Context, code string) (string, error) { return code, nil }

// TestScanIsBoundToTheBrowser: a state that another browser was sent with does not
// count, nor one twice, and only linked accounts come in.
func TestScanIsBoundToTheBrowser(t *testing.T) {
	o := newOffice(t, func(o *Options) { o.Scanners, o.Second = []Scanner{fakeScan{}}, true })
	o.hire("张三", account.Editor)
	link := account.Link{Channel: "wecom", User: "zs"}
	if err := o.Keeper.Change(t.Context(), "张三", "管理甲", "account.link", "", func(a *account.Account) error { a.Links = []account.Link{link}; return nil }); err != nil {
		t.Fatal(err)
	}
	begin := func(c *clerk) string {
		has(t, c.page("/admin/signin"), "企业微信扫码登录")
		status, to, _ := c.get("/admin/scan?by=wecom")
		if status != http.StatusSeeOther || !strings.HasPrefix(to, "https://platform.example/") {
			t.Fatalf("scan: %d %s", status, to)
		}
		return to[strings.Index(to, "state=")+6:]
	}
	mine, other := o.clerk(), o.clerk()
	state := begin(mine)
	begin(other)
	back := "/admin/scanned?by=wecom&code=zs&state="
	if status, _, _ := other.get(back + state); status != http.StatusBadRequest {
		t.Errorf("another's state: status %d", status)
	}
	if status, to, _ := mine.get(back + state); status != http.StatusSeeOther || to != "/admin/" {
		t.Errorf("my state: %d %s", status, to)
	}
	if status, _, _ := mine.get(back + state); status != http.StatusBadRequest {
		t.Errorf("the same state again: status %d", status)
	}
	has(t, mine.page("/admin/plans"), "张三") // the platform vouched: no second factor is due
	byPassword := o.clerk()
	byPassword.post("/admin/signin", "/admin/signin", url.Values{"name": {"张三"}, "password": {password}})
	if status, to, _ := byPassword.get("/admin/plans"); status != http.StatusSeeOther || to != "/admin/me/second" {
		t.Errorf("by password, linked, without a second factor: %d %s", status, to)
	}
	stranger := o.clerk()
	if status, _, body := stranger.get("/admin/scanned?by=wecom&code=nobody&state=" + begin(stranger)); status != http.StatusForbidden || !strings.Contains(body, "没有关联") {
		t.Errorf("not linked: status %d", status)
	}
	if status, _, _ := stranger.get("/admin/scan?by=fax"); status != http.StatusNotFound {
		t.Errorf("no such platform: status %d", status)
	}
}
