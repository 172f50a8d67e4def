package app

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestOverlapNamesCopiedQuestions(t *testing.T) {
	name := filepath.Join(t.TempDir(), "q.jsonl")
	lines := `{"id":"a","turns":["大学毕业天天在家打游戏"]}` + "\n" + `{"id":"b","turns":["今天早上的风把门口的大树吹倒了"]}` + "\n"
	if err := os.WriteFile(name, []byte(lines), 0o600); err != nil {
		t.Fatal(err)
	}
	got := runWith(t, "", nil, "eval", name, "--overlap")
	if got.code != 0 || !strings.HasPrefix(got.out, "a 1.00 ") || !strings.Contains(got.out, "的 1 个") {
		t.Errorf("%+v", got)
	}
}
