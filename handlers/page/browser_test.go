package page

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"huiwen/bot"
)

// browser starts a headless browser, or skips where there is none; the full
// check fails instead.
func browser(t *testing.T) context.Context {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		if os.Getenv("HUIWEN_CHECK") == "full" {
			t.Fatal("no browser: install chromium")
		}
		t.Skip("no browser: install chromium")
	}
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-quic", true),
		chromedp.WSURLReadTimeout(90*time.Second))
	alloc, cancel := chromedp.NewExecAllocator(context.Background(), opts...)
	t.Cleanup(cancel)
	ctx, cancel := chromedp.NewContext(alloc, chromedp.WithErrorf(func(string, ...any) {}))
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, 3*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// run fails the test when an action of the browser does.
func run(t *testing.T, ctx context.Context, actions ...chromedp.Action) {
	t.Helper()
	if err := chromedp.Run(ctx, actions...); err != nil {
		t.Fatal(err)
	}
}

// size sets the window in CSS pixels.
func size(width, height int64) chromedp.Action {
	return emulation.SetDeviceMetricsOverride(width, height, 1, width < 600)
}

// poll asks until an expression holds; the browser's own poll waits for frames,
// and a page at rest draws none.
func poll(expression string) chromedp.Action {
	return chromedp.ActionFunc(func(ctx context.Context) error {
		for range 400 {
			var holds bool
			if err := chromedp.Evaluate("!!("+expression+")", &holds).Do(ctx); err != nil {
				return err
			}
			if holds {
				return nil
			}
			if err := chromedp.Sleep(25 * time.Millisecond).Do(ctx); err != nil {
				return err
			}
		}
		return errors.New("never held: " + expression)
	})
}

// click presses the first element that fits, with the pointer.
func click(selector string) chromedp.Action {
	return chromedp.ActionFunc(func(ctx context.Context) error {
		var at []float64
		where := `(() => { const e = document.querySelector('` + selector + `'); e.scrollIntoView({block: "center", behavior: "instant"}); const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; })()`
		if err := chromedp.Evaluate(where, &at).Do(ctx); err != nil {
			return err
		}
		return chromedp.MouseClickXY(at[0], at[1]).Do(ctx)
	})
}

// shoot keeps a picture when HUIWEN_SHOTS names a folder.
func shoot(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	dir := os.Getenv("HUIWEN_SHOTS")
	if dir == "" {
		return
	}
	var png []byte
	run(t, ctx, chromedp.CaptureScreenshot(&png))
	if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o600); err != nil {
		t.Fatal(err)
	}
}

// complaints collects what the browser's console complains of.
func complaints(ctx context.Context) func() []string {
	var mu sync.Mutex
	var all []string
	chromedp.ListenTarget(ctx, func(ev any) {
		mu.Lock()
		defer mu.Unlock()
		switch e := ev.(type) {
		case *cdplog.EventEntryAdded:
			if e.Entry.Level == cdplog.LevelError {
				all = append(all, e.Entry.Text)
			}
		case *runtime.EventExceptionThrown:
			all = append(all, e.ExceptionDetails.Text)
		}
	})
	return func() []string { mu.Lock(); defer mu.Unlock(); return append([]string(nil), all...) }
}

const lastAnswer = `[...document.querySelectorAll('.turn.theirs .bubble')].at(-1).innerText`

func TestBrowserConversation(t *testing.T) {
	ctx := browser(t)
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
	errs := complaints(ctx)
	for _, w := range []struct {
		name          string
		width, height int64
	}{{"phone", 390, 844}, {"desktop", 1440, 900}} {
		var text, marked, focused string
		var open bool
		run(t, ctx, size(w.width, w.height), chromedp.Navigate(srv.URL), poll(`document.readyState === 'complete'`),
			chromedp.Evaluate(`sessionStorage.clear()`, nil), chromedp.Reload(), poll(`document.querySelector('#hello')?.checkVisibility()`))
		shoot(t, ctx, w.name+"-start")
		run(t, ctx, chromedp.SendKeys("#text", "开店补多少", chromedp.ByID), chromedp.SendKeys("#text", kb.Enter, chromedp.ByID),
			poll(`document.querySelector('.source')?.checkVisibility()`), chromedp.Evaluate(lastAnswer, &text))
		shoot(t, ctx, w.name+"-answer")
		for _, want := range []string{"年度已结束", "一次性创业补贴(5000元)", "第39项", "创业担保贷款"} {
			if !strings.Contains(text, want) {
				t.Errorf("%s: the answer lacks %q:\n%s", w.name, want, text)
			}
		}
		run(t, ctx, click(`.source`), poll(`document.querySelector('#sheet[open] mark')?.checkVisibility()`),
			chromedp.Evaluate(`[...document.querySelectorAll('#sheet mark')].map(m=>m.textContent).join('|')`, &marked))
		shoot(t, ctx, w.name+"-sheet")
		if !strings.Contains(marked, quoted) {
			t.Errorf("%s: marked %q", w.name, marked)
		}
		run(t, ctx, chromedp.KeyEvent(kb.Escape), poll(`!document.getElementById('sheet').open`), chromedp.Evaluate(`document.getElementById('sheet').open`, &open))
		if open {
			t.Errorf("%s: Esc leaves the sheet open", w.name)
		}
		run(t, ctx, chromedp.Evaluate(`document.activeElement.className`, &focused))
		if focused != "source" {
			t.Errorf("%s: after Esc the focus is on %q, want the source", w.name, focused)
		}
		run(t, ctx, click(`.choices li:nth-child(2) button`), poll(`document.querySelectorAll('.turn.theirs .source').length === 2`))
		mu.Lock()
		if last := asked[len(asked)-1]; last != "创业担保贷款" {
			t.Errorf("%s: the choice asked %q", w.name, last)
		}
		mu.Unlock()
		run(t, ctx, chromedp.Reload(), poll(`document.querySelectorAll('.turn.theirs .source').length === 2`))
	}
	var title string
	var images int
	run(t, ctx, chromedp.SendKeys("#text", "坏"+kb.Enter, chromedp.ByID), poll(`document.querySelectorAll('.turn.theirs').length === 3`),
		chromedp.Title(&title), chromedp.Evaluate(`document.querySelectorAll('#log img, #log script, #log b').length`, &images))
	if title == "taken" || images != 0 {
		t.Errorf("text of an answer became markup: title %q, %d elements", title, images)
	}
	if got := errs(); len(got) > 0 {
		t.Errorf("the console complains: %q", got)
	}
}

