package store

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	mrand "math/rand/v2"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// A Redis is a store shared by many replicas: single, Sentinel or Cluster. All
// keys of a scope share a hash tag; a version key per scope makes every
// transaction optimistic (WATCH and MULTI).
type Redis struct {
	client redis.UniversalClient
	clock  Clock
	mode   string
	wait   int           // replicas that a commit waits for when it asks to
	waited time.Duration // at most
	alone  atomic.Int64  // commits that had too few
}

// RedisOptions say where the shared store is.
type RedisOptions struct {
	ReadOnly           bool   // write nothing, not even the schema number
	Mode               string // single, sentinel, cluster
	Addrs              []string
	Master             string
	Username, Password string
	// WaitReplicas is how many replicas must have a commit that asks for it, at
	// most WaitTime long (WAIT); fewer are counted and not an error. 0 waits for
	// none; below 0 waits for one when every master has one at the start.
	WaitReplicas int
	WaitTime     time.Duration
}

const (
	redisPrefix = "huiwen:"
	// maxConflicts bounds how often an Update is run again; patience how often a
	// View is before all it read is read at once.
	maxConflicts = 200
	patience     = 3
	// markLives is how long the mark of a commit can be asked for; later its
	// fate is unknown.
	markLives = time.Minute
	// sweepGrace is how much later than by the store's clock Redis itself drops
	// an expired value.
	sweepGrace  = time.Hour
	redisWait   = 3 * time.Second
	settleTries = 5
)

// OpenRedis connects to a shared store; clock may be nil.
func OpenRedis(ctx context.Context, o RedisOptions, clock Clock) (*Redis, error) {
	if clock == nil {
		clock = func() time.Duration { return 0 }
	}
	quiet.Do(func() { redis.SetLogger(silence{}) })
	maint := &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	var c redis.UniversalClient
	switch o.Mode {
	case "single", "":
		c = redis.NewClient(&redis.Options{Addr: o.Addrs[0], Username: o.Username, Password: o.Password, MaxRetries: -1, ContextTimeoutEnabled: true,
			DialTimeout: redisWait, ReadTimeout: redisWait, WriteTimeout: redisWait, DisableIdentity: true, MaintNotificationsConfig: maint})
	case "sentinel":
		if o.Master == "" {
			return nil, errors.New("store.redis.master: sentinel needs the name of the master")
		}
		c = redis.NewFailoverClient(&redis.FailoverOptions{MasterName: o.Master, SentinelAddrs: o.Addrs, Username: o.Username, Password: o.Password, MaxRetries: -1,
			ContextTimeoutEnabled: true, DialTimeout: redisWait, ReadTimeout: redisWait, WriteTimeout: redisWait, DisableIdentity: true})
	case "cluster":
		c = redis.NewClusterClient(&redis.ClusterOptions{Addrs: o.Addrs, Username: o.Username, Password: o.Password, MaxRetries: -1, ContextTimeoutEnabled: true,
			DialTimeout: redisWait, ReadTimeout: redisWait, WriteTimeout: redisWait, DisableIdentity: true, MaintNotificationsConfig: maint})
	default:
		return nil, fmt.Errorf("store.redis.mode: %q is not single, sentinel or cluster", o.Mode)
	}
	r := &Redis{client: c, clock: clock, mode: cmp.Or(o.Mode, "single"), wait: o.WaitReplicas, waited: cmp.Or(o.WaitTime, 500*time.Millisecond)}
	look := r.Update
	if o.ReadOnly {
		look = r.View
	}
	err := r.speaks(ctx, o.ReadOnly)
	if err == nil && r.wait < 0 {
		r.wait, err = r.replicas(ctx)
	}
	if err == nil {
		err = look(ctx, "sys", r.schema)
	}
	if o.ReadOnly && errors.Is(err, ErrReadOnly) {
		err = nil // nothing was ever kept there
	}
	if err != nil {
		c.Close()
		return nil, fmt.Errorf("Redis（store.redis.addrs %s）：%w", strings.Join(o.Addrs, " "), hint(err))
	}
	return r, nil
}

// The client writes to standard error by itself what its errors say anyway.
var quiet sync.Once

type silence struct{}

func (silence) Printf(context.Context, string, ...any) {}

