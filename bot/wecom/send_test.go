package wecom_test

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"huiwen/bot"
	"huiwen/bot/wecom"
	"huiwen/bot/wecom/qyapi"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// reply is a reply of parts as handlers make it.
func reply(lines ...bot.Line) bot.Rendered {
	r := bot.Rendered{Status: bot.Answered, Lines: lines, Source: "来源：《计划》第39项", Choices: []string{}}
	var texts []string
	for _, l := range lines {
		texts = append(texts, l.Text())
	}
	r.Text = strings.Join(append(texts, r.Source), "\n")
	return r
}

func card() bot.Rendered {
	r := reply(bot.Say("有任务到期。"))
	r.Title, r.Actions = "任务提醒", []bot.Action{{Text: "签收", Say: "签收 12"}, {Text: "我的任务", Say: "我的任务"}}
	return r
}

func zhang() bot.Address { return bot.Address{Channel: "wecom/staff", Conversation: "zhang"} }

const number = "07-ABCD-EFGH-JKMN-PQRS"

// TestRequestsAreThoseOfTheDocuments keeps what is sent as golden files, and
// holds every field of it against the examples of the documents.
func TestRequestsAreThoseOfTheDocuments(t *testing.T) {
	for _, c := range []struct {
		name, path, sample string
		send               func(b *bench) bot.Outcome
	}{
		{"text", "/cgi-bin/message/send", "message-text", func(b *bench) bot.Outcome {
			return b.app().Send(t.Context(), zhang(), number, reply(bot.Say("您好 <a> & \"引号\"。")))
		}},
		{"markdown", "/cgi-bin/message/send", "message-markdown", func(b *bench) bot.Outcome {
			a := b.app()
			a.Format = wecom.Markdown
			r := reply(bot.Say("您好。"))
			r.Title = "标题"
			return a.Send(t.Context(), zhang(), number, r)
		}},
		{"textcard", "/cgi-bin/message/send", "message-textcard", func(b *bench) bot.Outcome {
			a := b.app()
			a.Format, a.Link = wecom.Text, "https://example.cn/"
			return a.Send(t.Context(), zhang(), number, card())
		}},
		{"card", "/cgi-bin/message/send", "message-button", func(b *bench) bot.Outcome {
			return b.app().Send(t.Context(), zhang(), number, card())
		}},
		{"update", "/cgi-bin/message/update_template_card", "update-button", func(b *bench) bot.Outcome {
			to, r := zhang(), reply(bot.Say("已签收。"))
			to.Card, r.Status = "response-code", bot.Done
			return b.app().Send(t.Context(), to, number, r)
		}},
		{"robot-text", "/cgi-bin/webhook/send", "robot-text", func(b *bench) bot.Outcome {
			return b.robots().Send(t.Context(), bot.Address{Channel: "wecom-robot", Conversation: "group"}, number, reply(bot.Say("您好。")))
		}},
		{"robot-markdown", "/cgi-bin/webhook/send", "robot-markdown", func(b *bench) bot.Outcome {
			return b.robots().Send(t.Context(), bot.Address{Channel: "wecom-robot", Conversation: "group"}, number, card())
		}},
		{"robot-card", "/cgi-bin/webhook/send", "robot-card", func(b *bench) bot.Outcome {
			r := b.robots()
			r.List["group"].Format, r.List["group"].Link = wecom.Cards, "https://example.cn/"
			return r.Send(t.Context(), bot.Address{Channel: "wecom-robot", Conversation: "group"}, number, card())
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, nil)
			if o := c.send(b); !o.Sent {
				t.Fatalf("%+v\n%+v", o, b.platform.Calls(""))
			}
			golden(t, c.name, b.platform.Calls(c.path)[0].Body, c.sample)
		})
	}
}

// golden compares a request with the kept one and with the documents' example.
func golden(t *testing.T, name, got, sample string) {
	t.Helper()
	file := filepath.Join("testdata", "golden", name+".json")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil || got != string(want) {
		t.Errorf("sent\n%swant\n%s%v", got, want, err)
	}
	var ours, theirs any
	if err := json.Unmarshal([]byte(got), &ours); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(document(t, sample).Request, &theirs); err != nil {
		t.Fatal(err)
	}
	for _, wrong := range beyond("", ours, theirs) {
		t.Error(wrong)
	}
}

// A sample is an example of a call as the documents have it.
type sample struct {
	Path     string          `json:"path"`
	Request  json.RawMessage `json:"request"`
	Response json.RawMessage `json:"response"`
}

