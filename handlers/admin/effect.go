package admin

import (
	"context"

	"huiwen/knowledge"
)

// An Effect is what a draft changes in the answers to the evaluation questions.
type Effect struct {
	Questions, Before, After int // of how many right before and after
	Asked                    int // questions of people that were asked again beside them
	Changed                  []EffectOn
}

// An EffectOn is one question that is answered otherwise.
type EffectOn struct {
	ID, Kind      string
	Turns         []string
	Before, After EffectAnswer
}

// An EffectAnswer is an answer to an evaluation question.
type EffectAnswer struct {
	Status, Text string
	Citations    []string
	Right        bool
	Judged       bool // somebody has said what is right
}

// Turn is "better", "worse" or "other".
func (e EffectOn) Turn() string {
	switch {
	case e.After.Right && !e.Before.Right:
		return "better"
	case e.Before.Right && !e.After.Right:
		return "worse"
	}
	return "other"
}

// count counts the changed questions of a turn.
func (e Effect) Count(turn string) int {
	n := 0
	for _, c := range e.Changed {
		if c.Turn() == turn {
			n++
		}
	}
	return n
}

// maxEffects bounds how many changed questions are shown.
const maxEffects = 100

type effectView struct {
	working
	Effect
	Turns []effectTurn
	More  int
}

type effectTurn struct {
	Name, Light string
	List        []EffectOn
}

// effectPage answers the evaluation questions from the draft and from what is
// published.
func effectPage(v *visit) error {
	d, e, err := v.Library.Draft(v.ctx(), v.r.PathValue("id"))
	if err != nil {
		return err
	}
	view := effectView{working: working{Draft: &d, Edition: e}}
	if view.Effect, err = v.effect(v.ctx(), e); err != nil {
		return err
	}
	shown := 0
	for _, t := range []effectTurn{{"变差了", "red", nil}, {"变好了", "green", nil}, {"答复变了，对错没变", "gray", nil}} {
		for _, c := range view.Changed {
			if map[string]string{"worse": "red", "better": "green", "other": "gray"}[c.Turn()] != t.Light {
				continue
			}
			if shown++; shown <= maxEffects {
				t.List = append(t.List, c)
			}
		}
		if len(t.List) > 0 {
			view.Turns = append(view.Turns, t)
		}
	}
	view.More = max(0, shown-maxEffects)
	return v.page("effect", "草稿 "+d.ID+" 的影响", view)
}

// effect loads the edition and compares; one at a time, since loading takes
// memory.
func (a *Admin) effect(ctx context.Context, e knowledge.Edition) (Effect, error) {
	select {
	case a.trying <- struct{}{}:
		defer func() { <-a.trying }()
	case <-ctx.Done():
		return Effect{}, problem{503, "别人正在试算，请过一会儿再试。"}
	}
	next, err := a.Library.Load(e)
	if err != nil {
		return Effect{}, bad("这份草稿载入不了：%v", err)
	}
	return a.Evaluate(ctx, a.Snapshot(), next)
}
