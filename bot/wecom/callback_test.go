package wecom_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"huiwen/bot"
	"huiwen/bot/post"
	"huiwen/bot/wecom"
	"huiwen/bot/wecom/qyapi"
)

// serve sends one request to a callback whose clock stands at a time.
func serve(t *testing.T, unix int64, method, query, body string) (*httptest.ResponseRecorder, []wecom.Event) {
	t.Helper()
	var got []wecom.Event
	c := &wecom.Callback{Crypt: vectorCrypt(t), CorpID: vectorCorp, Window: 10 * time.Minute, Now: func() time.Time { return time.Unix(unix, 0) }, Log: quiet(),
		Take: func(_ context.Context, e wecom.Event) error { got = append(got, e); return nil }}
	w := httptest.NewRecorder()
	c.ServeHTTP(w, httptest.NewRequest(method, "/wecom/callback/staff?"+query, strings.NewReader(body)))
	return w, got
}

const postQuery = "msg_signature=477715d11cdb4164915debcba66cb864d751f3e6&timestamp=1409659813&nonce=1372623149"

func postBody(encrypted string) string {
	return "<xml><ToUserName><![CDATA[wx5823bf96d3bd56c7]]></ToUserName><Encrypt><![CDATA[" + encrypted + "]]></Encrypt><AgentID><![CDATA[218]]></AgentID></xml>"
}

func TestTheOfficialRequestsAreUnderstood(t *testing.T) {
	get := "msg_signature=5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3&timestamp=1409659589&nonce=263014780&echostr="
	for _, echo := range []string{url.QueryEscape(getEcho), getEcho} { // the second: with a plus that nobody escaped
		w, _ := serve(t, 1409659589, "GET", get+strings.ReplaceAll(echo, "=", "%3D"), "")
		if w.Code != 200 || w.Body.String() != "1616140317555161061" {
			t.Errorf("GET: %d %q", w.Code, w.Body)
		}
	}
	w, got := serve(t, 1409659813, "POST", postQuery, postBody(postEncrypt))
	if w.Code != 200 || w.Body.Len() != 0 || len(got) != 1 {
		t.Fatalf("POST: %d %q, %d events", w.Code, w.Body, len(got))
	}
	e := got[0]
	if e.FromUserName != "mycreate" || e.Content != "hello" || e.MsgId != "4561255354251345929" || e.AgentID != "218" || e.MsgType != "text" || len(e.Digest) != 64 {
		t.Errorf("event %+v", e)
	}
}

func TestWhatIsRefused(t *testing.T) {
	for _, c := range []struct {
		name, method, query, body string
		unix                      int64
		want                      int
	}{
		{"another signature", "POST", strings.Replace(postQuery, "4777", "4778", 1), postBody(postEncrypt), 1409659813, 403},
		{"no signature", "POST", "timestamp=1409659813&nonce=1372623149", postBody(postEncrypt), 1409659813, 403},
		{"another nonce", "POST", strings.Replace(postQuery, "nonce=1", "nonce=2", 1), postBody(postEncrypt), 1409659813, 403},
		{"a changed cipher text", "POST", postQuery, postBody("A" + postEncrypt[1:]), 1409659813, 403},
		{"eleven minutes late", "POST", postQuery, postBody(postEncrypt), 1409659813 + 660, 403},
		{"eleven minutes early", "POST", postQuery, postBody(postEncrypt), 1409659813 - 660, 403},
		{"no timestamp", "POST", "", postBody(postEncrypt), 1409659813, 403},
		{"a document type", "POST", postQuery, "<!DOCTYPE x [<!ENTITY a 'b'>]>" + postBody(postEncrypt), 1409659813, 400},
		{"a document type in small letters", "POST", postQuery, "<!doctype x>" + postBody(postEncrypt), 1409659813, 400},
		{"no XML", "POST", postQuery, "{}", 1409659813, 400},
		{"nothing", "POST", postQuery, "", 1409659813, 400},
		{"more than a megabyte", "POST", postQuery, postBody(postEncrypt) + strings.Repeat(" ", 1<<20), 1409659813, 413},
		{"another method", "PUT", postQuery, "", 1409659813, 405},
		{"a wrong echo", "GET", strings.Replace(postQuery, "4777", "4778", 1) + "&echostr=AAAA", "", 1409659813, 403},
		{"no echo", "GET", postQuery, "", 1409659813, 403},
	} {
		w, got := serve(t, c.unix, c.method, c.query, c.body)
		if w.Code != c.want || len(got) != 0 {
			t.Errorf("%s: %d, %d events, want %d", c.name, w.Code, len(got), c.want)
		}
	}
	if w, got := serve(t, 1409659813+599, "POST", postQuery, postBody(postEncrypt)); w.Code != 200 || len(got) != 1 {
		t.Errorf("a retry of ten minutes later: %d", w.Code)
	}
}

