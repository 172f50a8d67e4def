package dingtalk

import (
	"net/url"
	"strings"
	"testing"

	"huiwen/bot/dingtalk/openapi"
)

// TestALoginCodeIsOneMember scans as a member, as an outside contact, as a member
// of another organisation and as nobody.
func TestALoginCodeIsOneMember(t *testing.T) {
	r := newRig(t)
	l := &Login{Client: r.robot.Client, CorpID: "corp", Redirect: "https://gov.example/admin/scanned"}
	u, err := url.Parse(l.URL("st&ate"))
	q := u.Query()
	if err != nil || u.Host != "login.dingtalk.com" || u.Path != "/oauth2/auth" || q.Get("state") != "st&ate" || q.Get("redirect_uri") != l.Redirect || q.Get("client_id") != "app" ||
		q.Get("response_type") != "code" || q.Get("prompt") != "consent" || !strings.Contains(u.RawQuery, "scope=openid%20corpid") {
		t.Errorf("sent to %s %v", u, err)
	}
	code := r.platform.Login(openapi.Scan{User: "zhang"})
	if who, err := l.Who(t.Context(), code); err != nil || who != "zhang" {
		t.Errorf("a member: %q %v", who, err)
	}
	if who, err := l.Who(t.Context(), code); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("the code counts twice: %q %v", who, err)
	}
	for name, p := range map[string]openapi.Scan{"an outside contact": {User: "li", Outside: true}, "of another organisation": {User: "wang", Corp: "other"}, "nobody": {}} {
		if who, err := l.Who(t.Context(), r.platform.Login(p)); err != nil || who != "" {
			t.Errorf("%s: %q %v", name, who, err)
		}
	}
	r.platform.FailNext("/v1.0/contact/users/me", openapi.Code(500, "ServiceUnavailable"))
	if who, err := l.Who(t.Context(), r.platform.Login(openapi.Scan{User: "zhang"})); err == nil {
		t.Errorf("the platform is ill: %q", who)
	}
	r.platform.OwnTokens = true // the old host wants its own token
	if who, err := l.Who(t.Context(), r.platform.Login(openapi.Scan{User: "zhao"})); err != nil || who != "zhao" {
		t.Errorf("with the old host's own token: %q %v", who, err)
	}
}
