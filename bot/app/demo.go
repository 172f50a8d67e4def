package app

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"huiwen/bot/demo"
	"huiwen/handlers"
	"huiwen/knowledge"
	"huiwen/knowledge/account"
	"huiwen/knowledge/calendar"
	"huiwen/knowledge/directory"
	"huiwen/knowledge/store"
	"huiwen/scheduler"
	"huiwen/seeds"
)

// demoReadTimeout bounds a request of the demo's page; answers stream for as long
// as the page is open.
const demoReadTimeout = 10 * time.Second

// demoCommand runs the real service against both emulated platforms, with a page
// of phones. Without --data it leaves nothing behind.
func demoCommand(ctx context.Context, c *call) error {
	at, day := "127.0.0.1:8088", ""
	if _, err := c.parse(0, 0, func(fs *flag.FlagSet) {
		fs.StringVar(&at, "listen", at, "")
		fs.StringVar(&day, "day", "", "")
	}); err != nil {
		return err
	}
	if c.share == nil { // the plan is read before the service starts, and by it
		c.share = shareOnce()
	}
	snap, err := c.published(ctx)
	if err != nil {
		return err
	}
	start, err := demoStart(day, snap.Plan.Issued, c.Now())
	if err != nil {
		return err
	}
	door, err := listen(ctx, at)
	if err != nil {
		return err
	}
	show := &show{call: *c, clock: demo.NewClock(start), snap: snap}
	defer show.tidy()
	return errors.Join(show.run(ctx, door[0]), ignoreClosed(door[0].Close()))
}

func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// shareOnce builds each edition once.
func shareOnce() func(string, func() (*knowledge.Snapshot, error)) (*knowledge.Snapshot, error) {
	var mu sync.Mutex
	built := map[string]*knowledge.Snapshot{}
	return func(version string, build func() (*knowledge.Snapshot, error)) (*knowledge.Snapshot, error) {
		mu.Lock()
		defer mu.Unlock()
		if s := built[version]; s != nil {
			return s, nil
		}
		s, err := build()
		if err == nil {
			built[version] = s
		}
		return s, err
	}
}

// demoStart is the morning that the demo begins on: the day after the plan was
// issued, so that its year can be played, unless named.
func demoStart(day, issued string, now time.Time) (time.Time, error) {
	at := func(d time.Time) time.Time { return d.Add(8*time.Hour + 50*time.Minute) }
	if day != "" {
		d, err := time.ParseInLocation(time.DateOnly, day, handlers.Zone)
		if err != nil {
			return now, usagef("--day %q 要写成 2022-06-10 这样", day)
		}
		return at(d), nil
	}
	d, err := time.ParseInLocation(time.DateOnly, issued, handlers.Zone)
	if err != nil {
		return now, nil
	}
	return at(d.AddDate(0, 0, 1)), nil
}

// A show is one run of the demo.
type show struct {
	call
	clock *demo.Clock
	snap  *knowledge.Snapshot
	temp  string

	mu       sync.Mutex
	reminder *scheduler.Service
	password string // of the office's account, "" when the store had accounts
	up       chan struct{}
}

func (s *show) tidy() {
	if s.temp != "" {
		os.RemoveAll(s.temp)
	}
}

