package scheduler_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"huiwen/bot"
	"huiwen/knowledge"
	"huiwen/knowledge/calendar"
	"huiwen/knowledge/directory"
	"huiwen/knowledge/plan"
	"huiwen/knowledge/store"
	"huiwen/knowledge/store/storetest"
	"huiwen/scheduler"
	"huiwen/scheduler/ledger"
)

// TestRounds plays months of a small district with everything that goes wrong:
// replicas that die or stand still at any point, failing platforms, clocks apart,
// pauses, and a plan that changes. Every notice must be in the ledger once, none
// lost, and sent again only where an answer was lost.
//
// HUIWEN_ROUNDS is how many rounds, HUIWEN_SEED the first seed, HUIWEN_STORE where:
// memory, file or redis.
func TestRounds(t *testing.T) {
	t.Parallel()
	rounds, seed := 4, uint64(1)
	if n, err := strconv.Atoi(os.Getenv("HUIWEN_ROUNDS")); err == nil {
		rounds, seed = n, uint64(time.Now().UnixNano()%1e9)
	}
	if n, err := strconv.ParseUint(os.Getenv("HUIWEN_SEED"), 10, 64); err == nil {
		seed = n
	}
	open := map[string]opened{"": inMemory, "memory": inMemory, "file": onFile}[os.Getenv("HUIWEN_STORE")]
	if open == nil {
		open = onRedis(storetest.RedisServer(t))
	}
	t.Logf("seed %d, %d rounds", seed, rounds)
	total := tally{}
	for i := range uint64(rounds) {
		r := newRound(t, seed+i, open)
		r.play("2023-01-20", "2023-02-10")
		r.check()
		total.add(r.tally)
		if t.Failed() {
			t.Fatalf("seed %d", seed+i)
		}
		if (i+1)%10 == 0 {
			t.Logf("%d rounds: %+v", i+1, total)
		}
	}
	t.Logf("%+v", total)
	if total.Crashes == 0 || total.Stopped == 0 || total.Unsure == 0 || total.Repeats == 0 || total.Holds == 0 || total.Changes == 0 {
		t.Errorf("not everything went wrong: %+v", total)
	}
}

type tally struct{ Ticks, Crashes, Stopped, Unsure, Repeats, Holds, Changes, Notices, Sent int }

func (a *tally) add(b tally) {
	a.Ticks, a.Crashes, a.Stopped, a.Unsure, a.Repeats = a.Ticks+b.Ticks, a.Crashes+b.Crashes, a.Stopped+b.Stopped, a.Unsure+b.Unsure, a.Repeats+b.Repeats
	a.Holds, a.Changes, a.Notices, a.Sent = a.Holds+b.Holds, a.Changes+b.Changes, a.Notices+b.Notices, a.Sent+b.Sent
}

// A round is one small district.
type soakRound struct {
	*world
	rnd      *rand.Rand
	seed     uint64
	replicas []*scheduler.Service
	skew     []time.Duration
	calm     bool // nothing goes wrong any more
	depth    int
	touched  map[string]bool // measures that were changed
	unpause  []string
	later    []func() // what a change is undone by
	last     calendar.Day
	tally    tally
}

type crash struct{}

const soakItems = 9

func newRound(t *testing.T, seed uint64, open opened) *soakRound {
	rnd := rand.New(rand.NewPCG(seed, 7))
	p := &plan.Plan{Title: "计划", Issued: "2022-09-01", Valid: plan.Span{From: "2022-01-01", To: "2022-12-31"}}
	for i := range soakItems {
		it := plan.Item{No: strconv.Itoa(i + 1)}
		for j := range 1 + rnd.IntN(3) {
			it.Bureaus = append(it.Bureaus, plan.Bureau{Name: fmt.Sprintf("%c局", 'A'+(i+j*2)%6), First: j == 0})
		}
		it.Text = fmt.Sprintf("第%d件事按时完成%d户。另外还要继续做。", i+1, 10*i+10)
		switch rnd.IntN(4) {
		case 0:
		case 1:
			it.Deadlines = []plan.Deadline{{Text: "按时", Kind: "monthly", Hard: true}}
		default:
			due := day(t, "2022-10-20").Plus(rnd.IntN(90)).String()
			it.Deadlines = []plan.Deadline{{Text: "按时", Kind: "once", Hard: true, Due: &due}}
			it.Targets = []plan.Target{{Text: fmt.Sprintf("%d户", 10*i+10), What: "完成", Value: float64(10*i + 10), Unit: "户", Cmp: ">=", Due: due}}
		}
		p.Items = append(p.Items, it)
	}
	r := &soakRound{world: newWorld(t, p, "2022-10-10").on(open), rnd: rnd, seed: seed, touched: map[string]bool{}}
	r.people = r.staff(p)
	r.fate = r.weather
	for range 3 {
		r.replicas = append(r.replicas, r.service(r.trouble))
		r.skew = append(r.skew, time.Duration(rnd.IntN(61)-30)*time.Second)
	}
	return r
}

