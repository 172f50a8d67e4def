package admin

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"huiwen/knowledge"
	"huiwen/knowledge/versions"
)

// perPage is how many rows a page of a long list shows.
const perPage = 50

// A pager cuts a long list into pages.
type pager struct {
	Page, Pages, Total int
	Prev, Next         string // addresses, "" for none
}

// paged cuts a list by the page that the address asks for.
func paged[T any](v *visit, list []T) ([]T, pager) {
	p := pager{Total: len(list), Pages: max(1, (len(list)+perPage-1)/perPage), Page: 1}
	if n, err := strconv.Atoi(v.r.URL.Query().Get("page")); err == nil {
		p.Page = min(max(1, n), p.Pages)
	}
	at := func(n int) string {
		q := v.r.URL.Query()
		q.Set("page", strconv.Itoa(n))
		return v.r.URL.Path + "?" + q.Encode()
	}
	if p.Page > 1 {
		p.Prev = at(p.Page - 1)
	}
	if p.Page < p.Pages {
		p.Next = at(p.Page + 1)
	}
	from := (p.Page - 1) * perPage
	return list[min(from, len(list)):min(from+perPage, len(list))], p
}

// A working is the draft that words go into, and its edition; without one it is
// what is published, and the first change begins a draft.
type working struct {
	Draft   *versions.Draft
	Edition knowledge.Edition
	Words   *knowledge.Vocabulary
}

// working reads the draft that is worked on: the one the address names, else the
// latest.
func (v *visit) working() (working, error) {
	var w working
	var err error
	all, err := v.Library.Drafts(v.ctx())
	if err != nil {
		return w, err
	}
	hash := ""
	if id := cmp.Or(v.r.URL.Query().Get("draft"), v.field("draft")); id != "" || len(all) > 0 {
		d, e, err := v.Library.Draft(v.ctx(), id)
		if err != nil {
			return w, err
		}
		w.Draft, w.Edition, hash = &d, e, d.Hash
	} else {
		p, e, err := v.Library.Published(v.ctx())
		if err != nil {
			return w, err
		}
		w.Edition, hash = e, p.Version
	}
	w.Words, err = v.vocabularies.get(hash, w.Edition.Vocabulary)
	return w, err
}

// id is the draft to change, "" to begin one.
func (w working) id() string {
	if w.Draft == nil {
		return ""
	}
	return w.Draft.ID
}

type wordsView struct {
	working
	Tab      string
	Q        string
	Concepts []knowledge.Concept
	Topics   []knowledge.Topic
	Measures []measureName
	Measure  string
	Entries  []knowledge.Similar
	Pager    pager
	May      bool
}

// wordsPage lists the people's words by concept.
func wordsPage(v *visit) error { return v.words("word") }

// similarPage lists the similar and the negative questions of a measure.
func similarPage(v *visit) error { return v.words("similar") }

// topicPage lists what people ask that no document covers.
func topicPage(v *visit) error { return v.words("topic") }

func (v *visit) words(tab string) error {
	w, err := v.working()
	if err != nil {
		return err
	}
	view := wordsView{working: w, Tab: tab, Q: v.query("q"), May: v.who.Has(editing...), Measures: namesOf(v.Snapshot()), Measure: v.query("measure")}
	find := v.query("find")
	switch tab {
	case "word":
		list := slices.DeleteFunc(slices.Clone(w.Words.Concepts), func(c knowledge.Concept) bool {
			return c.Regional || find != "" && !strings.Contains(c.Concept+strings.Join(c.Terms, " ")+strings.Join(c.Words, " "), find)
		})
		view.Concepts, view.Pager = paged(v, list)
	case "similar":
		if view.Measure == "" {
			view.Measure = v.guess(view.Q)
		}
		for _, s := range w.Words.Similar {
			if s.Measure == view.Measure {
				view.Entries = append(view.Entries, s)
			}
		}
	case "topic":
		list := slices.DeleteFunc(slices.Clone(w.Words.Topics), func(t knowledge.Topic) bool {
			return find != "" && !strings.Contains(t.Topic+strings.Join(t.Words, " ")+strings.Join(t.Questions, " "), find)
		})
		view.Topics, view.Pager = paged(v, list)
	}
	return v.page("words", map[string]string{"word": "大家的说法", "similar": "类似问法", "topic": "计划外的话题"}[tab], view)
}

