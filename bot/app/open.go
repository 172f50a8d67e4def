package app

import (
	"context"
	"crypto/rand"
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
	return store.RedisOptions{Mode: r.Mode, Addrs: r.Addrs, Master: r.Master, Username: r.Username, Password: string(r.Password)}
}

// handlersAtOnce is how many messages are answered at once: answers are short,
// what waits is the store.
const handlersAtOnce = 16

// newGateway joins the store, the handlers and the channels.
func newGateway(e *engine, s store.Store, c *call, senders map[string]bot.Sender) *post.Gateway {
	return post.NewGateway(post.Options{
		Box: post.NewBox(s, rand.Reader), Desk: (&switchboard{store: s, now: c.Now}).guard(e.desk(&roll{store: s, now: c.Now}), func() bot.Facts { return handlers.Facts(e.snapshot()) }), Sorry: e.sorry, Sender: senders, Log: c.log, Workers: handlersAtOnce, Poll: pollEvery,
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

// sorry ends a message that could not be answered.
func (e *engine) sorry() bot.Rendered {
	snap := e.snapshot()
	out, err := bot.Render(bot.Reply{Status: bot.Failed, Lines: []bot.Line{bot.Say(sayUnanswerable)}, Version: snap.Version}, handlers.Facts(snap))
	if err != nil {
		return bot.Rendered{Status: bot.Failed, Text: sayUnanswerable, Citations: []string{}, Choices: []string{}, Lines: []bot.Line{}}
	}
	return out
}
