package app

import (
	"cmp"
	"crypto/rand"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"huiwen/bot"
	"huiwen/bot/dingtalk/openapi"
	"huiwen/handlers/admin"
	"huiwen/knowledge/account"
	"huiwen/knowledge/calendar"
	"huiwen/knowledge/store"
	"huiwen/scheduler/ledger"
)

// A twin is the command that does what a form of the pages does.
type twin struct {
	form    string // the path that the form is sent to
	command string // words parted by spaces; {draft} is the latest draft
	stdin   string
	audit   string // what the audit calls it
	// machine marks accounts: who has the machine has them all, so that nobody is
	// locked out; such commands take no --as.
	machine bool
	// by is who does it, the first of the form's roles when "".
	by account.Role
}

// twins are told in an order in which they can be done one after the other.
var twins = []twin{
	{form: "/admin/accounts", command: "admin create 李四 --role editor", audit: "account.create", machine: true},
	{form: "/admin/accounts/roles", command: "admin roles 李四 --role reviewer,issuer", audit: "account.roles", machine: true},
	{form: "/admin/accounts/invite", command: "admin invite 李四", audit: "account.invite", machine: true},
	{form: "/admin/accounts/unlock", command: "admin unlock 李四", audit: "account.unlock", machine: true},
	{form: "/admin/accounts/second", command: "admin second 李四", audit: "account.second.drop", machine: true},
	{form: "/admin/accounts/link", command: "admin link 李四 --channel dingtalk --user lisi", audit: "account.link", machine: true},
	{form: "/admin/accounts/disable", command: "admin disable 李四", audit: "account.disable", machine: true},

	{form: "/admin/plans/import", command: "plan import {file}", audit: "plan.draft"},
	{form: "/admin/drafts/{id}/correct", command: "plan correct --draft {draft} 39 groups [\"高校毕业生\"]", audit: "plan.draft"},
	{form: "/admin/documents/import", command: "plan import {beside} --document 办法甲 --kind 办法 --draft {draft} --disclosure 公开 --issued 2022-06-01 --valid 2022-06-01..2023-12-31", audit: "plan.draft"},
	{form: "/admin/documents/change", command: "plan confirm {doc} --draft {draft}", audit: "plan.draft"},
	{form: "/admin/documents/change", command: "plan remove {doc} --draft {draft}", audit: "plan.draft"},
	{form: "/admin/documents/entry", command: "words faq 周末上班吗 不上班 --source 办公室 --draft {draft}", audit: "plan.draft"},
	{form: "/admin/documents/drop", command: "words drop faq 周末上班吗 --draft {draft}", audit: "plan.draft"},
	{form: "/admin/cards", command: "cards set 创业补贴 --measure 39 --phone 8888 --paper 身份证，户口本 --source 人社局 --expires 2023-01-01 --verify --draft {draft}", audit: "plan.draft"},
	{form: "/admin/cards/drop", command: "cards drop 创业补贴 --draft {draft}", audit: "plan.draft"},
	{form: "/admin/words/add", command: "words similar 39 盘个铺子有没有钱拿 --draft {draft}", audit: "plan.draft"},
	{form: "/admin/words/drop", command: "words drop similar 39 盘个铺子有没有钱拿 --draft {draft}", audit: "plan.draft"},
	{form: "/admin/drafts/{id}/approve", command: "plan approve {draft}", audit: "plan.approve", by: account.Issuer},
	{form: "/admin/drafts/{id}/publish", command: "plan publish {draft}", audit: "plan.publish"},
	{form: "/admin/words/add", command: "words similar 39 盘个铺子有没有钱拿", audit: "plan.draft"},
	{form: "/admin/plans/rollback", command: "plan rollback", audit: "plan.rollback"},
	{form: "/admin/drafts/{id}/rebase", command: "plan rebase {draft}", audit: "plan.draft"},
	{form: "/admin/drafts/{id}/discard", command: "plan discard {draft}", audit: "plan.discard"},

	{form: "/admin/ledger/act", command: "ledger act 销号 4/1 --bureau 区民政局", audit: "duty.close"},
	{form: "/admin/ledger/undo", command: "ledger undo --bureau 区民政局", audit: "duty.undo"},
	{form: "/admin/ledger/act", command: "ledger act move 4/1 --bureau 区民政局 --due 2022-12-30 --why 通知", audit: "duty.move"},
	{form: "/admin/ledger/give", command: "ledger split 4/1 --bureau 区民政局 --shares - --why 分解表", stdin: "区教育局｜查清底数｜｜2022-12-20\n", audit: "duty.split"},
	{form: "/admin/ledger/give", command: "ledger handover 4/1 --bureau 区民政局 --to 区残联 --why 三定方案", audit: "duty.handover"},
	{form: "/admin/urge", command: "ledger urge 区司法局", audit: "duty.urge"},

	{form: "/admin/arming/arm", command: "plan arm --day 2022-09-15", audit: "remind.arm"},
	{form: "/admin/arming/release", command: "remind release --yes", audit: "remind.release"},
	{form: "/admin/arming/pause", command: "remind pause 区教育局 --until 2022-09-30 --why 机构调整", audit: "remind.pause"},
	{form: "/admin/arming/resume", command: "remind resume {pause}", audit: "remind.resume"},
	{form: "/admin/arming/disarm", command: "plan arm --off --why 换计划", audit: "remind.disarm"},

	{form: "/admin/directory", command: "directory import {directory}", audit: "directory.save"},
	{form: "/admin/directory/person", command: "directory person 区教育局 王五 --role 联络员 --account dingtalk=ww,wecom/staff=ww", audit: "directory.person"},
	{form: "/admin/channels/trial", command: "channel trial dingtalk ww 收到请回", audit: "channel.trial"},
	{form: "/admin/directory/person/remove", command: "directory remove 区教育局 王五", audit: "directory.person.remove"},
	{form: "/admin/directory/bureau", command: "directory bureau 区教育局 --alias 教育口 --office-only yes", audit: "directory.bureau"},
	{form: "/admin/directory/successor", command: "directory successor 区教育局 区教育体育局 --from 2022-09-01 --basis 三定方案", audit: "directory.successor"},
	{form: "/admin/calendar", command: "calendar set 2027 --off 2027-01-01..2027-01-03 --source 国办发明电", audit: "calendar.save"},
	{form: "/admin/channels/pause", command: "channel pause page --reason 正在核对", audit: "channel.pause"},
	{form: "/admin/channels/resume", command: "channel resume page", audit: "channel.resume"},
}

