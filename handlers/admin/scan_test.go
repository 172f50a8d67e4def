package admin

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"huiwen/knowledge/account"
)

// A fakeScan is a platform where everybody who comes with a code is that person,
// and "outside" is nobody of the organisation.
type fakeScan struct{ channel, name string }

func (f fakeScan) Channel() string { return f.channel }
func (f fakeScan) Name() string    { return f.name }
func (f fakeScan) URL(state string) string {
	return "https://" + f.channel + ".example/?state=" + state
}
func (f fakeScan) Who(_ context.Context, code string) (string, error) {
	return strings.TrimPrefix(code, "outside"), nil
}

// TestScanIsBoundToTheBrowser: a state that another browser was sent with does not
// count, nor one twice, and only linked accounts come in.
func TestScanIsBoundToTheBrowser(t *testing.T) {
	o := newOffice(t, func(o *Options) {
		o.Scanners, o.Second = []Scanner{fakeScan{"wecom", "企业微信"}, fakeScan{"dingtalk", "钉钉"}}, true
	})
	o.hire("张三", account.Editor)
	link := account.Link{Channel: "wecom", User: "zs"}
	if err := o.Keeper.Change(t.Context(), "张三", "管理甲", "account.link", "", func(a *account.Account) error { a.Links = []account.Link{link}; return nil }); err != nil {
		t.Fatal(err)
	}
	by := func(c *clerk, channel string) string {
		has(t, c.page("/admin/signin"), "企业微信扫码登录", "钉钉扫码登录")
		status, to, _ := c.get("/admin/scan?by=" + channel)
		if status != http.StatusSeeOther || !strings.HasPrefix(to, "https://"+channel+".example/") {
			t.Fatalf("scan: %d %s", status, to)
		}
		return to[strings.Index(to, "state=")+6:]
	}
	begin := func(c *clerk) string { return by(c, "wecom") }
	mine, other := o.clerk(), o.clerk()
	state := begin(mine)
	begin(other)
	back := "/admin/scanned?code=zs&state="
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
	if status, _, body := stranger.get("/admin/scanned?code=nobody&state=" + begin(stranger)); status != http.StatusForbidden || !strings.Contains(body, "没有关联") {
		t.Errorf("not linked: status %d", status)
	}
	if status, _, body := stranger.get("/admin/scanned?code=outside&state=" + begin(stranger)); status != http.StatusForbidden || !strings.Contains(body, "不在本单位的企业微信里") {
		t.Errorf("of another organisation: status %d", status)
	}
	if status, _, body := stranger.get("/admin/scanned?authCode=zs&by=wecom&state=" + by(stranger, "dingtalk")); status != http.StatusForbidden || !strings.Contains(body, "没有关联") {
		t.Errorf("sent to one platform, back as another's: status %d", status)
	}
	if status, _, body := stranger.get("/admin/scanned?error=denied&state=" + by(stranger, "dingtalk")); status != http.StatusBadRequest || !strings.Contains(body, "重新扫码") {
		t.Errorf("refused on the phone: status %d", status)
	}
	if status, to, _ := mine.get("/admin/scanned?to=https://evil.example&code=zs&state=" + begin(o.clerk())); status != http.StatusBadRequest || to != "" {
		t.Errorf("another's state with a target: %d %s", status, to)
	}
	if status, _, _ := stranger.get("/admin/scan?by=fax"); status != http.StatusNotFound {
		t.Errorf("no such platform: status %d", status)
	}
}
