package e2e

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	signet "github.com/signet-auth/signet/sdk/go"
)

const (
	password = "correct horse battery 9"
	// issuer is what tokens name: one database keeps one, and tests share the one that is given.
	issuer = "http://localhost"
)

// server is a Signet that can be killed and started again at the same address.
type server struct {
	t       *testing.T
	url     string
	suffix  string // tells tests apart that share a database
	env     []string
	process *exec.Cmd
	log     *os.File
}

var binary = sync.OnceValues(func() (string, error) {
	if given := os.Getenv("SIGNET_BIN"); given != "" {
		return given, nil
	}
	folder, err := os.MkdirTemp("", "signet-e2e-")
	if err != nil {
		return "", err
	}
	program := filepath.Join(folder, "signet")
	build := exec.Command("go", "build", "-o", program, "./cmd/signet")
	build.Dir, build.Env = "../..", append(os.Environ(), "GOWORK=off", "CGO_ENABLED=0")
	if said, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, said)
	}
	return program, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if program, err := binary(); err == nil && os.Getenv("SIGNET_BIN") == "" {
		_ = os.RemoveAll(filepath.Dir(program))
	}
	os.Exit(code)
}

// backends are the pairs that a server is started on.
func backends() map[string][]string {
	pairs := map[string][]string{"embedded": {"DATABASE_URI=", "REDIS_URL="}}
	if uri := os.Getenv("DATABASE_URI"); uri != "" {
		pairs["given"] = []string{"DATABASE_URI=" + uri, "REDIS_URL=" + os.Getenv("REDIS_URL")}
	}
	return pairs
}

// each runs a test on each of them, with the service billing and the administrator holding its role clerk.
func each(t *testing.T, test func(t *testing.T, s *server)) {
	for name, backend := range backends() {
		t.Run(name, func(t *testing.T) {
			s := start(t, backend)
			s.run("", "services", "create", "Billing "+s.suffix, "--key", s.service())
			s.run("", "permissions", "create", s.service(), "invoice:read")
			s.run("", "roles", "create", s.service(), "clerk", "--permission", "invoice:read")
			s.run("", "roles", "assign", s.service(), "clerk", s.admin())
			test(t, s)
		})
	}
}

func start(t *testing.T, backend []string) *server {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	_ = listener.Close()
	_, port, _ := net.SplitHostPort(address)
	dir := t.TempDir()
	s := &server{t: t, url: "http://" + address, suffix: strconv.FormatInt(time.Now().UnixNano(), 36)}
	s.env = append(append(os.Environ(), backend...), "SIGNET_ENV=development", "HOST=127.0.0.1", "PORT="+port, "PUBLIC_URL="+s.url, "ISSUER="+issuer, "ADMIN_ADDR=off", "DATA_DIR="+dir, "BCRYPT_COST=4",
		"RATE_LIMITS=off", "LOG_LEVEL=warn", "SECRET_KEY=of-an-end-to-end-test-and-nothing-else-5Kp1")
	if s.log, err = os.Create(filepath.Join(dir, "log")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.kill()
		if t.Failed() {
			said, _ := os.ReadFile(s.log.Name())
			t.Logf("%s", said)
		}
		_ = s.log.Close()
	})
	s.start()
	s.run(password+"\n", "admin", "create", "--email", s.admin(), "--password-stdin")
	return s
}

func (s *server) service() string { return "billing-" + s.suffix }

func (s *server) admin() string { return "admin-" + s.suffix + "@example.com" }

func (s *server) start() {
	s.t.Helper()
	program, err := binary()
	if err != nil {
		s.t.Fatal(err)
	}
	s.process = exec.Command(program, "serve")
	s.process.Env, s.process.Stdout, s.process.Stderr = s.env, s.log, s.log
	if err := s.process.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.within("Signet is ready", 30*time.Second, func() bool {
		response, err := http.Get(s.url + "/readyz")
		if err != nil {
			return false
		}
		_ = response.Body.Close()
		return response.StatusCode == http.StatusOK
	})
}

func (s *server) kill() {
	if s.process != nil {
		_ = s.process.Process.Kill()
		_ = s.process.Wait()
		s.process = nil
	}
}

// run is a command of an operator. It returns what it prints.
func (s *server) run(input string, arguments ...string) string {
	s.t.Helper()
	program, err := binary()
	if err != nil {
		s.t.Fatal(err)
	}
	var out, fault bytes.Buffer
	command := exec.Command(program, arguments...)
	command.Env, command.Stdin, command.Stdout, command.Stderr = s.env, strings.NewReader(input), &out, &fault
	if err := command.Run(); err != nil {
		s.t.Fatalf("signet %v: %v\n%s%s", arguments, err, &out, &fault)
	}
	return out.String()
}

func (s *server) appToken() string {
	s.t.Helper()
	printed := strings.Fields(s.run("", "tokens", "create", s.service(), "production"))
	return printed[len(printed)-1]
}

// login is an access token for the service.
func (s *server) login() string {
	s.t.Helper()
	var out struct {
		AccessToken string `json:"access_token"`
	}
	s.post("/api/auth/login", "", map[string]string{"email": s.admin(), "password": password, "service": s.service()}, &out)
	return out.AccessToken
}

func (s *server) post(path, token string, body, into any) {
	s.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		s.t.Fatal(err)
	}
	request, err := http.NewRequest(http.MethodPost, s.url+path, bytes.NewReader(text))
	if err != nil {
		s.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	answer, _ := io.ReadAll(response.Body)
	if response.StatusCode >= 300 {
		s.t.Fatalf("%s: %d %s", path, response.StatusCode, answer)
	}
	if into != nil {
		if err := json.Unmarshal(answer, into); err != nil {
			s.t.Fatal(err)
		}
	}
}

// kid is the key of a token.
func (s *server) kid(token string) string {
	s.t.Helper()
	var header struct{ KID string }
	text, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[0])
	if err != nil || json.Unmarshal(text, &header) != nil {
		s.t.Fatalf("%s %v", text, err)
	}
	return header.KID
}

// config is a verifier's.
func (s *server) config(appToken string) signet.Config {
	return signet.Config{Issuer: issuer, URL: s.url, Audience: s.service(), AppToken: signet.Secret(appToken)}
}

// within waits for something that a promise says happens in a time.
func (s *server) within(what string, d time.Duration, is func() bool) {
	s.t.Helper()
	for begin := time.Now(); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Since(begin) > d {
			s.t.Fatalf("not within %v: %s", d, what)
		}
	}
}
