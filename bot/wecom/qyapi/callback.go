package qyapi

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/silenceper/wechat/v2/util"
)

// A Delivery is how one callback was delivered.
type Delivery struct {
	Status []int           // of every attempt; 0 for one without an answer
	Took   []time.Duration // of every attempt
	// Passive is the decrypted text of an answer within the callback.
	Passive string
	Err     error
}

// OK reports whether an attempt was answered with 200.
func (d Delivery) OK() bool { return slices.Contains(d.Status, http.StatusOK) }

// A Trick is how a callback is sent otherwise than well.
type Trick struct {
	Times        int           // so often, whatever is answered, each with a fresh nonce; 0 for once and retries
	BadSignature bool          // the signature is another's
	Tampered     bool          // a byte of the cipher text is flipped; the signature is that of the untampered
	Resigned     bool          // the same, signed anew: only the padding and the receiver protect it
	Skew         time.Duration // the platform's clock is off
	Raw          []byte        // sent in place of the body
}

// attempts is how often the platform sends a callback.
const attempts = 3

// Push delivers a plain text to an app ("kf" for 微信客服) as the platform does:
// again after a failure, up to three times, the same text with a new nonce.
func (s *Server) Push(ctx context.Context, app, plain string) Delivery {
	return s.PushWith(ctx, app, plain, Trick{})
}

// PushWith delivers with a trick.
func (s *Server) PushWith(ctx context.Context, app, plain string, t Trick) (d Delivery) {
	s.mu.Lock()
	a, o := s.o.Apps[app], s.o
	if app == "kf" {
		a = s.o.KF
	}
	s.mu.Unlock()
	var same *sealed
	for i := range max(t.Times, attempts) {
		if i > 0 && t.Times == 0 {
			select {
			case <-time.After(o.RetryPause):
			case <-ctx.Done():
				return d
			}
		}
		m := same
		if m == nil {
			var err error
			if m, err = seal(a, o, plain, t); err != nil {
				d.Err = err
				return d
			}
			if o.RetrySame {
				same = m
			}
		}
		began := time.Now()
		status, answer, err := s.post(ctx, a, o, m)
		d.Status, d.Took, d.Err = append(d.Status, status), append(d.Took, time.Since(began)), err
		if len(answer) > 0 && status == http.StatusOK {
			d.Passive, d.Err = open(a, o, answer)
		}
		if t.Times > 0 && i+1 == t.Times {
			break
		}
		if t.Times == 0 && err == nil && (status == http.StatusOK || !o.RetryOnStatus) {
			break
		}
	}
	s.mu.Lock()
	s.delivered = append(s.delivered, d)
	s.mu.Unlock()
	return d
}

// Deliveries lists how the callbacks were delivered.
func (s *Server) Deliveries() []Delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.delivered)
}

// sealed is a callback on its way.
type sealed struct{ timestamp, nonce, signature, encrypted, body string }

// seal encrypts with the SDK's functions: an implementation other than that of
// the service under test.
func seal(a App, o Options, plain string, t Trick) (*sealed, error) {
	random := make([]byte, 16)
	if _, err := io.ReadFull(o.Random, random); err != nil {
		return nil, err
	}
	encrypted, err := util.EncryptMsg([]byte(hex.EncodeToString(random)[:16]), []byte(plain), o.CorpID, a.EncodingAESKey)
	if err != nil {
		return nil, err
	}
	m := &sealed{timestamp: strconv.FormatInt(o.Now().Add(t.Skew).Unix(), 10), nonce: hex.EncodeToString(random)[16:26], encrypted: string(encrypted)}
	m.signature = util.Signature(a.Token, m.timestamp, m.nonce, m.encrypted)
	if t.Tampered || t.Resigned {
		at := len(encrypted) / 2
		encrypted[at] ^= 1
		if encrypted[at] == '=' || encrypted[at] == '@' || encrypted[at] == '`' {
			encrypted[at] = 'A'
		}
		m.encrypted = string(encrypted)
	}
	if t.Resigned {
		m.signature = util.Signature(a.Token, m.timestamp, m.nonce, m.encrypted)
	}
	if t.BadSignature {
		m.signature = util.Signature("another", m.timestamp, m.nonce, m.encrypted)
	}
	m.body = "<xml>" + element("ToUserName", o.CorpID) + element("AgentID", strconv.Itoa(a.AgentID)) + element("Encrypt", m.encrypted) + "</xml>"
	if t.Raw != nil {
		m.body = string(t.Raw)
	}
	return m, nil
}

func (m *sealed) query() url.Values {
	return url.Values{"msg_signature": {m.signature}, "timestamp": {m.timestamp}, "nonce": {m.nonce}}
}

func (s *Server) post(ctx context.Context, a App, o Options, m *sealed) (int, []byte, error) {
	ctx, cancel := context.WithTimeout(ctx, o.AnswerWithin)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.URL+"?"+m.query().Encode(), bytes.NewReader([]byte(m.body)))
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Content-Type", "text/xml")
	resp, err := s.client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	return resp.StatusCode, answer, err
}

// open reads an answer within the callback: nothing, "success", or an encrypted
// message (document path 90241).
func open(a App, o Options, answer []byte) (string, error) {
	if string(answer) == "success" {
		return "", nil
	}
	var in struct{ Encrypt, MsgSignature, TimeStamp, Nonce string }
	if err := xml.Unmarshal(answer, &in); err != nil {
		return "", fmt.Errorf("the answer within the callback is neither empty nor XML: %w", err)
	}
	if util.Signature(a.Token, in.TimeStamp, in.Nonce, in.Encrypt) != in.MsgSignature {
		return "", fmt.Errorf("the answer within the callback is signed wrongly")
	}
	_, plain, err := util.DecryptMsg(o.CorpID, in.Encrypt, a.EncodingAESKey)
	return string(plain), err
}

// Echo checks a callback address as the admin page does when it is saved: the
// decrypted text, exactly, within a second.
func (s *Server) Echo(ctx context.Context, app string) error {
	s.mu.Lock()
	a, o := s.o.Apps[app], s.o
	if app == "kf" {
		a = s.o.KF
	}
	s.mu.Unlock()
	want := "1616140317555161061"
	m, err := seal(a, o, want, Trick{})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, o.EchoWithin)
	defer cancel()
	q := m.query()
	q.Set("echostr", m.encrypted)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, a.URL+"?"+q.Encode(), nil)
	if err != nil {
		return err
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return fmt.Errorf("the callback address did not answer: %w", err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(io.LimitReader(resp.Body, 1024))
	if err != nil || resp.StatusCode != http.StatusOK || string(got) != want {
		return fmt.Errorf("the callback address answered %d with %d bytes, want exactly the decrypted text: %w", resp.StatusCode, len(got), err)
	}
	return nil
}
