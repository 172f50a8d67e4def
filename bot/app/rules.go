package app

import (
	"context"
	"fmt"
	"io"
	"strings"

	"huiwen/knowledge"
	"huiwen/knowledge/eligibility"
)

// rulesCheck checks the programmes.
func rulesCheck(ctx context.Context, c *call) error {
	if _, err := c.parse(0, 0, nil); err != nil {
		return err
	}
	e, err := c.engine(ctx)
	if err != nil {
		return err
	}
	return checkRules(c.Stdout, e.snapshot())
}

// rulesExplain shows one programme.
func rulesExplain(ctx context.Context, c *call) error {
	rest, err := c.parse(1, 1, nil)
	if err != nil {
		return err
	}
	e, err := c.engine(ctx)
	if err != nil {
		return err
	}
	p := e.snapshot().Rules.Programme(rest[0])
	if p == nil {
		return usagef("没有编号为 %q 的政策项目", rest[0])
	}
	explainRule(c.Stdout, e.snapshot(), p)
	return nil
}

// checkRules lists every programme and what is wrong with it.
func checkRules(w io.Writer, s *knowledge.Snapshot) error {
	wrong := len(s.Off)
	for _, p := range s.Rules.Programmes {
		state := "没有写明条件"
		if p.When != nil {
			state = fmt.Sprintf("%d 个条件", len(p.When.Top()))
		}
		fmt.Fprintf(w, "%-24s 第%s项 %s %s，%s\n", p.ID, p.Measure, p.Class, p.Name, state)
		for _, problem := range s.Rules.Problems(p) {
			wrong++
			fmt.Fprintf(w, "    %s\n", problem)
		}
	}
	for _, id := range s.Rules.Unasked() {
		wrong++
		fmt.Fprintf(w, "情况 %s 没有哪个项目会问\n", id)
	}
	for _, id := range s.Off {
		fmt.Fprintf(w, "%-24s 所引的原句不在计划里，已停用\n", id)
	}
	if wrong > 0 {
		return fmt.Errorf("%d 处要处理", wrong)
	}
	return nil
}

// explainRule shows a programme as people can check it against the plan.
func explainRule(w io.Writer, s *knowledge.Snapshot, p *eligibility.Programme) {
	fmt.Fprintf(w, "%s（%s，第%s项）\n对象：%s\n", p.Name, p.Class, p.Measure, p.For)
	if p.Amount.Quote != "" {
		fmt.Fprintf(w, "数额：%s %s\n", p.Amount.Quote, p.Amount.Hedge)
	}
	if p.When != nil {
		explainCondition(w, s.Rules, p.When, 0)
	}
	for _, o := range p.Office {
		fmt.Fprintf(w, "单位认定：%s\n", o)
	}
	for _, x := range p.Silent {
		fmt.Fprintf(w, "计划没写：%s\n", x.Say)
	}
}

func explainCondition(w io.Writer, rules *eligibility.Rules, c *eligibility.Condition, depth int) {
	indent := strings.Repeat("  ", depth)
	name := c.Name
	switch {
	case c.All != nil:
		name += " 全部满足："
	case c.Any != nil && c.Open:
		name += " 满足一个（名单以“等”结尾，都不是也不能说不符合）："
	case c.Any != nil:
		name += " 满足一个："
	case c.Not != nil:
		name += " 不是："
	default:
		if f := rules.Fact(c.Fact); f != nil {
			name = strings.TrimSpace(name + " ← " + f.Question)
		}
	}
	fmt.Fprintf(w, "%s- %s\n", indent, strings.TrimSpace(name))
	if c.Quote != "" {
		fmt.Fprintf(w, "%s  “%s”\n", indent, c.Quote)
	}
	for _, part := range append(append([]*eligibility.Condition{}, c.All...), c.Any...) {
		explainCondition(w, rules, part, depth+1)
	}
	if c.Not != nil {
		explainCondition(w, rules, c.Not, depth+1)
	}
}
