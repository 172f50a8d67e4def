package app

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"

	"huiwen/knowledge/plan"
	"huiwen/seeds"
)

// inspect shows what a document is read as. It needs neither store nor dictionary.
func inspect(ctx context.Context, c *call) error {
	asJSON := false
	rest, err := c.parse(1, 1, func(fs *flag.FlagSet) { fs.BoolVar(&asJSON, "json", false, "") })
	if err != nil {
		return err
	}
	p, err := readDocument(ctx, rest[0])
	if err != nil {
		return err
	}
	if asJSON {
		enc := json.NewEncoder(c.Stdout)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		return enc.Encode(p)
	}
	report(c.Stdout, p)
	return nil
}

// policyTerms are the standard terms that misprints are compared with.
func policyTerms() ([]string, error) {
	data, err := seeds.Files.ReadFile("terms.yaml")
	if err != nil {
		return nil, fmt.Errorf("read the standard terms: %w", err)
	}
	var terms []string
	if err := yaml.Unmarshal(data, &terms); err != nil {
		return nil, fmt.Errorf("terms.yaml: %w", err)
	}
	return terms, nil
}

// report prints the reading report that people read.
func report(w io.Writer, p *plan.Plan) {
	fmt.Fprintf(w, "《%s》 印发：%s 有效：%s 至 %s 公开：%s\n", p.Title, or(p.Issued), or(p.Valid.From), or(p.Valid.To), or(p.Disclosure))
	mentions, hard := 0, 0
	for _, it := range p.Items {
		mentions += len(it.Bureaus)
		for _, d := range it.Deadlines {
			if d.Hard {
				hard++
			}
		}
	}
	fmt.Fprintf(w, "%d 项，责任单位 %d 处，硬时限 %d 个，总目标 %d 个，没有归入任何一项的句子 %d 句\n\n", len(p.Items), mentions, hard, len(p.Goals), len(p.Unread))
	for _, it := range p.Items {
		fmt.Fprintf(w, "%-8s %s\n", it.No, clip(it.Text, 40))
		var names []string
		for _, b := range it.Bureaus {
			n := b.Name
			if b.Lead {
				n += "（牵头）"
			}
			names = append(names, n)
		}
		line(w, "责任单位", strings.Join(names, "、"))
		for _, t := range it.Targets {
			line(w, "目标", strings.TrimSpace(t.Hedge+" "+t.What+" "+t.Text+" "+t.Due))
		}
		for _, d := range it.Deadlines {
			due := "无固定日期"
			if d.Due != nil {
				due = *d.Due
			}
			line(w, "时限", d.Text+" → "+due+" "+d.Kind)
		}
		for _, a := range it.Amounts {
			line(w, "数额", strings.TrimSpace(a.For+" "+a.Text))
		}
		line(w, "对象", strings.Join(it.Groups, "、"))
		line(w, "文件", strings.Join(it.Deliverables, "、"))
	}
	for _, s := range p.Unread {
		line(w, "未归入", s)
	}
	for _, s := range p.Warnings {
		line(w, "提醒", s)
	}
}

func line(w io.Writer, name, text string) {
	if text != "" {
		fmt.Fprintf(w, "         %s：%s\n", name, text)
	}
}

func or(s string) string {
	if s == "" {
		return "没写"
	}
	return s
}

// clip shortens s to n runes.
func clip(s string, n int) string {
	if rs := []rune(s); len(rs) > n {
		return string(rs[:n]) + "…"
	}
	return s
}
