package paper

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strings"

	"huiwen/scheduler/ledger"
)

// A Kind is what a draft is for.
type Kind string

// The kinds.
const (
	Monthly   Kind = "月度汇总"
	Quarterly Kind = "季度调度材料"
	Circular  Kind = "通报"
)

// DOCX writes a draft (代拟稿) for the office to edit. No order of bureaus, no rate
// of reading stands in it.
func DOCX(w io.Writer, k Kind, s Source) error {
	var d document
	s.draft(&d, k)
	return d.write(w)
}

// Text is the same draft as plain paragraphs, to read and copy in chat.
func Text(k Kind, s Source) []string {
	var l lines
	s.draft(&l, k)
	return l
}

// A body is what a draft is written into.
type body interface {
	heading(level int, s string)
	centre(s string)
	paragraph(s string)
	table(rows [][]string)
}

// lines is a body of plain paragraphs; a row of a table is one.
type lines []string

func (l *lines) heading(_ int, s string) { *l = append(*l, s) }
func (l *lines) centre(s string)         { *l = append(*l, s) }
func (l *lines) paragraph(s string)      { *l = append(*l, s) }

func (l *lines) table(rows [][]string) {
	for _, row := range rows[min(1, len(rows)):] {
		text := row[0]
		for i, cell := range row[1:] {
			if cell != "" && cell != "—" {
				text += "｜" + rows[0][i+1] + "：" + strings.ReplaceAll(cell, "\n", "；")
			}
		}
		*l = append(*l, text)
	}
}

// draft writes a paper of a kind.
func (s Source) draft(d body, k Kind) {
	d.heading(0, fmt.Sprintf("《%s》推进情况%s", s.Title, k))
	d.centre("（代拟稿，请办公室核改）")
	rows := s.Rows()
	d.paragraph(s.summary(rows))
	switch k {
	case Monthly:
		s.pressing(d, rows, "一、需要关注的任务")
		s.reported(d, rows, "二、本月填报情况")
	case Quarterly:
		s.reported(d, rows, "一、各项任务进展")
		s.pressing(d, rows, "二、需要关注的任务")
		s.gathered(d, rows, "三、存在问题", 7)
		s.gathered(d, rows, "四、需协调事项", 9)
		s.gathered(d, rows, "五、下步打算", 8)
	case Circular:
		s.pressing(d, rows, "一、尚未完成的任务")
		d.heading(1, "二、工作要求")
		d.paragraph("请有关单位对照计划抓紧推进，及时填报进展；确有困难的，请写明原因和需协调事项。（请办公室补充）")
	}
	d.paragraph("领导小组办公室")
	d.paragraph(s.AsOf.Chinese())
}

// summary counts the lights, the word beside each colour.
func (s Source) summary(rows []Row) string {
	count := map[ledger.Light]int{}
	for _, r := range rows {
		count[r.Light]++
	}
	return fmt.Sprintf("截至%s，计划共%d项：绿（正常）%d项，黄（临期、滞后或未达预期）%d项，红（逾期）%d项，灰（已销号）%d项，尚未交办%d项。各单位填报的数字为年初至今累计数。",
		s.AsOf.Chinese(), len(rows), count[ledger.Green], count[ledger.Yellow], count[ledger.Red], count[ledger.Grey], count[""])
}

// pressing lists what is red or yellow.
func (s Source) pressing(d body, rows []Row, title string) {
	d.heading(1, title)
	none := true
	for _, light := range []ledger.Light{ledger.Red, ledger.Yellow} {
		for _, r := range rows {
			if r.Light == light {
				none = false
				d.paragraph(fmt.Sprintf("%s（%s %s）%s", r.Item.Label, r.Light, r.Word, strings.ReplaceAll(r.Cells[10], "\n", "；")))
			}
		}
	}
	if none {
		d.paragraph("没有。")
	}
}

// reported is a table of what was reported.
func (s Source) reported(d body, rows []Row, title string) {
	d.heading(1, title)
	table := [][]string{{"任务", "目标", "完成情况", "完成率", "状态"}}
	for _, r := range rows {
		if slices.ContainsFunc(r.Entries, func(e ledger.Entry) bool { return len(e.Reports) > 0 || e.Figure != nil }) {
			table = append(table, []string{r.Item.Label, r.Cells[2], r.Cells[5], r.Cells[6], string(r.Light) + " " + r.Word})
		}
	}
	if len(table) == 1 {
		d.paragraph("还没有填报。")
		return
	}
	d.table(table)
}

