package handlers_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"huiwen/bot"
	"huiwen/handlers"
	"huiwen/knowledge"
	"huiwen/knowledge/seedtest"
	"huiwen/seeds"
)

// besideFiles stand beside the seed plan: rules, a guide that is not public, an
// FAQ, cards, and next year's plan.
var besideFiles = map[string]string{
	"documents/补贴办法.yaml": "kind: 办法\ntitle: 区创业补贴发放办法\nissued: 2022-07-01\nvalid: {from: 2022-07-01, to: 2023-06-30}\ndisclosure: 公开\norder: 1\n",
	"documents/补贴办法.txt": "区创业补贴发放办法\n1.对首次创办小微企业的高校毕业生给予一次性创业补贴6000元，由创业者本人提出申请。（责任单位：区人力资源社会保障局）\n" +
		"2.冷库用电执行农业生产电价，养殖场自建冷库的由供电所上门核定。（责任单位：区供电局）\n",
	"documents/内部口径.yaml": "kind: 指南\ntitle: 内部答复口径\nvalid: {from: 2022-01-01}\ndisclosure: 不公开\norder: 2\n",
	"documents/内部口径.txt":  "遇到询问温室大棚遮阳网采购价的，统一答复正在询价，不得透露报价。\n",
	"documents/常见问题.yaml": `kind: 问答
title: 群众常见问题
valid: {from: 2022-01-01, to: 2022-12-31}
disclosure: 公开
order: 3
faq:
  - questions: [社保卡丢了在哪里补办, 社会保障卡遗失怎么补, 补社保卡]
    answer: 社会保障卡遗失的，可以先口头挂失，再到任一社保卡服务网点补办。
    source: 区人力资源社会保障局答复，2022年5月
`,
	"documents/办事卡.yaml": `kind: 办事信息卡
title: 办事信息
valid: {from: 2022-01-01}
disclosure: 公开
order: 4
cards:
  - id: startup
    quote: 一次性创业补贴(5000元)
    place: 区政务服务中心二楼三号窗口
    phone: 0858-8000001
    hours: 工作日九点到十七点
    papers: [营业执照, 身份证]
    source: 区人力资源社会保障局书面提供
    verified_by: 王五
    verified_on: 2022-06-20
    expires: 2022-10-31
  - id: unverified
    quote: 创业担保贷款
    phone: 0858-8000002
    source: 网上抄的
    expires: 2030-01-01
  - id: bureau
    bureau: 区残联
    phone: 0858-8000003
    source: 区残联书面提供
    verified_by: 王五
    verified_on: 2022-06-20
    expires: 2022-12-31
`,
}

func besideEdition(t testing.TB) knowledge.Edition {
	t.Helper()
	e, err := knowledge.ReadEdition(seeds.Files)
	if err != nil {
		t.Fatal(err)
	}
	for name := range e { // a part of the similar questions loads in a part of the time
		if strings.HasPrefix(name, "questions/") && name != "questions/29-42.yaml" {
			e = e.With(name, nil)
		}
	}
	for name, text := range besideFiles {
		e = e.With(name, []byte(text))
	}
	old := string(e[knowledge.PlanPath(e.PlanIDs()[0])])
	next := strings.NewReplacer("2022年", "2023年", "(1万元)", "(3万元)").Replace(old)
	return e.With("plan/next.txt", []byte(next))
}

var besideOnce struct {
	sync.Mutex
	s *knowledge.Snapshot
}

// beside is the seed with documents and next year's plan, built once.
func beside(t testing.TB) *knowledge.Snapshot {
	t.Helper()
	besideOnce.Lock()
	defer besideOnce.Unlock()
	if besideOnce.s == nil {
		besideOnce.s = loadEdition(t, besideEdition(t))
	}
	return besideOnce.s
}

func loadEdition(t testing.TB, e knowledge.Edition) *knowledge.Snapshot {
	t.Helper()
	return seedtest.Load(t, e, seeds.Files)
}

// askDay answers one message as it is rendered.
func askDay(t *testing.T, s *knowledge.Snapshot, user bot.User, day, text string) bot.Rendered {
	t.Helper()
	at, err := time.ParseInLocation(time.DateOnly, day, handlers.Zone)
	if err != nil {
		t.Fatal(err)
	}
	m := bot.Message{User: user, At: at.Add(12 * time.Hour), Text: text}
	r, _, err := handlers.New(func() *knowledge.Snapshot { return s }).Handle(t.Context(), m, nil)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	out, err := bot.Render(r, handlers.FactsFor(s, m))
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return out
}

