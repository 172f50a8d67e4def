package app

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestActsAreAudited: what the command line changes stands in the chain, with who
// and why; a cut end is found by the head that was kept.
func TestActsAreAudited(t *testing.T) {
	data := t.TempDir()
	run := func(code int, args ...string) outcome {
		t.Helper()
		got := runWith(t, "", nil, append([]string{"--data", data}, args...)...)
		if got.code != code {
			t.Fatalf("%v: exit %d, want %d\n%s\n%s", args, got.code, code, got.out, got.err)
		}
		return got
	}
	run(0, "admin", "create", "张编辑", "--role", "编辑")
	run(0, "admin", "create", "王办", "--role", "办公室")
	run(0, "admin", "create", "赵审计", "--role", "审计管理员")
	shown := run(0, "directory", "show").out
	if !strings.Contains(shown, "区财政局") {
		t.Fatalf("%s", shown)
	}
	file := writeFile(t, "d.yaml", shown+"\n")
	run(2, "directory", "import", file)
	run(1, "directory", "import", file, "--as", "赵审计")
	run(0, "directory", "import", file, "--as", "王办", "--why", "核对一遍")
	if got := run(1, "directory", "import", file, "--as", "王办"); !strings.Contains(got.err, "刚被别人改过") {
		t.Errorf("%s", got.err)
	}
	run(0, "plan", "correct", "39", "groups", `["高校毕业生"]`, "--as", "张编辑", "--why", "漏读")
	verified := run(0, "audit", "verify").out
	head := regexp.MustCompile(`末尾 (\S+)`).FindStringSubmatch(verified)
	if head == nil {
		t.Fatalf("%s", verified)
	}
	run(0, "audit", "verify", "--head", head[1])
	run(1, "audit", "verify", "--head", "999:"+head[1][2:])
	run(2, "audit", "show")
	run(1, "audit", "show", "--as", "张编辑")
	got := run(0, "audit", "show", "--as", "赵审计").out
	for _, want := range []string{"王办  directory.save  revision 1  核对一遍", "张编辑  plan.draft", "漏读", "account.create"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	info, err := os.Stat(filepath.Join(data, "audit.key"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info, err)
	}
}
