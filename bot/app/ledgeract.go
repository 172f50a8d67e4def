package app

import (
	"context"
	"crypto/rand"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"huiwen/knowledge/calendar"
	"huiwen/knowledge/store"
	"huiwen/knowledge/versions"
	"huiwen/scheduler/ledger"
)

// officeVerbs are what the office and the inspectors order by the command line.
var officeVerbs = []ledger.Verb{ledger.Close, ledger.Grant, ledger.SendBack, ledger.Refuse, ledger.Move, ledger.Drop, ledger.Reopen}

func officeVerbNames() string {
	var out []string
	for _, v := range officeVerbs {
		out = append(out, v.String())
	}
	return strings.Join(out, "|")
}

// An onDuty is a command that acts on one duty of a bureau.
type onDuty struct {
	actFlags
	bureau, plan string
}

func (o *onDuty) define(fs *flag.FlagSet) {
	o.actFlags.define(fs)
	fs.StringVar(&o.bureau, "bureau", "", "")
	fs.StringVar(&o.plan, "plan", "", "")
}

// order finds the duty and prepares the order on it.
func (o *onDuty) order(ctx context.Context, c *call, s store.Store, act versions.Act, verb ledger.Verb, id string) (*ledger.Book, ledger.Order, error) {
	book := newBook(s, &roll{store: s, now: c.Now})
	by, err := actorOf(ctx, s, o.actFlags, act)
	if err != nil {
		return nil, ledger.Order{}, err
	}
	d, err := readDirectory(ctx, s)
	if err != nil {
		return nil, ledger.Order{}, err
	}
	out := ledger.Order{ID: "cli-" + rand.Text(), At: c.Now(), By: by, Verb: verb, Bureau: bureauNamed(d, o.bureau), Text: o.why}
	entries, err := book.Of(ctx, o.plan, out.Bureau)
	if err != nil {
		return nil, out, err
	}
	for _, e := range entries { // of several plans the last
		if e.ID == id {
			out.Plan, out.Duties = e.Plan, []string{id}
		}
	}
	if out.Duties == nil {
		return nil, out, fmt.Errorf("台账里没有%s的 %s；编号见 duties", out.Bureau, id)
	}
	return book, out, nil
}

// tell prints what became of an order.
func (c *call) tell(out ledger.Outcome, err error) error {
	if err != nil {
		return err
	}
	if out.Refused != "" {
		return fmt.Errorf("没有办：%s", out.Refused)
	}
	for _, e := range out.Entries {
		fmt.Fprintf(c.Stdout, "%s %s：%s\n", e.ID, e.Bureau, e.State)
	}
	return nil
}

// ledgerAct carries an order of the office or of an inspector out.
func ledgerAct(ctx context.Context, c *call) error {
	var o onDuty
	due := ""
	rest, err := c.parse(2, 2, func(fs *flag.FlagSet) { o.define(fs); fs.StringVar(&due, "due", "", "") })
	if err != nil {
		return err
	}
	verb, ok := ledger.ParseVerb(rest[0])
	if !ok || !slices.Contains(officeVerbs, verb) {
		return usagef("%q 不是这里能办的事，可用：%s", rest[0], officeVerbNames())
	}
	day := calendar.Day{}
	if due != "" {
		if day, err = calendar.Parse(due); err != nil {
			return usageError{fmt.Errorf("--due：%w", err)}
		}
	}
	return c.acting(ctx, o.actFlags, mayOrder, func(s store.Store, act versions.Act) error {
		book, order, err := o.order(ctx, c, s, act, verb, rest[1])
		if err != nil {
			return err
		}
		order.Due = day
		return c.tell(book.Do(ctx, order))
	})
}

// ledgerUndo takes back what the person did last in the scope of a bureau.
func ledgerUndo(ctx context.Context, c *call) error {
	var o onDuty
	if _, err := c.parse(0, 0, o.define); err != nil {
		return err
	}
	return c.acting(ctx, o.actFlags, mayOrder, func(s store.Store, act versions.Act) error {
		by, err := actorOf(ctx, s, o.actFlags, act)
		if err != nil {
			return err
		}
		d, err := readDirectory(ctx, s)
		if err != nil {
			return err
		}
		return c.tell(ledger.NewBook(s, nil).Undo(ctx, bureauNamed(d, o.bureau), ledger.Order{ID: "cli-" + rand.Text(), At: c.Now(), By: by}))
	})
}

