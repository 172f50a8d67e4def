package app

import (
	"encoding/json"
	"testing"
)

// TestAnswersStayGood holds the scores on the product's own evaluation
// questions above floors a little below what was measured when they were set.
func TestAnswersStayGood(t *testing.T) {
	got := runWith(t, "", nil, "eval", "../../seeds/evaluation.jsonl", "--json")
	if got.code != 0 {
		t.Fatalf("%+v", got)
	}
	var scores map[string]struct {
		All float64 `json:"all"`
	}
	if err := json.Unmarshal([]byte(got.out), &scores); err != nil {
		t.Fatalf("%v in %s", err, got.out)
	}
	for name, floor := range map[string]float64{
		"hit@1": 0.95, "hit@3": 0.95, "recall": 0.94, "precision": 0.93, "must": 0.95, "must_not": 1,
		"verdict": 0.90, "refusal precision": 0.96, "refusal recall": 0.95,
	} {
		if s, ok := scores[name]; !ok || s.All < floor {
			t.Errorf("%s is %.3f, floor %.2f", name, s.All, floor)
		}
	}
}
