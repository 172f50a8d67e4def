package wecom

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
)

// A Login signs members in by scanning a code in the browser (document path
// 98152, 98176).
type Login struct {
	Client  *Client
	CorpID  string
	AgentID string
	// Redirect is where the browser comes back to with code and state; its host is
	// registered with the app (授权回调域).
	Redirect string
}

// loginPage is the platform's page with the code to scan.
const loginPage = "https://login.work.weixin.qq.com/wwlogin/sso/login"

// Channel is what accounts of the platform are linked by.
func (l *Login) Channel() string { return "wecom" }

// Name is the platform as people read it.
func (l *Login) Name() string { return "企业微信" }

// URL is where the browser is sent; state comes back unchanged.
func (l *Login) URL(state string) string {
	q := url.Values{"login_type": {"CorpApp"}, "appid": {l.CorpID}, "agentid": {l.AgentID}, "redirect_uri": {l.Redirect}, "state": {state}}
	return loginPage + "?" + q.Encode()
}

// Who is the id of the member that a code stands for, "" for nobody of the
// corporation; a code is good once.
func (l *Login) Who(ctx context.Context, code string) (string, error) {
	const path = "/cgi-bin/auth/getuserinfo"
	data, err := l.Client.exchange(ctx, request{method: http.MethodGet, path: path, query: url.Values{"code": {code}}})
	if err != nil {
		return "", err
	}
	var out struct {
		UserID string `json:"userid"`
	}
	if err := json.Unmarshal(data, &out); err != nil {
		return "", fmt.Errorf("wecom: %s: the answer: %w", path, err)
	}
	return out.UserID, nil
}
