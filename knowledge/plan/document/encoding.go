package document

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
)

// decode reads plain text as UTF-8, as UTF-16 with its mark, or as GB18030,
// which holds gb2312 and GBK.
func decode(data []byte) (string, error) {
	switch {
	case bytes.HasPrefix(data, []byte("\xef\xbb\xbf")):
		data = data[3:]
	case bytes.HasPrefix(data, []byte("\xff\xfe")), bytes.HasPrefix(data, []byte("\xfe\xff")):
		out, err := unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder().Bytes(data)
		if err != nil || !readable(string(out)) {
			return "", ErrEncoding
		}
		return string(out), nil
	}
	if bytes.IndexByte(data, 0) >= 0 {
		return "", ErrFormat
	}
	if utf8.Valid(data) {
		return string(data), nil
	}
	out, err := simplifiedchinese.GB18030.NewDecoder().Bytes(data)
	if err != nil || strings.ContainsRune(string(out), utf8.RuneError) || !readable(string(out)) {
		return "", ErrEncoding
	}
	return string(out), nil
}
