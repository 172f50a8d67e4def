package eval

import "testing"

func TestScores(t *testing.T) {
	s := NewScores()
	s.Add(Question{Type: "amount", Gold: []string{"7"}, AlsoOK: []string{"8"}, AnswerMust: []string{"5000元"}, AnswerMustNot: []string{"6000元"}},
		Answer{Status: "answered", Text: "补贴 ５０００元", Citations: []string{"8", "7", "9"}})
	s.Add(Question{Type: "amount", Gold: []string{"7"}, AnswerMust: []string{"1万元"}}, Answer{Status: "out_of_scope", Text: "不知道"})
	s.Add(Question{Type: "vague", Gold: []string{"7"}}, Answer{Status: "clarification"})
	s.Add(Question{Type: "out_of_scope", AnswerMustNot: []string{"9"}}, Answer{Status: "out_of_scope"})
	s.Add(Question{Type: "smalltalk"}, Answer{Status: "answered", Citations: []string{"1"}, Text: "x"})
	s.Add(Question{Type: "eligibility", Gold: []string{"7"}, Verdict: "likely", VerdictAlso: []string{"unknown"}}, Answer{Verdict: "unknown", Citations: []string{"7"}})
	for measure, want := range map[string]Share{
		"hit@1":             {3, 4}, // the vague one asked back
		"hit@3":             {3, 4},
		"recall":            {2, 3}, // vague lines do not count
		"precision":         {3, 4}, // 9 is wrong
		"must":              {1, 2},
		"must_not":          {1, 2}, // an empty text fails
		"verdict":           {1, 1},
		"refusal precision": {1, 2},
		"refusal recall":    {1, 2},
	} {
		if got := s.Shares[measure]["all"]; got == nil || *got != want {
			t.Errorf("%s = %v, want %v", measure, got, want)
		}
	}
	if got := s.Shares["hit@1"]["amount"]; *got != (Share{1, 2}) {
		t.Errorf("by type: %v", got)
	}
}
