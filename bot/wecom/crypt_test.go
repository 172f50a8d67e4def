package wecom_test

import (
	"strings"
	"testing"

	"huiwen/bot/envelope"
)

// The vectors of the platform's document (path 90968).
const (
	vectorToken = "QDG6eK"
	vectorKey   = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"
	vectorCorp  = "wx5823bf96d3bd56c7"
	getEcho     = "P9nAzCzyDtyTWESHep1vC5X9xho/qYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp+4RPcs8TgAE7OaBO+FZXvnaqQ=="
	postEncrypt = "RypEvHKD8QQKFhvQ6QleEB4J58tiPdvo+rtK1I9qca6aM/wvqnLSV5zEPeusUiX5L5X/0lWfrf0QADHHhGd3QczcdCUpj911L3vg3W/sYYvuJTs3TUUkSUXxaccAS0qhxchrRYt66wiSpGLYL42aM6A8dTT+6k4aSknmPj48kzJs8qLjvd4Xgpue06DOdnLxAUHzM6+kDZ+HMZfJYuR+LtwGc2hgf5gsijff0ekUNXZiqATP7PF5mZxZ3Izoun1s4zG4LUMnvw2r+KqCKIw+3IQH03v+BCA9nMELNqbSf6tiWSrXJB3LAVGUcallcrw8V2t9EL4EhzJWrQUax5wLVMNS0+rUPA3k22Ncx4XXZS9o0MBH27Bo6BpNelZpS+/uh9KsNlY6bHCmJU9p8g7m3fVKn28H3KDYA5Pl/T8Z1ptDAVe0lXdQ2YoyyH2uyPIGHBZZIs2pDBS8R07+qN+E7Q=="
	postPlain   = "<xml><ToUserName><![CDATA[wx5823bf96d3bd56c7]]></ToUserName>\n<FromUserName><![CDATA[mycreate]]></FromUserName>\n<CreateTime>1409659813</CreateTime>\n<MsgType><![CDATA[text]]></MsgType>\n<Content><![CDATA[hello]]></Content>\n<MsgId>4561255354251345929</MsgId>\n<AgentID>218</AgentID>\n</xml>"
)

func vectorCrypt(t testing.TB) *envelope.Crypt {
	t.Helper()
	c, err := envelope.New(vectorToken, vectorKey, vectorCorp)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestOfficialVectors(t *testing.T) {
	c := vectorCrypt(t)
	echo, err := c.Open("5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3", "1409659589", "263014780", getEcho)
	if err != nil || string(echo) != "1616140317555161061" {
		t.Errorf("GET: %q %v", echo, err)
	}
	plain, err := c.Open("477715d11cdb4164915debcba66cb864d751f3e6", "1409659813", "1372623149", postEncrypt)
	if err != nil || string(plain) != postPlain {
		t.Errorf("POST: %q %v", plain, err)
	}
	again, err := c.Seal(strings.NewReader("0960688932c47ef1"), []byte(postPlain))
	if err != nil || again != postEncrypt {
		t.Errorf("sealed again with the same random: %v, equal %v", err, again == postEncrypt)
	}
}
