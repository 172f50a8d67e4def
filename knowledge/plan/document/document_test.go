package document_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
	utfenc "golang.org/x/text/encoding/unicode"

	"huiwen/knowledge/plan/document"
)

// word makes a docx of the body of word/document.xml and other parts by name.
func word(t testing.TB, body string, parts map[string]string) []byte {
	t.Helper()
	const ns = ` xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"`
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	write := func(name, text string) {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	write("word/document.xml", `<?xml version="1.0"?><w:document`+ns+`><w:body>`+body+`</w:body></w:document>`)
	for name, text := range parts {
		write(name, strings.Replace(text, "<w:root", "<w:root"+ns, 1))
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func p(text string) string { return `<w:p><w:r><w:t>` + text + `</w:t></w:r></w:p>` }

func TestText(t *testing.T) {
	gb, err := simplifiedchinese.GB18030.NewEncoder().String("一、任务\n1.做事。")
	if err != nil {
		t.Fatal(err)
	}
	utf16, err := utfenc.UTF16(utfenc.LittleEndian, utfenc.UseBOM).NewEncoder().String("一、任务")
	if err != nil {
		t.Fatal(err)
	}
	gbPage, err := simplifiedchinese.GBK.NewEncoder().String(`<html><head><meta charset="gb2312"><title>x</title></head><body><script>var a="不要"</script><p>一、任务</p><div>1.做 <b>Word</b> 事。<br>第二行</div></body></html>`)
	if err != nil {
		t.Fatal(err)
	}
	numbered := `<w:p><w:pPr><w:numPr><w:ilvl w:val="%"/><w:numId w:val="1"/></w:numPr></w:pPr><w:r><w:t>`
	level := func(n, text string) string {
		return strings.Replace(numbered, "%", n, 1) + text + `</w:t></w:r></w:p>`
	}
	numbering := map[string]string{"word/numbering.xml": `<w:root><w:abstractNum w:abstractNumId="7"><w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="chineseCounting"/><w:lvlText w:val="%1、"/></w:lvl><w:lvl w:ilvl="1"><w:start w:val="1"/><w:numFmt w:val="decimal"/><w:lvlText w:val="%2."/></w:lvl></w:abstractNum><w:num w:numId="1"><w:abstractNumId w:val="7"/></w:num></w:root>`}
	cell := func(text string) string { return `<w:tc>` + p(text) + `</w:tc>` }
	tests := []struct {
		name string
		data []byte
		want string
	}{
		{"a.txt", []byte("\xef\xbb\xbf一、任务\r\n1.做\u200b事。"), "一、任务\n1.做事。"},
		{"a.txt", []byte(gb), "一、任务\n1.做事。"},
		{"a.txt", []byte(utf16), "一、任务"},
		{"a.txt", []byte("钟⼭区农⼾居⺠"), "钟山区农户居民"},
		{"a.md", []byte("# 标题\n\n- **重点**：见[办法](http://x)\n\n1. 做事。\n"), "标题\n\n重点：见办法\n\n1.做事。\n\n"},
		{"a.md", []byte("| 序号 | 任务 | 牵头单位 | 完成时限 |\n|---|---|---|---|\n| 1 | 修路 | 县交通局 | 2024年6月 |\n"), "1.修路。（牵头单位：县交通局；完成时限：2024年6月）\n\n"},
		{"a.html", []byte(gbPage), "一、任务\n1.做Word事。\n第二行\n"},
		{"a.htm", []byte("<table><tr><th>序号</th><th>工作任务</th><th>责任单位</th></tr><tr><td>1</td><td>修路</td><td>县交通局、县财政局</td></tr></table>"), "1.修路。（责任单位：县交通局、县财政局）\n"},
		{"a.docx", word(t, p("一、任务")+p("1.做&lt;事&gt;。"), nil), "一、任务\n1.做<事>。\n"},
		{"a.docx", word(t, level("0", "任务")+level("1", "甲。")+level("1", "乙。")+level("0", "保障")+level("1", "丙。"), numbering), "一、任务\n1.甲。\n2.乙。\n二、保障\n1.丙。\n"},
		{"a.docx", word(t, `<w:p><w:r><w:t>补</w:t></w:r><w:del><w:r><w:delText>八千</w:delText><w:t>九千</w:t></w:r></w:del><w:ins><w:r><w:t>五千元</w:t></w:r></w:ins></w:p>`, nil), "补五千元\n"},
		{"a.docx", word(t, `<w:p><w:r><w:t>前</w:t></w:r><w:r><mc:AlternateContent><mc:Choice><w:txbxContent>`+p("框")+`</w:txbxContent></mc:Choice><mc:Fallback><w:txbxContent>`+p("框")+`</w:txbxContent></mc:Fallback></mc:AlternateContent></w:r><w:r><w:footnoteReference w:id="2"/><w:t>后</w:t></w:r></w:p>`, map[string]string{"word/footnotes.xml": `<w:root>` + p("注") + `</w:root>`}), "框\n前后\n"},
		{"a.docx", word(t, `<w:tbl><w:tr>`+cell("序号")+cell("工作任务")+cell("牵头单位")+cell("配合单位")+`</w:tr><w:tr>`+cell("1")+cell("修路。")+cell("县交通局")+cell("县财政局")+`</w:tr></w:tbl>`, nil), "1.修路。（牵头单位：县交通局；配合单位：县财政局）\n"},
	}
	for _, tt := range tests {
		got, err := document.Text(tt.name, tt.data)
		if err != nil || strings.TrimRight(got, "\n") != strings.TrimRight(tt.want, "\n") {
			t.Errorf("%s %.60q:\n got %q %v\nwant %q", tt.name, tt.data, got, err, tt.want)
		}
	}
}

func TestPDFPrintedByABrowser(t *testing.T) {
	data, err := os.ReadFile("testdata/browser.pdf")
	if err != nil {
		t.Fatal(err)
	}
	got, err := document.Text("a.pdf", data)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"某县2024年实施方案\n", "\n一、重点任务\n",
		"\n1.力争2024年新增就业500人以上，对首次创业的居民按照省、市有关规定及时发放一次性补贴5000元，做好农户登记，每年开展一次检查。（责任单位：县教育局、县财政局等）\n",
		"\n2.其他 Word 工作。（责任单位：县民政局）",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("lacks %q:\n%s", want, got)
		}
	}
}

func TestRefused(t *testing.T) {
	lying := word(t, p("x"), nil)
	huge := word(t, strings.Repeat(p("补贴"), 3), map[string]string{"word/styles.xml": "<w:root>" + strings.Repeat(" ", 80<<20) + "</w:root>"})
	tests := []struct {
		name string
		data []byte
		want error
	}{
		{"a.txt", nil, document.ErrEmpty},
		{"a.txt", []byte(" \n"), document.ErrEmpty},
		{"a.txt", []byte("a\x00b"), document.ErrFormat},
		{"a.txt", []byte("\xff\x81\x30\xff"), document.ErrEncoding},
		{"a.txt", bytes.Repeat([]byte("a"), document.MaxFile+1), document.ErrTooLarge},
		{"a.doc", []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rest"), document.ErrOldOffice},
		{"a.docx", []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1..E\x00n\x00c\x00r\x00y\x00p\x00t\x00e\x00d\x00P\x00a\x00c\x00k\x00a\x00g\x00e"), document.ErrEncrypted},
		{"a.docx", lying[:len(lying)/2], document.ErrBroken},
		{"a.docx", huge, document.ErrBomb},
		{"a.docx", word(t, strings.Repeat("<w:p>", 5000), nil), document.ErrBomb},
		{"a.docx", word(t, "<w:p>", nil), document.ErrBroken},
		{"a.pdf", []byte("%PDF-1.4\nnothing"), document.ErrBroken},
		{"a.rtf", []byte("{\\rtf1}"), document.ErrFormat},
	}
	for _, tt := range tests {
		if got, err := document.Text(tt.name, tt.data); !errors.Is(err, tt.want) {
			t.Errorf("%s %.30q: %.40q %v, want %v", tt.name, tt.data, got, err, tt.want)
		}
	}
}

func TestTables(t *testing.T) {
	tc := func(props, text string) string { return `<w:tc><w:tcPr>` + props + `</w:tcPr>` + p(text) + `</w:tc>` }
	auto := `<w:tc><w:p><w:pPr><w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr></w:pPr></w:p></w:tc>`
	numbering := map[string]string{"word/numbering.xml": `<w:root><w:abstractNum w:abstractNumId="7"><w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="decimal"/><w:lvlText w:val="%1"/></w:lvl></w:abstractNum><w:num w:numId="1"><w:abstractNumId w:val="7"/></w:num></w:root>`}
	const wantMerged = "任务分解表\n一、甲\n1.做事。（牵头单位：县审批局；责任单位：县财政局、县司法局；完成时限：6月）\n2.再做事。（牵头单位：县审批局；责任单位：县民政局；完成时限：7月）\n"
	tests := []struct {
		name string
		data []byte
		want string
	}{
		{"a.html", []byte(`<table><tr><td colspan=6>任务分解表</td></tr><tr><th>工作任务<th>序号<th>具体措施<th>牵头单位<th>责任单位<th>完成时限</tr>` +
			`<tr><td rowspan=2>一、甲<td>1<td>做事<td rowspan="2">县审批局<td>县财政局<br>县司法局<td>6月</tr><tr><td>2<td>再做事<td>县民政局<td>7月</tr></table>`), wantMerged},
		{"a.docx", word(t, `<w:tbl><w:tr>`+tc(`<w:gridSpan w:val="6"/>`, "任务分解表")+`</w:tr><w:tr>`+tc("", "工作任务")+tc("", "序号")+tc("", "具体措施")+tc("", "牵头单位")+tc("", "责任单位")+tc("", "完成时限")+`</w:tr>`+
			`<w:tr>`+tc(`<w:vMerge w:val="restart"/>`, "一、甲")+auto+tc("", "做事")+tc(`<w:vMerge w:val="restart"/>`, "县审批局")+`<w:tc>`+p("县财政局")+p("县司法局")+`</w:tc>`+tc("", "6月")+`</w:tr>`+
			`<w:tr>`+tc(`<w:vMerge/>`, "")+auto+tc("", "再做事")+tc(`<w:vMerge/>`, "")+tc("", "县民政局")+tc("", "7月")+`</w:tr></w:tbl>`, numbering), wantMerged},
		{"a.md", []byte("| 项目 | 责任单位 | 责任人 |\n|---|---|---|\n| 修路 | 县交通局 | 王某 |\n| 架桥 | 县水利局 | 李某 |\n"), "1.修路。（责任单位：县交通局）\n2.架桥。（责任单位：县水利局）\n"},
		{"a.html", []byte(`<table><tr><th>姓名<th>电话</tr><tr><td>甲<td>1</tr></table>`), "姓名\t电话\n甲\t1\n"},
	}
	for _, tt := range tests {
		got, err := document.Text(tt.name, tt.data)
		if err != nil || strings.TrimRight(got, "\n") != strings.TrimRight(tt.want, "\n") {
			t.Errorf("%s:\n got %q %v\nwant %q", tt.name, got, err, tt.want)
		}
	}
}

// TestNumberFormats: what Word numbers itself in the ways Chinese documents use.
func TestNumberFormats(t *testing.T) {
	tests := []struct{ format, text, want string }{
		{"chineseCountingThousand", "（%1）", "（十一）"},
		{"japaneseCounting", "第%1条", "第十一条"},
		{"decimal", "%1.", "11."},
		{"decimalFullWidth", "%1．", "１１．"},
		{"decimalEnclosedCircleChinese", "%1", "⑪"},
		{"upperLetter", "%1.", "K."},
		{"bullet", "•", ""},
		{"none", "", ""},
	}
	para := `<w:p><w:pPr><w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr></w:pPr><w:r><w:t>做事。</w:t></w:r></w:p>`
	for _, tt := range tests {
		numbering := map[string]string{"word/numbering.xml": `<w:root><w:abstractNum w:abstractNumId="7"><w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="` + tt.format + `"/><w:lvlText w:val="` + tt.text + `"/></w:lvl></w:abstractNum><w:num w:numId="1"><w:abstractNumId w:val="7"/></w:num></w:root>`}
		got, err := document.Text("a.docx", word(t, strings.Repeat(para, 11), numbering))
		if err != nil || !strings.HasSuffix(strings.TrimSpace(got), "\n"+tt.want+"做事。") {
			t.Errorf("%s: %q %v, want %q at the end", tt.format, got, err, tt.want)
		}
	}
}

// sane fails on text without words or without bounds.
func sane(t *testing.T, text string, err error) {
	t.Helper()
	if err == nil && (strings.TrimSpace(text) == "" || len(text) > document.MaxText || !utf8.ValidString(text)) {
		t.Fatalf("%d bytes of text without an error", len(text))
	}
}

func FuzzText(f *testing.F) {
	f.Add("a.md", []byte("# x\n|a|b|\n|--|--|\n|1|2|"))
	f.Add("a.txt", []byte("\xff\xfea\x00"))
	f.Add("a.docx", word(f, p("x"), nil))
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		if bytes.Contains(data[:min(len(data), 1100)], []byte("%PDF-")) {
			return // the library may spin: it is killed from outside
		}
		text, err := document.Text(name, data)
		sane(t, text, err)
	})
}

func FuzzHTML(f *testing.F) {
	f.Add([]byte("<table><tr><td rowspan=3 colspan=2><table><tr><td>x</table>y<tr><td>z<br>一"))
	f.Add([]byte("<meta charset=gb2312><p>\xd2\xbb</p>"))
	f.Fuzz(func(t *testing.T, data []byte) {
		text, err := document.Text("a.html", append([]byte("<html>"), data...))
		sane(t, text, err)
	})
}

// FuzzDocx varies the parts inside the zip, which a fuzzer seldom gets through.
func FuzzDocx(f *testing.F) {
	f.Add(`<w:tbl><w:tr><w:tc><w:tcPr><w:gridSpan w:val="9"/><w:vMerge/></w:tcPr>`+p("一")+`</w:tc></w:tr></w:tbl>`, `<w:abstractNum w:abstractNumId="1"><w:lvl w:ilvl="0"><w:start w:val="3"/><w:numFmt w:val="chineseCounting"/><w:lvlText w:val="%1、%2"/></w:lvl></w:abstractNum><w:num w:numId="1"><w:abstractNumId w:val="1"/></w:num>`)
	f.Add(`<w:p><w:pPr><w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr></w:pPr><w:r><w:t>x</w:t></w:r></w:p>`, ``)
	f.Fuzz(func(t *testing.T, body, numbering string) {
		text, err := document.Text("a.docx", word(t, body, map[string]string{"word/numbering.xml": `<w:root>` + numbering + `</w:root>`}))
		sane(t, text, err)
	})
}

// drawn is content whose strings and lists are closed: the library spins on others.
var drawn = regexp.MustCompile(`^(?:[A-Za-z0-9'"*. \n-]|/F |<[0-9A-Fa-f]*>|\([a-z]*\)|\[(?:[0-9. -]|<[0-9A-Fa-f]*>|\([a-z]*\))*\])*$`)

// FuzzPDF varies what a page draws and how its font maps codes; the rest of a
// PDF is the library's, which may spin and is killed from outside.
func FuzzPDF(f *testing.F) {
	f.Add("BT /F 12 Tf 50 700 Td <00010002> Tj ET", "1 beginbfrange <0001> <0002> <4E00> endbfrange")
	f.Add("q 1 0 0 1 0 0 cm BT /F 9 Tf [<0001> -500 <0002>] TJ T* (ab) ' ET Q", "1 beginbfchar <0001> <6751> endbfchar")
	f.Add(drawnTable([][]string{{"一", "二"}, {"^", "三"}}, true), "1 beginbfrange <4E00> <4E90> <4E00> endbfrange")
	f.Fuzz(func(t *testing.T, content, cmap string) {
		if len(content)+len(cmap) > 4000 || !drawn.MatchString(content) || strings.Contains(cmap, "stream") {
			return
		}
		text, err := document.Text("a.pdf", page(content, cmap))
		sane(t, text, err)
	})
}

// page makes a PDF of one page.
func page(content, cmap string) []byte { return pages(cmap, content) }

// pages makes a PDF of pages that one font serves.
func pages(cmap string, contents ...string) []byte {
	objects := []string{
		"<</Type/Catalog/Pages 2 0 R>>",
		"",
		"<</Type/Font/Subtype/Type0/BaseFont/X/Encoding/Identity-H/DescendantFonts[<</Type/Font/Subtype/CIDFontType2/BaseFont/X/DW 1000>>]/ToUnicode 4 0 R>>",
		fmt.Sprintf("<</Length %d>>\nstream\n%s\nendstream", len(cmap), cmap),
	}
	kids := ""
	for _, c := range contents {
		n := len(objects) + 1
		kids += fmt.Sprintf("%d 0 R ", n)
		objects = append(objects,
			fmt.Sprintf("<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents %d 0 R/Resources<</Font<</F 3 0 R>>>>>>", n+1),
			fmt.Sprintf("<</Length %d>>\nstream\n%s\nendstream", len(c), c))
	}
	objects[1] = fmt.Sprintf("<</Type/Pages/Kids[%s]/Count %d>>", kids, len(contents))
	var b bytes.Buffer
	b.WriteString("%PDF-1.4\n")
	var at []int
	for i, o := range objects {
		at = append(at, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	xref := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for _, n := range at {
		fmt.Fprintf(&b, "%010d 00000 n \n", n)
	}
	fmt.Fprintf(&b, "trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF", len(objects)+1, xref)
	return b.Bytes()
}

// TestHostilePDF: what the library can be talked into on this side of the limits.
func TestHostilePDF(t *testing.T) {
	tests := []struct {
		name string
		data []byte
		want error
	}{
		{"no text layer", page("q 0 0 100 100 re f Q", ""), document.ErrScan},
		{"no map to characters", page("BT /F 12 Tf 50 700 Td <00010002> Tj ET", ""), document.ErrFonts},
	}
	for _, tt := range tests {
		if got, err := document.Text("a.pdf", tt.data); !errors.Is(err, tt.want) {
			t.Errorf("%s: %q %v, want %v", tt.name, got, err, tt.want)
		}
	}
	got, err := document.Text("a.pdf", page("BT /F 12 Tf 50 700 Td <00010002> Tj ET", "1 beginbfrange <0001> <0002> <4E00> endbfrange"))
	if err != nil || strings.TrimSpace(got) != "一丁" {
		t.Errorf("a page with a map: %q %v", got, err)
	}
}

// TestUnwrap: a text cut to lines of one width reads as the one it was cut from,
// and one that was not stays as it is.
func TestUnwrap(t *testing.T) {
	paragraphs := []string{
		"某县养老服务三年行动方案（2024—2026年）",
		"一、重点任务",
		"1.推进公办养老机构改造提升。2024年底前完成县社会福利中心改扩建，新增护理型床位120张；到2025年底，完成6所乡镇敬老院消防达标改造，护理型床位占比由42%提高到55%。（牵头单位：县民政局；责任单位：县发展改革局、县财政局、县住房城乡建设局）",
		"2.建设社区养老服务网络。2025年6月底前建成街道综合养老服务中心4个、社区日间照料中心18个，打造“15分钟养老服务圈”。新建住宅小区按每百户不少于20平方米的标准配建养老服务用房。（牵头单位：县民政局；配合单位：县自然资源局）",
		"3.发展老年助餐服务。布局老年助餐点30个，对新建的老年食堂，按建筑面积给予3万元至8万元一次性建设补助，每年再给予1万元运营补助，对80周岁以上老年人每餐补贴3元。",
	}
	for name, tt := range map[string]struct {
		indent  string
		measure func(rune) int
		width   int
	}{
		"characters, indented": {"　　", func(rune) int { return 1 }, 30},
		"characters":           {"", func(rune) int { return 1 }, 28},
		"cells, indented":      {"　　", func(r rune) int { return 1 + min(1, int(r)/0x1100) }, 56},
	} {
		var cut, whole strings.Builder
		for _, p := range paragraphs {
			at := 0
			for _, r := range tt.indent + p {
				if n := tt.measure(r); at+n > tt.width {
					cut.WriteString("\n")
					at = n
				} else {
					at += n
				}
				cut.WriteRune(r)
			}
			cut.WriteString("\n")
			whole.WriteString(tt.indent + p + "\n")
		}
		for what, text := range map[string]string{"cut": cut.String(), "whole": whole.String()} {
			if got, err := document.Text("a.txt", []byte(text)); err != nil || got != whole.String() {
				t.Errorf("%s, %s: got\n%s\nwant\n%s", name, what, got, whole.String())
			}
		}
	}
}

// drawnTable draws cells of 30 by 6 characters of 10 points, top left at 50, 700,
// with lines around all but where a cell goes on with the one above.
func drawnTable(rows [][]string, stroked bool) string {
	var b strings.Builder
	line := func(x0, y0, x1, y1 float64) {
		if stroked {
			fmt.Fprintf(&b, "%v %v m %v %v l S\n", x0, y0, x1, y1)
			return
		}
		fmt.Fprintf(&b, "%v %v %v %v re f\n", x0, y0, max(x1-x0, 0.5), max(y1-y0, 0.5))
	}
	const height = 40.0
	for i, row := range rows {
		top := 700 - height*float64(i)
		x := 50.0
		for j, text := range row {
			wide := 64.0
			if j == 2 {
				wide = 204
			}
			if text != "^" {
				line(x, top, x+wide, top)
			}
			line(x, top-height, x, top)
			line(x+wide, top-height, x+wide, top)
			if i == len(rows)-1 {
				line(x, top-height, x+wide, top-height)
			}
			rs := []rune(strings.TrimPrefix(text, "^"))
			for n := 0; len(rs) > 0; n++ {
				most := min(len(rs), int(wide-4)/10)
				fmt.Fprintf(&b, "BT /F 10 Tf %v %v Td <", x+2, top-12-12*float64(n))
				for _, r := range rs[:most] {
					fmt.Fprintf(&b, "%04X", r)
				}
				b.WriteString("> Tj ET\n")
				rs = rs[most:]
			}
			x += wide
		}
	}
	return b.String()
}

// TestPDFTable: a table that lines part into cells reads as in a Word file, over
// the end of a page too.
func TestPDFTable(t *testing.T) {
	const every = "1 beginbfrange <0000> <FFFF> <0000> endbfrange"
	head := []string{"大类", "序号", "工作任务", "牵头单位及主要负责⼈", "责任单位", "完成时限"}
	first := [][]string{head,
		{"一、教育", "1", "新建、改扩建公办中小学12所，新增学位1.5万个，学前教育公办率达到55%以上。", "市教育局李某", "市住房城乡建设局、市财政局", "8月底前"},
		{"^", "2", "为300间教室安装照明。", "市教育局李某", "市财政局", "年底"}}
	second := [][]string{head, {"二、社保", "3", "提高低保标准。", "市民政局王某某", "各县区", "2025年6月"}}
	want := strings.Join([]string{
		"一、教育",
		"1.新建、改扩建公办中小学12所，新增学位1.5万个，学前教育公办率达到55%以上。（牵头单位：市教育局；责任单位：市住房城乡建设局、市财政局；完成时限：8月底前）",
		"2.为300间教室安装照明。（牵头单位：市教育局；责任单位：市财政局；完成时限：年底）",
		"二、社保",
		"3.提高低保标准。（牵头单位：市民政局；责任单位：各县区；完成时限：2025年6月）",
	}, "\n")
	for _, stroked := range []bool{true, false} {
		got, err := document.Text("a.pdf", pages(every, drawnTable(first, stroked), drawnTable(second, stroked)))
		for _, line := range strings.Split(want, "\n") {
			if err != nil || !strings.Contains(got, line+"\n") {
				t.Errorf("stroked %v: %v, got\n%s\nlacks\n%s", stroked, err, got, line)
			}
		}
	}
}
