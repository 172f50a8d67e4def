package openapi

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// content is a message's body in any of the forms that are sent here.
type content struct {
	MsgType  string                       `json:"msgtype"`
	Text     struct{ Content string }     `json:"text"`
	Markdown struct{ Title, Text string } `json:"markdown"`
	At       struct {
		Users []string `json:"atUserIds"`
	} `json:"at"`
}

func (c content) shown(m Shown) (Shown, bool) {
	switch c.MsgType {
	case "text":
		m.Text = c.Text.Content
	case "markdown":
		m.Title, m.Text = c.Markdown.Title, c.Markdown.Text
	}
	m.At = c.At.Users
	return m, m.Text != "" && (c.MsgType != "markdown" || m.Title != "")
}

// A session is what a sessionWebhook answers.
type session struct {
	user, group string
	expires     time.Time
}

// ExpireSessions ends every session.
func (s *Server) ExpireSessions() { s.mu.Lock(); clear(s.sessions); s.mu.Unlock() }

func (s *Server) sendBySession(w http.ResponseWriter, r *http.Request, body []byte) {
	now, ok := s.sessions[r.URL.Query().Get("session")]
	var in content
	switch {
	case !ok || s.Now().After(now.expires):
		errcode(w, 300001, "errmsg", "session 不存在")
		return
	case json.Unmarshal(body, &in) != nil:
		errcode(w, 40035)
		return
	}
	m := Shown{Via: "session", Group: now.group}
	if now.group == "" {
		m.To = []string{now.user}
	}
	if m, ok = in.shown(m); !ok {
		errcode(w, 40035)
		return
	}
	s.show(m)
	errcode(w, 0)
}

// robotPerMinute is what a custom robot may send; one too many shuts it up for
// ten minutes.
const robotPerMinute = 20

func (s *Server) robotSend(w http.ResponseWriter, r *http.Request, body []byte) {
	q, now := r.URL.Query(), s.Now()
	token := q.Get("access_token")
	secret, ok := s.Robots[token]
	if !ok {
		errcode(w, 300001)
		return
	}
	if ms, err := strconv.ParseInt(q.Get("timestamp"), 10, 64); secret != "" && (err != nil || now.Sub(time.UnixMilli(ms)).Abs() > time.Hour || q.Get("sign") != sign(q.Get("timestamp"), secret)) {
		errcode(w, 310000)
		return
	}
	s.robot[token] = slices.DeleteFunc(s.robot[token], func(t time.Time) bool { return now.Sub(t) >= time.Minute })
	if now.Before(s.shut[token]) || len(s.robot[token]) >= robotPerMinute {
		s.shut[token] = now.Add(10 * time.Minute)
		errcode(w, 130101)
		return
	}
	var in content
	if json.Unmarshal(body, &in) != nil || len(body) > 20_000 {
		errcode(w, 40035)
		return
	}
	m, ok := in.shown(Shown{Via: "robot", Group: token})
	if !ok {
		errcode(w, 40035)
		return
	}
	s.robot[token] = append(s.robot[token], now)
	s.show(m)
	errcode(w, 0)
}

// sign is the signature of callbacks and custom robots.
func sign(timestamp, secret string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(timestamp + "\n" + secret))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// robotMessage is a message of the app's robot.
type robotMessage struct {
	RobotCode string   `json:"robotCode"`
	Users     []string `json:"userIds"`
	Group     string   `json:"openConversationId"`
	Key       string   `json:"msgKey"`
	Param     string   `json:"msgParam"`
}

func (s *Server) robotMessage(w http.ResponseWriter, body []byte) (in robotMessage, m Shown, ok bool) {
	var param struct{ Title, Text, Content string }
	switch err := json.Unmarshal(body, &in); {
	case err != nil || in.Key == "" || json.Unmarshal([]byte(in.Param), &param) != nil:
		refuse(w, http.StatusBadRequest, "param.error")
	case in.RobotCode == "" || s.RobotCode != "" && in.RobotCode != s.RobotCode:
		refuse(w, http.StatusBadRequest, "robot.notExsit") // as the platform spells it
	case len(in.Param) > 15_000:
		refuse(w, http.StatusBadRequest, "msgParam.tooLong")
	case in.Key == "sampleMarkdown" && param.Text != "" && param.Title != "", in.Key == "sampleText" && param.Content != "":
		return in, Shown{Title: param.Title, Text: param.Text + param.Content}, true
	default:
		refuse(w, http.StatusBadRequest, "msgParam.invalid")
	}
	return in, m, false
}

func (s *Server) batchSend(w http.ResponseWriter, body []byte) {
	in, m, ok := s.robotMessage(w, body)
	if !ok {
		return
	}
	if len(in.Users) == 0 || len(in.Users) > 20 {
		refuse(w, http.StatusBadRequest, "param.userIds.size")
		return
	}
	lists := map[string][]string{"invalid": {}, "controlled": {}, "filtered": {}}
	for _, u := range in.Users {
		if how := s.partial[u]; how != "" && s.times[u] > 0 {
			s.times[u]--
			lists[how] = append(lists[how], u)
			continue
		}
		m.To = append(m.To, u)
	}
	if len(lists["invalid"]) == len(in.Users) && len(in.Users) == 1 {
		refuse(w, http.StatusBadRequest, "staffId.notExisted")
		return
	}
	if len(m.To) > 0 {
		m.Via = "batch"
		s.show(m)
	}
	answer(w, http.StatusOK, map[string]any{"processQueryKey": rand.Text(), "invalidStaffIdList": lists["invalid"], "flowControlledStaffIdList": lists["controlled"], "filteredStaffIdList": lists["filtered"]})
}

func (s *Server) groupSend(w http.ResponseWriter, body []byte) {
	in, m, ok := s.robotMessage(w, body)
	if !ok {
		return
	}
	if in.Group == "" {
		refuse(w, http.StatusBadRequest, "param.openConversationIdEmpty")
		return
	}
	m.Via, m.Group = "group", in.Group
	s.show(m)
	answer(w, http.StatusOK, map[string]string{"processQueryKey": rand.Text()})
}
