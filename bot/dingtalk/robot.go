package dingtalk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"huiwen/bot"
	"huiwen/bot/post"
	"huiwen/knowledge/store"
)

// An Inbox keeps messages together with what also writes in the same commit.
type Inbox interface {
	AcceptAll(ctx context.Context, scope string, messages []bot.Message, also func(store.Tx) error) error
}

// A Robot is the app's robot: people write to it in private and by @ in groups,
// and are answered in the session, by the OpenAPI or by a card.
type Robot struct {
	CorpID    string
	RobotCode string
	Template  string // of interactive cards, "" for none
	Client    *Client
	Store     store.Store
	Inbox     Inbox
	Log       *slog.Logger
	Now       func() time.Time
}

const (
	hookTime = 2 * time.Hour // sessions live 90 minutes
	cardTime = 90 * 24 * time.Hour
	partTime = 24 * time.Hour
)

// What the robot keeps, all in the shard of what it belongs to:
//
//	ding/hook/<conversation> => Hook, the newest of the conversation
//	ding/card/<outTrackId>   => card, what a button of it says
//	ding/part/<answer>       => progress of a reply with several parts or people
//	ding/sign/<sign>         => hash of the first body that came with the signature
func hookKey(conversation string) string { return "ding/hook/" + conversation }
func cardKey(track string) string        { return "ding/card/" + track }
func partKey(answer string) string       { return "ding/part/" + answer }
func signKey(sign string) string         { return "ding/sign/" + sign }

// shard is the scope of all that belongs to one name.
func shard(kind, name string) string { return post.AccountScope(kind, name) }

// Take keeps a message of the stream or of a callback before it is
// acknowledged. An error means that it must come again.
func (r *Robot) Take(ctx context.Context, raw []byte, proven bool) error {
	var d botData
	if err := json.Unmarshal(raw, &d); err != nil {
		r.Log.Warn("dingtalk message not understood", "bytes", len(raw))
		return nil // it would only come again
	}
	m, hook, ok := r.message(d, proven)
	if !ok {
		r.Log.Debug("dingtalk message is not for the robot")
		return nil
	}
	return r.accept(ctx, m, hook)
}

// TakeClick keeps a press of a card's button.
func (r *Robot) TakeClick(ctx context.Context, raw []byte, frame string) error {
	var d cardData
	if err := json.Unmarshal(raw, &d); err != nil {
		r.Log.Warn("dingtalk card callback not understood", "bytes", len(raw))
		return nil
	}
	c, err := r.card(ctx, d.OutTrackID)
	if err != nil {
		return err
	}
	m, ok := r.click(d, frame, c)
	if !ok {
		r.Log.Warn("dingtalk card callback says nothing", "bytes", len(raw))
		return nil
	}
	return r.accept(ctx, m, Hook{})
}

func (r *Robot) accept(ctx context.Context, m bot.Message, hook Hook) error {
	return r.Inbox.AcceptAll(ctx, shard(Channel, m.Conversation), []bot.Message{m}, func(tx store.Tx) error {
		if hook.URL == "" {
			return nil
		}
		return putJSON(tx, hookKey(m.Conversation), hook, hookTime)
	})
}

// hook is the newest session of a conversation that is still open.
func (r *Robot) hook(ctx context.Context, conversation string) (Hook, bool) {
	var h Hook
	if err := r.load(ctx, shard(Channel, conversation), hookKey(conversation), &h); err != nil || h.URL == "" {
		return h, false // without it the OpenAPI answers
	}
	return h, r.Now().Add(callTime).Before(h.Expires)
}

func (r *Robot) load(ctx context.Context, scope, key string, v any) error {
	err := r.Store.View(ctx, scope, func(tx store.Tx) error {
		data, ok, err := tx.Get(key)
		if err != nil || !ok {
			return err
		}
		return json.Unmarshal(data, v)
	})
	if err != nil {
		return fmt.Errorf("dingtalk: read %s: %w", scope, err)
	}
	return nil
}

func (r *Robot) save(ctx context.Context, scope, key string, v any, ttl time.Duration) error {
	err := r.Store.Update(ctx, scope, func(tx store.Tx) error { return putJSON(tx, key, v, ttl) })
	if err != nil {
		return fmt.Errorf("dingtalk: write %s: %w", scope, err)
	}
	return nil
}

func putJSON(tx store.Tx, key string, v any, ttl time.Duration) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return tx.Put(key, data, ttl)
}

// Check says what is wrong with the keys, nil when the platform takes them.
func (r *Robot) Check(ctx context.Context) error {
	_, err := r.Client.token(ctx, newHost, "")
	var api *APIError
	if errors.As(err, &api) {
		return fmt.Errorf("钉钉不接受 client_id 和 client_secret（%s），请从开发者后台重新复制", api.Code)
	}
	return err
}
