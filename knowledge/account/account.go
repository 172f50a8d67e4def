// Package account knows who may use the admin pages and commands: accounts with
// roles, passwords, second factors, sessions and one-time invitations.
//
// Keys in the scope sys: ["account/" name] => the account as JSON, the set
// accounts of names by creation, ["accounts/ever"] once there was any,
// ["signin/session/" hash] and ["signin/invite/" hash], which expire.
package account

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"huiwen/knowledge/store"
)

// Scope is where accounts are kept.
const Scope = "sys"

// A Role (角色) says what an account may do.
type Role string

// The roles of accounts. 联络员 and 部门审核人 act in chat; they stand in the
// directory and have no account.
const (
	Admin     Role = "admin"     // 管理员: everything but reading the audit
	Editor    Role = "editor"    // 编辑: plans, words, cards as drafts
	Reviewer  Role = "reviewer"  // 审核: approves a draft that another has edited
	Issuer    Role = "issuer"    // 签发: publishes and rolls back
	Office    Role = "office"    // 办公室: the ledger, reviewing, urging, arming
	Inspector Role = "inspector" // 督查: reads the ledger, may reopen
	Statistic Role = "statistic" // 统计: reads the ledger, exports
	Window    Role = "window"    // 窗口: opens answers by number
	Seat      Role = "seat"      // 客服坐席: opens answers by number
	System    Role = "system"    // 系统管理员: accounts, channels
	Security  Role = "security"  // 安全管理员: roles, locks, sessions
	Auditor   Role = "auditor"   // 审计管理员: reads the audit, changes nothing
	Operator  Role = "operator"  // 运维: sees how it runs
)

// Roles lists every role in the order of the pages.
var Roles = []Role{Admin, Editor, Reviewer, Issuer, Office, Inspector, Statistic, Window, Seat, System, Security, Auditor, Operator}

var roleNames = map[Role]string{
	Admin: "管理员", Editor: "编辑", Reviewer: "审核", Issuer: "签发", Office: "办公室", Inspector: "督查", Statistic: "统计",
	Window: "窗口", Seat: "客服坐席", System: "系统管理员", Security: "安全管理员", Auditor: "审计管理员", Operator: "运维",
}

// String is the role as people read it.
func (r Role) String() string { return cmp.Or(roleNames[r], string(r)) }

// ParseRole reads a role as it is kept (editor) or as people write it (编辑).
func ParseRole(s string) (Role, error) {
	for _, r := range Roles {
		if s == string(r) || s == roleNames[r] {
			return r, nil
		}
	}
	var all []string
	for _, r := range Roles {
		all = append(all, string(r)+"（"+r.String()+"）")
	}
	return "", fmt.Errorf("没有 %q 这个角色；可用：%s", s, strings.Join(all, "、"))
}

// An Account (账号) is one person who signs in or acts by `--as`.
type Account struct {
	Name     string    `json:"name"`
	Roles    []Role    `json:"roles"`
	Created  time.Time `json:"created"`
	By       string    `json:"by"` // who made it
	Disabled bool      `json:"disabled,omitempty"`
	// Revision counts the changes; a change over another's is refused.
	Revision int `json:"revision,omitempty"`
	// Password is an argon2id hash, "" until the person has chosen one.
	Password string `json:"password,omitempty"`
	// Secret is the shared secret of the second factor, "" for none; Step is the
	// last one that was used, so that no code counts twice.
	Secret string `json:"secret,omitempty"`
	Step   int64  `json:"step,omitempty"`
	// Fails counts wrong sign-ins since the last right one.
	Fails  int       `json:"fails,omitempty"`
	Locked time.Time `json:"locked,omitzero"` // until when
	// Epoch goes up to end every session of the account.
	Epoch int `json:"epoch,omitempty"`
	// Links are the platform accounts that may sign in by scan.
	Links []Link    `json:"links,omitempty"`
	Last  time.Time `json:"last,omitzero"` // when it last signed in
}

// A Link ties an account to a person on a platform.
type Link struct {
	Channel string `json:"channel"` // wecom, dingtalk
	User    string `json:"user"`
}

// LinkChannels are the platforms that sign in by scan.
var LinkChannels = []string{"wecom", "dingtalk"}

// maxLinkUser bounds the id of a person on a platform, in bytes.
const maxLinkUser = 128

// SetLink ties the account to one person of a platform, in place of the one
// before; an empty user unties it.
func (a *Account) SetLink(l Link) error {
	if !slices.Contains(LinkChannels, l.Channel) || len(l.User) > maxLinkUser {
		return fmt.Errorf("%w：平台账号要选平台，编号最长 %d 个字节", ErrInvalid, maxLinkUser)
	}
	a.Links = slices.DeleteFunc(a.Links, func(old Link) bool { return old.Channel == l.Channel })
	if l.User != "" {
		a.Links = append(a.Links, l)
	}
	return nil
}

// Has reports whether the account has any of the roles.
func (a *Account) Has(roles ...Role) bool {
	return !a.Disabled && slices.ContainsFunc(a.Roles, func(r Role) bool { return slices.Contains(roles, r) })
}

