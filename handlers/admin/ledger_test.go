package admin

import (
	"bytes"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"huiwen/bot"
	"huiwen/knowledge/account"
	"huiwen/knowledge/calendar"
	"huiwen/scheduler/ledger"
)

// november is a Monday on which the year's duties come near.
var november = time.Date(2022, 11, 28, 10, 0, 0, 0, calendar.Zone)

// armed is an office whose ledger stands: armed and released by the pages.
func armed(t *testing.T) (*office, *clerk) {
	t.Helper()
	o := newOffice(t, func(o *Options) { o.Now = func() time.Time { return november } })
	c := o.signedIn("办公室甲", account.Office)
	has(t, c.page("/admin/arming"), "没有启用", "今后 30 天谁会收到什么", "区人力资源社会保障局")
	page := c.act("/admin/arming", "/admin/arming/arm", url.Values{"day": {"2022-06-09"}})
	has(t, page, "现在什么也没有发", "扣住的清单", "刚启用，等办公室放行")
	has(t, c.act("/admin/arming", "/admin/arming/release", url.Values{}), "已放行")
	if err := o.Reminder.Tick(t.Context(), november); err != nil {
		t.Fatal(err)
	}
	return o, c
}

// entry finds an entry of the ledger.
func (o *office) entry(no string) ledger.Entry {
	o.t.Helper()
	all, err := o.Book.List(o.t.Context(), "")
	if err != nil {
		o.t.Fatal(err)
	}
	for _, e := range all {
		if e.No == no && e.First {
			return e
		}
	}
	o.t.Fatalf("no entry of %s among %d", no, len(all))
	return ledger.Entry{}
}

// bureau has the liaison of the entry's bureau act, as in chat.
func (o *office) bureau(e ledger.Entry, v ledger.Verb, text string) {
	o.t.Helper()
	o.asked++
	out, err := o.Book.Do(o.t.Context(), ledger.Order{ID: string(v) + e.Ref(), At: november, By: ledger.Actor{Person: "联络员乙", Bureau: e.Bureau, Roles: []bot.Role{bot.Liaison}}, Verb: v, Plan: e.Plan, Bureau: e.Bureau, Duties: []string{e.ID}, Text: text})
	if err != nil || out.Refused != "" {
		o.t.Fatalf("%s: %v %s", v, err, out.Refused)
	}
}

var orderForm = regexp.MustCompile(`name="order" value="([^"]+)"`)

// TestADutyIsReceivedAppliedForAndClosed goes the chain: the bureau in chat, the
// office on the pages.
func TestADutyIsReceivedAppliedForAndClosed(t *testing.T) {
	o, c := armed(t)
	e := o.entry("40")
	link := rowOf(e, &calendar.Calendar{}, november).Link()
	has(t, c.page("/admin/ledger?find="+url.QueryEscape("第40项")), "第40项", "待签收", "黄 临期")
	o.bureau(e, ledger.Receive, "")
	o.bureau(e, ledger.ApplyEnd, "已全部办完<script>alert(1)</script>")
	review := c.page("/admin/review")
	has(t, review, "申请办结", "联络员乙", "同意，销号", "已全部办完&lt;script&gt;")
	form := url.Values{"verb": {"close"}, "plan": {e.Plan}, "bureau": {e.Bureau}, "id": {e.ID}, "back": {"review"}, "order": {orderForm.FindStringSubmatch(review)[1]}}
	has(t, c.act("/admin/review", "/admin/ledger/act", form), "已销号", "没有等着审核的")
	has(t, c.act("/admin/review", "/admin/ledger/act", form), "已销号") // sent twice: once
	if e = o.entry("40"); e.State != ledger.Closed || len(e.History) != 3 {
		t.Errorf("the entry is %s after %d acts", e.State, len(e.History))
	}
	has(t, c.page(link), "灰 已销号", "办公室甲", "撤销")
	inspector := o.signedIn("督查丙", account.Inspector)
	has(t, inspector.act(link, "/admin/ledger/act", url.Values{"verb": {"reopen"}, "plan": {e.Plan}, "bureau": {e.Bureau}, "id": {e.ID}, "text": {"材料不实"}, "order": {"x"}}), "办理中")
	has(t, inspector.act(link, "/admin/ledger/act", url.Values{"verb": {"close"}, "plan": {e.Plan}, "bureau": {e.Bureau}, "id": {e.ID}, "text": {"x"}, "order": {"y"}}), "由领导小组办公室来做")
	statistic := o.signedIn("统计丁", account.Statistic)
	if status, _, _ := statistic.send("/admin/ledger/act", url.Values{}); status != 403 {
		t.Errorf("a statistician acts: status %d", status)
	}
	f, err := excelize.OpenReader(bytes.NewReader([]byte(statistic.page("/admin/ledger.xlsx"))))
	if err != nil {
		t.Fatal(err)
	}
	rows, err := f.GetRows("台账")
	headed := slices.ContainsFunc(rows, func(r []string) bool {
		return len(r) > 4 && strings.Join(r[:4], "|") == "序号|任务内容|目标|责任单位（列首位/其他）"
	})
	if err != nil || len(rows) < 60 || !headed {
		t.Errorf("the ledger as a table: %d rows, %v", len(rows), err)
	}
	for _, kind := range []string{"monthly", "quarterly", "circular"} {
		if draft := statistic.page("/admin/ledger.docx?kind=" + kind); !strings.HasPrefix(draft, "PK") {
			t.Errorf("%s is no document: %.20q", kind, draft)
		}
	}
}

func TestUrgingIsSentByAPerson(t *testing.T) {
	o, c := armed(t)
	o.Options.Now = func() time.Time { return november.AddDate(0, 2, 0) }
	o.Admin.Now = o.Options.Now
	page := c.page("/admin/urge")
	has(t, page, "建议催办", "逾期", "发送催办")
	e := o.entry("40")
	before := len(e.History)
	has(t, c.act("/admin/urge", "/admin/urge", url.Values{"bureau": {e.Bureau}, "text": {"请抓紧"}, "order": {"u1"}}), "已交给发送", "请抓紧")
	if e = o.entry("40"); len(e.History) != before+1 {
		t.Errorf("urging is not in the history: %d", len(e.History))
	}
	has(t, c.page("/admin/due?month=2022-12"), "2022年12月", "31", "条</a>")
	has(t, c.act("/admin/arming", "/admin/arming/pause", url.Values{"bureau": {e.Bureau}, "until": {"2023-02-10"}, "why": {"正在核对"}}), "已暂停提醒", "正在核对")
}
