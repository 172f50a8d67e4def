// Package post keeps every message from its acceptance until it is answered
// and the answer sent: inbox, leases, sessions, outbox, answers by number.
//
// All of a conversation lives in one scope of the store, its shard. A message
// is accepted in one commit; a worker takes the head of a conversation under a
// lease; one commit ends it: session, reply and done together. What is sent is
// the bytes of that commit, on every retry.
package post

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
	"strconv"
	"strings"
	"time"

	"huiwen/bot"
	"huiwen/knowledge/store"
)

// Shards is how many scopes conversations are spread over. It never changes:
// scopes are named by it.
const Shards = 64

// Bounds and terms.
const (
	maxPerConversation = 20     // waiting
	maxPerShard        = 10_000 // waiting
	maxTakes           = 2      // without a result; then the message is a dead letter
	leaseTime          = 60 * time.Second
	duplicateTime      = 4 * 24 * time.Hour
	sessionTime        = 24 * time.Hour
	answerTime         = 90 * 24 * time.Hour
	deadTime           = 30 * 24 * time.Hour
	maxAnswersKept     = 200 // numbers remembered of one conversation, to delete them
)

// The sets of a shard.
const (
	readySet = "ready" // conversations by when their head may run
	sendSet  = "send"  // replies by when they may be sent
	deadSet  = "dead"  // dead letters by when they died
)

func waitSet(conversation string) string    { return "wait/" + conversation }
func answersSet(conversation string) string { return "mine/" + conversation }
func messageKey(conversation, seq string) string {
	return "msg/" + conversation + "/" + seq
}
func leaseKey(conversation string) string   { return "lease/" + conversation }
func sessionKey(conversation string) string { return "sess/" + conversation }
func seenKey(id string) string              { return "seen/" + id }
func replyKey(id string) string             { return "reply/" + id }
func answerKey(number string) string        { return "ans/" + number }
func outKey(id string) string               { return "out/" + id }

// conversationOf keeps the conversations of different channels apart.
func conversationOf(m bot.Message) string { return m.Channel + "/" + m.Conversation }

// scopeOf is the shard of a conversation. All conversations of one account of
// 微信客服 share the account's, so that its cursor moves with its messages.
func scopeOf(conversation string) string {
	if rest, ok := strings.CutPrefix(conversation, "kf/"); ok {
		account, _, _ := strings.Cut(rest, "/")
		return AccountScope("kf", account)
	}
	return hashed(conversation)
}

// AccountScope is the shard of all conversations of one account of a channel.
func AccountScope(channel, account string) string { return hashed(channel + "/" + account) }

func hashed(s string) string {
	h := fnv.New32a()
	h.Write([]byte(s))
	return scopeNamed(int(h.Sum32() % Shards))
}

func scopeNamed(shard int) string { return fmt.Sprintf("in/%02d", shard) }

// A letter is a message that waits, with how often it was taken.
type letter struct {
	Message bot.Message `json:"message"`
	Takes   int         `json:"takes"`
	Arrived time.Time   `json:"arrived"`
}

// A lease lets one worker end the head of a conversation.
type lease struct {
	Token string    `json:"token"`
	Until time.Time `json:"until"`
}

// A State is what became of a reply on its way.
type State string

// The states of a reply.
const (
	Queued        State = "queued"
	Sent          State = "sent"
	Uncertain     State = "uncertain" // the platform's answer was lost
	Undeliverable State = "undeliverable"
)

// An Answer is a reply as it was given, kept by its number.
type Answer struct {
	Number   string       `json:"number"`
	Message  string       `json:"message"` // id
	Reply    bot.Rendered `json:"reply"`
	At       time.Time    `json:"at"`
	State    State        `json:"state"`
	Attempts int          `json:"attempts"`
	Reason   string       `json:"reason,omitempty"`
	To       bot.Address  `json:"to,omitzero"`
}

// newNumber is an answer number: the shard and 80 random bits, in groups that
// can be read out.
func newNumber(random io.Reader, scope string) (string, error) {
	var b [10]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return "", fmt.Errorf("make an answer number: %w", err)
	}
	const digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ" // Crockford base32
	var out strings.Builder
	out.WriteString(strings.TrimPrefix(scope, "in/"))
	var acc, bits uint
	for i, n := 0, 0; i < len(b) || bits >= 5; {
		if bits < 5 {
			acc, bits = acc<<8|uint(b[i]), bits+8
			i++
			continue
		}
		if n%4 == 0 {
			out.WriteByte('-')
		}
		bits -= 5
		out.WriteByte(digits[acc>>bits&31])
		n++
	}
	return out.String(), nil
}

// scopeOfNumber is the shard that an answer number names.
func scopeOfNumber(number string) (string, bool) {
	n, _, ok := strings.Cut(number, "-")
	shard, err := strconv.Atoi(n)
	if !ok || err != nil || shard < 0 || shard >= Shards {
		return "", false
	}
	return scopeNamed(shard), true
}

func newToken() string { return rand.Text() }

// getJSON reads a value of a scope into v.
func getJSON(tx store.Tx, key string, v any) (bool, error) {
	data, ok, err := tx.Get(key)
	if err != nil || !ok {
		return false, err
	}
	if err := json.Unmarshal(data, v); err != nil {
		return false, fmt.Errorf("post: %s is unreadable: %w", key, err)
	}
	return true, nil
}

func putJSON(tx store.Tx, key string, v any, ttl time.Duration) error {
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("post: %w", err)
	}
	return tx.Put(key, data, ttl)
}

// score is a time as the score of a set, in milliseconds.
func score(t time.Time) float64 { return float64(t.UnixMilli()) }
