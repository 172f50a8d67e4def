package knowledge

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"huiwen/knowledge/segment"
)

// The files that words are added to when no entry stands for them yet.
const (
	wordsFile = "words.yaml"
	scopeFile = "scope.yaml"
	addedFile = "questions/added.yaml"
)

// Bounds of what people add, in characters and entries.
const (
	maxQuestionRunes = 200
	maxWordRunes     = 30
	maxEntries       = 2000 // of one list
)

// ErrWord marks a word or question that cannot be kept; the error says why.
var ErrWord = errors.New("不能加")

// bare is what two phrases have in common that differ only in signs and spaces.
func bare(s string) string {
	var b strings.Builder
	segment.Runs(segment.Normalise(s), func(run []rune) { b.WriteString(string(run)) })
	return b.String()
}

// checkPhrase refuses what is no word or question of a person.
func checkPhrase(s string, least, most int) error {
	n := utf8.RuneCountInString(s)
	if !utf8.ValidString(s) || n < least || n > most || strings.ContainsAny(s, "\r\n\t") || bare(s) == "" {
		return fmt.Errorf("%w：要有 %d 到 %d 个字，写在一行里", ErrWord, least, most)
	}
	return nil
}

// WithQuestion adds a similar question to a measure, or a negative one (反例): a
// question that sounds like it and is not. Quote is a verbatim span of the
// measure, which carries the question over to the next plan.
func (e Edition) WithQuestion(measure, quote, question string, negative bool) (Edition, error) {
	question = strings.TrimSpace(question)
	if err := checkPhrase(question, 2, maxQuestionRunes); err != nil {
		return nil, err
	}
	key := "questions"
	if negative {
		key = "not"
	}
	if err := e.unknown(question, measure, key); err != nil {
		return nil, err
	}
	for _, name := range e.questionFiles() {
		next, done, err := e.editItem(name, "measure", measure, func(item *yaml.Node) error { return addTo(item, key, question) })
		if err != nil || done {
			return next, err
		}
	}
	entry := map[string]any{"measure": measure, "quote": quote, key: []string{question}}
	return e.appendItem(addedFile, entry)
}

// WithoutQuestion takes a similar or negative question of a measure out.
func (e Edition) WithoutQuestion(measure, question string, negative bool) (Edition, error) {
	key := "questions"
	if negative {
		key = "not"
	}
	for _, name := range e.questionFiles() {
		next, done, err := e.editItems(name, func(item *yaml.Node) (bool, error) {
			return scalarOf(item, "measure") == measure && dropFrom(item, key, question), nil
		})
		if err != nil || done {
			return next, err
		}
	}
	return nil, fmt.Errorf("%w：没有这一句", ErrWord)
}

// unknown refuses a question that another measure or the same one already has.
func (e Edition) unknown(question, measure, key string) error {
	folded := bare(question)
	v, err := e.Vocabulary()
	if err != nil {
		return err
	}
	for _, s := range v.Similar {
		list := s.Questions
		if key == "not" {
			if s.Measure != measure {
				continue
			}
			list = s.Not
		}
		for _, q := range list {
			if bare(q) == folded {
				return fmt.Errorf("%w：第 %s 项已经有这一句", ErrWord, s.Measure)
			}
		}
	}
	return nil
}

// WithWord adds a word of the people to a concept.
func (e Edition) WithWord(concept, word string) (Edition, error) {
	word = strings.TrimSpace(word)
	if err := checkPhrase(word, 2, maxWordRunes); err != nil {
		return nil, err
	}
	next, done, err := e.editItem(wordsFile, "concept", concept, func(item *yaml.Node) error { return addTo(item, "words", word) })
	if err == nil && !done {
		err = fmt.Errorf("%w：没有“%s”这个概念", ErrWord, concept)
	}
	return next, err
}

// WithConcept adds a concept: official terms and the people's words for them.
func (e Edition) WithConcept(concept string, terms, words []string) (Edition, error) {
	v, err := e.Vocabulary()
	if err != nil {
		return nil, err
	}
	for _, c := range v.Concepts {
		if c.Concept == concept {
			return nil, fmt.Errorf("%w：已有“%s”这个概念", ErrWord, concept)
		}
	}
	for _, w := range slices.Concat([]string{concept}, terms, words) {
		if err := checkPhrase(w, 2, maxWordRunes); err != nil {
			return nil, err
		}
	}
	if len(terms) == 0 || len(words) == 0 {
		return nil, fmt.Errorf("%w：文件里的说法和大家的说法至少各写一个", ErrWord)
	}
	return e.appendItem(wordsFile, map[string]any{"concept": concept, "terms": terms, "words": words})
}

// WithoutWord takes a word out of a concept.
func (e Edition) WithoutWord(concept, word string) (Edition, error) {
	next, done, err := e.editItems(wordsFile, func(item *yaml.Node) (bool, error) {
		return scalarOf(item, "concept") == concept && dropFrom(item, "words", word), nil
	})
	if err == nil && !done {
		err = fmt.Errorf("%w：“%s”里没有“%s”", ErrWord, concept, word)
	}
	return next, err
}

