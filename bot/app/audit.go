package app

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"time"

	"huiwen/handlers"
	"huiwen/knowledge/account"
	"huiwen/knowledge/audit"
	"huiwen/knowledge/finding"
	"huiwen/knowledge/store"
)

// Audit is how the audit is kept.
type Audit struct {
	// Key binds the entries to each other; "" for the file audit.key in the data
	// folder. Several services on one store need the same.
	Key Secret `yaml:"key"`
}

// chainEvery is how often noted acts are chained.
const chainEvery = 5 * time.Second

// chain is the audit chain of a store.
func (c *call) chain(s store.Store) (*audit.Chain, error) {
	key, err := audit.Key(c.config.Audit.Key.Reveal(), c.config.Data)
	if err != nil {
		return nil, err
	}
	return audit.NewChain(s, key), nil
}

// auditFinding says whether this service chains acts with the key of the others.
func auditFinding(ctx context.Context, chain *audit.Chain) finding.Finding {
	err := chain.Check(ctx)
	if errors.Is(err, audit.ErrKey) { // residents are answered all the same
		return finding.Finding{Part: "审计", Level: finding.Warn, Text: "审计密钥和原来的不同，操作暂时串不进审计链：各服务要用同一个 audit.key"}
	}
	return finding.Of("审计", "密钥与审计链相符", err)
}

// chainActs chains what was noted until ctx ends. An error is told once, until
// it changes.
func chainActs(ctx context.Context, chain *audit.Chain, c *call) {
	tick := time.NewTicker(chainEvery)
	defer tick.Stop()
	told := ""
	for {
		_, err := chain.Append(ctx)
		if err != nil && ctx.Err() == nil && err.Error() != told {
			c.log.Error("audit entries are not chained", "error", err)
			told = err.Error()
		}
		if err == nil {
			told = ""
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// auditVerify proves that no entry was changed.
func auditVerify(ctx context.Context, c *call) error {
	kept, asJSON := "", false
	if _, err := c.parse(0, 0, func(fs *flag.FlagSet) {
		fs.StringVar(&kept, "head", "", "")
		fs.BoolVar(&asJSON, "json", false, "")
	}); err != nil {
		return err
	}
	return c.onChain(ctx, func(_ store.Store, chain *audit.Chain) error {
		v, err := chain.Verify(ctx, kept)
		if err != nil {
			return err
		}
		if asJSON {
			return printJSON(c.Stdout, v)
		}
		fmt.Fprintf(c.Stdout, "审计记录完整，共 %d 条\n", v.Records)
		if v.Records > 0 {
			fmt.Fprintf(c.Stdout, "末尾 %s\n把这一行抄到别处，以后用 audit verify --head 核对，就能发现末尾有没有被删\n", v.Head)
		}
		return nil
	})
}

// auditShow shows the last entries to who may read them.
func auditShow(ctx context.Context, c *call) error {
	var f actFlags
	last, asJSON := 50, false
	if _, err := c.parse(0, 0, func(fs *flag.FlagSet) {
		f.define(fs)
		fs.IntVar(&last, "last", last, "")
		fs.BoolVar(&asJSON, "json", false, "")
	}); err != nil {
		return err
	}
	return c.onChain(ctx, func(s store.Store, chain *audit.Chain) error {
		if _, err := whoActs(ctx, s, f, account.Auditor, account.Security); err != nil {
			return err
		}
		return showAudit(ctx, c, chain, last, asJSON)
	})
}

// onChain runs fn with every entry chained.
func (c *call) onChain(ctx context.Context, fn func(store.Store, *audit.Chain) error) error {
	s, err := openStore(ctx, c.config)
	if err != nil {
		return err
	}
	defer s.Close()
	chain, err := c.chain(s)
	if err != nil {
		return err
	}
	if _, err := chain.Append(ctx); err != nil {
		return err
	}
	return fn(s, chain)
}

// showAudit prints the last records.
func showAudit(ctx context.Context, c *call, chain *audit.Chain, last int, asJSON bool) error {
	n, err := chain.Len(ctx)
	if err != nil {
		return err
	}
	records, err := chain.Records(ctx, max(1, n-last+1), last)
	if err != nil {
		return err
	}
	var bad error
	for _, r := range records {
		e, err := r.Read()
		if err != nil {
			bad = errors.Join(bad, err)
			continue
		}
		if asJSON {
			if err := printJSON(c.Stdout, map[string]any{"seq": r.Seq, "scope": r.Scope, "entry": e}); err != nil {
				return err
			}
			continue
		}
		fmt.Fprintf(c.Stdout, "%6d  %s  %s  %s  %s  %s\n", r.Seq, e.At.In(handlers.Zone).Format("2006-01-02 15:04:05"), e.Who, e.Act, clip(e.Subject, 60), clip(e.Why, 40))
	}
	return bad
}
