package account

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"huiwen/knowledge/audit"
	"huiwen/knowledge/store"
)

// The terms of signing in.
const (
	defaultIdle    = 30 * time.Minute
	defaultLongest = 10 * time.Hour
	inviteTime     = 30 * time.Minute
	maxFails       = 5
	lockTime       = 15 * time.Minute
	touchEvery     = time.Minute
	hashesAtOnce   = 2 // 19 MiB each
)

// Errors a caller may test for.
var (
	ErrWrong    = errors.New("账号、密码或动态口令不对")
	ErrLocked   = errors.New("输错次数太多，账号已锁定，请过 15 分钟再试，或请管理员解锁")
	ErrNoInvite = errors.New("邀请链接无效、已用过或已过期")
	ErrSession  = errors.New("登录已失效，请重新登录")
	ErrCode     = errors.New("动态口令不对，请看手机上现在的六位数字")
)

// Options are what a Keeper needs; zero durations mean the defaults.
type Options struct {
	Store  store.Store
	Random io.Reader
	// Idle ends a session that nobody uses, Longest every session.
	Idle, Longest time.Duration
}

// A Keeper signs people in and keeps their sessions. It is safe for concurrent use.
type Keeper struct {
	Options
	slots chan struct{}
}

// NewKeeper makes a keeper.
func NewKeeper(o Options) *Keeper {
	o.Idle, o.Longest = cmp.Or(o.Idle, defaultIdle), cmp.Or(o.Longest, defaultLongest)
	return &Keeper{o, make(chan struct{}, hashesAtOnce)}
}

// A Session (登录) is one browser of one account. Token is known to the browser
// alone: the store keeps its hash.
type Session struct {
	Token   string    `json:"-"`
	Account string    `json:"account"`
	Epoch   int       `json:"epoch"`
	Began   time.Time `json:"began"`
	Seen    time.Time `json:"seen"`
	// Scan tells that the platform vouched for the person: no second factor is due.
	Scan bool `json:"scan,omitempty"`
	// Pending is a second factor that is being set up.
	Pending string `json:"pending,omitempty"`
}

// token is 128 random bits.
func (k *Keeper) token() (string, error) {
	b := make([]byte, 16)
	if _, err := io.ReadFull(k.Random, b); err != nil {
		return "", fmt.Errorf("make a token: %w", err)
	}
	return hex.EncodeToString(b), nil
}

func hashed(token string) string {
	h := sha256.Sum256([]byte(token))
	return hex.EncodeToString(h[:])
}

func sessionKey(token string) string { return "signin/session/" + hashed(token) }
func inviteKey(code string) string   { return "signin/invite/" + hashed(code) }

// check verifies a password, a bounded number at once.
func (k *Keeper) check(ctx context.Context, kept, password string) (bool, error) {
	select {
	case k.slots <- struct{}{}:
		defer func() { <-k.slots }()
	case <-ctx.Done():
		return false, ctx.Err()
	}
	return len(password) <= maxPasswordBytes && fits(kept, password), nil
}

func (k *Keeper) hash(ctx context.Context, password string) (string, error) {
	select {
	case k.slots <- struct{}{}:
		defer func() { <-k.slots }()
	case <-ctx.Done():
		return "", ctx.Err()
	}
	return hash(k.Random, password)
}

// SignIn begins a session. It fails with [ErrWrong] whatever was wrong and with
// [ErrLocked] after too many wrong tries; the same words for an unknown name.
func (k *Keeper) SignIn(ctx context.Context, name, password, code string) (*Session, error) {
	a, err := store.View(ctx, k.Store, Scope, func(tx store.Tx) (*Account, error) {
		a, err := Load(tx, name)
		if errors.Is(err, ErrNotFound) {
			return &Account{}, nil
		}
		return a, err
	})
	if err != nil {
		return nil, err
	}
	right, err := k.check(ctx, a.Password, password)
	if err != nil {
		return nil, err
	}
	if a.Name == "" {
		return nil, ErrWrong
	}
	token, err := k.token()
	if err != nil {
		return nil, err
	}
	var refused error
	s, err := store.Update(ctx, k.Store, Scope, func(tx store.Tx) (*Session, error) {
		refused = nil
		now, err := Load(tx, name)
		if err != nil {
			return nil, err
		}
		if now.Locked.After(tx.Now()) {
			refused = ErrLocked
			return nil, nil
		}
		var s *Session
		s, refused = k.admit(tx, now, right && now.Password == a.Password, code, token)
		if err := Save(tx, now); err != nil {
			return nil, err
		}
		if s == nil {
			return nil, nil
		}
		return s, k.begin(tx, s)
	})
	if err != nil {
		return nil, err
	}
	return s, refused
}

