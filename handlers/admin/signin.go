package admin

import (
	"container/list"
	"context"
	"errors"
	"html/template"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"
	"rsc.io/qr"

	"huiwen/knowledge/account"
)

// asset serves a file of the pages.
func asset(name, kind string) func(*visit) error {
	data, err := web.ReadFile("web/" + name)
	if err != nil {
		panic("admin: " + name + " is not embedded") // a bug of the build
	}
	return func(v *visit) error {
		v.w.Header().Set("Content-Type", kind)
		v.w.Header().Set("Cache-Control", "no-cache")
		_, _ = v.w.Write(data) // the browser went away
		return nil
	}
}

// Tries to sign in from one address: a burst, then one every few seconds.
const (
	triesAtOnce  = 20
	triesEvery   = 6 * time.Second
	maxAddresses = 5000
)

// tries counts the tries to sign in by address. The one unseen longest is
// forgotten first.
type tries struct {
	mu    sync.Mutex
	byKey map[netip.Addr]*list.Element
	order *list.List // of *counted, newest in front
}

type counted struct {
	from    netip.Addr
	limiter *rate.Limiter
}

func newTries() *tries { return &tries{byKey: map[netip.Addr]*list.Element{}, order: list.New()} }

func (t *tries) allow(from netip.Addr, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if from.Is6() {
		if p, err := from.Prefix(64); err == nil {
			from = p.Addr()
		}
	}
	e := t.byKey[from]
	if e == nil {
		e = t.order.PushFront(&counted{from, rate.NewLimiter(rate.Every(triesEvery), triesAtOnce)})
		t.byKey[from] = e
		if t.order.Len() > maxAddresses {
			oldest := t.order.Back()
			t.order.Remove(oldest)
			delete(t.byKey, oldest.Value.(*counted).from)
		}
	}
	t.order.MoveToFront(e)
	return e.Value.(*counted).limiter.AllowN(now, 1)
}

type signInView struct {
	To, Name, Wrong string
	Scans           []scanView
}

// back is a path of ours to go to after sign-in.
func back(to string) string {
	if !strings.HasPrefix(to, "/admin/") && !strings.HasPrefix(to, "/desk/") || strings.ContainsAny(to, "\\\r\n") || strings.Contains(to, "//") {
		return "/admin/"
	}
	return to
}

func signInPage(v *visit) error {
	if v.who != nil {
		return v.redirect(back(v.r.URL.Query().Get("to")))
	}
	return v.page("signin", "登录", signInView{To: back(v.r.URL.Query().Get("to")), Scans: v.scans()})
}

// signIn begins a session under a new token: whatever the browser had before
// ends, so that nobody can plant one.
func signIn(v *visit) error {
	view := signInView{To: back(v.field("to")), Name: v.field("name"), Scans: v.scans()}
	if !v.tries.allow(v.from(v.r), v.Now()) {
		view.Wrong = "这个地址尝试得太频繁，请过一会儿再试。"
		return v.show(http.StatusTooManyRequests, "signin", "登录", view)
	}
	s, err := v.Keeper.SignIn(v.ctx(), view.Name, v.r.PostFormValue("password"), v.field("code"))
	if errors.Is(err, account.ErrWrong) || errors.Is(err, account.ErrLocked) {
		view.Wrong = err.Error()
		return v.show(http.StatusUnauthorized, "signin", "登录", view)
	}
	if err != nil {
		return err
	}
	return v.enter(s, view.To)
}

// enter gives the browser a session and ends the one it had.
func (v *visit) enter(s *account.Session, to string) error {
	if v.session != nil {
		if err := v.Keeper.SignOut(v.ctx(), v.session.Token); err != nil {
			return err
		}
	}
	v.cookie(beforeCookie, "", -1)
	v.cookie(sessionCookie, s.Token, 0)
	if to == "/admin/" && v.onlyDesk(s.Account) {
		to = "/desk/"
	}
	return v.redirect(to)
}

