package ledger

import "huiwen/knowledge/calendar"

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
