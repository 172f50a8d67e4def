// Package admin is the pages by which the office keeps the product true: served
// on the internal listener under /admin/ and /desk/, rendered on the server,
// plain forms, one small script.
//
// Every route stands in one table (routes.go) with the roles that may use it;
// nothing is served that the table does not name.
package admin

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"huiwen/bot"
	"huiwen/bot/post"
	"huiwen/knowledge"
	"huiwen/knowledge/account"
	"huiwen/knowledge/directory"
	"huiwen/knowledge/finding"
	"huiwen/knowledge/store"
	"huiwen/knowledge/versions"
	"huiwen/scheduler"
	"huiwen/scheduler/ledger"
)

//go:embed web
var web embed.FS

// Options are what the pages need.
type Options struct {
	Keeper *account.Keeper
	Store  store.Store
	Box    *post.Box
	Log    *slog.Logger
	Random io.Reader
	Now    func() time.Time
	// Secure: served by https in front, so cookies go over https only.
	Secure bool
	// Allow is the networks that may open the pages; empty for all that reach the
	// internal listener. Trusted are the proxies whose X-Forwarded-For counts.
	Allow, Trusted []netip.Prefix
	// Second demands the second factor of every account that signs in by password.
	Second bool
	// Library is the versions; Evaluate answers the evaluation questions from two
	// of them.
	Library  *versions.Library
	Evaluate func(ctx context.Context, before, after *knowledge.Snapshot) (Effect, error)
	// Book is the ledger, Reminder what reminds of it; Senders send by channel.
	Book     *ledger.Book
	Reminder *scheduler.Service
	Senders  map[string]bot.Sender
	// Directory is the directory in force; Findings what the parts say of themselves.
	Directory func(ctx context.Context) (*directory.Directory, error)
	Findings  func(ctx context.Context) []finding.Finding
	// Chain is the chain of acts, which the auditor reads.
	Chain Verifier
	// Scanners are the platforms that sign in by scan.
	Scanners []Scanner
	// Snapshot is the published state; Try answers a question from it without
	// keeping anything.
	Snapshot func() *knowledge.Snapshot
	Try      func(ctx context.Context, q Question) (bot.Rendered, error)
}

// A Question is a trial (测试提问): one question as a resident or as staff on a day.
type Question struct {
	Text string
	User bot.User
	AsOf time.Time
}

// Admin is the http.Handler of the pages, safe for concurrent use.
type Admin struct {
	Options
	views  *views
	tries  *tries
	routes []route
	trying chan struct{} // one edition is loaded for trial at a time
	mux    http.Handler

	plans        recent[[]knowledge.ReadPlan]  // of editions, by hash
	diffs        recent[*versions.Diff]        // of drafts
	vocabularies recent[*knowledge.Vocabulary] // of editions, by hash
}

// New makes the pages. It fails when a template or a route is wrong.
func New(o Options) (*Admin, error) {
	v, err := parseViews()
	if err != nil {
		return nil, err
	}
	a := &Admin{Options: o, views: v, tries: newTries(), routes: routes(), trying: make(chan struct{}, 1)}
	mux := http.NewServeMux()
	for _, r := range a.routes {
		if err := r.check(); err != nil {
			return nil, err
		}
		mux.Handle(r.pattern(), a.serve(r))
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, req *http.Request) {
		v := &visit{Admin: a, w: w, r: req}
		v.identify()
		v.finish(notFound("没有这个页面"))
	})
	a.mux = a.guarded(mux)
	return a, nil
}

// ServeHTTP implements [http.Handler].
func (a *Admin) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.mux.ServeHTTP(w, r) }

// csp allows the pages' own files and nothing from outside.
const csp = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// guarded sets the headers of every answer, refuses addresses that are not
// allowed and posts from other sites.
func (a *Admin) guarded(next http.Handler) http.Handler {
	cross := http.NewCrossOriginProtection()
	cross.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := &visit{Admin: a, w: w, r: r}
		v.finish(problem{http.StatusForbidden, "请求来自别的网站，已拒绝。"})
	}))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", csp)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
		h.Set("Cache-Control", "no-store")
		if !a.allowed(r) {
			http.Error(w, "这个地址不在允许访问的名单里，请联系运维。", http.StatusForbidden)
			return
		}
		cross.Handler(next).ServeHTTP(w, r)
	})
}

func (a *Admin) allowed(r *http.Request) bool {
	if len(a.Allow) == 0 {
		return true
	}
	from := a.from(r)
	for _, p := range a.Allow {
		if p.Contains(from) {
			return true
		}
	}
	return false
}

// from is the address that a request comes from: the last one named by a
// trusted proxy that is none itself.
func (a *Admin) from(r *http.Request) netip.Addr {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	addr := at.Addr().Unmap()
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && a.trusts(addr); i-- {
		next, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		addr = next.Unmap()
	}
	return addr
}

func (a *Admin) trusts(addr netip.Addr) bool {
	for _, p := range a.Trusted {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

// The cookies: the session, the one that binds the sign-in form to the browser,
// and the one sentence that the next page says.
const (
	sessionCookie = "huiwen_admin"
	beforeCookie  = "huiwen_before"
	saidCookie    = "huiwen_said"
)

// Bounds of a request.
const (
	maxForm      = 512 << 10
	requestTime  = 15 * time.Second
	longTime     = 3 * time.Minute // uploads and replays
	maxTextRunes = 2000
)

// serve wraps a route: who comes, whether he may, whether the form is ours.
func (a *Admin) serve(r route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		took := requestTime
		if r.long {
			took = longTime
			control := http.NewResponseController(w)
			until := time.Now().Add(longTime)
			_ = control.SetReadDeadline(until) // a writer without deadlines has none to lengthen
			_ = control.SetWriteDeadline(until)
		}
		ctx, cancel := context.WithTimeout(req.Context(), took)
		defer cancel()
		req = req.WithContext(ctx)
		req.Body = http.MaxBytesReader(w, req.Body, max(r.limit, maxForm))
		v := &visit{Admin: a, w: w, r: req, route: r}
		v.identify()
		v.finish(v.admit())
	})
}

