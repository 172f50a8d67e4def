package admin

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"huiwen/handlers/page/browsertest"
	"huiwen/knowledge/account"
)

// open goes to a page and waits for it.
func open(address string) chromedp.Action {
	return chromedp.Tasks{chromedp.Navigate(address), browsertest.Until(`document.readyState === 'complete'`)}
}

// says waits until the page says a text.
func says(text string) chromedp.Action {
	return browsertest.Until(`document.readyState === 'complete' && document.body.innerText.includes(` + quoteJS(text) + `)`)
}

func quoteJS(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
}

// press clicks the first element of a selector that shows a text, and waits for
// the page it leads to: here everything pressed leads to one.
func press(selector, text string) chromedp.Action {
	return browsertest.Follow(`[...document.querySelectorAll('`+selector+`')].find(e => e.checkVisibility() && e.textContent.includes(`+quoteJS(text)+`))`, selector+" "+text)
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

// TestBrowserEveryPageFits looks at every page of the navigation on a phone and on
// a desk: nothing stands out of the window, every control has a name, nothing is
// complained of.
func TestBrowserEveryPageFits(t *testing.T) {
	ctx := browsertest.Open(t, 5*time.Minute)
	o := lived(t)
	o.hire("王管理", account.Admin, account.Office)
	e, waiting := o.entry("40"), o.entry("1")
	draft, err := o.Library.Drafts(t.Context())
	if err != nil || len(draft) == 0 {
		t.Fatal(err)
	}
	errs := browsertest.Complaints(ctx)
	row := rowOf(e, o.Reminder.Calendar, november).Link()
	pages := []string{"/admin/try?as_of=2022-09-15&q=开店有没有补贴", "/admin/words/similar?measure=39", "/admin/me/second", "/admin/?days=7", "/admin/ratings", "/admin/missed?tab=doubts", "/desk/?number=00-0000-0000-0000-0000",
		row, rowOf(waiting, o.Reminder.Calendar, november).Link(), strings.Replace(row, "/row?", "/give?", 1) + "&do=split", strings.Replace(row, "/row?", "/give?", 1) + "&do=handover", toBureau("区人力资源社会保障局"), "/admin/directory?edit=1",
		"/admin/cards?id=new", "/admin/cards?id=创业补贴", "/admin/drafts/" + draft[0].ID, "/admin/drafts/" + draft[0].ID + "/report", "/admin/drafts/" + draft[0].ID + "/diff", "/admin/drafts/" + draft[0].ID + "/effect", "/admin/calendar?year=2023", "/admin/due?month=2022-12"}
	for _, r := range o.routes {
		if r.menu != "" && r.may(&account.Account{Roles: []account.Role{account.Admin, account.Office}}) {
			pages = append(pages, r.path)
		}
	}
	browsertest.Run(t, ctx, browsertest.Size(1440, 900), open(o.srv.URL+"/admin/signin"))
	browsertest.Shoot(t, ctx, "signin-1440")
	browsertest.Run(t, ctx, browsertest.Size(390, 844))
	browsertest.Shoot(t, ctx, "signin-390")
	browsertest.Run(t, ctx, enter(o.srv.URL, "王管理"))
	for _, p := range pages {
		name := strings.Trim(strings.NewReplacer("/", "-", "?", "-", "&", "-", "=", "-", "%", "", draft[0].ID, "ID").Replace(p), "-")
		name = name[:min(len(name), 80)]
		browsertest.Run(t, ctx, open(o.srv.URL+p))
		for _, w := range []int64{390, 1440} {
			var over int
			var named bool
			height := map[int64]int64{390: 1600, 1440: 1100}[w]
			browsertest.Run(t, ctx, browsertest.Size(w, height),
				chromedp.Evaluate(`document.documentElement.scrollWidth - document.documentElement.clientWidth`, &over),
				chromedp.Evaluate(`[...document.querySelectorAll('button, a, input:not([type=hidden]), select, textarea')].every(e => e.textContent.trim() || e.ariaLabel || e.labels?.length || e.title)`, &named))
			if over > 0 {
				t.Errorf("%s at %d px: %d px too wide", p, w, over)
			}
			if !named {
				t.Errorf("%s: a control has no name to read out", p)
			}
			browsertest.Shoot(t, ctx, name+"-"+map[int64]string{390: "390", 1440: "1440"}[w])
		}
	}
	if got := errs(); len(got) > 0 {
		t.Errorf("the console complains: %q", got)
	}
}
