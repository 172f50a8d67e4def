package admin

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"

	"huiwen/bot"
	"huiwen/handlers"
	"huiwen/knowledge"
	"huiwen/knowledge/account"
	"huiwen/knowledge/audit"
	"huiwen/knowledge/directory"
	"huiwen/knowledge/finding"
	"huiwen/knowledge/pause"
	"huiwen/knowledge/store"
	"huiwen/knowledge/versions"
	"huiwen/scheduler/ledger"
)

// readable are the errors whose words are made for people.
var readable = []error{
	account.ErrNotFound, account.ErrExists, account.ErrConflict, account.ErrInvalid, account.ErrWeak, account.ErrWrong, account.ErrLocked,
	account.ErrNoInvite, account.ErrSession, account.ErrCode, directory.ErrInvalid, directory.ErrConflict,
	knowledge.ErrWord, knowledge.ErrEdition, knowledge.ErrCorrection, knowledge.ErrNoPlan, knowledge.ErrDocument, versions.ErrConflict, versions.ErrNotFound, versions.ErrRefused, versions.ErrDamaged, versions.ErrNewer, versions.ErrUpload, pause.ErrInvalid,
}

// words are what people may read of an error; false when they are for the log.
func words(err error) (problem, bool) {
	var p problem
	if errors.As(err, &p) {
		return p, true
	}
	for _, known := range readable {
		if errors.Is(err, known) {
			return problem{http.StatusConflict, err.Error()}, true
		}
	}
	return problem{}, false
}

// A shell is what stands around every page.
type shell struct {
	Title    string
	Path     string
	Who      *account.Account
	Menu     []menuGroup
	CSRF     string
	Said     string
	SaidBad  bool
	District string
	Main     any
}

// views are the parsed templates, one set a page.
type views struct{ pages map[string]*template.Template }

// parseViews parses every page of web/ with the layout and the parts.
func parseViews() (*views, error) {
	names, err := fs.Glob(web, "web/*.html")
	if err != nil {
		return nil, fmt.Errorf("find the templates: %w", err)
	}
	base, err := template.New("layout.html").Funcs(funcs).ParseFS(web, "web/layout.html", "web/parts.html")
	if err != nil {
		return nil, fmt.Errorf("parse the layout: %w", err)
	}
	v := &views{map[string]*template.Template{}}
	for _, n := range names {
		name := strings.TrimSuffix(path.Base(n), ".html")
		if name == "layout" || name == "parts" {
			continue
		}
		t, err := base.Clone()
		if err == nil {
			t, err = t.ParseFS(web, n)
		}
		if err != nil {
			return nil, fmt.Errorf("parse %s: %w", n, err)
		}
		v.pages[name] = t
	}
	return v, nil
}

// show renders a page as a whole before the first byte goes out.
func (v *visit) show(status int, page, title string, main any) error {
	t, ok := v.views.pages[page]
	if !ok {
		return fmt.Errorf("admin: no template %q", page)
	}
	s := shell{Title: title, Path: v.r.URL.Path, Who: v.who, CSRF: v.formToken(), Main: main}
	s.Said, s.SaidBad = v.said()
	s.Menu = v.menu()
	var b bytes.Buffer
	if err := t.Execute(&b, s); err != nil {
		return fmt.Errorf("render %s: %w", page, err)
	}
	v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	v.w.WriteHeader(status)
	_, err := v.w.Write(b.Bytes())
	if err != nil {
		v.Log.Debug("admin page cut short", "error", err)
	}
	return nil
}

// page renders a page that went well.
func (v *visit) page(page, title string, main any) error {
	return v.show(http.StatusOK, page, title, main)
}

// formToken is the token of the forms of a page; before sign-in it gives the
// browser the cookie that the token is made from.
func (v *visit) formToken() string {
	if v.csrf != "" {
		return v.csrf
	}
	raw := make([]byte, 16)
	if _, err := io.ReadFull(v.Random, raw); err != nil {
		return ""
	}
	secret := hex.EncodeToString(raw)
	v.cookie(beforeCookie, secret, 0)
	v.csrf = tokenOf(secret)
	return v.csrf
}

// cookie sets a cookie; age 0 lasts as long as the browser, below 0 deletes.
func (v *visit) cookie(name, value string, age int) {
	http.SetCookie(v.w, &http.Cookie{Name: name, Value: value, Path: "/", HttpOnly: true, Secure: v.Secure, SameSite: http.SameSiteLaxMode, MaxAge: age})
}

// maxSaid bounds the sentence in the cookie, in bytes.
const maxSaid = 900

// say has the next page say a sentence.
func (v *visit) say(kind, text string) {
	if len(text) > maxSaid {
		text = strings.ToValidUTF8(text[:maxSaid], "") + "…"
	}
	v.cookie(saidCookie, base64.RawURLEncoding.EncodeToString([]byte(kind+":"+text)), 60)
}

