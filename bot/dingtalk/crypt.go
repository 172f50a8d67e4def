package dingtalk

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
)

// Sign is the signature of a robot's callback and of a custom robot's message:
// it covers the time alone, never the body.
func Sign(timestamp, secret string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(timestamp + "\n" + secret))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}
