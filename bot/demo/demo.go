// Package demo is both emulated platforms and a page of phones on them: what is
// typed there goes through the real adapters of a real service.
package demo

import (
	"bufio"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"huiwen/bot/dingtalk/openapi"
	"huiwen/bot/wecom/qyapi"
)

// The people of the demo, by their ids on the platforms.
const (
	Resident  = "wmResident"
	Account   = "wkHuiwen" // of 微信客服
	App       = "staff"    // of WeCom
	WeComUser = "zhoumin"
	DingUser  = "liqiang"
	Office    = "chenjing"
	Servicer  = "zuoxi"
	Group     = "cidDemoGroup=="
	GroupName = "office" // of the custom robot in the same group
)

// Names are the people as others see them.
var Names = map[string]string{Resident: "王大姐", WeComUser: "周敏", DingUser: "李强", Office: "陈静", Servicer: "坐席小刘"}

// Keys are what the service is configured with to find the platforms.
type Keys struct {
	WeComURL, DingURL                string
	CorpID, AgentID                  string
	AppSecret, KFSecret, Token, AES  string
	DingCorp, ClientID, ClientSecret string
	RobotCode, DingAgent, Template   string
	RobotToken, RobotSecret          string
}

// Options are what a Stage needs.
type Options struct {
	Log   *slog.Logger
	Clock *Clock
	// Tick does what falls due at a time, nil for nothing.
	Tick func(ctx context.Context, now time.Time) error
	// Suggestions are questions of the resident; Bureaus names the bureaus of the
	// contact in WeCom, of the one in DingTalk, and of the group's robot.
	Suggestions []string
	Bureaus     [3]string
}

// A Stage is the platforms, the phones and what was said on them.
type Stage struct {
	Options
	Keys Keys

	wechat *qyapi.Server
	ding   *openapi.Server
	doors  []*http.Server
	lines  []net.Listener

	mu      sync.Mutex
	changed chan struct{} // closed and renewed at every change
	bubbles []Bubble
	last    int64
	wires   []Wire
	wired   int64
	on      map[string]bool // tricks that stay
	winding string
	seen    struct {
		wechat, ding, acks int
		stands             map[int]string // what stands on answered cards
	}
	cards   map[string]int64 // bubbles by track id
	service string
	page    string
	run     context.Context
	work    sync.WaitGroup
	ticking sync.Mutex // one tick at a time, by a clock that never goes back
}

func random(n int) string {
	b := make([]byte, n)
	rand.Read(b)
	return strings.TrimRight(base64.RawURLEncoding.EncodeToString(b), "=")
}

// New makes a stage and its platforms, which listen on loopback at once.
func New(ctx context.Context, o Options) (*Stage, error) {
	key := make([]byte, 32)
	rand.Read(key)
	s := &Stage{Options: o, changed: make(chan struct{}), on: map[string]bool{}, cards: map[string]int64{}, run: context.Background()}
	s.seen.stands = map[int]string{}
	s.Keys = Keys{
		CorpID: "wwdemo", AgentID: "1000002", AppSecret: random(24), KFSecret: random(24), Token: random(12), AES: strings.TrimRight(base64.StdEncoding.EncodeToString(key), "="),
		DingCorp: "dingdemo", ClientID: "dingclient", ClientSecret: random(24), RobotCode: "dingrobot", DingAgent: "7", Template: "demo.schema", RobotToken: random(24), RobotSecret: random(24),
	}
	k := s.Keys
	s.wechat = qyapi.New(qyapi.Options{
		Now: o.Clock.Now, CorpID: k.CorpID, Accounts: []string{Account},
		Apps: map[string]qyapi.App{App: {AgentID: 1000002, Secret: k.AppSecret, Token: k.Token, EncodingAESKey: k.AES}},
		KF:   qyapi.App{Secret: k.KFSecret, Token: k.Token, EncodingAESKey: k.AES},
	})
	s.wechat.Present(Servicer, true)
	s.ding = openapi.New(o.Clock.Now)
	s.ding.ClientID, s.ding.Secret, s.ding.CorpID, s.ding.RobotCode = k.ClientID, k.ClientSecret, k.DingCorp, k.RobotCode
	s.ding.Robots = map[string]string{k.RobotToken: k.RobotSecret}
	s.ding.Repush = 5 * time.Second
	for _, p := range []struct {
		name    string
		handler http.Handler
		url     *string
	}{{"企业微信", s.wechat, &s.Keys.WeComURL}, {"钉钉", s.ding, &s.Keys.DingURL}} {
		var lc net.ListenConfig
		l, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return nil, errors.Join(fmt.Errorf("演示平台不能监听：%w", err), s.close())
		}
		s.lines = append(s.lines, l)
		s.doors = append(s.doors, &http.Server{Handler: s.watch(p.name, p.handler), ReadHeaderTimeout: 5 * time.Second, MaxHeaderBytes: 16 << 10})
		*p.url = "http://" + l.Addr().String()
	}
	s.ding.Base = s.Keys.DingURL
	return s, nil
}

func (s *Stage) close() error {
	var err error
	for _, l := range s.lines {
		err = errors.Join(err, l.Close())
	}
	return err
}

// Connect tells the platforms where the service listens; page is the address of
// the residents' page.
func (s *Stage) Connect(service, page string) {
	s.wechat.Connect(strings.TrimSuffix(service, "/"))
	s.mu.Lock()
	s.service, s.page = service, page
	s.mu.Unlock()
}

