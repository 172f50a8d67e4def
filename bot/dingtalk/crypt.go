package dingtalk

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
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
	ErrSignature = errors.New("dingtalk: the signature does not fit")
	ErrCipher    = errors.New("dingtalk: the message cannot be decrypted")
)

// Sign is the signature of a robot's callback and of a custom robot's message:
// it covers the time alone, never the body.
func Sign(timestamp, secret string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(timestamp + "\n" + secret))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// paddingBlock is the padding of the platform: 32 bytes, not that of AES.
const paddingBlock = 32

// A Crypt encrypts and signs event callbacks
// (open-dingtalk/DingTalk-Callback-Crypto). It is immutable.
type Crypt struct {
	token string
	key   []byte
	owner string // app key or corp id, whichever the subscription names
}

// NewCrypt makes a Crypt of what the developer console shows.
func NewCrypt(token, encodingAESKey, owner string) (*Crypt, error) {
	key, err := base64.StdEncoding.DecodeString(encodingAESKey + "=") // not strict: real keys have trailing bits
	if err != nil || len(key) != 32 {
		return nil, errors.New("encoding_aes_key 要是 43 个字符，请从钉钉开放平台重新复制")
	}
	if token == "" {
		return nil, errors.New("token 不能为空")
	}
	return &Crypt{token, key, owner}, nil
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
	if subtle.ConstantTimeCompare([]byte(c.Sign(timestamp, nonce, encrypted)), []byte(signature)) != 1 {
		return nil, ErrSignature
	}
	data, err := base64.StdEncoding.DecodeString(encrypted)
	if err != nil || len(data) < paddingBlock || len(data)%aes.BlockSize != 0 {
		return nil, ErrCipher
	}
	block, err := aes.NewCipher(c.key)
	if err != nil {
		return nil, ErrCipher
	}
	cipher.NewCBCDecrypter(block, c.key[:aes.BlockSize]).CryptBlocks(data, data)
	pad := int(data[len(data)-1])
	if pad < 1 || pad > paddingBlock || pad > len(data)-20 {
		return nil, ErrCipher
	}
	data = data[:len(data)-pad]
	n := uint64(binary.BigEndian.Uint32(data[16:20]))
	if n > uint64(len(data)-20) {
		return nil, ErrCipher
	}
	text, owner := data[20:20+n], data[20+n:]
	if subtle.ConstantTimeCompare(owner, []byte(c.owner)) != 1 {
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
	data := slices.Concat(head, text, []byte(c.owner))
	pad := paddingBlock - len(data)%paddingBlock
	data = append(data, bytes.Repeat([]byte{byte(pad)}, pad)...)
	block, err := aes.NewCipher(c.key)
	if err != nil {
		return "", fmt.Errorf("encrypt: %w", err)
	}
	cipher.NewCBCEncrypter(block, c.key[:aes.BlockSize]).CryptBlocks(data, data)
	return base64.StdEncoding.EncodeToString(data), nil
}
