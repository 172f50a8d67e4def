package wecom

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"huiwen/knowledge/store"
)

// An APIError is an answer of the platform with an errcode other than 0. Judge
// by Code, never by the text.
type APIError struct {
	Code int
	Text string
}

func (e *APIError) Error() string { return fmt.Sprintf("wecom: errcode %d", e.Code) }

// The errcodes that are treated apart.
const (
	codeBusy         = -1
	codeBadSecret    = 40001
	codeBadToken     = 40014
	codeTokenExpired = 42001
	codeFrequency    = 45009
	codeConcurrency  = 45033
)

const (
	callTime      = 10 * time.Second
	maxAnswer     = 4 << 20
	tokenMargin   = 5 * time.Minute
	maxTokenFetch = 3
)

// A Client calls the platform on behalf of one app. Its access token is shared
// through the store; secrets never stand in its errors.
type Client struct {
	base           *url.URL
	corpID, secret string
	name           string // of the app, in the store's key
	store          store.Store
	http           *http.Client

	mu sync.Mutex // one fetch of a token at a time
}

// NewClient makes a client of an app; name tells its token from those of the
// other apps of the corporation.
func NewClient(base, corpID, name, secret string, s store.Store) (*Client, error) {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, fmt.Errorf("wecom.base_url %q 要写成 https://qyapi.weixin.qq.com 这样", base)
	}
	return &Client{base: u, corpID: corpID, secret: secret, name: name, store: s, http: &http.Client{
		Timeout:       callTime,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// Call posts a request and reads the answer into out. A token that is refused
// is fetched again once.
func (c *Client) Call(ctx context.Context, path string, in, out any) error {
	token, err := c.token(ctx, "")
	if err != nil {
		return err
	}
	err = c.post(ctx, path, token, in, out)
	var api *APIError
	if errors.As(err, &api) && (api.Code == codeBadToken || api.Code == codeTokenExpired) {
		if token, err = c.token(ctx, token); err != nil {
			return err
		}
		err = c.post(ctx, path, token, in, out)
	}
	return err
}

func (c *Client) post(ctx context.Context, path, token string, in, out any) error {
	var body bytes.Buffer
	enc := json.NewEncoder(&body)
	enc.SetEscapeHTML(false) // \uXXXX is refused with 40033
	if err := enc.Encode(in); err != nil {
		return fmt.Errorf("wecom: %s: %w", path, err)
	}
	return c.do(ctx, http.MethodPost, path, url.Values{"access_token": {token}}, &body, out)
}

// do makes one request. Its errors name the path alone: the address holds the
// token or the secret.
func (c *Client) do(ctx context.Context, method, path string, query url.Values, body io.Reader, out any) error {
	u := *c.base
	u.Path, u.RawQuery = path, query.Encode()
	req, err := http.NewRequestWithContext(ctx, method, u.String(), body)
	if err != nil {
		return fmt.Errorf("wecom: %s: bad request", path)
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	resp, err := c.http.Do(req)
	if err != nil {
		var ue *url.Error
		if errors.As(err, &ue) {
			err = ue.Err
		}
		return fmt.Errorf("wecom: %s: %w", path, err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("wecom: %s: read the answer: %w", path, err)
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("wecom: %s: HTTP %d", path, resp.StatusCode)
	}
	var code struct {
		Errcode int    `json:"errcode"`
		Errmsg  string `json:"errmsg"`
	}
	if err := json.Unmarshal(data, &code); err != nil {
		return fmt.Errorf("wecom: %s: the answer is no JSON", path)
	}
	if code.Errcode != 0 {
		return &APIError{code.Errcode, code.Errmsg}
	}
	if out != nil {
		if err := json.Unmarshal(data, out); err != nil {
			return fmt.Errorf("wecom: %s: %w", path, err)
		}
	}
	return nil
}

// storedToken is the token as the replicas share it.
type storedToken struct {
	Token string `json:"token"`
}

func (c *Client) tokenKey() string { return "token/wecom/" + c.corpID + "/" + c.name }

// token returns the shared token; stale is one that the platform has refused.
func (c *Client) token(ctx context.Context, stale string) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	kept, err := store.View(ctx, c.store, "sys", func(tx store.Tx) (string, error) {
		data, ok, err := tx.Get(c.tokenKey())
		if err != nil || !ok {
			return "", err
		}
		var t storedToken
		if json.Unmarshal(data, &t) != nil {
			return "", nil
		}
		return t.Token, nil
	})
	if err != nil {
		return "", fmt.Errorf("wecom: read the token: %w", err)
	}
	if kept != "" && kept != stale {
		return kept, nil
	}
	var got struct {
		Token   string `json:"access_token"`
		Expires int64  `json:"expires_in"`
	}
	for try := range maxTokenFetch {
		err = c.do(ctx, http.MethodGet, "/cgi-bin/gettoken", url.Values{"corpid": {c.corpID}, "corpsecret": {c.secret}}, nil, &got)
		var api *APIError
		if !errors.As(err, &api) || api.Code != codeBusy && api.Code != codeConcurrency {
			break
		}
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-time.After(time.Duration(try+1) * 200 * time.Millisecond):
		}
	}
	if err != nil {
		return "", fmt.Errorf("wecom: fetch a token: %w", err)
	}
	ttl := time.Duration(got.Expires)*time.Second - tokenMargin
	if ttl > 0 {
		data, err := json.Marshal(storedToken{got.Token})
		if err == nil {
			err = c.store.Update(ctx, "sys", func(tx store.Tx) error { return tx.Put(c.tokenKey(), data, ttl) })
		}
		if err != nil {
			return "", fmt.Errorf("wecom: keep the token: %w", err)
		}
	}
	return got.Token, nil
}

// split cuts a text into parts of at most so many bytes, at line ends where it
// can, else between runes, never inside one.
func split(text string, most int) []string {
	var out []string
	var part strings.Builder
	flush := func() {
		if s := strings.TrimRight(part.String(), "\n"); s != "" {
			out = append(out, s)
		}
		part.Reset()
	}
	for line := range strings.Lines(text) {
		if part.Len()+len(line) > most {
			flush()
		}
		for len(line) > most {
			at := 0
			for i, r := range line {
				if i+len(string(r)) > most {
					break
				}
				at = i + len(string(r))
			}
			out = append(out, line[:at])
			line = line[at:]
		}
		part.WriteString(line)
	}
	flush()
	return out
}
