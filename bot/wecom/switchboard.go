package wecom

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/silenceper/wechat/v2/work"
	"github.com/silenceper/wechat/v2/work/config"
)

// maxUpload bounds what the SDK sends in one call, in bytes.
const maxUpload = 21 << 20

// A Switchboard carries the calls of the SDK (silenceper/wechat), which knows one
// HTTP client for the whole process, to the client that they belong to. The SDK
// is given a handle in place of a token; the switchboard knows whose it is. So
// the SDK holds no token, its errors and addresses hold none, and every call of
// it has our time-out, size cap, typed errors and refresh.
type Switchboard struct {
	mu      sync.RWMutex
	clients map[string]*Client
}

// NewSwitchboard makes one; a process needs one, as the transport of the SDK's
// util.DefaultHTTPClient.
func NewSwitchboard() *Switchboard { return &Switchboard{clients: map[string]*Client{}} }

// SDK is the SDK's entry for an app; agent may be "".
func (s *Switchboard) SDK(c *Client, agent string) *work.Work {
	handle := "huiwen-" + rand.Text()
	s.mu.Lock()
	s.clients[handle] = c
	s.mu.Unlock()
	return work.NewWork(&config.Config{CorpID: c.corpID, CorpSecret: "-", AgentID: agent, Cache: handles(handle)})
}

// handles is the SDK's cache of tokens: always the handle.
type handles string

// Get implements cache.Cache.
func (h handles) Get(string) any { return string(h) }

// Set implements cache.Cache; the SDK never fetches, so it keeps nothing.
func (handles) Set(string, any, time.Duration) error { return nil }

// IsExist implements cache.Cache.
func (handles) IsExist(string) bool { return true }

// Delete implements cache.Cache.
func (handles) Delete(string) error { return nil }

// RoundTrip implements http.RoundTripper. An errcode comes back as an [*APIError].
func (s *Switchboard) RoundTrip(req *http.Request) (*http.Response, error) {
	var body []byte
	if req.Body != nil {
		defer req.Body.Close()
		var err error
		if body, err = io.ReadAll(io.LimitReader(req.Body, maxUpload+1)); err != nil {
			return nil, fmt.Errorf("wecom: %s: %w", req.URL.Path, err)
		}
		if len(body) > maxUpload {
			return nil, fmt.Errorf("wecom: %s: more than %d bytes to send", req.URL.Path, maxUpload)
		}
	}
	query := req.URL.Query()
	s.mu.RLock()
	c, ok := s.clients[query.Get("access_token")]
	s.mu.RUnlock()
	if !ok {
		return nil, fmt.Errorf("wecom: %s: a call of nobody's", req.URL.Path)
	}
	data, err := c.exchange(req.Context(), request{method: req.Method, path: req.URL.Path, query: query, contentType: req.Header.Get("Content-Type"), body: body})
	if err != nil {
		return nil, err
	}
	return &http.Response{
		Status: "200 OK", StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(bytes.NewReader(data)), ContentLength: int64(len(data)), Request: req,
	}, nil
}
