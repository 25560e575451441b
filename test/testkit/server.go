package testkit

import (
	"bytes"
	"context"
	"sync"
	"testing"
	"time"

	"github.com/signet-auth/signet/cmd/run"
)

// Options are what a test wants different.
type Options struct {
	Backends Backends
	Env      map[string]string // over the defaults
	Clock    *Clock            // nil: a clock of its own
}

// Server is a running server.
type Server struct {
	URL      string // public listener
	AdminURL string
	Clock    *Clock
	Log      *Log
	Env      map[string]string

	tb      testing.TB
	running *run.Server
}

// Start starts a server on fresh backends and stops it at the end of the test.
func Start(tb testing.TB, o Options) *Server {
	tb.Helper()
	if o.Backends.Env == nil {
		o.Backends = Embedded
	}
	if o.Clock == nil {
		o.Clock = &Clock{}
	}
	s := &Server{tb: tb, Clock: o.Clock, Log: &Log{}, Env: merged(defaults(), o.Backends.Env(tb), o.Env)}
	s.start()
	tb.Cleanup(s.Stop)
	return s
}

func (s *Server) start() {
	s.tb.Helper()
	config, err := run.ParseConfig(s.Env)
	if err != nil {
		s.tb.Fatalf("settings: %v", err)
	}
	config.System = s.Clock.System()
	s.running, err = run.Start(context.Background(), config, run.Stdio{In: bytes.NewReader(nil), Out: s.Log, Err: s.Log})
	if err != nil {
		s.tb.Fatalf("start: %v\n%s", err, s.Log)
	}
	s.URL, s.AdminURL = s.running.URL, s.running.AdminURL
}

// Stop stops the server gracefully. Stopping twice is fine.
func (s *Server) Stop() {
	if s.running == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := s.running.Stop(ctx); err != nil {
		s.tb.Errorf("stop: %v", err)
	}
	s.running = nil
}

// Restart stops the server and starts it again on the same backends; its URLs change.
func (s *Server) Restart() {
	s.tb.Helper()
	s.Stop()
	s.start()
}

// Replica starts a second server on the same backends and the same clock, with settings of its own. Not with SQLite: one data
// folder serves one server.
func (s *Server) Replica(env map[string]string) *Server {
	s.tb.Helper()
	r := &Server{tb: s.tb, Clock: s.Clock, Log: &Log{}, Env: merged(s.Env, env)}
	r.start()
	s.tb.Cleanup(r.Stop)
	return r
}

// Log keeps what a server wrote, for tests about what must not be in it. Safe for concurrent use.
type Log struct {
	mu      sync.Mutex
	content bytes.Buffer
}

// Write keeps a line.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.content.Write(p)
}

// String is everything so far.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.content.String()
}
