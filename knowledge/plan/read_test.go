package plan_test

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"huiwen/knowledge/plan"
)

// one reads a plan of one measure.
func one(t *testing.T, body string) *plan.Item {
	t.Helper()
	p, err := plan.Read("某县2024年实施方案\n2024年3月1日\n一、重点任务\n1."+body+"\n", plan.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Items) != 1 {
		t.Fatalf("%d items in %q", len(p.Items), body)
	}
	return &p.Items[0]
}

func TestResponsibilities(t *testing.T) {
	tests := []struct{ name, body, want string }{
		{"half-width", "做事。(责任单位:县教育局、县财政局)", "县教育局* 县财政局"},
		{"full-width, 等", "做事。（责任单位：县教育局、县财政局等）", "县教育局* 县财政局 等"},
		{"a body that holds a list sign", "做事。(责任单位:县教育局,各乡〔镇、街道〕)", "县教育局* 各乡〔镇、街道〕"},
		{"a lead", "做事。（牵头单位：县教育局；配合单位：县财政局）", "县教育局*! 县财政局"},
		{"brackets that are no list", "覆盖乡(镇、街道)和基地(点)。(责任单位:县教育局)", "县教育局*"},
		{"none", "做事，按规定发放补贴(含护理补贴)。", ""},
	}
	for _, tt := range tests {
		it := one(t, tt.body)
		var got []string
		for _, b := range it.Bureaus {
			s := b.Name
			if b.First {
				s += "*"
			}
			if b.Lead {
				s += "!"
			}
			got = append(got, s)
		}
		if it.Etc {
			got = append(got, "等")
		}
		if s := strings.Join(got, " "); s != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, s, tt.want)
		}
	}
}

func TestDeadlines(t *testing.T) {
	tests := []struct{ body, want string }{
		{"2024年完成改造。(责任单位:县教育局)", "2024年 once 2024-12-31"},
		{"2024年6月底前完成改造。(责任单位:县教育局)", "2024年6月底前 once 2024-06-30"},
		{"每季度开展一次检查。(责任单位:县教育局)", "每季度 quarterly -"},
		{"招收15—59周岁人员和离校2年内毕业生。(责任单位:县教育局)", ""},
		{"产量较2023年提升2%以上。(责任单位:县教育局)", ""},
		{"实施《行动方案(2022—2025)》。(责任单位:县教育局)", ""},
		{"每人每月补助500元。(责任单位:县教育局)", ""},
		{"收入年均增长5%以上,逐年提高。(责任单位:县教育局)", ""},
		{"实施三年行动方案。(责任单位:县教育局)", ""},
	}
	for _, tt := range tests {
		var got []string
		for _, d := range one(t, tt.body).Deadlines {
			if !d.Hard {
				continue
			}
			due := "-"
			if d.Due != nil {
				due = *d.Due
			}
			got = append(got, d.Text+" "+d.Kind+" "+due)
		}
		if s := strings.Join(got, "; "); s != tt.want {
			t.Errorf("%s: %q, want %q", tt.body, s, tt.want)
		}
	}
}

func TestTargets(t *testing.T) {
	it := one(t, "力争2024年新增就业500人以上,转化率提高到58%以上,比例控制在2.5以内,组织25名左右学生。(责任单位:县教育局)")
	want := []struct {
		cmp, unit string
		value     float64
	}{{">=", "人", 500}, {">=", "%", 58}, {"<=", "", 2.5}, {"about", "名", 25}}
	if len(it.Targets) != len(want) {
		t.Fatalf("%d targets: %+v", len(it.Targets), it.Targets)
	}
	for i, w := range want {
		g := it.Targets[i]
		if g.Cmp != w.cmp || g.Unit != w.unit || g.Value != w.value {
			t.Errorf("target %d is %+v, want %+v", i+1, g, w)
		}
	}
	if it.Targets[0].Hedge != "力争" {
		t.Errorf("hedge %q", it.Targets[0].Hedge)
	}
}

func TestReadRefuses(t *testing.T) {
	tests := []struct {
		text string
		want error
	}{
		{"", plan.ErrEmpty},
		{" \n\t", plan.ErrEmpty},
		{"一篇没有编号的文章。", plan.ErrNoItems},
		{"\xff\xfe", plan.ErrEncoding},
		{strings.Repeat("字", plan.MaxBytes), plan.ErrTooLarge},
	}
	for _, tt := range tests {
		if _, err := plan.Read(tt.text, plan.Options{}); !errors.Is(err, tt.want) {
			t.Errorf("%.20q: %v, want %v", tt.text, err, tt.want)
		}
	}
}

// verbatim reports what of a plan does not stand in its text.
func verbatim(p *plan.Plan, text string) string {
	for i := range p.Items {
		it := &p.Items[i]
		spans := []string{it.Text}
		for _, b := range it.Bureaus {
			spans = append(spans, b.Name)
		}
		for _, g := range it.Targets {
			spans = append(spans, g.Text, g.What)
		}
		for _, d := range it.Deadlines {
			spans = append(spans, d.Text)
		}
		for _, a := range it.Amounts {
			spans = append(spans, a.Text, a.For)
		}
		for _, s := range append(append(spans, it.Groups...), it.Deliverables...) {
			if !strings.Contains(text, s) {
				return it.No + ": " + s
			}
		}
	}
	return ""
}

// TestLaterTextChangesNothingEarlier: a measure reads the same whatever follows it.
func TestLaterTextChangesNothingEarlier(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.SliceOfN(rapid.SampledFrom([]string{
			"加强培训,2024年培训300人以上。", "按每户5000元给予补助(一次性)。", "每年开展一次督查。", "建立长效机制;", "对企业(含个体户)奖励20万元、10万元。",
		}), 1, 5).Draw(t, "sentences")
		body := "1." + strings.Join(parts, "") + "(责任单位:县教育局、县财政局等)\n"
		short, err := plan.Read("一、任务\n"+body, plan.Options{})
		if err != nil {
			t.Fatal(err)
		}
		long, err := plan.Read("一、任务\n"+body+"2.其他工作。(责任单位:县民政局)\n", plan.Options{})
		if err != nil {
			t.Fatal(err)
		}
		a, b := short.Items[0], long.Items[0]
		if a.Text != b.Text || len(a.Targets) != len(b.Targets) || len(a.Amounts) != len(b.Amounts) || len(a.Bureaus) != len(b.Bureaus) {
			t.Fatalf("%+v\nbecame\n%+v", a, b)
		}
	})
}

func FuzzRead(f *testing.F) {
	_, text := seed(f)
	f.Add(text)
	f.Add("第一条【奖励】对企业最高 2000 万元。（牵头单位：县教育局，完成时限：2024年6月）")
	f.Add("1.(((\n2.〔〔、")
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 20_000 {
			return
		}
		p, err := plan.Read(text, plan.Options{Terms: []string{"入市"}})
		if err != nil {
			return
		}
		if !utf8.ValidString(text) {
			t.Fatal("read text that is not UTF-8")
		}
		if miss := verbatim(p, strings.ReplaceAll(text, "\r\n", "\n")); miss != "" {
			t.Fatalf("not verbatim: %q", miss)
		}
	})
}
