package dingtalk

import (
	"cmp"
	"encoding/json"
	"net/url"
	"strings"
	"time"

	"huiwen/bot"
	"huiwen/bot/cut"
)

// Channel is the name of the robot's channel.
const Channel = "dingtalk"

// Bounds of what a frame may bring, in bytes: longer ids are no ids.
const (
	maxID      = 160
	maxText    = 16 << 10
	maxHookURL = 1024
)

// botData is a message to the robot, as the stream and the callback bring it.
// The SDK's struct lacks fields, so it is decoded here.
type botData struct {
	ConversationID   string          `json:"conversationId"`
	ConversationType string          `json:"conversationType"` // "1" private, "2" group
	MsgID            string          `json:"msgId"`
	SenderID         string          `json:"senderId"`
	SenderStaffID    string          `json:"senderStaffId"` // members of the same corporation only
	SenderCorpID     string          `json:"senderCorpId"`
	ChatbotCorpID    string          `json:"chatbotCorpId"`
	IsInAtList       *bool           `json:"isInAtList"`
	Webhook          string          `json:"sessionWebhook"`
	WebhookExpires   int64           `json:"sessionWebhookExpiredTime"` // ms
	MsgType          string          `json:"msgtype"`
	Text             contentOf       `json:"text"`
	Content          json.RawMessage `json:"content"`
}

type contentOf struct {
	Content string `json:"content"`
}

// words is what the message says: text, what was recognised of speech, the text
// of rich text; "" for what cannot be read.
func (d *botData) words() string {
	var in struct {
		Recognition string `json:"recognition"`
		Content     string `json:"content"`
		RichText    []struct {
			Text string `json:"text"`
		} `json:"richText"`
	}
	_ = json.Unmarshal(d.Content, &in) // of another form: nothing to read
	text := ""
	switch d.MsgType {
	case "text":
		text = cmp.Or(d.Text.Content, in.Content)
	case "audio":
		text = in.Recognition
	case "richText":
		var parts []string
		for _, r := range in.RichText {
			if strings.TrimSpace(r.Text) != "" {
				parts = append(parts, r.Text)
			}
		}
		text = strings.Join(parts, "\n")
	}
	return strings.TrimSpace(cut.Head(text, maxText))
}

// A Hook is the address that answers a session until it expires.
type Hook struct {
	URL     string    `json:"url"`
	Expires time.Time `json:"expires"`
}

// A place is where a conversation is held: a person's private chat with the
// robot, or a person within a group.
type place struct {
	group  string // openConversationId, "" in private
	person string // staff id, "" for who has none
	sender string // the platform's id of who has no staff id
}

// conversation is the place as it stands in an address. In private it is the
// staff id alone: that is how the directory and the notices name people.
func (p place) conversation() string {
	switch {
	case p.group != "":
		return "group/" + url.PathEscape(p.group) + "/" + url.PathEscape(cmp.Or(p.person, "-"+p.sender))
	case p.person != "":
		return p.person
	}
	return "sender/" + url.PathEscape(p.sender)
}

// placeOf reads an address.
func placeOf(conversation string) place {
	parts := strings.Split(conversation, "/")
	un := func(s string) string {
		if u, err := url.PathUnescape(s); err == nil {
			return u
		}
		return s
	}
	switch {
	case len(parts) == 3 && parts[0] == "group":
		p := place{group: un(parts[1]), person: un(parts[2])}
		if s, ok := strings.CutPrefix(p.person, "-"); ok {
			p.person, p.sender = "", s
		}
		return p
	case len(parts) == 2 && parts[0] == "group": // the group as a whole
		return place{group: un(parts[1])}
	case len(parts) == 2 && parts[0] == "sender":
		return place{sender: un(parts[1])}
	}
	return place{person: conversation}
}

// message turns what came into a message; ok is false for what is not said to
// the robot. proven tells that who speaks is vouched for: else nobody acts by it.
func (r *Robot) message(d botData, proven bool) (m bot.Message, hook Hook, ok bool) {
	inGroup := d.ConversationType == "2"
	switch {
	case d.MsgID == "" || len(d.MsgID) > maxID || len(d.SenderStaffID) > maxID || len(d.SenderID) > maxID || len(d.ConversationID) > maxID,
		d.SenderStaffID == "" && d.SenderID == "",
		inGroup && (d.ConversationID == "" || d.IsInAtList != nil && !*d.IsInAtList):
		return m, hook, false
	}
	p := place{person: d.SenderStaffID, sender: d.SenderID}
	if strings.ContainsAny(p.person, "/,") { // no staff id; it would read as another address
		p.person = ""
	}
	if !proven && p.person == "" {
		return m, hook, false // nobody to answer: the address in the body is not trusted
	}
	if inGroup && proven {
		p.group = d.ConversationID // of what is not proven only the person is answered
	}
	m = bot.Message{ID: "ding|" + d.MsgID, Channel: Channel, Conversation: p.conversation(), Group: p.group != "", User: bot.Resident, Text: d.words(), At: r.Now()}
	if proven {
		m.Person = cmp.Or(p.person, d.SenderID)
		if p.person != "" && sameCorp(r.CorpID, d) {
			m.User = bot.Staff
		}
		if d.Webhook != "" && len(d.Webhook) <= maxHookURL {
			hook = Hook{d.Webhook, time.UnixMilli(d.WebhookExpires)}
		}
	}
	return m, hook, true
}

