package admin

import "huiwen/bot"

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
