package app

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync"
	"time"

	"huiwen/bot"
	"huiwen/bot/dingtalk"
	"huiwen/bot/post"
	"huiwen/handlers"
	"huiwen/knowledge"
	"huiwen/knowledge/calendar"
	"huiwen/knowledge/directory"
	"huiwen/knowledge/finding"
	"huiwen/knowledge/store"
	"huiwen/knowledge/versions"
	"huiwen/scheduler"
	"huiwen/scheduler/ledger"
	"huiwen/scheduler/paper"
	"huiwen/seeds"
)

// newReminder makes the part that reminds bureaus.
func newReminder(c *call, s store.Store, snapshot func() *knowledge.Snapshot, senders map[string]bot.Sender) (*scheduler.Service, error) {
	days, err := calendar.Load(seeds.Files)
	if err != nil {
		return nil, err
	}
	people, err := directory.Seed(seeds.Files)
	if err != nil {
		return nil, err
	}
	return scheduler.New(scheduler.Options{Store: s, Snapshot: snapshot, Calendar: days, Directory: people, Senders: senders, Besides: map[string]string{dingtalk.Channel: dingtalk.NoticeChannel}, Log: c.log, Now: c.Now, Spec: c.remindAt,
		Demand: demand(post.NewBox(s, rand.Reader), c.Now, c.log)})
}

// remindFindings says what is wrong with reminding.
func remindFindings(ctx context.Context, c *call, e *engine, s store.Store) []finding.Finding {
	r, err := newReminder(c, s, e.snapshot, nil)
	if err != nil {
		return []finding.Finding{finding.Of("提醒", "", err)}
	}
	out, err := r.Check(ctx, c.Now())
	if err != nil {
		return []finding.Finding{finding.Of("提醒", "", err)}
	}
	return out
}

// demandFor is how long a count of questions stands.
const demandFor = time.Hour

// demand counts the residents' questions of the last seven days by measure.
func demand(b *post.Box, now func() time.Time, log *slog.Logger) func(no string) int {
	var mu sync.Mutex
	var at time.Time
	counts := map[string]int{}
	return func(no string) int {
		mu.Lock()
		defer mu.Unlock()
		if t := now(); at.IsZero() || t.Sub(at).Abs() > demandFor {
			ctx, cancel := context.WithTimeout(context.Background(), checkTime)
			defer cancel()
			days, err := b.Days(ctx, t.AddDate(0, 0, -7), t)
			if err != nil {
				log.Warn("questions of the week", "error", err)
			}
			clear(counts)
			for _, d := range days {
				for m, n := range d.Asked {
					counts[m] += n
				}
			}
			at = t
		}
		return counts[no]
	}
}

// newBook makes the ledger; acts of a bureau's successor count as its own.
func newBook(s store.Store, who *roll) *ledger.Book {
	return ledger.NewBook(s, func(ctx context.Context, bureau string, day time.Time) (string, error) {
		d, err := who.directory(ctx)
		if err != nil {
			return "", err
		}
		return d.Today(bureau, day), nil
	})
}

// newDuties lets staff act on the ledger in chat.
func newDuties(c *call, s store.Store, r *scheduler.Service) *handlers.Options {
	who := &roll{store: s, now: c.Now}
	return &handlers.Options{
		Ledger: newBook(s, who), People: who.directory,
		Calendar: func(ctx context.Context) (*calendar.Calendar, error) { return keptCalendar(ctx, s, r.Calendar) },
		Pause: func(ctx context.Context, p handlers.Silence) error {
			return r.Pause(ctx, scheduler.Pause{ID: p.ID, Bureau: p.Bureau, No: p.No, By: p.By, Why: p.Why, Until: p.Until, At: p.At})
		},
		Paper: func(ctx context.Context, p handlers.Paper, at time.Time) ([]string, error) {
			days, err := keptCalendar(ctx, s, r.Calendar)
			if err != nil {
				return nil, err
			}
			src, err := paperSource(ctx, s, r.Snapshot(), days, calendar.Of(at), "")
			return paper.Text(paperKinds[p], src), err
		},
	}
}

