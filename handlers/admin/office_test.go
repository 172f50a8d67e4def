package admin

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/argon2"

	"huiwen/bot"
	"huiwen/bot/post"
	"huiwen/handlers"
	"huiwen/knowledge"
	"huiwen/knowledge/account"
	"huiwen/knowledge/calendar"
	"huiwen/knowledge/directory"
	"huiwen/knowledge/finding"
	"huiwen/knowledge/seedtest"
	"huiwen/knowledge/store"
	"huiwen/knowledge/versions"
	"huiwen/scheduler"
	"huiwen/scheduler/ledger"
	"huiwen/seeds"
)

const password = "Correct-Horse-9"

func seedEdition(t testing.TB) knowledge.Edition {
	t.Helper()
	e, err := knowledge.ReadEdition(seeds.Files)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// An office is the pages over a store of their own, on loopback.
type office struct {
	t testing.TB
	*Admin
	srv   *httptest.Server
	box   *post.Box
	asked int
}

func newOffice(t testing.TB, change func(*Options)) *office {
	t.Helper()
	s, err := store.OpenFile(t.Context(), t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	snap := seedtest.Snapshot(t, seeds.Files)
	h := handlers.New(func() *knowledge.Snapshot { return snap })
	box := post.NewBox(s, rand.Reader)
	o := Options{
		Keeper: account.NewKeeper(account.Options{Store: s, Random: rand.Reader}), Store: s, Box: box,
		Log: slog.New(slog.DiscardHandler), Random: rand.Reader, Now: time.Now,
		Snapshot: func() *knowledge.Snapshot { return snap },
		Library:  &versions.Library{Store: s, Seed: seedEdition(t), Load: func(knowledge.Edition) (*knowledge.Snapshot, error) { return snap, nil }},
		Evaluate: func(context.Context, *knowledge.Snapshot, *knowledge.Snapshot) (Effect, error) {
			return Effect{Questions: 2, Before: 1, After: 2, Changed: []EffectOn{{ID: "e1", Turns: []string{"开店"}, After: EffectAnswer{Right: true, Judged: true}}}}, nil
		},
		Directory: func(context.Context) (*directory.Directory, error) { return directory.Seed(seeds.Files) },
		Findings: func(context.Context) []finding.Finding {
			return []finding.Finding{finding.Of("存储", "读写正常", nil)}
		},
		Try: func(ctx context.Context, q Question) (bot.Rendered, error) {
			r, _, err := h.Handle(ctx, bot.Message{ID: "t", Channel: "trial", Conversation: "t", User: q.User, Text: q.Text, At: q.AsOf}, nil)
			if err != nil {
				return bot.Rendered{}, err
			}
			return bot.Render(r, handlers.Facts(snap))
		},
	}
	if change != nil {
		change(&o)
	}
	days, err := calendar.Load(seeds.Files)
	if err != nil {
		t.Fatal(err)
	}
	people, err := directory.Seed(seeds.Files)
	if err != nil {
		t.Fatal(err)
	}
	if o.Reminder, err = scheduler.New(scheduler.Options{Store: s, Snapshot: o.Snapshot, Calendar: days, Directory: people, Now: o.Now}); err != nil {
		t.Fatal(err)
	}
	o.Book = ledger.NewBook(s, nil)
	a, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(a)
	t.Cleanup(srv.Close)
	return &office{t, a, srv, box, 0}
}

// cheap is the hash of the password of the tests at a cost of next to nothing: what
// an honest one costs, the tests of accounts measure.
var cheap = sync.OnceValue(func() string {
	salt, b := []byte("sixteen bytes ok"), base64.RawStdEncoding
	return "$argon2id$v=19$m=8,t=1,p=1$" + b.EncodeToString(salt) + "$" + b.EncodeToString(argon2.IDKey([]byte(password), salt, 1, 8, 1, 32))
})

// hire makes an account with the password of the tests.
func (o *office) hire(name string, roles ...account.Role) {
	o.t.Helper()
	if err := o.Keeper.Create(o.t.Context(), name, roles, "系统"); err != nil {
		o.t.Fatal(err)
	}
	if err := o.Keeper.Change(o.t.Context(), name, "系统", "account.password", "", func(a *account.Account) error { a.Password = cheap(); return nil }); err != nil {
		o.t.Fatal(err)
	}
}

// A clerk is a browser without a script.
type clerk struct {
	t      testing.TB
	base   string
	client *http.Client
}

func (o *office) clerk() *clerk {
	jar, err := cookiejar.New(nil)
	if err != nil {
		o.t.Fatal(err)
	}
	return &clerk{o.t, o.srv.URL, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// signedIn is a browser of an account of its own with the roles.
func (o *office) signedIn(name string, roles ...account.Role) *clerk {
	o.t.Helper()
	o.hire(name, roles...)
	c := o.clerk()
	if status, _, body := c.post("/admin/signin", "/admin/signin", url.Values{"name": {name}, "password": {password}}); status != http.StatusSeeOther {
		o.t.Fatalf("sign in: %d %s", status, body)
	}
	return c
}

func (c *clerk) do(req *http.Request) (int, string, string) {
	c.t.Helper()
	resp, err := c.client.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return resp.StatusCode, resp.Header.Get("Location"), string(body)
}

func (c *clerk) get(path string) (int, string, string) {
	c.t.Helper()
	req, err := http.NewRequestWithContext(c.t.Context(), http.MethodGet, c.base+path, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	return c.do(req)
}

// page gets a page that must be there.
func (c *clerk) page(path string) string {
	c.t.Helper()
	status, _, body := c.get(path)
	if status != http.StatusOK {
		c.t.Fatalf("%s: status %d\n%s", path, status, body)
	}
	return body
}

var tokenForm = regexp.MustCompile(`name="csrf" value="([0-9a-f]{32})"`)

// post fills in a form of the page from and sends it.
func (c *clerk) post(from, to string, form url.Values) (int, string, string) {
	c.t.Helper()
	m := tokenForm.FindStringSubmatch(c.page(from))
	if m == nil {
		c.t.Fatalf("%s has no form", from)
	}
	form.Set("csrf", m[1])
	return c.send(to, form)
}

// send posts a form as it is.
func (c *clerk) send(to string, form url.Values) (int, string, string) {
	c.t.Helper()
	req, err := http.NewRequestWithContext(c.t.Context(), http.MethodPost, c.base+to, strings.NewReader(form.Encode()))
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return c.do(req)
}

// act posts a form and returns the page that is shown after it.
func (c *clerk) act(from, to string, form url.Values) string {
	c.t.Helper()
	status, next, body := c.post(from, to, form)
	if status == http.StatusOK {
		return body
	}
	if status != http.StatusSeeOther {
		c.t.Fatalf("post %s: status %d\n%s", to, status, body)
	}
	return c.page(next)
}

// cookie is the value of a cookie the browser holds.
func (c *clerk) cookie(name string) string {
	u, err := url.Parse(c.base)
	if err != nil {
		c.t.Fatal(err)
	}
	for _, k := range c.client.Jar.Cookies(u) {
		if k.Name == name {
			return k.Value
		}
	}
	return ""
}

// has fails the test unless a page holds every text.
func has(t *testing.T, page string, texts ...string) {
	t.Helper()
	for _, want := range texts {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q:\n%s", want, clip(page))
		}
	}
}

func contains(page, text string) bool { return strings.Contains(page, text) }

func clip(s string) string {
	if i := strings.Index(s, "<main"); i >= 0 {
		s = s[i:]
	}
	return s[:min(len(s), 3000)]
}