func document(t *testing.T, name string) (s sample) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "documents", name+".json"))
	if err == nil {
		err = json.Unmarshal(data, &s)
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// beyond lists the fields of ours that the documents' example has not, or has as
// another type.
func beyond(at string, ours, theirs any) (out []string) {
	switch o := ours.(type) {
	case map[string]any:
		m, ok := theirs.(map[string]any)
		if !ok {
			return []string{at + " is an object"}
		}
		for k, v := range o {
			if _, ok := m[k]; !ok {
				if !empty(v) {
					out = append(out, at+"."+k+" is not in the documents")
				}
				continue
			}
			out = append(out, beyond(at+"."+k, v, m[k])...)
		}
	case []any:
		list, ok := theirs.([]any)
		if !ok {
			return []string{at + " is a list"}
		}
		for _, v := range o {
			if len(list) > 0 {
				out = append(out, beyond(at+"[]", v, list[0])...)
			}
		}
	default:
		if fmt.Sprintf("%T", ours) != fmt.Sprintf("%T", theirs) && ours != nil {
			out = append(out, fmt.Sprintf("%s is %T, in the documents %T", at, ours, theirs))
		}
	}
	return out
}

// empty is a field that the SDK's structs write though it is not used.
func empty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case float64:
		return v == 0
	case map[string]any:
		for _, x := range v {
			if !empty(x) {
				return false
			}
		}
		return true
	case []any:
		return len(v) == 0
	}
	return false
}

// TestThePlatformTakesTheDocumentsExamples holds the emulator against them.
func TestThePlatformTakesTheDocumentsExamples(t *testing.T) {
	files, err := filepath.Glob("testdata/documents/*.json")
	if err != nil || len(files) < 10 {
		t.Fatal(files, err)
	}
	b := newBench(t, func(o *qyapi.Options) {
		o.StrictCards, o.TextItems = false, true
		o.Apps = map[string]qyapi.App{"staff": {AgentID: 1, Secret: "app-secret", URL: "http://x"}}
		o.Accounts = []string{"OPEN_KFID"}
	})
	c := b.client("staff", "app-secret")
	b.platform.CustomerSays("OPEN_KFID", "EXTERNAL_USERID", "在吗")
	b.platform.Present("zhangsan", true)
	for _, f := range files {
		name := strings.TrimSuffix(filepath.Base(f), ".json")
		s := document(t, name)
		if strings.HasPrefix(name, "robot-") || s.Path == "" || name == "update-button" || name == "welcome" { // keys and codes of the platform's own
			continue
		}
		var got map[string]any
		if err := c.Call(t.Context(), s.Path, s.Request, &got); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var want map[string]any
		if err := json.Unmarshal(s.Response, &want); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, wrong := range beyond("", got, want) {
			t.Errorf("%s: the emulator's answer: %s", name, wrong)
		}
	}
}

func TestReceiversWhoAreNotThere(t *testing.T) {
	b := newBench(t, nil)
	a := b.app()
	o := a.Send(t.Context(), bot.Address{Conversation: "gone"}, number, reply(bot.Say("x")))
	if !o.Final || o.Reason != "81013" {
		t.Errorf("%+v", o)
	}
	found := a.Check(t.Context(), false)
	if len(found) != 1 || !strings.Contains(found[0].Text, "gone") {
		t.Errorf("findings %v", found)
	}
}

func TestTheSDKGoesThroughOurTransport(t *testing.T) {
	b := newBench(t, nil)
	useSwitchboard(t, b)
	a := b.app()
	b.platform.FailNext("/cgi-bin/user/get", 42001)
	if here, err := a.Present("zhang"); !here || err != nil {
		t.Errorf("after 42001: %v %v", here, err)
	}
	if here, err := a.Present("gone"); here || err != nil {
		t.Errorf("a member who is not there: %v %v", here, err)
	}
	b.platform.FailNext("/cgi-bin/user/get", 45009)
	_, err := a.Present("zhang")
	var api *wecom.APIError
	if !errors.As(err, &api) || api.Code != 45009 {
		t.Errorf("typed error: %v", err)
	}
	for _, secret := range append(b.platform.Tokens(), "app-secret", "huiwen-") {
		if strings.Contains(fmt.Sprint(err), secret) {
			t.Errorf("the error holds %s: %v", secret, err)
		}
	}
}

