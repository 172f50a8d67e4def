package admin

import (
	"cmp"
	"context"
	"crypto/hmac"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"huiwen/knowledge/account"
)

// A Scanner signs in by a platform's own scan (扫码登录). The platform says who
// scanned; only accounts linked beforehand come in.
type Scanner interface {
	Channel() string // wecom, dingtalk: as in account.Link
	Name() string    // 企业微信, 钉钉
	// URL is where the browser goes; state comes back unchanged.
	URL(state string) string
	// Who is the platform's id of the person that a code stands for, "" for nobody
	// of the organisation.
	Who(ctx context.Context, code string) (string, error)
}

type scanView struct{ Path, Name string }

const (
	// ScanPath is where every platform sends the browser back to: which one it is
	// stands in the browser's cookie, so that a platform can neither claim to be
	// another nor needs a parameter in the address registered with it.
	ScanPath   = "/admin/scanned"
	scanCookie = "huiwen_scan" // channel.state
	scanTime   = 10 * 60       // seconds
	stateChars = 32
)

func (v *visit) scans() []scanView {
	var out []scanView
	for _, s := range v.Scanners {
		out = append(out, scanView{"/admin/scan?by=" + s.Channel(), s.Name()})
	}
	return out
}

func (v *visit) scanner(channel string) (Scanner, error) {
	for _, s := range v.Scanners {
		if s.Channel() == channel {
			return s, nil
		}
	}
	return nil, notFound("没有配置这种扫码登录")
}

// scan sends the browser to the platform with a state that only it knows.
func scan(v *visit) error {
	s, err := v.scanner(v.query("by"))
	if err != nil {
		return err
	}
	raw := make([]byte, stateChars/2)
	if _, err := io.ReadFull(v.Random, raw); err != nil {
		return fmt.Errorf("make a state: %w", err)
	}
	state := hex.EncodeToString(raw)
	v.cookie(scanCookie, s.Channel()+"."+state, scanTime)
	http.Redirect(v.w, v.r, s.URL(state), http.StatusSeeOther) //nolint:gosec // the platform's, from the configuration
	return nil
}

// scanned takes the browser back: the state must be the one it was sent with,
// once. It begins a session and changes nothing else, so it may be a GET.
func scanned(v *visit) error {
	c, err := v.r.Cookie(scanCookie)
	v.cookie(scanCookie, "", -1)
	q := v.r.URL.Query()
	channel, state := "", ""
	if err == nil {
		channel, state, _ = strings.Cut(c.Value, ".")
	}
	if len(state) != stateChars || !hmac.Equal([]byte(state), []byte(q.Get("state"))) {
		return bad("扫码登录已失效，请重新扫码。")
	}
	s, err := v.scanner(channel)
	if err != nil {
		return err
	}
	code := cmp.Or(q.Get("code"), q.Get("authCode")) // 企业微信 and 钉钉 name it differently
	if code == "" {
		return bad("平台没有放行这次扫码登录（可能在手机上点了取消），请重新扫码。")
	}
	if !v.tries.allow(v.from(v.r), v.Now()) {
		return problem{http.StatusTooManyRequests, "这个地址尝试得太频繁，请过一会儿再试。"}
	}
	user, err := s.Who(v.ctx(), code)
	if err != nil {
		return fmt.Errorf("scan by %s: %w", s.Channel(), err)
	}
	if user == "" {
		return problem{http.StatusForbidden, "扫码的人不在本单位的" + s.Name() + "里，不能登录。"}
	}
	session, err := v.Keeper.ByScan(v.ctx(), account.Link{Channel: s.Channel(), User: user})
	if errors.Is(err, account.ErrWrong) {
		return problem{http.StatusForbidden, "这个平台账号没有关联管理账号，请联系管理员。"}
	}
	if err != nil {
		return err
	}
	return v.enter(session, "/admin/")
}
