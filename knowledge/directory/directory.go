// Package directory knows the bureaus of the district and their people: what a
// bureau is called today, whom of it a notice reaches, who a platform's id is.
//
// It is one document in the store, edited as a whole and never rolled back with
// the plan.
package directory

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// A Role says what a person may do in chat.
type Role string

// The roles. The platform never gives them, only this document.
const (
	Liaison   Role = "liaison"   // 联络员
	Head      Role = "head"      // 科室负责人, reviews for the bureau
	Leader    Role = "leader"    // 分管领导: nothing is sent to one by itself
	Office    Role = "office"    // 领导小组办公室: reviews, closes, urges
	Inspector Role = "inspector" // 督查室: may reopen
	Statistic Role = "statistic" // 统计
	Window    Role = "window"    // 窗口: opens answers by number
)

// roleNames are the roles as people read and write them.
var roleNames = map[Role]string{
	Liaison: "联络员", Head: "科室负责人", Leader: "分管领导", Office: "办公室", Inspector: "督查", Statistic: "统计", Window: "窗口",
}

// String is the role as people read it.
func (r Role) String() string { return cmp.Or(roleNames[r], string(r)) }

// UnmarshalText takes a role as people write it too; an unknown one is kept as
// it is, so that the check of the whole can say whose it is.
func (r *Role) UnmarshalText(text []byte) error {
	*r = Role(text)
	for role, name := range roleNames {
		if name == string(text) {
			*r = role
		}
	}
	return nil
}

// allRoles lists the roles for an error.
func allRoles() string {
	var all []string
	for role, name := range roleNames {
		all = append(all, fmt.Sprintf("%s（%s）", string(role), name))
	}
	slices.Sort(all)
	return strings.Join(all, "、")
}

// An Account is a person on a platform.
type Account struct {
	Channel string `yaml:"channel" json:"channel"` // wecom/{app}, dingtalk
	User    string `yaml:"user" json:"user"`       // the platform's id
}

// A Person works in a bureau.
type Person struct {
	Name     string    `yaml:"name" json:"name"`
	Bureau   string    `yaml:"bureau" json:"bureau"`
	Roles    []Role    `yaml:"roles,flow" json:"roles"`
	Second   bool      `yaml:"second,omitempty" json:"second,omitempty"` // B角: written to when no A角 can be
	Accounts []Account `yaml:"accounts,omitempty" json:"accounts,omitempty"`
	// Gone is since when the person is no longer there, an ISO date, "" while he is.
	Gone string `yaml:"gone,omitempty" json:"gone,omitempty"`
}

// Has reports whether the person has a role.
func (p Person) Has(r Role) bool { return slices.Contains(p.Roles, r) }

// A Successor is what became of a bureau (沿革).
type Successor struct {
	Name  string `yaml:"name" json:"name"`
	From  string `yaml:"from" json:"from"`   // ISO date
	Basis string `yaml:"basis" json:"basis"` // 依据
}

// A Robot is a group robot that notices of a bureau may be sent by.
type Robot struct {
	Channel string `yaml:"channel" json:"channel"` // wecom-robot, dingtalk-robot
	Name    string `yaml:"name" json:"name"`       // as in the configuration
}

// A Bureau is a body that a plan names as responsible, or its successor.
type Bureau struct {
	Name      string     `yaml:"name" json:"name"`
	Kind      string     `yaml:"kind" json:"kind"` // 政府 党群 群团 垂管 园区 乡镇 事业
	Aliases   []string   `yaml:"aliases,omitempty,flow" json:"aliases,omitempty"`
	Successor *Successor `yaml:"successor,omitempty" json:"successor,omitempty"`
	// Order is the channels that notices go by, the first that works: wecom/{app},
	// dingtalk, wecom-robot, dingtalk-robot. Empty: the order of the people's accounts.
	Order  []string `yaml:"order,omitempty,flow" json:"order,omitempty"`
	Robots []Robot  `yaml:"robots,omitempty" json:"robots,omitempty"`
	// Office tells that its rows go to the office only (党群 and 纪检 by default).
	Office bool `yaml:"office,omitempty" json:"office,omitempty"`
}

// A Directory is the whole document.
type Directory struct {
	// Revision counts the savings; a saving over another's is refused.
	Revision int      `yaml:"revision,omitempty" json:"revision"`
	Bureaus  []Bureau `yaml:"bureaus" json:"bureaus"`
	People   []Person `yaml:"people" json:"people"`
}

