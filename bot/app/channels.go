package app

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"huiwen/bot"
	"huiwen/bot/post"
	"huiwen/bot/wecom"
	"huiwen/knowledge/store"
)

// Channels are the platforms that the configuration names.
type channels struct {
	senders map[string]bot.Sender
	mount   func(mux *http.ServeMux, g *post.Gateway)
	run     []func(ctx context.Context)
}

const sayWelcome = "您好，我是自动答复，不是工作人员。您可以直接问政策，比如：开店有没有补贴、出去打工的路费补不补。"

// newChannels makes the platforms' clients. Names of apps stand in errors,
// secrets never do.
func newChannels(c *call, s store.Store) (*channels, error) {
	ch := &channels{senders: map[string]bot.Sender{}}
	var mounts []func(*http.ServeMux, *post.Gateway)
	for _, a := range c.config.WeCom.Apps {
		mount, err := ch.addApp(c, s, a)
		if err != nil {
			return nil, fmt.Errorf("wecom.apps %q: %w", a.Name, err)
		}
		mounts = append(mounts, mount)
	}
	if kf := c.config.WeCom.KF; kf.CorpID != "" {
		mount, err := ch.addKF(c, s, kf)
		if err != nil {
			return nil, fmt.Errorf("wecom.kf: %w", err)
		}
		mounts = append(mounts, mount)
	}
	mount, err := ch.addDing(c, s)
	if err != nil {
		return nil, fmt.Errorf("dingtalk: %w", err)
	}
	mounts = append(mounts, mount)
	ch.mount = func(mux *http.ServeMux, g *post.Gateway) {
		for _, m := range mounts {
			m(mux, g)
		}
	}
	return ch, nil
}

// addApp serves one self-built app at /wecom/callback/{name}.
func (ch *channels) addApp(c *call, s store.Store, a WeComApp) (func(*http.ServeMux, *post.Gateway), error) {
	agent, err := strconv.Atoi(a.AgentID)
	if err != nil {
		return nil, fmt.Errorf("agent_id %q 要是数字", a.AgentID)
	}
	crypt, err := wecom.NewCrypt(string(a.Token), string(a.EncodingAESKey), a.CorpID)
	if err != nil {
		return nil, err
	}
	client, err := wecom.NewClient(c.config.WeCom.BaseURL, a.CorpID, a.Name, string(a.Secret), s)
	if err != nil {
		return nil, err
	}
	app := &wecom.App{Name: a.Name, CorpID: a.CorpID, AgentID: agent, Client: client}
	ch.senders[app.Channel()] = app
	return func(mux *http.ServeMux, g *post.Gateway) {
		mux.Handle("/wecom/callback/"+a.Name, &wecom.Callback{Crypt: crypt, Window: time.Duration(c.config.WeCom.CallbackWindow), Now: c.Now, Log: c.log,
			Take: func(ctx context.Context, e wecom.Event) error {
				m, ok := app.Message(e)
				if !ok {
					return nil
				}
				m.At = c.Now()
				_, err := g.Accept(ctx, m)
				return err
			}})
	}, nil
}

// addKF serves 微信客服 at /wecom/kf.
func (ch *channels) addKF(c *call, s store.Store, conf WeComKF) (func(*http.ServeMux, *post.Gateway), error) {
	crypt, err := wecom.NewCrypt(string(conf.Token), string(conf.EncodingAESKey), conf.CorpID)
	if err != nil {
		return nil, err
	}
	client, err := wecom.NewClient(c.config.WeCom.BaseURL, conf.CorpID, "kf", string(conf.Secret), s)
	if err != nil {
		return nil, err
	}
	kf := wecom.NewKF(wecom.KF{CorpID: conf.CorpID, Client: client, Store: s, Log: c.log, Now: c.Now, Welcome: sayWelcome})
	ch.senders[kf.Channel()] = kf
	ch.run = append(ch.run, kf.Run)
	return func(mux *http.ServeMux, g *post.Gateway) {
		kf.Gateway = g
		mux.Handle("/wecom/kf", &wecom.Callback{Crypt: crypt, Window: time.Duration(c.config.WeCom.CallbackWindow), Now: c.Now, Log: c.log, Take: kf.Take})
	}, nil
}

// start runs what the channels do by themselves; the function it returns waits
// for their end.
func (ch *channels) start(ctx context.Context) (wait func()) {
	var wg sync.WaitGroup
	for _, run := range ch.run {
		wg.Go(func() { run(ctx) })
	}
	return wg.Wait
}
