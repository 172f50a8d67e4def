package page

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"huiwen/bot"
)

// askFunc is an Asker.
type askFunc func(ctx context.Context, session, text string) (bot.Rendered, error)

func (f askFunc) Ask(ctx context.Context, session, text string) (bot.Rendered, error) {
	return f(ctx, session, text)
}

// shelf is a Library of one measure.
type shelf struct{}

const measureText = "引导和鼓励离校2年内毕业生创业。对首次创办小微企业或从事个体经营,且正常经营1年以上的,帮助其申报一次性创业补贴(5000元)。(责任单位:人社局、财政局等)"

func (shelf) Title() string  { return "2022年某区促进居民增收实施计划" }
func (shelf) Issued() string { return "2022年6月9日" }
func (s shelf) Measure(label string) (Measure, bool) {
	if label != "39" {
		return Measure{}, false
	}
	return Measure{Label: "39", Name: "第39项", Headings: []string{"促进城镇居民增收", "增加经营性收入"}, Text: measureText, Document: s.Title(), Issued: s.Issued()}, true
}

const quoted = "对首次创办小微企业或从事个体经营,且正常经营1年以上的,帮助其申报一次性创业补贴(5000元)。"

// example is an answer as the handlers make it.
func example() bot.Rendered {
	r := bot.Rendered{
		Status: bot.Answered, Citations: []string{"39"}, Choices: []string{"由哪些单位负责", "创业担保贷款"},
		Lines: []bot.Line{
			{{Kind: bot.Derived, Rule: "validity", Text: "这是2022年的计划，年度已结束，现行标准和办法可能已变，办理前请先核实。"}},
			{bot.Words("计划写的数额："), bot.Quote("39", "一次性创业补贴(5000元)"), bot.Words("。")},
			{bot.Quote("39", quoted)},
			{bot.Words("责任单位（计划所列）："), bot.Quote("39", "人社局"), bot.Words("、"), bot.Quote("39", "财政局"), bot.Words("等；受理窗口计划没写。")},
		},
		Source: "来源：《2022年某区促进居民增收实施计划》（2022年6月9日印发）第39项",
	}
	var lines []string
	for _, l := range r.Lines {
		lines = append(lines, l.Text())
	}
	r.Text = strings.Join(append(lines, r.Source, "1. 由哪些单位负责", "2. 创业担保贷款"), "\n")
	return r
}

type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// newPage is a page whose clock stands still.
func newPage(t testing.TB, ask askFunc, change func(*Options)) (*Page, *logBuffer) {
	t.Helper()
	log := &logBuffer{}
	o := Options{
		Asker: ask, Library: shelf{}, Suggestions: []string{"开店有没有补贴？", "出省打工的路费能报吗？"},
		Log: slog.New(slog.NewTextHandler(log, nil)), Random: strings.NewReader(strings.Repeat("0123456789abcdef", 4000)),
		Now: func() time.Time { return time.Date(2022, 9, 15, 12, 0, 0, 0, time.UTC) }, PerMinute: 1000, Total: 1000,
	}
	if change != nil {
		change(&o)
	}
	p, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return p, log
}

func answering(context.Context, string, string) (bot.Rendered, error) { return example(), nil }

func post(p http.Handler, body string, change func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/api/ask", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	if change != nil {
		change(r)
	}
	w := httptest.NewRecorder()
	p.ServeHTTP(w, r)
	return w
}

func TestAskAnswers(t *testing.T) {
	p, _ := newPage(t, answering, nil)
	w := post(p, `{"text":"开店补多少"}`, nil)
	var got bot.Rendered
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != 200 {
		t.Fatalf("%d %v %s", w.Code, err, w.Body)
	}
	if got.Text != example().Text || len(got.Citations) != 1 || len(got.Lines) != 4 {
		t.Errorf("got %+v", got)
	}
	c := w.Result().Cookies()
	if len(c) != 1 || !c[0].HttpOnly || c[0].SameSite != http.SameSiteLaxMode || len(c[0].Value) != 32 {
		t.Errorf("session cookie %+v", c)
	}
}

func TestSessionIsKeptAndNeverTakenFromThePerson(t *testing.T) {
	var sessions []string
	p, _ := newPage(t, func(_ context.Context, s, _ string) (bot.Rendered, error) {
		sessions = append(sessions, s)
		return example(), nil
	}, nil)
	first := post(p, `{"text":"一"}`, nil).Result().Cookies()[0]
	post(p, `{"text":"二"}`, func(r *http.Request) { r.AddCookie(first) })
	post(p, `{"text":"三"}`, func(r *http.Request) { r.AddCookie(&http.Cookie{Name: cookieName, Value: "admin"}) })
	if sessions[0] != sessions[1] || sessions[2] == "admin" || sessions[2] == "" {
		t.Errorf("sessions %q", sessions)
	}
}