// hint adds to an error of Redis what an operator can do about it.
func hint(err error) error {
	var said redis.Error
	if !errors.As(err, &said) {
		var net net.Error
		if errors.As(err, &net) {
			return fmt.Errorf("连不上，请检查地址和网络：%w", err)
		}
		return err
	}
	for prefix, words := range map[string]string{
		"NOAUTH": "要密码，请设 store.redis.password", "WRONGPASS": "用户名或密码不对", "READONLY": "这是只读的副本，请连主节点（哨兵、集群用对应的 store.redis.mode）",
		"MISCONF": "它写不了磁盘，已停止写入；请看它的日志", "OOM": "它的内存满了，请加大 maxmemory", "MOVED": "这是集群，请把 store.redis.mode 改成 cluster",
		"CLUSTERDOWN": "集群不完整，有槽位没有节点负责", "LOADING": "它还在载入数据，请稍候", "NOREPLICAS": "副本不够（min-replicas-to-write），已停止写入", "ERR This instance has cluster support disabled": "这不是集群，请把 store.redis.mode 从 cluster 改成 single",
	} {
		if strings.HasPrefix(said.Error(), prefix) {
			return fmt.Errorf("%s：%w", words, err)
		}
	}
	return err
}

// speaks asks every node whether it can do what the store needs: the mode that
// is configured, transactions, a version that is new enough.
func (r *Redis) speaks(ctx context.Context, readOnly bool) error {
	want := map[string]string{"single": "standalone", "sentinel": "standalone", "cluster": "cluster"}[r.mode]
	return r.eachNode(ctx, func(ctx context.Context, node redis.UniversalClient) error {
		info, err := serverInfo(ctx, node, "server")
		if err != nil {
			return err
		}
		switch got := info["redis_mode"]; {
		case got == "sentinel":
			return errors.New("这是哨兵的地址：请把 store.redis.mode 改成 sentinel，并填 store.redis.master")
		case got != "" && got != want:
			return fmt.Errorf("它以 %s 方式运行，与 store.redis.mode: %s 不符", got, r.mode)
		}
		place, err := serverInfo(ctx, node, "replication")
		if err != nil {
			return err
		}
		if place["role"] == "slave" && !readOnly {
			return errors.New("这是只读的副本：请连主节点（哨兵、集群用对应的 store.redis.mode）")
		}
		if v := info["redis_version"]; v != "" && olderThan62(v) {
			return fmt.Errorf("它的版本是 %s，至少要 6.2", v)
		}
		var exec *redis.Cmd
		_, err = node.Pipelined(ctx, func(p redis.Pipeliner) error {
			p.Do(ctx, "multi")
			exec = p.Do(ctx, "exec")
			return nil
		})
		if err != nil || exec.Err() != nil {
			return fmt.Errorf("它（或它前面的代理）不支持 MULTI/EXEC，不能用作存储：%w", errors.Join(err, exec.Err()))
		}
		return nil
	})
}

// replicas is 1 when every master has a replica, else 0.
func (r *Redis) replicas(ctx context.Context) (int, error) {
	n := 1
	err := r.eachNode(ctx, func(ctx context.Context, node redis.UniversalClient) error {
		info, err := serverInfo(ctx, node, "replication")
		if k, _ := strconv.Atoi(info["connected_slaves"]); k == 0 {
			n = 0
		}
		return err
	})
	return n, err
}

func olderThan62(version string) bool {
	major, rest, _ := strings.Cut(version, ".")
	minor, _, _ := strings.Cut(rest, ".")
	a, _ := strconv.Atoi(major)
	b, _ := strconv.Atoi(minor)
	return a < 6 || a == 6 && b < 2
}

// serverInfo reads sections of INFO, which unlike CONFIG every service allows.
func serverInfo(ctx context.Context, node redis.UniversalClient, section string) (map[string]string, error) {
	text, err := node.Info(ctx, section).Result()
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for line := range strings.Lines(text) {
		if k, v, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
			out[k] = v
		}
	}
	return out, nil
}

// schema writes or compares the schema number.
func (r *Redis) schema(tx Tx) error {
	v, ok, err := tx.Get("schema")
	if err != nil {
		return err
	}
	if !ok {
		return tx.Put("schema", []byte(strconv.Itoa(Schema)), 0)
	}
	if n, _ := strconv.Atoi(string(v)); n > Schema {
		return fmt.Errorf("%w (%d, this one knows %d)", ErrSchema, n, Schema)
	}
	return nil
}

