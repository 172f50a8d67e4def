// Package dingtalk reaches people through 钉钉: an app's robot that is written to
// in private and by @ in groups, its cards, work notices, and custom robots of
// groups.
package dingtalk

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"huiwen/bot/token"
	"huiwen/knowledge/store"
)

const (
	callTime  = 8 * time.Second
	maxAnswer = 4 << 20
	// banWait is how long calls rest after a ban page that does not say; it is
	// doubled while pages come, up to the platform's own five minutes.
	banWait    = 2 * time.Second
	maxBanWait = 5 * time.Minute
)

// errPrepare marks a call that failed before anything was sent.
var errPrepare = errors.New("dingtalk: not prepared")

// A restError marks a call that was not made because the address is banned, with
// how long that lasts.
type restError time.Duration

func (restError) Error() string { return "dingtalk: calls rest after a ban page" }

// A Client calls the platform's two hosts on behalf of one app. Its access token
// is shared through the store; secrets never stand in its errors. It is safe for
// concurrent use.
type Client struct {
	api, oapi  *url.URL
	id, secret string
	now        func() time.Time
	http       *http.Client

	tokens   map[string]*token.Source // by host
	ownToken atomic.Bool

	ban       sync.Mutex
	banUntil  time.Time
	banStreak int
}

// NewClient makes a client of an app; api and oapi are the hosts.
func NewClient(api, oapi, clientID, clientSecret string, s store.Store, now func() time.Time) (*Client, error) {
	c := &Client{id: clientID, secret: clientSecret, now: now, http: &http.Client{
		Timeout:       callTime,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // a redirect could lead inside
	}}
	for _, h := range []struct {
		key, value string
		to         **url.URL
	}{{"dingtalk.api_url", api, &c.api}, {"dingtalk.oapi_url", oapi, &c.oapi}} {
		u, err := url.Parse(h.value)
		if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
			return nil, fmt.Errorf("%s %q 要写成 https://api.dingtalk.com 这样", h.key, h.value)
		}
		*h.to = u
	}
	c.tokens = map[string]*token.Source{}
	for _, host := range []string{newHost, oldHost} {
		c.tokens[host] = token.New(s, "dingtalk/"+host+"/"+clientID, func(ctx context.Context) (string, time.Duration, error) { return c.fetch(ctx, host) }, fatal)
	}
	return c, nil
}

// Call makes a request of the new host (api.dingtalk.com) and reads the answer
// into out. A token that is refused is fetched again once.
func (c *Client) Call(ctx context.Context, method, path string, in, out any) error {
	t, err := c.token(ctx, newHost, "")
	if err != nil {
		return err
	}
	err = c.do(ctx, method, c.api, path, nil, t, in, out)
	if isRefused(err) {
		if t, err = c.token(ctx, newHost, t); err != nil {
			return err
		}
		err = c.do(ctx, method, c.api, path, nil, t, in, out)
	}
	return err
}

// CallOld makes a request of the old host (oapi.dingtalk.com). Whether it takes
// the new host's token is told differently, so both are tried.
func (c *Client) CallOld(ctx context.Context, path string, in, out any) error {
	host := newHost
	if c.ownToken.Load() {
		host = oldHost
	}
	post := func(token string) error {
		return c.do(ctx, http.MethodPost, c.oapi, path, url.Values{"access_token": {token}}, "", in, out)
	}
	token, err := c.token(ctx, host, "")
	if err != nil {
		return err
	}
	if err = post(token); !isRefused(err) {
		return err
	}
	if token, err = c.token(ctx, host, token); err != nil {
		return err
	}
	if err = post(token); !isRefused(err) || host == oldHost {
		return err
	}
	own, ownErr := c.token(ctx, oldHost, "")
	if ownErr != nil {
		return err
	}
	if err = post(own); err == nil {
		c.ownToken.Store(true)
	}
	return err
}

func isRefused(err error) bool {
	var api *APIError
	return errors.As(err, &api) && api.refused()
}

// do makes one request. Its errors name the path alone: the address may hold a
// token.
func (c *Client) do(ctx context.Context, method string, base *url.URL, path string, query url.Values, token string, in, out any) error {
	u := *base
	u.Path, u.RawQuery = path, query.Encode()
	return c.send(ctx, method, &u, token, in, out)
}

