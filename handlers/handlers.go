// Package handlers is what a message means and what is answered.
//
// The order of meaning: crisis words, commands, an answer that fits what was
// asked last, a measure by its number, a list, small talk, else what the plan
// holds on the subject.
package handlers

import (
	"context"
	"slices"
	"strings"
	"time"

	"huiwen/bot"
	"huiwen/knowledge"
	"huiwen/knowledge/eligibility"
	"huiwen/knowledge/segment"
)

// Zone is the civil time of the district.
var Zone = time.FixedZone("Asia/Shanghai", 8*60*60)

// Handlers answers messages from the snapshot that is published when they come.
type Handlers struct {
	current func() *knowledge.Snapshot
	duties  *Options // nil where staff only ask
	archive Archive  // nil where nothing is kept
}

// New makes the handler; current returns the published snapshot and is called
// once per message.
func New(current func() *knowledge.Snapshot) *Handlers { return &Handlers{current: current} }

var _ bot.Handler = (*Handlers)(nil)

// Handle implements [bot.Handler]. The same message, session and snapshot give
// the same reply.
func (h *Handlers) Handle(ctx context.Context, m bot.Message, data []byte) (bot.Reply, []byte, error) {
	if err := ctx.Err(); err != nil {
		return bot.Reply{}, data, err
	}
	all := h.current()
	t := newTurn(viewOf(all, m), m, openSession(data, m.At))
	first := t.another(all)
	r, err := h.reply(ctx, t)
	if err != nil {
		return bot.Reply{}, data, err
	}
	if r = t.sourced(r); len(first) > 0 && (r.Status == bot.Answered || r.Status == bot.Verdict) {
		r.Before(first...)
	}
	r.Version = t.snap.Version
	r.Scores = t.scores
	t.next.At = m.At
	t.next.Plan = t.snap.Content()
	t.next.Choices = r.Choices
	return r, t.next.bytes(), nil
}

// reply carries a command on the ledger out, else answers. Crisis words come before
// all else.
func (h *Handlers) reply(ctx context.Context, t *turn) (bot.Reply, error) {
	if r, ok, err := h.again(ctx, t); ok || err != nil {
		return r, err
	}
	if _, ok := t.crisis(); !ok && !t.consenting() {
		if r, done, err := h.order(ctx, t); done || err != nil {
			return r, err
		}
	}
	t.next.Draft = nil
	r := t.answer()
	t.remember(r.Status)
	if labels := t.labels(); len(labels) == 1 && r.Status == bot.Answered {
		return h.beside(ctx, t, labels[0], r)
	}
	return r, nil
}

// A turn is one message being answered.
type turn struct {
	snap *knowledge.Snapshot
	// elsewhere tells that snap is the plan of another year than that in force.
	elsewhere bool
	msg       bot.Message
	was       session // before this message
	next      session // after it
	text      string  // folded
	// intents and talk are what the words say beside their subject; wants is
	// where the intents were found.
	intents []string
	wants   []knowledge.Found
	talk    []knowledge.Found
	// heard is what texts tell of a person, each read once.
	heard map[string]eligibility.Facts
	// offer is the programme whose conditions the answer offers to compare.
	offer  *eligibility.Programme
	scores []bot.Score // of the best matches, for the question log
}

func newTurn(snap *knowledge.Snapshot, m bot.Message, s session) *turn {
	text := segment.Normalise(m.Text)
	wants := snap.Intents.In(text)
	return &turn{
		snap: snap, msg: m, was: s, next: s, text: text,
		intents: knowledge.Names(wants), wants: wants, talk: snap.Talk.In(text),
	}
}

// answer tries each meaning in order; the first that fits answers.
func (t *turn) answer() bot.Reply {
	for _, try := range []func() (bot.Reply, bool){
		t.wordless, t.crisis, t.command, t.pending, t.choice, t.scan, t.retelling, t.numbered, t.neighbour,
		t.narrowed, t.carded, t.listed, t.smalltalk, t.ordered, t.document, t.goals,
	} {
		if r, ok := try(); ok {
			return r
		}
	}
	return t.subject()
}

// asks reports whether the message holds any of the intents.
func (t *turn) asks(intents ...string) bool {
	return slices.ContainsFunc(intents, func(i string) bool { return slices.Contains(t.intents, i) })
}

// says returns the first phrasing of talk of one of the kinds.
func (t *turn) says(kinds ...string) (knowledge.Found, bool) {
	for _, f := range t.talk {
		if slices.Contains(kinds, f.Kind) && (!f.Whole || t.isWhole(f)) {
			return f, true
		}
	}
	return knowledge.Found{}, false
}

// isWhole reports whether the message is little else than the words of f.
func (t *turn) isWhole(f knowledge.Found) bool {
	rest := t.text
	for _, w := range f.Words {
		rest = strings.ReplaceAll(rest, w, "")
	}
	return runes(rest) <= 2
}

// runes counts the letters, digits and Chinese characters of s.
func runes(s string) int {
	n := 0
	segment.Runs(s, func(run []rune) { n += len(run) })
	return n
}
