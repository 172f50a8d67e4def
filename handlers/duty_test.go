package handlers_test

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"huiwen/bot"
	"huiwen/handlers"
	"huiwen/knowledge"
	"huiwen/knowledge/calendar"
	"huiwen/knowledge/directory"
	"huiwen/knowledge/store"
	"huiwen/scheduler/ledger"
	"huiwen/seeds"
)

// A hall is the district's offices with the seed plan's duties in the ledger.
type hall struct {
	store  store.Store
	book   *ledger.Book
	people *directory.Directory
	h      *handlers.Handlers
	snap   *knowledge.Snapshot
	pauses []handlers.Silence
}

// staffOf are who speaks in the talks: name, bureau, role.
var staffOf = [][3]string{
	{"小人", "区人力资源社会保障局", "liaison"}, {"老人", "区人力资源社会保障局", "head"}, {"小农", "区农业农村局", "liaison"}, {"小残", "区残联", "liaison"},
	{"小招", "区招商投资促进服务中心", "liaison"}, {"小发", "区发展改革局", "liaison"}, {"老办", "区发展改革局", "office"}, {"老督", "区政府督查室", "inspector"}, {"小财", "区财政局", "liaison"},
	{"小看", "区财政局", "leader"},
}

func newHall(t *testing.T) *hall {
	t.Helper()
	s, err := store.OpenFile(t.Context(), t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	d, err := directory.Seed(seeds.Files)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range staffOf {
		d.People = append(d.People, directory.Person{Name: p[0], Bureau: p[1], Roles: []directory.Role{directory.Role(p[2])}, Accounts: []directory.Account{{Channel: "wecom/app", User: p[0]}}})
	}
	x := &hall{store: s, people: d, snap: seedSnapshot(t)}
	x.book = ledger.NewBook(s, func(_ context.Context, b string, day time.Time) (string, error) { return d.Today(b, day), nil })
	days, err := calendar.Load(seeds.Files)
	if err != nil {
		t.Fatal(err)
	}
	x.h = handlers.With(func() *knowledge.Snapshot { return x.snap }, handlers.Options{
		Ledger: x.book, People: func(context.Context) (*directory.Directory, error) { return x.people, nil },
		Calendar: func(context.Context) (*calendar.Calendar, error) { return days, nil },
		Paper: func(ctx context.Context, p handlers.Paper, at time.Time) ([]string, error) {
			list, err := x.book.List(ctx, "2022")
			return []string{"《计划》推进情况" + string(p), fmt.Sprintf("截至%s，台账%d条。", calendar.Of(at).Chinese(), len(list)), "领导小组办公室"}, err
		},
		Pause: func(_ context.Context, p handlers.Silence) error { x.pauses = append(x.pauses, p); return nil },
	})
	from, _ := calendar.Parse("2022-06-09")
	to, _ := calendar.Parse("2022-12-31")
	duties := ledger.Duties(x.snap.Plan, from, to)
	for _, b := range ledger.Named(duties) {
		mine := slices.DeleteFunc(slices.Clone(duties), func(d ledger.Duty) bool { return d.Bureau != b })
		err := s.Update(t.Context(), ledger.Scope(b), func(tx store.Tx) error {
			_, err := ledger.Sync(tx, "2022", mine, ledger.Former{})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return x
}

// says is one message of a person; the session is his.
func (x *hall) says(t *testing.T, id, person, text string, at time.Time, session []byte) (bot.Rendered, []byte) {
	t.Helper()
	m := bot.Message{ID: id, Channel: "wecom/app", Conversation: person, Person: person, User: bot.Staff, Text: text, At: at}
	if p, ok := x.people.Who(m.Channel, person, at); ok {
		m.Bureau = p.Bureau
		for _, r := range p.Roles {
			m.Roles = append(m.Roles, bot.Role(r))
		}
	} else if person == "居民" {
		m.User = bot.Resident
	}
	r, next, err := x.h.Handle(t.Context(), m, session)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	out, err := bot.Render(r, handlers.FactsFor(x.snap, m))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return out, next
}

// TestDutyTalks plays testdata/duties/*.talk. `@ day` winds the clock, `= 小人 > …`
// is what a person says; the answer and its buttons stand below it.
func TestDutyTalks(t *testing.T) {
	files, err := filepath.Glob("testdata/duties/*.talk")
	if err != nil || len(files) == 0 {
		t.Fatalf("no talks: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".talk"), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := newHall(t).play(t, string(data))
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got != string(data) {
				t.Errorf("%s differs; run with -update and read the diff\n%s", file, firstDifference(string(data), got))
			}
		})
	}
}

func (x *hall) play(t *testing.T, talk string) string {
	t.Helper()
	var out strings.Builder
	sessions := map[string][]byte{}
	at := time.Time{}
	n := 0
	for line := range strings.Lines(talk) {
		line = strings.TrimRight(line, "\n")
		person, text, ok := strings.Cut(line, " > ")
		switch {
		case strings.HasPrefix(line, "@ "):
			day, minutes := "", 0
			fmt.Sscan(line[2:], &day, &minutes)
			if d, err := time.ParseInLocation(time.DateOnly, day, handlers.Zone); err == nil {
				at = d.Add(10*time.Hour + time.Duration(minutes)*time.Minute)
			} else {
				t.Fatalf("bad line %q", line)
			}
		case ok:
			at = at.Add(time.Minute)
			n++
			r, next := x.says(t, fmt.Sprintf("m%d", n), person, text, at, sessions[person])
			sessions[person] = next
			fmt.Fprintf(&out, "%s\n= %s\n", line, r.Status)
			for l := range strings.Lines(r.Text) {
				out.WriteString("< " + strings.TrimRight(l, "\n") + "\n")
			}
			for _, a := range r.Actions {
				out.WriteString("[ " + a.Text + ": " + a.Say + "\n")
			}
			continue
		case strings.HasPrefix(line, "< "), strings.HasPrefix(line, "= "), strings.HasPrefix(line, "[ "):
			continue
		}
		out.WriteString(line + "\n")
	}
	return out.String()
}

// TestTheSameMessageHasTheSameOutcome: a replay after a crash neither acts twice nor
// answers otherwise.
func TestTheSameMessageHasTheSameOutcome(t *testing.T) {
	x := newHall(t)
	at := time.Date(2022, 9, 15, 10, 0, 0, 0, handlers.Zone)
	for i, line := range []string{"小财 签收 12", "小人 进展 6 年初至今300人", "小人 申请办结 38 已挂牌", "小人 撤销", "老办 转办 16 区招商投资促进服务中心 给区财政局 划转", "老办 撤销", "小人 转办 23 给区财政局",
		"老办 同意 23", "老办 转办 23 给区财政局 划转", "老办 分解 40 给区教育局500万元 分解表", "老办 撤销", "小人 分办 6 给老人", "老办 转办 7 区生态移民局 给区教育局 划转"} {
		person, text, _ := strings.Cut(line, " ")
		id := fmt.Sprint("x", i)
		first, _ := x.says(t, id, person, text, at, nil)
		again, _ := x.says(t, id, person, text, at.Add(time.Second), nil)
		if first.Text != again.Text || first.Status != again.Status || !slices.Equal(first.Actions, again.Actions) {
			t.Errorf("%s\nfirst %s\nagain %s", text, first.Text, again.Text)
		}
		at = at.Add(time.Minute)
	}
	list, err := x.book.Of(t.Context(), "2022", "区人力资源社会保障局")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		if e.No == "6" && len(e.Reports) != 1 {
			t.Errorf("%d reports of one message", len(e.Reports))
		}
		if e.No == "6" && e.Handler != "老人" {
			t.Errorf("第6项 is with %q", e.Handler)
		}
		if e.No == "38" && e.State == ledger.Closing {
			t.Error("what was taken back is still asked for")
		}
	}
}

// TestDraftsStayOutOfGroups: the office's drafts are shown to it alone.
func TestDraftsStayOutOfGroups(t *testing.T) {
	x := newHall(t)
	m := bot.Message{ID: "p1", Channel: "wecom/app", Conversation: "group/x/老办", Group: true, Person: "老办", Bureau: "区发展改革局", Roles: []bot.Role{bot.Office}, User: bot.Staff, Text: "通报", At: time.Date(2022, 9, 15, 10, 0, 0, 0, handlers.Zone)}
	for _, group := range []bool{true, false} {
		m.Group = group
		r, _, err := x.h.Handle(t.Context(), m, nil)
		if err != nil || (r.Status == bot.Declined) != group {
			t.Errorf("in a group %v: %s %v", group, r.Status, err)
		}
	}
}

// TestGivenOnce: what the office gave stands in the ledger once, and not at all where
// it was taken back.
func TestGivenOnce(t *testing.T) {
	x := newHall(t)
	at := time.Date(2022, 9, 15, 10, 0, 0, 0, handlers.Zone)
	for i, text := range []string{"分解 40 给区教育局500万元、区税务局300万 分解表", "撤销", "分解 40 给区教育局500万元、区税务局300万 分解表", "转办 16 区招商投资促进服务中心 给区税务局 划转"} {
		for range 2 {
			if out, _ := x.says(t, fmt.Sprint("g", i), "老办", text, at, nil); out.Status != bot.Done {
				t.Fatalf("%s: %s", text, out.Text)
			}
		}
		at = at.Add(time.Minute)
	}
	list, err := x.book.List(t.Context(), "2022")
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]int{}
	for _, e := range list {
		if e.ByHand {
			got[fmt.Sprint(e.No, " ", e.Bureau, " ", e.Target, " ", string(e.State))]++
		}
	}
	want := map[string]int{"40 区教育局 500万元 waiting": 1, "40 区教育局 500万元 dropped": 1, "40 区税务局 300万元 waiting": 1, "40 区税务局 300万元 dropped": 1, "16 区税务局 10个以上 waiting": 1}
	if !maps.Equal(got, want) {
		t.Errorf("given %v, want %v", got, want)
	}
}

// TestStaffQuestionsAreNoCommands: words of commands in questions are left to the
// answers.
func TestStaffQuestionsAreNoCommands(t *testing.T) {
	x := newHall(t)
	at := time.Date(2022, 9, 15, 10, 0, 0, 0, handlers.Zone)
	for _, text := range []string{"哪些任务要在12月底前完成", "残疾人补贴的办结时限一般是多久", "创业补贴退回来的钱怎么办", "公益性岗位的进度怎么样", "低保和残疾补贴能不能同时拿"} {
		out, _ := x.says(t, "q"+text, "小人", text, at, nil)
		if out.Status == bot.Done || out.Status == bot.Declined || strings.Contains(out.Text, "请写明是第几项") {
			t.Errorf("%s: %s %s", text, out.Status, out.Text)
		}
	}
	for _, text := range []string{"签收 12", "同意", "退回", "申请办结 30 已经办了", "分办 30 给王小二", "转办 30 给区财政局 划转", "分解 40 给区财政局 依据", "通报"} {
		out, _ := x.says(t, "r"+text, "居民", text, at, nil)
		if out.Status == bot.Done {
			t.Errorf("a resident orders %s: %s", text, out.Text)
		}
	}
	list, err := x.book.List(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		if e.Rev > 0 {
			t.Errorf("%s of %s changed", e.ID, e.Bureau)
		}
	}
}
