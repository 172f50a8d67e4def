package admin

import (
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"huiwen/knowledge/account"
)

// TestRoleMatrix tries every route of the table as every role and as nobody.
func TestRoleMatrix(t *testing.T) {
	o := newOffice(t, nil)
	stranger := o.clerk()
	clerks := map[account.Role]*clerk{}
	for _, r := range account.Roles {
		clerks[r] = o.signedIn("人"+string(r), r)
	}
	for _, r := range o.routes {
		path := strings.NewReplacer("{id}", "x", "{no}", "1").Replace(r.path)
		reach := func(c *clerk) int {
			if r.method == http.MethodGet {
				status, to, _ := c.get(path)
				if status == http.StatusSeeOther && strings.HasPrefix(to, "/admin/signin") && !r.open {
					return http.StatusUnauthorized
				}
				return status
			}
			status, _, body := c.send(path, url.Values{})
			if status == http.StatusForbidden && strings.Contains(body, "表单已失效") {
				return http.StatusOK // it came as far as the form's token
			}
			return status
		}
		if got := reach(stranger); (got == http.StatusUnauthorized) == r.open {
			t.Errorf("%s %s before sign-in: status %d", r.method, r.path, got)
		}
		for role, c := range clerks {
			if r.path == "/admin/signout" {
				continue
			}
			got := reach(c)
			may := r.open || r.own
			for _, allowed := range r.roles {
				may = may || allowed == role
			}
			if (got == http.StatusForbidden) == may {
				t.Errorf("%s %s as %s: status %d, may %v", r.method, r.path, role, got, may)
			}
			if r.method == http.MethodPost && role == account.Auditor && !r.open && !r.own && got != http.StatusForbidden {
				t.Errorf("%s %s changes something for an auditor", r.method, r.path)
			}
		}
	}
	if status, _, _ := stranger.get("/admin/nothing"); status != http.StatusNotFound {
		t.Errorf("a page that is not in the table: status %d", status)
	}
}

func TestEveryRouteIsDecided(t *testing.T) {
	for _, r := range []route{
		{method: "GET", path: "/x", do: me},
		{method: "GET", path: "/x", do: me, open: true, own: true},
		{method: "POST", path: "/x", do: me, roles: auditing},
		{method: "PUT", path: "/x", do: me, own: true},
		{method: "GET", path: "/x", own: true},
	} {
		if r.check() == nil {
			t.Errorf("%+v passes", r)
		}
	}
}

// TestAFormNeedsItsToken posts without a token, with another's and from another
// site.
func TestAFormNeedsItsToken(t *testing.T) {
	o := newOffice(t, nil)
	c, other := o.signedIn("张三", account.Admin), o.signedIn("李四", account.Admin)
	foreign := tokenForm.FindStringSubmatch(other.page("/admin/accounts"))[1]
	for name, form := range map[string]url.Values{"none": {}, "empty": {"csrf": {""}}, "another's": {"csrf": {foreign}}} {
		form.Set("name", "王五")
		form.Set("role", "editor")
		if status, _, _ := c.send("/admin/accounts", form); status != http.StatusForbidden {
			t.Errorf("%s: status %d", name, status)
		}
	}
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, o.srv.URL+"/admin/signout", strings.NewReader("csrf="+tokenForm.FindStringSubmatch(c.page("/admin/me"))[1]))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	if status, _, _ := c.do(req); status != http.StatusForbidden {
		t.Errorf("from another site with a right token: status %d", status)
	}
	if list, err := o.Keeper.List(t.Context()); err != nil || len(list) != 2 {
		t.Errorf("an account was made: %v %v", list, err)
	}
}

// TestASessionCannotBePlanted signs in with a session that another has put into
// the browser: it ends, and the new one is another.
func TestASessionCannotBePlanted(t *testing.T) {
	o := newOffice(t, nil)
	attacker := o.signedIn("坏人", account.Window)
	planted := attacker.cookie(sessionCookie)
	o.hire("张三", account.Admin)
	victim := o.clerk()
	base, _ := url.Parse(o.srv.URL)
	made := strings.Repeat("ab", 16)
	victim.client.Jar.SetCookies(base, []*http.Cookie{{Name: sessionCookie, Value: made, Path: "/"}, {Name: beforeCookie, Value: strings.Repeat("0", 32), Path: "/"}})
	if status, _, _ := victim.post("/admin/signin", "/admin/signin", url.Values{"name": {"张三"}, "password": {password}}); status != http.StatusSeeOther {
		t.Fatalf("sign in: status %d", status)
	}
	if got := victim.cookie(sessionCookie); got == made || got == planted || len(got) != 32 {
		t.Errorf("the session is %q", got)
	}
	victim2 := o.clerk()
	victim2.client.Jar.SetCookies(base, []*http.Cookie{{Name: sessionCookie, Value: planted, Path: "/"}})
	if status, _, _ := victim2.post("/admin/me", "/admin/signin", url.Values{"name": {"张三"}, "password": {password}}); status != http.StatusSeeOther {
		t.Fatalf("sign in over another's session: status %d", status)
	}
	if status, _, _ := attacker.get("/admin/me"); status != http.StatusSeeOther {
		t.Errorf("the planted session lives: status %d", status)
	}
}

