package admin

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"huiwen/bot"
	"huiwen/bot/post"
	"huiwen/knowledge"
	"huiwen/knowledge/account"
	"huiwen/knowledge/calendar"
	"huiwen/knowledge/directory"
	"huiwen/knowledge/seedtest"
	"huiwen/knowledge/store"
	"huiwen/knowledge/versions"
	"huiwen/scheduler"
	"huiwen/scheduler/ledger"
	"huiwen/seeds"
)

// longPlan is a plan of so many items.
func longPlan(n int) string {
	var b strings.Builder
	b.WriteString("某区2023年促进增收实施计划\n（2023年1月5日印发）\n一、促进就业\n")
	for i := range n {
		fmt.Fprintf(&b, "%d．支持第%d类经营主体发展，对首次创业满一年的给予补贴（%d元），2023年底前完成%d户。（责任单位：区人力资源社会保障局、区财政局）\n", i+1, i+1, 1000+i, 10+i%90)
	}
	return b.String()
}

// fillLog writes a year of the question log, as bot/post keeps it.
func fillLog(b *testing.B, s store.Store, now time.Time, perDay int) {
	b.Helper()
	for back := range 365 {
		day := now.AddDate(0, 0, -back).In(zone)
		date := day.Format(time.DateOnly)
		d := post.Day{Day: date, Status: map[string]int{}, Measures: map[string]int{}, Channels: map[string]int{"page": perDay}, Users: map[string]int{"resident": perDay}}
		err := s.Update(b.Context(), "log/"+day.Format("2006-01"), func(tx store.Tx) error {
			for i := range perDay {
				status := statuses[i%len(statuses)]
				at := day.Add(-time.Duration(i) * time.Second)
				e := post.Entry{At: at, Channel: "page", User: bot.Resident, Status: status, Citations: []string{"39"}, Version: "v", Words: fmt.Sprintf("第%d个问题怎么办", i%300), Millis: int64(i % 40)}
				number := fmt.Sprintf("%02d-%04X-%04X-0000-0000", i%64, back, i)
				data, err := json.Marshal(e)
				if err != nil {
					return err
				}
				if err := tx.Put(number, data, 0); err != nil {
					return err
				}
				if err := tx.Add("day/"+at.Format(time.DateOnly), number, float64(at.UnixMicro())); err != nil {
					return err
				}
				d.Total++
				d.Status[string(status)]++
				d.Measures["39"]++
			}
			data, err := json.Marshal(d)
			if err != nil {
				return err
			}
			return tx.Put("count/"+date, data, 0)
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

// fillLedger writes so many entries over 35 bureaus.
func fillLedger(b *testing.B, s store.Store, n int) {
	b.Helper()
	const bureaus = 35
	for k := range bureaus {
		bureau := fmt.Sprintf("区第%d局", k)
		err := s.Update(b.Context(), ledger.Scope(bureau), func(tx store.Tx) error {
			for i := k; i < n; i += bureaus {
				no := fmt.Sprint(i + 1)
				d := ledger.Duty{ID: no + "/1", No: no, Label: "第" + no + "项", Bureau: bureau, First: true, What: "支持第" + no + "类经营主体发展", Due: calendar.Of(time.Date(2022, time.Month(i%12+1), i%28+1, 0, 0, 0, 0, calendar.Zone)), Rule: "年底前"}
				if err := ledger.Add(tx, ledger.Entry{Duty: d, Plan: "2022", State: ledger.Doing}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkPages measures each page with a plan of 10,000 items in a draft, 10,000
// entries in the ledger and a year of 200 questions a day.
func BenchmarkPages(b *testing.B) {
	const items, perDay, rounds = 10_000, 200, 25
	o := benchOffice(b)
	fillLog(b, o.Store, time.Now(), perDay)
	fillLedger(b, o.Store, items)
	began := time.Now()
	d, err := o.Library.Change(b.Context(), "", "长计划", versions.Act{Who: "编辑甲"}, func(e knowledge.Edition) (knowledge.Edition, error) {
		return e.With(knowledge.PlanPath("long"), []byte(longPlan(items))), nil
	})
	if err != nil {
		b.Fatal(err)
	}
	fmt.Printf("a draft with %d items: %v\n", items, time.Since(began).Round(time.Millisecond))
	s, err := o.Keeper.SignIn(b.Context(), "管理甲", password, "")
	if err != nil {
		b.Fatal(err)
	}
	draft := "/admin/drafts/" + d.ID
	before := heapMB()
	measurePages(b, o, s.Token, rounds, "/admin/", "/admin/?days=365", "/admin/missed?days=90", "/admin/log", "/admin/ratings", "/admin/try?q=开店有没有补贴", "/admin/words/similar?measure=39", "/admin/plans", draft, draft+"/report?plan=long", draft+"/report?page=150", draft+"/diff?page=150",
		"/admin/ledger", "/admin/ledger?page=150", "/admin/ledger?bureau=区第3局", rowOf(ledger.Entry{Plan: "2022", Duty: ledger.Duty{ID: "4/1", Bureau: "区第3局"}}, &calendar.Calendar{}, time.Now()).Link(), "/admin/review", "/admin/urge", "/admin/due?month=2022-12", "/admin/delivery", "/admin/directory", "/admin/calendar", "/admin/accounts")
	fmt.Printf("heap: %d MB before, %d MB after\n", before, heapMB())
}

// measurePages opens pages so often and tells how long they took; none may be
// larger than 2 MB.
func measurePages(b *testing.B, o *office, token string, rounds int, paths ...string) {
	b.Helper()
	for _, p := range paths {
		var took []time.Duration
		first, size := time.Duration(0), 0
		for i := range rounds {
			req := httptest.NewRequestWithContext(b.Context(), http.MethodGet, p, nil)
			req.AddCookie(&http.Cookie{Name: sessionCookie, Value: token})
			rec := httptest.NewRecorder()
			at := time.Now()
			o.ServeHTTP(rec, req)
			if i == 0 {
				first = time.Since(at)
			} else {
				took = append(took, time.Since(at))
			}
			if rec.Code != http.StatusOK {
				b.Fatalf("%s: %d %s", p, rec.Code, clip(rec.Body.String()))
			}
			if size = rec.Body.Len(); size > 2<<20 {
				b.Errorf("%s: %d bytes", p, size)
				break
			}
		}
		if len(took) == 0 {
			continue
		}
		slices.Sort(took)
		fmt.Printf("%-60s %5d KB first %6.0f  p50 %6.1f  p99 %6.1f ms\n", clipTo(p, 60), size>>10, ms(first), ms(took[len(took)/2]), ms(took[(len(took)-1)*99/100]))
	}
}

func clipTo(s string, n int) string { return s[:min(len(s), n)] }

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func heapMB() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc >> 20
}

// benchOffice is an office with one account of every role that the pages need.
func benchOffice(b *testing.B) *office {
	b.Helper()
	o := newOffice(b, func(o *Options) {
		o.Library.Text = func(_ context.Context, _ string, data []byte) (string, error) { return string(data), nil }
	})
	o.hire("管理甲", account.Admin, account.Office)
	return o
}

// BenchmarkLongPlan measures the pages of a published plan of 10,000 items that is
// armed and held, with a directory as large as may be.
func BenchmarkLongPlan(b *testing.B) {
	const items, rounds = 10_000, 25
	build := seedtest.Loader(b, seeds.Files)
	e := seedEdition(b)
	for name := range e {
		if strings.HasPrefix(name, "plan/") || strings.HasPrefix(name, "questions/") || strings.HasPrefix(name, "programmes/") {
			e = e.With(name, nil)
		}
	}
	e = e.With(knowledge.PlanPath("long"), []byte(longPlan(items)))
	began := time.Now()
	snap, err := build(e)
	if err != nil {
		b.Fatal(err)
	}
	fmt.Printf("a snapshot of %d items: %v\n", items, time.Since(began).Round(time.Millisecond))
	now := time.Date(2023, 3, 1, 10, 0, 0, 0, zone)
	people := bigDirectory()
	o := newOffice(b, func(o *Options) {
		o.Snapshot, o.Now = func() *knowledge.Snapshot { return snap }, func() time.Time { return now }
		o.Directory = func(context.Context) (*directory.Directory, error) { return people, nil }
		o.Try = func(ctx context.Context, q Question) (bot.Rendered, error) {
			return answerFrom(ctx, snap, q.Text, q.User, q.AsOf)
		}
	})
	o.hire("管理甲", account.Admin, account.Office)
	if err := o.Reminder.Arm(b.Context(), scheduler.Arming{Day: calendar.Of(now), By: "办", At: now}); err != nil {
		b.Fatal(err)
	}
	s, err := o.Keeper.SignIn(b.Context(), "管理甲", password, "")
	if err != nil {
		b.Fatal(err)
	}
	before := heapMB()
	measurePages(b, o, s.Token, rounds, "/admin/arming", "/admin/try?q=第39类经营主体", "/admin/words/similar?measure=39", "/admin/words", "/admin/words/topic", "/admin/documents", "/admin/cards", "/admin/directory", toBureau("区第3局"), "/admin/channels", "/admin/accounts", "/admin/plans")
	fmt.Printf("heap: %d MB before, %d MB after\n", before, heapMB())
}

// bigDirectory is as large as a directory may be.
func bigDirectory() *directory.Directory {
	d := &directory.Directory{}
	for i := range directory.MaxBureaus {
		d.Bureaus = append(d.Bureaus, directory.Bureau{Name: fmt.Sprintf("区第%d局", i), Kind: "政府", Aliases: []string{fmt.Sprintf("%d局", i)}})
	}
	for i := range directory.MaxPeople {
		d.People = append(d.People, directory.Person{Name: fmt.Sprintf("张%d", i), Bureau: d.Bureaus[i%len(d.Bureaus)].Name, Roles: []directory.Role{directory.Liaison}, Accounts: []directory.Account{{Channel: "dingtalk", User: fmt.Sprint(i)}}})
	}
	return d
}
