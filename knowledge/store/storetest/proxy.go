package storetest

import (
	"bytes"
	"io"
	"net"
	"sync"
	"testing"
)

// A Proxy passes bytes to Redis and cuts the line at a commit when told to.
type Proxy struct {
	Addr string

	mu   sync.Mutex
	cut  int
	cuts int
}

// Cuts is how often the line was cut.
func (p *Proxy) Cuts() int { p.mu.Lock(); defer p.mu.Unlock(); return p.cuts }

// CutAfter makes the next commit lose its line: 1 before the request passes,
// 2 after it has, so that only the answer is lost.
func (p *Proxy) CutAfter(when int) { p.mu.Lock(); p.cut = when; p.mu.Unlock() }

// NewProxy starts a proxy to an address.
func NewProxy(t testing.TB, to string) *Proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	p := &Proxy{Addr: l.Addr().String()}
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", to)
			if err != nil {
				client.Close()
				continue
			}
			go p.forward(client, server)
			go func() { io.Copy(client, server); client.Close() }()
		}
	}()
	return p
}

func (p *Proxy) forward(client, server net.Conn) {
	defer server.Close()
	buf := make([]byte, 1<<16)
	for {
		n, err := client.Read(buf)
		if err != nil {
			return
		}
		p.mu.Lock()
		when := 0
		if p.cut > 0 && bytes.Contains(buf[:n], []byte("incr")) && bytes.Contains(buf[:n], []byte("multi")) {
			when = p.cut
			p.cut = 0
			p.cuts++
		}
		p.mu.Unlock()
		if when == 1 {
			client.Close()
			return
		}
		if when == 2 {
			client.(*net.TCPConn).CloseWrite()
			client.Close() // the answer has nowhere to go
			server.Write(buf[:n])
			io.ReadAtLeast(server, buf, 1) // Redis has done it
			return
		}
		if _, err := server.Write(buf[:n]); err != nil {
			return
		}
	}
}
