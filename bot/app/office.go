package app

import (
	"context"
	"crypto/rand"
	"flag"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"huiwen/handlers"
	"huiwen/knowledge"
	"huiwen/knowledge/account"
	"huiwen/knowledge/audit"
	"huiwen/knowledge/calendar"
	"huiwen/knowledge/directory"
	"huiwen/knowledge/store"
	"huiwen/knowledge/versions"
	"huiwen/scheduler"
	"huiwen/seeds"
)

// list is a flag that may be given often; a value may hold several, parted by
// commas.
type list []string

func (l *list) String() string { return strings.Join(*l, "，") }

// Set adds to the list.
func (l *list) Set(s string) error {
	for _, one := range strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == '，' || r == '、' || r == '\n' }) {
		if one = strings.TrimSpace(one); one != "" {
			*l = append(*l, one)
		}
	}
	return nil
}

// calendarShow shows how years are worked.
func calendarShow(ctx context.Context, c *call) error {
	if _, err := c.parse(0, 0, nil); err != nil {
		return err
	}
	days, _, err := c.daysAndPeople(ctx)
	if err != nil {
		return err
	}
	now := c.Now().In(calendar.Zone).Year()
	for y := now - 4; y <= now+1; y++ {
		if !days.Knows(y) {
			fmt.Fprintf(c.Stdout, "%d年  没有录入，只按周末推算\n", y)
			continue
		}
		worked := 0
		for d := (calendar.Day{Time: time.Date(y, 1, 1, 0, 0, 0, 0, calendar.Zone)}); d.Year() == y; d = d.Plus(1) {
			if days.Works(d) {
				worked++
			}
		}
		fmt.Fprintf(c.Stdout, "%d年  %d 个工作日\n", y, worked)
	}
	return nil
}

// calendarSet keeps a year as the notice of the State Council has it.
func calendarSet(ctx context.Context, c *call) error {
	var f actFlags
	var off, work list
	source := ""
	rest, err := c.parse(1, 1, func(fs *flag.FlagSet) {
		f.define(fs)
		fs.Var(&off, "off", "")
		fs.Var(&work, "work", "")
		fs.StringVar(&source, "source", "", "")
	})
	if err != nil {
		return err
	}
	year, err := strconv.Atoi(rest[0])
	if err != nil {
		return usagef("年份 %q 不是数字", rest[0])
	}
	return c.acting(ctx, f, mayKeep, func(s store.Store, act versions.Act) error {
		y := calendar.Year{Year: year, Source: source, Off: off, Work: work}
		err := s.Update(ctx, calendar.Scope, func(tx store.Tx) error {
			if err := calendar.Save(tx, y); err != nil {
				return err
			}
			return audit.Note(tx, audit.Entry{Who: act.Who, Act: "calendar.save", Subject: strconv.Itoa(year), Why: source})
		})
		if err != nil {
			return err
		}
		fmt.Fprintf(c.Stdout, "%d年的放假安排已保存。\n", year)
		return nil
	})
}

// cardsList lists the cards of the draft, or of what is published.
func cardsList(ctx context.Context, c *call) error {
	draft, err := c.parseOne(nil)
	if err != nil {
		return err
	}
	d, err := c.openDesk(ctx, actFlags{})
	if err != nil {
		return err
	}
	defer d.Close()
	if draft, err = d.latest(ctx, draft); err != nil {
		return err
	}
	e, err := d.edition(ctx, draft)
	if err != nil {
		return err
	}
	docs, err := e.Documents()
	if err != nil {
		return err
	}
	today, n := c.Now().In(handlers.Zone).Format(time.DateOnly), 0
	for _, doc := range docs {
		for _, x := range doc.Cards {
			state := "在展示"
			if !x.Shown(today) {
				state = "不展示：没有核实或已过期"
			}
			fmt.Fprintf(c.Stdout, "%-12s %s %s  到 %s  %s\n", x.ID, or(x.Place), or(x.Phone), or(x.Expires), state)
			n++
		}
	}
	fmt.Fprintf(c.Stdout, "共 %d 张\n", n)
	return nil
}

