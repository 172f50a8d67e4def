package app

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"runtime/debug"
	"sync/atomic"
	"time"

	"huiwen/bot"
	"huiwen/handlers"
	"huiwen/knowledge"
	"huiwen/knowledge/segment"
	"huiwen/knowledge/store"
	"huiwen/knowledge/versions"
	"huiwen/seeds"
)

// An engine is what answers: the snapshot that is published and its handler.
type engine struct {
	cutter   *segment.Jieba
	bureaus  []knowledge.Bureau
	share    func(version string, build func() (*knowledge.Snapshot, error)) (*knowledge.Snapshot, error)
	fixed    *versions.Live     // of a command that runs once
	follower *versions.Follower // of a running service, nil elsewhere
	people   *roll              // of a running service: the kept directory, nil elsewhere
	renamed  atomic.Pointer[renamed]
	duties   *handlers.Options // lets staff act, nil where nothing is kept
	archive  handlers.Archive  // opens answers by number, nil where nothing is kept
}

// engine loads the dictionary and what is published under the data folder, else
// the embedded seed. It writes nothing.
func (c *call) engine(ctx context.Context) (*engine, error) {
	e, err := c.newEngine()
	if err != nil {
		return nil, err
	}
	edition, seq, err := c.publishedEdition(ctx)
	if err != nil {
		return nil, err
	}
	snap, err := e.load(edition)
	if err != nil {
		return nil, fmt.Errorf("load the published state: %w", err)
	}
	e.fixed = &versions.Live{Snapshot: snap, Seq: seq}
	return e, nil
}

// service is the engine of a running service: it follows what is published in
// the store while [versions.Follower.Run] runs.
func (c *call) service(ctx context.Context, s store.Store) (*engine, error) {
	e, err := c.newEngine()
	if err != nil {
		return nil, err
	}
	seed, err := c.seedEdition()
	if err != nil {
		return nil, err
	}
	e.people = &roll{store: s, now: c.Now}
	e.follower, err = versions.NewFollower(ctx, versions.FollowerOptions{
		Store: s, Seed: seed, Load: e.load, ID: rand.Text(), Poll: followEvery, Log: c.log, Swapped: debug.FreeOSMemory,
	})
	if err != nil {
		return nil, err
	}
	return e, nil
}

// followEvery is how often the pointer is looked at that no message asks for.
const followEvery = time.Second

func (c *call) newEngine() (*engine, error) {
	dir, err := segment.FindDictionary(c.config.Dictionary)
	if err != nil {
		return nil, err
	}
	cutter, err := segment.Open(dir)
	if err != nil {
		return nil, err
	}
	bureaus, err := knowledge.ReadBureaus(seeds.Files)
	if err != nil {
		return nil, err
	}
	return &engine{cutter: cutter, bureaus: bureaus, share: c.share}, nil
}

// load builds the snapshot of an edition.
func (e *engine) load(edition knowledge.Edition) (*knowledge.Snapshot, error) {
	build := func() (*knowledge.Snapshot, error) {
		s, err := edition.Load(e.cutter, e.bureaus)
		debug.FreeOSMemory() // learning leaves far more behind than answering needs
		return s, err
	}
	if e.share != nil {
		return e.share(edition.Hash(), build)
	}
	return build()
}

// published reads the published plans without what answering needs beside them:
// no dictionary.
func (c *call) published(ctx context.Context) (*knowledge.Snapshot, error) {
	edition, _, err := c.publishedEdition(ctx)
	if err != nil {
		return nil, err
	}
	build := func() (*knowledge.Snapshot, error) { return edition.Load(plainCutter{}, nil) }
	if c.share != nil {
		return c.share(edition.Hash()+" plain", build)
	}
	return build()
}

