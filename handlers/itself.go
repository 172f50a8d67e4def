package handlers

import (
	"fmt"
	"time"

	"huiwen/bot"
	"huiwen/knowledge/pattern"
)

// itself matches a question about the published document as a whole: how long it
// holds, when it was issued, what it is called, how many measures it has.
var itself = pattern.MustCompile(`(?:这个|这份|该|你们的?|你们这个|咱们的?|整个|贵区)(?:计划|方案|文件|政策文件|通知|政策)(?:是|现在|还|到底|本身|总共|一共|全称|全文)*` +
	`(?:(有效|过期|作废|失效|管用|管到|算数|执行到|适用到|到期|到什么时候)|(几几年|哪年|哪一年|什么时候|几时|哪天|哪个月|何时)(?:印|发|出|公布|的|定|开始)*|(叫什么|名字|名称|全称|文件名)|(?:有|分)?(多少|几)(?:条|项|个任务|项任务|个措施|条措施))`)

// document answers a question about the document itself.
func (t *turn) document() (bot.Reply, bool) {
	if !itself.MatchString(t.text) {
		return bot.Reply{}, false
	}
	p := t.snap.Plan
	told := bot.Line{bot.Words("现在用的是《"), bot.Quote("", p.Title), bot.Words("》")}
	if d, err := time.Parse(time.DateOnly, p.Issued); err == nil {
		told = append(told, bot.Part{Kind: bot.Derived, Text: d.Format("，2006年1月2日印发"), Quote: p.Title, Rule: "issued"})
	}
	told = append(told, bot.Part{Kind: bot.Derived, Text: fmt.Sprintf("，共%d项", len(p.Items)), Quote: p.Title, Rule: "count"}, bot.Words(sayStop))
	lines := t.validity()
	if len(lines) == 0 {
		lines = t.until()
	}
	return bot.Reply{Status: bot.Answered, Lines: append(lines, told)}, true
}
