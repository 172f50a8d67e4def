package page

import (
	"container/list"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// maxAddresses bounds how many addresses are counted at once; the one unseen
// longest is forgotten first.
const maxAddresses = 10_000

// limits counts questions by address and in all.
type limits struct {
	perMinute int
	total     *rate.Limiter

	mu    sync.Mutex
	byKey map[string]*list.Element
	order *list.List // of *counted, newest in front
}

type counted struct {
	key     string
	limiter *rate.Limiter
}

func newLimits(perMinute, total int) *limits {
	return &limits{perMinute: perMinute, total: rate.NewLimiter(rate.Limit(total), total), byKey: map[string]*list.Element{}, order: list.New()}
}

// allow takes one question of an address, false when it must wait.
func (l *limits) allow(address string, now time.Time) bool {
	return l.of(address).AllowN(now, 1) && l.total.AllowN(now, 1)
}

func (l *limits) of(address string) *rate.Limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e := l.byKey[address]; e != nil {
		l.order.MoveToFront(e)
		return e.Value.(*counted).limiter
	}
	c := &counted{address, rate.NewLimiter(rate.Limit(float64(l.perMinute)/60), l.perMinute)}
	l.byKey[address] = l.order.PushFront(c)
	if l.order.Len() > maxAddresses {
		oldest := l.order.Back()
		l.order.Remove(oldest)
		delete(l.byKey, oldest.Value.(*counted).key)
	}
	return c.limiter
}

// clientAddress is the address that limits count: the peer's, or the last one
// in X-Forwarded-For that no trusted proxy added. A v6 address counts by its
// /64, which one subscriber holds whole.
func clientAddress(r *http.Request, trusted []*net.IPNet) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	ip := net.ParseIP(host)
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && isTrusted(ip, trusted); i-- {
		next := net.ParseIP(strings.TrimSpace(hops[i]))
		if next == nil {
			break
		}
		ip = next
	}
	switch {
	case ip == nil:
		return host
	case ip.To4() == nil:
		return ip.Mask(net.CIDRMask(64, 128)).String()
	}
	return ip.String()
}

func isTrusted(ip net.IP, trusted []*net.IPNet) bool {
	for _, n := range trusted {
		if ip != nil && n.Contains(ip) {
			return true
		}
	}
	return false
}
