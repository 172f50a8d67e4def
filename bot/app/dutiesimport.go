package app

import (
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"huiwen/knowledge/calendar"
	"huiwen/knowledge/store"
	"huiwen/knowledge/versions"
	"huiwen/scheduler/ledger"
	"huiwen/scheduler/sheet"
)

// dutiesImport reads the office's table of who does what by when (分解表), or the
// exported 台账 that was edited, into duties: all of it or, when anything is wrong,
// nothing. The same table again changes nothing.
func dutiesImport(ctx context.Context, c *call) error {
	var f actFlags
	var dry bool
	var plan string
	rest, err := c.parse(1, 1, func(fs *flag.FlagSet) {
		f.define(fs)
		fs.BoolVar(&dry, "dry-run", false, "")
		fs.StringVar(&plan, "plan", "", "")
	})
	if err != nil {
		return err
	}
	rows, mark, err := readTable(ctx, rest[0])
	if err != nil {
		return err
	}
	snap, err := c.published(ctx)
	if err != nil {
		return err
	}
	return c.acting(ctx, f, mayDecide, func(s store.Store, act versions.Act) error {
		days, err := readCalendar(ctx, s)
		if err != nil {
			return err
		}
		src, err := paperSource(ctx, s, snap, days, calendar.Of(c.Now()), plan)
		if err != nil {
			return err
		}
		by, err := actorOf(ctx, s, f, act)
		if err != nil {
			return err
		}
		reason := act.Why
		if reason == "" {
			reason = "分解表 " + filepath.Base(rest[0])
		}
		changes, problems := sheet.Read(rows, sheet.Ledger{Plan: src.Plan, Items: src.Items, Entries: src.Entries, People: src.People, Today: src.AsOf, Reason: reason, By: by, At: c.Now()})
		if len(problems) > 0 {
			return tableProblems(c, rest[0], problems)
		}
		return c.giveAll(ctx, newBook(s, &roll{store: s, now: c.Now}), changes, mark, dry)
	})
}

// tableProblems lists what is wrong with a table.
func tableProblems(c *call, name string, problems []sheet.Problem) error {
	for i, p := range problems {
		if i == maxListed {
			fmt.Fprintf(c.Stderr, "还有 %d 处\n", len(problems)-i)
			break
		}
		fmt.Fprintf(c.Stderr, "%s %s\n", filepath.Base(name), p)
	}
	return fmt.Errorf("表里有 %d 处要改，什么也没有导入", len(problems))
}

// giveAll orders the changes of a table one after the other. Each is done once by the
// table's mark: after a crash the same command ends what was begun.
func (c *call) giveAll(ctx context.Context, book *ledger.Book, changes []sheet.Change, mark string, dry bool) error {
	if len(changes) == 0 {
		fmt.Fprintln(c.Stdout, "表里写的台账里都有了，没有要改的。")
		return nil
	}
	for _, x := range changes {
		fmt.Fprintln(c.Stdout, x.Text)
	}
	if dry {
		fmt.Fprintf(c.Stdout, "共 %d 处改动。这是试读，什么也没有改；去掉 --dry-run 才会改。\n", len(changes))
		return nil
	}
	for _, x := range changes {
		o := x.Order
		o.ID = "import|" + mark + "|" + string(o.Verb) + "|" + o.Bureau + "|" + strings.Join(o.Duties, ",") + "|" + o.Due.String()
		var out ledger.Outcome
		var err error
		if o.Verb == ledger.SplitDuty {
			for _, s := range x.Shares {
				o.ID += "|" + s.Bureau
			}
			o.ID = ledger.Short(o.ID)
			out, err = book.Give(ctx, o, x.Shares)
		} else {
			o.ID = ledger.Short(o.ID)
			out, err = book.Do(ctx, o)
		}
		if err == nil && out.Refused != "" { // somebody acted since the table was checked
			err = errors.New(out.Refused)
		}
		if err != nil {
			return fmt.Errorf("第%d行没有办成（前面的已办，改好后同一个命令接着办）：%w", x.Rows[0], err)
		}
	}
	fmt.Fprintf(c.Stdout, "已导入，共 %d 处改动。新的任务由服务交办。\n", len(changes))
	return nil
}

// readTable reads a table within the bounds of documents; mark tells it from others.
func readTable(ctx context.Context, name string) (rows []sheet.Row, mark string, err error) {
	ext := strings.ToLower(filepath.Ext(name))
	if !slices.Contains([]string{".xlsx", ".csv"}, ext) {
		return nil, "", usagef("%s：分解表要是 .xlsx 或 .csv；别的格式请用 WPS 或 Excel 另存", filepath.Base(name))
	}
	u, err := readUpload(name)
	if err != nil {
		return nil, "", err
	}
	sum := sha256.Sum256(u.Data)
	if ext == ".csv" {
		ext = ".txt" // its encoding is told as that of a text
	}
	text, err := documentText(ctx, ext, u.Data)
	if err == nil && ext == ".xlsx" {
		rows, err = rowsOf(text)
	} else if err == nil {
		rows, err = sheet.CSV(text)
	}
	if err != nil {
		return nil, "", fmt.Errorf("%s：%w", filepath.Base(name), err)
	}
	return rows, hex.EncodeToString(sum[:8]), nil
}

// tableText is what the reading process says of a workbook: a line a row, its number
// first.
func tableText(_ string, data []byte) (string, error) {
	rows, err := sheet.XLSX(data)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	w := csv.NewWriter(&b)
	for _, r := range rows {
		if err := w.Write(append([]string{strconv.Itoa(r.N)}, r.Cells...)); err != nil {
			return "", err
		}
	}
	w.Flush()
	return b.String(), w.Error()
}

// rowsOf reads what [tableText] wrote.
func rowsOf(text string) ([]sheet.Row, error) {
	r := csv.NewReader(strings.NewReader(text))
	r.FieldsPerRecord = -1
	lines, err := r.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("read the table: %w", err)
	}
	var out []sheet.Row
	for _, l := range lines {
		n, err := strconv.Atoi(l[0])
		if err != nil {
			return nil, fmt.Errorf("read the table: %w", err)
		}
		out = append(out, sheet.Row{N: n, Cells: l[1:]})
	}
	return out, nil
}
