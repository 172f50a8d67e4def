package admin

import (
	"crypto/rand"
	"errors"
	"slices"
	"strings"
	"time"

	"huiwen/knowledge/account"
	"huiwen/knowledge/calendar"
	"huiwen/knowledge/store"
	"huiwen/scheduler"
	"huiwen/scheduler/ledger"
)

// rehearsalDays is how far the rehearsal looks ahead.
const rehearsalDays = 30

type armingView struct {
	Status    scheduler.Status
	Held      []digestView
	Rehearsal []digestView
	Pager     pager // of the rehearsal
	Notices   int
	Today     calendar.Day
	Plan      string
	Last      calendar.Day
	Unknown   []int
	May       bool
	Pauses    []scheduler.Pause
	Bureaus   []string
}

// A digestView is what one bureau would be sent at once.
type digestView struct {
	At      time.Time
	Bureau  string
	To      string
	Notices []scheduler.Notice
}

// maxNotices bounds what a page shows of one digest.
const maxNotices = 20

// Shown are the first notices of the digest.
func (d digestView) Shown() []scheduler.Notice { return d.Notices[:min(len(d.Notices), maxNotices)] }

// Rest is how many are not shown.
func (d digestView) Rest() int { return len(d.Notices) - len(d.Shown()) }

// armingPage shows how reminding stands, what is held, and who would get what in
// the next days.
func armingPage(v *visit) error {
	if v.Reminder == nil {
		return notFound("这个服务没有启用提醒")
	}
	now := v.Now()
	view := armingView{Today: calendar.Of(now), Plan: v.Snapshot().Plan.Title, May: v.who.Has(deciding...)}
	var err error
	if view.Status, err = v.Reminder.Status(v.ctx(), now); err != nil {
		return err
	}
	if view.Status.Hold != nil {
		held, err := v.Reminder.Held(v.ctx(), now)
		if err != nil && !errors.Is(err, scheduler.ErrNoPlan) {
			return err
		}
		view.Held = v.digests(held)
		for _, d := range held {
			view.Notices += len(d.Notices)
		}
	}
	c, err := v.calendar()
	if err != nil {
		return err
	}
	p := v.Snapshot().Plan
	view.Last = ledger.LastDay(p)
	armed := view.Today
	if view.Status.Armed != nil {
		armed = view.Status.Armed.Day
	}
	to := view.Today.Plus(rehearsalDays)
	view.Unknown = c.UnknownBetween(view.Today, to)
	terms := scheduler.Terms{Calendar: c, Stages: v.Reminder.Stages, Armed: armed, Last: view.Last}
	duties := ledger.Duties(p, armed, to)
	if v.Book != nil {
		if duties, err = v.open(duties, ledger.PlanKey(p)); err != nil {
			return err
		}
	}
	all := v.digests(scheduler.Digests(scheduler.Due(duties, terms, view.Today, to), terms, to))
	view.Rehearsal, view.Pager = paged(v, all)
	view.Bureaus = ledger.Named(duties)
	return v.page("arming", "预演和启用", view)
}

// open leaves out of duties what the ledger has ended, and moves what it moved.
func (v *visit) open(duties []ledger.Duty, plan string) ([]ledger.Duty, error) {
	entries, err := v.Book.List(v.ctx(), plan)
	if err != nil {
		return nil, err
	}
	kept := map[string]ledger.Entry{}
	for _, e := range entries {
		kept[e.ID+"|"+e.Bureau] = e
	}
	return slices.DeleteFunc(duties, func(d ledger.Duty) bool {
		e, ok := kept[d.ID+"|"+d.Bureau]
		return ok && !e.Open()
	}), nil
}

func (v *visit) digests(list []scheduler.Digest) []digestView {
	d, err := v.Directory(v.ctx())
	office := func(bureau string) bool {
		if err != nil {
			return false
		}
		b, ok := d.Bureau(bureau)
		return ok && b.Office
	}
	var out []digestView
	for _, x := range list {
		out = append(out, digestView{x.At, x.Bureau, scheduler.Receivers(office(x.Bureau), x.Heads), x.Notices})
	}
	return out
}

// arm lets the published plan be reminded of; nothing is sent before the release.
func arm(v *visit) error {
	day, err := calendar.Parse(v.field("day"))
	if err != nil {
		return v.failed("/admin/arming", bad("%s", err.Error()))
	}
	if err := v.Reminder.Arm(v.ctx(), scheduler.Arming{Day: day, By: v.who.Name, At: v.Now(), Trial: v.field("trial") == "1"}); err != nil {
		return v.failed("/admin/arming", inWords(err))
	}
	return v.done("/admin/arming", "已启用，现在什么也没有发：请看清单，确认后放行。")
}

