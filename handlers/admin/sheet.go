package admin

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/xuri/excelize/v2"
)

// A sheet is a table to save as xlsx.
type sheet struct {
	Name string
	Head []string
	Rows [][]string
}

const (
	xlsxType  = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	maxRows   = 100_000
	maxColumn = 60 // characters wide
)

// inert keeps a text from being taken for a formula: it is written as text, and
// what begins like a formula gets an apostrophe, for when the table is saved as
// csv later.
func inert(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) && strings.Trim(s, "+-.0123456789%") != "" {
		return "'" + s
	}
	return s
}

// xlsx is the table as a file.
func (s sheet) xlsx() ([]byte, error) {
	f := excelize.NewFile()
	defer f.Close()
	name := "Sheet1"
	if err := f.SetSheetName(name, s.Name); err == nil {
		name = s.Name
	}
	head, err := f.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}, Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"E4F1EF"}}, Alignment: &excelize.Alignment{WrapText: true, Vertical: "center"}})
	if err != nil {
		return nil, fmt.Errorf("write the table: %w", err)
	}
	wrap, err := f.NewStyle(&excelize.Style{Alignment: &excelize.Alignment{WrapText: true, Vertical: "top"}})
	if err != nil {
		return nil, fmt.Errorf("write the table: %w", err)
	}
	widths := make([]int, len(s.Head))
	put := func(row int, cells []string, style int) error {
		for i, text := range cells[:min(len(cells), len(s.Head))] {
			cell, err := excelize.CoordinatesToCellName(i+1, row)
			if err != nil {
				return err
			}
			if err := f.SetCellStr(name, cell, inert(text)); err != nil {
				return err
			}
			if err := f.SetCellStyle(name, cell, cell, style); err != nil {
				return err
			}
			widths[i] = max(widths[i], min(maxColumn, 2*len([]rune(text))+2))
		}
		return nil
	}
	err = put(1, s.Head, head)
	for i, cells := range s.Rows[:min(len(s.Rows), maxRows)] {
		if err == nil {
			err = put(i+2, cells, wrap)
		}
	}
	for i, w := range widths {
		if col, e := excelize.ColumnNumberToName(i + 1); e == nil && err == nil {
			err = f.SetColWidth(name, col, col, float64(max(8, w)))
		}
	}
	if err == nil {
		err = f.SetPanes(name, &excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"})
	}
	var b bytes.Buffer
	if err == nil {
		err = f.Write(&b)
	}
	if err != nil {
		return nil, fmt.Errorf("write the table: %w", err)
	}
	return b.Bytes(), nil
}

// save sends a table as a file.
func (v *visit) save(s sheet) error {
	data, err := s.xlsx()
	if err != nil {
		return err
	}
	return v.download(s.Name+"-"+v.Now().In(zone).Format("20060102")+".xlsx", xlsxType, data)
}
