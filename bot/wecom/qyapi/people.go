package qyapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// MemberSays is a member writing a text to an app. It returns how the callback
// was delivered.
func (s *Server) MemberSays(ctx context.Context, app, user, text string) Delivery {
	return s.Push(ctx, app, s.TextEvent(app, user, text))
}

// MemberSends is a member sending something that is no text: image, voice, video,
// location, link.
func (s *Server) MemberSends(ctx context.Context, app, user, kind string) Delivery {
	return s.Push(ctx, app, s.event(app, user, kind, element("PicUrl", "https://example.cn/p.png")+element("MediaId", "media")+"<MsgId>"+s.id()+"</MsgId>"))
}

// MemberOpens is an event of a member: enter_agent, subscribe, or a click on a
// menu with its key.
func (s *Server) MemberOpens(ctx context.Context, app, user, event, key string) Delivery {
	return s.Push(ctx, app, s.event(app, user, "event", element("Event", event)+element("EventKey", key)))
}

// Login is a member logging in by the platform: the code that comes back to the
// page, good once.
func (s *Server) Login(user string) (code string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	code = s.next("login")
	s.logins[code] = user
	return code
}

// Press is a member pressing a button of the last card that he was shown.
func (s *Server) Press(ctx context.Context, app, user string, button int) (Delivery, error) {
	s.mu.Lock()
	at := -1
	for i, m := range s.shown {
		if m.App == app && m.To == user && m.Kind == "template_card" {
			at = i
		}
	}
	if at < 0 || button >= len(s.shown[at].Menu) {
		s.mu.Unlock()
		return Delivery{}, errors.New("no such button was shown")
	}
	m := s.shown[at]
	response := s.newCode(app, user, at)
	s.mu.Unlock()
	return s.Push(ctx, app, s.event(app, user, "event", element("Event", "template_card_event")+element("EventKey", m.Menu[button].ID)+
		element("TaskId", m.TaskID)+element("CardType", "button_interaction")+element("ResponseCode", response))), nil
}

// TextEvent is the plain text of a message to an app.
func (s *Server) TextEvent(app, user, text string) string {
	return s.event(app, user, "text", element("Content", text)+"<MsgId>"+s.id()+"</MsgId>")
}

func (s *Server) event(app, user, kind, rest string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return "<xml>" + element("ToUserName", s.o.CorpID) + element("FromUserName", user) + fmt.Sprintf("<CreateTime>%d</CreateTime>", s.o.Now().Unix()) +
		element("MsgType", kind) + rest + fmt.Sprintf("<AgentID>%d</AgentID></xml>", s.o.Apps[app].AgentID)
}

func (s *Server) id() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sequence++
	return strconv.FormatInt(4_561_255_354_251_345_000+int64(s.sequence), 10)
}

// element is an element of XML as the platform writes it.
func element(name, text string) string {
	return "<" + name + "><![CDATA[" + strings.ReplaceAll(text, "]]>", "]]]]><![CDATA[>") + "]]></" + name + ">"
}

// CustomerSays adds a text of a WeChat user to an account's history; [Server.Poke]
// tells of it.
func (s *Server) CustomerSays(account, name, text string) {
	s.say(account, name, map[string]any{"msgtype": "text", "text": map[string]string{"content": text}})
}

// CustomerPresses is a WeChat user pressing an item of the last menu he was shown.
func (s *Server) CustomerPresses(account, name string, item int) error {
	s.mu.Lock()
	var menu []Item
	for _, m := range s.shown {
		if m.Account == account && m.To == name && len(m.Menu) > 0 {
			menu = m.Menu
		}
	}
	s.mu.Unlock()
	if item >= len(menu) {
		return errors.New("no such item was shown")
	}
	s.CustomerSaysMenu(account, name, menu[item].ID, menu[item].Text)
	return nil
}

// CustomerSaysMenu is a press on an item with an id, however old its menu.
func (s *Server) CustomerSaysMenu(account, name, menuID, content string) {
	s.say(account, name, map[string]any{"msgtype": "text", "text": map[string]string{"content": content, "menu_id": menuID}})
}

// CustomerSends is a WeChat user sending what is no text: image, voice, …
func (s *Server) CustomerSends(account, name, kind string) {
	s.say(account, name, map[string]any{"msgtype": kind, kind: map[string]string{"media_id": "media"}})
}

