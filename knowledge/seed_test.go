package knowledge_test

import (
	"encoding/json"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"huiwen/knowledge"
	"huiwen/knowledge/seedtest"
	"huiwen/knowledge/segment"
	"huiwen/seeds"
)

func seed(t testing.TB) *knowledge.Snapshot { t.Helper(); return seedtest.Snapshot(t, seeds.Files) }

func vocabulary(t testing.TB) *knowledge.Vocabulary {
	t.Helper()
	v, err := knowledge.ReadVocabulary(seeds.Files)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestEverySimilarQuestionIsAnchored(t *testing.T) {
	s := seed(t)
	if len(s.Dropped) > 0 {
		t.Errorf("quotes that stand in no measure: %+v", s.Dropped)
	}
	asked := map[string]string{}
	of := map[string]int{}
	for _, e := range vocabulary(t).Similar {
		m, ok := s.Measure(e.Measure)
		if !ok || !strings.Contains(m.Text, e.Quote) {
			t.Errorf("%s: %q does not stand in the measure", e.Measure, e.Quote)
			continue
		}
		if !strings.Contains(m.Text, e.Topic) || utf8.RuneCountInString(e.Topic) > 20 {
			t.Errorf("%s: topic %q must be a span of at most 20 characters", e.Measure, e.Topic)
		}
		for _, q := range e.Questions {
			q = segment.Normalise(q)
			if other, ok := asked[q]; ok {
				t.Errorf("%q is asked of %s and of %s", q, other, e.Measure)
			}
			asked[q] = e.Measure
			of[e.Measure]++
		}
	}
	for _, m := range s.Measures {
		if of[m.No] < 5 {
			t.Errorf("%s has %d similar questions", m.No, of[m.No])
		}
	}
}

func TestTopicsOutsideAreNotInside(t *testing.T) {
	v := vocabulary(t)
	inside := map[string]bool{}
	for _, e := range v.Similar {
		for _, q := range e.Questions {
			inside[segment.Normalise(q)] = true
		}
	}
	names := map[string]bool{}
	for _, topic := range v.Topics {
		if names[topic.Topic] {
			t.Errorf("topic %s stands twice", topic.Topic)
		}
		names[topic.Topic] = true
		for _, q := range topic.Questions {
			if inside[segment.Normalise(q)] {
				t.Errorf("%s: %q is a similar question of a measure", topic.Topic, q)
			}
		}
	}
}

// fourGrams are the runs of four characters of a text.
func fourGrams(text string) map[string]bool {
	out := map[string]bool{}
	segment.Runs(segment.Normalise(text), func(run []rune) {
		for i := 0; i+4 <= len(run); i++ {
			out[string(run[i:i+4])] = true
		}
	})
	return out
}

// TestEvaluationIsNotLearnt: a question that measures the answers may share
// common runs of words with the seeds, never most of itself.
func TestEvaluationIsNotLearnt(t *testing.T) {
	v := vocabulary(t)
	learnt := map[string]bool{}
	add := func(list []string) {
		for _, q := range list {
			for g := range fourGrams(q) {
				learnt[g] = true
			}
		}
	}
	whole := map[string]bool{}
	for _, e := range v.Similar {
		add(e.Questions)
		for _, q := range e.Questions {
			whole[segment.Normalise(q)] = true
		}
	}
	for _, topic := range v.Topics {
		add(topic.Questions)
	}
	data, err := fs.ReadFile(seeds.Files, "evaluation.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	all, shared := 0, 0
	for line := range strings.Lines(string(data)) {
		var q struct {
			ID    string   `json:"id"`
			Turns []string `json:"turns"`
		}
		if err := json.Unmarshal([]byte(line), &q); err != nil {
			t.Fatalf("%.40s: %v", line, err)
		}
		last := q.Turns[len(q.Turns)-1]
		if whole[segment.Normalise(last)] {
			t.Errorf("%s is a similar question: %s", q.ID, last)
		}
		for g := range fourGrams(last) {
			all++
			if learnt[g] {
				shared++
			}
		}
	}
	t.Logf("4-gram overlap of evaluation and seeds: %d of %d", shared, all)
	if shared*2 > all {
		t.Errorf("%d of %d runs of four characters also stand in the seeds", shared, all)
	}
}

func TestDirectoryKnowsShortNames(t *testing.T) {
	s := seed(t)
	tests := []struct{ text, want string }{
		{"住建局有哪些任务", "区住房城乡建设局"},
		{"人社负责的", "区人力资源社会保障局"},
		{"区纪委区监委", "区纪委区监委"},
		{"财政局和民政局", "区财政局 区民政局"},
		{"今天天气好", ""},
	}
	for _, tt := range tests {
		if got := strings.Join(s.Bureaus.In(tt.text), " "); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.text, got, tt.want)
		}
	}
	if len(s.Bureaus.Names()) != 35 {
		t.Errorf("%d bureaus", len(s.Bureaus.Names()))
	}
}

func TestBuildIsDeterministic(t *testing.T) {
	a, b := seed(t), mustBuild(t)
	if a.Version != b.Version {
		t.Errorf("the same data has versions %s and %s", a.Version, b.Version)
	}
	for _, q := range []string{"开店补多少", "老板跑了", "低保", "出去打工路费"} {
		x, y := a.Finder.Find(q, 5), b.Finder.Find(q, 5)
		if !slices.EqualFunc(x, y, func(m, n knowledge.Match) bool { return m.Score == n.Score }) {
			t.Errorf("%s scores differently in the same version", q)
		}
	}
}

func mustBuild(t testing.TB) *knowledge.Snapshot {
	t.Helper()
	s, err := knowledge.Load(seeds.Files, seedtest.Cutter(t))
	if err != nil {
		t.Fatal(err)
	}
	return s
}
