package demo

import (
	"strings"

	"huiwen/bot/dingtalk/openapi"
	"huiwen/bot/wecom/qyapi"
)

// The phones, and the seat of the human agent, which is a desk.
const (
	phoneWeChat = "wechat"
	phoneWeCom  = "wecom"
	phoneDing   = "ding"
	phoneGroup  = "group"
	seat        = "seat"
)

// A Phone is a screen of the page.
type Phone struct {
	ID, Skin         string
	Owner, About     string // whose it is
	Chat, Sub        string // what stands above the talk
	Face             string
	Placeholder      string
	Chips            []string
	Speakers         []Speaker
	Desk             bool
	Tab              string
	OwnerFace, Where string
}

// A Speaker is somebody who may speak by a phone.
type Speaker struct{ ID, Name string }

// phones lists the screens in order.
func (s *Stage) phones() []Phone {
	ask := s.Suggestions[:min(len(s.Suggestions), 3)]
	return []Phone{
		{ID: phoneWeChat, Skin: "wechat", Owner: Names[Resident], About: "居民", Where: "微信 · 微信客服", Chat: "惠问政策服务", Sub: "微信客服", Face: "惠", OwnerFace: "王", Tab: "居民", Placeholder: "问一句政策，比如：开店有没有补贴", Chips: append(append([]string{}, ask...), "人工")},
		{ID: seat, Skin: "seat", Owner: Names[Servicer], About: "人工坐席", Where: "企业微信 · 接待台", Chat: "接待台", Face: "王", OwnerFace: "刘", Tab: "坐席", Placeholder: "以工作人员的身份回复", Chips: []string{"您好，我是工作人员，请讲。", "已经记下，今天内回电。"}, Desk: true},
		{ID: phoneWeCom, Skin: "wecom", Owner: Names[WeComUser], About: s.Bureaus[0] + " 联络员", Where: "企业微信 · 应用", Chat: "惠问", Sub: "应用消息", Face: "惠", OwnerFace: "周", Tab: "企业微信", Placeholder: "比如：我的任务", Chips: []string{"我的任务", "第3项", "本月到期的任务"}},
		{ID: phoneDing, Skin: "ding", Owner: Names[DingUser], About: s.Bureaus[1] + " 联络员", Where: "钉钉 · 单聊机器人", Chat: "惠问", Sub: "机器人", Face: "惠", OwnerFace: "李", Tab: "钉钉", Placeholder: "比如：我的任务", Chips: []string{"我的任务", "第5项", "本月到期的任务"}},
		{ID: phoneGroup, Skin: "ding group", Owner: "工作群", About: "群里 @ 机器人", Where: "钉钉 · 群聊", Chat: "专班工作群", Sub: "3 人和 1 个机器人", Face: "惠", OwnerFace: "群", Tab: "群", Placeholder: "自动 @惠问", Chips: []string{"第7项哪个部门负责", "待审", "台账"}, Speakers: []Speaker{{DingUser, Names[DingUser]}, {Office, Names[Office] + "（办公室）"}}},
	}
}

// A Bubble is one thing on a screen.
type Bubble struct {
	N       int64    `json:"n"`
	Phone   string   `json:"phone"`
	Side    string   `json:"side"` // me, them, note
	Name    string   `json:"name,omitempty"`
	Face    string   `json:"face,omitempty"`
	Title   string   `json:"title,omitempty"`
	Text    string   `json:"text"`
	Menu    []string `json:"menu,omitempty"`    // choices to press in WeChat
	Buttons []string `json:"buttons,omitempty"` // of a card
	Card    bool     `json:"card,omitempty"`
	Done    string   `json:"done,omitempty"` // what stands on an answered card
	Via     string   `json:"via,omitempty"`
	At      string   `json:"at"`
	// Over is the bubble that this one takes the place of.
	Over int64 `json:"over,omitempty"`

	track string
	index int    // of a menu or card on the platform
	who   string // whose private chat it is, on a screen of several people
}

// put shows a bubble; s.mu is held.
func (s *Stage) put(b Bubble) int64 {
	s.last++
	b.N = s.last
	if b.At == "" {
		b.At = s.Clock.Now().In(zone).Format("1月2日 15:04")
	}
	s.bubbles = append(s.bubbles, b)
	if len(s.bubbles) > maxBubbles {
		s.bubbles = s.bubbles[len(s.bubbles)-maxBubbles:]
	}
	s.touch()
	return b.N
}

