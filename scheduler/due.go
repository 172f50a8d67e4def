package scheduler

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"time"
)

// A Stage is how far a duty is from its day.
type Stage string

// The stages.
const (
	Assign    Stage = "assign" // 交办
	Before15  Stage = "before-15"
	Before3   Stage = "before-3"
	Overdue1  Stage = "overdue-1"
	Monthly   Stage = "monthly"   // 进展, to the 25th
	Quarterly Stage = "quarterly" // 调度材料
)

// The offsets of stages in working days, and the day of the month by which
// progress is reported: defaults of how such offices work, not law.
const (
	farBefore  = 15
	nearBefore = 3
	reportDay  = 25
)

// A Notice (提醒) is one duty at one stage for one bureau.
type Notice struct {
	Duty  Duty
	Stage Stage
	On    Day // the working day it is sent
}

// Key tells a notice from all others, however often it is worked out.
func (n Notice) Key() string {
	return strings.Join([]string{n.Duty.ID, n.Duty.Bureau, string(n.Stage), n.On.String()}, "|")
}

// A Ledger says how a duty stands; nil knows nothing.
type Ledger interface {
	// Closed reports whether the office has closed the duty of a bureau.
	Closed(duty, bureau string) bool
	// Due is the day in force: extended, or as the plan has it.
	Due(d Duty) Day
}

// Due lists the notices of every working day between two days, both included.
// The plan counts as armed on the day armed; what fell due before is history.
func Due(duties []Duty, c *Calendar, l Ledger, armed, from, to Day) []Notice {
	var out []Notice
	add := func(d Duty, s Stage, on Day) {
		if on.Before(from.Time) || on.After(to.Time) || on.Before(armed.Time) {
			return
		}
		out = append(out, Notice{d, s, on})
	}
	for _, d := range duties {
		if l != nil {
			if l.Closed(d.ID, d.Bureau) {
				continue
			}
			d.Due = l.Due(d)
		}
		if d.HasDue() && d.Due.Before(armed.Time) {
			continue
		}
		if first := d.Kind == "" || !recurs(d.Kind) || firstPeriod(d, armed); first {
			add(d, Assign, c.On(armed))
		}
		if !d.HasDue() {
			quarterly(d, c, armed, to, add)
			continue
		}
		last := c.Back(d.Due)
		near, far := c.Shift(last, -nearBefore), c.Shift(last, -farBefore)
		if d.Kind != "monthly" { // a month is too short for an early word
			add(d, Before15, far)
		}
		add(d, Before3, near)
		add(d, Overdue1, c.Shift(c.Back(d.Due), 1))
		if d.Target != "" && !recurs(d.Kind) {
			monthly(d, c, armed, far, add)
		}
	}
	slices.SortStableFunc(out, func(a, b Notice) int {
		return cmp.Or(a.On.Compare(b.On.Time), cmp.Compare(a.Duty.Bureau, b.Duty.Bureau))
	})
	return out
}

func recurs(kind string) bool { return kind == "monthly" || kind == "quarterly" || kind == "yearly" }

// firstPeriod reports whether a recurring duty is that of the period in which
// the plan was armed.
func firstPeriod(d Duty, armed Day) bool {
	months := map[string]int{"monthly": 1, "quarterly": 3, "yearly": 12}[d.Kind]
	return d.HasDue() && d.Due.AddDate(0, -months, 0).Before(armed.AddDate(0, 0, 1))
}

// monthly asks for progress by the 25th of every month before the near stages.
func monthly(d Duty, c *Calendar, armed, until Day, add func(Duty, Stage, Day)) {
	for on := reportOf(armed, c); on.Before(until.Time); on = reportOf((Day{time.Date(on.Year(), on.Month()+1, 1, 0, 0, 0, 0, Zone)}), c) {
		if on.After(armed.Time) {
			add(d, Monthly, on)
		}
	}
}

// quarterly asks for a text report on what has no date.
func quarterly(d Duty, c *Calendar, armed, to Day, add func(Duty, Stage, Day)) {
	for m := (Day{time.Date(armed.Year(), (armed.Month()-1)/3*3+3, 1, 0, 0, 0, 0, Zone)}); !m.After(to.Time); m = (Day{m.AddDate(0, 3, 0)}) {
		if on := reportOf(m, c); on.After(armed.Time) {
			add(d, Quarterly, on)
		}
	}
}

// reportOf is the working day up to the 25th of a day's month.
func reportOf(d Day, c *Calendar) Day {
	return c.Back(Day{time.Date(d.Year(), d.Month(), reportDay, 0, 0, 0, 0, Zone)})
}

// A Digest is what one bureau is sent at once.
type Digest struct {
	At      time.Time
	Bureau  string
	To      string
	Notices []Notice
}

