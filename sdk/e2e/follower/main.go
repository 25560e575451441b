// Follower is a number of services that verify access tokens with the Go SDK, for test/load to measure how soon they refuse one.
//
// It prints "ready" once all hear revocations. For each access token on a line of its input it prints "accepted" once all accept it, and then
// "refused" with the times, in nanoseconds since 1970, at which each of them refused it. Settings come from the environment, as signet.FromEnv
// takes them; SIGNET_URLS, addresses of replicas by comma, are used in turn.
package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	signet "github.com/signet-auth/signet/sdk/go"
)

const patience = 30 * time.Second

func main() {
	n := flag.Int("followers", 100, "how many services")
	flag.Parse()
	if err := run(*n); err != nil {
		fmt.Fprintln(os.Stderr, "follower:", err)
		os.Exit(1)
	}
}

func run(n int) error {
	services, err := open(n)
	if err != nil {
		return err
	}
	fmt.Println("ready")
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		if err := watch(services, lines.Text()); err != nil {
			return err
		}
	}
	return nil
}

func open(n int) ([]*signet.Verifier, error) {
	config := signet.EnvConfig()
	config.Logger = slog.New(slog.DiscardHandler)
	urls := strings.Split(cmp.Or(os.Getenv("SIGNET_URLS"), config.URL, config.Issuer), ",")
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	services := make([]*signet.Verifier, n)
	for i := range services {
		config.URL = urls[i%len(urls)]
		v, err := signet.New(config)
		if err != nil {
			return nil, err
		}
		services[i] = v
	}
	for _, v := range services {
		if err := v.Ready(ctx); err != nil {
			return nil, err
		}
	}
	return services, nil
}

// watch looks at each every millisecond: a fact changes nothing until somebody asks.
func watch(services []*signet.Verifier, token string) error {
	for _, v := range services {
		if _, err := v.Verify(context.Background(), token); err != nil {
			return err
		}
	}
	fmt.Println("accepted")
	times := make([]string, len(services))
	var all sync.WaitGroup
	for i, v := range services {
		all.Go(func() {
			for begin := time.Now(); time.Since(begin) < patience; time.Sleep(time.Millisecond) {
				if _, err := v.Verify(context.Background(), token); errors.Is(err, signet.ErrInvalid) {
					times[i] = fmt.Sprint(time.Now().UnixNano())
					return
				}
			}
			times[i] = "never"
		})
	}
	all.Wait()
	fmt.Println("refused", strings.Join(times, " "))
	return nil
}
