package app

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"huiwen/knowledge"
	"huiwen/knowledge/plan"
	"huiwen/knowledge/plan/document"
	"huiwen/knowledge/versions"
)

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
	rest, err := c.parse(1, 1, func(fs *flag.FlagSet) {
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

// planCorrect sets one field by hand.
func planCorrect(ctx context.Context, c *call) error {
	var f actFlags
	var draft, plan string
	rest, err := c.parse(2, 3, func(fs *flag.FlagSet) {
		f.define(fs)
		fs.StringVar(&draft, "draft", "", "")
		fs.StringVar(&plan, "plan", "", "")
	})
	if err != nil {
		return err
	}
	x := knowledge.Correction{Plan: plan, Field: rest[len(rest)-2], Value: rest[len(rest)-1]}
	if len(rest) == 3 {
		x.Measure = rest[0]
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