// admit decides on a try and counts it in the account.
func (k *Keeper) admit(tx store.Tx, a *Account, right bool, code, token string) (*Session, error) {
	now, used := tx.Now(), int64(0)
	if a.Secret != "" {
		used = step(a.Secret, code, a.Step, now)
		right = right && used > 0
	}
	if !right || a.Disabled {
		a.Fails++
		if a.Fails < maxFails {
			return nil, ErrWrong
		}
		a.Fails, a.Locked = 0, now.Add(lockTime)
		if err := audit.Note(tx, audit.Entry{Who: a.Name, Act: "account.lock", Subject: a.Name}); err != nil {
			return nil, err
		}
		return nil, ErrLocked
	}
	a.Fails, a.Locked, a.Last, a.Step = 0, time.Time{}, now, cmp.Or(used, a.Step)
	if err := audit.Note(tx, audit.Entry{Who: a.Name, Act: "account.signin", Subject: a.Name}); err != nil {
		return nil, err
	}
	return &Session{Token: token, Account: a.Name, Epoch: a.Epoch, Began: now, Seen: now}, nil
}

func (k *Keeper) begin(tx store.Tx, s *Session) error {
	data, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("session: %w", err)
	}
	return tx.Put(sessionKey(s.Token), data, k.Idle)
}

// ByScan begins a session for the account that a platform account was linked to
// beforehand; [ErrWrong] when there is none.
func (k *Keeper) ByScan(ctx context.Context, l Link) (*Session, error) {
	token, err := k.token()
	if err != nil {
		return nil, err
	}
	return store.Update(ctx, k.Store, Scope, func(tx store.Tx) (*Session, error) {
		all, err := List(tx)
		if err != nil {
			return nil, err
		}
		for _, a := range all {
			if a.Disabled || a.Locked.After(tx.Now()) || !slices.Contains(a.Links, l) {
				continue
			}
			a.Last = tx.Now()
			s := &Session{Token: token, Account: a.Name, Epoch: a.Epoch, Began: tx.Now(), Seen: tx.Now(), Scan: true}
			note := audit.Entry{Who: a.Name, Act: "account.scan", Subject: a.Name}
			return s, errors.Join(Save(tx, a), audit.Note(tx, note), k.begin(tx, s))
		}
		return nil, ErrWrong
	})
}

// Session finds the session of a token and its account; [ErrSession] when it has
// ended. It counts as used, to the minute.
func (k *Keeper) Session(ctx context.Context, token string) (*Session, *Account, error) {
	s, a, now, err := k.look(ctx, token)
	if err != nil {
		return nil, nil, err
	}
	if now.Sub(s.Seen) < touchEvery {
		return s, a, nil
	}
	err = k.Store.Update(ctx, Scope, func(tx store.Tx) error {
		if _, ok, err := tx.Get(sessionKey(token)); err != nil || !ok {
			return err
		}
		s.Seen = tx.Now()
		return k.begin(tx, s)
	})
	return s, a, err
}

func (k *Keeper) look(ctx context.Context, token string) (s *Session, a *Account, now time.Time, err error) {
	if len(token) != 32 {
		return nil, nil, now, ErrSession
	}
	err = k.Store.View(ctx, Scope, func(tx store.Tx) error {
		data, ok, err := tx.Get(sessionKey(token))
		if err != nil {
			return err
		}
		s, now = &Session{}, tx.Now()
		if !ok || json.Unmarshal(data, s) != nil {
			return ErrSession
		}
		s.Token = token
		a, err = Load(tx, s.Account)
		if errors.Is(err, ErrNotFound) {
			return ErrSession
		}
		return err
	})
	if err == nil && (a.Disabled || a.Epoch != s.Epoch || now.Sub(s.Seen) > k.Idle || now.Sub(s.Began) > k.Longest) {
		err = ErrSession
	}
	return s, a, now, err
}

