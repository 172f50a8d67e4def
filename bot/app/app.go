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

// A call is one run of a subcommand.
type call struct {
	Environment
	config  Config
	command command
	path    string // the whole name of the command
	args    []string
	log     *slog.Logger
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
	cmd, path, rest, err := find(commands(), rest)
	if err == nil {
		var config Config
		if config, err = loadConfig(global, env); err != nil {
			return err
		}
		log := slog.New(slog.NewTextHandler(env.Stderr, &slog.HandlerOptions{Level: config.level()}))
		err = cmd.run(ctx, &call{Environment: env, config: config, command: cmd, path: path, args: rest, log: log})
	}
	if errors.Is(err, errHelp) {
		help(env.Stdout, cmd, path)
		return nil
	}
	return err
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
