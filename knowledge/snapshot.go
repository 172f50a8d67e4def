// Package knowledge knows what is true: one immutable published state at a
// time, made of a plan and the words people use about it.
package knowledge

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"huiwen/knowledge/classify"
	"huiwen/knowledge/eligibility"
	"huiwen/knowledge/index"
	"huiwen/knowledge/plan"
	"huiwen/knowledge/segment"
)

// A Cutter cuts text into words; [segment.Jieba] is one.
type Cutter = segment.Cutter

// A Snapshot is one published state. It never changes and is safe for
// concurrent use.
type Snapshot struct {
	ID       string // of the main plan: the name of its file
	Plan     *plan.Plan
	Measures []*Measure // in the order of the plan
	Version  string     // hash of the edition
	Bureaus  *Directory
	Finder   *Finder
	Intents  *Phrases
	Talk     *Phrases
	// Rules are the programmes whose sentences all stand in the plan; Off are the
	// others, each with the sentence that is missing.
	Rules *eligibility.Rules
	Off   []string
	// Dropped lists similar questions whose quote stands in no measure any more.
	Dropped []Similar
	// Lost lists corrections whose quote stands in no measure any more.
	Lost []Correction

	// Documents stand beside the plan, in their order; those of a view are in force
	// on its day and may be read by its user.
	Documents []*Document

	day       string // of a view
	content   string // hash of what measures are numbered by
	views     *views
	conflicts []Conflict
	plans     []*Snapshot // of every main plan, the earliest first; nil when built alone
	byNo      map[string]*Measure
	body      string // the whole folded text that quotes may come from
}

// ErrNoPlan marks seed data or an archive without a readable plan.
var ErrNoPlan = errors.New("no plan")

// A material is what an edition holds, read: what snapshots are built from.
type material struct {
	plans   []ReadPlan
	words   *Vocabulary
	carried []Carried
	docs    []*Document
	fsys    fs.FS // of the programmes
}

// gather reads what the edition holds, without building anything of it.
func (e Edition) gather() (m material, err error) {
	if m.fsys, err = e.FS(); err != nil {
		return m, err
	}
	if m.plans, err = e.ReadPlans(); err != nil {
		return m, err
	}
	if m.words, err = ReadVocabulary(m.fsys); err != nil {
		return m, err
	}
	if m.carried, err = e.Carried(); err != nil {
		return m, err
	}
	m.docs, err = e.Documents()
	return m, err
}

// rules are the programmes, the caller's own: each plan turns off others.
func (m material) rules() (*eligibility.Rules, error) { return eligibility.Load(m.fsys) }

// load builds the snapshots of every main plan of the edition.
func (e Edition) load(cut Cutter, bureaus []Bureau) (*Snapshot, error) {
	m, err := e.gather()
	if err != nil {
		return nil, err
	}
	m.words.Bureaus = bureaus
	confirmed, err := e.Confirmed()
	if err != nil {
		return nil, err
	}
	version := e.Hash()
	all := make([]*Snapshot, len(m.plans))
	for i, p := range m.plans {
		rules, err := m.rules()
		if err != nil {
			return nil, err
		}
		s, err := build(p.Plan, m.words, m.docs, of(m.carried, p.ID), cut)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", PlanPath(p.ID), err)
		}
		s.ID, s.Lost, s.plans = p.ID, p.Lost, all
		s.adopt(rules)
		s.conflicts = findConflicts(s.Measures, slices.ContainsFunc(confirmed, func(c Confirmation) bool { return c.Document == p.ID }), m.docs)
		s.Version = version
		all[i] = s
	}
	return all[len(all)-1], nil
}

// adopt keeps the programmes whose every sentence stands in one measure: a rule
// without its source is off.
func (s *Snapshot) adopt(rules *eligibility.Rules) {
	s.Rules = rules.Only(func(p *eligibility.Programme) bool {
		no, missing := home(s.Plan, p)
		if len(missing) > 0 {
			s.Off = append(s.Off, p.ID)
			return false
		}
		p.Measure = no
		return true
	})
}

// Build makes the snapshot of a plan and its vocabulary.
func Build(p *plan.Plan, v *Vocabulary, cut Cutter) (*Snapshot, error) {
	return build(p, v, nil, nil, cut)
}

