package app

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"huiwen/bot/post"
	"huiwen/handlers"
	"huiwen/knowledge"
	"huiwen/knowledge/account"
	"huiwen/knowledge/plan"
	"huiwen/knowledge/plan/document"
	"huiwen/knowledge/store"
	"huiwen/knowledge/versions"
	"huiwen/seeds"
)

// Plan is how plans are published.
type Plan struct {
	Approval bool `yaml:"approval"` // another person approves a draft before it is published
}

// planCommands are the subcommands of plan, in the order of the help.
var planCommands = []struct {
	name, args, about string
	run               func(ctx context.Context, c *call) error
}{
	{"inspect", "FILE [--json]", "看一份文件读成了什么", inspect},
	{"import", "FILE [--draft ID] [--replace ID|--beside] [--valid A..B] [--disclosure 公开] [--issued D]", "导入计划，生成草稿", planImport},
	{"import", "FILE --document 名字 [--kind 办法|指南] [--order N] …", "导入计划以外的文件：办法、指南，或问答、办事信息卡的 YAML", planImport},
	{"documents", "[--draft ID]", "列出计划以外的文件", planDocuments},
	{"confirm", "文件名 [--draft ID]", "确认这份文件（或计划）的数额是现行的", planConfirm},
	{"remove", "文件名 [--draft ID]", "移除一份文件", planRemove},
	{"correct", "[--draft ID] [第几项] 字段 值(JSON)", "手工更正读错的字段", planCorrect},
	{"drafts", "", "列出草稿", planDrafts},
	{"diff", "[ID] [--json]", "草稿与它所依据的版本相比改了什么", planDiff},
	{"replay", "[ID] [--questions FILE] [--recent N] [--json]", "同样的问题，新旧两版的回答有什么不同", planReplay},
	{"approve", "[ID] [--hash H]", "批准草稿（不能批准自己改过的）", planApprove},
	{"publish", "[ID] [--why 理由]", "发布草稿", planPublish},
	{"rollback", "[第几次发布] [--why 理由]", "退回以前的版本", planRollback},
	{"versions", "[--json]", "列出各次发布", planVersions},
	{"arm", "[--day D] [--trial] [--off]", "让已发布的计划开始提醒，或停止", arm},
	{"rebase", "[ID]", "把草稿移到现在发布的版本上", planRebase},
	{"discard", "ID", "放弃草稿", planDiscard},
}

// planCommand runs a subcommand of plan.
func planCommand(ctx context.Context, c *call) error {
	if len(c.args) > 0 {
		for _, p := range planCommands {
			if p.name == c.args[0] {
				c.args = c.args[1:]
				return p.run(ctx, c)
			}
		}
	}
	var b strings.Builder
	for _, p := range planCommands {
		fmt.Fprintf(&b, "\n  plan %s %s\n      %s", p.name, p.args, p.about)
	}
	return usagef("plan 后面要写其中一个：%s\n改动都可加 --as 姓名 和 --why 理由", b.String())
}

// A planDesk is a writing command at work: the library, who acts and why.
type planDesk struct {
	*versions.Library
	store store.Store
	act   versions.Act
}

// actFlags are the flags of every command that changes something.
type actFlags struct{ as, why string }

func (a *actFlags) define(fs *flag.FlagSet) {
	fs.StringVar(&a.as, "as", "", "")
	fs.StringVar(&a.why, "why", "", "")
}

// The roles that may change a draft, approve one, publish one.
var (
	mayEdit    = []account.Role{account.Admin, account.Editor}
	mayApprove = []account.Role{account.Admin, account.Reviewer, account.Issuer}
	mayPublish = []account.Role{account.Admin, account.Issuer}
)

// openDesk opens the store for a person who may act.
func (c *call) openDesk(ctx context.Context, f actFlags, roles ...account.Role) (*planDesk, error) {
	s, err := openStore(ctx, c.config)
	if err != nil {
		return nil, err
	}
	act, err := whoActs(ctx, s, f, roles...)
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	e, err := c.newEngine()
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	l, err := c.library(s, e)
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return &planDesk{l, s, act}, nil
}

