package app

import (
	"context"
	"flag"
	"fmt"
	"io"
	"strings"
	"time"

	"huiwen/handlers"
	"huiwen/knowledge"
	"huiwen/knowledge/versions"
)

func (d *planDesk) importDocument(ctx context.Context, c *call, draft string, b versions.Beside) error {
	draft, err := d.latest(ctx, draft)
	if err != nil {
		return err
	}
	made, doc, err := d.ImportDocument(ctx, draft, b, d.act)
	if err != nil {
		return err
	}
	printDocument(c.Stdout, doc)
	for _, m := range doc.Measures {
		fmt.Fprintf(c.Stdout, "%-8s %s\n", strings.TrimPrefix(m.No, doc.ID+":"), clip(m.Text, 40))
	}
	for _, x := range doc.Cards {
		state := ""
		if !x.Shown(c.Now().In(handlers.Zone).Format(time.DateOnly)) {
			state = "（没有核实或已过期，不展示）"
		}
		fmt.Fprintf(c.Stdout, "%-8s %s %s%s\n", x.ID, or(x.Place), or(x.Phone), state)
	}
	fmt.Fprintf(c.Stdout, "草稿 %s（%s）\n", made.ID, made.Hash)
	return nil
}

func printDocument(w io.Writer, d *knowledge.Document) {
	confirmed := ""
	if d.Confirmed {
		confirmed = "，数额已确认"
	}
	fmt.Fprintf(w, "%s  %s《%s》 有效：%s 至 %s 公开：%s 次序 %d，%d 条%s\n", d.ID, d.Kind, d.Title, or(d.Valid.From), or(d.Valid.To), or(d.Disclosure), d.Order, len(d.Measures)+len(d.Cards), confirmed)
}

// printDisagree lists sums that documents give otherwise.
func printDisagree(w io.Writer, list []knowledge.Disagreement) {
	for _, d := range list {
		state := "没有确认，回答时不报数；请用 plan confirm 确认一份"
		if d.Settled {
			state = "按已确认的一份回答"
		}
		fmt.Fprintf(w, "冲突  “%s”数额不一：%s（%s）\n", d.For, strings.Join(d.Sides, "，"), state)
	}
}

// planDocuments lists the documents of a draft, or of what is published.
func planDocuments(ctx context.Context, c *call) error {
	draft := ""
	if _, err := c.parse(0, 0, func(fs *flag.FlagSet) { fs.StringVar(&draft, "draft", "", "") }); err != nil {
		return err
	}
	desk, err := c.openDesk(ctx, actFlags{})
	if err != nil {
		return err
	}
	defer desk.Close()
	e, err := desk.edition(ctx, draft)
	if err != nil {
		return err
	}
	docs, err := e.Documents()
	if err != nil {
		return err
	}
	for _, d := range docs {
		printDocument(c.Stdout, d)
	}
	disagree, err := e.Disagreements()
	printDisagree(c.Stdout, disagree)
	return err
}

// onDocument runs a change of one document of a draft.
func (c *call) onDocument(ctx context.Context, change func(*planDesk, string, string) (versions.Draft, error)) error {
	var f actFlags
	draft := ""
	rest, err := c.parse(1, 1, func(fs *flag.FlagSet) { f.define(fs); fs.StringVar(&draft, "draft", "", "") })
	if err != nil {
		return err
	}
	desk, err := c.openDesk(ctx, f, mayEdit...)
	if err != nil {
		return err
	}
	defer desk.Close()
	if draft, err = desk.latest(ctx, draft); err != nil {
		return err
	}
	d, err := change(desk, draft, rest[0])
	if err != nil {
		return err
	}
	fmt.Fprintf(c.Stdout, "草稿 %s（%s）\n", d.ID, d.Hash)
	return nil
}

func planConfirm(ctx context.Context, c *call) error {
	return c.onDocument(ctx, func(d *planDesk, draft, id string) (versions.Draft, error) {
		return d.Confirm(ctx, draft, id, c.Now().In(handlers.Zone).Format(time.DateOnly), d.act)
	})
}

func planRemove(ctx context.Context, c *call) error {
	return c.onDocument(ctx, func(d *planDesk, draft, id string) (versions.Draft, error) {
		return d.RemoveDocument(ctx, draft, id, d.act)
	})
}
