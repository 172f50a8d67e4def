package app

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"huiwen/knowledge"
	"huiwen/knowledge/account"
	"huiwen/knowledge/store"
	"huiwen/knowledge/versions"
)

// Plan is how plans are published.
type Plan struct {
	Approval bool `yaml:"approval"` // another person approves a draft before it is published
}

// A planDesk is a writing command at work: the library, who acts and why.
type planDesk struct {
	*versions.Library
	store store.Store
	act   versions.Act
}

// actFlags are the flags of every command that changes something.
type actFlags struct{ as, why string }

func (a *actFlags) define(fs *flag.FlagSet) {
	fs.StringVar(&a.as, "as", "", "")
	fs.StringVar(&a.why, "why", "", "")
}

// The roles that may change a draft, approve one, publish one, pause a channel.
var (
	mayEdit    = []account.Role{account.Admin, account.Editor}
	mayApprove = []account.Role{account.Admin, account.Reviewer, account.Issuer}
	mayPublish = []account.Role{account.Admin, account.Issuer}
	maySteer   = []account.Role{account.Admin, account.System}
)

// openDesk opens the store for a person who may act.
func (c *call) openDesk(ctx context.Context, f actFlags, roles ...account.Role) (*planDesk, error) {
	s, err := openStore(ctx, c.config)
	if err != nil {
		return nil, err
	}
	act, err := whoActs(ctx, s, f, roles...)
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	e, err := c.newEngine()
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	l, err := c.library(s, e)
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return &planDesk{l, s, act}, nil
}

func (d *planDesk) Close() error { return d.store.Close() }

// library is the versions of the store, for the commands and the pages alike.
func (c *call) library(s store.Store, e *engine) (*versions.Library, error) {
	seed, err := c.seedEdition()
	if err != nil {
		return nil, err
	}
	return &versions.Library{Store: s, Seed: seed, Load: e.load, Text: documentText, Approval: c.config.Plan.Approval}, nil
}

// whoActs is the account that acts, or the command line of the machine while
// there never was an account. It refuses an account without any of the roles.
func whoActs(ctx context.Context, s store.Store, f actFlags, roles ...account.Role) (versions.Act, error) {
	if len(roles) == 0 { // nothing is changed
		return versions.Act{Who: operator()}, nil
	}
	return store.View(ctx, s, account.Scope, func(tx store.Tx) (versions.Act, error) {
		act := versions.Act{Who: operator(), Why: f.why}
		ever, err := account.Ever(tx)
		switch {
		case err != nil:
			return act, err
		case f.as == "" && !ever:
			return act, nil
		case f.as == "":
			return act, usagef("已经有账号了，请用 --as 姓名 写明是谁在操作")
		}
		a, err := account.Load(tx, f.as)
		if err != nil {
			return act, fmt.Errorf("--as %s：%w", f.as, err)
		}
		if !a.Has(roles...) {
			var names []string
			for _, r := range roles {
				names = append(names, r.String())
			}
			return act, fmt.Errorf("%s 没有这项权限，要有 %s 角色", f.as, strings.Join(names, "、"))
		}
		act.Who = a.Name
		return act, nil
	})
}

// goneWords are what rests on a sentence, as people read it.
var goneWords = map[string]string{"programme": "政策项目", "similar": "类似问法", "correction": "手工更正", "faq": "问答", "card": "办事信息卡"}

// maxListed bounds a list that people read; --json gives it whole.
const maxListed = 20

func printJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// edition is that of a draft, of what is published for "".
func (d *planDesk) edition(ctx context.Context, draft string) (e knowledge.Edition, err error) {
	if draft == "" {
		_, e, err = d.Published(ctx)
	} else {
		_, e, err = d.Draft(ctx, draft)
	}
	return e, err
}

// change changes the draft that is meant, in the name of who acts.
func (d *planDesk) change(ctx context.Context, draft, step string, change func(knowledge.Edition) (knowledge.Edition, error)) (versions.Draft, error) {
	draft, err := d.latest(ctx, draft)
	if err != nil {
		return versions.Draft{}, err
	}
	return d.Change(ctx, draft, step, d.act, change)
}

// latest is the draft that is meant when none is named: the latest made, "" for
// a new one when there is none.
func (d *planDesk) latest(ctx context.Context, id string) (string, error) {
	if id != "" {
		return id, nil
	}
	all, err := d.Drafts(ctx)
	if err != nil || len(all) == 0 {
		return "", err
	}
	return all[0].ID, nil
}

// Words of a diff as people read them.
var (
	kindWords  = map[string]string{versions.Added: "新增", versions.Changed: "改动", versions.Dropped: "删去", versions.Moved: "移动", versions.Split: "拆分", versions.Merged: "合并"}
	fieldWords = map[string]string{"no": "编号", "path": "章节", "heading": "标题", "text": "原文", "bureaus": "责任单位", "etc": "“等”", "targets": "目标", "deadlines": "时限",
		"amounts": "数额", "groups": "对象", "deliverables": "文件", "title": "标题", "issued": "印发日期", "valid": "有效期", "disclosure": "公开属性", "goals": "总目标"}
)

// maxReplay bounds the questions of a replay.
const maxReplay = 20_000
