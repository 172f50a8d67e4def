package app

import (
	"encoding/json"
	"flag"
	"os"
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
