package dingtalk

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"huiwen/bot"
	"huiwen/bot/cut"
)

// maxButtons is how many buttons the card's template has.
const maxButtons = 6

// A card is what is remembered of a card that was delivered.
type card struct {
	Group   string       `json:"group,omitempty"`
	Actions []bot.Action `json:"actions"`
}

// action finds what a button says by its number (1, say1, button1), its words or
// what it says.
func (c card) action(v string) (string, bool) {
	for i, a := range c.Actions {
		n := strconv.Itoa(i + 1)
		if v == a.Say || v == a.Text || v == n || v == "say"+n || v == "button"+n || v == "action"+n {
			return a.Say, true
		}
	}
	return "", false
}

// card is what is remembered of a card; nothing when it is unknown.
func (r *Robot) card(ctx context.Context, track string) (card, error) {
	var c card
	if track == "" || len(track) > maxID {
		return c, nil
	}
	err := r.load(ctx, shard("dingtalk-card", track), cardKey(track), &c)
	return c, err
}

// params are the variables of the template, all of them text: title, text,
// number, and for each button its words (button1) and what it says (say1). A
// template shows as many buttons as there are words.
func params(id string, r bot.Rendered) map[string]string {
	text := cut.Head(markdown(r), maxWords)
	m := map[string]string{"title": title(r), "text": text, "number": id, "buttons": strconv.Itoa(min(len(r.Actions), maxButtons))}
	for i := range maxButtons {
		n := strconv.Itoa(i + 1)
		m["button"+n], m["say"+n] = "", ""
		if i < len(r.Actions) {
			m["button"+n], m["say"+n] = plain(r.Actions[i].Text), r.Actions[i].Say
		}
	}
	return m
}

type cardParams struct {
	Map map[string]string `json:"cardParamMap"`
}

// deliverAnswer is what createAndDeliver says: of the whole, and of each space.
type deliverAnswer struct {
	Success *bool           `json:"success"`
	Result  json.RawMessage `json:"result"`
}

// refused reports whether a space was not reached though the call went well.
func (d deliverAnswer) refused() bool {
	var result struct {
		Deliver []struct {
			Success *bool `json:"success"`
		} `json:"deliverResults"`
	}
	_ = json.Unmarshal(d.Result, &result) // of another form: it says nothing against it
	for _, one := range result.Deliver {
		if one.Success != nil && !*one.Success {
			return true
		}
	}
	return d.Success != nil && !*d.Success
}

// cards delivers the reply as a card to each of the people or to the group;
// handled is false when the platform refuses cards and words must do.
func (s *sending) cards(ctx context.Context) (o bot.Outcome, handled bool) {
	if s.place.group != "" {
		return s.deliver(ctx, "dtv1.card//IM_GROUP."+s.place.group, s.track(), map[string]any{
			"imGroupOpenSpaceModel": map[string]any{"supportForward": false}, "imGroupOpenDeliverModel": map[string]any{"robotCode": s.RobotCode},
		})
	}
	var refused []string
	for i, one := range s.people {
		if s.done.Cards[one] {
			continue
		}
		track := s.track()
		if len(s.people) > 1 {
			track += "-" + strconv.Itoa(i+1)
		}
		o, handled := s.deliver(ctx, "dtv1.card//IM_ROBOT."+one, track, map[string]any{
			"imRobotOpenSpaceModel": map[string]any{"supportForward": false}, "imRobotOpenDeliverModel": map[string]any{"spaceType": "IM_ROBOT", "robotCode": s.RobotCode},
		})
		switch {
		case !handled:
			refused = append(refused, one)
		case !o.Sent:
			s.keep(ctx)
			return o, true
		default:
			s.done.Cards[one] = true
		}
	}
	if len(refused) > 0 {
		if len(s.done.Cards) > 0 {
			s.keep(ctx)
		}
		s.people = refused // these read the words
		return o, false
	}
	return bot.Outcome{Sent: true}, true
}

// deliver creates and delivers one card. Its track id tells reply and receiver, so
// that a retry is the same card.
func (s *sending) deliver(ctx context.Context, space, track string, models map[string]any) (o bot.Outcome, handled bool) {
	actions := s.reply.Actions[:min(len(s.reply.Actions), maxButtons)]
	if err := s.save(ctx, shard("dingtalk-card", track), cardKey(track), card{s.place.group, actions}, cardTime); err != nil {
		return bot.Outcome{Reason: "store", Wait: storeWait}, true // a press could come before it is kept
	}
	in := map[string]any{
		"cardTemplateId": s.Template, "outTrackId": track, "callbackType": "STREAM", "userIdType": 1,
		"cardData": cardParams{params(s.id, s.reply)}, "openSpaceId": space,
	}
	for k, v := range models {
		in[k] = v
	}
	var out deliverAnswer
	err := s.Client.Call(ctx, http.MethodPost, "/v1.0/card/instances/createAndDeliver", in, &out)
	o, stop := outcome(err)
	var api *APIError
	switch {
	case !stop && !out.refused():
		return bot.Outcome{Sent: true}, true
	case stop && !o.Final && !(errors.As(err, &api) && !api.throttled() && api.forbidden()):
		return o, true
	}
	s.Log.Warn("dingtalk card refused, sent as words", "code", o.Reason)
	return o, false
}

// update shows on a pressed card what is now true; its buttons become those of
// the reply.
func (r *Robot) update(ctx context.Context, track, id string, reply bot.Rendered) error {
	c, err := r.card(ctx, track)
	if err != nil {
		return err
	}
	c.Actions = reply.Actions[:min(len(reply.Actions), maxButtons)]
	if err := r.save(ctx, shard("dingtalk-card", track), cardKey(track), c, cardTime); err != nil {
		return err
	}
	values := params(id, reply)
	if reply.Title == "" {
		delete(values, "title") // the card keeps its own
	}
	in := map[string]any{
		"outTrackId": track, "cardData": cardParams{values}, "userIdType": 1,
		"cardUpdateOptions": map[string]bool{"updateCardDataByKey": true, "updatePrivateDataByKey": true},
	}
	return r.Client.Call(ctx, http.MethodPut, "/v1.0/card/instances", in, nil)
}
