package app

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/silenceper/wechat/v2/util"

	"huiwen/bot/envelope"
	"huiwen/bot/post"
	"huiwen/bot/wecom"
	"huiwen/knowledge/finding"
	"huiwen/knowledge/store"
)

// What the channels say by themselves.
const (
	sayWelcome   = "您好，我是自动答复，不是工作人员。您可以直接问政策，比如：开店有没有补贴、出去打工的路费补不补。"
	sayComeAgain = "现在问的人太多，请过几分钟再发一次。"
)

// sdkCalls carries the SDK's calls; the SDK knows one client for the process.
var sdkCalls = sync.OnceValue(func() *wecom.Switchboard {
	s := wecom.NewSwitchboard()
	util.DefaultHTTPClient = &http.Client{Transport: s, Timeout: 30 * time.Second}
	return s
})

// appName is what may stand in a callback's path.
var appName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,40}$`)

// check names every bad value of 企业微信.
func (w WeCom) check(bad func(key, format string, args ...any)) {
	names := map[string]bool{}
	for i, a := range w.Apps {
		key := fmt.Sprintf("wecom.apps[%d]", i)
		if !appName.MatchString(a.Name) {
			bad(key+".name", "%q must be letters, digits, - and _: it stands in the callback's path", a.Name)
		}
		if names[a.Name] {
			bad(key+".name", "%q stands twice", a.Name)
		}
		names[a.Name] = true
		if !slices.Contains([]string{"", "card", "text", "markdown"}, a.Format) {
			bad(key+".format", "%q is none of card, text, markdown", a.Format)
		}
		checkLink(key+".link", a.Link, bad)
	}
	robots := map[string]bool{}
	for i, r := range w.Robots {
		key := fmt.Sprintf("wecom.robots[%d]", i)
		if r.Name == "" || robots[r.Name] {
			bad(key+".name", "%q is empty or stands twice", r.Name)
		}
		robots[r.Name] = true
		if !slices.Contains([]string{"", "card", "text", "markdown"}, r.Format) {
			bad(key+".format", "%q is none of card, text, markdown", r.Format)
		}
		checkLink(key+".link", r.Link, bad)
	}
	if !slices.Contains([]string{"", "pool", "servicer"}, w.KF.Handover) {
		bad("wecom.kf.handover", "%q is none of pool, servicer", w.KF.Handover)
	}
	if w.KF.Handover == "servicer" && len(w.KF.Servicers) == 0 {
		bad("wecom.kf.servicers", "is empty: name whom the customers are handed to")
	}
	if _, err := wecom.ParseHours(w.KF.Hours); err != nil {
		bad("wecom.kf.hours", "%v", err)
	}
	if w.CallbackWindow < 0 {
		bad("wecom.callback_window", "must not be below zero")
	}
}

func checkLink(key, link string, bad func(key, format string, args ...any)) {
	if u, err := url.Parse(link); link != "" && (err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "") {
		bad(key, "%q is no address such as https://example.cn/", link)
	}
}

// addWeCom makes what the configuration says of 企业微信.
func (ch *channels) addWeCom(c *call, s store.Store) error {
	conf := c.config.WeCom
	var kf *wecom.KF
	if conf.KF.CorpID != "" {
		var err error
		if kf, err = ch.addKF(c, s, conf.KF); err != nil {
			return fmt.Errorf("wecom.kf: %w", err)
		}
	}
	for _, a := range conf.Apps {
		if err := ch.addApp(c, s, a, kf); err != nil {
			return fmt.Errorf("wecom.apps %q: %w", a.Name, err)
		}
	}
	if len(conf.Robots) == 0 {
		return nil
	}
	robots := &wecom.Robots{Store: s, List: map[string]*wecom.Robot{}}
	for _, r := range conf.Robots {
		client, err := wecom.NewClient(conf.BaseURL, "", "robot-"+r.Name, "", s, c.Now)
		if err != nil {
			return fmt.Errorf("wecom.robots %q: %w", r.Name, err)
		}
		robots.List[r.Name] = &wecom.Robot{Name: r.Name, Key: string(r.Key), Client: client, Format: wecom.Format(r.Format), Link: r.Link}
	}
	ch.senders[wecom.RobotChannel] = robots
	ch.checks = append(ch.checks, func(ctx context.Context, _ bool) []finding.Finding { return robots.Check(ctx) })
	return nil
}

// addApp serves one self-built app at /wecom/callback/{name}. Events of 微信客服
// come there too when the app is the one that may use its interfaces.
func (ch *channels) addApp(c *call, s store.Store, a WeComApp, kf *wecom.KF) error {
	agent, err := strconv.Atoi(a.AgentID)
	if err != nil {
		return fmt.Errorf("agent_id %q 要是数字", a.AgentID)
	}
	crypt, err := envelope.New(string(a.Token), string(a.EncodingAESKey), a.CorpID)
	if err != nil {
		return err
	}
	client, err := wecom.NewClient(c.config.WeCom.BaseURL, a.CorpID, a.Name, string(a.Secret), s, c.Now)
	if err != nil {
		return err
	}
	app := &wecom.App{Name: a.Name, CorpID: a.CorpID, AgentID: agent, Client: client, SDK: sdkCalls().SDK(client, a.AgentID), Store: s, Format: wecom.Format(a.Format), Link: a.Link}
	ch.senders[app.Channel()] = app
	ch.checks = append(ch.checks, app.Check)
	ch.run = append(ch.run, func(ctx context.Context) { recheck(ctx, app, s, c) })
	ch.mounts = append(ch.mounts, func(mux *http.ServeMux, g *post.Gateway) {
		mux.Handle("/wecom/callback/"+a.Name, &wecom.Callback{
			Crypt: crypt, CorpID: a.CorpID, Window: time.Duration(c.config.WeCom.CallbackWindow), Now: c.Now, Log: c.log, Busy: sayComeAgain,
			Take: func(ctx context.Context, e wecom.Event) error {
				if kf != nil && kf.CorpID == a.CorpID && e.OpenKfId != "" {
					return kf.Take(ctx, e)
				}
				m, ok := app.Message(e)
				if !ok {
					return nil
				}
				m.At = c.Now()
				_, err := g.Accept(ctx, m)
				return err
			}})
	})
	return nil
}

const (
	recheckEvery = 24 * time.Hour
	recheckLook  = 10 * time.Minute // whether it is time again
)

// recheck compares the directory's accounts of an app with the address book once
// a day, whatever the number of replicas: who has left is told to the operator.
// What he writes is not trusted meanwhile: the platform delivers nothing of his.
func recheck(ctx context.Context, app *wecom.App, s store.Store, c *call) {
	tick := time.NewTicker(recheckLook)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		key := "wecom/recheck/" + app.Name
		mine, err := store.Update(ctx, s, "sys", func(tx store.Tx) (bool, error) {
			_, done, err := tx.Get(key)
			if err != nil || done {
				return false, err
			}
			return true, tx.Put(key, nil, recheckEvery)
		})
		if err == nil && mine {
			err = recheckAll(ctx, app, s)
		}
		if err != nil && ctx.Err() == nil {
			c.log.Warn("wecom address book", "app", app.Name, "error", err)
		}
	}
}

func recheckAll(ctx context.Context, app *wecom.App, s store.Store) error {
	d, err := readDirectory(ctx, s)
	if err != nil {
		return err
	}
	for _, p := range d.People {
		for _, a := range p.Accounts {
			if a.Channel != app.Channel() || p.Gone != "" || ctx.Err() != nil {
				continue
			}
			here, err := app.Present(a.User)
			if err != nil {
				return err
			}
			if !here {
				app.Client.Unreachable(ctx, a.User)
			}
		}
	}
	return nil
}

// addKF serves 微信客服 at /wecom/kf.
func (ch *channels) addKF(c *call, s store.Store, conf WeComKF) (*wecom.KF, error) {
	crypt, err := envelope.New(string(conf.Token), string(conf.EncodingAESKey), conf.CorpID)
	if err != nil {
		return nil, err
	}
	client, err := wecom.NewClient(c.config.WeCom.BaseURL, conf.CorpID, "kf", string(conf.Secret), s, c.Now)
	if err != nil {
		return nil, err
	}
	hours, err := wecom.ParseHours(conf.Hours)
	if err != nil {
		return nil, err
	}
	kf := wecom.NewKF(wecom.KFOptions{
		CorpID: conf.CorpID, Client: client, Store: s, Log: c.log, Now: c.Now, Welcome: sayWelcome,
		Handover: wecom.Handover{To: conf.Handover, Servicers: conf.Servicers, Hours: hours},
	})
	ch.senders[kf.Channel()] = kf
	ch.checks = append(ch.checks, kf.Check)
	ch.run = append(ch.run, kf.Run)
	ch.mounts = append(ch.mounts, func(mux *http.ServeMux, g *post.Gateway) {
		kf.Accept = g.AcceptAll
		mux.Handle("/wecom/kf", &wecom.Callback{Crypt: crypt, CorpID: conf.CorpID, Window: time.Duration(c.config.WeCom.CallbackWindow), Now: c.Now, Log: c.log, Take: kf.Take})
	})
	return kf, nil
}

// verifyFile is the name of a file by which 企业微信 proves that a domain is ours.
var verifyFile = regexp.MustCompile(`^/WW_verify_[A-Za-z0-9]{1,64}\.txt$`)

// provingDomain serves the files that prove the domain, beside everything else.
func provingDomain(c *call, next http.Handler) http.Handler {
	dir := c.config.WeCom.VerifyDir
	if dir == "" {
		dir = c.config.Data
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if verifyFile.MatchString(r.URL.Path) {
			w.Header().Set("X-Content-Type-Options", "nosniff")
			http.ServeFile(w, r, filepath.Join(dir, filepath.Base(r.URL.Path)))
			return
		}
		next.ServeHTTP(w, r)
	})
}
