// Package qyapi is 企业微信's server on loopback, written from its documents:
// it checks what the platform checks, remembers what people were shown, and
// misbehaves when told to.
package qyapi

import (
	"cmp"
	"crypto/rand"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// An App is a self-built app, with what its admin page shows.
type App struct {
	AgentID               int
	Secret                string
	Token, EncodingAESKey string
	URL                   string   // its callback address
	Members               []string // who may be written to; nil for everybody
}

// Options are the platform's settings and its knobs. The zero value of each knob
// is what the documents say; the others are what they leave open (see NOTES.md).
type Options struct {
	Now    func() time.Time // time.Now when nil
	Random io.Reader        // crypto/rand when nil
	CorpID string
	Apps   map[string]App // by name
	// KF is 微信客服: the secret of the app that may use it, and its callback.
	KF       App
	Accounts []string          // open_kfid of the accounts
	Robots   map[string]string // webhook key -> name of the group

	TokenLife     time.Duration // 2 h
	RetryPause    time.Duration // between the three attempts of a callback: 5 s
	RetrySame     bool          // retries keep timestamp, nonce and signature
	RetryOnStatus bool          // an answer other than 200 is retried too
	AnswerWithin  time.Duration // 5 s for a POST
	EchoWithin    time.Duration // 1 s for a GET
	CodeLife      time.Duration // of a response_code: 72 h
	History       time.Duration // of 微信客服: 72 h
	RepeatCode    int           // what a repeated msgid is refused with; the documents do not say
	StrictCards   bool          // advised lengths of cards are enforced with 40058
	DropOverLimit bool          // beyond 30 a minute a member is shown nothing, without a word (the documents' way)
	TextItems     bool          // menus may hold items of type text
}

// A Shown is a message as its receiver sees it.
type Shown struct {
	App     string // name of the app, "" for 微信客服 and robots
	Account string // of 微信客服
	Robot   string
	To      string // member, customer or group
	Kind    string // text, markdown, textcard, template_card, msgmenu, event, file …
	ID      string // the platform's id, or the msgid that was given
	Title   string
	Text    string
	Menu    []Item // of a menu or the buttons of a card
	TaskID  string
	Code    string // response_code
	URL     string
	At      time.Time
	// Cut tells that the platform cut the text off; Recalled that it was taken back.
	Cut, Recalled bool
	// Replaced is what stands on the button after the card was answered.
	Replaced string
}

// An Item is something to press.
type Item struct{ ID, Text string }

// A Call is one request that the platform got.
type Call struct {
	Path string
	App  string // whose token or secret it bore
	Body string
	Code int // the errcode it was answered with
	At   time.Time
}

// A Server is the platform. It is safe for concurrent use.
type Server struct {
	o Options

	mu        sync.Mutex
	tokens    map[string]*appToken // by secret
	fail      map[string][]int
	slow      map[string]time.Duration
	cut       map[string]int // answers to lose
	shown     []Shown
	calls     []Call
	fetches   int
	sequence  int
	content   map[string]time.Time   // duplicate check
	rate      map[string][]time.Time // by receiver
	tasks     map[string]bool        // app|task_id
	codes     map[string]*cardCode   // response_code
	media     map[string][]byte
	logins    map[string]string    // code of a login -> member
	customers map[string]*customer // account/customer
	history   map[string][]entry
	pokes     map[string]poke
	msgids    map[string]string // account|msgid -> customer
	welcome   map[string]*code
	present   map[string]bool // servicers who are there
	pages     int
	empty     bool
	delivered []Delivery
	client    *http.Client
}

type appToken struct {
	app     string
	value   string
	until   time.Time
	refused bool // 40014 instead of 42001
}

// New makes a platform.
func New(o Options) *Server {
	o.Now = cmpFunc(o.Now, time.Now)
	if o.Random == nil {
		o.Random = rand.Reader
	}
	o.TokenLife = cmp.Or(o.TokenLife, 2*time.Hour)
	o.RetryPause = cmp.Or(o.RetryPause, 5*time.Second)
	o.AnswerWithin = cmp.Or(o.AnswerWithin, 5*time.Second)
	o.EchoWithin = cmp.Or(o.EchoWithin, time.Second)
	o.CodeLife = cmp.Or(o.CodeLife, 72*time.Hour)
	o.History = cmp.Or(o.History, 72*time.Hour)
	o.RepeatCode = cmp.Or(o.RepeatCode, 95032)
	return &Server{
		o: o, tokens: map[string]*appToken{}, fail: map[string][]int{}, slow: map[string]time.Duration{}, cut: map[string]int{},
		content: map[string]time.Time{}, rate: map[string][]time.Time{}, tasks: map[string]bool{}, codes: map[string]*cardCode{}, media: map[string][]byte{}, logins: map[string]string{},
		customers: map[string]*customer{}, history: map[string][]entry{}, pokes: map[string]poke{}, msgids: map[string]string{}, welcome: map[string]*code{},
		present: map[string]bool{}, pages: 1000, client: &http.Client{},
	}
}

func cmpFunc(f, other func() time.Time) func() time.Time {
	if f == nil {
		return other
	}
	return f
}

// Connect sets the addresses of the callbacks, once the service that answers
// them listens: base is its scheme, host and port.
func (s *Server) Connect(base string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, a := range s.o.Apps {
		a.URL = base + "/wecom/callback/" + name
		s.o.Apps[name] = a
	}
	s.o.KF.URL = base + "/wecom/kf"
}

// Set changes knobs while the platform runs.
func (s *Server) Set(change func(o *Options)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.o)
}

