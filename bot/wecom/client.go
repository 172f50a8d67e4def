package wecom

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"time"

	"huiwen/bot"
	"huiwen/bot/token"
	"huiwen/knowledge/store"
)

// An APIError is an answer of the platform with an errcode other than 0. Judge
// by Code, never by the text, which is not shown: it may hold anything.
type APIError struct {
	Code int
	Path string
	// From is the address that the platform says the call came from, "" when it
	// does not say: an operator puts it on the list of trusted ones.
	From string
}

func (e *APIError) Error() string { return fmt.Sprintf("wecom: %s: errcode %d", e.Path, e.Code) }

// The errcodes that are treated apart (document path 90313).
const (
	codeBusy         = -1
	codeBadSecret    = 40001
	codeBadToken     = 40014
	codeTokenExpired = 42001
	codeFrequency    = 45009
	codeConcurrency  = 45033
	codeNoAccess     = 48002
	codeNoPrivilege  = 60011
	codeAddress      = 60020
	codeNoMember     = 60111
	codeNoReceiver   = 81013
	codeNoRobot      = 93000
	codeKFClosed     = 95017
)

// stopping are the errcodes that only an operator can mend: what is to be sent
// waits, nothing is tried again at once, and the operator is told.
var stopping = []int{codeBadSecret, codeNoAccess, codeNoPrivilege, codeAddress, codeKFClosed}

const (
	callTime      = 10 * time.Second
	maxAnswer     = 20 << 20 // bytes; media are files of at most 20 MB
	maxTokenFetch = 3
	// stopFor is how long nothing is called after a stopping errcode, and how
	// long what is to be sent waits.
	stopFor = 30 * time.Second
	// frequencyWait is how long to wait after 45009: the platform counts by the minute.
	frequencyWait = 30 * time.Second
)

// A Client calls the platform on behalf of one app. Its access token is shared
// through the store; neither it nor the secret ever stands in an error.
type Client struct {
	base   *url.URL
	corpID string
	name   string // of the app, in the store's keys
	secret string
	tokens *token.Source
	http   *http.Client
	health *Health
}

// NewClient makes a client of an app; name tells its token from those of the
// other apps of the corporation. Without a secret it can call only what needs no
// token.
func NewClient(base, corpID, name, secret string, s store.Store, now func() time.Time) (*Client, error) {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, fmt.Errorf("wecom.base_url %q 要写成 https://qyapi.weixin.qq.com 这样", base)
	}
	c := &Client{base: u, corpID: corpID, name: name, secret: secret, health: newHealth(name, s, now), http: &http.Client{
		Timeout:       callTime,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport:     &http.Transport{Proxy: http.ProxyFromEnvironment, MaxIdleConnsPerHost: 32, IdleConnTimeout: time.Minute, TLSHandshakeTimeout: 5 * time.Second, ForceAttemptHTTP2: true},
	}}
	c.tokens = token.New(s, "wecom/"+corpID+"/"+name, c.fetchToken, func(err error) bool { return slices.Contains(stopping, codeOf(err)) })
	return c, nil
}

// codeOf is the errcode of an error, 0 when it is none of the platform's.
func codeOf(err error) int {
	var api *APIError
	if errors.As(err, &api) {
		return api.Code
	}
	return 0
}

// Call posts a request and reads the answer into out.
func (c *Client) Call(ctx context.Context, path string, in, out any) error {
	var body bytes.Buffer
	enc := json.NewEncoder(&body)
	enc.SetEscapeHTML(false) // \uXXXX is refused with 40033
	if err := enc.Encode(in); err != nil {
		return fmt.Errorf("wecom: %s: %w", path, err)
	}
	data, err := c.exchange(ctx, request{method: http.MethodPost, path: path, query: url.Values{}, contentType: "application/json; charset=utf-8", body: body.Bytes()})
	if err != nil {
		return err
	}
	if out != nil {
		if err := json.Unmarshal(data, out); err != nil {
			return fmt.Errorf("wecom: %s: the answer: %w", path, err)
		}
	}
	return nil
}

// A request is one call before the token is put in.
type request struct {
	method, path string
	query        url.Values
	contentType  string
	body         []byte
	bare         bool // needs no token
}

// exchange makes a call with the shared token. A token that is refused is
// fetched again once and the call repeated, whatever it was: a call refused for
// its token was not carried out. While the platform waits for an operator it
// calls nothing.
func (c *Client) exchange(ctx context.Context, r request) ([]byte, error) {
	if err := c.health.stopped(r.path); err != nil {
		return nil, err
	}
	data, err := c.withToken(ctx, r)
	c.health.note(ctx, err)
	return data, err
}

func (c *Client) withToken(ctx context.Context, r request) ([]byte, error) {
	if r.bare {
		return c.once(ctx, r)
	}
	t, err := c.tokens.Token(ctx, "")
	if err != nil {
		return nil, fmt.Errorf("wecom: %s: %w: %w", r.path, errNotSent, err)
	}
	r.query.Set("access_token", t)
	data, err := c.once(ctx, r)
	if code := codeOf(err); code == codeBadToken || code == codeTokenExpired {
		if t, err = c.tokens.Token(ctx, t); err != nil {
			return nil, fmt.Errorf("wecom: %s: %w", r.path, err)
		}
		r.query.Set("access_token", t)
		data, err = c.once(ctx, r)
	}
	return data, err
}

