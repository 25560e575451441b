// Command signet is the Signet server and its tools. Everything is in package run.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/signet-auth/signet/cmd/run"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run.Main(ctx, os.Args[1:], run.Environ(), run.Stdio{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}))
}