func TestThePlatformsTricks(t *testing.T) {
	var mu sync.Mutex
	var got []wecom.Event
	b := newBench(t, nil)
	b.callback(&wecom.Callback{Take: func(_ context.Context, e wecom.Event) error {
		mu.Lock()
		defer mu.Unlock()
		got = append(got, e)
		return nil
	}})
	for _, app := range []string{"staff", "kf"} {
		if err := b.platform.Echo(t.Context(), app); err != nil {
			// both apps of the bench share a callback at any path
			t.Errorf("%s: %v", app, err)
		}
	}
	for _, trick := range []qyapi.Trick{{BadSignature: true}, {Tampered: true}, {Skew: 11 * time.Minute}, {Skew: -11 * time.Minute}, {Raw: []byte("<!DOCTYPE a><xml/>")}, {Raw: make([]byte, 2<<20)}} {
		trick.Times = 1
		if d := b.platform.PushWith(t.Context(), "staff", b.platform.TextEvent("staff", "zhang", "x"), trick); d.OK() {
			t.Errorf("%+v was taken", trick)
		}
	}
	if len(got) > 0 {
		t.Errorf("%d events of forgeries", len(got))
	}
	for n := range 70 { // every padding
		b.platform.MemberSays(t.Context(), "staff", "zhang", strings.Repeat("a", n))
	}
	if len(got) != 70 {
		t.Errorf("%d of 70 lengths understood", len(got))
	}
	for _, same := range []bool{false, true} { // retries with an old and with a new timestamp
		got = nil
		b.platform.Set(func(o *qyapi.Options) { o.RetrySame = same })
		b.platform.PushWith(t.Context(), "staff", b.platform.TextEvent("staff", "zhang", "x"), qyapi.Trick{Times: 3})
		if len(got) != 3 || got[0].Digest != got[1].Digest || got[1].Digest != got[2].Digest || got[0].MsgId != got[2].MsgId {
			t.Errorf("same timestamp %v: %+v", same, got)
		}
	}
}

func TestAFullInboxIsToldWithinTheCallback(t *testing.T) {
	b := newBench(t, nil)
	b.callback(&wecom.Callback{Busy: "人太多，请稍后再来", Take: func(context.Context, wecom.Event) error { return errors.Join(errors.New("accept"), post.ErrFull) }})
	d := b.platform.MemberSays(t.Context(), "staff", "zhang", "你好")
	for _, want := range []string{"<ToUserName><![CDATA[zhang]]></ToUserName>", "<FromUserName><![CDATA[" + corp + "]]></FromUserName>", "<MsgType><![CDATA[text]]></MsgType>", "人太多，请稍后再来", "<CreateTime>"} {
		if !strings.Contains(d.Passive, want) {
			t.Errorf("%q is not in %q (%v %v)", want, d.Passive, d.Status, d.Err)
		}
	}
	if d := b.platform.MemberOpens(t.Context(), "staff", "zhang", "click", "key"); d.OK() {
		t.Error("an event that found no room was acknowledged")
	}
}

func TestASlowStoreDoesNotHoldThePlatform(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &wecom.Callback{Crypt: vectorCrypt(t), Window: 10 * time.Minute, Now: func() time.Time { return time.Unix(1409659813, 0) }, Log: quiet(),
			Take: func(ctx context.Context, _ wecom.Event) error { <-ctx.Done(); return ctx.Err() }}
		w, began := httptest.NewRecorder(), time.Now()
		c.ServeHTTP(w, httptest.NewRequest("POST", "/x?"+postQuery, strings.NewReader(postBody(postEncrypt))))
		if took := time.Since(began); w.Code != http.StatusServiceUnavailable || took > 4*time.Second {
			t.Errorf("%d after %v", w.Code, took)
		}
	})
}