func TestDocumentsBesideThePlan(t *testing.T) {
	s := beside(t)
	for _, c := range []struct {
		name, day, text string
		user            bot.User
		want, not       []string
		cites           string
	}{
		{"a document is named and cited", "2022-09-15", "养殖场自建冷库用电按什么电价", bot.Resident, []string{"农业生产电价", "《区创业补贴发放办法》（2022年7月1日印发）第2项"}, nil, "补贴办法:2"},
		{"not before it is in force", "2022-06-20", "养殖场自建冷库用电按什么电价", bot.Resident, nil, []string{"农业生产电价"}, ""},
		{"not after", "2023-09-15", "养殖场自建冷库用电按什么电价", bot.Resident, nil, []string{"农业生产电价"}, ""},
		{"staff read what is not public", "2022-09-15", "温室大棚遮阳网采购价怎么答复", bot.Staff, []string{"统一答复正在询价"}, nil, "内部口径:1"},
		{"residents do not", "2022-09-15", "温室大棚遮阳网采购价怎么答复", bot.Resident, nil, []string{"询价", "报价", "口径"}, ""},
		{"a question of the FAQ", "2022-09-15", "社保卡丢了怎么补办", bot.Resident, []string{"可以先口头挂失", "答复来源：区人力资源社会保障局答复，2022年5月", "《群众常见问题》第1问"}, []string{"责任单位"}, "常见问题:1"},
		{"the FAQ ends with its time", "2023-09-15", "社保卡丢了怎么补办", bot.Resident, nil, []string{"口头挂失"}, ""},
		{"a verified card", "2022-09-15", "创业补贴去哪里申请", bot.Resident, []string{"区政务服务中心二楼三号窗口", "王五核实，2022-06-20；有效至2022-10-31"}, []string{"计划没写"}, ""},
		{"its papers", "2022-09-15", "申请创业补贴要什么材料", bot.Resident, []string{"营业执照、身份证"}, nil, ""},
		{"an expired card", "2022-11-15", "创业补贴去哪里申请", bot.Resident, nil, []string{"二楼三号", "王五"}, ""},
		{"a card before it was verified", "2022-06-15", "创业补贴去哪里申请", bot.Resident, nil, []string{"二楼三号"}, ""},
		{"a card that nobody verified", "2022-09-15", "创业担保贷款电话多少", bot.Resident, []string{"计划没写"}, []string{"8000002"}, ""},
		{"the card of a bureau", "2022-09-15", "区残联电话是多少", bot.Resident, []string{"0858-8000003"}, nil, ""},
		{"the plan of the year", "2023-09-15", "领办创办农业企业搞种养殖创业补贴多少", bot.Resident, []string{"3万元", "《2023年钟山区"}, []string{"1万元", "年度已结束"}, ""},
		{"last year's plan", "2023-09-15", "去年的创业补贴标准，领办创办农业企业搞种养殖的", bot.Resident, []string{"这是2022年的计划", "《2022年钟山区"}, []string{"3万元"}, "2022年钟山区促进居民增收实施计划:39"},
		{"a year that no plan holds", "2022-06-15", "2019年领办农业企业搞种养殖的创业补贴标准", bot.Resident, []string{"那一年没有已发布的计划"}, nil, ""},
		{"a year in a story is none", "2023-09-15", "我去年毕业的，领办创办农业企业搞种养殖创业补贴多少", bot.Resident, nil, []string{"这是2022年的计划"}, ""},
		{"before every plan", "2021-09-15", "领办创办农业企业搞种养殖创业补贴多少", bot.Resident, []string{"这是2022年的计划，还没有到实施的时间"}, nil, ""},
		{"whether it still holds", "2022-09-15", "领办创办农业企业搞种养殖创业补贴现在还能申请吗", bot.Resident, []string{"管到2022年12月31日"}, nil, ""},
	} {
		got := askDay(t, s, c.user, c.day, c.text)
		for _, w := range c.want {
			if !strings.Contains(got.Text, w) {
				t.Errorf("%s: no %q in\n%s", c.name, w, got.Text)
			}
		}
		for _, w := range c.not {
			if strings.Contains(got.Text, w) {
				t.Errorf("%s: %q in\n%s", c.name, w, got.Text)
			}
		}
		if c.cites != "" && (len(got.Citations) == 0 || got.Citations[0] != c.cites) {
			t.Errorf("%s: cites %v, want %s\n%s", c.name, got.Citations, c.cites, got.Text)
		}
	}
}

