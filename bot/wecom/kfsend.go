package wecom

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/silenceper/wechat/v2/work/kf/sendmsg"

	"huiwen/bot"
	"huiwen/bot/cut"
	"huiwen/bot/post"
	"huiwen/knowledge/store"
)

// Bounds of what is sent to a customer (document path 94677).
const (
	maxParts    = 4 // of the five that a message of his allows: one is left for the hand-over
	maxMenuHead = 1024
	maxMenuItem = 128
	maxMenu     = 9 // of ten items
)

// The errcodes of kf/send_msg that the documents name. On a retry of a msgid only
// these are failures: what a repeated msgid is refused with is not documented.
var kfNamed = []int{
	codeBusy, codeBadSecret, codeBadToken, codeTokenExpired, codeFrequency, codeConcurrency, codeNoAccess, codeNoPrivilege, codeAddress, 40003, 40033, 40058, 41001,
	95000, 95001, 95002, 95003, 95004, 95005, 95006, 95007, 95011, 95012, 95013, 95014, 95017, 95018,
}

const codeState = 95018 // a person has the session, or it has ended

// msgID is the id of a message on the platform, at most 32 characters: the same
// on every retry.
func msgID(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "|")))
	return hex.EncodeToString(sum[:16])
}

// partIDs are the ids that the messages of a reply may have.
func partIDs(id string) (out []string) {
	for i := range windowSize {
		out = append(out, msgID(id, strconv.Itoa(i)))
	}
	return append(out, msgID(id, "nobody"))
}

var _ bot.Sender = (*KF)(nil)

// Send implements [bot.Sender]. What the platform would refuse is not sent: after
// 48 hours, beyond five, while a person has the session.
func (k *KF) Send(ctx context.Context, to bot.Address, id string, r bot.Rendered) bot.Outcome {
	account, name, ok := strings.Cut(to.Conversation, "/")
	if !ok {
		return bot.Outcome{Final: true, Reason: "bad address"}
	}
	scope := post.AccountScope("kf", account)
	c, err := store.View(ctx, k.Store, scope, func(tx store.Tx) (customer, error) { return loadCustomer(tx, account, name) })
	if err != nil {
		return bot.Outcome{Reason: "store"}
	}
	room := c.room(partIDs(id))
	switch {
	case c.Human == id:
		return bot.Outcome{Sent: true} // sent before it was handed over
	case c.withPerson(k.Now().Unix()):
		return bot.Outcome{Silent: true, Reason: "human"}
	case c.late(k.Now()):
		return bot.Outcome{Final: true, Reason: "48h"}
	case room <= 0:
		return bot.Outcome{Final: true, Reason: "five"}
	}
	s := kfSending{KF: k, scope: scope, account: account, customer: name, id: id}
	o := s.parts(ctx, r, min(room, maxParts))
	if o.Sent && r.Status == bot.Handoff {
		if h := s.handOver(ctx); !h.Sent {
			return h
		}
	}
	return o
}

// A kfSending is one attempt to send one reply.
type kfSending struct {
	*KF
	scope, account, customer, id string
}

// parts sends the messages of a reply that were not sent yet.
func (s kfSending) parts(ctx context.Context, r bot.Rendered, most int) bot.Outcome {
	requests := kfRequests(s.account, s.customer, s.id, r, most)
	d := delivery{store: s.Store, name: "kf/" + s.account, id: s.id}
	p, err := d.progress(ctx)
	if err != nil {
		return bot.Outcome{Reason: "store"}
	}
	many, uncertain := len(requests) > 1 || r.Status == bot.Handoff, false
	for first := p.Done; p.Done < len(requests); {
		if hurried(ctx) && p.Done > first {
			return bot.Outcome{Wait: time.Millisecond, Reason: "more parts"}
		}
		in := requests[p.Done]
		o := s.one(ctx, in.msgID, in.menu, in.body)
		if !o.Sent {
			return o
		}
		uncertain = uncertain || o.Uncertain
		if p.Done++; many {
			if err := d.keep(ctx, p); err != nil {
				return bot.Outcome{Uncertain: true, Reason: "store"}
			}
		}
	}
	return bot.Outcome{Sent: true, Uncertain: uncertain}
}