func TestBadRequestsGetASentence(t *testing.T) {
	p, log := newPage(t, answering, nil)
	for _, c := range []struct {
		name, body string
		change     func(*http.Request)
		code       int
	}{
		{"empty text", `{"text":"  "}`, nil, 400},
		{"only NUL", `{"text":"\u0000"}`, nil, 400},
		{"no text", `{}`, nil, 400},
		{"broken JSON", `{"text":"开店`, nil, 400},
		{"not UTF-8", "{\"text\":\"\xff\xfe\"}", nil, 400},
		{"501 characters", `{"text":"` + strings.Repeat("字", 501) + `"}`, nil, 413},
		{"100 KB", `{"text":"` + strings.Repeat("a", 100<<10) + `"}`, nil, 413},
		{"a form", `text=1`, func(r *http.Request) { r.Header.Set("Content-Type", "application/x-www-form-urlencoded") }, 415},
		{"another site", `{"text":"1"}`, func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }, 403},
	} {
		w := post(p, c.body, c.change)
		var got struct{ Status, Error string }
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != c.code || got.Status != "error" || got.Error == "" {
			t.Errorf("%s: %d %s, want %d with a sentence", c.name, w.Code, w.Body, c.code)
		}
	}
	if strings.Contains(log.String(), "开店") {
		t.Error("the log holds what a person wrote")
	}
}

func TestFailureShowsNothingOfTheInside(t *testing.T) {
	p, log := newPage(t, func(_ context.Context, _, text string) (bot.Rendered, error) {
		return bot.Rendered{}, errors.New("store: connection refused")
	}, nil)
	w := post(p, `{"text":"我的秘密"}`, nil)
	if w.Code != 500 || strings.Contains(w.Body.String(), "refused") || !strings.Contains(w.Body.String(), sayBroken) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if !strings.Contains(log.String(), "refused") || strings.Contains(log.String(), "秘密") {
		t.Errorf("log: %s", log.String())
	}
}

func TestLimits(t *testing.T) {
	now := time.Date(2022, 9, 15, 12, 0, 0, 0, time.UTC)
	p, _ := newPage(t, answering, func(o *Options) { o.PerMinute = 2; o.Now = func() time.Time { return now } })
	from := func(addr string) func(*http.Request) { return func(r *http.Request) { r.RemoteAddr = addr } }
	ask := func(addr string) int { return post(p, `{"text":"一"}`, from(addr)).Code }
	if a, b, c := ask("10.0.0.1:1"), ask("10.0.0.1:2"), ask("10.0.0.1:3"); a != 200 || b != 200 || c != 429 {
		t.Errorf("one address: %d %d %d, want 200 200 429", a, b, c)
	}
	if got := ask("10.0.0.2:1"); got != 200 {
		t.Errorf("another address: %d", got)
	}
	now = now.Add(31 * time.Second)
	if got := ask("10.0.0.1:4"); got != 200 {
		t.Errorf("after half a minute: %d", got)
	}
	if w := post(p, `{"text":"一"}`, from("10.0.0.1:5")); w.Code != 429 || w.Header().Get("Retry-After") == "" {
		t.Errorf("refusal %d without Retry-After", w.Code)
	}
}

func TestForwardedAddressCountsOnlyFromTrustedProxies(t *testing.T) {
	_, trusted, _ := net.ParseCIDR("10.0.0.0/8")
	for _, c := range []struct{ peer, forwarded, want string }{
		{"203.0.113.5:1", "1.2.3.4", "203.0.113.5"},
		{"10.0.0.9:1", "1.2.3.4", "1.2.3.4"},
		{"10.0.0.9:1", "6.6.6.6, 1.2.3.4, 10.0.0.8", "1.2.3.4"},
		{"10.0.0.9:1", "nonsense", "10.0.0.9"},
		{"[2001:db8:1:2:3::4]:1", "", "2001:db8:1:2::"},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = c.peer
		if c.forwarded != "" {
			r.Header.Set("X-Forwarded-For", c.forwarded)
		}
		if got := clientAddress(r, []*net.IPNet{trusted}); got != c.want {
			t.Errorf("%s forwarded %q counts as %s, want %s", c.peer, c.forwarded, got, c.want)
		}
	}
}

