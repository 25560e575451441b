package upgrade_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// patience bounds what takes a moment: a start, a mail, a change that the other one hears of.
const patience = 60 * time.Second

// release is a program that was built, and how it is told of the one database.
type release struct {
	name   string
	binary string
	env    []string
}

// run runs a command of it to its end.
func (r release) run(t *testing.T, stdin string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), r.binary, args...)
	cmd.Env, cmd.Dir, cmd.Stdin = r.env, t.TempDir(), strings.NewReader(stdin)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: signet %s: %v\n%s", r.name, strings.Join(args, " "), err, out)
	}
}

// server is a process that serves.
type server struct {
	t          *testing.T
	name       string
	api, admin string // addresses
	cmd        *exec.Cmd
	done       chan struct{}
	log        bytes.Buffer // to be read when done
}

// serve starts a replica, which ends with the test at the latest.
func (r release) serve(t *testing.T) *server {
	t.Helper()
	s := &server{t: t, name: r.name, api: freeAddress(t), admin: freeAddress(t), done: make(chan struct{})}
	_, port, err := net.SplitHostPort(s.api)
	if err != nil {
		t.Fatal(err)
	}
	s.cmd = exec.Command(r.binary, "serve")
	s.cmd.Env, s.cmd.Dir = append(slices.Clone(r.env), "HOST=127.0.0.1", "PORT="+port, "ADMIN_ADDR="+s.admin), t.TempDir()
	s.cmd.Stdout, s.cmd.Stderr = &s.log, &s.log
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = s.cmd.Wait() // told by done
		close(s.done)
	}()
	t.Cleanup(s.stop)
	eventually(t, r.name+" is ready", func() bool {
		select {
		case <-s.done:
			t.Fatalf("%s ended:\n%s", r.name, s.log.String())
		default:
		}
		status, _, err := s.try(http.MethodGet, "/readyz", "", nil)
		return err == nil && status == http.StatusOK
	})
	return s
}

// stop stops it in order, and shows what it logged when the test failed. Stopping twice is fine.
func (s *server) stop() {
	_ = s.cmd.Process.Signal(syscall.SIGTERM) // it may have ended
	select {
	case <-s.done:
	case <-time.After(patience):
		_ = s.cmd.Process.Kill()
		<-s.done
		s.t.Errorf("%s did not stop", s.name)
	}
	if s.t.Failed() {
		s.t.Logf("%s logged\n%s", s.name, s.log.String())
	}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}

type body map[string]any

func (s *server) try(method, path, bearer string, b any) (status int, answer body, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	var content io.Reader
	if b != nil {
		raw, err := json.Marshal(b)
		if err != nil {
			return 0, nil, err
		}
		content = bytes.NewReader(raw)
	}
	request, err := http.NewRequestWithContext(ctx, method, "http://"+s.api+path, content)
	if err != nil {
		return 0, nil, err
	}
	if b != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if bearer != "" {
		request.Header.Set("Authorization", "Bearer "+bearer)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = response.Body.Close() }()
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil && !errors.Is(err, io.EOF) {
		return response.StatusCode, nil, err
	}
	return response.StatusCode, answer, nil
}

// do wants an answer with a status.
func (s *server) do(want int, method, path, bearer string, b any) body {
	s.t.Helper()
	status, answer, err := s.try(method, path, bearer, b)
	if err != nil || status != want {
		s.t.Fatalf("%s: %s %s: %d, want %d: %v, %v", s.name, method, path, status, want, answer, err)
	}
	return answer
}

// code is the code in a mail to an address, if it lies in this one's inbox.
func (s *server) code(address string) string {
	request, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, "http://"+s.admin+"/dev/inbox", nil)
	if err != nil {
		return ""
	}
	request.Header.Set("Accept", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return ""
	}
	defer func() { _ = response.Body.Close() }()
	var inbox struct {
		Messages []struct{ To, Code string }
	}
	_ = json.NewDecoder(response.Body).Decode(&inbox) // nothing is no code
	for _, mail := range inbox.Messages {
		if mail.To == address {
			return mail.Code
		}
	}
	return ""
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for !holds() {
		if time.Now().After(deadline) {
			t.Fatalf("not within %v: %s", patience, what)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func text(t *testing.T, answer body, name string) string {
	t.Helper()
	value, ok := answer[name].(string)
	if !ok || value == "" {
		t.Fatalf("there is no %s in %v", name, answer)
	}
	return value
}

func inside(t *testing.T, answer body, name string) body {
	t.Helper()
	value, ok := answer[name].(map[string]any)
	if !ok {
		t.Fatalf("there is no %s in %v", name, answer)
	}
	return value
}

// output is what git answers; an error says that it has no answer.
func output(t *testing.T, name string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir, cmd.Env = "../..", append(os.Environ(), "LC_ALL=C")
	out, err := cmd.Output()
	return strings.TrimSpace(string(out)), err
}
