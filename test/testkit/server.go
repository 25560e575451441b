package testkit

import (
	"bufio"
	"bytes"
	"context"
	"net/http"
	"strconv"
	"strings"
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
	seen    *sync.Map // mails that a test has seen, by address
	records *sync.Map // what Record opened, by where the database is
	shared  bool      // with other tests

	replicas []*Server // any of them may deliver a mail
}

// Long leaves a test out of -short, which runs between two edits: one whose servers have settings of their own, or that takes the processor
// for half a second.
func Long(tb testing.TB) {
	tb.Helper()
	if testing.Short() {
		tb.Skip("-short leaves out what takes long, and servers with settings of their own")
	}
}

// Start starts a server on fresh backends and stops it at the end of the test.
func Start(tb testing.TB, o Options) *Server {
	tb.Helper()
	s := Prepare(tb, o)
	s.start()
	return s
}

// Prepare makes fresh backends, with the schema where they are ready-made, for a server that TryStart starts later.
func Prepare(tb testing.TB, o Options) *Server {
	tb.Helper()
	if o.Env != nil || o.Clock != nil {
		Long(tb)
	}
	if o.Backends.Env == nil {
		o.Backends = Embedded
	}
	if o.Clock == nil {
		o.Clock = &Clock{}
	}
	settings := o.Backends.Env
	if o.Backends.Ready != nil {
		settings = o.Backends.Ready
	}
	s := &Server{tb: tb, Clock: o.Clock, Log: &Log{}, Env: merged(defaults(), settings(tb), o.Env), seen: &sync.Map{}, records: &sync.Map{}}
	tb.Cleanup(s.end)
	return s
}

func (s *Server) start() {
	s.tb.Helper()
	if err := s.TryStart(); err != nil {
		s.tb.Fatalf("start: %v\n%s", err, s.Log)
	}
}

// TryStart starts a stopped server and returns why it could not.
func (s *Server) TryStart() error {
	s.alone()
	config, err := run.ParseConfig(s.Env)
	if err != nil {
		return err
	}
	config.System = s.Clock.System()
	running, err := run.Start(context.Background(), config, run.Stdio{In: bytes.NewReader(nil), Out: s.Log, Err: s.Log})
	if err != nil {
		return err
	}
	s.running, s.URL, s.AdminURL = running, running.URL, running.AdminURL
	return nil
}

// Routes are all that the server has mounted for the public, "GET /livez" and so on, sorted: also what its document leaves out.
func (s *Server) Routes() []string { return s.running.Handler.Routes() }

// Stop stops the server gracefully. Stopping twice is fine.
func (s *Server) Stop() {
	s.alone()
	s.stop()
}

func (s *Server) stop() {
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

// end stops the server and, when the test failed, shows what it logged about answers from 500 on.
func (s *Server) end() {
	s.stop()
	if !s.tb.Failed() {
		return
	}
	for line := range strings.Lines(s.Log.String()) {
		if strings.Contains(line, `"http.response.status_code":50`) {
			s.tb.Log(strings.TrimSpace(line))
		}
	}
}

// Restart stops the server and starts it again on the same backends; its URLs change.
func (s *Server) Restart() {
	s.tb.Helper()
	s.Stop()
	s.start()
}

// Move moves the clock and waits until this server has looked at the change feed since: a server whose last look is far in the
// past answers 503, as it does after a suspension of the machine.
func (s *Server) Move(d time.Duration) {
	s.tb.Helper()
	s.alone()
	s.Clock.Move(d)
	s.CaughtUp()
}

// CaughtUp waits until the server has looked at the change feed, by the moved clock.
func (s *Server) CaughtUp() {
	s.tb.Helper()
	s.Eventually(10*time.Second, func() bool { return s.running.FeedLag() < time.Second })
}

// Heard waits until the server has looked at the change feed again, by its clock.
func (s *Server) Heard() {
	s.tb.Helper()
	asked := s.Clock.Now()
	s.Eventually(10*time.Second, func() bool {
		now := s.Clock.Now() // before the lag, or a look from before would do
		return s.running.FeedLag() < now.Sub(asked)
	})
}

// Metric is the value of a metric without labels.
func (s *Server) Metric(name string) float64 {
	s.tb.Helper()
	request, err := http.NewRequestWithContext(s.tb.Context(), http.MethodGet, s.AdminURL+"/metrics", nil)
	if err != nil {
		s.tb.Fatal(err)
	}
	request.Header.Set("Accept-Encoding", "identity") // compressing costs more than all else here, and this is asked often
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		s.tb.Fatalf("metrics: %v", err)
	}
	defer func() { _ = answer.Body.Close() }()
	for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
		if text, ok := strings.CutPrefix(lines.Text(), name+" "); ok {
			value, err := strconv.ParseFloat(text, 64)
			if err != nil {
				s.tb.Fatalf("metric %s: %v", name, err)
			}
			return value
		}
	}
	s.tb.Fatalf("there is no metric %s", name)
	return 0
}

// Replica starts a second server on the same backends and the same clock, with settings of its own. Not with SQLite: one data
// folder serves one server.
func (s *Server) Replica(env map[string]string) *Server {
	s.tb.Helper()
	r := s.PrepareReplica(env)
	r.start()
	return r
}

// PrepareReplica makes a replica that TryStart starts later.
func (s *Server) PrepareReplica(env map[string]string) *Server {
	s.tb.Helper()
	r := &Server{tb: s.tb, Clock: s.Clock, Log: &Log{}, Env: merged(s.Env, env), seen: &sync.Map{}, records: s.records}
	s.replicas = append(s.replicas, r)
	s.tb.Cleanup(r.end)
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
