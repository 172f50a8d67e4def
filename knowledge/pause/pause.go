// Package pause keeps which channels do not answer for now, and why: the switch
// that an admin throws when something is wrong.
//
// Keys in the scope sys: ["pause/" channel] => the pause as JSON.
package pause

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"huiwen/knowledge/audit"
	"huiwen/knowledge/store"
)

// Scope is where pauses are kept.
const Scope = "sys"

// Channels are what can be paused, by what stands before the slash of a
// channel's name; all is every one.
var Channels = []string{All, "page", "kf", "wecom", "dingtalk"}

// All stands for every channel.
const All = "all"

// maxReasonRunes bounds the reason, which people read.
const maxReasonRunes = 120

// ErrInvalid marks a pause that cannot be kept; the error says why.
var ErrInvalid = errors.New("不能暂停")

// A Pause (停答) keeps a channel from answering until somebody ends it.
type Pause struct {
	Channel string    `json:"channel"`
	Reason  string    `json:"reason"` // as people read it
	By      string    `json:"by"`
	Since   time.Time `json:"since"`
}

func key(channel string) string { return "pause/" + channel }

// Begin pauses a channel and notes who did it.
func Begin(tx store.Tx, channel, reason, by string) error {
	reason = strings.TrimSpace(reason)
	switch {
	case !slices.Contains(Channels, channel):
		return fmt.Errorf("%w：没有 %q 这个渠道，可用：%s", ErrInvalid, channel, strings.Join(Channels, "、"))
	case reason == "" || utf8.RuneCountInString(reason) > maxReasonRunes || !utf8.ValidString(reason) || strings.ContainsAny(reason, "\r\n"):
		return fmt.Errorf("%w：要写一句居民能看懂的理由，最多 %d 个字", ErrInvalid, maxReasonRunes)
	}
	data, err := json.Marshal(Pause{channel, reason, by, tx.Now()})
	if err != nil {
		return fmt.Errorf("pause: %w", err)
	}
	return cmp.Or(tx.Put(key(channel), data, 0), audit.Note(tx, audit.Entry{Who: by, Act: "channel.pause", Subject: channel, Why: reason}))
}

// End lets a channel answer again and notes who did it.
func End(tx store.Tx, channel, by string) error {
	if _, ok, err := tx.Get(key(channel)); err != nil || !ok {
		return cmp.Or(err, fmt.Errorf("%w：%s 没有暂停", ErrInvalid, channel))
	}
	return cmp.Or(tx.Del(key(channel)), audit.Note(tx, audit.Entry{Who: by, Act: "channel.resume", Subject: channel}))
}

// List reads the pauses in force, in the order of [Channels].
func List(tx store.Tx) ([]Pause, error) {
	var out []Pause
	for _, c := range Channels {
		data, ok, err := tx.Get(key(c))
		if err != nil {
			return nil, err
		}
		var p Pause
		if !ok {
			continue
		}
		if err := json.Unmarshal(data, &p); err != nil {
			return nil, fmt.Errorf("the pause of %s is unreadable: %w", c, err)
		}
		out = append(out, p)
	}
	return out, nil
}

// Of finds the pause that a channel such as wecom/staff is under.
func Of(list []Pause, channel string) (Pause, bool) {
	kind, _, _ := strings.Cut(channel, "/")
	for _, p := range list {
		if p.Channel == All || p.Channel == kind {
			return p, true
		}
	}
	return Pause{}, false
}
