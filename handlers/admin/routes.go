package admin

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"huiwen/knowledge/account"
)

// A route is one line of the table: a method and a path, who may, what happens.
type route struct {
	method, path string
	roles        []account.Role
	do           func(*visit) error
	// open is served before sign-in; own belongs to whoever is signed in.
	open, own bool
	// long may take a while; limit is the size of an upload, with which the form
	// is multipart.
	long  bool
	limit int64
	// menu is what the navigation calls it, "" for no entry.
	menu string
}

func (r route) pattern() string {
	p := r.path
	if strings.HasSuffix(p, "/") {
		p += "{$}"
	}
	return r.method + " " + p
}

// check refuses a route that nobody was decided for.
func (r route) check() error {
	given := 0
	for _, b := range []bool{r.open, r.own, len(r.roles) > 0} {
		if b {
			given++
		}
	}
	switch {
	case given != 1:
		return fmt.Errorf("admin: %s %s: say who may: roles, open or own", r.method, r.path)
	case r.method != http.MethodGet && r.method != http.MethodPost:
		return fmt.Errorf("admin: %s %s: no such method", r.method, r.path)
	case r.method == http.MethodPost && slices.Contains(r.roles, account.Auditor):
		return fmt.Errorf("admin: %s %s: nobody changes and audits", r.method, r.path)
	case r.do == nil:
		return fmt.Errorf("admin: %s %s does nothing", r.method, r.path)
	}
	return nil
}

// may reports whether an account may use the route.
func (r route) may(a *account.Account) bool {
	return r.open || a != nil && (r.own || a.Has(r.roles...))
}

// An Act is a form of the pages with the roles that may send it.
type Act struct {
	Path  string
	Roles []account.Role
}

// Acts lists what the pages change, without what a person does to his own session
// and password: each has its twin on the command line.
func Acts() []Act {
	var out []Act
	for _, r := range routes() {
		if r.method == http.MethodPost && !r.open && !r.own {
			out = append(out, Act{r.path, r.roles})
		}
	}
	return out
}

// Who may, by kind of page.
var (
	watching  = []account.Role{account.Admin, account.Editor, account.Reviewer, account.Issuer, account.Office, account.Inspector, account.Statistic, account.System, account.Security, account.Operator}
	reading   = []account.Role{account.Admin, account.Editor, account.Reviewer, account.Issuer, account.Office}
	editing   = []account.Role{account.Admin, account.Editor}
	approving = []account.Role{account.Admin, account.Reviewer, account.Issuer}
	issuing   = []account.Role{account.Admin, account.Issuer}
	ledgering = []account.Role{account.Admin, account.Office, account.Inspector, account.Statistic}
	deciding  = []account.Role{account.Office}
	ordering  = []account.Role{account.Office, account.Inspector}
	keeping   = []account.Role{account.Admin, account.Office}
	trying    = []account.Role{account.Admin, account.Office}
	desking   = []account.Role{account.Admin, account.Office, account.Editor, account.Window, account.Seat}
	steering  = []account.Role{account.Admin, account.System}
	guarding  = []account.Role{account.Admin, account.System, account.Security}
	auditing  = []account.Role{account.Auditor}
)

// A menuGroup is a heading of the navigation with its pages.
type menuGroup struct {
	Name  string
	Items []menuItem
}

type menuItem struct {
	Name, Path string
	Here       bool
}

// menu lists what the visitor may open, in the order of the table.
func (v *visit) menu() []menuGroup {
	var out []menuGroup
	if v.who == nil {
		return nil
	}
	for _, r := range v.routes {
		if r.menu == "" || !r.may(v.who) {
			continue
		}
		group, name, _ := strings.Cut(r.menu, "/")
		if len(out) == 0 || out[len(out)-1].Name != group {
			out = append(out, menuGroup{Name: group})
		}
		g := &out[len(out)-1]
		g.Items = append(g.Items, menuItem{name, r.path, r.path == v.inMenu()})
	}
	return out
}

// inMenu is the entry of the navigation that the page belongs to: the longest
// whose path begins it.
func (v *visit) inMenu() string {
	at := v.r.URL.Path
	if strings.HasPrefix(at, "/admin/drafts/") {
		return "/admin/plans"
	}
	best := ""
	for _, r := range v.routes {
		p := strings.TrimSuffix(r.path, "/")
		if r.menu != "" && len(r.path) > len(best) && (at == r.path || r.path != "/admin/" && strings.HasPrefix(at, p+"/")) {
			best = r.path
		}
	}
	return best
}
