package document_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"

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

func FuzzText(f *testing.F) {
	f.Add("a.md", []byte("# x\n|a|b|\n|--|--|\n|1|2|"))
	f.Add("a.html", []byte("<table><tr><td><table><tr><td>x</table>y"))
	f.Add("a.docx", word(f, p("x"), nil))
	if data, err := os.ReadFile("testdata/browser.pdf"); err == nil {
		f.Add("a.txt", data[:min(len(data), 2000)])
	}
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		if bytes.Contains(data[:min(len(data), 1100)], []byte("%PDF-")) {
			return // the library may spin: it is killed from outside
		}
		text, err := document.Text(name, data)
		if err == nil && (strings.TrimSpace(text) == "" || len(text) > document.MaxText) {
			t.Fatalf("%d bytes of text without an error", len(text))
		}
	})
}
