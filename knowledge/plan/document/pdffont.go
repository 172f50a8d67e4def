package document

import (
	"encoding/hex"
	"io"
	"regexp"
	"strconv"
	"unicode/utf16"

	"github.com/ledongthuc/pdf"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/simplifiedchinese"
	utfenc "golang.org/x/text/encoding/unicode"
)

// A pdfFont turns the codes of a show-text operator into text and widths. The
// library's own decoding ignores ToUnicode beside an Encoding and the widths of
// composite fonts, which is what browsers and office programs write.
type pdfFont struct {
	bytes     int               // of a code: 1 or 2; 0 for as many as the encoding takes
	toUnicode map[string]string // raw code -> text
	encoding  encoding.Encoding // for codes without a map
	widths    map[int]float64   // in thousandths of the size
	width     float64           // of codes that are not listed
	scale     float64           // of widths: 1/1000 but for Type 3
	library   pdf.TextEncoding
}

// maxMap bounds the entries of one map to Unicode.
const maxMap = 100_000

func newPDFFont(f pdf.Font) *pdfFont {
	v := f.V
	out := &pdfFont{bytes: 1, widths: map[int]float64{}, width: 500, scale: 0.001}
	if stream := v.Key("ToUnicode"); stream.Kind() == pdf.Stream {
		r := stream.Reader()
		data, _ := io.ReadAll(io.LimitReader(r, 4<<20))
		r.Close()
		out.toUnicode = readToUnicode(string(data))
	}
	first := int(v.Key("FirstChar").Int64())
	widths := v.Key("Widths")
	for i := range min(widths.Len(), 65536) {
		out.widths[first+i] = widths.Index(i).Float64()
	}
	switch v.Key("Subtype").Name() {
	case "Type3":
		if m := v.Key("FontMatrix"); m.Len() == 6 {
			out.scale = m.Index(0).Float64()
		}
	case "Type0":
		out.composite(v)
	}
	if out.toUnicode == nil && out.encoding == nil {
		out.library = f.Encoder()
	}
	return out
}

// composite reads widths and encoding of a font of two-byte codes.
func (f *pdfFont) composite(v pdf.Value) {
	f.bytes, f.width = 2, 1000
	d := v.Key("DescendantFonts").Index(0)
	if dw := d.Key("DW"); !dw.IsNull() {
		f.width = dw.Float64()
	}
	w := d.Key("W")
	for i := 0; i+1 < min(w.Len(), 200_000); {
		from := int(w.Index(i).Int64())
		if next := w.Index(i + 1); next.Kind() == pdf.Array {
			for j := range min(next.Len(), 65536) {
				f.widths[from+j] = next.Index(j).Float64()
			}
			i += 2
			continue
		}
		to := min(int(w.Index(i+1).Int64()), from+65536)
		for c := from; c <= to; c++ {
			f.widths[c] = w.Index(i + 2).Float64()
		}
		i += 3
	}
	switch v.Key("Encoding").Name() {
	case "GBK-EUC-H", "GBK-EUC-V", "GB-EUC-H", "GBKp-EUC-H", "GBK2K-H", "GBK2K-V":
		f.encoding, f.bytes = simplifiedchinese.GB18030, 0
	case "UniGB-UCS2-H", "UniGB-UCS2-V", "UniGB-UTF16-H", "UniGB-UTF16-V":
		f.encoding = utfenc.UTF16(utfenc.BigEndian, utfenc.IgnoreBOM)
	}
}

// A glyph is the text of one code and how far it moves the pen, as a share of
// the size.
type glyph struct {
	text  string
	width float64
}

