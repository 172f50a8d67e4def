package dingtalk

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"huiwen/bot"
	"huiwen/bot/cut"
)

// NoticeChannel is the name of the channel of work notices (工作通知); its
// conversations are staff ids, several joined by commas.
const NoticeChannel = "dingtalk-notice"

// Bounds of work notices.
const (
	maxNotice  = 2048 // bytes of msg as JSON
	maxPeople  = 100  // of one call
	noticeText = maxNotice - 300
)

// pollWaits are the pauses before each look at the result of a task: above a
// limit the platform still says success, and only the result tells.
var pollWaits = []time.Duration{300 * time.Millisecond, 700 * time.Millisecond, 1500 * time.Millisecond, 2500 * time.Millisecond}

// Notices send work notices of an app. They are for notices: each text bears
// its number, for the platform drops the same text to the same person on one day
// without a word, and thereby a retry of the same notice too.
type Notices struct {
	Client  *Client
	AgentID int64
	// Pause waits, or ends early with the context's error.
	Pause func(context.Context, time.Duration) error
}

// NewNotices makes the sender; the agent's id is a number.
func NewNotices(c *Client, agentID string) (*Notices, error) {
	n, err := strconv.ParseInt(agentID, 10, 64)
	if err != nil {
		return nil, errAgent
	}
	return &Notices{Client: c, AgentID: n, Pause: pause}, nil
}

var errAgent = agentError{}

type agentError struct{}

func (agentError) Error() string {
	return "dingtalk.agent_id 要是数字，在开发者后台的应用信息里"
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

var _ bot.Sender = (*Notices)(nil)

// Send implements [bot.Sender].
func (n *Notices) Send(ctx context.Context, to bot.Address, id string, reply bot.Rendered) bot.Outcome {
	all := people(place{person: to.Conversation})
	if len(all) == 0 {
		return bot.Outcome{Final: true, Reason: "bad address"}
	}
	var gone []string
	for _, text := range cut.Numbered(markdown(reply), "\n编号 "+id, noticeText) {
		for chunk := range slices.Chunk(all, maxPeople) {
			refused, o := n.one(ctx, chunk, title(reply), text)
			if !o.Sent {
				return o // a retry of the same text reaches only who has it not
			}
			gone = append(gone, refused...)
		}
	}
	slices.Sort(gone)
	gone = slices.Compact(gone)
	if len(gone) >= len(all) {
		return bot.Outcome{Final: true, Reason: "forbidden or failed"}
	}
	return bot.Outcome{Sent: true, Reason: strings.Join(gone, ",")}
}

// one sends a text to at most 100 people and looks at the result.
func (n *Notices) one(ctx context.Context, users []string, title, text string) (refused []string, o bot.Outcome) {
	var out struct {
		Task int64 `json:"task_id"`
	}
	in := map[string]any{"agent_id": n.AgentID, "userid_list": strings.Join(users, ","), "to_all_user": false,
		"msg": map[string]any{"msgtype": "markdown", "markdown": map[string]string{"title": title, "text": text}}}
	if o, stop := outcome(n.Client.CallOld(ctx, "/topapi/message/corpconversation/asyncsend_v2", in, &out)); stop {
		return nil, o
	}
	return n.result(ctx, out.Task), bot.Outcome{Sent: true}
}

// result asks who was not reached. A result that is not there in time counts as
// sent: the task was taken.
func (n *Notices) result(ctx context.Context, task int64) []string {
	if task == 0 {
		return nil
	}
	for _, wait := range pollWaits {
		if n.Pause(ctx, wait) != nil {
			return nil
		}
		var out struct {
			Result *struct {
				Invalid   []string `json:"invalid_user_id_list"`
				Forbidden []string `json:"forbidden_user_id_list"`
				Failed    []string `json:"failed_user_id_list"`
				Read      []string `json:"read_user_id_list"`
				Unread    []string `json:"unread_user_id_list"`
				List      []struct {
					User string `json:"userid"`
				} `json:"forbidden_list"`
			} `json:"send_result"`
		}
		if err := n.Client.CallOld(ctx, "/topapi/message/corpconversation/getsendresult", map[string]int64{"agent_id": n.AgentID, "task_id": task}, &out); err != nil || out.Result == nil {
			continue
		}
		r := out.Result
		refused := slices.Concat(r.Invalid, r.Forbidden, r.Failed)
		for _, f := range r.List {
			refused = append(refused, f.User)
		}
		if len(refused)+len(r.Read)+len(r.Unread) > 0 {
			return refused
		}
	}
	return nil
}