// staff gives every bureau two people but one, which has nobody.
func (r *soakRound) staff(p *plan.Plan) *directory.Directory {
	d := &directory.Directory{Bureaus: []directory.Bureau{{Name: "新局", Kind: "政府"}}}
	for i := range 6 {
		name := fmt.Sprintf("%c局", 'A'+i)
		d.Bureaus = append(d.Bureaus, directory.Bureau{Name: name, Kind: "政府"})
		if i == 5 {
			continue
		}
		for _, role := range []directory.Role{directory.Liaison, directory.Head} {
			id := string(role) + name
			d.People = append(d.People, directory.Person{Name: id, Bureau: name, Roles: []directory.Role{role}, Accounts: []directory.Account{{Channel: "wecom/app", User: id}, {Channel: "dingtalk", User: id}}})
		}
	}
	d.People = append(d.People, directory.Person{Name: "新", Bureau: "新局", Roles: []directory.Role{directory.Liaison}, Accounts: []directory.Account{{Channel: "wecom/app", User: "new"}}},
		directory.Person{Name: "办", Bureau: "A局", Roles: []directory.Role{directory.Office}, Accounts: []directory.Account{{Channel: "wecom/app", User: "office"}}})
	return d
}

// weather is what becomes of a message.
func (r *soakRound) weather(bot.Address, string) bot.Outcome {
	if r.calm {
		return bot.Outcome{Sent: true}
	}
	switch n := r.rnd.IntN(100); {
	case n < 6:
		return bot.Outcome{Reason: "busy"}
	case n < 9:
		r.tally.Unsure++
		return bot.Outcome{Uncertain: true, Reason: "cut"} // it arrived
	case n < 12:
		r.tally.Unsure++
		return bot.Outcome{Uncertain: true, Reason: "lost"}
	case n < 15:
		return bot.Outcome{Wait: time.Duration(1+r.rnd.IntN(300)) * time.Second, Reason: "limit"}
	case n < 16:
		return bot.Outcome{Final: true, Reason: "invaliduser"}
	}
	return bot.Outcome{Sent: true}
}

// trouble kills a replica at a point, or lets it stand still past every lease while
// another works.
func (r *soakRound) trouble(string) {
	if r.calm {
		return
	}
	switch n := r.rnd.IntN(400); {
	case n < 6:
		r.tally.Crashes++
		panic(crash{})
	case n < 10 && r.depth == 0:
		r.tally.Stopped++
		r.depth++
		r.clock = r.clock.Add(time.Duration(1+r.rnd.IntN(240)) * time.Second)
		r.tick(r.rnd.IntN(len(r.replicas)))
		r.depth--
	}
}

func (r *soakRound) tick(i int) {
	defer func() {
		if p := recover(); p != nil {
			if _, ok := p.(crash); !ok {
				panic(p)
			}
		}
	}()
	r.tally.Ticks++
	r.must(r.replicas[i].Tick(r.t.Context(), r.clock.Add(r.skew[i])))
}

// play runs months of trouble and then of calm, in which what is left comes out.
func (r *soakRound) play(trouble, calm string) {
	r.world.armed()
	r.run(trouble, true)
	r.calm = true
	for _, undo := range r.later {
		undo()
	}
	for _, id := range r.unpause {
		r.must(r.store.Update(r.t.Context(), "sys", func(tx store.Tx) error { return scheduler.EndPause(tx, id, "办") }))
	}
	r.last = day(r.t, calm)
	r.run(calm, false)
}

