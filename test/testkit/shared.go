package testkit

import (
	"context"
	"log"
	"os"
	"sync"
	"testing"

	"github.com/signet-auth/signet/test/testkit/backend"
)

var shared = struct {
	sync.Mutex
	servers map[string]*Server // by the name of their backends
}{servers: map[string]*Server{}}

// Shared is a server with the default settings for all tests of a process that ask for it: starting one takes longer than most tests. It is
// for tests that speak of accounts and services of their own only; they can neither stop it nor move its clock. Packages that use it run
// their tests through [backend.Main].
func Shared(tb testing.TB, b Backends) *Server {
	tb.Helper()
	if b.Name == Production.Name {
		backend.Need(tb)
	}
	shared.Lock()
	defer shared.Unlock()
	if shared.servers[b.Name] == nil { // also when the start failed for another test: each says why
		s := Start(lasting{tb}, Options{Backends: b})
		s.Record() // which lasts as long
		s.shared = true
		shared.servers[b.Name] = s
	}
	own := *shared.servers[b.Name]
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