// Errors a caller may test for.
var (
	ErrNotFound = errors.New("没有这个账号")
	ErrExists   = errors.New("已有同名账号")
	ErrConflict = errors.New("账号刚被别人改过，请重新打开再改")
	ErrInvalid  = errors.New("账号有误")
)

const (
	accountSet   = "accounts"
	everKey      = "accounts/ever"
	maxAccounts  = 1000
	maxNameRunes = 40
)

func accountKey(name string) string { return "account/" + name }

// CheckRoles refuses roles that one person may not have together: nobody edits
// and audits, and the three offices of administration are three people.
func CheckRoles(roles []Role) error {
	if len(roles) == 0 {
		return fmt.Errorf("%w：至少要有一个角色", ErrInvalid)
	}
	for i, r := range roles {
		if roleNames[r] == "" {
			return fmt.Errorf("%w：没有 %q 这个角色", ErrInvalid, string(r))
		}
		if slices.Contains(roles[:i], r) {
			return fmt.Errorf("%w：%s写了两次", ErrInvalid, r)
		}
	}
	if slices.Contains(roles, Auditor) && len(roles) > 1 {
		return fmt.Errorf("%w：审计管理员不能兼任别的角色", ErrInvalid)
	}
	if slices.Contains(roles, System) && slices.Contains(roles, Security) {
		return fmt.Errorf("%w：系统管理员和安全管理员不能是同一人", ErrInvalid)
	}
	return nil
}

func checkName(name string) error {
	bad := func(r rune) bool {
		return !unicode.IsPrint(r) || unicode.IsSpace(r) || strings.ContainsRune(`/\"'<>&`, r)
	}
	if name == "" || !utf8.ValidString(name) || utf8.RuneCountInString(name) > maxNameRunes || strings.ContainsFunc(name, bad) || name == "系统" {
		return fmt.Errorf("%w：名字要有 1 到 %d 个字，不能有空格和 / \\ \" ' < > &，也不能叫「系统」", ErrInvalid, maxNameRunes)
	}
	return nil
}

// Create makes an account without a password; by is who makes it.
func Create(tx store.Tx, name string, roles []Role, by string) (*Account, error) {
	if err := errors.Join(checkName(name), CheckRoles(roles)); err != nil {
		return nil, err
	}
	if _, err := Load(tx, name); !errors.Is(err, ErrNotFound) {
		return nil, cmp.Or(err, fmt.Errorf("%w：%s", ErrExists, name))
	}
	all, err := tx.Range(accountSet, 0, 1e18, maxAccounts)
	if err != nil {
		return nil, err
	}
	if len(all) == maxAccounts {
		return nil, fmt.Errorf("%w：最多 %d 个账号", ErrInvalid, maxAccounts)
	}
	a := &Account{Name: name, Roles: roles, Created: tx.Now(), By: by}
	if err := tx.Put(everKey, []byte("1"), 0); err != nil {
		return nil, err
	}
	if err := tx.Add(accountSet, name, float64(a.Created.UnixMilli())); err != nil {
		return nil, err
	}
	return a, Save(tx, a)
}

// Load reads an account, [ErrNotFound] when there is none.
func Load(tx store.Tx, name string) (*Account, error) {
	if checkName(name) != nil {
		return nil, ErrNotFound
	}
	data, ok, err := tx.Get(accountKey(name))
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, fmt.Errorf("%w：%s", ErrNotFound, name)
	}
	a := &Account{}
	if err := json.Unmarshal(data, a); err != nil {
		return nil, fmt.Errorf("account %s is unreadable: %w", name, err)
	}
	return a, nil
}

// Save keeps an account that was loaded before; it fails with [ErrConflict]
// when another has changed it since, and counts its own.
func Save(tx store.Tx, a *Account) error {
	if err := CheckRoles(a.Roles); err != nil {
		return err
	}
	old, err := Load(tx, a.Name)
	switch {
	case errors.Is(err, ErrNotFound) && a.Revision == 0:
	case err != nil:
		return err
	case old.Revision != a.Revision:
		return ErrConflict
	}
	next := *a
	next.Revision++
	data, err := json.Marshal(next)
	if err != nil {
		return fmt.Errorf("account: %w", err)
	}
	if err := tx.Put(accountKey(a.Name), data, 0); err != nil {
		return err
	}
	a.Revision = next.Revision
	return nil
}

// List reads every account, the oldest first.
func List(tx store.Tx) ([]*Account, error) {
	all, err := tx.Range(accountSet, 0, 1e18, maxAccounts)
	if err != nil {
		return nil, err
	}
	out := make([]*Account, 0, len(all))
	for _, m := range all {
		a, err := Load(tx, m.Name)
		if err != nil {
			return nil, err
		}
		out = append(out, a)
	}
	return out, nil
}

// Ever reports whether there ever was an account.
func Ever(tx store.Tx) (bool, error) {
	_, ok, err := tx.Get(everKey)
	return ok, err
}