func (d *planDesk) Close() error { return d.store.Close() }

// library is the versions of the store, for the commands and the pages alike.
func (c *call) library(s store.Store, e *engine) (*versions.Library, error) {
	seed, err := c.seedEdition()
	if err != nil {
		return nil, err
	}
	return &versions.Library{Store: s, Seed: seed, Load: e.load, Text: documentText, Approval: c.config.Plan.Approval}, nil
}

// whoActs is the account that acts, or the command line of the machine while
// there never was an account. It refuses an account without any of the roles.
func whoActs(ctx context.Context, s store.Store, f actFlags, roles ...account.Role) (versions.Act, error) {
	if len(roles) == 0 { // nothing is changed
		return versions.Act{Who: operator()}, nil
	}
	return store.View(ctx, s, account.Scope, func(tx store.Tx) (versions.Act, error) {
		act := versions.Act{Who: operator(), Why: f.why}
		ever, err := account.Ever(tx)
		switch {
		case err != nil:
			return act, err
		case f.as == "" && !ever:
			return act, nil
		case f.as == "":
			return act, usagef("已经有账号了，请用 --as 姓名 写明是谁在操作")
		}
		a, err := account.Load(tx, f.as)
		if err != nil {
			return act, fmt.Errorf("--as %s：%w", f.as, err)
		}
		if !a.Has(roles...) {
			var names []string
			for _, r := range roles {
				names = append(names, r.String())
			}
			return act, fmt.Errorf("%s 没有这项权限，要有 %s 角色", f.as, strings.Join(names, "、"))
		}
		act.Who = a.Name
		return act, nil
	})
}

// readUpload reads a file to import, within bounds.
func readUpload(name string) (versions.Upload, error) {
	info, err := os.Stat(name)
	if err != nil {
		return versions.Upload{}, fmt.Errorf("打不开文件：%w", err)
	}
	if info.IsDir() {
		return versions.Upload{}, fmt.Errorf("%s 是文件夹，请给一个文件", name)
	}
	if info.Size() > document.MaxFile {
		return versions.Upload{}, fmt.Errorf("%s：%w", name, document.ErrTooLarge)
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return versions.Upload{}, fmt.Errorf("打不开文件：%w", err)
	}
	return versions.Upload{Name: filepath.Base(name), Data: data}, nil
}

// days reads 2022-01-01..2022-12-31; either end may be left out.
func days(s string) (plan.Span, error) {
	if s == "" {
		return plan.Span{}, nil
	}
	from, to, ok := strings.Cut(s, "..")
	if !ok {
		return plan.Span{}, usagef("有效期 %q 要写成 2022-01-01..2022-12-31", s)
	}
	return plan.Span{From: from, To: to}, nil
}

