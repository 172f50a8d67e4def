package wecom

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"net/url"
	"strings"
	"time"

	"github.com/silenceper/wechat/v2/work"
	"github.com/silenceper/wechat/v2/work/message"

	"huiwen/bot"
	"huiwen/bot/cut"
	"huiwen/bot/limit"
	"huiwen/knowledge/finding"
	"huiwen/knowledge/store"
)

// Limits in bytes (document path 90236): what is longer is cut off by the
// platform without a word.
const (
	maxText        = 2048
	maxMarkdown    = 2048
	maxCardTitle   = 128
	maxDescription = 512
)

// duplicateInterval is how long the platform drops a text that is sent again,
// in seconds: its most.
const duplicateInterval = 14_400

// memberRules are the platform's limits on one member; what is beyond is dropped
// without a word, so we wait.
var memberRules = []limit.Rule{{Most: 30, Per: time.Minute}, {Most: 1000, Per: time.Hour}}

// A Format is how an app shows its replies.
type Format string

// The formats of an app.
const (
	Cards    Format = "card"     // texts, and cards where there is something to press
	Text     Format = "text"     // texts and text cards only: for members who read in WeChat, where cards and markdown are not shown
	Markdown Format = "markdown" // markdown, and cards where there is something to press
)

// An App is a self-built app: staff write to it and are answered by push.
type App struct {
	Name    string
	CorpID  string
	AgentID int
	Client  *Client
	SDK     *work.Work // on our switchboard, for the address book
	Store   store.Store
	Format  Format // "" for Cards
	// Link is the page that text cards open, "" for none.
	Link string
}

var _ bot.Sender = (*App)(nil)

// Channel is the name of the app's channel.
func (a *App) Channel() string { return "wecom/" + a.Name }

// Check says what an operator should know of the app.
func (a *App) Check(ctx context.Context, live bool) []finding.Finding {
	return a.Client.Check(ctx, live)
}

// sayHello is what a member is taken to say who just got the app.
const sayHello = "你好"

// Message turns an event into a message; ok is false for what needs no answer.
// What is not text is answered too: with the sentence for what cannot be read.
func (a *App) Message(e Event) (m bot.Message, ok bool) {
	m = bot.Message{Channel: a.Channel(), Conversation: e.FromUserName, Person: e.FromUserName, User: bot.Staff}
	switch e.MsgType {
	case "":
		return m, false
	case "text":
		m.Text = e.Content
	case "event":
		if m.Text, m.Card = said(e); m.Text == "" {
			return m, false
		}
	}
	// the platform's ids alone are not enough: an id may come again from another
	// person, and two events of one second are two events
	m.ID = strings.Join([]string{"wecom", a.CorpID, fmt.Sprint(a.AgentID), e.FromUserName, e.MsgId}, "|")
	if e.MsgId == "" || len(m.ID) > 300 {
		m.ID = "wecom|" + a.Name + "|" + e.Digest
	}
	return m, e.FromUserName != "" && len(e.FromUserName) <= 128
}

// said is what a member says by pressing something, and the handle of the card
// that he pressed.
func said(e Event) (text, card string) {
	switch e.Event {
	case "template_card_event", "template_card_menu_event":
		return e.EventKey, e.ResponseCode
	case "click":
		return e.EventKey, ""
	case "subscribe":
		return sayHello, ""
	}
	return "", ""
}

// head is what every message to members begins with.
type head struct {
	ToUser   string `json:"touser"`
	MsgType  string `json:"msgtype"`
	AgentID  int    `json:"agentid"` // a number; the SDK writes a string
	Check    int    `json:"enable_duplicate_check"`
	Interval int    `json:"duplicate_check_interval"`
}

type textMessage struct {
	head
	Text message.TextField `json:"text"`
}

type markdownMessage struct {
	head
	Markdown message.TextField `json:"markdown"`
}

type textCard struct {
	Title       string `json:"title"`
	Description string `json:"description"`
	URL         string `json:"url"`
	Button      string `json:"btntxt,omitempty"`
}

type textCardMessage struct {
	head
	Card textCard `json:"textcard"`
}

// messages are what a reply is sent as, in order.
func (a *App) messages(to, id string, r bot.Rendered) []any {
	h := func(kind string) head {
		return head{ToUser: to, MsgType: kind, AgentID: a.AgentID, Check: 1, Interval: duplicateInterval}
	}
	number := "编号 " + id
	var out []any
	texts := func(text string) {
		for _, p := range cut.Numbered(text, number, maxText) {
			out = append(out, textMessage{h("text"), message.TextField{Content: p}})
		}
	}
	titled := func(text string) string {
		if r.Title == "" {
			return text
		}
		return inert(r.Title) + "\n" + text
	}
	pressed := len(r.Actions) > 0 && a.Format != Text
	switch {
	case pressed:
		text := asText.write(r)
		if len([]rune(text)) > maxSubTitle {
			texts(text) // the card's own words are few: the whole comes before it
		}
		out = append(out, cardMessage{h("template_card"), buttons(to, id, text, r)})
	case a.Link != "" && r.Title != "" && len(asText.write(r))+len(commands(r))+len(number)+2 <= maxDescription:
		out = append(out, textCardMessage{h("textcard"), textCard{Title: cut.Head(inert(r.Title), maxCardTitle), Description: asText.write(r) + commands(r) + "\n" + number, URL: a.Link, Button: "打开"}})
	case a.Format == Markdown:
		text := asMarkdown.write(r)
		if r.Title != "" {
			text = "**" + asMarkdown.strange(r.Title) + "**\n" + text
		}
		for _, p := range cut.Numbered(text, number, maxMarkdown) {
			out = append(out, markdownMessage{h("markdown"), message.TextField{Content: p}})
		}
	default:
		texts(titled(asText.write(r)) + commands(r))
	}
	return out
}

