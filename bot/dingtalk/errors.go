package dingtalk

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"huiwen/bot"
)

// An APIError is a refusal of the platform. Judge by Status and Code, never by
// the text, which is not kept.
type APIError struct {
	Status int    // of HTTP
	Code   string // "staffId.notExisted", "300001"; "ban" for the page that a banned address gets
	// Wait is how long the platform wants to be left alone, 0 when it does not say.
	Wait time.Duration
}

func (e *APIError) Error() string {
	return fmt.Sprintf("dingtalk: HTTP %d code %s", e.Status, e.Code)
}

// The codes that are treated apart.
const (
	codeBan           = "ban"
	codeSessionGone   = "300001"
	codeRobotTooFast  = "130101"
	codeRobotMismatch = "310000"
)

// refused reports that an access token was not taken.
func (e *APIError) refused() bool {
	return e.Status == http.StatusUnauthorized || slices.Contains([]string{"InvalidAuthentication", "40014", "42001", "40001", "MissingAccessToken"}, e.Code)
}

// throttled reports that the same call will be taken later.
func (e *APIError) throttled() bool {
	switch {
	case e.Status == http.StatusTooManyRequests, e.Status == http.StatusServiceUnavailable, e.Code == codeBan, e.Code == codeRobotTooFast:
		return true
	case slices.Contains([]string{"-1", "15", "90002", "90018", "90019", "90020", "90005", "ServiceUnavailable", "Throttling"}, e.Code):
		return true
	}
	return strings.Contains(e.Code, "QpsLimit") || strings.Contains(e.Code, "ApiCountLimit") || strings.Contains(e.Code, "Throttling") || strings.Contains(e.Code, "flowControl")
}

// forbidden reports a missing permission: an operator mends it.
func (e *APIError) forbidden() bool {
	return e.Status == http.StatusForbidden || strings.HasPrefix(e.Code, "Forbidden") || e.Code == "60011" || e.Code == "60020" || e.Code == codeRobotMismatch
}

// readError makes an error of an answer, nil when it says success. It takes
// every form the platform has: {code,requestid,message} with a status of its
// own, {errcode,errmsg} with 200, {"status":1111} and an HTML page for a banned
// address.
func readError(status int, body []byte) *APIError {
	var in struct {
		Code    any    `json:"code"`
		Errcode any    `json:"errcode"`
		SubCode any    `json:"sub_code"`
		Status  any    `json:"status"`
		Wait    int    `json:"wait"`
		Source  string `json:"source"`
	}
	text := strings.TrimSpace(string(body))
	if err := json.Unmarshal(body, &in); err != nil {
		switch {
		case strings.HasPrefix(text, "{"), text == "" && status == http.StatusOK:
			return &APIError{Status: status, Code: "unreadable"}
		case status == http.StatusOK || strings.HasPrefix(text, "<"): // no gateway answers an API call with a page unless it bans
			return &APIError{Status: status, Code: codeBan}
		}
		return &APIError{Status: status, Code: "HTTP" + strconv.Itoa(status)}
	}
	if word(in.Status) == "1111" {
		return &APIError{Status: status, Code: codeBan, Wait: time.Duration(min(max(in.Wait, 0), 300)) * time.Second}
	}
	code := word(in.Errcode)
	if code == "88" && word(in.SubCode) != "" { // the old gateway wraps the true code
		code = word(in.SubCode)
	}
	if status == http.StatusOK {
		if code == "" || code == "0" {
			return nil
		}
		return &APIError{Status: status, Code: code}
	}
	if c := word(in.Code); c != "" {
		code = c
	}
	if code == "" {
		code = "HTTP" + strconv.Itoa(status)
	}
	return &APIError{Status: status, Code: code}
}

// word is a code that may come as a string or a number, bounded: it is logged.
func word(v any) string {
	var s string
	switch v := v.(type) {
	case string:
		s = v
	case float64:
		s = strconv.FormatFloat(v, 'f', -1, 64)
	}
	if len(s) > 80 || strings.ContainsAny(s, " \n\"'") {
		return "odd"
	}
	return s
}

// Terms of what is tried later without counting as an attempt.
const (
	storeWait    = 2 * time.Second
	tokenWait    = 5 * time.Second
	operatorWait = 2 * time.Minute
)

// outcome is what an error of a send means; stop is false when it was sent.
func outcome(err error) (o bot.Outcome, stop bool) {
	var api *APIError
	var op *net.OpError
	var rest restError
	switch {
	case err == nil:
		return o, false
	case errors.As(err, &rest):
		return bot.Outcome{Reason: codeBan, Wait: time.Duration(rest)}, true
	case errors.Is(err, errPrepare):
		return bot.Outcome{Reason: "no token", Wait: tokenWait}, true
	case errors.As(err, &api):
		switch {
		case api.Code == codeBan:
			return bot.Outcome{Reason: codeBan, Wait: cmp.Or(api.Wait, banWait)}, true
		case api.throttled():
			return bot.Outcome{Reason: api.Code}, true
		case api.refused(), api.forbidden():
			return bot.Outcome{Reason: api.Code, Wait: operatorWait}, true
		case api.Status >= http.StatusInternalServerError:
			return bot.Outcome{Uncertain: true, Reason: api.Code}, true
		}
		return bot.Outcome{Final: true, Reason: api.Code}, true
	case errors.As(err, &op) && op.Op == "dial", errors.Is(err, syscall.ECONNREFUSED):
		return bot.Outcome{Reason: "no connection"}, true // nothing was sent
	}
	return bot.Outcome{Uncertain: true, Reason: "no answer"}, true
}
