package app

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"huiwen/bot"
	"huiwen/knowledge"
	"huiwen/knowledge/store"
	"huiwen/knowledge/store/storetest"
	"huiwen/knowledge/versions"
)

// numbered is a plan each of whose sums is its number.
func numbered(n int) string {
	return fmt.Sprintf(`2022年甲区促进就业实施计划
（此件公开发布）
2022年3月1日
一、稳定就业
1.组织开展技能培训，对参加培训的农民给予一次性培训补贴%[1]d元，培训期间另给生活补助%[1]d元。（责任单位：区财政局）
2.对新开办的小微企业给予一次性创业补贴%[1]d元。（责任单位：区财政局）
`, n)
}

func small(n int) knowledge.Edition { return knowledge.Edition{"plan/a.txt": []byte(numbered(n))} }

func loadSmall(e knowledge.Edition) (*knowledge.Snapshot, error) { return e.Load(plainCutter{}, nil) }

// soak is a when the long form is asked for, else b.
func soak(a, b int) int {
	if os.Getenv("HUIWEN_SOAK") != "" {
		return a
	}
	return b
}

var sums = regexp.MustCompile(`([0-9]+)元`)

// TestPublishingUnderLoad publishes again and again while three replicas answer:
// no answer fails, none mixes two versions, and in no conversation an answer is
// older than the one before, whichever replica gives it.
func TestPublishingUnderLoad(t *testing.T) {
	for name, open := range map[string]func(t *testing.T) func() store.Store{
		"file": func(t *testing.T) func() store.Store {
			dir := t.TempDir()
			return func() store.Store {
				s, err := store.OpenFile(t.Context(), dir, nil)
				if err != nil {
					t.Fatal(err)
				}
				return s
			}
		},
		"redis": func(t *testing.T) func() store.Store {
			addr := storetest.RedisServer(t)
			return func() store.Store {
				s, err := store.OpenRedis(t.Context(), store.RedisOptions{Mode: "single", Addrs: []string{addr}}, nil)
				if err != nil {
					t.Fatal(err)
				}
				return s
			}
		},
	} {
		t.Run(name, func(t *testing.T) { publishUnderLoad(t, open(t), soak(100, 12)) })
	}
}

