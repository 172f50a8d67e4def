package dingtalk

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"huiwen/knowledge/store"

	"huiwen/bot/envelope"
)

// maxBody bounds a callback's body in bytes.
const maxBody = 1 << 20

// A Callback receives by HTTP. The platform's signature covers the time alone,
// so it is weaker than the stream: (timestamp, sign) counts for the first body
// that comes with it, the answer goes by the OpenAPI to the person, and nobody
// acts as staff. An encrypted body vouches for itself and is taken like the
// stream's.
type Callback struct {
	Secret string
	Crypt  *envelope.Crypt // of encrypted bodies, nil for none
	Robot  *Robot
	Store  store.Store
	Window time.Duration // how far the timestamp may stand from now
	Now    func() time.Time
	Log    *slog.Logger
}

// errReplayed marks a signature that came with another body.
var errReplayed = errors.New("dingtalk: the signature came with another body")

// ServeHTTP implements http.Handler.
func (c *Callback) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		http.Error(w, "method", http.StatusMethodNotAllowed)
		return
	}
	if c.Secret == "" {
		http.Error(w, "refused", http.StatusForbidden)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		http.Error(w, "too large", http.StatusRequestEntityTooLarge)
		return
	}
	var sealed struct {
		Encrypt string `json:"encrypt"`
	}
	if json.Unmarshal(body, &sealed) == nil && sealed.Encrypt != "" {
		c.encrypted(w, r, sealed.Encrypt)
		return
	}
	timestamp, sign := r.Header.Get("timestamp"), r.Header.Get("sign")
	if !c.fresh(timestamp) || subtle.ConstantTimeCompare([]byte(Sign(timestamp, c.Secret)), []byte(sign)) != 1 {
		c.refuse(w, envelope.ErrSignature)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), takeTime)
	defer cancel()
	switch err := c.bind(ctx, timestamp+"|"+sign, body); {
	case errors.Is(err, errReplayed):
		c.refuse(w, err)
		return
	case err != nil:
		c.again(w, err)
		return
	}
	if err := c.Robot.Take(ctx, body, false); err != nil {
		c.again(w, err)
	}
}

// fresh reports whether a timestamp in milliseconds stands within the window.
func (c *Callback) fresh(timestamp string) bool {
	n, err := strconv.ParseInt(timestamp, 10, 64)
	return err == nil && c.Now().Sub(time.UnixMilli(n)).Abs() <= c.Window
}

// bind ties a signature to the first body that came with it.
func (c *Callback) bind(ctx context.Context, sign string, body []byte) error {
	sum := sha256.Sum256(body)
	hash := hex.EncodeToString(sum[:])
	return c.Store.Update(ctx, shard("dingtalk-sign", sign), func(tx store.Tx) error {
		first, ok, err := tx.Get(signKey(sign))
		if err != nil {
			return err
		}
		if ok && string(first) != hash {
			return errReplayed
		}
		return tx.Put(signKey(sign), []byte(hash), 2*c.Window)
	})
}

func (c *Callback) refuse(w http.ResponseWriter, err error) {
	c.Log.Warn("dingtalk callback refused", "error", err)
	http.Error(w, "refused", http.StatusForbidden)
}

func (c *Callback) again(w http.ResponseWriter, err error) {
	c.Log.Error("dingtalk callback not kept", "error", err)
	http.Error(w, "try again", http.StatusServiceUnavailable)
}

// encrypted takes a body that was encrypted and signed as a whole, and answers
// the platform's check of the address.
func (c *Callback) encrypted(w http.ResponseWriter, r *http.Request, sealed string) {
	q := r.URL.Query()
	timestamp, nonce := q.Get("timestamp"), q.Get("nonce")
	signature := q.Get("msg_signature")
	if signature == "" {
		signature = q.Get("signature")
	}
	if c.Crypt == nil || !c.fresh(timestamp) {
		c.refuse(w, envelope.ErrSignature)
		return
	}
	plain, err := c.Crypt.Open(signature, timestamp, nonce, sealed)
	if err != nil {
		c.refuse(w, err)
		return
	}
	var event struct {
		EventType string `json:"EventType"`
	}
	if err := json.Unmarshal(plain, &event); err == nil && event.EventType == "" {
		ctx, cancel := context.WithTimeout(r.Context(), takeTime)
		defer cancel()
		if err := c.Robot.Take(ctx, plain, true); err != nil {
			c.again(w, err)
			return
		}
	}
	now, fresh := strconv.FormatInt(c.Now().UnixMilli(), 10), rand.Text()[:8]
	out, err := c.Crypt.Seal(rand.Reader, []byte("success"))
	if err != nil {
		c.again(w, err)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	json.NewEncoder(w).Encode(map[string]string{"msg_signature": c.Crypt.Sign(now, fresh, out), "timeStamp": now, "nonce": fresh, "encrypt": out})
}