// Send implements [bot.Sender].
func (a *App) Send(ctx context.Context, to bot.Address, id string, r bot.Rendered) bot.Outcome {
	if to.Card != "" && r.Status == bot.Done {
		a.answerCard(ctx, to)
	}
	parts := a.messages(to.Conversation, id, r)
	d := delivery{store: a.Store, name: a.Channel() + "/" + to.Conversation, id: id, rules: memberRules, recall: r.Title != ""}
	return d.send(ctx, len(parts), func(i int) (string, error) {
		var out message.SendResponse
		if err := a.Client.Call(ctx, "/cgi-bin/message/send", parts[i], &out); err != nil {
			if codeOf(err) == codeNoReceiver || codeOf(err) == codeNoMember {
				a.Client.health.unreachable(ctx, to.Conversation)
			}
			return "", err
		}
		if out.InvalidUser != "" || out.UnlicensedUser != "" {
			a.Client.health.unreachable(ctx, to.Conversation)
			return "", errInvalidUser
		}
		return out.MsgID, nil
	})
}

// errInvalidUser marks a receiver that the platform does not know, though it
// answers 0.
var errInvalidUser = errors.New("invaliduser")

// Recall takes a titled or long reply back from whoever got it, within 24 hours:
// of short answers the platform's ids are not kept.
func (a *App) Recall(ctx context.Context, to bot.Address, id string) error {
	d := delivery{store: a.Store, name: a.Channel() + "/" + to.Conversation, id: id}
	p, err := d.progress(ctx)
	if err != nil {
		return err
	}
	for _, m := range p.IDs {
		if err := a.Client.Call(ctx, "/cgi-bin/message/recall", map[string]string{"msgid": m}, nil); err != nil {
			return err
		}
	}
	return nil
}

// Present reports whether the address book knows a member.
func (a *App) Present(user string) (bool, error) {
	_, err := a.SDK.GetAddressList().UserGet(user)
	if codeOf(err) == codeNoMember {
		return false, nil
	}
	if ue := (*url.Error)(nil); errors.As(err, &ue) {
		err = ue.Err // its address holds a handle, no token; the path is in ours
	}
	return err == nil, err
}

// A delivery sends the parts of a reply in order within the limits of its
// receiver, and knows after a break which of them were sent.
type delivery struct {
	store    store.Store
	name, id string
	rules    []limit.Rule
	// recall keeps the platform's ids of a single message too: a commit more.
	recall bool
}

// progress is how far a reply got: ["sent/" receiver "/" id] in the receiver's
// shard; one notice goes to many receivers under one id.
type progress struct {
	Done int      `json:"done"`
	IDs  []string `json:"ids"` // of the platform, to recall
}

const progressTime = 3 * 24 * time.Hour

func (d delivery) scope() string {
	h := fnv.New32a()
	h.Write([]byte(d.name))
	return fmt.Sprintf("in/%02d", h.Sum32()%64)
}

func (d delivery) key() string { return "sent/" + d.name + "/" + d.id }

func (d delivery) progress(ctx context.Context) (p progress, err error) {
	err = d.store.View(ctx, d.scope(), func(tx store.Tx) error {
		data, ok, err := tx.Get(d.key())
		if err != nil || !ok {
			return err
		}
		return json.Unmarshal(data, &p)
	})
	return p, err
}

// send calls post for every part that was not sent yet.
func (d delivery) send(ctx context.Context, parts int, post func(i int) (msgID string, err error)) bot.Outcome {
	var p progress
	if parts > 1 {
		var err error
		if p, err = d.progress(ctx); err != nil {
			return bot.Outcome{Reason: "store"}
		}
	}
	limiter := limit.Limiter{Store: d.store, Rules: d.rules}
	for first := p.Done; p.Done < parts; {
		if hurried(ctx) && p.Done > first {
			return bot.Outcome{Wait: time.Millisecond, Reason: "more parts"}
		}
		wait, err := limiter.Take(ctx, d.name, 1)
		if err != nil {
			return bot.Outcome{Reason: "store"}
		}
		if wait > 0 {
			return bot.Outcome{Wait: wait, Reason: "limit"}
		}
		m, err := post(p.Done)
		if errors.Is(err, errInvalidUser) {
			return bot.Outcome{Final: true, Reason: err.Error()}
		}
		if o, stop := outcome(err); stop {
			return o
		}
		p.Done++
		if m != "" {
			p.IDs = append(p.IDs, m)
		}
		if parts == 1 && !d.recall {
			break
		}
		if err := d.keep(ctx, p); err != nil && p.Done < parts {
			return bot.Outcome{Uncertain: true, Reason: "store"}
		}
	}
	return bot.Outcome{Sent: true}
}

// hurried reports whether so little time is left that another call might be cut off.
func hurried(ctx context.Context) bool {
	end, ok := ctx.Deadline()
	return ok && time.Until(end) < callTime
}

func (d delivery) keep(ctx context.Context, p progress) error {
	data, err := json.Marshal(p)
	if err != nil {
		return err
	}
	return d.store.Update(ctx, d.scope(), func(tx store.Tx) error { return tx.Put(d.key(), data, progressTime) })
}
