// Package qyapi is 企业微信's server on loopback, written from its documents:
// it checks what the platform checks and misbehaves when told to.
package qyapi

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A Sealer encrypts and signs a callback as the platform does.
type Sealer interface {
	Seal(random io.Reader, text []byte) (string, error)
	Sign(timestamp, nonce, encrypted string) string
}

// A Shown is a message as its receiver sees it.
type Shown struct {
	To, Account, MsgID, Text string
	Menu                     []string
}

// A Server is the platform. Its zero value is ready; set the knobs before use.
type Server struct {
	Now func() time.Time
	// Fail gives the errcode of the next calls of a path, one after the other.
	mu       sync.Mutex
	fail     map[string][]int
	token    int // number of the token in force
	expired  bool
	fetches  int
	shown    []Shown
	ids      map[string]bool // kf msgids by account
	sent     map[string]int  // kf messages since the customer's last
	last     map[string]time.Time
	history  map[string][]json.RawMessage // by account
	states   map[string]int
	content  map[string]time.Time // duplicate check of app messages
	pageSize int
	empty    bool
}

// New makes a server.
func New(now func() time.Time) *Server {
	return &Server{Now: now, fail: map[string][]int{}, token: 1, ids: map[string]bool{}, sent: map[string]int{}, last: map[string]time.Time{},
		history: map[string][]json.RawMessage{}, states: map[string]int{}, content: map[string]time.Time{}, pageSize: 1000}
}

// FailNext makes the next calls of a path fail with errcodes.
func (s *Server) FailNext(path string, codes ...int) {
	s.mu.Lock()
	s.fail[path] = append(s.fail[path], codes...)
	s.mu.Unlock()
}

// ExpireToken ends the token in force: its next use is refused with 42001.
func (s *Server) ExpireToken() { s.mu.Lock(); s.expired = true; s.mu.Unlock() }

// Pages sets how many messages a page of sync_msg holds, and whether empty
// pages that say has_more come between.
func (s *Server) Pages(size int, empty bool) {
	s.mu.Lock()
	s.pageSize, s.empty = size, empty
	s.mu.Unlock()
}

// SetState sets the state of a customer's session: 0, 1 may be written to.
func (s *Server) SetState(account, customer string, state int) {
	s.mu.Lock()
	s.states[account+"/"+customer] = state
	s.mu.Unlock()
}

// Shown lists what was shown to people.
func (s *Server) Shown() []Shown {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Shown(nil), s.shown...)
}

// Fetches is how often a token was fetched.
func (s *Server) Fetches() int { s.mu.Lock(); defer s.mu.Unlock(); return s.fetches }

// Write adds a message of a customer to an account, as sync_msg gives it out.
func (s *Server) Write(account, customer, id, text string, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m, err := json.Marshal(map[string]any{"msgid": id, "open_kfid": account, "external_userid": customer, "send_time": at.Unix(), "origin": 3, "msgtype": "text", "text": map[string]string{"content": text}})
	if err != nil {
		panic(err) // plain data
	}
	s.history[account] = append(s.history[account], m)
	s.sent[account+"/"+customer], s.last[account+"/"+customer] = 0, at
}

func (s *Server) current() string { return "token-" + strconv.Itoa(s.token) }

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	answer := func(code int, more map[string]any) {
		out := map[string]any{"errcode": code, "errmsg": "ok"}
		if code != 0 {
			out["errmsg"] = "error, hint: [1700000000], from ip: 127.0.0.1"
		}
		for k, v := range more {
			out[k] = v
		}
		json.NewEncoder(w).Encode(out)
	}
	if codes := s.fail[r.URL.Path]; len(codes) > 0 {
		s.fail[r.URL.Path] = codes[1:]
		if codes[0] != 0 {
			answer(codes[0], nil)
			return
		}
	}
	if r.URL.Path == "/cgi-bin/gettoken" {
		s.fetches++
		if s.expired {
			s.token++
			s.expired = false
		}
		answer(0, map[string]any{"access_token": s.current(), "expires_in": 7200})
		return
	}
	switch token := r.URL.Query().Get("access_token"); {
	case token == "":
		answer(41001, nil)
		return
	case token != s.current():
		answer(40014, nil)
		return
	case s.expired:
		answer(42001, nil)
		return
	}
	if escaped.Match(body) {
		answer(40033, nil)
		return
	}
	switch r.URL.Path {
	case "/cgi-bin/message/send":
		s.messageSend(body, answer)
	case "/cgi-bin/kf/sync_msg":
		s.syncMsg(body, answer)
	case "/cgi-bin/kf/send_msg":
		s.sendMsg(body, answer)
	case "/cgi-bin/kf/send_msg_on_event":
		var in struct {
			Code string
			Text struct{ Content string }
		}
		_ = json.Unmarshal(body, &in)
		s.shown = append(s.shown, Shown{To: in.Code, Text: in.Text.Content})
		answer(0, map[string]any{"msgid": "w"})
	default:
		http.NotFound(w, r)
	}
}

var escaped = regexp.MustCompile(`\\u[0-9a-fA-F]{4}`)

