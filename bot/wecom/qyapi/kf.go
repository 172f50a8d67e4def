package qyapi

import (
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"time"
)

// msgIDForm is what a msgid may be.
var msgIDForm = regexp.MustCompile(`^[0-9a-zA-Z_-]{0,32}$`)

// The states of a session.
const (
	unhandled = 0
	assistant = 1
	waiting   = 2
	person    = 3
	ended     = 4
)

// customer is a WeChat user's session with an account.
type customer struct {
	state    int
	servicer string
	last     time.Time // his last message
	sent     int       // since
}

// entry is one item of an account's history.
type entry struct {
	at   time.Time
	data json.RawMessage
}

type poke struct {
	token string
	until time.Time
}

// code lets an event be answered once.
type code struct {
	to, account string
	until       time.Time
	used        bool
}

func (s *Server) customer(account, name string) *customer {
	key := account + "/" + name
	if s.customers[key] == nil {
		s.customers[key] = &customer{}
	}
	return s.customers[key]
}

// kf serves /cgi-bin/kf/….
func (s *Server) kf(path string, body []byte) answer {
	switch path {
	case "account/list":
		list := []map[string]string{}
		for _, a := range s.o.Accounts {
			list = append(list, map[string]string{"open_kfid": a, "name": a, "avatar": "https://example.cn/a.png"})
		}
		return answer{more: map[string]any{"account_list": list}}
	case "sync_msg":
		return s.syncMsg(body)
	case "send_msg":
		return s.sendMsg(body)
	case "send_msg_on_event":
		return s.sendOnEvent(body)
	case "service_state/get":
		return s.stateGet(body)
	case "service_state/trans":
		return s.stateTrans(body)
	}
	return answer{code: 40058}
}

// syncMsg is kf/sync_msg (document path 94670).
func (s *Server) syncMsg(body []byte) answer {
	var in struct {
		Cursor, Token string
		Limit         int
		OpenKfID      string `json:"open_kfid"`
	}
	if err := json.Unmarshal(body, &in); err != nil || len(in.Cursor) > 64 || in.Limit > 1000 {
		return answer{code: 40058}
	}
	if !slices.Contains(s.o.Accounts, in.OpenKfID) {
		return answer{code: 95004}
	}
	if p := s.pokes[in.OpenKfID]; in.Token != "" && (in.Token != p.token || !s.o.Now().Before(p.until)) {
		return answer{code: 95007}
	}
	cursor, padded := in.Cursor, false
	if n := len(cursor); n > 0 && cursor[n-1] == '+' {
		cursor, padded = cursor[:n-1], true
	}
	from, all := 0, s.history[in.OpenKfID]
	if cursor != "" {
		n, err := strconv.Atoi(cursor)
		if err != nil || n < 0 || n > len(all) {
			return answer{code: 95007}
		}
		from = n
	}
	for from < len(all) && s.o.Now().Sub(all[from].at) > s.o.History {
		from++
	}
	if s.empty && !padded && from < len(all) {
		return answer{more: map[string]any{"next_cursor": strconv.Itoa(from) + "+", "has_more": 1, "msg_list": []any{}}}
	}
	limit := in.Limit
	if limit <= 0 {
		limit = 1000
	}
	to, more := min(from+min(s.pages, limit), len(all)), 0
	if to < len(all) {
		more = 1
	}
	list := []json.RawMessage{}
	for _, e := range all[from:to] {
		list = append(list, e.data)
	}
	return answer{more: map[string]any{"next_cursor": strconv.Itoa(to), "has_more": more, "msg_list": list}}
}

// menuItem is an item of a menu.
type menuItem struct {
	Type  string
	Click struct{ ID, Content string }
	View  struct{ URL, Content string }
	Text  struct{ Content string }
}

type kfBody struct {
	ToUser   string `json:"touser"`
	OpenKfID string `json:"open_kfid"`
	Code     string `json:"code"`
	MsgID    string `json:"msgid"`
	MsgType  string `json:"msgtype"`
	Text     struct{ Content string }
	Menu     struct {
		Head string     `json:"head_content"`
		List []menuItem `json:"list"`
		Tail string     `json:"tail_content"`
	} `json:"msgmenu"`
}