// A problem is an error whose words people may read.
type problem struct {
	status int
	words  string
}

func (p problem) Error() string { return p.words }

func notFound(words string) problem { return problem{http.StatusNotFound, words} }
func bad(format string, args ...any) problem {
	return problem{http.StatusBadRequest, fmt.Sprintf(format, args...)}
}

// A visit is one request by one person.
type visit struct {
	*Admin
	w       http.ResponseWriter
	r       *http.Request
	route   route
	session *account.Session // nil before sign-in
	who     *account.Account
	csrf    string
	trouble error // of finding out who comes
}

func (v *visit) ctx() context.Context { return v.r.Context() }

// identify finds out who comes and which token his forms must carry.
func (v *visit) identify() {
	if c, err := v.r.Cookie(sessionCookie); err == nil {
		s, who, err := v.Keeper.Session(v.ctx(), c.Value)
		switch {
		case err == nil:
			v.session, v.who, v.csrf = s, who, tokenOf(s.Token)
			return
		case !errors.Is(err, account.ErrSession):
			v.trouble = err
		}
	}
	if c, err := v.r.Cookie(beforeCookie); err == nil && len(c.Value) == 32 {
		v.csrf = tokenOf(c.Value)
	}
}

// tokenOf is the token that forms of a browser carry, made from a secret that
// only its cookie holds.
func tokenOf(secret string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte("form"))
	return hex.EncodeToString(mac.Sum(nil)[:16])
}

// admit runs the route when the visitor may.
func (v *visit) admit() error {
	switch {
	case v.trouble != nil:
		return v.trouble
	case !v.route.open && v.who == nil:
		return v.toSignIn()
	case !v.route.may(v.who):
		return problem{http.StatusForbidden, "您的角色不能使用这个页面。"}
	case v.lacksSecond():
		return v.redirect("/admin/me/second")
	}
	if v.route.method == http.MethodPost {
		if err := v.checkForm(); err != nil {
			return err
		}
	}
	return v.route.do(v)
}

// lacksSecond reports whether the account must set up its second factor first.
func (v *visit) lacksSecond() bool {
	return v.Second && v.who != nil && v.who.Secret == "" && !v.session.Scan && !v.route.open && !v.route.own
}

// checkForm reads the form and its token.
func (v *visit) checkForm() error {
	var err error
	if v.route.limit > 0 {
		err = v.r.ParseMultipartForm(1 << 20)
	} else {
		err = v.r.ParseForm()
	}
	var tooBig *http.MaxBytesError
	switch {
	case errors.As(err, &tooBig):
		return problem{http.StatusRequestEntityTooLarge, fmt.Sprintf("内容太大，最多 %d MB。", max(1, tooBig.Limit>>20))}
	case err != nil:
		return bad("表单读不出来，请返回重试。")
	}
	if v.csrf == "" || !hmac.Equal([]byte(v.csrf), []byte(v.r.PostFormValue("csrf"))) {
		return problem{http.StatusForbidden, "表单已失效，请返回后刷新页面再提交。"}
	}
	return nil
}

// toSignIn asks to sign in; a page that was asked for is opened afterwards.
func (v *visit) toSignIn() error {
	if v.route.method != http.MethodGet {
		return problem{http.StatusUnauthorized, "登录已失效，请重新登录后再提交。"}
	}
	to := "/admin/signin"
	if p := v.r.URL.Path; p != "/admin/" {
		to += "?to=" + p
	}
	return v.redirect(to)
}

func (v *visit) redirect(to string) error {
	http.Redirect(v.w, v.r, to, http.StatusSeeOther)
	return nil
}

// finish shows what went wrong, if anything did.
func (v *visit) finish(err error) {
	if err == nil {
		return
	}
	p, ok := words(err)
	if !ok {
		code := v.code()
		v.Log.Error("admin page", "code", code, "path", v.route.path, "error", err)
		p = problem{http.StatusInternalServerError, "出了问题，没有做完。请稍后再试；若还不行，请把编号 " + code + " 告诉运维。"}
	}
	if err := v.show(p.status, "error", "出错了", p.words); err != nil {
		v.Log.Error("admin error page", "error", err)
	}
}

// code finds the log line of an error.
func (v *visit) code() string {
	b := make([]byte, 4)
	if _, err := io.ReadFull(v.Random, b); err != nil {
		return "00000000"
	}
	return hex.EncodeToString(b)
}

// field is a field of the form, trimmed, without what is no text.
func (v *visit) field(name string) string {
	return strings.TrimSpace(strings.ToValidUTF8(v.r.PostFormValue(name), ""))
}

// done sends the browser on after a post; the next page says one sentence.
func (v *visit) done(to, said string) error {
	v.say("ok", said)
	return v.redirect(to)
}

// failed sends the browser back with what was wrong, when people may read it.
func (v *visit) failed(to string, err error) error {
	p, ok := words(err)
	if !ok {
		return err
	}
	v.say("bad", p.words)
	return v.redirect(to)
}
