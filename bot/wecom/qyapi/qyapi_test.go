package qyapi

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/silenceper/wechat/v2/util"
)

// The official vectors (document path 90968): the emulator is held to them as
// the service is, so that both ends are checked by a third party's data.
const (
	token = "QDG6eK"
	corp  = "wx5823bf96d3bd56c7"
	key   = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"

	getEcho     = "P9nAzCzyDtyTWESHep1vC5X9xho/qYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp+4RPcs8TgAE7OaBO+FZXvnaqQ=="
	postEncrypt = "RypEvHKD8QQKFhvQ6QleEB4J58tiPdvo+rtK1I9qca6aM/wvqnLSV5zEPeusUiX5L5X/0lWfrf0QADHHhGd3QczcdCUpj911L3vg3W/sYYvuJTs3TUUkSUXxaccAS0qhxchrRYt66wiSpGLYL42aM6A8dTT+6k4aSknmPj48kzJs8qLjvd4Xgpue06DOdnLxAUHzM6+kDZ+HMZfJYuR+LtwGc2hgf5gsijff0ekUNXZiqATP7PF5mZxZ3Izoun1s4zG4LUMnvw2r+KqCKIw+3IQH03v+BCA9nMELNqbSf6tiWSrXJB3LAVGUcallcrw8V2t9EL4EhzJWrQUax5wLVMNS0+rUPA3k22Ncx4XXZS9o0MBH27Bo6BpNelZpS+/uh9KsNlY6bHCmJU9p8g7m3fVKn28H3KDYA5Pl/T8Z1ptDAVe0lXdQ2YoyyH2uyPIGHBZZIs2pDBS8R07+qN+E7Q=="
	postPlain   = "<xml><ToUserName><![CDATA[wx5823bf96d3bd56c7]]></ToUserName>\n<FromUserName><![CDATA[mycreate]]></FromUserName>\n<CreateTime>1409659813</CreateTime>\n<MsgType><![CDATA[text]]></MsgType>\n<Content><![CDATA[hello]]></Content>\n<MsgId>4561255354251345929</MsgId>\n<AgentID>218</AgentID>\n</xml>"
)

func TestOfficialVectors(t *testing.T) {
	for _, c := range []struct {
		random, plain, encrypted, nonce, signature string
		unix                                       int64
	}{
		{"c41b64491c2468d0", "1616140317555161061", getEcho, "263014780", "5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3", 1409659589},
		{"0960688932c47ef1", postPlain, postEncrypt, "1372623149", "477715d11cdb4164915debcba66cb864d751f3e6", 1409659813},
	} {
		random, err := hex.DecodeString(c.random + "0000000000000000")
		if err != nil {
			t.Fatal(err)
		}
		a := App{Token: token, EncodingAESKey: key, AgentID: 218}
		o := Options{CorpID: corp, Random: bytes.NewReader(random), Now: func() time.Time { return time.Unix(c.unix, 0) }}
		m, err := seal(a, o, c.plain, Trick{})
		if err != nil || m.encrypted != c.encrypted {
			t.Errorf("sealed %v, equal %v", err, m != nil && m.encrypted == c.encrypted)
		}
		if got := util.Signature(token, m.timestamp, c.nonce, m.encrypted); got != c.signature {
			t.Errorf("signature %s, want %s", got, c.signature)
		}
		answer := "<xml><Encrypt>" + c.encrypted + "</Encrypt><MsgSignature>" + c.signature + "</MsgSignature><TimeStamp>" + m.timestamp + "</TimeStamp><Nonce>" + c.nonce + "</Nonce></xml>"
		if got, err := open(a, o, []byte(answer)); err != nil || got != c.plain {
			t.Errorf("opened %q %v", got, err)
		}
		if _, err := open(a, o, []byte(strings.Replace(answer, c.signature[:4], "0000", 1))); err == nil {
			t.Error("an answer signed wrongly is taken")
		}
	}
}
