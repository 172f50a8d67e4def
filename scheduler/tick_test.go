package scheduler_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"huiwen/bot"
	"huiwen/knowledge"
	"huiwen/knowledge/calendar"
	"huiwen/knowledge/directory"
	"huiwen/knowledge/finding"
	"huiwen/knowledge/plan"
	"huiwen/knowledge/store"
	"huiwen/scheduler"
	"huiwen/scheduler/ledger"
	"huiwen/seeds"
)

// A platform keeps what it delivered, by receiver.
type platform struct {
	mu  sync.Mutex
	got []letter
	// fate says what becomes of a message, nil for sent.
	fate func(to bot.Address, id string) bot.Outcome
	now  func() time.Time
}

type letter struct {
	to, id, text string
	at           time.Time
}

func (p *platform) Send(_ context.Context, to bot.Address, id string, r bot.Rendered) bot.Outcome {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := bot.Outcome{Sent: true}
	if p.fate != nil {
		out = p.fate(to, id)
	}
	if out.Sent || out.Uncertain && out.Reason == "cut" {
		p.got = append(p.got, letter{to.Channel + "/" + to.Conversation, id, r.Text, p.now()})
	}
	return out
}

// A world is a district with one plan, whose clock a test winds.
type world struct {
	t     testing.TB
	clock time.Time
	store store.Store
	plan  *plan.Plan
	snap  *knowledge.Snapshot
	*platform
	people *directory.Directory
	*scheduler.Service
	book *ledger.Book
}

var seedDirectory = once(func() (*directory.Directory, error) { return directory.Seed(seeds.Files) })

// district gives every bureau of a plan a 联络员 and a 科室负责人, but for the
// office's own people.
func district(t testing.TB, p *plan.Plan) *directory.Directory {
	t.Helper()
	d := &directory.Directory{Bureaus: slices.Clone(seedDirectory().Bureaus)}
	for _, it := range p.Items {
		for _, b := range it.Bureaus {
			if _, ok := d.Bureau(b.Name); !ok {
				d.Bureaus = append(d.Bureaus, directory.Bureau{Name: b.Name, Kind: "政府"})
			}
		}
	}
	for i, b := range d.Bureaus {
		for role, name := range map[directory.Role]string{directory.Liaison: "联", directory.Head: "科"} {
			d.People = append(d.People, directory.Person{Name: name + b.Name, Bureau: b.Name, Roles: []directory.Role{role},
				Accounts: []directory.Account{{Channel: "wecom/app", User: fmt.Sprint(role, i)}, {Channel: "dingtalk", User: fmt.Sprint(role, i)}}})
		}
	}
	d.People = append(d.People, directory.Person{Name: "办", Bureau: d.Bureaus[0].Name, Roles: []directory.Role{directory.Office}, Accounts: []directory.Account{{Channel: "wecom/app", User: "office"}}})
	return d
}

func newWorld(t testing.TB, p *plan.Plan, start string) *world {
	t.Helper()
	w := &world{t: t, plan: p, snap: &knowledge.Snapshot{Plan: p, Version: "v1"}, clock: day(t, start).Time, people: district(t, p)}
	w.platform = &platform{now: func() time.Time { return w.clock }}
	w.store = newMemory(func() time.Time { return w.clock })
	w.Service = w.service(nil)
	w.book = ledger.NewBook(w.store, nil)
	return w
}

// service is one more replica.
func (w *world) service(crash func(string)) *scheduler.Service {
	w.t.Helper()
	s, err := scheduler.New(scheduler.Options{Store: w.store, Snapshot: func() *knowledge.Snapshot { return w.snap }, Calendar: seeded(w.t), Directory: w.people,
		Senders: map[string]bot.Sender{"wecom/app": w.platform, "dingtalk": w.platform, "wecom-robot": w.platform}, Crash: crash})
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatalf("%s: %v", w.clock.Format(time.DateTime), err)
	}
}

// armed arms on the day of the clock and releases.
func (w *world) armed() *world {
	w.t.Helper()
	w.must(w.Arm(w.t.Context(), scheduler.Arming{Day: calendar.Of(w.clock), By: "办", At: w.clock}))
	w.must(w.Release(w.t.Context(), w.clock, "办", nil))
	return w
}

// until winds the clock in steps, ticking at each; at night they are longer.
func (w *world) until(end string, step time.Duration) {
	w.t.Helper()
	w.through(end, step, func() { w.must(w.Tick(w.t.Context(), w.clock)) })
}

