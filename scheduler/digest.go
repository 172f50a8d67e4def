package scheduler

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"regexp"
	"slices"
	"strings"
	"time"

	"huiwen/knowledge/calendar"
	"huiwen/scheduler/ledger"
)

// A Digest is what one bureau is sent at once.
type Digest struct {
	At      time.Time
	Bureau  string
	Heads   bool // to the 科室负责人 too
	Notices []Notice
}

// weekly is how many days must lie between two digests of summaries alone.
const weekly = 7

// A pace is what the digests of a bureau so far leave for the next.
type pace struct {
	last    calendar.Day // of the last digest
	waiting []Notice     // summaries held back
}

// gather decides about one bureau and day: which notices go out, and the pace
// after it. Of equal duties the later stage counts. Summaries alone wait until a
// week after the last digest; what is urgent never waits and takes them along.
func (p pace) gather(day calendar.Day, today []Notice, s Stages) (send []Notice, after pace) {
	send = s.latest(p.waiting, today)
	urgent := slices.ContainsFunc(send, func(n Notice) bool { return n.Stage.Urgent })
	if len(send) == 0 || !urgent && !p.last.IsZero() && day.Before(p.last.Plus(weekly).Time) {
		return nil, pace{p.last, send}
	}
	return send, pace{last: day}
}

// latest joins notices, of equal duties the one at the later stage.
func (s Stages) latest(lists ...[]Notice) (out []Notice) {
	at := map[string]int{} // where a duty stands in out
	for _, n := range slices.Concat(lists...) {
		i, ok := at[n.Duty.ID]
		switch {
		case !ok:
			at[n.Duty.ID] = len(out)
			out = append(out, n)
		case s.rank(n.Stage.Name) >= s.rank(out[i].Stage.Name):
			out[i] = n
		}
	}
	return out
}

// Digests joins the notices between two days, as nothing but time goes by.
func Digests(notices []Notice, t Terms, to calendar.Day) []Digest {
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
		out = append(out, ofBureau(bureau, byBureau[bureau], t, to)...)
	}
	slices.SortStableFunc(out, func(a, b Digest) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Bureau, b.Bureau)) })
	return out
}

func ofBureau(bureau string, notices []Notice, t Terms, to calendar.Day) []Digest {
	var out []Digest
	var p pace
	for i := 0; i < len(notices) || len(p.waiting) > 0; {
		day := calendar.Day{}
		if i < len(notices) {
			day = notices[i].On
		}
		if len(p.waiting) > 0 {
			if free := t.Calendar.On(p.last.Plus(weekly)); day.IsZero() || free.Before(day.Time) {
				day = free
			}
		}
		if day.After(to.Time) {
			break
		}
		var today []Notice
		for ; i < len(notices) && notices[i].On == day; i++ {
			today = append(today, notices[i])
		}
		send, after := p.gather(day, today, t.Stages)
		if p = after; len(send) > 0 {
			out = append(out, Digest{At: sendTime(bureau, day), Bureau: bureau, Heads: heads(send), Notices: send})
		}
	}
	return out
}

func heads(list []Notice) bool {
	return slices.ContainsFunc(list, func(n Notice) bool { return n.Stage.Heads })
}

// The minutes of the day over which digests are spread: 09:05 to 09:24.
const (
	firstMinute = 9*60 + 5
	spread      = 20
)

// sendTime spreads digests over the morning, a bureau always at the same minute.
func sendTime(bureau string, d calendar.Day) time.Time {
	h := fnv.New32a()
	h.Write([]byte(bureau))
	return d.Add(time.Duration(firstMinute+h.Sum32()%spread) * time.Minute)
}

// Text is the digest as its receiver reads it. Standing, when given, adds what the
// ledger knows of a duty, Demand how many people asked about its measure.
func (d Digest) Text(t Terms, standing func(ledger.Duty) string, demand func(no string) int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s：您单位有以下任务\n", d.Bureau)
	sorted := slices.Clone(d.Notices)
	slices.SortStableFunc(sorted, func(x, y Notice) int {
		return cmp.Compare(t.Stages.rank(y.Stage.Name), t.Stages.rank(x.Stage.Name))
	})
	stage, asked := "", map[string]bool{}
	for i, n := range sorted {
		if n.Stage.Name != stage {
			stage = n.Stage.Name
			fmt.Fprintf(&b, "【%s】\n", n.Stage.Words)
		}
		fmt.Fprintf(&b, "%d. %s：%s", i+1, n.Duty.Label, n.describe(t.Calendar))
		if standing != nil {
			b.WriteString(standing(n.Duty))
		}
		if demand != nil && !asked[n.Duty.No] {
			asked[n.Duty.No] = true
			if count := demand(n.Duty.No); count >= leastDemand {
				fmt.Fprintf(&b, "（近七天群众咨询%d次）", count)
			}
		}
		b.WriteString("\n")
	}
	b.WriteString(howToReply(sorted))
	return b.String()
}

// leastDemand is from how many questions a count says nothing about one person.
const leastDemand = 5

// howToReply ends a digest with what may be typed, made of its first duty.
func howToReply(list []Notice) string {
	no := list[0].Duty.No
	out := "收到请回复：签收 " + no
	if len(list) > 1 {
		out += "（或 签收 全部）"
	}
	for _, n := range list {
		if n.Duty.Figure != nil {
			return out + "；报进展回复：进展 " + n.Duty.No + " 年初至今的累计数"
		}
	}
	return out + "；报进展回复：进展 " + no + " 完成情况"
}

// otherFigure matches a number that is no date: the clause has more targets than one.
var otherFigure = regexp.MustCompile(`[0-9](?:[^0-9年月日]|$)`)

// describe is one duty: the measure's words, target, date and part.
func (n Notice) describe(c *calendar.Calendar) string {
	var b strings.Builder
	d := n.Duty
	b.WriteString(d.What)
	if d.Target != "" {
		if rest := strings.Replace(d.What, d.Target, "", 1); d.Figure != nil && otherFigure.MatchString(rest) {
			fmt.Fprintf(&b, "，本条目标：%s%s", d.Figure.What, d.Target)
		} else if !strings.Contains(d.What, d.Target) {
			fmt.Fprintf(&b, "，目标：%s", d.Target)
		}
	}
	if d.HasDue() {
		fmt.Fprintf(&b, "（%s前", d.Due.Chinese())
		if last := c.Back(d.Due); last != d.Due {
			fmt.Fprintf(&b, "，最后一个工作日是%s", last.Format("1月2日"))
		}
		if !c.Knows(d.Due.Year()) {
			b.WriteString("，当年放假安排未公布，日期暂定")
		}
		b.WriteString("）")
	}
	if n.Stage.Anchor == AfterDue && ledger.Strives(d.Hedge) {
		b.WriteString("（力争目标，未达预期的请说明情况）")
	}
	switch {
	case d.First || d.Own:
	case d.Target != "":
		b.WriteString("（您单位参与，数字是全区目标）")
	default:
		b.WriteString("（您单位参与）")
	}
	return b.String()
}
