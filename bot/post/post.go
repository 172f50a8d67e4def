// Package post keeps every message from its acceptance until it is answered
// and the answer sent: inbox, leases, sessions, outbox, answers by number.
//
// All of a conversation lives in one scope of the store, its shard. A message
// is accepted in one commit; a worker takes the head of a conversation under a
// lease; one commit ends it: session, reply and done together. What is sent is
// the bytes of that commit, on every retry.
package post

import (
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
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

// Bounds and terms. The terms stand in the retention table of NOTES.md.
const (
	maxTakes      = 2 // without a result; then the message is a dead letter
	leaseTime     = 60 * time.Second
	retakeAfter   = time.Second        // a take whose handler said that it failed
	duplicateTime = 26 * time.Hour     // ids of messages
	duplicateKF   = 5 * 24 * time.Hour // 客服 comes back with a message for three days
	sessionTime   = 24 * time.Hour
	answerTime    = 90 * 24 * time.Hour
	deadTime      = 30 * 24 * time.Hour
	toldTime      = 30 * 24 * time.Hour // that numbers were masked
	busyTime      = time.Minute         // between two busy sentences of a conversation
	forever       = 1e18                // as a score
)

// KeptFor is how long an answer is kept by its number.
const KeptFor = answerTime

// Limits bound what waits. Zero values mean the defaults.
type Limits struct {
	// PerShard is how many messages may wait in one of the [Shards], 10,000 by
	// default; residents together may fill four fifths of it, one person or group
	// a twentieth.
	PerShard int
	// PerConversation is how many may wait of one conversation, 20 by default.
	PerConversation int
}

func (l Limits) perShard(u bot.User) int {
	n := cmp.Or(l.PerShard, 10_000)
	if u != bot.Staff {
		n -= n / 5
	}
	return n
}

func (l Limits) perSpeaker() int { return max(1, cmp.Or(l.PerShard, 10_000)/20) }

func (l Limits) perConversation() int { return min(cmp.Or(l.PerConversation, 20), l.perSpeaker()) }

// The sets of a shard. Scores are microseconds of the store's clock.
const (
	readySet = "ready"       // conversations of residents by when their head may run
	staffSet = "ready/staff" // those of staff
	sendSet  = "send"        // replies by when they may be sent
	deadSet  = "dead"        // dead letters by when they died
	logSet   = "tolog"       // numbers whose entry is on its way to the question log
	jobSet   = "jobs"        // deletions by when they may go on
	tidySet  = "tidy"        // speakers by when the oldest of what is theirs expires
)

// The keys of a shard; <id> is a message's id, hashed, because it may hold a
// person's; <speaker> is who speaks, see [speakerOf].
//
//	wait/<conversation>       set: waiting messages by their place
//	msg/<conversation>/<n>    the message waiting at a place
//	lease/<conversation>      who may end the head
//	sess/<conversation>       the handler's session
//	seen/<id>                 the message came before
//	reply/<id>                number of the answer to a message
//	ans/<number>              an answer
//	out/<number>              who may settle its sending
//	rate/<number>             👍 or 👎, on its way to the log
//	entry/<number>            the entry of the question log, on its way
//	dead/<id>                 a dead letter
//	mine/<speaker>            set: keys of this shard that are the speaker's, by time
//	by/<speaker>              how many of his messages wait
//	busy/<conversation>       hashed: the busy sentence was said
//	told/<speaker>            hashed: he knows that numbers are masked
//	stats                     what became of all messages
//	job/<number>              a deletion under way, by the number of its receipt
//	receipt/<number>          a deletion that is done
func waitSet(conversation string) string { return "wait/" + conversation }
func mineSet(speaker string) string      { return "mine/" + speaker }
func messageKey(conversation, seq string) string {
	return "msg/" + conversation + "/" + seq
}
func leaseKey(conversation string) string   { return "lease/" + conversation }
func sessionKey(conversation string) string { return "sess/" + conversation }
func seenKey(id string) string              { return "seen/" + digest(id) }
func replyKey(id string) string             { return "reply/" + digest(id) }
func answerKey(number string) string        { return "ans/" + number }
func outKey(number string) string           { return "out/" + number }
func rateKey(number string) string          { return "rate/" + number }
func entryKey(number string) string         { return "entry/" + number }
func deadKey(id string) string              { return "dead/" + digest(id) }
func byKey(speaker string) string           { return "by/" + speaker }
func busyKey(conversation string) string    { return "busy/" + digest(conversation) }
func toldKey(speaker string) string         { return "told/" + digest(speaker) }
func jobKey(number string) string           { return "job/" + number }
func receiptKey(number string) string       { return "receipt/" + number }

const statsKey = "stats"

// digest stands for a name in a key that may outlive what is deleted.
func digest(name string) string {
	sum := sha256.Sum256([]byte(name))
	return hex.EncodeToString(sum[:16])
}

// conversationOf keeps the conversations of different channels apart.
func conversationOf(m bot.Message) string { return m.Channel + "/" + m.Conversation }

// speakerOf is the person where the platform names one, else the conversation.
// What he said and was told is kept and deleted by it.
func speakerOf(m bot.Message) string { return m.Channel + "/" + cmp.Or(m.Person, m.Conversation) }

// duplicateFor is how long an id of a channel is remembered.
func duplicateFor(channel string) time.Duration {
	if channel == "kf" {
		return duplicateKF
	}
	return duplicateTime
}

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
	// Masked tells that a personal number was taken out of it.
	Masked bool   `json:"masked,omitempty"`
	Reason string `json:"reason,omitempty"` // of a dead letter
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
	Silent        State = "silent" // a person has the session
)

