package app

import (
	"log/slog"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"huiwen/bot/dingtalk/openapi"
	"huiwen/knowledge/store"
)

// TestScansComeBackToTheConfiguredHost: both platforms are sent to one fixed address
// of admin.url, and without it nobody scans.
func TestScansComeBackToTheConfiguredHost(t *testing.T) {
	s, err := store.OpenFile(t.Context(), t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ding := openapi.New(time.Now)
	ding.ClientID, ding.Secret, ding.CorpID = "app", "secret", "corp"
	at := httptest.NewServer(ding)
	defer at.Close()
	defer ding.Close()
	c := &call{Environment: Environment{Now: time.Now}, config: defaults(), log: slog.New(slog.DiscardHandler)}
	c.config.WeCom.Apps = []WeComApp{{Name: "desk", CorpID: "ww", AgentID: "218", Secret: "s"}}
	c.config.DingTalk.APIURL, c.config.DingTalk.OAPIURL, c.config.DingTalk.ClientID, c.config.DingTalk.ClientSecret, c.config.DingTalk.CorpID = at.URL, at.URL, "app", "secret", "corp"
	if list, err := newScanners(c, s); err != nil || len(list) != 0 {
		t.Errorf("without admin.url: %v %v", list, err)
	}
	c.config.Admin.URL = "https://gov.example/"
	list, err := newScanners(c, s)
	if err != nil || len(list) != 2 {
		t.Fatalf("%v %v", list, err)
	}
	for i, host := range []string{"login.work.weixin.qq.com", "login.dingtalk.com"} {
		u, err := url.Parse(list[i].URL("state"))
		if err != nil || u.Scheme != "https" || u.Host != host || u.Query().Get("redirect_uri") != "https://gov.example/admin/scanned" {
			t.Errorf("%s: sent to %v %v", list[i].Name(), u, err)
		}
	}
	if who, err := list[1].Who(t.Context(), ding.Login(openapi.Scan{User: "zhang"})); err != nil || who != "zhang" {
		t.Errorf("who scanned: %q %v", who, err)
	}
}