// The keys of a scope.
func tag(scope string) string           { return redisPrefix + "{" + scope + "}" }
func versionKey(scope string) string    { return tag(scope) + ":v" }
func markKey(scope, mark string) string { return tag(scope) + ":m:" + mark }
func valueKey(scope, key string) string { return tag(scope) + ":k:" + key }
func setKey(scope, set string) string   { return tag(scope) + ":z:" + set }

// View implements [Store].
func (r *Redis) View(ctx context.Context, scope string, fn func(Tx) error) error {
	return r.run(ctx, scope, fn, true)
}

// Update implements [Store].
func (r *Redis) Update(ctx context.Context, scope string, fn func(Tx) error) error {
	return r.run(ctx, scope, fn, false)
}

// errConflict says that another transaction of the scope came between.
var errConflict = errors.New("store: conflict")

func (r *Redis) run(ctx context.Context, scope string, fn func(Tx) error, readOnly bool) error {
	if err := checkScope(scope); err != nil {
		return err
	}
	var seen *picture
	for try := range maxConflicts {
		if readOnly && try == patience {
			return r.look(ctx, scope, fn, seen)
		}
		if readOnly {
			seen = newPicture()
		}
		err := r.attempt(ctx, scope, fn, seen)
		if !errors.Is(err, errConflict) {
			return err
		}
		pause := time.Duration(mrand.Int64N(int64(time.Millisecond) * int64(min(try+1, 20))))
		select {
		case <-ctx.Done():
			return fmt.Errorf("store: %w", ctx.Err())
		case <-time.After(pause):
		}
	}
	return ErrBusy
}

// attempt watches the scope's version, runs fn and commits what it wrote. What
// fn read is checked to be of one version also when it wrote nothing or failed.
func (r *Redis) attempt(ctx context.Context, scope string, fn func(Tx) error, seen *picture) error {
	mark := rand.Text()
	var fnErr error
	sent := false
	began := time.Now()
	err := r.client.Watch(ctx, func(wtx *redis.Tx) error {
		now, err := wtx.Time(ctx).Result()
		if err != nil {
			return err
		}
		tx := &redisTx{ctx: ctx, tx: wtx, scope: scope, now: now.Add(r.clock()), readOnly: seen != nil, puts: map[string]*write{}, sets: map[string]map[string]*float64{}, seen: seen}
		if fnErr = call(fn, tx); fnErr != nil || !tx.wrote {
			return unchanged(ctx, wtx)
		}
		sent = true
		_, err = wtx.TxPipelined(ctx, func(p redis.Pipeliner) error {
			p.Incr(ctx, versionKey(scope))
			p.Set(ctx, markKey(scope, mark), "", markLives)
			tx.flush(p)
			return nil
		})
		if err == nil && tx.shared && r.wait > 0 {
			r.waitReplicas(ctx, wtx)
		}
		return err
	}, versionKey(scope))
	switch {
	case errors.Is(err, redis.TxFailedErr):
		return errConflict
	case err == nil:
		return fnErr
	case sent && !refused(err):
		return r.settle(scope, mark, began, err)
	}
	return fmt.Errorf("store: redis: %w", hint(err))
}

// waitReplicas waits until replicas have what this connection wrote. A replica
// that does not answer is counted: the commit stands all the same.
func (r *Redis) waitReplicas(ctx context.Context, tx *redis.Tx) {
	n, err := tx.Wait(ctx, r.wait, r.waited).Result()
	if err != nil || int(n) < r.wait {
		r.alone.Add(1)
	}
}

// Unreplicated counts the commits that asked for replicas and had too few.
func (r *Redis) Unreplicated() int64 { return r.alone.Load() }

// unchanged asks Redis whether what is watched is as it was: an empty
// transaction does, also when memory is full.
func unchanged(ctx context.Context, tx *redis.Tx) error {
	var exec *redis.Cmd
	_, err := tx.Pipelined(ctx, func(p redis.Pipeliner) error {
		p.Do(ctx, "multi")
		exec = p.Do(ctx, "exec")
		return nil
	})
	if errors.Is(exec.Err(), redis.Nil) {
		return redis.TxFailedErr
	}
	return err
}

// refused reports whether Redis itself said no to the whole transaction: then
// nothing of it was done.
func refused(err error) bool {
	var said redis.Error
	return errors.As(err, &said)
}

