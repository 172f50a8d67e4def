// Package page is the residents' chat page and the JSON interface beneath it.
//
// A verdict is drawn as a card, its question with buttons and progress, a scan
// person by person, all from the parts that the answer hands over (web/card.js).
//
// The page works without a script: a form that posts the question and renders
// the answer. With the script the same answer comes through POST /api/ask.
package page

import (
	"context"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"html/template"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"huiwen/bot"
)

//go:embed web
var web embed.FS

// ErrBusy marks a question that was not taken because too many wait.
var ErrBusy = errors.New("page: too many questions wait")

// An Asker answers what a person of a session asked.
type Asker interface {
	Ask(ctx context.Context, session, text string) (bot.Rendered, error)
}

// A Library shows the published document.
type Library interface {
	Title() string
	Issued() string // as people read it: 2022年6月9日
	Measure(label string) (Measure, bool)
}

// A Measure is one item of the document, as printed.
type Measure struct {
	Label    string   `json:"label"`
	Name     string   `json:"name"` // 第39项
	Topic    string   `json:"topic"`
	Headings []string `json:"headings"`
	Text     string   `json:"text"`
	Document string   `json:"document"`
	Issued   string   `json:"issued"`
}

// Options are what a Page needs.
type Options struct {
	Asker       Asker
	Rater       Rater // nil: answers cannot be rated
	Library     Library
	Suggestions []string // questions offered at the start
	Log         *slog.Logger
	Random      io.Reader        // session ids
	Now         func() time.Time // limits
	// PerMinute is how many questions an address may ask; Total how many a
	// second all together may.
	PerMinute, Total int
	TrustedProxies   []*net.IPNet
	Secure           bool // behind https: the cookie is sent over https only
}

// The bounds of a question.
const (
	maxBodyBytes     = 64 << 10
	maxQuestionRunes = 500
)

const cookieName = "huiwen_session"

// A Page is an http.Handler, safe for concurrent use.
type Page struct {
	Options
	limits *limits
	index  *template.Template
	mux    http.Handler
}

// New makes the page.
func New(o Options) (*Page, error) {
	index, err := template.ParseFS(web, "web/index.html")
	if err != nil {
		return nil, fmt.Errorf("parse the page: %w", err)
	}
	p := &Page{Options: o, index: index, limits: newLimits(o.PerMinute, o.Total)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", p.show)
	mux.HandleFunc("POST /{$}", p.form)
	mux.HandleFunc("POST /api/ask", p.ask)
	if o.Rater != nil {
		mux.HandleFunc("POST /api/rate", p.rate)
	}
	mux.HandleFunc("GET /api/measure/{label...}", p.measure)
	mux.HandleFunc("GET /m/{label...}", p.measurePage)
	mux.HandleFunc("GET /style.css", p.asset("web/style.css", "text/css; charset=utf-8"))
	mux.HandleFunc("GET /card.js", p.asset("web/card.js", "text/javascript; charset=utf-8"))
	mux.HandleFunc("GET /chat.js", p.asset("web/chat.js", "text/javascript; charset=utf-8"))
	mux.HandleFunc("GET /icon.svg", p.asset("web/icon.svg", "image/svg+xml"))
	p.mux = p.guarded(mux)
	return p, nil
}

// ServeHTTP implements [http.Handler].
func (p *Page) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.mux.ServeHTTP(w, r) }

// csp allows the page's own files and nothing from outside.
const csp = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// guarded sets the headers of every answer and refuses posts from other sites.
func (p *Page) guarded(next http.Handler) http.Handler {
	cross := http.NewCrossOriginProtection()
	cross.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.refuse(w, r, http.StatusForbidden, "请从本页面提问。")
	}))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", csp)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
		cross.Handler(next).ServeHTTP(w, r)
	})
}

func (p *Page) asset(name, contentType string) http.HandlerFunc {
	data, err := web.ReadFile(name)
	if err != nil {
		panic("page: " + name + " is not embedded") // a bug of the build
	}
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.Header().Set("Cache-Control", "no-cache")
		w.Write(data)
	}
}

// session returns the id of the browser's session and gives it one when it has
// none. Only ids of the right form are taken; they are 128 random bits.
func (p *Page) session(w http.ResponseWriter, r *http.Request) (string, error) {
	if id, ok := knownSession(r); ok {
		return id, nil
	}
	raw := make([]byte, 16)
	if _, err := io.ReadFull(p.Random, raw); err != nil {
		return "", fmt.Errorf("new session: %w", err)
	}
	id := hex.EncodeToString(raw)
	http.SetCookie(w, &http.Cookie{Name: cookieName, Value: id, Path: "/", HttpOnly: true, Secure: p.Secure, SameSite: http.SameSiteLaxMode, MaxAge: 24 * 60 * 60})
	return id, nil
}

// knownSession is the id of the session that the browser has.
func knownSession(r *http.Request) (string, bool) {
	c, err := r.Cookie(cookieName)
	if err != nil {
		return "", false
	}
	raw, err := hex.DecodeString(c.Value)
	return c.Value, err == nil && len(raw) == 16
}