// TestDocumentsThatDisagree: no sum while none is confirmed, then the confirmed
// one first, by name.
func TestDocumentsThatDisagree(t *testing.T) {
	s := beside(t)
	if c := s.On("2022-09-15").Conflicts("2022-09-15"); len(c) != 1 || c[0].For != "一次性创业补贴" {
		t.Errorf("conflicts: %+v", c)
	}
	if c := s.On("2022-09-15").Conflicts("2022-06-15"); len(c) != 0 {
		t.Errorf("before the other is in force: %+v", c)
	}
	ask := func(s *knowledge.Snapshot, day string) string {
		return askDay(t, s, bot.Resident, day, "首次创办小微企业一次性创业补贴多少钱").Text
	}
	if got := ask(s, "2022-09-15"); strings.Contains(got, "5000元") || strings.Contains(got, "6000元") || !strings.Contains(got, "先不报数") {
		t.Errorf("unconfirmed:\n%s", got)
	}
	if got := ask(s, "2022-06-15"); !strings.Contains(got, "5000元") {
		t.Errorf("before there was another:\n%s", got)
	}
	e, err := besideEdition(t).Confirm(knowledge.Confirmation{Document: "补贴办法", By: "李签发", On: "2022-09-01"})
	if err != nil {
		t.Fatal(err)
	}
	confirmed := loadEdition(t, e)
	if got := ask(confirmed, "2022-09-15"); !strings.Contains(got, "6000元") || strings.Contains(got, "5000元") || !strings.Contains(got, "《区创业补贴发放办法》") {
		t.Errorf("confirmed:\n%s", got)
	}
}

// TestABureauThatIsCalledOtherwiseToday: the plan's name first, then today's.
func TestABureauThatIsCalledOtherwiseToday(t *testing.T) {
	e := knowledge.Edition{"plan/a.txt": []byte("2022年甲区重点工作计划\n（此件公开发布）\n2022年1月5日\n一、任务\n" +
		"1.推进滨河路地下管廊改造，每季度巡查一次。（责任单位：区扶贫办）\n2.更换老旧路灯三百盏。（责任单位：区综合执法局）\n")}
	s, err := e.Load(plain{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	s = s.WithBureaus([]knowledge.Bureau{{Name: "区扶贫办", Aliases: []string{"穷办"}}}, func(name, day string) string {
		if name == "区扶贫办" && day >= "2022-06-01" {
			return "区乡村振兴局"
		}
		return name
	})
	if got := askDay(t, s, bot.Resident, "2022-09-15", "滨河路地下管廊改造"); !strings.Contains(got.Text, "区扶贫办（现：区乡村振兴局）") {
		t.Errorf("%s", got.Text)
	}
	if got := askDay(t, s, bot.Resident, "2022-05-15", "滨河路地下管廊改造"); strings.Contains(got.Text, "现：") {
		t.Errorf("before the change: %s", got.Text)
	}
	if got := askDay(t, s, bot.Staff, "2022-09-15", "穷办的任务有哪些"); !strings.Contains(got.Text, "第1项") {
		t.Errorf("by an alias of the directory: %s", got.Text)
	}
}

// plain cuts nothing: pairs of characters are enough for a small plan.
type plain struct{}

func (plain) Cut(s string) []string    { return []string{s} }
func (plain) Search(s string) []string { return []string{s} }

// TestAPlanThatIsNotPublicAnswersStaffOnly: neither by subject, nor by number, nor
// in a list.
func TestAPlanThatIsNotPublicAnswersStaffOnly(t *testing.T) {
	e := knowledge.Edition{"plan/a.txt": []byte("2022年甲区重点工作计划\n（此件不予公开）\n2022年1月5日\n一、任务\n" +
		"1.推进滨河路地下管廊改造，每季度巡查一次。（责任单位：区住房城乡建设局）\n2.更换老旧路灯三百盏。（责任单位：区综合执法局）\n")}
	s, err := e.Load(plain{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"滨河路地下管廊改造", "第1项", "区住房城乡建设局的任务有哪些", "我能享受哪些补贴"} {
		if got := askDay(t, s, bot.Resident, "2022-09-15", text); strings.Contains(got.Text, "管廊") || len(got.Citations) > 0 {
			t.Errorf("%q tells residents\n%s", text, got.Text)
		}
		if got := askDay(t, s, bot.Staff, "2022-09-15", text); text != "我能享受哪些补贴" && !strings.Contains(got.Text, "管廊") {
			t.Errorf("%q does not tell staff\n%s", text, got.Text)
		}
	}
}
