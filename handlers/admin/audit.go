package admin

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"huiwen/knowledge/audit"
)

// acts are the acts of the audit as people read them.
var acts = map[string]string{
	"account.create": "建账号", "account.invite": "发邀请链接", "account.accept": "设密码", "account.password": "改密码", "account.signin": "登录", "account.scan": "扫码登录", "account.lock": "输错锁定",
	"account.unlock": "解锁", "account.roles": "改角色", "account.disable": "停用或启用账号", "account.second": "绑定动态口令", "account.second.drop": "解绑动态口令", "account.link": "关联扫码",
	"channel.pause": "暂停渠道", "channel.resume": "恢复渠道", "channel.trial": "试发消息", "directory.save": "改通讯录", "calendar.save": "改工作日历",
	"plan.draft": "改草稿", "plan.discard": "放弃草稿", "plan.approve": "审核通过", "plan.publish": "发布", "plan.rollback": "退回",
	"remind.arm": "启用提醒", "remind.disarm": "停用提醒", "remind.release": "放行提醒", "remind.pause": "暂停提醒", "remind.resume": "恢复提醒",
}

// actName is an act in words, its own name when it has none.
func actName(act string) string {
	if n, ok := acts[act]; ok {
		return n
	}
	if verb, ok := strings.CutPrefix(act, "duty."); ok {
		return "台账 " + verb
	}
	return act
}

// A Verifier reads the chain of acts; audit.Chain is one.
type Verifier interface {
	Records(ctx context.Context, from, n int) ([]audit.Record, error)
	Len(ctx context.Context) (int, error)
	Verify(ctx context.Context, kept string) (audit.Verdict, error)
}

type auditView struct {
	Records    []auditRow
	Len        int
	Prev, Next int // numbers that the pages begin at, 0 for none
	Verdict    *audit.Verdict
	Broken     string
	Head       string
}

type auditRow struct {
	Seq int
	audit.Entry
	Name  string
	Short string // the beginning of the MAC
}

// auditPage lists who did what, the latest first; with verify it walks the chain.
func auditPage(v *visit) error {
	if v.Chain == nil {
		return notFound("这个服务没有审计")
	}
	n, err := v.Chain.Len(v.ctx())
	if err != nil {
		return err
	}
	view := auditView{Len: n, Head: v.query("head")}
	to := n
	if at, err := strconv.Atoi(v.query("to")); err == nil && at > 0 && at < n {
		to = at
	}
	from := max(1, to-perPage+1)
	list, err := v.Chain.Records(v.ctx(), from, to-from+1)
	if err != nil {
		return err
	}
	for i := range list {
		r := list[len(list)-1-i]
		e, err := r.Read()
		if err != nil {
			e = audit.Entry{Act: "unreadable"}
		}
		view.Records = append(view.Records, auditRow{r.Seq, e, actName(e.Act), r.MAC[:min(12, len(r.MAC))]})
	}
	if from > 1 {
		view.Prev = from - 1
	}
	if to < n {
		view.Next = min(n, to+perPage)
	}
	if v.query("verify") != "" {
		verdict, err := v.Chain.Verify(v.ctx(), view.Head)
		view.Verdict = &verdict
		switch {
		case errors.Is(err, audit.ErrBroken), errors.Is(err, audit.ErrKey), view.Head != "" && err != nil:
			view.Broken = err.Error()
		case err != nil:
			return err
		}
	}
	return v.page("audit", "审计", view)
}

// maxAuditRows bounds the table.
const maxAuditRows = 50_000

// auditSheet saves the acts, the latest first.
func auditSheet(v *visit) error {
	if v.Chain == nil {
		return notFound("这个服务没有审计")
	}
	n, err := v.Chain.Len(v.ctx())
	if err != nil {
		return err
	}
	s := sheet{Name: "审计", Head: []string{"序号", "时间", "谁", "做了什么", "对象", "理由", "校验码"}}
	for to := n; to > 0 && len(s.Rows) < maxAuditRows; to -= 500 {
		from := max(1, to-499)
		list, err := v.Chain.Records(v.ctx(), from, to-from+1)
		if err != nil {
			return err
		}
		for i := range list {
			r := list[len(list)-1-i]
			e, err := r.Read()
			if err != nil {
				return err
			}
			s.Rows = append(s.Rows, []string{strconv.Itoa(r.Seq), e.At.In(zone).Format("2006-01-02 15:04:05"), e.Who, actName(e.Act), e.Subject, e.Why, r.MAC})
		}
	}
	return v.save(s)
}
