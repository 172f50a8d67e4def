package dingtalk

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"huiwen/bot"
	"huiwen/bot/cut"
)

// Bounds of the platform.
const (
	maxParam = 15_000 // bytes of msgParam, which holds the title too
	maxWords = maxParam - 2_000
	maxBatch = 20 // people of one batchSend
	// maxCard is what a card holds: how much the platform takes there is not known,
	// and what is cut off nobody would miss. A longer text goes before its card.
	maxCard = 4_000
)

var _ bot.Sender = (*Robot)(nil)

// progress is how far a reply with several parts or several people has come, so
// that a retry sends nobody what he has.
type progress struct {
	Parts  int             `json:"parts"`          // all have these
	People map[string]bool `json:"people"`         // who have the part after those
	Cards  map[string]bool `json:"cards"`          // who have the card
	Gone   []string        `json:"gone,omitempty"` // refused for good
}

// Send implements [bot.Sender]. The address is a conversation, or several staff
// ids joined by commas.
func (r *Robot) Send(ctx context.Context, to bot.Address, id string, reply bot.Rendered) bot.Outcome {
	p := placeOf(to.Conversation)
	s := &sending{Robot: r, id: id, to: to, place: p, reply: reply, people: people(p)}
	if err := r.load(ctx, shard(Channel, "part/"+id), s.partKey(), &s.done); err != nil {
		return bot.Outcome{Reason: "store", Wait: storeWait}
	}
	if s.done.People == nil {
		s.done.People = map[string]bool{}
	}
	if s.done.Cards == nil {
		s.done.Cards = map[string]bool{}
	}
	isCard := r.Template != "" && reply.Title != "" && len(reply.Actions) > 0 && (p.group != "" || p.person != "")
	if to.Card != "" && r.Template != "" && reply.Status == bot.Done { // a deed changes the card, a question leaves it
		o, stop := outcome(r.update(ctx, to.Card, id, reply))
		switch {
		case !stop && isCard:
			return bot.Outcome{Sent: true} // the card itself shows what is now true
		case stop && !o.Final && isCard:
			return o
		case stop:
			r.Log.Warn("dingtalk card not updated", "code", o.Reason)
		}
	}
	if !isCard {
		return s.words(ctx)
	}
	long := len(markdown(reply)) > maxCard
	if long {
		if o := s.words(ctx); !o.Sent {
			return o
		}
		s.keep(ctx) // a retry is about the card alone
		s.reply = brief(reply)
	}
	if o, handled := s.cards(ctx); handled {
		return o
	}
	if long { // the words are there, and say what to reply
		return bot.Outcome{Sent: true, Reason: "card refused"}
	}
	return s.words(ctx)
}

// brief is a long reply as its card shows it: how it begins and ends, for the buttons.
func brief(r bot.Rendered) bot.Rendered {
	if n := len(r.Lines); n > 2 {
		r.Lines = []bot.Line{r.Lines[0], {bot.Words("（全文见上面的文字）")}, r.Lines[n-1]}
	} else {
		r.Lines, r.Text = nil, cut.Head(r.Text, maxCard/4)
	}
	return r
}

func people(p place) []string {
	if p.group != "" || p.person == "" {
		return nil
	}
	var out []string
	for one := range strings.SplitSeq(p.person, ",") {
		if one != "" && !slices.Contains(out, one) {
			out = append(out, one)
		}
	}
	return out
}

// A sending is one attempt at a reply.
type sending struct {
	*Robot
	id     string
	to     bot.Address
	place  place
	reply  bot.Rendered
	people []string
	done   progress
}

// partKey is that of the progress: a notice goes to several people under one id.
func (s *sending) partKey() string { return partKey(s.id + "/" + short(s.to.Conversation)) }

// track names a card: of an answer by its number, of a notice, which goes to several
// people under one serial, by who gets it too. A retry has the same.
func (s *sending) track() string {
	if isAnswer(s.id) {
		return s.id
	}
	return s.id + "-" + short(s.to.Conversation)
}

func short(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:6])
}

// keep writes the progress down, as far as there is some worth it.
func (s *sending) keep(ctx context.Context) {
	if err := s.save(context.WithoutCancel(ctx), shard(Channel, "part/"+s.id), s.partKey(), s.done, partTime); err != nil {
		s.Log.Warn("dingtalk progress not kept", "error", err)
	}
}

// words sends the reply as markdown: into the session while it is open, else by
// the OpenAPI.
func (s *sending) words(ctx context.Context) bot.Outcome {
	parts := cut.Numbered(markdown(s.reply), "\n编号 "+s.id, maxWords)
	for i := s.done.Parts; i < len(parts); i++ {
		if o := s.part(ctx, parts[i]); !o.Sent {
			if i > 0 || len(s.done.People) > 0 {
				s.keep(ctx)
			}
			return o
		}
		s.done.Parts, s.done.People = i+1, map[string]bool{}
	}
	if len(s.done.Gone) > 0 && len(s.done.Gone) >= len(s.people) {
		return bot.Outcome{Final: true, Reason: "invalidStaffIdList"}
	}
	return bot.Outcome{Sent: true, Reason: strings.Join(s.done.Gone, ",")}
}

