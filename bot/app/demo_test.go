package app

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"huiwen/handlers/page/browsertest"
	"huiwen/knowledge/store/storetest"
)

// openDemo starts the demo and returns its address.
func openDemo(t *testing.T) string {
	t.Helper()
	page, _ := openShow(t)
	return page
}

// openShow starts the demo and returns its address and what it told on the terminal.
func openShow(t *testing.T) (page string, told *syncBuffer) {
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
	soon, giveUp := context.WithTimeout(t.Context(), time.Minute)
	defer giveUp()
	if !log.says(soon, "办公室的页面") { // it loads the plan and tells every bureau of it first
		t.Fatalf("the demo does not open:\n%s", log)
	}
	return "http://" + at + "/", log
}

// says is that words came on a phone after what was last typed there.
func says(phone, words string) string {
	return fmt.Sprintf(`(() => { const t = [...document.querySelectorAll('#talk-%s .turn')]; return t.slice(t.findLastIndex(e => e.classList.contains('me')) + 1).some(e => e.innerText.includes(%q)); })()`, phone, words)
}

// typed is what a person types into a phone.
func typed(phone, words string) chromedp.Action {
	return chromedp.Tasks{browsertest.Click("#text-" + phone), chromedp.SendKeys("#text-"+phone, words+kb.Enter, chromedp.ByID)}
}

