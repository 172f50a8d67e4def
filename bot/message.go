package bot

import (
	"context"
	"time"
)

// A User says on whose behalf a message came.
type User string

// The kinds of user.
const (
	Resident User = "resident"
	Staff    User = "staff"
)

// A Role says what a person may do; the directory gives it, never the platform.
type Role string

// The roles of people who act in chat.
const (
	Liaison   Role = "liaison"   // 联络员
	Head      Role = "head"      // 科室负责人, reviews for the bureau
	Leader    Role = "leader"    // 分管领导
	Office    Role = "office"    // 领导小组办公室: reviews, closes, urges
	Inspector Role = "inspector" // 督查室: may reopen
)

// A Message is one thing that one person said, whatever the channel.
type Message struct {
	ID           string
	Channel      string // page, chat, ask, wecom, kf, dingtalk
	Conversation string
	Person       string // who speaks: the platform's id of the person, "" when only the conversation is known
	User         User
	Bureau       string // for staff: full name of the bureau, when known
	Roles        []Role // for staff: what the directory lets the person do
	Text         string
	At           time.Time // when it was said; as_of of the answer
	// Card is the platform's handle of the card whose button was pressed, "" for
	// none; the reply may take the card's place.
	Card string `json:",omitempty"`
	// Group tells that others of a group read the answer too.
	Group bool `json:",omitempty"`
	// Human says when a person takes over on this channel: "" never, [HumanNow], or
	// the service hours as people read them.
	Human string `json:",omitempty"`
}

// HumanNow is a [Message.Human] of the service hours: who asks for a person is
// handed over with the reply.
const HumanNow = "now"

// A Handler answers a message. It returns and does not write: the session it
// returns is opaque to bot and is committed together with the reply. It must be
// safe for concurrent use.
type Handler interface {
	Handle(ctx context.Context, m Message, session []byte) (Reply, []byte, error)
}
