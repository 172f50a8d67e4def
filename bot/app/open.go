package app

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"huiwen/bot"
	"huiwen/bot/post"
	"huiwen/handlers"
	"huiwen/knowledge/store"
)

// openStore opens what the configuration says the service remembers in.
func openStore(ctx context.Context, c Config) (store.Store, error) {
	if c.Store.Kind == "redis" {
		return store.OpenRedis(ctx, redisOptions(c), nil)
	}
	return store.OpenFile(ctx, c.Data, nil)
}

// A reader reads what is kept and writes nothing.
type reader interface {
	View(ctx context.Context, scope string, fn func(store.Tx) error) error
}

// openReader opens what the service remembers for reading alone; the error wraps
// [store.ErrNoStore] when it remembers nothing yet.
func openReader(ctx context.Context, c Config) (r reader, done func(), err error) {
	if c.Store.Kind == "redis" {
		o := redisOptions(c)
		o.ReadOnly = true
		s, err := store.OpenRedis(ctx, o, nil)
		if err != nil {
			return nil, nil, err
		}
		return s, func() { s.Close() }, nil
	}
	f, err := store.OpenReader(c.Data)
	return f, func() {}, err
}

func redisOptions(c Config) store.RedisOptions {
	r := c.Store.Redis
	return store.RedisOptions{Mode: r.Mode, Addrs: r.Addrs, Master: r.Master, Username: r.Username, Password: string(r.Password),
		WaitReplicas: r.WaitReplicas, WaitTime: time.Duration(r.WaitTime)}
}

// openToServe opens the store and refuses one that would lose what is
// acknowledged.
func openToServe(ctx context.Context, c *call) (store.Store, error) {
	open := openStore
	if c.clock != nil {
		open = func(ctx context.Context, conf Config) (store.Store, error) {
			return store.OpenFile(ctx, conf.Data, c.clock)
		}
	}
	s, err := open(ctx, c.config)
	if err != nil {
		return nil, err
	}
	switch err := s.Check(ctx); {
	case err == nil:
	case c.config.Store.Kind == "redis" && !c.config.Store.Redis.AllowLoss:
		return nil, errors.Join(fmt.Errorf("%w（确实要这样运行，请设 store.redis.allow_loss: true）", err), s.Close())
	case errors.Is(err, store.ErrDamaged):
		return nil, errors.Join(err, s.Close())
	default:
		c.log.Warn("store", "error", err)
	}
	return s, nil
}

// forgottenFile, in the data folder, lists the deletions that were asked for, so
// that a restore of an older backup does them again. It names nobody.
const forgottenFile = "forgotten.jsonl"

// keepForgotten appends a deletion to the list.
func keepForgotten(dir string) func(post.Forgotten) error {
	return func(f post.Forgotten) error {
		line, err := json.Marshal(f)
		if err != nil {
			return err
		}
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
		out, err := os.OpenFile(filepath.Join(dir, forgottenFile), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
		if err != nil {
			return err
		}
		_, err = out.Write(append(line, '\n'))
		return errors.Join(err, out.Sync(), out.Close())
	}
}

// handlersAtOnce is how many messages are answered at once: answers are short,
// what waits is the store.
const handlersAtOnce = 16

// newGateway joins the store, the handlers and the channels.
func newGateway(e *engine, s store.Store, c *call, senders map[string]bot.Sender) *post.Gateway {
	box := post.NewLimited(s, rand.Reader, post.Limits{PerShard: c.config.Inbox.PerShard, PerConversation: c.config.Inbox.PerConversation})
	e.archive = box
	return post.NewGateway(post.Options{
		Box:   box,
		Desk:  (&switchboard{store: s, now: c.Now}).guard(e.desk(&roll{store: s, now: c.Now}), func() bot.Facts { return handlers.Facts(e.snapshot()) }),
		Sorry: e.saying(sayUnanswerable), Busy: e.saying(sayBusy), Forgot: keepForgotten(c.config.Data), Sender: senders,
		Log: c.log, Workers: handlersAtOnce, Poll: pollEvery, StopTime: stopWithin,
		KeepLog: time.Duration(c.config.Log.Questions), KeepWords: c.config.Log.Words,
	})
}

// desk answers one message for the gateway, told by the roll who speaks.
func (e *engine) desk(who *roll) post.Desk {
	return func(ctx context.Context, m bot.Message, session []byte) (bot.Rendered, []byte, bool, error) {
		m, err := who.identify(ctx, m)
		if err != nil {
			return bot.Rendered{}, nil, false, err
		}
		return e.handle(ctx, m, session)
	}
}

// sayBusy answers messages beyond a person's share, at most once a minute.
const sayBusy = "您发得太快了，前面的还没答完，刚才这几条没有处理。请等一会儿再发。"

// saying makes a reply of one sentence that needs no handler.
func (e *engine) saying(words string) post.Sorry {
	return func() bot.Rendered {
		snap := e.snapshot()
		out, err := bot.Render(bot.Reply{Status: bot.Failed, Lines: []bot.Line{bot.Say(words)}, Version: snap.Version}, handlers.Facts(snap))
		if err != nil {
			return bot.Rendered{Status: bot.Failed, Text: words, Citations: []string{}, Choices: []string{}, Lines: []bot.Line{}}
		}
		return out
	}
}
