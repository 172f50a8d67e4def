package pause

import (
	"errors"
	"strings"
	"testing"

	"huiwen/knowledge/store"
)

func TestAPauseHoldsAChannelUntilItEnds(t *testing.T) {
	s, err := store.OpenFile(t.Context(), t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	do := func(fn func(store.Tx) error) error { return s.Update(t.Context(), Scope, fn) }
	under := func(channel string) string {
		list, err := store.View(t.Context(), s, Scope, List)
		if err != nil {
			t.Fatal(err)
		}
		p, _ := Of(list, channel)
		return p.Reason
	}
	if err := do(func(tx store.Tx) error { return Begin(tx, "wecom", "正在核对政策", "张三") }); err != nil {
		t.Fatal(err)
	}
	for channel, want := range map[string]string{"wecom/staff": "正在核对政策", "wecom": "正在核对政策", "page": "", "kf/x": ""} {
		if got := under(channel); got != want {
			t.Errorf("%s: got %q, want %q", channel, got, want)
		}
	}
	if err := do(func(tx store.Tx) error { return Begin(tx, All, "系统维护", "张三") }); err != nil || under("page") != "系统维护" {
		t.Errorf("all: %v, %q", err, under("page"))
	}
	for _, channel := range []string{"wecom", All} {
		if err := do(func(tx store.Tx) error { return End(tx, channel, "李四") }); err != nil {
			t.Fatal(err)
		}
	}
	if got := under("wecom/staff"); got != "" {
		t.Errorf("after the end: %q", got)
	}
	if err := do(func(tx store.Tx) error { return End(tx, "wecom", "李四") }); !errors.Is(err, ErrInvalid) {
		t.Errorf("ended twice: %v", err)
	}
	for _, bad := range [][2]string{{"fax", "x"}, {"page", ""}, {"page", "a\nb"}, {"page", strings.Repeat("长", 121)}} {
		if err := do(func(tx store.Tx) error { return Begin(tx, bad[0], bad[1], "张三") }); !errors.Is(err, ErrInvalid) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
