package app

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"huiwen/bot/wecom"
	"huiwen/bot/wecom/qyapi"
	"huiwen/knowledge/store/storetest"
)

const testKey = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"

// syncBuffer is a log that several goroutines write.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}
func (s *syncBuffer) String() string { s.mu.Lock(); defer s.mu.Unlock(); return s.b.String() }

// A stage is the service and the platform that it talks to.
type stage struct {
	platform *qyapi.Server
	url      string
	crypt    *wecom.Crypt
	log      *syncBuffer
	now      func() time.Time
}

// play starts the service against the platform on loopback.
func play(t *testing.T) *stage {
	t.Helper()
	now := func() time.Time { return time.Date(2022, 9, 15, 12, 0, 0, 0, time.UTC) }
	s := &stage{platform: qyapi.New(now), log: &syncBuffer{}, now: now}
	api := httptest.NewServer(s.platform)
	t.Cleanup(api.Close)
	var err error
	if s.crypt, err = wecom.NewCrypt("callback-token", testKey, "corp"); err != nil {
		t.Fatal(err)
	}
	listen, internal := storetest.FreeAddress(t), storetest.FreeAddress(t)
	env := []string{
		"HUIWEN_WECOM_BASE_URL=" + api.URL, "HUIWEN_DATA=" + t.TempDir(),
		"HUIWEN_WECOM_APPS_0_NAME=staff", "HUIWEN_WECOM_APPS_0_CORP_ID=corp", "HUIWEN_WECOM_APPS_0_AGENT_ID=1000002", "HUIWEN_WECOM_APPS_0_SECRET=app-secret-value",
		"HUIWEN_WECOM_APPS_0_TOKEN=callback-token", "HUIWEN_WECOM_APPS_0_ENCODING_AES_KEY=" + testKey,
		"HUIWEN_WECOM_KF_CORP_ID=corp", "HUIWEN_WECOM_KF_SECRET=kf-secret-value", "HUIWEN_WECOM_KF_TOKEN=callback-token", "HUIWEN_WECOM_KF_ENCODING_AES_KEY=" + testKey,
	}
	e := Environment{Stdin: strings.NewReader(""), Stdout: s.log, Stderr: s.log, Environ: func() []string { return env }, Now: now, share: sharedSnapshot, Getenv: func(k string) string {
		for _, v := range env {
			if name, value, _ := strings.Cut(v, "="); name == k {
				return value
			}
		}
		return ""
	}}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan int, 1)
	go func() { ended <- Run(ctx, []string{"serve", "--listen", listen, "--internal", internal}, e) }()
	t.Cleanup(func() {
		cancel()
		if code := <-ended; code != 0 {
			t.Errorf("serve ended with %d:\n%s", code, s.log)
		}
	})
	s.url = "http://" + listen
	storetest.Until(t, "the service answers", func() bool {
		resp, err := http.Get("http://" + internal + "/healthz")
		if err == nil {
			resp.Body.Close()
		}
		return err == nil
	})
	return s
}

func (s *stage) text(user, id, words string) string {
	return fmt.Sprintf("<xml><ToUserName><![CDATA[corp]]></ToUserName><FromUserName><![CDATA[%s]]></FromUserName><CreateTime>%d</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[%s]]></Content><MsgId>%s</MsgId><AgentID>1000002</AgentID></xml>", user, s.now().Unix(), words, id)
}

func (s *stage) poke(account, token string) string {
	return fmt.Sprintf("<xml><ToUserName><![CDATA[corp]]></ToUserName><CreateTime>%d</CreateTime><MsgType><![CDATA[event]]></MsgType><Event><![CDATA[kf_msg_or_event]]></Event><Token><![CDATA[%s]]></Token><OpenKfId><![CDATA[%s]]></OpenKfId></xml>", s.now().Unix(), token, account)
}

func (s *stage) callback(t *testing.T, path, plain string) {
	t.Helper()
	code, err := s.platform.Callback(t.Context(), s.url+path, s.crypt, plain)
	if err != nil || code != http.StatusOK {
		t.Fatalf("%s: %d %v", path, code, err)
	}
}

func (s *stage) shown(t *testing.T, n int) []qyapi.Shown {
	t.Helper()
	storetest.Until(t, fmt.Sprint(n, " messages are shown"), func() bool { return len(s.platform.Shown()) >= n })
	return s.platform.Shown()
}

func TestStaffAskByTheApp(t *testing.T) {
	s := play(t)
	for range 3 { // the platform comes three times
		s.callback(t, "/wecom/callback/staff", s.text("zhang", "1", "区残联的任务有哪些"))
	}
	s.shown(t, 1)
	s.callback(t, "/wecom/callback/staff", s.text("zhang", "2", "第39项"))
	s.callback(t, "/wecom/callback/staff", "<xml><FromUserName>zhang</FromUserName><MsgType>event</MsgType><Event>enter_agent</Event></xml>")
	got := s.shown(t, 2)
	if len(got) != 2 || !strings.Contains(got[0].Text, "第46项") || !strings.Contains(got[1].Text, "5000元") || got[0].To != "zhang" {
		t.Errorf("shown %+v", got)
	}
	if !strings.Contains(got[0].Text, "来源：") || !strings.Contains(got[0].Text, "编号 ") {
		t.Errorf("without source or number:\n%s", got[0].Text)
	}
}