func (s *Server) say(account, name string, more map[string]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.customer(account, name)
	if c.state == ended {
		c.state = unhandled
	}
	c.last, c.sent = s.o.Now(), 0
	more["external_userid"], more["origin"] = name, 3
	s.add(account, s.o.Now(), more)
}

// Past adds a text to the history as of an earlier time.
func (s *Server) Past(account, name, text string, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.customer(account, name).last = at
	s.add(account, at, map[string]any{"external_userid": name, "origin": 3, "msgtype": "text", "text": map[string]string{"content": text}})
}

// add appends to an account's history.
func (s *Server) add(account string, at time.Time, more map[string]any) {
	more["msgid"], more["open_kfid"], more["send_time"] = s.next("kf"), account, at.Unix()
	data, err := json.Marshal(more)
	if err != nil {
		panic(err) // plain data
	}
	s.history[account] = append(s.history[account], entry{at, data})
}

// happen appends an event, whose account and customer stand inside it.
func (s *Server) happen(account, name, kind string, more map[string]any) {
	more["event_type"], more["open_kfid"], more["external_userid"] = kind, account, name
	s.add(account, s.o.Now(), map[string]any{"origin": 4, "msgtype": "event", "event": more})
}

// CustomerEnters opens a session; a customer who was not greeted gets a code of
// 20 seconds.
func (s *Server) CustomerEnters(account, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.next("welcome")
	s.welcome[c] = &code{to: name, account: account, until: s.o.Now().Add(20 * time.Second)}
	s.happen(account, name, "enter_session", map[string]any{"scene": "123", "welcome_code": c})
}

// HumanTakes is a servicer taking a customer from the pool.
func (s *Server) HumanTakes(account, name, servicer string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.customer(account, name)
	c.state, c.servicer = person, servicer
	s.happen(account, name, "session_status_change", map[string]any{"change_type": 1, "new_servicer_userid": servicer})
}

// HumanSays is a servicer writing to a customer.
func (s *Server) HumanSays(account, name, servicer, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.add(account, s.o.Now(), map[string]any{"external_userid": name, "origin": 5, "servicer_userid": servicer, "msgtype": "text", "text": map[string]string{"content": text}})
	s.shown = append(s.shown, Shown{Account: account, To: name, Kind: "servicer", Text: text, At: s.o.Now()})
}

// HumanEnds is a servicer ending the session.
func (s *Server) HumanEnds(account, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.customer(account, name)
	c.state = ended
	s.happen(account, name, "session_status_change", map[string]any{"change_type": 3, "old_servicer_userid": c.servicer, "msg_code": s.next("msgcode")})
}

// Present says whether a servicer is 接待中.
func (s *Server) Present(servicer string, there bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.present[servicer] = there
}

// SetState sets the state of a session without an event.
func (s *Server) SetState(account, name string, state int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.customer(account, name).state = state
}

// State is the state of a session.
func (s *Server) State(account, name string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.customer(account, name).state
}

// FailToDeliver tells later that a message could not be delivered, though it was
// accepted.
func (s *Server) FailToDeliver(account, name, msgID string, failType int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.happen(account, name, "msg_send_fail", map[string]any{"fail_msgid": msgID, "fail_type": failType})
}

// Pages sets how many messages a page of sync_msg holds, and whether empty pages
// that say has_more come between.
func (s *Server) Pages(size int, empty bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pages, s.empty = size, empty
}

// Poke tells the service that an account has something.
func (s *Server) Poke(ctx context.Context, account string) Delivery {
	return s.Push(ctx, "kf", s.PokeEvent(account))
}

// PokeEvent is the plain text of a poke, with a token of ten minutes.
func (s *Server) PokeEvent(account string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	token := s.next("poke")
	s.pokes[account] = poke{token, s.o.Now().Add(10 * time.Minute)}
	return "<xml>" + element("ToUserName", s.o.CorpID) + fmt.Sprintf("<CreateTime>%d</CreateTime>", s.o.Now().Unix()) + element("MsgType", "event") +
		element("Event", "kf_msg_or_event") + element("Token", token) + element("OpenKfId", account) + "</xml>"
}
