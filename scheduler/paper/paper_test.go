package paper_test

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"huiwen/knowledge/calendar"
	"huiwen/knowledge/directory"
	"huiwen/knowledge/plan"
	"huiwen/scheduler/ledger"
	"huiwen/scheduler/paper"
	"huiwen/seeds"
)

func source(t *testing.T) paper.Source {
	t.Helper()
	days, err := calendar.Load(seeds.Files)
	if err != nil {
		t.Fatal(err)
	}
	day := func(s string) calendar.Day {
		d, err := calendar.Parse(s)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	v := 1200.0
	duty := ledger.Duty{ID: "4/1", No: "4", Label: "第4项", Bureau: "甲局", First: true, What: "力争完成贷款2000万元", Target: "2000万元", Hedge: "力争", Due: day("2022-12-31"), Kind: "once",
		Figure: &ledger.Figure{What: "贷款", Value: 2000, Unit: "万元", Measured: ledger.Sum}}
	joint := duty
	joint.Bureau, joint.First = "乙局", false
	return paper.Source{
		Title: "计划", Plan: "2022", AsOf: day("2022-12-20"), Calendar: days,
		People: &directory.Directory{Bureaus: []directory.Bureau{{Name: "乙局", Successor: &directory.Successor{Name: "丙局", From: "2022-10-01", Basis: "x"}}, {Name: "丙局"}}},
		Items: []paper.Item{
			{No: "4", Label: "第4项", Text: "=HYPERLINK(\"http://x\")力争完成贷款2000万元。", Bureaus: []plan.Bureau{{Name: "甲局", First: true}, {Name: "乙局"}, {Name: "各乡", Collective: true}}, Targets: []plan.Target{{Text: "2000万元", What: "贷款", Hedge: "力争"}}},
			{No: "5", Label: "第5项", Text: "加强宣传。"},
		},
		Entries: []ledger.Entry{
			{Duty: duty, Plan: "2022", State: ledger.Doing, Reports: []ledger.Report{
				{Person: "张三", Value: &v, Until: day("2022-12-15"), Text: "+发放顺利。问题：担保基金不足；下步：对接银行。需协调：请财政追加<b>&\x01"}}},
			{Duty: joint, Plan: "2022", State: ledger.Waiting},
		},
	}
}

func TestTheOfficesTable(t *testing.T) {
	var b bytes.Buffer
	if err := paper.CSV(&b, source(t)); err != nil {
		t.Fatal(err)
	}
	lines, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(b.String(), "\ufeff"))).ReadAll()
	if err != nil || len(lines) != 3 {
		t.Fatalf("%d lines, %v", len(lines), err)
	}
	if got, want := strings.Join(lines[0], "｜"), "序号｜任务内容｜目标｜责任单位（列首位/其他）｜时限｜完成情况（截至12月20日）｜完成率｜存在问题｜下步打算｜需协调事项｜状态｜填报人/审核人/联系电话"; got != want {
		t.Errorf("columns %s", got)
	}
	for i, want := range []string{"1", "'=HYPERLINK", "力争贷款2000万元", "列首位：甲局\n其他：乙局（现：丙局）、各乡（待分解）", "2022年12月31日（最后一个工作日12月30日）", "甲局：贷款年初至今1200万元（数据截至12月15日） +发放顺利", "贷款60%", "甲局：担保基金不足", "甲局：对接银行", "甲局：请财政追加", "甲局：办理中，黄 临期\n乙局：待签收，黄 临期", "张三/—/"} {
		if !strings.HasPrefix(lines[1][i], want) {
			t.Errorf("column %d is %q, want %q", i+1, lines[1][i], want)
		}
	}
	if lines[2][5] != "尚未填报" || lines[2][10] != "尚未交办" {
		t.Errorf("a measure without an entry: %v", lines[2])
	}
}

// TestNoFormulaGetsThrough holds for every cell of both tables.
func TestNoFormulaGetsThrough(t *testing.T) {
	s := source(t)
	for _, bad := range []string{"=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1+1"} {
		s.Items[0].Text = bad
		var b bytes.Buffer
		if err := paper.CSV(&b, s); err != nil {
			t.Fatal(err)
		}
		lines, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(b.String(), "\ufeff"))).ReadAll()
		if err != nil || !strings.HasPrefix(lines[1][1], "'") {
			t.Errorf("%q is written as %q, %v", bad, lines[1][1], err)
		}
		b.Reset()
		if err := paper.XLSX(&b, s); err != nil {
			t.Fatal(err)
		}
		f, err := excelize.OpenReader(&b)
		if err != nil {
			t.Fatal(err)
		}
		if formula, _ := f.GetCellFormula("台账", "B3"); formula != "" {
			t.Errorf("%q is a formula", bad)
		}
		if kind, _ := f.GetCellType("台账", "B3"); kind != excelize.CellTypeSharedString && kind != excelize.CellTypeInlineString {
			t.Errorf("%q is a cell of kind %v", bad, kind)
		}
		f.Close()
	}
}

func TestDraftsAreWhole(t *testing.T) {
	for _, k := range []paper.Kind{paper.Monthly, paper.Quarterly, paper.Circular} {
		var b bytes.Buffer
		if err := paper.DOCX(&b, k, source(t)); err != nil {
			t.Fatal(err)
		}
		z, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
		if err != nil {
			t.Fatal(err)
		}
		text, count := "", map[string]int{}
		for _, f := range z.File {
			r, err := f.Open()
			if err != nil {
				t.Fatal(err)
			}
			dec := xml.NewDecoder(r)
			for {
				tok, err := dec.Token()
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					t.Fatalf("%s: %s: %v", k, f.Name, err)
				}
				switch x := tok.(type) {
				case xml.CharData:
					text += string(x)
				case xml.StartElement:
					count[x.Name.Local]++
				}
			}
			r.Close()
		}
		// the format asks for a grid of every table, and each row fills it
		if count["tblGrid"] != count["tbl"] || count["tr"]*count["gridCol"] != count["tc"]*count["tbl"] {
			t.Errorf("%s: tables of %v", k, count)
		}
		for _, want := range []string{"代拟稿", string(k), "黄（临期", "第4项"} {
			if !strings.Contains(text, want) {
				t.Errorf("%s lacks %q", k, want)
			}
		}
	}
}