// An Answer is a reply as it was given, kept by its number.
type Answer struct {
	Number   string       `json:"number"`
	Message  string       `json:"message"` // id
	Reply    bot.Rendered `json:"reply"`
	At       time.Time    `json:"at"`
	State    State        `json:"state"`
	Attempts int          `json:"attempts"`
	// Uncertain counts the attempts whose answer was lost: the person may have
	// read the reply as often as that and once more.
	Uncertain int         `json:"uncertain,omitempty"`
	Reason    string      `json:"reason,omitempty"`
	To        bot.Address `json:"to,omitzero"`
	// Conversation and Speaker are whose answer it is, empty for a receipt.
	Conversation string `json:"conversation,omitempty"`
	Speaker      string `json:"speaker,omitempty"`
	// Kind tells what ends a message from what does not.
	Kind Kind `json:"kind,omitempty"`
}

// A Kind says what a reply is to its message.
type Kind string

// The kinds of a reply.
const (
	Ordinary Kind = ""
	Apology  Kind = "apology" // ends a dead letter
	Busy     Kind = "busy"    // to a message beyond a share
)

// Stats counts what became of every message that was acknowledged. At any time
// Accepted is the sum of Waiting, Sending, Answered, Silent, Undeliverable,
// Limited and Dead.
type Stats struct {
	Accepted      int64 `json:"accepted"`
	Waiting       int64 `json:"waiting"`
	Sending       int64 `json:"sending"`
	Answered      int64 `json:"answered"`
	Silent        int64 `json:"silent"` // a person has the session, or it was deleted at the person's wish
	Undeliverable int64 `json:"undeliverable"`
	Limited       int64 `json:"limited"`
	Dead          int64 `json:"dead"`
	// Uncertain counts attempts to send whose answer was lost.
	Uncertain int64 `json:"uncertain"`
}

// Ended is how many messages came to their one end.
func (s Stats) Ended() int64 {
	return s.Answered + s.Silent + s.Undeliverable + s.Limited + s.Dead
}

func (s *Stats) add(o Stats) {
	s.Accepted += o.Accepted
	s.Waiting += o.Waiting
	s.Sending += o.Sending
	s.Answered += o.Answered
	s.Silent += o.Silent
	s.Undeliverable += o.Undeliverable
	s.Limited += o.Limited
	s.Dead += o.Dead
	s.Uncertain += o.Uncertain
}

// counting changes the stats of a shard.
func counting(tx store.Tx, change Stats) error {
	var s Stats
	if _, err := getJSON(tx, statsKey, &s); err != nil {
		return err
	}
	s.add(change)
	return putJSON(tx, statsKey, s, 0)
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
		kind, _, _ := strings.Cut(key, "/")
		return false, fmt.Errorf("post: a value of %s/ is unreadable: %w", kind, err)
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

// addTo changes a counter that is absent at zero.
func addTo(tx store.Tx, key string, change int) error {
	n, err := countOf(tx, key)
	if n += change; err != nil || n > 0 {
		return errors.Join(err, tx.Put(key, strconv.AppendInt(nil, int64(n), 10), 0))
	}
	return tx.Del(key)
}

func countOf(tx store.Tx, key string) (int, error) {
	v, ok, err := tx.Get(key)
	if err != nil || !ok {
		return 0, err
	}
	n, err := strconv.Atoi(string(v))
	if err != nil {
		return 0, fmt.Errorf("post: %s is no number", key)
	}
	return n, nil
}

// score is a time as the score of a set.
func score(t time.Time) float64 { return float64(t.UnixMicro()) }