// build makes the snapshot of a plan with the documents beside it and what is
// carried over to it.
func build(p *plan.Plan, v *Vocabulary, docs []*Document, carried map[string]Carried, cut Cutter) (*Snapshot, error) {
	if len(p.Items) == 0 {
		return nil, fmt.Errorf("%w: the document holds no item", ErrNoPlan)
	}
	s := &Snapshot{Plan: p, Rules: &eligibility.Rules{}, Documents: docs, views: &views{of: map[viewKey]*Snapshot{}}, Bureaus: newDirectory(p, v.Bureaus), byNo: map[string]*Measure{}}
	var err error
	if s.Intents, err = newPhrases(v.Intents); err != nil {
		return nil, fmt.Errorf("intents: %w", err)
	}
	if s.Talk, err = newPhrases(v.Talk); err != nil {
		return nil, fmt.Errorf("talk: %w", err)
	}
	similar, dropped := assign(p, v.Similar, carried)
	s.Dropped = dropped
	for i := range p.Items {
		it := &p.Items[i]
		m := newMeasure(it, similar[it.No])
		s.Measures = append(s.Measures, m)
		s.byNo[it.No] = m
	}
	for _, d := range docs {
		for _, m := range d.Measures {
			s.byNo[m.No] = m
		}
	}
	s.Version = version(p, v)
	s.content = contentOf(p)
	s.Finder = newFinder(s, v, similar, cut)
	return s, nil
}

// Measure returns the measure numbered no.
func (s *Snapshot) Measure(no string) (*Measure, bool) {
	m, ok := s.byNo[no]
	return m, ok
}

// all are the measures of the plan and of the documents beside it.
func (s *Snapshot) all() []*Measure {
	out := slices.Clone(s.Measures)
	for _, d := range s.Documents {
		out = append(out, d.Measures...)
	}
	return out
}

// Content is the hash of the measures' numbers and texts: while it stays, a
// number means the same measure.
func (s *Snapshot) Content() string { return s.content }

func contentOf(p *plan.Plan) string {
	h := sha256.New()
	for _, it := range p.Items {
		fmt.Fprintf(h, "%s %d %s\n", it.No, len(it.Text), it.Text)
	}
	return hex.EncodeToString(h.Sum(nil)[:6])
}

