// Package document turns a file that an office sends into the text of a plan:
// txt, md, html, docx and pdf with a text layer. It is pure; what it is given
// may be hostile, so callers run it in a process of its own with limits.
package document

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Bounds in bytes: of a file, and of what comes out of it.
const (
	MaxFile = 20 << 20
	MaxText = 4 << 20
)

// Errors a caller may test for. Each says what to do.
var (
	ErrTooLarge  = fmt.Errorf("文件超过 %d MB：请拆成几个文件", MaxFile>>20)
	ErrEmpty     = errors.New("文件里没有文字：请检查文件")
	ErrScan      = errors.New("这是扫描件，里面只有图片没有文字：请用原来的电子文件，或先做文字识别")
	ErrEncrypted = errors.New("文件加了密码：请去掉密码再导入")
	ErrOldOffice = errors.New("这是旧格式（.doc、.wps 或 .xls）：请用 Word 或 WPS 另存为 .docx")
	ErrEncoding  = errors.New("看不出文字编码：请另存为 UTF-8")
	ErrFonts     = errors.New("PDF 里的字体没有对应的文字，取出来是乱码：请用原来的 Word 文件")
	ErrFormat    = errors.New("不认识这种文件：请用 txt、md、html、docx 或带文字的 pdf")
	ErrBroken    = errors.New("文件已损坏：请重新保存一次")
	ErrBomb      = errors.New("文件解开后大得不正常：请检查文件来源")
)

var (
	magicZip  = []byte("PK\x03\x04")
	magicPDF  = []byte("%PDF-")
	magicOLE  = []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
	magicRTF  = []byte("{\\rtf")
	magicHTML = []string{"<!doctype html", "<html", "<head", "<body", "<meta", "<div", "<p>", "<table"}
)

// Text reads a file. The kind is told by its content; name, of which only the
// ending counts, tells md from txt. The text uses \n and holds one paragraph or
// one row of a table a line.
func Text(name string, data []byte) (string, error) {
	if len(data) > MaxFile {
		return "", ErrTooLarge
	}
	text, err := read(strings.ToLower(filepath.Ext(name)), data)
	if err != nil {
		return "", err
	}
	switch {
	case len(text) > MaxText:
		return "", ErrBomb
	case strings.TrimSpace(text) == "":
		return "", ErrEmpty
	}
	return text, nil
}

func read(ext string, data []byte) (string, error) {
	switch {
	case len(bytes.TrimSpace(data)) == 0:
		return "", ErrEmpty
	case bytes.HasPrefix(data, magicZip):
		return docx(data)
	case bytes.Contains(data[:min(len(data), 1024)], magicPDF):
		return pdfText(data)
	case bytes.HasPrefix(data, magicOLE):
		if bytes.Contains(data, []byte("E\x00n\x00c\x00r\x00y\x00p\x00t\x00e\x00d\x00P\x00a\x00c\x00k\x00a\x00g\x00e")) {
			return "", ErrEncrypted
		}
		return "", ErrOldOffice
	case bytes.HasPrefix(data, magicRTF):
		return "", ErrFormat
	case ext == ".html" || ext == ".htm" || isHTML(data):
		return htmlText(data)
	}
	text, err := decode(data)
	if err != nil {
		return "", err
	}
	if ext == ".md" || ext == ".markdown" {
		return markdown(text), nil
	}
	return unwrap(tidy(text)), nil
}

func isHTML(data []byte) bool {
	head := strings.ToLower(string(bytes.TrimSpace(data[:min(len(data), 2048)])))
	for _, m := range magicHTML {
		if strings.HasPrefix(head, m) || strings.HasPrefix(head, "<?xml") && strings.Contains(head, m) {
			return true
		}
	}
	return false
}

// tidy makes every line end \n and drops what no person sees.
func tidy(text string) string {
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u2028", "\n", "\u2029", "\n", "\f", "\n", "\v", "\n", "\ufeff", "", "\u200b", "", "\u200c", "", "\u200d", "", "\u00ad", "").Replace(text)
	return strings.Map(func(r rune) rune {
		switch {
		case r != '\n' && r != '\t' && unicode.IsControl(r):
			return -1
		case r >= 0x2e80 && r <= 0x2fdf:
			return unradical(r)
		}
		return r
	}, text)
}

// unradical gives the character that a radical looks like: fonts in a PDF
// often map their glyphs to radicals.
func unradical(r rune) rune {
	if to, ok := radicals[r]; ok {
		return to
	}
	if s := []rune(norm.NFKC.String(string(r))); len(s) == 1 {
		return s[0]
	}
	return r
}

// radicals are those that Unicode does not fold to the character in use.
var radicals = map[rune]rune{
	'⼾': '户', '⺁': '厂', '⺄': '乙', '⺇': '几', '⺈': '刀', '⺋': '卩', '⺌': '小', '⺎': '兀', '⺓': '幺', '⺝': '月', '⺟': '母', '⺠': '民',
	'⺦': '丬', '⺩': '王', '⺪': '疋', '⺬': '示', '⺮': '竹', '⺯': '糸', '⺰': '纟', '⺱': '网', '⺶': '羊', '⺷': '羊', '⺸': '羊', '⺼': '肉',
	'⻁': '虎', '⻄': '西', '⻅': '见', '⻆': '角', '⻉': '贝', '⻋': '车', '⻓': '长', '⻔': '门', '⻖': '阜', '⻘': '青', '⻙': '韦', '⻚': '页', '⻛': '风',
	'⻜': '飞', '⻝': '食', '⻢': '马', '⻣': '骨', '⻤': '鬼', '⻥': '鱼', '⻦': '鸟', '⻧': '卤', '⻨': '麦', '⻩': '黄', '⻪': '黾', '⻬': '齐', '⻮': '齿', '⻰': '龙', '⻳': '龟',
}

// readable reports whether text looks like writing: few replacement
// characters, private ones and controls.
func readable(text string) bool {
	bad, all := 0, 0
	for _, r := range text {
		if unicode.IsSpace(r) {
			continue
		}
		all++
		if r == utf8.RuneError || unicode.IsControl(r) || unicode.Is(unicode.Co, r) {
			bad++
		}
	}
	return bad*50 <= all
}
