package admin

import (
	"net/url"
	"strings"
	"testing"

	"huiwen/knowledge/account"
)

func TestCommonQuestionsAndCardsGoIntoTheDraft(t *testing.T) {
	o := publishing(t)
	c := o.signedIn("编辑甲", account.Editor)
	has(t, c.page("/admin/documents/new?kind=faq&q="+url.QueryEscape("大厅几点开门")), "大厅几点开门</textarea>")
	has(t, c.act("/admin/documents", "/admin/documents/entry", url.Values{"questions": {"大厅几点开门\n几点上班"}, "answer": {"上午九点到下午五点。<script>alert(1)</script>"}, "source": {"政务大厅公告"}}), "已记入草稿")
	page := c.page("/admin/documents")
	has(t, page, "几点上班", "&lt;script&gt;", "常见问答")
	if strings.Contains(page, "<script>alert") {
		t.Error("an answer became markup")
	}
	has(t, c.act("/admin/documents", "/admin/documents/entry", url.Values{"questions": {"几点"}, "answer": {""}, "source": {"x"}}), "没有做成")
	card := url.Values{"id": {"创业"}, "bureau": {"区人力资源社会保障局"}, "where": {"一楼一号窗"}, "source": {"区人社局"}, "expires": {"2020-01-01"}, "verify": {"1"}}
	has(t, c.act("/admin/cards?id=new", "/admin/cards", card), "已记入草稿")
	has(t, c.page("/admin/cards"), "一楼一号窗", "已过期，不展示", "编辑甲")
	has(t, c.page("/admin/cards?id="+url.QueryEscape("创业")), `value="一楼一号窗"`)
	has(t, c.act("/admin/cards", "/admin/cards", url.Values{"id": {"空"}, "bureau": {"区教育局"}, "source": {"x"}}), "是空的")
	has(t, c.act("/admin/cards", "/admin/cards/drop", url.Values{"id": {"创业"}}), "去掉办事信息卡")
}

// TestTwoAdminsAtOnce save the directory from the same page: the second is told,
// and his words are not lost.
func TestTwoAdminsAtOnce(t *testing.T) {
	o := newOffice(t, nil)
	a, b := o.signedIn("管理甲", account.Admin), o.signedIn("管理乙", account.Admin)
	text := func(name string) url.Values {
		return url.Values{"revision": {"0"}, "yaml": {"bureaus:\n  - {name: " + name + ", kind: 政府}\npeople: []\n"}}
	}
	a.page("/admin/directory?edit=1")
	b.page("/admin/directory?edit=1")
	has(t, a.act("/admin/directory?edit=1", "/admin/directory", text("区甲局")), "通讯录已保存")
	_, _, refused := b.post("/admin/directory?edit=1", "/admin/directory", text("区乙局"))
	has(t, refused, "刚被别人改过", "区乙局")
	has(t, b.page("/admin/directory"), "区甲局")
	_, _, wrong := b.post("/admin/directory?edit=1", "/admin/directory", url.Values{"revision": {"1"}, "yaml": {"bureau: x"}})
	has(t, wrong, "没有保存", "bureau: x")
	has(t, a.act(toBureau("区甲局"), "/admin/directory/successor", url.Values{"revision": {"1"}, "bureau": {"区甲局"}, "name": {"区丙局"}, "from": {"2024-03-01"}, "basis": {"机构改革方案"}}), "沿革已记下", "机构改革方案")
}

func TestNextYearsHolidaysAreEntered(t *testing.T) {
	o := newOffice(t, nil)
	c := o.signedIn("办公室甲", account.Office)
	has(t, c.page("/admin/calendar?year=2022"), "2022-10-01..2022-10-07", "2022-10-08", "249")
	has(t, c.act("/admin/calendar?year=2031", "/admin/calendar", url.Values{"year": {"2031"}, "off": {"2031-10-01..2031-10-07"}, "work": {"2031-10-11"}, "source": {"国办发明电"}}), "已保存", "2031-10-11")
	has(t, c.act("/admin/calendar?year=2031", "/admin/calendar", url.Values{"year": {"2031"}, "off": {"十月"}, "source": {"x"}}), "日历没有保存")
}
