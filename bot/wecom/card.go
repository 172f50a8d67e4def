package wecom

import (
	"cmp"
	"context"

	"huiwen/bot"
	"huiwen/bot/cut"
)

// Lengths of cards in characters; the documents advise them (paths 90236, 94888),
// what the platform does beyond is not known.
const (
	maxMainTitle  = 26
	maxSubTitle   = 112
	maxButtonText = 10
	maxButtons    = 6
)

// cardMessage is a card with buttons to a member.
type cardMessage struct {
	head
	Card templateCard `json:"template_card"`
}

// templateCard is a card; the SDK has it only for robots, without buttons.
type templateCard struct {
	Type     string       `json:"card_type"`
	Title    cardTitle    `json:"main_title"`
	SubTitle string       `json:"sub_title_text,omitempty"`
	Rows     []cardRow    `json:"horizontal_content_list,omitempty"`
	Action   *cardAction  `json:"card_action,omitempty"`
	TaskID   string       `json:"task_id,omitempty"`
	Buttons  []cardButton `json:"button_list,omitempty"`
}

type cardTitle struct {
	Title string `json:"title"`
	Desc  string `json:"desc,omitempty"`
}

type cardRow struct {
	Key   string `json:"keyname"`
	Value string `json:"value"`
}

type cardAction struct {
	Type int    `json:"type"` // 1 opens URL
	URL  string `json:"url"`
}

type cardButton struct {
	Text  string `json:"text"`
	Style int    `json:"style"` // 1 blue, 2 grey
	Key   string `json:"key"`   // comes back as EventKey
}

// buttons is a reply as a card with its actions. Its task id must be unique in
// the app, and the same on every retry; a notice has one id for many receivers.
func buttons(to, id, text string, r bot.Rendered) templateCard {
	title := cmp.Or(inert(r.Title), "请处理")
	c := templateCard{
		Type: "button_interaction", Title: cardTitle{Title: cut.Runes(title, maxMainTitle)}, SubTitle: cut.Runes(text, maxSubTitle),
		Rows: []cardRow{{"编号", id}}, TaskID: "huiwen-" + msgID(to, id),
	}
	for i, a := range r.Actions[:min(len(r.Actions), maxButtons)] {
		c.Buttons = append(c.Buttons, cardButton{Text: cut.Runes(a.Text, maxButtonText), Style: min(i+1, 2), Key: cut.Head(a.Say, 1024)})
	}
	return c
}

// answerCard greys the buttons of the card that was pressed. The handle works
// once; that it was used before, or is too old, harms nothing: the answer is
// sent as a message anyway.
func (a *App) answerCard(ctx context.Context, to bot.Address) {
	in := struct {
		Users   []string          `json:"userids"`
		AgentID int               `json:"agentid"`
		Code    string            `json:"response_code"`
		Button  map[string]string `json:"button"`
	}{[]string{to.Conversation}, a.AgentID, to.Card, map[string]string{"replace_name": "已处理"}}
	_ = a.Client.Call(ctx, "/cgi-bin/message/update_template_card", in, nil)
}
