package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/mattn/go-sqlite3"
)

// A File is a store in one local SQLite file (WAL, synchronous FULL): durable
// before it acknowledges, usable by several processes of one machine. Waiting
// Updates are joined into one commit.
type File struct {
	write *sql.DB // one connection
	read  *sql.DB
	clock Clock
	dir   string

	toWrite, toRead map[string]*sql.Stmt

	queue  chan *update
	closed chan struct{}
	done   chan struct{}
	once   sync.Once
}

const (
	maxJoined  = 64 // Updates in one commit
	maxWaiting = 4096
	busyWait   = 10 * time.Second
	// maxLog is what the write-ahead log shrinks to once a long reader is gone.
	maxLog = 16 << 20
	// readersWait is how long a sweep waits for readers, and writers for it.
	readersWait = 200 * time.Millisecond
	// leastFree is how much room the disk must have for the store to be well.
	leastFree = 64 << 20
)

// fileName is the file in the data folder.
const fileName = "huiwen.db"

// An update is an Update that waits for its commit.
type update struct {
	ctx   context.Context
	scope string
	fn    func(Tx) error
	done  chan error // of one
}

const fileSchema = `
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS kv (scope TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, expires INTEGER NOT NULL, PRIMARY KEY (scope, key)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS kv_expires ON kv (expires) WHERE expires > 0;
CREATE TABLE IF NOT EXISTS member (scope TEXT NOT NULL, name TEXT NOT NULL, member TEXT NOT NULL, score REAL NOT NULL, PRIMARY KEY (scope, name, member)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS member_score ON member (scope, name, score, member);
`

// OpenFile opens or makes the store in dir; clock may be nil. The error wraps
// [ErrSchema] when a newer program wrote it.
func OpenFile(ctx context.Context, dir string, clock Clock) (*File, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the data folder: %w", err)
	}
	if clock == nil {
		clock = func() time.Duration { return 0 }
	}
	path := filepath.Join(dir, fileName)
	open := func(extra string, n int) (*sql.DB, error) {
		dsn := "file:" + (&url.URL{Path: path}).EscapedPath() + "?_journal_mode=WAL&_synchronous=FULL&_secure_delete=true&_busy_timeout=" + fmt.Sprint(busyWait.Milliseconds()) + extra
		db, err := sql.Open("sqlite3", dsn)
		if err != nil {
			return nil, fmt.Errorf("open %s: %w", path, err)
		}
		db.SetMaxOpenConns(n)
		db.SetMaxIdleConns(n)
		return db, nil
	}
	w, err := open("&_txlock=immediate", 1)
	if err != nil {
		return nil, err
	}
	f := &File{write: w, clock: clock, dir: dir, queue: make(chan *update, maxWaiting), closed: make(chan struct{}), done: make(chan struct{})}
	if err := f.prepare(ctx, path); err != nil {
		w.Close()
		return nil, err
	}
	if f.read, err = open("&_query_only=true", 8); err != nil {
		w.Close()
		return nil, err
	}
	if f.toWrite, err = prepare(ctx, f.write); err == nil {
		f.toRead, err = prepare(ctx, f.read)
	}
	if err != nil {
		return nil, errors.Join(err, f.read.Close(), w.Close())
	}
	go f.commitLoop()
	return f, nil
}

// prepare makes the tables and compares the schema number.
func (f *File) prepare(ctx context.Context, path string) error {
	if _, err := f.write.ExecContext(ctx, fileSchema+fmt.Sprintf("PRAGMA journal_size_limit = %d;", maxLog)); err != nil {
		return fmt.Errorf("%s 打不开：%w", path, said(err))
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return fmt.Errorf("protect %s: %w", path, err)
	}
	if _, err := f.write.ExecContext(ctx, `INSERT OR IGNORE INTO meta VALUES ('schema', ?)`, fmt.Sprint(Schema)); err != nil {
		return fmt.Errorf("write the schema number: %w", err)
	}
	var n int
	if err := f.write.QueryRowContext(ctx, `SELECT CAST(value AS INTEGER) FROM meta WHERE name = 'schema'`).Scan(&n); err != nil {
		return fmt.Errorf("read the schema number: %w", err)
	}
	if n > Schema {
		return fmt.Errorf("%w (%d, this one knows %d)", ErrSchema, n, Schema)
	}
	return nil
}

