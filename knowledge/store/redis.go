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
	"slices"
	"strconv"
	"strings"
	"sync"
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
}

// RedisOptions say where the shared store is.
type RedisOptions struct {
	ReadOnly           bool   // write nothing, not even the schema number
	Mode               string // single, sentinel, cluster
	Addrs              []string
	Master             string
	Username, Password string
}

const (
	redisPrefix = "huiwen:"
	// maxConflicts bounds how often an Update is run again.
	maxConflicts = 200
	// markLives is how long the mark of a commit can be asked for.
	markLives = 10 * time.Minute
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
	r := &Redis{client: c, clock: clock}
	look := r.Update
	if o.ReadOnly {
		look = r.View
	}
	err := look(ctx, "sys", r.schema)
	if o.ReadOnly && errors.Is(err, ErrReadOnly) {
		err = nil // nothing was ever kept there
	}
	if err != nil {
		c.Close()
		return nil, fmt.Errorf("连不上 Redis，请检查地址和密码：%w", err)
	}
	return r, nil
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
	for try := range maxConflicts {
		err := r.attempt(ctx, scope, fn, readOnly)
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
func (r *Redis) attempt(ctx context.Context, scope string, fn func(Tx) error, readOnly bool) error {
	mark := rand.Text()
	var fnErr error
	sent := false
	err := r.client.Watch(ctx, func(wtx *redis.Tx) error {
		now, err := wtx.Time(ctx).Result()
		if err != nil {
			return err
		}
		tx := &redisTx{ctx: ctx, tx: wtx, scope: scope, now: now.Add(r.clock()), readOnly: readOnly, puts: map[string]*write{}, sets: map[string]map[string]*float64{}}
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
		return err
	}, versionKey(scope))
	switch {
	case errors.Is(err, redis.TxFailedErr):
		return errConflict
	case err == nil:
		return fnErr
	case sent && !refused(err):
		return r.settle(scope, mark, err)
	}
	return fmt.Errorf("store: redis: %w", err)
}

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
func (r *Redis) settle(scope, mark string, cause error) error {
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
	for _, scope := range scopes {
		entries, err := r.entries(ctx, scope)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if err := d.write(e); err != nil {
				return fmt.Errorf("store: dump: %w", err)
			}
		}
	}
	return nil
}

// entries reads a whole scope in one view.
func (r *Redis) entries(ctx context.Context, scope string) ([]Entry, error) {
	return View(ctx, r, scope, func(tx Tx) ([]Entry, error) {
		keys, err := r.scan(ctx, tag(scope)+":[kz]:*")
		if err != nil {
			return nil, err
		}
		var out []Entry
		for _, k := range keys {
			rest := strings.TrimPrefix(k, tag(scope)+":")
			if key, ok := strings.CutPrefix(rest, "k:"); ok {
				if scope == "sys" && key == "schema" {
					continue
				}
				raw, err := tx.(*redisTx).tx.Get(ctx, k).Bytes()
				if err != nil && !errors.Is(err, redis.Nil) {
					return nil, fmt.Errorf("store: dump: %w", err)
				}
				if v, ok := unwrap(raw, tx.Now()); ok {
					out = append(out, Entry{Scope: scope, Key: key, Value: v, Expires: int64(binary.BigEndian.Uint64(raw))})
				}
				continue
			}
			set := strings.TrimPrefix(rest, "z:")
			members, err := tx.(*redisTx).tx.ZRangeWithScores(ctx, k, 0, -1).Result()
			if err != nil {
				return nil, fmt.Errorf("store: dump: %w", err)
			}
			for _, m := range members {
				out = append(out, Entry{Scope: scope, Set: set, Member: m.Member.(string), Score: m.Score})
			}
		}
		return out, nil
	})
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

// Check implements [Store]: a shared Redis must not evict and should append.
func (r *Redis) Check(ctx context.Context) error {
	return r.eachNode(ctx, func(ctx context.Context, node redis.UniversalClient) error {
		policy, err := node.ConfigGet(ctx, "maxmemory-policy").Result()
		if err != nil {
			return fmt.Errorf("store: redis: %w", err)
		}
		if p := policy["maxmemory-policy"]; p != "noeviction" {
			return fmt.Errorf("Redis 的 maxmemory-policy 是 %s，内存满了会丢消息：请改成 noeviction", p)
		}
		aof, err := node.ConfigGet(ctx, "appendonly").Result()
		if err != nil {
			return fmt.Errorf("store: redis: %w", err)
		}
		if aof["appendonly"] != "yes" {
			return errors.New("Redis 没有打开 AOF，停机会丢消息：请设 appendonly yes")
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
	raw, err := t.tx.Get(t.ctx, valueKey(t.scope, key)).Bytes()
	if errors.Is(err, redis.Nil) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("store: get: %w", err)
	}
	v, ok := unwrap(raw, t.now)
	return v, ok, nil
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
	found, err := t.tx.ZRangeArgsWithScores(t.ctx, redis.ZRangeArgs{Key: setKey(t.scope, set), Start: bound(from), Stop: bound(to), ByScore: true, Count: int64(limit + len(changed))}).Result()
	if err != nil {
		return nil, fmt.Errorf("store: range: %w", err)
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
