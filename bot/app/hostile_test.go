package app

import (
	"strings"
	"testing"
)

// TestAnswersGoOnWhileAHostileDocumentIsRead uploads what grows to a hundred times
// its size: it is refused in words, every resident who asks meanwhile is answered.
func TestAnswersGoOnWhileAHostileDocumentIsRead(t *testing.T) {
	v := besiege(t)
	cell := "<w:tc><w:p><w:r><w:t>格</w:t></w:r></w:p></w:tc>"
	for _, c := range []struct {
		hostile
		want string
	}{
		{hostile{"a part larger than may be", "bomb.docx", docx(t, "<w:p>", " ", "</w:p>", 128*mega), 128 * mega}, "大得不正常"},
		{hostile{"a table of a million cells", "table.docx", docx(t, "<w:tbl>", "<w:tr>"+strings.Repeat(cell, 60)+"</w:tr>", "</w:tbl>", 48*mega), 48 * mega}, "文字超过"},
	} {
		h := c.hostile
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
		if !strings.Contains(said, c.want) {
			t.Errorf("%s: %q", h.name, said)
		}
	}
}
