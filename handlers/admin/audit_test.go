package admin

import (
	"net/url"
	"testing"

	"huiwen/knowledge/account"
	"huiwen/knowledge/audit"
	"huiwen/knowledge/store"
)

// TestTheAuditorReadsWhoDidWhat: acts on the pages stand in the chain, and a chain
// that was changed is not passed.
func TestTheAuditorReadsWhoDidWhat(t *testing.T) {
	chain := new(*audit.Chain)
	o := newOffice(t, func(o *Options) {
		*chain = audit.NewChain(o.Store, make([]byte, 32))
		o.Chain = *chain
	})
	admin, auditor := o.signedIn("管理甲", account.Admin), o.signedIn("审计乙", account.Auditor)
	admin.act("/admin/channels", "/admin/channels/pause", url.Values{"channel": {"kf"}, "reason": {"核对<b>中"}})
	if _, err := (*chain).Append(t.Context()); err != nil {
		t.Fatal(err)
	}
	has(t, auditor.page("/admin/audit?verify=1"), "校验通过", "暂停渠道", "管理甲", "核对&lt;b&gt;中", "登录")
	has(t, auditor.page("/admin/audit?verify=1&head="+url.QueryEscape("99:ab")), "校验没有通过")
	if status, _, _ := admin.get("/admin/audit"); status != 403 {
		t.Errorf("an admin reads the audit: status %d", status)
	}
	err := o.Store.Update(t.Context(), "sys", func(tx store.Tx) error {
		data, _, err := tx.Get("audit/log/000000000001")
		if err != nil {
			return err
		}
		return tx.Put("audit/log/000000000001", append(data[:len(data)-2], 'x', '}'), 0)
	})
	if err != nil {
		t.Fatal(err)
	}
	has(t, auditor.page("/admin/audit?verify=1"), "校验没有通过")
}