// check checks the form of a message to a customer (document path 94677).
func (b kfBody) check(o Options) bool {
	switch b.MsgType {
	case "text":
		return b.Text.Content != "" && len(b.Text.Content) <= 2048
	case "msgmenu":
		if len(b.Menu.Head) > 1024 || len(b.Menu.Tail) > 1024 || len(b.Menu.List) > 10 || len(b.Menu.List) == 0 {
			return false
		}
		for _, i := range b.Menu.List {
			ok := i.Type == "click" && len(i.Click.ID) >= 1 && len(i.Click.ID) <= 64 && len(i.Click.Content) >= 1 && len(i.Click.Content) <= 128 ||
				i.Type == "view" && i.View.URL != "" && len(i.View.URL) <= 2048 && len(i.View.Content) <= 1024 || i.Type == "text" && o.TextItems
			if !ok {
				return false
			}
		}
		return true
	case "image", "voice", "video", "file", "link", "miniprogram", "location":
		return true
	}
	return false
}

func (b kfBody) shown() Shown {
	show := Shown{Kind: b.MsgType, To: b.ToUser, Account: b.OpenKfID, ID: b.MsgID, Text: b.Text.Content + b.Menu.Head}
	for _, i := range b.Menu.List {
		show.Menu = append(show.Menu, Item{i.Click.ID, i.Click.Content + i.View.Content})
	}
	return show
}

// sendMsg is kf/send_msg (document path 94677).
func (s *Server) sendMsg(body []byte) answer {
	var in kfBody
	if err := json.Unmarshal(body, &in); err != nil || !msgIDForm.MatchString(in.MsgID) || in.ToUser == "" || !in.check(s.o) {
		return answer{code: 40058}
	}
	if !slices.Contains(s.o.Accounts, in.OpenKfID) {
		return answer{code: 95000}
	}
	c := s.customer(in.OpenKfID, in.ToUser)
	if in.MsgID == "" {
		in.MsgID = s.next("kfmsg")
	}
	key := in.OpenKfID + "|" + in.MsgID
	switch {
	case s.msgids[key] != "":
		return answer{code: s.o.RepeatCode}
	case c.state != unhandled && c.state != assistant:
		return answer{code: 95018}
	case s.o.Now().Sub(c.last) > 48*time.Hour:
		return answer{code: 95002}
	case c.sent >= 5:
		return answer{code: 95001}
	}
	s.msgids[key] = in.ToUser
	c.sent++
	show := in.shown()
	show.At = s.o.Now()
	s.shown = append(s.shown, show)
	return answer{more: map[string]any{"msgid": in.MsgID}}
}

// sendOnEvent is kf/send_msg_on_event (document path 95122): once, in time.
func (s *Server) sendOnEvent(body []byte) answer {
	var in kfBody
	if err := json.Unmarshal(body, &in); err != nil || in.MsgType != "text" && in.MsgType != "msgmenu" || !in.check(s.o) || !msgIDForm.MatchString(in.MsgID) {
		return answer{code: 40058}
	}
	c := s.welcome[in.Code]
	if c == nil || c.used || !s.o.Now().Before(c.until) {
		return answer{code: 95010} // the documents name no code: some refusal
	}
	c.used = true
	show := in.shown()
	show.Kind, show.To, show.Account, show.At = "event", c.to, c.account, s.o.Now()
	s.shown = append(s.shown, show)
	return answer{more: map[string]any{"msgid": in.MsgID}}
}

type stateBody struct {
	OpenKfID string `json:"open_kfid"`
	Customer string `json:"external_userid"`
	State    *int   `json:"service_state"`
	Servicer string `json:"servicer_userid"`
}

func (s *Server) stateGet(body []byte) answer {
	var in stateBody
	if err := json.Unmarshal(body, &in); err != nil || in.Customer == "" {
		return answer{code: 40058}
	}
	c := s.customer(in.OpenKfID, in.Customer)
	return answer{more: map[string]any{"service_state": c.state, "servicer_userid": c.servicer}}
}

// moves are the changes of state that the documents allow (path 94669).
var moves = map[int][]int{unhandled: {assistant, waiting, person}, assistant: {waiting, person}, waiting: {person}, person: {person, ended}}

func (s *Server) stateTrans(body []byte) answer {
	var in stateBody
	if err := json.Unmarshal(body, &in); err != nil || in.Customer == "" || in.State == nil {
		return answer{code: 40058}
	}
	c := s.customer(in.OpenKfID, in.Customer)
	switch {
	case !slices.Contains(moves[c.state], *in.State):
		return answer{code: 95016}
	case *in.State == person && in.Servicer == "":
		return answer{code: 40058}
	case *in.State == person && !s.present[in.Servicer]:
		return answer{code: 95014}
	}
	was := c.state
	c.state, c.servicer = *in.State, in.Servicer
	more := map[string]any{}
	if was != person && (c.state == waiting || c.state == person || c.state == ended) {
		msg := s.next("msgcode")
		s.welcome[msg] = &code{to: in.Customer, account: in.OpenKfID, until: s.o.Now().Add(48 * time.Hour)}
		more["msg_code"] = msg
	}
	return answer{more: more}
}