func (s *Server) messageSend(body []byte, answer func(int, map[string]any)) {
	var in struct {
		ToUser  string `json:"touser"`
		AgentID *int   `json:"agentid"`
		Text    struct{ Content string }
		Check   int `json:"enable_duplicate_check"`
		Seconds int `json:"duplicate_check_interval"`
	}
	if err := json.Unmarshal(body, &in); err != nil || in.AgentID == nil || in.ToUser == "" {
		answer(40058, nil)
		return
	}
	if in.ToUser == "nobody" {
		answer(81013, map[string]any{"invaliduser": in.ToUser})
		return
	}
	text := in.Text.Content
	if len(text) > 2048 { // cut off without a word
		text = text[:2048]
	}
	key := in.ToUser + "|" + text
	if at, ok := s.content[key]; ok && in.Check == 1 && s.Now().Sub(at) < time.Duration(in.Seconds)*time.Second {
		answer(0, map[string]any{"msgid": "same"})
		return
	}
	s.content[key] = s.Now()
	s.shown = append(s.shown, Shown{To: in.ToUser, Text: text})
	answer(0, map[string]any{"msgid": "m" + strconv.Itoa(len(s.shown))})
}

func (s *Server) syncMsg(body []byte, answer func(int, map[string]any)) {
	var in struct {
		Cursor, Token string
		Limit         int
		OpenKfID      string `json:"open_kfid"`
	}
	if err := json.Unmarshal(body, &in); err != nil || in.OpenKfID == "" {
		answer(95000, nil)
		return
	}
	if in.Token == "stale" {
		answer(95007, nil)
		return
	}
	from, _ := strconv.Atoi(strings.TrimSuffix(in.Cursor, "+"))
	all := s.history[in.OpenKfID]
	for from < len(all) && in.Cursor == "" && s.old(all[from]) { // history is kept for three days
		from++
	}
	if s.empty && !strings.HasSuffix(in.Cursor, "+") {
		answer(0, map[string]any{"next_cursor": strconv.Itoa(from) + "+", "has_more": 1, "msg_list": []any{}})
		return
	}
	to := min(from+min(s.pageSize, max(in.Limit, 1)), len(all))
	more := 0
	if to < len(all) {
		more = 1
	}
	answer(0, map[string]any{"next_cursor": strconv.Itoa(to), "has_more": more, "msg_list": all[from:to]})
}

func (s *Server) old(m json.RawMessage) bool {
	var in struct {
		SendTime int64 `json:"send_time"`
	}
	_ = json.Unmarshal(m, &in)
	return s.Now().Sub(time.Unix(in.SendTime, 0)) > 72*time.Hour
}

func (s *Server) sendMsg(body []byte, answer func(int, map[string]any)) {
	var in struct {
		ToUser   string `json:"touser"`
		OpenKfID string `json:"open_kfid"`
		MsgID    string `json:"msgid"`
		MsgType  string `json:"msgtype"`
		Text     struct{ Content string }
		Menu     struct {
			Head string `json:"head_content"`
			List []struct {
				Type  string
				Click struct{ ID, Content string }
			}
		} `json:"msgmenu"`
	}
	if err := json.Unmarshal(body, &in); err != nil || len(in.MsgID) > 32 || len(in.Text.Content) > 2048 || len(in.Menu.Head) > 1024 || len(in.Menu.List) > 10 {
		answer(40058, nil)
		return
	}
	key := in.OpenKfID + "/" + in.ToUser
	switch {
	case s.ids[in.OpenKfID+"/"+in.MsgID]:
		answer(95032, nil)
		return
	case s.states[key] > 1:
		answer(95018, nil)
		return
	case s.Now().Sub(s.last[key]) > 48*time.Hour:
		answer(95002, nil)
		return
	case s.sent[key] >= 5:
		answer(95001, nil)
		return
	}
	s.ids[in.OpenKfID+"/"+in.MsgID] = true
	s.sent[key]++
	show := Shown{To: in.ToUser, Account: in.OpenKfID, MsgID: in.MsgID, Text: in.Text.Content + in.Menu.Head}
	for _, l := range in.Menu.List {
		show.Menu = append(show.Menu, l.Click.Content)
	}
	s.shown = append(s.shown, show)
	answer(0, map[string]any{"msgid": in.MsgID})
}

// Callback posts an event to a callback address, signed and encrypted with a
// new nonce, and returns the status.
func (s *Server) Callback(ctx context.Context, to string, c Sealer, plain string) (int, error) {
	encrypted, err := c.Seal(rand.Reader, []byte(plain))
	if err != nil {
		return 0, err
	}
	timestamp, nonce := strconv.FormatInt(s.Now().Unix(), 10), rand.Text()[:10]
	body, err := xml.Marshal(struct {
		XMLName xml.Name `xml:"xml"`
		Encrypt string
	}{Encrypt: encrypted})
	if err != nil {
		return 0, err
	}
	u := fmt.Sprintf("%s?%s", to, url.Values{"msg_signature": {c.Sign(timestamp, nonce, encrypted)}, "timestamp": {timestamp}, "nonce": {nonce}}.Encode())
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	resp.Body.Close()
	return resp.StatusCode, nil
}
