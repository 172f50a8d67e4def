package knowledge

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// The documents that hold what people write by form: common questions and cards.
const (
	FAQDocument  = "常见问答"
	CardDocument = "办事信息卡"
)

// maxAnswerRunes bounds an answer and the fields of a card, in characters.
const maxAnswerRunes = 1000

// WithEntry is the edition with a question and its answer added to the common
// questions, which begin on a day.
func (e Edition) WithEntry(entry Entry, day string) (Edition, error) {
	entry.Answer, entry.Source = strings.TrimSpace(entry.Answer), strings.TrimSpace(entry.Source)
	for _, q := range entry.Questions {
		if err := checkPhrase(q, 2, maxQuestionRunes); err != nil {
			return nil, err
		}
	}
	if n := len([]rune(entry.Answer + entry.Source)); n > maxAnswerRunes {
		return nil, fmt.Errorf("%w：答复和来源最多 %d 个字", ErrDocument, maxAnswerRunes)
	}
	return e.withHead(FAQDocument, FAQ, day, func(f *documentFile) error {
		f.FAQ = append(f.FAQ, entry)
		return nil
	})
}

// WithoutEntry takes the entry of a question out of the common questions.
func (e Edition) WithoutEntry(question string) (Edition, error) {
	return e.withHead(FAQDocument, FAQ, "", func(f *documentFile) error {
		before := len(f.FAQ)
		f.FAQ = slices.DeleteFunc(f.FAQ, func(x Entry) bool { return slices.Contains(x.Questions, question) })
		if len(f.FAQ) == before {
			return fmt.Errorf("%w：没有这一条", ErrDocument)
		}
		return nil
	})
}

// Entries lists the common questions.
func (e Edition) Entries() ([]Entry, error) {
	f, err := e.head(FAQDocument)
	return f.FAQ, err
}

// WithCard is the edition with a card set, in place of one of the same id.
func (e Edition) WithCard(c Card, day string) (Edition, error) {
	if n := len([]rune(c.Place + c.Phone + c.Hours + c.Online + c.Proxy + c.Source + strings.Join(c.Papers, ""))); n > maxAnswerRunes {
		return nil, fmt.Errorf("%w：一张卡最多 %d 个字", ErrDocument, maxAnswerRunes)
	}
	c.doc = nil
	return e.withHead(CardDocument, Cards, day, func(f *documentFile) error {
		for i := range f.Cards {
			if f.Cards[i].ID == c.ID {
				f.Cards[i] = c
				return nil
			}
		}
		f.Cards = append(f.Cards, c)
		return nil
	})
}

// WithoutCard takes a card out.
func (e Edition) WithoutCard(id string) (Edition, error) {
	return e.withHead(CardDocument, Cards, "", func(f *documentFile) error {
		before := len(f.Cards)
		f.Cards = slices.DeleteFunc(f.Cards, func(c Card) bool { return c.ID == id })
		if len(f.Cards) == before {
			return fmt.Errorf("%w：没有这张卡", ErrDocument)
		}
		return nil
	})
}

func (e Edition) head(id string) (documentFile, error) {
	var f documentFile
	dec := yaml.NewDecoder(bytes.NewReader(e[DocumentPath(id)]))
	dec.KnownFields(true)
	if err := dec.Decode(&f); err != nil && !errors.Is(err, io.EOF) {
		return f, fmt.Errorf("%w：%s：%w", ErrDocument, DocumentPath(id), err)
	}
	return f, nil
}

// withHead changes the head of a document that is written by form. One that is
// not there begins on a day, public; one that has become empty is taken out.
func (e Edition) withHead(id, kind, day string, change func(*documentFile) error) (Edition, error) {
	f, err := e.head(id)
	if err != nil {
		return nil, err
	}
	if f.Kind == "" {
		f = documentFile{Kind: kind, Title: id, Disclosure: Public, Valid: daySpan{From: day}, Order: 50}
	}
	if err := change(&f); err != nil {
		return nil, err
	}
	if len(f.FAQ)+len(f.Cards) == 0 {
		return e.With(DocumentPath(id), nil), nil
	}
	data, err := encodeYAML(f)
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", DocumentPath(id), err)
	}
	next := e.With(DocumentPath(id), data)
	if _, err := ReadDocument(context.Background(), id, data, ""); err != nil {
		return nil, err
	}
	return next, next.Check()
}
