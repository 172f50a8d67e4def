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

// An End is the last line of a dump: what lacks it was cut short.
type End struct {
	End     string    `json:"end"`
	Entries int       `json:"entries"`
	At      time.Time `json:"at"` // by the store's clock, when all was read
}

const dumpName = "huiwen"

// dumpWriter writes the lines of a dump.
type dumpWriter struct {
	enc *json.Encoder
	n   int
}

func newDumpWriter(w io.Writer) (*dumpWriter, error) {
	d := &dumpWriter{enc: json.NewEncoder(w)}
	return d, d.enc.Encode(header{dumpName, Schema})
}

func (d *dumpWriter) write(e Entry) error { d.n++; return d.enc.Encode(e) }

func (d *dumpWriter) end(at time.Time) error { return d.enc.Encode(End{dumpName, d.n, at}) }

// A DumpReader reads the lines of a dump one by one.
type DumpReader struct {
	d    *json.Decoder
	line int
	end  End
}

// ReadDump begins to read a dump. The error wraps [ErrSchema] when a newer
// program wrote it.
func ReadDump(r io.Reader) (*DumpReader, error) {
	d := &DumpReader{d: json.NewDecoder(bufio.NewReaderSize(r, 1<<16)), line: 1}
	var h header
	if err := d.d.Decode(&h); err != nil || h.Dump != dumpName {
		return nil, fmt.Errorf("store: this is no dump: %v", err)
	}
	if h.Schema > Schema {
		return nil, fmt.Errorf("%w (%d, this one knows %d)", ErrSchema, h.Schema, Schema)
	}
	return d, nil
}

// Next returns the next entry; io.EOF ends a dump that is whole.
func (d *DumpReader) Next() (Entry, error) {
	var line struct {
		Entry
		End
	}
	d.line++
	if err := d.d.Decode(&line); errors.Is(err, io.EOF) {
		return Entry{}, errors.New("store: the dump is cut short")
	} else if err != nil {
		return Entry{}, fmt.Errorf("store: dump line %d: %w", d.line, err)
	}
	if line.End.End == dumpName {
		d.end = line.End
		return Entry{}, io.EOF
	}
	return line.Entry, nil
}

// End is the last line, once Next has returned io.EOF.
func (d *DumpReader) End() End { return d.end }

// A DumpWriter writes a dump made from another.
type DumpWriter struct{ d *dumpWriter }

// WriteDump begins to write a dump.
func WriteDump(w io.Writer) (*DumpWriter, error) {
	d, err := newDumpWriter(w)
	return &DumpWriter{d}, err
}

// Write writes one entry. The entries of a scope stand together.
func (w *DumpWriter) Write(e Entry) error { return w.d.write(e) }

// Close writes the last line; it does not close what is beneath.
func (w *DumpWriter) Close(at time.Time) error { return w.d.end(at) }

// loadBatch is how many entries of one scope are written at once.
const loadBatch = 500

// load reads a dump and writes it into s, which must hold no scope.
func load(ctx context.Context, s Store, kinds func(context.Context) (bool, error), r io.Reader) error {
	if filled, err := kinds(ctx); err != nil {
		return err
	} else if filled {
		return errors.New("store: load needs an empty store")
	}
	d, err := ReadDump(r)
	if err != nil {
		return err
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
	for {
		e, err := d.Next()
		if errors.Is(err, io.EOF) {
			return flush()
		}
		if err != nil {
			return err
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
