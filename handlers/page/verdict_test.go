package page

import (
	"context"
	"crypto/rand"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"huiwen/bot"
	"huiwen/handlers"
	"huiwen/handlers/page/browsertest"
	"huiwen/knowledge"
	"huiwen/knowledge/seedtest"
	"huiwen/seeds"
)

// talking answers with the real handlers as of September 2022; every session of
// a browser is its own.
func talking(t testing.TB) askFunc {
	t.Helper()
	snap := seedtest.Snapshot(t, seeds.Files)
	h := handlers.New(func() *knowledge.Snapshot { return snap })
	var mu sync.Mutex
	sessions := map[string][]byte{}
	at := time.Date(2022, 9, 15, 12, 0, 0, 0, handlers.Zone)
	return func(ctx context.Context, id, text string) (bot.Rendered, error) {
		mu.Lock()
		defer mu.Unlock()
		at = at.Add(time.Second)
		m := bot.Message{User: bot.Resident, At: at, Text: text}
		r, next, err := h.Handle(ctx, m, sessions[id])
		if err != nil {
			return bot.Rendered{}, err
		}
		sessions[id] = next
		out, err := bot.Render(r, handlers.FactsFor(snap, m))
		out.ID = "07-AAAA-BBBB-CCCC-DDDD"
		return out, err
	}
}

// lastCard reads the last card of the page as a person sees it.
const lastCard = `([...document.querySelectorAll('.card')].at(-1)?.innerText ?? '')`

// says waits until the last card holds words.
func says(words ...string) chromedp.Action {
	tests := make([]string, len(words))
	for i, w := range words {
		tests[i] = lastCard + `.includes('` + w + `')`
	}
	return browsertest.Until(strings.Join(append(tests, `!document.querySelector('.wait')`), " && "))
}

// pressing presses the last button of the page that says so.
func pressing(words string) chromedp.Action {
	return browsertest.Press(`[...document.querySelectorAll('#log button')].filter(b => (b.ariaLabel ?? b.textContent) === '`+words+`').at(-1)`, words)
}

// open opens the page as somebody new, with nothing said yet.
func open(url string, width, height int64) chromedp.Action {
	return chromedp.Tasks{browsertest.Size(width, height), chromedp.Navigate(url), browsertest.Until(`document.readyState === 'complete'`),
		chromedp.Evaluate(`sessionStorage.clear()`, nil), network.ClearBrowserCookies(), chromedp.Reload(), browsertest.Until(`document.querySelector('#hello')?.checkVisibility()`)}
}

func typing(words string) chromedp.Action {
	return chromedp.Tasks{chromedp.SendKeys("#text", words, chromedp.ByID), chromedp.SendKeys("#text", kb.Enter, chromedp.ByID)}
}

