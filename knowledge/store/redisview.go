package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"
)

// A picture is what a view has read, and read again all at once: a scope that is
// written without a pause would else never stand still for a reader.
type picture struct {
	values map[string]*string // by key in Redis, nil for absent
	ranges map[rangeArgs][]redis.Z
	taken  bool
	lacks  bool // fn read what is not in it
}

type rangeArgs struct {
	key      string
	from, to float64
	limit    int
}

func newPicture() *picture {
	return &picture{values: map[string]*string{}, ranges: map[rangeArgs][]redis.Z{}}
}

// errLacks stops fn at a read that is not in the picture.
var errLacks = errors.New("store: not read yet")

// maxPictures bounds how often a view is taken anew because fn read more.
const maxPictures = 50

// look gives fn a picture of what it read before, taken in one transaction, until
// fn reads nothing else.
func (r *Redis) look(ctx context.Context, scope string, fn func(Tx) error, p *picture) error {
	for range maxPictures {
		now, err := r.now(ctx)
		if err != nil {
			return fmt.Errorf("store: redis: %w", hint(err))
		}
		if err := r.take(ctx, p); err != nil {
			return fmt.Errorf("store: redis: %w", hint(err))
		}
		tx := &redisTx{ctx: ctx, scope: scope, now: now, readOnly: true, puts: map[string]*write{}, sets: map[string]map[string]*float64{}, seen: p}
		if err := call(fn, tx); !p.lacks {
			return err
		}
	}
	return ErrBusy
}

// take reads everything in the picture in one transaction.
func (r *Redis) take(ctx context.Context, p *picture) error {
	values, ranges := map[string]*redis.StringCmd{}, map[rangeArgs]*redis.ZSliceCmd{}
	p.taken, p.lacks = true, false
	if len(p.values)+len(p.ranges) == 0 {
		return nil
	}
	_, err := r.client.TxPipelined(ctx, func(pipe redis.Pipeliner) error {
		for k := range p.values {
			values[k] = pipe.Get(ctx, k)
		}
		for a := range p.ranges {
			ranges[a] = pipe.ZRangeArgsWithScores(ctx, a.args())
		}
		return nil
	})
	if err != nil && !errors.Is(err, redis.Nil) {
		return err
	}
	for k, cmd := range values {
		v, err := cmd.Result()
		if err != nil && !errors.Is(err, redis.Nil) {
			return err
		}
		if p.values[k] = nil; err == nil {
			p.values[k] = &v
		}
	}
	for a, cmd := range ranges {
		if p.ranges[a], err = cmd.Result(); err != nil {
			return err
		}
	}
	return nil
}

func (a rangeArgs) args() redis.ZRangeArgs {
	return redis.ZRangeArgs{Key: a.key, Start: bound(a.from), Stop: bound(a.to), ByScore: true, Count: int64(a.limit)}
}

// value reads a key: from Redis, writing down that it was read, or from the picture.
func (t *redisTx) value(key string) (raw []byte, ok bool, err error) {
	if t.seen == nil || !t.seen.taken {
		raw, err = t.tx.Get(t.ctx, key).Bytes()
		if t.seen != nil {
			t.seen.values[key] = nil
		}
		if errors.Is(err, redis.Nil) {
			return nil, false, nil
		}
		return raw, err == nil, err
	}
	v, known := t.seen.values[key]
	if !known {
		t.seen.values[key], t.seen.lacks = nil, true
		return nil, false, errLacks
	}
	if v == nil {
		return nil, false, nil
	}
	return []byte(*v), true, nil
}

// members reads a span of a set likewise.
func (t *redisTx) members(a rangeArgs) ([]redis.Z, error) {
	if t.seen == nil || !t.seen.taken {
		if t.seen != nil {
			t.seen.ranges[a] = nil
		}
		return t.tx.ZRangeArgsWithScores(t.ctx, a.args()).Result()
	}
	zs, known := t.seen.ranges[a]
	if !known {
		t.seen.ranges[a], t.seen.lacks = nil, true
		return nil, errLacks
	}
	return zs, nil
}
