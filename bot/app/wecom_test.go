package app

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"huiwen/bot/wecom/qyapi"
	"huiwen/knowledge/store/storetest"
)

const testKey = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"

// The secrets of the stage: none may stand in any output.
var stageSecrets = []string{"app-secret-value", "desk-secret-value", "kf-secret-value", "callback-token-value", "robot-key-value", testKey}

// syncBuffer is a log that several goroutines write.
type syncBuffer struct {
	mu   sync.Mutex
	b    bytes.Buffer
	grew chan struct{} // closed by the next write, nil while nobody waits
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.grew != nil {
		close(s.grew)
		s.grew = nil
	}
	return s.b.Write(p)
}

// says waits until a text was written, or ctx ends.
func (s *syncBuffer) says(ctx context.Context, text string) bool {
	for {
		s.mu.Lock()
		if strings.Contains(s.b.String(), text) {
			s.mu.Unlock()
			return true
		}
		if s.grew == nil {
			s.grew = make(chan struct{})
		}
		grew := s.grew
		s.mu.Unlock()
		select {
		case <-grew:
		case <-ctx.Done():
			return false
		}
	}
}
func (s *syncBuffer) String() string { s.mu.Lock(); defer s.mu.Unlock(); return s.b.String() }

// A stage is the service and the platform that it talks to.
type stage struct {
	t        testing.TB
	platform *qyapi.Server
	api      string
	env      []string
	url      string // of the service
	internal string
	log      *syncBuffer
	wound    atomic.Int64 // how far the clock of both was wound
	began    time.Time
	stop     func()
	said     []string       // what people wrote
	read     map[string]int // messages of a receiver that were looked at
	times    int            // so often every callback is sent
	trick    qyapi.Trick
	held     []func() // callbacks that wait to be sent in another order
	hold     bool
}

// now is a Thursday afternoon in China, going on.
func (s *stage) now() time.Time {
	return time.Date(2022, 9, 15, 6, 0, 0, 0, time.UTC).Add(time.Since(s.began)).Add(time.Duration(s.wound.Load()))
}

// play starts the service against the platform on loopback.
func play(t testing.TB, env ...string) *stage {
	t.Helper()
	s := &stage{t: t, log: &syncBuffer{}, began: time.Now(), read: map[string]int{}}
	app := func(agent int, secret string) qyapi.App {
		return qyapi.App{AgentID: agent, Secret: secret, Token: "callback-token-value", EncodingAESKey: testKey}
	}
	staff := app(1000002, "app-secret-value")
	staff.Members = []string{"zhang", "li", "wu"}
	s.platform = qyapi.New(qyapi.Options{
		Now: s.now, CorpID: "wwcorp", Apps: map[string]qyapi.App{"staff": staff, "desk": app(1000003, "desk-secret-value")}, KF: app(0, "kf-secret-value"),
		Accounts: []string{"kf1", "kf2"}, Robots: map[string]string{"robot-key-value": "区人社局"}, RetryPause: 50 * time.Millisecond, DropOverLimit: true, StrictCards: true,
	})
	api := httptest.NewServer(s.platform)
	t.Cleanup(api.Close)
	s.api = api.URL
	s.env = append([]string{
		"HUIWEN_WECOM_BASE_URL=" + api.URL, "HUIWEN_DATA=" + t.TempDir(),
		"HUIWEN_WECOM_APPS_0_NAME=staff", "HUIWEN_WECOM_APPS_0_CORP_ID=wwcorp", "HUIWEN_WECOM_APPS_0_AGENT_ID=1000002", "HUIWEN_WECOM_APPS_0_SECRET=app-secret-value",
		"HUIWEN_WECOM_APPS_0_TOKEN=callback-token-value", "HUIWEN_WECOM_APPS_0_ENCODING_AES_KEY=" + testKey,
		"HUIWEN_WECOM_APPS_1_NAME=desk", "HUIWEN_WECOM_APPS_1_CORP_ID=wwcorp", "HUIWEN_WECOM_APPS_1_AGENT_ID=1000003", "HUIWEN_WECOM_APPS_1_SECRET=desk-secret-value",
		"HUIWEN_WECOM_APPS_1_TOKEN=callback-token-value", "HUIWEN_WECOM_APPS_1_ENCODING_AES_KEY=" + testKey,
		"HUIWEN_WECOM_KF_CORP_ID=wwcorp", "HUIWEN_WECOM_KF_SECRET=kf-secret-value", "HUIWEN_WECOM_KF_TOKEN=callback-token-value", "HUIWEN_WECOM_KF_ENCODING_AES_KEY=" + testKey,
		"HUIWEN_WECOM_ROBOTS_0_NAME=区人社局", "HUIWEN_WECOM_ROBOTS_0_KEY=robot-key-value",
	}, env...)
	s.start()
	t.Cleanup(func() { s.stop(); s.searchLeaks() })
	return s
}

