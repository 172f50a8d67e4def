package app

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestRehearsalOfTheSeedYear compares the rehearsal of the seed plan, which was
// read line by line against the plan, with what is worked out now.
func TestRehearsalOfTheSeedYear(t *testing.T) {
	got := runWith(t, "", nil, "remind", "preview", "--from", "2022-06-09", "--to", "2023-01-31")
	if got.code != 0 {
		t.Fatalf("%+v", got)
	}
	const golden = "testdata/rehearsal-2022.txt"
	if *update {
		if err := os.WriteFile(golden, []byte(got.out), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got.out != string(want) {
		t.Error("the rehearsal changed; run with -update and read the diff line by line")
	}
}

func TestPreviewLines(t *testing.T) {
	got := runWith(t, "", nil, "remind", "preview", "--from", "2022-12-01", "--to", "2023-01-31", "--json")
	if got.code != 0 {
		t.Fatalf("%+v", got)
	}
	days := map[string]bool{}
	for line := range strings.Lines(got.out) {
		var d digestLine
		if err := json.Unmarshal([]byte(line), &d); err != nil {
			t.Fatal(err)
		}
		days[d.At[:10]] = true
		if d.Items == nil || d.Bureau == "" || d.To == "" || d.Text == "" || !strings.HasSuffix(d.At, "+08:00") {
			t.Errorf("incomplete: %s", line)
		}
		if (d.Bureau == "区纪委区监委" || d.Bureau == "区委宣传部") && d.To != "领导小组办公室" {
			t.Errorf("%s is sent to %s", d.Bureau, d.To)
		}
		for _, i := range d.Items {
			if i.Stage == "overdue-1" && i.Due != nil && *i.Due == "2022-12-31" && d.At[:10] != "2023-01-03" {
				t.Errorf("%s is overdue on %s", i.Duty, d.At)
			}
		}
	}
	for _, want := range []string{"2022-12-09", "2022-12-27", "2023-01-03"} {
		if !days[want] {
			t.Errorf("nothing on %s", want)
		}
	}
	for _, bad := range [][]string{{"remind"}, {"remind", "preview"}, {"remind", "preview", "--from", "x", "--to", "2022-01-01"}, {"remind", "preview", "--from", "2022-02-01", "--to", "2022-01-01"}} {
		if got := runWith(t, "", nil, bad...); got.code != 2 {
			t.Errorf("%v: %+v", bad, got)
		}
	}
}

func TestPreviewAsACalendar(t *testing.T) {
	got := runWith(t, "", nil, "remind", "preview", "--from", "2022-12-01", "--to", "2023-01-31", "--ics")
	for line := range strings.SplitSeq(strings.TrimSuffix(got.out, "\r\n"), "\r\n") {
		if len(line) > 75 {
			t.Errorf("a content line of %d bytes", len(line))
		}
		if strings.Contains(line, "\n") {
			t.Errorf("a bare line feed in %q", line)
		}
	}
	if strings.Count(got.out, "BEGIN:VEVENT") == 0 || strings.Count(got.out, "BEGIN:VEVENT") != strings.Count(got.out, "END:VEVENT") {
		t.Error("no whole events")
	}
}

// TestPreviewWithALedger: what the ledger closed is not reminded of, what it moved is
// on its new day, and the plan of a year long over has nothing to send.
func TestPreviewWithALedger(t *testing.T) {
	file := filepath.Join(t.TempDir(), "ledger.jsonl")
	lines := `{"id":"30/1","no":"30","bureau":"区农业农村局","plan":"2022","state":"closed"}
{"id":"16/1","no":"16","bureau":"区招商投资促进服务中心","plan":"2022","state":"doing","moved":"2023-01-31"}
`
	if err := os.WriteFile(file, []byte(lines), 0o600); err != nil {
		t.Fatal(err)
	}
	got := runWith(t, "", nil, "remind", "preview", "--from", "2022-12-01", "--to", "2023-02-10", "--ledger", file, "--json")
	if got.code != 0 {
		t.Fatalf("%+v", got)
	}
	moved := []string{}
	for line := range strings.Lines(got.out) {
		var d digestLine
		if err := json.Unmarshal([]byte(line), &d); err != nil {
			t.Fatal(err)
		}
		for _, i := range d.Items {
			if i.No == "30" {
				t.Errorf("a closed duty is reminded of on %s", d.At)
			}
			if i.No == "16" && d.Bureau == "区招商投资促进服务中心" {
				moved = append(moved, d.At[:10]+" "+i.Stage)
			}
		}
	}
	want := []string{"2022-12-01 assign", "2022-12-23 monthly", "2023-01-05 before-15", "2023-01-28 before-3", "2023-02-01 overdue-1"}
	if !slices.Equal(moved, want) {
		t.Errorf("the extended duty is told %v, want %v", moved, want)
	}
	if got := runWith(t, "", nil, "remind", "preview", "--from", "2026-11-25", "--to", "2027-03-31", "--json"); got.code != 0 || got.out != "" || !strings.Contains(got.err, "2027") {
		t.Errorf("today: %+v", got)
	}
	if err := os.WriteFile(file, []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := runWith(t, "", nil, "remind", "preview", "--from", "2022-12-01", "--to", "2022-12-02", "--ledger", file); got.code != 1 || !strings.Contains(got.err, "第 1 条") {
		t.Errorf("a broken ledger: %+v", got)
	}
}
