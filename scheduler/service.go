package scheduler

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/robfig/cron/v3"

	"huiwen/bot"
	"huiwen/knowledge"
	"huiwen/knowledge/calendar"
	"huiwen/knowledge/directory"
	"huiwen/knowledge/store"
)

// Options are what a Service needs.
type Options struct {
	Store    store.Store
	Snapshot func() *knowledge.Snapshot // the published plan; nil while there is none
	Calendar *calendar.Calendar         // seeded; edited years of the store go over it
	// Directory is used while none was saved in the store.
	Directory *directory.Directory
	Senders   map[string]bot.Sender // by channel
	// Besides names for a channel another one that reaches the same account when the
	// first does not (工作通知 beside the robot).
	Besides map[string]string
	Stages  Stages // nil: [Defaults]
	// PerDay is how many notices a person gets a day at most, 0 for 3.
	PerDay int
	// Demand is how many people asked about a measure in the last week, nil for
	// unknown; fewer than five are never told.
	Demand func(no string) int
	// Spec is when [Service.Run] wakes, a cron line, "" for every minute.
	Spec string
	Log  *slog.Logger
	Now  func() time.Time // read by Run alone
	// Crash, in tests, is told the name of every point at which the process might
	// die.
	Crash func(point string)
}

// A Service reminds the bureaus of a published plan.
type Service struct {
	Options
	schedule cron.Schedule
	last     atomic.Pointer[unrolled]
}

// everyMinute is when Run wakes unless configured.
const everyMinute = "* * * * *"

// New checks the options and makes a service; [Service.Run] starts it.
func New(o Options) (*Service, error) {
	if o.Stages == nil {
		o.Stages = Defaults
	}
	if o.PerDay == 0 {
		o.PerDay = 3
	}
	if o.Spec == "" {
		o.Spec = everyMinute
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Crash == nil {
		o.Crash = func(string) {}
	}
	if o.Directory == nil {
		o.Directory = &directory.Directory{}
	}
	schedule, err := parseSpec(o.Spec, o.Now())
	if err != nil {
		return nil, err
	}
	return &Service{Options: o, schedule: schedule}, nil
}

// ErrSpec marks a cron line that cannot be used.
var ErrSpec = errors.New("定时的写法有误")

// parseSpec reads a cron line in the district's time. Some broken lines make the
// library panic, others never fire without a word.
func parseSpec(spec string, now time.Time) (s cron.Schedule, err error) {
	defer func() {
		if p := recover(); p != nil {
			s, err = nil, fmt.Errorf("%w：%q", ErrSpec, spec)
		}
	}()
	if s, err = cron.ParseStandard(spec); err != nil {
		return nil, fmt.Errorf("%w：%q：%w", ErrSpec, spec, err)
	}
	if s.Next(now.In(calendar.Zone)).IsZero() {
		return nil, fmt.Errorf("%w：%q 永远不会到点", ErrSpec, spec)
	}
	return s, nil
}

// deliverEvery is how often the outboxes are looked at.
const deliverEvery = 5 * time.Second

// Run ticks by cron until ctx ends and what is under way has come to its end. A
// tick that runs long is not joined by another, and one that panics does not end
// the others: the order of the chain matters, recovering outside would leave the
// skipping closed for ever.
func (s *Service) Run(ctx context.Context) {
	log := cronLog{s.Log}
	c := cron.New(cron.WithLocation(calendar.Zone), cron.WithLogger(log), cron.WithChain(cron.SkipIfStillRunning(log), cron.Recover(log)))
	tick := func() {
		if err := s.Tick(ctx, s.Now()); err != nil && ctx.Err() == nil {
			s.Log.Warn("reminders", "error", err)
		}
	}
	send := func() {
		if err := s.Deliver(ctx, s.Now()); err != nil && ctx.Err() == nil {
			s.Log.Warn("notices", "error", err)
		}
	}
	c.Schedule(s.schedule, cron.FuncJob(tick))
	c.Schedule(cron.Every(deliverEvery), cron.FuncJob(send))
	c.Start()
	<-ctx.Done()
	<-c.Stop().Done()
}

// cronLog lets the library write into ours.
type cronLog struct{ log *slog.Logger }

func (l cronLog) Info(msg string, kv ...any) { l.log.Debug("cron: "+msg, kv...) }
func (l cronLog) Error(err error, msg string, kv ...any) {
	l.log.Error("cron: "+msg, append(kv, "error", err)...)
}
