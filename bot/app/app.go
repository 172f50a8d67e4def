// Package app wires the parts together: configuration, subcommands, listeners.
//
// A tour of the code, bottom up:
//
//   - [huiwen/seeds] is what the product ships with.
//   - [huiwen/knowledge/plan] reads a document into measures, pure.
//   - [huiwen/knowledge/segment], [huiwen/knowledge/index] and
//     [huiwen/knowledge/classify] turn words into scores.
//   - [huiwen/knowledge] is one immutable published state and finds measures in it.
//   - [huiwen/knowledge/versions] keeps what was published: drafts, comparison, the
//     pointer, the way back; [huiwen/knowledge/audit] who did what.
//   - [huiwen/bot] is what a message and a reply are, and refuses a reply that
//     states a fact without proof.
//   - [huiwen/handlers] says what a message means and answers it.
//   - [huiwen/scheduler/ledger] is what bureaus were given and did;
//     [huiwen/scheduler] reminds them of it, [huiwen/scheduler/paper] writes it down.
//   - [huiwen/handlers/page] is the residents' page.
//   - this package builds them in that order, runs them and closes them in reverse.
package app

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"huiwen/knowledge"
	"huiwen/knowledge/store"
	"huiwen/scheduler"
)

// The exit codes.
const (
	exitWell   = 0
	exitFailed = 1
	exitUsage  = 2
)

// An Environment is what the program gets from outside.
type Environment struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Getenv         func(string) string
	Environ        func() []string
	Now            func() time.Time
	// seed is what answers while nothing is published, the embedded files when nil;
	// tests take less, to load faster.
	seed knowledge.Edition
	// share returns the snapshot of an edition that was built before, else builds
	// it; nil builds every time. Tests share snapshots: to build one takes seconds.
	share func(version string, build func() (*knowledge.Snapshot, error)) (*knowledge.Snapshot, error)
	// clock is how far the store's clock stands from the machine's, nil for not at
	// all; serving is told the parts of a service that starts. The demo winds the one
	// and ticks the other.
	clock   store.Clock
	serving func(context.Context, store.Store, *scheduler.Service) error
	// remindAt is when reminders wake, a cron line, "" for the default.
	remindAt string
	// work is the cost of a backup's passphrase as a power of two, age's own
	// when 0; tests take less.
	work int
}

// System is the environment of the running process.
func System() Environment {
	return Environment{Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Getenv: os.Getenv, Environ: os.Environ, Now: time.Now}
}

// A command is one subcommand.
type command struct {
	name  string
	args  string // what stands behind the name in the help
	about string
	run   func(ctx context.Context, c *call) error
}

// commands lists the subcommands in the order of the help.
func commands() []command {
	return []command{
		{"serve", "[--listen A] [--internal A]", "serve the chat page, its API and the internal listener", serve},
		{"ask", "[--json] [--user U] [--as-of D] [QUESTION]", "answer one question, or JSON lines from standard input", ask},
		{"chat", "[--user U] [--as-of D]", "talk in the terminal", chat},
		{"plan", "inspect | import | diff | publish | arm | …", "read, prepare, publish, roll back and arm plans; plan alone lists all", planCommand},
		{"directory", "show | import FILE", "show the directory of bureaus and people, or take an edited one", directoryCommand},
		{"audit", "verify [--head H] | show [--last N]", "prove that no audit entry was changed; show the last ones", auditCommand},
		{"rules", "check | explain ID", "check the programmes, or show one", rulesCommand},
		{"remind", "preview --from D --to D [--ledger F] [--json|--ics] | status | release [--yes]", "rehearse the reminders; show and release what is held", remindCommand},
		{"demo", "[--listen A] [--day D]", "show the whole product on emulated platforms, without keys", demoCommand},
		{"duties", "[--bureau B] [--as-of D] [--json]", "list the duties with their lights", dutiesCommand},
		{"ledger", "export FILE.xlsx|.csv | --json | paper FILE.docx [--kind K]", "write the ledger, or a draft made of it", ledgerCommand},
		{"eval", "FILE.jsonl [--as-of D] [--json] [--misses]", "score the answers to evaluation questions", evaluate},
		{"bench", "[--json]", "measure speed and memory on this machine", benchmark},
		{"backup", "FILE", "write what the service remembers into an encrypted file", backup},
		{"restore", "FILE [--forgotten LIST]", "read a backup into an empty store", restore},
		{"words", "similar | negative | word | topic | faq …", "add words and questions to a draft", wordsCommand},
		{"channel", "pause NAME --reason R | resume NAME | list", "keep a channel from answering, with a reason", channelCommand},
		{"admin", "create NAME --role R | invite NAME | list", "manage the accounts of the admin pages", adminCommand},
		{"doctor", "[--live]", "say what is wrong with this installation", doctor},
		{"config", "", "show the configuration in force, secrets hidden", showConfig},
		{"version", "", "show the version", version},
		{readCommand, "", "", readInChild},
	}
}