func TestAddressesAreForgotten(t *testing.T) {
	l := newLimits(1, 1_000_000)
	now := time.Date(2022, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range maxAddresses + 500 {
		l.allow(net.IPv4(10, byte(i>>16), byte(i>>8), byte(i)).String(), now)
	}
	if len(l.byKey) != maxAddresses || l.order.Len() != maxAddresses {
		t.Errorf("%d addresses kept", len(l.byKey))
	}
}

func TestMeasure(t *testing.T) {
	p, _ := newPage(t, answering, nil)
	get := func(path string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		p.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		return w
	}
	var m Measure
	if w := get("/api/measure/39"); json.Unmarshal(w.Body.Bytes(), &m) != nil || m.Text != measureText {
		t.Errorf("got %s", w.Body)
	}
	if w := get("/api/measure/99"); w.Code != 404 {
		t.Errorf("unknown measure: %d", w.Code)
	}
	w := get("/m/39?q=" + url.QueryEscape("一次性创业补贴(5000元)") + "&q=" + url.QueryEscape("<script>"))
	if !strings.Contains(w.Body.String(), "<mark>一次性创业补贴(5000元)</mark>") || strings.Contains(w.Body.String(), "<script>\"") {
		t.Errorf("marked page: %s", w.Body)
	}
}

func TestWithoutScriptTheFormAnswers(t *testing.T) {
	p, _ := newPage(t, answering, nil)
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(url.Values{"text": {"开店<b>"}}.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	p.ServeHTTP(w, r)
	body := w.Body.String()
	for _, want := range []string{"开店&lt;b&gt;", "一次性创业补贴(5000元)", "/m/39?q=", "创业担保贷款"} {
		if !strings.Contains(body, want) {
			t.Errorf("%q is not on the page", want)
		}
	}
}

func TestHeaders(t *testing.T) {
	p, _ := newPage(t, answering, nil)
	for _, path := range []string{"/", "/style.css", "/chat.js", "/api/measure/39", "/nowhere"} {
		w := httptest.NewRecorder()
		p.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		if w.Header().Get("Content-Security-Policy") != csp || w.Header().Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s lacks its headers: %v", path, w.Header())
		}
	}
	body, _ := web.ReadFile("web/index.html")
	for _, outside := range []string{"http://", "https://", "<style", " style=", " onclick="} {
		if strings.Contains(string(body), outside) {
			t.Errorf("the page holds %q", outside)
		}
	}
}

func TestNoRandomNoSession(t *testing.T) {
	p, _ := newPage(t, answering, func(o *Options) { o.Random = io.LimitReader(strings.NewReader("short"), 5) })
	if w := post(p, `{"text":"一"}`, nil); w.Code != 500 {
		t.Errorf("answered %d with a guessable session", w.Code)
	}
}

// rateFunc is a Rater.
type rateFunc func(session, number string, up bool, reason string) error

func (f rateFunc) Rate(_ context.Context, session, number string, up bool, reason string) error {
	return f(session, number, up, reason)
}

func TestOnlyTheSessionRatesItsAnswers(t *testing.T) {
	session := strings.Repeat("ab", 16)
	var got []string
	p, _ := newPage(t, answering, func(o *Options) {
		o.Rater = rateFunc(func(s, number string, up bool, reason string) error {
			if s != session {
				return ErrNoAnswer
			}
			got = append(got, fmt.Sprint(number, up, reason))
			return nil
		})
	})
	for _, tt := range []struct {
		name, body, cookie string
		code               int
	}{
		{"good", `{"number":"01-X","up":true}`, session, 200},
		{"bad, and why", `{"number":"01-X","up":false,"reason":"看不懂"}`, session, 200},
		{"another session", `{"number":"01-X","up":true}`, strings.Repeat("cd", 16), 404},
		{"no session", `{"number":"01-X","up":true}`, "", 404},
		{"a session of one's own making", `{"number":"01-X","up":true}`, "admin", 404},
		{"neither good nor bad", `{"number":"01-X"}`, session, 400},
		{"no number", `{"up":true}`, session, 400},
		{"no JSON", `up`, session, 400},
		{"too much", `{"number":"01-X","up":false,"reason":"` + strings.Repeat("长", 201) + `"}`, session, 413},
	} {
		r := httptest.NewRequest(http.MethodPost, "/api/rate", strings.NewReader(tt.body))
		r.Header.Set("Content-Type", "application/json")
		if tt.cookie != "" {
			r.AddCookie(&http.Cookie{Name: cookieName, Value: tt.cookie})
		}
		w := httptest.NewRecorder()
		p.ServeHTTP(w, r)
		if w.Code != tt.code {
			t.Errorf("%s: %d, want %d: %s", tt.name, w.Code, tt.code, w.Body)
		}
	}
	if strings.Join(got, ";") != "01-Xtrue;01-Xfalse看不懂" {
		t.Errorf("kept %q", got)
	}
}
