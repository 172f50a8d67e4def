package cut

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestPartsAreCutAtBorders(t *testing.T) {
	for _, c := range []struct {
		name, text string
		most       int
		want       []string
	}{
		{"short", "一句话。", 100, []string{"一句话。"}},
		{"empty", "", 10, nil},
		{"only line ends", "\n\n", 10, nil},
		{"between paragraphs", "第一段。\n第二段。", 20, []string{"第一段。", "第二段。"}},
		{"after a sentence", "前一句话。后一句话，还有一些", 30, []string{"前一句话。", "后一句话，还有一些"}},
		{"after a clause", "没有句号，只有逗号的一段话", 24, []string{"没有句号，", "只有逗号的一段话"}},
		{"between characters", "一二三四五六", 7, []string{"一二", "三四", "五六"}},
		{"a family stays together", "一👨‍👩‍👧", 20, []string{"一", "👨‍👩‍👧"}},
		{"a flag stays together", "一二🇨🇳", 10, []string{"一二", "🇨🇳"}},
		{"a link stays together", "请看 https://example.cn/a,b?c=d 这里", 30, []string{"请看", "https://example.cn/a,b?c=d", "这里"}},
		{"a link longer than a part", "https://example.cn/abcdefgh", 10, []string{"https://ex", "ample.cn/a", "bcdefgh"}},
	} {
		if got := trim(Parts(c.text, c.most)); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func trim(list []string) (out []string) {
	for _, s := range list {
		out = append(out, strings.TrimSpace(s))
	}
	return out
}

func TestPartsHoldTheText(t *testing.T) {
	bare := func(s string) string { return strings.NewReplacer("\n", "", " ", "").Replace(s) }
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.SampledFrom([]rune("字。，\n a/:h👨‍👧🇨🇳é\u0301ｘ"))).Draw(t, "text")
		most := rapid.IntRange(4, 60).Draw(t, "most")
		parts := Parts(text, most)
		for _, p := range parts {
			if len(p) > most || !utf8.ValidString(p) || p == "" {
				t.Fatalf("part %q of at most %d bytes", p, most)
			}
		}
		if got := bare(strings.Join(parts, "")); got != bare(text) {
			t.Fatalf("joined %q, was %q", got, text)
		}
	})
}

func TestLongTextsAreNumbered(t *testing.T) {
	parts := Numbered(strings.Repeat("汉字。", 12_000), "编号 01-X", 2048)
	for i, p := range parts {
		if len(p) > 2048 || !strings.HasSuffix(p, "\n编号 01-X") || !strings.HasPrefix(p, "（") {
			t.Fatalf("part %d: %d bytes, %.30q", i, len(p), p)
		}
	}
	if len(parts) < 50 {
		t.Errorf("%d parts of 100 KB", len(parts))
	}
	if got := Numbered("短", "编号 1", 2048); len(got) != 1 || got[0] != "短\n编号 1" {
		t.Errorf("a short one: %q", got)
	}
}

func TestHeads(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{Head("一二三", 9), "一二三"}, {Head("一二三四", 9), "一二…"}, {Head("一", 2), ""},
		{Runes("一二三", 3), "一二三"}, {Runes("一二三四", 3), "一二…"},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
}
