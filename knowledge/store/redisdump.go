package store

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// entries reads a whole scope as it was at one moment. Keys are those of the
// scope when it had a version: as long as it has it, the database need not be
// searched again.
func (r *Redis) entries(ctx context.Context, scope, version string, keys []string) ([]Entry, error) {
	for range patience {
		var out []Entry
		err := r.attempt(ctx, scope, func(tx Tx) (err error) {
			t := tx.(*redisTx)
			if v, _, err := t.value(versionKey(scope)); err != nil {
				return err
			} else if string(v) != version {
				if keys, err = r.scan(ctx, tag(scope)+":[kz]:*"); err != nil {
					return err
				}
			}
			out, err = t.entries(keys)
			return err
		}, newPicture())
		if !errors.Is(err, errConflict) {
			return out, err
		}
	}
	return r.frozen(ctx, scope)
}

func (t *redisTx) entries(keys []string) ([]Entry, error) {
	var out []Entry
	for _, key := range keys {
		name := strings.TrimPrefix(key, tag(t.scope)+":")
		if strings.HasPrefix(name, "k:") {
			raw, _, err := t.value(key)
			if err != nil {
				return nil, wrapped("dump", err)
			}
			out = appendValue(out, t.scope, name, raw, t.now)
			continue
		}
		members, err := t.members(rangeArgs{key, math.Inf(-1), math.Inf(1), -1})
		if err != nil {
			return nil, wrapped("dump", err)
		}
		for _, m := range members {
			out = append(out, Entry{Scope: t.scope, Set: strings.TrimPrefix(name, "z:"), Member: m.Member.(string), Score: m.Score})
		}
	}
	return out, nil
}

func appendValue(out []Entry, scope, name string, raw []byte, now time.Time) []Entry {
	v, alive := unwrap(raw, now)
	if !alive || scope == "sys" && name == "k:schema" {
		return out
	}
	return append(out, Entry{Scope: scope, Key: strings.TrimPrefix(name, "k:"), Value: v, Expires: int64(binary.BigEndian.Uint64(raw))})
}

// freeze reads all keys of a pattern in one go.
var freeze = redis.NewScript(`
local out = {}
for _, k in ipairs(redis.call('KEYS', ARGV[1])) do
  if redis.call('TYPE', k).ok == 'string' then
    out[#out + 1] = {k, redis.call('GET', k)}
  else
    out[#out + 1] = {k, redis.call('ZRANGE', k, 0, -1, 'WITHSCORES')}
  end
end
return out`)

// frozen reads a scope that does not stand still: a script holds Redis up for as
// long as it takes to go through its keys.
func (r *Redis) frozen(ctx context.Context, scope string) ([]Entry, error) {
	now, err := r.now(ctx)
	if err != nil {
		return nil, wrapped("dump", hint(err))
	}
	found, err := freeze.Run(ctx, r.client, []string{versionKey(scope)}, tag(scope)+":[kz]:*").Slice()
	if err != nil {
		return nil, wrapped("dump", hint(err))
	}
	var out []Entry
	for _, f := range found {
		pair, ok := f.([]any)
		if !ok || len(pair) != 2 {
			return nil, errors.New("store: dump: Redis answered what was not asked")
		}
		name := strings.TrimPrefix(fmt.Sprint(pair[0]), tag(scope)+":")
		if raw, ok := pair[1].(string); ok {
			out = appendValue(out, scope, name, []byte(raw), now)
			continue
		}
		members, _ := pair[1].([]any)
		for i := 0; i+1 < len(members); i += 2 {
			score, err := strconv.ParseFloat(fmt.Sprint(members[i+1]), 64)
			if err != nil {
				return nil, wrapped("dump", err)
			}
			out = append(out, Entry{Scope: scope, Set: strings.TrimPrefix(name, "z:"), Member: fmt.Sprint(members[i]), Score: score})
		}
	}
	return out, nil
}