// start runs the service; stop ends it.
func (s *stage) start() {
	s.t.Helper()
	listen, internal := storetest.FreeAddress(s.t), storetest.FreeAddress(s.t)
	env := s.env
	e := Environment{Stdin: strings.NewReader(""), Stdout: s.log, Stderr: s.log, Environ: func() []string { return env }, Now: s.now, share: sharedSnapshot, work: 10, Getenv: func(k string) string {
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
	s.stop = sync.OnceFunc(func() {
		cancel()
		if code := <-ended; code != 0 {
			s.t.Errorf("serve ended with %d:\n%s", code, s.log)
		}
	})
	s.url, s.internal = "http://"+listen, "http://"+internal
	s.platform.Connect(s.url)
	storetest.Until(s.t, "the service answers", func() bool {
		resp, err := http.Get(s.internal + "/healthz")
		if err == nil {
			resp.Body.Close()
		}
		return err == nil
	})
}

// searchLeaks searches everything the service printed for what must not be
// there, in the forms it may take.
func (s *stage) searchLeaks() {
	s.t.Helper()
	log := s.log.String()
	for _, secret := range append(append(s.platform.Tokens(), stageSecrets...), s.said...) {
		if len(secret) < 12 { // 低保 may stand in a name
			continue
		}
		for _, form := range formsOf(secret) {
			if strings.Contains(log, form) {
				s.t.Errorf("the output holds %q as %q:\n%.2000s", secret, form, log)
			}
		}
	}
}

// formsOf is a text raw, URL-encoded, as JSON and in base64 at any offset.
func formsOf(text string) []string {
	escaped, _ := json.Marshal(text)
	ascii := strconv.QuoteToASCII(text)
	out := []string{text, url.QueryEscape(text), url.PathEscape(text), strings.Trim(string(escaped), `"`), strings.Trim(ascii, `"`)}
	for offset := range 3 {
		for _, enc := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			padded := enc.EncodeToString([]byte(strings.Repeat("x", offset) + text))
			out = append(out, padded[(offset*8+5)/6:len(padded)-2]) // without what the neighbours change
		}
	}
	return out
}

// push sends a callback, as often as the journey says.
func (s *stage) push(app, plain string) {
	s.t.Helper()
	trick := s.trick
	trick.Times = s.times
	send := func() {
		d := s.platform.PushWith(context.Background(), app, plain, trick)
		if !d.OK() {
			s.t.Errorf("a callback of %s was answered %v %v", app, d.Status, d.Err)
		}
		for _, took := range d.Took {
			if took > 2*time.Second {
				s.t.Errorf("a callback took %v", took)
			}
		}
	}
	if s.hold {
		s.held = append(s.held, send)
		return
	}
	send()
}

// shownTo lists what a receiver was shown: app/member, account/customer or a robot's name.
func (s *stage) shownTo(receiver string) (out []qyapi.Shown) {
	for _, m := range s.platform.Shown() {
		if m.App+m.Account+"/"+m.To == receiver || m.Robot == receiver && m.Robot != "" {
			out = append(out, m)
		}
	}
	return out
}

// shown waits until n messages are shown.
func (s *stage) shown(n int) []qyapi.Shown {
	s.t.Helper()
	storetest.Until(s.t, fmt.Sprint(n, " messages are shown"), func() bool { return len(s.platform.Shown()) >= n })
	return s.platform.Shown()
}

// TestJourneys plays the talks of testdata/wecom. A line says
//
//	> who: words         who is app/member or account/customer
//	< who: words | more  the next message to him holds all of these
//	- who                he was shown nothing else
//	! knob …             see knob
func TestJourneys(t *testing.T) {
	files, err := filepath.Glob("testdata/wecom/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no journeys", err)
	}
	for _, f := range files {
		t.Run(strings.TrimSuffix(filepath.Base(f), ".txt"), func(t *testing.T) {
			data, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			var env []string
			lines := strings.Split(string(data), "\n")
			for _, l := range lines {
				if v, ok := strings.CutPrefix(l, "$ "); ok {
					env = append(env, v)
				}
			}
			s := play(t, env...)
			for i, l := range lines {
				if t.Failed() {
					return
				}
				if err := s.line(l); err != nil {
					t.Fatalf("%s:%d: %s: %v\n%s", f, i+1, l, err, s.log)
				}
			}
		})
	}
}

func (s *stage) line(l string) error {
	if len(l) < 3 {
		return nil
	}
	who, words, _ := strings.Cut(l[2:], ": ")
	switch l[:2] {
	case "> ":
		return s.say(who, words)
	case "< ":
		return s.expect(who, words)
	case "- ":
		if all := s.shownTo(who); len(all) > s.read[who] {
			return fmt.Errorf("was shown %+v", all[s.read[who]:])
		}
	case "! ":
		return s.knob(strings.Fields(l[2:]))
	}
	return nil
}

