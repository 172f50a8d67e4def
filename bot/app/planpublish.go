package app

import (
	"context"
	"flag"
	"fmt"
	"strconv"

	"huiwen/handlers"
)

func planApprove(ctx context.Context, c *call) error {
	var f actFlags
	hash := ""
	id, err := c.parseOne(func(fs *flag.FlagSet) { f.define(fs); fs.StringVar(&hash, "hash", "", "") })
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
	id, err := c.parseOne(f.define)
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
	to, err := c.parseOne(f.define)
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
	if _, err := c.parse(0, 0, func(fs *flag.FlagSet) { fs.BoolVar(&asJSON, "json", false, "") }); err != nil {
		return err
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
