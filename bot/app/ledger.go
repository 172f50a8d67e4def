package app

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"huiwen/handlers"
	"huiwen/knowledge"
	"huiwen/knowledge/calendar"
	"huiwen/knowledge/directory"
	"huiwen/knowledge/store"
	"huiwen/scheduler/ledger"
	"huiwen/scheduler/paper"
	"huiwen/seeds"
)

// exportLedger writes the ledger as the office keeps it: a row a measure.
func exportLedger(ctx context.Context, c *call) error {
	var asJSON bool
	var asOf, plan string
	rest, err := c.parse(0, 1, func(fs *flag.FlagSet) {
		fs.BoolVar(&asJSON, "json", false, "")
		fs.StringVar(&asOf, "as-of", "", "")
		fs.StringVar(&plan, "plan", "", "")
	})
	if err != nil {
		return err
	}
	if len(rest) == 0 && !asJSON {
		return usagef("ledger export 要写一个文件名（.xlsx 或 .csv），或者 --json")
	}
	src, err := c.sources(ctx, asOf, plan)
	if err != nil {
		return err
	}
	if asJSON && len(rest) == 0 {
		return entriesJSON(c.Stdout, src.Entries)
	}
	write := map[string]func(io.Writer) error{
		".xlsx": func(w io.Writer) error { return paper.XLSX(w, src) },
		".csv":  func(w io.Writer) error { return paper.CSV(w, src) },
		".json": func(w io.Writer) error { return entriesJSON(w, src.Entries) },
	}[strings.ToLower(filepath.Ext(rest[0]))]
	if write == nil {
		return usagef("文件名要以 .xlsx、.csv 或 .json 结尾")
	}
	return toFile(rest[0], write, c.Stdout)
}

// entriesJSON writes an entry a line: what `remind preview --ledger` reads.
func entriesJSON(w io.Writer, list []ledger.Entry) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for _, e := range list {
		if err := enc.Encode(e); err != nil {
			return err
		}
	}
	return nil
}

// paperKinds are the papers of the office by the names of the command line.
var paperKinds = map[handlers.Paper]paper.Kind{handlers.Monthly: paper.Monthly, handlers.Quarterly: paper.Quarterly, handlers.Circular: paper.Circular}

// ledgerPaper writes a draft for people to edit: never sent by the program.
func ledgerPaper(ctx context.Context, c *call) error {
	var kind, asOf, plan string
	rest, err := c.parse(1, 1, func(fs *flag.FlagSet) {
		fs.StringVar(&kind, "kind", "quarterly", "")
		fs.StringVar(&asOf, "as-of", "", "")
		fs.StringVar(&plan, "plan", "", "")
	})
	if err != nil {
		return err
	}
	if !strings.EqualFold(filepath.Ext(rest[0]), ".docx") {
		return usagef("ledger paper 要写一个 .docx 文件名")
	}
	k, ok := paperKinds[handlers.Paper(kind)]
	if !ok {
		return usagef("--kind 只能是 monthly（月度汇总）、quarterly（季度调度材料）或 circular（通报代拟稿）")
	}
	src, err := c.sources(ctx, asOf, plan)
	if err != nil {
		return err
	}
	return toFile(rest[0], func(w io.Writer) error { return paper.DOCX(w, k, src) }, c.Stdout)
}

// toFile writes a file whole or not at all.
func toFile(name string, write func(io.Writer) error, say io.Writer) (err error) {
	tmp, err := os.CreateTemp(filepath.Dir(name), ".huiwen-*")
	if err != nil {
		return fmt.Errorf("写不了文件：%w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(tmp.Name()))
		}
	}()
	if err := errors.Join(write(tmp), tmp.Close()); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	if err := os.Rename(tmp.Name(), name); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	fmt.Fprintf(say, "已写到 %s\n", name)
	return nil
}

// sources reads what papers are made of, beside a running service.
func (c *call) sources(ctx context.Context, asOf, plan string) (paper.Source, error) {
	src := paper.Source{AsOf: calendar.Of(c.Now())}
	if asOf != "" {
		day, err := calendar.Parse(asOf)
		if err != nil {
			return src, usageError{fmt.Errorf("--as-of：%w", err)}
		}
		src.AsOf = day
	}
	snap, err := c.published(ctx)
	if err != nil {
		return src, err
	}
	s, err := openStore(ctx, c.config)
	if err != nil {
		return src, err
	}
	defer s.Close()
	days, err := readCalendar(ctx, s)
	if err != nil {
		return src, err
	}
	return paperSource(ctx, s, snap, days, src.AsOf, plan)
}

