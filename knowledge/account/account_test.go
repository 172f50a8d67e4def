package account

import (
	"errors"
	"testing"

	"huiwen/knowledge/store"
)

func opened(t *testing.T) store.Store {
	t.Helper()
	s, err := store.OpenFile(t.Context(), t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func update(t *testing.T, s store.Store, fn func(store.Tx) error) error {
	t.Helper()
	return s.Update(t.Context(), Scope, fn)
}

func TestAccountsAreMadeOnce(t *testing.T) {
	s := opened(t)
	create := func(name string, roles ...Role) error {
		return update(t, s, func(tx store.Tx) error { _, err := Create(tx, name, roles, "系统"); return err })
	}
	if err := create("张三", Admin); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		who   string
		roles []Role
		want  error
	}{
		{"twice", "张三", []Role{Editor}, ErrExists},
		{"nobody edits and audits", "李四", []Role{Editor, Auditor}, ErrInvalid},
		{"system and security are two people", "李四", []Role{System, Security}, ErrInvalid},
		{"no role", "李四", nil, ErrInvalid},
		{"an unknown role", "李四", []Role{"boss"}, ErrInvalid},
		{"a path for a name", "../x", []Role{Editor}, ErrInvalid},
		{"markup for a name", "<b>", []Role{Editor}, ErrInvalid},
		{"the program's own name", "系统", []Role{Editor}, ErrInvalid},
	} {
		if err := create(c.who, c.roles...); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, err, c.want)
		}
	}
	list, err := store.View(t.Context(), s, Scope, List)
	if err != nil || len(list) != 1 || list[0].Name != "张三" || !list[0].Has(Admin) || list[0].Has(Auditor) {
		t.Errorf("listed %+v %v", list, err)
	}
}

func TestAChangeOverAnothersIsRefused(t *testing.T) {
	s := opened(t)
	var mine, others *Account
	if err := update(t, s, func(tx store.Tx) (err error) { mine, err = Create(tx, "张三", []Role{Editor}, "系统"); return err }); err != nil {
		t.Fatal(err)
	}
	if err := update(t, s, func(tx store.Tx) (err error) { others, err = Load(tx, "张三"); return err }); err != nil {
		t.Fatal(err)
	}
	others.Disabled = true
	if err := update(t, s, func(tx store.Tx) error { return Save(tx, others) }); err != nil {
		t.Fatal(err)
	}
	mine.Roles = []Role{Admin}
	if err := update(t, s, func(tx store.Tx) error { return Save(tx, mine) }); !errors.Is(err, ErrConflict) {
		t.Errorf("got %v, want %v", err, ErrConflict)
	}
}
