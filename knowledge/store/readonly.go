package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"time"
)

// A Reader only reads the file of a [File]: it makes no file, takes no lock that
// a running service would notice, and leaves nothing behind.
type Reader struct{ dir string }

// ErrNoStore marks a folder that holds no store.
var ErrNoStore = errors.New("store: nothing is kept here")

// OpenReader looks for the store in dir; the error wraps [ErrNoStore] when there
// is none.
func OpenReader(dir string) (*Reader, error) {
	if info, err := os.Stat(filepath.Join(dir, fileName)); errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() == 0 {
		return nil, fmt.Errorf("%w: %s", ErrNoStore, dir)
	} else if err != nil {
		return nil, fmt.Errorf("look for the store: %w", err)
	}
	return &Reader{dir}, nil
}

// View gives fn a consistent view of one scope.
func (r *Reader) View(ctx context.Context, scope string, fn func(Tx) error) error {
	if err := checkScope(scope); err != nil {
		return err
	}
	for {
		quiet, before := r.quiet(), r.stamp()
		err := r.view(ctx, scope, quiet, fn)
		if !quiet || r.quiet() && r.stamp() == before || ctx.Err() != nil {
			return err
		}
		// a service started meanwhile: what was read may be half of two states
	}
}

// quiet reports whether no process has the file open, nor died with it open.
func (r *Reader) quiet() bool {
	info, err := os.Stat(filepath.Join(r.dir, fileName+"-wal"))
	return errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() == 0
}

// stamp changes whenever the file is written: a service may also have emptied its
// log into it.
func (r *Reader) stamp() (s struct{ size, at int64 }) {
	if info, err := os.Stat(filepath.Join(r.dir, fileName)); err == nil {
		s.size, s.at = info.Size(), info.ModTime().UnixNano()
	}
	return s
}

// view reads once. A file that nobody has open is read as it lies there: only
// then SQLite makes no file beside it.
func (r *Reader) view(ctx context.Context, scope string, quiet bool, fn func(Tx) error) error {
	path := filepath.Join(r.dir, fileName)
	dsn := "file:" + (&url.URL{Path: path}).EscapedPath() + "?mode=ro&_query_only=true&_busy_timeout=" + fmt.Sprint(busyWait.Milliseconds())
	if quiet {
		dsn += "&immutable=1"
	}
	db, err := sql.Open("sqlite3", dsn)
	if err != nil {
		return fmt.Errorf("open %s: %w", path, err)
	}
	defer db.Close()
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("store: begin: %w", err)
	}
	defer tx.Rollback()
	var n int
	if err := tx.QueryRowContext(ctx, `SELECT CAST(value AS INTEGER) FROM meta WHERE name = 'schema'`).Scan(&n); err != nil {
		return fmt.Errorf("%s 读不了，可能已损坏：%w", path, err)
	}
	if n > Schema {
		return fmt.Errorf("%w (%d, this one knows %d)", ErrSchema, n, Schema)
	}
	return fn(&fileTx{ctx: ctx, tx: tx, scope: scope, now: time.Now(), readOnly: true})
}
