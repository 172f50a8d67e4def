package demo

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"huiwen/bot/dingtalk/openapi"
	"huiwen/bot/wecom/qyapi"
)

func itoa(i int) string { return strconv.Itoa(i) }

// Errors of an act that cannot be done.
var (
	errNoPhone = errors.New("没有这部手机")
	errNoPress = errors.New("这个按钮已经不在了")
	errNoTalk  = errors.New("现在不是人工接待，先接入再回复")
)

// maxSaid bounds what is typed, in bytes.
const maxSaid = 8 << 10

// Say is somebody typing into a phone.
func (s *Stage) Say(phone, speaker, text string) error {
	text = strings.TrimSpace(text)
	if text == "" || len(text) > maxSaid {
		return errors.New("先写一句话，不超过两千字")
	}
	switch phone {
	case phoneWeChat:
		s.residentSays(text, func() error { s.wechat.CustomerSays(Account, Resident, text); return nil })
	case phoneWeCom:
		s.mine(phone, "", "周", text)
		s.spawn(func(ctx context.Context) {
			s.delivered("应用回调", s.wechat.PushWith(ctx, App, s.wechat.TextEvent(App, WeComUser, text), s.trick()))
		})
	case phoneDing:
		s.mine(phone, "", "李", text)
		s.spawn(func(context.Context) { s.ding.Say(openapi.Said{User: DingUser, Name: Names[DingUser], Text: text}) })
	case phoneGroup:
		if speaker != Office {
			speaker = DingUser
		}
		s.mine(phone, Names[speaker], string([]rune(Names[speaker])[:1]), "@惠问 "+text)
		s.spawn(func(context.Context) {
			s.ding.Say(openapi.Said{User: speaker, Name: Names[speaker], Group: Group, Text: text})
		})
	case seat:
		if s.wechat.State(Account, Resident) != stateHuman {
			return errNoTalk
		}
		s.wechat.HumanSays(Account, Resident, Servicer, text)
	default:
		return errNoPhone
	}
	return nil
}

func (s *Stage) mine(phone, name, face, text string) {
	s.mu.Lock()
	s.put(Bubble{Phone: phone, Side: "me", Name: name, Face: face, Text: text})
	s.mu.Unlock()
}

// residentSays shows what the resident says on both screens and tells the
// service that there is something.
func (s *Stage) residentSays(text string, say func() error) {
	s.mu.Lock()
	s.put(Bubble{Phone: phoneWeChat, Side: "me", Face: "王", Text: text})
	s.put(Bubble{Phone: seat, Side: "them", Name: Names[Resident], Face: "王", Text: text})
	s.mu.Unlock()
	if say() == nil {
		s.poke()
	}
}

func (s *Stage) poke() {
	s.spawn(func(ctx context.Context) {
		s.delivered("客服回调", s.wechat.PushWith(ctx, "kf", s.wechat.PokeEvent(Account), s.trick()))
	})
}

// trick is how callbacks are sent at the moment.
func (s *Stage) trick() qyapi.Trick {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.on["triple"] {
		return qyapi.Trick{Times: 3}
	}
	return qyapi.Trick{}
}

// delivered writes down how a callback went.
func (s *Stage) delivered(what string, d qyapi.Delivery) {
	for i, status := range d.Status {
		w := Wire{Where: "企业微信", Out: true, What: what, Result: strconv.Itoa(status), Bad: status != 200}
		if i < len(d.Took) {
			w.Millis = d.Took[i].Milliseconds()
		}
		if status == 0 {
			w.Result = "没有应答"
		}
		s.wire(w)
	}
}

// Press is somebody pressing a choice or a button of a bubble.
func (s *Stage) Press(n int64, item int, speaker string) error {
	s.mu.Lock()
	var b Bubble
	for _, x := range s.bubbles {
		if x.N == n {
			b = x
		}
	}
	s.mu.Unlock()
	switch {
	case item < 0 || item >= max(len(b.Menu), len(b.Buttons)):
		return errNoPress
	case b.Phone == phoneWeChat:
		shown := s.wechat.Shown()[b.index]
		s.residentSays(b.Menu[item], func() error {
			s.wechat.CustomerSaysMenu(Account, Resident, shown.Menu[item].ID, shown.Menu[item].Text)
			return nil
		})
	case b.Phone == phoneWeCom:
		s.note(phoneWeCom, "按下“"+b.Buttons[item]+"”")
		s.spawn(func(ctx context.Context) {
			if d, err := s.wechat.Press(ctx, App, WeComUser, item); err == nil {
				s.delivered("卡片回调", d)
			}
		})
	case b.Phone == phoneDing || b.Phone == phoneGroup:
		who := DingUser
		if b.who != "" {
			who = b.who
		} else if b.Phone == phoneGroup && speaker == Office {
			who = Office
		}
		s.note(b.Phone, Names[who]+"按下“"+b.Buttons[item]+"”")
		s.spawn(func(context.Context) { s.ding.Press(b.track, who, item+1, openapi.InContent) })
	}
	return nil
}

