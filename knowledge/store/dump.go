package store

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// An Entry is a line of a dump: a value by key, or a member of a set.
type Entry struct {
	Scope   string  `json:"scope"`
	Key     string  `json:"key,omitempty"`
	Value   []byte  `json:"value,omitempty"`
	Expires int64   `json:"expires,omitempty"` // milliseconds of the epoch, 0 for never
	Set     string  `json:"set,omitempty"`
	Member  string  `json:"member,omitempty"`
	Score   float64 `json:"score,omitempty"`
}

// header is the first line of a dump.
type header struct {
	Dump   string `json:"dump"`
	Schema int    `json:"schema"`
}

const dumpName = "huiwen"

// dumpWriter writes the lines of a dump.
type dumpWriter struct{ enc *json.Encoder }

func newDumpWriter(w io.Writer) (*dumpWriter, error) {
	d := &dumpWriter{json.NewEncoder(w)}
	return d, d.enc.Encode(header{dumpName, Schema})
}

func (d *dumpWriter) write(e Entry) error { return d.enc.Encode(e) }

// loadBatch is how many entries of one scope are written at once.
const loadBatch = 500

// load reads a dump and writes it into s, which must hold no scope.
func load(ctx context.Context, s Store, kinds func(context.Context) (bool, error), r io.Reader) error {
	if filled, err := kinds(ctx); err != nil {
		return err
	} else if filled {
		return errors.New("store: load needs an empty store")
	}
	d := json.NewDecoder(bufio.NewReaderSize(r, 1<<16))
	var h header
	if err := d.Decode(&h); err != nil || h.Dump != dumpName {
		return fmt.Errorf("store: this is no dump: %v", err)
	}
	if h.Schema > Schema {
		return ErrSchema
	}
	var batch []Entry
	flush := func() error {
		if len(batch) == 0 {
			return nil
		}
		err := s.Update(ctx, batch[0].Scope, func(tx Tx) error { return put(tx, batch) })
		batch = batch[:0]
		return err
	}
	for line := 2; ; line++ {
		var e Entry
		err := d.Decode(&e)
		if errors.Is(err, io.EOF) {
			return flush()
		}
		if err != nil {
			return fmt.Errorf("store: dump line %d: %w", line, err)
		}
		if len(batch) == loadBatch || len(batch) > 0 && batch[0].Scope != e.Scope {
			if err := flush(); err != nil {
				return err
			}
		}
		batch = append(batch, e)
	}
}

func put(tx Tx, batch []Entry) error {
	for _, e := range batch {
		if e.Set != "" {
			if err := tx.Add(e.Set, e.Member, e.Score); err != nil {
				return err
			}
			continue
		}
		ttl := time.Duration(0)
		if e.Expires > 0 {
			if ttl = time.UnixMilli(e.Expires).Sub(tx.Now()); ttl <= 0 {
				continue
			}
		}
		if err := tx.Put(e.Key, e.Value, ttl); err != nil {
			return err
		}
	}
	return nil
}