func planImport(ctx context.Context, c *call) error {
	var f actFlags
	var draft, valid string
	var u versions.Upload
	var b versions.Beside
	asJSON := false
	rest, err := c.flags("plan import", func(fs *flag.FlagSet) {
		f.define(fs)
		fs.StringVar(&draft, "draft", "", "")
		fs.StringVar(&valid, "valid", "", "")
		fs.StringVar(&valid, "validity", "", "")
		fs.StringVar(&b.ID, "document", "", "")
		fs.StringVar(&b.Kind, "kind", "", "")
		fs.StringVar(&b.Title, "title", "", "")
		fs.StringVar(&b.Source, "source", "", "")
		fs.IntVar(&b.Order, "order", 0, "")
		fs.StringVar(&u.Replace, "replace", "", "")
		fs.BoolVar(&u.Beside, "beside", false, "")
		fs.StringVar(&u.Disclosure, "disclosure", "", "")
		fs.StringVar(&u.Issued, "issued", "", "")
		fs.BoolVar(&asJSON, "json", false, "")
	})
	if err != nil {
		return err
	}
	if len(rest) != 1 {
		return usagef("plan import 要写一个文件名")
	}
	if u.Valid, err = days(valid); err != nil {
		return err
	}
	file, err := readUpload(rest[0])
	if err != nil {
		return err
	}
	u.Name, u.Data = file.Name, file.Data
	desk, err := c.openDesk(ctx, f, mayEdit...)
	if err != nil {
		return err
	}
	defer desk.Close()
	if b.ID != "" {
		b.Upload = u
		return desk.importDocument(ctx, c, draft, b)
	}
	d, r, err := desk.Import(ctx, draft, u, desk.act)
	if err != nil {
		return err
	}
	if asJSON {
		return printJSON(c.Stdout, map[string]any{"draft": d, "report": r})
	}
	report(c.Stdout, r.Plan)
	fmt.Fprintln(c.Stdout)
	switch {
	case r.Instead != "":
		fmt.Fprintf(c.Stdout, "替换计划 %s\n", r.ID)
	case r.After != "":
		fmt.Fprintf(c.Stdout, "新增计划 %s，与 %s 并存，各管各的年度\n", r.ID, r.After)
	}
	printGone(c.Stdout, r.Gone, r.Carried)
	fmt.Fprintf(c.Stdout, "草稿 %s（%s）。接着可以：plan diff %s、plan replay %s、plan publish %s\n", d.ID, d.Hash, d.ID, d.ID, d.ID)
	return nil
}

// goneWords are what rests on a sentence, as people read it.
var goneWords = map[string]string{"programme": "政策项目", "similar": "类似问法", "correction": "手工更正", "faq": "问答", "card": "办事信息卡"}

// maxListed bounds a list that people read; --json gives it whole.
const maxListed = 20

func printGone(w io.Writer, gone []knowledge.Gone, carried []knowledge.Carried) {
	for i, g := range gone {
		if i == maxListed {
			fmt.Fprintf(w, "停用  还有 %d 处，用 --json 看全部\n", len(gone)-i)
			break
		}
		fmt.Fprintf(w, "停用  %s %s：原句“%s”已不在《%s》里\n", goneWords[g.What], g.ID, clip(g.Quote, 40), g.Plan)
	}
	for i, x := range carried {
		if i == maxListed {
			fmt.Fprintf(w, "沿用  还有 %d 处，用 --json 看全部\n", len(carried)-i)
			break
		}
		fmt.Fprintf(w, "沿用  第%s项的类似问法：“%s”现为“%s”，请核对\n", x.Measure, clip(x.Quote, 30), clip(x.To, 40))
	}
}

func printJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// planCorrect sets one field by hand.
func planCorrect(ctx context.Context, c *call) error {
	var f actFlags
	var draft, plan string
	rest, err := c.flags("plan correct", func(fs *flag.FlagSet) {
		f.define(fs)
		fs.StringVar(&draft, "draft", "", "")
		fs.StringVar(&plan, "plan", "", "")
	})
	if err != nil {
		return err
	}
	var x knowledge.Correction
	switch len(rest) {
	case 2:
		x = knowledge.Correction{Plan: plan, Field: rest[0], Value: rest[1]}
	case 3:
		x = knowledge.Correction{Plan: plan, Measure: rest[0], Field: rest[1], Value: rest[2]}
	default:
		return usagef("plan correct 要写：第几项 字段 值，如 plan correct 39 groups '[\"农民工\"]'；更正计划本身的字段不写第几项")
	}
	desk, err := c.openDesk(ctx, f, mayEdit...)
	if err != nil {
		return err
	}
	defer desk.Close()
	if draft, err = desk.latest(ctx, draft); err != nil {
		return err
	}
	d, err := desk.Correct(ctx, draft, x, desk.act)
	if err != nil {
		return err
	}
	fmt.Fprintf(c.Stdout, "已更正，草稿 %s（%s）\n", d.ID, d.Hash)
	return nil
}

