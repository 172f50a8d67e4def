package paper

import (
	"encoding/csv"
	"fmt"
	"io"
	"strings"

	"github.com/xuri/excelize/v2"

	"huiwen/scheduler/ledger"
)

// harmless keeps a cell from being taken for a formula by a program that opens the
// table.
func harmless(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r＝＋－＠", []rune(s)[0]) {
		return "'" + s
	}
	return s
}

// CSV writes the ledger with a mark by which spreadsheets know the encoding.
func CSV(w io.Writer, s Source) error {
	if _, err := io.WriteString(w, "\ufeff"); err != nil {
		return err
	}
	out := csv.NewWriter(w)
	out.UseCRLF = true
	lines := [][]string{s.Columns()}
	for _, r := range s.Rows() {
		lines = append(lines, r.Cells)
	}
	for _, line := range lines {
		safe := make([]string, len(line))
		for i, cell := range line {
			safe[i] = harmless(cell)
		}
		if err := out.Write(safe); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

const sheet = "台账"

// widths are those of the columns, in characters.
var widths = []float64{6, 50, 24, 34, 20, 40, 16, 24, 24, 24, 34, 20}

// XLSX writes the ledger as a workbook; every cell is text, never a formula.
func XLSX(w io.Writer, s Source) (err error) {
	f := excelize.NewFile()
	defer func() {
		if e := f.Close(); err == nil {
			err = e
		}
	}()
	if err := f.SetSheetName("Sheet1", sheet); err != nil {
		return err
	}
	colours := map[ledger.Light]string{ledger.Red: "F8CBAD", ledger.Yellow: "FFF2CC", ledger.Green: "E2EFDA", ledger.Grey: "D9D9D9"}
	style := func(fill string, bold bool) (int, error) {
		st := &excelize.Style{Alignment: &excelize.Alignment{WrapText: true, Vertical: "top"}, Font: &excelize.Font{Bold: bold},
			Border: []excelize.Border{{Type: "left", Color: "999999", Style: 1}, {Type: "right", Color: "999999", Style: 1}, {Type: "top", Color: "999999", Style: 1}, {Type: "bottom", Color: "999999", Style: 1}}}
		if fill != "" {
			st.Fill = excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{fill}}
		}
		return f.NewStyle(st)
	}
	head, err := style("", true)
	if err != nil {
		return err
	}
	plain, err := style("", false)
	if err != nil {
		return err
	}
	lights := map[ledger.Light]int{"": plain}
	for l, c := range colours {
		if lights[l], err = style(c, false); err != nil {
			return err
		}
	}
	columns := s.Columns()
	if err := title(f, s, len(columns)); err != nil {
		return err
	}
	put := func(row int, cells []string, st, stateStyle int) error {
		for i, text := range cells {
			at, err := excelize.CoordinatesToCellName(i+1, row)
			if err != nil {
				return err
			}
			if err := f.SetCellStr(sheet, at, text); err != nil {
				return err
			}
			use := st
			if columns[i] == "状态" {
				use = stateStyle
			}
			if err := f.SetCellStyle(sheet, at, at, use); err != nil {
				return err
			}
		}
		return nil
	}
	if err := put(2, columns, head, head); err != nil {
		return err
	}
	for i, r := range s.Rows() {
		if err := put(i+3, r.Cells, plain, lights[r.Light]); err != nil {
			return err
		}
	}
	if err := f.SetPanes(sheet, &excelize.Panes{Freeze: true, YSplit: 2, TopLeftCell: "A3", ActivePane: "bottomLeft"}); err != nil {
		return err
	}
	return f.Write(w)
}

// title heads the sheet and sets the columns' widths.
func title(f *excelize.File, s Source, columns int) error {
	last, err := excelize.CoordinatesToCellName(columns, 1)
	if err != nil {
		return err
	}
	if err := f.MergeCell(sheet, "A1", last); err != nil {
		return err
	}
	if err := f.SetCellStr(sheet, "A1", fmt.Sprintf("《%s》任务台账（截至%s）", s.Title, s.AsOf.Chinese())); err != nil {
		return err
	}
	for i, width := range widths {
		name, err := excelize.ColumnNumberToName(i + 1)
		if err != nil {
			return err
		}
		if err := f.SetColWidth(sheet, name, name, width); err != nil {
			return err
		}
	}
	return nil
}
