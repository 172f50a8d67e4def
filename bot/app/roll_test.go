package app

import (
	"slices"
	"testing"
	"time"

	"huiwen/bot"
	"huiwen/knowledge/directory"
	"huiwen/knowledge/store"
)

func TestTheDirectorySaysWhoSpeaks(t *testing.T) {
	s, err := store.OpenFile(t.Context(), t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	d := &directory.Directory{
		Bureaus: []directory.Bureau{{Name: "区甲局"}},
		People:  []directory.Person{{Name: "张三", Bureau: "区甲局", Roles: []directory.Role{directory.Liaison}, Accounts: []directory.Account{{Channel: "wecom/staff", User: "zs"}, {Channel: "kf", User: "zs"}}}},
	}
	if err := s.Update(t.Context(), directory.Scope, func(tx store.Tx) error { return directory.Save(tx, d) }); err != nil {
		t.Fatal(err)
	}
	now := time.Unix(1663200000, 0)
	r := &roll{store: s, now: func() time.Time { return now }}
	for _, c := range []struct {
		name   string
		m      bot.Message
		bureau string
		roles  []bot.Role
	}{
		{"a liaison by the app", bot.Message{Channel: "wecom/staff", Person: "zs", User: bot.Staff, At: now}, "区甲局", []bot.Role{bot.Liaison}},
		{"somebody else", bot.Message{Channel: "wecom/staff", Person: "ls", User: bot.Staff, At: now}, "", nil},
		{"a resident with the same id", bot.Message{Channel: "kf", Person: "zs", User: bot.Resident, At: now}, "", nil},
		{"a message that brings roles of its own", bot.Message{Channel: "page", User: bot.Resident, Bureau: "区甲局", Roles: []bot.Role{bot.Office}, At: now}, "", nil},
	} {
		m, err := r.identify(t.Context(), c.m)
		if err != nil || m.Bureau != c.bureau || !slices.Equal(m.Roles, c.roles) {
			t.Errorf("%s: %q %v %v", c.name, m.Bureau, m.Roles, err)
		}
	}
}