// latest is the draft that is meant when none is named: the latest made, "" for
// a new one when there is none.
func (d *planDesk) latest(ctx context.Context, id string) (string, error) {
	if id != "" {
		return id, nil
	}
	all, err := d.Drafts(ctx)
	if err != nil || len(all) == 0 {
		return "", err
	}
	return all[0].ID, nil
}

func planDrafts(ctx context.Context, c *call) error {
	if rest, err := c.flags("plan drafts", func(*flag.FlagSet) {}); err != nil || len(rest) > 0 {
		return errors.Join(err, tooMany("plan drafts", rest))
	}
	desk, err := c.openDesk(ctx, actFlags{})
	if err != nil {
		return err
	}
	defer desk.Close()
	all, err := desk.Drafts(ctx)
	if err != nil {
		return err
	}
	for _, d := range all {
		fmt.Fprintf(c.Stdout, "%s  依据第 %d 次发布  %s  %s\n", d.ID, d.Base, strings.Join(d.Editors, "、"), d.Hash)
		for _, s := range d.Steps {
			fmt.Fprintf(c.Stdout, "        %s\n", s)
		}
	}
	if len(all) == 0 {
		fmt.Fprintln(c.Stdout, "没有草稿")
	}
	return nil
}

func tooMany(name string, rest []string) error {
	if len(rest) == 0 {
		return nil
	}
	return usagef("%s 不接受参数 %q", name, rest[0])
}

func planDiff(ctx context.Context, c *call) error {
	asJSON := false
	id, err := c.draftFlag("plan diff", func(fs *flag.FlagSet) { fs.BoolVar(&asJSON, "json", false, "") })
	if err != nil {
		return err
	}
	desk, err := c.openDesk(ctx, actFlags{})
	if err != nil {
		return err
	}
	defer desk.Close()
	d, err := desk.Diff(ctx, id)
	if err != nil {
		return err
	}
	if asJSON {
		return printJSON(c.Stdout, d)
	}
	printDiff(c.Stdout, d)
	return nil
}

// draftFlag reads the flags of a command whose one argument names a draft.
func (c *call) draftFlag(name string, define func(*flag.FlagSet)) (string, error) {
	rest, err := c.flags(name, define)
	switch {
	case err != nil:
		return "", err
	case len(rest) > 1:
		return "", tooMany(name, rest[1:])
	case len(rest) == 1:
		return rest[0], nil
	}
	return "", nil
}

// Words of a diff as people read them.
var (
	kindWords  = map[string]string{versions.Added: "新增", versions.Changed: "改动", versions.Dropped: "删去", versions.Moved: "移动", versions.Split: "拆分", versions.Merged: "合并"}
	fieldWords = map[string]string{"no": "编号", "path": "章节", "heading": "标题", "text": "原文", "bureaus": "责任单位", "etc": "“等”", "targets": "目标", "deadlines": "时限",
		"amounts": "数额", "groups": "对象", "deliverables": "文件", "title": "标题", "issued": "印发日期", "valid": "有效期", "disclosure": "公开属性", "goals": "总目标"}
)

func printDiff(w io.Writer, d *versions.Diff) {
	for _, p := range d.Plans {
		against := p.Against
		if against == "" {
			against = "（没有可比的计划）"
		}
		fmt.Fprintf(w, "《%s》 对比 《%s》：%d 处不同，%d 项没变\n", p.ID, against, len(p.Changes), p.Same)
		for _, f := range p.Fields {
			fmt.Fprintf(w, "    %s：%s → %s\n", fieldWords[f.Field], or(f.Old), or(f.New))
		}
		for _, x := range p.Changes {
			fmt.Fprintf(w, "%s %s\n", kindWords[x.Kind], numbers(x))
			for _, f := range x.Fields {
				printField(w, f)
			}
		}
	}
	for _, f := range d.Files {
		fmt.Fprintf(w, "%s 文件 %s\n", kindWords[f.Kind], f.Name)
	}
	printGone(w, d.Gone, d.Carried)
	printDisagree(w, d.Disagree)
	if len(d.Plans)+len(d.Files) == 0 {
		fmt.Fprintln(w, "没有不同")
	}
}

