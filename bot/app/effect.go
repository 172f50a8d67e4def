package app

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"huiwen/bot"
	"huiwen/bot/app/eval"
	"huiwen/bot/post"
	"huiwen/handlers"
	"huiwen/handlers/admin"
	"huiwen/knowledge"
	"huiwen/seeds"
)

// How many recent questions of people are asked again beside the evaluation
// questions, and from how far back.
const (
	recentQuestions = 200
	recentDays      = 30
)

// A replayer asks two snapshots the evaluation questions and what people asked
// lately. It is safe for concurrent use.
type replayer struct {
	box *post.Box
	now func() time.Time

	mu      sync.Mutex
	version string // of what was asked last as the snapshot before
	asked   string // the questions it was asked
	answers []eval.Answer
}

// effect lists the questions that the two answer otherwise.
func (r *replayer) effect(ctx context.Context, before, after *knowledge.Snapshot) (admin.Effect, error) {
	questions, err := r.questions(ctx)
	if err != nil {
		return admin.Effect{}, err
	}
	was, err := r.before(ctx, before, questions)
	if err != nil {
		return admin.Effect{}, err
	}
	out := admin.Effect{}
	for i, q := range questions {
		is, err := answerOf(ctx, after, q, r.now())
		if err != nil {
			return out, err
		}
		old, next := judged(q, was[i]), judged(q, is)
		if q.Type != asked {
			out.Questions++
			out.Before += count(old.Right)
			out.After += count(next.Right)
		} else {
			out.Asked++
		}
		if was[i].Text != is.Text {
			out.Changed = append(out.Changed, admin.EffectOn{ID: q.ID, Kind: q.Type, Turns: q.Turns, Before: old, After: next})
		}
	}
	return out, nil
}

// asked is the type of questions that people asked; nobody says what is right.
const asked = "居民问过的"

// questions are the evaluation questions and the recent ones, each wording once.
func (r *replayer) questions(ctx context.Context) ([]eval.Question, error) {
	data, err := seeds.Files.ReadFile("evaluation.jsonl")
	if err != nil {
		return nil, fmt.Errorf("read the evaluation questions: %w", err)
	}
	out, err := parseQuestions("evaluation.jsonl", data)
	if err != nil {
		return nil, err
	}
	now := r.now()
	entries, err := r.box.Entries(ctx, now.AddDate(0, 0, -recentDays), now, 10*recentQuestions)
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for _, e := range entries {
		if e.Words == "" || seen[e.Words] || len(seen) >= recentQuestions {
			continue
		}
		seen[e.Words] = true
		out = append(out, eval.Question{ID: e.Number, User: string(e.User), Turns: []string{e.Words}, Type: asked})
	}
	return out, nil
}

// before is what the published snapshot answers; it is asked once.
func (r *replayer) before(ctx context.Context, s *knowledge.Snapshot, questions []eval.Question) ([]eval.Answer, error) {
	key := ""
	for _, q := range questions {
		key += q.ID + "|"
	}
	key += r.now().Format(time.DateOnly)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.version == s.Version && r.asked == key {
		return r.answers, nil
	}
	answers := make([]eval.Answer, 0, len(questions))
	for _, q := range questions {
		a, err := answerOf(ctx, s, q, r.now())
		if err != nil {
			return nil, err
		}
		answers = append(answers, a)
	}
	r.version, r.asked, r.answers = s.Version, key, answers
	return answers, nil
}

// answerOf asks a snapshot the turns of a question in a session that nothing keeps.
func answerOf(ctx context.Context, s *knowledge.Snapshot, q eval.Question, now time.Time) (eval.Answer, error) {
	at, err := dayOfAsking(q.AsOf, now)
	if err != nil {
		return eval.Answer{}, err
	}
	user := bot.Resident
	if q.User == string(bot.Staff) {
		user = bot.Staff
	}
	h := handlers.New(func() *knowledge.Snapshot { return s })
	var session []byte
	var out bot.Rendered
	for i, text := range q.Turns {
		m := bot.Message{Channel: "replay", Conversation: q.ID, User: user, Text: text, At: at.Add(time.Duration(i) * time.Second)}
		reply, next, err := h.Handle(ctx, m, session)
		if err != nil {
			return eval.Answer{}, fmt.Errorf("question %s: %w", q.ID, err)
		}
		session = next
		if out, err = bot.Render(reply, handlers.FactsFor(s, m)); err != nil {
			return eval.Answer{}, fmt.Errorf("question %s: %w", q.ID, err)
		}
	}
	return eval.Answer{Status: string(out.Status), Text: out.Text, Verdict: out.Verdict, Citations: out.Citations}, nil
}

// judged is an answer with whether it is right.
func judged(q eval.Question, a eval.Answer) admin.EffectAnswer {
	s := eval.NewScores()
	s.Add(q, a)
	return admin.EffectAnswer{Status: a.Status, Text: a.Text, Citations: slices.Clone(a.Citations), Right: q.Type != asked && len(s.Misses) == 0, Judged: q.Type != asked}
}

func count(b bool) int {
	if b {
		return 1
	}
	return 0
}
