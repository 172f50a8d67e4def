package scheduler

import (
	"context"
	"fmt"
	"strings"
	"time"

	"huiwen/knowledge/calendar"
	"huiwen/knowledge/directory"
	"huiwen/knowledge/finding"
	"huiwen/knowledge/store"
	"huiwen/scheduler/ledger"
)

const part = "提醒"

// quiet is from how long without a completed tick the service is looked at.
const quiet = 30 * time.Minute

// Check says what is wrong with reminding: what is held, whom nobody reaches, what
// did not arrive, which year has no calendar.
func (s *Service) Check(ctx context.Context, now time.Time) ([]finding.Finding, error) {
	st, err := store.View(ctx, s.Store, sysScope, func(tx store.Tx) (state, error) { return s.load(tx, now) })
	if err != nil {
		return nil, err
	}
	var out []finding.Finding
	warn := func(format string, args ...any) {
		out = append(out, finding.Finding{Part: part, Level: finding.Warn, Text: fmt.Sprintf(format, args...)})
	}
	if st.armed == nil {
		return []finding.Finding{{Part: part, Level: finding.Well, Text: "还没有启用，什么也不会发"}}, nil
	}
	if st.hold != nil {
		warn("已扣住：%s。看清单并放行：remind release", st.hold.Reason)
	}
	if st.marked && now.Sub(st.mark.At) > quiet {
		warn("上次检查是%s，服务可能没有运行", st.mark.At.In(calendar.Zone).Format("2006-01-02 15:04"))
	}
	day := calendar.Of(now)
	for _, y := range st.calendar.UnknownBetween(day, day.Plus(40)) {
		warn("%d年的放假安排还没有录入，只按周末推算；请在管理页录入国务院办公厅通知", y)
	}
	armed := planNamed(s.Snapshot(), st.armed.Plan)
	if armed == nil {
		warn("启用的是%s年的计划，但它没有发布，什么也不会发", st.armed.Plan)
	} else if lost := st.people.Unreachable(s.unroll(armed, st.armed.Day, day).names, now); len(lost) > 0 {
		warn("通讯录里没有能送达的人，提醒改送办公室：%s", strings.Join(lost, "、"))
	}
	if len(st.people.With(directory.Office, now)) == 0 {
		out = append(out, finding.Finding{Part: part, Level: finding.Broken, Text: "通讯录里没有领导小组办公室的人，送不到单位的提醒没有人收"})
	}
	failed, err := s.undelivered(ctx, now)
	if err != nil {
		return nil, err
	}
	if len(failed) > 0 {
		warn("近七天没有送达：%s", strings.Join(failed, "；"))
	}
	if len(out) == 0 {
		out = append(out, finding.Finding{Part: part, Level: finding.Well, Text: fmt.Sprintf("%s年计划已启用", st.armed.Plan)})
	}
	return out, nil
}

// undelivered names what did not arrive in the last week.
func (s *Service) undelivered(ctx context.Context, now time.Time) ([]string, error) {
	list, err := ledger.NewBook(s.Store, nil).Digests(ctx, now.AddDate(0, 0, -7), now)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, d := range list {
		for _, x := range d.Deliveries {
			if x.State == ledger.Failed || x.State == ledger.Uncertain {
				out = append(out, fmt.Sprintf("%s %s（%s，%s）", d.ID, d.Bureau, x.State, x.Reason))
			}
		}
		if d.Kind == "bundle" && d.Ended.IsZero() && d.Note != "" {
			out = append(out, d.ID+" "+d.Note)
		}
	}
	if len(out) > 10 {
		out = append(out[:10], fmt.Sprintf("共%d条", len(out)))
	}
	return out, nil
}
