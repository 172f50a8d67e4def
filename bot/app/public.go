package app

import (
	"container/list"
	"context"
	"crypto/rand"
	"net"
	"net/http"
	"sync"
	"time"

	"huiwen/bot"
	"huiwen/handlers/page"
	"huiwen/knowledge"
)

// suggestions are offered to who opens the page.
var suggestions = []string{
	"自己开店有没有补贴，补多少？", "出省打工的路费能报吗？", "想贷款做点小生意找哪里？",
	"老板拖欠工资怎么办？", "毕业了还没找到工作，有什么帮助？", "低保家庭租房有补贴吗？",
}

// publicHandler serves the residents' page and its API.
func publicHandler(e *engine, c *call) (http.Handler, error) {
	var trusted []*net.IPNet
	for _, n := range c.config.Page.TrustedProxies {
		if _, network, err := net.ParseCIDR(n); err == nil { // checked with the configuration
			trusted = append(trusted, network)
		}
	}
	return page.New(page.Options{
		Asker:   &visitors{engine: e, now: c.Now, open: map[string]*list.Element{}, order: list.New()},
		Library: library{e}, Suggestions: suggestions, Log: c.log, Random: rand.Reader, Now: c.Now,
		PerMinute: c.config.Page.PerMinute, Total: c.config.Page.TotalPerSecond, TrustedProxies: trusted, Secure: c.config.Page.Secure,
	})
}

// library shows the published plan to the page.
type library struct{ *engine }

func (l library) Title() string { return l.snapshot.Plan.Title }

func (l library) Issued() string {
	d, err := time.Parse(time.DateOnly, l.snapshot.Plan.Issued)
	if err != nil {
		return ""
	}
	return d.Format("2006年1月2日")
}

func (l library) Measure(label string) (page.Measure, bool) {
	m, ok := l.snapshot.Measure(label)
	if !ok {
		return page.Measure{}, false
	}
	return page.Measure{
		Label: m.No, Name: m.Label(), Topic: m.Topic(), Headings: headings(m), Text: m.Text,
		Document: l.Title(), Issued: l.Issued(),
	}, true
}

func headings(m *knowledge.Measure) []string {
	out := []string{}
	for _, h := range m.Path {
		out = append(out, h.Heading)
	}
	return out
}

// maxVisitors bounds the sessions of the page that are kept in memory; the one
// unused longest goes first.
const maxVisitors = 20_000

// visitors keeps the page's sessions in memory and answers the questions of one
// session one after the other.
type visitors struct {
	*engine
	now func() time.Time

	mu    sync.Mutex
	open  map[string]*list.Element
	order *list.List // of *visitor, newest in front
}

type visitor struct {
	id string

	mu      sync.Mutex
	session []byte
}

// Ask implements [page.Asker].
func (v *visitors) Ask(ctx context.Context, id, text string) (bot.Rendered, error) {
	one := v.visitor(id)
	one.mu.Lock()
	defer one.mu.Unlock()
	m := bot.Message{Channel: "page", Conversation: id, User: bot.Resident, Text: text, At: v.now()}
	out, next, err := v.answer(ctx, m, one.session)
	if err == nil {
		one.session = next
	}
	return out, err
}

func (v *visitors) visitor(id string) *visitor {
	v.mu.Lock()
	defer v.mu.Unlock()
	if e := v.open[id]; e != nil {
		v.order.MoveToFront(e)
		return e.Value.(*visitor)
	}
	one := &visitor{id: id}
	v.open[id] = v.order.PushFront(one)
	if v.order.Len() > maxVisitors {
		oldest := v.order.Back()
		v.order.Remove(oldest)
		delete(v.open, oldest.Value.(*visitor).id)
	}
	return one
}
