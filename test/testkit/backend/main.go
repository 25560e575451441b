package backend

import (
	"flag"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"sync"
	"testing"
)

// exit collects what must be undone when the process ends; testing has cleanups per test only.
var exit struct {
	mu      sync.Mutex
	managed bool
	undo    []func()
}

// Main runs the tests of a package and then ends the servers that this process started. It returns the exit code for
// os.Exit.
func Main(m *testing.M) int {
	exit.mu.Lock()
	exit.managed = true
	exit.mu.Unlock()
	defer func() {
		exit.mu.Lock()
		defer exit.mu.Unlock()
		for _, undo := range slices.Backward(exit.undo) {
			undo()
		}
		exit.undo = nil
	}()
	waitTogether()
	collectLess()
	return m.Run()
}

// waitTogether lets more tests run at once than a small machine has processors, since half of their time is waiting: with two processors the
// longest package would come near the ten minutes that go test allows. With more than these, statements would miss their deadlines.
// A number that the command line sets stays.
func waitTogether() {
	const enough = 4
	flag.Parse()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "test.parallel" })
	if parallel := flag.Lookup("test.parallel"); !given && runtime.GOMAXPROCS(0) < enough {
		_ = parallel.Value.Set(strconv.Itoa(enough))
	}
}

// collectLess trades memory for a fifth of the processor's time: servers of tests hold little, make much, and end soon. A GOGC that is set stays.
func collectLess() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
}

// AtExit runs undo when [Main] ends, the latest first: the Cleanup of what all tests of a process share.
func AtExit(undo func()) {
	exit.mu.Lock()
	defer exit.mu.Unlock()
	exit.undo = append(exit.undo, undo)
}

// requireMain fails a test whose package forgot Main: its servers would stay behind, silently. Under -short no server is started.
func requireMain(tb testing.TB, server string) {
	tb.Helper()
	if testing.Short() {
		tb.Skipf("backend: -short leaves out what needs %s", server)
	}
	exit.mu.Lock()
	defer exit.mu.Unlock()
	if !exit.managed {
		tb.Fatal("backend: this package needs func TestMain(m *testing.M) { os.Exit(backend.Main(m)) }")
	}
}