// numbers are the measures of a change: 第3、4项 → 第4项.
func numbers(x versions.Change) string {
	var parts []string
	for _, side := range [][]string{x.Old, x.New} {
		if len(side) > 0 {
			parts = append(parts, "第"+strings.Join(side, "、")+"项")
		}
	}
	if len(parts) == 2 && parts[0] == parts[1] {
		return parts[0]
	}
	return strings.Join(parts, " → ")
}

// printField shows a field; of a text only the clauses that differ.
func printField(w io.Writer, f versions.Field) {
	if f.Field == "no" {
		return // stands in the line above
	}
	if f.Field != "text" {
		fmt.Fprintf(w, "    %s：%s → %s\n", fieldWords[f.Field], or(f.Old), or(f.New))
		return
	}
	was, is := plan.Clauses(f.Old), plan.Clauses(f.New)
	for _, x := range was {
		if !slices.Contains(is, x) {
			fmt.Fprintf(w, "    - %s\n", x)
		}
	}
	for _, x := range is {
		if !slices.Contains(was, x) {
			fmt.Fprintf(w, "    + %s\n", x)
		}
	}
}

// maxReplay bounds the questions of a replay.
const maxReplay = 20_000

func planReplay(ctx context.Context, c *call) error {
	var file string
	recent, asJSON := 1000, false
	id, err := c.draftFlag("plan replay", func(fs *flag.FlagSet) {
		fs.StringVar(&file, "questions", "", "")
		fs.IntVar(&recent, "recent", recent, "")
		fs.BoolVar(&asJSON, "json", false, "")
	})
	if err != nil {
		return err
	}
	desk, err := c.openDesk(ctx, actFlags{})
	if err != nil {
		return err
	}
	defer desk.Close()
	questions, err := replayed(ctx, desk.store, file, recent, c.Now())
	if err != nil {
		return err
	}
	r, err := c.replay(ctx, desk.Library, id, questions)
	if err != nil {
		return err
	}
	if asJSON {
		return printJSON(c.Stdout, r)
	}
	printReplay(c.Stdout, r)
	return nil
}

// replay asks the questions of a draft and of the version it was made from.
func (c *call) replay(ctx context.Context, l *versions.Library, id string, questions []versions.Question) (*versions.Replay, error) {
	d, e, err := l.Draft(ctx, id)
	if err != nil {
		return nil, err
	}
	base, err := l.Edition(ctx, d.From)
	if err != nil {
		return nil, err
	}
	was, err := l.Load(base)
	if err != nil {
		return nil, fmt.Errorf("load version %s: %w", d.From, err)
	}
	is, err := l.Load(e)
	if err != nil {
		return nil, fmt.Errorf("load draft %s: %w", d.ID, err)
	}
	r := &versions.Replay{}
	return r, r.Compare(ctx, questions, asker(was, c.Now), asker(is, c.Now))
}

// asker answers the questions of a replay from one snapshot.
func asker(s *knowledge.Snapshot, now func() time.Time) versions.Asker {
	e := &engine{fixed: &versions.Live{Snapshot: s}}
	return func(ctx context.Context, q versions.Question) (versions.Answer, error) {
		a, err := e.ask(ctx, question{ID: q.ID, User: q.User, Turns: q.Turns, AsOf: q.AsOf}, now())
		return versions.Answer{Status: string(a.Status), Text: a.Text, Citations: a.Citations, Verdict: a.Verdict}, err
	}
}

