package admin

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"huiwen/knowledge/audit"
	"huiwen/knowledge/calendar"
	"huiwen/knowledge/directory"
	"huiwen/knowledge/store"
)

type directoryView struct {
	Bureaus  []bureauRow
	YAML     string
	Revision int
	Wrong    string
	May      bool
	Missing  int
	Pager    pager
	Find     string
	Open     bool // the whole document is shown to be edited
}

// A bureauRow is a bureau with what became of it and whether it can be reached.
type bureauRow struct {
	directory.Bureau
	Today     string
	People    []directory.Person
	Reachable bool
}

// directoryPage shows the bureaus with their aliases, people and what became of
// them (沿革).
func directoryPage(v *visit) error {
	d, err := v.kept()
	if err != nil {
		return err
	}
	view, err := v.directoryView(d)
	if err != nil {
		return err
	}
	view.Open = v.query("edit") == "1"
	return v.page("directory", "通讯录", view)
}

func (v *visit) directoryView(d *directory.Directory) (directoryView, error) {
	view := directoryView{Revision: d.Revision, May: v.who.Has(keeping...), Find: v.query("find")}
	if v.query("edit") == "1" || v.r.Method == http.MethodPost { // the whole document, only when asked
		data, err := d.YAML()
		if err != nil {
			return directoryView{}, err
		}
		view.YAML = string(data)
	}
	var names []string
	var found []directory.Bureau
	for _, b := range d.Bureaus {
		names = append(names, b.Name)
		if view.Find == "" || strings.Contains(b.Name+" "+strings.Join(b.Aliases, " "), view.Find) {
			found = append(found, b)
		}
	}
	missing := d.Unreachable(names, v.Now())
	found, view.Pager = paged(v, found)
	for _, b := range found {
		row := bureauRow{Bureau: b, Today: d.Today(b.Name, v.Now()), Reachable: !slices.Contains(missing, b.Name)}
		row.People = d.Of(b.Name, v.Now(), directory.Liaison, directory.Head, directory.Leader, directory.Office, directory.Inspector, directory.Statistic, directory.Window)
		view.Bureaus = append(view.Bureaus, row)
	}
	view.Missing = len(missing)
	return view, nil
}

// kept is the directory as it is kept, read afresh; the seed's while none was saved.
func (v *visit) kept() (*directory.Directory, error) {
	d, err := store.View(v.ctx(), v.Store, directory.Scope, func(tx store.Tx) (*directory.Directory, error) {
		d, _, err := directory.Load(tx)
		return d, err
	})
	if err != nil || d != nil {
		return d, err
	}
	return v.Directory(v.ctx())
}

// keep saves the directory with the note of who did it.
func (v *visit) keep(d *directory.Directory, why string) error {
	return v.Store.Update(v.ctx(), directory.Scope, func(tx store.Tx) error {
		if err := directory.Save(tx, d); err != nil {
			return err
		}
		return audit.Note(tx, audit.Entry{Who: v.who.Name, Act: "directory.save", Subject: "directory " + strconv.Itoa(d.Revision+1), Why: why})
	})
}

// saveDirectory keeps the whole document as it was edited.
func saveDirectory(v *visit) error {
	text := strings.ReplaceAll(v.r.PostFormValue("yaml"), "\r\n", "\n")
	d, err := directory.Parse([]byte(text), "通讯录")
	if err == nil {
		d.Revision, _ = strconv.Atoi(v.field("revision"))
		err = v.keep(d, v.field("why"))
	}
	if err == nil {
		return v.done("/admin/directory", "通讯录已保存，几秒内生效。")
	}
	p, ok := words(err)
	if !ok {
		return err
	}
	now, err := v.kept()
	if err != nil {
		return err
	}
	view, err := v.directoryView(now)
	if err != nil {
		return err
	}
	view.YAML, view.Wrong, view.Open = text, p.words, true
	if revision, err := strconv.Atoi(v.field("revision")); err == nil {
		view.Revision = revision
	}
	return v.show(p.status, "directory", "通讯录", view)
}

type calendarView struct {
	Years   []yearView
	Year    int
	Off     string
	Work    string
	Source  string
	May     bool
	Wrong   string
	NextOut bool // next year's calendar is not known yet
}

// A yearView is how one year is worked.
type yearView struct {
	Year  int
	Known bool
	Days  int // that are worked
	Off   []string
	Work  []string
}

// calendarPage shows the working days of the years around now.
func calendarPage(v *visit) error {
	view, err := v.calendarView()
	if err != nil {
		return err
	}
	return v.page("calendar", "工作日历", view)
}

func (v *visit) calendarView() (calendarView, error) {
	c, err := v.calendar()
	if err != nil {
		return calendarView{}, err
	}
	now := v.Now().In(calendar.Zone).Year()
	view := calendarView{Year: now, May: v.who.Has(keeping...), NextOut: !c.Knows(now + 1)}
	if n, err := strconv.Atoi(v.query("year")); err == nil && n >= 2000 && n <= 2100 {
		view.Year = n
	}
	years := []int{view.Year}
	for y := now - 1; y <= now+1; y++ {
		if y != view.Year {
			years = append(years, y)
		}
	}
	slices.Sort(years)
	for _, y := range years {
		view.Years = append(view.Years, yearOf(c, y))
		if y == view.Year {
			last := view.Years[len(view.Years)-1]
			view.Off, view.Work = strings.Join(last.Off, "\n"), strings.Join(last.Work, "\n")
		}
	}
	return view, nil
}

// yearOf tells a year by its weekdays off, as ranges, and its weekends worked.
func yearOf(c *calendar.Calendar, year int) yearView {
	out := yearView{Year: year, Known: c.Knows(year)}
	first := calendar.Day{Time: time.Date(year, 1, 1, 0, 0, 0, 0, calendar.Zone)}
	var from, to calendar.Day
	weekday := false
	end := func() {
		if !from.IsZero() && weekday {
			out.Off = append(out.Off, from.String()+".."+to.String())
		}
		from, weekday = calendar.Day{}, false
	}
	for d := first; d.Year() == year; d = d.Plus(1) {
		weekend := d.Weekday() == time.Saturday || d.Weekday() == time.Sunday
		if c.Works(d) {
			out.Days++
			end()
			if weekend {
				out.Work = append(out.Work, d.String())
			}
			continue
		}
		if from.IsZero() {
			from = d
		}
		to, weekday = d, weekday || !weekend
	}
	end()
	return out
}

// saveCalendar keeps a year as the notice of the State Council has it.
func saveCalendar(v *visit) error {
	year, err := strconv.Atoi(v.field("year"))
	if err != nil {
		return bad("请写哪一年。")
	}
	y := calendar.Year{Year: year, Source: v.field("source"), Off: lines(v.field("off")), Work: lines(v.field("work"))}
	err = v.Store.Update(v.ctx(), calendar.Scope, func(tx store.Tx) error {
		if err := calendar.Save(tx, y); err != nil {
			return err
		}
		return audit.Note(tx, audit.Entry{Who: v.who.Name, Act: "calendar.save", Subject: strconv.Itoa(year), Why: y.Source})
	})
	if errors.Is(err, calendar.ErrInvalid) {
		return v.failed("/admin/calendar?year="+strconv.Itoa(year), bad("日历没有保存：%s", fmt.Sprint(err)))
	}
	if err != nil {
		return err
	}
	return v.done("/admin/calendar?year="+strconv.Itoa(year), strconv.Itoa(year)+" 年的放假安排已保存。")
}
