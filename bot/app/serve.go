package app

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"golang.org/x/net/netutil"
)

// The bounds of every listener.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 10 * time.Second
	writeTimeout      = 20 * time.Second
	idleTimeout       = 60 * time.Second
	maxHeaderBytes    = 16 << 10
	maxBodyBytes      = 1 << 20
	maxConnections    = 512
	stopWithin        = 10 * time.Second
)

// serve runs the public and the internal listener until ctx ends, then lets
// what is under way finish within stopWithin.
func serve(ctx context.Context, c *call) error {
	rest, err := c.flags("serve", func(fs *flag.FlagSet) {
		fs.StringVar(&c.config.Listen, "listen", c.config.Listen, "")
		fs.StringVar(&c.config.Internal, "internal", c.config.Internal, "")
	})
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return usagef("serve 不接受参数 %q", rest[0])
	}
	if err := c.config.check(); err != nil {
		return usageError{fmt.Errorf("configuration: %w", err)}
	}
	e, err := newEngine(c.config)
	if err != nil {
		return err
	}
	public, err := publicHandler(e, c)
	if err != nil {
		return err
	}
	listeners, err := listen(ctx, c.config.Listen, c.config.Internal)
	if err != nil {
		return err
	}
	servers := []*http.Server{server(public), server(internalHandler(e))}
	fmt.Fprintf(c.Stderr, "惠问已启动，请打开 %s\n", address(listeners[0].Addr()))
	c.log.Info("serving", "public", listeners[0].Addr().String(), "internal", listeners[1].Addr().String(), "version", e.snapshot.Version, "measures", len(e.snapshot.Measures))
	failed := make(chan error, len(servers))
	for i, s := range servers {
		go func() { failed <- s.Serve(netutil.LimitListener(listeners[i], maxConnections)) }()
	}
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopWithin)
	defer cancel()
	for _, s := range servers {
		err = errors.Join(err, s.Shutdown(stop))
	}
	c.log.Info("stopped")
	return err
}

// listen opens every address or none.
func listen(ctx context.Context, addrs ...string) ([]net.Listener, error) {
	var out []net.Listener
	for _, a := range addrs {
		var lc net.ListenConfig
		l, err := lc.Listen(ctx, "tcp", a)
		if err != nil {
			for _, open := range out {
				open.Close()
			}
			return nil, fmt.Errorf("不能监听 %s，可能已被别的程序占用；换一个地址再试：%w", a, err)
		}
		out = append(out, l)
	}
	return out, nil
}

func server(h http.Handler) *http.Server {
	return &http.Server{
		Handler: http.MaxBytesHandler(h, maxBodyBytes), ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: readTimeout,
		WriteTimeout: writeTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes,
	}
}

// address is what a person on this machine opens.
func address(a net.Addr) string {
	host, port, err := net.SplitHostPort(a.String())
	if err != nil {
		return a.String()
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	return "http://" + host + ":" + port + "/"
}

// internalHandler serves what only operators see.
func internalHandler(e *engine) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		fmt.Fprintln(w, "ok", e.snapshot.Version)
	})
	return mux
}
