// Package limit counts what is sent to one receiver over the store, so that no
// platform drops what all replicas together send too fast.
package limit

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"time"

	"huiwen/knowledge/store"
)

// A Rule allows Most in any span of Per. The count is kept in sixty slots of
// the span and errs on the side of waiting.
type Rule struct {
	Most int
	Per  time.Duration
}

// slots is how finely a span is counted.
const slots = 60

// count is what a rule has seen: ["limit", name] => a list of these, one a rule.
type count struct {
	Slot []int64 `json:"s"` // number of the slot since 1970, ascending
	N    []int   `json:"n"` // how many in it
}

func key(name string) string { return "limit/" + name }

// Take counts n for a name against every rule, or counts nothing and returns
// how long to wait. More than a rule ever allows is let through alone, when
// nothing else was counted: it would wait for ever.
func Take(tx store.Tx, name string, n int, rules ...Rule) (wait time.Duration, err error) {
	var kept []count
	data, ok, err := tx.Get(key(name))
	if err != nil {
		return 0, err
	}
	if ok && json.Unmarshal(data, &kept) != nil || len(kept) != len(rules) {
		kept = make([]count, len(rules)) // another set of rules: begin anew
	}
	now, longest := tx.Now(), time.Duration(0)
	for i, r := range rules {
		wait = max(wait, kept[i].wait(now, n, r))
		longest = max(longest, r.Per)
	}
	if wait > 0 {
		return wait, nil
	}
	for i, r := range rules {
		kept[i].add(now, n, r)
	}
	if data, err = json.Marshal(kept); err != nil {
		return 0, fmt.Errorf("limit: %w", err)
	}
	return 0, tx.Put(key(name), data, longest+longest/slots)
}

// wait is how long until n more fit; it forgets what is past.
func (c *count) wait(now time.Time, n int, r Rule) time.Duration {
	width := r.Per / slots
	from := now.Add(-r.Per).UnixNano() / int64(width)
	past := 0
	for past < len(c.Slot) && c.Slot[past] < from {
		past++
	}
	c.Slot, c.N = c.Slot[past:], c.N[past:]
	sum := 0
	for _, k := range c.N {
		sum += k
	}
	if sum == 0 || sum+n <= r.Most {
		return 0
	}
	for i, k := range c.N { // the oldest leave first
		if sum -= k; sum == 0 || sum+n <= r.Most {
			free := time.Unix(0, (c.Slot[i]+1)*int64(width)).Add(r.Per)
			return max(free.Sub(now), time.Millisecond)
		}
	}
	return r.Per
}

func (c *count) add(now time.Time, n int, r Rule) {
	slot := now.UnixNano() / int64(r.Per/slots)
	if last := len(c.Slot) - 1; last >= 0 && c.Slot[last] >= slot {
		c.N[last] += n // also when the clock went back
		return
	}
	c.Slot, c.N = append(c.Slot, slot), append(c.N, n)
}

// A Limiter counts by the rules in the scopes of conversations, spread by name.
type Limiter struct {
	Store store.Store
	Rules []Rule
}

// Take is [Take] in a transaction of its own.
func (l Limiter) Take(ctx context.Context, name string, n int) (time.Duration, error) {
	h := fnv.New32a()
	h.Write([]byte(name))
	wait, err := store.Update(ctx, l.Store, fmt.Sprintf("in/%02d", h.Sum32()%64), func(tx store.Tx) (time.Duration, error) { return Take(tx, name, n, l.Rules...) })
	if err != nil {
		return 0, fmt.Errorf("count what is sent: %w", err)
	}
	return wait, nil
}