// FailNext makes the next calls of a path fail with errcodes, one after the
// other; 0 lets one through.
func (s *Server) FailNext(path string, codes ...int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail[path] = append(s.fail[path], codes...)
}

// Slow makes every call of a path take so long, until it is set to 0.
func (s *Server) Slow(path string, d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.slow[path] = d
}

// LoseAnswers carries out the next n calls of a path and then cuts the line.
func (s *Server) LoseAnswers(path string, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cut[path] = n
}

// Expire ends every token in force: its next use is refused with 42001.
func (s *Server) Expire() { s.end(false) }

// Rotate makes every token in force unknown: its next use is refused with 40014.
func (s *Server) Rotate() { s.end(true) }

func (s *Server) end(refused bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.tokens {
		t.until, t.refused = time.Time{}, refused
	}
}

// Shown lists what people were shown, in order.
func (s *Server) Shown() []Shown {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.shown)
}

// Count is how many messages people were shown.
func (s *Server) Count() int { s.mu.Lock(); defer s.mu.Unlock(); return len(s.shown) }

// Calls lists the requests that came, in order; path "" for all.
func (s *Server) Calls(path string) []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(s.calls), func(c Call) bool { return path != "" && c.Path != path })
}

// Fetches is how often a token was fetched.
func (s *Server) Fetches() int { s.mu.Lock(); defer s.mu.Unlock(); return s.fetches }

// Tokens lists the tokens that were ever given out.
func (s *Server) Tokens() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for _, t := range slices.Collect(maps.Values(s.tokens)) {
		out = append(out, t.value)
	}
	return out
}

// escaped finds what is refused with 40033.
var escaped = regexp.MustCompile(`\\u[0-9a-fA-F]{4}`)

// An answer is what a call is answered with.
type answer struct {
	code int
	more map[string]any
	raw  []byte // of a file
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 25<<20))
	if err != nil {
		return
	}
	s.mu.Lock()
	wait := s.slow[r.URL.Path]
	s.mu.Unlock()
	if wait > 0 {
		select {
		case <-time.After(wait):
		case <-r.Context().Done():
			return
		}
	}
	s.mu.Lock()
	a, app := s.serve(r, body)
	lose := s.cut[r.URL.Path] > 0
	if lose {
		s.cut[r.URL.Path]--
	}
	call := Call{Path: r.URL.Path, App: app, Code: a.code, At: s.o.Now()}
	if len(body) < 64<<10 {
		call.Body = string(body)
	}
	if len(s.calls) < 500_000 {
		s.calls = append(s.calls, call)
	}
	s.mu.Unlock()
	if lose {
		panic(http.ErrAbortHandler)
	}
	if a.raw != nil {
		w.Header().Set("Content-Type", "application/octet-stream")
		w.Write(a.raw)
		return
	}
	out := map[string]any{"errcode": a.code, "errmsg": "ok"}
	if a.code != 0 {
		out["errmsg"] = "error, hint: [1700000000], from ip: 192.0.2.7, more info at https://open.work.weixin.qq.com/devtool/query?e=" + strconv.Itoa(a.code)
	}
	maps.Copy(out, a.more)
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	json.NewEncoder(w).Encode(out)
}

