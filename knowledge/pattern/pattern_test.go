package pattern

import (
	"regexp"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestWhatIsNeeded(t *testing.T) {
	for _, c := range []struct {
		src  string
		want []string
	}{
		{"补贴(?:多少|好多)", []string{"补贴"}},
		{"[补给领](?:多少|好多)", []string{"多少", "好多"}},
		{"(?:多少|好多)?钱", []string{"钱"}},
		{"(?:多少|)", nil},
		{"几(?:十|百)*", []string{"几"}},
		{".{0,6}", nil},
		{"[^人]多", []string{"多"}},
		{"(?i)abc", nil},
		{"(?:年底){2,3}", []string{"年底"}},
	} {
		if got := MustCompile(c.src).need; !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.src, got, c.want)
		}
	}
}

// TestTheGateRefusesNoMatch: what the pattern finds behind its gate is what it
// finds without.
func TestTheGateRefusesNoMatch(t *testing.T) {
	letter := rapid.SampledFrom([]rune("补贴多少钱个月"))
	text := rapid.StringOfN(letter, 0, 12, -1)
	leaf := rapid.OneOf(rapid.StringOfN(letter, 1, 2, -1), rapid.Just("."), rapid.Just("[补多]"), rapid.Just("[^钱]"), rapid.Just("^"), rapid.Just("$"))
	var expr func(depth int) *rapid.Generator[string]
	expr = func(depth int) *rapid.Generator[string] {
		if depth == 0 {
			return leaf
		}
		sub := expr(depth - 1)
		return rapid.Custom(func(t *rapid.T) string {
			a, b := sub.Draw(t, "a"), sub.Draw(t, "b")
			switch rapid.IntRange(0, 5).Draw(t, "op") {
			case 0:
				return "(?:" + a + "|" + b + ")"
			case 1:
				return "(?:" + a + ")?" + b
			case 2:
				return "(" + a + ")*" + b
			case 3:
				return "(?:" + a + ")+"
			case 4:
				return "(?:" + a + "){1,2}" + b
			}
			return a + b
		})
	}
	rapid.Check(t, func(t *rapid.T) {
		src, s := expr(3).Draw(t, "expression"), text.Draw(t, "text")
		plain, gated := regexp.MustCompile(src), MustCompile(src)
		if got, want := gated.FindStringIndex(s), plain.FindStringIndex(s); !slices.Equal(got, want) {
			t.Fatalf("%s in %s: %v, want %v", src, s, got, want)
		}
		if got, want := gated.MatchString(s), plain.MatchString(s); got != want {
			t.Fatalf("%s in %s: %v, want %v", src, s, got, want)
		}
	})
}
