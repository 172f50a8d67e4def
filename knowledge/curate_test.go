package knowledge

import (
	"errors"
	"strings"
	"testing"
)

func curated() Edition {
	return Edition{
		"words.yaml":         []byte("# people's words\n- concept: 打工\n  terms: [外出务工]\n  words: [打工] # the commonest\n"),
		"scope.yaml":         []byte("- topic: 医保\n  words: [报销]\n  questions:\n    - 能报多少\n"),
		"questions/01.yaml":  []byte("- measure: \"1\"\n  quote: 外出务工\n  topic: 外出务工\n  questions:\n    - 出去打工\n"),
		"plan/x.txt":         []byte("x"),
		"questions/note.txt": nil,
	}
}

// TestWordsAreAddedAndTakenOut changes the files and nothing else in them.
func TestWordsAreAddedAndTakenOut(t *testing.T) {
	type change func(Edition) (Edition, error)
	for _, c := range []struct {
		name, file, want string
		do, undo         change
	}{
		{"a word", "words.yaml", "[打工, 做工]", func(e Edition) (Edition, error) { return e.WithWord("打工", "做工") }, func(e Edition) (Edition, error) { return e.WithoutWord("打工", "做工") }},
		{"a similar question", "questions/01.yaml", "- 到广东进厂", func(e Edition) (Edition, error) { return e.WithQuestion("1", "外出务工", "到广东进厂", false) }, func(e Edition) (Edition, error) { return e.WithoutQuestion("1", "到广东进厂", false) }},
		{"a negative question", "questions/01.yaml", "not:", func(e Edition) (Edition, error) { return e.WithQuestion("1", "外出务工", "打工被欠钱", true) }, func(e Edition) (Edition, error) { return e.WithoutQuestion("1", "打工被欠钱", true) }},
		{"a question of a measure without any", "questions/added.yaml", "measure: \"2\"", func(e Edition) (Edition, error) { return e.WithQuestion("2", "就业", "找工作", false) }, func(e Edition) (Edition, error) { return e.WithoutQuestion("2", "找工作", false) }},
		{"a question that no document covers", "scope.yaml", "- 住院报几成", func(e Edition) (Edition, error) { return e.WithTopicQuestion("医保", "住院报几成") }, func(e Edition) (Edition, error) { return e.WithoutTopicQuestion("医保", "住院报几成") }},
		{"a question that looks like a number", "scope.yaml", `- "12333"`, func(e Edition) (Edition, error) { return e.WithTopicQuestion("医保", "12333") }, func(e Edition) (Edition, error) { return e.WithoutTopicQuestion("医保", "12333") }},
	} {
		before := curated()
		after, err := c.do(before)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if got := string(after[c.file]); !strings.Contains(got, c.want) {
			t.Errorf("%s: got\n%s\nwant %s", c.name, got, c.want)
		}
		if c.file == "words.yaml" && !strings.Contains(string(after[c.file]), "the commonest") {
			t.Errorf("%s: a comment is gone", c.name)
		}
		if before.Hash() != curated().Hash() {
			t.Errorf("%s: the edition before was changed", c.name)
		}
		if _, err := after.Vocabulary(); err != nil {
			t.Errorf("%s: unreadable: %v", c.name, err)
		}
		back, err := c.undo(after)
		if err != nil || strings.Contains(string(back[c.file]), strings.TrimPrefix(c.want, "- ")) && c.name != "a question of a measure without any" && c.want != "not:" {
			t.Errorf("%s taken out: %v\n%s", c.name, err, back[c.file])
		}
		if _, err := c.undo(back); !errors.Is(err, ErrWord) {
			t.Errorf("%s taken out twice: %v", c.name, err)
		}
	}
}

func TestWordsThatCannotBeKept(t *testing.T) {
	for name, do := range map[string]func(Edition) (Edition, error){
		"the same again":  func(e Edition) (Edition, error) { return e.WithQuestion("1", "x", "出去 打工", false) },
		"that of another": func(e Edition) (Edition, error) { return e.WithQuestion("2", "x", "出去打工", false) },
		"one character":   func(e Edition) (Edition, error) { return e.WithWord("打工", "工") },
		"two lines":       func(e Edition) (Edition, error) { return e.WithWord("打工", "做工\n- concept: 坏") },
		"of no concept":   func(e Edition) (Edition, error) { return e.WithWord("没有", "做工") },
		"only signs":      func(e Edition) (Edition, error) { return e.WithTopicQuestion("医保", "？！") },
		"a concept twice": func(e Edition) (Edition, error) {
			return e.WithConcept("打工", []string{"务工"}, []string{"做工"})
		},
		"a concept of words": func(e Edition) (Edition, error) { return e.WithConcept("进厂", nil, []string{"做工"}) },
		"too long":           func(e Edition) (Edition, error) { return e.WithQuestion("1", "x", strings.Repeat("长", 201), false) },
	} {
		if _, err := do(curated()); !errors.Is(err, ErrWord) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