func TestTextsInMessages(t *testing.T) {
	for _, c := range []struct {
		name, plain string
		events      int
		want        string
	}{
		{"markup in CDATA is words", "<xml><MsgType>text</MsgType><Content><![CDATA[<!DOCTYPE x> &lt;]]></Content></xml>", 1, "<!DOCTYPE x> &lt;"},
		{"control characters are spaces", "<xml><MsgType>text</MsgType><Content><![CDATA[a\x0bb]]></Content></xml>", 1, "a b"},
		{"emoji", "<xml><MsgType>text</MsgType><Content><![CDATA[👨‍👩‍👧好]]></Content></xml>", 1, "👨‍👩‍👧好"},
		{"an unknown entity", "<xml><Content>&x;</Content></xml>", 0, ""},
		{"JSON", `{"msgtype":"text"}`, 0, ""},
	} {
		sealed, err := vectorCrypt(t).Seal(strings.NewReader("0123456789abcdef"), []byte(c.plain))
		if err != nil {
			t.Fatal(err)
		}
		q := url.Values{"msg_signature": {vectorCrypt(t).Sign("1409659813", "n", sealed)}, "timestamp": {"1409659813"}, "nonce": {"n"}}
		w, got := serve(t, 1409659813, "POST", q.Encode(), postBody(sealed))
		if w.Code != 200 || len(got) != c.events || c.events > 0 && got[0].Content != c.want {
			t.Errorf("%s: %d %+v", c.name, w.Code, got)
		}
	}
	sealed, _ := vectorCrypt(t).Seal(strings.NewReader("0123456789abcdef"), []byte("<!DOCTYPE x [<!ENTITY a 'b'>]><xml><Content>&a;</Content></xml>"))
	q := url.Values{"msg_signature": {vectorCrypt(t).Sign("1409659813", "n", sealed)}, "timestamp": {"1409659813"}, "nonce": {"n"}}
	if w, got := serve(t, 1409659813, "POST", q.Encode(), postBody(sealed)); w.Code != 400 || len(got) != 0 {
		t.Errorf("a document type inside: %d", w.Code)
	}
}

func TestWhatMembersSay(t *testing.T) {
	a := &wecom.App{Name: "staff", CorpID: corp, AgentID: 218}
	for _, c := range []struct {
		name string
		e    wecom.Event
		ok   bool
		text string
	}{
		{"a text", wecom.Event{FromUserName: "z", MsgType: "text", Content: "你好", MsgId: "1"}, true, "你好"},
		{"an image", wecom.Event{FromUserName: "z", MsgType: "image", MsgId: "1"}, true, ""},
		{"a kind nobody knows yet", wecom.Event{FromUserName: "z", MsgType: "hologram", MsgId: "1"}, true, ""},
		{"a button", wecom.Event{FromUserName: "z", MsgType: "event", Event: "template_card_event", EventKey: "签收 12", ResponseCode: "r", Digest: "d"}, true, "签收 12"},
		{"a menu", wecom.Event{FromUserName: "z", MsgType: "event", Event: "click", EventKey: "我的任务", Digest: "d"}, true, "我的任务"},
		{"a new member", wecom.Event{FromUserName: "z", MsgType: "event", Event: "subscribe", Digest: "d"}, true, "你好"},
		{"opening the app", wecom.Event{FromUserName: "z", MsgType: "event", Event: "enter_agent"}, false, ""},
		{"a place", wecom.Event{FromUserName: "z", MsgType: "event", Event: "LOCATION"}, false, ""},
		{"a change of the address book", wecom.Event{FromUserName: "sys", MsgType: "event", Event: "change_contact"}, false, ""},
		{"nobody", wecom.Event{MsgType: "text", Content: "x"}, false, ""},
	} {
		m, ok := a.Message(c.e)
		if ok != c.ok || ok && m.Text != c.text {
			t.Errorf("%s: %v %q", c.name, ok, m.Text)
		}
		if ok && (m.Channel != "wecom/staff" || m.Person != "z" || m.Conversation != "z" || m.User != bot.Staff || m.ID == "") {
			t.Errorf("%s: %+v", c.name, m)
		}
		if c.e.ResponseCode != "" && m.Card != "r" {
			t.Errorf("%s: card %q", c.name, m.Card)
		}
	}
	one, _ := a.Message(wecom.Event{FromUserName: "z", MsgType: "text", MsgId: "1"})
	other, _ := a.Message(wecom.Event{FromUserName: "y", MsgType: "text", MsgId: "1"})
	if one.ID == other.ID || one.ID != "wecom|"+corp+"|218|z|1" {
		t.Errorf("ids %q %q", one.ID, other.ID)
	}
}

func FuzzCallback(f *testing.F) {
	f.Add(postPlain)
	f.Add("<xml><MsgType>event</MsgType><SelectedItems><SelectedItem/></SelectedItems></xml>")
	f.Add("<a><!DOCTYPE x>")
	f.Fuzz(func(t *testing.T, plain string) {
		c := vectorCrypt(t)
		sealed, err := c.Seal(strings.NewReader("0123456789abcdef"), []byte(plain))
		if err != nil {
			t.Fatal(err)
		}
		q := url.Values{"msg_signature": {c.Sign("1409659813", "n", sealed)}, "timestamp": {"1409659813"}, "nonce": {"n"}}
		w, _ := serve(t, 1409659813, "POST", q.Encode(), postBody(sealed))
		if w.Code != 200 && w.Code != 400 {
			t.Errorf("%q: %d", plain, w.Code)
		}
	})
}