// version is the hash of everything an answer depends on.
func version(p *plan.Plan, v *Vocabulary) string {
	h := sha256.New()
	if err := json.NewEncoder(h).Encode([]any{p, v}); err != nil {
		panic("knowledge: version: " + err.Error()) // unreachable: plain data
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// newFinder indexes measures, then the topics outside, and learns from the
// similar questions of both.
func newFinder(s *Snapshot, v *Vocabulary, similar map[string][]Similar, cut Cutter) *Finder {
	b := &finderBuilder{Finder: Finder{analyser: newAnalyser(s, v, cut)}}
	b.sentences = map[*Measure][]sentence{}
	for _, m := range s.Measures {
		b.addMeasure(m, similar[m.No])
		b.sentences[m] = b.analyser.sentencesOf(m)
	}
	for _, d := range s.Documents {
		for _, m := range d.Measures {
			b.addMeasure(m, d.similar[m.No])
			b.sentences[m] = b.analyser.sentencesOf(m)
		}
	}
	for i := range v.Topics {
		b.addTopic(&v.Topics[i])
	}
	return b.finish()
}

// A finderBuilder collects the documents and samples of a Finder.
type finderBuilder struct {
	Finder
	docs    []index.Document
	samples []classify.Sample
}

// finish indexes what was collected.
func (b *finderBuilder) finish() *Finder {
	b.measures = index.New(measureFields, b.docs)
	b.model = classify.Train(b.samples, len(b.classes))
	return &b.Finder
}

func (b *finderBuilder) terms(texts ...string) []index.Term {
	return b.analyser.terms(segment.Fold(strings.Join(texts, " "), 0))
}

func (b *finderBuilder) addMeasure(m *Measure, similar []Similar) {
	fields := make([][]index.Term, len(measureFields))
	fields[fieldName] = b.terms(m.Topics...)
	fields[fieldHeading] = b.terms(m.headings())
	fields[fieldText] = b.terms(m.Body())
	fields[fieldGroups] = b.terms(m.Groups...)
	fields[fieldBureaus] = b.terms(bureauNames(m)...)
	doc := b.addTarget(Match{Measure: m})
	for _, entry := range similar {
		for _, q := range entry.Not {
			if b.negative == nil {
				b.negative = map[string][]int{}
			}
			b.negative[bare(q)] = append(b.negative[bare(q)], doc)
		}
	}
	for i := range similar {
		fields[fieldQuestions] = append(fields[fieldQuestions], b.addClass(doc, &similar[i], similar[i].Questions)...)
	}
	b.addText(doc, m)
	b.docs = append(b.docs, index.Document{Fields: fields})
}

// maxClasses bounds the model: beyond it a measure without similar questions is
// found by its own words alone.
const maxClasses = 1000

// addText teaches the measure's own sentences: each to the entry that quotes
// it, else to the first.
func (b *finderBuilder) addText(doc int, m *Measure) {
	if len(b.byDoc[doc]) == 0 {
		if len(b.classes) >= maxClasses {
			return
		}
		b.addClass(doc, nil, m.Topics)
	}
	for _, sentence := range m.Sentences {
		c := b.byDoc[doc][0]
		for _, other := range b.byDoc[doc] {
			if s := b.classes[other].similar; s != nil && strings.Contains(sentence, s.Quote) {
				c = other
			}
		}
		b.samples = append(b.samples, classify.Sample{Query: b.analyser.query(segment.Fold(sentence, 0)), Class: c})
	}
}

func (b *finderBuilder) addTopic(t *Topic) {
	fields := make([][]index.Term, len(measureFields))
	fields[fieldName] = b.terms(append([]string{t.Topic}, t.Words...)...)
	doc := b.addTarget(Match{Topic: t})
	fields[fieldQuestions] = b.addClass(doc, nil, t.Questions)
	b.docs = append(b.docs, index.Document{Fields: fields})
}

func (b *finderBuilder) addTarget(m Match) int {
	b.targets = append(b.targets, m)
	b.byDoc = append(b.byDoc, nil)
	return len(b.targets) - 1
}

// addClass adds questions as a class of a document and returns their terms.
func (b *finderBuilder) addClass(doc int, similar *Similar, questions []string) (all []index.Term) {
	c := len(b.classes)
	b.classes = append(b.classes, class{doc, similar})
	b.byDoc[doc] = append(b.byDoc[doc], c)
	for _, q := range questions {
		text := b.analyser.question(q)
		all = append(all, b.analyser.terms(text)...)
		b.samples = append(b.samples, classify.Sample{Query: b.analyser.query(text), Class: c})
	}
	return all
}

func bureauNames(m *Measure) []string {
	var out []string
	for _, b := range m.Bureaus {
		out = append(out, b.Name)
	}
	return out
}

// newAnalyser collects the overlay: what the plan calls things and the people's
// words of the concepts.
func newAnalyser(s *Snapshot, v *Vocabulary, cut Cutter) *analyser {
	a := &analyser{cut: cut, concepts: map[string][]string{}, hearing: newHearing()}
	var words []string
	add := func(w, concept string) {
		w = segment.Fold(w, 0)
		words = append(words, w)
		if concept != "" && !slices.Contains(a.concepts[w], concept) {
			a.concepts[w] = append(a.concepts[w], concept)
		}
	}
	for _, m := range s.all() {
		for _, w := range slices.Concat(m.Topics, m.Groups) {
			add(w, "")
		}
	}
	for _, c := range v.Concepts {
		for _, w := range slices.Concat(c.Terms, c.Words) {
			add(w, c.Concept)
		}
	}
	a.overlay = segment.NewOverlay(words)
	a.regional = regionalReplacer(v.Concepts)
	a.learnHearing(s, v, words)
	return a
}

// learnHearing tells the hearing what is written as it should be: the plan, the
// curated words and the similar questions. What the plan prints may be heard.
func (a *analyser) learnHearing(s *Snapshot, v *Vocabulary, words []string) {
	for _, m := range s.all() {
		text := segment.Fold(m.Text, 0)
		a.hearing.learn(text)
		for _, w := range a.cut.Search(text) {
			a.hearing.word(w)
		}
	}
	for _, w := range words {
		a.hearing.learn(w)
		a.hearing.word(w)
	}
	learn := func(list []string) {
		for _, q := range list {
			a.hearing.learn(a.regional.Replace(segment.Normalise(q)))
		}
	}
	for _, q := range v.Similar {
		learn(q.Questions)
	}
	for _, t := range v.Topics {
		learn(t.Questions)
		learn(t.Words)
		for _, w := range t.Words {
			a.hearing.word(segment.Fold(w, 0))
		}
	}
}

// regionalReplacer replaces words of the region by standard ones, the longest
// first.
func regionalReplacer(concepts []Concept) *strings.Replacer {
	words := map[string]string{}
	for _, c := range concepts {
		for from, to := range c.Replace {
			words[segment.Fold(from, 0)] = segment.Fold(to, 0)
		}
	}
	from := slices.SortedFunc(maps.Keys(words), func(a, b string) int {
		return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b))
	})
	var pairs []string
	for _, w := range from {
		pairs = append(pairs, w, words[w])
	}
	return strings.NewReplacer(pairs...)
}
