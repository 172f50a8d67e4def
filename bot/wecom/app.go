package wecom

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/silenceper/wechat/v2/work/message"

	"huiwen/bot"
)

// Limits of a text in bytes (document path 90236): what is longer is cut off
// by the platform without a word.
const maxText = 2048

// duplicateInterval is how long the platform drops a text that is sent again,
// in seconds: its most.
const duplicateInterval = 14_400

// An App is a self-built app: staff write to it and are answered by push.
type App struct {
	Name    string
	CorpID  string
	AgentID int
	Client  *Client
}

// Channel is the name of the app's channel.
func (a *App) Channel() string { return "wecom/" + a.Name }

// Message turns an event into a message; ok is false for what needs no answer.
// What is not text is answered too: with the sentence for what cannot be read.
func (a *App) Message(e Event) (m bot.Message, ok bool) {
	m = bot.Message{Channel: a.Channel(), Conversation: e.FromUserName, Person: e.FromUserName, User: bot.Staff}
	switch e.MsgType {
	case "text":
		m.Text = e.Content
	case "image", "voice", "video", "location", "link", "file":
	case "event":
		if e.Event != "template_card_event" && e.Event != "click" || e.EventKey == "" {
			return m, false
		}
		m.Text = e.EventKey
	default:
		return m, false
	}
	m.ID = "wecom|" + a.CorpID + "|" + a.Name + "|" + e.FromUserName + "|" + e.MsgId
	if e.MsgId == "" { // events have no id; their plain text is the same on every retry
		m.ID = "wecom|" + e.Digest
	}
	return m, e.FromUserName != ""
}

// textRequest is a text message; the SDK's struct writes the agent's id as a
// string and lacks the duplicate check.
type textRequest struct {
	ToUser   string            `json:"touser"`
	MsgType  string            `json:"msgtype"`
	AgentID  int               `json:"agentid"`
	Text     message.TextField `json:"text"`
	Check    int               `json:"enable_duplicate_check"`
	Interval int               `json:"duplicate_check_interval"`
}

// Send implements [bot.Sender].
func (a *App) Send(ctx context.Context, to bot.Address, id string, r bot.Rendered) bot.Outcome {
	parts := split(plainText(r.Text)+"\n编号 "+id, maxText)
	for i, text := range parts {
		if len(parts) > 1 {
			if head := fmt.Sprintf("（%d/%d）", i+1, len(parts)); len(head)+len(text) <= maxText {
				text = head + text
			}
		}
		var out message.SendResponse
		err := a.Client.Call(ctx, "/cgi-bin/message/send", textRequest{ToUser: to.Conversation, MsgType: "text", AgentID: a.AgentID,
			Text: message.TextField{Content: text}, Check: 1, Interval: duplicateInterval}, &out)
		if o, stop := outcome(err); stop {
			return o
		}
		if out.InvalidUser != "" {
			return bot.Outcome{Final: true, Reason: "invaliduser"}
		}
	}
	return bot.Outcome{Sent: true}
}

// outcome is what an error of a send means; stop is false when it was sent.
func outcome(err error) (o bot.Outcome, stop bool) {
	var api *APIError
	var netErr net.Error
	switch {
	case err == nil:
		return o, false
	case errors.As(err, &api):
		reason := strconv.Itoa(api.Code)
		switch api.Code {
		case codeBusy, codeFrequency, codeConcurrency, codeBadToken, codeTokenExpired, codeBadSecret, 60020:
			return bot.Outcome{Reason: reason}, true // will pass, or an operator mends it
		}
		return bot.Outcome{Final: true, Reason: reason}, true
	case errors.As(err, &netErr), errors.Is(err, context.DeadlineExceeded), strings.Contains(err.Error(), "EOF"), strings.Contains(err.Error(), "reset"), strings.Contains(err.Error(), "HTTP 5"):
		return bot.Outcome{Uncertain: true, Reason: "no answer"}, true
	}
	return bot.Outcome{Reason: "failed"}, true
}

// plainText keeps a text from becoming a link, a mention or markup where the
// platform reads them in texts.
func plainText(s string) string {
	return strings.NewReplacer("<a ", "＜a ", "<A ", "＜A ", "</a", "＜/a", "<@", "＜@").Replace(s)
}
