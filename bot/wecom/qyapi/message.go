package qyapi

import (
	"bytes"
	"encoding/json"
	"io"
	"mime"
	"mime/multipart"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// taskID is what a task_id may be.
var taskID = regexp.MustCompile(`^[0-9A-Za-z_\-@]{1,128}$`)

// cardCode lets a card be answered once.
type cardCode struct {
	app, user string
	shown     int
	until     time.Time
	used      bool
}

type card struct {
	Type     string `json:"card_type"`
	Title    struct{ Title, Desc string }
	Main     struct{ Title, Desc string } `json:"main_title"`
	SubTitle string                       `json:"sub_title_text"`
	Rows     []struct{ Keyname, Value string }
	TaskID   string `json:"task_id"`
	Action   struct {
		Type int
		URL  string
	} `json:"card_action"`
	Content []struct{ Keyname, Value string } `json:"horizontal_content_list"`
	Buttons []struct {
		Text  string
		Style int
		Key   string
	} `json:"button_list"`
}

// messageSend is message/send (document path 90236).
func (s *Server) messageSend(app string, body []byte) answer {
	var in struct {
		ToUser   string `json:"touser"`
		MsgType  string `json:"msgtype"`
		AgentID  *int   `json:"agentid"`
		Text     struct{ Content string }
		Markdown struct{ Content string }
		TextCard struct{ Title, Description, URL string }
		Card     card `json:"template_card"`
		File     struct {
			MediaID string `json:"media_id"`
		}
		Check   int `json:"enable_duplicate_check"`
		Seconds int `json:"duplicate_check_interval"`
	}
	if err := json.Unmarshal(body, &in); err != nil || in.AgentID == nil || in.ToUser == "" || in.Seconds > 14_400 {
		return answer{code: 40058}
	}
	if *in.AgentID != s.o.Apps[app].AgentID {
		return answer{code: 40056}
	}
	show := Shown{App: app, Kind: in.MsgType, At: s.o.Now()}
	switch in.MsgType {
	case "text":
		show.Text, show.Cut = cutOff(in.Text.Content, 2048)
	case "markdown":
		show.Text, show.Cut = cutOff(in.Markdown.Content, 2048)
	case "textcard":
		if in.TextCard.Title == "" || in.TextCard.Description == "" || in.TextCard.URL == "" {
			return answer{code: 40058}
		}
		show.Title, show.Cut = cutOff(in.TextCard.Title, 128)
		show.Text, show.URL = in.TextCard.Description, in.TextCard.URL
		if cut, was := cutOff(show.Text, 512); was {
			show.Text, show.Cut = cut, true
		}
	case "template_card":
		if code := s.checkCard(app, in.Card); code != 0 {
			return answer{code: code}
		}
		show.Title, show.Text, show.TaskID, show.URL = in.Card.Main.Title, in.Card.SubTitle, in.Card.TaskID, in.Card.Action.URL
		for _, r := range in.Card.Content {
			show.Text += "\n" + r.Keyname + " " + r.Value
		}
		for _, b := range in.Card.Buttons {
			show.Menu = append(show.Menu, Item{b.Key, b.Text})
		}
	case "file", "image", "voice", "video":
		show.Text = in.File.MediaID
	default:
		return answer{code: 40008}
	}
	if show.Text == "" && show.Title == "" {
		return answer{code: 44004}
	}
	return s.deliver(app, in.ToUser, string(body), in.Check == 1, time.Duration(in.Seconds)*time.Second, show)
}

// deliver shows a message to everybody it names that the app may write to.
func (s *Server) deliver(app, users, body string, check bool, span time.Duration, show Shown) answer {
	if span == 0 {
		span = 1800 * time.Second
	}
	if at, ok := s.content[app+body]; ok && check && s.o.Now().Sub(at) < span {
		return answer{more: map[string]any{"msgid": s.next("same")}}
	}
	s.content[app+body] = s.o.Now()
	var invalid []string
	more := map[string]any{"msgid": s.next("m")}
	list := strings.Split(users, "|")
	for _, u := range list {
		if !s.member(app, u) {
			invalid = append(invalid, u)
			continue
		}
		if over := s.over(app+"/"+u, 30, time.Minute); over && s.o.DropOverLimit {
			continue
		}
		one := show
		one.To, one.ID = u, more["msgid"].(string)
		if show.TaskID != "" {
			s.tasks[app+"|"+show.TaskID] = true
			one.Code = s.newCode(app, u, len(s.shown))
			more["response_code"] = one.Code
		}
		s.shown = append(s.shown, one)
	}
	if len(invalid) == len(list) {
		return answer{code: 81013, more: map[string]any{"invaliduser": strings.Join(invalid, "|")}}
	}
	if len(invalid) > 0 {
		more["invaliduser"] = strings.Join(invalid, "|")
	}
	return answer{more: more}
}

func (s *Server) newCode(app, user string, shown int) string {
	c := s.next("code")
	s.codes[c] = &cardCode{app: app, user: user, shown: shown, until: s.o.Now().Add(s.o.CodeLife)}
	return c
}

// checkCard checks a card as far as the documents say (path 90236).
func (s *Server) checkCard(app string, c card) int {
	interactive := c.Type == "button_interaction" || c.Type == "vote_interaction" || c.Type == "multiple_interaction"
	switch {
	case c.Type != "text_notice" && c.Type != "news_notice" && !interactive:
		return 40058
	case c.Main.Title == "" && c.SubTitle == "":
		return 40058
	case interactive && (!taskID.MatchString(c.TaskID) || s.tasks[app+"|"+c.TaskID]):
		return 40058
	case interactive && s.o.Apps[app].URL == "": // the app must have a callback address
		return 40058
	case c.Type == "button_interaction" && (len(c.Buttons) == 0 || len(c.Buttons) > 6):
		return 40058
	case len(c.Content) > 6:
		return 40058
	case (c.Type == "text_notice" || c.Type == "news_notice") && (c.Action.Type == 0 || c.Action.Type == 1 && c.Action.URL == ""):
		return 40058
	}
	long := func(text string, most int) bool { return utf8.RuneCountInString(text) > most }
	if s.o.StrictCards && (long(c.Main.Title, 26) || long(c.Main.Desc, 30) || long(c.SubTitle, 112)) {
		return 40058
	}
	for _, b := range c.Buttons {
		if b.Text == "" || b.Key == "" || len(b.Key) > 1024 || s.o.StrictCards && long(b.Text, 10) {
			return 40058
		}
	}
	return 0
}

// updateCard is message/update_template_card (document path 94888).
func (s *Server) updateCard(app string, body []byte) answer {
	var in struct {
		Users   []string `json:"userids"`
		AgentID *int     `json:"agentid"`
		Code    string   `json:"response_code"`
		Button  struct {
			Replace string `json:"replace_name"`
		}
		Card        *card  `json:"template_card"`
		ReplaceText string `json:"replace_text"`
	}
	if err := json.Unmarshal(body, &in); err != nil || in.AgentID == nil || in.Code == "" || in.Button.Replace == "" && in.Card == nil {
		return answer{code: 40058}
	}
	c := s.codes[in.Code]
	if c == nil || c.app != app || c.used || !s.o.Now().Before(c.until) {
		return answer{code: 42014} // the documents name no code: some refusal
	}
	c.used = true
	if c.shown < len(s.shown) {
		s.shown[c.shown].Replaced = in.Button.Replace + in.ReplaceText
	}
	return answer{more: map[string]any{"invaliduser": []string{}}}
}

// recall is message/recall, within 24 hours.
func (s *Server) recall(body []byte) answer {
	var in struct{ MsgID string }
	if err := json.Unmarshal(body, &in); err != nil {
		return answer{code: 40058}
	}
	found := false
	for i := range s.shown {
		if m := &s.shown[i]; m.ID == in.MsgID && m.App != "" && s.o.Now().Sub(m.At) <= 24*time.Hour {
			m.Recalled, found = true, true
		}
	}
	if !found {
		return answer{code: 40058}
	}
	return answer{}
}

// upload is media/upload and its like: a form with one file.
func (s *Server) upload(contentType, kind string, body []byte) answer {
	media, params, err := mime.ParseMediaType(contentType)
	if err != nil || media != "multipart/form-data" || kind == "" {
		return answer{code: 41005}
	}
	part, err := multipart.NewReader(bytes.NewReader(body), params["boundary"]).NextPart()
	if err != nil || part.FormName() != "media" || part.FileName() == "" {
		return answer{code: 41005}
	}
	data, err := io.ReadAll(part)
	if err != nil || len(data) < 5 || len(data) > 20<<20 {
		return answer{code: 40006}
	}
	id := s.next("media")
	s.media[id] = data
	return answer{more: map[string]any{"type": kind, "media_id": id, "created_at": strconv.FormatInt(s.o.Now().Unix(), 10)}}
}

// webhook is a group robot's (document path 91770): 20 messages a minute.
func (s *Server) webhook(path, key, kind, contentType string, body []byte) answer {
	name, ok := s.o.Robots[key]
	if !ok {
		return answer{code: 93000}
	}
	if path == "/cgi-bin/webhook/upload_media" {
		return s.upload(contentType, kind, body)
	}
	var in struct {
		MsgType  string `json:"msgtype"`
		Text     struct{ Content string }
		Markdown struct{ Content string }
		File     struct {
			MediaID string `json:"media_id"`
		}
		Card card `json:"template_card"`
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return answer{code: 40058}
	}
	show := Shown{Robot: name, To: name, Kind: in.MsgType, At: s.o.Now(), ID: s.next("r")}
	switch in.MsgType {
	case "text":
		show.Text, show.Cut = cutOff(in.Text.Content, 2048)
	case "markdown", "markdown_v2":
		show.Text = in.Markdown.Content
		if len(show.Text) > 4096 {
			return answer{code: 40058}
		}
	case "file":
		if _, ok := s.media[in.File.MediaID]; !ok {
			return answer{code: 40007}
		}
		show.Text = in.File.MediaID
	case "template_card":
		if in.Card.Type != "text_notice" && in.Card.Type != "news_notice" || s.checkCard("", in.Card) != 0 {
			return answer{code: 40058}
		}
		show.Title, show.Text, show.URL = in.Card.Main.Title, in.Card.SubTitle, in.Card.Action.URL
		for _, r := range in.Card.Content {
			show.Text += "\n" + r.Keyname + " " + r.Value
		}
	default:
		return answer{code: 40008}
	}
	if s.over("robot/"+key, 20, time.Minute) {
		return answer{code: 45009}
	}
	s.shown = append(s.shown, show)
	return answer{}
}

// cutOff cuts a text as the platform does: by bytes, without a word.
func cutOff(text string, most int) (string, bool) {
	if len(text) <= most {
		return text, false
	}
	return strings.ToValidUTF8(text[:most], ""), true
}