// settle finds out whether a commit whose answer was lost took place. Raising
// the version in the same transaction that looks for the mark keeps it from
// taking place later.
func (r *Redis) settle(scope, mark string, began time.Time, cause error) error {
	ctx, cancel := context.WithTimeout(context.Background(), settleTries*redisWait)
	defer cancel()
	for try := range settleTries {
		var found *redis.IntCmd
		_, err := r.client.TxPipelined(ctx, func(p redis.Pipeliner) error {
			found = p.Exists(ctx, markKey(scope, mark))
			p.Incr(ctx, versionKey(scope))
			return nil
		})
		if err == nil {
			if found.Val() == 1 {
				return nil
			}
			if time.Since(began) > markLives/2 || time.Now().Round(0).Sub(began.Round(0)) > markLives/2 {
				break // stopped for so long that the mark may have gone
			}
			return fmt.Errorf("store: not committed: %w", cause)
		}
		time.Sleep(time.Duration(try+1) * 50 * time.Millisecond)
	}
	return fmt.Errorf("%w: %w", ErrUnknown, cause)
}

// eachNode calls fn for every master.
func (r *Redis) eachNode(ctx context.Context, fn func(context.Context, redis.UniversalClient) error) error {
	if c, ok := r.client.(*redis.ClusterClient); ok {
		var mu sync.Mutex
		return c.ForEachMaster(ctx, func(ctx context.Context, node *redis.Client) error {
			mu.Lock()
			defer mu.Unlock()
			return fn(ctx, node)
		})
	}
	return fn(ctx, r.client)
}

