package segment

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/yanyiwu/gojieba"
)

// ErrDictionary marks a dictionary that is missing or unusable.
var ErrDictionary = errors.New("dictionary unusable")

// Jieba is the process's one dictionary. It is never changed after it is
// opened: gojieba's AddWord is unsafe under readers and RemoveWord damages it.
// It is safe for concurrent use.
type Jieba struct{ j *gojieba.Jieba }

// The files of a dictionary folder; gojieba aborts the process when one is
// missing or of the wrong form, so Open checks them first.
var dictionaryFiles = []string{"jieba.dict.utf8", "hmm_model.utf8", "user.dict.utf8", "idf.utf8", "stop_words.utf8"}

var (
	openMu sync.Mutex
	opened = map[string]*Jieba{}
)

// Open loads the dictionary in dir; a second Open of the same folder returns
// the same instance. The error wraps [ErrDictionary] and names the file.
func Open(dir string) (*Jieba, error) {
	openMu.Lock()
	defer openMu.Unlock()
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("dictionary folder: %w", err)
	}
	if j := opened[dir]; j != nil {
		return j, nil
	}
	if err := CheckDictionary(dir); err != nil {
		return nil, err
	}
	paths := make([]string, len(dictionaryFiles))
	for i, f := range dictionaryFiles {
		paths[i] = filepath.Join(dir, f)
	}
	j := &Jieba{j: gojieba.NewJieba(paths...)}
	opened[dir] = j
	return j, nil
}

// CheckDictionary reports what is wrong with the dictionary in dir, naming the
// file and what to do, or nil. It reads the beginning of each file only.
func CheckDictionary(dir string) error {
	for _, name := range dictionaryFiles {
		if err := checkDictionaryFile(filepath.Join(dir, name), name); err != nil {
			return fmt.Errorf("%w: %w", ErrDictionary, err)
		}
	}
	return nil
}

func checkDictionaryFile(path, name string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if name == "user.dict.utf8" {
		return nil // may be empty
	}
	head := make([]byte, 4096)
	n, _ := f.Read(head)
	text := string(head[:n])
	ok := len(strings.TrimSpace(text)) > 0
	switch name {
	case "jieba.dict.utf8":
		line, _, _ := strings.Cut(text, "\n")
		ok = len(strings.Fields(line)) == 3
	case "hmm_model.utf8":
		ok = strings.Contains(text, "#prob_start") || strings.HasPrefix(text, "#")
	case "idf.utf8":
		line, _, _ := strings.Cut(text, "\n")
		ok = len(strings.Fields(line)) == 2
	}
	if !ok {
		return fmt.Errorf("%s is not what gojieba expects: copy the dict folder of the gojieba module again", path)
	}
	return nil
}

// Search cuts text in search mode: long words also give their parts. Text must
// be valid UTF-8 without NUL: gojieba drops the rest otherwise.
func (j *Jieba) Search(text string) []string { return j.j.CutForSearch(text, true) }

// Cut cuts text exactly: the words joined give the text back.
func (j *Jieba) Cut(text string) []string { return j.j.Cut(text, true) }
