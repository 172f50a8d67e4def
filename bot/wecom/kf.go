package wecom

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/silenceper/wechat/v2/work/kf/sendmsg"

	"huiwen/bot"
	"huiwen/bot/post"
	"huiwen/knowledge/store"
)

// Terms of 微信客服 (document paths 94670, 94677).
const (
	syncLimit    = 1000
	syncLease    = time.Minute
	maxPages     = 200              // of one sync
	firstFloor   = 10 * time.Minute // what is older at the first start is not answered
	resyncEvery  = 5 * time.Minute
	maxParts     = 4 // of the five messages that one of the customer's allows
	maxMenuHead  = 1024
	pokeTokenFor = 10 * time.Minute
)

// The errcodes of 微信客服 that say that a reply can never be delivered.
var kfFinal = map[int]bool{95000: true, 95001: true, 95002: true, 95004: true, 95013: true, 95018: true, 40058: true}

const codeBadMsgToken = 95007

// A KF serves the accounts of 微信客服: pokes come by callback, messages are
// fetched, answers are sent within the platform's window.
type KF struct {
	CorpID  string
	Client  *Client
	Store   store.Store
	Box     *post.Box
	Gateway *post.Gateway
	Log     *slog.Logger
	Now     func() time.Time
	Welcome string

	ring chan string // accounts to fetch from
}

// NewKF completes a KF.
func NewKF(k KF) *KF {
	k.ring = make(chan string, 256)
	return &k
}

// Channel is the name of the channel.
func (*KF) Channel() string { return "kf" }

// poke is that an account has something, kept before the platform is told 200.
type poke struct {
	Token string    `json:"token"`
	At    time.Time `json:"at"`
}

func cursorKey(account string) string { return "kf/cursor/" + account }

const pokeSet = "kf/pokes"

// Take implements the callback: it keeps the poke and wakes the fetcher.
func (k *KF) Take(ctx context.Context, e Event) error {
	if e.MsgType != "event" || e.Event != "kf_msg_or_event" || e.OpenKfId == "" {
		return nil
	}
	data, err := json.Marshal(poke{e.Token, k.Now()})
	if err != nil {
		return err
	}
	err = k.Store.Update(ctx, "sys", func(tx store.Tx) error {
		return errors.Join(tx.Put("kf/poke/"+e.OpenKfId, data, pokeTokenFor), tx.Add(pokeSet, e.OpenKfId, float64(tx.Now().UnixMilli())))
	})
	if err != nil {
		return fmt.Errorf("keep a poke: %w", err)
	}
	k.wake(e.OpenKfId)
	return nil
}

func (k *KF) wake(account string) {
	select {
	case k.ring <- account:
	default: // the round finds it
	}
}

// Run fetches what is poked, and every account from time to time, until ctx ends.
func (k *KF) Run(ctx context.Context) {
	tick := time.NewTicker(resyncEvery)
	defer tick.Stop()
	k.round(ctx)
	for {
		select {
		case account := <-k.ring:
			if err := k.sync(ctx, account); err != nil && ctx.Err() == nil {
				k.Log.Warn("kf sync", "error", err)
				time.AfterFunc(time.Duration(1+rand.IntN(3))*time.Second, func() { k.wake(account) })
			}
		case <-tick.C:
			k.round(ctx)
		case <-ctx.Done():
			return
		}
	}
}

// round wakes every account that was ever poked: a poke may be lost.
func (k *KF) round(ctx context.Context) {
	accounts, err := store.View(ctx, k.Store, "sys", func(tx store.Tx) ([]store.Member, error) { return tx.Range(pokeSet, 0, 1e18, 1000) })
	if err != nil && ctx.Err() == nil {
		k.Log.Warn("kf round", "error", err)
	}
	for _, a := range accounts {
		k.wake(a.Name)
	}
}

// syncRequest asks for messages from a cursor on.
type syncRequest struct {
	Cursor   string `json:"cursor,omitempty"`
	Token    string `json:"token,omitempty"`
	Limit    int    `json:"limit"`
	OpenKfID string `json:"open_kfid"`
}

// syncAnswer is a page of messages. It is decoded here because the SDK's
// struct drops fields of events.
type syncAnswer struct {
	NextCursor string      `json:"next_cursor"`
	HasMore    int         `json:"has_more"`
	List       []kfMessage `json:"msg_list"`
}