// onlyDesk reports whether an account has no page but the window's.
func (v *visit) onlyDesk(name string) bool {
	a, err := v.accountOf(v.ctx(), name)
	return err == nil && !a.Has(watching...) && a.Has(account.Window, account.Seat)
}

func signOut(v *visit) error {
	if err := v.Keeper.SignOut(v.ctx(), v.session.Token); err != nil {
		return err
	}
	v.cookie(sessionCookie, "", -1)
	v.who, v.session, v.csrf = nil, nil, ""
	return v.redirect("/admin/signin")
}

type inviteView struct {
	Code, Name, Wrong string
	First             bool
}

func invitePage(v *visit) error {
	code := v.r.URL.Query().Get("code")
	name, err := v.Keeper.Invited(v.ctx(), code)
	if err != nil {
		return err
	}
	return v.page("invite", "设置密码", inviteView{Code: code, Name: name, First: name == ""})
}

func acceptInvite(v *visit) error {
	code := v.field("code")
	invited, err := v.Keeper.Invited(v.ctx(), code)
	if err != nil {
		return err
	}
	view := inviteView{Code: code, Name: invited, First: invited == ""}
	if view.First {
		view.Name = v.field("name")
	}
	if v.r.PostFormValue("password") != v.r.PostFormValue("again") {
		view.Wrong = "两次输入的密码不一样。"
		return v.show(http.StatusBadRequest, "invite", "设置密码", view)
	}
	if _, err = v.Keeper.Accept(v.ctx(), code, view.Name, v.r.PostFormValue("password")); err != nil {
		p, ok := words(err)
		if !ok {
			return err
		}
		view.Wrong = p.words
		return v.show(p.status, "invite", "设置密码", view)
	}
	return v.done("/admin/signin", "密码已设好，请登录。")
}

type meView struct {
	Account *account.Account
	Began   time.Time
	Demand  bool // the second factor is demanded
}

func me(v *visit) error {
	return v.page("me", "我的账号", meView{v.who, v.session.Began, v.Second})
}

func changePassword(v *visit) error {
	if v.r.PostFormValue("password") != v.r.PostFormValue("again") {
		return v.failed("/admin/me", bad("两次输入的新密码不一样。"))
	}
	if err := v.Keeper.ChoosePassword(v.ctx(), v.who.Name, v.r.PostFormValue("old"), v.r.PostFormValue("password")); err != nil {
		return v.failed("/admin/me", err)
	}
	v.cookie(sessionCookie, "", -1)
	return v.done("/admin/signin", "密码已改，所有登录都已退出，请用新密码登录。")
}

type secondView struct {
	Secret, Link string
	Modules      template.HTMLAttr // path of the dark squares
	Size         int
	Demand, Has  bool
}

func secondPage(v *visit) error {
	secret, err := v.Keeper.Offer(v.ctx(), v.session)
	if err != nil {
		return err
	}
	link := account.Enrolment(v.who.Name, secret)
	code, err := qr.Encode(link, qr.M)
	if err != nil {
		return err
	}
	var d strings.Builder
	for y := range code.Size {
		for x := range code.Size {
			if code.Black(x, y) {
				d.WriteString("M" + strconv.Itoa(x) + " " + strconv.Itoa(y) + "h1v1h-1z")
			}
		}
	}
	var groups []string
	for i := 0; i < len(secret); i += 4 {
		groups = append(groups, secret[i:min(i+4, len(secret))])
	}
	return v.page("second", "绑定动态口令", secondView{strings.Join(groups, " "), link, template.HTMLAttr(`d="` + d.String() + `"`), code.Size, v.Second, v.who.Secret != ""}) //nolint:gosec // digits and letters of our own
}

func enrol(v *visit) error {
	if v.session.Pending == "" {
		return v.redirect("/admin/me/second")
	}
	if err := v.Keeper.Enrol(v.ctx(), v.session, v.field("code")); err != nil {
		return v.failed("/admin/me/second", err)
	}
	return v.done("/admin/me", "动态口令已绑定，下次登录时要用。")
}

func (a *Admin) accountOf(ctx context.Context, name string) (*account.Account, error) {
	return a.Keeper.Load(ctx, name)
}
