package eligibility

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"

	"huiwen/knowledge/pattern"
)

// A source is a rules file with its tree, to say where a mistake stands.
type source struct {
	name  string
	lines []string
	root  yaml.Node
}

func newSource(name string, data []byte) *source {
	s := &source{name: name, lines: strings.Split(string(data), "\n")}
	if err := yaml.Unmarshal(data, &s.root); err != nil {
		s.root = yaml.Node{} // the decoder says what is wrong with the file
	}
	return s
}

// at is an error at a place, with the line and a caret beneath it; full-width
// dots keep the caret in its column under Chinese characters.
func (s *source) at(line, column int, err error) error {
	if line < 1 || line > len(s.lines) {
		return fmt.Errorf("%w: %s: %w", ErrRule, s.name, err)
	}
	text := s.lines[line-1]
	var pad strings.Builder
	for i, r := range []rune(text) {
		if i >= column-1 {
			break
		}
		if unicode.Is(unicode.Han, r) || strings.ContainsRune("，。；：“”（）、？！", r) {
			pad.WriteString("．")
		} else {
			pad.WriteString(".")
		}
	}
	return fmt.Errorf("%w: %s:%d:%d: %w\n  %s\n  %s^", ErrRule, s.name, line, column, err, text, pad.String())
}

var decodedLine = pattern.MustCompile(`line (\d+): `)

// decoded places an error of the decoder, which knows lines but no columns.
func (s *source) decoded(err error) error {
	var many *yaml.TypeError
	if errors.As(err, &many) {
		var all []error
		for _, msg := range many.Errors {
			all = append(all, s.message(msg))
		}
		return errors.Join(all...)
	}
	return s.message(strings.TrimPrefix(err.Error(), "yaml: "))
}

func (s *source) message(msg string) error {
	m := decodedLine.FindStringSubmatch(msg)
	if m == nil {
		return fmt.Errorf("%w: %s: %s", ErrRule, s.name, msg)
	}
	line, _ := strconv.Atoi(m[1])
	column := 1
	if line >= 1 && line <= len(s.lines) {
		text := s.lines[line-1]
		column += len(text) - len(strings.TrimLeft(text, " -"))
	}
	return s.at(line, column, errors.New(strings.Replace(msg, m[0], "", 1)))
}

// entry is the node of a list's entry with the id, nil when there is none; n
// tells which of several.
func (s *source) entry(id string, n int) *yaml.Node {
	if len(s.root.Content) == 0 {
		return nil
	}
	for _, e := range s.root.Content[0].Content {
		for i := 0; i+1 < len(e.Content); i += 2 {
			if e.Content[i].Value == "id" && e.Content[i+1].Value == id {
				if n--; n < 0 {
					return e
				}
			}
		}
	}
	return nil
}

// find is the first scalar of a value below a node, the node itself without one.
func find(n *yaml.Node, value string) *yaml.Node {
	if n == nil {
		return nil
	}
	if n.Kind == yaml.ScalarNode && n.Value == value {
		return n
	}
	for _, c := range n.Content {
		if x := find(c, value); x != nil && x.Kind == yaml.ScalarNode && x.Value == value {
			return x
		}
	}
	return n
}

// placed is an error of an entry at the value it is about, in whichever file
// holds the entry.
func (r *Rules) placed(id string, n int, value string, err error) error {
	for _, s := range r.sources {
		e := s.entry(id, n)
		if e == nil {
			continue
		}
		if x := find(e, value); x != nil {
			return s.at(x.Line, x.Column, err)
		}
	}
	return fmt.Errorf("%w: %w", ErrRule, err)
}
