package handlers_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"huiwen/bot"
	"huiwen/handlers"
	"huiwen/knowledge"
	"huiwen/knowledge/seedtest"
	"huiwen/seeds"
)

var update = flag.Bool("update", false, "rewrite the talks with what is answered now")

// seedSnapshot is that of the embedded seed.
func seedSnapshot(t testing.TB) *knowledge.Snapshot {
	t.Helper()
	return seedtest.Snapshot(t, seeds.Files)
}

// TestTalks plays the conversations of testdata/*.talk. A talk begins with
// `@ day user minutes-between-messages`; `> ` is what the person says, the
// lines after it are the status with the citations and the answer as read.
func TestTalks(t *testing.T) {
	snap := seedSnapshot(t)
	files, err := filepath.Glob("testdata/*.talk")
	if err != nil || len(files) == 0 {
		t.Fatalf("no talks in testdata: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".talk"), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := play(t, snap, string(data))
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got != string(data) {
				t.Errorf("%s differs; run with -update and read the diff\n%s", file, firstDifference(string(data), got))
			}
		})
	}
}

// play answers every `> ` line of a talk and returns the talk as it now is.
func play(t *testing.T, snap *knowledge.Snapshot, talk string) string {
	t.Helper()
	h := handlers.New(func() *knowledge.Snapshot { return snap })
	var out strings.Builder
	var session []byte
	msg := bot.Message{}
	between := time.Minute
	for line := range strings.Lines(talk) {
		line = strings.TrimRight(line, "\n")
		switch {
		case strings.HasPrefix(line, "@ "):
			var day, user string
			minutes := 1
			fmt.Sscan(line[2:], &day, &user, &minutes)
			at, err := time.ParseInLocation(time.DateOnly, day, handlers.Zone)
			if err != nil {
				t.Fatalf("bad talk header %q: %v", line, err)
			}
			msg = bot.Message{User: bot.User(user), At: at.Add(12 * time.Hour)}
			between = time.Duration(minutes) * time.Minute
			session = nil
		case strings.HasPrefix(line, "> "):
			msg.Text, msg.At = line[2:], msg.At.Add(between)
			r, next, err := h.Handle(t.Context(), msg, session)
			if err != nil {
				t.Fatal(err)
			}
			session = next
			rendered, err := bot.Render(r, handlers.Facts(snap))
			if err != nil {
				t.Fatalf("%q: %v", msg.Text, err)
			}
			fmt.Fprintf(&out, "%s\n= %s %s\n", line, rendered.Status, strings.Join(rendered.Citations, " "))
			for l := range strings.Lines(rendered.Text) {
				out.WriteString("< " + strings.TrimRight(l, "\n") + "\n")
			}
			continue
		case strings.HasPrefix(line, "< "), strings.HasPrefix(line, "= "):
			continue // answered anew
		}
		out.WriteString(line + "\n")
	}
	return out.String()
}

func firstDifference(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range min(len(w), len(g)) {
		if w[i] != g[i] {
			return fmt.Sprintf("line %d\n  want %s\n  got  %s", i+1, w[i], g[i])
		}
	}
	return fmt.Sprintf("want %d lines, got %d", len(w), len(g))
}
