package versions

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"huiwen/knowledge"
	"huiwen/knowledge/plan"
)

func testdata(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func read(t *testing.T, text string) *plan.Plan {
	t.Helper()
	p, err := plan.Read(t.Context(), text, plan.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestNextYear: renumbered, reworded, split, merged, with other sums, one dropped
// and one added.
func TestNextYear(t *testing.T) {
	d := comparePlans("b", "a", read(t, testdata(t, "year1.txt")), read(t, testdata(t, "year2.txt")))
	var got []string
	for _, c := range d.Changes {
		var fields []string
		for _, f := range c.Fields {
			fields = append(fields, f.Field)
		}
		got = append(got, fmt.Sprint(c.Kind, c.Old, c.New, fields))
	}
	want := []string{
		"added[] [1] [text]",
		"changed[1] [2] [no text targets deadlines]",
		"changed[2] [3] [no text amounts]",
		"merged[3 4] [4] [text bureaus targets deadlines amounts groups]",
		"split[5] [5 6] [text]",
		"changed[8] [8] [text bureaus]",
		"moved[12] [11] [no path]",
		"dropped[6] [] [text]",
		"dropped[11] [] [text]",
	}
	for i, line := range want {
		if i >= len(got) || got[i] != line {
			t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
			break
		}
	}
	if d.Same != 3 {
		t.Errorf("%d are the same, want 3", d.Same)
	}
	amounts := d.Changes[2].Fields[2]
	if !strings.Contains(amounts.Old, "500元") || !strings.Contains(amounts.New, "800元") {
		t.Errorf("%+v", amounts)
	}
}

func TestAPlanIsTheSameAsItself(t *testing.T) {
	p := read(t, testdata(t, "year1.txt"))
	if d := comparePlans("a", "a", p, p); len(d.Changes) > 0 || len(d.Fields) > 0 || d.Same != len(p.Items) {
		t.Errorf("%+v", d)
	}
}

// TestRenumberedWhole: a measure put in front moves every other.
func TestRenumberedWhole(t *testing.T) {
	var a, b strings.Builder
	a.WriteString("2031年甲区实施计划\n一、任务\n")
	b.WriteString("2032年甲区实施计划\n一、任务\n1.新设一项从前没有的工作，统筹推进各方面数字化改造。（责任单位：区大数据局）\n")
	for i := range 60 {
		text := strings.Repeat(string(rune(0x4e00+i*37)), 3) + "领域" + strings.Repeat(string(rune(0x5000+i*41))+string(rune(0x6000+i*29)), 6) + "建设，加强日常管理。（责任单位：区财政局）\n"
		fmt.Fprintf(&a, "%d.%s", i+1, text)
		fmt.Fprintf(&b, "%d.%s", i+2, text)
	}
	d := comparePlans("b", "a", read(t, a.String()), read(t, b.String()))
	count := map[string]int{}
	for _, c := range d.Changes {
		count[c.Kind]++
	}
	if count[Added] != 1 || count[Moved] != 60 || len(d.Changes) != 61 {
		t.Errorf("%v", count)
	}
}

func textOf(_ context.Context, _ string, data []byte) (string, error) { return string(data), nil }

const similarYAML = `
- measure: "2"
  quote: 一次性交通补贴500元
  topic: 一次性交通补贴
  questions: [出省打工路费给报吗, 车费补多少]
- measure: "3"
  quote: 每人每月不低于600元
  topic: 村医
  questions: [村医补助多少]
- measure: "5"
  quote: 全年培训不少于200人次
  topic: 经营管理培训
  questions: [合作社培训哪里报名]
- measure: "6"
  quote: 新增林下经济面积5000亩
  topic: 林下经济
  questions: [林下种菌子有没有支持]
`

const rulesYAML = `
- id: trip
  name: 一次性交通补贴
  measure: "2"
  class: 可申领
  for: 脱贫劳动力
  amount: {quote: 500元}
- id: startup
  name: 一次性创业补贴
  measure: "9"
  class: 可申领
  for: 高校毕业生
  amount: {quote: 5000元}
`

func library2031(t *testing.T) *Library {
	l := openLibrary(t)
	l.Text = textOf
	l.Seed = knowledge.Edition{
		"plan/2031.txt": []byte(testdata(t, "year1.txt")), "questions/all.yaml": []byte(similarYAML), "programmes/all.yaml": []byte(rulesYAML),
	}
	return l
}

// TestNextYearCarriesOver: similar questions follow their measure, what rests on
// a vanished sentence is listed, and each plan answers for its own year.
func TestNextYearCarriesOver(t *testing.T) {
	l := library2031(t)
	d, r, err := l.Import(t.Context(), "", Upload{Name: "x.txt", Data: []byte(testdata(t, "year2.txt"))}, Act{Who: "甲"})
	if err != nil {
		t.Fatal(err)
	}
	if r.ID != "2032年云溪区促进居民增收实施计划" || r.Instead != "" || r.After != "2031" || len(r.Plan.Items) != 11 {
		t.Errorf("%s instead of %q after %q, %d items", r.ID, r.Instead, r.After, len(r.Plan.Items))
	}
	carried := map[string]string{}
	for _, c := range r.Carried {
		carried[c.Quote] = c.Measure + " " + c.To
	}
	if len(carried) != 2 || !strings.HasPrefix(carried["一次性交通补贴500元"], "3 ") || !strings.Contains(carried["一次性交通补贴500元"], "800元") ||
		!strings.HasPrefix(carried["全年培训不少于200人次"], "6 全年培训不少于260人次") {
		t.Errorf("carried: %v", carried)
	}
	var gone []string
	for _, g := range r.Gone {
		gone = append(gone, g.What+" "+g.ID+" "+g.Quote)
	}
	slices.Sort(gone)
	if want := []string{"programme trip 500元", "similar 林下经济 新增林下经济面积5000亩"}; !slices.Equal(gone, want) {
		t.Errorf("gone: %v, want %v", gone, want)
	}
	diff, err := l.Diff(t.Context(), d.ID)
	if err != nil || len(diff.Plans) != 1 || diff.Plans[0].Against != "2031" || len(diff.Gone) != 2 || len(diff.Carried) != 2 {
		t.Errorf("%+v %v", diff, err)
	}
	if _, err := l.Publish(t.Context(), d.ID, Act{Who: "甲"}); err != nil {
		t.Fatal(err)
	}
	_, e, err := l.Published(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s, err := load(e)
	if err != nil {
		t.Fatal(err)
	}
	for day, want := range map[string]string{"2030-05-01": "2031", "2031-01-01": "2031", "2031-12-31": "2031", "2032-01-01": r.ID, "2034-01-01": r.ID} {
		if got := s.On(day); got.ID != want {
			t.Errorf("on %s %s is in force, want %s", day, got.ID, want)
		}
	}
	for id, want := range map[string][]string{"2031": {"startup", "trip"}, r.ID: {"startup"}} {
		var got []string
		for _, p := range s.Plans() {
			if p.ID == id {
				for _, rule := range p.Rules.Programmes {
					got = append(got, rule.ID)
				}
			}
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s has the programmes %v, want %v", id, got, want)
		}
	}
}

// TestCorrectionsAreKept: over an import of the same plan with other numbers and
// other words.
func TestCorrectionsAreKept(t *testing.T) {
	l := library2031(t)
	d, err := l.Correct(t.Context(), "", knowledge.Correction{Plan: "2031", Measure: "12", Field: "groups", Value: `["高龄老人"]`}, Act{Who: "甲", Why: "漏读"})
	if err != nil {
		t.Fatal(err)
	}
	if d, err = l.Correct(t.Context(), d.ID, knowledge.Correction{Plan: "2031", Measure: "11", Field: "targets", Value: `[]`}, Act{Who: "甲"}); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Correct(t.Context(), d.ID, knowledge.Correction{Plan: "2031", Measure: "12", Field: "groups", Value: `["从没写过的人"]`}, Act{Who: "甲"}); err == nil {
		t.Error("a correction put words into the plan")
	}
	if _, err := l.Correct(t.Context(), d.ID, knowledge.Correction{Plan: "2031", Measure: "12", Field: "text", Value: `"x"`}, Act{Who: "甲"}); err == nil {
		t.Error("a correction changed the text")
	}
	again := strings.NewReplacer("12.建设社区养老服务站，为高龄老人", "13.抓好社区养老服务站建设，为高龄老人", "11.开展老旧小区改造", "12.开展老旧小区改造",
		"10.提高城市", "11.推动数字乡村建设，完善农村网络设施。（责任单位：区大数据局）\n10.提高城市").Replace(testdata(t, "year1.txt"))
	d, r, err := l.Import(t.Context(), d.ID, Upload{Name: "x.txt", Data: []byte(again)}, Act{Who: "乙"})
	if err != nil {
		t.Fatal(err)
	}
	if r.Instead != "2031" || len(d.Editors) != 2 {
		t.Errorf("%+v %+v", r.Instead, d.Editors)
	}
	for no, want := range map[string]string{"13": "[高龄老人]", "12": "[]"} {
		it, ok := r.Plan.Item(no)
		if !ok {
			t.Fatalf("no item %s in %d", no, len(r.Plan.Items))
		}
		got := fmt.Sprint(it.Groups)
		if no == "12" {
			got = fmt.Sprint(it.Targets)
		}
		if got != want {
			t.Errorf("%s: %s, want %s", no, got, want)
		}
	}
}
