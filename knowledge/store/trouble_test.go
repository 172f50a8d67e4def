package store_test

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"huiwen/knowledge/store"
	"huiwen/knowledge/store/storetest"
)

// TestMain lets the test binary be the service whose disk is full.
func TestMain(m *testing.M) {
	if dir := os.Getenv("STORE_TEST_FULL"); dir != "" {
		if err := fillDisk(dir); err != nil {
			fmt.Println("error", err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// limitFiles keeps files of this process from growing beyond a size: what a full
// disk is, also for root.
func limitFiles(bytes uint64) error {
	signal.Ignore(syscall.SIGXFSZ) // then the write fails
	var l syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &l); err != nil {
		return err
	}
	l.Cur = min(bytes, l.Max)
	return syscall.Setrlimit(syscall.RLIMIT_FSIZE, &l)
}

// fillDisk writes until there is no room, and again when there is.
func fillDisk(dir string) error {
	ctx := context.Background()
	s, err := store.OpenFile(ctx, dir, nil)
	if err != nil {
		return err
	}
	defer s.Close()
	if err := limitFiles(400 << 10); err != nil {
		return err
	}
	put := func(i int) error {
		return s.Update(ctx, "in/01", func(tx store.Tx) error {
			return errors.Join(tx.Put("a"+strconv.Itoa(i), make([]byte, 4000), 0), tx.Add("set", strconv.Itoa(i), 1))
		})
	}
	kept := 0
	for ; kept < 1000; kept++ {
		if err := put(kept); err != nil {
			fmt.Println("full", kept, err)
			break
		}
	}
	if err := s.View(ctx, "in/01", func(tx store.Tx) error { _, _, err := tx.Get("a0"); return err }); err != nil {
		return fmt.Errorf("a full disk cannot be read: %w", err)
	}
	if err := limitFiles(1 << 40); err != nil {
		return err
	}
	if err := put(kept); err != nil {
		return fmt.Errorf("with room again: %w", err)
	}
	fmt.Println("kept", kept+1)
	return nil
}

func TestAFullDiskRefusesAndGoesOn(t *testing.T) {
	dir := t.TempDir()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "STORE_TEST_FULL="+dir)
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "full ") {
		t.Fatalf("%v\n%s", err, out)
	}
	kept := 0
	for line := range strings.Lines(string(out)) {
		if rest, ok := strings.CutPrefix(line, "kept "); ok {
			kept, _ = strconv.Atoi(strings.TrimSpace(rest))
		}
	}
	s, err := store.OpenFile(t.Context(), dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := store.Verify(t.Context(), s); err != nil && errors.Is(err, store.ErrDamaged) {
		t.Error(err)
	}
	err = s.View(t.Context(), "in/01", func(tx store.Tx) error {
		ms, err := tx.Range("set", 0, 9, store.MaxRange)
		if len(ms) != kept || kept == 0 {
			t.Errorf("%d were acknowledged, %d are there", kept, len(ms))
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestRedisOutOfDiskKeepsWhatItAcknowledged(t *testing.T) {
	path, err := exec.LookPath("redis-server")
	if err != nil {
		path = "redis-server" // RedisServerAt says so below
	}
	addr, dir := storetest.FreeAddress(t), t.TempDir()
	_, port, _ := net.SplitHostPort(addr)
	cmd := exec.Command("sh", "-c", fmt.Sprintf("trap '' XFSZ; ulimit -f 200; exec %s --port %s --bind 127.0.0.1 --dir %s --appendonly yes --appendfsync always --save ''", path, port, dir))
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { cmd.Process.Kill(); cmd.Wait() }()
	bare := redis.NewClient(&redis.Options{Addr: addr})
	defer bare.Close()
	storetest.Until(t, "redis-server answers", func() bool { return bare.Ping(t.Context()).Err() == nil })
	s, err := store.OpenRedis(t.Context(), store.RedisOptions{Mode: "single", Addrs: []string{addr}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var acknowledged []string
	for i := range 400 {
		key := "k" + strconv.Itoa(i)
		if err := s.Update(t.Context(), "in/01", func(tx store.Tx) error { return tx.Put(key, make([]byte, 1000), 0) }); err != nil {
			break
		}
		acknowledged = append(acknowledged, key)
	}
	if n := len(acknowledged); n == 0 || n == 400 {
		t.Fatalf("%d were acknowledged", n)
	}
	cmd.Process.Kill()
	cmd.Wait()
	storetest.RedisServerAt(t, addr, dir, "--aof-load-truncated", "yes")
	for _, key := range acknowledged {
		err := s.View(t.Context(), "in/01", func(tx store.Tx) error {
			_, ok, err := tx.Get(key)
			if !ok && err == nil {
				t.Errorf("%s was acknowledged and is gone", key)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestDamageAndNewerSchemaAreSaid(t *testing.T) {
	make := func() string {
		dir := t.TempDir()
		s, err := store.OpenFile(t.Context(), dir, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		for i := range 200 {
			if err := s.Update(t.Context(), "in/01", func(tx store.Tx) error { return tx.Put("k"+strconv.Itoa(i), []byte(strings.Repeat("v", 900)), 0) }); err != nil {
				t.Fatal(err)
			}
		}
		return dir
	}
	// look opens, reads and verifies, and returns the first thing that is said.
	look := func(dir string) error {
		s, err := store.OpenFile(t.Context(), dir, nil)
		if err != nil {
			return err
		}
		defer s.Close()
		err = s.View(t.Context(), "in/01", func(tx store.Tx) error { _, _, err := tx.Get("k100"); return err })
		return errors.Join(err, store.Verify(t.Context(), s))
	}
	if err := look(make()); err != nil {
		t.Errorf("a whole file: %v", err)
	}
	garbled := make()
	path := filepath.Join(garbled, "huiwen.db")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := len(data) / 3; i < len(data)*2/3; i++ {
		data[i] ^= 0x55
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := look(garbled); !errors.Is(err, store.ErrDamaged) || !strings.Contains(err.Error(), "备份") {
		t.Errorf("a garbled file: %v", err)
	}
	short := make()
	if err := os.Truncate(filepath.Join(short, "huiwen.db"), int64(len(data)/2)); err != nil {
		t.Fatal(err)
	}
	if err := look(short); !errors.Is(err, store.ErrDamaged) {
		t.Errorf("half a file: %v", err)
	}
	newer := make()
	db, err := sql.Open("sqlite3", filepath.Join(newer, "huiwen.db"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(`UPDATE meta SET value = '99' WHERE name = 'schema'`); err != nil {
		t.Fatal(err)
	}
	db.Close()
	if err := look(newer); !errors.Is(err, store.ErrSchema) {
		t.Errorf("a newer file: %v", err)
	}
	addr := storetest.RedisServer(t)
	c := redis.NewClient(&redis.Options{Addr: addr})
	defer c.Close()
	s, err := store.OpenRedis(t.Context(), store.RedisOptions{Addrs: []string{addr}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	key := "huiwen:{sys}:k:schema"
	if err := c.SetRange(t.Context(), key, 8, "99").Err(); err != nil {
		t.Fatal(err)
	}
	if _, err := store.OpenRedis(t.Context(), store.RedisOptions{Addrs: []string{addr}}, nil); !errors.Is(err, store.ErrSchema) {
		t.Errorf("a newer Redis: %v", err)
	}
}

// sentinel starts a sentinel over a master.
func sentinel(t *testing.T, master string) string {
	t.Helper()
	addr := storetest.FreeAddress(t)
	_, port, _ := net.SplitHostPort(addr)
	host, masterPort, _ := net.SplitHostPort(master)
	conf := filepath.Join(t.TempDir(), "sentinel.conf")
	text := fmt.Sprintf("port %s\nbind 127.0.0.1\nsentinel monitor m %s %s 1\nsentinel down-after-milliseconds m 500\nsentinel failover-timeout m 3000\n", port, host, masterPort)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("redis-server", conf, "--sentinel")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	c := redis.NewClient(&redis.Options{Addr: addr})
	defer c.Close()
	storetest.Until(t, "the sentinel answers", func() bool { return c.Ping(t.Context()).Err() == nil })
	return addr
}

// replica starts a replica and waits until it has caught up.
func replica(t *testing.T, master string) string {
	t.Helper()
	host, port, _ := net.SplitHostPort(master)
	addr := storetest.RedisServer(t, "--replicaof", host+" "+port, "--repl-diskless-sync-delay", "0")
	c := redis.NewClient(&redis.Options{Addr: addr})
	defer c.Close()
	storetest.Until(t, "the replica is in step", func() bool {
		info, err := c.Info(t.Context(), "replication").Result()
		return err == nil && strings.Contains(info, "master_link_status:up")
	})
	return addr
}

func TestRedisSaysWhatItLacks(t *testing.T) {
	plain := storetest.RedisServer(t)
	for _, tt := range []struct {
		name  string
		o     store.RedisOptions
		words []string
	}{
		{"nobody listens", store.RedisOptions{Mode: "single", Addrs: []string{storetest.FreeAddress(t)}}, []string{"连不上"}},
		{"a cluster taken for one", store.RedisOptions{Mode: "single", Addrs: []string{storetest.RedisServer(t, "--cluster-enabled", "yes")}}, []string{"store.redis.mode", "cluster"}},
		{"one taken for a cluster", store.RedisOptions{Mode: "cluster", Addrs: []string{plain}}, []string{"store.redis.mode", "cluster"}},
		{"a sentinel taken for one", store.RedisOptions{Mode: "single", Addrs: []string{sentinel(t, plain)}}, []string{"store.redis.master"}},
		{"a sentinel without a master's name", store.RedisOptions{Mode: "sentinel", Addrs: []string{plain}}, []string{"store.redis.master"}},
		{"no password", store.RedisOptions{Mode: "single", Addrs: []string{protected(t)}}, []string{"store.redis.password"}},
		{"a replica", store.RedisOptions{Mode: "single", Addrs: []string{replica(t, plain)}}, []string{"只读"}},
	} {
		s, err := store.OpenRedis(t.Context(), tt.o, nil)
		if err == nil {
			s.Close()
			t.Errorf("%s: nothing is said", tt.name)
			continue
		}
		for _, w := range tt.words {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%s: %q does not hold %q", tt.name, err, w)
			}
		}
	}
}

// protected starts a Redis that asks for a password.
func protected(t *testing.T) string {
	t.Helper()
	addr := storetest.RedisServer(t)
	c := redis.NewClient(&redis.Options{Addr: addr})
	defer c.Close()
	if err := c.ConfigSet(t.Context(), "requirepass", "quiet").Err(); err != nil {
		t.Fatal(err)
	}
	return addr
}

// TestAFailoverLosesNothingThatAReplicaHas: a commit that asked for it is on the
// replica before it is acknowledged, and when there is none any more it is counted.
func TestAFailoverLosesNothingThatAReplicaHas(t *testing.T) {
	addr, dir := storetest.FreeAddress(t), t.TempDir()
	stop := storetest.RedisServerAt(t, addr, dir)
	second := replica(t, addr)
	watch := sentinel(t, addr)
	s, err := store.OpenRedis(t.Context(), store.RedisOptions{Mode: "sentinel", Master: "m", Addrs: []string{watch}, WaitReplicas: -1, WaitTime: 2500 * time.Millisecond}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	put := func(key string) error {
		return s.Update(t.Context(), "in/01", func(tx store.Tx) error {
			store.Replicate(tx)
			return tx.Put(key, []byte("x"), 0)
		})
	}
	for i := range 50 {
		if err := put("k" + strconv.Itoa(i)); err != nil {
			t.Fatal(err)
		}
	}
	if n := s.Unreplicated(); n != 0 {
		t.Errorf("%d commits had no replica", n)
	}
	c := redis.NewClient(&redis.Options{Addr: watch})
	defer c.Close()
	storetest.Until(t, "the sentinel knows the replica", func() bool {
		v, err := c.Do(t.Context(), "sentinel", "replicas", "m").Slice()
		return err == nil && len(v) == 1
	})
	stop()
	storetest.Until(t, "the replica is promoted", func() bool { return put("after") == nil })
	if n := s.Unreplicated(); n == 0 {
		t.Error("a commit without a replica is not counted")
	}
	now, err := c.Do(t.Context(), "sentinel", "get-master-addr-by-name", "m").StringSlice()
	if err != nil || net.JoinHostPort(now[0], now[1]) != second {
		t.Errorf("the master is %v, %v", now, err)
	}
	for i := range 50 {
		key := "k" + strconv.Itoa(i)
		err := s.View(t.Context(), "in/01", func(tx store.Tx) error {
			if _, ok, err := tx.Get(key); err != nil || !ok {
				return fmt.Errorf("%s is gone: %v", key, err)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
}

// TestTheFileKeepsNoWordsThatWereDeleted looks for them in the bytes of the file
// and of its log.
func TestTheFileKeepsNoWordsThatWereDeleted(t *testing.T) {
	dir := t.TempDir()
	s, err := store.OpenFile(t.Context(), dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	const words = "the words of a person"
	for _, fn := range []func(store.Tx) error{
		func(tx store.Tx) error { return tx.Put("k", []byte(words), 0) },
		func(tx store.Tx) error { return tx.Del("k") },
	} {
		if err := s.Update(t.Context(), "in/01", fn); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Sweep(t.Context(), 10); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"huiwen.db", "huiwen.db-wal"} {
		f, err := os.Open(filepath.Join(dir, name))
		if err != nil {
			continue
		}
		data := bufio.NewReader(f)
		var all strings.Builder
		data.WriteTo(&all)
		f.Close()
		if strings.Contains(all.String(), words) {
			t.Errorf("%s still holds them", name)
		}
	}
}
