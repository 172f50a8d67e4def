package app

import (
	"context"
	"crypto/rand"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"os"
	"os/user"
	"slices"
	"strings"
	"time"

	"huiwen/bot"
	"huiwen/bot/dingtalk"
	"huiwen/bot/post"
	"huiwen/bot/wecom"
	"huiwen/handlers/admin"
	"huiwen/knowledge/account"
	"huiwen/knowledge/audit"
	"huiwen/knowledge/finding"
	"huiwen/knowledge/store"
	"huiwen/knowledge/versions"
	"huiwen/scheduler"
)

// Admin is the admin pages of the internal listener.
type Admin struct {
	URL          string   `yaml:"url"`           // how browsers reach the internal listener; needed to sign in by scan
	Allow        []string `yaml:"allow"`         // networks that may open the pages, empty for all that reach them
	Proxies      []string `yaml:"proxies"`       // networks of proxies whose X-Forwarded-For counts
	Idle         Duration `yaml:"idle"`          // after which a sign-in that nobody uses ends
	SecondFactor bool     `yaml:"second_factor"` // demanded of everybody who signs in by password
	Secure       bool     `yaml:"secure"`        // served by https in front: secure cookies
}

// newKeeper keeps the accounts of the store.
func newKeeper(c *call, s store.Store) *account.Keeper {
	return account.NewKeeper(account.Options{Store: s, Random: rand.Reader, Idle: time.Duration(c.config.Admin.Idle)})
}

// adminPages makes the pages of the internal listener.
func adminPages(e *engine, s store.Store, b *post.Box, r *scheduler.Service, platforms *channels, chain *audit.Chain, c *call) (http.Handler, error) {
	library, err := c.library(s, e)
	if err != nil {
		return nil, err
	}
	library.Text = func(ctx context.Context, ext string, data []byte) (string, error) {
		text, err := documentText(ctx, ext, data)
		if err != nil {
			err = fmt.Errorf("%w：%w", versions.ErrUpload, err) // its words are made for people
		}
		return text, err
	}
	who := &roll{store: s, now: c.Now}
	replay := &replayer{box: b, now: c.Now}
	scanners, err := newScanners(c, s)
	if err != nil {
		return nil, err
	}
	return admin.New(admin.Options{
		Keeper: newKeeper(c, s), Store: s, Box: b, Log: c.log, Random: rand.Reader, Now: c.Now,
		Secure: c.config.Admin.Secure, Second: c.config.Admin.SecondFactor,
		Allow: prefixes(c.config.Admin.Allow), Trusted: prefixes(c.config.Admin.Proxies),
		Snapshot: e.snapshot, Library: library, Evaluate: replay.effect, Book: newBook(s, who), Reminder: r, Senders: platforms.senders, Chain: chain, Scanners: scanners,
		Directory: who.directory,
		Findings: func(ctx context.Context) []finding.Finding {
			return append(serviceFindings(ctx, e, s, r, chain, c.Now()), platforms.check(ctx, false)...)
		},
		Try: func(ctx context.Context, q admin.Question) (bot.Rendered, error) {
			out, _, err := e.answer(ctx, bot.Message{ID: "trial", Channel: "trial", Conversation: "trial", User: q.User, Text: q.Text, At: q.AsOf}, nil)
			return out, err
		},
	})
}

// newScanners are the platforms that sign in to the pages by scan; they come back
// to admin.url.
func newScanners(c *call, s store.Store) ([]admin.Scanner, error) {
	if c.config.Admin.URL == "" {
		return nil, nil
	}
	back := strings.TrimSuffix(c.config.Admin.URL, "/") + admin.ScanPath
	var out []admin.Scanner
	if len(c.config.WeCom.Apps) > 0 {
		a := c.config.WeCom.Apps[0]
		client, err := wecom.NewClient(c.config.WeCom.BaseURL, a.CorpID, a.Name, string(a.Secret), s, c.Now)
		if err != nil {
			return nil, fmt.Errorf("wecom.apps %q: %w", a.Name, err)
		}
		out = append(out, &wecom.Login{Client: client, CorpID: a.CorpID, AgentID: a.AgentID, Redirect: back})
	}
	if d := c.config.DingTalk; d.ClientID != "" {
		client, err := dingtalk.NewClient(d.APIURL, d.OAPIURL, d.ClientID, string(d.ClientSecret), s, c.Now)
		if err != nil {
			return nil, fmt.Errorf("dingtalk: %w", err)
		}
		out = append(out, &dingtalk.Login{Client: client, CorpID: d.CorpID, Redirect: back})
	}
	return out, nil
}