// errNotSent marks a call that did not reach the platform.
var errNotSent = errors.New("the platform cannot be reached")

// once makes one request. Its errors name the path alone: the address holds the
// token, the secret or the robot's key.
func (c *Client) once(ctx context.Context, r request) ([]byte, error) {
	u := *c.base
	u.Path, u.RawQuery = r.path, r.query.Encode()
	req, err := http.NewRequestWithContext(ctx, r.method, u.String(), bytes.NewReader(r.body))
	if err != nil {
		return nil, fmt.Errorf("wecom: %s: bad request", r.path)
	}
	if r.contentType != "" {
		req.Header.Set("Content-Type", r.contentType)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		var ue *url.Error
		if errors.As(err, &ue) {
			err = ue.Err
		}
		var op *net.OpError
		if errors.As(err, &op) && op.Op == "dial" {
			return nil, fmt.Errorf("wecom: %s: %w: %w", r.path, errNotSent, err)
		}
		return nil, fmt.Errorf("wecom: %s: %w", r.path, err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("wecom: %s: read the answer: %w", r.path, err)
	case len(data) > maxAnswer:
		return nil, fmt.Errorf("wecom: %s: the answer has more than %d bytes", r.path, maxAnswer)
	case resp.StatusCode >= 400 && resp.StatusCode < 500:
		return nil, fmt.Errorf("wecom: %s: %w: HTTP %d", r.path, errNotSent, resp.StatusCode)
	case resp.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("wecom: %s: HTTP %d", r.path, resp.StatusCode)
	}
	return data, errorIn(r.path, data)
}

// fromAddress finds the caller's address in the text of 60020.
var fromAddress = regexp.MustCompile(`from ip: ([0-9a-fA-F.:]+)`)

// errorIn is the error that an answer tells. Media are no JSON and no error.
func errorIn(path string, data []byte) error {
	var code struct {
		Errcode int    `json:"errcode"`
		Errmsg  string `json:"errmsg"`
	}
	if !bytes.HasPrefix(bytes.TrimSpace(data), []byte("{")) {
		if path == "/cgi-bin/media/get" {
			return nil
		}
		return fmt.Errorf("wecom: %s: the answer is no JSON", path)
	}
	if err := json.Unmarshal(data, &code); err != nil {
		return fmt.Errorf("wecom: %s: the answer is no JSON", path)
	}
	if code.Errcode == 0 {
		return nil
	}
	e := &APIError{Code: code.Errcode, Path: path}
	if m := fromAddress.FindStringSubmatch(code.Errmsg); m != nil && code.Errcode == codeAddress {
		e.From = m[1]
	}
	return e
}

// fetchToken asks the platform for a token (document path 91039): it returns the
// same one while it is good. Being busy passes within moments.
func (c *Client) fetchToken(ctx context.Context) (string, time.Duration, error) {
	var got struct {
		Token   string `json:"access_token"`
		Expires int64  `json:"expires_in"`
	}
	for try := 1; ; try++ {
		data, err := c.once(ctx, request{method: http.MethodGet, path: "/cgi-bin/gettoken", query: url.Values{"corpid": {c.corpID}, "corpsecret": {c.secret}}})
		if err == nil {
			err = json.Unmarshal(data, &got)
		}
		if err == nil && got.Token == "" {
			err = errors.New("wecom: /cgi-bin/gettoken: the answer holds no token")
		}
		if code := codeOf(err); code != codeBusy && code != codeConcurrency || try == maxTokenFetch {
			return got.Token, time.Duration(got.Expires) * time.Second, err
		}
		select {
		case <-ctx.Done():
			return "", 0, ctx.Err()
		case <-time.After(time.Duration(try)*200*time.Millisecond + rand.N(200*time.Millisecond)):
		}
	}
}

// outcome is what an error of a send means; stop is false when it was sent.
func outcome(err error) (o bot.Outcome, stop bool) {
	code := codeOf(err)
	reason := strconv.Itoa(code)
	switch {
	case err == nil:
		return o, false
	case code == codeFrequency:
		return bot.Outcome{Wait: frequencyWait + rand.N(5*time.Second), Reason: reason}, true
	case code == codeConcurrency:
		return bot.Outcome{Wait: time.Second + rand.N(3*time.Second), Reason: reason}, true
	case slices.Contains(stopping, code):
		return bot.Outcome{Wait: stopFor + rand.N(5*time.Second), Reason: reason}, true
	case code == codeBusy, code == codeBadToken, code == codeTokenExpired:
		return bot.Outcome{Reason: reason}, true
	case code != 0:
		return bot.Outcome{Final: true, Reason: reason}, true
	case errors.Is(err, token.ErrHalted):
		return bot.Outcome{Wait: time.Second + rand.N(time.Second), Reason: "no token"}, true
	case errors.Is(err, errNotSent):
		return bot.Outcome{Reason: "not reached"}, true
	}
	return bot.Outcome{Uncertain: true, Reason: "no answer"}, true
}
