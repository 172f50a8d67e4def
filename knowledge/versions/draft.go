package versions

import (
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"huiwen/knowledge"
	"huiwen/knowledge/store"
)

// A Draft is an edition that is being prepared. Its JSON is stored.
type Draft struct {
	ID   string `json:"id"`
	Base int    `json:"base"` // publication that it was made from, 0 for the seed
	From string `json:"from"` // version of that
	Hash string `json:"hash"` // of the edition as it is now
	// Editors are all who changed it, the one who began it first.
	Editors []string  `json:"editors"`
	Made    time.Time `json:"made"`
	Changed time.Time `json:"changed"`
	Steps   []string  `json:"steps"` // what was done, in order
}

const (
	maxDrafts = 200
	maxSteps  = 500
)

// Drafts lists the drafts, the latest made first.
func (l *Library) Drafts(ctx context.Context) ([]Draft, error) {
	return store.View(ctx, l.Store, Scope, func(tx store.Tx) ([]Draft, error) {
		members, err := tx.Range(draftsSet, 0, float64(1<<53), maxDrafts)
		if err != nil {
			return nil, err
		}
		out := []Draft{}
		for _, m := range slices.Backward(members) {
			d, err := draftIn(tx, m.Name)
			if err != nil {
				return nil, err
			}
			out = append(out, d)
		}
		return out, nil
	})
}

// Draft reads a draft and its edition; id "" is the latest made.
func (l *Library) Draft(ctx context.Context, id string) (Draft, knowledge.Edition, error) {
	if id == "" {
		all, err := l.Drafts(ctx)
		if err != nil {
			return Draft{}, nil, err
		}
		if len(all) == 0 {
			return Draft{}, nil, fmt.Errorf("%w：现在没有草稿，请先运行 plan import 文件", ErrNotFound)
		}
		id = all[0].ID
	}
	d, err := store.View(ctx, l.Store, Scope, func(tx store.Tx) (Draft, error) { return draftIn(tx, id) })
	if err != nil {
		return d, nil, err
	}
	e, err := l.Edition(ctx, d.Hash)
	return d, e, err
}

func draftIn(tx store.Tx, id string) (Draft, error) {
	var d Draft
	ok, err := get(tx, draftKey(id), &d)
	if err == nil && !ok {
		return d, fmt.Errorf("%w：草稿 %s", ErrNotFound, id)
	}
	return d, err
}

func dropDraft(tx store.Tx, id string) error {
	if err := tx.Rem(draftsSet, id); err != nil {
		return err
	}
	return tx.Del(draftKey(id))
}

// newDraft begins a draft of what is published; it is not kept yet.
func (l *Library) newDraft(ctx context.Context) (Draft, knowledge.Edition, error) {
	p, e, err := l.Published(ctx)
	if err != nil {
		return Draft{}, nil, err
	}
	id := strings.ToLower(rand.Text()[:6])
	return Draft{ID: id, Base: p.Seq, From: p.Version, Editors: []string{}, Steps: []string{}}, e, nil
}

// Change makes the draft's edition what change makes of it, in one step; id ""
// begins a draft of what is published. It fails with [ErrConflict] when somebody
// changed the draft meanwhile.
func (l *Library) Change(ctx context.Context, id, step string, act Act, change func(knowledge.Edition) (knowledge.Edition, error)) (Draft, error) {
	act = act.once()
	var d Draft
	var e knowledge.Edition
	var err error
	if id == "" {
		d, e, err = l.newDraft(ctx)
	} else {
		d, e, err = l.Draft(ctx, id)
	}
	if err != nil {
		return d, err
	}
	next, err := change(maps.Clone(e))
	if err != nil {
		return d, err
	}
	hash, err := l.keep(ctx, next)
	if err != nil {
		return d, err
	}
	return store.Update(ctx, l.Store, Scope, func(tx store.Tx) (Draft, error) {
		n := d
		if id != "" {
			kept, err := draftIn(tx, d.ID)
			if err != nil {
				return n, err
			}
			if kept.Hash != d.Hash {
				return n, fmt.Errorf("草稿 %s %w，请再试一次", d.ID, ErrConflict)
			}
			n = kept
		}
		return n, saveDraft(tx, &n, hash, step, act)
	})
}

