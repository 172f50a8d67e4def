package app

import (
	"maps"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"huiwen/bot/dingtalk/openapi"
	"huiwen/bot/wecom/qyapi"
	"huiwen/knowledge/directory"
	"huiwen/knowledge/store"
	"huiwen/knowledge/store/storetest"
	"huiwen/seeds"
)

// saveDirectory puts a changed seed directory into the store of a running service.
func saveDirectory(t testing.TB, env []string, change func(d *directory.Directory)) {
	t.Helper()
	dir := ""
	for _, v := range env {
		if d, ok := strings.CutPrefix(v, "HUIWEN_DATA="); ok {
			dir = d
		}
	}
	file, err := store.OpenFile(t.Context(), dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	d, err := directory.Seed(seeds.Files)
	if err != nil {
		t.Fatal(err)
	}
	change(d)
	if err := file.Update(t.Context(), directory.Scope, func(tx store.Tx) error { return directory.Save(tx, d) }); err != nil {
		t.Fatal(err)
	}
}

// TestNoticesByDingTalkAndRobots: an armed plan reaches the bureaus by 钉钉's cards,
// by work notices where the robot reaches nobody, by group robots of both platforms
// in the order of the directory; who presses acts with his own rights; what nobody
// gets goes to the office; the ledger tells how far each got.
func TestNoticesByDingTalkAndRobots(t *testing.T) {
	wecom := qyapi.New(qyapi.Options{Now: time.Now, CorpID: "wwcorp", Robots: map[string]string{"robot-key-value": "教育群", "other-key-value": "司法群"}})
	api := httptest.NewServer(wecom)
	t.Cleanup(api.Close)
	s := playDing(t, "HUIWEN_WECOM_BASE_URL="+api.URL,
		"HUIWEN_WECOM_ROBOTS_0_NAME=edu", "HUIWEN_WECOM_ROBOTS_0_KEY=robot-key-value",
		"HUIWEN_WECOM_ROBOTS_1_NAME=gone", "HUIWEN_WECOM_ROBOTS_1_KEY=no-such-key")
	run := func(args ...string) string {
		t.Helper()
		got := beside(s.env, s.now, args...)
		if got.code != 0 {
			t.Fatalf("%v: %+v", args, got)
		}
		return got.out
	}
	saveDirectory(t, s.env, func(d *directory.Directory) {
		person := func(name, bureau string, roles ...directory.Role) {
			d.People = append(d.People, directory.Person{Name: name, Bureau: bureau, Roles: roles, Accounts: []directory.Account{{Channel: "dingtalk", User: name}}})
		}
		person("zhang", "区残联", directory.Liaison)
		person("zhou", "区残联", directory.Liaison)
		person("wang", "区民政局", directory.Liaison)
		person("cai", "区财政局", directory.Liaison)
		person("lost", "区统计局", directory.Liaison)
		person("ban", "区发展改革局", directory.Office)
		robots := func(bureau string, list ...directory.Robot) {
			b, ok := d.Bureau(bureau)
			if !ok {
				t.Fatal(bureau)
			}
			b.Robots = list
			for _, r := range list {
				b.Order = append(b.Order, r.Channel)
			}
		}
		robots("区教育局", directory.Robot{Channel: "wecom-robot", Name: "edu"}, directory.Robot{Channel: "dingtalk-robot", Name: "office"})
		robots("区商务局", directory.Robot{Channel: "wecom-robot", Name: "gone"}, directory.Robot{Channel: "dingtalk-robot", Name: "office"})
	})
	p := s.platform
	p.Leave("wang", "invalid", 2)                                                   // neither card nor robot reaches him: the work notice does
	p.Leave("lost", "invalid", 99)                                                  // nothing does
	p.FailNext("/v1.0/card/instances/createAndDeliver", openapi.Failure{Cut: true}) // one answer is lost
	run("plan", "arm", "--day", "2022-09-15")
	run("remind", "release", "--yes", "--only", "区残联,区民政局,区财政局,区统计局,区教育局,区商务局,区纪委区监委")
	if n := len(p.Shown()); n > 0 {
		t.Fatalf("%d messages at noon", n)
	}
	s.wound.Add(int64(3 * time.Hour)) // past the noon's rest
	find := func(what string, ok func(m openapi.Shown) bool) (found openapi.Shown) {
		t.Helper()
		storetest.Until(t, what, func() bool {
			list := p.Shown()
			i := slices.IndexFunc(list, ok)
			if i >= 0 {
				found = list[i]
			}
			return i >= 0
		})
		return found
	}
	card := func(who string) openapi.Shown {
		t.Helper()
		return find(who+" gets a card", func(m openapi.Shown) bool { return m.Via == "card" && slices.Equal(m.To, []string{who}) })
	}
	zhang, zhou, cai := card("zhang"), card("zhou"), card("cai")
	if zhang.Track == zhou.Track || zhang.Params["number"] != zhou.Params["number"] {
		t.Errorf("the cards of one notice: %s %s, %s %s", zhang.Track, zhang.Params["number"], zhou.Track, zhou.Params["number"])
	}
	if !strings.Contains(zhang.Text, "第46项") || zhang.Params["say1"] != "签收 全部" {
		t.Errorf("the card %v", zhang.Params)
	}
	if words := find("the whole of a long notice", func(m openapi.Shown) bool { return m.Via == "batch" && slices.Equal(m.To, []string{"cai"}) }); !strings.Contains(words.Text, "第58项") || cai.Params["say1"] != "签收 全部" {
		t.Errorf("a long notice: %s", words.Text)
	}
	find("wang gets a work notice", func(m openapi.Shown) bool {
		return m.Via == "notice" && slices.Contains(m.To, "wang") && strings.Contains(m.Text, "区民政局")
	})
	find("a custom robot tells the group", func(m openapi.Shown) bool { return m.Via == "robot" && strings.Contains(m.Text, "区商务局") })
	storetest.Until(t, "a group robot tells the group", func() bool {
		return slices.ContainsFunc(wecom.Shown(), func(m qyapi.Shown) bool { return strings.Contains(m.Text, "区教育局") })
	})
	// what nobody gets goes to the office, with what is the office's by rule
	for _, want := range []string{"区统计局（各通道都没有送达）", "区纪委区监委（党群、纪检单位的任务只送办公室）"} {
		find("the office is told of "+want, func(m openapi.Shown) bool { return slices.Contains(m.To, "ban") && strings.Contains(m.Text, want) })
	}
	// who presses acts as himself, whoever's card it is
	p.Press(zhang.Track, "stranger", 1, openapi.InContent)
	find("a stranger is refused", func(m openapi.Shown) bool {
		return slices.Contains(m.To, "stranger") && strings.Contains(m.Text, "通讯录里还没有您的账号")
	})
	p.Press(zhang.Track, "zhang", 1, openapi.InContent)
	find("the card shows what is now true", func(m openapi.Shown) bool {
		return m.Via == "update" && m.Track == zhang.Track && strings.Contains(m.Text, "已签收第46项")
	})
	p.Press(zhou.Track, "wang", 1, openapi.InContent)
	storetest.Until(t, "wang's own duties are received", func() bool {
		return !strings.Contains(run("duties", "--bureau", "区民政局", "--as-of", "2022-09-15"), "待签收")
	})
	for bureau, waiting := range map[string]bool{"区残联": false, "区财政局": true} {
		if got := strings.Contains(run("duties", "--bureau", bureau, "--as-of", "2022-09-15"), "待签收"); got != waiting {
			t.Errorf("%s waits to be received: %v, want %v", bureau, got, waiting)
		}
	}
	// the lost answer is tried again after a minute
	s.wound.Add(int64(2 * time.Minute))
	storetest.Until(t, "nothing is uncertain any more", func() bool { return !strings.Contains(run("remind", "sent"), "  结果不明") })
	sent := run("remind", "sent")
	for _, want := range []string{
		"zhang  dingtalk  已收到", "wang  dingtalk-notice  已收到", "cai  dingtalk  已发", "lost  dingtalk-notice  未送达",
		"群机器人  wecom-robot  已发", "群机器人  dingtalk-robot  已发", "ban  dingtalk  已发", "1次结果不明",
	} {
		if !strings.Contains(sent, want) {
			t.Errorf("the ledger does not tell %q:\n%s", want, sent)
		}
	}
	told := map[string]int{}
	for _, m := range p.Shown() {
		if m.Via != "update" && strings.Contains(m.Text, "：您单位有以下任务") {
			told[m.Via+" "+strings.Join(m.To, ",")]++
		}
	}
	if want := map[string]int{"card zhang": 1, "card zhou": 1, "batch cai": 1, "card cai": 1, "notice wang": 1, "robot ": 1}; !maps.Equal(told, want) {
		t.Errorf("told %v, want %v", told, want)
	}
}
