package handlers

import (
	"context"
	"slices"

	"huiwen/bot"
	"huiwen/bot/post"
	"huiwen/knowledge/eligibility"
)

// An Archive opens what was answered before.
type Archive interface {
	// Opened finds the answer of a number for the sender of m; mine tells that it
	// was given to the same person in the same conversation.
	Opened(ctx context.Context, number string, m bot.Message) (a post.Answer, mine, ok bool, err error)
}

// Opening is h that opens answers by their number.
func (h *Handlers) Opening(a Archive) *Handlers {
	out := *h
	out.archive = a
	return &out
}

// again opens the answer of a number: the same to whom it was given, to anybody
// else what it says without what that person told.
func (h *Handlers) again(ctx context.Context, t *turn) (bot.Reply, bool, error) {
	number, ok := post.ReadNumber(t.msg.Text)
	if !ok || h.archive == nil {
		return bot.Reply{}, false, nil
	}
	a, mine, ok, err := h.archive.Opened(ctx, number, t.msg)
	if err != nil {
		return bot.Reply{}, false, err
	}
	number = a.Number
	none := bot.Reply{Status: bot.Clarification, Lines: []bot.Line{bot.Say(sayNoAnswer)}}
	switch {
	case !ok || a.Kind != post.Ordinary || a.Conversation == "": // gone, an apology, a receipt
		return none, true, nil
	case mine:
		return t.givenBefore(a), true, nil
	}
	r, ok := t.withoutFacts(a)
	if !ok {
		return none, true, nil
	}
	r.Before(opened(number))
	return r, true, nil
}

func opened(number string) bot.Line {
	return bot.Line{bot.Words(sayOthers), {Kind: bot.Recorded, Text: number, Ref: "answer/" + number}, bot.Words(sayOthersFacts)}
}

// givenBefore is the person's own answer again, word for word; what it asked and
// offered then is left out.
func (t *turn) givenBefore(a post.Answer) bot.Reply {
	at := bot.Part{Kind: bot.Recorded, Text: a.At.In(Zone).Format("2006年1月2日15:04"), Ref: "answer/" + a.Number}
	head := bot.Line{bot.Words(sayMine), at, bot.Words(sayMineNumber), {Kind: bot.Recorded, Text: a.Number, Ref: "answer/" + a.Number}, bot.Words(sayThen)}
	if a.Reply.Version != t.snap.Version {
		head = append(head, bot.Words(sayNewer))
	}
	before := []bot.Line{head}
	if t.over() && !slices.ContainsFunc(a.Reply.Lines, func(l bot.Line) bool { return len(l) == 1 && l[0].Rule == "validity" }) {
		before = append(before, t.validity()...)
	}
	return bot.Reply{Lines: before, Again: &bot.Given{Number: a.Number, Reply: a.Reply, Closed: []string{consentLine().Text(), sayMayEdit}}}
}

// withoutFacts is what somebody else's answer says without what he told: of a
// verdict, the conditions to be compared anew.
func (t *turn) withoutFacts(a post.Answer) (bot.Reply, bool) {
	if c := a.Reply.Card; c != nil {
		p := t.snap.Rules.Programme(c.ID)
		if p == nil {
			return bot.Reply{}, false
		}
		t.next.Dialogue = &dialogue{Programme: p.ID, Facts: eligibility.Facts{}}
		return t.card(p), true
	}
	r := bot.Reply{Status: a.Reply.Status, Lines: a.Reply.Lines}
	if r.Status != bot.Answered && r.Status != bot.NotCovered {
		return bot.Reply{}, false
	}
	for _, l := range r.Lines {
		for _, p := range l {
			if p.Kind == bot.Echoed || p.Kind == bot.Recorded { // of a person, of the ledger
				return bot.Reply{}, false
			}
		}
	}
	return r, bot.Prove(r, facts{t.snap}) == nil // of this plan, and open to whoever asks
}
