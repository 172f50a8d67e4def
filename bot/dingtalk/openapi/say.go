package openapi

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"strconv"
	"time"
)

// A Said is something that a person says to the robot.
type Said struct {
	ID      string // made when empty
	User    string // staff id
	Name    string
	Group   string // openConversationId, "" in private
	Text    string
	Type    string // text when empty
	Content any    // of other types
	// NotAt leaves the robot unmentioned in a group; Stranger is somebody of
	// another corporation, who has no staff id.
	NotAt, Stranger bool
	// Webhook replaces the session's address; Life is how long a session lasts, 90
	// minutes when 0.
	Webhook string
	Life    time.Duration
}

// data is the body of the message, as the stream and the callback bring it, and
// its id.
func (s *Server) data(m Said) (map[string]any, string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.Now()
	id := cmp.Or(m.ID, "msg"+rand.Text())
	key := rand.Text()
	life := cmp.Or(m.Life, 90*time.Minute)
	s.sessions[key] = session{m.User, m.Group, now.Add(life)}
	d := map[string]any{
		"msgId": id, "createAt": now.UnixMilli(), "conversationType": "1", "conversationId": "cid-" + m.User, "chatbotCorpId": s.CorpID, "chatbotUserId": "$:LWCP_v1:$bot",
		"senderId": "$:LWCP_v1:$" + m.User, "senderNick": cmp.Or(m.Name, m.User), "senderCorpId": s.CorpID, "senderStaffId": m.User, "senderPlatform": "Win", "isAdmin": false,
		"robotCode": s.RobotCode, "msgtype": cmp.Or(m.Type, "text"), "sessionWebhookExpiredTime": now.Add(life).UnixMilli(),
		"sessionWebhook": cmp.Or(m.Webhook, s.Base+"/robot/sendBySession?session="+key),
	}
	if m.Type == "" || m.Type == "text" {
		d["text"] = map[string]string{"content": m.Text}
	} else {
		d["content"] = m.Content
	}
	if m.Group != "" {
		d["conversationType"], d["conversationId"], d["conversationTitle"], d["isInAtList"] = "2", m.Group, "工作群", !m.NotAt
		d["atUsers"] = []any{map[string]string{"dingtalkId": "$:LWCP_v1:$bot"}}
		if m.Type == "" {
			d["text"] = map[string]string{"content": " " + m.Text} // what is left of the mention
		}
	}
	if m.Stranger {
		delete(d, "senderStaffId")
		d["senderCorpId"] = "dingother"
	}
	return d, id
}

// Say pushes a message over the long connection and returns its id.
func (s *Server) Say(m Said) string {
	d, id := s.data(m)
	s.push("/v1.0/im/bot/messages/get", d)
	return id
}

// The ways a callback's signature comes.
const (
	Good = iota
	Bad
	Stale // right, but two hours old
)

// A Post is a callback as it went out, so that it can be sent again.
type Post struct {
	Timestamp, Sign string
	Body            []byte
}

// Post sends a message to a callback address and returns the status.
func (s *Server) Post(ctx context.Context, to string, m Said, how int) (Post, int, error) {
	d, _ := s.data(m)
	body, err := json.Marshal(d)
	if err != nil {
		return Post{}, 0, err
	}
	at := s.Now()
	if how == Stale {
		at = at.Add(-2 * time.Hour)
	}
	p := Post{Timestamp: strconv.FormatInt(at.UnixMilli(), 10), Body: body}
	p.Sign = sign(p.Timestamp, s.Secret)
	if how == Bad {
		p.Sign = sign(p.Timestamp, "another secret")
	}
	status, err := p.Send(ctx, to)
	return p, status, err
}

// Send posts it, again if you like.
func (p Post) Send(ctx context.Context, to string) (int, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(p.Body))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	req.Header.Set("timestamp", p.Timestamp)
	req.Header.Set("sign", p.Sign)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	resp.Body.Close()
	return resp.StatusCode, nil
}