// said takes the sentence of the page before.
func (v *visit) said() (text string, isBad bool) {
	c, err := v.r.Cookie(saidCookie)
	if err != nil {
		return "", false
	}
	v.cookie(saidCookie, "", -1)
	raw, err := base64.RawURLEncoding.DecodeString(c.Value)
	if err != nil {
		return "", false
	}
	kind, text, _ := strings.Cut(strings.ToValidUTF8(string(raw), ""), ":")
	return text, kind == "bad"
}

// funcs are what templates may call.
var funcs = template.FuncMap{
	"minute": func(t time.Time) string {
		if t.IsZero() {
			return "—"
		}
		return t.In(handlers.Zone).Format("2006-01-02 15:04")
	},
	"day": func(t time.Time) string {
		if t.IsZero() {
			return "—"
		}
		return t.In(handlers.Zone).Format(time.DateOnly)
	},
	"percent": func(f float64) string { return fmt.Sprintf("%.1f%%", f*100) },
	"score":   func(f float64) string { return fmt.Sprintf("%.2f", f) },
	"join":    strings.Join,
	"add":     func(a, b int) int { return a + b },
	"sub":     func(a, b int) int { return a - b },
	"field":   func(f string) string { return cmp.Or(fieldNames[f], f) },
	"what": func(f string) string {
		return cmp.Or(map[string]string{"programme": "政策项目", "similar": "类似问法", "correction": "更正"}[f], f)
	},
	"num": func(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) },
	"deref": func(s *string) string {
		if s == nil {
			return ""
		}
		return *s
	},
	"fix": func(may bool, draft, plan, no, field string) map[string]any {
		return map[string]any{"May": may, "Draft": draft, "Plan": plan, "No": no, "Field": field}
	},
	"channel": func(c string) string {
		kind, rest, _ := strings.Cut(c, "/")
		return strings.TrimSpace(name(channelNames, kind) + " " + rest)
	},
	"user":  func(u bot.User) string { return map[bot.User]string{bot.Resident: "居民", bot.Staff: "部门"}[u] },
	"faq":   faqFrom,
	"level": func(l finding.Level) string { return [...]string{"green", "yellow", "red"}[l] },
	"total": total,
	"actform": func(a actView, r ledgerRow, order, csrf, back string) map[string]any {
		return map[string]any{"Act": a, "Row": r, "Order": order, "CSRF": csrf, "Back": back}
	},
	"person": func(m bureauView, f personForm, csrf string) map[string]any {
		return map[string]any{"Main": m, "Form": f, "CSRF": csrf}
	},
	"val": func(f *float64) float64 {
		if f == nil {
			return 0
		}
		return *f
	},
	"deliver": func(d ledger.Delivered) string {
		return map[ledger.Delivered]string{ledger.Sent: "green", ledger.Arrived: "green", ledger.Failed: "red", ledger.Uncertain: "yellow", ledger.Queued: "gray", ledger.Sending: "gray"}[d]
	},
	// raw is the kept form of what has another one for people
	"item": func(no string) string {
		if doc, label, ok := strings.Cut(no, ":"); ok {
			return "《" + doc + "》" + label
		}
		return "第" + no + "项"
	},
	"span": func(days string) string {
		from, to, _ := strings.Cut(days, "..")
		if to == "" || from == to {
			return from
		}
		return from + " 至 " + to
	},
	"fileName":  fileName,
	"roleAbout": func(r account.Role) string { return roleAbout[r] },
	"raw": func(v any) string {
		switch v := v.(type) {
		case ledger.Verb:
			return string(v)
		case account.Role:
			return string(v)
		case directory.Role:
			return string(v)
		}
		return ""
	},
	"then":  func(old, now string) []lineDiff { return marked(old, now, "+") },
	"now":   func(old, now string) []lineDiff { return marked(old, now, "-") },
	"kinds": func() []string { return []string{"similar", "negative"} },
	"short": func(s string, n int) string {
		r := []rune(s)
		if len(r) <= n {
			return s
		}
		return string(r[:n]) + "…"
	},
	"hash":   func(s string) string { return s[:min(len(s), 8)] },
	"status": func(s bot.Status) string { return name(statusNames, s) },
	"ms":     func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 },
	"has":    func(a *account.Account, roles ...string) bool { return hasRoles(a, roles) },
}

func hasRoles(a *account.Account, roles []string) bool {
	for _, r := range roles {
		if a != nil && a.Has(account.Role(r)) {
			return true
		}
	}
	return false
}

// note writes an act into the audit that has no transaction of its own.
func (v *visit) note(act, subject, why string) error {
	return v.Store.Update(v.ctx(), account.Scope, func(tx store.Tx) error {
		return audit.Note(tx, audit.Entry{Who: v.who.Name, Act: act, Subject: subject, Why: why})
	})
}
