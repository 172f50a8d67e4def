// Package eval scores answers against evaluation questions.
package eval

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// A Question is one line of an evaluation file.
type Question struct {
	ID            string   `json:"id"`
	User          string   `json:"user"`
	Turns         []string `json:"turns"`
	AsOf          string   `json:"as_of"`
	Gold          []string `json:"gold"`
	AlsoOK        []string `json:"also_ok"`
	Type          string   `json:"type"`
	AnswerMust    []string `json:"answer_must"`
	AnswerMustNot []string `json:"answer_must_not"`
	Verdict       string   `json:"verdict"`
	VerdictAlso   []string `json:"verdict_also"`
	Programme     string   `json:"programme"`
	Note          string   `json:"note"`
}

// An Answer is what was said to a question.
type Answer struct {
	Status, Text, Verdict string
	Citations             []string
}

// A Share is how many of how many were right.
type Share struct {
	Right int `json:"right"`
	Of    int `json:"of"`
}

// Rate is the share as a number from 0 to 1; 1 when there was nothing to judge.
func (s Share) Rate() float64 {
	if s.Of == 0 {
		return 1
	}
	return float64(s.Right) / float64(s.Of)
}

// A Miss is a question whose answer fell short in one measure.
type Miss struct {
	Measure  string
	Question Question
	Answer   Answer
}

// Scores counts by measure, then by type of question; "all" is every type.
type Scores struct {
	Shares map[string]map[string]*Share
	Misses []Miss
}

// The measures, in the order of a report.
var Measures = []string{"hit@1", "hit@3", "recall", "precision", "must", "must_not", "verdict", "refusal precision", "refusal recall"}

// NewScores is an empty count.
func NewScores() *Scores { return &Scores{Shares: map[string]map[string]*Share{}} }

// Rate is the rate of a measure over every type.
func (s *Scores) Rate(measure string) float64 {
	if share := s.Shares[measure]["all"]; share != nil {
		return share.Rate()
	}
	return 1
}

func (s *Scores) add(measure, kind string, right, of int) {
	if s.Shares[measure] == nil {
		s.Shares[measure] = map[string]*Share{}
	}
	for _, k := range []string{"all", kind} {
		if s.Shares[measure][k] == nil {
			s.Shares[measure][k] = &Share{}
		}
		s.Shares[measure][k].Right += right
		s.Shares[measure][k].Of += of
	}
}

func (s *Scores) mark(measure string, q Question, a Answer, good bool) {
	right := 0
	if good {
		right = 1
	} else {
		s.Misses = append(s.Misses, Miss{measure, q, a})
	}
	s.add(measure, q.Type, right, 1)
}

// Add counts one answer.
func (s *Scores) Add(q Question, a Answer) {
	fits := slices.Concat(q.Gold, q.AlsoOK)
	cited := func(n int) bool {
		return slices.ContainsFunc(a.Citations[:min(n, len(a.Citations))], func(c string) bool { return slices.Contains(fits, c) })
	}
	if len(q.Gold) > 0 {
		askedBack := q.Type == "vague" && len(a.Citations) == 0 && a.Status == "clarification"
		s.mark("hit@1", q, a, askedBack || cited(1))
		s.mark("hit@3", q, a, askedBack || cited(3))
		for _, c := range distinct(a.Citations) {
			right := 0
			if slices.Contains(fits, c) {
				right = 1
			}
			s.add("precision", q.Type, right, 1)
		}
		if q.Type != "vague" {
			s.mark("recall", q, a, !slices.ContainsFunc(q.Gold, func(g string) bool { return !slices.Contains(a.Citations, g) }))
		}
	}
	text := Fold(a.Text)
	holds := func(w string) bool { return strings.Contains(text, Fold(w)) }
	if len(q.AnswerMust) > 0 {
		s.mark("must", q, a, !slices.ContainsFunc(q.AnswerMust, func(w string) bool { return !holds(w) }))
	}
	if len(q.AnswerMustNot) > 0 {
		s.mark("must_not", q, a, text != "" && !slices.ContainsFunc(q.AnswerMustNot, holds))
	}
	if q.Verdict != "" {
		s.mark("verdict", q, a, a.Verdict == q.Verdict || slices.Contains(q.VerdictAlso, a.Verdict))
	}
	s.addRefusal(q, a)
}

// addRefusal counts an answer that cites nothing as a refusal.
func (s *Scores) addRefusal(q Question, a Answer) {
	refused := len(a.Citations) == 0
	if refused && q.Type != "vague" {
		right := 0
		if len(q.Gold) == 0 {
			right = 1
		}
		s.add("refusal precision", q.Type, right, 1)
	}
	if len(q.Gold) == 0 {
		s.mark("refusal recall", q, a, refused)
	}
}

func distinct(list []string) []string {
	var out []string
	for _, v := range list {
		if !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	return out
}

var traditional = strings.NewReplacer(pairs("補貼貸創業務產權資訊發農區縣鄉鎮條萬億圓國學會員軍殘廳辦間時題標準約單",
	"补贴贷创业务产权资讯发农区县乡镇条万亿圆国学会员军残厅办间时题标准约单")...)

func pairs(from, to string) []string {
	f, t := []rune(from), []rune(to)
	var out []string
	for i := range f {
		out = append(out, string(f[i]), string(t[i]))
	}
	return out
}

// Fold drops white space, makes signs half-width and maps the commonest
// traditional characters, so that strings compare as people read them.
func Fold(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, norm.NFKC.String(s))
	return traditional.Replace(s)
}
