package segment

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestNormalise(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"full width becomes half width", "１５—５９周岁，ＡＢＣ", "15—59周岁,abc"},
		{"traditional becomes simplified", "殘疾人補貼", "残疾人补贴"},
		{"invisible characters go", "创\u200b业\ufeff贷\u00ad款", "创业贷款"},
		{"NUL and bad bytes go", "创业\x00贷\xff款", "创业贷 款"},
		{"emoticons go", "没钱[流泪]咋办", "没钱 咋办"},
		{"space is one", "  我 \t\n 要  ", "我 要"},
		{"nothing stays nothing", "", ""},
	} {
		if got := Normalise(c.in); got != c.want {
			t.Errorf("%s: Normalise(%q) = %q, want %q", c.name, c.in, got, c.want)
		}
	}
}

func TestNormaliseKeepsItsBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := rapid.OneOf(rapid.String(), rapid.StringMatching(`[汉字補貼０-９a-z \x00]{0,900}`)).Draw(t, "in")
		got := Normalise(in)
		if !utf8.ValidString(got) || utf8.RuneCountInString(got) > MaxRunes || strings.ContainsRune(got, 0) {
			t.Fatalf("Normalise(%q) = %q", in, got)
		}
		if again := Normalise(got); again != got {
			t.Fatalf("twice gives %q, once %q", again, got)
		}
	})
}

func FuzzNormalise(f *testing.F) {
	for _, s := range []string{"创业担保贷款", "１２３", "👨‍👩‍👧[抱拳]", "\xff\x00", strings.Repeat("ﷺ", 600)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if got := Normalise(s); !utf8.ValidString(got) || utf8.RuneCountInString(got) > MaxRunes {
			t.Fatalf("Normalise(%q) = %q", s, got)
		}
	})
}

func TestReadingsSoundAlike(t *testing.T) {
	for _, pair := range []string{"薪新", "耕根", "护户", "担但", "理你", "是四", "成层", "湖扶", "鱼移", "农龙"} {
		rs := []rune(pair)
		a, b := Readings(rs[0]), Readings(rs[1])
		if !slices.ContainsFunc(a, func(s string) bool { return slices.Contains(b, s) }) {
			t.Errorf("%c %v and %c %v should share a reading", rs[0], a, rs[1], b)
		}
	}
	if a, b := Readings('钱'), Readings('地'); slices.Equal(a, b) {
		t.Errorf("钱 and 地 must differ, both read %v", a)
	}
}

func TestReadingsAreBounded(t *testing.T) {
	for r := rune(0x4e00); r < 0x9fff; r++ {
		if n := len(Readings(r)); n > maxReadings {
			t.Fatalf("%c has %d readings", r, n)
		}
	}
}

func TestOverlayFindsWordsThatOverlap(t *testing.T) {
	o := NewOverlay([]string{"创业担保贷款", "担保", "贷款", "贷", "创业担保贷款"})
	if o.Len() != 3 {
		t.Errorf("Len = %d, want 3: single characters are left out, repeats count once", o.Len())
	}
	got := o.Find("办创业担保贷款")
	if want := []string{"创业担保贷款", "担保", "贷款"}; !slices.Equal(got, want) {
		t.Errorf("Find = %v, want %v", got, want)
	}
}