func (s *stage) say(who, words string) error {
	place, name, ok := strings.Cut(who, "/")
	if !ok {
		return fmt.Errorf("who is %q", who)
	}
	if n, rest, ok := strings.Cut(words, "×"); ok { // 字×1000
		k, err := strconv.Atoi(rest)
		if err != nil {
			return err
		}
		words = strings.Repeat(n, k)
	}
	words = numberOf.ReplaceAllStringFunc(words, func(w string) string { // {kf1/wang}: the number of what he was shown last
		shown := s.shownTo(w[1 : len(w)-1])
		if len(shown) == 0 {
			return w
		}
		_, number, _ := strings.Cut(shown[len(shown)-1].Text, "编号 ")
		number, _, _ = strings.Cut(number, "\n")
		return number
	})
	s.said = append(s.said, words)
	if strings.HasPrefix(place, "kf") {
		s.platform.CustomerSays(place, name, words)
		s.push("kf", s.platform.PokeEvent(place))
		return nil
	}
	s.push(place, s.platform.TextEvent(place, name, words))
	return nil
}

var numberOf = regexp.MustCompile(`\{\S+\}`)

func (s *stage) expect(who, words string) error {
	deadline := time.Now().Add(15 * time.Second)
	for len(s.shownTo(who)) <= s.read[who] {
		if time.Now().After(deadline) {
			return fmt.Errorf("nothing more is shown, %d before", s.read[who])
		}
		time.Sleep(5 * time.Millisecond)
	}
	m := s.shownTo(who)[s.read[who]]
	s.read[who]++
	text := m.Kind + " " + m.Title + "\n" + m.Text
	for _, i := range m.Menu {
		text += "\n[" + i.Text + "]"
	}
	for w := range strings.SplitSeq(words, " | ") {
		if !strings.Contains(text, w) {
			return fmt.Errorf("%q is not in %q", w, text)
		}
	}
	if m.Cut {
		return fmt.Errorf("the platform cut it off")
	}
	return nil
}

// knob turns a knob of the platform or of the stage.
func (s *stage) knob(words []string) error {
	arg := func(i int) string {
		if i < len(words) {
			return words[i]
		}
		return ""
	}
	n, _ := strconv.Atoi(arg(2))
	place, name, _ := strings.Cut(arg(1), "/")
	switch words[0] {
	case "times": // every callback so often, with a fresh nonce
		s.times, _ = strconv.Atoi(arg(1))
	case "hold": // callbacks wait
		s.hold = true
	case "reversed": // the held ones, the last first
		s.hold = false
		for i := len(s.held) - 1; i >= 0; i-- {
			s.held[i]()
		}
		s.held = nil
	case "restart":
		s.stop()
		s.start()
	case "later":
		d, err := time.ParseDuration(arg(1))
		s.wound.Add(int64(d))
		return err
	case "skew": // the platform's clock is off
		d, err := time.ParseDuration(arg(1))
		s.trick.Skew = d
		return err
	case "refused": // a callback must be refused
		d := s.platform.PushWith(context.Background(), "staff", s.platform.TextEvent("staff", "zhang", "被拒绝的话不该有答复"), s.trick)
		if d.OK() {
			return fmt.Errorf("answered %v", d.Status)
		}
	case "expire":
		s.platform.Expire()
	case "rotate":
		s.platform.Rotate()
	case "fail":
		for _, c := range words[2:] {
			code, err := strconv.Atoi(c)
			if err != nil {
				return err
			}
			s.platform.FailNext("/cgi-bin/"+arg(1), code)
		}
	case "lose":
		s.platform.LoseAnswers("/cgi-bin/"+arg(1), n)
	case "pages":
		size, _ := strconv.Atoi(arg(1))
		s.platform.Pages(size, arg(2) == "empty")
	case "press":
		if strings.HasPrefix(place, "kf") {
			if err := s.platform.CustomerPresses(place, name, n); err != nil {
				return err
			}
			s.push("kf", s.platform.PokeEvent(place))
			return nil
		}
		_, err := s.platform.Press(context.Background(), place, name, n)
		return err
	case "image":
		if strings.HasPrefix(place, "kf") {
			s.platform.CustomerSends(place, name, "image")
			s.push("kf", s.platform.PokeEvent(place))
			return nil
		}
		s.platform.MemberSends(context.Background(), place, name, "image")
	case "open":
		s.platform.MemberOpens(context.Background(), place, name, arg(2), "")
	case "enter":
		s.platform.CustomerEnters(place, name)
		if arg(2) != "" {
			d, err := time.ParseDuration(arg(2))
			if err != nil {
				return err
			}
			s.wound.Add(int64(d))
		}
		s.push("kf", s.platform.PokeEvent(place))
	case "past":
		s.platform.Past(place, name, "很久以前问过的一句话", s.now().Add(-70*time.Hour))
	case "poke":
		s.push("kf", s.platform.PokeEvent(place))
	case "takes":
		s.platform.HumanTakes(place, name, "agent")
		s.push("kf", s.platform.PokeEvent(place))
	case "speaks":
		s.platform.HumanSays(place, name, "agent", "我是工作人员")
		s.read[arg(1)]++
		s.push("kf", s.platform.PokeEvent(place))
	case "ends":
		s.platform.HumanEnds(place, name)
		s.push("kf", s.platform.PokeEvent(place))
	case "present":
		s.platform.Present(arg(1), true)
	case "sets":
		s.platform.SetState(place, name, n)
	case "state":
		storetest.Until(s.t, "the session is in state "+arg(2), func() bool { return s.platform.State(place, name) == n })
	case "undeliver":
		all := s.shownTo(arg(1))
		if len(all) == 0 {
			return fmt.Errorf("nothing was shown")
		}
		s.platform.FailToDeliver(place, name, all[len(all)-1].ID, n)
		s.push("kf", s.platform.PokeEvent(place))
	case "ready": // what /readyz says
		want := strings.Join(words[1:], " ")
		storetest.Until(s.t, "readyz says "+want, func() bool {
			resp, err := http.Get(s.internal + "/readyz")
			if err != nil {
				return false
			}
			defer resp.Body.Close()
			var b bytes.Buffer
			b.ReadFrom(resp.Body)
			return strings.Contains(b.String(), want)
		})
	case "calls": // at most so many calls of a path
		if got := len(s.platform.Calls("/cgi-bin/" + arg(1))); got > n {
			return fmt.Errorf("%d calls", got)
		}
	case "echo":
		return s.platform.Echo(context.Background(), arg(1))
	default:
		return fmt.Errorf("no knob %q", words[0])
	}
	return nil
}

