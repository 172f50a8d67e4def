package wecom

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"time"
)

// maxBody bounds a callback's body in bytes.
const maxBody = 1 << 20

// An Event is what a callback tells, decrypted. Fields that its type lacks are
// empty.
type Event struct {
	ToUserName, FromUserName string
	CreateTime               int64
	MsgType                  string
	Content                  string
	MsgId                    string
	AgentID                  string
	Event, EventKey          string
	Token                    string // of kf_msg_or_event
	OpenKfId                 string
	// Digest is the hash of the plain text: the same on every retry.
	Digest string `xml:"-"`
}

// envelope is the body of a POST.
type envelope struct {
	XMLName xml.Name `xml:"xml"`
	Encrypt string
}

// A Callback serves one callback address: it verifies, decrypts and hands on.
type Callback struct {
	Crypt  *Crypt
	Window time.Duration // how far the timestamp may stand from now
	Now    func() time.Time
	Log    *slog.Logger
	// Take keeps an event before the platform is told 200; an error makes the
	// platform come again.
	Take func(ctx context.Context, e Event) error
}

// ServeHTTP implements http.Handler.
func (c *Callback) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	signature, timestamp, nonce := q.Get("msg_signature"), q.Get("timestamp"), q.Get("nonce")
	if !c.fresh(timestamp) {
		http.Error(w, "timestamp", http.StatusForbidden)
		return
	}
	switch r.Method {
	case http.MethodGet:
		plain, err := c.Crypt.Open(signature, timestamp, nonce, q.Get("echostr"))
		if err != nil {
			c.refuse(w, err)
			return
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Write(plain) // no quotes, no line end (document path 90930)
	case http.MethodPost:
		c.post(w, r, signature, timestamp, nonce)
	default:
		http.Error(w, "method", http.StatusMethodNotAllowed)
	}
}

// fresh reports whether a timestamp stands within the window.
func (c *Callback) fresh(timestamp string) bool {
	n, err := strconv.ParseInt(timestamp, 10, 64)
	return err == nil && c.Now().Sub(time.Unix(n, 0)).Abs() <= c.Window
}

func (c *Callback) refuse(w http.ResponseWriter, err error) {
	c.Log.Warn("wecom callback refused", "error", err)
	http.Error(w, "refused", http.StatusForbidden)
}

func (c *Callback) post(w http.ResponseWriter, r *http.Request, signature, timestamp, nonce string) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		http.Error(w, "too large", http.StatusRequestEntityTooLarge)
		return
	}
	if bytes.Contains(bytes.ToUpper(body), []byte("<!DOCTYPE")) {
		http.Error(w, "doctype", http.StatusBadRequest)
		return
	}
	var in envelope
	if err := xml.Unmarshal(body, &in); err != nil {
		http.Error(w, "xml", http.StatusBadRequest)
		return
	}
	plain, err := c.Crypt.Open(signature, timestamp, nonce, in.Encrypt)
	if err != nil {
		c.refuse(w, err)
		return
	}
	e, err := parseEvent(plain)
	if err != nil { // ours to tell the platform 200: it would only come again
		c.Log.Warn("wecom callback not understood", "bytes", len(plain))
		return
	}
	if err := c.Take(r.Context(), e); err != nil {
		c.Log.Error("wecom callback not kept", "error", err)
		http.Error(w, "try again", http.StatusServiceUnavailable)
	}
}

// errDoctype marks a decrypted text with a document type.
var errDoctype = errors.New("wecom: document type in a message")

func parseEvent(plain []byte) (Event, error) {
	var e Event
	if bytes.Contains(bytes.ToUpper(plain), []byte("<!DOCTYPE")) {
		return e, errDoctype
	}
	if err := xml.Unmarshal(plain, &e); err != nil {
		return e, err
	}
	sum := sha256.Sum256(plain)
	e.Digest = hex.EncodeToString(sum[:])
	return e, nil
}