func TestBrowserFitsEveryWidth(t *testing.T) {
	ctx := browser(t)
	p, _ := newPage(t, answering, nil)
	srv := httptest.NewServer(p)
	t.Cleanup(srv.Close)
	run(t, ctx, size(360, 740), chromedp.Navigate(srv.URL), poll(`document.querySelector('#hello')?.checkVisibility()`),
		chromedp.SendKeys("#text", strings.Repeat("长", 120)+"https://"+strings.Repeat("a", 90)+kb.Enter, chromedp.ByID), poll(`document.querySelector('.source')?.checkVisibility()`))
	for _, width := range []int64{320, 360, 768, 1920} {
		for _, large := range []bool{false, true} {
			var over int
			run(t, ctx, size(width, 800), chromedp.Evaluate(`document.documentElement.classList.toggle('large', `+map[bool]string{true: "true", false: "false"}[large]+`)`, nil),
				chromedp.Evaluate(`document.documentElement.scrollWidth - document.documentElement.clientWidth`, &over))
			if over > 0 {
				t.Errorf("%d px, large %v: the page is %d px too wide", width, large, over)
			}
			if large {
				shoot(t, ctx, "large-"+map[int64]string{320: "320", 360: "360", 768: "768", 1920: "1920"}[width])
			}
		}
	}
	run(t, ctx, size(390, 844), emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}}))
	shoot(t, ctx, "dark")
}

// TestBrowserKeyboardOnly reaches everything without a pointer, in the order it is read.
func TestBrowserKeyboardOnly(t *testing.T) {
	ctx := browser(t)
	p, _ := newPage(t, answering, nil)
	srv := httptest.NewServer(p)
	t.Cleanup(srv.Close)
	run(t, ctx, size(1440, 900), chromedp.Navigate(srv.URL), poll(`document.querySelector('#hello')?.checkVisibility()`))
	var order []string
	for range 6 {
		var at string
		run(t, ctx, chromedp.KeyEvent(kb.Tab), chromedp.Evaluate(`document.activeElement.textContent.trim().slice(0,12)||document.activeElement.id`, &at))
		order = append(order, at)
	}
	want := []string{"跳到提问框", "惠问政策问答", "大字", "开店有没有补贴？", "出省打工的路费能报吗？", "text"}
	if strings.Join(order, "|") != strings.Join(want, "|") {
		t.Errorf("Tab goes %v, want %v", order, want)
	}
	var named bool
	run(t, ctx, chromedp.KeyEvent("开店补多少"), chromedp.KeyEvent(kb.Enter), poll(`document.querySelector('.source')?.checkVisibility()`),
		chromedp.Evaluate(`[...document.querySelectorAll('button, a, textarea')].every(e => e.textContent.trim() || e.ariaLabel || e.labels?.length)`, &named))
	if !named {
		t.Error("a control has no name to read out")
	}
}

func TestBrowserSaysWhatWentWrong(t *testing.T) {
	ctx := browser(t)
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
	run(t, ctx, size(390, 844), chromedp.Navigate(srv.URL), poll(`document.querySelector('#hello')?.checkVisibility()`),
		chromedp.SendKeys("#text", "开店"+kb.Enter, chromedp.ByID), poll(`document.querySelector('.wrong')?.checkVisibility()`), chromedp.Text(".wrong", &text))
	shoot(t, ctx, "error")
	if !strings.Contains(text, sayBroken) {
		t.Errorf("the person reads %q", text)
	}
	run(t, ctx, click(`.wrong button`), poll(`document.querySelector('.source')?.checkVisibility()`))
}

func TestBrowserRatesAnAnswer(t *testing.T) {
	ctx := browser(t)
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
	errs := complaints(ctx)
	run(t, ctx, size(390, 844), chromedp.Navigate(srv.URL), poll(`document.readyState === 'complete'`),
		chromedp.SendKeys("#text", "开店补多少"+kb.Enter, chromedp.ByID), poll(`document.querySelector('.source')?.checkVisibility()`),
		click(`.acts button[aria-pressed]:nth-last-of-type(1)`), poll(`document.querySelectorAll('.why button').length === 3`))
	shoot(t, ctx, "phone-rate")
	run(t, ctx, click(`.why button:nth-of-type(2)`), poll(`document.querySelector('.why').textContent.includes('记下了')`),
		poll(`document.querySelector('.acts button[aria-pressed="true"]').textContent === '没用'`))
	mu.Lock()
	defer mu.Unlock()
	if got := strings.Join(rated, ";"); got != "07-AAAA-BBBB-CCCC-DDDDfalse;07-AAAA-BBBB-CCCC-DDDDfalse说得看不懂" {
		t.Errorf("rated %q", got)
	}
	if got := errs(); len(got) > 0 {
		t.Errorf("the console complains: %q", got)
	}
}