func TestTheCallbackIsVerified(t *testing.T) {
	s := play(t)
	sealed, err := s.crypt.Seal(strings.NewReader("0123456789abcdef"), []byte("echo me"))
	if err != nil {
		t.Fatal(err)
	}
	ask := func(timestamp, signature string) (int, string) {
		q := url.Values{"msg_signature": {signature}, "timestamp": {timestamp}, "nonce": {"n"}, "echostr": {sealed}}
		resp, err := http.Get(s.url + "/wecom/callback/staff?" + q.Encode())
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		var b bytes.Buffer
		b.ReadFrom(resp.Body)
		return resp.StatusCode, b.String()
	}
	now := fmt.Sprint(s.now().Unix())
	if code, body := ask(now, s.crypt.Sign(now, "n", sealed)); code != 200 || body != "echo me" {
		t.Errorf("a true one: %d %q", code, body)
	}
	if code, _ := ask(now, s.crypt.Sign(now, "other", sealed)); code != http.StatusForbidden {
		t.Errorf("a wrong signature: %d", code)
	}
	late := fmt.Sprint(s.now().Add(-11 * time.Minute).Unix())
	if code, _ := ask(late, s.crypt.Sign(late, "n", sealed)); code != http.StatusForbidden {
		t.Errorf("eleven minutes old: %d", code)
	}
	for _, body := range []string{"", "<xml>", "<!DOCTYPE x><xml><Encrypt>x</Encrypt></xml>", strings.Repeat("a", 2<<20)} {
		resp, err := http.Post(s.url+"/wecom/callback/staff?timestamp="+now, "text/xml", strings.NewReader(body))
		if err == nil {
			resp.Body.Close()
			if resp.StatusCode < 400 {
				t.Errorf("%.20q: %d", body, resp.StatusCode)
			}
		}
	}
}

func TestResidentsAskByCustomerService(t *testing.T) {
	s := play(t)
	s.platform.Pages(2, true)
	s.platform.Write("kf1", "old", "h1", "三天前的问题", s.now().Add(-70*time.Hour))
	s.platform.Write("kf1", "wang", "a1", "我想开个理发店，给补贴吗", s.now())
	s.platform.Write("kf1", "wang", "a2", "那哪个部门管", s.now())
	for range 3 {
		s.callback(t, "/wecom/kf", s.poke("kf1", "stale"))
	}
	got := s.shown(t, 2)
	if got[0].To != "wang" || got[0].Account != "kf1" || !strings.Contains(got[0].Text, "第39项") || !strings.Contains(got[1].Text, "区人力资源社会保障局") {
		t.Errorf("shown %+v", got)
	}
	s.platform.Write("kf1", "li", "b1", "想学点东西", s.now())
	s.callback(t, "/wecom/kf", s.poke("kf1", "t"))
	got = s.shown(t, 3)
	if len(got) != 3 || len(got[2].Menu) == 0 {
		t.Errorf("shown %+v, want a menu with the choices", got[2:])
	}
	ids := map[string]bool{}
	for _, m := range got {
		if ids[m.MsgID] || len(m.MsgID) > 32 {
			t.Errorf("msgid %q", m.MsgID)
		}
		ids[m.MsgID] = true
	}
}

func TestTokensFailuresAndFrequency(t *testing.T) {
	s := play(t)
	s.callback(t, "/wecom/callback/staff", s.text("zhang", "1", "第1项"))
	s.shown(t, 1)
	s.platform.ExpireToken()
	s.callback(t, "/wecom/callback/staff", s.text("zhang", "2", "第2项"))
	s.shown(t, 2)
	s.platform.FailNext("/cgi-bin/message/send", -1)
	s.callback(t, "/wecom/callback/staff", s.text("zhang", "3", "第3项"))
	if got := s.shown(t, 3); len(got) != 3 {
		t.Errorf("%d shown", len(got))
	}
	if n := s.platform.Fetches(); n > 3 {
		t.Errorf("%d tokens fetched", n)
	}
}

func TestAPersonHasTheSession(t *testing.T) {
	s := play(t)
	s.platform.SetState("kf1", "wang", 3)
	s.platform.Write("kf1", "wang", "a1", "低保", s.now())
	s.platform.Write("kf1", "li", "b1", "低保", s.now())
	s.callback(t, "/wecom/kf", s.poke("kf1", "t"))
	if got := s.shown(t, 1); got[0].To != "li" {
		t.Errorf("shown %+v", got)
	}
}

// TestNoSecretAndNoWordsInTheLog searches everything the service printed for
// what must not be there, in the forms it may take.
func TestNoSecretAndNoWordsInTheLog(t *testing.T) {
	s := play(t)
	const words = "金丝雀的秘密问题"
	s.platform.FailNext("/cgi-bin/gettoken", 40001)
	s.platform.FailNext("/cgi-bin/message/send", 45009, 60020)
	s.callback(t, "/wecom/callback/staff", s.text("zhang", "1", words))
	s.callback(t, "/wecom/callback/staff", s.text("zhang", "2", "第2项"))
	storetest.Until(t, "a token is fetched", func() bool { return s.platform.Fetches() > 0 || strings.Contains(s.log.String(), "40001") })
	log := s.log.String()
	for _, secret := range []string{"app-secret-value", "kf-secret-value", "callback-token", testKey, "token-1", words} {
		for _, form := range []string{secret, url.QueryEscape(secret), base64.StdEncoding.EncodeToString([]byte(secret))} {
			if strings.Contains(log, form) {
				t.Errorf("the log holds %q:\n%s", form, log)
			}
		}
	}
}
