package wecom_test

import (
	"context"
	"crypto/rand"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"huiwen/bot"
	"huiwen/bot/envelope"
	"huiwen/bot/post"
	"huiwen/bot/wecom"
	"huiwen/bot/wecom/qyapi"
	"huiwen/knowledge/store"
)

const corp = "wx5823bf96d3bd56c7"

// A bench is a platform, a store and the clients between them.
type bench struct {
	t        *testing.T
	platform *qyapi.Server
	base     string
	store    store.Store
	wound    atomic.Int64
	board    *wecom.Switchboard
}

func (b *bench) now() time.Time { return time.Now().Add(time.Duration(b.wound.Load())) }

// later winds the clocks of the platform, the clients and the store.
func (b *bench) later(d time.Duration) { b.wound.Add(int64(d)) }

func newBench(t *testing.T, change func(*qyapi.Options)) *bench {
	t.Helper()
	b := &bench{t: t, board: wecom.NewSwitchboard()}
	o := qyapi.Options{
		Now: b.now, CorpID: corp, Accounts: []string{"kf1"}, Robots: map[string]string{"robot-key": "group"},
		Apps: map[string]qyapi.App{"staff": {AgentID: 218, Secret: "app-secret", Token: vectorToken, EncodingAESKey: vectorKey, Members: []string{"zhang", "li"}, URL: "http://unused"}},
		KF:   qyapi.App{Secret: "kf-secret", Token: vectorToken, EncodingAESKey: vectorKey}, RetryPause: time.Millisecond, DropOverLimit: true, StrictCards: true,
	}
	if change != nil {
		change(&o)
	}
	b.platform = qyapi.New(o)
	api := httptest.NewServer(b.platform)
	t.Cleanup(api.Close)
	b.base = api.URL
	s, err := store.OpenFile(t.Context(), t.TempDir(), func() time.Duration { return time.Duration(b.wound.Load()) })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	b.store = s
	return b
}

func (b *bench) client(name, secret string) *wecom.Client {
	b.t.Helper()
	c, err := wecom.NewClient(b.base, corp, name, secret, b.store, b.now)
	if err != nil {
		b.t.Fatal(err)
	}
	return c
}

func (b *bench) app() *wecom.App {
	c := b.client("staff", "app-secret")
	return &wecom.App{Name: "staff", CorpID: corp, AgentID: 218, Client: c, SDK: b.board.SDK(c, "218"), Store: b.store}
}

func (b *bench) robots() *wecom.Robots {
	r := &wecom.Robot{Name: "group", Key: "robot-key", Client: b.client("robot-group", "")}
	return &wecom.Robots{Store: b.store, List: map[string]*wecom.Robot{"group": r}}
}

// callback serves a callback and tells the platform its address.
func (b *bench) callback(c *wecom.Callback) {
	b.t.Helper()
	crypt, err := envelope.New(vectorToken, vectorKey, corp)
	if err != nil {
		b.t.Fatal(err)
	}
	c.Crypt, c.CorpID, c.Now, c.Log = crypt, corp, b.now, quiet()
	if c.Window == 0 {
		c.Window = 10 * time.Minute
	}
	s := httptest.NewServer(http.MaxBytesHandler(c, 1<<20))
	b.t.Cleanup(s.Close)
	b.platform.Connect(s.URL)
}

func quiet() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

// parrot answers with the customer's own words.
func parrot(_ context.Context, m bot.Message, _ []byte) (bot.Rendered, []byte, bool, error) {
	status := bot.Answered
	if m.Text == "人工" {
		status = bot.Handoff
	}
	return bot.Rendered{Status: status, Text: "答：" + m.Text, Choices: []string{}, Lines: []bot.Line{{{Kind: bot.Echoed, Text: "答：" + m.Text}}}}, nil, false, nil
}

func sorry() bot.Rendered { return bot.Rendered{Status: bot.Failed, Text: "抱歉"} }

// sender is 微信客服 that only sends.
func (b *bench) sender(o wecom.KFOptions) *wecom.KF {
	o.CorpID, o.Client, o.Store, o.Log, o.Now = corp, b.client("kf", "kf-secret"), b.store, quiet(), b.now
	return wecom.NewKF(o)
}

// kf runs 微信客服 with a gateway that answers like a parrot, until the test ends.
// accept stands before the inbox and may break.
func (b *bench) kf(o wecom.KFOptions, accept func(next func() error) error) (*wecom.KF, *post.Box) {
	b.t.Helper()
	kf := b.sender(o)
	box := post.NewBox(b.store, rand.Reader)
	g := post.NewGateway(post.Options{Box: box, Desk: parrot, Sorry: sorry, Sender: map[string]bot.Sender{"kf": kf}, Log: quiet(), Workers: 4, Poll: 20 * time.Millisecond})
	kf.Accept = func(ctx context.Context, scope string, m []bot.Message, also func(store.Tx) error) error {
		next := func() error { return g.AcceptAll(ctx, scope, m, also) }
		if accept == nil {
			return next()
		}
		return accept(next)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { g.Run(ctx); ended <- struct{}{} }()
	go func() { kf.Run(ctx); ended <- struct{}{} }()
	b.t.Cleanup(func() { cancel(); <-ended; <-ended })
	b.callback(&wecom.Callback{Take: kf.Take})
	return kf, box
}

// texts are what a receiver was shown.
func (b *bench) texts(to string) (out []string) {
	for _, m := range b.platform.Shown() {
		if m.To == to {
			out = append(out, m.Text)
		}
	}
	return out
}
