package app

import (
	"context"

	"huiwen/bot"
	"huiwen/knowledge/account"
	"huiwen/knowledge/directory"
	"huiwen/knowledge/store"
	"huiwen/knowledge/versions"
	"huiwen/scheduler/ledger"
)

// The roles that may keep the directory and the calendar and send a trial, decide on
// duties and let reminders out, order about duties: those of the pages.
var (
	mayKeep   = []account.Role{account.Admin, account.Office}
	mayDecide = []account.Role{account.Office}
	mayOrder  = []account.Role{account.Office, account.Inspector}
)

// acting opens the store for a person who may act, and closes it after do.
func (c *call) acting(ctx context.Context, f actFlags, roles []account.Role, do func(store.Store, versions.Act) error) error {
	s, err := openStore(ctx, c.config)
	if err != nil {
		return err
	}
	defer s.Close()
	act, err := whoActs(ctx, s, f, roles...)
	if err != nil {
		return err
	}
	return do(s, act)
}

// actorOf is the account as the ledger knows it; while there never was an account
// the machine's own command line stands for the office.
func actorOf(ctx context.Context, s store.Store, f actFlags, act versions.Act) (ledger.Actor, error) {
	a := ledger.Actor{Person: act.Who, Bureau: ledger.OfficeBureau}
	if f.as == "" {
		a.Roles = []bot.Role{bot.Office, bot.Inspector}
		return a, nil
	}
	who, err := store.View(ctx, s, account.Scope, func(tx store.Tx) (*account.Account, error) { return account.Load(tx, f.as) })
	if err != nil {
		return a, err
	}
	if who.Has(account.Office) {
		a.Roles = append(a.Roles, bot.Office)
	}
	if who.Has(account.Inspector) {
		a.Roles = append(a.Roles, bot.Inspector)
		if len(a.Roles) == 1 {
			a.Bureau = ledger.InspectorBureau
		}
	}
	return a, nil
}

// bureauNamed is the bureau that people name, as the plan prints it.
func bureauNamed(d *directory.Directory, name string) string {
	if b, ok := d.Bureau(name); ok {
		return b.Name
	}
	return name
}
