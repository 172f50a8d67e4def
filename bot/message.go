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

// A Message is one thing that one person said, whatever the channel.
type Message struct {
	ID           string
	Channel      string // page, chat, ask, wecom, kf, dingtalk
	Conversation string
	User         User
	Bureau       string // for staff: full name of the bureau, when known
	Text         string
	At           time.Time // when it was said; as_of of the answer
}

// A Handler answers a message. It returns and does not write: the session it
// returns is opaque to bot and is committed together with the reply. It must be
// safe for concurrent use.
type Handler interface {
	Handle(ctx context.Context, m Message, session []byte) (Reply, []byte, error)
}