// said adds to an error of SQLite what an operator can do about it.
func said(err error) error {
	var e sqlite3.Error
	switch {
	case !errors.As(err, &e):
		return err
	case e.Code == sqlite3.ErrCorrupt || e.Code == sqlite3.ErrNotADB:
		return fmt.Errorf("%w（数据文件已损坏，请换一个数据目录并用备份恢复）：%w", ErrDamaged, err)
	case e.Code == sqlite3.ErrFull:
		return fmt.Errorf("磁盘已满，腾出空间后会自动继续：%w", err)
	case e.Code == sqlite3.ErrReadonly || e.Code == sqlite3.ErrPerm || e.Code == sqlite3.ErrCantOpen:
		return fmt.Errorf("数据文件写不了，请检查目录的权限：%w", err)
	}
	return err
}

// View implements [Store].
func (f *File) View(ctx context.Context, scope string, fn func(Tx) error) error {
	if err := checkScope(scope); err != nil {
		return err
	}
	sqlTx, err := f.read.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("store: begin: %w", said(err))
	}
	defer sqlTx.Rollback()
	return fn(&fileTx{prepared: f.toRead, ctx: ctx, tx: sqlTx, scope: scope, now: f.now(), readOnly: true})
}

// Update implements [Store].
func (f *File) Update(ctx context.Context, scope string, fn func(Tx) error) error {
	if err := checkScope(scope); err != nil {
		return err
	}
	u := &update{ctx, scope, fn, make(chan error, 1)}
	select {
	case <-f.closed:
		return ErrClosed
	default:
	}
	select {
	case f.queue <- u:
	case <-f.closed:
		return ErrClosed
	case <-ctx.Done():
		return fmt.Errorf("store: wait for a commit: %w", ctx.Err())
	}
	select {
	case err := <-u.done: // once queued it is committed or refused; giving up would leave that unknown
		return err
	case <-f.done:
		select {
		case err := <-u.done:
			return err
		default:
			return ErrClosed
		}
	}
}

func (f *File) now() time.Time { return time.Now().Add(f.clock()) }

// commitLoop joins what waits into commits, one after the other.
func (f *File) commitLoop() {
	defer close(f.done)
	for {
		var batch []*update
		select {
		case u := <-f.queue:
			batch = append(batch, u)
		case <-f.closed:
			return
		}
	more:
		for len(batch) < maxJoined {
			select {
			case u := <-f.queue:
				batch = append(batch, u)
			default:
				break more
			}
		}
		f.commit(batch)
	}
}

// commit runs a batch in one transaction, each Update in a savepoint of its own.
func (f *File) commit(batch []*update) {
	results := make([]error, len(batch))
	mark := rand.Text()
	err := f.inTransaction(func(sqlTx *sql.Tx) error {
		wrote := false
		for i, u := range batch {
			if results[i] = u.ctx.Err(); results[i] != nil {
				continue
			}
			tx := &fileTx{prepared: f.toWrite, ctx: context.WithoutCancel(u.ctx), tx: sqlTx, scope: u.scope, now: f.now()}
			if err := one(tx, u, &results[i]); err != nil {
				return err
			}
			wrote = wrote || tx.wrote
		}
		if !wrote {
			return errNothing
		}
		_, err := sqlTx.Stmt(f.toWrite[sqlMark]).Exec(mark)
		return err
	})
	if errors.Is(err, errNothing) {
		err = nil
	}
	if err != nil {
		err = f.settle(mark, err)
	}
	for i, u := range batch {
		if results[i] == nil {
			results[i] = err
		}
		u.done <- results[i]
	}
}

// errNothing says that a batch wrote nothing: there is nothing to make durable.
var errNothing = errors.New("store: nothing was written")

// one runs fn in a savepoint; its own error undoes only its own writes.
func one(tx *fileTx, u *update, result *error) error {
	if _, err := tx.tx.Exec(`SAVEPOINT u`); err != nil {
		return err
	}
	*result = call(u.fn, tx)
	if *result != nil {
		if _, err := tx.tx.Exec(`ROLLBACK TO u`); err != nil {
			return err
		}
	}
	_, err := tx.tx.Exec(`RELEASE u`)
	return err
}

