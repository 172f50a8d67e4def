package storetest

import (
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// RedisServer starts a real redis-server on a free port of loopback.
func RedisServer(t testing.TB, args ...string) string {
	t.Helper()
	addr := FreeAddress(t)
	RedisServerAt(t, addr, t.TempDir(), args...)
	return addr
}

// RedisServerAt starts a real redis-server at an address with its files in a
// folder, or skips where there is none; the full check fails instead. Stop
// kills it.
func RedisServerAt(t testing.TB, addr, dir string, args ...string) (stop func()) {
	t.Helper()
	path, err := exec.LookPath("redis-server")
	if err != nil {
		if os.Getenv("HUIWEN_CHECK") == "full" {
			t.Fatal("no redis-server: install it")
		}
		t.Skip("no redis-server: install it")
	}
	_, port, _ := net.SplitHostPort(addr)
	cmd := exec.Command(path, append([]string{"--port", port, "--bind", "127.0.0.1", "--dir", dir, "--appendonly", "yes", "--appendfsync", "everysec", "--save", "", "--maxmemory-policy", "noeviction", "--repl-diskless-sync-delay", "0"}, args...)...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var once sync.Once
	stop = func() { once.Do(func() { cmd.Process.Kill(); cmd.Wait() }) }
	t.Cleanup(stop)
	c := redis.NewClient(&redis.Options{Addr: addr})
	defer c.Close()
	Until(t, "redis-server answers", func() bool { return c.Ping(t.Context()).Err() == nil })
	return stop
}

// RedisCluster starts three masters that share the slots.
func RedisCluster(t testing.TB) []string {
	t.Helper()
	var addrs []string
	for range 3 {
		addrs = append(addrs, RedisServer(t, "--cluster-enabled", "yes", "--cluster-node-timeout", "5000"))
	}
	for i, a := range addrs {
		c := redis.NewClient(&redis.Options{Addr: a})
		from, to := i*16384/3, (i+1)*16384/3-1
		if err := c.ClusterAddSlotsRange(t.Context(), from, to).Err(); err != nil {
			t.Fatal(err)
		}
		host, port, _ := net.SplitHostPort(addrs[0])
		if i > 0 {
			if err := c.ClusterMeet(t.Context(), host, port).Err(); err != nil {
				t.Fatal(err)
			}
		}
		c.Close()
	}
	for _, a := range addrs {
		c := redis.NewClient(&redis.Options{Addr: a})
		Until(t, "the cluster is whole", func() bool {
			info, err := c.ClusterInfo(t.Context()).Result()
			return err == nil && strings.Contains(info, "cluster_state:ok") && strings.Contains(info, "cluster_known_nodes:3")
		})
		c.Close()
	}
	return addrs
}

// FreeAddress is an address of loopback that nobody listens on.
func FreeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// Until waits for what another process does.
func Until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for range 1500 {
		if ok() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("waited in vain: %s", what)
}
