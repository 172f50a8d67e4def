package plan_test

import (
	"slices"
	"strings"
	"testing"

	"huiwen/knowledge/plan"
	"huiwen/seeds"
)

// seed reads the plan that ships with the product.
func seed(t testing.TB) (*plan.Plan, string) {
	t.Helper()
	entries, err := seeds.Files.ReadDir("plan")
	if err != nil || len(entries) != 1 {
		t.Fatalf("want one seed plan, got %d: %v", len(entries), err)
	}
	data, err := seeds.Files.ReadFile("plan/" + entries[0].Name())
	if err != nil {
		t.Fatal(err)
	}
	p, err := plan.Read(t.Context(), string(data), plan.Options{Terms: []string{"农村集体经营性建设用地入市", "普惠金融"}})
	if err != nil {
		t.Fatal(err)
	}
	return p, string(data)
}

func item(t testing.TB, p *plan.Plan, no string) *plan.Item {
	t.Helper()
	it, ok := p.Item(no)
	if !ok {
		t.Fatalf("no item %s", no)
	}
	return it
}

func TestSeedIsReadWhole(t *testing.T) {
	p, text := seed(t)
	if len(p.Items) != 63 || p.Items[0].No != "1" || p.Items[58].No != "59" || p.Items[59].No != "B1" || p.Items[62].No != "B4" {
		t.Errorf("items: %d", len(p.Items))
	}
	if p.Title != "2022年钟山区促进居民增收实施计划" || p.Issued != "2022-06-09" || p.Valid.To != "2022-12-31" || p.Disclosure != "公开" {
		t.Errorf("head: %q issued %s valid to %s %q", p.Title, p.Issued, p.Valid.To, p.Disclosure)
	}
	if len(p.Unread) > 0 {
		t.Errorf("unread: %q", p.Unread)
	}
	if len(p.Frame) == 0 || slices.Contains(p.Frame, "") {
		t.Errorf("frame: %q", p.Frame)
	}
	mentions, etc, names := 0, 0, map[string]bool{}
	for i := range p.Items {
		it := &p.Items[i]
		mentions += len(it.Bureaus)
		if it.Etc != strings.HasSuffix(it.Text, "等)") {
			t.Errorf("%s: etc is %t", it.No, it.Etc)
		}
		if it.Etc {
			etc++
		}
		for i, b := range it.Bureaus {
			if b.First != (i == 0) || b.Collective != (b.Name == "各乡〔镇、街道〕") {
				t.Errorf("%s: %+v", it.No, b)
			}
		}
		for _, b := range it.Bureaus {
			names[b.Name] = true
			if b.Lead {
				t.Errorf("%s: the text marks no lead, yet %s is one", it.No, b.Name)
			}
		}
		if len(it.Path) == 0 || it.Path[0].Heading == "" {
			t.Errorf("%s has no chapter", it.No)
		}
		if !strings.Contains(text, it.Text) || !strings.HasSuffix(it.Text, ")") {
			t.Errorf("%s: text is not verbatim up to its bracket", it.No)
		}
	}
	if etc != 62 {
		t.Errorf("%d lists end with 等, want 62", etc)
	}
	if mentions != 210 || len(names) != 35 {
		t.Errorf("%d mentions of %d bureaus, want 210 of 35", mentions, len(names))
	}
}

func TestSeedHardDeadlines(t *testing.T) {
	p, _ := seed(t)
	var once, other []string
	for i := range p.Items {
		for _, d := range p.Items[i].Deadlines {
			switch {
			case !d.Hard:
			case d.Due != nil && *d.Due == "2022-12-31" && d.Kind == "once":
				once = append(once, p.Items[i].No)
			default:
				other = append(other, p.Items[i].No+" "+d.Text+" "+d.Kind)
			}
		}
	}
	if wantOnce := strings.Fields("6 16 17 22 30 31 38 40 47 53 56 58"); !slices.Equal(once, wantOnce) {
		t.Errorf("due at the end of 2022: %v, want %v", once, wantOnce)
	}
	want := []string{"7 每月 monthly", "14 每年 yearly", "18 每年 yearly", "54 三年内 multi-year", "B2 各年度 yearly"}
	if !slices.Equal(other, want) {
		t.Errorf("other hard deadlines %q, want %q", other, want)
	}
}

