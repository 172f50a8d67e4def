package app

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"huiwen/knowledge"
	"huiwen/knowledge/calendar"
	"huiwen/knowledge/directory"
	"huiwen/knowledge/store"
	"huiwen/scheduler"
	"huiwen/scheduler/ledger"
	"huiwen/seeds"
)

// preview rehearses the reminders of some days; it sends nothing.
func preview(ctx context.Context, c *call) error {
	var from, to, ledgerFile string
	var asJSON, asCalendar bool
	if _, err := c.parse(0, 0, func(fs *flag.FlagSet) {
		fs.StringVar(&from, "from", "", "")
		fs.StringVar(&to, "to", "", "")
		fs.StringVar(&ledgerFile, "ledger", "", "")
		fs.BoolVar(&asJSON, "json", false, "")
		fs.BoolVar(&asCalendar, "ics", false, "")
	}); err != nil {
		return err
	}
	entries, err := readLedger(ledgerFile)
	if err != nil {
		return err
	}
	p, err := c.published(ctx)
	if err != nil {
		return err
	}
	p = p.On(from) // a bad date is refused by rehearse
	days, people, err := c.daysAndPeople(ctx)
	if err != nil {
		return err
	}
	r, err := rehearse(p, from, to, entries, days, people)
	if err != nil {
		return err
	}
	for _, y := range r.unknown {
		fmt.Fprintf(c.Stderr, "注意：%d年的放假安排还没有录入，只按周末推算，日期暂定。\n", y)
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

// A rehearsal is the digests between two days as if nothing but the ledger's
// entries had happened yet.
type rehearsal struct {
	terms   scheduler.Terms
	digests []scheduler.Digest
	office  map[string]bool // bureaus whose rows go to the office
	unknown []int           // years without a calendar
}

// maxRehearsal bounds the days of a rehearsal.
const maxRehearsal = 3 * 366

// rehearse works out the digests of a plan that is armed on its issue day or on
// the first day of the rehearsal, the later.
func rehearse(s *knowledge.Snapshot, from, to string, entries []ledger.Entry, days *calendar.Calendar, people *directory.Directory) (*rehearsal, error) {
	first, err := calendar.Parse(from)
	if err != nil {
		return nil, usageError{fmt.Errorf("--from：%w", err)}
	}
	last, err := calendar.Parse(to)
	if err != nil {
		return nil, usageError{fmt.Errorf("--to：%w", err)}
	}
	switch n := int(last.Sub(first.Time).Hours() / 24); {
	case n < 0:
		return nil, usagef("--to 比 --from 还早")
	case n > maxRehearsal:
		return nil, usagef("一次最多预演 %d 天", maxRehearsal)
	}
	armed := first
	if issued, err := calendar.Parse(s.Plan.Issued); err == nil && issued.After(armed.Time) {
		armed = issued
	}
	r := &rehearsal{office: map[string]bool{}, unknown: days.UnknownBetween(first, last)}
	for _, b := range people.Bureaus {
		r.office[b.Name] = b.Office
	}
	r.terms = scheduler.Terms{Calendar: days, Stages: scheduler.Defaults, Armed: armed, Last: ledger.LastDay(s.Plan)}
	duties := inForce(ledger.Duties(s.Plan, armed, last), entries, ledger.PlanKey(s.Plan))
	r.digests = scheduler.Digests(scheduler.Due(duties, r.terms, first, last), r.terms, last)
	return r, nil
}

// daysAndPeople reads the calendar and the directory that are kept, else the seeds'.
// It writes nothing.
func (c *call) daysAndPeople(ctx context.Context) (*calendar.Calendar, *directory.Directory, error) {
	days, err := calendar.Load(seeds.Files)
	if err != nil {
		return nil, nil, err
	}
	people, err := directory.Seed(seeds.Files)
	if err != nil {
		return nil, nil, err
	}
	s, done, err := openReader(ctx, c.config)
	if errors.Is(err, store.ErrNoStore) {
		return days, people, nil
	}
	if err != nil {
		return nil, nil, err
	}
	defer done()
	err = s.View(ctx, calendar.Scope, func(tx store.Tx) error {
		kept, err := calendar.Kept(tx, days)
		if err != nil {
			return err
		}
		days = kept
		d, ok, err := directory.Load(tx)
		if ok {
			people = d
		}
		return err
	})
	return days, people, err
}

// inForce takes what the ledger has closed off the duties, and moves what it moved.
func inForce(duties []ledger.Duty, entries []ledger.Entry, plan string) []ledger.Duty {
	have := map[[2]string]*ledger.Entry{}
	for i := range entries {
		if e := &entries[i]; e.Plan == "" || e.Plan == plan {
			have[[2]string{e.ID, e.Bureau}] = e
		}
	}
	var out []ledger.Duty
	for _, d := range duties {
		e := have[[2]string{d.ID, d.Bureau}]
		switch {
		case e == nil:
			out = append(out, d)
		case e.Open():
			e.Duty = d
			out = append(out, e.InForce())
		}
	}
	return out
}

// maxLedgerBytes bounds a ledger that is read from a file.
const maxLedgerBytes = 64 << 20

// readLedger reads what `ledger export --json` wrote: an entry a line.
func readLedger(file string) ([]ledger.Entry, error) {
	if file == "" {
		return nil, nil
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("读不了台账：%w", err)
	}
	defer f.Close()
	var out []ledger.Entry
	dec := json.NewDecoder(io.LimitReader(f, maxLedgerBytes))
	for {
		var e ledger.Entry
		err := dec.Decode(&e)
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil || e.ID == "" || e.Bureau == "" {
			return nil, fmt.Errorf("%s 第 %d 条看不懂；请用 ledger export --json 导出的文件", file, len(out)+1)
		}
		out = append(out, e)
	}
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

// to says who of a bureau gets a digest.
func (r *rehearsal) to(d scheduler.Digest) string {
	return scheduler.Receivers(r.office[d.Bureau], d.Heads)
}

func (r *rehearsal) json(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for _, d := range r.digests {
		line := digestLine{At: d.At.Format(time.RFC3339), Bureau: d.Bureau, To: r.to(d), Items: []digestItem{}, Text: d.Text(r.terms, nil, nil)}
		for _, n := range d.Notices {
			item := digestItem{No: n.Duty.No, Duty: n.Duty.ID, Stage: n.Stage.Name, What: n.Duty.What, Rule: n.Duty.Rule, Target: n.Duty.Target}
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
		fmt.Fprintf(w, "%s  %s（%s）\n", d.At.Format("2006-01-02 15:04"), d.Bureau, r.to(d))
		for _, n := range d.Notices {
			due := "没有期限"
			if n.Duty.HasDue() {
				due = n.Duty.Due.String()
			}
			fmt.Fprintf(w, "    %-10s %s %s %s\n", n.Stage.Name, n.Duty.Label, due, clip(n.Duty.What, 40))
		}
	}
	fmt.Fprintf(w, "共 %d 条提醒\n", len(r.digests))
}

// ics writes the rehearsal as a calendar (RFC 5545).
func (r *rehearsal) ics(w io.Writer, now time.Time) error {
	var b strings.Builder
	line := func(name, value string) {
		value = strings.NewReplacer(`\`, `\\`, ";", `\;`, ",", `\,`, "\r\n", `\n`, "\n", `\n`, "\r", "").Replace(value)
		fold(&b, name+":"+value)
	}
	fold(&b, "BEGIN:VCALENDAR")
	fold(&b, "VERSION:2.0")
	fold(&b, "PRODID:-//huiwen//remind//ZH")
	for _, d := range r.digests {
		fold(&b, "BEGIN:VEVENT")
		fold(&b, fmt.Sprintf("UID:%s@huiwen", ledger.Serial("digest", d.Bureau, calendar.Of(d.At), "")))
		fold(&b, "DTSTAMP:"+now.UTC().Format("20060102T150405Z"))
		fold(&b, "DTSTART:"+d.At.UTC().Format("20060102T150405Z"))
		line("SUMMARY", fmt.Sprintf("%s：%d 项任务", d.Bureau, len(d.Notices)))
		line("DESCRIPTION", d.Text(r.terms, nil, nil))
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
