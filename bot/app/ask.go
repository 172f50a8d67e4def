package app

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"huiwen/bot"
	"huiwen/handlers"
)

// maxLineBytes bounds a line of `ask --json`; a longer one is an error line.
const maxLineBytes = 1 << 20

// A question is a line of `ask --json` and of an evaluation file.
type question struct {
	ID    string   `json:"id"`
	User  string   `json:"user"`
	Turns []string `json:"turns"`
	AsOf  string   `json:"as_of"`
}

// An answer is a line that `ask --json` prints. Field names never change.
type answer struct {
	ID        string     `json:"id"`
	Status    bot.Status `json:"status"`
	Text      string     `json:"text"`
	Citations []string   `json:"citations"`
	Verdict   string     `json:"verdict"`
	Programme string     `json:"programme"`
	Choices   []string   `json:"choices"`
}

func failed(id, text string) answer {
	return answer{ID: id, Status: bot.Failed, Text: text, Citations: []string{}, Choices: []string{}}
}

const sayUnanswerable = "抱歉，这个问题没能处理。请换个说法再试一次。"

func ask(ctx context.Context, c *call) error {
	var asJSON bool
	var user, asOf string
	rest, err := c.parse(0, maxLineBytes, func(fs *flag.FlagSet) {
		fs.BoolVar(&asJSON, "json", false, "")
		fs.StringVar(&user, "user", "resident", "")
		fs.StringVar(&asOf, "as-of", "", "")
	})
	if err != nil {
		return err
	}
	if asJSON && len(rest) > 0 {
		return usagef("ask --json 从标准输入读问题，不接受参数 %q", rest[0])
	}
	e, err := c.engine(ctx)
	if err != nil {
		return err
	}
	if asJSON {
		return askLines(ctx, e, c)
	}
	text := strings.Join(rest, " ")
	if len(rest) == 0 {
		data, err := io.ReadAll(io.LimitReader(c.Stdin, maxLineBytes))
		if err != nil {
			return fmt.Errorf("read the question from standard input: %w", err)
		}
		text = string(data)
	}
	a, err := e.ask(ctx, question{User: user, Turns: []string{text}, AsOf: asOf}, c.Now())
	if err != nil {
		return err
	}
	fmt.Fprintln(c.Stdout, a.Text)
	return nil
}

// askLines answers every line of standard input with one line.
func askLines(ctx context.Context, e *engine, c *call) error {
	in := bufio.NewReaderSize(c.Stdin, 64<<10)
	out := bufio.NewWriter(c.Stdout)
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	unreadable := false
	for {
		line, err := readLine(in)
		if errors.Is(err, io.EOF) && len(line) == 0 {
			break
		}
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, errLongLine) {
			return fmt.Errorf("read standard input: %w", err)
		}
		if errors.Is(err, errLongLine) || len(strings.TrimSpace(string(line))) > 0 {
			a, ok := askLine(ctx, e, line, err, c)
			unreadable = unreadable || !ok
			if err := enc.Encode(a); err != nil {
				return fmt.Errorf("write the answer: %w", err)
			}
			if err := out.Flush(); err != nil {
				return fmt.Errorf("write the answer: %w", err)
			}
		}
		if errors.Is(err, io.EOF) {
			break
		}
	}
	if unreadable {
		return errSilent
	}
	return nil
}

// askLine answers one line; ok is false when it could not be read.
func askLine(ctx context.Context, e *engine, line []byte, lineErr error, c *call) (a answer, ok bool) {
	if errors.Is(lineErr, errLongLine) {
		return failed("", "这一行超过 1 MiB，没有读取。"), false
	}
	var q question
	if !utf8.Valid(line) {
		return failed("", "这一行不是 UTF-8 文本。"), false
	}
	line = bytes.TrimPrefix(line, []byte("\ufeff")) // editors on Windows begin a file with it
	if err := json.Unmarshal(line, &q); err != nil {
		return failed("", "这一行不是完整的 JSON。"), false
	}
	a, err := e.ask(ctx, q, c.Now())
	if err != nil {
		c.log.Error("question failed", "id", q.ID, "error", err)
		return failed(q.ID, sayUnanswerable), true
	}
	return a, true
}

var errLongLine = errors.New("line too long")

// readLine reads to the end of a line of at most maxLineBytes; a longer one is
// skipped whole.
func readLine(in *bufio.Reader) ([]byte, error) {
	var line []byte
	long := false
	for {
		part, err := in.ReadSlice('\n')
		if !long {
			line = append(line, part...)
		}
		if len(line) > maxLineBytes {
			line, long = nil, true
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if long {
			return nil, errLongLine
		}
		return line, err
	}
}

// ask answers the last of the turns, all in one session that nothing keeps.
func (e *engine) ask(ctx context.Context, q question, now time.Time) (answer, error) {
	at, err := dayOfAsking(q.AsOf, now)
	if err != nil {
		return answer{}, err
	}
	user := bot.User(q.User)
	switch user {
	case "":
		user = bot.Resident
	case bot.Resident, bot.Staff:
	default:
		return answer{}, usagef("user 只能是 resident 或 staff")
	}
	turns := q.Turns
	if len(turns) == 0 {
		turns = []string{""}
	}
	var session []byte
	var out bot.Rendered
	for i, text := range turns {
		m := bot.Message{Channel: "ask", Conversation: q.ID, User: user, Text: text, At: at.Add(time.Duration(i) * time.Second)}
		if out, session, err = e.answer(ctx, m, session); err != nil {
			return answer{}, err
		}
	}
	return answer{q.ID, out.Status, out.Text, out.Citations, out.Verdict, out.Programme, out.Choices}, nil
}

// dayOfAsking is noon of the given day in the district's zone, now without one.
func dayOfAsking(day string, now time.Time) (time.Time, error) {
	if day == "" {
		return now, nil
	}
	at, err := time.ParseInLocation(time.DateOnly, day, handlers.Zone)
	if err != nil {
		return time.Time{}, usagef("日期 %q 要写成 2022-09-15 这样", day)
	}
	return at.Add(12 * time.Hour), nil
}