// run winds the clock, mostly over the hours in which something happens.
func (r *soakRound) run(until string, change bool) {
	for end := day(r.t, until); r.clock.Before(end.Time); {
		for range 1 + r.rnd.IntN(3) {
			r.tick(r.rnd.IntN(len(r.replicas)))
		}
		if st, err := r.Status(r.t.Context(), r.clock); err == nil && st.Hold != nil && (r.calm || r.rnd.IntN(3) == 0) {
			r.tally.Holds++
			func() {
				defer func() {
					if p := recover(); p != nil && p != any(crash{}) {
						panic(p)
					}
				}()
				r.must(r.replicas[0].Release(r.t.Context(), r.clock, "办", nil))
			}()
		}
		if change && r.rnd.IntN(60) == 0 {
			r.tally.Changes++
			r.change()
		}
		if len(r.later) > 0 && r.rnd.IntN(80) == 0 {
			r.later[0]()
			r.later = r.later[1:]
		}
		step := time.Duration(5+r.rnd.IntN(55)) * time.Minute
		if h := r.clock.Hour(); h >= 18 || h < 8 {
			step = time.Duration(4+r.rnd.IntN(5)) * time.Hour
		}
		if r.rnd.IntN(150) == 0 && !r.calm {
			step = time.Duration(10+r.rnd.IntN(40)) * time.Hour // down
		}
		r.clock = r.clock.Add(step)
	}
}

// publish swaps the snapshot for one with an item changed.
func (r *soakRound) publish(no string, edit func(*plan.Item)) {
	next := *r.plan
	next.Items = slices.Clone(r.plan.Items)
	for i := range next.Items {
		if next.Items[i].No == no {
			edit(&next.Items[i])
		}
	}
	r.plan = &next
	r.snap = &knowledge.Snapshot{Plan: r.plan, Version: "v" + strconv.Itoa(r.tally.Changes)}
}

// change does one of the things that people do to plans and ledgers.
func (r *soakRound) change() {
	no := strconv.Itoa(1 + r.rnd.IntN(soakItems))
	it, _ := r.plan.Item(no)
	was := *it
	back := func() { r.publish(no, func(x *plan.Item) { *x = was }) }
	office := ledger.Actor{Person: "办", Roles: []bot.Role{bot.Office}}
	switch r.rnd.IntN(6) {
	case 0: // the date moves and comes back
		if len(was.Deadlines) == 0 || was.Deadlines[0].Due == nil || r.touched[no] {
			return
		}
		r.touched[no] = true
		due := day(r.t, *was.Deadlines[0].Due).Plus(r.rnd.IntN(40) - 20).String()
		r.publish(no, func(x *plan.Item) {
			x.Deadlines = slices.Clone(x.Deadlines)
			x.Deadlines[0].Due = &due
		})
		r.later = append(r.later, back)
	case 1: // a misprint is corrected: neither told again nor lost
		r.publish(no, func(x *plan.Item) {
			x.Text = strings.Replace(x.Text, "完成", "做完", 1)
			x.Targets = slices.Clone(x.Targets)
			for i := range x.Targets {
				x.Targets[i].What = "做完"
			}
		})
	case 2: // a bureau is renamed in the directory
		b := &r.people.Bureaus[1+r.rnd.IntN(5)]
		if b.Successor == nil && b.Name != "A局" {
			b.Successor = &directory.Successor{Name: "新局", From: calendar.Of(r.clock).String(), Basis: "文件"}
		}
	case 3: // an extension is granted and taken back
		bureau := was.Bureaus[0].Name
		list, err := r.book.Of(r.t.Context(), "2022", bureau)
		r.must(err)
		for _, e := range list {
			if e.No != no || !e.HasDue() || e.Recurs() {
				continue
			}
			id := fmt.Sprintf("o%d", r.tally.Changes)
			o := ledger.Order{ID: id, At: r.clock, By: office, Verb: ledger.Move, Plan: "2022", Bureau: bureau, Duties: []string{e.ID}, Text: "延期", Due: e.Due.Plus(10)}
			_, err := r.book.Do(r.t.Context(), o)
			r.must(err)
			r.touched[no] = true
			if r.rnd.IntN(2) == 0 {
				_, err = r.book.Undo(r.t.Context(), bureau, ledger.Order{ID: id + "u", At: r.clock, By: office})
				r.must(err)
			}
		}
	case 4: // a pause
		id := fmt.Sprintf("p%d", r.tally.Changes)
		r.must(r.store.Update(r.t.Context(), "sys", func(tx store.Tx) error {
			return scheduler.PutPause(tx, scheduler.Pause{ID: id, Bureau: was.Bureaus[0].Name, By: "办", Why: "x", Until: calendar.Of(r.clock).Plus(r.rnd.IntN(30)), At: r.clock})
		}))
		r.unpause = append(r.unpause, id)
	case 5: // an item comes in before the others of a measure
		if r.touched[no] || len(was.Deadlines) == 0 {
			return
		}
		due := day(r.t, "2022-12-20").String()
		r.publish(no, func(x *plan.Item) {
			x.Text = "先报方案。" + x.Text
			x.Deadlines = append([]plan.Deadline{{Text: "先报", Kind: "once", Hard: true, Due: &due}}, x.Deadlines...)
		})
		r.touched[no] = true
		r.later = append(r.later, back)
	}
}

