package app

import (
	"bytes"
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestWrongUseAndMissingFiles(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "none.txt")
	folder := t.TempDir()
	garbage := writeFile(t, "plan.txt", string([]byte{0xff, 0xfe, 0x00, 0x01}))
	empty := writeFile(t, "empty.txt", "")
	prose := writeFile(t, "prose.txt", "这里没有编号。")
	tests := []struct {
		args []string
		code int
		says string
	}{
		{[]string{"fly"}, 2, "fly"},
		{[]string{"ask", "--jsno"}, 2, "jsno"},
		{[]string{"--config"}, 2, "--config"},
		{[]string{"--config", missing, "config"}, 1, missing},
		{[]string{"plan", "inspect"}, 2, "inspect"},
		{[]string{"plan", "inspect", missing}, 1, missing},
		{[]string{"plan", "inspect", folder}, 1, folder},
		{[]string{"plan", "inspect", garbage}, 1, garbage},
		{[]string{"plan", "inspect", empty}, 1, empty},
		{[]string{"plan", "inspect", prose}, 1, "没有找到编号"},
		{[]string{"eval", missing}, 1, missing},
		{[]string{"ask", "--as-of", "soon", "低保"}, 2, "soon"},
	}
	for _, tt := range tests {
		got := runWith(t, "", nil, tt.args...)
		if got.code != tt.code || !strings.Contains(got.err, tt.says) {
			t.Errorf("%v: exit %d, says %q; want exit %d and %q", tt.args, got.code, got.err, tt.code, tt.says)
		}
		if strings.Contains(got.err, "panic") || strings.Contains(got.err, "goroutine") {
			t.Errorf("%v: a trace is shown:\n%s", tt.args, got.err)
		}
	}
}

func TestAskSurvivesAnyLine(t *testing.T) {
	lines := []string{
		"\ufeff" + `{"id":"a","turns":["老板欠薪"],"as_of":"2022-09-15"}`, // a file saved on Windows
		`{"id":"b","turns":["broken`,
		`{"id":"c","turns":[]}`,
		`{"id":"d","turns":[""]}`,
		`{"id":"e","turns":["` + strings.Repeat("补", 40_000) + `"]}`,
		"\xff\xfe\x00",
		`{"id":"f","turns":["😀😀"]}`,
		`{"id":"g","turns":["a\u0000b"],"unknown":1}`,
		`{"id":"h","turns":["低保"],"as_of":"someday"}`,
		`[1,2]`,
		"",
		`{"id":"z","turns":["老板跑了"]}`,
	}
	got := runWith(t, strings.Join(lines, "\n"), nil, "ask", "--json")
	if got.code != 1 {
		t.Errorf("exit %d, want 1 after unreadable lines", got.code)
	}
	var ids []string
	for line := range strings.Lines(got.out) {
		var a answer
		if err := json.Unmarshal([]byte(line), &a); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if a.Citations == nil || a.Choices == nil {
			t.Errorf("%s: a list is null", a.ID)
		}
		if a.Text == "" {
			t.Errorf("%s %s: nothing to read", a.ID, a.Status)
		}
		ids = append(ids, a.ID+" "+string(a.Status))
	}
	seen := strings.Join(ids, ",")
	for _, want := range []string{"a answered", " error", "z answered"} {
		if !strings.Contains(seen, want) {
			t.Errorf("lines %s lack %q", seen, want)
		}
	}
	if ids[0] != "a answered" || ids[len(ids)-1] != "z answered" {
		t.Errorf("lines out of order: %s", seen)
	}
}

func TestAskReadsAQuestionFromAnywhere(t *testing.T) {
	direct := runWith(t, "", nil, "ask", "--as-of", "2022-09-15", "困难大学生求职补贴多少")
	piped := runWith(t, "困难大学生求职补贴多少\n", nil, "ask", "--as-of", "2022-09-15")
	if direct.code != 0 || !strings.Contains(direct.out, "1000元") || direct.out != piped.out {
		t.Errorf("direct %+v\npiped %+v", direct, piped)
	}
}

func TestServeSaysWhichAddressIsTaken(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	got := runWith(t, "", nil, "serve", "--listen", l.Addr().String(), "--internal", "127.0.0.1:0")
	if got.code != 1 || !strings.Contains(got.err, l.Addr().String()) {
		t.Errorf("%+v does not name the address that is taken", got)
	}
}

func TestMissingDictionaryIsSaidBeforeAnythingRuns(t *testing.T) {
	dir := t.TempDir()
	got := runWith(t, "", []string{"HUIWEN_DICTIONARY=" + dir}, "ask", "低保")
	if got.code != 1 || !strings.Contains(got.err, dir) {
		t.Errorf("%+v does not name %s", got, dir)
	}
	if err := os.WriteFile(filepath.Join(dir, "jieba.dict.utf8"), bytes.Repeat([]byte{0}, 10), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := runWith(t, "", []string{"HUIWEN_DICTIONARY=" + dir}, "ask", "低保"); got.code != 1 {
		t.Errorf("a broken dictionary: %+v", got)
	}
}
