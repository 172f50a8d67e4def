package knowledge_test

import (
	"math"
	"strings"
	"testing"
	"unicode/utf8"

	"huiwen/knowledge"
)

func TestExplanationAddsUpToTheScore(t *testing.T) {
	f := seed(t).Finder
	for _, q := range []string{"开个店政府补不补钱", "老板欠我工钱", "退休金涨不涨", "见席一个月给多少"} {
		for _, m := range f.Find(q, 3) {
			sum := 0.0
			for _, s := range f.Explain(q, m) {
				sum += s.Score
			}
			if math.Abs(sum-m.Score) > 1e-3 {
				t.Errorf("%s: the shares add up to %.4f, the score is %.4f", q, sum, m.Score)
			}
		}
	}
}

func TestFind(t *testing.T) {
	f := seed(t).Finder
	tests := []struct{ question, want string }{
		{"老板跑了工钱没给", "3"},
		{"老闆跑了工錢沒給", "3"}, // traditional
		{"欠新了找哪个", "3"},   // typed by ear
		{"退根还林还有钱没", "19"},
		{"ｃｏｖｉｄ怎么办", ""},
		{"困难大学生求职补贴", "48"},
		{"脱贫户出省打工车费", "23"},
		{"刷单被骗了", ""},
	}
	for _, tt := range tests {
		found := f.Find(tt.question, 1)
		got := ""
		if len(found) > 0 && found[0].Measure != nil && found[0].Share > 0.05 {
			got = found[0].Measure.No
		}
		if got != tt.want {
			t.Errorf("%s: found %q, want %q", tt.question, got, tt.want)
		}
	}
}

func TestHostileQuestionsAreBounded(t *testing.T) {
	f := seed(t).Finder
	for _, q := range []string{"", "\x00\x00", "\xff\xfe\xfd", strings.Repeat("补贴", 100_000), strings.Repeat("😀", 5000), strings.Repeat("重", 3000), "\u200b\u202e补\u200d贴"} {
		if found := f.Find(q, 3); len(found) > 3 {
			t.Errorf("%.20q: %d matches", q, len(found))
		}
	}
}

func TestPassagesAreVerbatimAndShort(t *testing.T) {
	s := seed(t)
	for _, e := range vocabulary(t).Similar {
		m, _ := s.Measure(e.Measure)
		for _, q := range e.Questions[:1] {
			size := 0
			for i, p := range s.Finder.Passages(q, m, &e, nil, 3, 210) {
				if !strings.Contains(m.Text, p.Text) || p.Text == "" {
					t.Errorf("%s: %q is not verbatim", m.No, p.Text)
				}
				if size += utf8.RuneCountInString(p.Text); i > 0 && size > 330 {
					t.Errorf("%s: %q quotes %d characters", m.No, q, size)
				}
			}
			if size == 0 {
				t.Errorf("%s: nothing is quoted for %q", m.No, q)
			}
		}
	}
}

func TestRepeatedGrowsOnlyInSize(t *testing.T) {
	s := seed(t)
	f, err := knowledge.Repeated(s, 500, wholeWords{})
	if err != nil {
		t.Fatal(err)
	}
	if found := f.Find("创业担保贷款", 10); len(found) != 10 {
		t.Errorf("%d matches among 500 measures", len(found))
	}
}

// wholeWords cuts nothing.
type wholeWords struct{}

func (wholeWords) Cut(s string) []string    { return []string{s} }
func (wholeWords) Search(s string) []string { return []string{s} }
