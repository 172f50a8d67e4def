package dingtalk

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/open-dingtalk/dingtalk-stream-sdk-go/client"
	"github.com/open-dingtalk/dingtalk-stream-sdk-go/handler"
	"github.com/open-dingtalk/dingtalk-stream-sdk-go/payload"
)

// Topics of frames.
const (
	topicBot  = "/v1.0/im/bot/messages/get"
	topicCard = "/v1.0/card/instances/callback"
)

const (
	// keepAlive is the silence after which the SDK pings; it then waits 5 s. Its
	// own default of 120 s would leave a dead connection for too long.
	keepAlive = 30 * time.Second
	// watchEvery is how often the connection is looked after beside the SDK's own
	// reconnecting, whose back-off goes to a minute.
	watchEvery = 15 * time.Second
	startTime  = 20 * time.Second
	minStart   = time.Second
	maxStart   = time.Minute
	// takeTime bounds the keeping of a message; what is not kept by then is not
	// acknowledged and comes again.
	takeTime = 5 * time.Second
	// maxPending is how many frames are kept at once; more are not acknowledged.
	maxPending = 2048
)

// A Stream receives by the platform's long connection: no public address is
// needed.
type Stream struct {
	Host             string // of the new API
	ClientID, Secret string
	Robot            *Robot
	Log              *slog.Logger
	KeepAlive        time.Duration // 0 for the default

	mu      sync.Mutex
	running bool
	state   error // nil when connected
}

// errNotYet is the state before the first connection.
var errNotYet = errors.New("dingtalk: not connected yet")

// Run keeps a connection until ctx ends. The SDK reconnects what drops; the first
// connection, and what its reconnecting gives up, is tried here.
func (s *Stream) Run(ctx context.Context) {
	s.set(errNotYet)
	s.mu.Lock()
	s.running = true
	s.mu.Unlock()
	idle := s.KeepAlive
	if idle == 0 {
		idle = keepAlive
	}
	cli := client.NewStreamClient(
		client.WithAppCredential(client.NewAppCredentialConfig(s.ClientID, s.Secret)), client.WithOpenApiHost(strings.TrimSuffix(s.Host, "/")),
		client.WithKeepAlive(idle), client.WithMaxPendingHandlers(maxPending), client.WithAutoReconnect(true),
	)
	cli.RegisterCallbackRouter(topicBot, s.acknowledge(ctx, func(ctx context.Context, df *payload.DataFrame) error {
		return s.Robot.Take(ctx, []byte(df.Data), true)
	}))
	cli.RegisterCallbackRouter(topicCard, s.acknowledge(ctx, func(ctx context.Context, df *payload.DataFrame) error {
		return s.Robot.TakeClick(ctx, []byte(df.Data), df.GetMessageId())
	}))
	defer cli.Close()
	wait := minStart
	for ctx.Err() == nil {
		try, cancel := context.WithTimeout(ctx, startTime)
		err := cli.Start(try) // nothing to do when it is connected
		cancel()
		if changed := s.set(err); changed && ctx.Err() == nil {
			if err != nil {
				s.Log.Warn("dingtalk stream not connected", "kind", kindOf(err)) // its text may hold the platform's answer
			} else {
				s.Log.Info("dingtalk stream connected")
			}
		}
		pause := watchEvery
		if err != nil {
			pause = wait + rand.N(wait/4)
			wait = min(wait*2, maxStart)
		} else {
			wait = minStart
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
}

func kindOf(err error) string {
	if errors.Is(err, context.DeadlineExceeded) {
		return "timeout"
	}
	return "refused or unreachable"
}

// set notes the state and tells whether it turned.
func (s *Stream) set(err error) (turned bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	turned = (s.state == nil) != (err == nil) || errors.Is(s.state, errNotYet)
	s.state = err
	return turned
}

// Connected reports whether the connection stood when it was last looked at.
func (s *Stream) Connected() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.running && s.state == nil
}

// Lost reports whether a connection is wanted and does not stand.
func (s *Stream) Lost() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.running && s.state != nil
}

// acknowledge keeps a frame and only then lets the SDK acknowledge it. What is
// not kept must stay without an answer, so that the platform brings it again: an
// answer of any code would be one, and the SDK makes one of every error.
func (s *Stream) acknowledge(run context.Context, take func(context.Context, *payload.DataFrame) error) handler.IFrameHandler {
	return func(_ context.Context, df *payload.DataFrame) (*payload.DataFrameResponse, error) {
		// not the connection's context: a drop must not cut a commit short
		ctx, cancel := context.WithTimeout(context.WithoutCancel(run), takeTime)
		defer cancel()
		if err := take(ctx, df); err != nil {
			s.Log.Error("dingtalk frame not kept", "error", err)
			runtime.Goexit() // ends this frame's goroutine; its slot is given back by a defer
		}
		ack := payload.NewSuccessDataFrameResponse()
		ack.Message = "OK"
		ack.SetData(`{"response":{}}`)
		return ack, nil
	}
}
