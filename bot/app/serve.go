package app

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/netutil"

	"huiwen/bot/post"
	"huiwen/knowledge"
	"huiwen/knowledge/store"
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
	// The listeners and then the workers have stopWithin each: serve ends within
	// twice that, and a little for closing the store.
	stopWithin = 8 * time.Second
)

// serve runs the public and the internal listener until ctx ends, then lets
// what is under way finish within stopWithin.
func serve(ctx context.Context, c *call) error {
	if _, err := c.parse(0, 0, func(fs *flag.FlagSet) {
		fs.StringVar(&c.config.Listen, "listen", c.config.Listen, "")
		fs.StringVar(&c.config.Internal, "internal", c.config.Internal, "")
	}); err != nil {
		return err
	}
	if err := c.config.check(); err != nil {
		return usageError{fmt.Errorf("configuration: %w", err)}
	}
	listeners, err := listen(ctx, c.config.Listen, c.config.Internal)
	if err != nil {
		return err
	}
	defer closeAll(listeners) // those that a server took are closed by it before
	memory, err := openToServe(ctx, c)
	if err != nil {
		return err
	}
	defer memory.Close()
	e, err := c.service(ctx, memory)
	if err != nil {
		return err
	}
	chain, err := c.chain(memory)
	if err != nil {
		return err
	}
	platforms, err := newChannels(c, memory)
	if err != nil {
		return err
	}
	reminder, err := newReminder(c, memory, func() *knowledge.Snapshot { return e.today(c.Now()) }, platforms.senders)
	if err != nil {
		return err
	}
	e.duties = newDuties(c, memory, reminder)
	gateway := newGateway(e, memory, c, platforms.senders)
	if c.serving != nil {
		if err := c.serving(ctx, memory, reminder); err != nil {
			return err
		}
	}
	visitors, err := publicHandler(e, gateway, c)
	if err != nil {
		return err
	}
	pages, err := adminPages(e, memory, gateway.Box, reminder, platforms, chain, c)
	if err != nil {
		return err
	}
	public := http.NewServeMux()
	public.Handle("/", provingDomain(c, visitors))
	platforms.mount(public, gateway)
	working, stopWorking := context.WithCancel(context.WithoutCancel(ctx))
	var parts sync.WaitGroup
	for _, run := range []func(context.Context){
		gateway.Run, e.follower.Run, reminder.Run,
		func(ctx context.Context) { chainActs(ctx, chain, c) },
		func(ctx context.Context) { sweep(ctx, memory, gateway.Box, c) },
	} {
		parts.Go(func() { run(working) })
	}
	platformsEnded := platforms.start(working)
	defer func() { stopWorking(); parts.Wait(); platformsEnded() }()
	servers := []*http.Server{server(public), internalServer(internalHandler(e, memory, gateway.Box, platforms), pages)}
	fmt.Fprintf(c.Stderr, "惠问已启动，请打开 %s\n", address(listeners[0].Addr()))
	c.log.Info("serving", "public", listeners[0].Addr().String(), "internal", listeners[1].Addr().String(), "version", e.snapshot().Version, "measures", len(e.snapshot().Measures))
	if err := greetFirst(ctx, c, newKeeper(c, memory), address(listeners[1].Addr())); err != nil {
		return err
	}
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
			closeAll(out)
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

func closeAll(listeners []net.Listener) error {
	var err error
	for _, l := range listeners {
		err = errors.Join(err, l.Close())
	}
	return err
}

const (
	// pollEvery is how often the inbox is looked at that nobody has rung for.
	pollEvery  = time.Second
	sweepEvery = time.Minute
	sweepMost  = 5000
	scrubEvery = 50 * time.Minute
)

// sweep removes what has expired, a bounded amount at a time, and makes what was
// deleted at a person's wish unreadable within the hour.
func sweep(ctx context.Context, s store.Store, b *post.Box, c *call) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	scrubbed, seen := time.Now(), -1
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		_, err := s.Sweep(ctx, sweepMost)
		if disk, ok := s.(store.Scrubber); ok && err == nil && time.Since(scrubbed) > scrubEvery {
			var forgotten []post.Forgotten
			if forgotten, err = b.Forgotten(ctx); err == nil && len(forgotten) != seen {
				err = disk.Scrub(ctx)
				scrubbed, seen = time.Now(), len(forgotten)
			}
		}
		if err != nil && ctx.Err() == nil {
			c.log.Warn("sweep", "error", err)
		}
	}
}
