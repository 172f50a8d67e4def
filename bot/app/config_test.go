package app

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"huiwen/knowledge"
)

// TestMain lets the test binary be the child that reads documents, and a service
// that can be killed.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "serve" {
		os.Exit(Run(context.Background(), os.Args[1:], System()))
	}
	if len(os.Args) > 1 && os.Args[1] == readCommand {
		os.Exit(Run(context.Background(), os.Args[1:], System()))
	}
	os.Exit(m.Run())
}

// sharedSnapshots are built once for all tests: that takes seconds, and they
// never change.
var sharedSnapshots = struct {
	sync.Mutex
	of map[string]*knowledge.Snapshot
}{of: map[string]*knowledge.Snapshot{}}

func sharedSnapshot(version string, build func() (*knowledge.Snapshot, error)) (*knowledge.Snapshot, error) {
	sharedSnapshots.Lock()
	defer sharedSnapshots.Unlock()
	if s := sharedSnapshots.of[version]; s != nil {
		return s, nil
	}
	s, err := build()
	if err == nil {
		sharedSnapshots.of[version] = s
	}
	return s, err
}

// outcome is what a person sees of one run.
type outcome struct {
	code     int
	out, err string
}

// runWith runs the program in this process.
func runWith(t *testing.T, stdin string, env []string, args ...string) outcome {
	t.Helper()
	return runSeeded(t, nil, stdin, env, args...)
}

// runSeeded is runWith with another seed, nil for the product's own.
func runSeeded(t *testing.T, seed knowledge.Edition, stdin string, env []string, args ...string) outcome {
	t.Helper()
	var out, errs bytes.Buffer
	e := Environment{
		Stdin: strings.NewReader(stdin), Stdout: &out, Stderr: &errs,
		Getenv: func(k string) string {
			for _, v := range env {
				if name, value, _ := strings.Cut(v, "="); name == k {
					return value
				}
			}
			return ""
		},
		Environ: func() []string { return env },
		Now:     func() time.Time { return time.Date(2022, 9, 15, 4, 0, 0, 0, time.UTC) },
		share:   sharedSnapshot,
		seed:    seed,
		work:    10,
	}
	code := Run(context.WithoutCancel(t.Context()), args, e)
	return outcome{code, out.String(), errs.String()}
}