// TestSeedTraps: the places of this text that read like something else.
func TestSeedTraps(t *testing.T) {
	p, text := seed(t)
	bureaus := func(no string) []string {
		var out []string
		for _, b := range item(t, p, no).Bureaus {
			out = append(out, b.Name)
		}
		return out
	}
	for no, want := range map[string]string{"7": "钟山产业园区", "1": "各乡〔镇、街道〕", "B3": "区纪委区监委", "27": "区“三变”服务中心", "26": "团区委", "10": "各乡〔镇、街道〕"} {
		if !slices.Contains(bureaus(no), want) {
			t.Errorf("%s: %q lack %s", no, bureaus(no), want)
		}
	}
	for no, path := range map[string]string{"1": "一 （一）", "27": "一 （四）", "34": "二 （一）", "50": "二 （四）", "59": "三 （三）", "B1": "四", "B4": "四"} {
		var got []string
		for _, h := range item(t, p, no).Path {
			got = append(got, strings.NewReplacer("(", "（", ")", "）").Replace(h.Label))
		}
		if s := strings.Join(got, " "); s != path {
			t.Errorf("%s stands under %q, want %q", no, s, path)
		}
	}
	// ages, spans after leaving school, of a name or of a comparison are no deadlines
	for _, no := range []string{"5", "9", "15", "24", "39", "41", "57"} {
		for _, d := range item(t, p, no).Deadlines {
			if d.Hard {
				t.Errorf("%s: %q binds nobody", no, d.Text)
			}
		}
	}
	for no, unit := range map[string]string{"6": "人", "22": "人次", "54": "人次", "53": "人", "56": "人次", "58": "人次"} {
		if g := item(t, p, no).Targets; len(g) != 1 || g[0].Unit != unit {
			t.Errorf("%s: %+v, want one target in %s", no, g, unit)
		}
	}
	for no, hedge := range map[string]string{"6": "力争", "10": "力争", "31": "力争", "40": "力争", "57": "争取", "58": "计划", "22": "", "53": ""} {
		all := item(t, p, no).Targets
		if len(all) == 0 || all[len(all)-1].Hedge != hedge {
			t.Errorf("%s: %+v, want the last hedged %q", no, all, hedge)
		}
	}
	if d := item(t, p, "54").Deadlines; len(d) != 1 || d[0].Due != nil || !slices.ContainsFunc(p.Warnings, func(w string) bool { return strings.Contains(w, "54") && strings.Contains(w, "三年内") }) {
		t.Errorf("54: %+v without a base year must be warned of: %q", d, p.Warnings)
	}
	for _, g := range p.Goals {
		if !strings.Contains(text, g.Text) || g.Cmp == "range" && (g.Value != 10 || *g.Max != 12) || g.Cmp == "<=" && g.Value != 2.5 {
			t.Errorf("goal %+v", g)
		}
	}
	if miss := verbatim(p, text); miss != "" {
		t.Errorf("not verbatim: %s", miss)
	}
}

func TestSeedFigures(t *testing.T) {
	p, _ := seed(t)
	amounts := map[string][]string{
		"5":  {"不低于500元|财政定额补助"},
		"14": {"50万元|国家级", "20万元|省级农业龙头企业"},
		"39": {"5000元|一次性创业补贴", "1万元|一次性创业补贴"},
		"40": nil, // 2000万元 is what the district lends in the year
		"41": {"20万元|规模以上工业企业", "10万元|规模以上服务业企业", "10万元|限额以上批零住餐企业"},
		"23": nil, // shares its subsidy's name with 48
		"48": {"1000元|求职创业补贴"},
	}
	for no, want := range amounts {
		var got []string
		for _, a := range item(t, p, no).Amounts {
			got = append(got, a.Text+"|"+a.For)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s amounts %q, want %q", no, got, want)
		}
	}
	targets := map[string][]string{
		"40": {"2000万元", "120人"},
		"54": {"10000人次以上"},
		"31": {"1户", "2所"},
	}
	for no, want := range targets {
		var got []string
		for _, g := range item(t, p, no).Targets {
			got = append(got, g.Text)
		}
		for _, w := range want {
			if !slices.ContainsFunc(got, func(s string) bool { return strings.Contains(s, w) }) {
				t.Errorf("%s targets %q lack %s", no, got, w)
			}
		}
	}
	for _, g := range item(t, p, "14").Targets {
		if strings.Contains(g.Text, "500户") || strings.Contains(g.Text, "200户") {
			t.Errorf("14: %q are farm households, no target of firms", g.Text)
		}
	}
	if len(p.Goals) != 2 {
		t.Errorf("goals %+v, want the growth and the ratio of the preamble", p.Goals)
	}
}

func TestSeedMisprintsStayAndAreWarnedOf(t *testing.T) {
	p, _ := seed(t)
	for no, printed := range map[string]string{"14": "利益联合机制", "28": "用地入区", "42": "惠普金融"} {
		if !slices.ContainsFunc(p.Warnings, func(w string) bool { return strings.Contains(w, "第"+no+"项") && strings.Contains(w, printed) }) {
			t.Errorf("no warning names %s in item %s: %q", printed, no, p.Warnings)
		}
	}
	for no, printed := range map[string]string{"28": "入区", "42": "惠普金融", "14": "利益联合机制"} {
		if !strings.Contains(item(t, p, no).Text, printed) {
			t.Errorf("%s: %s was corrected", no, printed)
		}
	}
}
