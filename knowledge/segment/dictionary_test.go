package segment

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// dictionaryIn writes a dictionary of the right form into a new folder.
func dictionaryIn(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"jieba.dict.utf8": "钟山 3 ns\n", "hmm_model.utf8": "#prob_start\n", "user.dict.utf8": "",
		"idf.utf8": "钟山 1.5\n", "stop_words.utf8": "的\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestConfiguredDictionaryIsTaken(t *testing.T) {
	dir := dictionaryIn(t)
	if got, err := FindDictionary(dir); err != nil || got != dir {
		t.Errorf("got %q, %v", got, err)
	}
}

// gojieba aborts the process on such files; the error must come before.
func TestBadDictionaryIsNamed(t *testing.T) {
	for _, c := range []struct{ file, text string }{
		{"jieba.dict.utf8", "no dictionary at all"},
		{"hmm_model.utf8", "nothing"},
		{"idf.utf8", ""},
		{"stop_words.utf8", ""},
	} {
		dir := dictionaryIn(t)
		if err := os.WriteFile(filepath.Join(dir, c.file), []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := FindDictionary(dir)
		if !errors.Is(err, ErrDictionary) || !strings.Contains(err.Error(), c.file) {
			t.Errorf("%s: error %v should name the file", c.file, err)
		}
	}
	if _, err := FindDictionary(filepath.Join(t.TempDir(), "none")); !errors.Is(err, ErrDictionary) {
		t.Errorf("missing folder: %v", err)
	}
}

func TestOneInstanceAFolder(t *testing.T) {
	dir, err := FindDictionary("")
	if err != nil {
		t.Fatal(err)
	}
	a, errA := Open(dir)
	b, errB := Open(dir)
	if errA != nil || errB != nil || a != b {
		t.Errorf("two instances of one folder: %p %p %v %v", a, b, errA, errB)
	}
}
