package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// A fileTx is a transaction of a [File].
type fileTx struct {
	ctx      context.Context
	tx       *sql.Tx
	scope    string
	now      time.Time
	readOnly bool
	wrote    bool
}

func (t *fileTx) Now() time.Time { return t.now }

func (t *fileTx) Get(key string) ([]byte, bool, error) {
	if err := checkKey(key); err != nil {
		return nil, false, err
	}
	var value []byte
	err := t.tx.QueryRowContext(t.ctx, `SELECT value FROM kv WHERE scope = ? AND key = ? AND (expires = 0 OR expires > ?)`, t.scope, key, t.now.UnixMilli()).Scan(&value)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, false, nil
	}
	if err != nil {
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
	if _, err := t.tx.ExecContext(t.ctx, query, args...); err != nil {
		return fmt.Errorf("store: write: %w", said(err))
	}
	return nil
}

func (t *fileTx) Put(key string, value []byte, ttl time.Duration) error {
	if err := errors.Join(checkKey(key), checkValue(value)); err != nil {
		return err
	}
	if value == nil {
		value = []byte{}
	}
	return t.exec(`INSERT INTO kv VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value, expires = excluded.expires`, t.scope, key, value, expiry(t.now, ttl))
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
	return t.exec(`DELETE FROM kv WHERE scope = ? AND key = ?`, t.scope, key)
}

func (t *fileTx) Add(set, member string, score float64) error {
	if err := errors.Join(checkKey(set), checkKey(member), checkScore(score)); err != nil {
		return err
	}
	return t.exec(`INSERT INTO member VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET score = excluded.score`, t.scope, set, member, score)
}

func (t *fileTx) Rem(set, member string) error {
	if err := errors.Join(checkKey(set), checkKey(member)); err != nil {
		return err
	}
	return t.exec(`DELETE FROM member WHERE scope = ? AND name = ? AND member = ?`, t.scope, set, member)
}

func (t *fileTx) Range(set string, from, to float64, limit int) ([]Member, error) {
	if err := checkKey(set); err != nil {
		return nil, err
	}
	rows, err := t.tx.QueryContext(t.ctx, `SELECT member, score FROM member WHERE scope = ? AND name = ? AND score >= ? AND score <= ? ORDER BY score, member LIMIT ?`, t.scope, set, from, to, min(max(limit, 0), MaxRange))
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
