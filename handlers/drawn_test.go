package handlers_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"huiwen/bot"
	"huiwen/handlers"
	"huiwen/knowledge"
)

// A talker says one message after the other.
type talker struct {
	t       *testing.T
	h       *handlers.Handlers
	snap    *knowledge.Snapshot
	at      time.Time
	session []byte
}

func newTalker(t *testing.T, day string) *talker {
	t.Helper()
	snap := seedSnapshot(t)
	at, err := time.ParseInLocation(time.DateOnly, day, handlers.Zone)
	if err != nil {
		t.Fatal(err)
	}
	return &talker{t: t, h: handlers.New(func() *knowledge.Snapshot { return snap }), snap: snap, at: at.Add(12 * time.Hour)}
}

func (k *talker) say(text string) bot.Rendered {
	k.t.Helper()
	k.at = k.at.Add(time.Minute)
	m := bot.Message{User: bot.Resident, At: k.at, Text: text}
	r, next, err := k.h.Handle(k.t.Context(), m, k.session)
	if err != nil {
		k.t.Fatal(err)
	}
	k.session = next
	out, err := bot.Render(r, handlers.FactsFor(k.snap, m))
	if err != nil {
		k.t.Fatalf("%q: %v", text, err)
	}
	return out
}

// told is a card in one line a thing.
func told(c *bot.VerdictCard) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s %s\n", c.Word.Text, c.Programme.Text, c.Number.Text)
	for _, x := range c.Conditions {
		fmt.Fprintf(&b, "%s %s", x.Answer, x.Name.Text)
		if x.Told != nil {
			b.WriteString(" “" + x.Told.Text + "”")
		}
		b.WriteString("\n")
	}
	for _, f := range c.Facts {
		fmt.Fprintf(&b, "%s=%s [%s]\n", f.Name.Text, f.Value.Text, f.Edit.Say)
	}
	if c.Ask != nil {
		fmt.Fprintf(&b, "? %s | %s | %s\n", c.Ask.Question.Text(), c.Ask.Why.Text(), c.Ask.Left.Text())
	}
	return b.String()
}

func TestACardIsHandedToThePage(t *testing.T) {
	k := newTalker(t, "2022-09-15")
	r := k.say("我是退役军人，跟人合开粉馆，能领创业补贴吗")
	want := `还不能确定 一次性创业补贴 第39项
yes 重点群体 “我是退役军人”
unknown 工商登记注册
unknown 首次
unknown 正常经营1年以上
退役军人=是 [改：退役军人]
? 您办营业执照（工商登记注册）了吗？ | 计划写的是自工商登记注册之日起算。 | 这题之后还可能问2个
`
	if got := told(r.Card); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	k.say("办了")
	k.say("是")
	if r = k.say("一年零两个月"); r.Card.Verdict != "likely" || r.Card.Ask != nil || !strings.Contains(told(r.Card), "正常经营时间=14个月 [改：正常经营时间]") {
		t.Errorf("at the end\n%s", told(r.Card))
	}
	for _, x := range r.Card.Conditions {
		if x.Quote == nil || x.Quote.Source.Label != "39" {
			t.Errorf("%s has no sentence of the plan", x.Name.Text)
		}
	}
	if r = k.say("改：首次创业"); r.Card.Ask == nil || !strings.Contains(r.Card.Ask.Question.Text(), "第一次") {
		t.Errorf("the correction asks\n%s", told(r.Card))
	}
	if r = k.say("不是"); r.Card.Verdict != "unlikely" || r.Verdict != "unlikely" {
		t.Errorf("after the correction\n%s", told(r.Card))
	}
}

// TestQuestionsThatMayComeOnlyGetFewer: what is said to be left never grows while
// a dialogue goes on, and ends at nothing.
func TestQuestionsThatMayComeOnlyGetFewer(t *testing.T) {
	for _, answer := range []string{"是", "不是", "不清楚", "一年"} {
		for _, p := range seedSnapshot(t).Rules.Programmes {
			k := newTalker(t, "2022-09-15")
			r := k.say(p.Names[0] + "我符合条件吗")
			open := 100
			for n := 0; r.Card != nil && r.Card.Ask != nil; n++ {
				if !r.Card.Ask.Consent && r.Card.Ask.Open > open || n > 20 {
					t.Fatalf("%s, answered %q: after %d open come %d", p.ID, answer, open, r.Card.Ask.Open)
				}
				open = r.Card.Ask.Open
				next := answer
				switch {
				case r.Card.Ask.Consent:
					next = "同意"
				case len(r.Choices) > 0 && !slices.Contains(r.Choices, answer):
					next = r.Choices[0]
				case len(r.Choices) == 0 && !(answer == "一年" && strings.Contains(r.Card.Ask.Question.Text(), "多久")):
					next = "不清楚"
				}
				if before := told(r.Card); before == told(k.say("为什么问这个").Card) {
					r = k.say(next)
				} else {
					t.Fatalf("%s: asking why changes the card", p.ID)
				}
			}
		}
	}
}

func TestAfterTheYearTheCardDecidesNothing(t *testing.T) {
	r := newTalker(t, "2026-11-24").say("我是退役军人，第一次开店，办执照一年半了，能领创业补贴吗")
	if r.Card.Verdict != "unknown" || r.Card.Word.Text != "还不能确定" || len(r.Card.Notice) != 1 || !strings.Contains(r.Card.Reads.Text(), "按2022年的条件初步看，初步符合") {
		t.Errorf("got %s, notice %v, reads %s", told(r.Card), r.Card.Notice, r.Card.Reads.Text())
	}
}

func TestAScanIsHandedPersonByPerson(t *testing.T) {
	k := newTalker(t, "2022-09-15")
	r := k.say("脱贫户，儿子大学毕业一年没工作，老婆想开个小吃店，我们家能享受哪些")
	var people []string
	for _, p := range r.Scan.Persons {
		who := "全家"
		if p.Who != nil {
			who = p.Who.Text
		}
		for _, g := range p.Groups {
			for _, e := range g.Entries {
				people = append(people, who+" "+g.Kind+" "+e.Programme.Text)
				if !strings.Contains(r.Text, e.Programme.Text+"（"+e.Number.Text+"）") {
					t.Errorf("%s is drawn but not said", e.Programme.Text)
				}
				card := newTalker(t, "2022-09-15")
				card.say("脱贫户，儿子大学毕业一年没工作，老婆想开个小吃店，我们家能享受哪些")
				if opened := card.say(e.Say); opened.Card == nil || opened.Card.Programme.Text != e.Programme.Text {
					t.Errorf("%q opens %+v", e.Say, opened.Text)
				}
			}
		}
	}
	for _, want := range []string{"老婆 likely 创业担保贷款", "儿子 likely 就业见习", "全家 near 代缴城乡居民养老保险费"} {
		if !strings.Contains(strings.Join(people, "\n"), want) {
			t.Errorf("%q is not in\n%s", want, strings.Join(people, "\n"))
		}
	}
}

// TestListsOfACardAreNeverNull: a page may go through each of them.
func TestListsOfACardAreNeverNull(t *testing.T) {
	k := newTalker(t, "2022-09-15")
	for _, text := range []string{"农村低保我符合条件吗", "我是退役军人，征信不好，想开店贷款我能申请吗", "我是退役军人，能享受什么"} {
		data, err := json.Marshal(k.say(text))
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(data), "null") {
			t.Errorf("%q: null in %s", text, data)
		}
	}
}
