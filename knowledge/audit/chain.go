package audit

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"huiwen/knowledge/store"
)

// Scope is where the chain is kept.
const Scope = "sys"

// The keys of the chain:
//
//	["audit/head"]      => head
//	["audit/log/" seq]  => Record, numbered from 1 without a gap
//	["audit/seen/" id]  => seq, for as long as the entry might be met again
const headKey = "audit/head"

func recordKey(seq int) string        { return fmt.Sprintf("audit/log/%012d", seq) }
func seenKey(scope, id string) string { return "audit/seen/" + scope + "/" + id }

// kinds are the scopes in which acts are noted.
var kinds = []string{"sys", "plan", "bureau", "in", "log"}

const (
	// seenFor is how long an entry is known that was chained: its note is deleted
	// at once, unless the process dies in between.
	seenFor   = 90 * 24 * time.Hour
	batch     = 200
	keyBytes  = 32
	keyFile   = "audit.key"
	readBatch = 500
)

// Errors a caller may test for.
var (
	// ErrBroken marks a chain that was changed or cut.
	ErrBroken = errors.New("审计记录被改动过")
	// ErrKey marks a key that is not the one that the chain was made with.
	ErrKey = errors.New("审计密钥不对")
)

// A head is the end of the chain.
type head struct {
	Seq int    `json:"seq"`
	MAC string `json:"mac"`
	Key string `json:"key"` // fingerprint of the key
}

// A Record is an entry in the chain. Its JSON is stored; names never change.
type Record struct {
	Seq   int    `json:"seq"`
	Scope string `json:"scope"` // where the act was
	Entry string `json:"entry"` // JSON of the entry, as it was noted
	MAC   string `json:"mac"`   // of the record before, number, scope and entry
}

// Read decodes the entry of a record.
func (r Record) Read() (Entry, error) {
	var e Entry
	if err := json.Unmarshal([]byte(r.Entry), &e); err != nil {
		return e, fmt.Errorf("audit: record %d is unreadable: %w", r.Seq, err)
	}
	return e, nil
}

// A Chain binds the entries of all scopes to each other with a key that is kept
// outside the store. It is safe for concurrent use, also by several processes.
type Chain struct {
	store store.Store
	key   []byte
}

// NewChain makes the chain of a store with its key.
func NewChain(s store.Store, key []byte) *Chain { return &Chain{s, key} }

// Key is the key of the configured secret, else that of the file audit.key in
// dir, which is made when there is none.
func Key(secret, dir string) ([]byte, error) {
	if secret != "" {
		sum := sha256.Sum256([]byte("huiwen audit\n" + secret))
		return sum[:], nil
	}
	name := filepath.Join(dir, keyFile)
	data, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		if data, err = makeKey(name); err != nil {
			return nil, err
		}
	}
	if err != nil {
		return nil, fmt.Errorf("read the audit key: %w", err)
	}
	key, err := hex.DecodeString(strings.TrimSpace(string(data)))
	if err != nil || len(key) != keyBytes {
		return nil, fmt.Errorf("%w：%s 不完整，请从备份找回", ErrKey, name)
	}
	return key, nil
}

// makeKey writes a new key whole, or reads the one that another process wrote
// meanwhile.
func makeKey(name string) ([]byte, error) {
	key := make([]byte, keyBytes)
	rand.Read(key)
	text := []byte(hex.EncodeToString(key) + "\n")
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return nil, fmt.Errorf("make the data folder: %w", err)
	}
	f, err := os.CreateTemp(filepath.Dir(name), keyFile+".*")
	if err != nil {
		return nil, fmt.Errorf("make the audit key: %w", err)
	}
	_, err = f.Write(text)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Link(f.Name(), name) // fails when there is one
	}
	os.Remove(f.Name())
	if errors.Is(err, fs.ErrExist) {
		return os.ReadFile(name)
	}
	if err != nil {
		return nil, fmt.Errorf("make the audit key: %w", err)
	}
	return text, nil
}

func (c *Chain) mac(parts ...string) string {
	h := hmac.New(sha256.New, c.key)
	for _, p := range parts {
		fmt.Fprintf(h, "%d %s\n", len(p), p)
	}
	return hex.EncodeToString(h.Sum(nil))
}

