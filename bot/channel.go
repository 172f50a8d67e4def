package bot

import (
	"context"
	"time"
)

// An Address is where replies of a conversation go.
type Address struct {
	Channel      string `json:"channel"`
	Conversation string `json:"conversation"`
	// Card is the handle of the card that was pressed, which the reply may update
	// beside being sent; "" for none.
	Card string `json:"card,omitempty"`
}

// An Outcome is what a platform said to an attempt to send.
type Outcome struct {
	Sent bool
	// Final tells that no retry helps; Reason is the platform's.
	Final bool
	// Uncertain tells that the platform's answer was lost: it may have been sent.
	// With Sent it is not sent again, because the platform says that it has the id.
	Uncertain bool
	Reason    string
	// Wait tells that nothing was tried, or that the platform asks to come again
	// no sooner: the reply is sent later and the attempt does not count.
	Wait time.Duration
	// Silent tells that it was left unsaid on purpose: a person has the session.
	Silent bool
}

// A Sender sends a reply through a platform. The same id is given with every
// attempt of the same reply. It must be safe for concurrent use.
type Sender interface {
	Send(ctx context.Context, to Address, id string, r Rendered) Outcome
}