func (s *Stage) note(phone, text string) {
	s.mu.Lock()
	s.put(Bubble{Phone: phone, Side: "note", Text: text})
	s.mu.Unlock()
}

// The states of the resident's session.
const (
	stateWaiting = 2
	stateHuman   = 3
	stateEnded   = 4
)

// Seat is what the human agent does: take, end.
func (s *Stage) Seat(act string) error {
	state := s.wechat.State(Account, Resident)
	switch {
	case act == "take" && state != stateHuman:
		s.wechat.HumanTakes(Account, Resident, Servicer)
		s.note(seat, "已接入会话，机器人不再回答")
		s.note(phoneWeChat, Names[Servicer]+" 接入会话")
	case act == "end" && state == stateHuman:
		s.wechat.HumanEnds(Account, Resident)
		s.note(seat, "会话已结束，下一句由机器人回答")
		s.note(phoneWeChat, "会话已结束")
	default:
		return errNoTalk
	}
	s.poke()
	return nil
}

// Enter is the resident opening the chat.
func (s *Stage) Enter() {
	s.wechat.CustomerEnters(Account, Resident)
	s.poke()
}

// A Switch is a way in which the platforms misbehave.
type Switch struct {
	ID, Name, About string
	Stays           bool
}

// switches lists what the platforms can be told.
var switches = []Switch{
	{"slow", "平台变慢", "每次调用慢三秒", true},
	{"triple", "一条来三遍", "回调和推送都重复", true},
	{"away", "坐席离开", "转人工没有人接", true},
	{"token", "令牌失效", "下次调用被拒绝", false},
	{"busy", "平台繁忙", "下次发送 −1 / 503", false},
	{"lost", "应答丢失", "发出去了但没有回音", false},
	{"ban", "封禁页", "钉钉返回 1111", false},
	{"session", "会话过期", "改走单聊接口", false},
	{"drop", "长连接断开", "三秒后重连", false},
	{"zombie", "长连接假死", "四十秒内发现", false},
}

const (
	pathApp   = "/cgi-bin/message/send"
	pathKF    = "/cgi-bin/kf/send_msg"
	pathHook  = "/robot/sendBySession"
	pathBatch = "/v1.0/robot/oToMessages/batchSend"
	pathGroup = "/v1.0/robot/groupMessages/send"
)

const slowness = 3 * time.Second

// Trick makes the platforms misbehave.
func (s *Stage) Trick(id string, on bool) {
	if !slices.ContainsFunc(switches, func(w Switch) bool { return w.ID == id }) {
		return
	}
	s.mu.Lock()
	s.on[id] = on
	s.touch()
	s.mu.Unlock()
	switch id {
	case "slow":
		d := time.Duration(0)
		if on {
			d = slowness
		}
		for _, p := range []string{pathApp, pathKF, "/cgi-bin/kf/sync_msg"} {
			s.wechat.Slow(p, d)
		}
		s.ding.Slow(d)
	case "triple":
		s.ding.Copies(map[bool]int{true: 3, false: 1}[on])
	case "away":
		s.wechat.Present(Servicer, !on)
	case "token":
		s.wechat.Expire()
		s.ding.ExpireToken()
	case "busy":
		s.wechat.FailNext(pathApp, -1)
		s.wechat.FailNext(pathKF, -1)
		for _, p := range []string{pathHook, pathBatch, pathGroup} {
			s.ding.FailNext(p, openapi.Code(503, "ServiceUnavailable"))
		}
	case "lost":
		s.wechat.LoseAnswers(pathApp, 1)
		s.wechat.LoseAnswers(pathKF, 1)
		s.ding.FailNext(pathHook, openapi.Failure{Cut: true})
	case "ban":
		s.ding.FailNext(pathHook, openapi.Ban(3))
	case "session":
		s.ding.ExpireSessions()
	case "drop":
		s.ding.Reset()
	case "zombie":
		s.ding.Mute()
	}
}
