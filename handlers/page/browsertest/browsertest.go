// Package browsertest drives a headless browser in the tests of the pages.
package browsertest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// How long Until waits, and how often it looks: no speed is asserted.
const (
	patience = 30 * time.Second
	lookAt   = 25 * time.Millisecond
)

// Open starts a headless browser for at most so long, or skips where there is
// none; the full check fails instead. Questions of the pages (confirm) are
// answered with yes.
func Open(t testing.TB, most time.Duration) context.Context {
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
	ctx, cancel = context.WithTimeout(ctx, most)
	t.Cleanup(cancel)
	chromedp.ListenTarget(ctx, func(ev any) {
		if _, ok := ev.(*page.EventJavascriptDialogOpening); ok {
			go func() { _ = chromedp.Run(ctx, page.HandleJavaScriptDialog(true)) }()
		}
	})
	return ctx
}

// Run fails the test when an action of the browser does, and says what the page
// showed then.
func Run(t testing.TB, ctx context.Context, actions ...chromedp.Action) {
	t.Helper()
	if err := chromedp.Run(ctx, actions...); err != nil {
		var at, text string
		_ = chromedp.Run(ctx, chromedp.Location(&at), chromedp.Evaluate(`(document.querySelector('main') ?? document.body).innerText.slice(0, 1500)`, &text))
		t.Fatalf("%v\nat %s:\n%s", err, at, text)
	}
}

// Size sets the window in CSS pixels.
func Size(width, height int64) chromedp.Action {
	return emulation.SetDeviceMetricsOverride(width, height, 1, width < 600)
}

// Until asks until an expression holds; the browser's own poll waits for frames,
// and a page at rest draws none. While a page is being left nothing holds.
func Until(expression string) chromedp.Action {
	return chromedp.ActionFunc(func(ctx context.Context) error {
		for range patience / lookAt {
			var holds bool
			if err := chromedp.Evaluate("!!("+expression+")", &holds).Do(ctx); err == nil && holds {
				return nil
			}
			if err := chromedp.Sleep(lookAt).Do(ctx); err != nil {
				return err
			}
		}
		return errors.New("never held: " + expression)
	})
}

// Click presses the first element that fits, with the pointer.
func Click(selector string) chromedp.Action {
	return Press("document.querySelector("+strconv.Quote(selector)+")", selector)
}

// Press presses the element that a JavaScript expression gives, with the pointer,
// as soon as it is there; what names it to people.
func Press(element, what string) chromedp.Action {
	return chromedp.ActionFunc(func(ctx context.Context) error {
		if err := Until(element).Do(ctx); err != nil {
			return fmt.Errorf("nothing to press: %s: %w", what, err)
		}
		var at []float64
		where := `(() => { const e = ` + element + `; if (!e) return null; e.scrollIntoView({block: "center", behavior: "instant"}); const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; })()`
		if err := chromedp.Evaluate(where, &at).Do(ctx); err != nil {
			return err
		}
		if len(at) != 2 {
			return errors.New("nothing to press: " + what)
		}
		return chromedp.MouseClickXY(at[0], at[1]).Do(ctx)
	})
}

// Follow presses like Press what leads to another page, and waits for that page:
// what the page before it said cannot be taken for what this one says.
func Follow(element, what string) chromedp.Action {
	return chromedp.Tasks{
		chromedp.Evaluate(`window.pageBefore = true`, nil), Press(element, what), Until(`!window.pageBefore && document.readyState === 'complete'`),
	}
}

// Shoot keeps a picture of what is in sight when HUIWEN_SHOTS names a folder.
func Shoot(t testing.TB, ctx context.Context, name string) {
	t.Helper()
	keep(t, ctx, name+".png", func(ctx context.Context) ([]byte, error) {
		return page.CaptureScreenshot().WithCaptureBeyondViewport(false).Do(ctx)
	})
}

// ShootAll is [Shoot] of the whole page, beside it what is in sight.
func ShootAll(t testing.TB, ctx context.Context, name string) {
	t.Helper()
	Shoot(t, ctx, name+"-seen")
	keep(t, ctx, name+".png", func(ctx context.Context) (png []byte, err error) {
		err = chromedp.FullScreenshot(&png, 100).Do(ctx)
		return png, err
	})
}

// Paper keeps what would be printed.
func Paper(t testing.TB, ctx context.Context, name string) {
	t.Helper()
	keep(t, ctx, name+".pdf", func(ctx context.Context) ([]byte, error) {
		pdf, _, err := page.PrintToPDF().WithPaperWidth(8.27).WithPaperHeight(11.69).WithPreferCSSPageSize(true).Do(ctx)
		return pdf, err
	})
}

func keep(t testing.TB, ctx context.Context, name string, take func(context.Context) ([]byte, error)) {
	t.Helper()
	dir := os.Getenv("HUIWEN_SHOTS")
	if dir == "" {
		return
	}
	var data []byte
	Run(t, ctx, chromedp.Sleep(300*time.Millisecond), chromedp.ActionFunc(func(ctx context.Context) (err error) {
		data, err = take(ctx)
		return err
	}))
	if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// Complaints collects what the browser's console complains of.
func Complaints(ctx context.Context) func() []string {
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
