package wecom

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/url"
	"time"

	"github.com/silenceper/wechat/v2/work/robot"

	"huiwen/bot"
	"huiwen/bot/cut"
	"huiwen/bot/limit"
	"huiwen/knowledge/finding"
	"huiwen/knowledge/store"
)

// RobotChannel is the channel of group robots; a conversation is a robot's name.
const RobotChannel = "wecom-robot"

// maxRobotMarkdown is in bytes (document path 91770).
const maxRobotMarkdown = 4096

// robotRules are the platform's limits on one robot.
var robotRules = []limit.Rule{{Most: 20, Per: time.Minute}}

// A Robot is a group robot (群机器人): it can only send.
type Robot struct {
	Name, Key string
	Client    *Client // of no app: the key is the right to send
	Format    Format  // "" for texts, and markdown where there is a title
	Link      string  // the page that cards open, "" for none: then there are no cards
}

// Robots sends to the groups of the configuration.
type Robots struct {
	Store store.Store
	List  map[string]*Robot // by name
}

var _ bot.Sender = (*Robots)(nil)

// Check says what an operator should know of the robots.
func (r *Robots) Check(ctx context.Context) []finding.Finding {
	var out []finding.Finding
	for _, one := range r.List {
		out = append(out, one.Client.Check(ctx, false)...)
	}
	return out
}

// Send implements [bot.Sender].
func (r *Robots) Send(ctx context.Context, to bot.Address, id string, rendered bot.Rendered) bot.Outcome {
	one, ok := r.List[to.Conversation]
	if !ok {
		return bot.Outcome{Final: true, Reason: "no such robot"}
	}
	parts := one.messages(id, rendered)
	d := delivery{store: r.Store, name: RobotChannel + "/" + one.Name, id: id, rules: robotRules}
	return d.send(ctx, len(parts), func(i int) (string, error) { return "", one.post(ctx, parts[i]) })
}

// post sends one message to the group.
func (r *Robot) post(ctx context.Context, in any) error {
	var body bytes.Buffer
	enc := json.NewEncoder(&body)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(in); err != nil {
		return fmt.Errorf("wecom: robot %s: %w", r.Name, err)
	}
	_, err := r.Client.exchange(ctx, request{method: http.MethodPost, path: "/cgi-bin/webhook/send", query: url.Values{"key": {r.Key}},
		contentType: "application/json; charset=utf-8", body: body.Bytes(), bare: true})
	return err
}

// messages are what a reply is sent as. Nothing can be pressed in a group: the
// actions are left to the app.
func (r *Robot) messages(id string, rendered bot.Rendered) []any {
	number := "编号 " + id
	text := asText.write(rendered)
	switch {
	case r.Link != "" && r.Format == Cards && rendered.Title != "" && len([]rune(text)) <= maxSubTitle:
		// the SDK's struct writes its empty lists as null
		card := struct {
			MsgType string       `json:"msgtype"`
			Card    templateCard `json:"template_card"`
		}{"template_card", templateCard{
			Type: "text_notice", Title: cardTitle{Title: cut.Runes(inert(rendered.Title), maxMainTitle)}, SubTitle: text,
			Rows: []cardRow{{"编号", id}}, Action: &cardAction{1, r.Link},
		}}
		return []any{card}
	case r.Format == Markdown || r.Format == "" && rendered.Title != "" || r.Format == Cards && rendered.Title != "":
		text := asMarkdown.write(rendered)
		if rendered.Title != "" {
			text = "**" + asMarkdown.strange(rendered.Title) + "**\n" + text
		}
		var out []any
		for _, p := range cut.Numbered(text, number, maxRobotMarkdown) {
			var m robot.WebhookSendMarkdownOption
			m.MsgType, m.Markdown.Content = "markdown", p
			out = append(out, m)
		}
		return out
	}
	if rendered.Title != "" {
		text = inert(rendered.Title) + "\n" + text
	}
	var out []any
	for _, p := range cut.Numbered(text, number, maxText) {
		var m robot.WebhookSendTextOption
		m.MsgType, m.Text.Content = "text", p
		out = append(out, m)
	}
	return out
}

// Upload gives the group a file of at most 20 MB; the id it returns is good for
// three days and for this robot (webhook/upload_media).
func (r *Robot) Upload(ctx context.Context, name string, data []byte) (mediaID string, err error) {
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	part, err := w.CreateFormFile("media", name)
	if err == nil {
		_, err = part.Write(data)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return "", fmt.Errorf("wecom: robot %s: %w", r.Name, err)
	}
	answer, err := r.Client.exchange(ctx, request{method: http.MethodPost, path: "/cgi-bin/webhook/upload_media", query: url.Values{"key": {r.Key}, "type": {"file"}},
		contentType: w.FormDataContentType(), body: body.Bytes(), bare: true})
	if err != nil {
		return "", err
	}
	var got struct {
		MediaID string `json:"media_id"`
	}
	if err := json.Unmarshal(answer, &got); err != nil {
		return "", fmt.Errorf("wecom: robot %s: the answer: %w", r.Name, err)
	}
	return got.MediaID, nil
}

// SendFile sends the group a file that was uploaded.
func (r *Robot) SendFile(ctx context.Context, mediaID string) error {
	var m robot.WebhookSendFileOption
	m.MsgType, m.File.MediaID = "file", mediaID
	return r.post(ctx, m)
}