// sent lists what the ledger holds as queued or sent: bureau, day and items.
func (w *world) sent() []string {
	w.t.Helper()
	list, err := w.book.Digests(w.t.Context(), time.Unix(0, 0), day(w.t, "2100-01-01").Time)
	w.must(err)
	var out []string
	for _, d := range list {
		if d.Kind != "digest" {
			continue
		}
		var items []string
		for _, i := range d.Items {
			items = append(items, i.Duty+" "+i.Stage)
		}
		slices.Sort(items)
		out = append(out, d.Day.String()+" "+d.Bureau+": "+strings.Join(items, ", "))
	}
	slices.Sort(out)
	return out
}

// TestTheYearAsRehearsed: ticking through the year sends what the rehearsal said.
func TestTheYearAsRehearsed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, seedPlan(t), "2022-06-09").armed()
	w.until("2023-02-01", 2*time.Hour+7*time.Minute)
	x := terms(t, "2022-06-09", "2022-12-31")
	to := day(t, "2023-01-31")
	var want []string
	for _, d := range scheduler.Digests(scheduler.Due(ledger.Duties(w.plan, x.Armed, to), x, x.Armed, to), x, to) {
		var items []string
		for _, n := range d.Notices {
			items = append(items, n.Duty.ID+" "+n.Stage.Name)
		}
		slices.Sort(items)
		want = append(want, calendar.Of(d.At).String()+" "+d.Bureau+": "+strings.Join(items, ", "))
	}
	slices.Sort(want)
	got := w.sent()
	for _, line := range got {
		if !slices.Contains(want, line) {
			t.Errorf("not rehearsed: %s", line)
		}
	}
	for _, line := range want {
		if !slices.Contains(got, line) {
			t.Errorf("not sent: %s", line)
		}
	}
	perDay := map[string]int{}
	for _, l := range w.got {
		if !seeded(t).Works(calendar.Of(l.at)) {
			t.Errorf("%s is written to on %s", l.to, l.at)
		}
		perDay[l.to+calendar.Of(l.at).String()]++
	}
	for k, n := range perDay {
		if n > 3 {
			t.Errorf("%s gets %d notices", k, n)
		}
	}
}

func TestPublishingAndImportingSendNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, seedPlan(t), "2026-11-25")
	w.until("2026-12-02", time.Hour)
	// also when it is armed for the day on which it was issued
	w.must(w.Arm(t.Context(), scheduler.Arming{Plan: "2022", Day: day(t, "2022-06-09"), By: "办", At: w.clock}))
	w.until("2026-12-04", time.Hour)
	if list, err := w.Held(t.Context(), w.clock); err != nil || len(list) != 0 {
		t.Errorf("held %d, %v", len(list), err)
	}
	w.must(w.Release(t.Context(), w.clock, "办", nil))
	w.until("2027-01-10", 2*time.Hour)
	if len(w.got) > 0 || len(w.sent()) > 0 {
		t.Errorf("the plan of a year long over sends %v", w.sent())
	}
}

func TestNothingBeforeTheRelease(t *testing.T) {
	t.Parallel()
	w := newWorld(t, seedPlan(t), "2022-06-09")
	w.must(w.Arm(t.Context(), scheduler.Arming{Day: calendar.Of(w.clock), By: "办", At: w.clock}))
	w.until("2022-06-13", time.Hour)
	if len(w.got) > 0 {
		t.Fatalf("%d notices before the release", len(w.got))
	}
	held, err := w.Held(t.Context(), w.clock)
	w.must(err)
	if len(held) != 34 {
		t.Errorf("%d digests are held, want one of each bureau", len(held))
	}
	w.must(w.Release(t.Context(), w.clock, "办", func(n scheduler.Notice) bool { return n.Duty.No == "40" }))
	w.until("2022-06-20", time.Hour)
	for _, line := range w.sent() {
		if !strings.HasSuffix(line, ": 40/1 assign, 40/2 assign") {
			t.Errorf("sent though not picked: %s", line)
		}
	}
	if len(w.sent()) != 2 {
		t.Errorf("sent %v", w.sent())
	}
}