type kfMessage struct {
	MsgID    string `json:"msgid"`
	OpenKfID string `json:"open_kfid"`
	External string `json:"external_userid"`
	SendTime int64  `json:"send_time"`
	Origin   int    `json:"origin"` // 3 customer, 4 event, 5 servicer
	MsgType  string `json:"msgtype"`
	Text     struct {
		Content string `json:"content"`
		MenuID  string `json:"menu_id"`
	} `json:"text"`
	Event struct {
		Type       string `json:"event_type"`
		OpenKfID   string `json:"open_kfid"`
		External   string `json:"external_userid"`
		Welcome    string `json:"welcome_code"`
		FailMsgID  string `json:"fail_msgid"`
		FailType   int    `json:"fail_type"`
		ChangeType int    `json:"change_type"`
	} `json:"event"`
}

// sync fetches an account page by page: the messages of a page and the cursor
// after it are kept in one commit, under the account's lease.
func (k *KF) sync(ctx context.Context, account string) error {
	scope := post.AccountScope("kf", account)
	lease := strconv.FormatUint(rand.Uint64(), 36)
	cursor, mine, err := k.lease(ctx, scope, account, lease)
	if err != nil || !mine {
		return err
	}
	token := k.pokeToken(ctx, account)
	first := cursor == ""
	for range maxPages {
		var page syncAnswer
		err := k.Client.Call(ctx, "/cgi-bin/kf/sync_msg", syncRequest{cursor, token, syncLimit, account}, &page)
		var api *APIError
		if errors.As(err, &api) && api.Code == codeBadMsgToken && token != "" {
			token = "" // it is good for ten minutes; go on without it
			continue
		}
		if err != nil {
			return err
		}
		if page.NextCursor != "" {
			cursor = page.NextCursor
		}
		if err := k.keep(ctx, scope, account, lease, cursor, page.List, first); err != nil {
			return err
		}
		if page.HasMore == 0 {
			break
		}
	}
	return k.Store.Update(ctx, scope, func(tx store.Tx) error {
		if held, _, err := tx.Get("kf/lease/" + account); err != nil || string(held) != lease {
			return err
		}
		return tx.Del("kf/lease/" + account)
	})
}

// lease takes the account for one fetcher among the replicas.
func (k *KF) lease(ctx context.Context, scope, account, token string) (cursor string, mine bool, err error) {
	err = k.Store.Update(ctx, scope, func(tx store.Tx) error {
		_, held, err := tx.Get("kf/lease/" + account)
		mine = !held
		if err != nil || held {
			return err
		}
		data, _, err := tx.Get(cursorKey(account))
		if err != nil {
			return err
		}
		cursor = string(data)
		return tx.Put("kf/lease/"+account, []byte(token), syncLease)
	})
	return cursor, mine, err
}

func (k *KF) pokeToken(ctx context.Context, account string) string {
	token, _ := store.View(ctx, k.Store, "sys", func(tx store.Tx) (string, error) {
		data, ok, err := tx.Get("kf/poke/" + account)
		var p poke
		if err != nil || !ok || json.Unmarshal(data, &p) != nil {
			return "", err
		}
		return p.Token, nil
	})
	return token
}

// errLease says that another replica has the account.
var errLease = errors.New("kf: the lease was lost")

// keep accepts a page's messages and moves the cursor in one commit.
func (k *KF) keep(ctx context.Context, scope, account, lease, cursor string, list []kfMessage, first bool) error {
	var messages []bot.Message
	for _, m := range list {
		old := first && k.Now().Sub(time.Unix(m.SendTime, 0)) > firstFloor
		if old {
			continue // three days of history are not answered at the first start
		}
		switch m.Origin {
		case 3:
			messages = append(messages, k.message(account, m))
		case 4:
			k.event(ctx, account, m)
		}
	}
	return k.Gateway.AcceptAll(ctx, scope, messages, func(tx store.Tx) error {
		if held, ok, err := tx.Get("kf/lease/" + account); err != nil || !ok || string(held) != lease {
			return errors.Join(err, errLease)
		}
		return errors.Join(tx.Put(cursorKey(account), []byte(cursor), 0), tx.Put("kf/lease/"+account, []byte(lease), syncLease))
	})
}