// glyphs decodes what a show-text operator shows.
func (f *pdfFont) glyphs(raw string) []glyph {
	if f.library != nil {
		var out []glyph
		for i, r := range []rune(f.library.Decode(raw)) {
			code := -1
			if i < len(raw) && f.bytes == 1 {
				code = int(raw[i])
			}
			out = append(out, glyph{string(r), f.widthOf(code)})
		}
		return out
	}
	var out []glyph
	for i := 0; i < len(raw); {
		n := f.bytes
		if n == 0 { // GBK: a byte from 0x81 on begins a pair
			n = 1 + int(raw[i]>>7)
		}
		n = min(n, len(raw)-i)
		code := 0
		for _, b := range []byte(raw[i : i+n]) {
			code = code<<8 | int(b)
		}
		out = append(out, glyph{f.text(raw[i : i+n]), f.widthOf(code)})
		i += n
	}
	return out
}

func (f *pdfFont) text(code string) string {
	if t, ok := f.toUnicode[code]; ok {
		return t
	}
	if f.encoding != nil {
		if t, err := f.encoding.NewDecoder().String(code); err == nil {
			return t
		}
	}
	return "\uFFFD"
}

func (f *pdfFont) widthOf(code int) float64 {
	if w, ok := f.widths[code]; ok {
		return w * f.scale
	}
	return f.width * f.scale
}

var (
	bfSection = regexp.MustCompile(`(?s)begin(bfchar|bfrange)(.*?)end(?:bfchar|bfrange)`)
	bfChar    = regexp.MustCompile(`<\s*([0-9A-Fa-f\s]+)>\s*<\s*([0-9A-Fa-f\s]*)>`)
	bfRange   = regexp.MustCompile(`(?s)<\s*([0-9A-Fa-f]+)\s*>\s*<\s*([0-9A-Fa-f]+)\s*>\s*(?:<\s*([0-9A-Fa-f\s]*)>|\[(.*?)\])`)
	hexString = regexp.MustCompile(`<\s*([0-9A-Fa-f\s]*)>`)
	blanks    = regexp.MustCompile(`\s+`)
)

// readToUnicode reads a CMap from codes to UTF-16 (Adobe technical note 5411).
func readToUnicode(cmap string) map[string]string {
	out := map[string]string{}
	for _, s := range bfSection.FindAllStringSubmatch(cmap, -1) {
		if s[1] == "bfchar" {
			for _, m := range bfChar.FindAllStringSubmatch(s[2], -1) {
				out[unhex(m[1])] = fromUTF16(unhex(m[2]))
			}
			continue
		}
		for _, m := range bfRange.FindAllStringSubmatch(s[2], -1) {
			from, err1 := strconv.ParseUint(m[1], 16, 32)
			to, err2 := strconv.ParseUint(m[2], 16, 32)
			if err1 != nil || err2 != nil || len(out) > maxMap {
				break
			}
			var list [][]string
			if m[4] != "" {
				list = hexString.FindAllStringSubmatch(m[4], -1)
			}
			first := []rune(fromUTF16(unhex(m[3])))
			for c := from; c <= to && c-from < 65536; c++ {
				code := unhex(fixed(c, len(m[1])))
				switch i := int(c - from); {
				case i < len(list):
					out[code] = fromUTF16(unhex(list[i][1]))
				case len(first) > 0:
					last := append([]rune(nil), first...)
					last[len(last)-1] += rune(i)
					out[code] = string(last)
				}
			}
		}
	}
	return out
}

// fixed writes a number in so many hexadecimal digits.
func fixed(n uint64, digits int) string {
	s := strconv.FormatUint(n, 16)
	for len(s) < digits {
		s = "0" + s
	}
	return s
}

func unhex(s string) string {
	s = blanks.ReplaceAllString(s, "")
	if len(s)%2 == 1 {
		s += "0"
	}
	data, err := hex.DecodeString(s)
	if err != nil {
		return ""
	}
	return string(data)
}

func fromUTF16(s string) string {
	if len(s) == 1 {
		return string(rune(s[0]))
	}
	units := make([]uint16, 0, len(s)/2)
	for i := 0; i+1 < len(s); i += 2 {
		units = append(units, uint16(s[i])<<8|uint16(s[i+1]))
	}
	return string(utf16.Decode(units))
}
