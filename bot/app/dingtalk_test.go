package app

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"huiwen/bot/dingtalk/openapi"
	"huiwen/knowledge/store/storetest"
)

// A dingStage is the service and the platform that it talks to.
type dingStage struct {
	platform *openapi.Server
	url      string
	log      *syncBuffer
	seen     int // messages that a journey has read
	env      []string
	now      func() time.Time
	wound    atomic.Int64 // how far the clock of both was wound
	stop     func()
}

// playDing starts the service against the platform on loopback; more are
// variables of the environment.
func playDing(t *testing.T, more ...string) *dingStage {
	t.Helper()
	began := time.Now()
	s := &dingStage{log: &syncBuffer{}}
	now := func() time.Time {
		return time.Date(2022, 9, 15, 4, 0, 0, 0, time.UTC).Add(time.Since(began)).Add(time.Duration(s.wound.Load()))
	}
	s.platform = openapi.New(now)
	p := s.platform
	p.ClientID, p.Secret, p.CorpID, p.RobotCode = "dingapp", "ding-secret-value", "dingcorp", "dingrobot"
	p.Repush = 2 * time.Second
	p.Robots = map[string]string{"robot-token-value": "robot-secret-value"}
	api := httptest.NewServer(p)
	t.Cleanup(api.Close)
	t.Cleanup(p.Close)
	p.Base = api.URL
	env := append([]string{
		"HUIWEN_DATA=" + t.TempDir(), "HUIWEN_DINGTALK_API_URL=" + api.URL, "HUIWEN_DINGTALK_OAPI_URL=" + api.URL, "HUIWEN_DINGTALK_CORP_ID=dingcorp",
		"HUIWEN_DINGTALK_CLIENT_ID=dingapp", "HUIWEN_DINGTALK_CLIENT_SECRET=ding-secret-value", "HUIWEN_DINGTALK_ROBOT_CODE=dingrobot", "HUIWEN_DINGTALK_AGENT_ID=7",
		"HUIWEN_DINGTALK_CARD_TEMPLATE_ID=tpl.schema", "HUIWEN_DINGTALK_ROBOTS_0_NAME=office", "HUIWEN_DINGTALK_ROBOTS_0_ACCESS_TOKEN=robot-token-value", "HUIWEN_DINGTALK_ROBOTS_0_SECRET=robot-secret-value",
	}, more...)
	s.env, s.now = env, now
	s.start(t)
	t.Cleanup(func() { s.stop() })
	return s
}

// start starts the service, again over the same data.
func (s *dingStage) start(t *testing.T) {
	t.Helper()
	listen, internal := storetest.FreeAddress(t), storetest.FreeAddress(t)
	e := Environment{Stdin: strings.NewReader(""), Stdout: s.log, Stderr: s.log, Environ: func() []string { return s.env }, Now: s.now, share: sharedSnapshot, Getenv: func(k string) string {
		for _, v := range s.env {
			if name, value, _ := strings.Cut(v, "="); name == k {
				return value
			}
		}
		return ""
	}}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan int, 1)
	go func() { ended <- Run(ctx, []string{"serve", "--listen", listen, "--internal", internal}, e) }()
	s.stop = func() {
		cancel()
		if code := <-ended; code != 0 {
			t.Errorf("serve ended with %d:\n%s", code, s.log)
		}
	}
	s.url = "http://" + listen
	storetest.Until(t, "the service answers", func() bool {
		resp, err := http.Get("http://" + internal + "/healthz")
		if err == nil {
			resp.Body.Close()
		}
		return err == nil
	})
	if !slices.Contains(s.env, "HUIWEN_DINGTALK_MODE=http") {
		storetest.Until(t, "the stream is connected", func() bool { return s.platform.Open() > 0 })
	}
}

func (s *dingStage) shown(t *testing.T, n int) []openapi.Shown {
	t.Helper()
	storetest.Until(t, fmt.Sprint(n, " messages are shown"), func() bool { return len(s.platform.Shown()) >= n })
	return s.platform.Shown()
}

