package admin

import (
	"path"
	"strings"

	"huiwen/bot"
	"huiwen/knowledge/account"
)

// statusNames are the statuses as people read them.
var statusNames = map[bot.Status]string{
	bot.Answered: "已答", bot.Clarification: "反问", bot.Verdict: "初步比对", bot.NotCovered: "计划没写", bot.OutOfScope: "计划外",
	bot.Smalltalk: "寒暄", bot.Declined: "婉拒", bot.Handoff: "转人工", bot.Done: "办好", bot.Failed: "出错",
}

// statuses is the order of the statuses on the pages.
var statuses = []bot.Status{bot.Answered, bot.Verdict, bot.Clarification, bot.NotCovered, bot.OutOfScope, bot.Handoff, bot.Smalltalk, bot.Done, bot.Declined, bot.Failed}

// channelNames are the channels as people read them, by what stands before a slash.
var channelNames = map[string]string{"page": "网页", "chat": "终端", "ask": "命令行", "wecom": "企业微信", "kf": "微信客服", "dingtalk": "钉钉", "wecom-robot": "企业微信群机器人", "dingtalk-robot": "钉钉群机器人", "trial": "测试"}

func name[K ~string](names map[K]string, k K) string {
	if n, ok := names[k]; ok {
		return n
	}
	return string(k)
}

// roleAbout is what an account with a role does, for who gives roles.
var roleAbout = map[account.Role]string{
	account.Admin:     "什么都能看、能改、能发布，给人建账号；唯独不看审计。",
	account.Editor:    "把计划、文件、问法、信息卡改进草稿；自己不能审核自己改的。",
	account.Reviewer:  "审核别人改的草稿。",
	account.Issuer:    "发布草稿，出了差错退回以前的版本；也能审核。",
	account.Office:    "领导小组办公室：台账审核和销号、催办、启用提醒、通讯录和日历。",
	account.Inspector: "督查室：看台账，销了号的可以重新打开。",
	account.Statistic: "看台账，导出表格。",
	account.Window:    "大厅窗口：按编号查居民当时得到的答复。",
	account.Seat:      "客服坐席：按编号查答复。",
	account.System:    "建账号、停用渠道；看不到问答内容。",
	account.Security:  "改角色、解锁、停用账号，和系统管理员互相监督。",
	account.Auditor:   "只看审计记录，什么都不能改。",
	account.Operator:  "看服务运行得怎样。",
}

// fileName is a file of an edition as people call it.
func fileName(name string) string {
	base := strings.TrimSuffix(path.Base(name), path.Ext(name))
	switch dir, _, _ := strings.Cut(name, "/"); dir {
	case "plan":
		return "计划 " + base
	case "questions":
		return "类似问法（第 " + base + " 项）"
	case "programmes":
		return "政策项目 " + base
	case "documents":
		return "文件 " + base
	case "words.yaml", "terms.yaml":
		return "大家的说法"
	case "scope.yaml":
		return "计划外的话题"
	case "corrections":
		return "手工更正 " + base
	}
	return name
}
