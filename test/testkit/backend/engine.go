package backend

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os"
	"sync"
	"testing"
	"time"
)

const (
	// launchTimeout bounds one way of getting a server, the pull of an image included.
	launchTimeout = 2 * time.Minute
	// adminTimeout bounds creating and dropping what a test works in.
	adminTimeout = 30 * time.Second
	// pollEvery is how often a starting server is asked whether it is ready.
	pollEvery = 20 * time.Millisecond
)

// machine is one running server, wherever it runs.
type machine interface {
	// String names the source, for the log.
	String() string
	// start runs the server until it answers and returns its host:port, which may change from start to start.
	start(ctx context.Context) (addr string, err error)
	// stop ends it the way a crash would; start brings it back with what its disk kept.
	stop(ctx context.Context) error
	// remove ends it for good, with its data.
	remove()
}

// engine is a kind of server: how to get one and how to talk to it.
type engine struct {
	name      string
	env       string // variable with the URL of a given server
	container func(password string, kept bool) machine
	local     func(password string) (machine, error)
	url       func(addr, password string) *url.URL

	once   sync.Once
	shared *url.URL
	err    error
}

// ping reports whether the server behind a URL answers a query.
type ping func(ctx context.Context, addr string) error

// sharedURL returns the URL of the process's one server of this kind, started at the first call.
func (e *engine) sharedURL(tb testing.TB) *url.URL {
	tb.Helper()
	requireMain(tb, e.name)
	e.once.Do(func() {
		if given := os.Getenv(e.env); given != "" {
			if e.shared, e.err = url.Parse(given); e.err == nil {
				tb.Logf("backend: %s from %s", e.name, e.env)
			}
			return
		}
		var (
			m      machine
			source string
		)
		if m, e.shared, source, e.err = e.launch(false); e.err == nil {
			AtExit(m.remove)
			tb.Logf("backend: %s from %s", e.name, source)
		}
	})
	if e.err != nil {
		e.unavailable(tb, e.err)
	}
	return e.shared
}

// Need skips or fails a test where the servers that [Postgres] and [Redis] share can't be had.
func Need(tb testing.TB) {
	tb.Helper()
	postgresEngine.sharedURL(tb)
	redisEngine.sharedURL(tb)
}

// launch starts a new server: a container, else a local process. kept says that it must come back with its data when it was stopped.
func (e *engine) launch(kept bool) (m machine, at *url.URL, source string, err error) {
	var reasons []error
	for _, way := range []struct {
		name string
		make func(password string) (machine, error)
	}{
		{"container", func(password string) (machine, error) { return e.container(password, kept), dockerAnswers() }},
		{"local binaries", e.local},
	} {
		password := rand.Text()
		m, err := way.make(password)
		if err == nil {
			at, err = e.startup(m, password)
		}
		if err == nil {
			source = m.String()
			if len(reasons) > 0 {
				source = fmt.Sprintf("%s (not %v)", source, errors.Join(reasons...))
			}
			return m, at, source, nil
		}
		reasons = append(reasons, fmt.Errorf("%s: %w", way.name, err))
	}
	return nil, nil, "", errors.Join(reasons...)
}

func (e *engine) startup(m machine, password string) (*url.URL, error) {
	ctx, cancel := context.WithTimeout(context.Background(), launchTimeout)
	defer cancel()
	addr, err := m.start(ctx)
	if err != nil {
		m.remove()
		return nil, err
	}
	return e.url(addr, password), nil
}

// unavailable skips the test, or fails it where every backend is promised.
func (e *engine) unavailable(tb testing.TB, reason error) {
	tb.Helper()
	if os.Getenv("SIGNET_TEST_BACKENDS") == "required" {
		tb.Fatalf("backend: %s: %v", e.name, reason)
	}
	tb.Skipf("backend: no %s: set %s, start Docker or install it (%v)", e.name, e.env, reason)
}

// await asks until the server answers, dies or the context ends.
func await(ctx context.Context, died <-chan struct{}, answers ping, addr string) error {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		err := answers(ctx, addr)
		if err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-died:
			return errors.New("the server ended while starting")
		case <-ctx.Done():
			return fmt.Errorf("the server does not answer: %w", err)
		}
	}
}
