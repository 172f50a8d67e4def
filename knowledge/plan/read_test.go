package plan_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"huiwen/knowledge/plan"
)

// one reads a plan of one measure.
func one(t *testing.T, body string) *plan.Item {
	t.Helper()
	p, err := plan.Read(t.Context(), "某县2024年实施方案\n2024年3月1日\n一、重点任务\n1."+body+"\n", plan.Options{})
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
		{"roles behind the names", "做事。（县发改局牵头，县财政局、县教育局按职责分工负责）", "县发改局*! 县财政局 县教育局"},
		{"each by its own", "做事。（县发改局牵头；县财政局配合；各乡（镇）人民政府分别负责）", "县发改局*! 县财政局 各乡（镇）人民政府"},
		{"and a time behind them", "做事。（县商务局牵头，6月底前完成）", "县商务局*!"},
		{"square brackets", "做事。【责任单位：县能源局；配合单位：县财政局】", "县能源局* 县财政局"},
		{"tortoise brackets", "做事。〔牵头单位：县能源局；配合单位：县财政局〕", "县能源局*! 县财政局"},
		{"bare names", "做事。（县教育局、县财政局，各县（市、区）人民政府）", "县教育局* 县财政局 各县（市、区）人民政府"},
		{"a word that is no list", "由各镇（街道办事处）", ""},
		{"a note of the lead", "做事。（责任单位：县教育局（牵头）、县财政局）", "县教育局*! 县财政局"},
		{"names joined by a word", "做事。（县商务局会同县招商局负责）", "县商务局* 县招商局"},
		{"a name with 和 in it", "做事。（责任单位：县工业和信息化局和各乡镇人民政府）", "县工业和信息化局* 各乡镇人民政府"},
		{"a group of three", "做事。（责任单位：县教育局，各市、州、县人民政府）", "县教育局* 各市、州、县人民政府"},
		{"等 in the middle", "做事。（责任单位：县教育局等部门，各乡镇人民政府）", "县教育局* 各乡镇人民政府 等"},
		{"persons are no bodies", "做事。（责任单位：县民政局；责任领导：王某；完成时限：6月底前）", "县民政局*"},
		{"spaces between the roles", "做事。（牵头单位：县人社局　责任单位：县财政局、各镇　完成时限：6月）", "县人社局*! 县财政局 各镇"},
		{"without brackets", "做事。责任单位：县教育局、县财政局", "县教育局* 县财政局"},
		{"on lines of their own", "做事。\n牵头单位：县教育局\n责任部门：县直各部门、各乡镇\n完成时限：2024年9月底", "县教育局*! 县直各部门 各乡镇"},
		{"a time among the names", "做事。责任单位：县教育局，长期坚持。", "县教育局*"},
		{"several in one measure", "做事。（责任单位：县教育局）\n还做事。（责任单位：县民政局）", "县教育局* 县民政局"},
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
		{"6月底前完成改造。(责任单位:县教育局)", "6月底前 once 2024-06-30"},
		{"今年10月底前建成。(责任单位:县教育局)", "今年10月底前 once 2024-10-31"},
		{"明年3月前建成。(责任单位:县教育局)", "明年3月前 once 2025-03-31"},
		{"4月20日前报送。(责任单位:县教育局)", "4月20日前 once 2024-04-20"},
		{"上半年完成轮训,三季度末前验收。(责任单位:县教育局)", "上半年 once 2024-06-30; 三季度末前 once 2024-09-30"},
		{"到2025年底前建成,2026年第一季度验收。(责任单位:县教育局)", "到2025年底前 once 2025-12-31; 2026年第一季度 once 2026-03-31"},
		{"2024—2026年,每年培训300人。(责任单位:县教育局)", "2024—2026年 multi-year 2026-12-31; 每年 yearly -"},
		{"2024年4月1日至6月30日开展排查。(责任单位:县教育局)", "2024年4月1日至6月30日 once 2024-06-30"},
		{"自印发之日起30日内制定细则。(责任单位:县教育局)", "自印发之日起30日内 once 2024-03-31"},
		{"每季度末月25日前报送进展。(责任单位:县教育局)", "每季度末月25日前 quarterly -"},
		{"每年6月底前公布结果。(责任单位:县教育局)", "每年6月底前 yearly -"},
		{"每半年报告一次。(责任单位:县教育局)", "每半年 yearly -"},
		{"“十四五”期间新增床位500张。(责任单位:县教育局)", "“十四五”期间 multi-year 2025-12-31"},
		{"三年累计培训500人。(责任单位:县教育局)", "三年 multi-year -"},
		{"全年培训500人。(责任单位:县教育局)", "全年 once 2024-12-31"},
		{"2024 年 6 月底前完成。(责任单位:县教育局)", "2024 年 6 月底前 once 2024-06-30"},
		{"２０２４年６月底前完成。(责任单位:县教育局)", "２０２４年６月底前 once 2024-06-30"},
		{"做事。（责任单位：县教育局；完成时限：8月底前）", "8月底前 once 2024-08-31"},
		{"做事。（责任单位：县教育局；完成时限：长期坚持）", ""},
		{"改造2000年底前建成的小区。(责任单位:县教育局)", ""},
		{"对全年票房超过100万元的,给予奖励。(责任单位:县教育局)", ""},
		{"每家企业每年奖励最高不超过30万元。(责任单位:县教育局)", ""},
		{"毕业后3年内的高校毕业生。(责任单位:县教育局)", ""},
		{"有效期至2026年12月31日。(责任单位:县教育局)", ""},
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

func TestFigures(t *testing.T) {
	tests := []struct{ body, targets, amounts string }{
		{"新增床位500张，覆盖率达到90%以上。", "500张 达到90%以上", ""},
		{"改造小区12个，惠及居民3600户。", "12个 3600户", ""},
		{"企业数量翻一番，增速保持在10—12%。", "翻一番 10—12%", ""},
		{"投资2.3亿元，建成道路15公里。", "2.3亿元 15公里", ""},
		{"每年安排3000万元专项资金，带动投资10亿元。", "3000万元 10亿元", ""},
		{"办理时限压减至3个工作日，试用期6个月。", "3个工作日", ""},
		{"浓度控制在35微克/立方米以下。", "控制在35微克/立方米以下", ""},
		{"实施我县9个项目，与周边5个县合作。", "", ""},
		{"原则上不再新建30万千瓦以下机组。", "", ""},
		{"推进“3个100”工程。", "", ""},
		{"返还比例由30%提至50%。", "50%", ""},
		{"提取额度由每月1000元提高到1500元。", "", "1500元|"},
		{"按每亩150元的标准给予补贴。", "", "150元|补贴"},
		{"80岁以上老年人每人每月60元。", "", "60元|"},
		{"给予最高不超过50万元的一次性奖励。", "", "最高不超过50万元|一次性奖励"},
		{"每个产品一次性奖励2万元。", "", "2万元|一次性奖励"},
		{"单笔最高不超过2000万元。", "", "最高不超过2000万元|"},
		{"信用额度可提高至500万元。", "", "500万元|"},
		{"培育年销售额1000万元以上的企业800家以上。", "800家以上", "1000万元以上|"},
		{"对投资5000万元以上的，给予最高200万元奖励。", "", "5000万元以上| 最高200万元|奖励"},
		{"按投资额的10%给予奖励。", "10%", "10%|奖励"},
		{"给予缴费金额10%的补贴。", "", "10%|补贴"},
		{"每人每月不低于500元的补助。", "不低于500元", "不低于500元|补助"},
	}
	for _, tt := range tests {
		it := one(t, tt.body+"(责任单位:县教育局)")
		var targets, amounts []string
		for _, g := range it.Targets {
			targets = append(targets, g.Text)
		}
		for _, a := range it.Amounts {
			amounts = append(amounts, a.Text+"|"+a.For)
		}
		if got := strings.Join(targets, " "); got != tt.targets {
			t.Errorf("%s: targets %q, want %q", tt.body, got, tt.targets)
		}
		if got := strings.Join(amounts, " "); got != tt.amounts {
			t.Errorf("%s: amounts %q, want %q", tt.body, got, tt.amounts)
		}
	}
}

func TestDueOfAFigureIsTheNearestTime(t *testing.T) {
	it := one(t, "2024年底前建库，每年入库不少于100家，到2026年达到500家。(责任单位:县教育局)")
	for i, want := range []string{"", "2026-12-31"} {
		if len(it.Targets) != 2 || it.Targets[i].Due != want {
			t.Fatalf("%+v, want due %q", it.Targets, want)
		}
	}
}

// TestOutlines reads whole documents: the numbers of their measures in order.
func TestOutlines(t *testing.T) {
	const list = "做好工作。（责任单位：县教育局）"
	tests := []struct{ name, text, want string }{
		{"numbers that restart", "一、甲\n（一）乙\n1." + list + "\n2." + list + "\n（二）丙\n1." + list + "\n", "一/（一）/1 一/（一）/2 一/（二）/1"},
		{"numbers that run through", "一、甲\n（一）乙\n1." + list + "\n（二）丙\n2." + list + "\n二、保障措施\n（一）" + list + "\n", "1 2 B1"},
		{"chapters and articles", "第一章 总则\n第一条 为了甲，制定本办法。\n第二章 扶持\n第二条 给予奖励5万元。\n第三条 给予奖励6万元。\n", "1 2 3"},
		{"chapters on one line", "某县办法第一章总则第一条为了甲，制定本办法。第二章扶持第二条给予奖励5万元。第三条给予奖励6万元。", "1 2 3"},
		{"full-width numbers", "一、甲\n１．" + list + "\n２．" + list + "\n", "1 2"},
		{"enumerations inside a measure", "一、甲\n1.做事。\n（1）甲。\n（2）乙。\n责任单位：县教育局\n2." + list + "\n", "1 2"},
		{"closing rules are no measure", "一、甲\n1." + list + "\n2." + list + "\n二、附则\n本办法自2024年1月1日起施行。\n", "1 2"},
		{"names of annexes", "一、甲\n1." + list + "\n2." + list + "\n附件：1.清单\n2.表格\n", "1 2"},
		{"an annex with tasks", "一、甲\n1." + list + "\n2." + list + "\n附件\n任务清单\n1." + list + "\n2." + list + "\n", "1 2 附件/1 附件/2"},
		{"a document that is an annex", "附件1\n某县2024年清单\n一、甲\n1." + list + "\n2." + list + "\n", "1 2"},
		{"a table copied cell by cell", "序号\n任务\n责任单位\n时限\n1\n做甲\n县教育局\n2024年6月\n2\n做乙\n县财政局、县民政局\n长期坚持\n", "1 2"},
		{"a table run together", "2024年任务分解表序号重点任务责任单位完成时限1完成甲。县教育局2024年6月底2完成乙。县财政局各乡镇人民政府2024年12月底", "1 2"},
	}
	for _, tt := range tests {
		p, err := plan.Read(t.Context(), tt.text, plan.Options{})
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		var got []string
		for i := range p.Items {
			got = append(got, p.Items[i].No)
			if strings.Contains(p.Items[i].Text, "第二章") || strings.Contains(p.Items[i].Text, "施行") {
				t.Errorf("%s: %q holds what is not its own", tt.name, p.Items[i].Text)
			}
			if strings.Contains(tt.name, "table") && (len(p.Items[i].Bureaus) == 0 || len(p.Items[i].Deadlines) != 1) {
				t.Errorf("%s: %+v lacks cells", tt.name, p.Items[i])
			}
		}
		if s := strings.Join(got, " "); s != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, s, tt.want)
		}
	}
}

