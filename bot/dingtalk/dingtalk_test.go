package dingtalk

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"huiwen/bot"
	"huiwen/bot/dingtalk/openapi"
	"huiwen/bot/envelope"
	"huiwen/bot/limit"
	"huiwen/knowledge/store"
	"huiwen/knowledge/store/storetest"
)

// vector is the platform's own example (open-dingtalk/DingTalk-Callback-Crypto).
var vector = struct{ token, key, owner, signature, timestamp, nonce, encrypt, plain string }{
	"mryue", "Yue0EfdN5900c1ce5cf6A152c63DDe1808a60c5ecd7", "ding6ccabc44d2c8d38b", "03044561471240d4a14bb09372dfcfd4fd0e40cb", "1608001896814", "WL4PK6yA",
	"0vJiX6vliEpwG3U45CtXqi+m8PXbQRARJ8p8BbDuD1EMTDf0jKpQ79QS93qEk7XHpP6u+oTTrd15NRPvNvmBKyDCYxxOK+HZeKju4yhELOFchzNukR+t8SB/qk4ROMu3", `{"EventType":"check_url"}`,
}

func TestOfficialEventVector(t *testing.T) {
	v := vector
	c, err := envelope.New(v.token, v.key, v.owner)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := c.Open(v.signature, v.timestamp, v.nonce, v.encrypt); err != nil || string(got) != v.plain {
		t.Errorf("got %q, %v, want %q", got, err, v.plain)
	}
	if _, err := c.Open(v.signature, v.timestamp, "other", v.encrypt); !errors.Is(err, envelope.ErrSignature) {
		t.Errorf("another nonce: %v", err)
	}
	other, err := envelope.New(v.token, v.key, "dingother")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.Open(v.signature, v.timestamp, v.nonce, v.encrypt); !errors.Is(err, envelope.ErrCipher) {
		t.Errorf("another owner: %v", err)
	}
	for n := range 70 { // every length of padding
		text := bytes.Repeat([]byte("x"), n)
		sealed, err := c.Seal(strings.NewReader("0123456789abcdef"), text)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := c.Open(c.Sign("1", "n", sealed), "1", "n", sealed); err != nil || !bytes.Equal(got, text) {
			t.Errorf("%d bytes: %q %v", n, got, err)
		}
	}
}

func TestSign(t *testing.T) {
	if got, want := Sign("1577262236757", "this is a secret"), "DJrE6qdyVGCQz9z5r2MDuNcNAhwYnuAkyj13cx169CA="; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// inbox keeps what is accepted; it fails while full is set.
type inbox struct {
	store store.Store

	mu   sync.Mutex
	got  []bot.Message
	ids  map[string]bool
	full bool
}

func (b *inbox) AcceptAll(ctx context.Context, scope string, messages []bot.Message, also func(store.Tx) error) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.full {
		return errors.New("full")
	}
	for _, m := range messages {
		if !b.ids[m.ID] {
			b.ids[m.ID] = true
			b.got = append(b.got, m)
		}
	}
	return b.store.Update(ctx, scope, also)
}

func (b *inbox) messages() []bot.Message {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.got)
}

// A rig is a robot and the platform that it talks to.
type rig struct {
	platform *openapi.Server
	robot    *Robot
	inbox    *inbox
	store    store.Store
	host     string
}