// TestReplicasShareEverything runs two services over one Redis: whatever comes to
// both, three times, is answered once, and one token an app is fetched.
func TestReplicasShareEverything(t *testing.T) {
	redis := storetest.RedisServer(t)
	s := play(t, "HUIWEN_STORE_KIND=redis", "HUIWEN_STORE_REDIS_ADDRS="+redis)
	first, stopFirst := s.url, s.stop
	s.start() // the second; the platform's callbacks go to it from now on
	second, stopSecond := s.url, s.stop
	s.stop = func() { stopFirst(); stopSecond() }
	s.times = 3
	for i := range 6 {
		member, customer := s.platform.TextEvent("desk", fmt.Sprint("m", i), fmt.Sprintf("第%d项", i+1)), fmt.Sprint("c", i)
		s.platform.CustomerSays("kf1", customer, fmt.Sprintf("第%d项", i+1))
		poke := s.platform.PokeEvent("kf1")
		for _, to := range []string{first, second} {
			s.platform.Connect(to)
			s.push("desk", member)
			s.push("kf", poke)
		}
	}
	for i := range 6 {
		for _, who := range []string{fmt.Sprint("desk/m", i), fmt.Sprint("kf1/c", i)} {
			storetest.Until(t, who+" is answered", func() bool { return len(s.shownTo(who)) > 0 })
		}
	}
	s.stop()
	for i := range 6 {
		for _, who := range []string{fmt.Sprint("desk/m", i), fmt.Sprint("kf1/c", i)} {
			if got := s.shownTo(who); len(got) != 1 {
				t.Errorf("%s was shown %d", who, len(got))
			}
		}
	}
	if n := s.platform.Fetches(); n != 2 {
		t.Errorf("%d tokens fetched for two apps", n)
	}
}

// TestTheDomainIsProven serves the file that 企业微信 asks for, and nothing else
// of the folder.
func TestTheDomainIsProven(t *testing.T) {
	s := play(t)
	dir := ""
	for _, e := range s.env {
		if v, ok := strings.CutPrefix(e, "HUIWEN_DATA="); ok {
			dir = v
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "WW_verify_Abc123.txt"), []byte("Abc123"), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]int{"/WW_verify_Abc123.txt": 200, "/WW_verify_other.txt": 404, "/WW_verify_..%2f.txt": 404, "/huiwen.db": 404, "/WW_verify_Abc123.txt/": 404} {
		resp, err := http.Get(s.url + path)
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		b.ReadFrom(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != want || want == 200 && b.String() != "Abc123" {
			t.Errorf("%s: %d %q", path, resp.StatusCode, b.String())
		}
	}
}