// ledgerHandover gives a duty to another bureau.
func ledgerHandover(ctx context.Context, c *call) error {
	to := ""
	return giveDuty(ctx, c, ledger.Handover, func(fs *flag.FlagSet) { fs.StringVar(&to, "to", "", "") }, func() (string, error) { return to, nil })
}

// maxSharesBytes bounds a 分解表.
const maxSharesBytes = 64 << 10

// ledgerSplit splits a duty over bureaus.
func ledgerSplit(ctx context.Context, c *call) error {
	file := ""
	return giveDuty(ctx, c, ledger.SplitDuty, func(fs *flag.FlagSet) { fs.StringVar(&file, "shares", "", "") }, func() (string, error) {
		in := c.Stdin
		if file != "-" {
			f, err := os.Open(file)
			if err != nil {
				return "", fmt.Errorf("打不开分解表：%w", err)
			}
			defer f.Close()
			in = f
		}
		data, err := io.ReadAll(io.LimitReader(in, maxSharesBytes))
		return string(data), err
	})
}

func giveDuty(ctx context.Context, c *call, verb ledger.Verb, define func(*flag.FlagSet), lines func() (string, error)) error {
	var o onDuty
	rest, err := c.parse(1, 1, func(fs *flag.FlagSet) { o.define(fs); define(fs) })
	if err != nil {
		return err
	}
	return c.acting(ctx, o.actFlags, mayDecide, func(s store.Store, act versions.Act) error {
		book, order, err := o.order(ctx, c, s, act, verb, rest[0])
		if err != nil {
			return err
		}
		text, err := lines()
		if err != nil {
			return err
		}
		d, err := readDirectory(ctx, s)
		if err != nil {
			return err
		}
		shares, err := ledger.ParseShares(text, d.Named(c.Now()))
		if err != nil {
			return err
		}
		return c.tell(book.Give(ctx, order, shares))
	})
}

// ledgerUrge sends a bureau what was prepared for it, or lists who ought to be
// urged. Only a person sends it.
func ledgerUrge(ctx context.Context, c *call) error {
	var o onDuty
	text, leader := "", false
	bureau, err := c.parseOne(func(fs *flag.FlagSet) {
		o.define(fs)
		fs.StringVar(&text, "text", "", "")
		fs.BoolVar(&leader, "leader", false, "")
	})
	if err != nil {
		return err
	}
	return c.acting(ctx, o.actFlags, mayDecide, func(s store.Store, act versions.Act) error {
		d, err := readDirectory(ctx, s)
		if err != nil {
			return err
		}
		days, err := readCalendar(ctx, s)
		if err != nil {
			return err
		}
		book := newBook(s, &roll{store: s, now: c.Now})
		all, err := book.List(ctx, o.plan)
		if err != nil {
			return err
		}
		list, why := ledger.ToUrge(all, days, calendar.Of(c.Now()))
		if bureau == "" {
			for _, e := range list {
				fmt.Fprintf(c.Stdout, "%s  %s  %s  %s\n", e.Bureau, e.ID, why[e.Ref()], clip(e.What, 40))
			}
			fmt.Fprintf(c.Stdout, "共 %d 条；催一个单位：ledger urge 单位\n", len(list))
			return nil
		}
		return c.urge(ctx, o.actFlags, s, act, book, bureauNamed(d, bureau), list, why, text, leader)
	})
}

func (c *call) urge(ctx context.Context, f actFlags, s store.Store, act versions.Act, book *ledger.Book, bureau string, list []ledger.Entry, why map[string]string, text string, leader bool) error {
	by, err := actorOf(ctx, s, f, act)
	if err != nil {
		return err
	}
	o := ledger.Order{ID: "cli-" + rand.Text(), At: c.Now(), By: by, Bureau: bureau, Text: "催办"}
	list = slices.DeleteFunc(slices.Clone(list), func(e ledger.Entry) bool { return e.Bureau != bureau })
	if len(list) == 0 {
		return fmt.Errorf("%s现在没有要催的任务", bureau)
	}
	o.Plan = list[0].Plan
	for _, e := range list {
		if e.Plan == o.Plan {
			o.Duties = append(o.Duties, e.ID)
		}
	}
	if text == "" {
		text = ledger.UrgeText(bureau, list, why)
	}
	if len([]rune(text)) > ledger.MaxUrgeRunes {
		return usagef("催办的文字最多 %d 个字", ledger.MaxUrgeRunes)
	}
	out, err := book.Urge(ctx, o, text, leader)
	if err != nil || out.Refused != "" {
		return c.tell(out, err)
	}
	fmt.Fprintf(c.Stdout, "%s的催办已交给发送：\n%s\n", bureau, text)
	return nil
}
