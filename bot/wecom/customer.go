package wecom

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"huiwen/knowledge/store"
)

const (
	// A customer's message opens the window: so long and so many answers
	// (document path 94677).
	windowTime = 48 * time.Hour
	windowSize = 5
	// personTime is how long a session of a person lasts at most.
	personTime   = 48 * time.Hour
	customerTime = 4 * 24 * time.Hour
)

// customer is what an account's shard remembers of one: ["kf/cust/" account "/"
// customer] => JSON.
type customer struct {
	Last  int64    `json:"last,omitempty"`  // unix time of what he wrote last
	Sent  []string `json:"sent,omitempty"`  // msgids counted since
	Menu  string   `json:"menu,omitempty"`  // number of the last answer, if it was a menu
	Human string   `json:"human,omitempty"` // who has the session instead of us: "event", or the answer that handed it over
	Since int64    `json:"since,omitempty"` // unix time of the hand-over
}

func customerKey(account, name string) string { return "kf/cust/" + account + "/" + name }

// sentKey finds the answer of a message that was sent: ["kf/msg/" msgid] => number.
func sentKey(msgID string) string { return "kf/msg/" + msgID }

func loadCustomer(tx store.Tx, account, name string) (c customer, err error) {
	data, ok, err := tx.Get(customerKey(account, name))
	if err != nil || !ok {
		return c, err
	}
	if err := json.Unmarshal(data, &c); err != nil {
		return c, fmt.Errorf("wecom: a customer is unreadable: %w", err)
	}
	return c, nil
}

func saveCustomer(tx store.Tx, account, name string, c customer) error {
	data, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("wecom: %w", err)
	}
	return tx.Put(customerKey(account, name), data, customerTime)
}

// hear takes in one item of a page.
func (c *customer) hear(m kfMessage) {
	switch {
	case m.Origin == fromCustomer:
		c.Last, c.Sent = max(c.Last, m.SendTime), nil
	case m.Origin == fromSystem && m.Event.Type == "session_status_change":
		switch m.Event.ChangeType {
		case 1, 2, 4: // taken from the pool, passed on, opened again by a person
			c.Human, c.Since = "event", m.SendTime
		case 3:
			c.Human, c.Since = "", 0
		}
	}
}

// withPerson reports whether a person has the session at a time.
func (c *customer) withPerson(unix int64) bool {
	return c.Human != "" && unix-c.Since < int64(personTime/time.Second)
}

// room is how many messages of a reply with these msgids may still be sent.
func (c *customer) room(mine []string) int {
	others := 0
	for _, id := range c.Sent {
		if !slices.Contains(mine, id) {
			others++
		}
	}
	return windowSize - others
}

// late reports whether the window has closed. Who is not known is left to the
// platform to judge.
func (c *customer) late(now time.Time) bool {
	return c.Last != 0 && now.Sub(time.Unix(c.Last, 0)) > windowTime
}
