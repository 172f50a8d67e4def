package admin

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"huiwen/bot"
	"huiwen/bot/post"
	"huiwen/knowledge"
	"huiwen/knowledge/account"
	"huiwen/knowledge/directory"
	"huiwen/knowledge/store"
	"huiwen/knowledge/versions"
	"huiwen/scheduler/ledger"
)

// asked are what residents and staff ask in an ordinary week, the often asked first.
var asked = []string{
	"开店有没有补贴", "住院费能报多少？", "老板拖欠工资怎么办", "想贷款做点小生意找哪里", "你好", "低保怎么申请", "我妈58岁了，一个人在家带孙子，能领什么钱", "残疾人有什么帮扶", "哪里有免费的技能培训",
	"大学生毕业回来找工作有没有什么优惠政策可以享受的呀", "社保补贴怎么领", "公益性岗位还招人吗", "种刺梨有补助没得", "医保断了能补缴不", "第39项", "钟山区今年居民收入要涨好多", "我家娃儿读高职学费可不可以减", "工伤了老板不认账", "养老金什么时候涨", "谢谢",
	"搬迁户的房子可以卖吗", "退役军人创业", "外出打工有没得车票报销", "零工市场在哪里", "这个月低保金还没到账是怎么回事，问了社区说让我们等，等到什么时候",
}

// fillWeeks writes six weeks of the question log up to now, as bot/post keeps it,
// with the answers that the questions have.
func (o *office) fillWeeks(now time.Time) {
	o.t.Helper()
	type answer struct{ r bot.Rendered }
	var answers []answer
	for _, q := range asked {
		r, err := o.Try(o.t.Context(), Question{Text: q, User: bot.Resident, AsOf: now})
		if err != nil {
			o.t.Fatal(err)
		}
		answers = append(answers, answer{r})
	}
	channels := []string{"kf", "kf", "page", "dingtalk", "wecom/staff"}
	for back := range 42 {
		day := now.AddDate(0, 0, -back).In(zone)
		n := 6 + (back*7)%19
		if w := day.Weekday(); w == time.Saturday || w == time.Sunday {
			n /= 3
		}
		count := post.Day{Day: day.Format(time.DateOnly), Status: map[string]int{}, Measures: map[string]int{}, Asked: map[string]int{}, Channels: map[string]int{}, Users: map[string]int{}}
		err := o.Store.Update(o.t.Context(), "log/"+day.Format("2006-01"), func(tx store.Tx) error {
			for i := range n {
				k := (i*i + back*3) % len(asked) * (i%3 + 1) % len(asked)
				r, channel := answers[k].r, channels[(i+back)%len(channels)]
				e := post.Entry{At: day.Add(-time.Duration(i*13) * time.Minute), Channel: channel, User: bot.Resident, Status: r.Status, Citations: r.Citations, Scores: r.Scores, Version: r.Version, Words: asked[k], Millis: int64(3 + (i*7)%40)}
				if channel == "wecom/staff" {
					e.User = bot.Staff
				}
				if (i+back)%9 == 0 {
					e.Rating = &post.Rating{At: e.At.Add(time.Minute), Up: i%2 == 0}
					if i%2 == 1 {
						e.Rating.Reason = "没说到哪里去办，打哪个电话"
					}
				}
				number := fmt.Sprintf("%02d-%04X-%04X-0000-0000", i%64, back, i)
				data, err := json.Marshal(e)
				if err != nil {
					return err
				}
				if err := tx.Put(number, data, 0); err != nil {
					return err
				}
				if err := tx.Add("day/"+e.At.In(zone).Format(time.DateOnly), number, float64(e.At.UnixMicro())); err != nil {
					return err
				}
				count.Total++
				count.Status[string(e.Status)]++
				count.Channels[e.Channel]++
				count.Users[string(e.User)]++
				for _, c := range e.Citations {
					count.Measures[c]++
					count.Asked[c]++
				}
			}
			data, err := json.Marshal(count)
			if err != nil {
				return err
			}
			return tx.Put("count/"+count.Day, data, 0)
		})
		if err != nil {
			o.t.Fatal(err)
		}
	}
}

