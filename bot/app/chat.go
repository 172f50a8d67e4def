package app

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/peterh/liner"

	"huiwen/bot"
)

// A prompter reads what a person types, one line at a time; io.EOF ends the talk.
type prompter interface {
	Prompt(string) (string, error)
	Close() error
}

func chat(ctx context.Context, c *call) error {
	user, asOf := "resident", ""
	if _, err := c.parse(0, 0, func(fs *flag.FlagSet) {
		fs.StringVar(&user, "user", user, "")
		fs.StringVar(&asOf, "as-of", "", "")
	}); err != nil {
		return err
	}
	memory, err := openStore(ctx, c.config)
	if err != nil {
		return err
	}
	defer memory.Close()
	e, err := c.service(ctx, memory)
	if err != nil {
		return err
	}
	gateway := newGateway(e, memory, c, nil)
	working, stopWorking := context.WithCancel(ctx)
	worked := make(chan struct{})
	go func() { gateway.Run(working); close(worked) }()
	defer func() { stopWorking(); <-worked }()
	in, err := newPrompter(c)
	if err != nil {
		return err
	}
	defer in.Close()
	fmt.Fprintln(c.Stdout, "我是自动答复，不是工作人员。直接输入问题；输入“退出”或按 Ctrl-D 离开。")
	conversation := rand.Text() // a new talk with every start
	for {
		text, err := in.Prompt("问> ")
		if errors.Is(err, io.EOF) || errors.Is(err, liner.ErrPromptAborted) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read what was typed: %w", err)
		}
		at, err := dayOfAsking(asOf, c.Now())
		if err != nil {
			return err
		}
		a, err := gateway.Ask(ctx, bot.Message{ID: rand.Text(), Channel: "chat", Conversation: conversation, User: bot.User(user), Text: text, At: at})
		if err != nil {
			c.log.Error("question failed", "error", err)
			fmt.Fprintln(c.Stdout, sayUnanswerable)
			continue
		}
		fmt.Fprintf(c.Stdout, "%s\n\n", a.Reply.Text)
		if text == "退出" {
			return nil
		}
	}
}

// newPrompter edits lines and keeps a history on a terminal, and reads plain
// lines elsewhere.
func newPrompter(c *call) (prompter, error) {
	if c.Stdin != io.Reader(os.Stdin) || !isTerminal(os.Stdin) {
		return &plainPrompter{bufio.NewReaderSize(c.Stdin, 64<<10)}, nil
	}
	line := liner.NewLiner()
	line.SetCtrlCAborts(true)
	p := &linePrompter{State: line, history: filepath.Join(c.config.Data, "chat_history")}
	if f, err := os.Open(p.history); err == nil {
		line.ReadHistory(f)
		f.Close()
	}
	return p, nil
}

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

type plainPrompter struct{ in *bufio.Reader }

func (p *plainPrompter) Prompt(string) (string, error) {
	line, err := readLine(p.in)
	if len(line) > 0 && line[len(line)-1] == '\n' {
		line = line[:len(line)-1]
	}
	if errors.Is(err, errLongLine) || len(line) > 0 && errors.Is(err, io.EOF) {
		err = nil
	}
	return string(line), err
}

func (p *plainPrompter) Close() error { return nil }

type linePrompter struct {
	*liner.State
	history string
}

func (p *linePrompter) Prompt(s string) (string, error) {
	text, err := p.State.Prompt(s)
	if err == nil {
		p.AppendHistory(text)
	}
	return text, err
}

// Close writes the history, for its owner only.
func (p *linePrompter) Close() error {
	if err := os.MkdirAll(filepath.Dir(p.history), 0o700); err == nil {
		if f, err := os.OpenFile(p.history, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600); err == nil {
			p.WriteHistory(f)
			f.Close()
		}
	}
	return p.State.Close()
}
