package page

import (
	"context"
	"errors"
	"net/http"
	"unicode/utf8"
)

// A Rater keeps what a person of a session thought of an answer: 👍 or 👎, and why.
// It returns [ErrNoAnswer] when the number is of no answer of the session.
type Rater interface {
	Rate(ctx context.Context, session, number string, up bool, reason string) error
}

// ErrNoAnswer marks a number that opens no answer of the session.
var ErrNoAnswer = errors.New("page: no such answer")

const (
	maxReasonRunes = 200
	sayNoAnswer    = "没有找到这条答复，可能已经过期。"
)

// rate answers POST /api/rate {"number": "…", "up": true, "reason": "…"}.
func (p *Page) rate(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Number string `json:"number"`
		Up     *bool  `json:"up"`
		Reason string `json:"reason"`
	}
	if !p.readJSON(w, r, &in) {
		return
	}
	session, known := knownSession(r)
	switch {
	case in.Number == "" || in.Up == nil:
		p.refuse(w, r, http.StatusBadRequest, sayNotJSON)
		return
	case utf8.RuneCountInString(in.Reason) > maxReasonRunes:
		p.refuse(w, r, http.StatusRequestEntityTooLarge, sayTooLong)
		return
	case !p.limits.allow(clientAddress(r, p.TrustedProxies), p.Now()):
		p.refuse(w, r, http.StatusTooManyRequests, sayBusy)
		return
	case !known:
		p.refuse(w, r, http.StatusNotFound, sayNoAnswer)
		return
	}
	switch err := p.Rater.Rate(r.Context(), session, in.Number, *in.Up, in.Reason); {
	case errors.Is(err, ErrNoAnswer):
		p.refuse(w, r, http.StatusNotFound, sayNoAnswer)
	case err != nil:
		p.Log.Error("rating not kept", "error", err)
		p.refuse(w, r, http.StatusInternalServerError, sayBroken)
	default:
		writeJSON(w, http.StatusOK, map[string]string{"status": "done"})
	}
}
