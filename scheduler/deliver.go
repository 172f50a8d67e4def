package scheduler

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"huiwen/bot"
	"huiwen/knowledge/calendar"
	"huiwen/knowledge/directory"
	"huiwen/knowledge/store"
	"huiwen/scheduler/ledger"
)

const (
	sendFor = 15 * time.Second
	// holdFor is how long one sender has a notice: longer than sending takes.
	holdFor = 2*sendFor + 2*time.Second
	// tries is how often one way is tried, with pauses that double from backOff to
	// maxBackOff.
	tries      = 6
	backOff    = time.Minute
	maxBackOff = time.Hour
	dayKept    = 72 * time.Hour
	// bundleMinute is when the office gets its bundle: after the bureaus' slots.
	bundleMinute = 9*60 + 30
	// patience is how long a way may ask to come again before the next one is tried.
	patience = 2 * time.Hour
)

// Deliver sends what may be sent now. A notice is looked at again before it is
// first sent; then its text never changes.
func (s *Service) Deliver(ctx context.Context, now time.Time) error {
	st, err := store.View(ctx, s.Store, sysScope, func(tx store.Tx) (state, error) { return s.load(tx, now) })
	if err != nil || st.hold.stops() {
		return err
	}
	scopes, err := s.Store.Scopes(ctx, "bureau")
	if err != nil {
		return err
	}
	var failed error
	office := ledger.Scope(ledger.OfficeBureau)
	slices.SortStableFunc(scopes, func(a, b string) int { // the bundle after what goes into it
		return strings.Compare(strconv.FormatBool(a == office), strconv.FormatBool(b == office))
	})
	for _, scope := range append(scopes, office) {
		for ctx.Err() == nil {
			more, err := s.deliverOne(ctx, scope, now, st)
			failed = errors.Join(failed, err)
			if !more || err != nil {
				break
			}
		}
	}
	return failed
}

// deliverOne sends one notice of a scope to one person.
func (s *Service) deliverOne(ctx context.Context, scope string, now time.Time, st state) (more bool, err error) {
	later := func(d *ledger.Digest) time.Time {
		if d.Kind == "urge" || d.At.After(now) { // a person sends when he sends
			return d.At
		}
		return nextOpen(now, st.calendar)
	}
	p, ok, err := ledger.Take(ctx, s.Store, scope, now, holdFor, later, func(tx store.Tx, d *ledger.Digest) error { return s.prepare(tx, d, now, st) })
	if err != nil || !ok {
		return false, err
	}
	s.Crash("taken")
	if p.Index < 0 {
		return true, s.forward(ctx, p, now, st)
	}
	d := p.Delivery()
	allowed, err := s.admit(ctx, *d, now)
	if err != nil {
		return false, err
	}
	if !allowed {
		return true, s.settle(ctx, p, now, st, func(x *ledger.Delivery) {
			x.State, x.Attempts, x.Tries, x.Reason = ledger.Queued, x.Attempts-1, x.Tries-1, "当天已发满，顺延到下一个工作日"
			x.Next = st.calendar.On(calendar.Of(now).Plus(1)).Add(firstMinute * time.Minute)
		})
	}
	way := p.Way()
	outcome := bot.Outcome{Final: true, Reason: "没有配置这个通道"}
	if to, ok := s.Senders[way.Channel]; ok {
		try, cancel := context.WithTimeout(context.WithoutCancel(ctx), sendFor)
		outcome = to.Send(try, bot.Address{Channel: way.Channel, Conversation: way.To}, p.Digest.ID, *p.Digest.Frozen)
		cancel()
	}
	s.Crash("sent")
	if !outcome.Sent && !outcome.Uncertain {
		if err := s.giveBack(ctx, *d, now); err != nil {
			return false, err
		}
	}
	return true, s.settle(ctx, p, now, st, func(x *ledger.Delivery) { settled(x, outcome, now) })
}

// settle notes how a delivery went. When nobody of the bureau could be reached the
// office is told instead; when nobody of the office, it is tried again day by day.
func (s *Service) settle(ctx context.Context, p ledger.Parcel, now time.Time, st state, set func(*ledger.Delivery)) error {
	_, err := ledger.Settle(ctx, s.Store, p, now, func(d *ledger.Digest) {
		set(&d.Deliveries[p.Index])
		failed := !slices.ContainsFunc(d.Deliveries, func(x ledger.Delivery) bool { return x.State != ledger.Failed })
		switch {
		case failed && d.Kind == "bundle":
			s.bundleAgain(d, now, st)
		case failed && !d.Leader:
			d.Office, d.Note = true, "各通道都没有送达"
		case d.Kind == "bundle" && d.Deliveries[p.Index].State == ledger.Sent:
			d.Note = ""
		}
	})
	if errors.Is(err, ledger.ErrLost) {
		return nil
	}
	return err
}

