package wecom

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/silenceper/wechat/v2/work/kf"
	"github.com/silenceper/wechat/v2/work/kf/sendmsg"

	"huiwen/bot"
	"huiwen/knowledge/store"
)

// The states of a session (document path 94669). Only 0 and 1 may be written to.
const (
	stateWaiting = 2 // in the pool, for whoever is free
	statePerson  = 3
	stateEnded   = 4
)

// A Handover says whom a customer is handed to who asks for a person.
type Handover struct {
	// To is "pool", "servicer" or "" for nobody.
	To        string
	Servicers []string // user ids, tried in order
	Hours     Hours
}

// human is what a message is told of people: "" where nobody takes over, "now",
// or when somebody does.
func (h Handover) human(now time.Time) string {
	switch {
	case h.To == "":
		return ""
	case h.Hours.Open(now):
		return bot.HumanNow
	}
	return h.Hours.String()
}

// Hours are the service hours (服务时间). The zero value is always open.
type Hours []Span

// A Span is open on some days of the week between two times of day.
type Span struct {
	From, To       time.Weekday // Sunday is 7
	Opens, Closes  int          // minutes of the day
	written, clock string
}

// spanPattern is a line of the configuration: 1-5 09:00-12:00.
var spanPattern = regexp.MustCompile(`^([1-7])(?:-([1-7]))? ([01]\d|2[0-4]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)$`)

var weekdays = []string{"", "周一", "周二", "周三", "周四", "周五", "周六", "周日"}

// ParseHours reads the lines of the configuration.
func ParseHours(lines []string) (Hours, error) {
	var out Hours
	for _, l := range lines {
		m := spanPattern.FindStringSubmatch(strings.TrimSpace(l))
		if m == nil {
			return nil, fmt.Errorf("hours: %q 要写成 1-5 09:00-12:00 这样（周一到周五）", l)
		}
		n := func(i int) int { v, _ := strconv.Atoi(m[i]); return v }
		s := Span{From: time.Weekday(n(1)), To: time.Weekday(n(1)), Opens: n(3)*60 + n(4), Closes: n(5)*60 + n(6)}
		s.written = weekdays[n(1)]
		if m[2] != "" {
			s.To = time.Weekday(n(2))
			s.written += "至" + weekdays[n(2)]
		}
		if s.To < s.From || s.Closes <= s.Opens || s.Closes > 24*60 {
			return nil, fmt.Errorf("hours: %q 的结束在开始之前", l)
		}
		s.clock = m[3] + ":" + m[4] + "—" + m[5] + ":" + m[6]
		out = append(out, s)
	}
	return out, nil
}

// china is the zone that people live in, whatever the machine's.
var china = time.FixedZone("CST", 8*3600)

// Open reports whether somebody is there at a time.
func (h Hours) Open(now time.Time) bool {
	now = now.In(china)
	day, minute := now.Weekday(), now.Hour()*60+now.Minute()
	if day == time.Sunday {
		day = 7
	}
	return len(h) == 0 || slices.ContainsFunc(h, func(s Span) bool {
		return day >= s.From && day <= s.To && minute >= s.Opens && minute < s.Closes
	})
}

// String is the hours as people read them.
func (h Hours) String() string {
	var b strings.Builder
	for i, s := range h {
		switch {
		case i == 0:
			b.WriteString(s.written)
		case s.written == h[i-1].written:
			b.WriteString("、")
		default:
			b.WriteString("，" + s.written)
		}
		b.WriteString(s.clock)
	}
	return b.String()
}

// state asks for the state of the customer's session.
func (s kfSending) state(ctx context.Context) (int, error) {
	var got kf.ServiceStateGetSchema
	err := s.Client.Call(ctx, "/cgi-bin/kf/service_state/get", kf.ServiceStateGetOptions{OpenKFID: s.account, ExternalUserID: s.customer}, &got)
	return got.ServiceState, err
}

// give writes down who has the session from now on.
func (s kfSending) give(ctx context.Context, to string) error {
	return s.Store.Update(ctx, s.scope, func(tx store.Tx) error {
		c, err := loadCustomer(tx, s.account, s.customer)
		if err != nil {
			return err
		}
		c.Human, c.Since = to, s.Now().Unix()
		return saveCustomer(tx, s.account, s.customer, c)
	})
}

// handOver gives the session to a person, within the service hours, once the
// answer is sent: afterwards nothing of ours may be. It fails only where a retry
// helps.
func (s kfSending) handOver(ctx context.Context) bot.Outcome {
	if s.Handover.To == "" || !s.Handover.Hours.Open(s.Now()) {
		return bot.Outcome{Sent: true}
	}
	state, err := s.state(ctx)
	if err == nil && state != stateWaiting && state != statePerson {
		if state == stateEnded {
			return bot.Outcome{Sent: true} // nothing may be changed until he writes again
		}
		err = s.trans(ctx)
	}
	if err != nil {
		s.Log.Warn("kf hand-over", "error", err)
		o, _ := outcome(err)
		if !o.Final {
			o.Final, o.Uncertain = false, false
			return o
		}
		s.nobody(ctx)
		return bot.Outcome{Sent: true}
	}
	if err := s.give(ctx, s.id); err != nil {
		return bot.Outcome{Reason: "store"}
	}
	return bot.Outcome{Sent: true}
}

// trans moves the session: to the first servicer who is there, else to the pool.
func (s kfSending) trans(ctx context.Context) error {
	in := kf.ServiceStateTransOptions{OpenKFID: s.account, ExternalUserID: s.customer, ServiceState: statePerson}
	if s.Handover.To == "servicer" {
		for _, who := range s.Handover.Servicers {
			in.ServicerUserID = who
			err := s.Client.Call(ctx, "/cgi-bin/kf/service_state/trans", in, nil)
			if o, stop := outcome(err); !stop || !o.Final {
				return err
			}
		}
	}
	in.ServiceState, in.ServicerUserID = stateWaiting, ""
	return s.Client.Call(ctx, "/cgi-bin/kf/service_state/trans", in, nil)
}

// nobody says that nobody could take over, after we said that somebody would.
func (s kfSending) nobody(ctx context.Context) {
	t := sendmsg.Text{MsgType: "text"}
	t.ToUser, t.OpenKFID, t.MsgID, t.Text.Content = s.customer, s.account, msgID(s.id, "nobody"), "抱歉，现在没有工作人员能接待，请稍后再试。您也可以接着问我。"
	if _, err := s.count(ctx, t.MsgID, false); errors.Is(err, errWindow) {
		return
	}
	_ = s.Client.Call(ctx, "/cgi-bin/kf/send_msg", t, nil)
}