// SignOut ends a session.
func (k *Keeper) SignOut(ctx context.Context, token string) error {
	return k.Store.Update(ctx, Scope, func(tx store.Tx) error { return tx.Del(sessionKey(token)) })
}

// Change changes an account in one transaction with the note of who did it.
func (k *Keeper) Change(ctx context.Context, name, by, act, why string, fn func(*Account) error) error {
	return k.Store.Update(ctx, Scope, func(tx store.Tx) error {
		a, err := Load(tx, name)
		if err != nil {
			return err
		}
		if err := fn(a); err != nil {
			return err
		}
		if err := Save(tx, a); err != nil {
			return err
		}
		return audit.Note(tx, audit.Entry{Who: by, Act: act, Subject: name, Why: why})
	})
}

// ChoosePassword sets a new password for one who knows the old one, and ends
// every session of the account.
func (k *Keeper) ChoosePassword(ctx context.Context, name, old, next string) error {
	if err := CheckPassword(name, next); err != nil {
		return err
	}
	a, err := store.View(ctx, k.Store, Scope, func(tx store.Tx) (*Account, error) { return Load(tx, name) })
	if err != nil {
		return err
	}
	if a.Password != "" { // who signs in by scan may have none
		if right, err := k.check(ctx, a.Password, old); err != nil || !right {
			return cmp.Or(err, ErrWrong)
		}
	}
	kept, err := k.hash(ctx, next)
	if err != nil {
		return err
	}
	return k.Change(ctx, name, name, "account.password", "", func(now *Account) error {
		if now.Password != a.Password {
			return ErrConflict
		}
		now.Password, now.Epoch = kept, now.Epoch+1
		return nil
	})
}

// Offer begins to set up a second factor: the secret is kept with the session
// until a code proves that the phone has it.
func (k *Keeper) Offer(ctx context.Context, s *Session) (string, error) {
	if s.Pending != "" {
		return s.Pending, nil
	}
	secret, err := newSecret(k.Random)
	if err != nil {
		return "", err
	}
	s.Pending = secret
	return secret, k.Store.Update(ctx, Scope, func(tx store.Tx) error { return k.begin(tx, s) })
}

// Enrol puts the second factor of the session in force; [ErrCode] when the code
// is not of it.
func (k *Keeper) Enrol(ctx context.Context, s *Session, code string) error {
	return k.Store.Update(ctx, Scope, func(tx store.Tx) error {
		a, err := Load(tx, s.Account)
		if err != nil {
			return err
		}
		used := step(s.Pending, code, 0, tx.Now())
		if used == 0 {
			return ErrCode
		}
		a.Secret, a.Step = s.Pending, used
		kept := *s
		kept.Pending = ""
		return errors.Join(Save(tx, a), k.begin(tx, &kept), audit.Note(tx, audit.Entry{Who: a.Name, Act: "account.second", Subject: a.Name}))
	})
}

// An invite lets one person choose a password: of the account Name, or of the
// first account, whose name he chooses too.
type invite struct {
	Name string `json:"name"`
}

// Invite makes a one-time code for an account; it is good for 30 minutes.
func (k *Keeper) Invite(ctx context.Context, name, by string) (string, error) {
	code, err := k.token()
	if err != nil {
		return "", err
	}
	err = k.Store.Update(ctx, Scope, func(tx store.Tx) error {
		if _, err := Load(tx, name); err != nil {
			return err
		}
		return errors.Join(putInvite(tx, code, invite{name}), audit.Note(tx, audit.Entry{Who: by, Act: "account.invite", Subject: name}))
	})
	return code, err
}