// replayed are the questions of a replay: those of a file, else the product's
// own, and the recent ones of the log.
func replayed(ctx context.Context, s store.Store, file string, recent int, now time.Time) ([]versions.Question, error) {
	var out []versions.Question
	data, err := seeds.Files.ReadFile("evaluation.jsonl")
	if file != "" {
		data, err = os.ReadFile(file)
	}
	if err != nil {
		return nil, fmt.Errorf("打不开问题文件：%w", err)
	}
	list, err := parseQuestions(file, data)
	if err != nil {
		return nil, err
	}
	for _, q := range list {
		out = append(out, versions.Question{ID: q.ID, User: q.User, Turns: q.Turns, AsOf: q.AsOf})
	}
	if recent > 0 {
		logged, err := post.NewBox(s, rand.Reader).Entries(ctx, now.AddDate(0, -3, 0), now.AddDate(0, 0, 1), maxReplay)
		if err != nil {
			return nil, err
		}
		seen := map[string]bool{}
		for _, l := range logged {
			if l.Words != "" && !seen[l.Words] && recent > 0 {
				seen[l.Words] = true
				recent--
				out = append(out, versions.Question{ID: l.Number, User: string(l.User), Turns: []string{l.Words}, AsOf: l.At.In(handlers.Zone).Format(time.DateOnly)})
			}
		}
	}
	return out[:min(maxReplay, len(out))], nil
}

func printReplay(w io.Writer, r *versions.Replay) {
	for _, x := range r.Changes {
		var how []string
		for _, h := range x.How {
			how = append(how, versions.HowWord[h])
		}
		fmt.Fprintf(w, "%s  %s %s\n", strings.Join(how, "、"), x.Question.ID, strings.Join(x.Question.Turns, " / "))
		fmt.Fprintf(w, "    旧 %s %v %s\n", x.Old.Status, x.Old.Citations, firstLine(x.Old.Text))
		fmt.Fprintf(w, "    新 %s %v %s\n", x.New.Status, x.New.Citations, firstLine(x.New.Text))
	}
	fmt.Fprintf(w, "问了 %d 题，%d 题回答相同，%d 题不同", r.Asked, r.Same, len(r.Changes))
	for _, h := range []string{versions.HowRefused, versions.HowAnswered, versions.HowVerdict, versions.HowMeasures, versions.HowWords} {
		if r.How[h] > 0 {
			fmt.Fprintf(w, "；%s %d", versions.HowWord[h], r.How[h])
		}
	}
	fmt.Fprintln(w)
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return clip(line, 60)
}

func planApprove(ctx context.Context, c *call) error {
	var f actFlags
	hash := ""
	id, err := c.draftFlag("plan approve", func(fs *flag.FlagSet) { f.define(fs); fs.StringVar(&hash, "hash", "", "") })
	if err != nil {
		return err
	}
	desk, err := c.openDesk(ctx, f, mayApprove...)
	if err != nil {
		return err
	}
	defer desk.Close()
	d, _, err := desk.Draft(ctx, id)
	if err != nil {
		return err
	}
	if hash == "" {
		hash = d.Hash
	}
	if err := desk.Approve(ctx, d.ID, hash, desk.act); err != nil {
		return err
	}
	fmt.Fprintf(c.Stdout, "%s 已批准草稿 %s（%s）\n", desk.act.Who, d.ID, hash)
	return nil
}

func planPublish(ctx context.Context, c *call) error {
	var f actFlags
	id, err := c.draftFlag("plan publish", f.define)
	if err != nil {
		return err
	}
	desk, err := c.openDesk(ctx, f, mayPublish...)
	if err != nil {
		return err
	}
	defer desk.Close()
	d, e, err := desk.Draft(ctx, id)
	if err != nil {
		return err
	}
	diff, err := desk.Diff(ctx, d.ID)
	if err != nil {
		return err
	}
	printGone(c.Stdout, diff.Gone, diff.Carried)
	printDisagree(c.Stdout, diff.Disagree)
	p, err := desk.Publish(ctx, d.ID, desk.act)
	if err != nil {
		return err
	}
	fmt.Fprintf(c.Stdout, "已发布第 %d 次：《%s》%d 项，版本 %s，%d 份计划\n", p.Seq, p.Title, p.Items, p.Version, len(e.PlanIDs()))
	return nil
}

