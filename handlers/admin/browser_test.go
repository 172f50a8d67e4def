package admin

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"huiwen/knowledge/account"
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
	ctx, cancel = context.WithTimeout(ctx, 5*time.Minute)
	t.Cleanup(cancel)
	chromedp.ListenTarget(ctx, func(ev any) { // every question of a page is answered with yes
		if _, ok := ev.(*page.EventJavascriptDialogOpening); ok {
			go func() { _ = chromedp.Run(ctx, page.HandleJavaScriptDialog(true)) }()
		}
	})
	return ctx
}

func run(t *testing.T, ctx context.Context, actions ...chromedp.Action) {
	t.Helper()
	if err := chromedp.Run(ctx, actions...); err != nil {
		var at, text string
		_ = chromedp.Run(ctx, chromedp.Location(&at), chromedp.Evaluate(`document.querySelector('main')?.innerText.slice(0, 1500)`, &text))
		t.Fatalf("%v\nat %s:\n%s", err, at, text)
	}
}

// size sets the window in CSS pixels.
func size(width, height int64) chromedp.Action {
	return emulation.SetDeviceMetricsOverride(width, height, 1, width < 600)
}

// poll asks until an expression holds.
func poll(expression string) chromedp.Action {
	return chromedp.ActionFunc(func(ctx context.Context) error {
		for range 1200 {
			var holds bool
			if err := chromedp.Evaluate("!!("+expression+")", &holds).Do(ctx); err == nil && holds {
				return nil
			}
			if err := chromedp.Sleep(25 * time.Millisecond).Do(ctx); err != nil {
				return err
			}
		}
		return errors.New("never held: " + expression)
	})
}

// open goes to a page and waits for it.
func open(address string) chromedp.Action {
	return chromedp.Tasks{chromedp.Navigate(address), poll(`document.readyState === 'complete'`)}
}

// says waits until the page says a text.
func says(text string) chromedp.Action {
	return poll(`document.readyState === 'complete' && document.body.innerText.includes(` + quoteJS(text) + `)`)
}

func quoteJS(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
}

// press clicks the first element of a selector that shows a text.
func press(selector, text string) chromedp.Action {
	return chromedp.ActionFunc(func(ctx context.Context) error {
		var at []float64
		where := `(() => { const e = [...document.querySelectorAll('` + selector + `')].find(e => e.checkVisibility() && e.textContent.includes(` + quoteJS(text) + `)); if (!e) return null; e.scrollIntoView({block: "center", behavior: "instant"}); const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; })()`
		if err := chromedp.Evaluate(where, &at).Do(ctx); err != nil {
			return err
		}
		if len(at) != 2 {
			return errors.New("nothing to press: " + selector + " " + text)
		}
		return chromedp.MouseClickXY(at[0], at[1]).Do(ctx)
	})
}

// enter signs in by the form.
func enter(base, name string) chromedp.Action {
	return chromedp.Tasks{
		open(base + "/admin/signin"), chromedp.SendKeys(`input[name=name]`, name), chromedp.SendKeys(`input[name=password]`, password),
		press("button", "登录"), says("退出"),
	}
}

// leave signs out.
func leave() chromedp.Action {
	return chromedp.Tasks{press("button", "退出"), says("政策问答与任务督办")}
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

// shoot keeps a picture of the whole page when HUIWEN_SHOTS names a folder.
func shoot(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	dir := os.Getenv("HUIWEN_SHOTS")
	if dir == "" {
		return
	}
	var png []byte
	run(t, ctx, chromedp.ActionFunc(func(ctx context.Context) (err error) {
		png, err = page.CaptureScreenshot().WithCaptureBeyondViewport(false).Do(ctx)
		return err
	}))
	if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestBrowserEveryPageFits looks at every page of the navigation on a phone and on
// a desk: nothing stands out of the window, every control has a name, nothing is
// complained of.
func TestBrowserEveryPageFits(t *testing.T) {
	ctx := browser(t)
	o := newOffice(t, nil)
	g := o.running()
	for _, q := range []string{"住院费能报多少？", "开店有没有补贴", "老板拖欠工资怎么办", "想贷款做点小生意找哪里", "你好"} {
		o.ask(g, q)
	}
	o.hire("王管理", account.Admin)
	o.hire("李编辑", account.Editor, account.Reviewer)
	errs := complaints(ctx)
	pages := []string{"/admin/try?as_of=2022-09-15&q=开店有没有补贴", "/admin/words/similar?measure=39", "/admin/me/second"}
	for _, r := range o.routes {
		if r.menu != "" && r.may(&account.Account{Roles: []account.Role{account.Admin}}) {
			pages = append(pages, r.path)
		}
	}
	run(t, ctx, size(1440, 900), open(o.srv.URL+"/admin/signin"))
	shoot(t, ctx, "signin-1440")
	run(t, ctx, size(390, 844))
	shoot(t, ctx, "signin-390")
	run(t, ctx, enter(o.srv.URL, "王管理"))
	for _, p := range pages {
		name := strings.Trim(strings.NewReplacer("/", "-", "?", "-", "&", "-", "=", "-").Replace(p), "-")
		run(t, ctx, open(o.srv.URL+p))
		for _, w := range []int64{390, 1440} {
			var over int
			var named bool
			height := map[int64]int64{390: 1600, 1440: 1100}[w]
			run(t, ctx, size(w, height),
				chromedp.Evaluate(`document.documentElement.scrollWidth - document.documentElement.clientWidth`, &over),
				chromedp.Evaluate(`[...document.querySelectorAll('button, a, input:not([type=hidden]), select, textarea')].every(e => e.textContent.trim() || e.ariaLabel || e.labels?.length || e.title)`, &named))
			if over > 0 {
				t.Errorf("%s at %d px: %d px too wide", p, w, over)
			}
			if !named {
				t.Errorf("%s: a control has no name to read out", p)
			}
			shoot(t, ctx, name+"-"+map[int64]string{390: "390", 1440: "1440"}[w])
		}
	}
	if got := errs(); len(got) > 0 {
		t.Errorf("the console complains: %q", got)
	}
}