// TestBrowserFromStoryToCard tells a story, answers with the buttons, reads the
// card, corrects one fact and prints.
func TestBrowserFromStoryToCard(t *testing.T) {
	ctx := browsertest.Open(t, 4*time.Minute)
	p, _ := newPage(t, talking(t), func(o *Options) { o.Random = rand.Reader })
	srv := httptest.NewServer(p)
	t.Cleanup(srv.Close)
	errs := browsertest.Complaints(ctx)
	for _, w := range []struct {
		name          string
		width, height int64
	}{{"phone", 390, 844}, {"desktop", 1440, 900}} {
		shoot := func(name string) { browsertest.ShootAll(t, ctx, w.name+"-verdict-"+name) }
		var before, after int
		valueNow := `Number([...document.querySelectorAll('[role=progressbar]')].at(-1).ariaValueNow)`
		browsertest.Run(t, ctx, open(srv.URL, w.width, w.height), typing("我是退役军人，跟人合开粉馆，能领创业补贴吗"),
			says("还不能确定", "一次性创业补贴", "第39项", "重点群体", "符合", "还不清楚", "退役军人", "这题之后还可能问2个", "办营业执照"), chromedp.Evaluate(valueNow, &before))
		shoot("1-first")
		browsertest.Run(t, ctx, pressing("是"), says("记下了", "第一次开店", "这题之后还可能问1个"), chromedp.Evaluate(valueNow, &after))
		if after <= before {
			t.Errorf("%s: progress goes from %d to %d", w.name, before, after)
		}
		shoot("2-step")
		if w.name == "phone" {
			browsertest.Run(t, ctx, pressing("上一步"), says("办营业执照"), pressing("跳过"), says("第一次开店"), pressing("上一步"), says("办营业执照"), pressing("是"), says("第一次开店"))
		}
		browsertest.Run(t, ctx, pressing("是"), says("正常经营多久了", "最后一个问题"))
		shoot("3-number")
		browsertest.Run(t, ctx, typing("一年零两个月"), says("初步符合", "帮助其申报一次性创业补贴(5000元)", "正常经营时间", "14个月", "责任单位", "不是审批决定"))
		shoot("4-card")
		var live int
		browsertest.Run(t, ctx, chromedp.Evaluate(`document.querySelectorAll('.question').length`, &live), browsertest.Click(`.card:last-of-type .condition summary`))
		if live != 0 {
			t.Errorf("%s: %d questions of before can still be answered", w.name, live)
		}
		browsertest.Run(t, ctx, pressing("改：首次创业"), says("重新说一下", "第一次开店"))
		shoot("5-edit")
		browsertest.Run(t, ctx, pressing("不是"), says("暂不符合", "不符合", "您说：“不是”"))
		shoot("6-changed")
		browsertest.Run(t, ctx, chromedp.Reload(), says("暂不符合"), chromedp.Evaluate(`window.print = () => { window.printed = document.documentElement.className + document.querySelectorAll('.printing .condition details').length; }`, nil),
			pressing("打印"), browsertest.Until(`window.printed === 'print-one4'`), browsertest.Until(`!document.querySelector('.printing')`))
	}
	// the print of one card: its sentences are open, nothing else is on the paper
	var text string
	var others int
	browsertest.Run(t, ctx, browsertest.Size(680, 960), chromedp.Evaluate(`[...document.querySelectorAll('.turn')].at(-1).classList.add('printing'); document.documentElement.classList.add('print-one'); dispatchEvent(new Event('beforeprint'))`, nil),
		emulation.SetEmulatedMedia().WithMedia("print"), chromedp.Evaluate(`document.body.innerText`, &text),
		chromedp.Evaluate(`[...document.querySelectorAll('.turn, button, .ask')].filter(e => e.checkVisibility() && !e.classList.contains('printing') && !e.classList.contains('source')).length`, &others))
	browsertest.ShootAll(t, ctx, "print")
	browsertest.Paper(t, ctx, "print")
	if !strings.Contains(text, "对首次创办小微企业或从事个体经营") || !strings.Contains(text, "编号 07-AAAA") || others != 0 {
		t.Errorf("on paper, with %d other things:\n%s", others, text)
	}
	if got := errs(); len(got) > 0 {
		t.Errorf("the console complains: %q", got)
	}
}

// TestBrowserAsksForConsent: what a sensitive question is for is read before it.
func TestBrowserAsksForConsent(t *testing.T) {
	ctx := browsertest.Open(t, 3*time.Minute)
	p, _ := newPage(t, talking(t), func(o *Options) { o.Random = rand.Reader })
	srv := httptest.NewServer(p)
	t.Cleanup(srv.Close)
	browsertest.Run(t, ctx, open(srv.URL, 390, 844), typing("我在外面租房，租赁住房补贴我能申请吗"), says("先征得您同意", "删除我的信息"))
	browsertest.ShootAll(t, ctx, "phone-consent")
	browsertest.Run(t, ctx, pressing("同意"), says("领着低保吗"), pressing("是"), says("初步符合", "租赁住房补贴"))
	browsertest.Run(t, ctx, open(srv.URL, 1440, 900), typing("我在外面租房，租赁住房补贴我能申请吗"), says("先征得您同意"), pressing("不同意"), says("还不能确定", "低保家庭、特困人员家庭"))
	browsertest.ShootAll(t, ctx, "desktop-refused")
}