func (c *Chain) fingerprint() string { return c.mac("key")[:16] }

// Append chains what was noted in any scope, and says how many entries.
func (c *Chain) Append(ctx context.Context) (int, error) {
	n := 0
	for _, kind := range kinds {
		scopes, err := c.store.Scopes(ctx, kind)
		if err != nil {
			return n, fmt.Errorf("audit: %w", err)
		}
		for _, scope := range scopes {
			k, err := c.appendScope(ctx, scope)
			n += k
			if err != nil {
				return n, fmt.Errorf("audit: scope %s: %w", scope, err)
			}
		}
	}
	return n, nil
}

// appendScope chains the entries of a scope, then takes their notes out. What was
// chained by a process that died before that is known by its id.
func (c *Chain) appendScope(ctx context.Context, scope string) (int, error) {
	n := 0
	for {
		notes, err := store.View(ctx, c.store, scope, func(tx store.Tx) ([]note, error) { return pending(tx, batch) })
		if err != nil || len(notes) == 0 {
			return n, err
		}
		k, err := store.Update(ctx, c.store, Scope, func(tx store.Tx) (int, error) { return c.link(tx, scope, notes) })
		if err != nil {
			return n, err
		}
		n += k
		err = c.store.Update(ctx, scope, func(tx store.Tx) error {
			for _, note := range notes {
				if err := errors.Join(tx.Rem(newSet, note.id), tx.Del(newKey(note.id))); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return n, err
		}
	}
}

// A note is an entry that waits, as it was written.
type note struct{ id, text string }

func pending(tx store.Tx, n int) ([]note, error) {
	members, err := tx.Range(newSet, 0, float64(1<<53), n)
	if err != nil {
		return nil, err
	}
	var out []note
	for _, m := range members {
		data, ok, err := tx.Get(newKey(m.Name))
		if err != nil {
			return nil, err
		}
		if !ok {
			data = []byte(`{"id":` + strconv.Quote(m.Name) + `,"who":"?","act":"audit.lost"}`) // told, not passed over
		}
		out = append(out, note{m.Name, string(data)})
	}
	return out, nil
}

// link adds notes to the end of the chain.
func (c *Chain) link(tx store.Tx, scope string, notes []note) (n int, err error) {
	h, err := readHead(tx)
	if err != nil {
		return 0, err
	}
	if h.Key != "" && h.Key != c.fingerprint() {
		return 0, fmt.Errorf("%w：几台服务要用同一个密钥，请设 audit.key，或把 audit.key 文件拷过来", ErrKey)
	}
	for _, note := range notes {
		if _, seen, err := tx.Get(seenKey(scope, note.id)); err != nil || seen {
			if err != nil {
				return 0, err
			}
			continue
		}
		h.Seq++
		r := Record{Seq: h.Seq, Scope: scope, Entry: note.text, MAC: c.mac(h.MAC, strconv.Itoa(h.Seq), scope, note.text)}
		data, err := json.Marshal(r)
		if err != nil {
			return 0, fmt.Errorf("audit: %w", err)
		}
		if err := errors.Join(tx.Put(recordKey(r.Seq), data, 0), tx.Put(seenKey(scope, note.id), []byte(strconv.Itoa(r.Seq)), seenFor)); err != nil {
			return 0, err
		}
		h.MAC = r.MAC
		n++
	}
	if n == 0 {
		return 0, nil
	}
	h.Key = c.fingerprint()
	data, err := json.Marshal(h)
	if err != nil {
		return 0, fmt.Errorf("audit: %w", err)
	}
	return n, tx.Put(headKey, data, 0)
}

func readHead(tx store.Tx) (h head, err error) {
	data, ok, err := tx.Get(headKey)
	if err != nil || !ok {
		return h, err
	}
	if err := json.Unmarshal(data, &h); err != nil {
		return h, fmt.Errorf("audit: the head is unreadable: %w", err)
	}
	return h, nil
}

// Check tells whether the chain was made with this key: the error is [ErrKey].
func (c *Chain) Check(ctx context.Context) error {
	h, err := store.View(ctx, c.store, Scope, readHead)
	if err != nil {
		return err
	}
	if h.Key != "" && h.Key != c.fingerprint() {
		return ErrKey
	}
	return nil
}

// A Verdict is what Verify found.
type Verdict struct {
	Records int    `json:"records"`
	Head    string `json:"head"` // number:MAC; kept elsewhere it proves later that nothing was cut off
	Waiting int    `json:"waiting"`
}

// Verify walks the whole chain. The error wraps [ErrBroken] and names the first
// record that is missing or changed, or [ErrKey]. A head that was kept elsewhere
// ("12:9f…", "" for none) must still stand in the chain.
func (c *Chain) Verify(ctx context.Context, kept string) (Verdict, error) {
	var v Verdict
	if err := c.Check(ctx); err != nil {
		return v, err
	}
	h, err := store.View(ctx, c.store, Scope, readHead)
	if err != nil {
		return v, err
	}
	keptSeq, keptMAC, err := parseHead(kept)
	if err != nil {
		return v, err
	}
	if keptSeq > h.Seq {
		return v, fmt.Errorf("%w：曾有 %d 条，现在只有 %d 条", ErrBroken, keptSeq, h.Seq)
	}
	last := ""
	for from := 1; from <= h.Seq; from += readBatch {
		records, err := c.Records(ctx, from, min(readBatch, h.Seq-from+1))
		if err != nil {
			return v, err
		}
		for i, r := range records {
			seq := from + i
			if r.Seq != seq || r.MAC != c.mac(last, strconv.Itoa(seq), r.Scope, r.Entry) || seq == keptSeq && r.MAC != keptMAC {
				return v, fmt.Errorf("%w：第 %d 条", ErrBroken, seq)
			}
			last = r.MAC
			v.Records++
		}
	}
	if v.Records != h.Seq || last != h.MAC {
		return v, fmt.Errorf("%w：末尾不完整，第 %d 条之后", ErrBroken, v.Records)
	}
	if extra, err := c.Records(ctx, h.Seq+1, 1); err != nil || len(extra) > 0 {
		return v, errors.Join(err, fmt.Errorf("%w：末尾之后还有记录", ErrBroken))
	}
	v.Head = fmt.Sprintf("%d:%s", h.Seq, h.MAC)
	v.Waiting, err = c.waiting(ctx)
	return v, err
}

func parseHead(s string) (seq int, mac string, err error) {
	if s == "" {
		return 0, "", nil
	}
	n, mac, ok := strings.Cut(s, ":")
	if seq, err = strconv.Atoi(n); err != nil || !ok || seq <= 0 {
		return 0, "", fmt.Errorf("%q 不是审计末尾，要写成 audit verify 打印的样子", s)
	}
	return seq, mac, nil
}

// Records reads records by number, fewer where the chain ends or is cut.
func (c *Chain) Records(ctx context.Context, from, n int) ([]Record, error) {
	return store.View(ctx, c.store, Scope, func(tx store.Tx) ([]Record, error) {
		var out []Record
		for seq := from; seq < from+n; seq++ {
			data, ok, err := tx.Get(recordKey(seq))
			if err != nil || !ok {
				return out, err
			}
			var r Record
			if json.Unmarshal(data, &r) != nil {
				return out, nil // unreadable: the chain breaks here
			}
			out = append(out, r)
		}
		return out, nil
	})
}

// Len is the number of the last record.
func (c *Chain) Len(ctx context.Context) (int, error) {
	h, err := store.View(ctx, c.store, Scope, readHead)
	return h.Seq, err
}

// waiting counts what is not chained yet.
func (c *Chain) waiting(ctx context.Context) (int, error) {
	n := 0
	for _, kind := range kinds {
		scopes, err := c.store.Scopes(ctx, kind)
		if err != nil {
			return n, err
		}
		for _, scope := range scopes {
			list, err := store.View(ctx, c.store, scope, func(tx store.Tx) ([]note, error) { return pending(tx, batch) })
			if err != nil {
				return n, err
			}
			n += len(list)
		}
	}
	return n, nil
}
