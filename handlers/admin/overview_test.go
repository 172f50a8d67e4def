package admin

import (
	"bytes"
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"huiwen/bot"
	"huiwen/bot/post"
	"huiwen/knowledge/account"
)

// running has a gateway that answers through the trial's handler, so that the log
// fills as in service.
func (o *office) running() *post.Gateway {
	g := post.NewGateway(post.Options{
		Box: o.box, Log: o.Log, Workers: 2, Poll: 20 * time.Millisecond, KeepLog: 90 * 24 * time.Hour, KeepWords: true,
		Desk: func(ctx context.Context, m bot.Message, session []byte) (bot.Rendered, []byte, bool, error) {
			r, err := o.Try(ctx, Question{Text: m.Text, User: m.User, AsOf: m.At})
			return r, session, false, err
		},
		Sorry: func() bot.Rendered { return bot.Rendered{} },
	})
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { g.Run(ctx); close(done) }()
	o.t.Cleanup(func() { stop(); <-done })
	return g
}

func (o *office) ask(g *post.Gateway, text string) post.Answer {
	o.t.Helper()
	o.asked++
	id := "m" + strconv.Itoa(o.asked)
	a, err := g.Ask(o.t.Context(), bot.Message{ID: id, Channel: "page", Conversation: id, User: bot.Resident, Text: text, At: time.Now()})
	if err != nil {
		o.t.Fatal(err)
	}
	return a
}

// logged waits until the log holds so many entries and one rating.
func (o *office) logged(n int) {
	o.t.Helper()
	for range 1200 {
		list, err := o.box.Entries(o.t.Context(), time.Now().Add(-time.Hour), time.Now().Add(time.Hour), 1000)
		if err != nil {
			o.t.Fatal(err)
		}
		if len(list) >= n && slices.ContainsFunc(list, func(e post.Entry) bool { return e.Rating != nil }) {
			return
		}
		select {
		case <-time.After(25 * time.Millisecond):
		case <-o.t.Context().Done():
		}
	}
	o.t.Fatal("the log stays empty")
}

// TestOverviewAndMisses asks, rates, and reads it all on the pages and in tables.
func TestOverviewAndMisses(t *testing.T) {
	o := newOffice(t, nil)
	g := o.running()
	for range 2 {
		o.ask(g, "住院费能报多少？")
	}
	formula := `=HYPERLINK("http://evil","医保卡丢了")`
	o.ask(g, formula)
	evil := o.ask(g, "开店有没有补贴<script>alert(1)</script>")
	if err := o.box.Rate(t.Context(), evil.Number, false, "<b>看不懂</b>"); err != nil {
		t.Fatal(err)
	}
	o.logged(4)
	c := o.signedIn("张三", account.Admin)
	has(t, c.page("/admin/"), "每天的问题", "url(#p0)", "问得最多的任务", "读写正常")
	misses := c.page("/admin/missed")
	has(t, misses, "住院费能报多少", "<b>2</b>", "/admin/words/topic?q=", "常见问答")
	has(t, c.page("/admin/ratings"), "没用", "&lt;b&gt;看不懂")
	for _, path := range []string{"/admin/missed", "/admin/log", "/admin/ratings", "/admin/missed?tab=doubts", "/desk/?number=" + evil.Number} {
		if page := c.page(path); strings.Contains(page, "<script>alert") || strings.Contains(page, "<b>看不懂") {
			t.Errorf("%s shows markup", path)
		}
	}
	for _, path := range []string{"/admin/missed.xlsx", "/admin/log.xlsx", "/admin/overview.xlsx"} {
		f, err := excelize.OpenReader(bytes.NewReader([]byte(c.page(path))))
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		rows, err := f.GetRows(f.GetSheetName(0))
		if err != nil || len(rows) < 2 {
			t.Errorf("%s: %d rows, %v", path, len(rows), err)
		}
		for r := range rows {
			for col := range rows[r] {
				cell, _ := excelize.CoordinatesToCellName(col+1, r+1)
				if formula, _ := f.GetCellFormula(f.GetSheetName(0), cell); formula != "" || strings.HasPrefix(rows[r][col], "=") {
					t.Errorf("%s %s: a formula: %q", path, cell, rows[r][col])
				}
			}
		}
	}
	desk := c.page("/desk/?number=" + url.QueryEscape(strings.ToLower(strings.ReplaceAll(evil.Number, "-", " "))))
	has(t, desk, evil.Number, "当时的答复", "同一个问题今天的答复", "就是今天发布的版本")
	has(t, c.page("/desk/?number=00-0000-0000-0000-0000"), "没有编号")
}

func TestNothingIsTakenForAFormula(t *testing.T) {
	for in, want := range map[string]string{"=1+1": "'=1+1", "+86 139": "'+86 139", "-5": "-5", "-5%": "-5%", "@x": "'@x", "\tx": "'\tx", "普通": "普通", "": ""} {
		if got := inert(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestASwitchIsThrownWithAReason(t *testing.T) {
	o := newOffice(t, nil)
	c := o.signedIn("张三", account.Admin)
	has(t, c.act("/admin/channels", "/admin/channels/pause", url.Values{"channel": {"page"}, "reason": {"正在核对标准"}}), "已暂停", "正在核对标准")
	has(t, c.page("/admin/"), "暂停自动答复", "正在核对标准")
	has(t, c.act("/admin/channels", "/admin/channels/pause", url.Values{"channel": {"kf"}, "reason": {""}}), "没有做成")
	has(t, c.act("/admin/channels", "/admin/channels/resume", url.Values{"channel": {"page"}}), "已恢复")
}

// TestChartsReadWithoutColour draws a year: bars keep inside the drawing, and each
// layer has a pattern of its own.
func TestChartsReadWithoutColour(t *testing.T) {
	var columns []column
	for i := range 365 {
		columns = append(columns, column{"2022-01-01", []int{i, i % 7, 3, 1}})
	}
	c := newChart("x", layerNames, columns)
	patterns := map[string]bool{}
	for _, b := range c.Bars {
		patterns[b.Pattern] = true
		if b.X < chartLeft || b.X+b.W > chartWidth || b.Y < 0 || b.Y+b.H > chartHeight || b.H < 0 {
			t.Fatalf("a bar outside: %+v", b)
		}
	}
	if len(patterns) != len(layerNames) || len(c.Ticks) > 11 || len(c.Lines) > 6 {
		t.Errorf("%d patterns, %d ticks, %d lines", len(patterns), len(c.Ticks), len(c.Lines))
	}
	if empty := newChart("x", layerNames, nil); len(empty.Bars) != 0 {
		t.Error("bars of nothing")
	}
}
