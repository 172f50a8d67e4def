package versions

import (
	"context"
	"fmt"
	"slices"
)

// A Question is asked of both versions.
type Question struct {
	ID    string   `json:"id"`
	User  string   `json:"user"`
	Turns []string `json:"turns"`
	AsOf  string   `json:"as_of,omitempty"`
}

// An Answer is what a version says to a question.
type Answer struct {
	Status    string   `json:"status"`
	Text      string   `json:"text"`
	Citations []string `json:"citations"`
	Verdict   string   `json:"verdict"`
}

// An Asker answers a question in a session of its own and stores nothing.
type Asker func(ctx context.Context, q Question) (Answer, error)

// A Replay is how the answers of two versions differ. Its JSON is printed; names
// never change.
type Replay struct {
	Asked   int            `json:"asked"`
	Same    int            `json:"same"`
	How     map[string]int `json:"how"` // by what differs
	Changes []Reanswer     `json:"changes"`
}

// A Reanswer is a question that is answered in another way.
type Reanswer struct {
	Question Question `json:"question"`
	How      []string `json:"how"` // answered, refused, measures, verdict, words
	Old      Answer   `json:"old"`
	New      Answer   `json:"new"`
}

// The ways that answers differ, the gravest first.
const (
	HowRefused  = "refused"  // was answered and is no more
	HowAnswered = "answered" // is answered now
	HowMeasures = "measures" // from other measures
	HowVerdict  = "verdict"
	HowWords    = "words"
)

// HowWord is a way that answers differ as people read it.
var HowWord = map[string]string{HowRefused: "不再能答", HowAnswered: "变得能答", HowMeasures: "依据换了", HowVerdict: "结论变了", HowWords: "文字变了"}

var howOrder = []string{HowRefused, HowAnswered, HowVerdict, HowMeasures, HowWords}

// Compare asks both versions and lists which answers change and how, the gravest
// changes first.
func (r *Replay) Compare(ctx context.Context, questions []Question, was, is Asker) error {
	r.How = map[string]int{}
	r.Changes = []Reanswer{}
	for _, q := range questions {
		old, err := was(ctx, q)
		if err != nil {
			return fmt.Errorf("the old version, question %s: %w", q.ID, err)
		}
		now, err := is(ctx, q)
		if err != nil {
			return fmt.Errorf("the new version, question %s: %w", q.ID, err)
		}
		r.Asked++
		how := differences(old, now)
		if len(how) == 0 {
			r.Same++
			continue
		}
		for _, h := range how {
			r.How[h]++
		}
		r.Changes = append(r.Changes, Reanswer{q, how, old, now})
	}
	slices.SortStableFunc(r.Changes, func(a, b Reanswer) int { return slices.Index(howOrder, a.How[0]) - slices.Index(howOrder, b.How[0]) })
	return nil
}

func differences(old, now Answer) []string {
	var how []string
	told := func(a Answer) bool { return a.Status == "answered" || a.Status == "verdict" }
	switch {
	case told(old) && !told(now):
		how = append(how, HowRefused)
	case !told(old) && told(now):
		how = append(how, HowAnswered)
	}
	if old.Verdict != now.Verdict {
		how = append(how, HowVerdict)
	}
	if !slices.Equal(old.Citations, now.Citations) {
		how = append(how, HowMeasures)
	}
	if len(how) == 0 && (old.Text != now.Text || old.Status != now.Status) {
		how = append(how, HowWords)
	}
	return how
}
