package app

import (
	"context"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"

	"huiwen/knowledge/plan"
	"huiwen/knowledge/versions"
)

func planDrafts(ctx context.Context, c *call) error {
	if _, err := c.parse(0, 0, nil); err != nil {
		return err
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

func planDiff(ctx context.Context, c *call) error {
	asJSON := false
	id, err := c.parseOne(func(fs *flag.FlagSet) { fs.BoolVar(&asJSON, "json", false, "") })
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

func planRebase(ctx context.Context, c *call) error {
	var f actFlags
	id, err := c.parseOne(f.define)
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
	rest, err := c.parse(1, 1, f.define)
	if err != nil {
		return err
	}
	desk, err := c.openDesk(ctx, f, mayEdit...)
	if err != nil {
		return err
	}
	defer desk.Close()
	if err := desk.Discard(ctx, rest[0], desk.act); err != nil {
		return err
	}
	fmt.Fprintf(c.Stdout, "已放弃草稿 %s\n", rest[0])
	return nil
}
