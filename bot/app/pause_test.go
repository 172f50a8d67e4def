package app

import (
	"context"
	"strings"
	"testing"
	"time"

	"huiwen/bot"
	"huiwen/knowledge/pause"
	"huiwen/knowledge/store"
)

// noFacts proves nothing: digits stand only where a record is named.
type noFacts struct{}

func (noFacts) Holds(bot.Source, string) bool { return false }
func (noFacts) Fact(text string) string {
	if i := strings.IndexAny(text, "0123456789"); i >= 0 {
		return text[i:]
	}
	return ""
}
func (noFacts) SourceLine([]bot.Source) string { return "" }

// TestAPausedChannelSaysWhy pauses one channel: it gives the reason, others
// answer, and who wants a person still gets one.
func TestAPausedChannelSaysWhy(t *testing.T) {
	s, err := store.OpenFile(t.Context(), t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Update(t.Context(), pause.Scope, func(tx store.Tx) error {
		return pause.Begin(tx, "page", "2022年的标准正在核对，请3天后再问", "张三")
	}); err != nil {
		t.Fatal(err)
	}
	status := bot.Answered
	desk := func(context.Context, bot.Message, []byte) (bot.Rendered, []byte, bool, error) {
		return bot.Rendered{Status: status, Text: "答复"}, []byte("after"), false, nil
	}
	board := &switchboard{store: s, now: time.Now}
	guarded := board.guard(desk, func() bot.Facts { return noFacts{} })
	say := func(channel string) (string, string) {
		r, next, _, err := guarded(t.Context(), bot.Message{Channel: channel}, []byte("before"))
		if err != nil {
			t.Fatal(err)
		}
		return r.Text, string(next)
	}
	if text, next := say("page"); !strings.Contains(text, "请3天后再问") || next != "before" {
		t.Errorf("paused: %q, session %q", text, next)
	}
	if text, _ := say("wecom/staff"); text != "答复" {
		t.Errorf("another channel: %q", text)
	}
	status = bot.Handoff
	if text, _ := say("page"); text != "答复" {
		t.Errorf("who wants a person: %q", text)
	}
}