func (s *show) run(ctx context.Context, door net.Listener) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s.up = make(chan struct{})
	if s.config.Data == defaults().Data {
		dir, err := os.MkdirTemp("", "huiwen-demo-")
		if err != nil {
			return fmt.Errorf("演示要一个临时目录：%w", err)
		}
		s.temp, s.config.Data = dir, dir
	}
	quiet := slog.New(slog.NewTextHandler(s.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	stage, err := demo.New(ctx, demo.Options{Log: quiet, Clock: s.clock, Tick: s.tick, Suggestions: suggestions, Bureaus: s.bureaus()})
	if err != nil {
		return err
	}
	playing := make(chan struct{})
	go func() { stage.Run(ctx); close(playing) }()
	defer func() { cancel(); <-playing }()

	service := s.call
	service.Now, service.log = s.clock.Now, quiet
	service.clock, service.serving = s.clock.Offset, s.serving
	service.remindAt = "0 0 1 1 *" // the stage ticks: two clocks would run against each other
	service.config.Store = defaults().Store
	s.configure(&service.config, stage.Keys)
	addresses, err := freeAddresses(ctx, 2)
	if err != nil {
		return err
	}
	service.args = []string{"--listen", addresses[0], "--internal", addresses[1]}
	stage.Connect("http://"+addresses[0], "http://"+addresses[0]+"/")
	ended := make(chan error, 1)
	go func() { ended <- serve(ctx, &service) }()

	page, err := stage.Handler(!isLoopback(door.Addr()))
	if err != nil {
		return err
	}
	web := &http.Server{Handler: page, ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: demoReadTimeout, MaxHeaderBytes: maxHeaderBytes}
	served := make(chan error, 1)
	go func() { served <- web.Serve(door) }()
	select {
	case <-s.up:
		if err := answering(ctx, "http://"+addresses[0]+"/"); err != nil {
			break
		}
		stage.Enter()
		fmt.Fprintf(s.Stderr, "演示台：请打开 %s\n%s", address(door.Addr()), s.invitation("http://"+addresses[1]+"/admin/"))
	case err = <-ended:
		return errors.Join(err, web.Close())
	case <-ctx.Done():
	}
	select {
	case err = <-ended:
	case err = <-served:
		cancel()
		err = errors.Join(err, <-ended)
	}
	return errors.Join(err, web.Close())
}

// answering waits until an address answers.
func answering(ctx context.Context, url string) error {
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		if resp, err := http.DefaultClient.Do(req); err == nil {
			return resp.Body.Close()
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func isLoopback(a net.Addr) bool {
	tcp, ok := a.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}

// freeAddresses finds addresses of this machine that nobody listens on.
func freeAddresses(ctx context.Context, n int) ([]string, error) {
	var out []string
	var open []net.Listener
	for range n {
		l, err := listen(ctx, "127.0.0.1:0")
		if err != nil {
			return nil, errors.Join(err, closeAll(open))
		}
		open = append(open, l...)
		out = append(out, l[0].Addr().String())
	}
	return out, closeAll(open)
}

// configure gives the service the keys of the emulated platforms, and no other.
func (s *show) configure(c *Config, k demo.Keys) {
	c.WeCom = WeCom{
		BaseURL: k.WeComURL, CallbackWindow: defaults().WeCom.CallbackWindow,
		Apps: []WeComApp{{Name: demo.App, CorpID: k.CorpID, AgentID: k.AgentID, Secret: Secret(k.AppSecret), Token: Secret(k.Token), EncodingAESKey: Secret(k.AES)}},
		KF:   WeComKF{CorpID: k.CorpID, Secret: Secret(k.KFSecret), Token: Secret(k.Token), EncodingAESKey: Secret(k.AES), Handover: "pool"},
	}
	c.DingTalk = Ding{
		APIURL: k.DingURL, OAPIURL: k.DingURL, CallbackWindow: defaults().DingTalk.CallbackWindow, Mode: "stream", CorpID: k.DingCorp, ClientID: k.ClientID, ClientSecret: Secret(k.ClientSecret),
		RobotCode: k.RobotCode, AgentID: k.DingAgent, CardTemplateID: k.Template, Robots: []DingRobot{{Name: demo.GroupName, AccessToken: Secret(k.RobotToken), Secret: Secret(k.RobotSecret)}},
	}
}

// bureaus picks those that most measures name first: two for the contacts, one
// for the group's robot.
func (s *show) bureaus() [3]string {
	first := map[string]int{}
	for _, m := range s.snap.Measures {
		for _, b := range m.Bureaus {
			if b.First {
				first[b.Name]++
			}
		}
	}
	var names []string
	for n := range first {
		names = append(names, n)
	}
	slices.SortFunc(names, func(a, b string) int {
		if first[a] != first[b] {
			return first[b] - first[a]
		}
		return strings.Compare(a, b)
	})
	var out [3]string
	copy(out[:], names)
	return out
}

// serving prepares a new store when the service is up: people with accounts, and
// the reminders armed and released.
func (s *show) serving(ctx context.Context, memory store.Store, r *scheduler.Service) error {
	people, err := directory.Seed(seeds.Files)
	if err != nil {
		return err
	}
	fresh, err := store.Update(ctx, memory, directory.Scope, func(tx store.Tx) (bool, error) {
		if _, kept, err := directory.Load(tx); err != nil || kept {
			return false, err
		}
		return true, directory.Save(tx, s.people(people))
	})
	if err != nil {
		return fmt.Errorf("seed the demo's people: %w", err)
	}
	if fresh {
		if err := s.hire(ctx, memory); err != nil {
			return fmt.Errorf("make the demo's account: %w", err)
		}
		now := s.clock.Now()
		if err := r.Arm(ctx, scheduler.Arming{Day: calendar.Of(now), By: demoOffice, At: now}); err != nil {
			return err
		}
		if err := r.Release(ctx, now, demoOffice, nil); err != nil {
			return err
		}
	}
	s.mu.Lock()
	s.reminder = r
	s.mu.Unlock()
	close(s.up)
	return nil
}

// demoOffice is the account by which the office's pages are opened in the demo.
const demoOffice = "演示办公室"

// hire makes the office's account with a password of this run. An invitation would
// not do: it ends when the clock is wound.
func (s *show) hire(ctx context.Context, memory store.Store) error {
	k := account.NewKeeper(account.Options{Store: memory, Random: rand.Reader})
	if err := k.Create(ctx, demoOffice, []account.Role{account.Admin, account.Office}, "演示"); err != nil {
		return err
	}
	s.password = rand.Text()[:16]
	return k.SetPassword(ctx, demoOffice, s.password, "演示")
}

// invitation tells where the office's pages are.
func (s *show) invitation(at string) string {
	if s.password == "" {
		return "办公室的页面：" + at + "\n"
	}
	return "办公室的页面：" + at + " 账号 " + demoOffice + " 密码 " + s.password + "\n"
}

// people adds the demo's contacts to the seed's bureaus.
func (s *show) people(d *directory.Directory) *directory.Directory {
	of := s.bureaus()
	add := func(name, bureau, channel, user string, roles ...directory.Role) {
		if _, ok := d.Bureau(bureau); !ok {
			d.Bureaus = append(d.Bureaus, directory.Bureau{Name: bureau, Kind: "政府"})
		}
		d.People = append(d.People, directory.Person{Name: name, Bureau: bureau, Roles: roles, Accounts: []directory.Account{{Channel: channel, User: user}}})
	}
	add(demo.Names[demo.WeComUser], of[0], "wecom/"+demo.App, demo.WeComUser, directory.Liaison, directory.Head)
	add(demo.Names[demo.DingUser], of[1], "dingtalk", demo.DingUser, directory.Liaison, directory.Head)
	add(demo.Names[demo.Office], "领导小组办公室", "dingtalk", demo.Office, directory.Office)
	for i := range d.Bureaus {
		if d.Bureaus[i].Name == of[2] {
			d.Bureaus[i].Robots = []directory.Robot{{Channel: "dingtalk-robot", Name: demo.GroupName}}
		}
	}
	return d
}

// tick does what falls due at a time of the demo's clock.
func (s *show) tick(ctx context.Context, now time.Time) error {
	s.mu.Lock()
	r := s.reminder
	s.mu.Unlock()
	if r == nil {
		return nil
	}
	if err := r.Tick(ctx, now); err != nil {
		return err
	}
	st, err := r.Status(ctx, now)
	if err != nil || st.Hold == nil {
		return err
	}
	return r.Release(ctx, now, demoOffice, nil) // nobody sits in the demo's office to look at the list
}
