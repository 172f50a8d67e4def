// Package openapi is 钉钉's server on loopback, both hosts and the gateway of the
// long connection, written from its documents: it checks what the platform
// checks and misbehaves when told to.
package openapi

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A Shown is a message as its receivers see it.
type Shown struct {
	Via   string   // session, batch, group, card, update, notice, robot
	To    []string // people, in private
	Group string   // or a group, or the access token of a custom robot
	Title string
	Text  string
	At    []string // people who are mentioned
	Track string   // of a card
	// Params are a card's variables.
	Params map[string]string
	When   time.Time
}

// A Failure is a wrong answer to a call.
type Failure struct {
	Status int
	Body   string
	// Cut carries the call out and then drops the connection; Delay answers late.
	Cut   bool
	Delay time.Duration
}

// Errcode is a refusal of the old host: HTTP 200 with an errcode.
func Errcode(code int) Failure {
	return Failure{Status: http.StatusOK, Body: fmt.Sprintf(`{"errcode":%d,"errmsg":"refused"}`, code)}
}

// Code is a refusal of the new host.
func Code(status int, code string) Failure {
	return Failure{Status: status, Body: fmt.Sprintf(`{"code":%q,"requestid":"r","message":"refused"}`, code)}
}

// BanPage is what a banned address gets: a page.
func BanPage() Failure {
	return Failure{Status: http.StatusOK, Body: "<!DOCTYPE html><html><body>访问过于频繁</body></html>"}
}

// Ban is the other thing that a banned address gets.
func Ban(wait int) Failure {
	return Failure{Status: http.StatusOK, Body: fmt.Sprintf(`{"status":1111,"wait":%d,"source":"x5","punish":"deny"}`, wait)}
}

// A Server is the platform: one handler for both hosts. Set the exported fields
// before use; an empty name or secret takes any.
type Server struct {
	Now  func() time.Time
	Base string // its own address, for webhooks

	ClientID, Secret, CorpID, RobotCode string
	// Repush is how long a frame may stay without acknowledgement before it comes
	// again.
	Repush time.Duration
	// OwnTokens makes the old host refuse the new host's tokens.
	OwnTokens bool
	// Robots are the secrets of custom robots by access token.
	Robots map[string]string

	mu       sync.Mutex
	fail     map[string][]Failure
	slow     time.Duration
	token    int // number of the token in force
	expired  bool
	fetches  int
	calls    map[string]int
	shown    []Shown
	sessions map[string]session
	partial  map[string]string // person -> invalid, controlled, filtered
	times    map[string]int    // how often more
	cards    map[string]*Shown
	streams  map[string]bool // cards that are pressed by stream
	notices  map[string]bool // person, day and content
	tasks    map[int64][2][]string
	robot    map[string][]time.Time
	shut     map[string]time.Time
	people   map[string]Scan   // who scanned, by unionId
	codes    map[string]login  // of the login page, good once
	own      map[string]string // unionId by a person's own token
	gateway
}

// New makes a server; now is its clock.
func New(now func() time.Time) *Server {
	return &Server{Now: now, Repush: time.Minute, Robots: map[string]string{}, fail: map[string][]Failure{}, token: 1, calls: map[string]int{}, sessions: map[string]session{},
		partial: map[string]string{}, times: map[string]int{}, cards: map[string]*Shown{}, streams: map[string]bool{}, notices: map[string]bool{}, tasks: map[int64][2][]string{},
		robot: map[string][]time.Time{}, shut: map[string]time.Time{}, people: map[string]Scan{}, codes: map[string]login{}, own: map[string]string{}, gateway: newGateway()}
}

// FailNext makes the next calls of a path fail, one after the other.
func (s *Server) FailNext(path string, f ...Failure) {
	s.mu.Lock()
	s.fail[path] = append(s.fail[path], f...)
	s.mu.Unlock()
}

// Slow makes every call take so long.
func (s *Server) Slow(d time.Duration) { s.mu.Lock(); s.slow = d; s.mu.Unlock() }

// ExpireToken ends the token in force: its next use is refused.
func (s *Server) ExpireToken() { s.mu.Lock(); s.expired = true; s.mu.Unlock() }

// Fetches is how often a token was fetched.
func (s *Server) Fetches() int { s.mu.Lock(); defer s.mu.Unlock(); return s.fetches }

// Calls is how often a path was called.
func (s *Server) Calls(path string) int { s.mu.Lock(); defer s.mu.Unlock(); return s.calls[path] }

// Shown lists what was shown to people, in order.
func (s *Server) Shown() []Shown {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Shown(nil), s.shown...)
}

// Leave makes batchSend leave a person out the next times: "invalid",
// "controlled" or "filtered".
func (s *Server) Leave(person, how string, times int) {
	s.mu.Lock()
	s.partial[person], s.times[person] = how, times
	s.mu.Unlock()
}

func (s *Server) current(host string) string { return host + "-token-" + strconv.Itoa(s.token) }

// answer writes JSON.
func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(v)
}