// publishedEdition reads what is published under the data folder or in Redis,
// else the embedded seed, whose number is 0. It writes nothing.
func (c *call) publishedEdition(ctx context.Context) (knowledge.Edition, int, error) {
	seed := func() (knowledge.Edition, int, error) {
		e, err := c.seedEdition()
		return e, 0, err
	}
	s, done, err := openReader(ctx, c.config)
	if errors.Is(err, store.ErrNoStore) {
		return seed()
	}
	if err != nil {
		return nil, 0, err
	}
	defer done()
	p, ok, err := versions.Published(ctx, s)
	if err != nil {
		return nil, 0, fmt.Errorf("read what is published: %w", err)
	}
	if !ok {
		return seed()
	}
	e, err := versions.Edition(ctx, s, p.Version)
	if err != nil {
		return nil, 0, fmt.Errorf("read what is published: %w", err)
	}
	return e, p.Seq, nil
}

// seedEdition is what answers while nothing is published.
func (c *call) seedEdition() (knowledge.Edition, error) {
	if c.seed != nil {
		return c.seed, nil
	}
	return knowledge.ReadEdition(seeds.Files)
}

// snapshot is the published state at this moment.
func (e *engine) snapshot() *knowledge.Snapshot {
	if e.follower != nil {
		return e.follower.Now().Snapshot
	}
	return e.fixed.Snapshot
}

// today is the published plan that is in force at a moment.
func (e *engine) today(now time.Time) *knowledge.Snapshot {
	return e.snapshot().On(now.In(handlers.Zone).Format(time.DateOnly))
}

// fresh is the published state for a message that comes now.
func (e *engine) fresh(ctx context.Context) *knowledge.Snapshot {
	if e.follower == nil {
		return e.fixed.Snapshot
	}
	return e.named(ctx, e.follower.Fresh(ctx).Snapshot)
}

// A renamed is a snapshot with the names of bureaus of one revision of the
// directory.
type renamed struct {
	from     *knowledge.Snapshot
	revision int
	to       *knowledge.Snapshot
}

// named is the snapshot with the bureaus' names as the directory has them; a
// directory that cannot be read changes nothing.
func (e *engine) named(ctx context.Context, s *knowledge.Snapshot) *knowledge.Snapshot {
	if e.people == nil {
		return s
	}
	d, err := e.people.directory(ctx)
	if err != nil || d.Revision == 0 {
		return s // as the seeds have them
	}
	if r := e.renamed.Load(); r != nil && r.from == s && r.revision == d.Revision {
		return r.to
	}
	var entries []knowledge.Bureau
	for _, b := range d.Bureaus {
		entries = append(entries, knowledge.Bureau{Name: b.Name, Kind: b.Kind, Aliases: b.Aliases})
	}
	to := s.WithBureaus(entries, func(name, day string) string {
		at, err := time.Parse(time.DateOnly, day)
		if err != nil {
			return name
		}
		return d.Today(name, at)
	})
	e.renamed.Store(&renamed{s, d.Revision, to})
	return to
}

// handle answers a message from one snapshot and renders the reply.
func (e *engine) handle(ctx context.Context, m bot.Message, session []byte) (out bot.Rendered, next []byte, forget bool, err error) {
	snap := e.fresh(ctx)
	current := func() *knowledge.Snapshot { return snap }
	h := handlers.New(current)
	if e.duties != nil {
		h = handlers.With(current, *e.duties)
	}
	if e.archive != nil {
		h = h.Opening(e.archive)
	}
	r, next, err := h.Handle(ctx, m, session)
	if err != nil {
		return bot.Rendered{}, session, false, fmt.Errorf("handle: %w", err)
	}
	if out, err = bot.Render(r, handlers.FactsFor(snap, m)); err != nil {
		return bot.Rendered{}, session, false, fmt.Errorf("render: %w", err)
	}
	return out, next, r.Forget, nil
}

// answer handles a message and renders the reply.
func (e *engine) answer(ctx context.Context, m bot.Message, session []byte) (bot.Rendered, []byte, error) {
	out, next, _, err := e.handle(ctx, m, session)
	return out, next, err
}

// buildVersion is the version this program was built as.
func buildVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}

func version(_ context.Context, c *call) error {
	if _, err := c.parse(0, 0, nil); err != nil {
		return err
	}
	fmt.Fprintln(c.Stdout, "huiwen", buildVersion())
	return nil
}
