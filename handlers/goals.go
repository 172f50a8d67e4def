package handlers

import (
	"strings"

	"huiwen/bot"
	"huiwen/knowledge/pattern"
	"huiwen/knowledge/plan"
	"huiwen/knowledge/segment"
)

// overall matches a question for what the whole document aims at.
var overall = pattern.MustCompile(`总(?:的|体)?目标|整体目标|总体.{0,4}目标|(?:计划|方案|文件)的目标|奋斗目标`)

// leastGoalPairs is how many pairs of characters a question must share with what
// a goal is about to ask for it.
const leastGoalPairs = 3

// goals answers what the document as a whole aims at, which its preamble says.
func (t *turn) goals() (bot.Reply, bool) {
	if len(t.snap.Plan.Goals) == 0 || !overall.MatchString(t.text) && !t.asks("target", "amount", "rate") {
		return bot.Reply{}, false
	}
	var asked []plan.Target
	for _, g := range t.snap.Plan.Goals {
		if overall.MatchString(t.text) || sharedPairs(t.text, segment.Fold(g.What, 0)) >= leastGoalPairs && !t.isSure(t.text) {
			asked = append(asked, g)
		}
	}
	if len(asked) == 0 {
		return bot.Reply{}, false
	}
	r := bot.Reply{Status: bot.Answered, Lines: t.validity()}
	line := bot.Line{bot.Words(sayGoal)}
	for i, g := range asked {
		if i > 0 {
			line = append(line, bot.Words("；"))
		}
		line = append(line, bot.Quote("", g.What), bot.Words(" "), bot.Quote("", g.Text))
	}
	r.Lines = append(r.Lines, append(line, bot.Words(sayStop)), bot.Line{bot.Words(sayPreamble), bot.Quote("", t.snap.Plan.Title), bot.Words(sayPreambleEnd)})
	return r, true
}

// sharedPairs counts the pairs of characters of a that stand in b, each once.
func sharedPairs(a, b string) int {
	seen := map[string]bool{}
	segment.Runs(a, func(run []rune) {
		for i := 0; i+1 < len(run); i++ {
			if pair := string(run[i : i+2]); strings.Contains(b, pair) {
				seen[pair] = true
			}
		}
	})
	return len(seen)
}