// cardsSet sets a card in the draft; --verify verifies it in the name of who acts.
func cardsSet(ctx context.Context, c *call) error {
	var f actFlags
	var x knowledge.Card
	var papers list
	draft, measure, verify := "", "", false
	rest, err := c.parse(1, 1, func(fs *flag.FlagSet) {
		f.define(fs)
		fs.StringVar(&draft, "draft", "", "")
		fs.StringVar(&measure, "measure", "", "")
		fs.BoolVar(&verify, "verify", false, "")
		fs.Var(&papers, "paper", "")
		for name, to := range map[string]*string{"quote": &x.Quote, "bureau": &x.Bureau, "place": &x.Place, "phone": &x.Phone, "hours": &x.Hours, "online": &x.Online, "proxy": &x.Proxy, "source": &x.Source, "expires": &x.Expires} {
			fs.StringVar(to, name, "", "")
		}
	})
	if err != nil {
		return err
	}
	d, err := c.openDesk(ctx, f, mayEdit...)
	if err != nil {
		return err
	}
	defer d.Close()
	today := c.Now().In(handlers.Zone).Format(time.DateOnly)
	x.ID, x.Papers = rest[0], papers
	if verify {
		x.Verified, x.On = d.act.Who, today
	}
	return c.onCards(ctx, d, draft, "办事信息卡："+x.ID, func(e knowledge.Edition) (knowledge.Edition, error) {
		if measure != "" {
			quote, err := e.QuoteOf(measure)
			if err != nil {
				return nil, err
			}
			x.Quote, x.Bureau = quote, ""
		}
		return e.WithCard(x, today)
	})
}

// cardsDrop takes a card out of the draft.
func cardsDrop(ctx context.Context, c *call) error {
	var f actFlags
	draft := ""
	rest, err := c.parse(1, 1, func(fs *flag.FlagSet) { f.define(fs); fs.StringVar(&draft, "draft", "", "") })
	if err != nil {
		return err
	}
	d, err := c.openDesk(ctx, f, mayEdit...)
	if err != nil {
		return err
	}
	defer d.Close()
	return c.onCards(ctx, d, draft, "去掉办事信息卡："+rest[0], func(e knowledge.Edition) (knowledge.Edition, error) { return e.WithoutCard(rest[0]) })
}

func (c *call) onCards(ctx context.Context, d *planDesk, draft, step string, change func(knowledge.Edition) (knowledge.Edition, error)) error {
	made, err := d.change(ctx, draft, step, change)
	if err != nil {
		return err
	}
	fmt.Fprintf(c.Stdout, "已记入草稿 %s（%s）\n", made.ID, made.Hash)
	return nil
}

// remindPause silences a bureau, a measure or all for a time.
func remindPause(ctx context.Context, c *call) error {
	var f actFlags
	until, no := "", ""
	bureau, err := c.parseOne(func(fs *flag.FlagSet) {
		f.define(fs)
		fs.StringVar(&until, "until", "", "")
		fs.StringVar(&no, "no", "", "")
	})
	if err != nil {
		return err
	}
	day, err := calendar.Parse(until)
	if err != nil {
		return usageError{fmt.Errorf("--until：%w", err)}
	}
	return c.acting(ctx, f, mayDecide, func(s store.Store, act versions.Act) error {
		if bureau != "" {
			d, err := readDirectory(ctx, s)
			if err != nil {
				return err
			}
			bureau = bureauNamed(d, bureau)
		}
		p := scheduler.Pause{ID: rand.Text(), Bureau: bureau, No: no, By: act.Who, Why: f.why, Until: day, At: c.Now()}
		if err := s.Update(ctx, account.Scope, func(tx store.Tx) error { return scheduler.PutPause(tx, p) }); err != nil {
			return err
		}
		fmt.Fprintf(c.Stdout, "已暂停提醒到%s（编号 %s）；提前恢复：remind resume %s\n", day.Chinese(), p.ID, p.ID)
		return nil
	})
}

// remindResume ends a silence early.
func remindResume(ctx context.Context, c *call) error {
	var f actFlags
	rest, err := c.parse(1, 1, f.define)
	if err != nil {
		return err
	}
	return c.acting(ctx, f, mayDecide, func(s store.Store, act versions.Act) error {
		return s.Update(ctx, account.Scope, func(tx store.Tx) error {
			all, err := scheduler.Pauses(tx, calendar.Of(c.Now()))
			if err != nil {
				return err
			}
			if !slices.ContainsFunc(all, func(p scheduler.Pause) bool { return p.ID == rest[0] }) {
				return fmt.Errorf("没有编号 %s 的暂停；编号见 remind status", rest[0])
			}
			return scheduler.EndPause(tx, rest[0], act.Who)
		})
	})
}

// changeDirectory changes the kept directory, with the note of who did it.
func (c *call) changeDirectory(ctx context.Context, f actFlags, note, subject string, change func(*directory.Directory) error) error {
	return c.acting(ctx, f, mayKeep, func(s store.Store, act versions.Act) error {
		revision := 0
		err := s.Update(ctx, directory.Scope, func(tx store.Tx) error {
			d, ok, err := directory.Load(tx)
			if err != nil {
				return err
			}
			if !ok {
				if d, err = directory.Seed(seeds.Files); err != nil {
					return err
				}
			}
			if err := change(d); err != nil {
				return err
			}
			revision = d.Revision + 1
			if err := directory.Save(tx, d); err != nil {
				return err
			}
			return audit.Note(tx, audit.Entry{Who: act.Who, Act: note, Subject: subject, Why: act.Why})
		})
		if err != nil {
			return err
		}
		fmt.Fprintf(c.Stdout, "已保存第 %d 版通讯录\n", revision)
		return nil
	})
}