// serviceFindings is what the parts of the running service say of themselves.
func serviceFindings(ctx context.Context, e *engine, s store.Store, r *scheduler.Service, chain *audit.Chain, now time.Time) []finding.Finding {
	out := []finding.Finding{finding.Of("存储", "读写正常", s.Check(ctx)), finding.Of("版本", "各服务都在用已发布的版本", e.follower.Check(ctx)), auditFinding(ctx, chain)}
	out = append(out, planFindings(e.snapshot(), now)...)
	reminding, err := r.Check(ctx, now)
	if err != nil {
		out = append(out, finding.Of("提醒", "", err))
	}
	return append(out, reminding...)
}

// prefixes reads networks that were checked with the configuration.
func prefixes(list []string) []netip.Prefix {
	var out []netip.Prefix
	for _, s := range list {
		if p, err := netip.ParsePrefix(s); err == nil {
			out = append(out, p.Masked())
		}
	}
	return out
}

// internalServer serves the pages, which bound their bodies themselves, and what
// operators see.
func internalServer(operators, pages http.Handler) *http.Server {
	s := server(operators)
	mux := http.NewServeMux()
	mux.Handle("/", s.Handler)
	mux.Handle("/admin/", pages)
	mux.Handle("/desk/", pages)
	s.Handler = mux
	return s
}

// greetFirst prints, on a terminal only, the one-time link that makes the first
// account; nothing once there was any.
func greetFirst(ctx context.Context, c *call, k *account.Keeper, at string) error {
	f, ok := c.Stderr.(*os.File)
	if !ok || !isTerminal(f) {
		return nil
	}
	code, ok, err := k.First(ctx)
	if err != nil || !ok {
		return err
	}
	fmt.Fprintf(f, "还没有管理员。请在 30 分钟内打开下面的链接建立第一个（只能用一次）：\n%s\n", c.invitation(at, code))
	return nil
}

// invitation is the link that an invitation is accepted at.
func (c *call) invitation(at, code string) string {
	base := c.config.Admin.URL
	if base == "" {
		base = at
	}
	return strings.TrimSuffix(base, "/") + "/admin/invite?code=" + code
}

// onAccount runs an act on the account that the one argument names.
func (c *call) onAccount(ctx context.Context, define func(*flag.FlagSet), act func(k *account.Keeper, name string) error) error {
	rest, err := c.parse(1, 1, define)
	if err != nil {
		return err
	}
	s, err := openStore(ctx, c.config)
	if err != nil {
		return err
	}
	defer s.Close()
	return act(newKeeper(c, s), rest[0])
}

// adminCreate makes an account.
func adminCreate(ctx context.Context, c *call) error {
	var roles list
	var stdin bool
	return c.onAccount(ctx, func(fs *flag.FlagSet) {
		fs.Var(&roles, "role", "")
		fs.BoolVar(&stdin, "password-stdin", false, "")
	}, func(k *account.Keeper, name string) error { return createAccount(ctx, c, k, name, roles, stdin) })
}

// adminInvite makes a link by which a person chooses a password.
func adminInvite(ctx context.Context, c *call) error {
	return c.onAccount(ctx, nil, func(k *account.Keeper, name string) error { return invite(ctx, c, k, name) })
}

// adminUnlock ends a lock-out.
func adminUnlock(ctx context.Context, c *call) error {
	return c.onAccount(ctx, nil, func(k *account.Keeper, name string) error {
		return k.Change(ctx, name, operator(), "account.unlock", "", func(a *account.Account) error {
			a.Fails, a.Locked = 0, time.Time{}
			return nil
		})
	})
}

// adminDisable disables an account and ends its sessions.
func adminDisable(ctx context.Context, c *call) error {
	return c.onAccount(ctx, nil, func(k *account.Keeper, name string) error {
		return k.Change(ctx, name, operator(), "account.disable", "", func(a *account.Account) error {
			a.Disabled, a.Epoch = true, a.Epoch+1
			return nil
		})
	})
}

// adminEnable lets a disabled account in again.
func adminEnable(ctx context.Context, c *call) error {
	return c.onAccount(ctx, nil, func(k *account.Keeper, name string) error {
		return k.Change(ctx, name, operator(), "account.disable", "", func(a *account.Account) error {
			a.Disabled, a.Epoch = false, a.Epoch+1
			return nil
		})
	})
}

// adminRoles gives an account other roles.
func adminRoles(ctx context.Context, c *call) error {
	var names list
	return c.onAccount(ctx, func(fs *flag.FlagSet) { fs.Var(&names, "role", "") }, func(k *account.Keeper, name string) error {
		roles, err := rolesNamed(names)
		if err != nil {
			return err
		}
		return k.Change(ctx, name, operator(), "account.roles", "", func(a *account.Account) error {
			a.Roles = roles
			return nil
		})
	})
}

