package app

import (
	"context"
	"fmt"
	"sync"
	"time"

	"huiwen/bot"
	"huiwen/knowledge/directory"
	"huiwen/knowledge/store"
	"huiwen/seeds"
)

// rollFor is how long a reading of the directory counts: a person who leaves
// may act for that much longer.
const rollFor = 3 * time.Second

// A roll says who speaks: it reads the directory, which is edited while the
// service runs. It is safe for concurrent use.
type roll struct {
	store store.Store
	now   func() time.Time

	mu   sync.Mutex
	kept *directory.Directory
	read time.Time
}

// directory is the document in force: the kept one, else the seed's bureaus
// without people.
func (r *roll) directory(ctx context.Context) (*directory.Directory, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now := r.now(); r.kept != nil && now.Sub(r.read).Abs() < rollFor {
		return r.kept, nil
	}
	d, err := readDirectory(ctx, r.store)
	if err != nil {
		return nil, err
	}
	r.kept, r.read = d, r.now()
	return d, nil
}

func readDirectory(ctx context.Context, s store.Store) (*directory.Directory, error) {
	d, err := store.View(ctx, s, directory.Scope, func(tx store.Tx) (*directory.Directory, error) {
		d, _, err := directory.Load(tx)
		return d, err
	})
	if err != nil {
		return nil, fmt.Errorf("read the directory: %w", err)
	}
	if d == nil {
		return directory.Seed(seeds.Files)
	}
	return d, nil
}

// identify completes a message with the bureau and the roles of who speaks.
// Only accounts of members' platforms are looked up: whoever comes by the page or
// by 微信客服 is a resident, whatever he says.
func (r *roll) identify(ctx context.Context, m bot.Message) (bot.Message, error) {
	m.Bureau, m.Roles = "", nil
	if m.User != bot.Staff || m.Person == "" {
		return m, nil
	}
	d, err := r.directory(ctx)
	if err != nil {
		return m, err
	}
	p, ok := d.Who(m.Channel, m.Person, m.At)
	if !ok {
		return m, nil
	}
	m.Bureau = p.Bureau
	for _, role := range p.Roles {
		m.Roles = append(m.Roles, bot.Role(role))
	}
	return m, nil
}