// directoryPerson adds a person to a bureau or changes him: what is not given stays.
func directoryPerson(ctx context.Context, c *call) error {
	var f actFlags
	var roles, accounts list
	gone, rename, first, second := "", "", false, false
	rest, err := c.parse(2, 2, func(fs *flag.FlagSet) {
		f.define(fs)
		fs.Var(&roles, "role", "")
		fs.Var(&accounts, "account", "")
		fs.StringVar(&gone, "gone", "", "")
		fs.StringVar(&rename, "rename", "", "")
		fs.BoolVar(&first, "first", false, "")
		fs.BoolVar(&second, "second", false, "")
	})
	if err != nil {
		return err
	}
	return c.changeDirectory(ctx, f, "directory.person", strings.Join(rest, " "), func(d *directory.Directory) error {
		bureau := bureauNamed(d, rest[0])
		at, known := d.Find(bureau, rest[1])
		p := directory.Person{Name: rest[1], Bureau: bureau}
		if known {
			p = d.People[at]
		}
		if len(roles) > 0 {
			p.Roles = nil
		}
		for _, s := range roles {
			r, err := directory.ParseRole(s)
			if err != nil {
				return usageError{err}
			}
			p.Roles = append(p.Roles, r)
		}
		if len(accounts) > 0 {
			p.Accounts = nil
		}
		for _, s := range accounts {
			channel, user, ok := strings.Cut(s, "=")
			if !ok {
				return usagef("--account %q 要写成 渠道=员工编号，如 dingtalk=zhangsan", s)
			}
			p.Accounts = append(p.Accounts, directory.Account{Channel: channel, User: user})
		}
		if gone != "" {
			p.Gone = gone
		}
		if rename != "" {
			p.Name = rename
		}
		p.Second = (p.Second || second) && !first
		return d.SetPerson(at, p)
	})
}

// directoryRemove takes a person out.
func directoryRemove(ctx context.Context, c *call) error {
	var f actFlags
	rest, err := c.parse(2, 2, f.define)
	if err != nil {
		return err
	}
	return c.changeDirectory(ctx, f, "directory.person.remove", strings.Join(rest, " "), func(d *directory.Directory) error {
		at, ok := d.Find(bureauNamed(d, rest[0]), rest[1])
		if !ok {
			return fmt.Errorf("%s没有%s", rest[0], rest[1])
		}
		return d.RemovePerson(at)
	})
}

// directoryBureau changes what a bureau is called besides and whom its notices go to.
func directoryBureau(ctx context.Context, c *call) error {
	var f actFlags
	var aliases list
	office := ""
	rest, err := c.parse(1, 1, func(fs *flag.FlagSet) {
		f.define(fs)
		fs.Var(&aliases, "alias", "")
		fs.StringVar(&office, "office-only", "", "")
	})
	if err != nil {
		return err
	}
	if office != "" && office != "yes" && office != "no" {
		return usagef("--office-only 只能是 yes 或 no")
	}
	return c.changeDirectory(ctx, f, "directory.bureau", rest[0], func(d *directory.Directory) error {
		b, ok := d.Bureau(rest[0])
		if !ok {
			return fmt.Errorf("%w：没有“%s”这个单位", directory.ErrInvalid, rest[0])
		}
		if len(aliases) == 0 {
			aliases = b.Aliases
		}
		return d.SetBureau(b.Name, aliases, office == "yes" || office == "" && b.Office)
	})
}

// directorySuccessor notes what became of a bureau (沿革), or takes the note back.
func directorySuccessor(ctx context.Context, c *call) error {
	var f actFlags
	next := directory.Successor{}
	none := false
	rest, err := c.parse(1, 2, func(fs *flag.FlagSet) {
		f.define(fs)
		fs.StringVar(&next.From, "from", "", "")
		fs.StringVar(&next.Basis, "basis", "", "")
		fs.BoolVar(&none, "none", false, "")
	})
	if err != nil {
		return err
	}
	if none != (len(rest) == 1) {
		return usagef("directory successor 要写 单位 新名字 --from 日期 --basis 依据，或 单位 --none")
	}
	if !none {
		next.Name = rest[1]
	}
	f.why = next.Basis
	return c.changeDirectory(ctx, f, "directory.successor", rest[0], func(d *directory.Directory) error { return d.Succeed(rest[0], next) })
}
