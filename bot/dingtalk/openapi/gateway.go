package openapi

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

const (
	connectPath = "/connect"
	ticketTime  = 90 * time.Second
	// maxPushes bounds how often an unacknowledged frame comes.
	maxPushes = 10
	// silence is how long the platform waits after a disconnect frame.
	silence = 10 * time.Second
)

// A Frame is what goes over the long connection.
type Frame struct {
	SpecVersion string            `json:"specVersion"`
	Type        string            `json:"type"`
	Headers     map[string]string `json:"headers"`
	Data        string            `json:"data"`
}

// An Ack is what came back for a frame.
type Ack struct {
	ID     string
	Topic  string
	Code   int
	Data   string
	After  time.Duration // since the frame was last pushed
	Pushes int
}

// A line is one long connection.
type line struct {
	ws    *websocket.Conn
	write sync.Mutex
	mute  bool // guarded by gateway.gate
}

// A parcel is a frame on its way.
type parcel struct {
	frame  Frame
	pushes int
	at     time.Time
	timer  *time.Timer
}

// gateway is the long connection's side of the server.
type gateway struct {
	gate     sync.Mutex
	tickets  map[string]time.Time
	lines    map[*line]bool
	parcels  map[string]*parcel
	acks     []Ack
	copies   int
	opened   int
	topics   []string
	ignoring bool
}

func newGateway() gateway {
	return gateway{tickets: map[string]time.Time{}, lines: map[*line]bool{}, parcels: map[string]*parcel{}, copies: 1}
}

// open gives out a ticket: for 90 s, once.
func (s *Server) open(w http.ResponseWriter, r *http.Request, body []byte) {
	var in struct {
		ClientID      string `json:"clientId"`
		ClientSecret  string `json:"clientSecret"`
		Subscriptions []struct{ Type, Topic string }
	}
	if err := json.Unmarshal(body, &in); err != nil || in.ClientID == "" || in.ClientSecret == "" || s.ClientID != "" && in.ClientID != s.ClientID || s.Secret != "" && in.ClientSecret != s.Secret {
		refuse(w, http.StatusUnauthorized, "authFailed")
		return
	}
	ticket := uuid()
	s.gate.Lock()
	s.tickets[ticket] = time.Now()
	s.topics = nil
	for _, t := range in.Subscriptions {
		s.topics = append(s.topics, t.Type+" "+t.Topic)
	}
	s.gate.Unlock()
	answer(w, http.StatusOK, map[string]string{"endpoint": "ws://" + r.Host + connectPath, "ticket": ticket})
}