func writeFile(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestConfigOrder(t *testing.T) {
	file := writeFile(t, "c.yaml", "listen: 127.0.0.1:1000\ndata: /from/file\nwecom:\n  callback_window: 5m\n")
	env := []string{"HUIWEN_DATA=/from/env", "HUIWEN_WECOM_APPS_0_NAME=staff", "HUIWEN_WECOM_APPS_0_SECRET=hush-hush"}
	for _, c := range []struct {
		name string
		args []string
		want []string
		not  string
	}{
		{"the environment beats the file", []string{"config", "--config", file}, []string{"listen: 127.0.0.1:1000", "data: /from/env", "callback_window: 5m0s"}, "/from/file"},
		{"a flag beats both, before or after the command", []string{"--data", "/from/flag", "config", "--config=" + file}, []string{"data: /from/flag"}, "/from/env"},
		{"secrets are hidden", []string{"config"}, []string{"name: staff", "secret: <redacted>"}, "hush-hush"},
	} {
		got := runWith(t, "", env, c.args...)
		if got.code != exitWell {
			t.Errorf("%s: exit %d, %s", c.name, got.code, got.err)
		}
		for _, w := range c.want {
			if !strings.Contains(got.out, w) {
				t.Errorf("%s: %q is not in\n%s", c.name, w, got.out)
			}
		}
		if strings.Contains(got.out+got.err, c.not) {
			t.Errorf("%s: %q should not be in\n%s", c.name, c.not, got.out)
		}
	}
}

func TestListsByIndex(t *testing.T) {
	load := func(vars ...string) (Config, error) {
		return loadConfig(nil, Environment{
			Getenv:  func(string) string { return "" },
			Environ: func() []string { return vars },
		})
	}
	for _, c := range []struct {
		vars []string
		want []string
	}{
		{[]string{"HUIWEN_STORE_REDIS_ADDRS=a:1, b:2"}, []string{"a:1", "b:2"}},
		{[]string{"HUIWEN_STORE_REDIS_ADDRS_1=b:2", "HUIWEN_STORE_REDIS_ADDRS_0=a:1"}, []string{"a:1", "b:2"}},
	} {
		got, err := load(c.vars...)
		if err != nil || !slices.Equal(got.Store.Redis.Addrs, c.want) {
			t.Errorf("%q: got %q, %v, want %q", c.vars, got.Store.Redis.Addrs, err, c.want)
		}
	}
	if _, err := load("HUIWEN_STORE_REDIS_ADDRS_1=b:2"); err == nil {
		t.Error("an element without the one before it is taken")
	}
}

func TestSecretFromFile(t *testing.T) {
	path := writeFile(t, "secret", "quiet\n")
	c, err := loadConfig(nil, Environment{
		Getenv:  func(string) string { return "" },
		Environ: func() []string { return []string{"HUIWEN_DINGTALK_CLIENT_SECRET_FILE=" + path} },
	})
	if err != nil || c.DingTalk.ClientSecret.Reveal() != "quiet" {
		t.Errorf("got %q, %v", c.DingTalk.ClientSecret.Reveal(), err)
	}
}

func TestBadConfigNamesItself(t *testing.T) {
	for _, c := range []struct {
		name, file string
		env        []string
		want       []string
	}{
		{"unknown key", "listen: 127.0.0.1:1\nlisen: x\n", nil, []string{"line 2", "lisen"}},
		{"bad address", "listen: nowhere\n", nil, []string{"listen", "nowhere", "line 1"}},
		{"bad duration", "wecom:\n  callback_window: soon\n", nil, []string{"line 2", "soon"}},
		{"bad kind", "store:\n  kind: mongo\n", nil, []string{"store.kind", "mongo", "c.yaml line 2"}},
		{"bad kind of the environment", "", []string{"HUIWEN_STORE_KIND=mongo"}, []string{"store.kind", "mongo", "HUIWEN_STORE_KIND"}},
		{"bad element of a list", "page:\n  per_minute: 5\n  trusted_proxies:\n    - 10.0.0.0/8\n    - here\n", nil, []string{"page.trusted_proxies[1]", "here", "line 5"}},
		{"missing value", "store:\n  kind: redis\n  redis:\n    mode: cluster\n", nil, []string{"store.redis.addrs", "line 3"}},
		{"redis without address", "store:\n  kind: redis\n", nil, []string{"store.redis.addrs"}},
		{"sentinel without master", "store:\n  kind: redis\n  redis: {mode: sentinel, addrs: ['a:1']}\n", nil, []string{"store.redis.master"}},
		{"base url with a path", "wecom:\n  base_url: https://a.cn/x\n", nil, []string{"wecom.base_url"}},
		{"environment without a key", "", []string{"HUIWEN_LISEN=1"}, []string{"HUIWEN_LISEN"}},
		{"environment of the wrong type", "", []string{"HUIWEN_PAGE_PER_MINUTE=many"}, []string{"HUIWEN_PAGE_PER_MINUTE", "many"}},
		{"a hole in a list", "", []string{"HUIWEN_WECOM_APPS_1_NAME=x"}, []string{"HUIWEN_WECOM_APPS_1_NAME"}},
	} {
		args := []string{"config"}
		if c.file != "" {
			args = append(args, "--config", writeFile(t, "c.yaml", c.file))
		}
		got := runWith(t, "", c.env, args...)
		if got.code != exitFailed {
			t.Errorf("%s: exit %d, want %d", c.name, got.code, exitFailed)
		}
		for _, w := range c.want {
			if !strings.Contains(got.err, w) {
				t.Errorf("%s: %q does not name %q", c.name, got.err, w)
			}
		}
	}
}