func TestTheSDKUploadsAndLogsIn(t *testing.T) {
	b := newBench(t, nil)
	useSwitchboard(t, b)
	a := b.app()
	b.platform.FailNext("/cgi-bin/media/upload", 40014)
	up, err := a.SDK.GetMaterial().UploadTempFileFromReader("表.csv", "file", strings.NewReader("一,二,三"))
	if err != nil || up.MediaID == "" {
		t.Errorf("a file after 40014: %+v %v", up, err)
	}
	code := b.platform.Login("zhang")
	who, err := a.SDK.GetOauth().GetUserInfo(code)
	if err != nil || who.UserID != "zhang" {
		t.Errorf("a login: %+v %v", who, err)
	}
	var api *wecom.APIError
	if _, err := a.SDK.GetOauth().GetUserInfo(code); !errors.As(err, &api) || api.Code != 40029 {
		t.Errorf("a code used twice: %v", err)
	}
}

func TestAMemberIsNotWrittenToFasterThanHeMay(t *testing.T) {
	b := newBench(t, nil)
	a := b.app()
	sent, waited := 0, time.Duration(0)
	for sent < 100 && waited < time.Hour {
		o := a.Send(t.Context(), zhang(), fmt.Sprint("n", sent), reply(bot.Say("x")))
		switch {
		case o.Sent:
			sent++
		case o.Wait > 0 && o.Reason == "limit":
			b.later(o.Wait)
			waited += o.Wait
		default:
			t.Fatalf("%+v", o)
		}
	}
	if got := len(b.texts("zhang")); got != 100 || waited > 10*time.Minute {
		t.Errorf("%d of 100 shown after %v", got, waited)
	}
	if o := a.Send(t.Context(), bot.Address{Conversation: "li"}, "other", reply(bot.Say("x"))); !o.Sent {
		t.Errorf("another member waits too: %+v", o)
	}
}

func TestALongReplyGoesOnWhereItStopped(t *testing.T) {
	b := newBench(t, nil)
	a := b.app()
	long := reply(bot.Line{{Kind: bot.Echoed, Text: strings.Repeat("汉字好。", 8_500)}}) // 100 KB
	for tries := 0; ; tries++ {
		if tries == 3 {
			b.platform.LoseAnswers("/cgi-bin/message/send", 1)
		}
		o := a.Send(t.Context(), zhang(), number, long)
		if o.Sent {
			break
		}
		if o.Final || tries > 20 {
			t.Fatalf("%+v", o)
		}
		b.later(o.Wait)
	}
	texts := b.texts("zhang")
	for i, m := range texts {
		if head := fmt.Sprintf("（%d/%d）", i+1, len(texts)); !strings.HasPrefix(m, head) || !strings.HasSuffix(m, "编号 "+number) || len(m) > 2048 || !utf8.ValidString(m) {
			t.Fatalf("part %d of %d: %.40q", i+1, len(texts), m)
		}
	}
	if len(texts) < 50 {
		t.Errorf("%d parts of 100 KB", len(texts))
	}
	if err := a.Recall(t.Context(), zhang(), number); err != nil {
		t.Error(err)
	}
	for _, m := range b.platform.Shown() {
		if !m.Recalled {
			t.Errorf("%.20q was not taken back", m.Text)
			break
		}
	}
}

func TestACardIsAnsweredOnce(t *testing.T) {
	b := newBench(t, nil)
	a := b.app()
	for _, who := range []string{"zhang", "li"} { // one notice for two
		if o := a.Send(t.Context(), bot.Address{Conversation: who}, number, card()); !o.Sent {
			t.Fatalf("%s: %+v", who, o)
		}
	}
	shown := b.platform.Shown()
	if len(shown) != 2 || len(shown[0].Menu) != 2 || shown[0].Menu[0] != (qyapi.Item{ID: "签收 12", Text: "签收"}) || !strings.Contains(shown[0].Text, number) {
		t.Fatalf("shown %+v", shown)
	}
	to, done := zhang(), reply(bot.Say("已签收。"))
	to.Card, done.Status = shown[0].Code, bot.Done
	for i := range 2 { // a second attempt finds the code used
		if o := a.Send(t.Context(), to, fmt.Sprint("a", i), done); !o.Sent {
			t.Errorf("%+v", o)
		}
	}
	shown = b.platform.Shown()
	if shown[0].Replaced != "已处理" || shown[1].Replaced != "" || len(shown) != 4 {
		t.Errorf("shown %+v", shown)
	}
	long := card()
	long.Lines = []bot.Line{bot.Say(strings.Repeat("长", 300))}
	if o := a.Send(t.Context(), zhang(), "long", long); !o.Sent || len(b.platform.Shown()) != 6 {
		t.Errorf("a long card: %+v, the text comes before it: %d", o, len(b.platform.Shown()))
	}
}

