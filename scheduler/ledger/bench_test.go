package ledger_test

import (
	"fmt"
	"testing"
	"time"

	"huiwen/bot"
	"huiwen/knowledge/calendar"
	"huiwen/knowledge/store"
	"huiwen/knowledge/store/storetest"
	"huiwen/scheduler/ledger"
)

// fill writes 100 bureaus of 100 duties each with a year's reports.
func fill(b testing.TB, s store.Store) {
	b.Helper()
	at := time.Date(2022, 6, 9, 9, 0, 0, 0, calendar.Zone)
	for i := range 100 {
		err := s.Update(b.Context(), ledger.Scope(fmt.Sprintf("第%d局", i)), func(tx store.Tx) error {
			for j := range 100 {
				v := float64(j)
				e := ledger.Entry{Duty: ledger.Duty{ID: fmt.Sprintf("%d/1", j), No: fmt.Sprint(j), Label: fmt.Sprintf("第%d项", j), Bureau: fmt.Sprintf("第%d局", i), First: j%10 == 0, What: "力争2022年完成创业担保贷款2000万元", Target: "2000万元", Hedge: "力争",
					Figure: &ledger.Figure{What: "创业担保贷款", Value: 2000, Unit: "万元", Measured: ledger.Sum}, Due: calendar.Of(at.AddDate(0, 6, 0)), Rule: "2022年 → 2022-12-31", Kind: "once"}, Plan: "2022", State: ledger.Doing, Told: at, Received: at}
				for k := range 5 {
					e.Reports = append(e.Reports, ledger.Report{At: at.AddDate(0, k, 0), Until: calendar.Of(at.AddDate(0, k, 0)), Person: "张三", Value: &v, Text: "按计划推进，已发放到位"})
					e.History = append(e.History, ledger.Done{At: at.AddDate(0, k, 0), Verb: ledger.ReportOn, Person: "张三", Bureau: e.Bureau, Role: "经办", Text: "2000万元", Order: fmt.Sprint(i, j, k)})
				}
				if err := ledger.Add(tx, e); err != nil {
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

// BenchmarkWholeBook reads 10,000 entries of 100 bureaus: the first time, as the pages
// do after that, and after one bureau has acted.
func BenchmarkWholeBook(b *testing.B) {
	for _, kind := range []string{"file", "redis"} {
		b.Run(kind, func(b *testing.B) {
			var s store.Store
			var err error
			if kind == "file" {
				s, err = store.OpenFile(b.Context(), b.TempDir(), nil)
			} else {
				s, err = store.OpenRedis(b.Context(), store.RedisOptions{Addrs: []string{storetest.RedisServer(b)}}, nil)
			}
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			fill(b, s)
			read := func(book *ledger.Book) {
				if list, err := book.List(b.Context(), ""); err != nil || len(list) != 10_000 {
					b.Fatal(len(list), err)
				}
			}
			b.Run("first", func(b *testing.B) {
				for b.Loop() {
					read(ledger.NewBook(s, nil))
				}
			})
			book := ledger.NewBook(s, nil)
			read(book)
			b.Run("again", func(b *testing.B) {
				for b.Loop() {
					read(book)
				}
			})
			act := 0
			b.Run("after an act", func(b *testing.B) {
				for b.Loop() {
					b.StopTimer()
					act++
					o := ledger.Order{ID: fmt.Sprint("act", act), At: time.Unix(1, 0), By: ledger.Actor{Roles: []bot.Role{bot.Office}}, Verb: ledger.Urge, Plan: "2022", Bureau: "第7局", Duties: []string{"7/1"}}
					if out, err := book.Do(b.Context(), o); err != nil || out.Refused != "" {
						b.Fatal(out.Refused, err)
					}
					b.StartTimer()
					read(book)
				}
			})
		})
	}
}