func TestHeads(t *testing.T) {
	const body = "\n一、甲\n1.做事。（责任单位：县教育局）\n2.做事。（责任单位：县民政局）\n"
	tests := []struct{ name, text, title, issued, from, to string }{
		{"years below the title", "某县行动计划\n（2023—2025年）" + body, "某县行动计划（2023—2025年）", "", "2023-01-01", "2025-12-31"},
		{"a day in Chinese numerals", "某县实施方案\n二〇二四年三月五日" + body, "某县实施方案", "2024-03-05", "2024-03-05", ""},
		{"signed at the end", "某县实施方案" + body + "某县人民政府\n2024年3月5日\n（此件公开发布）\n", "某县实施方案", "2024-03-05", "2024-03-05", ""},
		{"in force for years", "某县若干措施\n2024年3月5日" + body + "本措施自印发之日起施行，有效期3年。\n", "某县若干措施", "2024-03-05", "2024-03-05", "2027-03-04"},
		{"in force from a day", "某县若干措施" + body + "本措施自2024年5月1日起施行，有效期至2026年12月31日。\n", "某县若干措施", "", "2024-05-01", "2026-12-31"},
		{"a note behind the title", "附件1\n某县任务清单（2023年）" + body, "某县任务清单（2023年）", "", "2023-01-01", "2023-12-31"},
	}
	for _, tt := range tests {
		p, err := plan.Read(t.Context(), tt.text, plan.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if p.Title != tt.title || p.Issued != tt.issued || p.Valid.From != tt.from || p.Valid.To != tt.to {
			t.Errorf("%s: %q %q %+v", tt.name, p.Title, p.Issued, p.Valid)
		}
		if len(p.Items) != 2 || len(p.Unread) > 0 || !strings.HasSuffix(p.Items[1].Text, "）") {
			t.Errorf("%s: items %+v unread %q", tt.name, p.Items, p.Unread)
		}
	}
}

func BenchmarkRead(b *testing.B) {
	for _, n := range []int{1000, 10_000} {
		var text strings.Builder
		text.WriteString("某县2024年实施方案\n2024年3月1日\n一、重点任务\n")
		for i := range n {
			fmt.Fprintf(&text, "%d.加强培训，2024 年底前培训%d人以上，对首次创业的给予一次性补贴5000元。（责任单位：县教育局、县财政局等）\n", i+1, i+2)
		}
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			b.SetBytes(int64(text.Len()))
			for b.Loop() {
				p, err := plan.Read(b.Context(), text.String(), plan.Options{})
				if err != nil || len(p.Items) != n {
					b.Fatalf("%d items: %v", len(p.Items), err)
				}
			}
		})
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
		{strings.Repeat("a", plan.MaxRunes+1), plan.ErrTooLarge},
		{strings.Repeat("\n", plan.MaxLines+1) + "1.修路。", plan.ErrTooLong},
		{manyItems(plan.MaxItems + 1), plan.ErrTooMany},
	}
	for _, tt := range tests {
		if _, err := plan.Read(t.Context(), tt.text, plan.Options{}); !errors.Is(err, tt.want) {
			t.Errorf("%.20q: %v, want %v", tt.text, err, tt.want)
		}
	}
}

