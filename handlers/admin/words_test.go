package admin

import (
	"net/url"
	"testing"

	"huiwen/knowledge/account"
)

// TestWordsGoIntoADraft adds one of each kind: each is a step of one draft, shows
// its effect, and can be taken out.
func TestWordsGoIntoADraft(t *testing.T) {
	o := newOffice(t, nil)
	c := o.signedIn("张三", account.Editor)
	for _, add := range []url.Values{
		{"kind": {"similar"}, "measure": {"39"}, "text": {"想开个羊肉粉馆区里给点钱不"}},
		{"kind": {"negative"}, "measure": {"39"}, "text": {"羊肉粉馆几点关门"}},
		{"kind": {"word"}, "concept": {"返乡人员"}, "text": {"从外省转来"}},
		{"kind": {"topic"}, "newtopic": {"羊肉粉"}, "text": {"哪家羊肉粉好吃"}},
		{"kind": {"concept"}, "concept": {"粉馆"}, "terms": {"餐饮店 个体餐饮"}, "words": {"粉馆 羊肉粉店"}},
	} {
		has(t, c.act("/admin/words/similar?measure=39", "/admin/words/add", add), "已记入草稿", "对评测题的影响", "变好了")
	}
	drafts, err := o.Library.Drafts(t.Context())
	if err != nil || len(drafts) != 1 || len(drafts[0].Steps) != 5 {
		t.Fatalf("drafts %+v %v", drafts, err)
	}
	has(t, c.page("/admin/words/similar?measure=39"), "想开个羊肉粉馆区里给点钱不", "羊肉粉馆几点关门")
	has(t, c.page("/admin/words?find=粉馆"), "羊肉粉店")
	has(t, c.act("/admin/words/similar?measure=39", "/admin/words/add", url.Values{"kind": {"similar"}, "measure": {"39"}, "text": {"想开个羊肉粉馆，区里给点钱不？"}}), "已经有这一句")
	has(t, c.act("/admin/words/similar?measure=39", "/admin/words/drop", url.Values{"kind": {"negative"}, "measure": {"39"}, "text": {"羊肉粉馆几点关门"}}), "去掉：羊肉粉馆几点关门")
}

// TestTrialExplainsItself asks a trial question: the answer, and what each
// measure's score adds up from.
func TestTrialExplainsItself(t *testing.T) {
	o := newOffice(t, nil)
	c := o.signedIn("张三", account.Reviewer)
	has(t, c.page("/admin/try?as_of=2022-09-15&q="+url.QueryEscape("开店有没有补贴")), "一次性创业补贴", "答复引用", "得分怎么来的", "/admin/words/similar?q=")
	if status, _, _ := c.get("/admin/try?q=x&as_of=morgen"); status != 400 {
		t.Errorf("a day that is none: status %d", status)
	}
	if got := c.page("/admin/try?q=" + url.QueryEscape(`<script>alert(1)</script>开店`)); contains(got, "<script>alert") {
		t.Error("the question became markup")
	}
}
