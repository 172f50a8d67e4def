package page

import (
	"context"
	"fmt"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"huiwen/bot"
	"huiwen/handlers/page/browsertest"
)

const lastAnswer = `[...document.querySelectorAll('.turn.theirs .bubble')].at(-1).innerText`

func TestBrowserConversation(t *testing.T) {
	ctx := browsertest.Open(t, 3*time.Minute)
	var asked []string
	var mu sync.Mutex
	p, _ := newPage(t, func(_ context.Context, _, text string) (bot.Rendered, error) {
		mu.Lock()
		defer mu.Unlock()
		asked = append(asked, text)
		if strings.Contains(text, "坏") {
			r := bot.Rendered{Status: bot.Smalltalk, Lines: []bot.Line{{{Kind: bot.Echoed, Text: `<img src=x onerror="document.title='taken'"><b>粗</b>`}}}, Citations: []string{}, Choices: []string{`"><script>document.title='taken'</script>`}}
			r.Text = "x"
			return r, nil
		}
		return example(), nil
	}, nil)
	srv := httptest.NewServer(p)
	t.Cleanup(srv.Close)
	errs := browsertest.Complaints(ctx)
	for _, w := range []struct {
		name          string
		width, height int64
	}{{"phone", 390, 844}, {"desktop", 1440, 900}} {
		var text, marked, focused string
		var open bool
		browsertest.Run(t, ctx, browsertest.Size(w.width, w.height), chromedp.Navigate(srv.URL), browsertest.Until(`document.readyState === 'complete'`),
			chromedp.Evaluate(`sessionStorage.clear()`, nil), chromedp.Reload(), browsertest.Until(`document.querySelector('#hello')?.checkVisibility()`))
		browsertest.Shoot(t, ctx, w.name+"-start")
		browsertest.Run(t, ctx, chromedp.SendKeys("#text", "开店补多少", chromedp.ByID), chromedp.SendKeys("#text", kb.Enter, chromedp.ByID),
			browsertest.Until(`document.querySelector('.source')?.checkVisibility()`), chromedp.Evaluate(lastAnswer, &text))
		browsertest.Shoot(t, ctx, w.name+"-answer")
		for _, want := range []string{"年度已结束", "一次性创业补贴(5000元)", "第39项", "创业担保贷款"} {
			if !strings.Contains(text, want) {
				t.Errorf("%s: the answer lacks %q:\n%s", w.name, want, text)
			}
		}
		browsertest.Run(t, ctx, browsertest.Click(`.source`), browsertest.Until(`document.querySelector('#sheet[open] mark')?.checkVisibility()`),
			chromedp.Evaluate(`[...document.querySelectorAll('#sheet mark')].map(m=>m.textContent).join('|')`, &marked))
		browsertest.Shoot(t, ctx, w.name+"-sheet")
		if !strings.Contains(marked, quoted) {
			t.Errorf("%s: marked %q", w.name, marked)
		}
		browsertest.Run(t, ctx, chromedp.KeyEvent(kb.Escape), browsertest.Until(`!document.getElementById('sheet').open`), chromedp.Evaluate(`document.getElementById('sheet').open`, &open))
		if open {
			t.Errorf("%s: Esc leaves the sheet open", w.name)
		}
		browsertest.Run(t, ctx, chromedp.Evaluate(`document.activeElement.className`, &focused))
		if focused != "source" {
			t.Errorf("%s: after Esc the focus is on %q, want the source", w.name, focused)
		}
		browsertest.Run(t, ctx, browsertest.Click(`.choices li:nth-child(2) button`), browsertest.Until(`document.querySelectorAll('.turn.theirs .source').length === 2`))
		mu.Lock()
		if last := asked[len(asked)-1]; last != "创业担保贷款" {
			t.Errorf("%s: the choice asked %q", w.name, last)
		}
		mu.Unlock()
		browsertest.Run(t, ctx, chromedp.Reload(), browsertest.Until(`document.querySelectorAll('.turn.theirs .source').length === 2`))
	}
	var title string
	var images int
	browsertest.Run(t, ctx, chromedp.SendKeys("#text", "坏"+kb.Enter, chromedp.ByID), browsertest.Until(`document.querySelectorAll('.turn.theirs').length === 3`),
		chromedp.Title(&title), chromedp.Evaluate(`document.querySelectorAll('#log img, #log script, #log b').length`, &images))
	if title == "taken" || images != 0 {
		t.Errorf("text of an answer became markup: title %q, %d elements", title, images)
	}
	if got := errs(); len(got) > 0 {
		t.Errorf("the console complains: %q", got)
	}
}

func TestBrowserFitsEveryWidth(t *testing.T) {
	ctx := browsertest.Open(t, 3*time.Minute)
	p, _ := newPage(t, answering, nil)
	srv := httptest.NewServer(p)
	t.Cleanup(srv.Close)
	browsertest.Run(t, ctx, browsertest.Size(360, 740), chromedp.Navigate(srv.URL), browsertest.Until(`document.querySelector('#hello')?.checkVisibility()`),
		chromedp.SendKeys("#text", strings.Repeat("长", 120)+"https://"+strings.Repeat("a", 90)+kb.Enter, chromedp.ByID), browsertest.Until(`document.querySelector('.source')?.checkVisibility()`))
	for _, width := range []int64{320, 360, 768, 1920} {
		for _, large := range []bool{false, true} {
			var over int
			browsertest.Run(t, ctx, browsertest.Size(width, 800), chromedp.Evaluate(`document.documentElement.classList.toggle('large', `+map[bool]string{true: "true", false: "false"}[large]+`)`, nil),
				chromedp.Evaluate(`document.documentElement.scrollWidth - document.documentElement.clientWidth`, &over))
			if over > 0 {
				t.Errorf("%d px, large %v: the page is %d px too wide", width, large, over)
			}
			if large {
				browsertest.Shoot(t, ctx, "large-"+map[int64]string{320: "320", 360: "360", 768: "768", 1920: "1920"}[width])
			}
		}
	}
	browsertest.Run(t, ctx, browsertest.Size(390, 844), emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}}))
	browsertest.Shoot(t, ctx, "dark")
}