// guess is the measure that a question fits best, else the first.
func (v *visit) guess(q string) string {
	s := v.Snapshot()
	if q != "" {
		for _, m := range s.Finder.Find(q, 3) {
			if m.Measure != nil {
				return m.Measure.No
			}
		}
	}
	if len(s.Measures) == 0 {
		return ""
	}
	return s.Measures[0].No
}

// Concepts lists every concept, for choosing one.
func (w wordsView) AllConcepts() []string {
	var out []string
	for _, c := range w.Words.Concepts {
		if !c.Regional {
			out = append(out, c.Concept)
		}
	}
	return out
}

// AllTopics lists every topic, for choosing one.
func (w wordsView) AllTopics() []string {
	var out []string
	for _, t := range w.Words.Topics {
		out = append(out, t.Topic)
	}
	return out
}

func (v *visit) query(name string) string {
	s := strings.TrimSpace(strings.ToValidUTF8(v.r.URL.Query().Get(name), ""))
	if r := []rune(s); len(r) > maxTextRunes {
		return string(r[:maxTextRunes])
	}
	return s
}

// addWord adds a word or a question to the draft and shows what it changes.
func addWord(v *visit) error {
	kind, text := v.field("kind"), v.field("text")
	measure, concept, topic := v.field("measure"), v.field("concept"), cmp.Or(v.field("newtopic"), v.field("topic"))
	var step string
	var change func(knowledge.Edition) (knowledge.Edition, error)
	switch kind {
	case "similar", "negative":
		m, ok := v.Snapshot().Measure(measure)
		if !ok {
			return bad("没有这一项。")
		}
		step = map[string]string{"similar": "类似问法", "negative": "反例"}[kind] + "：" + m.Label() + " " + text
		change = func(e knowledge.Edition) (knowledge.Edition, error) {
			return e.WithQuestion(measure, quoteOf(m), text, kind == "negative")
		}
	case "word":
		step = "说法：" + concept + " " + text
		change = func(e knowledge.Edition) (knowledge.Edition, error) { return e.WithWord(concept, text) }
	case "concept":
		terms, words := strings.Fields(v.field("terms")), strings.Fields(v.field("words"))
		step = "概念：" + concept
		change = func(e knowledge.Edition) (knowledge.Edition, error) { return e.WithConcept(concept, terms, words) }
	case "topic":
		step = "计划外：" + topic + " " + text
		change = func(e knowledge.Edition) (knowledge.Edition, error) { return e.WithTopicQuestion(topic, text) }
	default:
		return bad("不认识这种改动。")
	}
	return v.changeDraft(step, change, "/admin/words")
}

// dropWord takes a word or a question out of the draft.
func dropWord(v *visit) error {
	kind, text := v.field("kind"), v.field("text")
	var change func(knowledge.Edition) (knowledge.Edition, error)
	switch kind {
	case "similar", "negative":
		change = func(e knowledge.Edition) (knowledge.Edition, error) {
			return e.WithoutQuestion(v.field("measure"), text, kind == "negative")
		}
	case "word":
		change = func(e knowledge.Edition) (knowledge.Edition, error) { return e.WithoutWord(v.field("concept"), text) }
	case "topic":
		change = func(e knowledge.Edition) (knowledge.Edition, error) {
			return e.WithoutTopicQuestion(v.field("topic"), text)
		}
	default:
		return bad("不认识这种改动。")
	}
	return v.changeDraft("去掉："+text, change, "/admin/words")
}

// changeDraft changes the draft in one step and shows its effect.
func (v *visit) changeDraft(step string, change func(knowledge.Edition) (knowledge.Edition, error), otherwise string) error {
	if r := []rune(step); len(r) > 80 {
		step = string(r[:80]) + "…"
	}
	w, err := v.working()
	if err != nil {
		return err
	}
	d, err := v.Library.Change(v.ctx(), w.id(), step, v.act(), change)
	if err != nil {
		return v.failed(otherwise, err)
	}
	return v.done("/admin/drafts/"+url.PathEscape(d.ID)+"/effect", "已记入草稿 "+d.ID+"："+step)
}

// act is who does something and why.
func (v *visit) act() versions.Act { return versions.Act{Who: v.who.Name, Why: v.field("why")} }

// quoteOf is the span of a measure that words are carried over by: the one its
// similar questions have, else its beginning.
func quoteOf(m *knowledge.Measure) string {
	const n = 24
	r := []rune(m.Text)
	return string(r[:min(n, len(r))])
}