// Bureau finds a bureau by its name or an alias.
func (d *Directory) Bureau(name string) (*Bureau, bool) {
	for i := range d.Bureaus {
		if d.Bureaus[i].Name == name {
			return &d.Bureaus[i], true
		}
	}
	for i := range d.Bureaus {
		if slices.Contains(d.Bureaus[i].Aliases, name) {
			return &d.Bureaus[i], true
		}
	}
	return nil, false
}

// Today is what a bureau is called on a day: its name, or that of its latest
// successor. A chain that runs in a circle ends where it began.
func (d *Directory) Today(name string, day time.Time) string {
	on := day.Format(time.DateOnly)
	for range d.Bureaus {
		b, ok := d.Bureau(name)
		if !ok || b.Successor == nil || b.Successor.From > on {
			break
		}
		name = b.Successor.Name
	}
	return name
}

// Who finds the person behind an account of a platform.
func (d *Directory) Who(channel, user string, day time.Time) (Person, bool) {
	for _, p := range d.People {
		if p.there(day) && slices.Contains(p.Accounts, Account{channel, user}) {
			return p, true
		}
	}
	return Person{}, false
}

func (p Person) there(day time.Time) bool {
	return p.Gone == "" || day.Format(time.DateOnly) < p.Gone
}

// Of lists the people of a bureau with one of the roles, A角 before B角.
func (d *Directory) Of(bureau string, day time.Time, roles ...Role) []Person {
	var out []Person
	for _, p := range d.People {
		if p.Bureau == bureau && p.there(day) && slices.ContainsFunc(roles, p.Has) {
			out = append(out, p)
		}
	}
	slices.SortStableFunc(out, func(a, b Person) int {
		switch {
		case a.Second == b.Second:
			return 0
		case b.Second:
			return -1
		}
		return 1
	})
	return out
}

// With lists everybody with a role, whatever the bureau.
func (d *Directory) With(r Role, day time.Time) []Person {
	var out []Person
	for _, p := range d.People {
		if p.there(day) && p.Has(r) {
			out = append(out, p)
		}
	}
	return out
}

// Unreachable lists the bureaus of names that no 联络员 or 科室负责人 with an
// account nor a robot stands for on a day, in order.
func (d *Directory) Unreachable(names []string, day time.Time) []string {
	staffed := map[string]bool{} // bureaus with somebody who can be written to
	for _, p := range d.People {
		staffed[p.Bureau] = staffed[p.Bureau] || p.there(day) && (p.Has(Liaison) || p.Has(Head)) && len(p.Accounts) > 0
	}
	var out []string
	for _, n := range names {
		now := d.Today(n, day)
		b, ok := d.Bureau(now)
		if !staffed[now] && !(ok && len(b.Robots) > 0) {
			out = append(out, n)
		}
	}
	return out
}

// check says what is wrong with the document, nil for nothing.
func (d *Directory) check() error {
	names, accounts := map[string]bool{}, map[Account]string{}
	for i, b := range d.Bureaus {
		switch {
		case b.Name == "":
			return fmt.Errorf("bureaus[%d]：缺少 name", i)
		case names[b.Name]:
			return fmt.Errorf("bureaus[%d]：%s 写了两次", i, b.Name)
		}
		names[b.Name] = true
		if s := b.Successor; s != nil {
			if _, err := time.Parse(time.DateOnly, s.From); err != nil || s.Name == "" || s.Basis == "" {
				return fmt.Errorf("%s 的 successor 要写 name、from（如 2024-03-01）和 basis（依据）", b.Name)
			}
		}
	}
	for i, p := range d.People {
		switch {
		case p.Name == "":
			return fmt.Errorf("people[%d]：缺少 name", i)
		case !names[p.Bureau]:
			return fmt.Errorf("people[%d]：%s 的单位 %q 不在 bureaus 里", i, p.Name, p.Bureau)
		}
		for _, r := range p.Roles {
			if roleNames[r] == "" {
				return fmt.Errorf("people[%d]：%s 的角色 %q 不认识；可用：%s", i, p.Name, string(r), allRoles())
			}
		}
		for _, a := range p.Accounts {
			if a.Channel == "" || a.User == "" {
				return fmt.Errorf("people[%d]：%s 的账号要写 channel 和 user", i, p.Name)
			}
			if other := accounts[a]; other != "" {
				return fmt.Errorf("people[%d]：%s 的账号与 %s 的相同", i, p.Name, other)
			}
			accounts[a] = p.Name
		}
		if p.Gone != "" {
			if _, err := time.Parse(time.DateOnly, p.Gone); err != nil {
				return fmt.Errorf("people[%d]：%s 的 gone 要写成 2024-03-01 这样", i, p.Name)
			}
		}
	}
	return nil
}
