package versions

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"huiwen/knowledge"
	"huiwen/knowledge/store"
)

const (
	// askEvery is how often replicas are looked at while they load.
	askEvery = 50 * time.Millisecond
	// candidateLives is how long replicas keep what was not published in the end.
	candidateLives = 5 * time.Minute
)

// An Approval is that a person approves a draft as it is. Its JSON is stored.
type Approval struct {
	Draft string    `json:"draft"` // its hash
	By    string    `json:"by"`
	At    time.Time `json:"at"`
}

// Approve approves the draft as it is now, which is hash; the approver is nobody
// who edited it. A later edit has another hash and so no approval.
func (l *Library) Approve(ctx context.Context, id, hash string, act Act) error {
	act = act.once()
	return l.Store.Update(ctx, Scope, func(tx store.Tx) error {
		d, err := draftIn(tx, id)
		switch {
		case err != nil:
			return err
		case d.Hash != hash:
			return fmt.Errorf("草稿 %s %w：现在是 %s，请重新核对后再批准", id, ErrConflict, d.Hash)
		case slices.Contains(d.Editors, act.Who):
			return fmt.Errorf("%w：%s 改过这份草稿，要由另一个人批准", ErrRefused, act.Who)
		}
		if err := put(tx, approvalKey(hash), Approval{hash, act.Who, tx.Now()}, 0); err != nil {
			return err
		}
		return act.note(tx, "plan.approve", hash)
	})
}

// Approved is the approval of a draft's hash; ok is false without one.
func (l *Library) Approved(ctx context.Context, hash string) (a Approval, ok bool, err error) {
	err = l.Store.View(ctx, Scope, func(tx store.Tx) error {
		a = Approval{}
		ok, err = get(tx, approvalKey(hash), &a)
		return err
	})
	return a, ok, err
}

// Publish makes a draft what answers: every replica has loaded it before the
// pointer flips. It fails with [ErrConflict] when something else was published
// since the draft was made, with [ErrRefused] when it may not be published.
func (l *Library) Publish(ctx context.Context, id string, act Act) (Pointer, error) {
	act = act.once()
	d, e, err := l.Draft(ctx, id)
	if err != nil {
		return Pointer{}, err
	}
	plans, err := e.ReadPlans()
	if err != nil {
		return Pointer{}, err
	}
	if err := publishable(plans); err != nil {
		return Pointer{}, err
	}
	if err := l.ready(ctx, d.Hash, e); err != nil {
		return Pointer{}, err
	}
	newest := plans[len(plans)-1].Plan
	next := Pointer{Schema: Schema, Version: d.Hash, Title: newest.Title, Items: len(newest.Items), By: act.Who, Why: act.Why}
	return l.flip(ctx, next, func(tx store.Tx, now Pointer, next *Pointer) error {
		kept, err := draftIn(tx, id)
		switch {
		case err != nil:
			return err
		case kept.Hash != d.Hash:
			return fmt.Errorf("草稿 %s %w，请重新核对", id, ErrConflict)
		case now.Seq != d.Base:
			return fmt.Errorf("草稿 %s 依据第 %d 次发布，现在已是第 %d 次：已发布的计划%w，请先运行 plan rebase", id, d.Base, now.Seq, ErrConflict)
		}
		var a Approval
		ok, err := get(tx, approvalKey(d.Hash), &a)
		switch {
		case err != nil:
			return err
		case l.Approval && (!ok || slices.Contains(kept.Editors, a.By)):
			return fmt.Errorf("%w：草稿 %s 还没有另一个人批准，请先运行 plan approve", ErrRefused, id)
		case ok:
			next.Approved = a.By
		}
		if err := dropDraft(tx, id); err != nil {
			return err
		}
		return act.note(tx, "plan.publish", d.Hash)
	})
}

// publishable refuses plans that would answer wrongly.
func publishable(plans []knowledge.ReadPlan) error {
	for _, p := range plans {
		if p.Plan.Disclosure == "" {
			return fmt.Errorf("%w：《%s》没写公开属性，请用 --disclosure 公开|依申请公开|不公开 写明", ErrRefused, p.Plan.Title)
		}
		if v := p.Plan.Valid; v.From == "" || v.To != "" && v.To < v.From {
			return fmt.Errorf("%w：《%s》没写从哪天到哪天有效，请用 --valid 2022-01-01..2022-12-31 写明", ErrRefused, p.Plan.Title)
		}
	}
	return nil
}

