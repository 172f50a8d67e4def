package ledger_test

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"huiwen/bot"
	"huiwen/knowledge/calendar"
	"huiwen/knowledge/store"
	"huiwen/scheduler/ledger"
	"huiwen/seeds"
)

func day(t testing.TB, s string) calendar.Day {
	t.Helper()
	d, err := calendar.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func days(t testing.TB) *calendar.Calendar {
	t.Helper()
	c, err := calendar.Load(seeds.Files)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func liaison(person, bureau string) ledger.Actor {
	return ledger.Actor{Person: person, Bureau: bureau, Roles: []bot.Role{bot.Liaison}}
}

// loans is a duty with a figure, as the bureau named first has it.
func loans(t testing.TB) ledger.Entry {
	return ledger.Entry{Plan: "2022", State: ledger.Waiting, Duty: ledger.Duty{ID: "4/1", No: "4", Label: "第4项", Bureau: "甲局", First: true, What: "完成贷款2000万元", Target: "2000万元", Kind: "once",
		Due: day(t, "2022-12-31"), Figure: &ledger.Figure{What: "贷款", Value: 2000, Unit: "万元", Measured: ledger.Sum}}}
}

func num(v float64) *float64 { return &v }

func TestLights(t *testing.T) {
	c := days(t)
	for _, x := range []struct {
		name  string
		edit  func(*ledger.Entry)
		on    string
		light ledger.Light
		word  string
	}{
		{"long before", func(*ledger.Entry) {}, "2022-09-01", ledger.Green, "正常"},
		{"fifteen working days before", func(*ledger.Entry) {}, "2022-12-09", ledger.Yellow, "临期"},
		{"the day before that", func(*ledger.Entry) {}, "2022-12-08", ledger.Green, "正常"},
		{"the last working day", func(*ledger.Entry) {}, "2022-12-30", ledger.Yellow, "临期"},
		{"the holiday it ends on", func(*ledger.Entry) {}, "2022-12-31", ledger.Yellow, "临期"},
		{"the first working day after", func(*ledger.Entry) {}, "2023-01-03", ledger.Red, "逾期"},
		{"what is only striven for", func(e *ledger.Entry) { e.Hedge = "力争" }, "2023-01-03", ledger.Yellow, "未达预期目标"},
		{"what is planned", func(e *ledger.Entry) { e.Hedge = "计划" }, "2023-01-03", ledger.Red, "逾期"},
		{"an extension", func(e *ledger.Entry) { e.Moved = day(t, "2023-03-31") }, "2023-01-03", ledger.Green, "正常"},
		{"an extension only asked for", func(e *ledger.Entry) { e.Asked = &ledger.Request{Verb: ledger.Extend, Due: day(t, "2023-03-31")} }, "2023-01-03", ledger.Red, "逾期"},
		{"behind the days gone by", func(e *ledger.Entry) {
			e.Reports = []ledger.Report{{Until: day(t, "2022-07-01"), Value: num(900)}}
		}, "2022-07-05", ledger.Yellow, "滞后"},
		{"ahead of them", func(e *ledger.Entry) {
			e.Reports = []ledger.Report{{Until: day(t, "2022-07-01"), Value: num(1100)}}
		}, "2022-07-05", ledger.Green, "正常"},
		{"a rate does not add up", func(e *ledger.Entry) {
			e.Figure.Measured = ledger.Ratio
			e.Reports = []ledger.Report{{Until: day(t, "2022-07-01"), Value: num(100)}}
		}, "2022-07-05", ledger.Green, "正常"},
		{"closed", func(e *ledger.Entry) { e.State = ledger.Closed }, "2023-06-01", ledger.Grey, "已销号"},
		{"reviewed", func(e *ledger.Entry) { e.State = ledger.Closing }, "2023-06-01", ledger.Red, "逾期"},
		{"a turn that was reported", func(e *ledger.Entry) {
			e.Kind, e.Reports = "monthly", []ledger.Report{{Text: "x"}}
		}, "2023-06-01", ledger.Green, "本期已报"},
	} {
		e := loans(t)
		x.edit(&e)
		if light, word := e.Light(c, day(t, x.on)); light != x.light || word != x.word {
			t.Errorf("%s: %s %s, want %s %s", x.name, light, word, x.light, x.word)
		}
	}
}

func TestWhoMayDoWhat(t *testing.T) {
	at := day(t, "2022-09-15").Add(10 * time.Hour)
	s, err := store.OpenFile(t.Context(), t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	book := ledger.NewBook(s, nil)
	if err := s.Update(t.Context(), ledger.Scope("甲局"), func(tx store.Tx) error { return ledger.Add(tx, loans(t)) }); err != nil {
		t.Fatal(err)
	}
	verbs := []ledger.Verb{ledger.Receive, ledger.ReportOn, ledger.ApplyEnd, ledger.Extend, ledger.GiveBack, ledger.Delegate, ledger.Close, ledger.Grant, ledger.SendBack, ledger.Refuse, ledger.Reopen, ledger.Move, ledger.Drop, ledger.Urge}
	bureau := []ledger.Verb{ledger.Receive, ledger.ReportOn, ledger.ApplyEnd, ledger.Extend, ledger.GiveBack, ledger.Delegate}
	for _, who := range []struct {
		name   string
		actor  ledger.Actor
		passes func(ledger.Verb) bool
	}{
		{"nobody", ledger.Actor{Person: "x"}, func(ledger.Verb) bool { return false }},
		{"the bureau's leader", ledger.Actor{Person: "x", Bureau: "甲局", Roles: []bot.Role{bot.Leader}}, func(ledger.Verb) bool { return false }},
		{"the 联络员", liaison("x", "甲局"), func(v ledger.Verb) bool { return slices.Contains(bureau, v) }},
		{"another bureau's", liaison("x", "乙局"), func(ledger.Verb) bool { return false }},
		{"the office", ledger.Actor{Person: "x", Bureau: "办", Roles: []bot.Role{bot.Office}}, func(v ledger.Verb) bool { return !slices.Contains(bureau, v) && v != ledger.Reopen }},
		{"the inspectors", ledger.Actor{Person: "x", Bureau: "督", Roles: []bot.Role{bot.Inspector}}, func(v ledger.Verb) bool { return v == ledger.Reopen }},
	} {
		for _, v := range verbs {
			o := ledger.Order{ID: who.name + string(v), At: at, By: who.actor, Verb: v, Plan: "2022", Bureau: "甲局", Duties: []string{"4/1"}}
			out, err := book.Do(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			rights := slices.ContainsFunc([]string{"不能代办", "由领导小组办公室来做", "不是联络员", "督查室来做"}, func(w string) bool { return strings.Contains(out.Refused, w) })
			if rights == who.passes(v) {
				t.Errorf("%s, %s: refused %q", who.name, v, out.Refused)
			}
		}
	}
}

// TestTheChain: received, reported, applied, sent back, applied, closed, reopened.
func TestTheChain(t *testing.T) {
	at := day(t, "2022-09-15").Add(10 * time.Hour)
	e := loans(t)
	office := ledger.Actor{Person: "o", Roles: []bot.Role{bot.Office}}
	for i, x := range []struct {
		verb  ledger.Verb
		text  string
		value *float64
		state ledger.State
		fails bool
	}{
		{ledger.Receive, "", nil, ledger.Doing, false},
		{ledger.Receive, "", nil, ledger.Doing, true},
		{ledger.ReportOn, "", num(1200), ledger.Doing, false},
		{ledger.ReportOn, "", num(1100), ledger.Doing, true}, // a total that falls needs a reason
		{ledger.ReportOn, "核减", num(1100), ledger.Doing, false},
		{ledger.ReportOn, "", num(-1), ledger.Doing, true},
		{ledger.ReportOn, "", num(20000), ledger.Doing, true},
		{ledger.ApplyEnd, "", nil, ledger.Doing, true}, // without a word
		{ledger.ApplyEnd, "完成", nil, ledger.Closing, false},
		{ledger.ApplyEnd, "完成", nil, ledger.Closing, true},
		{ledger.SendBack, "", nil, ledger.Closing, true},
		{ledger.SendBack, "补佐证", nil, ledger.Returned, false},
		{ledger.ApplyEnd, "补了", nil, ledger.Closing, false},
		{ledger.Close, "", nil, ledger.Closed, false},
		{ledger.ReportOn, "x", nil, ledger.Closed, true},
		{ledger.Reopen, "", nil, ledger.Closed, true},
		{ledger.Reopen, "抽查", nil, ledger.Doing, false},
		{ledger.Reopen, "抽查", nil, ledger.Doing, true},
		{ledger.Close, "", nil, ledger.Doing, true}, // nobody applied and no reason
	} {
		after, err := ledger.Apply(e, ledger.Order{ID: "x", At: at, By: office, Verb: x.verb, Text: x.text, Value: x.value})
		var no ledger.Refusal
		if errors.As(err, &no) != x.fails {
			t.Fatalf("%d %s: %v", i, x.verb, err)
		}
		if err == nil {
			e = after
		}
		if e.State != x.state {
			t.Errorf("%d %s: %s, want %s", i, x.verb, e.State, x.state)
		}
	}
	if len(e.History) != 8 || len(e.Reports) != 2 {
		t.Errorf("%d acts and %d reports are kept", len(e.History), len(e.Reports))
	}
}

func TestExtensionsAreAskedForBeforeTheDay(t *testing.T) {
	e := loans(t)
	apply := func(on, to string) error {
		_, err := ledger.Apply(e, ledger.Order{At: day(t, on).Time, Verb: ledger.Extend, Text: "x", Due: day(t, to)})
		return err
	}
	if apply("2022-12-31", "2023-01-31") != nil {
		t.Error("the day itself is too late")
	}
	if apply("2023-01-01", "2023-01-31") == nil || apply("2022-12-01", "2022-12-31") == nil {
		t.Error("too late, or no later day, and taken")
	}
}

func TestUndo(t *testing.T) {
	s, err := store.OpenFile(t.Context(), t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	book := ledger.NewBook(s, nil)
	if err := s.Update(t.Context(), ledger.Scope("甲局"), func(tx store.Tx) error { return ledger.Add(tx, loans(t)) }); err != nil {
		t.Fatal(err)
	}
	at := day(t, "2022-09-15").Add(10 * time.Hour)
	do := func(id, who string, v ledger.Verb, at time.Time) string {
		t.Helper()
		out, err := book.Do(t.Context(), ledger.Order{ID: id, At: at, By: liaison(who, "甲局"), Verb: v, Plan: "2022", Bureau: "甲局", Duties: []string{"4/1"}, Text: "x"})
		if err != nil {
			t.Fatal(err)
		}
		return out.Refused
	}
	undo := func(id, who string, at time.Time) string {
		t.Helper()
		out, err := book.Undo(t.Context(), "甲局", ledger.Order{ID: id, At: at, By: liaison(who, "甲局")})
		if err != nil {
			t.Fatal(err)
		}
		return out.Refused
	}
	do("1", "张", ledger.Receive, at)
	if undo("2", "张", at.Add(11*time.Minute)) == "" {
		t.Error("taken back after eleven minutes")
	}
	if undo("3", "李", at) == "" {
		t.Error("taken back by another")
	}
	do("4", "李", ledger.ReportOn, at.Add(time.Minute))
	if undo("5", "张", at.Add(2*time.Minute)) == "" {
		t.Error("taken back though another went on from it")
	}
	if undo("6", "李", at.Add(2*time.Minute)) != "" || undo("6", "李", at.Add(3*time.Minute)) != "" {
		t.Error("the same order has another outcome")
	}
	list, _ := book.Of(t.Context(), "2022", "甲局")
	if len(list[0].Reports) != 0 || list[0].Received.IsZero() {
		t.Errorf("after the undo: %+v", list[0])
	}
}

// TestMergeKeepsWhatBureausDid holds for any two versions of a plan: nothing that a
// bureau did is lost, ids stay single, and the same plan changes nothing.
func TestMergeKeepsWhatBureausDid(t *testing.T) {
	now := day(t, "2022-09-15").Time
	draw := func(rt *rapid.T, name string) []ledger.Duty {
		var out []ledger.Duty
		for _, no := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"1", "2", "3"}), 0, 3, rapid.ID).Draw(rt, name) {
			for i := range rapid.IntRange(1, 3).Draw(rt, name+no) {
				out = append(out, ledger.Duty{ID: no + "/" + string(rune('1'+i)), No: no, Bureau: "甲局", What: rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(rt, "what")})
			}
		}
		return out
	}
	rapid.Check(t, func(rt *rapid.T) {
		first, second := draw(rt, "first"), draw(rt, "second")
		one, _ := ledger.Merge(nil, "p", first, now)
		for i := range one {
			one[i].Received = now
			one[i].Reports = []ledger.Report{{Text: one[i].ID}}
		}
		two, _ := ledger.Merge(one, "p", second, now)
		ids := map[string]bool{}
		open, reports := 0, 0
		for _, e := range two {
			if ids[e.ID] {
				rt.Fatalf("%s twice", e.ID)
			}
			ids[e.ID] = true
			reports += len(e.Reports)
			if e.Open() {
				open++
			}
		}
		if open != len(second) || reports != len(one) {
			rt.Fatalf("%d open of %d duties, %d reports of %d", open, len(second), reports, len(one))
		}
		again, changed := ledger.Merge(two, "p", second, now)
		if slices.Contains(changed, true) || len(again) != len(two) {
			rt.Fatal("the same plan changes something")
		}
		back, _ := ledger.Merge(two, "p", first, now)
		for _, e := range back[:len(one)] {
			if !e.Open() && len(second) == 0 {
				rt.Fatalf("%s does not come back", e.ID)
			}
		}
	})
}

// TestHandoverAndSplit: another bureau gets the duty with the office's reason, once
// however often the order comes; what was split stays with its bureau.
func TestHandoverAndSplit(t *testing.T) {
	s, err := store.OpenFile(t.Context(), t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	book := ledger.NewBook(s, nil)
	if err := s.Update(t.Context(), ledger.Scope("甲局"), func(tx store.Tx) error { return ledger.Add(tx, loans(t)) }); err != nil {
		t.Fatal(err)
	}
	office := ledger.Actor{Person: "办", Roles: []bot.Role{bot.Office}}
	at := day(t, "2022-09-15").Add(10 * time.Hour)
	give := func(id string, by ledger.Actor, v ledger.Verb, why string, shares ...ledger.Share) string {
		t.Helper()
		out, err := book.Give(t.Context(), ledger.Order{ID: id, At: at, By: by, Verb: v, Plan: "2022", Bureau: "甲局", Duties: []string{"4/1"}, Text: why}, shares)
		if err != nil {
			t.Fatal(err)
		}
		return out.Refused
	}
	if give("0", liaison("张", "甲局"), ledger.Handover, "x", ledger.Share{Bureau: "乙局"}) == "" || give("1", office, ledger.Handover, "", ledger.Share{Bureau: "乙局"}) == "" {
		t.Error("handed over by a bureau, or without a reason")
	}
	for range 2 {
		if no := give("2", office, ledger.SplitDuty, "分解表", ledger.Share{Bureau: "丙镇", Value: num(300)}, ledger.Share{Bureau: "丁镇", Value: num(200), Due: day(t, "2022-11-30")}); no != "" {
			t.Error(no)
		}
		if no := give("3", office, ledger.Handover, "三定方案", ledger.Share{Bureau: "乙局"}); no != "" {
			t.Error(no)
		}
	}
	list, err := book.List(t.Context(), "2022")
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, e := range list {
		got[e.Bureau] += string(e.State) + " " + e.Target + " " + e.InForce().Due.String()
		if len(e.History) == 0 {
			t.Errorf("%s has no reason", e.Bureau)
		}
	}
	want := map[string]string{"甲局": "dropped 2000万元 2022-12-31", "乙局": "waiting 2000万元 2022-12-31", "丙镇": "waiting 300万元 2022-12-31", "丁镇": "waiting 200万元 2022-11-30"}
	for b, w := range want {
		if got[b] != w {
			t.Errorf("%s has %q, want %q", b, got[b], w)
		}
	}
	// the plan does not take away what the office gave
	all, _ := ledger.Merge(list, "2022", nil, at)
	for _, e := range all {
		if e.Bureau != "甲局" && !e.Open() {
			t.Errorf("the plan takes %s from %s", e.ID, e.Bureau)
		}
	}
}

// TestWhatWasReadIsNeverStale: a book that has read everything sees what others did
// since, whoever did it and however it was written.
func TestWhatWasReadIsNeverStale(t *testing.T) {
	s, err := store.OpenFile(t.Context(), t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	mine, other := ledger.NewBook(s, nil), ledger.NewBook(s, nil)
	at := day(t, "2022-09-01").Add(9 * time.Hour)
	office := ledger.Actor{Person: "办", Roles: []bot.Role{bot.Office}}
	seed := func(bureau, id string) func() error {
		return func() error {
			return s.Update(t.Context(), ledger.Scope(bureau), func(tx store.Tx) error {
				return ledger.Add(tx, ledger.Entry{Duty: ledger.Duty{ID: id, No: "40", Label: "第40项", Bureau: bureau, Due: day(t, "2022-12-31")}, Plan: "2022", State: ledger.Waiting})
			})
		}
	}
	do := func(id string, v ledger.Verb, by ledger.Actor) func() error {
		return func() error {
			out, err := other.Do(t.Context(), ledger.Order{ID: id, At: at, By: by, Verb: v, Plan: "2022", Bureau: "甲局", Duties: []string{"40/1"}, Text: "x", Due: day(t, "2023-01-31")})
			if out.Refused != "" {
				t.Error(out.Refused)
			}
			return err
		}
	}
	for _, step := range []struct {
		name string
		do   func() error
	}{
		{"nothing yet", func() error { return nil }},
		{"an entry", seed("甲局", "40/1")},
		{"another bureau", seed("乙局", "40/1")},
		{"签收", do("1", ledger.Receive, liaison("张三", "甲局"))},
		{"a date moves", do("2", ledger.Move, office)},
		{"and back", func() error {
			_, err := other.Undo(t.Context(), "甲局", ledger.Order{ID: "3", At: at, By: office})
			return err
		}},
		{"the plan changes", func() error {
			return s.Update(t.Context(), ledger.Scope("乙局"), func(tx store.Tx) error {
				_, err := ledger.Sync(tx, "2022", []ledger.Duty{{ID: "7/1", No: "7", Bureau: "乙局"}}, ledger.Former{})
				return err
			})
		}},
		{"told", func() error {
			return s.Update(t.Context(), ledger.Scope("乙局"), func(tx store.Tx) error {
				list, err := ledger.Entries(tx, "2022")
				return errors.Join(err, ledger.Told(tx, list[0], at))
			})
		}},
	} {
		if err := step.do(); err != nil {
			t.Fatal(step.name, err)
		}
		for range 2 { // read and read again
			got, err := mine.List(t.Context(), "")
			want, err2 := ledger.NewBook(s, nil).List(t.Context(), "")
			if err := errors.Join(err, err2); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("after %s: got %+v, want %+v", step.name, got, want)
			}
			clear(got) // what a caller does to his list is his own
		}
	}
}
