package openapi

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

// maxNotice is the size of a work notice's msg in bytes.
const maxNotice = 2048

func (s *Server) topapi(w http.ResponseWriter, r *http.Request, body []byte) {
	switch r.URL.Path {
	case "/topapi/message/corpconversation/asyncsend_v2":
		s.asyncSend(w, body)
	case "/topapi/message/corpconversation/getsendresult":
		s.sendResult(w, body)
	case "/topapi/user/getbyunionid":
		s.byUnion(w, body)
	case "/topapi/message/corpconversation/getsendprogress":
		errcode(w, 0, "progress", map[string]int{"progress_in_percent": 100, "status": 2})
	default:
		errcode(w, 22)
	}
}

func (s *Server) asyncSend(w http.ResponseWriter, body []byte) {
	var in struct {
		Agent int64           `json:"agent_id"`
		Users string          `json:"userid_list"`
		Msg   json.RawMessage `json:"msg"`
	}
	var msg content
	if json.Unmarshal(body, &in) != nil || in.Agent == 0 || in.Users == "" || json.Unmarshal(in.Msg, &msg) != nil || len(in.Msg) > maxNotice {
		errcode(w, 40035)
		return
	}
	users := strings.Split(in.Users, ",")
	if len(users) > 100 {
		errcode(w, 40035)
		return
	}
	m, ok := msg.shown(Shown{Via: "notice"})
	if !ok {
		errcode(w, 40035)
		return
	}
	var refused []string
	for _, u := range users {
		once := u + "|" + s.Now().Format(time.DateOnly) + "|" + string(in.Msg)
		switch {
		case s.partial[u] == "invalid" && s.times[u] > 0:
			s.times[u]--
			refused = append(refused, u)
		case s.notices[once]: // the same words to the same person on one day: nothing is said
		default:
			s.notices[once] = true
			m.To = append(m.To, u)
		}
	}
	if len(m.To) > 0 {
		s.show(m)
	}
	task := int64(len(s.tasks) + 1)
	s.tasks[task] = [2][]string{m.To, refused}
	errcode(w, 0, "task_id", task) // also when nobody was reached: only the result tells
}

func (s *Server) sendResult(w http.ResponseWriter, body []byte) {
	var in struct {
		Task int64 `json:"task_id"`
	}
	lists, ok := s.tasks[0], false
	if json.Unmarshal(body, &in) == nil {
		lists, ok = s.tasks[in.Task]
	}
	if !ok {
		errcode(w, 40035)
		return
	}
	list := func(l []string) []string { return append([]string{}, l...) }
	errcode(w, 0, "send_result", map[string]any{"unread_user_id_list": list(lists[0]), "invalid_user_id_list": list(lists[1]), "read_user_id_list": []string{}, "forbidden_user_id_list": []string{}, "failed_user_id_list": []string{}})
}