// readCalendar is [keptCalendar] with the embedded seed.
func readCalendar(ctx context.Context, s store.Store) (*calendar.Calendar, error) {
	seeded, err := calendar.Load(seeds.Files)
	if err != nil {
		return nil, err
	}
	return keptCalendar(ctx, s, seeded)
}

// keptCalendar is the calendar that is kept, with the seeded years that nobody entered.
func keptCalendar(ctx context.Context, s store.Store, seeded *calendar.Calendar) (*calendar.Calendar, error) {
	return store.View(ctx, s, calendar.Scope, func(tx store.Tx) (*calendar.Calendar, error) { return calendar.Kept(tx, seeded) })
}

// paperSource reads what papers are made of on a day, of the plan in force then
// unless another is named.
func paperSource(ctx context.Context, s store.Store, snap *knowledge.Snapshot, days *calendar.Calendar, asOf calendar.Day, named string) (paper.Source, error) {
	p := snap.On(asOf.String()).Plan
	src := paper.Source{Title: p.Title, Plan: cmp.Or(named, ledger.PlanKey(p)), AsOf: asOf, Calendar: days}
	for _, it := range p.Items {
		src.Items = append(src.Items, paper.Item{No: it.No, Label: it.Label(), Text: it.Body(), Bureaus: it.Bureaus, Targets: it.Targets})
	}
	var err error
	if src.People, err = readDirectory(ctx, s); err != nil {
		return src, err
	}
	src.Entries, err = ledger.NewBook(s, nil).List(ctx, src.Plan)
	return src, err
}

// dutiesCommand lists the duties of the published plan as the ledger has them, or as
// they would be.
func dutiesCommand(ctx context.Context, c *call) error {
	var asJSON bool
	var bureau, asOf string
	if _, err := c.parse(0, 0, func(fs *flag.FlagSet) {
		fs.BoolVar(&asJSON, "json", false, "")
		fs.StringVar(&bureau, "bureau", "", "")
		fs.StringVar(&asOf, "as-of", "", "")
	}); err != nil {
		return err
	}
	src, err := c.sources(ctx, asOf, "")
	if err != nil {
		return err
	}
	if len(src.Entries) == 0 {
		if src.Entries, err = c.planned(ctx, src.AsOf); err != nil {
			return err
		}
		fmt.Fprintln(c.Stderr, "台账还是空的，下面是按计划会有的任务。")
	}
	if bureau != "" {
		src.Entries = ofBureau(src.Entries, src.People, bureau)
	}
	if asJSON {
		return entriesJSON(c.Stdout, src.Entries)
	}
	for _, e := range src.Entries {
		due := "没有期限"
		if d := e.InForce(); d.HasDue() {
			due = d.Due.String()
		}
		light, word := e.Light(src.Calendar, src.AsOf)
		fmt.Fprintf(c.Stdout, "%-12s %s  %s  %s %s %s  %s\n", e.ID, e.Bureau, due, light, word, e.State, clip(e.What, 40))
	}
	fmt.Fprintf(c.Stdout, "共 %d 条\n", len(src.Entries))
	return nil
}

func ofBureau(list []ledger.Entry, people *directory.Directory, name string) []ledger.Entry {
	if b, ok := people.Bureau(name); ok {
		name = b.Name
	}
	var out []ledger.Entry
	for _, e := range list {
		if e.Bureau == name {
			out = append(out, e)
		}
	}
	return out
}

// planned are the entries that the published plan would have.
func (c *call) planned(ctx context.Context, asOf calendar.Day) ([]ledger.Entry, error) {
	snap, err := c.published(ctx)
	if err != nil {
		return nil, err
	}
	p := snap.On(asOf.String()).Plan
	from, last := asOf, ledger.LastDay(p)
	if issued, err := calendar.Parse(p.Issued); err == nil {
		from = issued
	}
	if last.Before(from.Time) {
		last = from
	}
	var out []ledger.Entry
	for _, d := range ledger.Duties(p, from, last) {
		out = append(out, ledger.Entry{Duty: d, Plan: ledger.PlanKey(p), State: ledger.Waiting})
	}
	return out, nil
}