// part sends one text.
func (s *sending) part(ctx context.Context, text string) bot.Outcome {
	if o, handled := s.session(ctx, text); handled {
		return o
	}
	param := map[string]string{"title": title(s.reply), "text": text}
	switch {
	case s.place.group != "":
		return s.group(ctx, "sampleMarkdown", param)
	case len(s.people) > 0:
		return s.batch(ctx, "sampleMarkdown", param)
	}
	return bot.Outcome{Final: true, Reason: "the session is over and the person has no staff id"}
}

// session answers by the webhook that came with the message; handled is false
// when the OpenAPI must.
func (s *sending) session(ctx context.Context, text string) (o bot.Outcome, handled bool) {
	h, open := s.hook(ctx, s.to.Conversation)
	if !open || !isAnswer(s.id) {
		return o, false
	}
	u, ok := s.Client.session(h.URL)
	if !ok {
		s.Log.Warn("dingtalk session address refused")
		return o, false
	}
	in := map[string]any{"msgtype": "markdown"}
	if s.place.group != "" && s.place.person != "" {
		text = "@" + s.place.person + "  \n" + text // a mention counts only when the text names it
		in["at"] = map[string]any{"atUserIds": []string{s.place.person}, "isAtAll": false}
	}
	in["markdown"] = map[string]string{"title": title(s.reply), "text": text}
	err := s.Client.send(ctx, http.MethodPost, u, "", in, nil)
	var api *APIError
	if errors.As(err, &api) && !api.throttled() && api.Status < 500 {
		return o, false // 300001: the session is over; whatever else, the OpenAPI may do
	}
	if o, stop := outcome(err); stop {
		return o, true
	}
	return bot.Outcome{Sent: true}, true
}

// isAnswer tells the number of an answer from the serial of a notice: a session
// is for answers, a notice must not hang on it.
func isAnswer(id string) bool { return len(id) > 2 && id[2] == '-' }

// group sends into a group by the OpenAPI.
func (s *sending) group(ctx context.Context, key string, param any) bot.Outcome {
	data, err := encode(param)
	if err != nil || len(data) > maxParam {
		return bot.Outcome{Final: true, Reason: "too long"}
	}
	in := map[string]string{"robotCode": s.RobotCode, "openConversationId": s.place.group, "msgKey": key, "msgParam": string(data)}
	if o, stop := outcome(s.Client.Call(ctx, http.MethodPost, "/v1.0/robot/groupMessages/send", in, nil)); stop {
		return o
	}
	return bot.Outcome{Sent: true}
}

// batchAnswer is what batchSend says: 200 may still leave people out.
type batchAnswer struct {
	Key        string   `json:"processQueryKey"`
	Invalid    []string `json:"invalidStaffIdList"`
	Controlled []string `json:"flowControlledStaffIdList"`
	Filtered   []string `json:"filteredStaffIdList"`
}

// controlledTries is how often people under flow control are tried at once,
// with 1, 2 and 4 seconds between; then the outbox waits longer.
const controlledTries = 3

// batch sends to the people who do not have the part yet, 20 at a time. Who is
// under flow control is tried again alone; who is invalid is left out.
func (s *sending) batch(ctx context.Context, key string, param any) bot.Outcome {
	data, err := encode(param)
	if err != nil || len(data) > maxParam {
		return bot.Outcome{Final: true, Reason: "too long"}
	}
	controlled := false
	for try := range controlledTries {
		var open []string
		for _, one := range s.people {
			if !s.done.People[one] && !slices.Contains(s.done.Gone, one) {
				open = append(open, one)
			}
		}
		if len(open) == 0 {
			break
		}
		if try > 0 {
			select {
			case <-ctx.Done():
				return bot.Outcome{Reason: "flowControlledStaffIdList"}
			case <-time.After(time.Second << (try - 1)):
			}
		}
		controlled = false
		for chunk := range slices.Chunk(open, maxBatch) {
			var out batchAnswer
			in := map[string]any{"robotCode": s.RobotCode, "userIds": chunk, "msgKey": key, "msgParam": string(data)}
			if o, stop := outcome(s.Client.Call(ctx, http.MethodPost, "/v1.0/robot/oToMessages/batchSend", in, &out)); stop {
				return o
			}
			for _, one := range chunk {
				switch {
				case slices.Contains(out.Controlled, one):
					controlled = true
				case slices.Contains(out.Invalid, one), slices.Contains(out.Filtered, one):
					s.done.Gone = append(s.done.Gone, one)
				default:
					s.done.People[one] = true
				}
			}
		}
		if !controlled {
			break
		}
	}
	switch {
	case controlled:
		return bot.Outcome{Reason: "flowControlledStaffIdList"}
	case len(s.done.Gone) >= len(s.people):
		return bot.Outcome{Final: true, Reason: "invalidStaffIdList"}
	}
	return bot.Outcome{Sent: true}
}
