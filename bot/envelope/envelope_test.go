package envelope_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"strings"
	"testing"

	"github.com/silenceper/wechat/v2/util"

	"huiwen/bot/envelope"
)

const (
	token = "token"
	key   = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
	corp  = "wwcorp"
)

// crypt is a Crypt of one app. The platforms' own vectors are tested beside the
// channels.
func crypt(t testing.TB) *envelope.Crypt {
	t.Helper()
	c, err := envelope.New(token, key, corp)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestEveryPaddingAndAnotherImplementation(t *testing.T) {
	c := crypt(t)
	for n := range 100 {
		text := bytes.Repeat([]byte("字"), n)
		sealed, err := c.Seal(rand.Reader, text)
		if err != nil {
			t.Fatal(err)
		}
		got, err := c.Open(c.Sign("1", "2", sealed), "1", "2", sealed)
		if err != nil || !bytes.Equal(got, text) {
			t.Fatalf("%d: %v", n, err)
		}
		if n == 0 {
			continue
		}
		_, theirs, err := util.DecryptMsg(corp, sealed, key)
		if err != nil || !bytes.Equal(theirs, text) {
			t.Fatalf("%d: the SDK reads %q %v", n, theirs, err)
		}
	}
	if mine, theirs := c.Sign("1", "2", "x"), util.Signature(token, "1", "2", "x"); mine != theirs {
		t.Errorf("signature %s, the SDK's %s", mine, theirs)
	}
	empty, err := envelope.New(token, key, "")
	if err != nil {
		t.Fatal(err)
	}
	sealed, _ := empty.Seal(rand.Reader, []byte("{}"))
	if got, err := empty.Open(empty.Sign("1", "2", sealed), "1", "2", sealed); err != nil || string(got) != "{}" {
		t.Errorf("empty receiver: %q %v", got, err)
	}
}

func TestForgeriesAreRefused(t *testing.T) {
	c := crypt(t)
	sealed, err := c.Seal(strings.NewReader("0123456789abcdef"), []byte("<xml>字</xml>"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Open("0"+c.Sign("1", "2", sealed)[1:]+"0", "1", "2", sealed); !errors.Is(err, envelope.ErrSignature) {
		t.Errorf("a wrong signature: %v", err)
	}
	other, _ := envelope.New(token, key, "another")
	if _, err := other.Open(other.Sign("1", "2", sealed), "1", "2", sealed); !errors.Is(err, envelope.ErrCipher) {
		t.Errorf("a wrong receiver: %v", err)
	}
	for _, broken := range []string{"", "x", "AAAA", sealed[:64], strings.Repeat("A", 44)} {
		if _, err := c.Open(c.Sign("1", "2", broken), "1", "2", broken); !errors.Is(err, envelope.ErrCipher) {
			t.Errorf("%.20q: %v", broken, err)
		}
	}
	for _, key := range []string{"", "short", strings.Repeat("!", 43)} {
		if _, err := envelope.New("t", key, ""); err == nil {
			t.Errorf("the key %q is taken", key)
		}
	}
}

func FuzzOpen(f *testing.F) {
	c := crypt(f)
	for _, text := range []string{"", "字", strings.Repeat("x", 31)} {
		sealed, err := c.Seal(strings.NewReader("0123456789abcdef"), []byte(text))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(sealed)
	}
	f.Fuzz(func(t *testing.T, encrypted string) {
		_, _ = c.Open(c.Sign("1", "2", encrypted), "1", "2", encrypted) // must not panic
	})
}
