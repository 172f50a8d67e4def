package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// The statements of a transaction; each connection prepares them once.
const (
	sqlGet   = `SELECT value FROM kv WHERE scope = ? AND key = ? AND (expires = 0 OR expires > ?)`
	sqlPut   = `INSERT INTO kv VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value, expires = excluded.expires`
	sqlDel   = `DELETE FROM kv WHERE scope = ? AND key = ?`
	sqlAdd   = `INSERT INTO member VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET score = excluded.score`
	sqlRem   = `DELETE FROM member WHERE scope = ? AND name = ? AND member = ?`
	sqlRange = `SELECT member, score FROM member WHERE scope = ? AND name = ? AND score >= ? AND score <= ? ORDER BY score, member LIMIT ?`
	sqlMark  = `INSERT OR REPLACE INTO meta VALUES ('mark', ?)`
)

// prepare prepares the statements of a database.
func prepare(ctx context.Context, db *sql.DB) (map[string]*sql.Stmt, error) {
	out := map[string]*sql.Stmt{}
	for _, q := range []string{sqlGet, sqlPut, sqlDel, sqlAdd, sqlRem, sqlRange, sqlMark} {
		s, err := db.PrepareContext(ctx, q)
		if err != nil {
			return nil, fmt.Errorf("store: prepare: %w", said(err))
		}
		out[q] = s
	}
	return out, nil
}

// A fileTx is a transaction of a [File].
type fileTx struct {
	prepared map[string]*sql.Stmt // may be nil
	ctx      context.Context
	tx       *sql.Tx
	scope    string
	now      time.Time
	readOnly bool
	wrote    bool
}

func (t *fileTx) Now() time.Time { return t.now }

func (t *fileTx) query(query string, args ...any) (*sql.Rows, error) {
	if s := t.prepared[query]; s != nil {
		return t.tx.StmtContext(t.ctx, s).QueryContext(t.ctx, args...)
	}
	return t.tx.QueryContext(t.ctx, query, args...)
}

func (t *fileTx) Get(key string) ([]byte, bool, error) {
	if err := checkKey(key); err != nil {
		return nil, false, err
	}
	rows, err := t.query(sqlGet, t.scope, key, t.now.UnixMilli())
	if err != nil {
		return nil, false, fmt.Errorf("store: get: %w", said(err))
	}
	defer rows.Close()
	if !rows.Next() {
		return nil, false, wrapped("get", said(rows.Err()))
	}
	var value []byte
	if err := rows.Scan(&value); err != nil {
		return nil, false, fmt.Errorf("store: get: %w", said(err))
	}
	if value == nil {
		value = []byte{}
	}
	return value, true, nil
}

func (t *fileTx) exec(query string, args ...any) error {
	if t.readOnly {
		return ErrReadOnly
	}
	t.wrote = true
	var err error
	if s := t.prepared[query]; s != nil {
		_, err = t.tx.StmtContext(t.ctx, s).ExecContext(t.ctx, args...)
	} else {
		_, err = t.tx.ExecContext(t.ctx, query, args...)
	}
	return wrapped("write", said(err))
}

func (t *fileTx) Put(key string, value []byte, ttl time.Duration) error {
	if err := errors.Join(checkKey(key), checkValue(value)); err != nil {
		return err
	}
	if value == nil {
		value = []byte{}
	}
	return t.exec(sqlPut, t.scope, key, value, expiry(t.now, ttl))
}

// expiry is when a value put now expires, in milliseconds, 0 for never.
func expiry(now time.Time, ttl time.Duration) int64 {
	if ttl <= 0 {
		return 0
	}
	return now.Add(ttl).UnixMilli()
}

func (t *fileTx) Del(key string) error {
	if err := checkKey(key); err != nil {
		return err
	}
	return t.exec(sqlDel, t.scope, key)
}

func (t *fileTx) Add(set, member string, score float64) error {
	if err := errors.Join(checkKey(set), checkKey(member), checkScore(score)); err != nil {
		return err
	}
	return t.exec(sqlAdd, t.scope, set, member, score)
}

func (t *fileTx) Rem(set, member string) error {
	if err := errors.Join(checkKey(set), checkKey(member)); err != nil {
		return err
	}
	return t.exec(sqlRem, t.scope, set, member)
}

func (t *fileTx) Range(set string, from, to float64, limit int) ([]Member, error) {
	if err := checkKey(set); err != nil {
		return nil, err
	}
	rows, err := t.query(sqlRange, t.scope, set, from, to, min(max(limit, 0), MaxRange))
	if err != nil {
		return nil, fmt.Errorf("store: range: %w", said(err))
	}
	defer rows.Close()
	var out []Member
	for rows.Next() {
		var m Member
		if err := rows.Scan(&m.Name, &m.Score); err != nil {
			return nil, fmt.Errorf("store: range: %w", said(err))
		}
		out = append(out, m)
	}
	return out, rows.Err()
}
