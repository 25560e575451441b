// Command signet is the Signet server and its tools. Everything is in package run.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/signet-auth/signet/cmd/run"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	environ, err := run.Environ()
	if err != nil {
		fmt.Fprintln(os.Stderr, "signet:", err)
		os.Exit(1)
	}
	os.Exit(run.Main(ctx, os.Args[1:], environ, run.Stdio{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}))
}
