// Package handlers is what a message means and what is answered.
package handlers

import (
	"context"

	"huiwen/bot"
	"huiwen/knowledge"
)

// Handlers answers messages from the snapshot that is published when they come.
type Handlers struct{ current func() *knowledge.Snapshot }

// New makes the handler; current returns the published snapshot and is called
// once per message.
func New(current func() *knowledge.Snapshot) *Handlers { return &Handlers{current: current} }

var _ bot.Handler = (*Handlers)(nil)

// Handle implements [bot.Handler].
func (h *Handlers) Handle(ctx context.Context, m bot.Message, session []byte) (bot.Reply, []byte, error) {
	return bot.Reply{Status: bot.OutOfScope}, session, nil
}
