package app

import (
	"context"
	"fmt"
	"runtime/debug"

	"huiwen/bot"
	"huiwen/handlers"
	"huiwen/knowledge"
	"huiwen/knowledge/segment"
	"huiwen/seeds"
)

// An engine is what answers: the published snapshot and its handler.
type engine struct {
	snapshot *knowledge.Snapshot
	handler  bot.Handler
	cutter   *segment.Jieba
}

// newEngine loads the dictionary and the embedded seed.
func newEngine(c Config) (*engine, error) {
	dir, err := segment.FindDictionary(c.Dictionary)
	if err != nil {
		return nil, err
	}
	cutter, err := segment.Open(dir)
	if err != nil {
		return nil, err
	}
	snap, err := knowledge.Load(seeds.Files, cutter)
	if err != nil {
		return nil, fmt.Errorf("load the published state: %w", err)
	}
	debug.FreeOSMemory() // learning leaves far more behind than answering needs
	current := func() *knowledge.Snapshot { return snap }
	return &engine{snap, handlers.New(current), cutter}, nil
}

// answer handles a message and renders the reply.
func (e *engine) answer(ctx context.Context, m bot.Message, session []byte) (bot.Rendered, []byte, error) {
	r, next, err := e.handler.Handle(ctx, m, session)
	if err != nil {
		return bot.Rendered{}, session, fmt.Errorf("handle: %w", err)
	}
	out, err := bot.Render(r, handlers.Facts(e.snapshot))
	if err != nil {
		return bot.Rendered{}, session, fmt.Errorf("render: %w", err)
	}
	return out, next, nil
}

// buildVersion is the version this program was built as.
func buildVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}

func version(_ context.Context, c *call) error {
	fmt.Fprintln(c.Stdout, "huiwen", buildVersion())
	return nil
}