// A call is one run of a subcommand.
type call struct {
	Environment
	config Config
	args   []string
	log    *slog.Logger
}

// usageError marks wrong use: exit code 2.
type usageError struct{ error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// errSilent fails without a word: what is wrong has been said.
var errSilent = errors.New("failed")

// Run runs the program and returns its exit code.
func Run(ctx context.Context, args []string, env Environment) int {
	err := run(ctx, args, env)
	var usage usageError
	var bad unreadable
	switch {
	case err == nil:
		return exitWell
	case errors.As(err, &bad):
		fmt.Fprintln(env.Stderr, bad.Error())
		return exitUnreadable
	case errors.Is(err, errSilent):
		return exitFailed
	case errors.As(err, &usage):
		fmt.Fprintf(env.Stderr, "huiwen: %v\n运行 huiwen help 查看用法。\n", err)
		return exitUsage
	}
	fmt.Fprintf(env.Stderr, "huiwen: %v\n", err)
	return exitFailed
}

func run(ctx context.Context, args []string, env Environment) error {
	global, rest, err := splitGlobal(args)
	if err != nil {
		return err
	}
	if len(rest) == 0 || rest[0] == "help" || rest[0] == "-h" || rest[0] == "--help" {
		help(env.Stdout)
		return nil
	}
	for _, cmd := range commands() {
		if cmd.name != rest[0] {
			continue
		}
		config, err := loadConfig(global, env)
		if err != nil {
			return err
		}
		log := slog.New(slog.NewTextHandler(env.Stderr, &slog.HandlerOptions{Level: config.level()}))
		return cmd.run(ctx, &call{Environment: env, config: config, args: rest[1:], log: log})
	}
	return usagef("没有 %q 这个命令", rest[0])
}

// splitGlobal takes the global flags out of args; they stand before or after
// the subcommand.
func splitGlobal(args []string) (global map[string]string, rest []string, err error) {
	global = map[string]string{}
	for i := 0; i < len(args); i++ {
		name, value, inline := strings.Cut(args[i], "=")
		name = "--" + strings.TrimLeft(name, "-")
		if !strings.HasPrefix(args[i], "-") || name != "--config" && name != "--data" {
			rest = append(rest, args[i])
			continue
		}
		if !inline {
			if i++; i == len(args) {
				return nil, nil, usagef("%s 后面缺少值", name)
			}
			value = args[i]
		}
		global[name[2:]] = value
	}
	return global, rest, nil
}

// flags parses the flags of a subcommand; flags and arguments may be mixed.
func (c *call) flags(name string, define func(*flag.FlagSet)) ([]string, error) {
	fs := flag.NewFlagSet(name, flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	define(fs)
	var rest []string
	args := c.args
	for {
		if err := fs.Parse(args); err != nil {
			return nil, usagef("%s: %w", name, err)
		}
		if fs.NArg() == 0 {
			return rest, nil
		}
		rest = append(rest, fs.Arg(0))
		args = fs.Args()[1:]
	}
}

func help(w io.Writer) {
	fmt.Fprint(w, "惠问：只按已公布的计划回答的政策助手\n\n用法：huiwen [--config FILE] [--data DIR] 命令\n\n")
	for _, c := range commands() {
		if c.about == "" {
			continue // the program's own
		}
		fmt.Fprintf(w, "  %-8s %-46s %s\n", c.name, c.args, c.about)
	}
}