// bundleAgain tries a bundle that reached nobody of the office on the next working
// day, by the directory as it is now: behind the office stands nobody else. What is
// too old to be made up for stays failed, for doctor to tell.
func (s *Service) bundleAgain(d *ledger.Digest, now time.Time, st state) {
	day := calendar.Of(now)
	if day.After(calendar.Of(d.At).Plus(lookBack).Time) {
		return
	}
	was := d.Deliveries
	if people := s.officePeople(st.people, day); len(people) > 0 {
		d.Deliveries = people
	}
	for i := range d.Deliveries {
		x := &d.Deliveries[i]
		for _, old := range was {
			if old.Name == x.Name {
				x.Attempts, x.Unsure, x.Reason = old.Attempts, old.Unsure, old.Reason
			}
		}
		x.State, x.At, x.Tries, x.Done, x.Waits = ledger.Queued, 0, 0, time.Time{}, time.Time{}
		x.Next = st.calendar.On(day.Plus(1)).Add(bundleMinute * time.Minute)
	}
	d.Note = "没有送达办公室，下一个工作日再发"
}

// settled is what an outcome makes of a delivery.
func settled(x *ledger.Delivery, o bot.Outcome, now time.Time) {
	x.Reason = o.Reason
	switch {
	case o.Sent:
		x.State, x.Done = ledger.Sent, now
		return
	case o.Uncertain:
		x.State, x.Unsure = ledger.Uncertain, x.Unsure+1
		if x.Leader { // a step to a leader is never repeated on a guess
			x.State, x.Done, x.Reason = ledger.Failed, now, "结果不明，请办公室人工核实"
			return
		}
	case o.Wait > 0 && !o.Final && (x.Waits.IsZero() || now.Sub(x.Waits) < patience):
		// nothing was tried, or the platform says when to come: that is no failed try
		x.State, x.Attempts, x.Tries = ledger.Queued, x.Attempts-1, x.Tries-1
		x.Waits, x.Next = cmp.Or(x.Waits, now), now.Add(min(o.Wait, patience))
		return
	default:
		x.State = ledger.Queued
	}
	x.Waits, x.Next = time.Time{}, now.Add(min(maxBackOff, backOff<<min(x.Tries-1, 10)))
	if o.Final || o.Wait > 0 && !o.Uncertain || x.Tries >= tries {
		x.At, x.Tries, x.Next = x.At+1, 0, now
		if x.At >= len(x.Ways) {
			x.At, x.State, x.Done = len(x.Ways)-1, ledger.Failed, now
		}
	}
}

// admit counts a notice towards a person's share of the day, before it is sent: a
// crash can only cost one of it, never exceed it.
func (s *Service) admit(ctx context.Context, d ledger.Delivery, now time.Time) (bool, error) {
	return store.Update(ctx, s.Store, sysScope, func(tx store.Tx) (bool, error) {
		key := dayKey(d, now)
		var n int
		if _, err := getJSON(tx, key, &n); err != nil || n >= s.PerDay {
			return false, err
		}
		return true, tx.Put(key, []byte(strconv.Itoa(n+1)), dayKept)
	})
}

// giveBack takes a notice that certainly did not arrive off the share.
func (s *Service) giveBack(ctx context.Context, d ledger.Delivery, now time.Time) error {
	return s.Store.Update(ctx, sysScope, func(tx store.Tx) error {
		key := dayKey(d, now)
		var n int
		if _, err := getJSON(tx, key, &n); err != nil {
			return err
		}
		return tx.Put(key, []byte(strconv.Itoa(max(0, n-1))), dayKept)
	})
}

// dayKey is the person's, whatever the bureau and the channel: an account belongs to
// one person. A robot is its group.
func dayKey(d ledger.Delivery, now time.Time) string {
	return ledger.Short("scheduler/day/" + calendar.Of(now).String() + "/" + d.Ways[0].Channel + "/" + d.Ways[0].To)
}

