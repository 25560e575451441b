package backend

import (
	"context"
	"net/url"
	"testing"
)

// Server is a server of one test's own, reached through a [Proxy] whose address stays the same when the server comes
// back elsewhere. Its methods, those of the proxy included, are for the goroutine of the test.
type Server struct {
	*Proxy

	// URL is the server's, through the proxy.
	URL string

	tb      testing.TB
	machine machine
}

func newServer(tb testing.TB, e *engine) *Server {
	tb.Helper()
	requireMain(tb, e.name)
	m, direct, source, err := e.launch(true)
	if err != nil {
		e.unavailable(tb, err)
	}
	tb.Cleanup(m.remove)
	tb.Logf("backend: own %s from %s", e.name, source)
	proxy := NewProxy(tb, direct.Host)
	return &Server{Proxy: proxy, URL: through(direct, proxy), tb: tb, machine: m}
}

func through(direct *url.URL, proxy *Proxy) string {
	via := *direct
	via.Host = proxy.Addr()
	return via.String()
}

// Stop kills the server, as a crash would: connections break, new ones are refused. What Postgres has committed is
// there again after [Server.Start]; Redis has forgotten everything.
func (s *Server) Stop() {
	s.tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), launchTimeout)
	defer cancel()
	s.Cut()
	if err := s.machine.stop(ctx); err != nil {
		s.tb.Fatalf("backend: stop: %v", err)
	}
}

// Start brings a stopped server back at the same URL, and returns when it answers.
func (s *Server) Start() {
	s.tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), launchTimeout)
	defer cancel()
	addr, err := s.machine.start(ctx)
	if err != nil {
		s.tb.Fatalf("backend: start: %v", err)
	}
	s.retarget(addr)
	s.Restore()
}
