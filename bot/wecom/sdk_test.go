package wecom_test

import (
	"net/http"
	"sync"
	"testing"

	"github.com/silenceper/wechat/v2/util"

	"huiwen/bot/wecom"
)

// The SDK knows one client for the process: the tests share one switchboard.
var (
	boardOnce   sync.Once
	sharedBoard *wecom.Switchboard
)

func useSwitchboard(t *testing.T, b *bench) {
	t.Helper()
	boardOnce.Do(func() {
		sharedBoard = wecom.NewSwitchboard()
		util.DefaultHTTPClient = &http.Client{Transport: sharedBoard}
	})
	b.board = sharedBoard
}
