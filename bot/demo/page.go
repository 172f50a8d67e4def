package demo

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

//go:embed web
var web embed.FS

// csp allows the page's own files and nothing from outside.
const csp = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// maxActBytes bounds the body of an act.
const maxActBytes = 16 << 10

// Handler serves the page; public tells that it is listened for beyond this
// machine, else only this machine's names are answered.
func (s *Stage) Handler(public bool) (http.Handler, error) {
	index, err := template.ParseFS(web, "web/index.html")
	if err != nil {
		return nil, fmt.Errorf("parse the page: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		s.mu.Lock()
		data := map[string]any{"Phones": s.phones(), "Switches": switches, "Page": s.page}
		s.mu.Unlock()
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if err := index.Execute(w, data); err != nil {
			s.Log.Warn("demo page", "error", err)
		}
	})
	for name, kind := range map[string]string{"style.css": "text/css; charset=utf-8", "demo.js": "text/javascript; charset=utf-8", "icon.svg": "image/svg+xml"} {
		data, err := web.ReadFile("web/" + name)
		if err != nil {
			return nil, fmt.Errorf("read the page: %w", err)
		}
		mux.HandleFunc("GET /"+name, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", kind)
			w.Header().Set("Cache-Control", "no-cache")
			w.Write(data)
		})
	}
	mux.HandleFunc("GET /events", s.events)
	mux.HandleFunc("POST /act", s.act)
	cross := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", csp)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		if !public && !isLocal(r.Host) { // another site's name for this address
			http.Error(w, "请用 127.0.0.1 打开演示台", http.StatusForbidden)
			return
		}
		cross.Handler(mux).ServeHTTP(w, r)
	}), nil
}

func isLocal(host string) bool {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = host
	}
	ip := net.ParseIP(strings.Trim(name, "[]"))
	return name == "localhost" || ip != nil && ip.IsLoopback()
}

// state is what the page shows beside the talks.
type state struct {
	Day     string          `json:"day"`
	Clock   string          `json:"clock"`
	Date    string          `json:"date"`
	Winding string          `json:"winding"`
	Seat    int             `json:"seat"`
	Present bool            `json:"present"`
	On      map[string]bool `json:"on"`
	Lines   int             `json:"lines"` // long connections
}

var weekdays = [...]string{"周日", "周一", "周二", "周三", "周四", "周五", "周六"}

// state reads the platforms first: they have locks of their own.
func (s *Stage) state() state {
	held, lines := s.wechat.State(Account, Resident), s.ding.Open()
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.Clock.Now().In(zone)
	on := map[string]bool{}
	for k, v := range s.on {
		on[k] = v
	}
	return state{now.Format("2006年1月2日 ") + weekdays[now.Weekday()], now.Format("15:04"), now.Format(time.DateOnly), s.winding, held, !s.on["away"], on, lines}
}

// stateEvery is how often the clock and the states are told when nothing else is.
const stateEvery = time.Second

// events streams what happens (server-sent events): bubbles with their number as
// id, so that a page that comes back goes on where it was.
func (s *Stage) events(w http.ResponseWriter, r *http.Request) {
	flush := http.NewResponseController(w)
	after, _ := strconv.ParseInt(r.Header.Get("Last-Event-ID"), 10, 64)
	var wired int64
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	_ = flush.SetWriteDeadline(time.Time{}) // lives as long as the page
	tick := time.NewTicker(stateEvery)
	defer tick.Stop()
	last := ""
	for {
		now, err := json.Marshal(s.state())
		if err != nil {
			return
		}
		s.mu.Lock()
		changed := s.changed
		var out strings.Builder
		for _, b := range s.bubbles {
			if b.N > after {
				data, err := json.Marshal(b)
				if err != nil {
					continue // unreachable: plain data
				}
				fmt.Fprintf(&out, "id: %d\nevent: bubble\ndata: %s\n\n", b.N, data)
				after = b.N
			}
		}
		for _, l := range s.wires {
			if l.N > wired {
				data, err := json.Marshal(l)
				if err != nil {
					continue // unreachable: plain data
				}
				fmt.Fprintf(&out, "event: wire\ndata: %s\n\n", data)
				wired = l.N
			}
		}
		s.mu.Unlock()
		if string(now) != last {
			last = string(now)
			fmt.Fprintf(&out, "event: state\ndata: %s\n\n", now)
		}
		if out.Len() > 0 {
			if _, err := w.Write([]byte(out.String())); err != nil {
				return
			}
			if flush.Flush() != nil {
				return
			}
		}
		select {
		case <-r.Context().Done():
			return
		case <-changed:
		case <-tick.C:
		}
	}
}

// act does what somebody did on the page.
func (s *Stage) act(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Act     string `json:"act"`
		Phone   string `json:"phone"`
		Speaker string `json:"speaker"`
		Text    string `json:"text"`
		N       int64  `json:"n"`
		Item    int    `json:"item"`
		On      bool   `json:"on"`
		Days    int    `json:"days"`
		To      string `json:"to"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxActBytes)).Decode(&in); err != nil {
		http.Error(w, "看不懂的操作", http.StatusBadRequest)
		return
	}
	var err error
	switch in.Act {
	case "say":
		err = s.Say(in.Phone, in.Speaker, in.Text)
	case "press":
		err = s.Press(in.N, in.Item, in.Speaker)
	case "seat":
		err = s.Seat(in.Text)
	case "enter":
		s.Enter()
	case "trick":
		s.Trick(in.Text, in.On)
	case "wind":
		to := s.Clock.Now().In(zone)
		if day, bad := time.ParseInLocation(time.DateOnly, in.To, zone); bad == nil {
			to = day.Add(9*time.Hour + 6*time.Minute)
		} else if in.Days > 0 {
			to = time.Date(to.Year(), to.Month(), to.Day()+min(in.Days, 366), 9, 6, 0, 0, zone)
		} else {
			to = to.Add(time.Hour)
		}
		s.spawn(func(ctx context.Context) { s.Wind(ctx, to) })
	default:
		http.Error(w, "没有这个操作", http.StatusBadRequest)
		return
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusConflict)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