// adminSecond takes the second factor away: the person enrols again.
func adminSecond(ctx context.Context, c *call) error {
	return c.onAccount(ctx, nil, func(k *account.Keeper, name string) error {
		return k.Change(ctx, name, operator(), "account.second.drop", "", func(a *account.Account) error {
			a.Secret, a.Step, a.Epoch = "", 0, a.Epoch+1
			return nil
		})
	})
}

// adminLink lets a platform account sign in by scan.
func adminLink(ctx context.Context, c *call) error {
	link := account.Link{}
	return c.onAccount(ctx, func(fs *flag.FlagSet) {
		fs.StringVar(&link.Channel, "channel", "", "")
		fs.StringVar(&link.User, "user", "", "")
	}, func(k *account.Keeper, name string) error {
		if !slices.Contains(account.LinkChannels, link.Channel) {
			return usagef("--channel 只能是 %s", strings.Join(account.LinkChannels, " 或 "))
		}
		return k.Change(ctx, name, operator(), "account.link", "", func(a *account.Account) error { return a.SetLink(link) })
	})
}

// rolesNamed reads roles by their names.
func rolesNamed(names list) ([]account.Role, error) {
	var roles []account.Role
	for _, s := range names {
		r, err := account.ParseRole(s)
		if err != nil {
			return nil, usageError{err}
		}
		roles = append(roles, r)
	}
	if len(roles) == 0 {
		return nil, usagef("要写 --role，如 --role admin")
	}
	return roles, nil
}

// adminList lists the accounts.
func adminList(ctx context.Context, c *call) error {
	if _, err := c.parse(0, 0, nil); err != nil {
		return err
	}
	s, err := openStore(ctx, c.config)
	if err != nil {
		return err
	}
	defer s.Close()
	return listAccounts(ctx, c, newKeeper(c, s))
}

// operator is who acts by the command line of the machine itself.
func operator() string {
	if u, err := user.Current(); err == nil {
		return "命令行 " + u.Username
	}
	return "命令行"
}

// maxPasswordInput bounds what is read of a password, in bytes.
const maxPasswordInput = 1024

func createAccount(ctx context.Context, c *call, k *account.Keeper, name string, names list, stdin bool) error {
	roles, err := rolesNamed(names)
	if err != nil {
		return err
	}
	password := ""
	if stdin { // never an argument: others on the machine could read it
		data, err := io.ReadAll(io.LimitReader(c.Stdin, maxPasswordInput))
		if err != nil {
			return fmt.Errorf("read the password: %w", err)
		}
		if password = strings.TrimRight(string(data), "\r\n"); password == "" {
			return usagef("标准输入里没有密码")
		}
		if err := account.CheckPassword(name, password); err != nil {
			return err
		}
	}
	if err := k.Create(ctx, name, roles, operator()); err != nil {
		return err
	}
	if !stdin {
		return invite(ctx, c, k, name)
	}
	if err := k.SetPassword(ctx, name, password, operator()); err != nil {
		return err
	}
	fmt.Fprintf(c.Stdout, "已建账号 %s。\n", name)
	return nil
}

// invite prints the link by which a person chooses a password.
func invite(ctx context.Context, c *call, k *account.Keeper, name string) error {
	code, err := k.Invite(ctx, name, operator())
	if err != nil {
		return err
	}
	fmt.Fprintf(c.Stdout, "请在 30 分钟内由 %s 本人打开下面的链接设置密码（只能用一次）：\n%s\n", name, c.invitation("http://"+c.config.Internal, code))
	return nil
}

func listAccounts(ctx context.Context, c *call, k *account.Keeper) error {
	list, err := k.List(ctx)
	for _, a := range list {
		var roles []string
		for _, r := range a.Roles {
			roles = append(roles, r.String())
		}
		state := "正常"
		switch {
		case a.Disabled:
			state = "已停用"
		case a.Locked.After(c.Now()):
			state = "已锁定"
		case a.Password == "" && len(a.Links) == 0:
			state = "没设密码"
		}
		fmt.Fprintf(c.Stdout, "%s\t%s\t%s\n", a.Name, strings.Join(roles, "、"), state)
	}
	return err
}

// checkAdmin names every bad value of the section.
func (a Admin) check(bad func(key, format string, args ...any)) {
	for key, list := range map[string][]string{"admin.allow": a.Allow, "admin.proxies": a.Proxies} {
		for i, n := range list {
			if _, err := netip.ParsePrefix(n); err != nil {
				bad(fmt.Sprintf("%s[%d]", key, i), "%q is no network such as 10.0.0.0/8", n)
			}
		}
	}
	if a.Idle < Duration(time.Minute) {
		bad("admin.idle", "must be a minute or more")
	}
}
