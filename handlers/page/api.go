package page

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"unicode/utf8"

	"huiwen/bot"
)

// What a person reads when a question could not be taken.
const (
	sayBusy    = "您问得太快了，请过一会儿再问。"
	sayTooLong = "内容太长了，请用一两句话说明您想问的事。"
	sayNoText  = "请输入您想问的事。"
	sayNotText = "内容不是文字，没有读懂。请重新输入。"
	sayNotJSON = "请求的格式不对。"
	sayBroken  = "抱歉，系统出了点问题，没能回答。请过一会儿再试。"
	sayNoItem  = "没有找到这一项。"
)

// ask answers POST /api/ask {"text": "…"}.
func (p *Page) ask(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Text *string `json:"text"`
	}
	if !p.readJSON(w, r, &in) {
		return
	}
	if in.Text == nil {
		p.refuse(w, r, http.StatusBadRequest, sayNotJSON)
		return
	}
	out, status, words := p.answer(w, r, *in.Text)
	if words != "" {
		p.refuse(w, r, status, words)
		return
	}
	writeJSON(w, http.StatusOK, out)
}

// readJSON reads a body into v; false when it has answered that it could not.
func (p *Page) readJSON(w http.ResponseWriter, r *http.Request, v any) bool {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		p.refuse(w, r, http.StatusUnsupportedMediaType, sayNotJSON)
		return false
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBodyBytes))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		p.refuse(w, r, http.StatusRequestEntityTooLarge, sayTooLong)
	case err != nil:
		p.refuse(w, r, http.StatusBadRequest, sayNotJSON)
	case !utf8.Valid(body):
		p.refuse(w, r, http.StatusBadRequest, sayNotText)
	case json.Unmarshal(body, v) != nil:
		p.refuse(w, r, http.StatusBadRequest, sayNotJSON)
	default:
		return true
	}
	return false
}

// answer takes one question; words says why it was not answered.
func (p *Page) answer(w http.ResponseWriter, r *http.Request, text string) (out bot.Rendered, status int, words string) {
	text = strings.TrimSpace(strings.ReplaceAll(text, "\x00", ""))
	switch {
	case text == "":
		return out, http.StatusBadRequest, sayNoText
	case utf8.RuneCountInString(text) > maxQuestionRunes:
		return out, http.StatusRequestEntityTooLarge, sayTooLong
	case !p.limits.allow(clientAddress(r, p.TrustedProxies), p.Now()):
		return out, http.StatusTooManyRequests, sayBusy
	}
	id, err := p.session(w, r)
	if err == nil {
		out, err = p.Asker.Ask(r.Context(), id, text)
	}
	if errors.Is(err, ErrBusy) {
		return out, http.StatusTooManyRequests, sayBusy
	}
	if err != nil {
		if !errors.Is(err, context.Canceled) {
			p.Log.Error("question not answered", "error", err)
		}
		return out, http.StatusInternalServerError, sayBroken
	}
	return out, http.StatusOK, ""
}

// measure answers GET /api/measure/{label}.
func (p *Page) measure(w http.ResponseWriter, r *http.Request) {
	m, ok := p.Library.Measure(r.PathValue("label"))
	if !ok {
		p.refuse(w, r, http.StatusNotFound, sayNoItem)
		return
	}
	writeJSON(w, http.StatusOK, m)
}

// refuse answers with a sentence a person can read.
func (p *Page) refuse(w http.ResponseWriter, _ *http.Request, status int, words string) {
	if status == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", "10")
	}
	writeJSON(w, status, map[string]string{"status": "error", "error": words})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(true)
	_ = enc.Encode(v) // the person is gone when this fails
}
