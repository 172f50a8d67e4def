package app

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"time"

	"huiwen/bot/dingtalk"
	"huiwen/bot/envelope"
	"huiwen/bot/limit"
	"huiwen/bot/post"
	"huiwen/knowledge/finding"
	"huiwen/knowledge/store"
)

const dingCallbackPath = "/dingtalk/callback"

// addDing serves the app's robot, by the long connection or by callbacks, and
// sends by it, by work notices and by custom robots. The function it returns
// mounts what is reached from outside.
func (ch *channels) addDing(c *call, s store.Store) (func(*http.ServeMux, *post.Gateway), error) {
	d := c.config.DingTalk
	nothing := func(*http.ServeMux, *post.Gateway) {}
	if d.ClientID == "" && len(d.Robots) == 0 {
		return nothing, nil
	}
	client, err := dingtalk.NewClient(d.APIURL, d.OAPIURL, d.ClientID, string(d.ClientSecret), s, c.Now)
	if err != nil {
		return nil, err
	}
	if len(d.Robots) > 0 {
		var robots []dingtalk.GroupRobot
		for _, r := range d.Robots {
			robots = append(robots, dingtalk.GroupRobot{Name: r.Name, AccessToken: string(r.AccessToken), Secret: string(r.Secret)})
		}
		ch.senders[dingtalk.GroupChannel] = dingtalk.NewGroupRobots(client, limit.Limiter{Store: s}, c.Now, robots...)
	}
	if d.ClientID == "" {
		return nothing, nil
	}
	if d.ClientSecret == "" {
		return nil, errors.New("client_secret 不能为空")
	}
	if d.AgentID != "" {
		notices, err := dingtalk.NewNotices(client, d.AgentID)
		if err != nil {
			return nil, err
		}
		ch.senders[dingtalk.NoticeChannel] = notices
	}
	robot := &dingtalk.Robot{CorpID: d.CorpID, RobotCode: cmp.Or(d.RobotCode, d.ClientID), Client: client, Store: s, Log: c.log, Now: c.Now}
	ch.senders[dingtalk.Channel] = robot
	if d.Mode == "http" {
		ch.checks = append(ch.checks, dingFindings(d, robot, nil))
		return dingCallback(c, s, robot)
	}
	robot.Template = d.CardTemplateID // cards are pressed by stream only
	stream := &dingtalk.Stream{Host: d.APIURL, ClientID: d.ClientID, Secret: string(d.ClientSecret), Robot: robot, Log: c.log}
	ch.run = append(ch.run, stream.Run)
	ch.checks = append(ch.checks, dingFindings(d, robot, stream))
	return func(_ *http.ServeMux, g *post.Gateway) { robot.Inbox = g }, nil
}

func dingCallback(c *call, s store.Store, robot *dingtalk.Robot) (func(*http.ServeMux, *post.Gateway), error) {
	d := c.config.DingTalk
	callback := &dingtalk.Callback{Secret: string(d.ClientSecret), Robot: robot, Store: s, Window: time.Duration(d.CallbackWindow), Now: c.Now, Log: c.log}
	if d.EncodingAESKey != "" || d.Token != "" {
		crypt, err := envelope.New(string(d.Token), string(d.EncodingAESKey), cmp.Or(d.CorpID, d.ClientID))
		if err != nil {
			return nil, err
		}
		callback.Crypt = crypt
	}
	return func(mux *http.ServeMux, g *post.Gateway) {
		robot.Inbox = g
		mux.Handle(dingCallbackPath, callback)
	}, nil
}

// dingFindings tells whether the platform takes the keys, when it may be asked,
// and how messages come in.
func dingFindings(d Ding, robot *dingtalk.Robot, stream *dingtalk.Stream) func(context.Context, bool) []finding.Finding {
	const part = "钉钉"
	return func(ctx context.Context, live bool) []finding.Finding {
		var out []finding.Finding
		if live {
			out = append(out, finding.Of(part, "密钥有效", robot.Check(ctx)))
		}
		switch {
		case stream == nil:
			out = append(out, finding.Finding{Part: part, Level: finding.Warn, Text: "HTTP 模式的签名不保护内容：工作人员的操作不会执行，能用 stream 模式就改用 stream"})
		case stream.Lost():
			out = append(out, finding.Finding{Part: part, Level: finding.Warn, Text: "长连接没有连上，正在重试；一直这样请检查网络和密钥"})
		}
		if stream != nil && d.CardTemplateID == "" {
			out = append(out, finding.Finding{Part: part, Level: finding.Warn, Text: "没有 card_template_id：通知按文字发送，没有按钮"})
		}
		return out
	}
}