// check holds the ledger and the platform's record against what must be.
func (r *soakRound) check() {
	t := r.t
	digests, err := r.book.Digests(t.Context(), time.Unix(0, 0), day(t, "2100-01-01").Time)
	r.must(err)
	texts, got := map[string]string{}, map[string]int{}
	days := map[string]int{}
	for _, l := range r.got {
		if was, ok := texts[l.id]; ok && was != l.text {
			t.Errorf("%s changed its text after it was sent", l.id)
		}
		texts[l.id] = l.text
		got[l.id+" "+l.to[strings.LastIndex(l.to, "/"):]]++
		day := calendar.Of(l.at)
		if !seeded(t).Works(day) {
			t.Errorf("%s is written to on %s", l.to, l.at)
		}
		days[l.to[strings.LastIndex(l.to, "/"):]+day.String()]++
	}
	for k, n := range days {
		if n > 3 {
			t.Errorf("%s gets %d messages", k, n)
		}
	}
	sections := map[string]bool{}
	owner := map[string]string{}
	slots := map[string]string{}
	for _, d := range digests {
		if d.Ended.IsZero() {
			t.Errorf("%s of %s on %s is not at its end: %+v", d.ID, d.Bureau, d.Day, d.Deliveries)
		}
		r.tally.Sent += len(d.Deliveries)
		for _, x := range d.Deliveries {
			n := got[d.ID+" /"+x.Ways[0].To]
			if n > 1 {
				r.tally.Repeats += n - 1
			}
			if n > 1+x.Unsure {
				t.Errorf("%s reaches %s %d times, %d uncertain", d.ID, x.Name, n, x.Unsure)
			}
			if (x.State == ledger.Sent || x.State == ledger.Arrived) && n == 0 {
				t.Errorf("%s is said to be sent to %s", d.ID, x.Name)
			}
		}
		for _, x := range d.Sections {
			if sections[x.From] {
				t.Errorf("%s comes to the office twice", x.From)
			}
			sections[x.From] = true
		}
		if d.Kind != "digest" {
			continue
		}
		if d.Frozen != nil {
			key := d.Bureau + d.Day.String()
			if slots[key] != "" {
				t.Errorf("two digests of %s: %s and %s", key, slots[key], d.ID)
			}
			slots[key] = d.ID
		}
		for _, i := range d.Items {
			r.tally.Notices++
			if other, ok := owner[i.Key]; ok {
				t.Errorf("%s is in %s and %s", i.Key, other, d.ID)
			}
			owner[i.Key] = d.ID
		}
		if d.Office && !strings.Contains(r.officeGot(), d.Bureau) {
			t.Errorf("%s of %s reached nobody", d.ID, d.Bureau)
		}
	}
	r.complete(owner)
}

func (r *soakRound) officeGot() string {
	var b strings.Builder
	for _, l := range r.got {
		if strings.HasSuffix(l.to, "/office") {
			b.WriteString(l.text)
		}
	}
	return b.String()
}

// complete checks that nothing is lost: what falls due for a duty that nobody
// touched was dealt with.
func (r *soakRound) complete(owner map[string]string) {
	t := r.t
	armed, last := day(t, "2022-10-10"), r.last.Plus(-10)
	x := scheduler.Terms{Calendar: seeded(t), Stages: scheduler.Defaults, Armed: armed, Last: day(t, "2022-12-31")}
	for _, n := range scheduler.Due(ledger.Duties(r.plan, armed, last), x, armed, last) {
		if r.touched[n.Duty.No] {
			continue
		}
		key := n.Key("2022")
		how, err := store.View(t.Context(), r.store, ledger.Scope(n.Duty.Bureau), func(tx store.Tx) (string, error) {
			how, ok, err := ledger.Noticed(tx, key)
			if !ok {
				items, err2 := ledger.WaitingItems(tx)
				if slices.ContainsFunc(items, func(i ledger.Item) bool { return i.Key == key }) {
					return "waits", err2
				}
			}
			return how, err
		})
		r.must(err)
		if how == "" || how == "waits" {
			t.Errorf("%s on %s is lost %s", key, n.On, how)
		}
		if owner[key] == "" && !strings.Contains(how, "更近") {
			t.Errorf("%s on %s: %s", key, n.On, how)
		}
	}
}