// WithTopicQuestion adds a question to a topic that no document covers, which is
// made when there is none.
func (e Edition) WithTopicQuestion(topic, question string) (Edition, error) {
	question, topic = strings.TrimSpace(question), strings.TrimSpace(topic)
	if err := errors.Join(checkPhrase(question, 2, maxQuestionRunes), checkPhrase(topic, 2, maxWordRunes)); err != nil {
		return nil, err
	}
	next, done, err := e.editItem(scopeFile, "topic", topic, func(item *yaml.Node) error { return addTo(item, "questions", question) })
	if err != nil || done {
		return next, err
	}
	return e.appendItem(scopeFile, map[string]any{"topic": topic, "words": []string{}, "questions": []string{question}})
}

// WithoutTopicQuestion takes a question out of a topic.
func (e Edition) WithoutTopicQuestion(topic, question string) (Edition, error) {
	next, done, err := e.editItems(scopeFile, func(item *yaml.Node) (bool, error) {
		return scalarOf(item, "topic") == topic && dropFrom(item, "questions", question), nil
	})
	if err == nil && !done {
		err = fmt.Errorf("%w：没有这一句", ErrWord)
	}
	return next, err
}

// Vocabulary reads the words of the edition.
func (e Edition) Vocabulary() (*Vocabulary, error) {
	fsys, err := e.FS()
	if err != nil {
		return nil, err
	}
	return ReadVocabulary(fsys)
}

func (e Edition) questionFiles() []string {
	var out []string
	for name := range e {
		if strings.HasPrefix(name, "questions/") && strings.HasSuffix(name, ".yaml") {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// editItem changes the first item of a YAML list whose key has a value; done is
// false when there is none. Comments and the order of everything else stay.
func (e Edition) editItem(file, key, value string, change func(item *yaml.Node) error) (next Edition, done bool, err error) {
	return e.editItems(file, func(item *yaml.Node) (bool, error) {
		if scalarOf(item, key) != value {
			return false, nil
		}
		return true, change(item)
	})
}

// editItems offers each item of a YAML list to change until it has changed one.
func (e Edition) editItems(file string, change func(item *yaml.Node) (bool, error)) (next Edition, done bool, err error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(e[file], &doc); err != nil {
		return nil, false, fmt.Errorf("%s: %w", file, err)
	}
	if len(doc.Content) == 0 {
		return nil, false, nil
	}
	for _, item := range doc.Content[0].Content {
		if done, err = change(item); err != nil {
			return nil, false, err
		}
		if done {
			break
		}
	}
	if !done {
		return nil, false, nil
	}
	data, err := encodeYAML(&doc)
	if err != nil {
		return nil, false, fmt.Errorf("%s: %w", file, err)
	}
	return e.With(file, data), true, nil
}

// appendItem adds an item to a YAML list, the file as it is before it.
func (e Edition) appendItem(file string, item map[string]any) (Edition, error) {
	data, err := encodeYAML([]any{item})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	old := e[file]
	if len(old) > 0 && !bytes.HasSuffix(old, []byte("\n")) {
		old = append(slices.Clone(old), '\n')
	}
	return e.With(file, slices.Concat(old, data)), nil
}

func encodeYAML(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := errors.Join(enc.Encode(v), enc.Close()); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// valueOf is the node of a key of a mapping, nil when absent.
func valueOf(item *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(item.Content); i += 2 {
		if item.Content[i].Value == key {
			return item.Content[i+1]
		}
	}
	return nil
}

func scalarOf(item *yaml.Node, key string) string {
	if n := valueOf(item, key); n != nil {
		return n.Value
	}
	return ""
}

// addTo adds a text to the list under a key of a mapping.
func addTo(item *yaml.Node, key, text string) error {
	list := valueOf(item, key)
	if list == nil {
		list = &yaml.Node{Kind: yaml.SequenceNode}
		item.Content = append(item.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: key}, list)
	}
	for _, n := range list.Content {
		if bare(n.Value) == bare(text) {
			return fmt.Errorf("%w：已经有“%s”", ErrWord, n.Value)
		}
	}
	if len(list.Content) >= maxEntries {
		return fmt.Errorf("%w：一组最多 %d 句", ErrWord, maxEntries)
	}
	n := &yaml.Node{}
	n.SetString(text)
	n.Tag = "!!str"
	list.Content = append(list.Content, n)
	return nil
}

func dropFrom(item *yaml.Node, key, text string) bool {
	list := valueOf(item, key)
	if list == nil {
		return false
	}
	before := len(list.Content)
	list.Content = slices.DeleteFunc(list.Content, func(n *yaml.Node) bool { return n.Value == text })
	return len(list.Content) < before
}

// QuoteOf is a span of a measure of the newest plan that words are carried over
// by: its beginning.
func (e Edition) QuoteOf(measure string) (string, error) {
	plans, err := e.ReadPlans()
	if err != nil {
		return "", err
	}
	it, ok := plans[len(plans)-1].Plan.Item(measure)
	if !ok {
		return "", fmt.Errorf("%w：计划里没有第 %s 项", ErrWord, measure)
	}
	return firstRunes(it.Text, quoteRunes), nil
}