// prepare looks at a digest before it is first sent: what is settled meanwhile is
// dropped, then text and receivers stand for good.
func (s *Service) prepare(tx store.Tx, d *ledger.Digest, now time.Time, st state) error {
	day := calendar.Of(now)
	switch d.Kind {
	case "bundle":
		d.Deliveries = s.officePeople(st.people, day)
		if len(d.Deliveries) == 0 {
			d.At = nextOpen(now.Add(maxBackOff), st.calendar) // in doctor's findings until then
			d.Note = "通讯录里没有办公室的人"
			return nil
		}
		d.Note = ""
		d.Frozen = bundleText(d)
	case "urge":
		d.Deliveries = s.receivers(st.people, d.Bureau, day, d.Heads, d.Leader)
		d.Office = len(d.Deliveries) == 0
		r := rendered(d.ID, "催办提醒", d.Text, d.Items)
		d.Frozen = &r
	default:
		return s.prepareDigest(tx, d, now, st)
	}
	return nil
}

func (s *Service) prepareDigest(tx store.Tx, d *ledger.Digest, now time.Time, st state) error {
	snap := s.Snapshot()
	if st.armed == nil || planNamed(snap, st.armed.Plan) == nil || st.armed.Trial != d.Trial {
		d.Ended, d.Note = now, "计划已停用提醒，没有发"
		return nil
	}
	r := s.round(planNamed(snap, st.armed.Plan), st, now)
	entries, err := ledger.Sync(tx, st.armed.Plan, r.duties[d.Bureau], r.former)
	if err != nil {
		return err
	}
	byID := map[string]*ledger.Entry{}
	for i := range entries {
		if e := &entries[i]; e.Plan == st.armed.Plan {
			byID[e.ID] = e
		}
	}
	var notices []Notice
	var items []ledger.Item
	for _, i := range d.Items {
		e := byID[i.Duty]
		n := Notice{Stage: s.Stages.named(i.Stage), On: i.On}
		if e != nil && e.Pending() {
			n.Duty = e.InForce()
		}
		switch {
		case r.key(n) != i.Key: // closed, moved or gone since
			err = ledger.Forget(tx, i.Key)
		case st.paused(d.Bureau, n.Duty.No, r.today):
			err = errors.Join(ledger.Forget(tx, i.Key), ledger.Wait(tx, i))
		default:
			items, notices = append(items, i), append(notices, n)
			if !d.Trial {
				err = ledger.Told(tx, *e, now)
			}
		}
		if err != nil {
			return err
		}
	}
	if d.Items = items; len(items) == 0 {
		d.Ended, d.Note = now, "发送前复核：都已办结、调整或暂停，没有发"
		return nil
	}
	notices = r.terms.Stages.latest(notices)
	d.Heads = heads(notices)
	s.address(d, st.people, calendar.Of(now))
	text := Digest{Bureau: d.Bureau, Notices: notices}.Text(r.terms, func(x ledger.Duty) string { return standing(byID[x.ID]) }, s.Demand)
	out := rendered(d.ID, "任务提醒", text, d.Items)
	out.Version = snap.Version
	d.Frozen = &out
	return nil
}

// standing is what the ledger adds to a duty in a digest.
func standing(e *ledger.Entry) string {
	var b strings.Builder
	if e.Received.IsZero() {
		b.WriteString("（尚未签收）")
	}
	if r := e.Latest(); r != nil && r.Value != nil && e.Figure != nil {
		fmt.Fprintf(&b, "（已报%s%s）", ledger.Number(*r.Value), e.Figure.Unit)
	}
	if e.Asked != nil {
		fmt.Fprintf(&b, "（%s待审核）", e.Asked.Verb)
	}
	return b.String()
}

// address decides who gets a digest: nobody is never the answer.
func (s *Service) address(d *ledger.Digest, people *directory.Directory, day calendar.Day) {
	b, known := people.Bureau(people.Today(d.Bureau, day.Time))
	d.Deliveries = s.receivers(people, d.Bureau, day, d.Heads, false)
	d.To = Receivers(known && b.Office, d.Heads)
	switch {
	case d.Trial:
		d.Office, d.Note = true, "试运行"
	case known && b.Office:
		d.Office, d.Note = true, "党群、纪检单位的任务只送办公室"
	case len(d.Deliveries) == 0:
		d.Office, d.Note = true, "通讯录里没有能送达的人"
	}
	if d.Office {
		d.Deliveries = nil
	}
}

