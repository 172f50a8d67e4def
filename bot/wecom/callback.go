// Package wecom reaches people through 企业微信: staff through self-built apps,
// residents through 微信客服.
package wecom

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"huiwen/bot/envelope"
	"huiwen/bot/post"
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
	TaskId, ResponseCode     string // of a card; the code is for whoever pressed
	Token                    string // of kf_msg_or_event
	OpenKfId                 string
	// Digest is the hash of the plain text: the same on every retry.
	Digest string `xml:"-"`
}

// sealedBody is the body of a POST.
type sealedBody struct {
	XMLName xml.Name `xml:"xml"`
	Encrypt string
}

// takeTime bounds how long keeping an event may take: the platform hangs up after
// five seconds and comes again, and so it does when it is told that it failed.
const takeTime = 3 * time.Second

// errBusy is returned by Take when there is no room: the platform is given the
// one sentence at once, since nobody will answer later.
var errBusy = post.ErrFull

// A Callback serves one callback address: it verifies, decrypts and hands on.
type Callback struct {
	Crypt  *envelope.Crypt
	CorpID string
	Window time.Duration // how far the timestamp may stand from now; 0 does not look at it
	Now    func() time.Time
	Log    *slog.Logger
	// Busy is said in the answer itself when there is no room for the message.
	Busy string
	// Take keeps an event before the platform is told 200; an error makes the
	// platform come again, but for [post.ErrFull].
	Take func(ctx context.Context, e Event) error
}

// ServeHTTP implements http.Handler.
func (c *Callback) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	signature, timestamp, nonce := q.Get("msg_signature"), q.Get("timestamp"), q.Get("nonce")
	if !c.fresh(timestamp) {
		c.refuse(w, errStale)
		return
	}
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		// a plus that was not escaped on its way has become a space
		plain, err := c.Crypt.Open(signature, timestamp, nonce, strings.ReplaceAll(q.Get("echostr"), " ", "+"))
		if err != nil {
			c.refuse(w, err)
			return
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Write(plain) // no quotes, no line end (document path 90930)
	case http.MethodPost:
		c.post(w, r, signature, timestamp, nonce)
	default:
		w.Header().Set("Allow", "GET, POST")
		http.Error(w, "method", http.StatusMethodNotAllowed)
	}
}

// errStale marks a timestamp outside the window.
var errStale = errors.New("wecom: the timestamp is too far from this machine's clock")

// fresh reports whether a timestamp stands within the window.
func (c *Callback) fresh(timestamp string) bool {
	n, err := strconv.ParseInt(timestamp, 10, 64)
	return c.Window == 0 || err == nil && c.Now().Sub(time.Unix(n, 0)).Abs() <= c.Window
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
	if hasDoctype(body) {
		http.Error(w, "doctype", http.StatusBadRequest)
		return
	}
	var in sealedBody
	if err := xml.Unmarshal(body, &in); err != nil {
		http.Error(w, "xml", http.StatusBadRequest)
		return
	}
	plain, err := c.Crypt.Open(signature, timestamp, nonce, strings.TrimSpace(in.Encrypt))
	if err != nil {
		c.refuse(w, err)
		return
	}
	e, err := parseEvent(plain)
	if errors.Is(err, errDoctype) {
		http.Error(w, "doctype", http.StatusBadRequest)
		return
	}
	if err != nil { // signed and yet no message of a kind we know: it would only come again
		c.Log.Warn("wecom callback not understood", "bytes", len(plain))
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), takeTime)
	defer cancel()
	switch err := c.Take(ctx, e); {
	case errors.Is(err, errBusy):
		c.Log.Warn("wecom callback: no room")
		c.busy(w, e, timestamp, nonce)
	case err != nil:
		c.Log.Error("wecom callback not kept", "error", err)
		http.Error(w, "try again", http.StatusServiceUnavailable)
	}
}

// cdata is text in XML as the platform writes it.
type cdata struct {
	Text string `xml:",cdata"`
}

// busy answers within the callback (document path 90241), encrypted: the only
// message that is. Events get nothing.
func (c *Callback) busy(w http.ResponseWriter, e Event, timestamp, nonce string) {
	if c.Busy == "" || e.MsgType == "event" || e.FromUserName == "" {
		http.Error(w, "try again", http.StatusServiceUnavailable)
		return
	}
	type message struct {
		XMLName                  xml.Name `xml:"xml"`
		ToUserName, FromUserName cdata
		CreateTime               int64
		MsgType, Content         cdata
	}
	type sealed struct {
		XMLName               xml.Name `xml:"xml"`
		Encrypt, MsgSignature cdata
		TimeStamp             string
		Nonce                 cdata
	}
	plain, err := xml.Marshal(message{ToUserName: cdata{e.FromUserName}, FromUserName: cdata{c.CorpID}, CreateTime: c.Now().Unix(), MsgType: cdata{"text"}, Content: cdata{c.Busy}})
	var encrypted string
	if err == nil {
		encrypted, err = c.Crypt.Seal(rand.Reader, plain)
	}
	var answer []byte
	if err == nil {
		answer, err = xml.Marshal(sealed{Encrypt: cdata{encrypted}, MsgSignature: cdata{c.Crypt.Sign(timestamp, nonce, encrypted)}, TimeStamp: timestamp, Nonce: cdata{nonce}})
	}
	if err != nil {
		http.Error(w, "try again", http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "application/xml; charset=utf-8")
	w.Write(answer)
}

// errDoctype marks a decrypted text with a document type.
var errDoctype = errors.New("wecom: document type in a message")

func parseEvent(plain []byte) (Event, error) {
	var e Event
	d := xml.NewDecoder(bytes.NewReader(bytes.Map(xmlRune, plain)))
	for {
		tok, err := d.Token()
		if err != nil {
			return e, err
		}
		switch t := tok.(type) {
		case xml.Directive: // what people write stands in CDATA and is none
			return e, errDoctype
		case xml.StartElement:
			if err := d.DecodeElement(&e, &t); err != nil {
				return e, err
			}
			sum := sha256.Sum256(plain)
			e.Digest = hex.EncodeToString(sum[:])
			return e, nil
		}
	}
}

// xmlRune puts a space for characters that XML does not allow and people paste.
func xmlRune(r rune) rune {
	if r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF {
		return ' '
	}
	return r
}

// hasDoctype reports whether a text declares a document type, which messages
// never do.
func hasDoctype(data []byte) bool {
	for rest := data; ; {
		i := bytes.Index(rest, []byte("<!"))
		if i < 0 {
			return false
		}
		rest = rest[i+2:]
		if len(rest) >= 7 && bytes.EqualFold(rest[:7], []byte("DOCTYPE")) {
			return true
		}
	}
}