func TestCookiesAreGuarded(t *testing.T) {
	o := newOffice(t, func(o *Options) { o.Secure = true })
	o.hire("张三", account.Admin)
	s, err := o.Keeper.SignIn(t.Context(), "张三", password, "")
	if err != nil {
		t.Fatal(err)
	}
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, o.srv.URL+"/admin/signin", nil)
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	for _, c := range resp.Cookies() {
		if !c.HttpOnly || !c.Secure || c.SameSite != http.SameSiteLaxMode {
			t.Errorf("cookie %+v", c)
		}
	}
	for h, want := range map[string]string{"Content-Security-Policy": "default-src 'none'", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"} {
		if !strings.Contains(resp.Header.Get(h), want) {
			t.Errorf("%s: %q", h, resp.Header.Get(h))
		}
	}
	if strings.Contains(tokenOf(s.Token), s.Token) {
		t.Error("the form's token holds the session")
	}
}

func TestSignInWords(t *testing.T) {
	o := newOffice(t, nil)
	o.hire("张三", account.Editor)
	c := o.clerk()
	_, _, wrongName := c.post("/admin/signin", "/admin/signin", url.Values{"name": {"李四"}, "password": {"x"}})
	_, _, wrongPassword := c.post("/admin/signin", "/admin/signin", url.Values{"name": {"张三"}, "password": {"x"}})
	has(t, wrongName, account.ErrWrong.Error())
	has(t, wrongPassword, account.ErrWrong.Error())
	for range 4 {
		_, _, wrongPassword = c.post("/admin/signin", "/admin/signin", url.Values{"name": {"张三"}, "password": {"x"}})
	}
	has(t, wrongPassword, "已锁定")
	for _, to := range []string{"https://evil.example/", "//evil.example/", `/admin/\evil`, "/admin//evil", "/other"} {
		if got := back(to); got != "/admin/" {
			t.Errorf("after sign-in to %q: %q", to, got)
		}
	}
}

func TestTriesOfOneAddressAreLimited(t *testing.T) {
	tries := newTries()
	now := time.Unix(0, 0)
	from := netip.MustParseAddr("10.0.0.1")
	let := 0
	for range 100 {
		if tries.allow(from, now) {
			let++
		}
	}
	if let != triesAtOnce || !tries.allow(netip.MustParseAddr("10.0.0.2"), now) || !tries.allow(from, now.Add(triesEvery)) {
		t.Errorf("%d tries were let through", let)
	}
}

func TestOnlyListedAddressesComeIn(t *testing.T) {
	o := newOffice(t, func(o *Options) {
		o.Allow, o.Trusted = []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")}, []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	})
	for forwarded, want := range map[string]int{"": 403, "10.1.2.3": 200, "10.2.2.3": 403, "10.1.2.3, 8.8.8.8": 403, "8.8.8.8, 10.1.2.3": 200, "x": 403} {
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, o.srv.URL+"/admin/signin", nil)
		if forwarded != "" {
			req.Header.Set("X-Forwarded-For", forwarded)
		}
		if status, _, _ := o.clerk().do(req); status != want {
			t.Errorf("%q: status %d, want %d", forwarded, status, want)
		}
	}
}

func TestTheSecondFactorIsDemanded(t *testing.T) {
	o := newOffice(t, func(o *Options) { o.Second = true })
	c := o.signedIn("张三", account.Admin)
	if status, to, _ := c.get("/admin/accounts"); status != http.StatusSeeOther || to != "/admin/me/second" {
		t.Fatalf("without a second factor: %d %s", status, to)
	}
	page := c.page("/admin/me/second")
	secret := strings.ReplaceAll(page[strings.Index(page, `class="key">`)+len(`class="key">`):][:39], " ", "")
	has(t, c.act("/admin/me/second", "/admin/me/second", url.Values{"code": {account.Code(secret, account.StepOf(time.Now()))}}), "已绑定")
	c.page("/admin/accounts")
}

func TestAccountsPage(t *testing.T) {
	o := newOffice(t, nil)
	c := o.signedIn("张三", account.Admin)
	page := c.act("/admin/accounts", "/admin/accounts", url.Values{"name": {"李四"}, "role": {"editor", "reviewer"}})
	has(t, page, "李四 的邀请链接", "/admin/invite?code=")
	link := page[strings.Index(page, "/admin/invite?code="):][:len("/admin/invite?code=")+32]
	person := o.clerk()
	has(t, person.act(link, "/admin/invite", url.Values{"code": {link[len(link)-32:]}, "password": {password}, "again": {password}}), "密码已设好")
	if status, _, _ := person.get(link); status != http.StatusConflict {
		t.Errorf("the invitation counts twice: status %d", status)
	}
	has(t, c.act("/admin/accounts", "/admin/accounts/roles", url.Values{"name": {"李四"}, "role": {"editor", "auditor"}}), "不能兼任")
	has(t, c.act("/admin/accounts", "/admin/accounts/roles", url.Values{"name": {"张三"}, "role": {"editor"}}), "不能改自己的账号")
	has(t, c.act("/admin/accounts", "/admin/accounts", url.Values{"name": {`<script>x</script>`}, "role": {"editor"}}), "名字要有")
	security := o.signedIn("王五", account.Security)
	has(t, security.act("/admin/accounts", "/admin/accounts/roles", url.Values{"name": {"李四"}, "role": {"admin"}}), "管理员")
	if a, err := o.Keeper.Load(t.Context(), "李四"); err != nil || a.Has(account.Admin) {
		t.Errorf("a security officer made an admin: %v %v", a.Roles, err)
	}
	has(t, c.page("/admin/accounts"), `value="editor" checked`)
	has(t, c.act("/admin/accounts", "/admin/accounts/disable", url.Values{"name": {"李四"}, "off": {"1"}}), "已停用")
}
