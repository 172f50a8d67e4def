package admin

import (
	"errors"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"huiwen/knowledge/audit"
	"huiwen/knowledge/directory"
	"huiwen/knowledge/store"
)

type bureauView struct {
	Bureau    directory.Bureau
	Today     string // what it is called today
	Aliases   string // a line each
	Reachable bool
	People    []personForm
	New       personForm
	Roles     []directory.Role
	Channels  []string
	Revision  int
	May       bool
	Next      directory.Successor // as it was written
	Wrong     string
}

// A personForm is a person of a bureau as his form shows him.
type personForm struct {
	directory.Person
	At       int // his place in the directory, below zero for a new one
	Open     bool
	Accounts []directory.Account // with empty rows to fill in
}

// Plays reports whether the person has a role.
func (p personForm) Plays(r directory.Role) bool { return p.Person.Has(r) }

// accountRows is how many accounts a form takes.
const accountRows = 3

// bureauPage shows one bureau with a form for each of its people.
func bureauPage(v *visit) error {
	d, err := v.kept()
	if err != nil {
		return err
	}
	view, err := v.bureau(d, v.query("name"))
	if err != nil {
		return err
	}
	return v.page("bureau", view.Bureau.Name, view)
}

func (v *visit) bureau(d *directory.Directory, name string) (bureauView, error) {
	i := slices.IndexFunc(d.Bureaus, func(b directory.Bureau) bool { return b.Name == name })
	if i < 0 {
		return bureauView{}, notFound("通讯录里没有这个单位")
	}
	b := d.Bureaus[i]
	view := bureauView{Bureau: b, Today: d.Today(name, v.Now()), Aliases: strings.Join(b.Aliases, "\n"), Reachable: len(d.Unreachable([]string{name}, v.Now())) == 0,
		Roles: directory.Roles, Channels: v.personalChannels(d), Revision: d.Revision, May: v.who.Has(keeping...), New: formOf(-1, directory.Person{Bureau: name})}
	if b.Successor != nil {
		view.Next = *b.Successor
	}
	for i, p := range d.People {
		if p.Bureau == name {
			view.People = append(view.People, formOf(i, p))
		}
	}
	return view, nil
}

func formOf(at int, p directory.Person) personForm {
	f := personForm{Person: p, At: at, Accounts: slices.Clone(p.Accounts)}
	for len(f.Accounts) < max(accountRows, len(p.Accounts)+1) {
		f.Accounts = append(f.Accounts, directory.Account{})
	}
	return f
}

// personalChannels are the channels that a person can be written to by: what is
// configured, and what the directory uses already.
func (v *visit) personalChannels(d *directory.Directory) []string {
	out := map[string]bool{"dingtalk": true}
	for c := range v.Senders {
		if c == "dingtalk" || strings.HasPrefix(c, "wecom/") {
			out[c] = true
		}
	}
	for _, p := range d.People {
		for _, a := range p.Accounts {
			out[a.Channel] = true
		}
	}
	return slices.Sorted(maps.Keys(out))
}

// toBureau is the address of a bureau's page.
func toBureau(name string) string { return "/admin/directory/bureau?name=" + url.QueryEscape(name) }

// changeDirectory changes the directory of the form's revision and keeps it, with
// the note of who did it.
func (v *visit) changeDirectory(act, subject, why string, change func(*directory.Directory) error) error {
	revision, err := strconv.Atoi(v.field("revision"))
	if err != nil {
		return bad("表单不完整，请返回重试。")
	}
	d, err := v.kept()
	if err != nil {
		return err
	}
	d = d.Clone()
	if d.Revision != revision { // the places of people are those of the revision
		return directory.ErrConflict
	}
	if err := change(d); err != nil {
		return err
	}
	return v.Store.Update(v.ctx(), directory.Scope, func(tx store.Tx) error {
		if err := directory.Save(tx, d); err != nil {
			return err
		}
		return audit.Note(tx, audit.Entry{Who: v.who.Name, Act: act, Subject: subject, Why: why})
	})
}

// bureauWrong shows the bureau again with what was written and what is wrong
// with it; keep puts what was written into the view.
func (v *visit) bureauWrong(name string, err error, keep func(*bureauView)) error {
	p, ok := words(err)
	if !ok {
		return err
	}
	conflict := errors.Is(err, directory.ErrConflict)
	d, err := v.kept()
	if err != nil {
		return err
	}
	view, err := v.bureau(d, name)
	if err != nil {
		return err
	}
	view.Wrong = p.words
	if !conflict { // else the places of people may be others
		keep(&view)
	}
	return v.show(p.status, "bureau", name, view)
}