// TestBrowserDrawsAFamily: who, how near, and each programme opens its card.
func TestBrowserDrawsAFamily(t *testing.T) {
	ctx := browsertest.Open(t, 3*time.Minute)
	p, _ := newPage(t, talking(t), func(o *Options) { o.Random = rand.Reader })
	srv := httptest.NewServer(p)
	t.Cleanup(srv.Close)
	var text string
	for _, w := range []struct {
		name          string
		width, height int64
	}{{"desktop", 1440, 900}, {"phone", 390, 844}} {
		browsertest.Run(t, ctx, open(srv.URL, w.width, w.height), typing("脱贫户，儿子大学毕业一年没工作，老婆想开个小吃店，我们家能享受哪些"), browsertest.Until(`document.querySelector('.scan .entry')?.checkVisibility()`),
			chromedp.Evaluate(`document.querySelector('.scan').innerText`, &text))
		browsertest.ShootAll(t, ctx, w.name+"-family")
	}
	for _, want := range []string{"您和全家", "您的儿子", "您的老婆", "初步符合", "还差一项", "还不能确定"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
	browsertest.Run(t, ctx, browsertest.Press(`[...document.querySelectorAll('.entry')].find(b => b.textContent.includes('就业见习'))`, "就业见习"), says("就业见习", "您的儿子"))
	browsertest.ShootAll(t, ctx, "phone-son")
	browsertest.Run(t, ctx, browsertest.Press(`[...document.querySelectorAll('.entry')].find(b => b.textContent.includes('创业担保贷款'))`, "创业担保贷款"), says("创业担保贷款", "您的老婆"))
}

// TestBrowserCardsFitEveryWidth: dark, large, narrow; nothing hangs over.
func TestBrowserCardsFitEveryWidth(t *testing.T) {
	ctx := browsertest.Open(t, 3*time.Minute)
	p, _ := newPage(t, talking(t), func(o *Options) { o.Random = rand.Reader })
	srv := httptest.NewServer(p)
	t.Cleanup(srv.Close)
	browsertest.Run(t, ctx, open(srv.URL, 390, 844), typing("脱贫户，儿子大学毕业一年没工作，老婆想开个小吃店，我们家能享受哪些"), browsertest.Until(`document.querySelector('.scan .entry')?.checkVisibility()`),
		typing("我是退役军人，跟人合开粉馆，能领创业补贴吗"), says("办营业执照"), chromedp.Evaluate(`document.querySelectorAll('details').forEach(d => d.open = true)`, nil))
	for _, width := range []int64{320, 390, 768, 1440} {
		for _, large := range []string{"false", "true"} {
			var over, small int
			browsertest.Run(t, ctx, browsertest.Size(width, 800), chromedp.Evaluate(`document.documentElement.classList.toggle('large', `+large+`)`, nil),
				chromedp.Evaluate(`document.documentElement.scrollWidth - document.documentElement.clientWidth`, &over),
				chromedp.Evaluate(`[...document.querySelectorAll('.holds-card button')].filter(b => b.offsetHeight < 44).length`, &small))
			if over > 0 || small > 0 {
				t.Errorf("%d px, large %s: %d px too wide, %d buttons too small to touch", width, large, over, small)
			}
			if large == "true" && width == 390 {
				browsertest.ShootAll(t, ctx, "phone-verdict-large")
			}
		}
	}
	browsertest.Run(t, ctx, browsertest.Size(390, 844), chromedp.Evaluate(`document.documentElement.classList.remove('large')`, nil),
		emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}}))
	browsertest.ShootAll(t, ctx, "phone-verdict-dark")
}
