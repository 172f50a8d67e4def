package admin

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"huiwen/bot"
	"huiwen/handlers"
	"huiwen/handlers/page/browsertest"
	"huiwen/knowledge"
	"huiwen/knowledge/account"
	"huiwen/knowledge/plan/document"
	"huiwen/knowledge/seedtest"
	"huiwen/knowledge/versions"
	"huiwen/scheduler/ledger"
	"huiwen/seeds"
)

// answerFrom answers a question from a snapshot, keeping nothing.
func answerFrom(ctx context.Context, s *knowledge.Snapshot, text string, user bot.User, at time.Time) (bot.Rendered, error) {
	m := bot.Message{ID: "t", Channel: "trial", Conversation: "t", User: user, Text: text, At: at}
	r, _, err := handlers.New(func() *knowledge.Snapshot { return s }).Handle(ctx, m, nil)
	if err != nil {
		return bot.Rendered{}, err
	}
	return bot.Render(r, handlers.FactsFor(s, m))
}

// living is an office whose residents are answered from what is published, by a
// follower as in service.
func living(t *testing.T) *office {
	t.Helper()
	build := seedtest.Loader(t, seeds.Files)
	return newOffice(t, func(o *Options) {
		// what answers the question, and little else
		for name := range o.Library.Seed {
			if strings.HasPrefix(name, "questions/") && !strings.Contains(name, "29-42") || name == "scope.yaml" {
				delete(o.Library.Seed, name)
			}
		}
		learnt := sync.Map{} // of an edition, once: the way back leads to what was there
		load := func(e knowledge.Edition) (*knowledge.Snapshot, error) {
			if s, ok := learnt.Load(e.Hash()); ok {
				return s.(*knowledge.Snapshot), nil
			}
			s, err := build(e)
			if err == nil {
				learnt.Store(e.Hash(), s)
			}
			return s, err
		}
		follower, err := versions.NewFollower(t.Context(), versions.FollowerOptions{Store: o.Store, Seed: o.Library.Seed, Load: load, ID: "r1", Poll: 100 * time.Millisecond, Log: o.Log})
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(context.Background())
		done := make(chan struct{})
		go func() { follower.Run(ctx); close(done) }()
		t.Cleanup(func() { stop(); <-done })
		o.Library.Load, o.Library.Approval = load, true
		o.Library.Text = func(_ context.Context, ext string, data []byte) (string, error) { return document.Text("x"+ext, data) }
		o.Snapshot = func() *knowledge.Snapshot { return follower.Now().Snapshot }
		o.Try = func(ctx context.Context, q Question) (bot.Rendered, error) {
			return answerFrom(ctx, follower.Fresh(ctx).Snapshot, q.Text, q.User, q.AsOf)
		}
		o.Evaluate = func(ctx context.Context, before, after *knowledge.Snapshot) (Effect, error) {
			out := Effect{}
			for _, q := range []string{"开店有没有补贴", "老板拖欠工资怎么办"} {
				was, err := answerFrom(ctx, before, q, bot.Resident, summer)
				if err != nil {
					return out, err
				}
				is, err := answerFrom(ctx, after, q, bot.Resident, summer)
				if err != nil {
					return out, err
				}
				out.Questions++
				if was.Text != is.Text {
					out.Changed = append(out.Changed, EffectOn{ID: "e", Turns: []string{q}, Before: EffectAnswer{Text: was.Text}, After: EffectAnswer{Text: is.Text}})
				}
			}
			return out, nil
		}
	})
}

var summer = time.Date(2022, 9, 15, 12, 0, 0, 0, zone)