// call keeps a panic of one fn from taking the others down with it.
func call(fn func(Tx) error, tx Tx) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("store: update panicked: %v", p)
		}
	}()
	return fn(tx)
}

func (f *File) inTransaction(fn func(*sql.Tx) error) error {
	sqlTx, err := f.write.Begin()
	if err != nil {
		return fmt.Errorf("store: begin: %w", said(err))
	}
	if err := fn(sqlTx); err != nil {
		return errors.Join(fmt.Errorf("store: write: %w", said(err)), sqlTx.Rollback())
	}
	if err := sqlTx.Commit(); err != nil {
		sqlTx.Rollback() // a failed COMMIT may leave the transaction open
		return fmt.Errorf("store: commit: %w", said(err))
	}
	return nil
}

// settle finds out whether a commit that failed was written: its mark stands or
// stood in the file. The writer is alone with the mark, but for other processes,
// which write others: a different mark leaves it unknown.
func (f *File) settle(mark string, cause error) error {
	var found string
	err := f.write.QueryRow(`SELECT value FROM meta WHERE name = 'mark'`).Scan(&found)
	switch {
	case err == nil && found == mark:
		return nil
	case err == nil || errors.Is(err, sql.ErrNoRows):
		return cause
	}
	return fmt.Errorf("%w: %w", ErrUnknown, cause)
}

// Scopes implements [Store].
func (f *File) Scopes(ctx context.Context, kind string) ([]string, error) {
	rows, err := f.read.QueryContext(ctx, `SELECT DISTINCT scope FROM (SELECT scope FROM kv WHERE expires = 0 OR expires > ?1 UNION SELECT scope FROM member)
		WHERE ?2 = '' OR scope = ?2 OR substr(scope, 1, length(?2) + 1) = ?2 || '/' ORDER BY scope`, f.now().UnixMilli(), kind)
	if err != nil {
		return nil, fmt.Errorf("store: list scopes: %w", err)
	}
	defer rows.Close()
	out := []string{}
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return nil, fmt.Errorf("store: list scopes: %w", err)
		}
		out = append(out, s)
	}
	return out, rows.Err()
}

// Dump implements [Store]; the whole dump is one view.
func (f *File) Dump(ctx context.Context, w io.Writer) error {
	d, err := newDumpWriter(w)
	if err != nil {
		return fmt.Errorf("store: dump: %w", err)
	}
	sqlTx, err := f.read.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("store: dump: %w", err)
	}
	defer sqlTx.Rollback()
	each := func(query string, scan func(*sql.Rows) (Entry, error), args ...any) error {
		rows, err := sqlTx.QueryContext(ctx, query, args...)
		if err != nil {
			return fmt.Errorf("store: dump: %w", err)
		}
		defer rows.Close()
		for rows.Next() {
			e, err := scan(rows)
			if err != nil {
				return fmt.Errorf("store: dump: %w", err)
			}
			if err := d.write(e); err != nil {
				return fmt.Errorf("store: dump: %w", err)
			}
		}
		return rows.Err()
	}
	err = each(`SELECT scope, key, value, expires FROM kv WHERE expires = 0 OR expires > ? ORDER BY scope, key`, func(r *sql.Rows) (e Entry, err error) {
		return e, r.Scan(&e.Scope, &e.Key, &e.Value, &e.Expires)
	}, f.now().UnixMilli())
	if err != nil {
		return err
	}
	err = each(`SELECT scope, name, member, score FROM member ORDER BY scope, name, member`, func(r *sql.Rows) (e Entry, err error) {
		return e, r.Scan(&e.Scope, &e.Set, &e.Member, &e.Score)
	})
	return errors.Join(err, d.end(f.now()))
}

// Load implements [Store].
func (f *File) Load(ctx context.Context, r io.Reader) error {
	return load(ctx, f, func(ctx context.Context) (bool, error) {
		all, err := f.Scopes(ctx, "")
		return len(all) > 0, err
	}, r)
}

