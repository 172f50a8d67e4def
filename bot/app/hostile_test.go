package app

import (
	"strings"
	"testing"
)

// TestAnswersGoOnWhileAHostileDocumentIsRead uploads what grows to a hundred times
// its size: it is refused in words, every resident who asks meanwhile is answered.
func TestAnswersGoOnWhileAHostileDocumentIsRead(t *testing.T) {
	v := besiege(t)
	cell := "<w:tc><w:p><w:r><w:t>" + strings.Repeat("格", 20) + "</w:t></w:r></w:p></w:tc>"
	for _, h := range []hostile{
		{"a part larger than may be", "bomb.docx", docx(t, "<w:p>", " ", "</w:p>", 80*mega), 80 * mega},
		{"a table of a hundred thousand cells", "table.docx", docx(t, "<w:tbl>", "<w:tr>"+strings.Repeat(cell, 60)+"</w:tr>", "</w:tbl>", 12*mega), 12 * mega},
	} {
		if len(h.data)*100 > h.inflated {
			t.Errorf("%s: %d bytes grow to %d: it is no bomb", h.name, len(h.data), h.inflated)
		}
		said := ""
		done := make(chan struct{})
		go func() {
			defer close(done)
			for _, from := range []string{"10.9.0.1", "10.9.0.2"} { // so there is an answer however fast the reader is
				if !v.ask(v.editor, from) {
					t.Errorf("%s: a resident was not answered", h.name)
				}
			}
			said = v.upload(h)
		}()
		if _, wrong := v.asking(2, done); wrong > 0 {
			t.Errorf("%s: %d wrong answers", h.name, wrong)
		}
		// which of the reader's bounds strikes first is the machine's affair
		if !strings.Contains(said, "大得不正常") && !strings.Contains(said, "文字超过") {
			t.Errorf("%s: %q", h.name, said)
		}
	}
}