// gathered lists one column of the ledger where it is filled.
func (s Source) gathered(d body, rows []Row, title string, column int) {
	d.heading(1, title)
	none := true
	for _, r := range rows {
		if r.Cells[column] != "" {
			none = false
			d.paragraph(r.Item.Label + " " + strings.ReplaceAll(r.Cells[column], "\n", "；"))
		}
	}
	if none {
		d.paragraph("各单位没有填报。")
	}
}

// A document is the body of a .docx.
type document struct{ body bytes.Buffer }

// text writes a run; line ends become breaks.
func (d *document) text(s string, size int, bold bool) {
	d.body.WriteString(`<w:r><w:rPr><w:rFonts w:eastAsia="仿宋"/>`)
	if bold {
		d.body.WriteString(`<w:b/>`)
	}
	fmt.Fprintf(&d.body, `<w:sz w:val="%d"/></w:rPr>`, size)
	for i, line := range strings.Split(s, "\n") {
		if i > 0 {
			d.body.WriteString(`<w:br/>`)
		}
		d.body.WriteString(`<w:t xml:space="preserve">`)
		xml.EscapeText(&d.body, []byte(line)) // writes into memory: cannot fail
		d.body.WriteString(`</w:t>`)
	}
	d.body.WriteString(`</w:r>`)
}

func (d *document) heading(level int, s string) {
	if level == 0 {
		d.body.WriteString(`<w:p><w:pPr><w:jc w:val="center"/></w:pPr>`)
		d.text(s, 40, true)
	} else {
		d.body.WriteString(`<w:p>`)
		d.text(s, 32, true)
	}
	d.body.WriteString(`</w:p>`)
}

func (d *document) centre(s string) {
	d.body.WriteString(`<w:p><w:pPr><w:jc w:val="center"/></w:pPr>`)
	d.text(s, 28, false)
	d.body.WriteString(`</w:p>`)
}

func (d *document) paragraph(s string) {
	d.body.WriteString(`<w:p><w:pPr><w:ind w:firstLineChars="200"/></w:pPr>`)
	d.text(s, 32, false)
	d.body.WriteString(`</w:p>`)
}

// textWidth is that of a page between its margins, in twentieths of a point.
const textWidth = 11906 - 1474 - 1588

func (d *document) table(rows [][]string) {
	d.body.WriteString(`<w:tbl><w:tblPr><w:tblW w:w="5000" w:type="pct"/><w:tblBorders>`)
	for _, side := range []string{"top", "left", "bottom", "right", "insideH", "insideV"} {
		fmt.Fprintf(&d.body, `<w:%s w:val="single" w:sz="4"/>`, side)
	}
	d.body.WriteString(`</w:tblBorders></w:tblPr><w:tblGrid>`) // the format asks for the grid
	for range rows[0] {
		fmt.Fprintf(&d.body, `<w:gridCol w:w="%d"/>`, textWidth/len(rows[0]))
	}
	d.body.WriteString(`</w:tblGrid>`)
	for i, row := range rows {
		d.body.WriteString(`<w:tr>`)
		for _, cell := range row {
			d.body.WriteString(`<w:tc><w:p>`)
			d.text(cell, 21, i == 0)
			d.body.WriteString(`</w:p></w:tc>`)
		}
		d.body.WriteString(`</w:tr>`)
	}
	d.body.WriteString(`</w:tbl><w:p/>`)
}

const (
	contentTypes = xml.Header + `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>`
	relations    = xml.Header + `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>`
	documentHead = xml.Header + `<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>`
	documentTail = `<w:sectPr><w:pgSz w:w="11906" w:h="16838"/><w:pgMar w:top="2098" w:right="1474" w:bottom="1985" w:left="1588"/></w:sectPr></w:body></w:document>`
)

func (d *document) write(w io.Writer) error {
	z := zip.NewWriter(w)
	for _, part := range []struct{ name, text string }{
		{"[Content_Types].xml", contentTypes}, {"_rels/.rels", relations}, {"word/document.xml", documentHead + d.body.String() + documentTail},
	} {
		f, err := z.Create(part.name)
		if err != nil {
			return err
		}
		if _, err := io.WriteString(f, part.text); err != nil {
			return err
		}
	}
	return z.Close()
}
