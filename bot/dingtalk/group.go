package dingtalk

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"huiwen/bot"
	"huiwen/bot/cut"
	"huiwen/bot/limit"
)

// GroupChannel is the name of the channel of custom robots; its conversations
// are the robots' names.
const GroupChannel = "dingtalk-robot"

// groupRule is what the platform takes of one custom robot; one too many shuts it
// up for ten minutes.
var groupRule = limit.Rule{Most: 20, Per: time.Minute}

const groupPause = 10 * time.Minute

// A GroupRobot is a custom robot of a group, which only sends.
type GroupRobot struct {
	Name, AccessToken, Secret string
}

// GroupRobots send notices into groups.
type GroupRobots struct {
	Client  *Client
	Robots  map[string]GroupRobot
	Limiter limit.Limiter
	Now     func() time.Time
}

// NewGroupRobots makes the sender of the custom robots.
func NewGroupRobots(c *Client, l limit.Limiter, now func() time.Time, robots ...GroupRobot) *GroupRobots {
	g := &GroupRobots{Client: c, Robots: map[string]GroupRobot{}, Limiter: l, Now: now}
	g.Limiter.Rules = []limit.Rule{groupRule}
	for _, r := range robots {
		g.Robots[r.Name] = r
	}
	return g
}

var _ bot.Sender = (*GroupRobots)(nil)

// Send implements [bot.Sender].
func (g *GroupRobots) Send(ctx context.Context, to bot.Address, id string, reply bot.Rendered) bot.Outcome {
	r, ok := g.Robots[to.Conversation]
	if !ok {
		return bot.Outcome{Final: true, Reason: "no such robot"}
	}
	parts := cut.Numbered(markdown(reply), "\n编号 "+id, maxWords)
	if wait, err := g.Limiter.Take(ctx, GroupChannel+"/"+r.Name, len(parts)); err != nil || wait > 0 {
		return bot.Outcome{Reason: "limit", Wait: max(wait, storeWait)}
	}
	for _, text := range parts {
		in := map[string]any{"msgtype": "markdown", "markdown": map[string]string{"title": title(reply), "text": text}, "at": map[string]any{"isAtAll": false}}
		q := url.Values{"access_token": {r.AccessToken}}
		if r.Secret != "" {
			now := strconv.FormatInt(g.Now().UnixMilli(), 10)
			q.Set("timestamp", now)
			q.Set("sign", Sign(now, r.Secret))
		}
		err := g.Client.do(ctx, http.MethodPost, g.Client.oapi, "/robot/send", q, "", in, nil)
		var api *APIError
		if errors.As(err, &api) && api.Code == codeRobotTooFast {
			return bot.Outcome{Reason: api.Code, Wait: groupPause}
		}
		if errors.As(err, &api) && api.Code == codeSessionGone { // here: no such access token, an operator mends it
			return bot.Outcome{Reason: api.Code, Wait: operatorWait}
		}
		if o, stop := outcome(err); stop {
			return o
		}
	}
	return bot.Outcome{Sent: true}
}