// serve answers a call; the app is whose token it bore.
func (s *Server) serve(r *http.Request, body []byte) (answer, string) {
	path, q := r.URL.Path, r.URL.Query()
	if codes := s.fail[path]; len(codes) > 0 {
		s.fail[path] = codes[1:]
		if codes[0] != 0 {
			return answer{code: codes[0]}, ""
		}
	}
	switch path {
	case "/cgi-bin/gettoken":
		return s.getToken(q.Get("corpid"), q.Get("corpsecret"))
	case "/cgi-bin/webhook/send", "/cgi-bin/webhook/upload_media":
		if escaped.Match(body) && path == "/cgi-bin/webhook/send" {
			return answer{code: 40033}, ""
		}
		return s.webhook(path, q.Get("key"), q.Get("type"), r.Header.Get("Content-Type"), body), ""
	}
	app, code := s.whose(q.Get("access_token"))
	if code != 0 {
		return answer{code: code}, app
	}
	if escaped.Match(body) && !strings.HasPrefix(path, "/cgi-bin/media/") {
		return answer{code: 40033}, app
	}
	if kf, ok := strings.CutPrefix(path, "/cgi-bin/kf/"); ok {
		return s.kf(kf, body), app
	}
	switch path {
	case "/cgi-bin/message/send":
		return s.messageSend(app, body), app
	case "/cgi-bin/message/update_template_card":
		return s.updateCard(app, body), app
	case "/cgi-bin/message/recall":
		return s.recall(body), app
	case "/cgi-bin/media/upload":
		return s.upload(r.Header.Get("Content-Type"), q.Get("type"), body), app
	case "/cgi-bin/media/get":
		if data, ok := s.media[q.Get("media_id")]; ok {
			return answer{raw: data}, app
		}
		return answer{code: 40007}, app
	case "/cgi-bin/user/get":
		if !s.member(app, q.Get("userid")) {
			return answer{code: 60111}, app
		}
		return answer{more: map[string]any{"userid": q.Get("userid"), "name": q.Get("userid"), "department": []int{1}, "main_department": 1, "status": 1}}, app
	case "/cgi-bin/auth/getuserinfo": // a code of a login is good once
		user, ok := s.logins[q.Get("code")]
		delete(s.logins, q.Get("code"))
		if !ok {
			return answer{code: 40029}, app
		}
		return answer{more: map[string]any{"userid": user}}, app
	case "/cgi-bin/user/simplelist":
		list := []map[string]any{}
		for _, m := range s.o.Apps[app].Members {
			list = append(list, map[string]any{"userid": m, "name": m, "department": []int{1}})
		}
		return answer{more: map[string]any{"userlist": list}}, app
	case "/cgi-bin/department/list":
		return answer{more: map[string]any{"department": []map[string]any{{"id": 1, "name": "全部", "parentid": 0, "order": 1}}}}, app
	}
	return answer{code: 40058}, app
}

// getToken gives the same token until it ends (document path 91039).
func (s *Server) getToken(corp, secret string) (answer, string) {
	s.fetches++
	app := s.appOf(secret)
	if corp != s.o.CorpID && s.o.CorpID != "" {
		return answer{code: 40013}, ""
	}
	if app == "" {
		return answer{code: 40001}, ""
	}
	now := s.o.Now()
	t := s.tokens[secret]
	if t == nil || !t.until.After(now) {
		s.sequence++
		t = &appToken{app: app, value: "tok-" + app + "-" + strconv.Itoa(s.sequence) + "-Zq8vX", until: now.Add(s.o.TokenLife)}
		s.tokens[secret] = t
	}
	return answer{more: map[string]any{"access_token": t.value, "expires_in": int(t.until.Sub(now) / time.Second)}}, app
}

func (s *Server) appOf(secret string) string {
	if secret != "" && secret == s.o.KF.Secret {
		return "kf"
	}
	for name, a := range s.o.Apps {
		if a.Secret == secret && secret != "" {
			return name
		}
	}
	return ""
}

func (s *Server) whose(token string) (app string, code int) {
	if token == "" {
		return "", 41001
	}
	for _, t := range s.tokens {
		if t.value != token {
			continue
		}
		if t.until.After(s.o.Now()) {
			return t.app, 0
		}
		if !t.refused {
			return t.app, 42001
		}
	}
	return "", 40014
}

func (s *Server) member(app, user string) bool {
	members := s.o.Apps[app].Members
	return user != "" && (members == nil || slices.Contains(members, user))
}

// over counts a message to a receiver and reports whether it is beyond a limit.
func (s *Server) over(receiver string, most int, span time.Duration) bool {
	now := s.o.Now()
	list := slices.DeleteFunc(s.rate[receiver], func(t time.Time) bool { return now.Sub(t) >= span })
	s.rate[receiver] = append(list, now)
	return len(list) >= most
}

func (s *Server) next(kind string) string {
	s.sequence++
	return kind + "-" + strconv.Itoa(s.sequence)
}
