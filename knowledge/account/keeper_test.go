package account

import (
	"crypto/rand"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"huiwen/knowledge/store"
)

const good = "Correct-Horse-9"

// kept is a keeper over a store whose clock can be wound.
func kept(t *testing.T) (*Keeper, *atomic.Int64) {
	t.Helper()
	var ahead atomic.Int64
	s, err := store.OpenFile(t.Context(), t.TempDir(), func() time.Duration { return time.Duration(ahead.Load()) })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return NewKeeper(Options{Store: s, Random: rand.Reader}), &ahead
}

func wind(c *atomic.Int64, d time.Duration) { c.Add(int64(d)) }

// member makes an account with the good password.
func member(t *testing.T, k *Keeper, name string, roles ...Role) {
	t.Helper()
	if err := k.Store.Update(t.Context(), Scope, func(tx store.Tx) error { _, err := Create(tx, name, roles, "系统"); return err }); err != nil {
		t.Fatal(err)
	}
	if err := k.SetPassword(t.Context(), name, good, "系统"); err != nil {
		t.Fatal(err)
	}
}

func TestTooManyWrongTriesLock(t *testing.T) {
	k, clock := kept(t)
	member(t, k, "张三", Editor)
	for i := range maxFails {
		want := ErrWrong
		if i == maxFails-1 {
			want = ErrLocked
		}
		if _, err := k.SignIn(t.Context(), "张三", "wrong", ""); !errors.Is(err, want) {
			t.Fatalf("try %d: got %v, want %v", i+1, err, want)
		}
	}
	if _, err := k.SignIn(t.Context(), "张三", good, ""); !errors.Is(err, ErrLocked) {
		t.Errorf("right but locked: got %v", err)
	}
	wind(clock, lockTime+time.Second)
	if _, err := k.SignIn(t.Context(), "张三", good, ""); err != nil {
		t.Errorf("after the lock: %v", err)
	}
	if _, err := k.SignIn(t.Context(), "李四", good, ""); !errors.Is(err, ErrWrong) {
		t.Errorf("an unknown name: got %v, want the same words", err)
	}
}

func TestASessionEnds(t *testing.T) {
	k, clock := kept(t)
	member(t, k, "张三", Editor)
	begin := func() string {
		s, err := k.SignIn(t.Context(), "张三", good, "")
		if err != nil {
			t.Fatal(err)
		}
		return s.Token
	}
	lives := func(token string) bool {
		_, _, err := k.Session(t.Context(), token)
		if err != nil && !errors.Is(err, ErrSession) {
			t.Fatal(err)
		}
		return err == nil
	}
	idle := begin()
	for range 3 {
		wind(clock, k.Idle-time.Minute)
		if !lives(idle) {
			t.Fatal("a session in use ends")
		}
	}
	wind(clock, k.Idle+time.Second)
	if lives(idle) {
		t.Error("an idle session lives")
	}
	long := begin()
	for range 25 {
		wind(clock, k.Idle-time.Minute)
		lives(long)
	}
	if lives(long) {
		t.Error("a session lives for ever when used")
	}
	out, other := begin(), begin()
	if err := k.SignOut(t.Context(), out); err != nil || lives(out) || !lives(other) {
		t.Errorf("signing out: %v, %v, %v", err, lives(out), lives(other))
	}
	if err := k.ChoosePassword(t.Context(), "张三", good, "Another-Horse-9"); err != nil || lives(other) {
		t.Errorf("a new password leaves sessions: %v", err)
	}
	if err := k.ChoosePassword(t.Context(), "张三", good, "Third-Horse-99"); !errors.Is(err, ErrWrong) {
		t.Errorf("the old password still counts: %v", err)
	}
	if lives("../../x") || lives(strings.Repeat("0", 32)) {
		t.Error("a made-up token lives")
	}
}