// TestBrowserKeyboardOnly reaches everything without a pointer, in the order it is read.
func TestBrowserKeyboardOnly(t *testing.T) {
	ctx := browsertest.Open(t, 3*time.Minute)
	p, _ := newPage(t, answering, nil)
	srv := httptest.NewServer(p)
	t.Cleanup(srv.Close)
	browsertest.Run(t, ctx, browsertest.Size(1440, 900), chromedp.Navigate(srv.URL), browsertest.Until(`document.querySelector('#hello')?.checkVisibility()`))
	var order []string
	for range 6 {
		var at string
		browsertest.Run(t, ctx, chromedp.KeyEvent(kb.Tab), chromedp.Evaluate(`document.activeElement.textContent.trim().slice(0,12)||document.activeElement.id`, &at))
		order = append(order, at)
	}
	want := []string{"跳到提问框", "惠问政策问答", "大字", "开店有没有补贴？", "出省打工的路费能报吗？", "text"}
	if strings.Join(order, "|") != strings.Join(want, "|") {
		t.Errorf("Tab goes %v, want %v", order, want)
	}
	var named bool
	browsertest.Run(t, ctx, chromedp.KeyEvent("开店补多少"), chromedp.KeyEvent(kb.Enter), browsertest.Until(`document.querySelector('.source')?.checkVisibility()`),
		chromedp.Evaluate(`[...document.querySelectorAll('button, a, textarea')].every(e => e.textContent.trim() || e.ariaLabel || e.labels?.length)`, &named))
	if !named {
		t.Error("a control has no name to read out")
	}
}

func TestBrowserSaysWhatWentWrong(t *testing.T) {
	ctx := browsertest.Open(t, 3*time.Minute)
	fail := true
	var mu sync.Mutex
	p, _ := newPage(t, func(context.Context, string, string) (bot.Rendered, error) {
		mu.Lock()
		defer mu.Unlock()
		if fail {
			fail = false
			return bot.Rendered{}, context.DeadlineExceeded
		}
		return example(), nil
	}, nil)
	srv := httptest.NewServer(p)
	t.Cleanup(srv.Close)
	var text string
	browsertest.Run(t, ctx, browsertest.Size(390, 844), chromedp.Navigate(srv.URL), browsertest.Until(`document.querySelector('#hello')?.checkVisibility()`),
		chromedp.SendKeys("#text", "开店"+kb.Enter, chromedp.ByID), browsertest.Until(`document.querySelector('.wrong')?.checkVisibility()`), chromedp.Text(".wrong", &text))
	browsertest.Shoot(t, ctx, "error")
	if !strings.Contains(text, sayBroken) {
		t.Errorf("the person reads %q", text)
	}
	browsertest.Run(t, ctx, browsertest.Click(`.wrong button`), browsertest.Until(`document.querySelector('.source')?.checkVisibility()`))
}

func TestBrowserRatesAnAnswer(t *testing.T) {
	ctx := browsertest.Open(t, 3*time.Minute)
	var mu sync.Mutex
	var rated []string
	p, _ := newPage(t, func(context.Context, string, string) (bot.Rendered, error) {
		r := example()
		r.ID = "07-AAAA-BBBB-CCCC-DDDD"
		return r, nil
	}, func(o *Options) {
		o.Rater = rateFunc(func(_, number string, up bool, reason string) error {
			mu.Lock()
			defer mu.Unlock()
			rated = append(rated, fmt.Sprint(number, up, reason))
			return nil
		})
	})
	srv := httptest.NewServer(p)
	t.Cleanup(srv.Close)
	errs := browsertest.Complaints(ctx)
	browsertest.Run(t, ctx, browsertest.Size(390, 844), chromedp.Navigate(srv.URL), browsertest.Until(`document.readyState === 'complete'`),
		chromedp.SendKeys("#text", "开店补多少"+kb.Enter, chromedp.ByID), browsertest.Until(`document.querySelector('.source')?.checkVisibility()`),
		browsertest.Click(`.acts button[aria-pressed]:nth-last-of-type(1)`), browsertest.Until(`document.querySelectorAll('.why button').length === 3`),
		browsertest.Until(`document.querySelector('.why').getBoundingClientRect().bottom <= document.querySelector('.ask').getBoundingClientRect().top`)) // not under the input
	browsertest.Shoot(t, ctx, "phone-rate")
	browsertest.Run(t, ctx, browsertest.Click(`.why button:nth-of-type(2)`), browsertest.Until(`document.querySelector('.why').textContent.includes('记下了')`),
		browsertest.Until(`document.querySelector('.acts button[aria-pressed="true"]').textContent === '没用'`))
	mu.Lock()
	defer mu.Unlock()
	if got := strings.Join(rated, ";"); got != "07-AAAA-BBBB-CCCC-DDDDfalse;07-AAAA-BBBB-CCCC-DDDDfalse说得看不懂" {
		t.Errorf("rated %q", got)
	}
	if got := errs(); len(got) > 0 {
		t.Errorf("the console complains: %q", got)
	}
}
