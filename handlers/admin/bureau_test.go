package admin

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"huiwen/knowledge/account"
	"huiwen/knowledge/audit"
	"huiwen/knowledge/directory"
)

// TestOnePersonIsAddedChangedAndRemoved edits the directory by its plain forms: the
// YAML is not needed.
func TestOnePersonIsAddedChangedAndRemoved(t *testing.T) {
	o := newOffice(t, nil)
	a, b := o.signedIn("办公室甲", account.Office), o.signedIn("管理乙", account.Admin)
	const bureau = "区人力资源社会保障局"
	at := toBureau(bureau)
	has(t, a.page("/admin/directory"), strings.ToLower(url.QueryEscape(bureau)))
	has(t, a.page(at), "加一个人", "还没有能送达的人")
	form := func(revision, at, name string, more ...string) url.Values {
		f := url.Values{"revision": {revision}, "bureau": {bureau}, "at": {at}, "name": {name}, "role": {"liaison"}, "channel": {"dingtalk", "dingtalk"}, "user": {"zs01", ""}}
		for i := 0; i+1 < len(more); i += 2 {
			f[more[i]] = []string{more[i+1]}
		}
		return f
	}
	has(t, a.act(at, "/admin/directory/person", form("0", "-1", "张三")), "张三已保存", "联络员", "zs01", "能送达")
	if _, _, page := b.post(at, "/admin/directory/person", form("0", "-1", "李四")); !strings.Contains(page, "刚被别人改过") || strings.Contains(page, `value="李四"`) {
		t.Errorf("over another's saving: %s", clip(page))
	}
	for name, c := range map[string]struct {
		form url.Values
		want string
	}{
		"the same name":        {form("1", "-1", "张三", "user", "other"), "已经有一位张三"},
		"another's account":    {form("1", "-1", "李四"), "的账号与 张三 的相同"},
		"a day that is none":   {form("1", "-1", "李四", "user", "ls", "gone", "明天"), "gone 要写成"},
		"a role nobody has":    {form("1", "-1", "李四", "role", "king"), "请从列出的角色里选"},
		"a place nobody has":   {form("1", "7", "李四"), "刚被别人改过"},
		"a place of no number": {form("1", "x", "李四"), "表单不完整"},
	} {
		_, _, page := a.post(at, "/admin/directory/person", c.form)
		if !strings.Contains(page, c.want) {
			t.Errorf("%s: %s", name, clip(page))
		}
		if name == "another's account" && !strings.Contains(page, `value="李四"`) {
			t.Errorf("%s: what was written is lost", name)
		}
	}
	has(t, a.act(at, "/admin/directory/person", form("1", "0", "张三丰<b>", "role", "head", "user", "zs02")), "张三丰&lt;b&gt;已保存", "科室负责人", "zs02")
	has(t, a.act(at, "/admin/directory/bureau", url.Values{"revision": {"2"}, "bureau": {bureau}, "aliases": {"人社局\n老人事局"}}), "老人事局")
	has(t, a.act(at, "/admin/directory/successor", url.Values{"revision": {"3"}, "bureau": {bureau}, "name": {"区人社和医保局"}, "from": {"2024-03-01"}, "basis": {"三定方案"}}), "沿革已记下", "现在叫", "区人社和医保局")
	has(t, a.act(at, "/admin/directory/successor", url.Values{"revision": {"4"}, "bureau": {bureau}, "none": {"1"}}), "沿革已取消")
	_, _, page := a.post(at, "/admin/directory/person/remove", url.Values{"revision": {"5"}, "bureau": {bureau}, "at": {"0"}, "name": {"张三"}})
	has(t, page, "刚被别人改过") // it is another by now
	has(t, a.act(at, "/admin/directory/person/remove", url.Values{"revision": {"5"}, "bureau": {bureau}, "at": {"0"}, "name": {"张三丰<b>"}}), "已移出通讯录", "还没有人")
	if status, _, _ := a.get(toBureau("没有的局")); status != http.StatusNotFound {
		t.Errorf("a bureau that is not there: %d", status)
	}
	reader := o.signedIn("统计丙", account.Statistic)
	if page := reader.page(at); strings.Contains(page, "加一个人") {
		t.Error("a form for who may not")
	}
	acts := o.noted()
	for _, want := range []string{"directory.person", "directory.bureau", "directory.successor", "directory.person.remove"} {
		if !strings.Contains(acts, " "+want+" ") {
			t.Errorf("the audit lacks %s: %s", want, acts)
		}
	}
}

// noted are the acts that the audit has, in order.
func (o *office) noted() string {
	o.t.Helper()
	chain := audit.NewChain(o.Store, []byte("key"))
	if _, err := chain.Append(o.t.Context()); err != nil {
		o.t.Fatal(err)
	}
	n, err := chain.Len(o.t.Context())
	if err != nil {
		o.t.Fatal(err)
	}
	records, err := chain.Records(o.t.Context(), 1, n)
	if err != nil {
		o.t.Fatal(err)
	}
	out := " "
	for _, r := range records {
		e, err := r.Read()
		if err != nil {
			o.t.Fatal(err)
		}
		out += e.Act + " "
	}
	return out
}

