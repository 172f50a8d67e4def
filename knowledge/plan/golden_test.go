package plan_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"huiwen/knowledge/plan"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestGolden reads invented plans in the manner of published ones: each file
// beside its golden says what is read, a line a finding.
func TestGolden(t *testing.T) {
	names, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(names) == 0 {
		t.Fatalf("testdata: %v", err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txt"), func(t *testing.T) {
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			text := string(data)
			p, err := plan.Read(t.Context(), text, plan.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if miss := verbatim(p, text); miss != "" {
				t.Errorf("not verbatim: %s", miss)
			}
			if lost := lostOf(p, text); len(lost) > 0 {
				t.Errorf("lost: %q", lost)
			}
			golden := strings.TrimSuffix(name, ".txt") + ".golden"
			got := told(p)
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// told is what a plan was read as, for people to compare.
func told(p *plan.Plan) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s | %s | %s—%s | %s\n", p.Title, p.Issued, p.Valid.From, p.Valid.To, p.Disclosure)
	for _, g := range p.Goals {
		fmt.Fprintf(&b, "目标 %s | %s | %s\n", g.Text, g.What, g.Due)
	}
	for _, s := range p.Unread {
		fmt.Fprintf(&b, "未读 %s\n", s)
	}
	for _, w := range p.Warnings {
		fmt.Fprintf(&b, "提示 %s\n", w)
	}
	for i := range p.Items {
		it := &p.Items[i]
		fmt.Fprintf(&b, "\n%s %s\n", it.No, it.Heading)
		var who []string
		for _, x := range it.Bureaus {
			who = append(who, x.Name+map[bool]string{true: "*"}[x.Lead]+map[bool]string{true: "+"}[x.Collective])
		}
		if len(who) > 0 {
			fmt.Fprintf(&b, "  谁 %s%s\n", strings.Join(who, " "), map[bool]string{true: " 等"}[it.Etc])
		}
		for _, x := range it.Targets {
			most := ""
			if x.Max != nil {
				most = fmt.Sprintf("—%v", *x.Max)
			}
			fmt.Fprintf(&b, "  达 %s | %s | %s %v%s %s | %s %s\n", x.Text, x.What, x.Cmp, x.Value, most, x.Unit, x.Due, x.Hedge)
		}
		for _, x := range it.Deadlines {
			due := "null"
			if x.Due != nil {
				due = *x.Due
			}
			fmt.Fprintf(&b, "  时 %s | %s %s %v %s\n", x.Text, due, x.Kind, x.Hard, x.Hedge)
		}
		for _, x := range it.Amounts {
			fmt.Fprintf(&b, "  钱 %s | %v %s | %s\n", x.Text, x.Value, x.Unit, x.For)
		}
	}
	return regexp.MustCompile(`(?m) +$`).ReplaceAllString(b.String(), "")
}

var (
	numbered = regexp.MustCompile(`^[\s　]*(?:第[一二三四五六七八九十]+条|[一二三四五六七八九十]+、|[（(][一二三四五六七八九十]+[)）]|[0-9]+[.．]|任务[一二三][:：]|附件[:：]|[（(][0-9][)）])[\s　]*`)
	lines    = regexp.MustCompile(`[\s　]+`)
)

// lostOf lists the sentences of a text that stand in no item, frame or unread.
func lostOf(p *plan.Plan, text string) []string {
	var all strings.Builder
	for i := range p.Items {
		all.WriteString(p.Items[i].Text + "\n")
	}
	all.WriteString(strings.Join(append(append([]string{}, p.Frame...), p.Unread...), "\n"))
	kept := lines.ReplaceAllString(all.String(), "")
	var lost []string
	for _, s := range plan.Sentences(text) {
		if bare := lines.ReplaceAllString(numbered.ReplaceAllString(s, ""), ""); !strings.Contains(kept, strings.TrimRight(bare, "。；;")) {
			lost = append(lost, s)
		}
	}
	return lost
}