// TestDingTalkJourneys plays the talks of testdata/dingtalk. A line is
//
//	> zhang: words          what a person says; zhang@cid1: in a group
//	< session zhang: words  the next message shown: the way it came, to whom, what it holds
//	! knob arguments        the platform misbehaves
//	= 3                     so many messages were shown in all
func TestDingTalkJourneys(t *testing.T) {
	files, err := filepath.Glob("testdata/dingtalk/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no journeys", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			t.Parallel()
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			s := playDing(t)
			for i, line := range strings.Split(string(data), "\n") {
				s.step(t, fmt.Sprintf("%s:%d", filepath.Base(file), i+1), strings.TrimSpace(line))
			}
		})
	}
}

func (s *dingStage) step(t *testing.T, at, line string) {
	t.Helper()
	if line == "" || strings.HasPrefix(line, "#") {
		return
	}
	kind, rest, _ := strings.Cut(line, " ")
	switch kind {
	case ">":
		who, words, _ := strings.Cut(rest, ": ")
		user, group, _ := strings.Cut(who, "@")
		said := openapi.Said{User: user, Group: group, Text: words}
		if id, text, ok := strings.Cut(words, "|"); ok { // a message that comes again under its id
			said.ID, said.Text = id, text
		}
		s.platform.Say(said)
	case "<":
		head, words, _ := strings.Cut(rest, ": ")
		got := s.shown(t, s.seen+1)[s.seen]
		s.seen++
		if to := got.Via + " " + strings.Join(got.To, ",") + got.Group; to != head {
			t.Errorf("%s: shown as %q, want %q", at, to, head)
		}
		for _, w := range strings.Split(words, "|") {
			if not, ok := strings.CutPrefix(w, "-"); ok == strings.Contains(got.Text, strings.TrimSpace(not)) {
				t.Errorf("%s: %q is the wrong way round in\n%s", at, w, got.Text)
			}
		}
	case "=":
		want, err := strconv.Atoi(rest)
		if got := s.shown(t, want); err != nil || len(got) != want {
			t.Errorf("%s: %d shown, want %d", at, len(got), want)
		}
	case "!":
		s.knob(t, at, strings.Fields(rest))
	default:
		t.Fatalf("%s: %q is no step", at, line)
	}
}

func (s *dingStage) knob(t *testing.T, at string, f []string) {
	t.Helper()
	p := s.platform
	n := func(i int) int {
		v, err := strconv.Atoi(f[i])
		if err != nil {
			t.Fatalf("%s: %v", at, err)
		}
		return v
	}
	switch f[0] {
	case "expire-token":
		p.ExpireToken()
	case "own-tokens":
		p.OwnTokens = true
	case "expire-sessions":
		p.ExpireSessions()
	case "reset":
		p.Reset()
	case "disconnect":
		p.Disconnect()
	case "copies":
		p.Copies(n(1))
	case "deaf": // acknowledgements are lost: frames come again
		p.IgnoreAcks(f[1] == "on")
	case "leave":
		p.Leave(f[1], f[2], n(3))
	case "press":
		if p.Press(s.last().Track, f[1], n(2), n(3)) == "" {
			t.Errorf("%s: the card takes no press", at)
		}
	case "errcode":
		p.FailNext(f[1], openapi.Errcode(n(2)))
	case "code":
		p.FailNext(f[1], openapi.Code(n(2), f[3]))
	case "ban-page":
		p.FailNext(f[1], openapi.BanPage())
	case "ban":
		p.FailNext(f[1], openapi.Ban(1))
	case "cut":
		p.FailNext(f[1], openapi.Failure{Cut: true})
	case "gone":
		storetest.Until(t, "the connection is gone", func() bool { return p.Open() == 0 })
	case "back":
		opened := n(1)
		storetest.Until(t, "the connection is back", func() bool { return p.Open() > 0 && p.Opened() >= opened })
	case "stop":
		s.stop()
		storetest.Until(t, "the connection is gone", func() bool { return p.Open() == 0 })
	case "start":
		s.start(t)
	case "long": // somebody sends 100 KB
		p.Say(openapi.Said{User: f[1], Text: strings.Repeat("补贴", 100<<10/6)})
	case "acked":
		storetest.Until(t, "everything is acknowledged", func() bool { return p.Pending() == 0 })
	default:
		t.Fatalf("%s: no knob %q", at, f[0])
	}
}

func (s *dingStage) last() openapi.Shown {
	all := s.platform.Shown()
	return all[len(all)-1]
}