// uuid is a ticket without characters that an address would change: the SDK does
// not escape it.
func uuid() string {
	var b [16]byte
	rand.Read(b[:])
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

func (s *Server) connect(w http.ResponseWriter, r *http.Request) {
	ticket := r.URL.Query().Get("ticket")
	s.gate.Lock()
	at, ok := s.tickets[ticket]
	delete(s.tickets, ticket)
	s.gate.Unlock()
	if !ok || time.Since(at) > ticketTime {
		http.Error(w, "ticket", http.StatusUnauthorized)
		return
	}
	up := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
	ws, err := up.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	l := &line{ws: ws}
	ws.SetPingHandler(func(data string) error {
		s.gate.Lock()
		mute := l.mute
		s.gate.Unlock()
		if mute {
			return nil
		}
		err := ws.WriteControl(websocket.PongMessage, []byte(data), time.Now().Add(time.Second))
		var ne net.Error
		if errors.Is(err, websocket.ErrCloseSent) || errors.As(err, &ne) {
			return nil
		}
		return err
	})
	s.gate.Lock()
	s.lines[l] = true
	s.opened++
	var waiting []string
	for id, p := range s.parcels {
		if p.pushes == 0 || time.Since(p.at) >= s.Repush {
			waiting = append(waiting, id)
		}
	}
	s.gate.Unlock()
	for _, id := range waiting {
		s.send(id)
	}
	s.read(l)
	s.gate.Lock()
	delete(s.lines, l)
	s.gate.Unlock()
	ws.Close()
}

// read takes acknowledgements until the line ends.
func (s *Server) read(l *line) {
	for {
		_, data, err := l.ws.ReadMessage()
		if err != nil {
			return
		}
		var in struct {
			Code    int               `json:"code"`
			Headers map[string]string `json:"headers"`
			Data    string            `json:"data"`
		}
		if json.Unmarshal(data, &in) != nil {
			continue
		}
		id := in.Headers["messageId"]
		s.gate.Lock()
		if l.mute || s.ignoring {
			s.gate.Unlock()
			continue
		}
		a := Ack{ID: id, Code: in.Code, Data: in.Data}
		if p := s.parcels[id]; p != nil {
			a.After, a.Pushes, a.Topic = time.Since(p.at), p.pushes, p.frame.Headers["topic"]
			if p.timer != nil {
				p.timer.Stop()
			}
			delete(s.parcels, id)
		}
		s.acks = append(s.acks, a)
		s.gate.Unlock()
	}
}

// Acks lists what was acknowledged.
func (s *Server) Acks() []Ack {
	s.gate.Lock()
	defer s.gate.Unlock()
	return append([]Ack(nil), s.acks...)
}

// Open is how many connections stand; Opened how many there ever were.
func (s *Server) Open() int   { s.gate.Lock(); defer s.gate.Unlock(); return len(s.lines) }
func (s *Server) Opened() int { s.gate.Lock(); defer s.gate.Unlock(); return s.opened }

// Topics lists what the last connection subscribed to.
func (s *Server) Topics() []string {
	s.gate.Lock()
	defer s.gate.Unlock()
	return append([]string(nil), s.topics...)
}

// Pending is how many frames are not acknowledged.
func (s *Server) Pending() int { s.gate.Lock(); defer s.gate.Unlock(); return len(s.parcels) }

// Copies makes every frame come so many times.
func (s *Server) Copies(n int) { s.gate.Lock(); s.copies = n; s.gate.Unlock() }

// IgnoreAcks makes the gateway deaf to acknowledgements: frames come again.
func (s *Server) IgnoreAcks(on bool) { s.gate.Lock(); s.ignoring = on; s.gate.Unlock() }

// Mute makes the standing connections zombies: nothing is written, answered or
// closed.
func (s *Server) Mute() {
	s.gate.Lock()
	for l := range s.lines {
		l.mute = true
	}
	s.gate.Unlock()
}

// Reset drops the standing connections with a TCP reset.
func (s *Server) Reset() {
	s.gate.Lock()
	defer s.gate.Unlock()
	for l := range s.lines {
		if tcp, ok := l.ws.UnderlyingConn().(*net.TCPConn); ok {
			tcp.SetLinger(0)
		}
		l.ws.Close()
		delete(s.lines, l)
	}
}

// Ping sends the application's ping; its echo is among the acks.
func (s *Server) Ping(data string) string { return s.system("ping", data) }

// Disconnect asks every client to go, as before maintenance, and closes after
// ten seconds of silence.
func (s *Server) Disconnect() {
	s.system("disconnect", `{"reason":"maintenance"}`)
	s.gate.Lock()
	defer s.gate.Unlock()
	for l := range s.lines {
		time.AfterFunc(silence, func() { l.ws.Close() })
	}
}

func (s *Server) system(topic, data string) string {
	f := frame("SYSTEM", topic, data)
	for _, l := range s.lively() {
		l.send(f)
	}
	return f.Headers["messageId"]
}

func frame(kind, topic, data string) Frame {
	return Frame{"1.0", kind, map[string]string{"topic": topic, "messageId": uuid(), "contentType": "application/json", "time": strconv.FormatInt(time.Now().UnixMilli(), 10), "appId": "app", "connectionId": "c"}, data}
}

func (s *Server) lively() []*line {
	s.gate.Lock()
	defer s.gate.Unlock()
	var out []*line
	for l := range s.lines {
		out = append(out, l)
	}
	return out
}

func (l *line) send(f Frame) {
	l.write.Lock()
	defer l.write.Unlock()
	l.ws.SetWriteDeadline(time.Now().Add(5 * time.Second))
	l.ws.WriteJSON(f)
}

// push sends a callback frame and keeps it until it is acknowledged.
func (s *Server) push(topic string, data any) string {
	text, err := json.Marshal(data)
	if err != nil {
		panic(err) // plain data
	}
	f := frame("CALLBACK", topic, string(text))
	id := f.Headers["messageId"]
	s.gate.Lock()
	s.parcels[id] = &parcel{frame: f}
	s.gate.Unlock()
	s.send(id)
	return id
}

// send pushes a kept frame to one of the connections, the platform's choice, and
// again while it stays unacknowledged.
func (s *Server) send(id string) {
	s.gate.Lock()
	p := s.parcels[id]
	if p == nil || p.pushes >= maxPushes || len(s.lines) == 0 {
		s.gate.Unlock()
		return // without a connection it waits for one
	}
	n := mathrand.IntN(len(s.lines))
	var to *line
	for l := range s.lines {
		if n == 0 {
			to = l
			break
		}
		n--
	}
	p.pushes++
	p.at = time.Now()
	if p.timer != nil {
		p.timer.Stop()
	}
	p.timer = time.AfterFunc(s.Repush, func() { s.send(id) })
	mute, copies, f := to.mute, s.copies, p.frame
	s.gate.Unlock()
	for range copies {
		if !mute {
			to.send(f)
		}
	}
}

// Close drops the connections and forgets what is on its way.
func (s *Server) Close() {
	s.gate.Lock()
	for id, p := range s.parcels {
		if p.timer != nil {
			p.timer.Stop()
		}
		delete(s.parcels, id)
	}
	s.gate.Unlock()
	for _, l := range s.lively() {
		l.ws.Close()
	}
}

// Subscribed reports whether the last connection asked for a topic.
func (s *Server) Subscribed(topic string) bool {
	for _, t := range s.Topics() {
		if strings.HasSuffix(t, " "+topic) {
			return true
		}
	}
	return false
}

// Pushes is how often the frames that are not acknowledged came.
func (s *Server) Pushes() int {
	s.gate.Lock()
	defer s.gate.Unlock()
	n := 0
	for _, p := range s.parcels {
		n += p.pushes
	}
	return n
}