// manyItems is a text of n items.
func manyItems(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "%d.修路。\n", i+1)
	}
	return b.String()
}

func TestReadEndsWithItsContext(t *testing.T) {
	for name, tt := range map[string]struct {
		ctx  func() (context.Context, context.CancelFunc)
		want error
	}{
		"time":   {func() (context.Context, context.CancelFunc) { return context.WithTimeout(t.Context(), 0) }, plan.ErrSlow},
		"cancel": {func() (context.Context, context.CancelFunc) { return context.WithCancel(t.Context()) }, context.Canceled},
	} {
		ctx, cancel := tt.ctx()
		cancel()
		if p, err := plan.Read(ctx, manyItems(3), plan.Options{}); p != nil || !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, %v; want %v", name, p, err, tt.want)
		}
	}
}

// TestWarnsOfWhatIsMissing: a number left out and an item that names nobody, where
// the others do.
func TestWarnsOfWhatIsMissing(t *testing.T) {
	const who = "（责任单位：县财政局）\n"
	text := "某县2024年工作方案\n一、任务\n1.修路。" + who + "2.架桥。" + who + "4.办学。" + who + "5.建园。" + who + "6.造林。\n7.本方案自印发之日起施行。\n"
	p, err := plan.Read(t.Context(), text, plan.Options{})
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Join(p.Warnings, "\n")
	want := "第4项前面是第2项：请核对原件是不是少了一项"
	if got != want {
		t.Errorf("two of six name nobody: got %q, want %q", got, want)
	}
	text = strings.Replace(text, "7.本", "7.治水。"+who+"8.本", 1)
	text = strings.Replace(text, "8.本方案自印发之日起施行。\n", "", 1)
	if p, err = plan.Read(t.Context(), text, plan.Options{}); err != nil {
		t.Fatal(err)
	}
	got = strings.Join(p.Warnings, "\n")
	if want += "\n第6项：没有读出责任单位，同一部分的其他项都有，请核对原件"; got != want {
		t.Errorf("one of six names nobody: got %q, want %q", got, want)
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
		short, err := plan.Read(t.Context(), "一、任务\n"+body, plan.Options{})
		if err != nil {
			t.Fatal(err)
		}
		long, err := plan.Read(t.Context(), "一、任务\n"+body+"2.其他工作。(责任单位:县民政局)\n", plan.Options{})
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
		p, err := plan.Read(t.Context(), text, plan.Options{Terms: []string{"入市"}})
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
