package app

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// A command is one subcommand, a group of them, or both.
type command struct {
	name  string
	args  string // what stands behind the name
	about string // "" for the program's own, which no help lists
	run   func(ctx context.Context, c *call) error
	subs  []command
}

// commands lists the subcommands in the order of the help.
func commands() []command {
	return []command{
		{name: "serve", args: "[--listen 地址] [--internal 地址]", about: "运行服务：居民页面、接口、各渠道和内部页面", run: serve},
		{name: "ask", args: "[--json] [--user resident|staff] [--as-of 日期] [问题]", about: "回答一个问题；--json 从标准输入逐行读问题", run: ask},
		{name: "chat", args: "[--user resident|staff] [--as-of 日期]", about: "在终端里对话", run: chat},
		{name: "plan", about: "读计划，出草稿，比较，发布，退回，启用提醒", subs: []command{
			{name: "inspect", args: "文件 [--json]", about: "看一份文件读成了什么", run: inspect},
			{name: "import", args: "文件 [--draft 草稿] [--replace 计划|--beside] [--valid 起..止] [--disclosure 公开] [--issued 日期]", about: "导入计划，生成草稿", run: planImport},
			{name: "import", args: "文件 --document 名字 [--kind 办法|指南] [--order N] …", about: "导入计划以外的文件：办法、指南，或问答、办事信息卡的 YAML", run: planImport},
			{name: "documents", args: "[--draft 草稿]", about: "列出计划以外的文件", run: planDocuments},
			{name: "confirm", args: "文件名 [--draft 草稿]", about: "确认这份文件（或计划）的数额是现行的", run: planConfirm},
			{name: "remove", args: "文件名 [--draft 草稿]", about: "移除一份文件", run: planRemove},
			{name: "correct", args: "[--draft 草稿] [--plan 计划] [第几项] 字段 值(JSON)", about: "手工更正读错的字段，如 plan correct 39 groups '[\"农民工\"]'；不写第几项就是更正计划本身", run: planCorrect},
			{name: "drafts", about: "列出草稿", run: planDrafts},
			{name: "diff", args: "[草稿] [--json]", about: "草稿与它所依据的版本相比改了什么", run: planDiff},
			{name: "replay", args: "[草稿] [--questions 文件] [--recent N] [--json]", about: "同样的问题，新旧两版的回答有什么不同", run: planReplay},
			{name: "approve", args: "[草稿] [--hash H]", about: "批准草稿（不能批准自己改过的）", run: planApprove},
			{name: "publish", args: "[草稿] [--why 理由]", about: "发布草稿", run: planPublish},
			{name: "rollback", args: "[第几次发布] [--why 理由]", about: "退回以前的版本；不写就退回上一个", run: planRollback},
			{name: "versions", args: "[--json]", about: "列出各次发布", run: planVersions},
			{name: "arm", args: "[--day 日期] [--trial] [--off]", about: "让已发布的计划开始提醒，或停止（办公室）", run: arm},
			{name: "rebase", args: "[草稿]", about: "把草稿移到现在发布的版本上", run: planRebase},
			{name: "discard", args: "草稿", about: "放弃草稿", run: planDiscard},
		}},
		{name: "words", about: "往草稿里加大家的说法和问答；前面加 drop 就是去掉", subs: append(wordKinds(false), command{name: "drop", about: "从草稿里去掉", subs: wordKinds(true)})},
		{name: "rules", about: "检查政策项目的条件", subs: []command{
			{name: "check", about: "逐个检查，有问题就列出来", run: rulesCheck},
			{name: "explain", args: "编号", about: "看一个项目的条件", run: rulesExplain},
		}},
		{name: "eval", args: "文件.jsonl [--as-of 日期] [--json] [--misses] [--overlap]", about: "给评测题打分", run: evaluate},
		{name: "remind", about: "预演、查看和放行提醒", subs: []command{
			{name: "preview", args: "--from 日期 --to 日期 [--ledger 文件] [--json|--ics]", about: "预演这段时间谁会收到什么，不发送", run: preview},
			{name: "status", about: "提醒现在怎样", run: remindStatus},
			{name: "sent", args: "[--days 7]", about: "看发了什么、每个人送到没有（排错用，不作考核）", run: remindSent},
			{name: "pause", args: "[单位] --until 日期 --why 理由 [--no 第几项]", about: "暂停一个单位的提醒；不写单位就是全部", run: remindPause},
			{name: "resume", args: "编号", about: "提前恢复；编号见 remind status", run: remindResume},
			{name: "release", args: "[--yes] [--only 40,区教育局]", about: "看扣住的清单；--yes 放行（办公室）", run: release},
		}},
		{name: "duties", args: "[--bureau 单位] [--as-of 日期] [--json]", about: "列出各单位的任务和红黄绿灯", run: dutiesCommand, subs: []command{
			{name: "import", args: "文件.xlsx|文件.csv [--dry-run] [--plan 计划] [--as 姓名] [--why 依据]", about: "导入分解表或改过的台账：谁在什么时候以前办什么（办公室）", run: dutiesImport},
		}},
		{name: "ledger", about: "导出台账和代拟稿；办公室的审核、转办、分解和催办", subs: []command{
			{name: "export", args: "文件.xlsx|文件.csv|--json [--as-of 日期] [--plan 计划]", about: "导出台账", run: exportLedger},
			{name: "paper", args: "文件.docx [--kind monthly|quarterly|circular] [--as-of 日期] [--plan 计划]", about: "写月度汇总、季度调度材料或通报的代拟稿", run: ledgerPaper},
			{name: "act", args: officeVerbNames() + " 任务编号 --bureau 单位 [--due 日期] [--why 理由] [--plan 计划]", about: "审核、销号、调整时限、重新打开；任务编号见 duties", run: ledgerAct},
			{name: "undo", args: "--bureau 单位", about: "十分钟内撤销自己刚才在这个单位名下办的一步", run: ledgerUndo},
			{name: "handover", args: "任务编号 --bureau 单位 --to 新单位 --why 依据", about: "转办给别的单位", run: ledgerHandover},
			{name: "split", args: "任务编号 --bureau 单位 --shares 文件|- --why 依据", about: "分解给几个单位；一行一个：单位｜任务｜目标数｜日期", run: ledgerSplit},
			{name: "urge", args: "[单位] [--text 文字] [--leader]", about: "看谁该催；写单位就发出催办（--leader 送分管领导）", run: ledgerUrge},
		}},
		{name: "cards", about: "办事信息卡，改在草稿里", subs: []command{
			{name: "list", args: "[草稿]", about: "列出各张卡", run: cardsList},
			{name: "set", args: "卡号 --bureau 单位|--measure 第几项|--quote 原文 [--place 地点] [--phone 电话] [--hours 时间] [--paper 材料]… [--online 网址] [--proxy 代办] --source 来源 [--expires 日期] [--verify] [--draft 草稿]", about: "写一张或改写；--verify 就是以操作人的名义核实", run: cardsSet},
			{name: "drop", args: "卡号 [--draft 草稿]", about: "去掉一张", run: cardsDrop},
		}},
		{name: "calendar", about: "工作日历", subs: []command{
			{name: "show", about: "看各年有没有录入", run: calendarShow},
			{name: "set", args: "年份 --off 2027-01-01..2027-01-03,… [--work 日期,…] --source 通知", about: "录入一年的放假和调休", run: calendarSet},
		}},
		{name: "directory", about: "单位和联系人名录", subs: []command{
			{name: "show", about: "显示名录的 YAML", run: directoryShow},
			{name: "import", args: "文件", about: "换成改好的 YAML", run: directoryImport},
			{name: "person", args: "单位 姓名 [--role 联络员,…] [--account 渠道=员工编号]… [--first|--second] [--gone 日期] [--rename 姓名]", about: "加一个人或改他；没写的不动", run: directoryPerson},
			{name: "remove", args: "单位 姓名", about: "移出一个人", run: directoryRemove},
			{name: "bureau", args: "单位 [--alias 叫法]… [--office-only yes|no]", about: "改单位的叫法，提醒是否只送办公室", run: directoryBureau},
			{name: "successor", args: "单位 新名字 --from 日期 --basis 依据 | 单位 --none", about: "记一条沿革，或取消", run: directorySuccessor},
		}},
		{name: "channel", about: "暂停或恢复一个渠道的自动答复", subs: []command{
			{name: "list", about: "列出暂停的渠道", run: channelList},
			{name: "pause", args: "渠道 --reason 理由", about: "暂停，居民会看到理由", run: channelPause},
			{name: "resume", args: "渠道", about: "恢复", run: channelResume},
			{name: "trial", args: "渠道 员工编号 文字", about: "给通讯录里的一个人试发一句话", run: channelTrial},
		}},
		{name: "admin", about: "管理后台账号", subs: []command{
			{name: "create", args: "姓名 --role 角色[,角色] [--password-stdin]", about: "建账号", run: adminCreate},
			{name: "invite", args: "姓名", about: "给一个设密码的链接", run: adminInvite},
			{name: "unlock", args: "姓名", about: "解锁", run: adminUnlock},
			{name: "disable", args: "姓名", about: "停用", run: adminDisable},
			{name: "enable", args: "姓名", about: "重新启用", run: adminEnable},
			{name: "roles", args: "姓名 --role 角色[,角色]", about: "改角色", run: adminRoles},
			{name: "second", args: "姓名", about: "解绑动态口令，让他重新绑定", run: adminSecond},
			{name: "link", args: "姓名 --channel wecom|dingtalk [--user 员工编号]", about: "关联扫码登录的平台账号；不写 --user 就是解除", run: adminLink},
			{name: "list", about: "列出账号", run: adminList},
		}},
		{name: "audit", about: "审计记录", subs: []command{
			{name: "verify", args: "[--head 末尾] [--json]", about: "证明没有一条被改过", run: auditVerify},
			{name: "show", args: "[--last N] [--json]", about: "看最近的记录", run: auditShow},
		}},
		{name: "demo", args: "[--listen 地址] [--day 日期]", about: "不要任何密钥，在仿真平台上演示整个产品", run: demoCommand},
		{name: "bench", args: "[--json]", about: "量一量这台机器上的速度和内存", run: benchmark},
		{name: "backup", args: "文件", about: "把服务记住的一切写进加密文件", run: backup},
		{name: "restore", args: "文件 [--forgotten 名单]", about: "把备份读进空的存储", run: restore},
		{name: "doctor", args: "[--live]", about: "说出这套安装哪里不对", run: doctor},
		{name: "config", about: "显示生效的配置，密钥不显示", run: showConfig},
		{name: "version", about: "显示版本", run: version},
		{name: readCommand, args: "[格式]", run: readInChild},
	}
}