func (c *Client) send(ctx context.Context, method string, u *url.URL, token string, in, out any) error {
	if err := c.rested(); err != nil {
		return err
	}
	var body io.Reader
	if in != nil {
		data, err := encode(in)
		if err != nil {
			return fmt.Errorf("%w: %s: %w", errPrepare, u.Path, err)
		}
		body = bytes.NewReader(data)
	}
	req, err := http.NewRequestWithContext(ctx, method, u.String(), body)
	if err != nil {
		return fmt.Errorf("%w: %s", errPrepare, u.Path)
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	if token != "" {
		req.Header.Set("x-acs-dingtalk-access-token", token)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		if ue := new(url.Error); errors.As(err, &ue) {
			err = ue.Err
		}
		return fmt.Errorf("dingtalk: %s: %w", u.Path, err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("dingtalk: %s: read the answer: %w", u.Path, err)
	}
	if bad := readError(resp.StatusCode, data); bad != nil {
		c.rest(bad)
		return fmt.Errorf("%s: %w", u.Path, bad)
	}
	c.unban()
	if out != nil {
		if err := json.Unmarshal(data, out); err != nil {
			return fmt.Errorf("dingtalk: %s: the answer is no such JSON", u.Path)
		}
	}
	return nil
}

// encode writes JSON with < > & as they are.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimRight(b.Bytes(), "\n"), nil
}

// rested refuses calls while the address is banned: more of them only make the
// ban longer.
func (c *Client) rested() error {
	c.ban.Lock()
	defer c.ban.Unlock()
	if wait := c.banUntil.Sub(c.now()); wait > 0 {
		return restError(wait)
	}
	return nil
}

func (c *Client) rest(e *APIError) {
	if e.Code != codeBan {
		return
	}
	c.ban.Lock()
	defer c.ban.Unlock()
	wait := min(max(cmp.Or(e.Wait, banWait), time.Second)<<min(c.banStreak, 10), maxBanWait)
	c.banStreak++
	c.banUntil = c.now().Add(wait)
}

func (c *Client) unban() {
	c.ban.Lock()
	c.banStreak, c.banUntil = 0, time.Time{}
	c.ban.Unlock()
}

// The hosts that give out tokens.
const (
	newHost = "api"
	oldHost = "oapi"
)

// token returns the shared token of a host; stale is one that was refused.
func (c *Client) token(ctx context.Context, host, stale string) (string, error) {
	t, err := c.tokens[host].Token(ctx, stale)
	if err != nil {
		return "", fmt.Errorf("%w: %w", errPrepare, err)
	}
	return t, nil
}

// fatal reports errors of a fetch that only an operator can mend.
func fatal(err error) bool {
	var api *APIError
	return errors.As(err, &api) && !api.throttled() && api.Status < http.StatusInternalServerError
}

func (c *Client) fetch(ctx context.Context, host string) (string, time.Duration, error) {
	var got struct {
		New     string `json:"accessToken"`
		NewLife int64  `json:"expireIn"`
		Old     string `json:"access_token"`
		OldLife int64  `json:"expires_in"`
	}
	var err error
	if host == oldHost {
		err = c.do(ctx, http.MethodGet, c.oapi, "/gettoken", url.Values{"appkey": {c.id}, "appsecret": {c.secret}}, "", nil, &got)
	} else {
		err = c.do(ctx, http.MethodPost, c.api, "/v1.0/oauth2/accessToken", nil, "", map[string]string{"appKey": c.id, "appSecret": c.secret}, &got)
	}
	token := cmp.Or(got.New, got.Old)
	if err == nil && token == "" {
		err = errors.New("dingtalk: the answer holds no token")
	}
	return token, time.Duration(cmp.Or(got.NewLife, got.OldLife)) * time.Second, err
}

// sessionPath is the only path that replies of a session go to.
const sessionPath = "/robot/sendBySession"

// session returns the address of a session's webhook when it may be called: it
// came in a message, so it is exactly the configured host or nothing.
func (c *Client) session(raw string) (*url.URL, bool) {
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != c.oapi.Scheme || !strings.EqualFold(u.Hostname(), c.oapi.Hostname()) || portOf(u) != portOf(c.oapi) ||
		u.Path != sessionPath || u.RawPath != "" || u.User != nil || u.Opaque != "" || u.Fragment != "" {
		return nil, false
	}
	return u, true
}

func portOf(u *url.URL) string {
	if p := u.Port(); p != "" {
		return p
	}
	if u.Scheme == "https" {
		return "443"
	}
	return "80"
}
