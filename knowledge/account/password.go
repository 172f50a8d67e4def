package account

import (
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
)

// The cost of a password check: argon2id as OWASP has it for 19 MiB.
const (
	argonMemoryKiB = 19 << 10
	argonTime      = 2
	argonThreads   = 1
	argonSalt      = 16
	argonKey       = 32
)

// Bounds of a password.
const (
	minPassword      = 10 // characters
	longPassword     = 16 // characters from which any mixture will do
	maxPasswordBytes = 256
	minKinds         = 3
)

// ErrWeak marks a password that may not be chosen; the error says why.
var ErrWeak = errors.New("密码太弱")

// CheckPassword refuses what is guessed first.
func CheckPassword(name, password string) error {
	n := utf8.RuneCountInString(password)
	switch {
	case len(password) > maxPasswordBytes || !utf8.ValidString(password):
		return fmt.Errorf("%w：最长 %d 个字节", ErrWeak, maxPasswordBytes)
	case n < minPassword:
		return fmt.Errorf("%w：至少要 %d 个字符", ErrWeak, minPassword)
	case strings.Contains(strings.ToLower(password), strings.ToLower(name)):
		return fmt.Errorf("%w：不能含账号名", ErrWeak)
	case n < longPassword && kinds(password) < minKinds:
		return fmt.Errorf("%w：不足 %d 个字符时，大写、小写、数字、符号至少要有三种", ErrWeak, longPassword)
	}
	seen := map[rune]bool{}
	for _, r := range password {
		seen[r] = true
	}
	if len(seen) < 5 {
		return fmt.Errorf("%w：重复的字符太多", ErrWeak)
	}
	return nil
}

func kinds(s string) int {
	var upper, lower, digit, sign int
	for _, r := range s {
		switch {
		case unicode.IsUpper(r):
			upper = 1
		case unicode.IsLower(r):
			lower = 1
		case unicode.IsDigit(r):
			digit = 1
		default:
			sign = 1
		}
	}
	return upper + lower + digit + sign
}

// hash makes the kept form: $argon2id$v=19$m=…,t=…,p=…$salt$key.
func hash(random io.Reader, password string) (string, error) {
	salt := make([]byte, argonSalt)
	if _, err := io.ReadFull(random, salt); err != nil {
		return "", fmt.Errorf("hash a password: %w", err)
	}
	key := argon2.IDKey([]byte(password), salt, argonTime, argonMemoryKiB, argonThreads, argonKey)
	b := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemoryKiB, argonTime, argonThreads, b.EncodeToString(salt), b.EncodeToString(key)), nil
}

// fits reports whether a password is that of a kept hash. Without a hash it
// takes as long and says no, so that time does not tell which accounts exist.
func fits(kept, password string) bool {
	memory, time, threads := uint32(argonMemoryKiB), uint32(argonTime), uint8(argonThreads)
	salt, want := make([]byte, argonSalt), make([]byte, argonKey)
	known := false
	if f := strings.Split(kept, "$"); len(f) == 6 && f[1] == "argon2id" {
		s, err1 := base64.RawStdEncoding.DecodeString(f[4])
		k, err2 := base64.RawStdEncoding.DecodeString(f[5])
		if _, err := fmt.Sscanf(f[3], "m=%d,t=%d,p=%d", &memory, &time, &threads); err == nil && err1 == nil && err2 == nil && len(k) > 0 && memory <= 1<<20 && time > 0 && threads > 0 {
			salt, want, known = s, k, true
		}
	}
	got := argon2.IDKey([]byte(password), salt, time, memory, threads, uint32(len(want)))
	return subtle.ConstantTimeCompare(got, want) == 1 && known
}
