package directory

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Roles lists the roles in the order that people read them.
var Roles = []Role{Liaison, Head, Leader, Office, Inspector, Statistic, Window}

// ParseRole reads a role by its kept or its Chinese name.
func ParseRole(s string) (Role, error) {
	var r Role
	_ = r.UnmarshalText([]byte(strings.TrimSpace(s))) // it fails never
	if roleNames[r] == "" {
		return "", fmt.Errorf("%w：角色 %q 不认识；可用：%s", ErrInvalid, s, allRoles())
	}
	return r, nil
}

// Find is where a person of a bureau stands in People.
func (d *Directory) Find(bureau, name string) (int, bool) {
	i := slices.IndexFunc(d.People, func(p Person) bool { return p.Bureau == bureau && p.Name == name })
	return i, i >= 0
}

// SetPerson puts a person in place of the one at i, or adds him when i is below
// zero. Two of one name in one bureau could not be told apart. What is wrong
// otherwise, [Save] says.
func (d *Directory) SetPerson(i int, p Person) error {
	if p.Name = strings.TrimSpace(p.Name); p.Name == "" {
		return fmt.Errorf("%w：请写姓名", ErrInvalid)
	}
	if i >= len(d.People) {
		return ErrConflict
	}
	if at, ok := d.Find(p.Bureau, p.Name); ok && at != i {
		return fmt.Errorf("%w：%s已经有一位%s；同名的请加科室区分", ErrInvalid, p.Bureau, p.Name)
	}
	if i < 0 {
		d.People = append(d.People, p)
		return nil
	}
	d.People[i] = p
	return nil
}

// RemovePerson takes a person out. Who has moved away is better kept with the day
// since which he is gone: then it stays known who had acted.
func (d *Directory) RemovePerson(i int) error {
	if i < 0 || i >= len(d.People) {
		return ErrConflict
	}
	d.People = slices.Delete(d.People, i, i+1)
	return nil
}

// Succeed notes what became of a bureau (沿革); a new bureau is added with the kind
// of the old one. The zero Successor takes the note back.
func (d *Directory) Succeed(bureau string, next Successor) error {
	b, ok := d.Bureau(bureau)
	if !ok {
		return fmt.Errorf("%w：没有“%s”这个单位", ErrInvalid, bureau)
	}
	if next == (Successor{}) {
		b.Successor = nil
		return nil
	}
	if next.Name == b.Name {
		return fmt.Errorf("%w：新的名字和原来的一样", ErrInvalid)
	}
	if _, err := time.Parse(time.DateOnly, next.From); err != nil || next.Name == "" || next.Basis == "" {
		return fmt.Errorf("%w：沿革要写新的名字、从哪天起（如 2024-03-01）和依据", ErrInvalid)
	}
	b.Successor = &next
	kind := b.Kind
	if _, ok := d.Bureau(next.Name); !ok {
		d.Bureaus = append(d.Bureaus, Bureau{Name: next.Name, Kind: kind})
	}
	return nil
}

// SetBureau changes what a bureau is called besides, and whether its rows go to
// the office only.
func (d *Directory) SetBureau(name string, aliases []string, office bool) error {
	i := slices.IndexFunc(d.Bureaus, func(b Bureau) bool { return b.Name == name })
	if i < 0 {
		return fmt.Errorf("%w：没有“%s”这个单位", ErrInvalid, name)
	}
	d.Bureaus[i].Aliases, d.Bureaus[i].Office = aliases, office
	return nil
}

// Named finds what the bureau that people name, by its name or an alias, is
// called on a day.
func (d *Directory) Named(day time.Time) func(name string) (string, bool) {
	return func(name string) (string, bool) {
		b, ok := d.Bureau(name)
		if !ok {
			return "", false
		}
		return d.Today(b.Name, day), true
	}
}

// Clone is a copy that can be changed without touching d, which others may read.
func (d *Directory) Clone() *Directory {
	c := *d
	c.Bureaus, c.People = slices.Clone(d.Bureaus), slices.Clone(d.People)
	return &c
}