func newRig(t testing.TB) *rig {
	t.Helper()
	s, err := store.OpenFile(t.Context(), t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	p := openapi.New(time.Now)
	p.ClientID, p.Secret, p.CorpID, p.RobotCode, p.Repush = "app", "secret", "corp", "robot", 500*time.Millisecond
	p.Robots = map[string]string{"tok": "sec", "open": ""}
	srv := httptest.NewServer(p)
	t.Cleanup(srv.Close)
	t.Cleanup(p.Close)
	p.Base = srv.URL
	client, err := NewClient(srv.URL, srv.URL, "app", "secret", s, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	in := &inbox{store: s, ids: map[string]bool{}}
	robot := &Robot{CorpID: "corp", RobotCode: "robot", Template: "tpl", Client: client, Store: s, Inbox: in, Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Now: time.Now}
	return &rig{p, robot, in, s, srv.URL}
}

// stream connects the robot for the time of the test.
func (r *rig) stream(t testing.TB) *Stream {
	t.Helper()
	s := &Stream{Host: r.host, ClientID: "app", Secret: "secret", Robot: r.robot, Log: r.robot.Log, KeepAlive: 3 * time.Second}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { s.Run(ctx); close(ended) }()
	t.Cleanup(func() { cancel(); <-ended })
	return s
}

func TestWhatIsSaid(t *testing.T) {
	r := &Robot{CorpID: "corp", Now: time.Now}
	for _, c := range []struct {
		name, json   string
		ok           bool
		text, talk   string
		person       string
		user         bot.User
		unproven     bool
		withoutFirst bool
	}{
		{name: "text, trimmed", json: `"conversationType":"1","senderStaffId":"z1","msgtype":"text","text":{"content":"  第39项 \n"}`, ok: true, text: "第39项", talk: "z1", person: "z1", user: bot.Staff},
		{name: "in a group by @", json: `"conversationType":"2","conversationId":"cid/+=","isInAtList":true,"senderStaffId":"z1","msgtype":"text","text":{"content":" 你好"}`, ok: true, text: "你好", talk: "group/cid%2F+=/z1", person: "z1", user: bot.Staff},
		{name: "in a group to others", json: `"conversationType":"2","conversationId":"cid","isInAtList":false,"senderStaffId":"z1","msgtype":"text","text":{"content":"你好"}`},
		{name: "speech", json: `"conversationType":"1","senderStaffId":"z1","msgtype":"audio","content":{"recognition":"开店补多少","duration":3000,"downloadCode":"x"}`, ok: true, text: "开店补多少", talk: "z1", person: "z1", user: bot.Staff},
		{name: "rich text", json: `"conversationType":"1","senderStaffId":"z1","msgtype":"richText","content":{"richText":[{"text":"开店"},{"type":"picture","downloadCode":"x"},{"text":"补多少"}]}`, ok: true, text: "开店\n补多少", talk: "z1", person: "z1", user: bot.Staff},
		{name: "a picture is answered too", json: `"conversationType":"1","senderStaffId":"z1","msgtype":"picture","content":{"downloadCode":"x"}`, ok: true, talk: "z1", person: "z1", user: bot.Staff},
		{name: "content of another form", json: `"conversationType":"1","senderStaffId":"z1","msgtype":"file","content":"x"`, ok: true, talk: "z1", person: "z1", user: bot.Staff},
		{name: "somebody of another corporation", json: `"conversationType":"2","conversationId":"cid","isInAtList":true,"senderCorpId":"other","msgtype":"text","text":{"content":"你好"}`, ok: true, text: "你好", talk: "group/cid/-s1", person: "s1", user: bot.Resident},
		{name: "by a callback nobody acts", json: `"conversationType":"1","senderStaffId":"z1","msgtype":"text","text":{"content":"签收 12"}`, ok: true, unproven: true, text: "签收 12", talk: "z1", user: bot.Resident},
		{name: "by a callback without a person", json: `"conversationType":"2","conversationId":"cid","isInAtList":true,"msgtype":"text","text":{"content":"x"}`, unproven: true},
		{name: "an id that is no id", json: `"conversationType":"1","senderStaffId":"` + strings.Repeat("z", 500) + `","msgtype":"text","text":{"content":"x"}`},
		{name: "a staff id that reads as an address", json: `"conversationType":"1","senderStaffId":"group/cid/x","msgtype":"text","text":{"content":"x"}`, ok: true, text: "x", talk: "sender/s1", person: "s1", user: bot.Resident},
	} {
		var d botData
		if err := json.Unmarshal([]byte(`{"msgId":"m1","senderId":"s1",`+c.json+`}`), &d); err != nil {
			t.Fatal(c.name, err)
		}
		m, _, ok := r.message(d, !c.unproven)
		if ok != c.ok || ok && (m.Text != c.text || m.Conversation != c.talk || m.Person != c.person || m.User != c.user || m.ID != "ding|m1") {
			t.Errorf("%s: %v %+v", c.name, ok, m)
		}
	}
}

func TestAPlaceIsReadAsItWasWritten(t *testing.T) {
	for _, p := range []place{{person: "z1"}, {group: "cid/+=", person: "z1"}, {group: "cid", sender: "$:L/W+"}, {sender: "$:L/W"}} {
		got := placeOf(p.conversation())
		if p.group != "" && p.person == "" {
			p.person = ""
		}
		if got != p {
			t.Errorf("%+v became %+v", p, got)
		}
	}
}

func TestOnlyTheHostItself(t *testing.T) {
	c, err := NewClient("https://api.dingtalk.com", "https://oapi.dingtalk.com", "a", "b", nil, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	for u, want := range map[string]bool{
		"https://oapi.dingtalk.com/robot/sendBySession?session=x":          true,
		"https://OAPI.dingtalk.com:443/robot/sendBySession?session=x":      true,
		"http://oapi.dingtalk.com/robot/sendBySession?session=x":           false,
		"https://oapi.dingtalk.com:8443/robot/sendBySession":               false,
		"https://evildingtalk.com/robot/sendBySession":                     false,
		"https://oapi.dingtalk.com.evil.cn/robot/sendBySession":            false,
		"https://oapi.dingtalk.com@evil.cn/robot/sendBySession":            false,
		"https://u:p@oapi.dingtalk.com/robot/sendBySession":                false,
		"https://oapi.dingtalk.com/robot/send?access_token=x":              false,
		"https://oapi.dingtalk.com/robot/sendBySession/../send":            false,
		"https://oapi.dingtalk.com/robot%2FsendBySession":                  false,
		"https://oapi.dingtalk.com\\@evil.cn/robot/sendBySession":          false,
		"//oapi.dingtalk.com/robot/sendBySession":                          false,
		"https://127.0.0.1/robot/sendBySession":                            false,
		"https://oapi.dingtalk.com/robot/sendBySession?session=x#fragment": false,
		"": false,
	} {
		if _, got := c.session(u); got != want {
			t.Errorf("%s: %v, want %v", u, got, want)
		}
	}
}

func TestHostileTextIsNoMarkup(t *testing.T) {
	r := bot.Rendered{Lines: []bot.Line{
		{{Text: "关于“"}, {Kind: bot.Echoed, Text: "[点我](https://evil.cn) <a href=x> @all # 标题 **粗** `x` ~~y~~ __z__"}, {Text: "”"}},
		{{Kind: bot.Quoted, Text: "一次性创业补贴(5000元)"}},
		{{Text: "# 不是标题"}},
	}, Source: "来源：第39项", Choices: []string{"[a](b)", "谁负责"}}
	got := markdown(r)
	for _, bad := range []string{"[", "]", "<", ">", "@", "#", "*", "`", "~~", "__", "://"} {
		if strings.Contains(got, bad) {
			t.Errorf("%q is in\n%s", bad, got)
		}
	}
	if !strings.Contains(got, "一次性创业补贴(5000元)") || !strings.Contains(got, "  \n来源：第39项  \n1. ") {
		t.Errorf("a quote stays as it is, lines break:\n%s", got)
	}
	if got := title(bot.Rendered{Text: "[x](http://y) 很长很长很长很长很长很长很长很长很长的第一行\n第二行"}); strings.ContainsAny(got, "[]()") || len([]rune(got)) > 20 {
		t.Errorf("title %q", got)
	}
}

func TestPressesOfEveryForm(t *testing.T) {
	c := card{Actions: []bot.Action{{Text: "签收", Say: "签收 12"}, {Text: "退回", Say: "退回 12"}}}
	for _, k := range []struct{ name, json, want string }{
		{"parameters of the private data", `"content":"{\"cardPrivateData\":{\"actionIds\":[\"x\"],\"params\":{\"say\":\"签收 12\"}}}"`, "签收 12"},
		{"content that is no string", `"content":{"cardPrivateData":{"params":{"say":"签收 12"}}}`, "签收 12"},
		{"under value", `"content":"{}","value":"{\"cardPrivateData\":{\"params\":{\"action\":\"签收 12\"}}}"`, "签收 12"},
		{"at the top", `"params":{"command":"退回 12"}`, "退回 12"},
		{"a string of parameters", `"params":"{\"text\":\"退回 12\"}"`, "退回 12"},
		{"params of the content", `"content":"{\"params\":{\"say\":\"退回 12\"}}"`, "退回 12"},
		{"the id of an action", `"content":"{\"cardPrivateData\":{\"actionIds\":[\"button2\"],\"params\":{}}}"`, "退回 12"},
		{"the words of a button", `"content":"{\"cardPrivateData\":{\"params\":{\"label\":\"签收\"}}}"`, "签收"},
		{"the number of a button", `"actionId":"1"`, "签收 12"},
		{"other words: input like any", `"params":{"say":"销号 3"}`, "销号 3"},
		{"nothing", `"content":"{}"`, ""},
		{"no JSON inside", `"content":"boom"`, ""},
		{"deep", `"content":` + strings.Repeat(`{"value":`, 50) + `1` + strings.Repeat(`}`, 50), ""},
	} {
		var d cardData
		if err := json.Unmarshal([]byte(`{"outTrackId":"t","userId":"z",`+k.json+`}`), &d); err != nil {
			t.Fatal(k.name, err)
		}
		if got := d.pressed().says(c); got != k.want {
			t.Errorf("%s: %q, want %q", k.name, got, k.want)
		}
	}
}

func TestEveryFormOfRefusal(t *testing.T) {
	for _, c := range []struct {
		name   string
		status int
		body   string
		code   string
	}{
		{"success of the old host", 200, `{"errcode":0,"errmsg":"ok"}`, ""},
		{"success of the new host", 200, `{"processQueryKey":"x"}`, ""},
		{"an errcode in a 200", 200, `{"errcode":300001,"errmsg":"session 不存在"}`, "300001"},
		{"a wrapped code", 200, `{"errcode":88,"sub_code":"90018"}`, "90018"},
		{"the new host's", 400, `{"code":"staffId.notExisted","message":"x"}`, "staffId.notExisted"},
		{"a ban", 200, `{"status":1111,"wait":5,"source":"x5","punish":"deny"}`, "ban"},
		{"a ban page", 200, "<html>", "ban"},
		{"a ban page with a status", 403, " <!DOCTYPE html>", "ban"},
		{"a gateway", 504, "upstream", "HTTP504"},
		{"empty", 200, "", "unreadable"},
		{"half", 200, `{"errcode":`, "unreadable"},
		{"a code with words in it", 400, `{"code":"what zhang said"}`, "odd"},
	} {
		got := ""
		if e := readError(c.status, []byte(c.body)); e != nil {
			got = e.Code
		}
		if got != c.code {
			t.Errorf("%s: %q, want %q", c.name, got, c.code)
		}
	}
}

func reply(text string) bot.Rendered { return bot.Rendered{Status: bot.Answered, Text: text} }

func cardReply() bot.Rendered {
	return bot.Rendered{Status: bot.Done, Title: "请签收", Text: "第十二项要签收，请回复：签收 12", Actions: []bot.Action{{Text: "签收", Say: "签收 12"}, {Text: "退回", Say: "退回 12"}}}
}

func TestPartialFailuresAreRetriedForThosePeopleOnly(t *testing.T) {
	r := newRig(t)
	var all []string
	for i := range 45 {
		all = append(all, fmt.Sprintf("u%02d", i))
	}
	r.platform.Leave("u03", "controlled", 1)
	r.platform.Leave("u07", "controlled", 5)
	r.platform.Leave("u09", "invalid", 99)
	to := bot.Address{Channel: Channel, Conversation: strings.Join(all, ",")}
	o := r.robot.Send(t.Context(), to, "00-A", reply("你好"))
	if o.Sent || o.Final || o.Reason != "flowControlledStaffIdList" {
		t.Fatalf("first: %+v", o)
	}
	r.platform.Leave("u07", "controlled", 0)
	if o = r.robot.Send(t.Context(), to, "00-A", reply("你好")); !o.Sent || !strings.Contains(o.Reason, "u09") {
		t.Fatalf("second: %+v", o)
	}
	times := map[string]int{}
	for _, m := range r.platform.Shown() {
		if len(m.To) > 20 {
			t.Errorf("%d people in one call", len(m.To))
		}
		for _, u := range m.To {
			times[u]++
		}
	}
	for _, u := range all {
		if want := map[bool]int{true: 0, false: 1}[u == "u09"]; times[u] != want {
			t.Errorf("%s reads it %d times, want %d", u, times[u], want)
		}
	}
	if o := r.robot.Send(t.Context(), bot.Address{Conversation: "u09"}, "00-B", reply("x")); !o.Final {
		t.Errorf("nobody there: %+v", o)
	}
}

func TestALongTextComesInParts(t *testing.T) {
	r := newRig(t)
	r.platform.FailNext("/v1.0/robot/groupMessages/send", openapi.Failure{}, openapi.Code(503, "ServiceUnavailable"))
	text := strings.Repeat("计划里的一句话。", 1500)
	to := bot.Address{Conversation: "group/cid/z1"}
	if o := r.robot.Send(t.Context(), to, "00-C", reply(text)); o.Sent || o.Final {
		t.Fatalf("%+v", o)
	}
	if o := r.robot.Send(t.Context(), to, "00-C", reply(text)); !o.Sent {
		t.Fatalf("%+v", o)
	}
	shown := r.platform.Shown()
	if len(shown) != 3 {
		t.Fatalf("%d parts, want 3 and none twice", len(shown))
	}
	for i, m := range shown {
		if !strings.HasPrefix(m.Text, fmt.Sprintf("（%d/3）", i+1)) || !strings.Contains(m.Text, "编号 00-C") || len(m.Text) > 15_000 {
			t.Errorf("part %d: %d bytes, %.30q", i, len(m.Text), m.Text)
		}
	}
}

func TestCardsAreDeliveredPressedAndUpdated(t *testing.T) {
	r := newRig(t)
	r.stream(t)
	storetest.Until(t, "connected", func() bool { return r.platform.Open() == 1 })
	if !r.platform.Subscribed(topicBot) || !r.platform.Subscribed(topicCard) {
		t.Errorf("subscribed to %v", r.platform.Topics())
	}
	if o := r.robot.Send(t.Context(), bot.Address{Conversation: "z1"}, "00-D", cardReply()); !o.Sent {
		t.Fatalf("%+v", o)
	}
	shown := r.platform.Shown()
	if len(shown) != 1 || shown[0].Via != "card" || shown[0].Params["button1"] != "签收" || shown[0].Params["say2"] != "退回 12" || shown[0].Params["number"] != "00-D" {
		t.Fatalf("%+v", shown)
	}
	for i, form := range []int{openapi.InContent, openapi.InValue, openapi.AsID, openapi.AtTop} {
		r.platform.Press("00-D", "li", 1, form)
		storetest.Until(t, "it is pressed", func() bool { return len(r.inbox.messages()) == i+1 })
		m := r.inbox.messages()[i]
		if m.Text != "签收 12" || m.Person != "li" || m.Conversation != "li" || m.Card != "00-D" || m.User != bot.Staff {
			t.Errorf("form %d: %+v", form, m)
		}
	}
	to := bot.Address{Conversation: "li", Card: "00-D"}
	if o := r.robot.Send(t.Context(), to, "00-E", bot.Rendered{Status: bot.Declined, Text: "您不是这个单位的"}); !o.Sent {
		t.Fatalf("%+v", o)
	}
	if o := r.robot.Send(t.Context(), to, "00-F", bot.Rendered{Status: bot.Done, Text: "已签收"}); !o.Sent {
		t.Fatalf("%+v", o)
	}
	list := cardReply()
	list.Status = bot.Answered
	if o := r.robot.Send(t.Context(), bot.Address{Conversation: "li", Card: "00-D"}, "00-L", list); !o.Sent || r.platform.Shown()[4].Via != "card" || r.platform.Shown()[4].Track != "00-L" {
		t.Errorf("a list that a button asked for is a card of its own: %+v", o)
	}
	shown = r.platform.Shown()[1:4]
	if len(shown) != 3 || shown[0].Via != "batch" || shown[1].Via != "update" || shown[1].Params["button1"] != "" || shown[1].Title != "请签收" || shown[2].Via != "batch" {
		t.Fatalf("a refusal leaves the card, a deed changes it: %+v", shown)
	}
	for i, f := range []openapi.Failure{openapi.Code(400, "param.contentUnsafe"), openapi.Code(403, "Forbidden.AccessDenied"), openapi.Code(404, "InvalidAction.NotFound"), {Status: 200, Body: `{"success":false}`}, {Status: 200, Body: `{"success":true,"result":{"deliverResults":[{"success":false}]}}`}} {
		r.platform.FailNext("/v1.0/card/instances/createAndDeliver", f)
		if o := r.robot.Send(t.Context(), bot.Address{Conversation: "z2"}, fmt.Sprint("00-G", i), cardReply()); !o.Sent {
			t.Fatalf("%+v: %+v", f, o)
		}
		if last := r.platform.Shown()[5+i]; last.Via != "batch" || !strings.Contains(last.Text, "签收 12") {
			t.Errorf("a card that is refused is said in words: %+v", last)
		}
	}
	r.platform.FailNext("/v1.0/card/instances/createAndDeliver", openapi.Failure{Status: 200, Body: `{"success":true,"result":true}`}, openapi.Code(503, "ServiceUnavailable"))
	if o := r.robot.Send(t.Context(), bot.Address{Conversation: "z2"}, "00-J", cardReply()); !o.Sent {
		t.Errorf("an answer of another form: %+v", o)
	}
	if o := r.robot.Send(t.Context(), bot.Address{Conversation: "z2"}, "00-K", cardReply()); o.Sent || o.Final {
		t.Errorf("busy: %+v", o)
	}
}

// TestANoticeIsACardForEach: one notice goes to several people under one serial, a
// long one as words and then a card that can be pressed; a retry sends nobody what he
// has.
func TestANoticeIsACardForEach(t *testing.T) {
	r := newRig(t)
	long := cardReply()
	long.Text = "区财政局：您单位有以下任务\n" + strings.Repeat("第十二项：落实政策，按时报进展。\n", 200) + "收到请回复：签收 12"
	for line := range strings.Lines(long.Text) {
		long.Lines = append(long.Lines, bot.Line{bot.Words(strings.TrimSuffix(line, "\n"))})
	}
	for _, who := range []string{"z1", "li"} {
		if o := r.robot.Send(t.Context(), bot.Address{Conversation: who}, "220915-ABCDEF", cardReply()); !o.Sent {
			t.Fatalf("%+v", o)
		}
		r.platform.FailNext("/v1.0/card/instances/createAndDeliver", openapi.Code(503, "ServiceUnavailable"))
		for i, sent := range []bool{false, true, true} {
			if o := r.robot.Send(t.Context(), bot.Address{Conversation: who}, "220916-ABCDEF", long); o.Sent != sent {
				t.Errorf("try %d: %+v", i, o)
			}
		}
	}
	shown, tracks := r.platform.Shown(), map[string]bool{}
	if len(shown) != 6 {
		t.Fatalf("%d messages", len(shown))
	}
	for i, who := range []string{"z1", "li"} {
		short, words, card := shown[3*i], shown[3*i+1], shown[3*i+2]
		if short.Via != "card" || short.To[0] != who || words.Via != "batch" || words.To[0] != who || card.Via != "card" || card.To[0] != who {
			t.Errorf("%s is shown %s %s %s", who, short.Via, words.Via, card.Via)
		}
		if !strings.Contains(words.Text, "收到请回复") || len(card.Text) > maxCard || card.Params["say1"] != "签收 12" || !strings.Contains(card.Text, "收到请回复") {
			t.Errorf("the card of a long notice: %s", card.Text)
		}
		tracks[short.Track], tracks[card.Track] = true, true
	}
	if len(tracks) != 4 {
		t.Errorf("cards have the names %v", tracks)
	}
}

func TestWhatIsNotKeptComesAgain(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.inbox.full = true
	s := r.stream(t)
	storetest.Until(t, "connected", func() bool { return r.platform.Open() == 1 && s.Connected() })
	r.platform.Say(openapi.Said{User: "z1", Text: "你好"})
	storetest.Until(t, "it came twice", func() bool { return r.platform.Pushes() >= 2 })
	if acks := r.platform.Acks(); len(acks) != 0 {
		t.Fatalf("acknowledged while full: %+v", acks)
	}
	r.inbox.mu.Lock()
	r.inbox.full = false
	r.inbox.mu.Unlock()
	storetest.Until(t, "acknowledged", func() bool { return r.platform.Pending() == 0 })
	if got := r.inbox.messages(); len(got) != 1 {
		t.Errorf("%+v", got)
	}
	if acks := r.platform.Acks(); len(acks) == 0 || acks[0].Code != 200 {
		t.Errorf("%+v", acks)
	}
	id := r.platform.Ping(`{"opaque":"x"}`)
	storetest.Until(t, "the ping is echoed", func() bool {
		return slices.ContainsFunc(r.platform.Acks(), func(a openapi.Ack) bool { return a.ID == id && a.Data == `{"opaque":"x"}` })
	})
}

// TestAZombieIsNoticed: the platform's end neither answers nor closes.
func TestAZombieIsNoticed(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.platform.Repush = 3 * time.Second
	r.stream(t)
	storetest.Until(t, "connected", func() bool { return r.platform.Open() == 1 })
	r.platform.Mute()
	r.platform.Say(openapi.Said{User: "z1", Text: "你好"})
	storetest.Until(t, "a new connection", func() bool { return r.platform.Opened() == 2 })
	storetest.Until(t, "the message comes", func() bool { return len(r.inbox.messages()) == 1 })
	if keepAlive+5*time.Second+4*time.Second > 90*time.Second {
		t.Error("a zombie is noticed too late")
	}
}

func TestTheFirstConnectionIsTriedAgain(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.platform.FailNext("/v1.0/gateway/connections/open", openapi.Code(500, "x"), openapi.BanPage())
	r.stream(t)
	storetest.Until(t, "connected", func() bool { return r.platform.Open() == 1 })
}

func TestWorkNotices(t *testing.T) {
	r := newRig(t)
	n, err := NewNotices(r.robot.Client, "7")
	if err != nil {
		t.Fatal(err)
	}
	n.Pause = func(context.Context, time.Duration) error { return nil }
	r.platform.OwnTokens = true
	r.platform.Leave("u2", "invalid", 99)
	var all []string
	for i := range 130 {
		all = append(all, fmt.Sprintf("u%d", i))
	}
	to := bot.Address{Channel: NoticeChannel, Conversation: strings.Join(all, ",")}
	for range 2 { // the same notice again reaches nobody twice
		if o := n.Send(t.Context(), to, "00-H", cardReply()); !o.Sent || o.Reason != "u2" {
			t.Fatalf("%+v", o)
		}
	}
	times := 0
	for _, m := range r.platform.Shown() {
		times += len(m.To)
		if m.Via != "notice" || len(m.To) > 100 || !strings.Contains(m.Text, "编号 00-H") {
			t.Errorf("%+v", m)
		}
	}
	if times != 129 {
		t.Errorf("%d people reached, want 129", times)
	}
	if o := n.Send(t.Context(), bot.Address{Conversation: "u2"}, "00-I", cardReply()); !o.Final {
		t.Errorf("success of the call is no success: %+v", o)
	}
	if _, err := NewNotices(r.robot.Client, "x"); err == nil {
		t.Error("an agent's id that is no number is taken")
	}
}

func TestCustomRobots(t *testing.T) {
	r := newRig(t)
	g := NewGroupRobots(r.robot.Client, limit.Limiter{Store: r.store}, time.Now, GroupRobot{"office", "tok", "sec"}, GroupRobot{"plain", "open", ""}, GroupRobot{"wrong", "tok", "no"}, GroupRobot{"gone", "nix", ""})
	send := func(name, id string) bot.Outcome {
		return g.Send(t.Context(), bot.Address{Channel: GroupChannel, Conversation: name}, id, cardReply())
	}
	sent := 0
	for i := range 25 {
		switch o := send("office", fmt.Sprint("00-", i)); {
		case o.Sent:
			sent++
		case o.Wait == 0 || o.Wait > 2*time.Minute:
			t.Errorf("%+v", o)
		}
	}
	if sent != 20 || r.platform.Calls("/robot/send") != 20 {
		t.Errorf("%d sent in a minute by %d calls, want 20", sent, r.platform.Calls("/robot/send"))
	}
	if o := send("plain", "00-P"); !o.Sent {
		t.Errorf("without a secret: %+v", o)
	}
	if o := send("gone", "00-Q"); o.Sent || o.Wait == 0 {
		t.Errorf("no such token: %+v", o)
	}
	if o := send("nobody", "00-R"); !o.Final {
		t.Errorf("no such robot: %+v", o)
	}
	r.platform.FailNext("/robot/send", openapi.Errcode(130101))
	if o := send("plain", "00-S"); o.Wait < 10*time.Minute {
		t.Errorf("too fast: %+v", o)
	}
	if o := send("wrong", "00-T"); o.Sent || o.Reason != "310000" {
		t.Errorf("a wrong secret: %+v", o)
	}
}

func TestABanRestsAllCalls(t *testing.T) {
	r := newRig(t)
	now := time.Now()
	r.robot.Client.now = func() time.Time { return now }
	r.platform.FailNext("/v1.0/robot/oToMessages/batchSend", openapi.Ban(5), openapi.BanPage())
	to := bot.Address{Conversation: "z1"}
	if o := r.robot.Send(t.Context(), to, "00-U", reply("x")); o.Wait != 5*time.Second {
		t.Fatalf("%+v", o)
	}
	if o := r.robot.Send(t.Context(), to, "00-U", reply("x")); o.Wait <= 0 || r.platform.Calls("/v1.0/robot/oToMessages/batchSend") != 1 {
		t.Fatalf("%+v", o)
	}
	now = now.Add(6 * time.Second)
	if o := r.robot.Send(t.Context(), to, "00-U", reply("x")); o.Wait <= 0 {
		t.Fatalf("%+v", o)
	}
	now = now.Add(time.Minute)
	if o := r.robot.Send(t.Context(), to, "00-U", reply("x")); !o.Sent {
		t.Fatalf("%+v", o)
	}
}

func TestTokensAreSharedAndFetchedOnce(t *testing.T) {
	r := newRig(t)
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			c, err := NewClient(r.host, r.host, "app", "secret", r.store, time.Now)
			if err != nil {
				t.Error(err)
				return
			}
			robot := *r.robot
			robot.Client = c
			if o := robot.Send(t.Context(), bot.Address{Conversation: "z1"}, fmt.Sprint("00-V", i), reply("x")); !o.Sent {
				t.Errorf("%+v", o)
			}
		})
	}
	wg.Wait()
	if n := r.platform.Fetches(); n != 1 {
		t.Errorf("%d fetches for 20 replicas, want 1", n)
	}
}

