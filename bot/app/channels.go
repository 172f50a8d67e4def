package app

import (
	"context"
	"fmt"
	"net/http"
	"sync"

	"huiwen/bot"
	"huiwen/bot/post"
	"huiwen/knowledge/finding"
	"huiwen/knowledge/store"
)

// Channels are the platforms that the configuration names.
type channels struct {
	senders map[string]bot.Sender
	mounts  []func(mux *http.ServeMux, g *post.Gateway)
	run     []func(ctx context.Context)
	// checks say what an operator should know; live asks the platforms too.
	checks []func(ctx context.Context, live bool) []finding.Finding
}

// newChannels makes the platforms' clients. Names of apps stand in errors,
// secrets never do.
func newChannels(c *call, s store.Store) (*channels, error) {
	ch := &channels{senders: map[string]bot.Sender{}}
	if err := ch.addWeCom(c, s); err != nil {
		return nil, err
	}
	mount, err := ch.addDing(c, s)
	if err != nil {
		return nil, fmt.Errorf("dingtalk: %w", err)
	}
	ch.mounts = append(ch.mounts, mount)
	return ch, nil
}

// mount serves the callbacks.
func (ch *channels) mount(mux *http.ServeMux, g *post.Gateway) {
	for _, m := range ch.mounts {
		m(mux, g)
	}
}

// check says what is wrong with the platforms.
func (ch *channels) check(ctx context.Context, live bool) []finding.Finding {
	var out []finding.Finding
	for _, c := range ch.checks {
		out = append(out, c(ctx, live)...)
	}
	return out
}

// start runs what the channels do by themselves; the function it returns waits
// for their end.
func (ch *channels) start(ctx context.Context) (wait func()) {
	var wg sync.WaitGroup
	for _, run := range ch.run {
		wg.Go(func() { run(ctx) })
	}
	return wg.Wait
}