// saveDraft keeps the draft with another edition.
func saveDraft(tx store.Tx, d *Draft, hash, step string, act Act) error {
	if d.Made.IsZero() {
		d.Made = tx.Now()
		old, err := tx.Range(draftsSet, 0, float64(1<<53), maxDrafts)
		if err != nil {
			return err
		}
		if len(old) >= maxDrafts {
			return fmt.Errorf("%w：草稿已有 %d 份，请先用 plan discard 删掉不要的", ErrRefused, len(old))
		}
		if err := tx.Add(draftsSet, d.ID, float64(d.Made.UnixMilli())); err != nil {
			return err
		}
	}
	if len(d.Steps) >= maxSteps {
		return fmt.Errorf("%w：草稿 %s 已改了 %d 步，请先发布", ErrRefused, d.ID, len(d.Steps))
	}
	d.Hash, d.Changed = hash, tx.Now()
	d.Steps = append(slices.Clone(d.Steps), step)
	if !slices.Contains(d.Editors, act.Who) {
		d.Editors = append(slices.Clone(d.Editors), act.Who)
	}
	if err := put(tx, draftKey(d.ID), d, 0); err != nil {
		return err
	}
	return act.note(tx, "plan.draft", d.ID+" "+hash)
}

// Discard throws a draft away.
func (l *Library) Discard(ctx context.Context, id string, act Act) error {
	act = act.once()
	return l.Store.Update(ctx, Scope, func(tx store.Tx) error {
		if _, err := draftIn(tx, id); err != nil {
			return err
		}
		if err := dropDraft(tx, id); err != nil {
			return err
		}
		return act.note(tx, "plan.discard", id)
	})
}

// Rebase puts the draft's changes on what is published now. It fails with
// [ErrConflict] when both changed the same file, and names the files.
func (l *Library) Rebase(ctx context.Context, id string, act Act) (Draft, error) {
	act = act.once()
	d, mine, err := l.Draft(ctx, id)
	if err != nil {
		return d, err
	}
	base, err := l.Edition(ctx, d.From)
	if err != nil {
		return d, err
	}
	p, theirs, err := l.Published(ctx)
	if err != nil {
		return d, err
	}
	merged, both := merge(base, mine, theirs)
	if len(both) > 0 {
		return d, fmt.Errorf("这些文件两边都改了，已发布的%w：%s；请放弃草稿，在新版本上重做", ErrConflict, strings.Join(both, "、"))
	}
	hash, err := l.keep(ctx, merged)
	if err != nil {
		return d, err
	}
	return store.Update(ctx, l.Store, Scope, func(tx store.Tx) (Draft, error) {
		n, err := draftIn(tx, d.ID)
		if err != nil {
			return n, err
		}
		if n.Hash != d.Hash {
			return n, fmt.Errorf("草稿 %s %w，请再试一次", d.ID, ErrConflict)
		}
		n.Base, n.From = p.Seq, p.Version
		return n, saveDraft(tx, &n, hash, fmt.Sprintf("移到第 %d 次发布上", p.Seq), act)
	})
}

// merge puts what mine changed of base on theirs; both lists what each changed
// in its own way.
func merge(base, mine, theirs knowledge.Edition) (out knowledge.Edition, both []string) {
	out = maps.Clone(theirs)
	names := map[string]bool{}
	for _, e := range []knowledge.Edition{base, mine} {
		for name := range e {
			names[name] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		switch {
		case same(base, mine, name):
		case same(base, theirs, name), same(mine, theirs, name):
			out = out.With(name, mine[name])
		default:
			both = append(both, name)
		}
	}
	return out, both
}

func same(a, b knowledge.Edition, name string) bool {
	x, inA := a[name]
	y, inB := b[name]
	return inA == inB && string(x) == string(y)
}

// Correct sets one field of a main plan's reading by hand, the newest plan's when
// the correction names none.
func (l *Library) Correct(ctx context.Context, id string, c knowledge.Correction, act Act) (Draft, error) {
	c.By, c.Why = act.Who, act.Why
	step := strings.TrimSpace("更正 " + c.Measure + " " + c.Field)
	return l.Change(ctx, id, step, act, func(e knowledge.Edition) (knowledge.Edition, error) {
		if c.Plan == "" {
			plans, err := e.ReadPlans()
			if err != nil {
				return nil, err
			}
			c.Plan = plans[len(plans)-1].ID
		}
		return e.Corrected(c)
	})
}