func TestDownForAWhile(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		down time.Duration
		kind string
	}{{"overnight", 23 * time.Hour, ""}, {"for days", 50 * time.Hour, "behind"}, {"the clock runs back", -48 * time.Hour, "clock"}} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, seedPlan(t), "2022-11-28").armed()
			w.until("2022-12-08", time.Hour)
			w.clock = day(t, "2022-12-08").Add(16 * time.Hour)
			w.must(w.Tick(t.Context(), w.clock))
			before := len(w.sent())
			w.clock = w.clock.Add(c.down)
			w.must(w.Tick(t.Context(), w.clock))
			w.clock = w.clock.Add(time.Minute)
			w.must(w.Tick(t.Context(), w.clock))
			st, err := w.Status(t.Context(), w.clock)
			w.must(err)
			if (st.Hold == nil) != (c.kind == "") || st.Hold != nil && st.Hold.Kind != c.kind {
				t.Fatalf("hold %+v, want %q", st.Hold, c.kind)
			}
			if c.kind == "" && len(w.sent()) == before {
				t.Error("after a night down the morning's notices are not made up for")
			}
			if c.kind != "" && len(w.sent()) != before {
				t.Error("sent without the office's eye")
			}
		})
	}
}

func TestPausesHoldBackAndThenTell(t *testing.T) {
	t.Parallel()
	w := newWorld(t, seedPlan(t), "2022-11-28").armed()
	w.until("2022-12-01", time.Hour)
	w.must(w.store.Update(t.Context(), "sys", func(tx store.Tx) error {
		return scheduler.PutPause(tx, scheduler.Pause{ID: "p1", Bureau: "区残联", By: "办", Why: "机构调整", Until: day(t, "2022-12-28"), At: w.clock})
	}))
	w.until("2022-12-29", time.Hour)
	for _, line := range w.sent() {
		if strings.Contains(line, "区残联") && line > "2022-12-01" {
			t.Errorf("told while paused: %s", line)
		}
	}
	w.until("2022-12-31", time.Hour)
	if last := w.sent(); !slices.ContainsFunc(last, func(l string) bool { return strings.HasPrefix(l, "2022-12-29 区残联: ") }) {
		t.Error("what fell due during the pause is not told after it")
	}
}

// TestCheckedAgainBeforeSending: closed between queueing and sending is not sent.
func TestCheckedAgainBeforeSending(t *testing.T) {
	w := newWorld(t, seedPlan(t), "2022-06-09").armed()
	office := ledger.Actor{Person: "办", Bureau: "区发展改革局", Roles: []bot.Role{bot.Office}}
	out, err := w.book.Do(t.Context(), ledger.Order{ID: "1", At: w.clock, By: office, Verb: ledger.Close, Plan: "2022", Bureau: "区残联", Duties: []string{"25/0", "46/0"}, Text: "已办"})
	if err != nil || out.Refused != "" {
		t.Fatal(err, out.Refused)
	}
	w.until("2022-06-11", time.Hour)
	for _, l := range w.got {
		if strings.HasPrefix(l.text, "区残联") {
			t.Errorf("sent though closed: %s", l.text)
		}
	}
}

// TestAnotherWayWhenOneFails: the next channel of the directory's order, then the
// office.
func TestAnotherWayWhenOneFails(t *testing.T) {
	w := newWorld(t, seedPlan(t), "2022-06-09")
	i := slices.IndexFunc(w.people.People, func(p directory.Person) bool { return p.Name == "联区残联" })
	j := slices.IndexFunc(w.people.People, func(p directory.Person) bool { return p.Name == "联区妇联" })
	lost := w.people.People[j].Accounts[0].User
	w.fate = func(to bot.Address, _ string) bot.Outcome {
		switch {
		case to.Channel == "wecom/app" && to.Conversation == w.people.People[i].Accounts[0].User, to.Conversation == lost:
			return bot.Outcome{Final: true, Reason: "invaliduser"}
		}
		return bot.Outcome{Sent: true}
	}
	w.armed().until("2022-06-10", 7*time.Minute)
	var ways []string
	office := ""
	for _, l := range w.got {
		if strings.HasPrefix(l.text, "区残联") {
			ways = append(ways, l.to)
		}
		if l.to == "wecom/app/office" {
			office += l.text
		}
	}
	if len(ways) != 1 || !strings.HasPrefix(ways[0], "dingtalk/") {
		t.Errorf("区残联 is reached by %v, want the other channel", ways)
	}
	for _, want := range []string{"区妇联", "没有送达", "区纪委区监委"} {
		if !strings.Contains(office, want) {
			t.Errorf("the office does not hear of %s:\n%s", want, office)
		}
	}
}

