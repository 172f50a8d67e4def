package app

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"huiwen/bot/wecom/qyapi"
	"huiwen/knowledge/directory"
	"huiwen/knowledge/store"
	"huiwen/knowledge/store/storetest"
	"huiwen/scheduler/ledger"
	"huiwen/seeds"
)

// beside runs one command beside a running service, on its data and clock.
func beside(env []string, now func() time.Time, args ...string) outcome {
	var out, errs bytes.Buffer
	e := Environment{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs, Environ: func() []string { return env }, Now: now, share: sharedSnapshot, Getenv: func(k string) string {
		for _, v := range env {
			if name, value, _ := strings.Cut(v, "="); name == k {
				return value
			}
		}
		return ""
	}}
	code := Run(context.Background(), args, e)
	return outcome{code, out.String(), errs.String()}
}

// command runs one command that must go well beside the running service.
func (s *stage) command(args ...string) string {
	s.t.Helper()
	got := beside(s.env, s.now, args...)
	if got.code != 0 {
		s.t.Fatalf("%v ended with %d: %s", args, got.code, got.err)
	}
	return got.out
}

// staffed puts people into the directory of the running service.
func (s *stage) staffed(people ...directory.Person) {
	s.t.Helper()
	dir := ""
	for _, v := range s.env {
		if d, ok := strings.CutPrefix(v, "HUIWEN_DATA="); ok {
			dir = d
		}
	}
	file, err := store.OpenFile(s.t.Context(), dir, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	defer file.Close()
	d, err := directory.Seed(seeds.Files)
	if err != nil {
		s.t.Fatal(err)
	}
	d.People = people
	if err := file.Update(s.t.Context(), directory.Scope, func(tx store.Tx) error { return directory.Save(tx, d) }); err != nil {
		s.t.Fatal(err)
	}
}

// await waits for a message to a person that holds all of the words: what is long
// comes as a text and a card.
func (s *stage) await(who string, words ...string) {
	s.t.Helper()
	storetest.Until(s.t, who+" is shown "+strings.Join(words, " "), func() bool {
		return slices.ContainsFunc(s.shownTo(who), func(m qyapi.Shown) bool {
			return !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(m.Title+m.Text, w) })
		})
	})
}

// TestDutiesEndToEnd: armed and released on the command line, a bureau hears on its
// phone, receives with a button's words, reports and applies; the office closes.
func TestDutiesEndToEnd(t *testing.T) {
	s := play(t)
	person := func(name, bureau string, role directory.Role) directory.Person {
		return directory.Person{Name: name, Bureau: bureau, Roles: []directory.Role{role}, Accounts: []directory.Account{{Channel: "wecom/staff", User: name}}}
	}
	s.staffed(person("zhang", "区残联", directory.Liaison), person("li", "区发展改革局", directory.Office))
	s.command("admin", "create", "李办", "--role", "办公室")
	s.command("admin", "create", "张编辑", "--role", "管理员,编辑")
	s.command("admin", "create", "赵审计", "--role", "审计管理员")
	for _, c := range []struct {
		code int
		want string
		args []string
	}{
		{2, "--as", []string{"plan", "arm", "--day", "2022-09-15"}},
		{1, "办公室", []string{"plan", "arm", "--day", "2022-09-15", "--as", "张编辑"}},
		{1, "王五", []string{"plan", "arm", "--day", "2022-09-15", "--as", "王五"}},
		{1, "办公室", []string{"plan", "arm", "--off", "--as", "张编辑"}},
		{1, "办公室", []string{"remind", "release", "--yes", "--as", "张编辑"}},
	} {
		if got := beside(s.env, s.now, c.args...); got.code != c.code || !strings.Contains(got.err, c.want) {
			t.Errorf("%v: %+v", c.args, got)
		}
	}
	if out := s.command("plan", "arm", "--as", "李办", "--day", "2022-09-15"); !strings.Contains(out, "什么也没有发") || !strings.Contains(out, "区残联") {
		t.Fatalf("arming says %s", out)
	}
	if len(s.platform.Shown()) > 0 {
		t.Fatal("arming sends")
	}
	if out := s.command("remind", "status"); !strings.Contains(out, "已扣住") {
		t.Errorf("status %s", out)
	}
	s.command("remind", "release", "--yes", "--as", "李办", "--only", "区残联,区纪委区监委")
	s.wound.Add(int64(31 * time.Minute)) // past the noon's rest
	for _, l := range []string{
		"< staff/zhang: 交办 | 第25项 | 第46项 | 签收 全部",
		"> staff/zhang: 签收 全部",
		"< staff/zhang: 已签收第25项 | 已签收第46项 | 十分钟内",
		"> staff/zhang: 进展 46 已发放到八月",
		"< staff/zhang: 第46项 | 已发放到八月",
		"> staff/zhang: 申请办结 46 全年已发完",
		"< staff/zhang: 已申请办结",
		"< staff/li: 区纪委区监委",
		"> staff/li: 待审",
		"< staff/li: 第46项 | 全年已发完",
		"> staff/li: 同意 46",
		"< staff/li: 已销号",
		"> staff/zhang: 我的任务",
		"< staff/zhang: 在办1条 | 已销号1",
		"> staff/wu: 签收 46",
		"< staff/wu: 通讯录里还没有您的账号",
	} {
		if who, words, ok := strings.Cut(strings.TrimPrefix(l, "< "), ": "); ok && l[0] == '<' {
			s.await(who, strings.Split(words, " | ")...)
		} else if err := s.line(l); err != nil {
			t.Fatalf("%s: %v\n%s", l, err, s.log)
		}
	}
	trail := s.command("audit", "show", "--as", "赵审计", "--last", "500")
	for _, want := range []string{"李办  remind.arm", "李办  remind.release", "zhang  duty.apply", "li  duty.close"} {
		if !strings.Contains(trail, want) {
			t.Errorf("the audit does not hold %q:\n%s", want, trail)
		}
	}
	states := map[string]ledger.State{}
	for line := range strings.Lines(s.command("duties", "--json", "--bureau", "区残联", "--as-of", "2022-09-15")) {
		var e ledger.Entry
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		states[e.ID] = e.State
	}
	if states["46/0"] != ledger.Closed || states["25/0"] != ledger.Doing {
		t.Errorf("the ledger holds %v", states)
	}
}
