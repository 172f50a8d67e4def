package handlers

import (
	"slices"
	"strings"

	"huiwen/bot"
	"huiwen/knowledge/eligibility"
	"huiwen/knowledge/pattern"
	"huiwen/knowledge/segment"
)

// What steers a dialogue; a page makes buttons of it.
const (
	actEdit  = "改"
	actDrop  = "去掉"
	actBack  = "上一步"
	actSkip  = "跳过"
	actAgain = "重来"
)

// editing begins the intent of a choice that corrects a fact; askedEdit stands in
// a dialogue's Asked when it was asked which.
const (
	editing   = "edit/"
	askedEdit = "edit"
)

// editWords match the order to correct a fact: 改, 改：首次, 去掉：信用记录.
var (
	editWords  = pattern.MustCompile(`^(?:(?:我要|我想)?(?:更改|修改|更正|改|去掉|删掉))(?:一下|下)?(?:[:, ]*)(.*)$`)
	editOrders = pattern.MustCompile(`^(?:更改|修改|更正|改|去掉|删掉):.`)
)

// longestEdit is the longest order to correct a fact, in runes.
const longestEdit = 16

// edit asks one fact of a dialogue again, or which; ok is false when the message
// corrects nothing.
func (t *turn) edit(p *eligibility.Programme, d *dialogue) (bot.Reply, bool) {
	if d.Asked == askedEdit {
		d.Asked = ""
		if picked := t.picked(); picked != nil {
			if id, ok := strings.CutPrefix(picked.Intent, editing); ok {
				return t.askAgain(p, d, id), true
			}
		}
	}
	m := editWords.FindStringSubmatch(t.text)
	if m == nil {
		return bot.Reply{}, false
	}
	if m[1] == "" {
		return t.whichEdit(p, d), true
	}
	id := t.named(p, d, strings.Trim(m[1], ` :,。!"“”`))
	if id == "" {
		return bot.Reply{}, false
	}
	return t.askAgain(p, d, id), true
}

// askAgain asks a fact again; what nobody asks for is taken back.
func (t *turn) askAgain(p *eligibility.Programme, d *dialogue, id string) bot.Reply {
	f := t.snap.Rules.Fact(id)
	if f.Question == "" {
		d.remember(id)
		delete(d.Facts, id)
		return t.card(p)
	}
	d.Edit = id
	return t.asking(p, bot.Line{bot.Words(sayEdit), {Kind: bot.Recorded, Text: f.Name, Ref: "fact/" + id}})
}

// whichEdit lists what can be corrected.
func (t *turn) whichEdit(p *eligibility.Programme, d *dialogue) bot.Reply {
	r := bot.Reply{Status: bot.Clarification, Lines: []bot.Line{bot.Say(sayNoEdit)}}
	for _, id := range concerns(p) {
		if d.Facts[id].Known || slices.Contains(d.Skipped, id) {
			r.Choices = append(r.Choices, bot.Choice{Text: t.snap.Rules.Fact(id).Name, Intent: editing + id})
		}
	}
	if len(r.Choices) > 0 {
		d.Asked = askedEdit
		r.Lines = []bot.Line{bot.Say(sayWhichEdit)}
	}
	return r
}

// named is the fact of a programme that words name: by its own name, or by that
// of the condition it was told for.
func (t *turn) named(p *eligibility.Programme, d *dialogue, words string) string {
	for _, id := range concerns(p) {
		if f := t.snap.Rules.Fact(id); f != nil && segment.Normalise(f.Name) == words {
			return id
		}
	}
	if p.When == nil {
		return ""
	}
	for _, c := range p.When.Top() {
		if segment.Normalise(c.Name) != words {
			continue
		}
		ids := c.Facts()
		for _, id := range ids {
			if d.Facts[id].Known {
				return id
			}
		}
		return ids[0]
	}
	return ""
}

// forgotten answers an order to correct what is not remembered any more.
func (t *turn) forgotten() (bot.Reply, bool) {
	if !editOrders.MatchString(t.text) || t.msg.User == bot.Staff || runes(t.text) > longestEdit {
		return bot.Reply{}, false
	}
	return bot.Reply{Status: bot.Clarification, Lines: []bot.Line{bot.Say(sayForgotten)}}, true
}

// answer takes the answer to a question. A fact that is corrected takes along what
// was only concluded from it, and one that stays open is not asked twice.
func (d *dialogue) answer(p *eligibility.Programme, fact *eligibility.Fact, v eligibility.Value, rules *eligibility.Rules) {
	was := d.Facts[fact.ID]
	d.remember(fact.ID)
	if was.Known && was.Bool != v.Bool {
		for i := range rules.Facts {
			other := &rules.Facts[i]
			if v.Bool || !slices.Contains(other.Implies, fact.ID) {
				continue
			}
			delete(d.Facts, other.ID) // 返乡农民工 says 农民工
		}
		for _, id := range fact.Implies {
			if d.Facts[id].Words == was.Words {
				delete(d.Facts, id)
			}
		}
	}
	d.Facts[fact.ID], d.Edit = v, ""
	d.Skipped = slices.DeleteFunc(slices.Clone(d.Skipped), func(id string) bool { return id == fact.ID })
	if slices.Contains(p.Judge(d.Facts).Missing, fact.ID) {
		d.Skipped = append(d.Skipped, fact.ID)
	}
}

// skip leaves a question open; what was told before is taken back.
func (d *dialogue) skip(fact *eligibility.Fact) {
	d.remember(fact.ID)
	delete(d.Facts, fact.ID)
	d.Edit = ""
	if d.Skipped = slices.Clone(d.Skipped); !slices.Contains(d.Skipped, fact.ID) {
		d.Skipped = append(d.Skipped, fact.ID)
	}
}

// remember keeps what a fact was, to step back to.
func (d *dialogue) remember(id string) {
	d.Before = append(slices.Clone(d.Before), step{id, d.Facts[id]})
	if len(d.Before) > maxSteps {
		d.Before = d.Before[1:]
	}
}
