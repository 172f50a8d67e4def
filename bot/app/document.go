package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"time"

	"huiwen/knowledge/plan"
	"huiwen/knowledge/plan/document"
)

// The limits of the process that reads a document: it may be hostile.
const (
	readTime   = 30 * time.Second
	readMemory = 1 << 30 // bytes of data
	readOutput = 20 << 20
)

// readCommand is the subcommand that the program starts itself with to read a
// document; it is no part of the help.
const readCommand = "read-document"

// exitUnreadable is how that process says that the document is to blame.
const exitUnreadable = 3

// readDocument reads a plan from a file.
func readDocument(ctx context.Context, name string) (*plan.Plan, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, fmt.Errorf("打不开文件：%w", err)
	}
	if info.IsDir() {
		return nil, fmt.Errorf("%s 是文件夹，请给一个文件", name)
	}
	if info.Size() > document.MaxFile {
		return nil, fmt.Errorf("%s：%w", name, document.ErrTooLarge)
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("打不开文件：%w", err)
	}
	text, err := documentText(ctx, filepath.Ext(name), data)
	if err != nil {
		return nil, fmt.Errorf("%s：%w", name, err)
	}
	terms, err := policyTerms()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	p, err := plan.Read(ctx, text, plan.Options{Terms: terms})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return p, nil
}

// documentText has a child process read a document: this program, without an
// environment, within bounds of time, memory and output.
func documentText(ctx context.Context, ext string, data []byte) (string, error) {
	exe, err := self()
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(ctx, exe, readCommand, ext)
	cmd.Env = []string{"GOTRACEBACK=none"}
	cmd.Stdin = bytes.NewReader(data)
	cmd.Stdout = &bounded{to: &out, left: readOutput}
	cmd.Stderr = &bounded{to: &errs, left: 4096}
	cmd.WaitDelay = time.Second
	err = cmd.Run()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return out.String(), nil
	case ctx.Err() != nil:
		return "", fmt.Errorf("读了 %d 秒还没读完：请检查文件来源，或另存为 txt", readTime/time.Second)
	case errors.As(err, &exit) && exit.ExitCode() == exitUnreadable:
		return "", errors.New(strings.TrimSpace(errs.String()))
	case outOfMemory.MatchString(errs.String()):
		return "", document.ErrBomb
	}
	return "", fmt.Errorf("%w（读取进程中止：%v）", document.ErrBroken, err)
}

// outOfMemory matches what a process says that ended at its bound of memory.
var outOfMemory = regexp.MustCompile(`(?i)out[ -]of[ -]memory|(?:cannot|failed to) (?:allocate|mmap)`)

// self is the file of this program; without /proc it is what it was called by.
func self() (string, error) {
	if exe, err := os.Executable(); err == nil {
		return exe, nil
	}
	exe, err := exec.LookPath(os.Args[0])
	if err != nil {
		return "", fmt.Errorf("find this program: %w", err)
	}
	return filepath.Abs(exe)
}

// bounded passes on so many bytes and then refuses.
type bounded struct {
	to   io.Writer
	left int
}

func (b *bounded) Write(p []byte) (int, error) {
	if b.left -= len(p); b.left < 0 {
		return 0, document.ErrBomb
	}
	return b.to.Write(p)
}

// readInChild is the child's side: the document on standard input, its text on
// standard output.
func readInChild(_ context.Context, c *call) error {
	for what, most := range map[int]uint64{syscall.RLIMIT_DATA: readMemory, syscall.RLIMIT_CPU: uint64(readTime / time.Second), syscall.RLIMIT_CORE: 0, syscall.RLIMIT_FSIZE: 0} {
		if err := syscall.Setrlimit(what, &syscall.Rlimit{Cur: most, Max: most}); err != nil {
			return fmt.Errorf("limit the reading process: %w", err)
		}
	}
	standBack()
	data, err := io.ReadAll(io.LimitReader(c.Stdin, document.MaxFile+1))
	if err != nil {
		return fmt.Errorf("read the document: %w", err)
	}
	ext := ""
	if len(c.args) > 0 {
		ext = c.args[0]
	}
	read := document.Text
	if strings.EqualFold(ext, ".xlsx") {
		read = tableText
	}
	text, err := read("x"+ext, data)
	if err != nil {
		return unreadable{err}
	}
	_, err = io.WriteString(c.Stdout, text)
	return err
}

// readNice is the priority of the reading process: whoever waits for an answer goes
// first. The system may not grant it; that does not keep a document from being read.
const readNice = 15

// standBack gives way to the service on the same machine. Linux keeps a priority for
// each thread, so the one that reads stays this one.
func standBack() {
	runtime.GOMAXPROCS(1)
	runtime.LockOSThread()
	_ = syscall.Setpriority(syscall.PRIO_PROCESS, 0, readNice)
}

// unreadable marks a document that is to blame: exit code 3.
type unreadable struct{ error }
