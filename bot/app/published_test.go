package app

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"huiwen/knowledge"
	"huiwen/knowledge/store"
	"huiwen/knowledge/versions"
)

// TestCommandsReadWhatIsPublished: ask and remind preview answer from the store
// under --data where there is one, and write nothing, whether or not there is.
func TestCommandsReadWhatIsPublished(t *testing.T) {
	data := t.TempDir()
	seed := lightSeed(t)
	runWith := func(t *testing.T, stdin string, env []string, args ...string) outcome {
		t.Helper()
		return runSeeded(t, seed, stdin, env, args...)
	}
	question := []string{"--data", data, "ask", "--as-of", "2022-09-15", "一次性创业补贴多少钱"}
	if got := runWith(t, "", nil, question...); got.code != 0 || !strings.Contains(got.out, "5000元") {
		t.Fatalf("from the seed: %+v", got)
	}
	if list, _ := os.ReadDir(data); len(list) > 0 {
		t.Errorf("ask made %v", list)
	}
	s, err := store.OpenFile(t.Context(), data, nil)
	if err != nil {
		t.Fatal(err)
	}
	l := &versions.Library{Store: s, Seed: seed, Load: func(knowledge.Edition) (*knowledge.Snapshot, error) { return nil, nil }}
	d, err := l.Change(t.Context(), "", "另一个数额", versions.Act{Who: "甲"}, func(e knowledge.Edition) (knowledge.Edition, error) {
		name := versionsPlan(e)
		return e.With(name, []byte(strings.ReplaceAll(string(e[name]), "5000元", "6000元"))), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Publish(t.Context(), d.ID, versions.Act{Who: "甲"}); err != nil {
		t.Fatal(err)
	}
	for _, state := range []string{"beside a running service", "after it has ended"} {
		if state == "after it has ended" {
			s.Close()
		}
		before := names(t, data)
		if got := runWith(t, "", nil, question...); got.code != 0 || !strings.Contains(got.out, "6000元") || strings.Contains(got.out, "5000元") {
			t.Errorf("%s: %+v", state, got)
		}
		if got := runWith(t, "", nil, "--data", data, "remind", "preview", "--from", "2022-09-01", "--to", "2022-09-30"); got.code != 0 {
			t.Errorf("%s: %+v", state, got)
		}
		if after := names(t, data); after != before {
			t.Errorf("%s: %s became %s", state, before, after)
		}
	}
}

func versionsPlan(e knowledge.Edition) string { return knowledge.PlanPath(e.PlanIDs()[0]) }

// names lists the files of a folder with their sizes.
func names(t *testing.T, dir string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(files, " ")
}
