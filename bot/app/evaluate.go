package app

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"huiwen/bot/app/eval"
)

// maxEvalBytes bounds an evaluation file.
const maxEvalBytes = 64 << 20

// evaluate scores the answers to the questions of a file.
func evaluate(ctx context.Context, c *call) error {
	var asOf string
	var asJSON, misses, overlaps bool
	rest, err := c.parse(1, 1, func(fs *flag.FlagSet) {
		fs.StringVar(&asOf, "as-of", "", "")
		fs.BoolVar(&asJSON, "json", false, "")
		fs.BoolVar(&misses, "misses", false, "")
		fs.BoolVar(&overlaps, "overlap", false, "")
	})
	if err != nil {
		return err
	}
	questions, err := readQuestions(rest[0])
	if err != nil {
		return err
	}
	if overlaps {
		return reportOverlap(c.Stdout, questions)
	}
	e, err := c.engine(ctx)
	if err != nil {
		return err
	}
	scores, err := e.score(ctx, questions, asOf, c)
	if err != nil {
		return err
	}
	if asJSON {
		return printScoresJSON(c.Stdout, scores)
	}
	printScores(c.Stdout, scores)
	if misses {
		for _, m := range scores.Misses {
			fmt.Fprintf(c.Stdout, "%-9s %s %-12s %s\n          应为 %v，得到 %s %v\n", m.Measure, m.Question.ID, m.Question.Type,
				strings.Join(m.Question.Turns, " / "), m.Question.Gold, m.Answer.Status, m.Answer.Citations)
		}
	}
	return nil
}

// score answers every question in a session of its own.
func (e *engine) score(ctx context.Context, questions []eval.Question, asOf string, c *call) (*eval.Scores, error) {
	scores := eval.NewScores()
	for _, q := range questions {
		day := q.AsOf
		if asOf != "" {
			day = asOf
		}
		a, err := e.ask(ctx, question{ID: q.ID, User: q.User, Turns: q.Turns, AsOf: day}, c.Now())
		if err != nil {
			return nil, fmt.Errorf("question %s: %w", q.ID, err)
		}
		scores.Add(q, eval.Answer{Status: string(a.Status), Text: a.Text, Verdict: a.Verdict, Citations: a.Citations})
	}
	return scores, nil
}

func readQuestions(name string) ([]eval.Question, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("打不开文件：%w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxEvalBytes))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return parseQuestions(name, data)
}

func parseQuestions(name string, data []byte) ([]eval.Question, error) {
	var out []eval.Question
	sc := bufio.NewScanner(bytes.NewReader(data))
	sc.Buffer(nil, maxLineBytes)
	for n := 1; sc.Scan(); n++ {
		if len(bytes.TrimSpace(sc.Bytes())) == 0 {
			continue
		}
		var q eval.Question
		if err := json.Unmarshal(sc.Bytes(), &q); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, n, err)
		}
		out = append(out, q)
	}
	if err := sc.Err(); err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return out, nil
}

func printScores(w io.Writer, s *eval.Scores) {
	for _, m := range eval.Measures {
		share := s.Shares[m]["all"]
		if share == nil {
			continue
		}
		fmt.Fprintf(w, "%-18s %.4f (%d/%d)", m, share.Rate(), share.Right, share.Of)
		for _, kind := range slices.Sorted(maps.Keys(s.Shares[m])) {
			if kind != "all" {
				fmt.Fprintf(w, "  %s=%.3f", kind, s.Shares[m][kind].Rate())
			}
		}
		fmt.Fprintln(w)
	}
}

func printScoresJSON(w io.Writer, s *eval.Scores) error {
	out := map[string]map[string]float64{}
	for m, kinds := range s.Shares {
		out[m] = map[string]float64{}
		for kind, share := range kinds {
			out[m][kind] = share.Rate()
		}
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", " ")
	return enc.Encode(out)
}