func TestRobots(t *testing.T) {
	b := newBench(t, func(o *qyapi.Options) { o.Robots["other-key"] = "other" })
	r := b.robots()
	group := bot.Address{Channel: wecom.RobotChannel, Conversation: "group"}
	sent := 0
	for i := 0; sent < 45; i++ {
		o := r.Send(t.Context(), group, fmt.Sprint("n", sent), reply(bot.Say("x")))
		switch {
		case o.Sent:
			sent++
		case o.Wait > 0 && i < 200:
			b.later(o.Wait)
		default:
			t.Fatalf("%+v", o)
		}
	}
	for _, c := range b.platform.Calls("/cgi-bin/webhook/send") {
		if c.Code != 0 {
			t.Fatalf("the platform refused with %d", c.Code)
		}
	}
	b.later(time.Minute)
	media, err := r.List["group"].Upload(t.Context(), "台账.xlsx", []byte("a workbook"))
	if err != nil || r.List["group"].SendFile(t.Context(), media) != nil {
		t.Errorf("a file: %v", err)
	}
	if o := r.Send(t.Context(), bot.Address{Conversation: "nobody"}, number, card()); !o.Final {
		t.Errorf("an unknown robot: %+v", o)
	}
	r.List["group"].Key = "wrong"
	if o := r.Send(t.Context(), group, number, card()); !o.Final || o.Reason != "93000" {
		t.Errorf("a wrong key: %+v", o)
	}
	if found := r.Check(t.Context()); len(found) != 1 || !strings.Contains(found[0].Text, "93000") || strings.Contains(found[0].Text, "wrong") {
		t.Errorf("findings %v", found)
	}
}

func TestErrcodes(t *testing.T) {
	for _, c := range []struct {
		code                   int
		final, waits, reported bool
	}{
		{-1, false, false, false}, {45009, false, true, false}, {45033, false, true, false}, {40001, false, true, true}, {60020, false, true, true},
		{48002, false, true, true}, {40058, true, false, false}, {40033, true, false, false}, {81013, true, false, true}, {99999, true, false, false},
	} {
		b := newBench(t, nil)
		a := b.app()
		b.platform.FailNext("/cgi-bin/message/send", c.code)
		o := a.Send(t.Context(), zhang(), number, reply(bot.Say("x")))
		if o.Sent || o.Uncertain || o.Final != c.final || (o.Wait > 0) != c.waits {
			t.Errorf("%d: %+v", c.code, o)
		}
		if found := a.Check(t.Context(), false); (len(found) > 0) != c.reported {
			t.Errorf("%d: findings %v", c.code, found)
		}
		if c.waits && c.reported {
			calls := len(b.platform.Calls("/cgi-bin/message/send"))
			for range 5 {
				a.Send(t.Context(), zhang(), number, reply(bot.Say("x")))
			}
			if n := len(b.platform.Calls("/cgi-bin/message/send")); n != calls {
				t.Errorf("%d: hammered %d times", c.code, n-calls)
			}
			b.later(time.Minute)
			if o := a.Send(t.Context(), zhang(), number, reply(bot.Say("x"))); !o.Sent || len(a.Check(t.Context(), false)) != 0 {
				t.Errorf("%d: mended, and yet %+v %v", c.code, o, a.Check(t.Context(), false))
			}
		}
	}
	b := newBench(t, nil)
	b.platform.FailNext("/cgi-bin/gettoken", 40001)
	a := b.app()
	for range 5 {
		if o := a.Send(t.Context(), zhang(), number, reply(bot.Say("x"))); o.Wait == 0 {
			t.Errorf("a wrong secret: %+v", o)
		}
	}
	if b.platform.Fetches() > 1 { // the failed one is not counted
		t.Errorf("%d more fetches", b.platform.Fetches())
	}
	if found := a.Check(t.Context(), false); len(found) != 1 || !strings.Contains(found[0].Text, "40001") {
		t.Errorf("findings %v", found)
	}
}