func publishUnderLoad(t *testing.T, open func() store.Store, publications int) {
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var running sync.WaitGroup
	var replicas []*engine
	for i := range 3 {
		s := open()
		t.Cleanup(func() { s.Close() })
		f, err := versions.NewFollower(ctx, versions.FollowerOptions{Store: s, Seed: small(0), Load: loadSmall, ID: fmt.Sprint("r", i), Poll: 20 * time.Millisecond, Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
		if err != nil {
			t.Fatal(err)
		}
		running.Go(func() { f.Run(ctx) })
		replicas = append(replicas, &engine{follower: f})
	}
	s := open()
	t.Cleanup(func() { s.Close() })
	l := &versions.Library{Store: s, Seed: small(0), Load: loadSmall}
	storetest.Until(t, "three replicas are there", func() bool {
		list, err := versions.Replicas(ctx, s)
		return err == nil && len(list) == 3
	})
	asking, enough := context.WithCancel(ctx)
	defer enough()
	var answers atomic.Int64
	var people sync.WaitGroup
	for c := range 6 {
		chance := rand.New(rand.NewPCG(uint64(c), 1))
		people.Go(func() {
			last := 0
			for asking.Err() == nil {
				e := replicas[chance.IntN(len(replicas))]
				m := bot.Message{User: bot.Resident, Conversation: fmt.Sprint(c), Text: "技能培训补贴多少钱", At: time.Date(2022, 9, 15, 4, 0, 0, 0, time.UTC)}
				out, _, err := e.answer(ctx, m, nil)
				if err != nil {
					t.Error(err)
					return
				}
				found := sums.FindAllStringSubmatch(out.Text, -1)
				if len(found) == 0 {
					t.Errorf("no sum in\n%s", out.Text)
					return
				}
				for _, f := range found {
					if f[1] != found[0][1] {
						t.Errorf("two versions in one answer:\n%s", out.Text)
					}
				}
				n, _ := strconv.Atoi(found[0][1])
				if out.Version != small(n).Hash() {
					t.Errorf("version %s answers with the sum of %d", out.Version, n)
				}
				if n < last {
					t.Errorf("conversation %d: version %d after %d", c, n, last)
				}
				last = n
				answers.Add(1)
			}
		})
	}
	for n := 1; n <= publications; n++ {
		d, err := l.Change(ctx, "", "下一版", versions.Act{Who: "甲"}, func(knowledge.Edition) (knowledge.Edition, error) { return small(n), nil })
		if err != nil {
			t.Fatal(err)
		}
		if _, err := l.Publish(ctx, d.ID, versions.Act{Who: "甲"}); err != nil {
			t.Fatal(err)
		}
	}
	storetest.Until(t, "every replica has the last version", func() bool {
		for _, e := range replicas {
			if e.snapshot().Version != small(publications).Hash() {
				return false
			}
		}
		return true
	})
	enough()
	people.Wait()
	stop()
	running.Wait()
	t.Logf("%s: %d answers over %d publications", t.Name(), answers.Load(), publications)
	if answers.Load() < int64(publications) {
		t.Errorf("only %d answers", answers.Load())
	}
}

// TestPublishingKilled kills the publishing process again and again at a moment
// by chance: what is published is then one of the versions whole, and the service
// beside it answers.
func TestPublishingKilled(t *testing.T) {
	dir := t.TempDir()
	chance := rand.New(rand.NewPCG(3, 3))
	last := 0
	for round := range soak(60, 8) {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^TestPublishInChild$")
		cmd.Env = append(os.Environ(), "HUIWEN_TEST_PUBLISH="+dir, "HUIWEN_TEST_FROM="+strconv.Itoa(last+1))
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		said := make([]byte, 1+chance.IntN(3)) // it has begun, and published so many less one
		if round == 0 {
			said = make([]byte, 2)
		}
		if _, err := io.ReadFull(out, said); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(chance.IntN(40)) * time.Millisecond) // where the kill falls is chance, not what is asserted
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		s, err := store.OpenFile(t.Context(), dir, nil)
		if err != nil {
			t.Fatal(err)
		}
		p, ok, err := versions.Published(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		if ok {
			e, err := versions.Edition(t.Context(), s, p.Version)
			if err != nil {
				t.Fatalf("round %d: %v", round, err)
			}
			if _, err := loadSmall(e); err != nil || e.Hash() != small(p.Seq).Hash() || p.Seq < last {
				t.Fatalf("round %d: publication %d after %d, %v", round, p.Seq, last, err)
			}
			last = p.Seq
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if last == 0 {
		t.Error("nothing was ever published")
	}
	t.Logf("%d publications", last)
}

// TestPublishInChild publishes one version after the other until it is killed.
func TestPublishInChild(t *testing.T) {
	dir := os.Getenv("HUIWEN_TEST_PUBLISH")
	if dir == "" {
		return // only as a child
	}
	s, err := store.OpenFile(t.Context(), dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	l := &versions.Library{Store: s, Seed: small(0), Load: loadSmall}
	from, _ := strconv.Atoi(os.Getenv("HUIWEN_TEST_FROM"))
	fmt.Print("b")
	for n := from; ; n++ {
		d, err := l.Change(t.Context(), "", "下一版", versions.Act{Who: "甲"}, func(knowledge.Edition) (knowledge.Edition, error) { return small(n), nil })
		if err != nil {
			t.Fatal(err)
		}
		if _, err := l.Publish(t.Context(), d.ID, versions.Act{Who: "甲"}); err != nil {
			t.Fatal(err)
		}
		fmt.Print("p")
	}
}

// TestOldSnapshotsAreFreed: after twenty publications the memory in use is that of
// one snapshot and what a new one needs.
func TestOldSnapshotsAreFreed(t *testing.T) {
	s, err := store.OpenFile(t.Context(), t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var alive atomic.Int64
	load := func(e knowledge.Edition) (*knowledge.Snapshot, error) {
		snap, err := loadSmall(e)
		if err == nil {
			alive.Add(1)
			runtime.AddCleanup(snap, func(int) { alive.Add(-1) }, 0)
		}
		return snap, err
	}
	f, err := versions.NewFollower(t.Context(), versions.FollowerOptions{Store: s, Seed: small(0), Load: load, ID: "r", Poll: time.Hour, Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err != nil {
		t.Fatal(err)
	}
	e := &engine{follower: f}
	l := &versions.Library{Store: s, Seed: small(0), Load: loadSmall}
	for n := 1; n <= 20; n++ {
		d, err := l.Change(t.Context(), "", "下一版", versions.Act{Who: "甲"}, func(knowledge.Edition) (knowledge.Edition, error) { return small(n), nil })
		if err != nil {
			t.Fatal(err)
		}
		if _, err := l.Publish(t.Context(), d.ID, versions.Act{Who: "甲"}); err != nil {
			t.Fatal(err)
		}
		if got := e.fresh(t.Context()).Version; got != small(n).Hash() {
			t.Fatalf("publication %d: %s answers", n, got)
		}
	}
	storetest.Until(t, "old snapshots are freed", func() bool { runtime.GC(); return alive.Load() <= 2 })
	if !strings.Contains(e.snapshot().Plan.Title, "甲区") {
		t.Error("the last one is gone too")
	}
}
