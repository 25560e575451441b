package testkit

import (
	"context"
	"log"
	"os"
	"sync"
	"testing"

	"github.com/signet-auth/signet/test/testkit/backend"
)

var sharedServers sync.Map // by the name of the backends: func() *Server

// Shared is a server with the default settings that all tests of a process use that ask for it: starting one is most of what many a test
// costs. It is for tests that speak of accounts and services of their own only; they can neither stop it nor move its clock. Packages that
// use it run their tests through [backend.Main].
func Shared(tb testing.TB, b Backends) *Server {
	tb.Helper()
	if b.Name == Production.Name {
		backend.Need(tb)
	}
	start, _ := sharedServers.LoadOrStore(b.Name, sync.OnceValue(func() *Server {
		s := Start(lasting{tb}, Options{Backends: b})
		s.shared = true
		return s
	}))
	own := *start.(func() *Server)()
	own.tb = tb
	return &own
}

// alone ends a test that would do to a shared server what others notice.
func (s *Server) alone() {
	s.tb.Helper()
	if s.shared {
		s.tb.Fatal("other tests use this server: start one")
	}
}

// lasting lives as long as the process, for what tests share.
type lasting struct{ testing.TB }

func (lasting) Cleanup(undo func()) { backend.AtExit(undo) }

func (lasting) Context() context.Context { return context.Background() }

func (l lasting) TempDir() string {
	dir, err := os.MkdirTemp("", "signet-shared-")
	if err != nil {
		l.Fatal(err)
	}
	backend.AtExit(func() { _ = os.RemoveAll(dir) })
	return dir
}

// Failed is said of no test: the server ends after all of them.
func (lasting) Failed() bool { return false }

// Errorf reports what went wrong when no test runs any more.
func (lasting) Errorf(format string, args ...any) { log.Printf(format, args...) }
