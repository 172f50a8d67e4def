// Package sheet reads the office's tables of who does what by when (分解表, or the
// exported 台账 that was edited) against the ledger, and says what is to change.
package sheet

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/xuri/excelize/v2"
)

// Bounds of a table; a file that unzips to more is none of an office's.
const (
	MaxFile   = 20 << 20
	maxUnzip  = 200 << 20
	maxXML    = 64 << 20
	maxRows   = 5_000
	maxCells  = 60
	maxCell   = 4_000 // runes
	maxHeadAt = 10    // the head stands in one of the first rows
)

// Errors a caller may test for. Each says what to do.
var (
	ErrTooLong = fmt.Errorf("表格太大：最多%d行、%d列，请拆开再导入", maxRows, maxCells)
	ErrBroken  = errors.New("读不了这个表格：请用 WPS 或 Excel 另存为 .xlsx，或者另存为 CSV")
	ErrNoTable = errors.New("表格是空的")
)

// A Row is one row of a table; N is its number as a spreadsheet counts.
type Row struct {
	N     int
	Cells []string
}

// XLSX reads the first sheet of a workbook that holds anything. The file may be
// hostile: run it in a process of its own with limits.
func XLSX(data []byte) ([]Row, error) {
	if len(data) > MaxFile {
		return nil, ErrTooLong
	}
	f, err := excelize.OpenReader(bytes.NewReader(data), excelize.Options{UnzipSizeLimit: maxUnzip, UnzipXMLSizeLimit: maxXML})
	if err != nil {
		return nil, ErrBroken
	}
	defer f.Close()
	for _, name := range f.GetSheetList() {
		out, err := read(f, name)
		if err != nil || len(out) > 0 {
			return out, err
		}
	}
	return nil, ErrNoTable
}

func read(f *excelize.File, name string) ([]Row, error) {
	rows, err := f.Rows(name)
	if err != nil {
		return nil, ErrBroken
	}
	defer rows.Close()
	var out []Row
	for n := 1; rows.Next(); n++ {
		cells, err := rows.Columns()
		if err != nil {
			return nil, ErrBroken
		}
		if n > maxRows {
			return nil, ErrTooLong
		}
		if out, err = add(out, n, cells); err != nil {
			return nil, err
		}
	}
	if rows.Error() != nil {
		return nil, ErrBroken
	}
	return out, nil
}

// add keeps a row that holds anything, within bounds.
func add(out []Row, n int, cells []string) ([]Row, error) {
	last := 0
	for i, c := range cells {
		if cells[i] = strings.TrimSpace(c); cells[i] != "" {
			last = i + 1
		}
		if len([]rune(cells[i])) > maxCell {
			return nil, fmt.Errorf("第%d行第%d列太长：最多%d个字", n, i+1, maxCell)
		}
	}
	switch {
	case last == 0:
		return out, nil
	case last > maxCells:
		return nil, ErrTooLong
	}
	return append(out, Row{n, cells[:last]}), nil
}

// CSV reads a table of text parted by commas, or by tabs as when copied.
func CSV(text string) ([]Row, error) {
	r := csv.NewReader(strings.NewReader(strings.TrimPrefix(text, "\ufeff")))
	r.FieldsPerRecord, r.LazyQuotes = -1, true
	if first, _, _ := strings.Cut(text, "\n"); strings.Count(first, "\t") > strings.Count(first, ",") {
		r.Comma = '\t'
	}
	var out []Row
	for n := 1; ; n++ {
		cells, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("第%d行看不懂：引号没有配对", n)
		}
		if n > maxRows {
			return nil, ErrTooLong
		}
		if out, err = add(out, n, cells); err != nil {
			return nil, err
		}
	}
	if len(out) == 0 {
		return nil, ErrNoTable
	}
	return out, nil
}