// TestDingTalkByHTTP holds the weaker way of receiving to what is promised of it.
func TestDingTalkByHTTP(t *testing.T) {
	s := playDing(t, "HUIWEN_DINGTALK_MODE=http")
	to := s.url + "/dingtalk/callback"
	post := func(m openapi.Said, how int) (openapi.Post, int) {
		t.Helper()
		p, status, err := s.platform.Post(t.Context(), to, m, how)
		if err != nil {
			t.Fatal(err)
		}
		return p, status
	}
	for _, c := range []struct {
		name string
		how  int
		want int
	}{{"another secret", openapi.Bad, http.StatusForbidden}, {"two hours old", openapi.Stale, http.StatusForbidden}} {
		if _, status := post(openapi.Said{User: "zhang", Text: "第39项"}, c.how); status != c.want {
			t.Errorf("%s: %d, want %d", c.name, status, c.want)
		}
	}
	first, status := post(openapi.Said{User: "zhang", Text: "第39项"}, openapi.Good)
	if status != http.StatusOK {
		t.Fatalf("a true one: %d", status)
	}
	got := s.shown(t, 1)
	if got[0].Via != "batch" || got[0].To[0] != "zhang" || !strings.Contains(got[0].Text, "5000元") {
		t.Errorf("answered by the OpenAPI to the person: %+v", got[0])
	}
	if status, err := first.Send(t.Context(), to); err != nil || status != http.StatusOK {
		t.Errorf("the same again: %d %v", status, err)
	}
	forged := first
	forged.Body = []byte(strings.Replace(string(first.Body), "zhang", "wang", -1))
	if status, err := forged.Send(t.Context(), to); err != nil || status != http.StatusForbidden {
		t.Errorf("its signature with another body: %d %v, want 403", status, err)
	}
	if _, status := post(openapi.Said{User: "zhang", Group: "cid1", Text: "第40项"}, openapi.Good); status != http.StatusOK {
		t.Errorf("in a group: %d", status)
	}
	if got = s.shown(t, 2); got[1].Via != "batch" || got[1].To[0] != "zhang" {
		t.Errorf("a group's message is answered to the person: %+v", got[1])
	}
	if resp, err := http.Get(to); err != nil || resp.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("GET: %v %v", resp, err)
	}
}

func TestNoCallbackAddressInStreamMode(t *testing.T) {
	s := playDing(t)
	_, status, err := s.platform.Post(t.Context(), s.url+"/dingtalk/callback", openapi.Said{User: "zhang", Text: "第39项"}, openapi.Good)
	if err != nil || status == http.StatusOK {
		t.Errorf("%d %v", status, err)
	}
}

// TestDingTalkKeepsSecretsAndWords searches everything the service printed for
// what must not be there, in the forms it may take.
func TestDingTalkKeepsSecretsAndWords(t *testing.T) {
	s := playDing(t, "HUIWEN_LOG_LEVEL=debug")
	const words = "金丝雀的秘密问题"
	p := s.platform
	p.FailNext("/v1.0/oauth2/accessToken", openapi.Code(500, "oops"))
	p.FailNext("/robot/sendBySession", openapi.Errcode(300001), openapi.BanPage())
	p.FailNext("/v1.0/robot/oToMessages/batchSend", openapi.Code(403, "Forbidden.AccessDenied"), openapi.Failure{Cut: true})
	p.Say(openapi.Said{User: "zhang", Text: words})
	p.Say(openapi.Said{User: "li", Text: words, Webhook: "http://evil.example/robot/sendBySession?session=hook-secret"})
	p.Say(openapi.Said{User: "wang", Type: "audio", Content: map[string]string{"recognition": words}})
	p.Reset()
	s.shown(t, 1)
	storetest.Until(t, "everything is acknowledged", func() bool { return p.Pending() == 0 })
	log := s.log.String()
	for _, secret := range []string{"ding-secret-value", "robot-token-value", "robot-secret-value", "api-token-1", "oapi-token-1", "session=", words} {
		for _, form := range []string{secret, url.QueryEscape(secret), base64.StdEncoding.EncodeToString([]byte(secret)), strings.Trim(strconv.QuoteToASCII(secret), `"`)} {
			if strings.Contains(log, form) {
				t.Errorf("the log holds %q:\n%s", form, log)
			}
		}
	}
}
