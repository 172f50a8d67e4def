// Command bot is huiwen, the policy assistant.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"
	_ "time/tzdata" // a scratch image has no zones

	"huiwen/bot/app"
)

// grace is how long a command may take to end after a signal; serve stops within
// it, and what cannot be interrupted is cut off.
const grace = 30 * time.Second

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, func() {
		stop() // a second signal ends the program at once
		time.AfterFunc(grace, func() { os.Exit(1) })
	})
	code := app.Run(ctx, os.Args[1:], app.System())
	stop()
	os.Exit(code)
}
