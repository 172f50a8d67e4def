package app

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"huiwen/bot/post"
	"huiwen/knowledge/store"
)

func TestBackupIsEncryptedAndComesBack(t *testing.T) {
	data, again, file := t.TempDir(), t.TempDir(), filepath.Join(t.TempDir(), "b.age")
	env := []string{"HUIWEN_BACKUP_PASSPHRASE=correct horse"}
	talk := runWith(t, "创业担保贷款怎么回事\n那多少钱\n", nil, "--data", data, "chat", "--as-of", "2022-09-15")
	if talk.code != 0 || strings.Count(talk.out, "第40项") < 2 {
		t.Fatalf("the talk: %+v", talk)
	}
	if got := runWith(t, "", nil, "--data", data, "backup", file); got.code != 2 || !strings.Contains(got.err, "backup.passphrase") {
		t.Errorf("without a passphrase: %+v", got)
	}
	if got := runWith(t, "", env, "--data", data, "backup", file); got.code != 0 {
		t.Fatalf("backup: %+v", got)
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v %v", info.Mode(), err)
	}
	if raw, _ := os.ReadFile(file); bytes.Contains(raw, []byte("创业")) {
		t.Error("the backup can be read without its passphrase")
	}
	if got := runWith(t, "", []string{"HUIWEN_BACKUP_PASSPHRASE=wrong"}, "--data", again, "restore", file); got.code != 1 || !strings.Contains(got.err, "口令") {
		t.Errorf("wrong passphrase: %+v", got)
	}
	if got := runWith(t, "", env, "--data", again, "restore", file); got.code != 0 {
		t.Fatalf("restore: %+v", got)
	}
	if got := runWith(t, "", env, "--data", again, "restore", file); got.code != 1 {
		t.Errorf("restore into a store that is not empty: %+v", got)
	}
	a, b := dumped(t, data), dumped(t, again)
	if !strings.Contains(b, "ans/") || strings.Count(a, "ans/") != strings.Count(b, "ans/") {
		t.Errorf("answers are missing after the restore")
	}
}

func dumped(t *testing.T, dir string) string {
	t.Helper()
	s, err := store.OpenFile(t.Context(), dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var b bytes.Buffer
	if err := s.Dump(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestForgettingReachesEveryPlace(t *testing.T) {
	data := t.TempDir()
	canary := "金丝雀店铺"
	got := runWith(t, canary+"想开店有补贴吗\n删除我的信息\n", nil, "--data", data, "chat", "--as-of", "2022-09-15")
	if got.code != 0 || !strings.Contains(got.out, "已经删除") {
		t.Fatalf("%+v", got)
	}
	if d := dumped(t, data); strings.Contains(d, canary) || strings.Contains(d, "sess/") {
		t.Error("the person's words are still in the store")
	}
	if strings.Contains(got.err, canary) {
		t.Error("the person's words are in the log")
	}
}

func TestReadyzTellsAStoreThatCannotBeWritten(t *testing.T) {
	s, err := store.OpenFile(t.Context(), t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := ready(t.Context(), s); err != nil {
		t.Error(err)
	}
	s.Close()
	if err := ready(t.Context(), s); err == nil {
		t.Error("a closed store is ready")
	}
}

func TestDeletionsAreListedBesideTheStore(t *testing.T) {
	dir := t.TempDir()
	at := time.Date(2022, 9, 15, 12, 0, 0, 0, time.UTC)
	for _, who := range []string{"aa", "bb"} {
		if err := keepForgotten(dir)(post.Forgotten{Speaker: who, At: at}); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(dir, forgottenFile)
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v %v", info.Mode(), err)
	}
	cut, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	cut.WriteString(`{"speaker":"cc","a`) // a crash while writing
	cut.Close()
	got, err := readForgotten([]string{path, filepath.Join(t.TempDir(), "none")})
	if err != nil || len(got) != 2 || got[1].Speaker != "bb" || !got[1].At.Equal(at) {
		t.Errorf("read %+v %v", got, err)
	}
	if _, err := readForgotten([]string{filepath.Join(dir, "none"), path}); err == nil {
		t.Error("a list that was named and is not there is passed over")
	}
}