// TestCodesAreThoseOfTheRFC holds against RFC 6238 appendix B, cut to six digits.
func TestCodesAreThoseOfTheRFC(t *testing.T) {
	secret := secretCoding.EncodeToString([]byte("12345678901234567890"))
	for at, want := range map[int64]string{59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130"} {
		if got := Code(secret, StepOf(time.Unix(at, 0))); got != want {
			t.Errorf("at %d: got %s, want %s", at, got, want)
		}
	}
}

func TestASecondFactorCountsOnce(t *testing.T) {
	k, clock := kept(t)
	member(t, k, "张三", Editor)
	s, err := k.SignIn(t.Context(), "张三", good, "")
	if err != nil {
		t.Fatal(err)
	}
	secret, err := k.Offer(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	if err := k.Enrol(t.Context(), s, "000000"); !errors.Is(err, ErrCode) {
		t.Errorf("a wrong code enrols: %v", err)
	}
	now := func() string { return Code(secret, StepOf(time.Now().Add(time.Duration(clock.Load())))) }
	if err := k.Enrol(t.Context(), s, now()); err != nil {
		t.Fatal(err)
	}
	if _, err := k.SignIn(t.Context(), "张三", good, now()); !errors.Is(err, ErrWrong) {
		t.Errorf("a used code counts again: %v", err)
	}
	wind(clock, 2*time.Minute)
	if _, err := k.SignIn(t.Context(), "张三", good, ""); !errors.Is(err, ErrWrong) {
		t.Errorf("without a code: %v", err)
	}
	if _, err := k.SignIn(t.Context(), "张三", good, now()); err != nil {
		t.Errorf("with a code: %v", err)
	}
}

func TestInvitationsCountOnceAndForAWhile(t *testing.T) {
	k, clock := kept(t)
	first, ok, err := k.First(t.Context())
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	second, _, _ := k.First(t.Context())
	if _, err := k.Accept(t.Context(), first, "张三", "short"); !errors.Is(err, ErrWeak) {
		t.Errorf("a weak password: %v", err)
	}
	if name, err := k.Accept(t.Context(), first, "张三", good); err != nil || name != "张三" {
		t.Fatal(name, err)
	}
	for _, code := range []string{first, second} {
		if _, err := k.Accept(t.Context(), code, "李四", good); !errors.Is(err, ErrNoInvite) {
			t.Errorf("a second first account: %v", err)
		}
	}
	if _, ok, err := k.First(t.Context()); ok || err != nil {
		t.Errorf("a first invitation after the first account: %v %v", ok, err)
	}
	code, err := k.Invite(t.Context(), "张三", "系统")
	if err != nil {
		t.Fatal(err)
	}
	wind(clock, inviteTime+time.Second)
	if _, err := k.Accept(t.Context(), code, "", good); !errors.Is(err, ErrNoInvite) {
		t.Errorf("an old invitation: %v", err)
	}
}

func TestWeakPasswordsAreRefused(t *testing.T) {
	for _, p := range []string{"", "Aa1!", "aaaaaaaaaaaaaaaaaaaa", "alllowercase1", "Zhangsan-2022", strings.Repeat("Aa1!x", 100)} {
		if err := CheckPassword("zhangsan", p); !errors.Is(err, ErrWeak) {
			t.Errorf("%q: got %v", p, err)
		}
	}
	for _, p := range []string{good, "一匹正确的马和电池订书钉放在桌上"} {
		if err := CheckPassword("zhangsan", p); err != nil {
			t.Errorf("%q: %v", p, err)
		}
	}
}

func TestScanSignsInOnlyWhoWasLinked(t *testing.T) {
	k, _ := kept(t)
	member(t, k, "张三", Editor)
	link := Link{"wecom", "zs"}
	if _, err := k.ByScan(t.Context(), link); !errors.Is(err, ErrWrong) {
		t.Errorf("not linked: %v", err)
	}
	if err := k.Change(t.Context(), "张三", "李四", "account.link", "", func(a *Account) error { a.Links = []Link{link}; return nil }); err != nil {
		t.Fatal(err)
	}
	if s, err := k.ByScan(t.Context(), link); err != nil || s.Account != "张三" {
		t.Errorf("linked: %v", err)
	}
}