// TestComeAgainIsNoFailedTry: a platform that asks to come again, or a robot's own
// bound, uses up no try; who asks for hours is left for the next channel.
func TestComeAgainIsNoFailedTry(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		waits    int // answers that ask to come again
		channel  string
		attempts int
		wait     time.Duration
	}{{"ten times a minute", 10, "wecom/app/", 1, time.Minute}, {"for hours", 1000, "dingtalk/", 2, 12 * time.Minute}} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, seedPlan(t), "2022-06-09")
			asked := map[string]int{}
			w.fate = func(to bot.Address, _ string) bot.Outcome {
				if to.Channel != "wecom/app" || to.Conversation == "office" {
					return bot.Outcome{Sent: true}
				}
				if asked[to.Conversation]++; asked[to.Conversation] > c.waits {
					return bot.Outcome{Sent: true}
				}
				return bot.Outcome{Wait: c.wait, Reason: "limit"}
			}
			w.armed()
			for w.clock = w.clock.Add(9 * time.Hour); w.clock.Hour() < 12; w.clock = w.clock.Add(c.wait) {
				w.must(w.Deliver(t.Context(), w.clock))
			}
			list, err := w.book.Digests(t.Context(), time.Unix(0, 0), day(t, "2100-01-01").Time)
			w.must(err)
			seen := 0
			for _, d := range list {
				for _, x := range d.Deliveries {
					if d.Kind != "digest" {
						continue
					}
					seen++
					if x.State != ledger.Sent || x.Attempts != c.attempts || x.Ways[x.At].Channel+"/" != c.channel {
						t.Errorf("%s: %s after %d attempts by %s, want %d by %s", d.Bureau, x.State, x.Attempts, x.Ways[x.At].Channel, c.attempts, c.channel)
					}
				}
			}
			if seen < 30 {
				t.Errorf("%d deliveries", seen)
			}
		})
	}
}

// TestTheOfficeIsTriedAgain: behind the office stands nobody else, so what did not
// reach it comes again day by day, to whom the directory names meanwhile.
func TestTheOfficeIsTriedAgain(t *testing.T) {
	w := newWorld(t, seedPlan(t), "2022-06-09")
	w.fate = func(to bot.Address, _ string) bot.Outcome {
		return bot.Outcome{Sent: to.Conversation != "office", Final: true, Reason: "invaliduser"}
	}
	w.armed().until("2022-06-10", time.Hour)
	list, err := w.Check(t.Context(), w.clock)
	w.must(err)
	if !slices.ContainsFunc(list, func(f finding.Finding) bool { return strings.Contains(f.Text, "没有送达办公室") }) {
		t.Errorf("nobody is told that the office was not reached: %v", list)
	}
	w.people.People[len(w.people.People)-1].Accounts[0].User = "office2"
	w.until("2022-06-14", time.Hour)
	heard := 0
	for _, l := range w.got {
		if l.to == "wecom/app/office2" && strings.Contains(l.text, "区纪委区监委") {
			heard++
		}
	}
	if heard != 1 {
		t.Errorf("the office hears %d times, want once", heard)
	}
}

func TestBadSpecsAreRefusedAtLoad(t *testing.T) {
	for _, spec := range []string{"0 9 31 2 *", "TZ=", "CRON_TZ=Asia/Shanghai", "0 9 * * 7", "x", "0 9 * * * *"} {
		if _, err := scheduler.New(scheduler.Options{Spec: spec}); err == nil {
			t.Errorf("%q is taken", spec)
		}
	}
}

// TestAnExtensionTakenBackBeforeSending: what was dropped before it was sent comes
// again when its reason is gone.
func TestAnExtensionTakenBackBeforeSending(t *testing.T) {
	w := newWorld(t, seedPlan(t), "2022-12-20").armed()
	w.until("2022-12-27", time.Hour)
	office := ledger.Actor{Person: "办", Roles: []bot.Role{bot.Office}}
	order := func(id string, due calendar.Day) {
		t.Helper()
		out, err := w.book.Do(t.Context(), ledger.Order{ID: id, At: w.clock, By: office, Verb: ledger.Move, Plan: "2022", Bureau: "区统计局", Duties: []string{"B2/1@2022"}, Text: "x", Due: due})
		if err != nil || out.Refused != "" {
			t.Fatal(err, out.Refused)
		}
	}
	// the morning's digest is queued, the platform is out of order, and the day is
	// moved before the digest was ever looked at for sending
	w.clock = w.clock.Add(9*time.Hour + 24*time.Minute)
	dead := w.service(func(point string) {
		if point == "enqueued" {
			panic("dies")
		}
	})
	func() {
		defer func() { recover() }()
		dead.Tick(t.Context(), w.clock)
	}()
	order("move", day(t, "2023-01-31"))
	w.clock = w.clock.Add(5 * time.Minute)
	w.must(w.Tick(t.Context(), w.clock))
	about := func() int {
		n := 0
		for _, l := range w.got {
			if strings.HasPrefix(l.text, "区统计局") && strings.Contains(l.text, "三个工作日") {
				n++
			}
		}
		return n
	}
	if about() != 0 {
		t.Fatal("sent though its day was moved")
	}
	order("back", day(t, "2022-12-31"))
	w.until("2022-12-30", time.Hour)
	if about() != 1 {
		t.Errorf("told %d times after the extension was taken back, want once", about())
	}
}