// saveBureau changes what a bureau is called besides, and whom its notices go to.
func saveBureau(v *visit) error {
	name := v.field("bureau")
	aliases := lines(v.field("aliases"))
	err := v.changeDirectory("directory.bureau", name, "", func(d *directory.Directory) error {
		return d.SetBureau(name, aliases, v.field("office") == "1")
	})
	if err != nil {
		return v.bureauWrong(name, err, func(w *bureauView) {
			w.Aliases, w.Bureau.Office = strings.Join(aliases, "\n"), v.field("office") == "1"
		})
	}
	return v.done(toBureau(name), name+"已保存，几秒内生效。")
}

// personOf reads a person from his form.
func (v *visit) personOf() (personForm, error) {
	p := directory.Person{Name: v.field("name"), Bureau: v.field("bureau"), Second: v.field("second") == "1", Gone: v.field("gone")}
	for _, s := range v.r.PostForm["role"] {
		r, err := directory.ParseRole(s)
		if err != nil {
			return personForm{}, bad("请从列出的角色里选。")
		}
		p.Roles = append(p.Roles, r)
	}
	channels, users := v.r.PostForm["channel"], v.r.PostForm["user"]
	for i := range min(len(channels), len(users)) {
		if user := strings.TrimSpace(strings.ToValidUTF8(users[i], "")); user != "" {
			p.Accounts = append(p.Accounts, directory.Account{Channel: strings.TrimSpace(channels[i]), User: user})
		}
	}
	at, err := strconv.Atoi(v.field("at"))
	if err != nil {
		return personForm{}, bad("表单不完整，请返回重试。")
	}
	f := formOf(at, p)
	f.Open = true
	return f, nil
}

// savePerson adds a person or changes one.
func savePerson(v *visit) error {
	f, err := v.personOf()
	if err != nil {
		return err
	}
	name := f.Person.Bureau
	err = v.changeDirectory("directory.person", name+" "+f.Name, v.field("why"), func(d *directory.Directory) error {
		if f.At >= len(d.People) || f.At >= 0 && d.People[f.At].Bureau != name {
			return directory.ErrConflict
		}
		return d.SetPerson(f.At, f.Person)
	})
	if err != nil {
		return v.bureauWrong(name, err, func(w *bureauView) {
			if f.At < 0 {
				w.New = f
				return
			}
			for i := range w.People {
				if w.People[i].At == f.At {
					w.People[i] = f
				}
			}
		})
	}
	return v.done(toBureau(name), f.Name+"已保存，几秒内生效。")
}

// removePerson takes a person out of the directory.
func removePerson(v *visit) error {
	name, who := v.field("bureau"), ""
	at, err := strconv.Atoi(v.field("at"))
	if err != nil {
		return bad("表单不完整，请返回重试。")
	}
	err = v.changeDirectory("directory.person.remove", name+" "+v.field("name"), "", func(d *directory.Directory) error {
		if at < 0 || at >= len(d.People) || d.People[at].Bureau != name || d.People[at].Name != v.field("name") {
			return directory.ErrConflict
		}
		who = d.People[at].Name
		return d.RemovePerson(at)
	})
	if err != nil {
		return v.bureauWrong(name, err, func(*bureauView) {})
	}
	return v.done(toBureau(name), who+"已移出通讯录。")
}

// succeed notes what became of a bureau (沿革), or takes the note back.
func succeed(v *visit) error {
	name := v.field("bureau")
	next := directory.Successor{Name: v.field("name"), From: v.field("from"), Basis: v.field("basis")}
	if v.field("none") == "1" {
		next = directory.Successor{}
	}
	err := v.changeDirectory("directory.successor", name, next.Basis, func(d *directory.Directory) error { return d.Succeed(name, next) })
	if err != nil {
		return v.bureauWrong(name, err, func(w *bureauView) { w.Next = next })
	}
	if next == (directory.Successor{}) {
		return v.done(toBureau(name), "沿革已取消，通知仍送给"+name+"。")
	}
	return v.done(toBureau(name), "沿革已记下：答复里会写（现："+next.Name+"），通知送给"+next.Name+"。")
}
