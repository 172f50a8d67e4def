package openapi

import (
	"encoding/json"
	"net/http"
	"strings"
)

// cardCall is createAndDeliver and the update.
type cardCall struct {
	Template string `json:"cardTemplateId"`
	Track    string `json:"outTrackId"`
	Callback string `json:"callbackType"`
	Data     struct {
		Map map[string]json.RawMessage `json:"cardParamMap"`
	} `json:"cardData"`
	Space   string          `json:"openSpaceId"`
	GroupTo json.RawMessage `json:"imGroupOpenDeliverModel"`
	RobotTo json.RawMessage `json:"imRobotOpenDeliverModel"`
}

// params reads the variables, which must all be texts.
func (c cardCall) params() (map[string]string, bool) {
	out := map[string]string{}
	for k, raw := range c.Data.Map {
		var v string
		if json.Unmarshal(raw, &v) != nil {
			return nil, false
		}
		out[k] = v
	}
	return out, true
}

func (s *Server) deliver(w http.ResponseWriter, body []byte) {
	var in cardCall
	err := json.Unmarshal(body, &in)
	params, texts := in.params()
	m := Shown{Via: "card", Track: in.Track, Params: params, Title: params["title"], Text: params["text"]}
	switch {
	case err != nil || !texts:
		refuse(w, http.StatusBadRequest, "param.error")
		return
	case in.Template == "":
		refuse(w, http.StatusBadRequest, "param.cardTemplateIdEmpty")
		return
	case in.Track == "":
		refuse(w, http.StatusBadRequest, "param.outTrackIdEmpty")
		return
	case strings.HasPrefix(in.Space, "dtv1.card//IM_GROUP.") && len(in.GroupTo) > 0:
		m.Group = strings.TrimPrefix(in.Space, "dtv1.card//IM_GROUP.")
	case strings.HasPrefix(in.Space, "dtv1.card//IM_ROBOT.") && len(in.RobotTo) > 0:
		m.To = []string{strings.TrimPrefix(in.Space, "dtv1.card//IM_ROBOT.")}
		if s.partial[m.To[0]] == "invalid" && s.times[m.To[0]] > 0 {
			s.times[m.To[0]]--
			refuse(w, http.StatusBadRequest, "param.userIdNotExist")
			return
		}
	default:
		refuse(w, http.StatusBadRequest, "param.openSpaceIdInvalid")
		return
	}
	if s.cards[in.Track] == nil { // the same card again is the same card
		s.cards[in.Track], s.streams[in.Track] = &m, in.Callback == "STREAM"
		s.show(m)
	}
	answer(w, http.StatusOK, map[string]any{"success": true, "result": map[string]any{"outTrackId": in.Track, "deliverResults": []any{map[string]any{"success": true, "spaceId": in.Space}}}})
}

func (s *Server) update(w http.ResponseWriter, body []byte) {
	var in cardCall
	err := json.Unmarshal(body, &in)
	params, texts := in.params()
	c := s.cards[in.Track]
	switch {
	case err != nil || !texts:
		refuse(w, http.StatusBadRequest, "param.error")
		return
	case in.Track == "":
		refuse(w, http.StatusBadRequest, "param.outTrackIdEmpty")
		return
	case c == nil:
		refuse(w, http.StatusBadRequest, "param.outTrackIdNotExist")
		return
	}
	merged := map[string]string{}
	for k, v := range c.Params {
		merged[k] = v
	}
	for k, v := range params { // updateCardDataByKey
		merged[k] = v
	}
	c.Params, c.Title, c.Text = merged, merged["title"], merged["text"]
	s.show(Shown{Via: "update", To: c.To, Group: c.Group, Track: in.Track, Params: merged, Title: c.Title, Text: c.Text})
	answer(w, http.StatusOK, map[string]any{"success": true, "result": true})
}

// The places where a press puts its parameters.
const (
	InContent = iota // content.cardPrivateData.params
	InValue          // value.cardPrivateData.params
	AsID             // only the id of the action
	AtTop            // params beside outTrackId
)

// Press presses a button of a card, counted from 1, as a person; it returns the
// id of the frame, "" when the card is not there or is not pressed by stream.
func (s *Server) Press(track, user string, button, form int) string {
	s.mu.Lock()
	c, ok := s.cards[track], s.streams[track]
	if c == nil || !ok {
		s.mu.Unlock()
		return ""
	}
	n := string(rune('0' + button))
	data := map[string]any{"type": "actionCallback", "outTrackId": track, "userId": user, "userIdType": 1, "corpId": s.CorpID, "extension": "{}", "spaceType": "IM_ROBOT", "spaceId": user, "content": "{}"}
	if c.Group != "" {
		data["spaceType"], data["spaceId"] = "IM_GROUP", c.Group
	}
	params := map[string]string{"say": c.Params["say"+n]}
	private := func(p any) string {
		b, err := json.Marshal(map[string]any{"cardPrivateData": map[string]any{"actionIds": []string{"button" + n}, "params": p}})
		if err != nil {
			panic(err) // plain data
		}
		return string(b)
	}
	switch form {
	case InContent:
		data["content"] = private(params)
	case InValue:
		data["value"] = private(params)
	case AsID:
		data["content"] = private(map[string]string{})
	case AtTop:
		data["params"] = params
	}
	s.mu.Unlock()
	return s.push("/v1.0/card/instances/callback", data)
}