// lived is an office in the middle of its year: weeks of questions, an armed plan
// whose duties stand in every state, people, a draft with words and cards.
func lived(t *testing.T) *office {
	t.Helper()
	o, _ := armed(t)
	o.fillWeeks(november)
	err := o.Store.Update(t.Context(), directory.Scope, func(tx store.Tx) error {
		d, err := o.Directory(t.Context())
		if err != nil {
			return err
		}
		d = d.Clone()
		names := []string{"陈丽", "周志强", "吴秀英", "欧阳文静", "罗大伟", "蒋小红", "龙昌明", "田慧"}
		for i, b := range d.Bureaus {
			if i%4 == 3 {
				continue // some are not yet staffed
			}
			p := directory.Person{Name: names[i%len(names)], Bureau: b.Name, Roles: []directory.Role{directory.Liaison}, Accounts: []directory.Account{{Channel: "dingtalk", User: fmt.Sprintf("zs%03d", i)}}}
			d.People = append(d.People, p)
			if i%3 == 0 {
				d.People = append(d.People, directory.Person{Name: names[(i+3)%len(names)], Bureau: b.Name, Roles: []directory.Role{directory.Head, directory.Liaison}, Second: true, Accounts: []directory.Account{{Channel: "wecom/staff", User: fmt.Sprintf("head%03d", i)}}})
			}
		}
		if err := d.Succeed("区扶贫局", directory.Successor{Name: "区乡村振兴局", From: "2022-03-01", Basis: "机构改革方案"}); err != nil {
			return directory.Save(tx, d) // the seed may not have it
		}
		return directory.Save(tx, d)
	})
	if err != nil {
		t.Fatal(err)
	}
	all, err := o.Book.List(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	for i, e := range all {
		if i%5 == 4 {
			continue
		}
		o.bureau(e, ledger.Receive, "")
		switch i % 5 {
		case 1, 2:
			o.bureau(e, ledger.ReportOn, "已摸清底数，正在逐户上门，月底前完成第二批。")
		case 3:
			if i%20 == 3 {
				o.bureau(e, ledger.ApplyEnd, "已全部办完，台账和照片附后，请审核。")
			}
		}
	}
	made, err := o.Library.Change(t.Context(), "", "类似问法：想贷款做点小生意找哪里", versions.Act{Who: "李编辑"}, func(e knowledge.Edition) (knowledge.Edition, error) {
		quote, err := e.QuoteOf("39")
		if err != nil {
			return nil, err
		}
		if e, err = e.WithQuestion("39", quote, "盘个铺子做小生意有没有钱拿", false); err != nil {
			return nil, err
		}
		if e, err = e.WithEntry(knowledge.Entry{Questions: []string{"周末上不上班", "星期六可以去办不"}, Answer: "政务大厅周六上午开放预约窗口，周日不上班。", Source: "区政务服务中心"}, "2022-11-01"); err != nil {
			return nil, err
		}
		for _, c := range []knowledge.Card{
			{ID: "创业补贴", Quote: quote, Place: "钟山区政务服务中心二楼人社窗口（人民广场站下车即到）", Phone: "0858-8888888", Hours: "工作日 9:00—12:00，13:00—17:00", Papers: []string{"身份证", "营业执照副本", "银行卡"}, Source: "区人力资源社会保障局", Verified: "王管理", On: "2022-11-01", Expires: "2022-12-10"},
			{ID: "临时救助", Bureau: "区民政局", Phone: "0858-7777777", Source: "区民政局", Expires: "2022-10-01", Verified: "王管理", On: "2022-06-01"},
		} {
			if e, err = e.WithCard(c, "2022-11-01"); err != nil {
				return nil, err
			}
		}
		return e, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	_ = made
	for name, roles := range map[string][]account.Role{"李编辑": {account.Editor, account.Reviewer}, "赵审计": {account.Auditor}, "孙窗口": {account.Window}, "钱签发": {account.Issuer}} {
		o.hire(name, roles...)
	}
	return o
}
