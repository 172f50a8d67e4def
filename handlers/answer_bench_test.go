package handlers_test

import (
	"testing"
	"time"

	"huiwen/bot"
	"huiwen/handlers"
	"huiwen/knowledge"
	"huiwen/seeds"
)

// BenchmarkAnswer is a whole answer in process, rendered and proved.
func BenchmarkAnswer(b *testing.B) {
	snap := seedSnapshot(b)
	v, err := knowledge.ReadVocabulary(seeds.Files)
	if err != nil {
		b.Fatal(err)
	}
	h := handlers.New(func() *knowledge.Snapshot { return snap })
	facts := handlers.Facts(snap)
	at := time.Date(2022, 9, 15, 12, 0, 0, 0, handlers.Zone)
	i := 0
	for b.Loop() {
		e := v.Similar[i%len(v.Similar)]
		r, _, err := h.Handle(b.Context(), bot.Message{User: bot.Resident, At: at, Text: e.Questions[i%len(e.Questions)]}, nil)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := bot.Render(r, facts); err != nil {
			b.Fatal(err)
		}
		i++
	}
}
