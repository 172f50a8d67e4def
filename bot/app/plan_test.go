package app

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"huiwen/knowledge"
	"huiwen/knowledge/versions"
	"huiwen/seeds"
)

// nextYear is the seed plan a year later, with another sum and without an item.
func nextYear(t *testing.T) string {
	t.Helper()
	data, err := seeds.Files.ReadFile("plan/2022年钟山区促进居民增收实施计划.txt")
	if err != nil {
		t.Fatal(err)
	}
	return strings.NewReplacer("2022年", "2023年", "(5000元)", "(8000元)", "2022—", "2023—").Replace(string(data))
}

// lightSeed is the seed with the similar questions of some measures only and no
// programmes: it loads in a part of the time.
func lightSeed(t *testing.T) knowledge.Edition {
	t.Helper()
	e, err := knowledge.ReadEdition(seeds.Files)
	if err != nil {
		t.Fatal(err)
	}
	for name := range e {
		if strings.HasPrefix(name, "programmes/") || strings.HasPrefix(name, "questions/") && name != "questions/29-42.yaml" {
			e = e.With(name, nil)
		}
	}
	return e
}

// TestRulesWithoutTheirSentenceAreListed: a changed plan tells, in the import, the
// diff and the publication, every sentence that a rule rests on and that is no
// more; the rule then judges nothing.
func TestRulesWithoutTheirSentenceAreListed(t *testing.T) {
	data := t.TempDir()
	seed := lightSeed(t)
	for _, name := range []string{"programmes/classes.yaml", "programmes/facts.yaml", "programmes/income.yaml"} {
		file, err := seeds.Files.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		seed = seed.With(name, file)
	}
	run := func(args ...string) string {
		t.Helper()
		got := runSeeded(t, seed, "", nil, append([]string{"--data", data}, args...)...)
		if got.code != 0 {
			t.Fatalf("%v: exit %d\n%s\n%s", args, got.code, got.out, got.err)
		}
		return got.out
	}
	const story = "我是退役军人，第一次开店，办执照一年半了，能领创业补贴吗"
	if before := run("ask", "--as-of", "2022-09-15", story); !strings.Contains(before, "初步符合") {
		t.Fatalf("before the change: %s", before)
	}
	plan, err := seeds.Files.ReadFile("plan/2022年钟山区促进居民增收实施计划.txt")
	if err != nil {
		t.Fatal(err)
	}
	file := writeFile(t, "changed.txt", strings.NewReplacer("正常经营1年以上", "正常经营2年以上", "(5000元)", "(6000元)").Replace(string(plan)))
	for _, out := range []string{run("plan", "import", file), run("plan", "diff"), run("plan", "publish")} {
		for _, gone := range []string{"停用  政策项目 startup-subsidy：原句“一次性创业补贴(5000元)”", "停用  政策项目 startup-subsidy：原句“且所办企业或个体工商户自工商登记注册之日起正常经营1年以上的”"} {
			if !strings.Contains(out, gone) {
				t.Errorf("%q is not in\n%s", gone, out)
			}
		}
		if n := strings.Count(out, "停用"); n != 2 {
			t.Errorf("%d things are off, want 2:\n%s", n, out)
		}
	}
	after := run("ask", "--as-of", "2022-09-15", story)
	for _, never := range []string{"初步符合", "5000元", "正常经营1年以上"} {
		if strings.Contains(after, never) {
			t.Errorf("after the change: %s", after)
		}
	}
	if check := runSeeded(t, seed, "", nil, "--data", data, "rules", "check"); check.code != 1 || !strings.Contains(check.out, "startup-subsidy          所引的原句不在计划里，已停用") {
		t.Errorf("rules check, exit %d: %s", check.code, check.out)
	}
}

var draftID = regexp.MustCompile(`草稿 ([a-z0-9]{6})`)