// one counts a message against the window and then sends it.
func (s kfSending) one(ctx context.Context, msgID string, menu bool, body any) bot.Outcome {
	again, err := s.count(ctx, msgID, menu)
	if errors.Is(err, errWindow) {
		return bot.Outcome{Final: true, Reason: "five"}
	}
	if err != nil {
		return bot.Outcome{Reason: "store"}
	}
	err = s.Client.Call(ctx, "/cgi-bin/kf/send_msg", body, nil)
	code := codeOf(err)
	switch {
	case code == codeState:
		return s.refused(ctx)
	case code != 0 && again && !slices.Contains(kfNamed, code):
		return bot.Outcome{Sent: true, Uncertain: true, Reason: strconv.Itoa(code)} // the id was used: it was sent before
	}
	if o, stop := outcome(err); stop {
		return o
	}
	return bot.Outcome{Sent: true}
}

// errWindow says that five messages have been sent since the customer's last.
var errWindow = errors.New("kf: the window is full")

// count accounts a message before it is sent; again tells that it was accounted
// before, so that it may have been sent.
func (s kfSending) count(ctx context.Context, msgID string, menu bool) (again bool, err error) {
	err = s.Store.Update(ctx, s.scope, func(tx store.Tx) error {
		c, err := loadCustomer(tx, s.account, s.customer)
		if err != nil {
			return err
		}
		if again = slices.Contains(c.Sent, msgID); !again {
			if len(c.Sent) >= windowSize {
				return errWindow
			}
			c.Sent = append(c.Sent, msgID)
		}
		c.Menu = ""
		if menu {
			c.Menu = s.id
		}
		_, known, err := tx.Get(sentKey(msgID))
		again = again || known // the customer may have written between the attempts
		return errors.Join(err, saveCustomer(tx, s.account, s.customer, c), tx.Put(sentKey(msgID), []byte(s.id), customerTime))
	})
	return again, err
}

// refused finds out why nothing may be sent: then the customer is with a person,
// or the session has ended. Either way it is not tried again.
func (s kfSending) refused(ctx context.Context) bot.Outcome {
	state, err := s.state(ctx)
	if err == nil && (state == stateWaiting || state == statePerson) {
		_ = s.give(ctx, "event")
		return bot.Outcome{Silent: true, Reason: "human"}
	}
	return bot.Outcome{Final: true, Reason: strconv.Itoa(codeState)}
}

// kfRequest is one message to a customer.
type kfRequest struct {
	msgID string
	menu  bool
	body  any
}

// kfRequests are at most most messages of a reply: texts, and a menu for its
// choices. What does not fit is left out and said so.
func kfRequests(account, customer, id string, r bot.Rendered, most int) []kfRequest {
	number := "编号 " + id
	menu := len(r.Choices) > 0 && len(r.Choices) <= maxMenu
	f := asText
	f.noNumber = menu
	text := f.write(r)
	if r.Title != "" {
		text = inert(r.Title) + "\n" + text
	}
	text += commands(r)
	head := ""
	if menu {
		switch {
		case len(text)+len(number)+1 <= maxMenuHead:
			head, text = text+"\n"+number, ""
		case most > 1 && len(cut.Numbered(text, number, maxText)) < most:
			head = "请点选，或回复序号："
		default:
			menu = false
			text = asText.write(r) + commands(r)
		}
	}
	var texts []string
	if text != "" {
		texts = cut.Numbered(text, number, maxText)
	}
	if room := most - len(texts); room < 0 || menu && room < 1 {
		const more = "\n（内容较多，没有列完，请问得具体一点。）\n"
		texts = []string{}
		parts := cut.Parts(text, maxText-len(more)-len(number)-20)
		for i, p := range parts[:min(len(parts), most)] {
			tail := "\n" + number
			if i == most-1 {
				tail = more + number
			}
			texts = append(texts, p+tail)
		}
		menu = false
	}
	var out []kfRequest
	for _, part := range texts {
		t := sendmsg.Text{MsgType: "text"}
		t.ToUser, t.OpenKFID, t.MsgID, t.Text.Content = customer, account, msgID(id, strconv.Itoa(len(out))), part
		out = append(out, kfRequest{msgID: t.MsgID, body: t})
	}
	if menu {
		m := sendmsg.Menu{MsgType: "msgmenu"}
		m.ToUser, m.OpenKFID, m.MsgID, m.MsgMenu.HeadContent = customer, account, msgID(id, strconv.Itoa(len(out))), head
		for i, c := range r.Choices {
			click := sendmsg.MenuClick{Type: "click"}
			n := strconv.Itoa(i + 1)
			click.Click.ID, click.Click.Content = id+"#"+n, cut.Head(n+". "+inert(c), maxMenuItem)
			m.MsgMenu.List = append(m.MsgMenu.List, click)
		}
		out = append(out, kfRequest{m.MsgID, true, m})
	}
	return out
}
