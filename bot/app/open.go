package app

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"huiwen/bot"
	"huiwen/bot/post"
	"huiwen/handlers"
	"huiwen/knowledge/store"
)

// openStore opens what the configuration says the service remembers in.
func openStore(ctx context.Context, c Config) (store.Store, error) {
	if c.Store.Kind == "redis" {
		r := c.Store.Redis
		return store.OpenRedis(ctx, store.RedisOptions{Mode: r.Mode, Addrs: r.Addrs, Master: r.Master, Username: r.Username, Password: string(r.Password)}, nil)
	}
	return store.OpenFile(ctx, c.Data, nil)
}

// handlersAtOnce is how many messages are answered at once: answers are short,
// what waits is the store.
const handlersAtOnce = 16

// newGateway joins the store, the handlers and the channels.
func newGateway(e *engine, s store.Store, c *call, senders map[string]bot.Sender) *post.Gateway {
	return post.NewGateway(post.Options{
		Box: post.NewBox(s, rand.Reader), Desk: e.desk(&roll{store: s, now: c.Now}), Sorry: e.sorry, Sender: senders, Log: c.log, Workers: handlersAtOnce, Poll: pollEvery,
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
		r, next, err := e.handler.Handle(ctx, m, session)
		if err != nil {
			return bot.Rendered{}, nil, false, fmt.Errorf("handle: %w", err)
		}
		out, err := bot.Render(r, handlers.Facts(e.snapshot))
		if err != nil {
			return bot.Rendered{}, nil, false, fmt.Errorf("render: %w", err)
		}
		return out, next, r.Forget, nil
	}
}

// sorry ends a message that could not be answered.
func (e *engine) sorry() bot.Rendered {
	out, err := bot.Render(bot.Reply{Status: bot.Failed, Lines: []bot.Line{bot.Say(sayUnanswerable)}, Version: e.snapshot.Version}, handlers.Facts(e.snapshot))
	if err != nil {
		return bot.Rendered{Status: bot.Failed, Text: sayUnanswerable, Citations: []string{}, Choices: []string{}, Lines: []bot.Line{}}
	}
	return out
}
