package directory

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"huiwen/knowledge/store"
)

const sample = `
bureaus:
  - {name: 区甲局, kind: 政府, aliases: [甲局], successor: {name: 区乙局, from: "2024-03-01", basis: 机构改革方案}}
  - {name: 区乙局, kind: 政府}
  - {name: 区丙部, kind: 党群}
people:
  - {name: 张三, bureau: 区乙局, roles: [liaison], second: true, accounts: [{channel: wecom/staff, user: zs}]}
  - {name: 李四, bureau: 区乙局, roles: [liaison, head], accounts: [{channel: dingtalk, user: ls}], gone: "2026-01-01"}
  - {name: 王五, bureau: 区丙部, roles: [office]}
`

func parsed(t *testing.T, text string) *Directory {
	t.Helper()
	d, err := Parse([]byte(text), "d.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func day(s string) time.Time {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic(err)
	}
	return t
}

func names(list []Person) (out []string) {
	for _, p := range list {
		out = append(out, p.Name)
	}
	return out
}

func TestABureauIsFoundUnderItsNameOfTheDay(t *testing.T) {
	d := parsed(t, sample)
	if got := d.Today("甲局", day("2024-02-28")); got != "甲局" {
		t.Errorf("before the change: %s", got)
	}
	if got := d.Today("甲局", day("2024-03-01")); got != "区乙局" {
		t.Errorf("after the change: %s", got)
	}
	d.Bureaus[1].Successor = &Successor{Name: "区甲局", From: "2024-03-01", Basis: "x"}
	d.Today("区甲局", day("2025-01-01")) // a circle ends
}

func TestPeopleOfADay(t *testing.T) {
	d := parsed(t, sample)
	if got := names(d.Of("区乙局", day("2025-06-01"), Liaison)); !slices.Equal(got, []string{"李四", "张三"}) {
		t.Errorf("A角 first: %v", got)
	}
	if got := names(d.Of("区乙局", day("2026-01-01"), Liaison)); !slices.Equal(got, []string{"张三"}) {
		t.Errorf("who left is left out: %v", got)
	}
	if p, ok := d.Who("dingtalk", "ls", day("2025-06-01")); !ok || p.Name != "李四" {
		t.Errorf("by account: %v %v", p, ok)
	}
	if _, ok := d.Who("dingtalk", "ls", day("2026-06-01")); ok {
		t.Error("who left is still known")
	}
	if got := d.Unreachable([]string{"区甲局", "区丙部"}, day("2025-06-01")); !slices.Equal(got, []string{"区丙部"}) {
		t.Errorf("unreachable: %v", got)
	}
}

func TestRolesAreWrittenInBothTongues(t *testing.T) {
	d, err := Parse([]byte("bureaus: [{name: 甲}]\npeople: [{name: 张三, bureau: 甲, roles: [联络员, head]}]"), "d.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := d.People[0].Roles, []Role{Liaison, Head}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestMistakesAreNamed(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"an unknown key", "bureau: []", "bureau"},
		{"a bureau twice", "bureaus: [{name: 甲}, {name: 甲}]", "甲"},
		{"a person of no bureau", "bureaus: []\npeople: [{name: 张三, bureau: 乙}]", "乙"},
		{"an unknown role", "bureaus: [{name: 甲}]\npeople: [{name: 张三, bureau: 甲, roles: [boss]}]", "boss"},
		{"what roles there are", "bureaus: [{name: 甲}]\npeople: [{name: 张三, bureau: 甲, roles: [boss]}]", "liaison（联络员）"},
		{"an account of two", "bureaus: [{name: 甲}]\npeople: [{name: 张三, bureau: 甲, accounts: [{channel: c, user: u}]}, {name: 李四, bureau: 甲, accounts: [{channel: c, user: u}]}]", "李四"},
		{"a successor without a basis", "bureaus: [{name: 甲, successor: {name: 乙, from: 2024-01-01}}]", "basis"},
	} {
		_, err := Parse([]byte(c.text), "d.yaml")
		if !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "d.yaml") {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestSavingOverAnotherIsRefused(t *testing.T) {
	s, err := store.OpenFile(t.Context(), t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	save := func(d *Directory) error {
		return s.Update(t.Context(), Scope, func(tx store.Tx) error { return Save(tx, d) })
	}
	d := parsed(t, sample)
	if err := save(d); err != nil {
		t.Fatal(err)
	}
	if err := save(d); !errors.Is(err, ErrConflict) {
		t.Errorf("a second saving of the same revision: %v", err)
	}
	kept, err := store.View(t.Context(), s, Scope, func(tx store.Tx) (*Directory, error) {
		d, _, err := Load(tx)
		return d, err
	})
	if err != nil || kept.Revision != 1 || len(kept.People) != 3 {
		t.Fatalf("kept %+v %v", kept, err)
	}
	data, err := kept.YAML()
	if err != nil {
		t.Fatal(err)
	}
	if again := parsed(t, string(data)); len(again.People) != 3 || again.Bureaus[0].Successor == nil {
		t.Errorf("written and read again: %+v", again)
	}
	if err := save(kept); err != nil {
		t.Errorf("the next revision: %v", err)
	}
}