// TestEveryFormHasItsCommand does by the command line all that the pages can do: as
// every role that may not it is refused, as one that may it is done and audited.
func TestEveryFormHasItsCommand(t *testing.T) {
	acts := map[string]admin.Act{}
	for _, a := range admin.Acts() {
		acts[a.Path] = a
		if !slices.ContainsFunc(twins, func(w twin) bool { return w.form == a.Path }) {
			t.Errorf("no command does what the form %s does: add one, and its line here", a.Path)
		}
	}
	data := t.TempDir()
	prepareTwins(t, data)
	ding := openapi.New(time.Now)
	ding.RobotCode = "robot"
	at := httptest.NewServer(ding)
	t.Cleanup(at.Close)
	t.Cleanup(ding.Close)
	env := []string{"HUIWEN_DATA=" + data, "HUIWEN_DINGTALK_API_URL=" + at.URL, "HUIWEN_DINGTALK_OAPI_URL=" + at.URL, "HUIWEN_DINGTALK_CLIENT_ID=app", "HUIWEN_DINGTALK_CLIENT_SECRET=secret", "HUIWEN_DINGTALK_ROBOT_CODE=robot"}
	seed := lightSeed(t)
	beside := filepath.Join(t.TempDir(), "办法.txt")
	if err := os.WriteFile(beside, []byte("某办法\n一、对首次创业满一年的，给予一次性创业补贴3000元。\n二、窗口当场受理。\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	shown := runSeeded(t, seed, "", env, "directory", "show")
	known := map[string]string{"{file}": writeFile(t, "next.txt", nextYear(t)), "{beside}": beside, "{directory}": writeFile(t, "people.yaml", shown.out)}
	for _, w := range twins {
		a, ok := acts[w.form]
		if !ok {
			t.Errorf("%s: no such form", w.form)
			continue
		}
		var args []string
		for _, f := range strings.Fields(w.command) {
			if v, ok := known[f]; ok {
				f = v
			}
			args = append(args, f)
		}
		run := func(role account.Role) outcome {
			if w.machine {
				return runSeeded(t, seed, w.stdin, env, args...)
			}
			return runSeeded(t, seed, w.stdin, env, append(args, "--as", "人"+string(role))...)
		}
		before := audited(t, seed, env)
		for _, role := range account.Roles {
			if w.machine || slices.Contains(a.Roles, role) {
				continue
			}
			if got := run(role); got.code != 1 || !strings.Contains(got.err, "没有这项权限") {
				t.Errorf("%s as %s: exit %d, %q", w.command, role, got.code, got.err)
			}
		}
		if now := audited(t, seed, env); now != before {
			t.Errorf("%s: who was refused left %q", w.command, strings.TrimPrefix(now, before))
		}
		got := run(cmp.Or(w.by, a.Roles[0]))
		if got.code != 0 {
			t.Fatalf("%s: exit %d\n%s%s", strings.Join(args, " "), got.code, got.out, got.err)
		}
		if now := audited(t, seed, env); !strings.Contains(" "+strings.TrimPrefix(now, before), " "+w.audit+" ") {
			t.Errorf("%s: the audit says %q, not %s", w.command, strings.TrimPrefix(now, before), w.audit)
		}
		if m := draftID.FindStringSubmatch(got.out); m != nil {
			known["{draft}"] = m[1]
		}
		if strings.HasPrefix(w.command, "plan import {beside}") {
			known["{doc}"], _, _ = strings.Cut(strings.TrimSpace(got.out), " ")
		}
		if _, id, ok := strings.Cut(got.out, "remind resume "); ok {
			known["{pause}"] = strings.TrimSpace(id)
		}
	}
}

// prepareTwins makes an account of every role, and two duties.
func prepareTwins(t *testing.T, data string) {
	t.Helper()
	s, err := store.OpenFile(t.Context(), data, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	k := account.NewKeeper(account.Options{Store: s, Random: rand.Reader})
	for _, r := range account.Roles {
		if err := k.Create(t.Context(), "人"+string(r), []account.Role{r}, "系统"); err != nil {
			t.Fatal(err)
		}
	}
	day := func(s string) calendar.Day {
		d, err := calendar.Parse(s)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	for bureau, due := range map[string]string{"区民政局": "2022-12-31", "区司法局": "2022-07-31"} {
		err := s.Update(t.Context(), ledger.Scope(bureau), func(tx store.Tx) error {
			return ledger.Add(tx, ledger.Entry{Plan: "2022", State: ledger.Waiting, Duty: ledger.Duty{ID: "4/1", No: "4", Label: "第4项", Bureau: bureau, First: true, What: "办好一件事", Due: day(due), Rule: "年底前"}})
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	at := time.Date(2022, 9, 15, 11, 0, 0, 0, calendar.Zone)
	by := ledger.Actor{Person: "联络员", Bureau: "区民政局", Roles: []bot.Role{bot.Liaison}}
	out, err := ledger.NewBook(s, nil).Do(t.Context(), ledger.Order{ID: "m1", At: at, By: by, Verb: ledger.ApplyEnd, Plan: "2022", Bureau: "区民政局", Duties: []string{"4/1"}, Text: "办完了"})
	if err != nil || out.Refused != "" {
		t.Fatal(err, out.Refused)
	}
}

// audited are the acts that the audit tells, in order.
func audited(t *testing.T, seed map[string][]byte, env []string) string {
	t.Helper()
	got := runSeeded(t, seed, "", env, "audit", "show", "--last", "1000", "--as", "人auditor")
	if got.code != 0 {
		t.Fatalf("audit show: %d %s", got.code, got.err)
	}
	out := " "
	for line := range strings.Lines(got.out) {
		if f := strings.Split(strings.TrimSpace(line), "  "); len(f) > 3 {
			out += f[3] + " "
		}
	}
	return out
}
