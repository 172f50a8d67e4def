package app

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"

	"huiwen/knowledge/directory"
	"huiwen/scheduler/ledger"
)

// A bureauDesk is a store with the armed seed plan in its ledger.
type bureauDesk struct {
	t    *testing.T
	data string
}

func newBureauDesk(t *testing.T) *bureauDesk {
	t.Helper()
	d := &bureauDesk{t, t.TempDir()}
	d.run(0, "admin", "create", "李办", "--role", "办公室")
	d.run(0, "admin", "create", "张编辑", "--role", "编辑")
	d.run(0, "plan", "arm", "--as", "李办", "--day", "2022-09-15")
	d.run(0, "remind", "release", "--yes", "--as", "李办")
	saveDirectory(t, []string{"HUIWEN_DATA=" + d.data}, func(x *directory.Directory) {
		x.Bureaus = append(x.Bureaus, directory.Bureau{Name: "月照街道", Kind: "乡镇", Aliases: []string{"月照"}}, directory.Bureau{Name: "大湾镇", Kind: "乡镇"})
	})
	return d
}

func (d *bureauDesk) run(code int, args ...string) outcome {
	d.t.Helper()
	got := runWith(d.t, "", nil, append([]string{"--data", d.data}, args...)...)
	if got.code != code {
		d.t.Fatalf("%v: exit %d, want %d\n%s\n%s", args, got.code, code, got.out, got.err)
	}
	return got
}

// given are the entries that the office made, and where others have another day.
func (d *bureauDesk) given() map[string]string {
	d.t.Helper()
	out := map[string]string{}
	for line := range strings.Lines(d.run(0, "duties", "--json").out) {
		var e ledger.Entry
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			d.t.Fatal(err)
		}
		if e.ByHand || !e.Moved.IsZero() {
			out[e.No+" "+e.Bureau+" "+e.What[:min(len(e.What), 12)]] += fmt.Sprint(e.Target, " ", e.InForce().Due, " ", e.Handler, "; ")
		}
	}
	return out
}

// TestTheOfficesTableIsReadIntoDuties: shown first, then all of it once; what is wrong
// is told by row and column and nothing is changed.
func TestTheOfficesTableIsReadIntoDuties(t *testing.T) {
	d := newBureauDesk(t)
	text := "关于分解任务的表,,,,,\r\n任务编号,任务内容,责任单位,目标数,完成时限,责任人\r\n40,,月照,500万元,2022-11-30,王主任\r\n,,大湾镇,300,11月底前,\r\n47/2,,大湾镇,50人次,,\r\n第46项,入户核查补贴发放,月照街道、大湾镇,,,\r\n合计,,,,,\r\n"
	gbk, err := simplifiedchinese.GBK.NewEncoder().String(text)
	if err != nil {
		t.Fatal(err)
	}
	bad := strings.NewReplacer("月照,500万元", "月造街道,500亩", "2022-11-30", "尽快", "47/2", "99", "第46项,入户核查补贴发放,月照街道、大湾镇", "46,,月照街道、月照", "合计,,,,,", "46,,月照街道,,,").Replace(text)
	file := writeFile(t, "bad.csv", bad)
	got := d.run(1, "duties", "import", file, "--as", "李办")
	for _, want := range []string{"bad.csv 第3行“责任单位”：名录里没有“月造街道”，是不是：月照街道", "第4行“目标数”：第40项有几个数量目标", "第5行“任务编号”：计划里没有“99”", "第7行“责任单位”：月照街道的第46项在第6行已经写过", "什么也没有导入"} {
		if !strings.Contains(got.err, want) {
			t.Errorf("no %q in\n%s", want, got.err)
		}
	}
	file = writeFile(t, "分解表.csv", strings.Replace(gbk, "300,", "300\xcd\xf2\xd4\xaa,", 1))
	d.run(2, "duties", "import", file)
	d.run(1, "duties", "import", file, "--as", "张编辑")
	dry := d.run(0, "duties", "import", file, "--as", "李办", "--dry-run").out
	for _, want := range []string{"第40项从区人力资源社会保障局分解给：月照街道500万元（2022-11-30前）、大湾镇300万元（2022-11-30前）", "第46项从区民政局分解给：月照街道、大湾镇", "这是试读"} {
		if !strings.Contains(dry, want) {
			t.Errorf("no %q in\n%s", want, dry)
		}
	}
	if list := d.given(); len(list) > 0 {
		t.Errorf("nothing was to be changed: %v", list)
	}
	d.run(0, "duties", "import", file, "--as", "李办", "--why", "办公会纪要")
	want := map[string]string{
		"40 月照街道": "500万元 2022-11-30 王主任; ", "40 大湾镇": "300万元 2022-11-30 ; ", "47 大湾镇": "50人次 2022-12-31 ; ", "46 月照街道": "入户核查", "46 大湾镇": "入户核查",
	}
	list := d.given()
	for k, v := range want {
		found := ""
		for name, what := range list {
			if strings.HasPrefix(name, k+" ") {
				found = name + what
			}
		}
		if !strings.Contains(found, v) {
			t.Errorf("%s has %q, want %q", k, found, v)
		}
	}
	if len(list) != len(want) {
		t.Errorf("given %v", list)
	}
	if again := d.run(0, "duties", "import", file, "--as", "李办").out; !strings.Contains(again, "没有要改的") {
		t.Errorf("the same table again: %s", again)
	}
}

