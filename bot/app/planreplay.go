package app

import (
	"context"
	"crypto/rand"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"huiwen/bot/post"
	"huiwen/handlers"
	"huiwen/knowledge"
	"huiwen/knowledge/store"
	"huiwen/knowledge/versions"
	"huiwen/seeds"
)

func planReplay(ctx context.Context, c *call) error {
	var file string
	recent, asJSON := 1000, false
	id, err := c.parseOne(func(fs *flag.FlagSet) {
		fs.StringVar(&file, "questions", "", "")
		fs.IntVar(&recent, "recent", recent, "")
		fs.BoolVar(&asJSON, "json", false, "")
	})
	if err != nil {
		return err
	}
	desk, err := c.openDesk(ctx, actFlags{})
	if err != nil {
		return err
	}
	defer desk.Close()
	questions, err := replayed(ctx, desk.store, file, recent, c.Now())
	if err != nil {
		return err
	}
	r, err := c.replay(ctx, desk.Library, id, questions)
	if err != nil {
		return err
	}
	if asJSON {
		return printJSON(c.Stdout, r)
	}
	printReplay(c.Stdout, r)
	return nil
}

// replay asks the questions of a draft and of the version it was made from.
func (c *call) replay(ctx context.Context, l *versions.Library, id string, questions []versions.Question) (*versions.Replay, error) {
	d, e, err := l.Draft(ctx, id)
	if err != nil {
		return nil, err
	}
	base, err := l.Edition(ctx, d.From)
	if err != nil {
		return nil, err
	}
	was, err := l.Load(base)
	if err != nil {
		return nil, fmt.Errorf("load version %s: %w", d.From, err)
	}
	is, err := l.Load(e)
	if err != nil {
		return nil, fmt.Errorf("load draft %s: %w", d.ID, err)
	}
	r := &versions.Replay{}
	return r, r.Compare(ctx, questions, asker(was, c.Now), asker(is, c.Now))
}

// asker answers the questions of a replay from one snapshot.
func asker(s *knowledge.Snapshot, now func() time.Time) versions.Asker {
	e := &engine{fixed: &versions.Live{Snapshot: s}}
	return func(ctx context.Context, q versions.Question) (versions.Answer, error) {
		a, err := e.ask(ctx, question{ID: q.ID, User: q.User, Turns: q.Turns, AsOf: q.AsOf}, now())
		return versions.Answer{Status: string(a.Status), Text: a.Text, Citations: a.Citations, Verdict: a.Verdict}, err
	}
}

// replayed are the questions of a replay: those of a file, else the product's
// own, and the recent ones of the log.
func replayed(ctx context.Context, s store.Store, file string, recent int, now time.Time) ([]versions.Question, error) {
	var out []versions.Question
	data, err := seeds.Files.ReadFile("evaluation.jsonl")
	if file != "" {
		data, err = os.ReadFile(file)
	}
	if err != nil {
		return nil, fmt.Errorf("打不开问题文件：%w", err)
	}
	list, err := parseQuestions(file, data)
	if err != nil {
		return nil, err
	}
	for _, q := range list {
		out = append(out, versions.Question{ID: q.ID, User: q.User, Turns: q.Turns, AsOf: q.AsOf})
	}
	if recent > 0 {
		logged, err := post.NewBox(s, rand.Reader).Entries(ctx, now.AddDate(0, -3, 0), now.AddDate(0, 0, 1), maxReplay)
		if err != nil {
			return nil, err
		}
		seen := map[string]bool{}
		for _, l := range logged {
			if l.Words != "" && !seen[l.Words] && recent > 0 {
				seen[l.Words] = true
				recent--
				out = append(out, versions.Question{ID: l.Number, User: string(l.User), Turns: []string{l.Words}, AsOf: l.At.In(handlers.Zone).Format(time.DateOnly)})
			}
		}
	}
	return out[:min(maxReplay, len(out))], nil
}

func printReplay(w io.Writer, r *versions.Replay) {
	for _, x := range r.Changes {
		var how []string
		for _, h := range x.How {
			how = append(how, versions.HowWord[h])
		}
		fmt.Fprintf(w, "%s  %s %s\n", strings.Join(how, "、"), x.Question.ID, strings.Join(x.Question.Turns, " / "))
		fmt.Fprintf(w, "    旧 %s %v %s\n", x.Old.Status, x.Old.Citations, firstLine(x.Old.Text))
		fmt.Fprintf(w, "    新 %s %v %s\n", x.New.Status, x.New.Citations, firstLine(x.New.Text))
	}
	fmt.Fprintf(w, "问了 %d 题，%d 题回答相同，%d 题不同", r.Asked, r.Same, len(r.Changes))
	for _, h := range []string{versions.HowRefused, versions.HowAnswered, versions.HowVerdict, versions.HowMeasures, versions.HowWords} {
		if r.How[h] > 0 {
			fmt.Fprintf(w, "；%s %d", versions.HowWord[h], r.How[h])
		}
	}
	fmt.Fprintln(w)
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return clip(line, 60)
}
