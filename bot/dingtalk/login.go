package dingtalk

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
)

// A Login signs members in by scanning a code in the browser: the platform's
// OAuth 2 page, then who scanned, then which member that is.
//
// https://open-dingtalk.github.io/developerpedia/docs/develop/permission/token/browser/get_user_app_token_browser
type Login struct {
	Client *Client
	// CorpID is the organisation whose members come in.
	CorpID string
	// Redirect is where the browser comes back to with authCode and state; it is
	// registered with the app (重定向URL).
	Redirect string
}

// loginPage is the platform's page with the code to scan.
const loginPage = "https://login.dingtalk.com/oauth2/auth"

// Channel is what accounts of the platform are linked by.
func (l *Login) Channel() string { return Channel }

// Name is the platform as people read it.
func (l *Login) Name() string { return "钉钉" }

// URL is where the browser is sent; state comes back unchanged. The scope corpid
// has the platform tell which organisation the person chose.
func (l *Login) URL(state string) string {
	q := url.Values{"client_id": {l.Client.id}, "redirect_uri": {l.Redirect}, "state": {state}, "response_type": {"code"}, "prompt": {"consent"}, "scope": {"openid corpid"}}
	return loginPage + "?" + strings.ReplaceAll(q.Encode(), "+", "%20") // the document wants %20
}

// memberInside is the contact_type of a member; 1 is an outside contact.
const memberInside = 0

// errNoSuchUser is the old host's code for a unionId that no member has.
const errNoSuchUser = "60121"

// Who is the id of the member that a code stands for, "" when the person belongs
// to another organisation or to none; a code is good once. The person's own token
// is used once and not kept.
func (l *Login) Who(ctx context.Context, code string) (string, error) {
	var own struct {
		AccessToken string `json:"accessToken"`
		CorpID      string `json:"corpId"`
	}
	in := map[string]string{"clientId": l.Client.id, "clientSecret": l.Client.secret, "code": code, "grantType": "authorization_code"}
	if err := l.Client.do(ctx, http.MethodPost, l.Client.api, "/v1.0/oauth2/userAccessToken", nil, "", in, &own); err != nil {
		return "", err
	}
	if own.AccessToken == "" || own.CorpID != "" && l.CorpID != "" && own.CorpID != l.CorpID {
		return "", nil
	}
	var me struct {
		UnionID string `json:"unionId"`
	}
	if err := l.Client.do(ctx, http.MethodGet, l.Client.api, "/v1.0/contact/users/me", nil, own.AccessToken, nil, &me); err != nil {
		return "", err
	}
	if me.UnionID == "" {
		return "", nil
	}
	var member struct {
		Result struct {
			Type   int    `json:"contact_type"`
			UserID string `json:"userid"`
		} `json:"result"`
	}
	err := l.Client.CallOld(ctx, "/topapi/user/getbyunionid", map[string]string{"unionid": me.UnionID}, &member)
	var api *APIError
	if errors.As(err, &api) && api.Code == errNoSuchUser {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	if member.Result.UserID == "" || member.Result.Type != memberInside {
		return "", nil
	}
	return member.Result.UserID, nil
}
