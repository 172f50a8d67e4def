package admin

import (
	"fmt"
	"slices"
	"strings"

	"huiwen/knowledge/account"
)

type accountsView struct {
	Accounts []accountRow
	Roles    []account.Role
	Channels []string
	Create   bool
	Link     string // a fresh invitation
	For      string
}

type accountRow struct {
	*account.Account
	Locked bool
	Mine   bool
}

func accountsPage(v *visit) error { return v.accounts("", "") }

func (v *visit) accounts(name, link string) error {
	list, err := v.Keeper.List(v.ctx())
	if err != nil {
		return err
	}
	view := accountsView{Roles: account.Roles, Create: v.who.Has(steering...), Link: link, For: name, Channels: account.LinkChannels}
	for _, a := range list {
		view.Accounts = append(view.Accounts, accountRow{a, a.Locked.After(v.Now()), a.Name == v.who.Name})
	}
	return v.page("accounts", "账号", view)
}

// mayGive keeps the rank of an admin with the admins: nobody makes one, or acts on
// one, who is none.
func (v *visit) mayGive(roles []account.Role) error {
	if slices.Contains(roles, account.Admin) && !v.who.Has(account.Admin) {
		return bad("只有管理员能建立或改动管理员的账号。")
	}
	return nil
}

// mayTouch reports an account that the visitor may not act on.
func (v *visit) mayTouch(name string) error {
	a, err := v.Keeper.Load(v.ctx(), name)
	if err != nil {
		return err
	}
	return v.mayGive(a.Roles)
}

// rolesOf reads the ticked roles.
func (v *visit) rolesOf() ([]account.Role, error) {
	var out []account.Role
	for _, s := range v.r.PostForm["role"] {
		r, err := account.ParseRole(s)
		if err != nil {
			return nil, bad("%s", err.Error())
		}
		out = append(out, r)
	}
	return out, nil
}

func createAccount(v *visit) error {
	roles, err := v.rolesOf()
	if err == nil {
		err = v.mayGive(roles)
	}
	if err == nil {
		err = v.Keeper.Create(v.ctx(), v.field("name"), roles, v.who.Name)
	}
	if err != nil {
		return v.failed("/admin/accounts", err)
	}
	return v.invite(v.field("name"))
}

func inviteAccount(v *visit) error { return v.invite(v.field("name")) }

// invite shows a fresh invitation once; it is never written down.
func (v *visit) invite(name string) error {
	if err := v.mayTouch(name); err != nil {
		return v.failed("/admin/accounts", err)
	}
	code, err := v.Keeper.Invite(v.ctx(), name, v.who.Name)
	if err != nil {
		return v.failed("/admin/accounts", err)
	}
	scheme := "http"
	if v.Secure || v.r.TLS != nil {
		scheme = "https"
	}
	return v.accounts(name, scheme+"://"+v.r.Host+"/admin/invite?code="+code)
}

// change changes another's account; nobody changes his own roles or lock.
func (v *visit) change(act, said string, fn func(*account.Account) error) error {
	name := v.field("name")
	if name == v.who.Name {
		return v.failed("/admin/accounts", bad("不能改自己的账号，请别的管理员来改。"))
	}
	if err := v.mayTouch(name); err != nil {
		return v.failed("/admin/accounts", err)
	}
	if err := v.Keeper.Change(v.ctx(), name, v.who.Name, act, v.field("why"), fn); err != nil {
		return v.failed("/admin/accounts", err)
	}
	return v.done("/admin/accounts", name+"："+said)
}

func changeRoles(v *visit) error {
	roles, err := v.rolesOf()
	if err == nil {
		err = v.mayGive(roles)
	}
	if err != nil {
		return v.failed("/admin/accounts", err)
	}
	var names []string
	for _, r := range roles {
		names = append(names, r.String())
	}
	return v.change("account.roles", "角色改为"+strings.Join(names, "、")+"。", func(a *account.Account) error {
		a.Roles = roles
		return nil
	})
}

func disableAccount(v *visit) error {
	off := v.field("off") == "1"
	said := "已启用。"
	if off {
		said = "已停用，登录已全部退出。"
	}
	return v.change("account.disable", said, func(a *account.Account) error {
		a.Disabled, a.Epoch = off, a.Epoch+1
		return nil
	})
}

func unlockAccount(v *visit) error {
	return v.change("account.unlock", "已解锁。", func(a *account.Account) error {
		a.Fails, a.Locked = 0, a.Created
		return nil
	})
}

func dropSecond(v *visit) error {
	return v.change("account.second.drop", "动态口令已解绑，下次登录后请重新绑定。", func(a *account.Account) error {
		a.Secret, a.Step, a.Epoch = "", 0, a.Epoch+1
		return nil
	})
}

// linkAccount lets a platform account sign in by scan; an empty one takes it away.
func linkAccount(v *visit) error {
	l := account.Link{Channel: v.field("channel"), User: v.field("user")}
	if !slices.Contains(account.LinkChannels, l.Channel) {
		return v.failed("/admin/accounts", bad("请选平台并填平台账号。"))
	}
	said := "已解除扫码登录。"
	if l.User != "" {
		said = fmt.Sprintf("已关联 %s 账号 %s，可扫码登录。", l.Channel, l.User)
	}
	return v.change("account.link", said, func(a *account.Account) error { return a.SetLink(l) })
}
