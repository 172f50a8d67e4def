package openapi

import (
	"encoding/json"
	"net/http"
	"strconv"
)

// A login is a person who came by the platform's login page.
type login struct{ union, corp string }

// A Scan is somebody scanning the code of the login page.
type Scan struct {
	User    string // the member's id, "" for nobody of the organisation
	Corp    string // the organisation chosen, "" for the server's own
	Outside bool   // an outside contact, not a member
}

// Login is a person scanning the login page: the authCode that comes back, good
// once.
func (s *Server) Login(p Scan) (code string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := strconv.Itoa(len(s.people) + 1)
	l := login{union: "union-" + n, corp: p.Corp}
	if l.corp == "" {
		l.corp = s.CorpID
	}
	s.people[l.union] = p
	code = "auth-" + n
	s.codes[code] = l
	return code
}

// userToken takes a code for the token of the person himself.
func (s *Server) userToken(w http.ResponseWriter, body []byte) {
	var in struct{ ClientID, ClientSecret, Code, GrantType string }
	if json.Unmarshal(body, &in) != nil || s.ClientID != "" && in.ClientID != s.ClientID || s.Secret != "" && in.ClientSecret != s.Secret {
		refuse(w, http.StatusBadRequest, "invalidClientIdOrSecret")
		return
	}
	l, ok := s.codes[in.Code]
	if !ok || in.GrantType != "authorization_code" {
		refuse(w, http.StatusBadRequest, "invalidAuthCode")
		return
	}
	delete(s.codes, in.Code)
	token := "user-" + l.union
	s.own[token] = l.union
	answer(w, http.StatusOK, map[string]any{"accessToken": token, "refreshToken": "refresh", "expireIn": 7200, "corpId": l.corp})
}

// me tells a person of himself, by his own token only.
func (s *Server) me(w http.ResponseWriter, token string) {
	union, ok := s.own[token]
	if !ok {
		refuse(w, http.StatusBadRequest, "InvalidAuthentication")
		return
	}
	answer(w, http.StatusOK, map[string]string{"nick": "某人", "openId": "open", "unionId": union})
}

// byUnion tells which member a person is.
func (s *Server) byUnion(w http.ResponseWriter, body []byte) {
	var in struct {
		Union string `json:"unionid"`
	}
	p, ok := Scan{}, false
	if json.Unmarshal(body, &in) == nil {
		p, ok = s.people[in.Union]
	}
	if !ok || p.User == "" {
		errcode(w, 60121)
		return
	}
	kind := 0
	if p.Outside {
		kind = 1
	}
	errcode(w, 0, "result", map[string]any{"contact_type": kind, "userid": p.User})
}
