package app

import (
	"context"
	"flag"
	"fmt"
	"sync"
	"time"

	"huiwen/bot"
	"huiwen/bot/post"
	"huiwen/knowledge/pause"
	"huiwen/knowledge/store"
	"huiwen/knowledge/versions"
)

// pausedFor is how long a reading of the pauses counts.
const pausedFor = 2 * time.Second

// A switchboard knows which channels do not answer. It is safe for concurrent use.
type switchboard struct {
	store store.Store
	now   func() time.Time

	mu   sync.Mutex
	list []pause.Pause
	read time.Time
}

func (s *switchboard) pauses(ctx context.Context) ([]pause.Pause, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := s.now(); !s.read.IsZero() && now.Sub(s.read).Abs() < pausedFor {
		return s.list, nil
	}
	list, err := store.View(ctx, s.store, pause.Scope, pause.List)
	if err != nil {
		return nil, fmt.Errorf("read the pauses: %w", err)
	}
	s.list, s.read = list, s.now()
	return list, nil
}

// guard answers on a paused channel with the reason. What must never be kept
// waiting passes: who is in danger or wants a person, who wants to be forgotten.
func (s *switchboard) guard(desk post.Desk, facts func() bot.Facts) post.Desk {
	return func(ctx context.Context, m bot.Message, session []byte) (bot.Rendered, []byte, bool, error) {
		list, err := s.pauses(ctx)
		if err != nil {
			return bot.Rendered{}, nil, false, err
		}
		r, next, forget, err := desk(ctx, m, session)
		p, held := pause.Of(list, m.Channel)
		if err != nil || !held || r.Status == bot.Handoff || r.Status == bot.Done {
			return r, next, forget, err
		}
		reason := bot.Part{Kind: bot.Recorded, Text: p.Reason, Ref: "sys/pause/" + p.Channel}
		r, err = bot.Render(bot.Reply{Status: bot.Handoff, Lines: []bot.Line{{bot.Words("现在暂停自动答复："), reason}}, Version: r.Version}, facts())
		return r, session, false, err
	}
}

// channelList lists the channels that are paused.
func channelList(ctx context.Context, c *call) error {
	if _, err := c.parse(0, 0, nil); err != nil {
		return err
	}
	s, err := openStore(ctx, c.config)
	if err != nil {
		return err
	}
	defer s.Close()
	list, err := store.View(ctx, s, pause.Scope, pause.List)
	for _, p := range list {
		fmt.Fprintf(c.Stdout, "%s\t%s 起由 %s 暂停\t%s\n", p.Channel, p.Since.Format(time.DateTime), p.By, p.Reason)
	}
	return err
}

// channelPause keeps a channel from answering; people read the reason.
func channelPause(ctx context.Context, c *call) error {
	reason := ""
	return switchChannel(ctx, c, func(fs *flag.FlagSet) { fs.StringVar(&reason, "reason", "", "") },
		func(tx store.Tx, channel, by string) error { return pause.Begin(tx, channel, reason, by) })
}

// channelResume lets a channel answer again.
func channelResume(ctx context.Context, c *call) error {
	return switchChannel(ctx, c, func(*flag.FlagSet) {}, pause.End)
}

func switchChannel(ctx context.Context, c *call, define func(*flag.FlagSet), change func(tx store.Tx, channel, by string) error) error {
	var f actFlags
	rest, err := c.parse(1, 1, func(fs *flag.FlagSet) { fs.StringVar(&f.as, "as", "", ""); define(fs) })
	if err != nil {
		return err
	}
	return c.acting(ctx, f, maySteer, func(s store.Store, act versions.Act) error {
		return s.Update(ctx, pause.Scope, func(tx store.Tx) error { return change(tx, rest[0], act.Who) })
	})
}
