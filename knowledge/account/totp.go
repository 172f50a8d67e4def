package account

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // RFC 6238: what the apps on people's phones compute
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"
)

// The second factor (动态口令) is RFC 6238 as every authenticator app has it:
// SHA-1, six digits, 30 seconds; a code of the step before or after counts too.
const (
	stepSeconds = 30
	codeDigits  = 6
	stepSkew    = 1
	secretBytes = 20
)

var secretCoding = base32.StdEncoding.WithPadding(base32.NoPadding)

// newSecret makes the shared secret of a second factor.
func newSecret(random io.Reader) (string, error) {
	b := make([]byte, secretBytes)
	if _, err := io.ReadFull(random, b); err != nil {
		return "", fmt.Errorf("make a secret: %w", err)
	}
	return secretCoding.EncodeToString(b), nil
}

// Code is the code of a step of a secret; "" when the secret is unreadable.
func Code(secret string, step int64) string {
	key, err := secretCoding.DecodeString(secret)
	if err != nil {
		return ""
	}
	mac := hmac.New(sha1.New, key)
	var count [8]byte
	binary.BigEndian.PutUint64(count[:], uint64(step))
	mac.Write(count[:])
	sum := mac.Sum(nil)
	at := sum[len(sum)-1] & 15
	n := binary.BigEndian.Uint32(sum[at:]) & 0x7fffffff
	return fmt.Sprintf("%06d", n%1_000_000)
}

// StepOf is the step of an instant.
func StepOf(at time.Time) int64 { return at.Unix() / stepSeconds }

// step finds the step of a code near an instant that lies after the last one
// used; 0 when the code is wrong, old or used.
func step(secret, code string, last int64, at time.Time) int64 {
	code = strings.ReplaceAll(strings.TrimSpace(code), " ", "")
	if len(code) != codeDigits || secret == "" {
		return 0
	}
	for s := StepOf(at) - stepSkew; s <= StepOf(at)+stepSkew; s++ {
		if want := Code(secret, s); s > last && want != "" && hmac.Equal([]byte(want), []byte(code)) {
			return s
		}
	}
	return 0
}

// Enrolment is the address that an authenticator app takes a secret from.
func Enrolment(name, secret string) string {
	return "otpauth://totp/" + url.PathEscape("惠问:"+name) + "?secret=" + secret + "&issuer=" + url.QueryEscape("惠问") + "&digits=6&period=30"
}
