package wecom_test

import (
	"net/url"
	"testing"

	"huiwen/bot/wecom"
)

// TestALoginCodeCountsOnce scans as a member: the code names him once.
func TestALoginCodeCountsOnce(t *testing.T) {
	b := newBench(t, nil)
	l := &wecom.Login{Client: b.client("staff", "app-secret"), CorpID: corp, AgentID: "218", Redirect: "https://gov.example/admin/scanned?by=wecom"}
	code := b.platform.Login("zhang")
	if who, err := l.Who(t.Context(), code); err != nil || who != "zhang" {
		t.Errorf("got %q %v", who, err)
	}
	if who, err := l.Who(t.Context(), code); err == nil {
		t.Errorf("the code counts twice: %q", who)
	}
	u, err := url.Parse(l.URL("st&ate"))
	if err != nil || u.Query().Get("state") != "st&ate" || u.Query().Get("redirect_uri") != l.Redirect || u.Query().Get("appid") != corp {
		t.Errorf("sent to %s %v", u, err)
	}
}
