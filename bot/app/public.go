package app

import (
	"context"
	"crypto/rand"
	"errors"
	"net"
	"net/http"
	"strings"
	"time"

	"huiwen/bot"
	"huiwen/bot/post"
	"huiwen/handlers"
	"huiwen/handlers/page"
	"huiwen/knowledge"
)

// suggestions are offered to who opens the page.
var suggestions = []string{
	"自己开店有没有补贴，补多少？", "出省打工的路费能报吗？", "想贷款做点小生意找哪里？",
	"老板拖欠工资怎么办？", "毕业了还没找到工作，有什么帮助？", "低保家庭租房有补贴吗？",
}

// publicHandler serves the residents' page and its API.
func publicHandler(e *engine, g *post.Gateway, c *call) (http.Handler, error) {
	var trusted []*net.IPNet
	for _, n := range c.config.Page.TrustedProxies {
		if _, network, err := net.ParseCIDR(n); err == nil { // checked with the configuration
			trusted = append(trusted, network)
		}
	}
	return page.New(page.Options{
		Asker: visitors{g, c.Now}, Rater: visitors{g, c.Now}, Library: library{e, c.Now}, Suggestions: suggestions, Log: c.log, Random: rand.Reader, Now: c.Now,
		PerMinute: c.config.Page.PerMinute, Total: c.config.Page.TotalPerSecond, TrustedProxies: trusted, Secure: c.config.Page.Secure,
	})
}

// library shows what is published to the page, as residents may read it today.
type library struct {
	*engine
	now func() time.Time
}

func (l library) view() *knowledge.Snapshot {
	return l.snapshot().For(l.now().In(handlers.Zone).Format(time.DateOnly), false)
}

func (l library) Title() string { return l.view().Plan.Title }

func (l library) Issued() string { return inChinese(l.view().Plan.Issued) }

// inChinese writes an ISO date as people read it, "" when it is none.
func inChinese(day string) string {
	d, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return ""
	}
	return d.Format("2006年1月2日")
}

func (l library) Measure(label string) (page.Measure, bool) {
	s := l.view()
	title, issued := s.Plan.Title, s.Plan.Issued
	m, ok := s.Measure(label)
	if doc, no, found := strings.Cut(label, ":"); !ok && found { // of the plan of another year
		for _, p := range s.Plans() {
			if p.ID == doc {
				title, issued = p.Plan.Title, p.Plan.Issued
				m, ok = p.For(p.Plan.Valid.From, false).Measure(no)
			}
		}
	}
	if !ok {
		return page.Measure{}, false
	}
	if m.Doc != nil {
		title, issued = m.Doc.Title, m.Doc.Issued
	}
	return page.Measure{
		Label: m.No, Name: m.Label(), Topic: m.Topic(), Headings: headings(m), Text: m.Text,
		Document: title, Issued: inChinese(issued),
	}, true
}

func headings(m *knowledge.Measure) []string {
	out := []string{}
	for _, h := range m.Path {
		out = append(out, h.Heading)
	}
	return out
}

// visitors answers the questions of the page by way of the inbox.
type visitors struct {
	gateway *post.Gateway
	now     func() time.Time
}

// Ask implements [page.Asker].
func (v visitors) Ask(ctx context.Context, id, text string) (bot.Rendered, error) {
	a, err := v.gateway.Ask(ctx, bot.Message{ID: rand.Text(), Channel: "page", Conversation: id, User: bot.Resident, Text: text, At: v.now()})
	if errors.Is(err, post.ErrLimited) || errors.Is(err, post.ErrFull) {
		return bot.Rendered{}, page.ErrBusy
	}
	return a.Reply, err
}

// Rate implements [page.Rater]: only the session that got an answer rates it.
func (v visitors) Rate(ctx context.Context, id, number string, up bool, reason string) error {
	a, ok, err := v.gateway.Box.ByNumber(ctx, number)
	if err != nil {
		return err
	}
	if !ok || a.Conversation != "page/"+id {
		return page.ErrNoAnswer
	}
	err = v.gateway.Box.Rate(ctx, number, up, reason)
	if errors.Is(err, post.ErrNoAnswer) {
		return page.ErrNoAnswer
	}
	return err
}
