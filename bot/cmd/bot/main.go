// Command bot is huiwen, the policy assistant.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // a scratch image has no zones

	"huiwen/bot/app"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := app.Run(ctx, os.Args[1:], app.System())
	stop()
	os.Exit(code)
}