// Receivers says in words who gets a digest.
func Receivers(office, heads bool) string {
	switch {
	case office:
		return ledger.OfficeBureau
	case heads:
		return "联络员、科室负责人"
	}
	return "联络员"
}

// receivers lists the people of a bureau, or of what became of it, that can be
// reached: the A角, else the B角, else the 科室负责人; a leader only by hand.
func (s *Service) receivers(people *directory.Directory, bureau string, day calendar.Day, heads, leader bool) []ledger.Delivery {
	name := people.Today(bureau, day.Time)
	b, _ := people.Bureau(name)
	if b == nil {
		b = &directory.Bureau{Name: name}
	}
	pick := func(second bool, roles ...directory.Role) []ledger.Delivery {
		var out []ledger.Delivery
		for _, p := range people.Of(name, day.Time, roles...) {
			if ways := s.ways(b, p); len(ways) > 0 && p.Second == second {
				out = append(out, ledger.Delivery{Name: p.Name, Ways: ways, State: ledger.Queued})
			}
		}
		return out
	}
	if leader {
		out := pick(false, directory.Leader)
		for i := range out {
			out[i].Leader = true
		}
		return out
	}
	robots := s.robots(b)
	if len(robots) > 0 && len(b.Order) > 0 && b.Order[0] == robots[0].Channel {
		return []ledger.Delivery{{Ways: robots, State: ledger.Queued}}
	}
	out := pick(false, directory.Liaison)
	if len(out) == 0 {
		out = pick(true, directory.Liaison)
	}
	if above := append(pick(false, directory.Head), pick(true, directory.Head)...); heads || len(out) == 0 {
		for _, h := range above {
			if !slices.ContainsFunc(out, func(x ledger.Delivery) bool { return x.Name == h.Name }) {
				out = append(out, h)
			}
		}
	}
	if len(out) == 0 && len(robots) > 0 {
		out = []ledger.Delivery{{Ways: robots, State: ledger.Queued}}
	}
	return out
}

// ways are a person's accounts in the bureau's order of channels.
func (s *Service) ways(b *directory.Bureau, p directory.Person) []ledger.Way {
	var out []ledger.Way
	for _, a := range p.Accounts {
		if _, ok := s.Senders[a.Channel]; ok {
			out = append(out, ledger.Way{Channel: a.Channel, To: a.User})
		}
	}
	place := func(channel string) int {
		if i := slices.Index(b.Order, channel); i >= 0 {
			return i
		}
		return len(b.Order)
	}
	slices.SortStableFunc(out, func(x, y ledger.Way) int { return place(x.Channel) - place(y.Channel) })
	for i := 0; i < len(out); i++ {
		beside := ledger.Way{Channel: s.Besides[out[i].Channel], To: out[i].To}
		if _, ok := s.Senders[beside.Channel]; ok && !slices.Contains(out, beside) {
			out = slices.Insert(out, i+1, beside)
		}
	}
	return out
}

func (s *Service) robots(b *directory.Bureau) []ledger.Way {
	var out []ledger.Way
	for _, r := range b.Robots {
		if _, ok := s.Senders[r.Channel]; ok {
			out = append(out, ledger.Way{Channel: r.Channel, To: r.Name})
		}
	}
	return out
}

// officePeople are those of the office that can be reached.
func (s *Service) officePeople(people *directory.Directory, day calendar.Day) []ledger.Delivery {
	var out []ledger.Delivery
	for _, p := range people.With(directory.Office, day.Time) {
		b, _ := people.Bureau(p.Bureau)
		if b == nil {
			b = &directory.Bureau{Name: p.Bureau}
		}
		if ways := s.ways(b, p); len(ways) > 0 {
			out = append(out, ledger.Delivery{Name: p.Name, Ways: ways, State: ledger.Queued})
		}
	}
	return out
}

// maxBundles bounds the bundles of one day.
const maxBundles = 50

// forward puts a digest into the office's bundle of the day. It leaves the bureau's
// scope by its id, so that a second try finds it there.
func (s *Service) forward(ctx context.Context, p ledger.Parcel, now time.Time, st state) error {
	d := p.Digest
	lines := strings.Split(d.Frozen.Text, "\n")
	body := lines[min(1, len(lines)):max(1, len(lines)-1)] // without greeting and what to reply
	if err := s.toOffice(ctx, ledger.Section{From: d.ID, Bureau: d.Bureau, Why: d.Note, Text: strings.Join(body, "\n")}, now, st); err != nil {
		return err
	}
	s.Crash("forwarded")
	_, err := ledger.Settle(ctx, s.Store, p, now, func(x *ledger.Digest) { x.Ended = now })
	if errors.Is(err, ledger.ErrLost) {
		return nil
	}
	return err
}