// First makes the one-time code for the first account; ok is false when there
// ever was an account.
func (k *Keeper) First(ctx context.Context) (code string, ok bool, err error) {
	if code, err = k.token(); err != nil {
		return "", false, err
	}
	err = k.Store.Update(ctx, Scope, func(tx store.Tx) error {
		ever, err := Ever(tx)
		if ok = !ever; err != nil || ever {
			return err
		}
		return putInvite(tx, code, invite{})
	})
	return code, ok && err == nil, err
}

func putInvite(tx store.Tx, code string, i invite) error {
	data, err := json.Marshal(i)
	if err != nil {
		return fmt.Errorf("invite: %w", err)
	}
	return tx.Put(inviteKey(code), data, inviteTime)
}

// Invited is the name an invitation is for, "" for the first account's;
// [ErrNoInvite] when it does not count.
func (k *Keeper) Invited(ctx context.Context, code string) (string, error) {
	i, err := store.View(ctx, k.Store, Scope, func(tx store.Tx) (invite, error) { return readInvite(tx, code) })
	return i.Name, err
}

func readInvite(tx store.Tx, code string) (invite, error) {
	var i invite
	data, ok, err := tx.Get(inviteKey(code))
	switch {
	case err != nil:
		return i, err
	case !ok || json.Unmarshal(data, &i) != nil:
		return i, ErrNoInvite
	}
	if ever, err := Ever(tx); err != nil || i.Name == "" && ever {
		return i, cmp.Or(err, ErrNoInvite)
	}
	return i, nil
}

// Accept uses an invitation up: the person chooses a password and, for the
// first account, the name. Every session of the account ends.
func (k *Keeper) Accept(ctx context.Context, code, name, password string) (string, error) {
	invited, err := k.Invited(ctx, code)
	if err != nil {
		return "", err
	}
	name = cmp.Or(invited, name)
	if err := errors.Join(checkName(name), CheckPassword(name, password)); err != nil {
		return "", err
	}
	kept, err := k.hash(ctx, password)
	if err != nil {
		return "", err
	}
	return name, k.Store.Update(ctx, Scope, func(tx store.Tx) error {
		i, err := readInvite(tx, code) // once
		if err != nil {
			return err
		}
		var a *Account
		if i.Name == "" {
			a, err = Create(tx, name, []Role{Admin}, "系统")
		} else {
			a, err = Load(tx, i.Name)
		}
		if err != nil {
			return err
		}
		a.Password, a.Epoch, a.Fails, a.Locked = kept, a.Epoch+1, 0, time.Time{}
		return errors.Join(Save(tx, a), tx.Del(inviteKey(code)), audit.Note(tx, audit.Entry{Who: a.Name, Act: "account.accept", Subject: a.Name}))
	})
}

// SetPassword sets a password from the command line of the machine itself.
func (k *Keeper) SetPassword(ctx context.Context, name, password, by string) error {
	if err := CheckPassword(name, password); err != nil {
		return err
	}
	kept, err := k.hash(ctx, password)
	if err != nil {
		return err
	}
	return k.Change(ctx, name, by, "account.password", "", func(a *Account) error {
		a.Password, a.Epoch, a.Fails, a.Locked = kept, a.Epoch+1, 0, time.Time{}
		return nil
	})
}

// Load reads one account, [ErrNotFound] when there is none.
func (k *Keeper) Load(ctx context.Context, name string) (*Account, error) {
	return store.View(ctx, k.Store, Scope, func(tx store.Tx) (*Account, error) { return Load(tx, name) })
}

// List reads every account, the oldest first.
func (k *Keeper) List(ctx context.Context) ([]*Account, error) {
	return store.View(ctx, k.Store, Scope, List)
}

// Create makes an account without a password, with the note of who did it.
func (k *Keeper) Create(ctx context.Context, name string, roles []Role, by string) error {
	return k.Store.Update(ctx, Scope, func(tx store.Tx) error {
		_, err := Create(tx, name, roles, by)
		if err != nil {
			return err
		}
		return audit.Note(tx, audit.Entry{Who: by, Act: "account.create", Subject: name})
	})
}
