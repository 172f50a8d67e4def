package wecom

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"huiwen/bot/token"
	"huiwen/knowledge/finding"
	"huiwen/knowledge/store"
)

// healthTime is how long a trouble is shown that has not come again.
const healthTime = 24 * time.Hour

// maxInvalid bounds the receivers that are remembered as unreachable.
const maxInvalid = 50

// trouble is what the platform last refused, as all replicas and doctor see it:
// ["health/wecom/" app] in sys => it. It goes when a call succeeds.
type trouble struct {
	Code int       `json:"code"`
	Path string    `json:"path"`
	From string    `json:"from,omitempty"`
	At   time.Time `json:"at"`
}

// Health remembers what only an operator can mend, for doctor and /readyz, and
// keeps a client from calling meanwhile. It is safe for concurrent use.
type Health struct {
	name  string
	store store.Store
	now   func() time.Time

	mu   sync.Mutex
	last trouble // zero while all is well
}

func newHealth(name string, s store.Store, now func() time.Time) *Health {
	return &Health{name: name, store: s, now: now}
}

func (h *Health) key() string        { return "health/wecom/" + h.name }
func (h *Health) invalidSet() string { return "invalid/wecom/" + h.name }

// stopped returns the trouble's error for a while after it, so that a refusal
// that will not pass by itself is not asked for again and again.
func (h *Health) stopped(path string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.last.Code == 0 || h.now().Sub(h.last.At).Abs() > stopFor || h.last.Code != codeBadSecret && h.last.Code != codeAddress && h.last.Path != path {
		return nil
	}
	return &APIError{Code: h.last.Code, Path: path, From: h.last.From}
}

// note keeps a stopping errcode, and clears it when a call succeeds.
func (h *Health) note(ctx context.Context, err error) {
	if errors.Is(err, token.ErrHalted) {
		return
	}
	code := codeOf(err)
	bad := slices.Contains(stopping, code) || code == codeNoRobot
	if err != nil && !bad {
		return
	}
	h.mu.Lock()
	was := h.last
	h.last = trouble{}
	if bad {
		var api *APIError
		errors.As(err, &api)
		h.last = trouble{Code: code, Path: api.Path, From: api.From, At: h.now()}
	}
	now := h.last
	h.mu.Unlock()
	if was.Code == now.Code && now.At.Sub(was.At) < stopFor {
		return // written down before
	}
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	_ = h.store.Update(end, "sys", func(tx store.Tx) error { // a call does not fail for this
		if !bad {
			return tx.Del(h.key())
		}
		data, err := json.Marshal(now)
		return errors.Join(err, tx.Put(h.key(), data, healthTime))
	})
}

// unreachable remembers a receiver that the platform says it does not know.
func (h *Health) unreachable(ctx context.Context, user string) {
	if user == "" || len(user) > 128 {
		return
	}
	_ = h.store.Update(ctx, "sys", func(tx store.Tx) error {
		all, err := tx.Range(h.invalidSet(), 0, 1e18, maxInvalid)
		if err == nil && len(all) >= maxInvalid {
			err = tx.Rem(h.invalidSet(), all[0].Name)
		}
		return errors.Join(err, tx.Add(h.invalidSet(), user, float64(tx.Now().UnixMilli())))
	})
}

// Unreachable tells that the address book does not know a member any more.
func (c *Client) Unreachable(ctx context.Context, user string) { c.health.unreachable(ctx, user) }

// meanings are what an operator does about an errcode.
var meanings = map[int]string{
	codeBadSecret:   "Secret 不对：请到企业微信后台核对 corp_id 和 secret",
	codeNoAccess:    "应用没有这个接口的权限：请到企业微信后台给应用开通",
	codeNoPrivilege: "应用的可见范围不够：请到企业微信后台放宽",
	codeAddress:     "这台机器的出口地址不在“企业可信IP”里：请到企业微信后台加上",
	codeNoRobot:     "群机器人的 key 不对，或机器人已被移出群",
	codeKFClosed:    "微信客服没有开启接口，或账号没有交给应用管理",
	95000:           "微信客服账号不对",
	95004:           "微信客服账号不存在，或没有交给应用管理",
}

// findings says what the platform refuses and whom it does not know.
func (h *Health) findings(ctx context.Context) []finding.Finding {
	part := "企业微信 " + h.name
	var t trouble
	var invalid []store.Member
	err := h.store.View(ctx, "sys", func(tx store.Tx) error {
		data, ok, err := tx.Get(h.key())
		if err == nil && ok {
			err = json.Unmarshal(data, &t)
		}
		var rangeErr error
		invalid, rangeErr = tx.Range(h.invalidSet(), float64(tx.Now().Add(-7*24*time.Hour).UnixMilli()), 1e18, maxInvalid)
		return errors.Join(err, rangeErr)
	})
	if err != nil {
		return []finding.Finding{finding.Of(part, "", err)}
	}
	var out []finding.Finding
	if t.Code != 0 {
		text := fmt.Sprintf("平台拒绝（errcode %d）：%s", t.Code, meanings[t.Code])
		if t.From != "" {
			text += "：" + t.From
		}
		out = append(out, finding.Finding{Part: part, Level: finding.Warn, Text: text})
	}
	if len(invalid) > 0 {
		var names []string
		for _, m := range invalid {
			names = append(names, m.Name)
		}
		out = append(out, finding.Finding{Part: part, Level: finding.Warn, Text: fmt.Sprintf("近七天有 %d 人发不到，不在应用可见范围或已离开：%v", len(names), names)})
	}
	return out
}

// Check tells what doctor and /readyz should know of the app: it looks at what
// the running service wrote down, and with live also asks the platform for a token.
func (c *Client) Check(ctx context.Context, live bool) []finding.Finding {
	out := c.health.findings(ctx)
	if live && len(out) == 0 && c.secret != "" {
		_, err := c.tokens.Token(ctx, "")
		c.health.note(ctx, err)
		if out = c.health.findings(ctx); len(out) == 0 {
			f := finding.Of("企业微信 "+c.name, "平台应答正常", err)
			f.Level = min(f.Level, finding.Warn) // what is asked on the page is answered all the same
			out = append(out, f)
		}
	}
	return out
}