// Rollback makes an earlier publication what answers again, the one before the
// last when seq is 0. It is a publication of its own.
func (l *Library) Rollback(ctx context.Context, seq int, act Act) (Pointer, error) {
	act = act.once()
	all, err := l.Versions(ctx, 1<<20)
	if err != nil {
		return Pointer{}, err
	}
	var to Pointer
	switch i := slices.IndexFunc(all, func(p Pointer) bool {
		return seq > 0 && p.Seq == seq || seq == 0 && p.Version != all[0].Version
	}); {
	case i > 0:
		to = all[i]
	case i == 0:
		return Pointer{}, fmt.Errorf("%w：第 %d 次发布正在用着", ErrRefused, seq)
	case seq == 0 && len(all) > 0: // before the first publication the seed answered
		if to = l.seedPointer(); to.Version == all[0].Version {
			return Pointer{}, fmt.Errorf("%w：前面没有别的版本", ErrRefused)
		}
		if _, err := l.keep(ctx, l.Seed); err != nil {
			return Pointer{}, err
		}
	default:
		return Pointer{}, fmt.Errorf("%w：第 %d 次发布", ErrNotFound, seq)
	}
	e, err := l.Edition(ctx, to.Version)
	if err != nil {
		return Pointer{}, err
	}
	if err := l.ready(ctx, to.Version, e); err != nil {
		return Pointer{}, err
	}
	next := to
	next.Back, next.By, next.Why, next.Approved = to.Seq, act.Who, act.Why, ""
	return l.flip(ctx, next, func(tx store.Tx, now Pointer, _ *Pointer) error {
		if now.Seq != all[0].Seq {
			return fmt.Errorf("已发布的计划%w，请看 plan versions 再决定", ErrConflict)
		}
		return act.note(tx, "plan.rollback", to.Version)
	})
}

func (l *Library) seedPointer() Pointer {
	p := Pointer{Schema: Schema, Version: l.Seed.Hash()}
	if plans, err := l.Seed.ReadPlans(); err == nil {
		newest := plans[len(plans)-1].Plan
		p.Title, p.Items = newest.Title, len(newest.Items)
	}
	return p
}

// flip moves the pointer in one transaction, when check allows.
func (l *Library) flip(ctx context.Context, next Pointer, check func(tx store.Tx, now Pointer, next *Pointer) error) (Pointer, error) {
	l.crash("flip")
	p, err := store.Update(ctx, l.Store, Scope, func(tx store.Tx) (Pointer, error) {
		var now Pointer
		if _, err := get(tx, pointerKey, &now); err != nil {
			return Pointer{}, err
		}
		if now.Schema > Schema {
			return Pointer{}, ErrNewer
		}
		p := next
		if err := check(tx, now, &p); err != nil {
			return Pointer{}, err
		}
		p.Seq, p.At = now.Seq+1, tx.Now()
		if err := put(tx, pointerKey, p, 0); err != nil {
			return Pointer{}, err
		}
		if err := put(tx, publishKey(p.Seq), p, 0); err != nil {
			return Pointer{}, err
		}
		return p, tx.Del(candidateKey)
	})
	l.crash("flipped")
	return p, err
}

// ready waits until every running service has loaded a version; without one it
// is loaded here, to prove that it can be.
func (l *Library) ready(ctx context.Context, version string, e knowledge.Edition) error {
	l.crash("candidate")
	wait := l.Wait
	if wait == 0 {
		wait = 3 * time.Minute
	}
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	asked := false
	for {
		list, err := store.Update(ctx, l.Store, Scope, func(tx store.Tx) ([]Replica, error) {
			list, err := replicas(tx)
			if err != nil || len(list) == 0 {
				return list, err
			}
			now, _, err := tx.Get(candidateKey)
			if err != nil || string(now) == version {
				return list, err
			}
			if asked {
				return nil, fmt.Errorf("另一个人正在发布：%w", ErrConflict)
			}
			return list, tx.Put(candidateKey, []byte(version), candidateLives)
		})
		if err != nil {
			return fmt.Errorf("wait for the replicas: %w", err)
		}
		if len(list) == 0 {
			break
		}
		asked = true
		waiting, err := state(list, version)
		if err != nil {
			return err
		}
		if len(waiting) == 0 {
			l.crash("ready")
			return nil
		}
		select {
		case <-time.After(askEvery):
		case <-ctx.Done():
			return fmt.Errorf("%w：%d 个运行中的服务没有载入新版本：%s", ErrRefused, len(waiting), strings.Join(waiting, "、"))
		}
	}
	if _, err := l.Load(e); err != nil {
		return fmt.Errorf("%w：%w", ErrRefused, err)
	}
	l.crash("ready")
	return nil
}

// state lists the replicas that have not loaded a version yet; the error names
// one that cannot.
func state(list []Replica, version string) (waiting []string, err error) {
	for _, r := range list {
		switch {
		case r.Ready == version || r.Version == version:
		case r.Failed == version:
			return nil, fmt.Errorf("%w：运行中的服务 %s 载入不了新版本：%s", ErrRefused, r.ID, r.Error)
		default:
			waiting = append(waiting, r.ID)
		}
	}
	return waiting, nil
}