// TestADutyIsHandedOverAndSplit gives duties away by the forms, with a reason.
func TestADutyIsHandedOverAndSplit(t *testing.T) {
	o, c := armed(t)
	e := o.entry("40")
	link := rowOf(e, o.Reminder.Calendar, november).Link()
	give := strings.Replace(link, "/row?", "/give?", 1)
	has(t, c.page(link), "转办给别的单位", "分解给几个单位")
	has(t, c.page(give+"&do=split"), "分解表", "一行一个单位")
	form := func(do, order string, more ...string) url.Values {
		f := url.Values{"do": {do}, "plan": {e.Plan}, "bureau": {e.Bureau}, "id": {e.ID}, "order": {order}}
		for i := 0; i+1 < len(more); i += 2 {
			f[more[i]] = []string{more[i+1]}
		}
		return f
	}
	for want, f := range map[string]url.Values{
		"第2行：通讯录里没有“某某镇”": form("split", "s0", "why", "分解表", "shares", "区民政局\n某某镇"),
		"第1行：目标数“许多”不是数字": form("split", "s0", "why", "分解表", "shares", "区民政局｜x｜许多"),
		"第1行：日期“年底”要写成":   form("split", "s0", "why", "分解表", "shares", "区民政局\t\t\t年底"),
		"第2行：区民政局写了两次":    form("split", "s0", "why", "分解表", "shares", "区民政局\n区民政局"),
		"请写明调整的原因":        form("handover", "s0", "to", "区民政局"),
		"请写明另外的单位":        form("handover", "s0", "to", e.Bureau, "why", "x"),
		"请写明分给哪些单位":       form("split", "s0", "why", "分解表", "shares", "\n"),
		"&lt;b&gt;”这个单位":  form("split", "s0", "why", "分解表", "shares", "<b>"),
	} {
		_, _, page := c.post(give+"&do="+f.Get("do"), "/admin/ledger/give", f)
		has(t, page, want)
	}
	if all, err := o.Book.List(t.Context(), e.Plan); err != nil || len(all) == 0 || strings.Contains(o.noted(), "duty.split") {
		t.Errorf("something was given though it was refused: %v", err)
	}
	split := form("split", "s1", "why", "领导小组会议纪要", "shares", "区民政局｜查清底数｜30｜2022-12-20\n区残联")
	has(t, c.act(give+"&do=split", "/admin/ledger/give", split), "已分解给区民政局、区残联", "分解")
	c.act(give+"&do=split", "/admin/ledger/give", split) // sent twice: once
	has(t, c.page("/admin/ledger?bureau="+url.QueryEscape("区民政局")+"&find=查清底数"), "查清底数", "2022-12-20", "待签收")
	has(t, c.act(give+"&do=handover", "/admin/ledger/give", form("handover", "h1", "why", "三定方案", "to", "区教育局")), "已转办给区教育局", "不再适用")
	has(t, c.page(link), "撤销") // while the other bureau has not begun
	shares := map[string]int{}
	all, err := o.Book.List(t.Context(), e.Plan)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range all {
		if x.ByHand && x.No == e.No {
			shares[x.Bureau]++
		}
	}
	if len(shares) != 3 || shares["区民政局"] != 1 || shares["区残联"] != 1 || shares["区教育局"] != 1 {
		t.Errorf("given to %v", shares)
	}
	_, _, page := c.post(give+"&do=handover", "/admin/ledger/give", form("handover", "h2", "why", "再转", "to", "区民政局"))
	has(t, page, "不用再办")
	inspector := o.signedIn("督查丙", account.Inspector)
	if status, _, _ := inspector.get(give + "&do=split"); status != http.StatusForbidden {
		t.Errorf("an inspector splits: %d", status)
	}
}

// TestTheKeptDirectoryIsNotTouchedByADraft: what a form changes is a copy.
func TestTheKeptDirectoryIsNotTouchedByADraft(t *testing.T) {
	d := &directory.Directory{Bureaus: []directory.Bureau{{Name: "甲局", Kind: "政府"}}, People: []directory.Person{{Name: "张", Bureau: "甲局"}}}
	c := d.Clone()
	if err := c.SetPerson(0, directory.Person{Name: "王", Bureau: "甲局"}); err != nil {
		t.Fatal(err)
	}
	if err := c.Succeed("甲局", directory.Successor{Name: "乙局", From: "2024-01-01", Basis: "x"}); err != nil {
		t.Fatal(err)
	}
	if d.People[0].Name != "张" || d.Bureaus[0].Successor != nil || len(d.Bureaus) != 1 {
		t.Errorf("the original is changed: %+v", d)
	}
}
