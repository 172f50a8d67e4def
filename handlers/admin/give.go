package admin

import (
	"crypto/rand"
	"errors"
	"net/http"
	"slices"
	"strings"

	"huiwen/scheduler/ledger"
)

type giveView struct {
	Row     ledgerRow
	Split   bool
	Bureaus []string // that are there today, without the one that has it
	Order   string
	// What was written, shown again when it was refused.
	To, Shares, Why, Wrong string
}

// givePage is the form that hands a duty over to another bureau (转办), or splits it
// over several (分解).
func givePage(v *visit) error {
	view, err := v.give(v.query("plan"), v.query("bureau"), v.query("id"), v.query("do"))
	if err != nil {
		return err
	}
	return v.showGive(http.StatusOK, view)
}

func (v *visit) showGive(status int, view giveView) error {
	title := "转办"
	if view.Split {
		title = "分解任务"
	}
	return v.show(status, "give", title, view)
}

func (v *visit) give(plan, bureau, id, do string) (giveView, error) {
	row, err := v.row(plan, bureau, id)
	if err != nil {
		return giveView{}, err
	}
	view := giveView{Row: row, Split: do == "split", Order: rand.Text()}
	d, err := v.Directory(v.ctx())
	if err != nil {
		return view, err
	}
	for _, b := range d.Bureaus {
		if b.Name != bureau && d.Today(b.Name, v.Now()) == b.Name {
			view.Bureaus = append(view.Bureaus, b.Name)
		}
	}
	slices.Sort(view.Bureaus)
	return view, nil
}

// maxShares bounds the text of a 分解表, in bytes.
const maxShares = 64 << 10

// giveAway carries the form out; what was written stays in it when it is refused.
func giveAway(v *visit) error {
	view, err := v.give(v.field("plan"), v.field("bureau"), v.field("id"), v.field("do"))
	if err != nil {
		return err
	}
	view.To, view.Shares, view.Why = v.field("to"), strings.ReplaceAll(v.r.PostFormValue("shares"), "\r\n", "\n"), v.field("why")
	order := v.field("order")
	if len(order) == 0 || len(order) > 40 || len(view.Shares) > maxShares {
		return bad("表单不完整，请返回重试。")
	}
	view.Order = order
	d, err := v.Directory(v.ctx())
	if err != nil {
		return err
	}
	o := ledger.Order{ID: "give-" + order, At: v.Now(), By: v.actor(), Verb: ledger.Handover, Plan: view.Row.Entry.Plan, Bureau: view.Row.Bureau, Duties: []string{view.Row.ID}, Text: view.Why}
	lines := view.To
	if view.Split {
		o.Verb, lines = ledger.SplitDuty, view.Shares
	}
	shares, err := ledger.ParseShares(lines, d.Named(v.Now()))
	var no ledger.Refusal
	if errors.As(err, &no) {
		view.Wrong = string(no)
		return v.showGive(http.StatusConflict, view)
	}
	if err != nil {
		return err
	}
	out, err := v.Book.Give(v.ctx(), o, shares)
	if err != nil {
		return err
	}
	if out.Refused != "" {
		view.Wrong = out.Refused
		return v.showGive(http.StatusConflict, view)
	}
	var names []string
	for _, s := range shares {
		names = append(names, s.Bureau)
	}
	said := view.Row.Label + "已转办给" + names[0] + "，原单位这一条不再催。"
	if view.Split {
		said = view.Row.Label + "已分解给" + strings.Join(names, "、") + "，" + view.Row.Bureau + "自己的一条照旧。"
	}
	return v.done(view.Row.Link(), said)
}
