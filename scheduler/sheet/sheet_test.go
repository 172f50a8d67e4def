package sheet_test

import (
	"strings"
	"testing"
	"time"

	"huiwen/bot"
	"huiwen/knowledge/calendar"
	"huiwen/knowledge/directory"
	"huiwen/scheduler/ledger"
	"huiwen/scheduler/paper"
	"huiwen/scheduler/sheet"
)

// book is a ledger with one measure of two targets, 甲局 first and 乙局 beside it.
func book(t *testing.T) sheet.Ledger {
	t.Helper()
	due, err := calendar.Parse("2022-12-31")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2022, 9, 15, 10, 0, 0, 0, calendar.Zone)
	l := sheet.Ledger{
		Plan: "2022", Items: []paper.Item{{No: "4", Label: "第4项", Text: "力争完成创业担保贷款2000万元,扶持创业120人。"}}, Today: calendar.Of(at), At: at, Reason: "分解表",
		By:     ledger.Actor{Person: "办", Roles: []bot.Role{bot.Office}},
		People: &directory.Directory{Bureaus: []directory.Bureau{{Name: "甲局"}, {Name: "乙局"}, {Name: "丙镇"}, {Name: "丁镇", Aliases: []string{"丁"}}}},
	}
	for _, b := range []string{"甲局", "乙局"} {
		for id, f := range map[string]ledger.Figure{"4/1": {What: "贷款", Value: 2000, Unit: "万元", Measured: ledger.Sum}, "4/2": {What: "创业", Value: 120, Unit: "人", Measured: ledger.Sum}} {
			l.Entries = append(l.Entries, ledger.Entry{Duty: ledger.Duty{ID: id, No: "4", Label: "第4项", Bureau: b, First: b == "甲局", Target: ledger.Number(f.Value) + f.Unit, Figure: &f, Due: due}, Plan: "2022", State: ledger.Waiting})
		}
	}
	return l
}

func read(t *testing.T, table string) (changes []sheet.Change, said string) {
	t.Helper()
	rows, err := sheet.CSV(table)
	if err != nil {
		t.Fatal(err)
	}
	changes, problems := sheet.Read(rows, book(t))
	for _, p := range problems {
		said += p.String() + "\n"
	}
	return changes, said
}

func TestDaysAsPeopleAndSpreadsheetsWriteThem(t *testing.T) {
	for text, want := range map[string]string{
		"2022-11-30": "2022-11-30", "2022/11/30": "2022-11-30", "2022年11月30日前": "2022-11-30", "2022.11.30": "2022-11-30", "2022-11-30 00:00:00": "2022-11-30", "11-30-22": "2022-11-30", "11/30/2022": "2022-11-30",
		"11月30日": "2022-11-30", "11月底": "2022-11-30", "2月底前": "2022-02-28", "2022年11月": "2022-11-30", "2023年底": "2023-12-31", "年底前": "2022-12-31", "今年底": "2022-12-31",
		"尽快": "", "2022-02-30": "", "13月1日": "", "2022-11": "", "0022-11-30": "",
	} {
		changes, said := read(t, "编号,单位,时限\n4,丙镇,"+text+"\n")
		got := ""
		if len(changes) == 1 {
			got = changes[0].Shares[0].Due.String()
		}
		if got != want || (said == "") != (want != "") {
			t.Errorf("%s is %q, want %q; %s", text, got, want, said)
		}
	}
}

func TestRows(t *testing.T) {
	for _, c := range []struct{ name, rows, want, said string }{
		{"figures go to the target that has their unit", "4,丙镇,300万元\n4,丁,\"1,000\"\n", "", "第3行“目标数”：第4项有几个数量目标"},
		{"one body, two targets", "4,丙镇,300万元\n4,丙镇,20人\n", "第4项从甲局分解给：丙镇300万元；第4项从甲局分解给：丙镇20人", ""},
		{"a number without a unit where the duty is named", "4/2,丁,20\n", "第4项从甲局分解给：丁镇20人", ""},
		{"merged cells", "4,丙镇,300万元\n,丁,500万元\n", "第4项从甲局分解给：丙镇300万元、丁镇500万元", ""},
		{"who has it already", "4,甲局、乙局,\n", "", ""},
		{"a joint bureau gets a share of its own", "4,乙局,300万元\n", "第4项从甲局分解给：乙局300万元", ""},
		{"a unit that no target has", "4,丙镇,3亩\n", "", "第2行“目标数”：第4项没有以“亩”计的数量目标"},
		{"no such measure", "5,丙镇,\n", "", "第2行“任务编号”：计划里没有“5”"},
		{"no body", "4,,300万元\n", "", "第2行“责任单位”：没有写单位"},
		{"nobody by that name", "4,丙县,\n", "", "第2行“责任单位”：名录里没有“丙县”，是不是：丙镇"},
		{"a formula is a text", "4,=1+1,\n", "", "名录里没有“=1+1”"},
	} {
		changes, said := read(t, "编号,单位,目标数\n"+c.rows)
		var texts []string
		for _, x := range changes {
			texts = append(texts, x.Text)
		}
		if got := strings.Join(texts, "；"); said == "" && got != c.want || c.said == "" && said != "" || !strings.Contains(said, c.said) {
			t.Errorf("%s: %q %q, want %q %q", c.name, got, said, c.want, c.said)
		}
	}
}
