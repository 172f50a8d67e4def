package ledger

import (
	"fmt"
	"strings"

	"huiwen/knowledge/calendar"
)

// unreadDays is after how many working days without 签收 a duty is put forward for
// urging.
const unreadDays = 5

// ToUrge lists what ought to be urged on a day and why (建议催办), by [Entry.Ref]. A
// person of the office sends it.
func ToUrge(all []Entry, c *calendar.Calendar, today calendar.Day) (list []Entry, why map[string]string) {
	why = map[string]string{}
	for _, x := range all {
		l, word := x.Light(c, today)
		switch {
		case !x.Open() || x.State == Closing:
			continue
		case l == Red || word == "未达预期目标":
			why[x.Ref()] = word
		case x.Received.IsZero() && !x.Told.IsZero() && c.Shift(calendar.Of(x.Told), unreadDays).Before(today.Time):
			why[x.Ref()] = "未签收"
		default:
			continue
		}
		list = append(list, x)
	}
	return list, why
}

// Bounds of an urging: the entries that it names, and its text.
const (
	MaxUrged     = 15
	MaxUrgeRunes = 1500
)

// UrgeText is the draft of an urging of one bureau, which a person edits and sends;
// why is that of [ToUrge].
func UrgeText(bureau string, list []Entry, why map[string]string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s：领导小组办公室请您单位抓紧办理以下任务\n", bureau)
	for n, e := range list[:min(len(list), MaxUrged)] {
		what := []rune(e.What)
		if len(what) > 60 {
			what = append(what[:60:60], '…')
		}
		due := ""
		if d := e.InForce(); d.HasDue() {
			due = "，" + d.Due.Chinese() + "到期"
		}
		fmt.Fprintf(&b, "%d. %s：%s（%s%s）\n", n+1, e.Label, string(what), why[e.Ref()], due)
	}
	if rest := len(list) - MaxUrged; rest > 0 {
		fmt.Fprintf(&b, "另有 %d 项，请看台账\n", rest)
	}
	if len(list) > 0 {
		b.WriteString("请报进展或说明情况，比如：进展 " + list[0].No + " 完成情况")
	}
	return b.String()
}
