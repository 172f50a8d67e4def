package versions

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"huiwen/knowledge"
)

// A Beside is a document to import beside the main plans.
type Beside struct {
	Upload
	ID    string // "" for the file's name
	Kind  string // 办法 or 指南; a YAML file says its own
	Order int
	Title string
	// Source is where it comes from, for people.
	Source string
}

// ImportDocument puts a document beside the main plans of a draft: prose in any
// form that is read, or the YAML of questions with answers (问答) and of cards
// (办事信息卡). One of the same id is replaced.
func (l *Library) ImportDocument(ctx context.Context, draft string, b Beside, act Act) (Draft, *knowledge.Document, error) {
	if err := b.check(); err != nil {
		return Draft{}, nil, err
	}
	ext := strings.ToLower(path.Ext(b.Name))
	id := clean(cmp.Or(b.ID, strings.TrimSuffix(path.Base(b.Name), path.Ext(b.Name))))
	if id == "" {
		return Draft{}, nil, fmt.Errorf("%w：文件要有名字，只用汉字、字母和数字", ErrUpload)
	}
	var head, text []byte
	if ext == ".yaml" || ext == ".yml" {
		head = b.Data
	} else {
		read, err := l.Text(ctx, path.Ext(b.Name), b.Data)
		if err != nil {
			return Draft{}, nil, fmt.Errorf("%s：%w", b.Name, err)
		}
		d := &knowledge.Document{Kind: cmp.Or(b.Kind, knowledge.Rules), Title: b.Title, Issued: b.Issued, Valid: b.Valid, Disclosure: b.Disclosure, Order: b.Order, Source: b.Source}
		if head, err = d.Head(); err != nil {
			return Draft{}, nil, fmt.Errorf("%s：%w", b.Name, err)
		}
		text = []byte(read)
	}
	within, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	doc, err := knowledge.ReadDocument(within, id, head, string(text))
	if err != nil {
		return Draft{}, nil, fmt.Errorf("%w：%s：%w", ErrUpload, b.Name, err)
	}
	if err := answerable(doc); err != nil {
		return Draft{}, nil, err
	}
	d, err := l.Change(ctx, draft, "导入文件 "+id, act, func(e knowledge.Edition) (knowledge.Edition, error) {
		if slices.Contains(e.PlanIDs(), id) {
			return nil, fmt.Errorf("%w：%q 已是计划的名字，请用 --document 另取一个", ErrUpload, id)
		}
		for name := range e {
			if strings.HasPrefix(name, "original/documents/"+id+".") {
				e = e.With(name, nil)
			}
		}
		e = e.With(knowledge.DocumentPath(id), head).With(knowledge.DocumentText(id), text)
		if ext != ".txt" && text != nil {
			e = e.With("original/documents/"+id+ext, b.Data)
		}
		return e, e.Check()
	})
	return d, doc, err
}

// answerable refuses a document without what answers depend on.
func answerable(d *knowledge.Document) error {
	switch {
	case d.Disclosure == "":
		return fmt.Errorf("%w：%s 没写公开属性，请用 --disclosure 公开|依申请公开|不公开 写明", ErrUpload, d.ID)
	case d.Valid.From == "":
		return fmt.Errorf("%w：%s 没写从哪天起有效，请用 --valid 2022-01-01..2022-12-31 写明", ErrUpload, d.ID)
	case len(d.Measures) == 0 && len(d.Cards) == 0:
		return fmt.Errorf("%w：%s 里没有读到内容", ErrUpload, d.ID)
	}
	return nil
}

// RemoveDocument takes a document out of a draft.
func (l *Library) RemoveDocument(ctx context.Context, draft, id string, act Act) (Draft, error) {
	return l.Change(ctx, draft, "移除文件 "+id, act, func(e knowledge.Edition) (knowledge.Edition, error) {
		if !slices.Contains(e.DocumentIDs(), id) {
			return nil, fmt.Errorf("%w：没有 %q 这份文件", knowledge.ErrDocument, id)
		}
		for name := range e {
			if strings.HasPrefix(name, "original/documents/"+id+".") {
				e = e.With(name, nil)
			}
		}
		return e.With(knowledge.DocumentPath(id), nil).With(knowledge.DocumentText(id), nil), nil
	})
}

// Confirm says that the sums of a document, or of a main plan, are the current
// ones: where documents disagree, its sum is told.
func (l *Library) Confirm(ctx context.Context, draft, id, day string, act Act) (Draft, error) {
	if id == "" {
		return Draft{}, errors.New("要写哪一份文件")
	}
	return l.Change(ctx, draft, "确认数额 "+id, act, func(e knowledge.Edition) (knowledge.Edition, error) {
		return e.Confirm(knowledge.Confirmation{Document: id, By: act.Who, On: day})
	})
}