// reminder opens the store beside a running service for one command.
func (c *call) reminder(ctx context.Context) (*scheduler.Service, store.Store, error) {
	snap, err := c.published(ctx)
	if err != nil {
		return nil, nil, err
	}
	snap = snap.On(c.Now().In(handlers.Zone).Format(time.DateOnly))
	s, err := openStore(ctx, c.config)
	if err != nil {
		return nil, nil, err
	}
	r, err := newReminder(c, s, func() *knowledge.Snapshot { return snap }, nil)
	if err != nil {
		return nil, nil, errors.Join(err, s.Close())
	}
	return r, s, nil
}

// arm lets the published plan be reminded of; nothing is sent before the release.
func arm(ctx context.Context, c *call) error {
	var f actFlags
	var day string
	var trial, off bool
	if _, err := c.parse(0, 0, func(fs *flag.FlagSet) {
		f.define(fs)
		fs.StringVar(&day, "day", "", "")
		fs.BoolVar(&trial, "trial", false, "")
		fs.BoolVar(&off, "off", false, "")
	}); err != nil {
		return err
	}
	r, s, err := c.reminder(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	act, err := whoActs(ctx, s, f, mayDecide...)
	if err != nil {
		return err
	}
	if off {
		if err := r.Disarm(ctx, act.Who, act.Why); err != nil {
			return err
		}
		fmt.Fprintln(c.Stdout, "提醒已停用，台账保留。")
		return nil
	}
	now := c.Now()
	from := calendar.Of(now)
	if day != "" {
		if from, err = calendar.Parse(day); err != nil {
			return usageError{fmt.Errorf("--day：%w", err)}
		}
	}
	a := scheduler.Arming{Day: from, By: act.Who, Why: act.Why, At: now, Trial: trial}
	a.FormerPlan, a.Former = goesOn(r.Snapshot(), from)
	if err := r.Arm(ctx, a); err != nil {
		return err
	}
	fmt.Fprintf(c.Stdout, "已启用提醒，从%s起。现在什么也没有发：请看清单（remind release），确认后放行（remind release --yes）。\n", from.Chinese())
	if trial {
		fmt.Fprintln(c.Stdout, "这是试运行：所有提醒只送领导小组办公室。")
	}
	return heldList(ctx, c, r, now)
}

// goesOn says which measures of the plan before go on in the one that is in force on
// a day.
func goesOn(s *knowledge.Snapshot, day calendar.Day) (former string, measures map[string]string) {
	now := s.On(day.String()).Plan
	for _, p := range s.Plans() { // the earliest first
		if key := ledger.PlanKey(p.Plan); key < ledger.PlanKey(now) {
			former, measures = key, versions.Former(p.Plan, now)
		}
	}
	return former, measures
}

// release shows what is held; with --yes it is sent.
func release(ctx context.Context, c *call) error {
	var yes bool
	var f actFlags
	var only list
	if _, err := c.parse(0, 0, func(fs *flag.FlagSet) {
		fs.BoolVar(&yes, "yes", false, "")
		fs.Var(&only, "only", "")
		fs.StringVar(&f.as, "as", "", "")
	}); err != nil {
		return err
	}
	r, s, err := c.reminder(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	now := c.Now()
	if !yes {
		return heldList(ctx, c, r, now)
	}
	act, err := whoActs(ctx, s, f, mayDecide...)
	if err != nil {
		return err
	}
	var pick func(scheduler.Notice) bool
	if len(only) > 0 {
		pick = func(n scheduler.Notice) bool {
			return slices.Contains(only, n.Duty.No) || slices.Contains(only, n.Duty.Bureau)
		}
	}
	if err := r.Release(ctx, now, act.Who, pick); err != nil {
		return err
	}
	fmt.Fprintln(c.Stdout, "已放行，服务会在工作时间发出。")
	return nil
}

// heldList shows what would be sent.
func heldList(ctx context.Context, c *call, r *scheduler.Service, now time.Time) error {
	st, err := r.Status(ctx, now)
	if err != nil {
		return err
	}
	list, err := r.Held(ctx, now)
	if err != nil {
		return err
	}
	fmt.Fprintf(c.Stdout, "扣住的原因：%s\n", st.Hold.Reason)
	count := 0
	for _, d := range list {
		fmt.Fprintf(c.Stdout, "%s  %s\n", d.At.In(calendar.Zone).Format("2006-01-02 15:04"), d.Bureau)
		for _, n := range d.Notices {
			count++
			fmt.Fprintf(c.Stdout, "    %-10s %s %s\n", n.Stage.Name, n.Duty.Label, clip(n.Duty.What, 40))
		}
	}
	fmt.Fprintf(c.Stdout, "共 %d 个单位 %d 条。放行：remind release --yes；只放行一部分：--only 40,区教育局（其余不再发）\n", len(list), count)
	return nil
}

// remindStatus says how reminding stands.
func remindStatus(ctx context.Context, c *call) error {
	if _, err := c.parse(0, 0, nil); err != nil {
		return err
	}
	r, s, err := c.reminder(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	st, err := r.Status(ctx, c.Now())
	if err != nil {
		return err
	}
	writeStatus(c.Stdout, st)
	return nil
}

// remindSent says what was sent in the last days and how far it got to whom: to
// find what went wrong, never for a 通报.
func remindSent(ctx context.Context, c *call) error {
	days := 7
	if _, err := c.parse(0, 0, func(fs *flag.FlagSet) { fs.IntVar(&days, "days", days, "") }); err != nil {
		return err
	}
	if days < 1 || days > 400 {
		return usagef("--days 要在 1 到 400 之间")
	}
	s, err := openStore(ctx, c.config)
	if err != nil {
		return err
	}
	defer s.Close()
	list, err := ledger.NewBook(s, nil).Digests(ctx, c.Now().AddDate(0, 0, -days), c.Now().AddDate(0, 0, 30))
	if err != nil {
		return err
	}
	for _, d := range list {
		fmt.Fprintf(c.Stdout, "%s  %s  %s（%s）%s\n", d.At.In(calendar.Zone).Format("2006-01-02 15:04"), d.ID, d.Bureau, cmp.Or(d.To, "待发"), d.Note)
		for _, x := range d.Deliveries {
			fmt.Fprintf(c.Stdout, "    %s  %s  %s  试了%d次", cmp.Or(x.Name, "群机器人"), x.Ways[x.At].Channel, x.State, x.Attempts)
			if x.Unsure > 0 {
				fmt.Fprintf(c.Stdout, "，%d次结果不明", x.Unsure)
			}
			if x.Reason != "" {
				fmt.Fprintf(c.Stdout, "，%s", x.Reason)
			}
			fmt.Fprintln(c.Stdout)
		}
	}
	fmt.Fprintf(c.Stdout, "共 %d 条\n", len(list))
	return nil
}

func writeStatus(w io.Writer, st scheduler.Status) {
	if st.Armed == nil {
		fmt.Fprintln(w, scheduler.ErrNotArmed)
		return
	}
	kind := ""
	if st.Armed.Trial {
		kind = "（试运行）"
	}
	fmt.Fprintf(w, "已启用%s：%s年计划，从%s起，%s\n", kind, st.Armed.Plan, st.Armed.Day.Chinese(), st.Armed.By)
	if !st.Marked.IsZero() {
		fmt.Fprintf(w, "上次检查：%s\n", st.Marked.In(calendar.Zone).Format("2006-01-02 15:04"))
	}
	if st.Hold != nil {
		fmt.Fprintf(w, "已扣住：%s。请看清单：remind release\n", st.Hold.Reason)
	}
	for _, p := range st.Pauses {
		fmt.Fprintf(w, "暂停：%s%s 到%s，%s（%s），编号 %s\n", p.Bureau, p.No, p.Until.Chinese(), p.Why, p.By, p.ID)
	}
}
