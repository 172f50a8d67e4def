package knowledge

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"

	"go.yaml.in/yaml/v3"
)

// A Vocabulary is the curated words that stand beside a plan: how people talk
// about what the plan prints.
type Vocabulary struct {
	Concepts []Concept
	Similar  []Similar
	Topics   []Topic
	Bureaus  []Bureau
	Intents  []Phrasing
	Talk     []Phrasing
}

// A Concept ties the words people use (打工) to those that plans print (外出务工).
type Concept struct {
	Concept string   `yaml:"concept"`
	Terms   []string `yaml:"terms"`
	Words   []string `yaml:"words"`
	// Regional entries map a word of the region to the standard one.
	Regional bool              `yaml:"regional"`
	Replace  map[string]string `yaml:"replace"`
}

// A Similar is the similar questions (类似问法) of one measure. Quote, a verbatim
// span of the measure, carries it over to a plan that numbers measures anew.
type Similar struct {
	Measure   string   `yaml:"measure"`
	Quote     string   `yaml:"quote"`
	Topic     string   `yaml:"topic"`
	Questions []string `yaml:"questions"`
	Not       []string `yaml:"not"`
}

// A Topic is something people ask that no published document covers.
type Topic struct {
	Topic     string   `yaml:"topic"`
	Words     []string `yaml:"words"`
	Questions []string `yaml:"questions"`
}

// A Bureau is an entry of the directory of bureaus.
type Bureau struct {
	Name    string   `yaml:"name"`
	Kind    string   `yaml:"kind"`
	Aliases []string `yaml:"aliases"`
}

// ReadVocabulary parses the vocabulary files in fsys: words.yaml, scope.yaml,
// bureaus.yaml and questions/*.yaml. An error names file and line.
func ReadVocabulary(fsys fs.FS) (*Vocabulary, error) {
	v := &Vocabulary{}
	err := errors.Join(
		readList(fsys, "words.yaml", &v.Concepts),
		readList(fsys, "scope.yaml", &v.Topics),
		readList(fsys, "bureaus.yaml", &v.Bureaus),
		readList(fsys, "intents.yaml", &v.Intents),
		readList(fsys, "talk.yaml", &v.Talk),
	)
	names, globErr := fs.Glob(fsys, "questions/*.yaml")
	err = errors.Join(err, globErr)
	slices.Sort(names)
	for _, name := range names {
		var list []Similar
		err = errors.Join(err, readList(fsys, name, &list))
		v.Similar = append(v.Similar, list...)
	}
	if err != nil {
		return nil, err
	}
	return v, nil
}

// readList reads a YAML list; a missing file is an empty list.
func readList[T any](fsys fs.FS, name string, into *[]T) error {
	data, err := fs.ReadFile(fsys, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", path.Base(name), err)
	}
	d := yaml.NewDecoder(bytes.NewReader(data))
	d.KnownFields(true)
	if err := d.Decode(into); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}