// weekly is how many days must lie between two digests of summaries alone.
const weekly = 7

// Digests joins the notices of one bureau and day. Of equal duties on one day
// the later stage counts. Summaries that would come within a week of another
// digest wait for the next one; what is urgent never waits.
func Digests(notices []Notice, c *Calendar, to func(bureau string, urgent bool) string) []Digest {
	byBureau := map[string][]Notice{}
	var names []string
	for _, n := range notices {
		if byBureau[n.Duty.Bureau] == nil {
			names = append(names, n.Duty.Bureau)
		}
		byBureau[n.Duty.Bureau] = append(byBureau[n.Duty.Bureau], n)
	}
	var out []Digest
	for _, bureau := range names {
		out = append(out, ofBureau(bureau, byBureau[bureau], c, to)...)
	}
	slices.SortStableFunc(out, func(a, b Digest) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Bureau, b.Bureau)) })
	return out
}

func ofBureau(bureau string, notices []Notice, c *Calendar, to func(string, bool) string) []Digest {
	var out []Digest
	var waiting []Notice
	last := Day{}
	for i := 0; i < len(notices); {
		day := notices[i].On
		var today []Notice
		for ; i < len(notices) && notices[i].On == day; i++ {
			today = keepLater(today, notices[i])
		}
		urgent := slices.ContainsFunc(today, func(n Notice) bool { return n.Stage != Monthly && n.Stage != Quarterly })
		if !urgent && !last.IsZero() && day.Sub(last.Time) < weekly*24*time.Hour {
			waiting = append(waiting, today...)
			continue
		}
		overdue := slices.ContainsFunc(today, func(n Notice) bool { return n.Stage == Overdue1 })
		for _, w := range waiting {
			today = keepLater(today, w)
		}
		waiting = nil
		out = append(out, Digest{At: sendTime(bureau, day), Bureau: bureau, To: to(bureau, overdue), Notices: today})
		last = day
	}
	if len(waiting) > 0 {
		day := c.On(last.Plus(weekly))
		out = append(out, Digest{At: sendTime(bureau, day), Bureau: bureau, To: to(bureau, false), Notices: waiting})
	}
	return out
}

// rank orders stages by how near the day is.
var rank = map[Stage]int{Quarterly: 0, Monthly: 1, Assign: 2, Before15: 3, Before3: 4, Overdue1: 5}

// keepLater adds a notice unless its duty stands there at a later stage.
func keepLater(list []Notice, n Notice) []Notice {
	for i, have := range list {
		if have.Duty.ID == n.Duty.ID {
			if rank[n.Stage] > rank[have.Stage] {
				list[i] = n
			}
			return list
		}
	}
	return append(list, n)
}

// sendTime spreads digests over twenty minutes from 09:05.
func sendTime(bureau string, d Day) time.Time {
	h := fnv.New32a()
	h.Write([]byte(bureau))
	return d.Add(9*time.Hour + 5*time.Minute + time.Duration(h.Sum32()%20)*time.Minute)
}

// stageName is what people read of a stage.
var stageName = map[Stage]string{Assign: "交办", Before15: "临期提醒（十五个工作日）", Before3: "临期提醒（三个工作日）", Overdue1: "逾期提醒", Monthly: "本月进展", Quarterly: "本季度调度"}

// Text is the digest as its receiver reads it.
func (d Digest) Text(c *Calendar) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s：您单位有以下任务\n", d.Bureau)
	stage := Stage("")
	sorted := slices.Clone(d.Notices)
	slices.SortStableFunc(sorted, func(x, y Notice) int { return cmp.Compare(rank[y.Stage], rank[x.Stage]) })
	for i, n := range sorted {
		if n.Stage != stage {
			stage = n.Stage
			fmt.Fprintf(&b, "【%s】\n", stageName[stage])
		}
		fmt.Fprintf(&b, "%d. 第%s项：%s", i+1, n.Duty.No, n.Duty.What)
		if n.Duty.Target != "" && !strings.Contains(n.Duty.What, n.Duty.Target) {
			fmt.Fprintf(&b, "，目标 %s", n.Duty.Target)
		}
		if n.Duty.HasDue() {
			fmt.Fprintf(&b, "（%s前", n.Duty.Due.Chinese())
			if last := c.Back(n.Duty.Due); last != n.Duty.Due {
				fmt.Fprintf(&b, "，最后一个工作日是%s", last.Format("1月2日"))
			}
			if !c.Knows(n.Duty.Due.Year()) {
				b.WriteString("，当年放假安排未公布，日期暂定")
			}
			b.WriteString("）")
		}
		if !n.Duty.First {
			b.WriteString("（您单位参与）")
		}
		b.WriteString("\n")
	}
	b.WriteString("收到请回复：签收 编号；有进展回复：进展 编号 内容。")
	return b.String()
}