// find is the command that args name, its whole name and what stands behind it.
func find(list []command, args []string) (cmd command, path string, rest []string, err error) {
	cmd.subs = list
	for rest = args; ; rest = rest[1:] {
		i := slices.IndexFunc(cmd.subs, func(s command) bool { return len(rest) > 0 && s.name == rest[0] })
		switch {
		case i >= 0:
			cmd, path = cmd.subs[i], prefix(path)+cmd.subs[i].name
		case cmd.run != nil:
			return cmd, path, rest, nil
		case len(rest) == 0 && path != "":
			return cmd, path, rest, usagef("%s 后面要写：%s", path, strings.Join(cmd.names(), "、"))
		case len(rest) == 0 || isHelp(rest[0]):
			return cmd, path, rest, errHelp
		default:
			return cmd, path, rest, usagef("没有 %q 这个命令", prefix(path)+rest[0])
		}
	}
}

func isHelp(arg string) bool { return arg == "help" || arg == "-h" || arg == "--help" }

// names are those of a group's commands.
func (c command) names() (out []string) {
	for _, s := range c.subs {
		out = append(out, s.name)
	}
	return slices.Compact(out)
}

// errHelp asks for the help of the command that is being read.
var errHelp = errors.New("help")

// parse reads the flags of a subcommand and returns its arguments, which may be
// mixed with them; fewer or more of these is wrong use.
func (c *call) parse(least, most int, define func(*flag.FlagSet)) ([]string, error) {
	fs := flag.NewFlagSet(c.path, flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	if define != nil {
		define(fs)
	}
	var rest []string
	for args := c.args; ; args = fs.Args()[1:] {
		err := fs.Parse(args)
		if errors.Is(err, flag.ErrHelp) {
			return nil, errHelp
		}
		if err != nil {
			return nil, usagef("%s：%w\n%s", c.path, err, c.usage())
		}
		if fs.NArg() == 0 {
			break
		}
		rest = append(rest, fs.Arg(0))
	}
	switch {
	case len(rest) < least:
		return nil, usagef("%s 少写了参数\n%s", c.path, c.usage())
	case len(rest) > most:
		return nil, usagef("%s 不接受参数 %q\n%s", c.path, rest[most], c.usage())
	}
	return rest, nil
}

// parseOne is parse for a command with one argument that may be left out.
func (c *call) parseOne(define func(*flag.FlagSet)) (string, error) {
	rest, err := c.parse(0, 1, define)
	if err != nil || len(rest) == 0 {
		return "", err
	}
	return rest[0], nil
}

// usage is how the command is used.
func (c *call) usage() string {
	return strings.TrimSpace("用法：huiwen " + c.path + " " + c.command.args)
}

// help writes what a command, or each of a group, does and how it is used.
func help(w io.Writer, cmd command, path string) {
	if path == "" {
		fmt.Fprint(w, "惠问：只按已公布的计划回答的政策助手\n\n用法：huiwen [--config 文件] [--data 目录] 命令\n\n")
	}
	list := cmd.subs
	if cmd.run != nil {
		list, path = []command{cmd}, strings.TrimSuffix(strings.TrimSuffix(path, cmd.name), " ")
	}
	width := 0
	for _, s := range list {
		width = max(width, utf8.RuneCountInString(s.name))
	}
	for _, s := range list {
		if s.about == "" {
			continue // the program's own
		}
		more := []string{s.args, strings.Join(s.names(), " | ")}
		fmt.Fprintf(w, "  %s%-*s  %s\n", prefix(path), width, s.name, s.about)
		for _, m := range more {
			if m != "" {
				fmt.Fprintf(w, "  %*s  %s\n", len(prefix(path))+width, "", m)
			}
		}
	}
	fmt.Fprintln(w, "\n凡是改动都可加 --as 姓名（谁在操作）和 --why 理由；建了账号以后必须写 --as。")
	if path == "" {
		fmt.Fprintln(w, "命令后面加 --help 看它的用法，如 huiwen plan --help。")
	}
}

func prefix(path string) string {
	if path == "" {
		return ""
	}
	return path + " "
}
