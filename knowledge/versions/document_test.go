package versions

import (
	"errors"
	"strings"
	"testing"

	"huiwen/knowledge"
	"huiwen/knowledge/plan"
)

// lookAlikes are documents in the forms that such documents have.
var lookAlikes = []struct {
	id, text string
	labels   []string
}{
	{"电商实施意见", "甲市人民政府办公厅关于加快农村电商发展的实施意见\n（此件公开发布）\n2031年5月6日\n各区人民政府：\n一、总体要求\n坚持市场主导，到2033年农村网络零售额达到30亿元。\n二、重点任务\n（一）建设乡镇电商服务站。每个乡镇至少建成1个服务站，对验收合格的给予一次性补助3万元。（市商务局牵头，市财政局配合）\n（二）培训电商带头人。全年培训500人次。（市人力资源社会保障局）\n",
		[]string{"一", "二/（一）", "二/（二）"}},
	{"补贴办法", "乙区稳岗补贴发放办法\n第一条 为规范稳岗补贴发放，制定本办法。\n第二条 对不裁员的参保企业，按上年度缴纳失业保险费的60%给予稳岗补贴，由企业自主申报。\n第三条 本办法自2031年7月1日起施行，有效期至2033年6月30日。\n",
		[]string{"1", "2", "3"}},
	{"办事指南", "工伤认定怎么办\n受伤之后，单位要在三十日内提出申请，逾期的由本人在一年内提出。\n申请时带上劳动合同复印件和诊断证明。\n", []string{"1", "2"}},
}

// TestLookAlikesBesideThePlan: each is read, cited by its own name, and leaves the
// plan as it was.
func TestLookAlikesBesideThePlan(t *testing.T) {
	l := library2031(t)
	before, err := load(l.Seed)
	if err != nil {
		t.Fatal(err)
	}
	draft := ""
	for i, x := range lookAlikes {
		b := Beside{ID: x.id, Order: i + 1, Upload: Upload{Name: x.id + ".txt", Data: []byte(x.text), Disclosure: "公开", Valid: plan.Span{From: "2031-01-01", To: "2033-12-31"}}}
		d, doc, err := l.ImportDocument(t.Context(), draft, b, Act{Who: "甲"})
		if err != nil {
			t.Fatalf("%s: %v", x.id, err)
		}
		draft = d.ID
		var labels []string
		for _, m := range doc.Measures {
			labels = append(labels, strings.TrimPrefix(m.No, x.id+":"))
		}
		if strings.Join(labels, " ") != strings.Join(x.labels, " ") {
			t.Errorf("%s has %q, want %q", x.id, labels, x.labels)
		}
	}
	if _, err := l.Publish(t.Context(), draft, Act{Who: "甲"}); err != nil {
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
	if len(s.Measures) != len(before.Measures) || len(s.Documents) != len(lookAlikes) || s.Content() != before.Content() {
		t.Errorf("%d measures and %d documents", len(s.Measures), len(s.Documents))
	}
	for _, x := range lookAlikes {
		for _, label := range x.labels {
			if m, ok := s.For("2031-09-01", false).Measure(x.id + ":" + label); !ok || m.Doc == nil || m.Doc.ID != x.id {
				t.Errorf("%s:%s is not there", x.id, label)
			}
		}
	}
	if _, ok := s.For("2034-09-01", true).Measure("补贴办法:2"); ok {
		t.Error("a document answers after its time")
	}
	// one is replaced by its next edition, one taken out
	d, doc, err := l.ImportDocument(t.Context(), "", Beside{ID: "办事指南", Kind: knowledge.Guide, Upload: Upload{Name: "x.txt", Data: []byte("新的一段说明，只有一句。\n"), Disclosure: "不公开", Valid: plan.Span{From: "2031-01-01"}}}, Act{Who: "甲"})
	if err != nil || len(doc.Measures) != 1 {
		t.Fatalf("%+v %v", doc, err)
	}
	if d, err = l.RemoveDocument(t.Context(), d.ID, "补贴办法", Act{Who: "甲"}); err != nil {
		t.Fatal(err)
	}
	if _, e, err = l.Draft(t.Context(), d.ID); err != nil || len(e.DocumentIDs()) != 2 {
		t.Errorf("%v %v", e.DocumentIDs(), err)
	}
}

func TestADocumentThatSaysTooLittleIsRefused(t *testing.T) {
	l := library2031(t)
	whole := Upload{Name: "x.txt", Data: []byte("一段说明，只有一句。\n"), Disclosure: "公开", Valid: plan.Span{From: "2031-01-01"}}
	with := func(change func(*Beside)) Beside {
		b := Beside{ID: "说明", Upload: whole}
		change(&b)
		return b
	}
	for name, b := range map[string]Beside{
		"no disclosure":      with(func(b *Beside) { b.Disclosure = "" }),
		"a wrong disclosure": with(func(b *Beside) { b.Disclosure = "半公开" }),
		"no beginning":       with(func(b *Beside) { b.Valid = plan.Span{} }),
		"an end before":      with(func(b *Beside) { b.Valid = plan.Span{From: "2031-02-01", To: "2031-01-01"} }),
		"no day":             with(func(b *Beside) { b.Valid.From = "2031-02-30" }),
		"nothing in it":      with(func(b *Beside) { b.Data = []byte("标题\n") }),
		"a name of signs":    with(func(b *Beside) { b.ID = "../:" }),
		"the plan's name":    with(func(b *Beside) { b.ID = "2031" }),
		"an unknown kind":    with(func(b *Beside) { b.Kind = "小报" }),
		"an unknown key":     with(func(b *Beside) { b.Name, b.Data = "x.yaml", []byte("kind: 问答\nquestions: []\n") }),
		"an answer without a source": with(func(b *Beside) {
			b.Name, b.Data = "x.yaml", []byte("kind: 问答\ndisclosure: 公开\nvalid: {from: 2031-01-01}\nfaq:\n  - questions: [问]\n    answer: 答\n")
		}),
		"a card without a source": with(func(b *Beside) {
			b.Name, b.Data = "x.yaml", []byte("kind: 办事信息卡\ndisclosure: 公开\nvalid: {from: 2031-01-01}\ncards:\n  - {id: a, bureau: 区财政局, phone: 一二三}\n")
		}),
	} {
		if _, _, err := l.ImportDocument(t.Context(), "", b, Act{Who: "甲"}); err == nil {
			t.Errorf("%s: taken", name)
		} else if !errors.Is(err, ErrUpload) && !errors.Is(err, knowledge.ErrDocument) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