// toOffice puts a section into the bundle of the day, once by its id; when that is
// out already, into another one.
func (s *Service) toOffice(ctx context.Context, section ledger.Section, now time.Time, st state) error {
	at := nextOpen(calendar.Of(now).Add(bundleMinute*time.Minute), st.calendar)
	if at.Before(now) {
		at = now
	}
	return s.Store.Update(ctx, ledger.Scope(ledger.OfficeBureau), func(tx store.Tx) error {
		key := "section|" + section.From
		if _, done, err := ledger.Noticed(tx, key); err != nil || done {
			return err
		}
		for n := range maxBundles {
			id := ledger.Serial("bundle", ledger.OfficeBureau, calendar.Of(at), strconv.Itoa(n))
			old, ok, err := ledger.LoadDigest(tx, id)
			if err != nil {
				return err
			}
			if ok && (old.Frozen != nil || !old.Ended.IsZero()) {
				continue // out already: the next one
			}
			return errors.Join(ledger.Record(tx, key, id), ledger.Queue(tx, ledger.Digest{ID: id, Bureau: ledger.OfficeBureau, Kind: "bundle", Day: calendar.Of(at), At: at, To: ledger.OfficeBureau, Sections: []ledger.Section{section}}))
		}
		return fmt.Errorf("scheduler: more than %d bundles for the office in a day", maxBundles)
	})
}

// reviewMinute is when the office is told what waits for it, with the day's bundle.
const reviewMinute = bundleMinute - 2

// review tells the office once a day what bureaus asked for and nobody decided.
func (s *Service) review(ctx context.Context, r *round, now time.Time) error {
	list, err := ledger.NewBook(s.Store, nil).List(ctx, r.armed.Plan)
	if err != nil {
		return err
	}
	var lines []string
	for _, e := range list {
		if e.Asked != nil && e.Open() {
			lines = append(lines, fmt.Sprintf("%s %s %s：%s", e.Label, e.Bureau, e.Asked.Verb, e.Asked.Reason))
		}
	}
	if len(lines) == 0 {
		return nil
	}
	why := fmt.Sprintf("%d件，回复“待审”查看", len(lines))
	return s.toOffice(ctx, ledger.Section{From: "review " + r.today.String(), Bureau: "等您审核的申请", Why: why, Text: strings.Join(lines, "\n")}, now, r.state)
}

// bundleLines bounds what the bundle shows of one digest.
const bundleLines = 12

// bundleText is what the office reads: whose notices came to it, why, and what is
// in them.
func bundleText(d *ledger.Digest) *bot.Rendered {
	var b strings.Builder
	b.WriteString("以下事项送到办公室，请审核、转办或处理：\n")
	for _, s := range d.Sections {
		body := strings.Split(s.Text, "\n")
		fmt.Fprintf(&b, "◆ %s（%s）\n", s.Bureau, s.Why)
		if len(body) > bundleLines {
			body = append(slices.Clone(body[:bundleLines]), fmt.Sprintf("……共%d条，详见台账", len(body)))
		}
		b.WriteString(strings.Join(body, "\n") + "\n")
	}
	r := rendered(d.ID, "送办公室的提醒", strings.TrimSuffix(b.String(), "\n"), nil)
	return &r
}

// rendered is a notice as it is sent: every line rests on the ledger.
func rendered(id, title, text string, items []ledger.Item) bot.Rendered {
	r := bot.Rendered{ID: id, Status: bot.Done, Title: title, Text: text, Citations: []string{}, Choices: []string{}, Lines: []bot.Line{}}
	for line := range strings.Lines(text) {
		r.Lines = append(r.Lines, bot.Line{{Kind: bot.Recorded, Text: strings.TrimSuffix(line, "\n"), Ref: "notice/" + id}})
	}
	if len(items) > 0 {
		r.Actions = []bot.Action{{Text: "全部签收", Say: "签收 全部"}, {Text: "我的任务", Say: "我的任务"}}
	}
	return r
}