// TestAUrgingGoesOut: what a person of the office sends reaches the bureau once, and
// a leader never twice on a guess.
func TestAUrgingGoesOut(t *testing.T) {
	w := newWorld(t, seedPlan(t), "2023-01-02")
	w.people.People = append(w.people.People, directory.Person{Name: "领", Bureau: "区财政局", Roles: []directory.Role{directory.Leader}, Accounts: []directory.Account{{Channel: "wecom/app", User: "leader"}}})
	err := w.store.Update(t.Context(), ledger.Scope("区财政局"), func(tx store.Tx) error {
		return ledger.Add(tx, ledger.Entry{Duty: ledger.Duty{ID: "22/1", No: "22", Label: "第22项", Bureau: "区财政局"}, Plan: "2022", State: ledger.Doing})
	})
	w.must(err)
	w.fate = func(to bot.Address, _ string) bot.Outcome {
		if to.Conversation == "leader" {
			return bot.Outcome{Uncertain: true, Reason: "cut"}
		}
		return bot.Outcome{Sent: true}
	}
	office := ledger.Actor{Person: "办", Roles: []bot.Role{bot.Office}}
	for i, leader := range []bool{false, true, true} {
		o := ledger.Order{ID: fmt.Sprint("u", min(i, 1)), At: w.clock, By: office, Plan: "2022", Bureau: "区财政局", Duties: []string{"22/1"}}
		_, err := w.book.Urge(t.Context(), o, "请抓紧", leader)
		w.must(err)
	}
	w.until("2023-01-06", time.Hour)
	count := map[string]int{}
	for _, l := range w.got {
		count[l.to]++
	}
	if len(w.got) != 3 || count["wecom/app/leader"] != 1 {
		t.Errorf("urging reached %v", count)
	}
}

// TestNextYearsPlan: duties of matched measures go on from those of the year before,
// with new figures.
func TestNextYearsPlan(t *testing.T) {
	t.Parallel()
	w := newWorld(t, seedPlan(t), "2022-06-09").armed()
	w.until("2022-06-11", time.Hour)
	next := *w.plan
	next.Valid, next.Issued = plan.Span{From: "2023-01-01", To: "2023-12-31"}, "2023-03-01"
	next.Items = slices.Clone(w.plan.Items)
	for i := range next.Items {
		next.Items[i].Deadlines = slices.Clone(next.Items[i].Deadlines)
		for j, d := range next.Items[i].Deadlines {
			if d.Due != nil {
				due := "2023-12-31"
				next.Items[i].Deadlines[j].Due = &due
			}
		}
		if next.Items[i].No == "40" {
			next.Items[i].No = "38"
		} else if next.Items[i].No == "38" {
			next.Items[i].No = "40"
		}
	}
	w.snap = &knowledge.Snapshot{Plan: &next, Version: "next"}
	w.clock = day(t, "2023-03-01").Time
	w.must(w.Tick(t.Context(), w.clock)) // the armed plan is not published any more: nothing happens
	w.must(w.Arm(t.Context(), scheduler.Arming{Day: calendar.Of(w.clock), By: "办", At: w.clock, FormerPlan: "2022", Former: map[string]string{"38": "40", "40": "38", "30": "30"}}))
	before := len(w.got)
	w.until("2023-03-03", time.Hour)
	if len(w.got) != before {
		t.Error("a new plan year sends before its release")
	}
	w.must(w.Release(t.Context(), w.clock, "办", nil))
	w.until("2023-03-04", time.Hour)
	list, err := w.book.Of(t.Context(), "2023", "区人力资源社会保障局")
	w.must(err)
	i := slices.IndexFunc(list, func(e ledger.Entry) bool { return e.ID == "38/1" })
	if i < 0 || list[i].Former != "2022/40/1" || len(list[i].Reports) != 0 {
		t.Errorf("the new duty is %+v", list[max(i, 0)])
	}
}