// release sends what is held, or only the bureaus that were picked.
func release(v *visit) error {
	var pick func(scheduler.Notice) bool
	if bureaus := v.r.PostForm["bureau"]; v.field("only") == "1" {
		pick = func(n scheduler.Notice) bool { return slices.Contains(bureaus, n.Duty.Bureau) }
	}
	if err := v.Reminder.Release(v.ctx(), v.Now(), v.who.Name, pick); err != nil {
		return v.failed("/admin/arming", inWords(err))
	}
	return v.done("/admin/delivery", "已放行，会在工作时间发出。")
}

// disarm ends all reminding.
func disarm(v *visit) error {
	if v.field("why") == "" {
		return v.failed("/admin/arming", bad("请写明停用的原因。"))
	}
	if err := v.Reminder.Disarm(v.ctx(), v.who.Name, v.field("why")); err != nil {
		return v.failed("/admin/arming", inWords(err))
	}
	return v.done("/admin/arming", "提醒已停用，台账保留。")
}

// pauseReminding silences a bureau or all for a time.
func pauseReminding(v *visit) error {
	until, err := calendar.Parse(v.field("until"))
	if err != nil {
		return v.failed("/admin/arming", bad("请写明到哪天为止。"))
	}
	p := scheduler.Pause{ID: rand.Text(), Bureau: v.field("bureau"), No: v.field("no"), By: v.who.Name, Why: v.field("why"), Until: until, At: v.Now()}
	if err := v.Store.Update(v.ctx(), account.Scope, func(tx store.Tx) error { return scheduler.PutPause(tx, p) }); err != nil {
		return v.failed("/admin/arming", inWords(err))
	}
	return v.done("/admin/arming", "已暂停提醒，期间到期的会在恢复后一起提醒。")
}

// resumeReminding ends a silence early.
func resumeReminding(v *visit) error {
	if err := v.Store.Update(v.ctx(), account.Scope, func(tx store.Tx) error { return scheduler.EndPause(tx, v.field("id"), v.who.Name) }); err != nil {
		return err
	}
	return v.done("/admin/arming", "已恢复提醒。")
}

// inWords shows an error of the scheduler, whose words are Chinese, to people.
func inWords(err error) error {
	if strings.ContainsFunc(err.Error(), func(r rune) bool { return r >= 0x4e00 && r <= 0x9fff }) && !strings.Contains(err.Error(), "store") {
		return bad("%s", err.Error())
	}
	return err
}

type dueView struct {
	Month      string
	Prev, Next string
	Title      string
	Weeks      [][]dueDay
	Unknown    bool
}

// A dueDay is a day of the calendar with what falls due on it.
type dueDay struct {
	Day    calendar.Day
	In     bool // of the month
	Works  bool
	Today  bool
	Rows   []ledgerRow
	Rest   int
	Number int
}

// shownDue is how many entries a day shows.
const shownDue = 4

// duePage is a month with what falls due.
func duePage(v *visit) error {
	month, err := time.ParseInLocation("2006-01", v.query("month"), calendar.Zone)
	if err != nil {
		now := v.Now().In(calendar.Zone)
		month = time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, calendar.Zone)
	}
	rows, c, err := v.rows()
	if err != nil {
		return err
	}
	byDay := map[calendar.Day][]ledgerRow{}
	for _, r := range rows {
		if r.Force.HasDue() && r.Entry.State != ledger.Dropped {
			byDay[r.Force.Due] = append(byDay[r.Force.Due], r)
		}
	}
	view := dueView{Month: month.Format("2006-01"), Prev: month.AddDate(0, -1, 0).Format("2006-01"), Next: month.AddDate(0, 1, 0).Format("2006-01"), Title: month.Format("2006年1月"), Unknown: !c.Knows(month.Year())}
	first := calendar.Day{Time: month}
	day := first.Plus(-(int(month.Weekday()) + 6) % 7)
	for day.Before(month.AddDate(0, 1, 0)) {
		var week []dueDay
		for range 7 {
			list := byDay[day]
			d := dueDay{Day: day, In: day.Month() == month.Month(), Works: c.Works(day), Today: day == calendar.Of(v.Now()), Rows: list, Number: len(list)}
			if len(list) > shownDue {
				d.Rows, d.Rest = list[:shownDue], len(list)-shownDue
			}
			week = append(week, d)
			day = day.Plus(1)
		}
		view.Weeks = append(view.Weeks, week)
	}
	return v.page("due", "到期日历", view)
}