// sameCorp reports whether the sender is a member of our corporation.
func sameCorp(corp string, d botData) bool {
	corp = cmp.Or(corp, d.ChatbotCorpID)
	return corp == "" || d.SenderCorpID == "" || d.SenderCorpID == corp
}

// cardData is a press of a card's button.
type cardData struct {
	OutTrackID string          `json:"outTrackId"`
	UserID     string          `json:"userId"`
	CorpID     string          `json:"corpId"`
	SpaceType  string          `json:"spaceType"`
	SpaceID    string          `json:"spaceId"`
	Content    json.RawMessage `json:"content"`
	Value      json.RawMessage `json:"value"`
	Private    json.RawMessage `json:"cardPrivateData"`
	Params     json.RawMessage `json:"params"`
	ActionID   string          `json:"actionId"`
}

// press is what a button brings with it: ids of actions and parameters. Both are
// input of whoever pressed, like words typed.
type press struct {
	ids    []string
	params map[string]string
}

// pressed looks for ids and parameters at every place where templates of
// different versions put them.
func (d *cardData) pressed() press {
	p := press{params: map[string]string{}}
	if d.ActionID != "" {
		p.ids = append(p.ids, d.ActionID)
	}
	for _, raw := range []json.RawMessage{d.Content, d.Value, d.Private} {
		p.read(raw, 0)
	}
	p.fields(d.Params)
	return p
}

// maxDepth bounds JSON inside JSON strings.
const maxDepth = 4

func (p *press) read(raw json.RawMessage, depth int) {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		raw = json.RawMessage(text)
	}
	var in struct {
		Private  json.RawMessage `json:"cardPrivateData"`
		IDs      []string        `json:"actionIds"`
		ActionID string          `json:"actionId"`
		Params   json.RawMessage `json:"params"`
		Value    json.RawMessage `json:"value"`
	}
	if depth > maxDepth || len(raw) == 0 || json.Unmarshal(raw, &in) != nil {
		return
	}
	p.ids = append(p.ids, in.IDs...)
	if in.ActionID != "" {
		p.ids = append(p.ids, in.ActionID)
	}
	p.fields(in.Params)
	p.read(in.Private, depth+1)
	p.read(in.Value, depth+1)
}

func (p *press) fields(raw json.RawMessage) {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		raw = json.RawMessage(text)
	}
	var in map[string]any
	if len(raw) == 0 || json.Unmarshal(raw, &in) != nil {
		return
	}
	for k, v := range in {
		if s, ok := v.(string); ok && len(p.params) < 50 {
			p.params[k] = cut.Head(s, 1024)
		}
	}
}

// sayKeys are the names under which templates hand on what a button says, the
// surest first.
var sayKeys = []string{"say", "command", "cmd", "text", "action", "value", "content"}

// says is what pressing means: the action of the card that an id or a parameter
// names, else the words that the parameter holds.
func (p press) says(c card) string {
	var given []string
	for _, k := range sayKeys {
		if v := strings.TrimSpace(p.params[k]); v != "" {
			given = append(given, v)
		}
	}
	for _, v := range append(append([]string{}, given...), p.ids...) {
		if say, ok := c.action(v); ok {
			return say
		}
	}
	if len(given) == 0 && len(p.params) == 1 {
		for _, v := range p.params {
			given = append(given, strings.TrimSpace(v))
		}
	}
	return strings.Join(given[:min(len(given), 1)], "")
}

// click turns a press into a message of whoever pressed.
func (r *Robot) click(d cardData, frame string, c card) (bot.Message, bool) {
	text := d.pressed().says(c)
	if text == "" || d.UserID == "" || frame == "" || len(d.UserID) > maxID || len(frame) > maxID || len(d.SpaceID) > 4*maxID || strings.ContainsAny(d.UserID, "/,") {
		return bot.Message{}, false
	}
	p := place{person: d.UserID}
	space := d.SpaceID
	if i := strings.LastIndex(space, "//"); i >= 0 { // dtv1.card//IM_GROUP.cid…
		space = space[i+2:]
	}
	kind := d.SpaceType
	for _, k := range []string{"IM_GROUP", "IM_ROBOT"} {
		if rest, ok := strings.CutPrefix(space, k+"."); ok {
			kind, space = k, rest
		}
	}
	if kind == "IM_GROUP" && space != "" && len(space) <= maxID {
		p.group = space
	} else if kind == "" && c.Group != "" {
		p.group = c.Group
	}
	m := bot.Message{ID: "ding|card|" + frame, Channel: Channel, Conversation: p.conversation(), Group: p.group != "", Person: d.UserID, User: bot.Staff, Text: text, At: r.Now(), Card: d.OutTrackID}
	if r.CorpID != "" && d.CorpID != "" && d.CorpID != r.CorpID {
		m.User = bot.Resident
	}
	return m, true
}