// scan lists the keys that fit a pattern, all nodes together, sorted.
func (r *Redis) scan(ctx context.Context, pattern string) ([]string, error) {
	var out []string
	err := r.eachNode(ctx, func(ctx context.Context, node redis.UniversalClient) error {
		it := node.Scan(ctx, 0, pattern, 1000).Iterator()
		for it.Next(ctx) {
			out = append(out, it.Val())
		}
		return it.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("store: scan: %w", err)
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// Scopes implements [Store].
func (r *Redis) Scopes(ctx context.Context, kind string) ([]string, error) {
	keys, err := r.scan(ctx, redisPrefix+"{"+kind+"*}:[kz]:*")
	if err != nil {
		return nil, err
	}
	now, err := r.now(ctx)
	if err != nil {
		return nil, err
	}
	out := []string{}
	for _, k := range keys {
		scope, rest, _ := strings.Cut(strings.TrimPrefix(k, redisPrefix+"{"), "}:")
		if kind != "" && kindOf(scope) != kind || slices.Contains(out, scope) || scope == "sys" && rest == "k:schema" {
			continue
		}
		if strings.HasPrefix(rest, "k:") {
			raw, err := r.client.Get(ctx, k).Bytes()
			if err != nil && !errors.Is(err, redis.Nil) {
				return nil, fmt.Errorf("store: list scopes: %w", err)
			}
			if _, ok := unwrap(raw, now); !ok {
				continue
			}
		}
		out = append(out, scope)
	}
	return out, nil
}

func (r *Redis) now(ctx context.Context) (time.Time, error) {
	now, err := r.client.Time(ctx).Result()
	if _, cluster := r.client.(*redis.ClusterClient); cluster || err != nil {
		now, err = time.Now(), nil // no one node's clock is the store's
	}
	return now.Add(r.clock()), err
}

// Dump implements [Store]; every scope is one view.
func (r *Redis) Dump(ctx context.Context, w io.Writer) error {
	d, err := newDumpWriter(w)
	if err != nil {
		return fmt.Errorf("store: dump: %w", err)
	}
	scopes, err := r.Scopes(ctx, "")
	if err != nil {
		return err
	}
	versions := map[string]string{}
	for _, scope := range scopes {
		v, err := r.client.Get(ctx, versionKey(scope)).Result()
		if err != nil && !errors.Is(err, redis.Nil) {
			return fmt.Errorf("store: dump: %w", hint(err))
		}
		versions[scope] = v
	}
	keys, err := r.scan(ctx, redisPrefix+"{*}:[kz]:*")
	if err != nil {
		return err
	}
	byScope := map[string][]string{}
	for _, k := range keys {
		scope, _, _ := strings.Cut(strings.TrimPrefix(k, redisPrefix+"{"), "}:")
		byScope[scope] = append(byScope[scope], k)
	}
	for _, scope := range scopes {
		entries, err := r.entries(ctx, scope, versions[scope], byScope[scope])
		if err != nil {
			return err
		}
		for _, e := range entries {
			if err := d.write(e); err != nil {
				return fmt.Errorf("store: dump: %w", err)
			}
		}
	}
	at, err := r.now(ctx)
	return errors.Join(err, d.end(at))
}

// Load implements [Store].
func (r *Redis) Load(ctx context.Context, from io.Reader) error {
	return load(ctx, r, func(ctx context.Context) (bool, error) {
		all, err := r.Scopes(ctx, "")
		return len(all) > 0, err
	}, from)
}

// Sweep implements [Store]: Redis drops what has expired by itself, later.
func (r *Redis) Sweep(context.Context, int) (int, error) { return 0, nil }

// Check implements [Store]: a shared Redis must not evict, must append, must take
// writes.
func (r *Redis) Check(ctx context.Context) error {
	return r.eachNode(ctx, func(ctx context.Context, node redis.UniversalClient) error {
		info, err := serverInfo(ctx, node, "everything")
		if err != nil {
			return fmt.Errorf("store: redis: %w", hint(err))
		}
		if p := info["maxmemory_policy"]; p != "" && p != "noeviction" {
			return fmt.Errorf("Redis 的 maxmemory-policy 是 %s，内存满了会丢消息：请改成 noeviction", p)
		}
		if info["aof_enabled"] == "0" {
			return errors.New("Redis 没有打开 AOF，停机会丢消息：请设 appendonly yes")
		}
		if s := info["aof_last_write_status"]; s != "" && s != "ok" {
			return errors.New("Redis 上一次写 AOF 失败，可能磁盘已满：请看它的日志")
		}
		if info["role"] == "slave" {
			return errors.New("连到的 Redis 是只读的副本：请连主节点")
		}
		return nil
	})
}

// Close implements [Store].
func (r *Redis) Close() error { return r.client.Close() }

// A value in Redis begins with its expiry in milliseconds by the store's clock.
func wrap(value []byte, expires int64) []byte {
	out := binary.BigEndian.AppendUint64(make([]byte, 0, 8+len(value)), uint64(expires))
	return append(out, value...)
}

func unwrap(raw []byte, now time.Time) ([]byte, bool) {
	if len(raw) < 8 {
		return nil, false
	}
	if e := int64(binary.BigEndian.Uint64(raw)); e != 0 && e <= now.UnixMilli() {
		return nil, false
	}
	return raw[8:], true
}

// A write is a buffered Put, or a Del when value is nil.
type write struct {
	value   []byte
	expires int64
	ttl     time.Duration
}

// A redisTx reads through and buffers what is written.
type redisTx struct {
	ctx      context.Context
	tx       *redis.Tx
	scope    string
	now      time.Time
	readOnly bool
	wrote    bool
	shared   bool // a replica must have it
	seen     *picture
	puts     map[string]*write
	sets     map[string]map[string]*float64 // nil score: removed
}

func (t *redisTx) Now() time.Time { return t.now }

func (t *redisTx) Get(key string) ([]byte, bool, error) {
	if err := checkKey(key); err != nil {
		return nil, false, err
	}
	if w, ok := t.puts[key]; ok {
		if w == nil || w.expires != 0 && w.expires <= t.now.UnixMilli() {
			return nil, false, nil
		}
		return slices.Clone(w.value), true, nil
	}
	raw, ok, err := t.value(valueKey(t.scope, key))
	if err != nil || !ok {
		return nil, false, wrapped("get", err)
	}
	v, ok := unwrap(raw, t.now)
	return v, ok, nil
}

func wrapped(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("store: %s: %w", what, err)
}

func (t *redisTx) replicate() { t.shared = true }

// getMany reads many keys in one round trip.
func (t *redisTx) getMany(keys []string) ([][]byte, error) {
	out := make([][]byte, len(keys))
	var names []string
	var at []int
	for i, k := range keys {
		if err := checkKey(k); err != nil {
			return nil, err
		}
		if _, ok := t.puts[k]; ok {
			if v, ok, _ := t.Get(k); ok {
				out[i] = v
			}
			continue
		}
		names, at = append(names, valueKey(t.scope, k)), append(at, i)
	}
	if len(names) == 0 {
		return out, nil
	}
	if t.seen != nil && t.seen.taken {
		return t.fromPicture(names, at, out)
	}
	if t.seen != nil {
		for _, n := range names {
			t.seen.values[n] = nil
		}
	}
	found, err := t.tx.MGet(t.ctx, names...).Result()
	if err != nil {
		return nil, fmt.Errorf("store: get: %w", err)
	}
	for i, raw := range found {
		if s, ok := raw.(string); ok {
			if v, ok := unwrap([]byte(s), t.now); ok {
				out[at[i]] = v
			}
		}
	}
	return out, nil
}

// fromPicture finds values in the picture; all that lack are asked for at once.
func (t *redisTx) fromPicture(names []string, at []int, out [][]byte) ([][]byte, error) {
	var lacks error
	for i, n := range names {
		raw, ok, err := t.value(n)
		if err != nil {
			lacks = err
			continue
		}
		if v, alive := unwrap(raw, t.now); ok && alive {
			out[at[i]] = v
		}
	}
	return out, lacks
}

func (t *redisTx) writes() error {
	if t.readOnly {
		return ErrReadOnly
	}
	t.wrote = true
	return nil
}

func (t *redisTx) Put(key string, value []byte, ttl time.Duration) error {
	if err := errors.Join(checkKey(key), checkValue(value), t.writes()); err != nil {
		return err
	}
	t.puts[key] = &write{append([]byte{}, value...), expiry(t.now, ttl), ttl}
	return nil
}

func (t *redisTx) Del(key string) error {
	if err := errors.Join(checkKey(key), t.writes()); err != nil {
		return err
	}
	t.puts[key] = nil
	return nil
}

func (t *redisTx) Add(set, member string, score float64) error {
	if err := errors.Join(checkKey(set), checkKey(member), checkScore(score), t.writes()); err != nil {
		return err
	}
	t.member(set, member, &score)
	return nil
}

func (t *redisTx) Rem(set, member string) error {
	if err := errors.Join(checkKey(set), checkKey(member), t.writes()); err != nil {
		return err
	}
	t.member(set, member, nil)
	return nil
}

func (t *redisTx) member(set, member string, score *float64) {
	if t.sets[set] == nil {
		t.sets[set] = map[string]*float64{}
	}
	t.sets[set][member] = score
}

func checkScore(score float64) error {
	if math.IsNaN(score) || math.IsInf(score, 0) {
		return fmt.Errorf("store: score %v", score)
	}
	return nil
}

func bound(f float64) string {
	switch {
	case math.IsInf(f, 1):
		return "+inf"
	case math.IsInf(f, -1):
		return "-inf"
	}
	return strconv.FormatFloat(f, 'g', -1, 64)
}

func (t *redisTx) Range(set string, from, to float64, limit int) ([]Member, error) {
	if err := checkKey(set); err != nil {
		return nil, err
	}
	limit = min(max(limit, 0), MaxRange)
	if limit == 0 || from > to {
		return nil, nil
	}
	changed := t.sets[set]
	found, err := t.members(rangeArgs{setKey(t.scope, set), from, to, limit + len(changed)})
	if err != nil {
		return nil, wrapped("range", err)
	}
	var out []Member
	for _, z := range found {
		if name := z.Member.(string); !has(changed, name) {
			out = append(out, Member{name, z.Score})
		}
	}
	for name, score := range changed {
		if score != nil && *score >= from && *score <= to {
			out = append(out, Member{name, *score})
		}
	}
	slices.SortFunc(out, func(a, b Member) int { return cmp.Or(cmp.Compare(a.Score, b.Score), cmp.Compare(a.Name, b.Name)) })
	return out[:min(limit, len(out))], nil
}

func has(m map[string]*float64, name string) bool { _, ok := m[name]; return ok }

// flush sends what was buffered.
func (t *redisTx) flush(p redis.Pipeliner) {
	for key, w := range t.puts {
		if w == nil {
			p.Del(t.ctx, valueKey(t.scope, key))
			continue
		}
		ttl := time.Duration(0)
		if w.ttl > 0 {
			ttl = w.ttl + sweepGrace
		}
		p.Set(t.ctx, valueKey(t.scope, key), wrap(w.value, w.expires), ttl)
	}
	for set, members := range t.sets {
		for name, score := range members {
			if score == nil {
				p.ZRem(t.ctx, setKey(t.scope, set), name)
				continue
			}
			p.ZAdd(t.ctx, setKey(t.scope, set), redis.Z{Score: *score, Member: name})
		}
	}
}
