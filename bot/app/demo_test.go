package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"huiwen/knowledge/store/storetest"
)

// openDemo starts the demo and returns its address.
func openDemo(t *testing.T) string {
	t.Helper()
	at := storetest.FreeAddress(t)
	log := &syncBuffer{}
	e := Environment{Stdin: strings.NewReader(""), Stdout: log, Stderr: log, Environ: func() []string { return nil }, Getenv: func(string) string { return "" }, Now: time.Now, share: sharedSnapshot}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan int, 1)
	go func() { ended <- Run(ctx, []string{"demo", "--listen", at}, e) }()
	t.Cleanup(func() {
		cancel()
		if code := <-ended; code != 0 {
			t.Errorf("the demo ended with %d:\n%s", code, log)
		}
	})
	for range 6000 { // it loads the plan and tells every bureau of it first
		if strings.Contains(log.String(), "演示台") {
			return "http://" + at + "/"
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("the demo does not open:\n%s", log)
	return ""
}

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

func browse(t *testing.T, ctx context.Context, actions ...chromedp.Action) {
	t.Helper()
	if err := chromedp.Run(ctx, actions...); err != nil {
		t.Fatal(err)
	}
}

func window(width, height int64) chromedp.Action {
	return emulation.SetDeviceMetricsOverride(width, height, 1, width < 600)
}

// until asks until an expression holds.
func until(expression string) chromedp.Action {
	return chromedp.ActionFunc(func(ctx context.Context) error {
		for range 800 {
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

// pressOn presses the first element that fits, with the pointer.
func pressOn(selector string) chromedp.Action {
	return chromedp.ActionFunc(func(ctx context.Context) error {
		var at []float64
		where := `(() => { const e = document.querySelector(` + strconv.Quote(selector) + `); e.scrollIntoView({block: "nearest", behavior: "instant"}); const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; })()`
		if err := chromedp.Evaluate(where, &at).Do(ctx); err != nil {
			return err
		}
		return chromedp.MouseClickXY(at[0], at[1]).Do(ctx)
	})
}

// picture keeps a screenshot when HUIWEN_SHOTS names a folder.
func picture(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	dir := os.Getenv("HUIWEN_SHOTS")
	if dir == "" {
		return
	}
	var png []byte
	browse(t, ctx, chromedp.Sleep(300*time.Millisecond), chromedp.CaptureScreenshot(&png))
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

// says is that words came on a phone after what was last typed there.
func says(phone, words string) string {
	return fmt.Sprintf(`(() => { const t = [...document.querySelectorAll('#talk-%s .turn')]; return t.slice(t.findLastIndex(e => e.classList.contains('me')) + 1).some(e => e.innerText.includes(%q)); })()`, phone, words)
}

// typed is what a person types into a phone.
func typed(phone, words string) chromedp.Action {
	return chromedp.Tasks{pressOn("#text-" + phone), chromedp.SendKeys("#text-"+phone, words+kb.Enter, chromedp.ByID)}
}

// TestDemoByClicking plays the show once on each of two windows: a resident asks,
// picks a choice, asks for a person, is answered by one and then by the robot
// again; a bureau asks on two platforms; the platforms misbehave.
func TestDemoByClicking(t *testing.T) {
	page := openDemo(t)
	ctx := browser(t)
	errs := complaints(ctx)
	for _, w := range []struct {
		name          string
		width, height int64
		phone         bool
	}{{"1440", 1440, 900, false}, {"390", 390, 844, true}} {
		tab := func(phone string) chromedp.Action {
			if !w.phone {
				return chromedp.Tasks{}
			}
			return chromedp.Tasks{pressOn(`[data-tab="` + phone + `"]`), until(`document.querySelector('[data-tab="` + phone + `"]').getAttribute('aria-current') === 'true'`)}
		}
		var wide int
		browse(t, ctx, window(w.width, w.height), chromedp.Navigate(page), until(`document.querySelector('#clock').textContent !== '--:--'`),
			until(`document.querySelector('#talk-wechat .turn')`), chromedp.Evaluate(`document.documentElement.scrollWidth - document.documentElement.clientWidth`, &wide))
		if wide > 0 {
			t.Errorf("%s: the page is %d px too wide", w.name, wide)
		}
		picture(t, ctx, "demo-"+w.name+"-start")
		browse(t, ctx, tab("wechat"), typed("wechat", "想学点东西"), until(`document.querySelector('#talk-wechat .turn.them:last-child .menu button')`))
		picture(t, ctx, "demo-"+w.name+"-choices")
		browse(t, ctx, pressOn(`#talk-wechat .turn.them:last-child .menu button`), until(says("wechat", "来源")))
		browse(t, ctx, typed("wechat", "人工"), until(says("wechat", "转接")), until(`document.querySelector('.customer.wanted')`))
		browse(t, ctx, tab("seat"), pressOn("#take"), until(`document.querySelector('.customer.mine')`), typed("seat", "您好，我是工作人员"), until(says("wechat", "我是工作人员")))
		browse(t, ctx, tab("wechat"), typed("wechat", "谢谢，我想问补贴"), until(`document.querySelector('#talk-seat').innerText.includes('我想问补贴')`))
		picture(t, ctx, "demo-"+w.name+"-human")
		browse(t, ctx, tab("seat"))
		if w.phone {
			picture(t, ctx, "demo-"+w.name+"-seat")
		}
		browse(t, ctx, pressOn("#end"), until(`!document.querySelector('.customer.mine')`), tab("wechat"), typed("wechat", "第3项"), until(says("wechat", "第3项")))
		browse(t, ctx, tab("wecom"), typed("wecom", "第4项"), until(says("wecom", "第4项")), tab("ding"), typed("ding", "第5项"), until(says("ding", "第5项")),
			tab("group"), typed("group", "第6项"), until(says("group", "第6项")))
		picture(t, ctx, "demo-"+w.name+"-talks")
		if w.phone {
			browse(t, ctx, pressOn("#open-dock"), until(`document.querySelector('#dock').checkVisibility()`))
			picture(t, ctx, "demo-"+w.name+"-dock")
			browse(t, ctx, pressOn("#close-dock"), until(`!document.querySelector('#dock').checkVisibility()`))
			continue
		}
		// a day on, the reminders are there and their buttons work
		browse(t, ctx, pressOn(`[data-wind="1"]`), until(`document.querySelector('#clock').textContent >= '09:06' && document.querySelector('#winding').hidden`),
			until(`document.querySelector('#talk-ding .turn:last-child .buttons button') && document.querySelector('#talk-wecom .turn:last-child .buttons button')`))
		picture(t, ctx, "demo-"+w.name+"-reminders")
		browse(t, ctx, pressOn(`#talk-ding .turn:last-child .buttons button`), until(`[...document.querySelectorAll('#talk-ding .turn.them')].at(-1).innerText.includes('已签收')`),
			pressOn(`#talk-wecom .turn:last-child .buttons button`), until(says("wecom", "已签收")), until(`document.querySelector('#talk-wecom .done')`))
		picture(t, ctx, "demo-"+w.name+"-received")
		// the line drops and comes back; three copies are answered once
		browse(t, ctx, pressOn(`[data-trick="drop"]`), until(`document.querySelector('#line').classList.contains('down')`), until(`!document.querySelector('#line').classList.contains('down')`),
			pressOn(`[data-trick="triple"]`), until(`document.querySelector('[data-trick="triple"]').getAttribute('aria-pressed') === 'true'`))
		var before, after int
		count := func(n *int) chromedp.Action {
			return chromedp.Evaluate(`document.querySelectorAll('#talk-ding .turn.them').length`, n)
		}
		browse(t, ctx, count(&before), typed("ding", "第8项"), until(says("ding", "第8项")), typed("ding", "第9项"), until(says("ding", "第9项")), count(&after))
		if after != before+2 {
			t.Errorf("%s: two questions that came three times have %d answers", w.name, after-before)
		}
	}
	if got := errs(); len(got) > 0 {
		t.Errorf("the console complains: %q", got)
	}
}

func TestDemoAnswersThisMachineOnly(t *testing.T) {
	page := openDemo(t)
	for _, c := range []struct {
		name   string
		change func(*http.Request)
		want   int
	}{
		{"as it is", func(*http.Request) {}, http.StatusOK},
		{"by another site's name", func(r *http.Request) { r.Host = "evil.example" }, http.StatusForbidden},
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, page, nil)
		if err != nil {
			t.Fatal(err)
		}
		c.change(req)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != c.want || !strings.Contains(resp.Header.Get("Content-Security-Policy"), "default-src 'none'") {
			t.Errorf("%s: %d, %q", c.name, resp.StatusCode, resp.Header.Get("Content-Security-Policy"))
		}
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, page+"act", strings.NewReader(`{"act":"trick","text":"slow","on":true}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusForbidden {
		t.Errorf("an act from another site: %d", resp.StatusCode)
	}
}