// message is what a customer wrote; what is no text is empty.
func (k *KF) message(account string, m kfMessage) bot.Message {
	text := m.Text.Content
	return bot.Message{ID: "kf|" + m.MsgID, Channel: "kf", Conversation: account + "/" + m.External, Person: m.External, User: bot.Resident, Text: text, At: time.Unix(m.SendTime, 0)}
}

// event answers the opening of a session with a welcome, and writes down what
// the platform could not deliver.
func (k *KF) event(ctx context.Context, account string, m kfMessage) {
	switch m.Event.Type {
	case "enter_session":
		if m.Event.Welcome == "" || k.Welcome == "" {
			return
		}
		in := map[string]any{"code": m.Event.Welcome, "msgid": msgID("welcome", m.MsgID), "msgtype": "text", "text": map[string]string{"content": k.Welcome}}
		if err := k.Client.Call(ctx, "/cgi-bin/kf/send_msg_on_event", in, nil); err != nil {
			k.Log.Warn("kf welcome", "error", err)
		}
	case "msg_send_fail":
		k.Log.Warn("kf message not delivered", "account", account, "fail_type", m.Event.FailType)
	}
}

// msgID is the id of a message on the platform, at most 32 characters: the same
// on every retry.
func msgID(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "|")))
	return hex.EncodeToString(sum[:16])
}

// Send implements [bot.Sender].
func (k *KF) Send(ctx context.Context, to bot.Address, id string, r bot.Rendered) bot.Outcome {
	account, customer, ok := strings.Cut(to.Conversation, "/")
	if !ok {
		return bot.Outcome{Final: true, Reason: "bad address"}
	}
	requests := kfRequests(account, customer, id, r)
	for _, in := range requests {
		err := k.Client.Call(ctx, "/cgi-bin/kf/send_msg", in, nil)
		var api *APIError
		switch {
		case errors.As(err, &api) && kfFinal[api.Code]:
			return bot.Outcome{Final: true, Reason: strconv.Itoa(api.Code)}
		case errors.As(err, &api) && api.Code == codeRepeated:
			continue // it was sent before
		}
		if o, stop := outcome(err); stop {
			if o.Final { // of a retried id any other code may mean that it was sent
				o.Final, o.Uncertain = false, true
			}
			return o
		}
	}
	return bot.Outcome{Sent: true}
}

// codeRepeated is what a repeated msgid is refused with; it is not documented
// and is believed to be this one.
const codeRepeated = 95032

// kfRequests are the messages of a reply: texts, and a menu for its choices.
func kfRequests(account, customer, id string, r bot.Rendered) []any {
	text, menu := plainText(r.Text), len(r.Choices) > 0
	if menu { // the choices become buttons; their numbers still work
		text = cutChoices(text, r.Choices)
	}
	parts := split(text+"\n编号 "+id, maxText)
	if len(parts) > maxParts {
		parts = append(parts[:maxParts-1], "内容较多，更多内容请打开网页版查看。\n编号 "+id)
	}
	var out []any
	for i, part := range parts {
		if menu && i == len(parts)-1 && len(part) <= maxMenuHead {
			m := sendmsg.Menu{}
			m.ToUser, m.OpenKFID, m.MsgID, m.MsgType = customer, account, msgID(id, strconv.Itoa(i)), "msgmenu"
			m.MsgMenu.HeadContent = part
			for n, c := range r.Choices[:min(len(r.Choices), 9)] {
				var click sendmsg.MenuClick
				click.Type = "click"
				click.Click.ID = strconv.Itoa(n + 1)
				click.Click.Content = split(c, 128)[0]
				m.MsgMenu.List = append(m.MsgMenu.List, click)
			}
			out = append(out, m)
			continue
		}
		t := sendmsg.Text{}
		t.ToUser, t.OpenKFID, t.MsgID, t.MsgType = customer, account, msgID(id, strconv.Itoa(i)), "text"
		t.Text.Content = part
		out = append(out, t)
	}
	return out
}

// cutChoices drops the numbered choices from the end of a text.
func cutChoices(text string, choices []string) string {
	for i := len(choices) - 1; i >= 0; i-- {
		text = strings.TrimSuffix(text, "\n"+strconv.Itoa(i+1)+". "+plainText(choices[i]))
	}
	return text
}