// TestDemoByClicking plays the show once on each of two windows: a resident asks,
// picks a choice, asks for a person, is answered by one and then by the robot
// again; a bureau asks on two platforms; the platforms misbehave.
func TestDemoByClicking(t *testing.T) {
	page := openDemo(t)
	ctx := browsertest.Open(t, 3*time.Minute)
	errs := browsertest.Complaints(ctx)
	for _, w := range []struct {
		name          string
		width, height int64
		phone         bool
	}{{"1440", 1440, 900, false}, {"390", 390, 844, true}} {
		tab := func(phone string) chromedp.Action {
			if !w.phone {
				return chromedp.Tasks{}
			}
			return chromedp.Tasks{browsertest.Click(`[data-tab="` + phone + `"]`), browsertest.Until(`document.querySelector('[data-tab="` + phone + `"]').getAttribute('aria-current') === 'true'`)}
		}
		var wide int
		browsertest.Run(t, ctx, browsertest.Size(w.width, w.height), chromedp.Navigate(page), browsertest.Until(`document.querySelector('#clock').textContent !== '--:--'`),
			browsertest.Until(`document.querySelector('#talk-wechat .turn')`), chromedp.Evaluate(`document.documentElement.scrollWidth - document.documentElement.clientWidth`, &wide))
		if wide > 0 {
			t.Errorf("%s: the page is %d px too wide", w.name, wide)
		}
		browsertest.Shoot(t, ctx, "demo-"+w.name+"-start")
		browsertest.Run(t, ctx, tab("wechat"), typed("wechat", "想学点东西"), browsertest.Until(`document.querySelector('#talk-wechat .turn.them:last-child .menu button')`))
		browsertest.Shoot(t, ctx, "demo-"+w.name+"-choices")
		browsertest.Run(t, ctx, browsertest.Click(`#talk-wechat .turn.them:last-child .menu button`), browsertest.Until(says("wechat", "来源")))
		browsertest.Run(t, ctx, typed("wechat", "人工"), browsertest.Until(says("wechat", "转接")), browsertest.Until(`document.querySelector('.customer.wanted')`))
		browsertest.Run(t, ctx, tab("seat"), browsertest.Click("#take"), browsertest.Until(`document.querySelector('.customer.mine')`), typed("seat", "您好，我是工作人员"), browsertest.Until(says("wechat", "我是工作人员")))
		browsertest.Run(t, ctx, tab("wechat"), typed("wechat", "谢谢，我想问补贴"), browsertest.Until(`document.querySelector('#talk-seat').innerText.includes('我想问补贴')`))
		browsertest.Shoot(t, ctx, "demo-"+w.name+"-human")
		browsertest.Run(t, ctx, tab("seat"))
		if w.phone {
			browsertest.Shoot(t, ctx, "demo-"+w.name+"-seat")
		}
		browsertest.Run(t, ctx, browsertest.Click("#end"), browsertest.Until(`!document.querySelector('.customer.mine')`), tab("wechat"), typed("wechat", "第3项"), browsertest.Until(says("wechat", "第3项")))
		browsertest.Run(t, ctx, tab("wecom"), typed("wecom", "第4项"), browsertest.Until(says("wecom", "第4项")), tab("ding"), typed("ding", "第5项"), browsertest.Until(says("ding", "第5项")),
			tab("group"), typed("group", "第6项"), browsertest.Until(says("group", "第6项")))
		browsertest.Shoot(t, ctx, "demo-"+w.name+"-talks")
		if w.phone {
			browsertest.Run(t, ctx, browsertest.Click("#open-dock"), browsertest.Until(`document.querySelector('#dock').checkVisibility()`))
			browsertest.Shoot(t, ctx, "demo-"+w.name+"-dock")
			browsertest.Run(t, ctx, browsertest.Click("#close-dock"), browsertest.Until(`!document.querySelector('#dock').checkVisibility()`))
			continue
		}
		// a day on, the reminders are there and their buttons work
		browsertest.Run(t, ctx, browsertest.Click(`[data-wind="1"]`), browsertest.Until(`document.querySelector('#clock').textContent >= '09:06' && document.querySelector('#winding').hidden`),
			browsertest.Until(`document.querySelector('#talk-ding .turn:last-child .buttons button') && document.querySelector('#talk-wecom .turn:last-child .buttons button')`))
		browsertest.Shoot(t, ctx, "demo-"+w.name+"-reminders")
		browsertest.Run(t, ctx, browsertest.Click(`#talk-ding .turn:last-child .buttons button`), browsertest.Until(`[...document.querySelectorAll('#talk-ding .turn.them')].at(-1).innerText.includes('已签收')`),
			browsertest.Click(`#talk-wecom .turn:last-child .buttons button`), browsertest.Until(says("wecom", "已签收")), browsertest.Until(`document.querySelector('#talk-wecom .done')`))
		browsertest.Shoot(t, ctx, "demo-"+w.name+"-received")
		// the line drops and comes back; three copies are answered once
		browsertest.Run(t, ctx, browsertest.Click(`[data-trick="drop"]`), browsertest.Until(`document.querySelector('#line').classList.contains('down')`), browsertest.Until(`!document.querySelector('#line').classList.contains('down')`),
			browsertest.Click(`[data-trick="triple"]`), browsertest.Until(`document.querySelector('[data-trick="triple"]').getAttribute('aria-pressed') === 'true'`))
		var before, after int
		count := func(n *int) chromedp.Action {
			return chromedp.Evaluate(`document.querySelectorAll('#talk-ding .turn.them').length`, n)
		}
		browsertest.Run(t, ctx, count(&before), typed("ding", "第8项"), browsertest.Until(says("ding", "第8项")), typed("ding", "第9项"), browsertest.Until(says("ding", "第9项")), count(&after))
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

// officeOf is where the demo's office pages are, and how one signs in to them.
var officeOf = regexp.MustCompile(`办公室的页面：(\S+) 账号 (\S+) 密码 (\S+)`)

// pressed clicks what shows a text and leads to another page.
func pressed(selector, text string) chromedp.Action {
	return browsertest.Follow(fmt.Sprintf(`[...document.querySelectorAll(%q)].find(e => e.checkVisibility() && e.textContent.includes(%q))`, selector, text), text)
}

func pageSays(text string) chromedp.Action {
	return browsertest.Until(fmt.Sprintf(`document.readyState === 'complete' && document.body.innerText.includes(%q)`, text))
}

// TestADutyIsReceivedAppliedForAndClosedByClicking goes the whole way of a duty as
// its people do: the bureau's liaison receives it by the button of the reminder on
// his phone and applies for its end by typing, the office closes it on its page,
// the liaison sees it closed on his phone.
func TestADutyIsReceivedAppliedForAndClosedByClicking(t *testing.T) {
	page, told := openShow(t)
	office := officeOf.FindStringSubmatch(told.String())
	if office == nil {
		t.Fatalf("the demo does not tell how the office signs in:\n%s", told)
	}
	ctx := browsertest.Open(t, 3*time.Minute)
	errs := browsertest.Complaints(ctx)
	phone := chromedp.Tasks{browsertest.Size(1440, 900), chromedp.Navigate(page), browsertest.Until(`document.querySelector('#talk-wechat .turn')`)}
	browsertest.Run(t, ctx, phone, browsertest.Click(`[data-wind="1"]`), browsertest.Until(`document.querySelector('#clock').textContent >= '09:06' && document.querySelector('#winding').hidden`),
		browsertest.Until(`document.querySelector('#talk-ding .turn:last-child .buttons button')`))
	browsertest.Run(t, ctx, browsertest.Click(`#talk-ding .turn:last-child .buttons button`), browsertest.Until(`[...document.querySelectorAll('#talk-ding .turn.them')].at(-1).innerText.includes('已签收')`),
		typed("ding", "申请办结 8 特色产业已扩面，台账和照片附后"), browsertest.Until(says("ding", "第8项")), browsertest.Until(says("ding", "办公室审核")))
	browsertest.Shoot(t, ctx, "duty-1-applied")
	browsertest.Run(t, ctx, chromedp.Navigate(office[1]+"signin"), chromedp.SendKeys(`input[name=name]`, office[2]), chromedp.SendKeys(`input[name=password]`, office[3]),
		pressed("button", "登录"), pressed("nav a", "待审核"), pageSays("特色产业已扩面，台账和照片附后"), pageSays("第8项 · 区农业农村局"))
	browsertest.Shoot(t, ctx, "duty-2-review")
	browsertest.Run(t, ctx, pressed("button", "同意，销号"), pageSays("已销号"), pageSays("没有等着审核的"), pressed("nav a", "台账"), chromedp.SetValue(`select[name=bureau]`, "区农业农村局"), chromedp.SetValue(`input[name=find]`, "第8项"),
		pressed("button", "看"), pageSays("灰 已销号"), pressed("td a", "第8项"), pageSays("李强"), pageSays("签收"), pageSays("申请办结"), pageSays("演示办公室"), pageSays("销号"))
	browsertest.Shoot(t, ctx, "duty-3-closed")
	browsertest.Run(t, ctx, phone, typed("ding", "第8项办得怎么样了"), browsertest.Until(says("ding", "已销号")))
	browsertest.Shoot(t, ctx, "duty-4-phone")
	if got := errs(); len(got) > 0 {
		t.Errorf("the console complains: %q", got)
	}
}