func TestACutAnswerIsUncertain(t *testing.T) {
	r := newRig(t)
	r.platform.FailNext("/v1.0/robot/oToMessages/batchSend", openapi.Failure{Cut: true})
	if o := r.robot.Send(t.Context(), bot.Address{Conversation: "z1"}, "00-W", reply("x")); !o.Uncertain || o.Sent || o.Final {
		t.Errorf("%+v", o)
	}
	if n := len(r.platform.Shown()); n != 1 {
		t.Errorf("%d shown", n)
	}
}

// TestAnEncryptedCallbackVouchesForItself: its sender may act, and the platform's
// check of the address is answered in kind.
func TestAnEncryptedCallbackVouchesForItself(t *testing.T) {
	r := newRig(t)
	crypt, err := envelope.New("token", vector.key, "corp")
	if err != nil {
		t.Fatal(err)
	}
	c := &Callback{Secret: "secret", Crypt: crypt, Robot: r.robot, Store: r.store, Window: time.Hour, Now: time.Now, Log: r.robot.Log}
	post := func(plain, nonce string) *httptest.ResponseRecorder {
		t.Helper()
		sealed, err := crypt.Seal(strings.NewReader("0123456789abcdef"), []byte(plain))
		if err != nil {
			t.Fatal(err)
		}
		now := fmt.Sprint(time.Now().UnixMilli())
		body, err := json.Marshal(map[string]string{"encrypt": sealed})
		if err != nil {
			t.Fatal(err)
		}
		q := url.Values{"signature": {crypt.Sign(now, "n", sealed)}, "timestamp": {now}, "nonce": {nonce}}
		w := httptest.NewRecorder()
		c.ServeHTTP(w, httptest.NewRequest("POST", "/dingtalk/callback?"+q.Encode(), bytes.NewReader(body)))
		return w
	}
	w := post(`{"EventType":"check_url"}`, "n")
	var out struct {
		Signature string `json:"msg_signature"`
		Timestamp string `json:"timeStamp"`
		Nonce     string `json:"nonce"`
		Encrypt   string `json:"encrypt"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
		t.Fatal(w.Code, err)
	}
	if plain, err := crypt.Open(out.Signature, out.Timestamp, out.Nonce, out.Encrypt); err != nil || string(plain) != "success" {
		t.Errorf("answered with %q, %v", plain, err)
	}
	const said = `{"msgId":"m1","senderStaffId":"z1","senderId":"s1","conversationType":"1","msgtype":"text","text":{"content":"签收 12"}}`
	if w := post(said, "other"); w.Code != 403 || len(r.inbox.messages()) != 0 {
		t.Errorf("a wrong signature: %d", w.Code)
	}
	if w := post(said, "n"); w.Code != 200 {
		t.Errorf("a true one: %d", w.Code)
	}
	if got := r.inbox.messages(); len(got) != 1 || got[0].Person != "z1" || got[0].User != bot.Staff {
		t.Errorf("%+v", got)
	}
	c.Secret = ""
	if w := post(said, "n"); w.Code != 403 {
		t.Errorf("without a secret: %d", w.Code)
	}
}