// TestAPlanFromFileToAnswer: import, correct, compare, replay, approve, publish
// and roll back by the command line, each plan for its year.
func TestAPlanFromFileToAnswer(t *testing.T) {
	data := t.TempDir()
	env := []string{"HUIWEN_PLAN_APPROVAL=true"}
	seed := lightSeed(t)
	run := func(code int, args ...string) outcome {
		t.Helper()
		got := runSeeded(t, seed, "", env, append([]string{"--data", data}, args...)...)
		if got.code != code {
			t.Fatalf("%v: exit %d, want %d\n%s\n%s", args, got.code, code, got.out, got.err)
		}
		return got
	}
	file := writeFile(t, "next.txt", nextYear(t))
	imported := run(0, "plan", "import", file)
	if !strings.Contains(imported.out, "63 项") || !strings.Contains(imported.out, "沿用") {
		t.Errorf("%s", imported.out)
	}
	id := draftID.FindStringSubmatch(imported.out)[1]
	run(2, "plan", "import", file, "--valid", "2023")
	run(1, "plan", "correct", "39", "groups", `["从没写过的人"]`)
	run(0, "plan", "correct", "39", "groups", `["高校毕业生"]`)
	var d versions.Diff
	if err := json.Unmarshal([]byte(run(0, "plan", "diff", id, "--json").out), &d); err != nil {
		t.Fatal(err)
	}
	found := false
	for _, c := range d.Plans[0].Changes {
		if c.New[0] == "39" {
			for _, f := range c.Fields {
				found = found || f.Field == "amounts" && strings.Contains(f.New, "8000元") && strings.Contains(f.Old, "5000元")
			}
		}
	}
	if !found {
		t.Errorf("the diff does not tell the other sum: %+v", d.Plans[0].Changes)
	}
	if text := run(0, "plan", "diff").out; !strings.Contains(text, "改动 第39项") || !strings.Contains(text, "+ 按照省、市相关奖补政策帮助其申报一次性创业补贴(8000元)") {
		t.Errorf("%s", text)
	}
	questions := writeFile(t, "q.jsonl", `{"id":"a","turns":["一次性创业补贴多少钱"],"as_of":"2022-09-15"}`+"\n"+`{"id":"b","turns":["一次性创业补贴多少钱"],"as_of":"2023-09-15"}`)
	if got := run(0, "plan", "replay", "--questions", questions); !strings.Contains(got.out, "问了 2 题，1 题回答相同，1 题不同") {
		t.Errorf("%s", got.out)
	}
	run(1, "plan", "publish")
	run(0, "admin", "create", "张编辑", "--role", "编辑")
	run(0, "admin", "create", "李签发", "--role", "签发")
	if got := run(2, "plan", "publish"); !strings.Contains(got.err, "--as") {
		t.Errorf("%s", got.err)
	}
	run(1, "plan", "approve", "--as", "张编辑")
	run(1, "plan", "publish", "--as", "李签发")
	run(0, "plan", "approve", "--as", "李签发")
	run(1, "plan", "publish", "--as", "张编辑")
	published := run(0, "plan", "publish", "--as", "李签发", "--why", "新年度")
	if !strings.Contains(published.out, "已发布第 1 次") || !strings.Contains(published.out, "2 份计划") {
		t.Errorf("%s", published.out)
	}
	for day, want := range map[string]string{"2022-09-15": "5000元", "2023-09-15": "8000元"} {
		if got := run(0, "ask", "--as-of", day, "一次性创业补贴多少钱"); !strings.Contains(got.out, want) || !strings.Contains(got.out, day[:4]+"年钟山区") {
			t.Errorf("on %s: %s", day, got.out)
		}
	}
	if got := run(0, "plan", "versions"); !strings.Contains(got.out, "李签发，李签发 批准：新年度") {
		t.Errorf("%s", got.out)
	}
	run(0, "plan", "rollback", "--as", "李签发", "--why", "有误")
	if got := run(0, "ask", "--as-of", "2023-09-15", "一次性创业补贴多少钱"); !strings.Contains(got.out, "5000元") || !strings.Contains(got.out, "年度已结束") {
		t.Errorf("after the way back: %s", got.out)
	}
}
