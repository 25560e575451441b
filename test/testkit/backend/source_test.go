package backend_test

import (
	"bufio"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/signet-auth/signet/test/testkit/backend"
)

// holdOpen makes TestHold, run in a child process, keep its server until the parent is done with it.
const holdOpen = "BACKEND_TEST_HOLD"

// child is this test binary again, running one test under its own environment: where servers come from is decided
// once per process.
func child(t *testing.T, run string, env ...string) *exec.Cmd {
	t.Helper()
	if testing.Short() {
		t.Skip("-short leaves out what starts servers in a process of its own")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, "-test.run=^"+run+"$", "-test.v", "-test.timeout=2m")
	// What this run was given is not the child's: it gets its sources from the row alone.
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); !strings.HasPrefix(name, "TEST_") && name != "SIGNET_TEST_BACKENDS" {
			cmd.Env = append(cmd.Env, variable)
		}
	}
	cmd.Env = append(cmd.Env, env...)
	return cmd
}

func TestSources(t *testing.T) {
	t.Run("given servers come first", func(t *testing.T) {
		t.Parallel()
		for _, row := range []struct{ run, variable, uri string }{
			{"TestPostgres", "TEST_DATABASE_URI", backend.Postgres(t)},
			{"TestRedis", "TEST_REDIS_URL", backend.Redis(t)},
		} {
			out, err := child(t, row.run, row.variable+"="+row.uri, "SIGNET_TEST_BACKENDS=required").CombinedOutput()
			if err != nil || !strings.Contains(string(out), "from "+row.variable) {
				t.Errorf("%s: %v\n%s", row.run, err, out)
			}
		}
	})

	t.Run("local binaries serve where containers do not", func(t *testing.T) {
		t.Parallel()
		out, err := child(t, "TestPostgres|TestRedis|TestPostgresServer|TestRedisServer", "SIGNET_TEST_CONTAINERS=off").CombinedOutput()
		if err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		if strings.Contains(string(out), "SKIP") {
			t.Skipf("no local servers here:\n%s", out)
		}
		if n := strings.Count(string(out), "from local binaries"); n != 4 {
			t.Errorf("%d sources named, want one per engine and one per own server:\n%s", n, out)
		}
	})

	t.Run("with nothing the test is skipped with the reasons", func(t *testing.T) {
		t.Parallel()
		out, err := child(t, "TestRedis", "SIGNET_TEST_CONTAINERS=off", "PATH=/nowhere").CombinedOutput()
		if err != nil || !strings.Contains(string(out), "SKIP") || !strings.Contains(string(out), "redis-server is not installed") {
			t.Errorf("%v\n%s", err, out)
		}
	})

	t.Run("with nothing it fails where backends are required", func(t *testing.T) {
		t.Parallel()
		out, err := child(t, "TestRedis", "SIGNET_TEST_CONTAINERS=off", "PATH=/nowhere", "SIGNET_TEST_BACKENDS=required").CombinedOutput()
		if err == nil || strings.Contains(string(out), "SKIP") {
			t.Errorf("%v\n%s", err, out)
		}
	})
}

func TestServersDieWithAKilledProcess(t *testing.T) {
	for _, row := range []struct{ fact, containers string }{
		{"local", "SIGNET_TEST_CONTAINERS=off"},
		{"default source", "SIGNET_TEST_CONTAINERS="},
	} {
		t.Run(row.fact, func(t *testing.T) {
			t.Parallel()
			cmd := child(t, "TestHold", holdOpen+"=1", row.containers)
			stdin, err := cmd.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = stdin.Close() }()
			stdout, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			var addrs []string
			said := bufio.NewScanner(stdout)
			for said.Scan() {
				if uri, held := strings.CutPrefix(said.Text(), "holding "); held {
					at, err := url.Parse(uri)
					if err != nil {
						t.Fatal(err)
					}
					addrs = append(addrs, at.Host)
				}
				if said.Text() == "held" || strings.Contains(said.Text(), "SKIP") {
					break
				}
			}
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait() // killed
			if len(addrs) == 0 {
				t.Skip("no server to be had")
			}
			for _, addr := range addrs {
				awaitRefusal(t, addr)
			}
		})
	}
}

// TestHold is the child's half of the test above.
func TestHold(t *testing.T) {
	if os.Getenv(holdOpen) == "" {
		t.Skip("runs in a child process only")
	}
	fmt.Printf("\nholding %s\n", backend.Postgres(t))
	fmt.Printf("\nholding %s\n", backend.Redis(t))
	fmt.Printf("\nheld\n")
	_, _ = os.Stdin.Read(make([]byte, 1)) // until killed
}

// awaitRefusal polls: the death of another process is seen from outside only.
func awaitRefusal(t *testing.T, addr string) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for {
		conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(t.Context(), "tcp", addr)
		if err != nil {
			return
		}
		_ = conn.Close()
		if time.Now().After(deadline) {
			t.Fatalf("%s still answers", addr)
		}
		time.Sleep(50 * time.Millisecond)
	}
}