// follow takes over what the platforms have shown since.
func (s *Stage) follow() {
	wechat, ding, acks := s.wechat.Shown(), s.ding.Shown(), s.ding.Acks()
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, m := range wechat {
		if i >= s.seen.wechat {
			s.fromWeChat(i, m)
		} else if m.Replaced != s.seen.stands[i] {
			s.seen.stands[i] = m.Replaced
			s.replace(i, m.Replaced)
		}
	}
	s.seen.wechat = len(wechat)
	for _, m := range ding[min(s.seen.ding, len(ding)):] {
		s.fromDing(m)
	}
	s.seen.ding = len(ding)
	fresh := acks[min(s.seen.acks, len(acks)):]
	s.seen.acks = len(acks)
	for _, a := range fresh {
		if a.Topic == "" {
			continue // a copy, or the platform's own ping
		}
		s.wired++
		w := Wire{N: s.wired, At: s.Clock.Now().In(zone).Format(wireTime), Where: "钉钉", Out: true, What: "长连接推送", Result: "已确认", Millis: a.After.Milliseconds()}
		if a.Code != 200 {
			w.Result, w.Bad = "未确认", true
		}
		s.wires = append(s.wires, w)
		s.touch()
	}
}

func (s *Stage) fromWeChat(i int, m qyapi.Shown) {
	b := Bubble{Side: "them", Name: "惠问", Face: "惠", Title: m.Title, Text: tidy(m.Text), index: i}
	var items []string
	for _, item := range m.Menu {
		items = append(items, item.Text)
	}
	switch {
	case m.Account != "" && m.Kind == "servicer":
		s.put(Bubble{Phone: phoneWeChat, Side: "them", Name: Names[Servicer], Face: "刘", Text: m.Text})
		s.put(Bubble{Phone: seat, Side: "me", Face: "刘", Text: m.Text})
		return
	case m.Account != "":
		b.Phone, b.Menu = phoneWeChat, items
		s.put(b)
		b.Phone, b.Menu = seat, nil
		if len(items) > 0 { // the number stays last
			text, number, _ := strings.Cut(b.Text, "\n编号 ")
			b.Text = text + "\n" + strings.Join(items, "\n") + "\n编号 " + number
		}
		s.put(b)
		return
	case m.App == App:
		b.Phone, b.Buttons = phoneWeCom, items
		b.Card = m.Kind == "template_card" || m.Kind == "textcard"
		b.track = "wecom"
		n := s.put(b)
		s.cards[b.Phone+"|"+itoa(i)] = n
	}
}

// replace shows an answered card of WeCom.
func (s *Stage) replace(i int, words string) {
	n := s.cards[phoneWeCom+"|"+itoa(i)]
	for _, b := range s.bubbles {
		if b.N == n {
			b.Over, b.Buttons, b.Done = n, nil, words
			s.cards[phoneWeCom+"|"+itoa(i)] = s.put(b)
			return
		}
	}
}

// viaWords says how a message came, as a small line.
var viaWords = map[string]string{"session": "会话回复", "batch": "单聊接口", "group": "群聊接口", "card": "互动卡片", "notice": "工作通知", "robot": "群机器人", "update": "互动卡片"}

func (s *Stage) fromDing(m openapi.Shown) {
	b := Bubble{Side: "them", Name: "惠问", Face: "惠", Text: tidy(m.Text), Via: viaWords[m.Via], track: m.Track}
	if m.Via == "card" || m.Via == "update" {
		b.Card, b.Title = true, m.Title
		for _, n := range []string{"1", "2", "3", "4", "5", "6"} {
			if w := m.Params["button"+n]; w != "" {
				b.Buttons = append(b.Buttons, w)
			}
		}
		if m.Via == "update" && len(b.Buttons) == 0 {
			b.Done = "已处理"
		}
	}
	if m.Via == "robot" || m.Via == "notice" {
		b.Title = m.Title
	}
	if m.Via == "robot" { // it stands for a bureau whose people are not known
		b.Name, b.Face = "惠问提醒", "提"
	}
	for _, who := range m.At {
		b.Text = strings.Replace(b.Text, "@"+who, "@"+Names[who], 1)
	}
	var to []string
	switch {
	case m.Group != "":
		to = []string{phoneGroup}
	default:
		for _, who := range m.To {
			switch who {
			case DingUser:
				to = append(to, phoneDing)
			case Office: // whose private chat is shown in the group's phone
				b.Name, b.who = "惠问 → "+Names[Office]+"（单聊）", Office
				to = append(to, phoneGroup)
			}
		}
	}
	for _, phone := range to {
		b.Phone = phone
		if old := s.cards[phone+"|"+m.Track]; m.Track != "" && m.Via == "update" {
			b.Over = old
		}
		n := s.put(b)
		if m.Track != "" {
			s.cards[phone+"|"+m.Track] = n
		}
	}
}

// tidy undoes the line breaks of markdown.
func tidy(s string) string {
	return strings.TrimSpace(strings.ReplaceAll(strings.ReplaceAll(s, "  \n", "\n"), "\n\n编号", "\n编号"))
}