// TestWhatTheOfficeGivesIsTold: a duty handed over or split in the middle of the year
// is assigned to whom it was given, and reminded of like others.
func TestWhatTheOfficeGivesIsTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t, seedPlan(t), "2022-09-13").armed()
	w.until("2022-09-15", 2*time.Hour)
	w.clock = w.clock.Add(15 * time.Hour)
	w.people.Bureaus = append(w.people.Bureaus, directory.Bureau{Name: "甲镇", Kind: "乡镇"})
	w.people.People = append(w.people.People, directory.Person{Name: "镇", Bureau: "甲镇", Roles: []directory.Role{directory.Liaison}, Accounts: []directory.Account{{Channel: "wecom/app", User: "town"}}})
	office := ledger.Actor{Person: "办", Roles: []bot.Role{bot.Office}}
	for i, v := range []ledger.Verb{ledger.SplitDuty, ledger.Handover} {
		out, err := w.book.Give(t.Context(), ledger.Order{ID: fmt.Sprint("g", i), At: w.clock, By: office, Verb: v, Plan: "2022", Bureau: "区住房城乡建设局", Duties: []string{"6/1"}, Text: "分解表"},
			[]ledger.Share{{Bureau: []string{"甲镇", "区教育局"}[i]}})
		if err != nil || out.Refused != "" {
			t.Fatal(err, out.Refused)
		}
	}
	w.until("2023-01-05", 2*time.Hour)
	var town, gone []string
	for _, line := range w.sent() {
		if strings.Contains(line, " 甲镇: ") {
			town = append(town, line[:10]+line[strings.LastIndex(line, " "):])
		}
		if strings.Contains(line, "区住房城乡建设局") && strings.Contains(line, "6/1") && line > "2022-09-17" {
			gone = append(gone, line)
		}
	}
	want := []string{"2022-09-15 assign", "2022-09-23 monthly", "2022-10-25 monthly", "2022-11-25 monthly", "2022-12-09 before-15", "2022-12-27 before-3", "2023-01-03 overdue-1"}
	if !slices.Equal(town, want) {
		t.Errorf("the town is told %v, want %v", town, want)
	}
	if len(gone) > 0 {
		t.Errorf("who gave the duty up is told %v", gone)
	}
}

// TestATrialGoesToTheOfficeAlone: and what it told counts for nothing afterwards.
func TestATrialGoesToTheOfficeAlone(t *testing.T) {
	w := newWorld(t, seedPlan(t), "2022-06-09")
	w.must(w.Arm(t.Context(), scheduler.Arming{Day: calendar.Of(w.clock), By: "办", At: w.clock, Trial: true}))
	w.must(w.Release(t.Context(), w.clock, "办", nil))
	w.until("2022-06-13", time.Hour)
	for _, l := range w.got {
		if l.to != "wecom/app/office" {
			t.Fatalf("%s hears of a trial", l.to)
		}
	}
	if len(w.got) == 0 {
		t.Fatal("the office hears nothing")
	}
	before := len(w.got)
	w.armed().until("2022-06-15", time.Hour)
	if len(w.got)-before < 30 {
		t.Errorf("%d notices after the trial", len(w.got)-before)
	}
}

// TestTheOfficeHearsWhatWaitsForIt: once a working day while something waits.
func TestTheOfficeHearsWhatWaitsForIt(t *testing.T) {
	w := newWorld(t, seedPlan(t), "2022-10-11").armed()
	w.until("2022-10-12", time.Hour)
	liaison := ledger.Actor{Person: "张", Bureau: "区残联", Roles: []bot.Role{bot.Liaison}}
	out, err := w.book.Do(t.Context(), ledger.Order{ID: "a", At: w.clock, By: liaison, Verb: ledger.ApplyEnd, Plan: "2022", Bureau: "区残联", Duties: []string{"46/0"}, Text: "已发完"})
	if err != nil || out.Refused != "" {
		t.Fatal(err, out.Refused)
	}
	w.until("2022-10-14", 25*time.Minute)
	heard := 0
	for _, l := range w.got {
		if l.to == "wecom/app/office" && strings.Contains(l.text, "第46项 区残联 申请办结：已发完") {
			heard++
		}
	}
	if heard != 2 {
		t.Errorf("the office hears %d times in two days, want 2", heard)
	}
}