// TestBrowserFromUploadToTheAnswerAndBack clicks upload, diff, replay, approve,
// publish: the resident's answer has changed; roll back: it is back.
func TestBrowserFromUploadToTheAnswerAndBack(t *testing.T) {
	ctx := browsertest.Open(t, 5*time.Minute)
	o := living(t)
	g := o.running()
	resident := func() string { return o.ask(g, "开店有没有补贴").Reply.Text }
	before := resident()
	if !strings.Contains(before, "5000元") {
		t.Fatalf("the answer before: %s", before)
	}
	file := filepath.Join(t.TempDir(), "2022年计划修订.txt")
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(seedPlan(t), "5000元", "6000元")), 0o600); err != nil {
		t.Fatal(err)
	}
	o.hire("编辑甲", account.Editor)
	o.hire("审核乙", account.Reviewer, account.Issuer)
	errs := browsertest.Complaints(ctx)
	browsertest.Run(t, ctx, browsertest.Size(1440, 1100), enter(o.srv.URL, "编辑甲"), press("nav a", "计划和版本"), says("导入计划"),
		chromedp.SetUploadFiles(`input[name=file]`, []string{file}), chromedp.SetValue(`select[name=disclosure]`, "公开"))
	browsertest.Shoot(t, ctx, "journey-1-upload")
	browsertest.Run(t, ctx, press("button", "上传并读取"), says("读取报告"), says("已读进草稿"))
	browsertest.Shoot(t, ctx, "journey-2-report")
	browsertest.Run(t, ctx, press("a.button", "看改了什么"), says("改了什么"), says("6000元"))
	browsertest.Shoot(t, ctx, "journey-3-diff")
	browsertest.Run(t, ctx, press("a.button", "试算答复"), says("对评测题的影响"), says("开店有没有补贴"))
	browsertest.Shoot(t, ctx, "journey-4-effect")
	var draft string
	browsertest.Run(t, ctx, press("a.button", "看草稿"), says("要由没改过草稿的人审核"), chromedp.Location(&draft))
	browsertest.Shoot(t, ctx, "journey-5-draft")
	if got := resident(); got != before {
		t.Errorf("a draft leaked to a resident: %s", got)
	}
	browsertest.Run(t, ctx, leave(), enter(o.srv.URL, "审核乙"), open(draft), press("button", "审核通过"), says("可以发布"), press("button.primary", "发布"), says("次发布完成"))
	browsertest.Shoot(t, ctx, "journey-6-published")
	if got := resident(); !strings.Contains(got, "6000元") || strings.Contains(got, "5000元") {
		t.Errorf("after the publication: %s", got)
	}
	browsertest.Run(t, ctx, press("button.danger", "退回到上一个版本"), says("已退回"))
	if got := resident(); got != before {
		t.Errorf("after the rollback: %s", got)
	}
	browsertest.Run(t, ctx, browsertest.Size(390, 844), open(draft[:strings.LastIndex(draft, "/admin")]+"/admin/plans"))
	browsertest.Shoot(t, ctx, "journey-7-plans-390")
	if got := errs(); len(got) > 0 {
		t.Errorf("the console complains: %q", got)
	}
}

// TestBrowserADutyIsClosed clicks the office's part: rehearsal, arming, release,
// and closing what a bureau has received and applied for, which is done in code
// here; with the bureau's phone the way is gone in bot/app.
func TestBrowserADutyIsClosed(t *testing.T) {
	ctx := browsertest.Open(t, 5*time.Minute)
	o := newOffice(t, func(o *Options) { o.Now = func() time.Time { return november } })
	o.hire("办公室甲", account.Office)
	browsertest.Run(t, ctx, browsertest.Size(1440, 1100), enter(o.srv.URL, "办公室甲"), press("nav a", "预演和启用"), says("今后 30 天谁会收到什么"))
	browsertest.Shoot(t, ctx, "ledger-1-arming")
	browsertest.Run(t, ctx, chromedp.SetValue(`input[name=day]`, "2022-06-09"), press("button", "启用提醒"), says("扣住的清单"))
	browsertest.Shoot(t, ctx, "ledger-2-held")
	browsertest.Run(t, ctx, press("button", "放行"), says("已放行"))
	if err := o.Reminder.Tick(t.Context(), november); err != nil {
		t.Fatal(err)
	}
	e := o.entry("40")
	o.bureau(e, ledger.Receive, "")
	o.bureau(e, ledger.ApplyEnd, "贷款已全部发放，台账附后。")
	browsertest.Run(t, ctx, press("nav a", "台账"), says("待审核"))
	browsertest.Shoot(t, ctx, "ledger-3-ledger")
	browsertest.Run(t, ctx, press("nav a", "待审核"), says("贷款已全部发放"))
	browsertest.Shoot(t, ctx, "ledger-4-review")
	browsertest.Run(t, ctx, press("button", "同意，销号"), says("已销号"), says("没有等着审核的"))
	if e = o.entry("40"); e.State != ledger.Closed {
		t.Errorf("the duty is %s", e.State)
	}
	browsertest.Run(t, ctx, open(o.srv.URL+rowOf(e, o.Reminder.Calendar, november).Link()), says("灰 已销号"))
	browsertest.Shoot(t, ctx, "ledger-5-row")
	browsertest.Run(t, ctx, open(o.srv.URL+"/admin/due?month=2022-12"))
	browsertest.Shoot(t, ctx, "ledger-6-due")
	for i, p := range []string{"/admin/ledger", "/admin/review", "/admin/arming", "/admin/due?month=2022-12", "/admin/delivery", rowOf(e, o.Reminder.Calendar, november).Link()} {
		var over int
		browsertest.Run(t, ctx, browsertest.Size(390, 1500), open(o.srv.URL+p), chromedp.Evaluate(`document.documentElement.scrollWidth - document.documentElement.clientWidth`, &over))
		if over > 0 {
			t.Errorf("%s at 390 px: %d px too wide", p, over)
		}
		browsertest.Shoot(t, ctx, "ledger-390-"+string(rune('a'+i)))
	}
}
