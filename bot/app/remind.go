package app

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"strings"
	"time"

	"huiwen/knowledge"
	"huiwen/scheduler"
	"huiwen/seeds"
)

// remindCommand rehearses the reminders.
func remindCommand(ctx context.Context, c *call) error {
	if len(c.args) == 0 || c.args[0] != "preview" {
		return usagef("remind 后面要写 preview --from 日期 --to 日期")
	}
	c.args = c.args[1:]
	var from, to string
	var asJSON, asCalendar bool
	rest, err := c.flags("remind preview", func(fs *flag.FlagSet) {
		fs.StringVar(&from, "from", "", "")
		fs.StringVar(&to, "to", "", "")
		fs.BoolVar(&asJSON, "json", false, "")
		fs.BoolVar(&asCalendar, "ics", false, "")
	})
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return usagef("remind preview 不接受参数 %q", rest[0])
	}
	p, err := c.published(ctx)
	if err != nil {
		return err
	}
	r, err := rehearse(p, from, to)
	if err != nil {
		return err
	}
	switch {
	case asJSON:
		return r.json(c.Stdout)
	case asCalendar:
		return r.ics(c.Stdout, c.Now())
	}
	r.table(c.Stdout)
	return nil
}

// plainCutter cuts nothing: duties need no search.
type plainCutter struct{}

func (plainCutter) Cut(s string) []string    { return []string{s} }
func (plainCutter) Search(s string) []string { return []string{s} }

// A rehearsal is the digests between two days as if nothing had happened yet.
type rehearsal struct {
	calendar *scheduler.Calendar
	digests  []scheduler.Digest
}

// maxRehearsal bounds the days of a rehearsal.
const maxRehearsal = 3 * 366

// rehearse works out the digests of a plan that is armed on its issue day or on
// the first day of the rehearsal, the later.
func rehearse(s *knowledge.Snapshot, from, to string) (*rehearsal, error) {
	first, err := scheduler.ParseDay(from)
	if err != nil {
		return nil, usageError{fmt.Errorf("--from：%w", err)}
	}
	last, err := scheduler.ParseDay(to)
	if err != nil {
		return nil, usageError{fmt.Errorf("--to：%w", err)}
	}
	switch days := int(last.Sub(first.Time).Hours() / 24); {
	case days < 0:
		return nil, usagef("--to 比 --from 还早")
	case days > maxRehearsal:
		return nil, usagef("一次最多预演 %d 天", maxRehearsal)
	}
	calendar, err := scheduler.LoadCalendar(seeds.Files)
	if err != nil {
		return nil, err
	}
	armed := first
	if issued, err := scheduler.ParseDay(s.Plan.Issued); err == nil && issued.After(armed.Time) {
		armed = issued
	}
	v, err := knowledge.ReadVocabulary(seeds.Files)
	if err != nil {
		return nil, err
	}
	kinds := map[string]string{}
	for _, b := range v.Bureaus {
		kinds[b.Name] = b.Kind
	}
	duties := scheduler.Duties(s.Plan, armed, last)
	notices := scheduler.Due(duties, calendar, nil, armed, first, last)
	return &rehearsal{calendar, scheduler.Digests(notices, calendar, func(bureau string, overdue bool) string { return receiver(kinds[bureau], overdue) })}, nil
}

// receiver is who of a bureau a digest goes to: never above the section head;
// what concerns party and discipline bodies goes to the office.
func receiver(kind string, overdue bool) string {
	switch {
	case strings.HasPrefix(kind, "党群") || strings.HasPrefix(kind, "纪检"):
		return "领导小组办公室"
	case overdue:
		return "联络员、科室负责人"
	}
	return "联络员"
}

// digestLine is a line of `remind preview --json`. Field names never change.
type digestLine struct {
	At     string       `json:"at"`
	Bureau string       `json:"bureau"`
	To     string       `json:"to"`
	Items  []digestItem `json:"items"`
	Text   string       `json:"text"`
}

type digestItem struct {
	No     string  `json:"no"`
	Duty   string  `json:"duty"`
	Stage  string  `json:"stage"`
	What   string  `json:"what"`
	Due    *string `json:"due"`
	Rule   string  `json:"rule"`
	Target string  `json:"target"`
}

func (r *rehearsal) json(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for _, d := range r.digests {
		line := digestLine{At: d.At.Format(time.RFC3339), Bureau: d.Bureau, To: d.To, Items: []digestItem{}, Text: d.Text(r.calendar)}
		for _, n := range d.Notices {
			item := digestItem{No: n.Duty.No, Duty: n.Duty.ID, Stage: string(n.Stage), What: n.Duty.What, Rule: n.Duty.Rule, Target: n.Duty.Target}
			if n.Duty.HasDue() {
				due := n.Duty.Due.String()
				item.Due = &due
			}
			line.Items = append(line.Items, item)
		}
		if err := enc.Encode(line); err != nil {
			return err
		}
	}
	return nil
}

// table shows the rehearsal to people.
func (r *rehearsal) table(w io.Writer) {
	for _, d := range r.digests {
		fmt.Fprintf(w, "%s  %s（%s）\n", d.At.Format("2006-01-02 15:04"), d.Bureau, d.To)
		for _, n := range d.Notices {
			due := "没有期限"
			if n.Duty.HasDue() {
				due = n.Duty.Due.String()
			}
			fmt.Fprintf(w, "    %-10s 第%s项 %s %s\n", n.Stage, n.Duty.No, due, clip(n.Duty.What, 40))
		}
	}
	fmt.Fprintf(w, "共 %d 条提醒\n", len(r.digests))
}

// ics writes the rehearsal as a calendar (RFC 5545).
func (r *rehearsal) ics(w io.Writer, now time.Time) error {
	var b strings.Builder
	line := func(name, value string) {
		value = strings.NewReplacer(`\`, `\\`, ";", `\;`, ",", `\,`, "\r\n", `\n`, "\n", `\n`).Replace(value)
		fold(&b, name+":"+value)
	}
	fold(&b, "BEGIN:VCALENDAR")
	fold(&b, "VERSION:2.0")
	fold(&b, "PRODID:-//huiwen//remind//ZH")
	for i, d := range r.digests {
		fold(&b, "BEGIN:VEVENT")
		fold(&b, fmt.Sprintf("UID:%s-%d@huiwen", d.At.UTC().Format("20060102T150405Z"), i))
		fold(&b, "DTSTAMP:"+now.UTC().Format("20060102T150405Z"))
		fold(&b, "DTSTART:"+d.At.UTC().Format("20060102T150405Z"))
		line("SUMMARY", fmt.Sprintf("%s：%d 项任务", d.Bureau, len(d.Notices)))
		line("DESCRIPTION", d.Text(r.calendar))
		fold(&b, "END:VEVENT")
	}
	fold(&b, "END:VCALENDAR")
	_, err := io.WriteString(w, b.String())
	return err
}

// fold ends a content line with CRLF and breaks it at 75 bytes, between runes.
func fold(b *strings.Builder, line string) {
	room := 75
	for _, r := range line {
		n := len(string(r))
		if n > room {
			b.WriteString("\r\n ")
			room = 74
		}
		b.WriteRune(r)
		room -= n
	}
	b.WriteString("\r\n")
}