// TestTheLedgerGoesOutAndIn: the exported ledger changes nothing when it is read; who
// was added to a row gets a part, and a day that was changed is moved.
func TestTheLedgerGoesOutAndIn(t *testing.T) {
	d := newBureauDesk(t)
	dir := t.TempDir()
	for _, name := range []string{"台账.xlsx", "台账.csv"} {
		file := filepath.Join(dir, name)
		d.run(0, "ledger", "export", file)
		if got := d.run(0, "duties", "import", file, "--as", "李办").out; !strings.Contains(got, "没有要改的") {
			t.Errorf("%s read as it was written: %s", name, got)
		}
	}
	file := filepath.Join(dir, "台账.xlsx")
	f, err := excelize.OpenFile(file)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := f.GetRows("台账")
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range rows {
		if r[0] == "16" {
			for column, text := range map[string]string{"D": r[3] + "、大湾镇", "E": "2022年12月20日"} {
				if err := f.SetCellStr("台账", fmt.Sprint(column, i+1), text); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	if err := f.Save(); err != nil {
		t.Fatal(err)
	}
	got := d.run(0, "duties", "import", file, "--as", "李办").out
	for _, want := range []string{"第16项从区招商投资促进服务中心分解给：大湾镇", "第16项 区农业农村局的期限从2022-12-31调整到2022-12-20", "共 4 处改动"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if again := d.run(0, "duties", "import", file, "--as", "李办").out; !strings.Contains(again, "没有要改的") {
		t.Errorf("the same table again: %s", again)
	}
}

// hostileXLSX is a workbook whose sheet is what it is given.
func hostileXLSX(t *testing.T, sheet []byte) string {
	t.Helper()
	var b bytes.Buffer
	f := excelize.NewFile()
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	in, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, part := range in.File {
		if part.Name == "xl/worksheets/sheet1.xml" {
			w, err := z.Create(part.Name)
			if err == nil {
				_, err = w.Write(sheet)
			}
			if err != nil {
				t.Fatal(err)
			}
			continue
		}
		if err := z.Copy(part); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "x.xlsx")
	if err := os.WriteFile(file, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestHostileTables(t *testing.T) {
	data := t.TempDir()
	const head, tail = `<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>`, `</sheetData></worksheet>`
	for name, file := range map[string]string{
		"a bomb":            hostileXLSX(t, append([]byte(head), bytes.Repeat([]byte(" "), 100<<20)...)),
		"a last row":        hostileXLSX(t, []byte(head+`<row r="1048576"><c r="A1048576" t="inlineStr"><is><t>x</t></is></c></row>`+tail)),
		"a last column":     hostileXLSX(t, []byte(head+`<row r="1"><c r="XFD1" t="inlineStr"><is><t>x</t></is></c></row>`+tail)),
		"depth":             hostileXLSX(t, []byte(head+strings.Repeat("<row>", 200_000))),
		"entities":          hostileXLSX(t, []byte(`<!DOCTYPE x [<!ENTITY a "aaaa">]>`+head+`<row r="1"><c r="A1" t="inlineStr"><is><t>&a;</t></is></c></row>`+tail)),
		"no workbook":       writeFile(t, "x.xlsx", "PK\x03\x04nothing"),
		"another text":      writeFile(t, "x.csv", "今天,下雨\n"),
		"too many rows":     writeFile(t, "y.csv", strings.Repeat("a,b\n", 6000)),
		"nothing":           writeFile(t, "z.csv", " \n"),
		"a cell of 100 KB ": writeFile(t, "w.csv", "任务编号,责任单位\n40,"+strings.Repeat("甲", 100_000)+"\n"),
	} {
		got := runWith(t, "", nil, "--data", data, "duties", "import", file)
		if got.code != 1 || strings.Contains(got.out, "已导入") || !strings.ContainsFunc(got.err, func(r rune) bool { return r > 0x4e00 }) {
			t.Errorf("%s: %d %s %s", name, got.code, got.out, got.err)
		}
	}
	if got := runWith(t, "", nil, "--data", data, "duties", "import", writeFile(t, "x.doc", "x")); got.code != 2 {
		t.Errorf("another format: %+v", got)
	}
}