// Run serves the platforms and follows what they show until ctx ends.
func (s *Stage) Run(ctx context.Context) {
	s.mu.Lock()
	s.run = ctx
	s.mu.Unlock()
	for i, d := range s.doors {
		s.work.Go(func() {
			if err := d.Serve(s.lines[i]); err != nil && !errors.Is(err, http.ErrServerClosed) {
				s.Log.Error("demo platform", "error", err)
			}
		})
	}
	tick, wake := time.NewTicker(50*time.Millisecond), time.NewTicker(wakeEvery)
	defer tick.Stop()
	defer wake.Stop()
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-wake.C:
			s.work.Go(func() { s.tick(ctx, time.Time{}) })
		case <-tick.C:
			s.follow()
		}
	}
	s.ding.Close()
	for _, d := range s.doors {
		d.Close()
	}
	s.work.Wait()
}

// wakeEvery is how often what falls due is looked at while nobody winds.
const wakeEvery = 10 * time.Second

// tick winds the clock to a time, when one is given, and does what is due then.
func (s *Stage) tick(ctx context.Context, to time.Time) {
	s.ticking.Lock()
	defer s.ticking.Unlock()
	if !to.IsZero() {
		s.Clock.Set(to)
	}
	if s.Tick == nil {
		return
	}
	if err := s.Tick(ctx, s.Clock.Now()); err != nil && ctx.Err() == nil {
		s.Log.Warn("demo tick", "error", err)
	}
}

// spawn does something in the background until the stage ends.
func (s *Stage) spawn(f func(ctx context.Context)) {
	s.mu.Lock()
	ctx := s.run
	s.mu.Unlock()
	s.work.Go(func() { f(ctx) })
}

// A Wire is one thing that went over the line.
type Wire struct {
	N      int64  `json:"n"`
	At     string `json:"at"`
	Where  string `json:"where"` // the platform
	Out    bool   `json:"out"`   // from the platform to the service
	What   string `json:"what"`
	Result string `json:"result"`
	Bad    bool   `json:"bad"`
	Millis int64  `json:"millis"`
}

const wireTime = "01-02 15:04"

// maxWires and maxBubbles bound what is remembered.
const (
	maxWires   = 200
	maxBubbles = 1000
)

func (s *Stage) wire(w Wire) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wired++
	w.N, w.At = s.wired, s.Clock.Now().In(zone).Format(wireTime)
	s.wires = append(s.wires, w)
	if len(s.wires) > maxWires {
		s.wires = s.wires[len(s.wires)-maxWires:]
	}
	s.touch()
}

// touch wakes whoever waits for a change; s.mu is held.
func (s *Stage) touch() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// known are the calls as people understand them.
var known = map[string]string{
	"/cgi-bin/gettoken": "取令牌", "/cgi-bin/message/send": "发应用消息", "/cgi-bin/message/update_template_card": "更新卡片", "/cgi-bin/kf/sync_msg": "取客服消息",
	"/cgi-bin/kf/send_msg": "发客服消息", "/cgi-bin/kf/send_msg_on_event": "发欢迎语", "/cgi-bin/kf/service_state/get": "查会话状态", "/cgi-bin/kf/service_state/trans": "转人工", "/cgi-bin/kf/account/list": "查客服账号",
	"/v1.0/oauth2/accessToken": "取令牌", "/v1.0/gateway/connections/open": "申请长连接", "/robot/sendBySession": "会话回复", "/v1.0/robot/oToMessages/batchSend": "机器人单聊",
	"/v1.0/robot/groupMessages/send": "机器人群聊", "/v1.0/card/instances/createAndDeliver": "投放卡片", "/v1.0/card/instances": "更新卡片", "/robot/send": "群机器人", "/connect": "建立长连接",
	"/topapi/message/corpconversation/asyncsend_v2": "工作通知", "/topapi/message/corpconversation/getsendresult": "查通知结果",
}

// watch writes down the calls of a platform.
func (s *Stage) watch(name string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		what := cmp.Or(known[r.URL.Path], r.URL.Path)
		if r.URL.Path == "/connect" { // stays open
			s.wire(Wire{Where: name, What: what, Result: "已连接"})
			next.ServeHTTP(w, r)
			s.wire(Wire{Where: name, What: "长连接断开", Result: "等待重连", Bad: true})
			return
		}
		began := time.Now()
		rec := &recorder{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(rec, r)
		result, bad := rec.result()
		s.wire(Wire{Where: name, What: what, Result: result, Bad: bad, Millis: time.Since(began).Milliseconds()})
	})
}

// recorder notes how a call was answered.
type recorder struct {
	http.ResponseWriter
	status int
	head   []byte
	cut    bool
}

func (r *recorder) WriteHeader(code int) { r.status = code; r.ResponseWriter.WriteHeader(code) }

func (r *recorder) Write(p []byte) (int, error) {
	if len(r.head) < 200 {
		r.head = append(r.head, p[:min(len(p), 200)]...)
	}
	return r.ResponseWriter.Write(p)
}

// Hijack lets a platform cut the line.
func (r *recorder) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	r.cut = true
	h, ok := r.ResponseWriter.(http.Hijacker)
	if !ok {
		return nil, nil, errors.New("no hijacking")
	}
	return h.Hijack()
}

func (r *recorder) result() (string, bool) {
	switch text := string(r.head); {
	case r.cut:
		return "应答丢失", true
	case strings.HasPrefix(text, "<"):
		return "封禁页", true
	case strings.Contains(text, `"status":1111`):
		return "封禁", true
	case r.status != http.StatusOK:
		return fmt.Sprint(r.status), true
	case strings.Contains(text, `"errcode":`) && !strings.Contains(text, `"errcode":0`):
		_, rest, _ := strings.Cut(text, `"errcode":`)
		code, _, _ := strings.Cut(rest, ",")
		return "errcode " + strings.TrimRight(strings.TrimSpace(code), "}"), true
	}
	return "200", false
}

var _ io.Writer = (*recorder)(nil)