// hostile is what people and documents may hold.
var hostile = []string{
	`<a href="https://evil.example/x">点这里领钱</a>`, `<A HREF='https://evil.example'>x</A>`, "<a\thref=//evil.example>x</a>", `< a href="x">`,
	"[点这里](https://evil.example)", "![x](https://evil.example/a.png)", "https://evil.example/path?a=1", "www.evil.example", "evil.example/x",
	"http://1.2.3.4/x", "1.2.3.4", "weixin://dl/business", "<@all>", "<@zhang>", "@all", "@所有人", "<font color=\"warning\">红</font>", "**粗**", "# 标题", "> 引用", "`代码`",
	"someone@evil.example", "]]><x>", "政务.中国", "xn--fiq.example",
}

func TestHostileTextStaysText(t *testing.T) {
	b := newBench(t, func(o *qyapi.Options) { o.StrictCards = false })
	kf := b.sender(wecom.KFOptions{})
	seen := 0
	for n, h := range hostile {
		r := reply(bot.Say("关于您说的："), bot.Line{{Kind: bot.Echoed, Text: h}}, bot.Line{{Kind: bot.Quoted, Text: h, Source: bot.Source{Label: "1"}}}, bot.Line{{Kind: bot.Recorded, Text: h, Ref: "x"}})
		r.Title, r.Choices = h, []string{h}
		bare := bot.Rendered{Status: bot.Answered, Text: h}
		for _, format := range []wecom.Format{wecom.Cards, wecom.Text, wecom.Markdown} {
			a, robots := b.app(), b.robots()
			a.Format, robots.List["group"].Format = format, format
			robots.List["group"].Link = "https://own.example/"
			for i, r := range []bot.Rendered{r, bare, withActions(r)} {
				id := fmt.Sprint(n, format, i)
				if o := a.Send(t.Context(), zhang(), id, r); !o.Sent {
					t.Fatalf("%q: %+v", h, o)
				}
				if o := robots.Send(t.Context(), bot.Address{Conversation: "group"}, id, r); !o.Sent {
					t.Fatalf("%q: %+v", h, o)
				}
			}
		}
		b.later(20 * time.Minute)
		who := fmt.Sprint("c", n)
		b.platform.CustomerSays("kf1", who, "x")
		if o := kf.Send(t.Context(), bot.Address{Channel: "kf", Conversation: "kf1/" + who}, fmt.Sprint(number, n), r); !o.Sent {
			t.Fatalf("%q: %+v", h, o)
		}
		all := b.platform.Shown()
		for _, m := range all[seen:] {
			staysText(t, h, m)
		}
		seen = len(all)
	}
}

// staysText checks what a receiver was shown of a hostile text.
func staysText(t *testing.T, h string, m qyapi.Shown) {
	t.Helper()
	text := m.Title + "\n" + m.Text
	for _, i := range m.Menu {
		text += "\n" + i.Text
	}
	for _, bad := range []string{"<", "://", "evil.example", "1.2.3.4", "政务.中国"} {
		if strings.Contains(text, bad) {
			t.Errorf("%q is shown as %s with %q in\n%s", h, m.Kind, bad, text)
		}
	}
	if m.Kind != "markdown" {
		return
	}
	for _, bad := range []string{"[", "](", "`", "# ", "@", "\n> "} {
		if strings.Contains(strings.TrimPrefix(text, "\n"), bad) {
			t.Errorf("%q is markdown with %q in\n%s", h, bad, text)
		}
	}
	if strings.Count(text, "**") > 2 {
		t.Errorf("%q is bold in\n%s", h, text)
	}
}

func withActions(r bot.Rendered) bot.Rendered {
	r.Actions = []bot.Action{{Text: "签收", Say: "签收 12"}}
	return r
}

func TestPlainTextStaysAsItIs(t *testing.T) {
	b := newBench(t, nil)
	r := reply(bot.Line{{Kind: bot.Quoted, Text: "增长7.5%，约1.2亿元，3.15前后；A类", Source: bot.Source{Label: "1"}}},
		bot.Line{{Kind: bot.Contact, Text: "网址 https://own.example/a，电话0858-1234567", Ref: "x"}})
	if o := b.app().Send(t.Context(), zhang(), number, r); !o.Sent {
		t.Fatal(o)
	}
	if got := b.texts("zhang")[0]; got != r.Text+"\n编号 "+number {
		t.Errorf("got\n%s\nwant\n%s", got, r.Text)
	}
}