// Sweep implements [Store]. It also writes the log back into the file, so that
// what was deleted stands in neither; a slow reader is not waited for.
func (f *File) Sweep(ctx context.Context, n int) (int, error) {
	removed := 0
	err := f.Update(ctx, "sys", func(tx Tx) error {
		tx.(*fileTx).wrote = true
		res, err := tx.(*fileTx).tx.ExecContext(ctx, `DELETE FROM kv WHERE (scope, key) IN (SELECT scope, key FROM kv WHERE expires > 0 AND expires <= ? LIMIT ?)`, tx.Now().UnixMilli(), n)
		if err != nil {
			return fmt.Errorf("store: sweep: %w", err)
		}
		k, err := res.RowsAffected()
		removed = int(k)
		return err
	})
	return removed, errors.Join(err, f.checkpoint(ctx))
}

// maxScrub is up to what size a file is rewritten: writers wait meanwhile.
const maxScrub = 1 << 30

// Scrub rewrites the file, so that what was deleted stands nowhere in its bytes:
// SQLite overwrites what it deletes, but not the copies that it leaves when it
// moves rows from page to page. A file beyond 1 GiB is left as it is.
func (f *File) Scrub(ctx context.Context) error {
	if f.Size() > maxScrub {
		return nil
	}
	if _, err := f.write.ExecContext(ctx, `VACUUM`); err != nil {
		return fmt.Errorf("store: scrub: %w", said(err))
	}
	return f.checkpoint(ctx)
}

func (f *File) checkpoint(ctx context.Context) error {
	conn, err := f.read.Conn(ctx)
	if err != nil {
		return fmt.Errorf("store: checkpoint: %w", err)
	}
	defer conn.Close()
	if _, err := conn.ExecContext(ctx, fmt.Sprintf(`PRAGMA busy_timeout = %d`, readersWait.Milliseconds())); err != nil {
		return fmt.Errorf("store: checkpoint: %w", said(err))
	}
	var busy, pages, moved int // busy when a reader stayed in the way: the next sweep tries again
	err = conn.QueryRowContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`).Scan(&busy, &pages, &moved)
	_, back := conn.ExecContext(ctx, fmt.Sprintf(`PRAGMA busy_timeout = %d`, busyWait.Milliseconds()))
	var e sqlite3.Error
	if errors.As(err, &e) && (e.Code == sqlite3.ErrBusy || e.Code == sqlite3.ErrLocked) {
		err = nil
	}
	if err := errors.Join(err, back); err != nil {
		return fmt.Errorf("store: checkpoint: %w", said(err))
	}
	return nil
}

// Check implements [Store]: the file can be read and its disk has room.
func (f *File) Check(ctx context.Context) error {
	var n int
	if err := f.read.QueryRowContext(ctx, `SELECT count(*) FROM meta`).Scan(&n); err != nil {
		return fmt.Errorf("store: check: %w", said(err))
	}
	var fs syscall.Statfs_t
	if err := syscall.Statfs(f.dir, &fs); err == nil && fs.Bavail*uint64(fs.Bsize) < leastFree {
		return fmt.Errorf("%s 所在的磁盘只剩 %d MB，请尽快腾出空间", f.dir, fs.Bavail*uint64(fs.Bsize)>>20)
	}
	return nil
}

// Verify implements [Verifier]: every page of the file is looked at.
func (f *File) Verify(ctx context.Context) error {
	var result string
	if err := f.read.QueryRowContext(ctx, `PRAGMA integrity_check(1)`).Scan(&result); err != nil {
		return fmt.Errorf("store: verify: %w", said(err))
	}
	if result != "ok" {
		return fmt.Errorf("%w（请用备份恢复）：%s", ErrDamaged, result)
	}
	return nil
}

// Size is how many bytes the file and its log take.
func (f *File) Size() int64 {
	var n int64
	for _, name := range []string{fileName, fileName + "-wal"} {
		if info, err := os.Stat(filepath.Join(f.dir, name)); err == nil {
			n += info.Size()
		}
	}
	return n
}

// Close implements [Store]: what is being committed is finished, what waits is
// refused with [ErrClosed].
func (f *File) Close() error {
	var err error
	f.once.Do(func() {
		close(f.closed)
		<-f.done
		for {
			select {
			case u := <-f.queue:
				u.done <- ErrClosed
				continue
			default:
			}
			break
		}
		err = errors.Join(f.read.Close(), f.write.Close())
	})
	return err
}