// refuse answers as the new host does.
func refuse(w http.ResponseWriter, status int, code string) {
	answer(w, status, map[string]string{"code": code, "requestid": rand.Text(), "message": "refused: " + code})
}

// errcode answers as the old host does.
func errcode(w http.ResponseWriter, code int, more ...any) {
	out := map[string]any{"errcode": code, "errmsg": "ok", "request_id": rand.Text()}
	if code != 0 {
		out["errmsg"] = "refused"
	}
	for i := 0; i+1 < len(more); i += 2 {
		out[more[i].(string)] = more[i+1]
	}
	answer(w, http.StatusOK, out)
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == connectPath {
		s.connect(w, r)
		return
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		return
	}
	s.mu.Lock()
	s.calls[r.URL.Path]++
	wait, f := s.slow, Failure{}
	if queue := s.fail[r.URL.Path]; len(queue) > 0 {
		f, s.fail[r.URL.Path] = queue[0], queue[1:]
	}
	s.mu.Unlock()
	if wait += f.Delay; wait > 0 {
		select {
		case <-r.Context().Done():
			return
		case <-time.After(wait):
		}
	}
	switch {
	case f.Cut:
		s.serve(discard{http.Header{}}, r, body)
		if h, ok := w.(http.Hijacker); ok {
			if c, _, err := h.Hijack(); err == nil {
				c.Close()
			}
		}
	case f.Status != 0:
		if strings.HasPrefix(f.Body, "<") {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
		}
		w.WriteHeader(f.Status)
		io.WriteString(w, f.Body)
	default:
		s.serve(w, r, body)
	}
}

// discard is an answer that nobody reads.
type discard struct{ header http.Header }

func (d discard) Header() http.Header       { return d.header }
func (discard) Write(p []byte) (int, error) { return len(p), nil }
func (discard) WriteHeader(int)             {}

// serve carries out a call.
func (s *Server) serve(w http.ResponseWriter, r *http.Request, body []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch path := r.URL.Path; {
	case path == "/v1.0/oauth2/accessToken":
		s.accessToken(w, body)
	case path == "/v1.0/oauth2/userAccessToken":
		s.userToken(w, body)
	case path == "/v1.0/contact/users/me":
		s.me(w, r.Header.Get("x-acs-dingtalk-access-token"))
	case path == "/gettoken":
		s.oldToken(w, r)
	case path == "/v1.0/gateway/connections/open":
		s.open(w, r, body)
	case path == "/robot/sendBySession":
		s.sendBySession(w, r, body)
	case path == "/robot/send":
		s.robotSend(w, r, body)
	case strings.HasPrefix(path, "/topapi/"):
		token := r.URL.Query().Get("access_token")
		if s.expired || token != s.current("oapi") && (s.OwnTokens || token != s.current("api")) {
			errcode(w, 88, "sub_code", "40014", "sub_msg", "不合法的access_token")
			return
		}
		s.topapi(w, r, body)
	case strings.HasPrefix(path, "/v1.0/"):
		if s.expired || r.Header.Get("x-acs-dingtalk-access-token") != s.current("api") {
			refuse(w, http.StatusBadRequest, "InvalidAuthentication")
			return
		}
		s.newAPI(w, r, body)
	default:
		http.NotFound(w, r)
	}
}

// renew gives out the token in force; within its life it is the same one.
func (s *Server) renew() {
	s.fetches++
	if s.expired {
		s.token++
		s.expired = false
	}
}

func (s *Server) accessToken(w http.ResponseWriter, body []byte) {
	var in struct{ AppKey, AppSecret string }
	if err := json.Unmarshal(body, &in); err != nil || s.ClientID != "" && in.AppKey != s.ClientID || s.Secret != "" && in.AppSecret != s.Secret {
		refuse(w, http.StatusBadRequest, "invalidClientIdOrSecret")
		return
	}
	s.renew()
	answer(w, http.StatusOK, map[string]any{"accessToken": s.current("api"), "expireIn": 7200})
}

func (s *Server) oldToken(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if s.ClientID != "" && q.Get("appkey") != s.ClientID || s.Secret != "" && q.Get("appsecret") != s.Secret {
		errcode(w, 40089)
		return
	}
	s.renew()
	errcode(w, 0, "access_token", s.current("oapi"), "expires_in", 7200)
}

func (s *Server) newAPI(w http.ResponseWriter, r *http.Request, body []byte) {
	switch r.Method + " " + r.URL.Path {
	case "POST /v1.0/robot/oToMessages/batchSend":
		s.batchSend(w, body)
	case "POST /v1.0/robot/groupMessages/send":
		s.groupSend(w, body)
	case "POST /v1.0/card/instances/createAndDeliver":
		s.deliver(w, body)
	case "PUT /v1.0/card/instances":
		s.update(w, body)
	default:
		refuse(w, http.StatusNotFound, "InvalidAction.NotFound")
	}
}

func (s *Server) show(m Shown) {
	m.When = s.Now()
	s.shown = append(s.shown, m)
}
