package app

import (
	"strings"
	"testing"
)

// TestEveryCommandHelps asks every command for its help, and gives it a flag it
// does not have: neither does anything.
func TestEveryCommandHelps(t *testing.T) {
	var walk func(path []string, list []command)
	walk = func(path []string, list []command) {
		for _, c := range list {
			if c.about == "" {
				continue
			}
			full := append(append([]string{}, path...), c.name)
			got := runWith(t, "", nil, append(full, "--help")...)
			if got.code != 0 || got.err != "" || !strings.Contains(got.out, strings.Join(full, " ")) {
				t.Errorf("%v --help: %d, %q, %q", full, got.code, got.out, got.err)
			}
			if c.run == nil {
				if got := runWith(t, "", nil, full...); got.code != 2 || !strings.Contains(got.err, c.subs[0].name) {
					t.Errorf("%v alone: %d, %q", full, got.code, got.err)
				}
				walk(full, c.subs)
				continue
			}
			walk(full, c.subs)
			if got := runWith(t, "", nil, append(full, "--no-such-flag")...); got.code != 2 || !strings.Contains(got.err, "用法：huiwen "+strings.Join(full, " ")) {
				t.Errorf("%v --no-such-flag: %d, %q", full, got.code, got.err)
			}
		}
	}
	walk(nil, commands())
	all := runWith(t, "", nil).out
	for _, c := range commands() {
		if c.about != "" && !strings.Contains(all, c.about) {
			t.Errorf("help does not tell what %s does", c.name)
		}
	}
}