func planRollback(ctx context.Context, c *call) error {
	var f actFlags
	to, err := c.draftFlag("plan rollback", f.define)
	if err != nil {
		return err
	}
	seq := 0
	if to != "" {
		if seq, err = strconv.Atoi(to); err != nil || seq <= 0 {
			return usagef("plan rollback 后面写第几次发布，如 plan rollback 3；不写就退回上一个版本")
		}
	}
	desk, err := c.openDesk(ctx, f, mayPublish...)
	if err != nil {
		return err
	}
	defer desk.Close()
	p, err := desk.Rollback(ctx, seq, desk.act)
	if err != nil {
		return err
	}
	fmt.Fprintf(c.Stdout, "已退回：第 %d 次发布，《%s》%d 项，版本 %s\n", p.Seq, p.Title, p.Items, p.Version)
	return nil
}

func planVersions(ctx context.Context, c *call) error {
	asJSON := false
	rest, err := c.flags("plan versions", func(fs *flag.FlagSet) { fs.BoolVar(&asJSON, "json", false, "") })
	if err != nil || len(rest) > 0 {
		return errors.Join(err, tooMany("plan versions", rest))
	}
	desk, err := c.openDesk(ctx, actFlags{})
	if err != nil {
		return err
	}
	defer desk.Close()
	all, err := desk.Versions(ctx, 1000)
	if err != nil {
		return err
	}
	if asJSON {
		return printJSON(c.Stdout, all)
	}
	if len(all) == 0 {
		fmt.Fprintln(c.Stdout, "还没有发布过；在用程序自带的计划")
	}
	for i, p := range all {
		mark := " "
		if i == 0 {
			mark = "*"
		}
		line := fmt.Sprintf("%s %3d  %s  %s  《%s》%d 项  %s", mark, p.Seq, p.At.In(handlers.Zone).Format("2006-01-02 15:04"), p.Version, p.Title, p.Items, p.By)
		if p.Approved != "" {
			line += "，" + p.Approved + " 批准"
		}
		if p.Back > 0 {
			line += fmt.Sprintf("，退回第 %d 次", p.Back)
		}
		if p.Why != "" {
			line += "：" + p.Why
		}
		fmt.Fprintln(c.Stdout, line)
	}
	return nil
}

func planRebase(ctx context.Context, c *call) error {
	var f actFlags
	id, err := c.draftFlag("plan rebase", f.define)
	if err != nil {
		return err
	}
	desk, err := c.openDesk(ctx, f, mayEdit...)
	if err != nil {
		return err
	}
	defer desk.Close()
	if id, err = desk.latest(ctx, id); err != nil {
		return err
	}
	d, err := desk.Rebase(ctx, id, desk.act)
	if err != nil {
		return err
	}
	fmt.Fprintf(c.Stdout, "草稿 %s 已移到第 %d 次发布上（%s）\n", d.ID, d.Base, d.Hash)
	return nil
}

func planDiscard(ctx context.Context, c *call) error {
	var f actFlags
	id, err := c.draftFlag("plan discard", f.define)
	if err != nil {
		return err
	}
	if id == "" {
		return usagef("plan discard 要写草稿编号")
	}
	desk, err := c.openDesk(ctx, f, mayEdit...)
	if err != nil {
		return err
	}
	defer desk.Close()
	if err := desk.Discard(ctx, id, desk.act); err != nil {
		return err
	}
	fmt.Fprintf(c.Stdout, "已放弃草稿 %s\n", id)
	return nil
}
