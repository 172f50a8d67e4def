package app

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"huiwen/bot"
	"huiwen/handlers"
	"huiwen/knowledge"
	"huiwen/knowledge/finding"
	"huiwen/knowledge/segment"
	"huiwen/knowledge/store"
	"huiwen/knowledge/versions"
)

// doctor says what is wrong with this installation; --live asks the running
// service whether it is well, for a container's health check.
func doctor(ctx context.Context, c *call) error {
	live := false
	if _, err := c.parse(0, 0, func(fs *flag.FlagSet) { fs.BoolVar(&live, "live", false, "") }); err != nil {
		return err
	}
	if live {
		return askHealth(ctx, c)
	}
	well := true
	for _, f := range diagnose(ctx, c) {
		well = well && f.Level != finding.Broken
		fmt.Fprintf(c.Stdout, "%-6s %s：%s\n", f.Level, f.Part, f.Text)
	}
	if !well {
		return errSilent
	}
	return nil
}

// diagnose checks each part in turn.
func diagnose(ctx context.Context, c *call) []finding.Finding {
	var out []finding.Finding
	dir, err := segment.FindDictionary(c.config.Dictionary)
	out = append(out, finding.Of("词典", dir, err))
	if err != nil {
		return out
	}
	began := time.Now()
	e, err := c.engine(ctx)
	if err != nil {
		return append(out, finding.Of("计划", "", err))
	}
	out = append(out, finding.Of("计划", fmt.Sprintf("《%s》%d 项，%d 个责任单位，载入用时 %d 毫秒", e.snapshot().Plan.Title, len(e.snapshot().Measures), len(e.snapshot().Bureaus.Names()), time.Since(began).Milliseconds()), nil))
	if n := len(e.snapshot().Dropped); n > 0 {
		out = append(out, finding.Finding{Part: "类似问法", Level: finding.Warn, Text: fmt.Sprintf("%d 组所引的原句已不在计划里", n)})
	}
	out = append(out, planFindings(e.snapshot(), c.Now())...)
	s, err := openStore(ctx, c.config)
	if err == nil {
		out = append(out, versionFindings(ctx, s)...)
		if chain, chErr := c.chain(s); chErr != nil {
			out = append(out, finding.Of("审计", "", chErr))
		} else {
			out = append(out, auditFinding(ctx, chain))
		}
		ch := &channels{senders: map[string]bot.Sender{}}
		if chErr := ch.addWeCom(c, s); chErr != nil {
			out = append(out, finding.Of("企业微信", "", chErr))
		}
		out = append(out, ch.check(ctx, true)...)
		out = append(out, remindFindings(ctx, c, e, s)...)
		err = errors.Join(store.Verify(ctx, s), s.Close())
	}
	out = append(out, finding.Of("存储", c.config.Store.Kind, err))
	for _, a := range []string{c.config.Listen, c.config.Internal} {
		l, err := listen(ctx, a)
		if err == nil {
			l[0].Close()
		}
		out = append(out, finding.Of("地址", a, err))
	}
	return out
}

// askHealth asks the internal listener of the running service.
func askHealth(ctx context.Context, c *call) error {
	host, port, err := net.SplitHostPort(c.config.Internal)
	if err != nil {
		return fmt.Errorf("internal address: %w", err)
	}
	if ip := net.ParseIP(host); ip == nil || ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(host, port)+"/healthz", nil)
	if err != nil {
		return fmt.Errorf("ask the running service: %w", err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("服务没有应答：%w", err)
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(io.LimitReader(resp.Body, 1024))
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("服务不正常：%s %s", resp.Status, body)
	}
	fmt.Fprintf(c.Stdout, "%s", body)
	return nil
}

// planFindings is what of the published state an administrator should mend.
func planFindings(all *knowledge.Snapshot, now time.Time) []finding.Finding {
	var out []finding.Finding
	day := now.In(handlers.Zone).Format(time.DateOnly)
	s := all.On(day)
	if n := len(s.Off); n > 0 {
		out = append(out, finding.Finding{Part: "政策项目", Level: finding.Warn, Text: fmt.Sprintf("%d 个项目所引的原句已不在计划里，暂不比对", n)})
	}
	if n := len(s.Lost); n > 0 {
		out = append(out, finding.Finding{Part: "手工更正", Level: finding.Warn, Text: fmt.Sprintf("%d 处更正所引的原句已不在计划里", n)})
	}
	for _, x := range s.Conflicts(day) {
		if !x.Sides[0].Confirmed && !x.Sides[1].Confirmed {
			out = append(out, finding.Finding{Part: "数额冲突", Level: finding.Warn,
				Text: fmt.Sprintf("“%s”在 %s 和 %s 写的数额不一样，回答时不报数；请核实后用 plan confirm 确认一份", x.For, x.Sides[0].Measure.No, x.Sides[1].Measure.No)})
		}
	}
	return out
}

// versionFindings says whether the running services answer from what is published.
func versionFindings(ctx context.Context, s store.Store) []finding.Finding {
	p, ok, err := versions.Published(ctx, s)
	if err != nil {
		return []finding.Finding{finding.Of("版本", "", err)}
	}
	list, err := versions.Replicas(ctx, s)
	if err != nil {
		return []finding.Finding{finding.Of("版本", "", err)}
	}
	text := "在用程序自带的计划"
	if ok {
		text = fmt.Sprintf("第 %d 次发布，%s", p.Seq, p.Version)
	}
	out := []finding.Finding{finding.Of("版本", fmt.Sprintf("%s；%d 个服务在运行", text, len(list)), nil)}
	for _, r := range list {
		if ok && r.Version != p.Version && r.Failed == p.Version {
			out = append(out, finding.Of("版本", "", fmt.Errorf("服务 %s 载入不了，仍在用第 %d 次发布：%s", r.ID, r.Seq, r.Error)))
		}
	}
	return out
}
