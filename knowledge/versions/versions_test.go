package versions

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"huiwen/knowledge"
	"huiwen/knowledge/audit"
	"huiwen/knowledge/store"
)

// plain cuts nothing: what is tested here is not search.
type plain struct{}

func (plain) Cut(s string) []string    { return []string{s} }
func (plain) Search(s string) []string { return []string{s} }

func load(e knowledge.Edition) (*knowledge.Snapshot, error) { return e.Load(plain{}, nil) }

// planText is a plan whose every sum is figure.
func planText(year, figure int) string {
	return fmt.Sprintf(`%[1]d年甲区促进就业实施计划
（此件公开发布）
%[1]d年3月1日

一、稳定就业
1.组织开展技能培训，对参加培训的农民给予一次性补贴%[2]d元，力争%[1]d年培训300人次。（责任单位：区人力资源社会保障局、区财政局）
2.对新开办的小微企业给予创业补贴%[2]d元，%[1]d年底前兑现。（责任单位：区财政局）
3.开展走访服务，每季度走访困难家庭一次。（责任单位：区民政局）
`, year, figure)
}

func seedEdition() knowledge.Edition {
	return knowledge.Edition{"plan/seed.txt": []byte(planText(2022, 100))}
}

func openLibrary(t *testing.T) *Library {
	t.Helper()
	s, err := store.OpenFile(t.Context(), t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return &Library{Store: s, Seed: seedEdition(), Load: load}
}

func set(name, text string) func(knowledge.Edition) (knowledge.Edition, error) {
	return func(e knowledge.Edition) (knowledge.Edition, error) { return e.With(name, []byte(text)), nil }
}

// publish makes a version with this plan and publishes it.
func publish(t *testing.T, l *Library, text string) Pointer {
	t.Helper()
	d, err := l.Change(t.Context(), "", "测试", Act{Who: "甲"}, set("plan/seed.txt", text))
	if err != nil {
		t.Fatal(err)
	}
	p, err := l.Publish(t.Context(), d.ID, Act{Who: "甲", Why: "试"})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestPublishAndRollBack(t *testing.T) {
	l := openLibrary(t)
	if p, e, err := l.Published(t.Context()); err != nil || p.Seq != 0 || e.Hash() != l.Seed.Hash() {
		t.Fatalf("before anything: %+v %v", p, err)
	}
	one := publish(t, l, planText(2022, 200))
	two := publish(t, l, planText(2022, 300))
	if one.Seq != 1 || two.Seq != 2 || two.Items != 3 || two.Title != "2022年甲区促进就业实施计划" {
		t.Errorf("%+v %+v", one, two)
	}
	if drafts, err := l.Drafts(t.Context()); err != nil || len(drafts) > 0 {
		t.Errorf("what is published is no draft any more: %v %v", drafts, err)
	}
	for i, want := range []string{one.Version, two.Version, one.Version} {
		p, err := l.Rollback(t.Context(), 0, Act{Who: "乙", Why: "退"})
		if err != nil || p.Version != want || p.Seq != 3+i {
			t.Errorf("rollback %d: %+v %v, want %s", i, p, err, want)
		}
	}
	seed, err := l.Rollback(t.Context(), 0, Act{Who: "乙"})
	if err != nil || seed.Version != two.Version {
		t.Errorf("%+v %v", seed, err)
	}
	if _, err := l.Rollback(t.Context(), 99, Act{Who: "乙"}); !errors.Is(err, ErrNotFound) {
		t.Errorf("an unknown publication: %v", err)
	}
	all, err := l.Versions(t.Context(), 10)
	if err != nil || len(all) != 6 || all[0].Seq != 6 || all[0].Back == 0 || all[0].By != "乙" {
		t.Errorf("%+v %v", all, err)
	}
	pending(t, l, "plan.publish", 2)
	pending(t, l, "plan.rollback", 4)
}

func TestTheFirstPublicationIsRolledBackToTheSeed(t *testing.T) {
	l := openLibrary(t)
	publish(t, l, planText(2022, 200))
	p, err := l.Rollback(t.Context(), 0, Act{Who: "乙"})
	if err != nil || p.Version != l.Seed.Hash() {
		t.Fatalf("%+v %v", p, err)
	}
}

// pending counts the audit entries of an act that wait for the chain.
func pending(t *testing.T, l *Library, act string, want int) {
	t.Helper()
	list, err := store.View(t.Context(), l.Store, Scope, func(tx store.Tx) ([]audit.Entry, error) { return audit.Pending(tx, 1000) })
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, e := range list {
		if e.Act == act {
			n++
		}
	}
	if n != want {
		t.Errorf("%d audit entries of %s, want %d", n, act, want)
	}
}

func TestTwoAtOnce(t *testing.T) {
	l := openLibrary(t)
	a, err := l.Change(t.Context(), "", "a", Act{Who: "甲"}, set("plan/seed.txt", planText(2022, 200)))
	if err != nil {
		t.Fatal(err)
	}
	b, err := l.Change(t.Context(), "", "b", Act{Who: "乙"}, set("words.yaml", "[]"))
	if err != nil {
		t.Fatal(err)
	}
	c, err := l.Change(t.Context(), "", "c", Act{Who: "丙"}, set("plan/seed.txt", planText(2022, 999)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Publish(t.Context(), a.ID, Act{Who: "甲"}); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Publish(t.Context(), b.ID, Act{Who: "乙"}); !errors.Is(err, ErrConflict) {
		t.Errorf("a draft of what is no longer published: %v", err)
	}
	if _, err := l.Rebase(t.Context(), c.ID, Act{Who: "丙"}); !errors.Is(err, ErrConflict) || !strings.Contains(err.Error(), "plan/seed.txt") {
		t.Errorf("both changed the plan: %v", err)
	}
	if _, err := l.Rebase(t.Context(), b.ID, Act{Who: "乙"}); err != nil {
		t.Fatal(err)
	}
	p, err := l.Publish(t.Context(), b.ID, Act{Who: "乙"})
	if err != nil || p.Seq != 2 {
		t.Fatalf("%+v %v", p, err)
	}
	e, err := l.Edition(t.Context(), p.Version)
	if err != nil || string(e["words.yaml"]) != "[]" || !strings.Contains(string(e["plan/seed.txt"]), "200元") {
		t.Errorf("the two changes together: %v", err)
	}
	// many publish the same moment: one wins, the others are told
	var won, lost int
	var mu sync.Mutex
	var wg sync.WaitGroup
	var drafts []Draft
	for i := range 8 {
		d, err := l.Change(t.Context(), "", "x", Act{Who: "甲"}, set("plan/seed.txt", planText(2022, 1000+i)))
		if err != nil {
			t.Fatal(err)
		}
		drafts = append(drafts, d)
	}
	for _, d := range drafts {
		wg.Go(func() {
			_, err := l.Publish(t.Context(), d.ID, Act{Who: "甲"})
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				won++
			case errors.Is(err, ErrConflict):
				lost++
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if won != 1 || lost != 7 {
		t.Errorf("%d won, %d were told", won, lost)
	}
}

func TestADraftIsNotChangedOverAnother(t *testing.T) {
	l := openLibrary(t)
	d, err := l.Change(t.Context(), "", "a", Act{Who: "甲"}, set("words.yaml", "[]"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = l.Change(t.Context(), d.ID, "b", Act{Who: "乙"}, func(e knowledge.Edition) (knowledge.Edition, error) {
		if _, err := l.Change(t.Context(), d.ID, "c", Act{Who: "丙"}, set("talk.yaml", "[]")); err != nil {
			t.Fatal(err)
		}
		return e.With("words.yaml", []byte("# x\n[]")), nil
	})
	if !errors.Is(err, ErrConflict) {
		t.Errorf("%v", err)
	}
}

func TestAnotherPersonApproves(t *testing.T) {
	l := openLibrary(t)
	l.Approval = true
	d, err := l.Change(t.Context(), "", "a", Act{Who: "甲"}, set("plan/seed.txt", planText(2022, 200)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Publish(t.Context(), d.ID, Act{Who: "乙"}); !errors.Is(err, ErrRefused) {
		t.Errorf("without an approval: %v", err)
	}
	if err := l.Approve(t.Context(), d.ID, d.Hash, Act{Who: "甲"}); !errors.Is(err, ErrRefused) {
		t.Errorf("by the editor: %v", err)
	}
	if err := l.Approve(t.Context(), d.ID, "0123", Act{Who: "乙"}); !errors.Is(err, ErrConflict) {
		t.Errorf("of another hash: %v", err)
	}
	if err := l.Approve(t.Context(), d.ID, d.Hash, Act{Who: "乙"}); err != nil {
		t.Fatal(err)
	}
	e, err := l.Change(t.Context(), d.ID, "b", Act{Who: "丙"}, set("words.yaml", "[]"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Publish(t.Context(), d.ID, Act{Who: "乙"}); !errors.Is(err, ErrRefused) {
		t.Errorf("after a later edit: %v", err)
	}
	if err := l.Approve(t.Context(), d.ID, e.Hash, Act{Who: "乙"}); err != nil {
		t.Fatal(err)
	}
	// the approver turns editor and back: the approval stands for the hash, not for him
	if _, err := l.Change(t.Context(), d.ID, "c", Act{Who: "乙"}, set("words.yaml", "# y\n[]")); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Change(t.Context(), d.ID, "d", Act{Who: "甲"}, set("words.yaml", "[]")); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Publish(t.Context(), d.ID, Act{Who: "甲"}); !errors.Is(err, ErrRefused) {
		t.Errorf("approved by one who edited later: %v", err)
	}
	if err := l.Approve(t.Context(), d.ID, e.Hash, Act{Who: "丁"}); err != nil {
		t.Fatal(err)
	}
	p, err := l.Publish(t.Context(), d.ID, Act{Who: "甲"})
	if err != nil || p.Approved != "丁" {
		t.Errorf("%+v %v", p, err)
	}
}

// a process that dies at a point leaves the old version or the new one.
type died string

func TestKilledAnywhereItIsOldOrNew(t *testing.T) {
	points := map[string]int{}
	{
		l := openLibrary(t)
		l.Crash = func(p string) { points[p]++ }
		publish(t, l, planText(2022, 200))
	}
	if len(points) < 6 {
		t.Fatalf("only %v", points)
	}
	for point, times := range points {
		for n := range times {
			l := openLibrary(t)
			seen := 0
			l.Crash = func(p string) {
				if p == point {
					if seen == n {
						panic(died(p))
					}
					seen++
				}
			}
			func() {
				defer func() {
					if _, ok := recover().(died); !ok {
						t.Errorf("%s: did not die", point)
					}
				}()
				publish(t, l, planText(2022, 200))
			}()
			l.Crash = nil
			p, e, err := l.Published(t.Context())
			if err != nil {
				t.Errorf("%s: %v", point, err)
				continue
			}
			got := string(e["plan/seed.txt"])
			if got != planText(2022, 100) && got != planText(2022, 200) {
				t.Errorf("%s: neither old nor new", point)
			}
			if point == "flipped" != (p.Seq == 1) {
				t.Errorf("%s: publication %d", point, p.Seq)
			}
			if next := publish(t, l, planText(2022, 300)); next.Seq != p.Seq+1 {
				t.Errorf("%s: the next publication is %+v", point, next)
			}
		}
	}
}

func TestADowngradeIsToldInWords(t *testing.T) {
	l := openLibrary(t)
	publish(t, l, planText(2022, 200))
	f := follow(t, l, "r1", load)
	err := l.Store.Update(t.Context(), Scope, func(tx store.Tx) error {
		return put(tx, pointerKey, Pointer{Schema: Schema + 1, Seq: 2, Version: "future"}, 0)
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := f.Fresh(t.Context()); got.Seq != 1 {
		t.Errorf("publication %d answers", got.Seq)
	}
	if err := f.Check(t.Context()); !errors.Is(err, ErrNewer) || !strings.Contains(err.Error(), "升级") {
		t.Errorf("%v", err)
	}
	if again := follow(t, l, "r2", load); again.Now().Seq != 1 {
		t.Errorf("after a restart publication %d answers", again.Now().Seq)
	}
	if _, _, err := l.Published(t.Context()); !errors.Is(err, ErrNewer) {
		t.Errorf("an admin command: %v", err)
	}
	if _, err := l.Rollback(t.Context(), 1, Act{Who: "甲"}); err == nil {
		t.Error("an old program rolled back what it does not understand")
	}
}

func TestADamagedFileIsNoticed(t *testing.T) {
	l := openLibrary(t)
	publish(t, l, planText(2022, 200))
	text := planText(2022, 200)
	for _, damage := range []func(tx store.Tx, key string) error{
		func(tx store.Tx, key string) error {
			return tx.Put(key, []byte(strings.Replace(text, "200", "900", 1)), 0)
		},
		func(tx store.Tx, key string) error { return tx.Del(key) },
	} {
		err := l.Store.Update(t.Context(), Scope, func(tx store.Tx) error { return damage(tx, blobKey(sumOf([]byte(text)), 0)) })
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := l.Published(t.Context()); !errors.Is(err, ErrDamaged) {
			t.Errorf("%v", err)
		}
	}
}

func follow(t *testing.T, l *Library, id string, load func(knowledge.Edition) (*knowledge.Snapshot, error)) *Follower {
	t.Helper()
	f, err := NewFollower(t.Context(), FollowerOptions{Store: l.Store, Seed: l.Seed, Load: load, ID: id, Poll: 5 * time.Millisecond, Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// running runs a follower until the test ends or stop is called.
func running(t *testing.T, f *Follower) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { f.Run(ctx); close(done) }()
	stop = sync.OnceFunc(func() { cancel(); <-done })
	t.Cleanup(stop)
	return stop
}

func TestReplicasLoadBeforeThePointerFlips(t *testing.T) {
	l := openLibrary(t)
	var broken sync.Map
	var fs []*Follower
	for _, id := range []string{"r1", "r2", "r3"} {
		f := follow(t, l, id, func(e knowledge.Edition) (*knowledge.Snapshot, error) {
			if _, ok := broken.Load(id + e.Hash()); ok {
				return nil, errors.New("内存不够")
			}
			return load(e)
		})
		f.step(t.Context()) // it is there before anything is published
		running(t, f)
		fs = append(fs, f)
	}
	p := publish(t, l, planText(2022, 200))
	for _, f := range fs {
		f.mu.Lock()
		if l := f.live.Load(); l.Seq != p.Seq && f.candidate != p.Version {
			t.Errorf("%s has publication %d and has loaded %q", f.ID, l.Seq, f.candidate)
		}
		f.mu.Unlock()
		if got := f.Fresh(t.Context()); got.Snapshot.Version != p.Version || got.Seq != p.Seq {
			t.Errorf("%s answers from %+v", f.ID, got)
		}
	}
	// one that cannot load it stops the publication and keeps the old one
	d, err := l.Change(t.Context(), "", "x", Act{Who: "甲"}, set("plan/seed.txt", planText(2022, 300)))
	if err != nil {
		t.Fatal(err)
	}
	broken.Store("r2"+d.Hash, true)
	if _, err := l.Publish(t.Context(), d.ID, Act{Who: "甲"}); !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), "r2") || !strings.Contains(err.Error(), "内存不够") {
		t.Errorf("%v", err)
	}
	for _, f := range fs {
		if got := f.Fresh(t.Context()); got.Seq != p.Seq {
			t.Errorf("%s answers from publication %d", f.ID, got.Seq)
		}
	}
	list, err := Replicas(t.Context(), l.Store)
	if err != nil || len(list) != 3 {
		t.Errorf("%v %v", list, err)
	}
}

func TestAReplicaThatCannotLoadKeepsTheOldOneAndSaysSo(t *testing.T) {
	l := openLibrary(t)
	one := publish(t, l, planText(2022, 200))
	bad := ""
	f := follow(t, l, "r1", func(e knowledge.Edition) (*knowledge.Snapshot, error) {
		if e.Hash() == bad {
			return nil, errors.New("词典坏了")
		}
		return load(e)
	})
	d, err := l.Change(t.Context(), "", "x", Act{Who: "甲"}, set("plan/seed.txt", planText(2022, 300)))
	if err != nil {
		t.Fatal(err)
	}
	bad = d.Hash
	two, err := l.Publish(t.Context(), d.ID, Act{Who: "甲"}) // it does not run: nobody waits for it
	if err != nil {
		t.Fatal(err)
	}
	if got := f.Fresh(t.Context()); got.Seq != one.Seq {
		t.Errorf("publication %d answers", got.Seq)
	}
	if err := f.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "词典坏了") || !strings.Contains(err.Error(), two.Version) {
		t.Errorf("%v", err)
	}
	if _, err := l.Rollback(t.Context(), one.Seq, Act{Who: "甲"}); err != nil {
		t.Fatal(err)
	}
	if got := f.Fresh(t.Context()); got.Seq != 3 || got.Snapshot.Version != one.Version {
		t.Errorf("after the way back: %+v", got)
	}
	if err := f.Check(t.Context()); err != nil {
		t.Errorf("after the way back: %v", err)
	}
}
