// Package envelope seals and opens the callbacks of 企业微信 (document path 90968)
// and of 钉钉 (open-dingtalk/DingTalk-Callback-Crypto): both sign with a token and
// encrypt with AES-256-CBC in the same way.
package envelope

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Errors of a callback that must not be answered.
var (
	ErrSignature = errors.New("callback: the signature does not fit")
	ErrCipher    = errors.New("callback: the message cannot be decrypted")
)

// blockSize is the padding block of the platform: 32 bytes, not that of AES
// (document path 90968).
const blockSize = 32

// A Crypt encrypts and signs the callbacks of one app. It is immutable.
type Crypt struct {
	token   string
	key     []byte
	receive string // corp id or app key, "" where the platform sends none
}

// New makes a Crypt of what the console of the platform shows.
func New(token, encodingAESKey, receiveID string) (*Crypt, error) {
	key, err := base64.StdEncoding.DecodeString(encodingAESKey + "=") // not strict: real keys have trailing bits
	if err != nil || len(key) != 32 {
		return nil, errors.New("encoding_aes_key 要是 43 个字符，请从平台的后台重新复制")
	}
	if token == "" {
		return nil, errors.New("token 不能为空")
	}
	return &Crypt{token, key, receiveID}, nil
}

// Sign is the signature of an encrypted text.
func (c *Crypt) Sign(timestamp, nonce, encrypted string) string {
	parts := []string{c.token, timestamp, nonce, encrypted}
	slices.Sort(parts)
	sum := sha1.Sum([]byte(strings.Join(parts, "")))
	return hex.EncodeToString(sum[:])
}

// Open checks the signature in constant time and then decrypts. The errors are
// [ErrSignature] and [ErrCipher].
func (c *Crypt) Open(signature, timestamp, nonce, encrypted string) ([]byte, error) {
	want := c.Sign(timestamp, nonce, encrypted)
	if subtle.ConstantTimeCompare([]byte(want), []byte(signature)) != 1 {
		return nil, ErrSignature
	}
	return c.decrypt(encrypted)
}

func (c *Crypt) decrypt(encrypted string) ([]byte, error) {
	data, err := base64.StdEncoding.DecodeString(encrypted)
	if err != nil || len(data) < blockSize || len(data)%aes.BlockSize != 0 {
		return nil, ErrCipher
	}
	block, err := aes.NewCipher(c.key)
	if err != nil {
		return nil, ErrCipher
	}
	cipher.NewCBCDecrypter(block, c.key[:aes.BlockSize]).CryptBlocks(data, data)
	pad := int(data[len(data)-1])
	if pad < 1 || pad > blockSize || pad > len(data) {
		return nil, ErrCipher
	}
	data = data[:len(data)-pad]
	if len(data) < 20 {
		return nil, ErrCipher
	}
	n := uint64(binary.BigEndian.Uint32(data[16:20]))
	if n > uint64(len(data)-20) {
		return nil, ErrCipher
	}
	text, receive := data[20:20+n], data[20+n:]
	if subtle.ConstantTimeCompare(receive, []byte(c.receive)) != 1 {
		return nil, ErrCipher
	}
	return text, nil
}

// Seal encrypts a text with 16 random bytes.
func (c *Crypt) Seal(random io.Reader, text []byte) (string, error) {
	head := make([]byte, 20)
	if _, err := io.ReadFull(random, head[:16]); err != nil {
		return "", fmt.Errorf("encrypt: %w", err)
	}
	binary.BigEndian.PutUint32(head[16:], uint32(len(text)))
	data := slices.Concat(head, text, []byte(c.receive))
	pad := blockSize - len(data)%blockSize
	data = append(data, bytes.Repeat([]byte{byte(pad)}, pad)...)
	block, err := aes.NewCipher(c.key)
	if err != nil {
		return "", fmt.Errorf("encrypt: %w", err)
	}
	cipher.NewCBCEncrypter(block, c.key[:aes.BlockSize]).CryptBlocks(data, data)
	return base64.StdEncoding.EncodeToString(data), nil
}
