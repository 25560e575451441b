package e2e_test

import (
	"bufio"
	"encoding/json"
	"encoding/pem"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/signet-auth/signet/test/testkit"
)

// posted is a mail that an API was handed.
type posted struct {
	To            []string
	Subject, Text string
}

// mailAPI plays the service of docs/adapters.md. Its certificate is in a file.
func mailAPI(t *testing.T) (port, certificate string, mails <-chan posted) {
	t.Helper()
	received := make(chan posted, 10)
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var m posted
		if err := json.NewDecoder(r.Body).Decode(&m); err != nil || r.URL.Path != "/emails" || r.Header.Get("Authorization") != "Bearer THE-KEY" {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		received <- m
	}))
	t.Cleanup(server.Close)
	certificate = filepath.Join(t.TempDir(), "certificate.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(certificate, text, 0o600); err != nil {
		t.Fatal(err)
	}
	_, port, _ = net.SplitHostPort(server.Listener.Addr().String())
	return port, certificate, received
}

// copyOfTheRepository is what a reader has cloned.
func copyOfTheRepository(t *testing.T) string {
	t.Helper()
	const root = "../.."
	dir := t.TempDir()
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		name := entry.Name()
		switch {
		case strings.HasPrefix(name, "."), name == "data", name == "bin":
			continue
		case entry.IsDir():
			err = os.CopyFS(filepath.Join(dir, name), os.DirFS(filepath.Join(root, name)))
		default:
			var content []byte
			if content, err = os.ReadFile(filepath.Join(root, name)); err == nil {
				err = os.WriteFile(filepath.Join(dir, name), content, 0o600)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// change makes the change that a block shows: lines with a minus go, lines with a plus come.
func change(t *testing.T, path, diff string) {
	t.Helper()
	before, after := "", ""
	for line := range strings.Lines(diff) {
		if line[0] != '+' {
			before += line[1:]
		}
		if line[0] != '-' {
			after += line[1:]
		}
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Count(string(text), before) != 1 {
		t.Fatalf("%s has not this once:\n%s", path, before)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(text), before, after, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
}

// serves starts a server by the command of a guide and returns where its API is.
func serves(t *testing.T, dir, command string, more ...string) (api string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sh", "-c", "exec env "+command) // the server itself ends with the context
	cmd.Dir, cmd.WaitDelay = dir, time.Second
	cmd.Env = append(append(os.Environ(), "PORT=0", "HOST=127.0.0.1", "ADMIN_ADDR=off", "BCRYPT_COST=4"), more...)
	var log testkit.Log
	cmd.Stderr = &log
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Wait() // it was killed
		if t.Failed() {
			t.Logf("%s wrote:\n%s", command, log.String())
		}
	})
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if address, found := strings.CutPrefix(lines.Text(), "API "); found {
			return strings.TrimSpace(address)
		}
	}
	t.Fatalf("%s does not start\n%s", command, log.String())
	return ""
}

// TestTheAdapterOfTheGuide does what docs/adapters.md prints, in a copy of the repository: the adapter passes its suite and keeps the
// arrows beside the others, and the server that is built with it hands its mail to the API.
func TestTheAdapterOfTheGuide(t *testing.T) {
	t.Parallel()
	requireProgram(t, "go")
	if runtime.GOOS == "darwin" {
		t.Skip("SSL_CERT_FILE is not read there, and the API's certificate is the test's own")
	}
	dir := copyOfTheRepository(t)
	port, certificate, mails := mailAPI(t)
	played := strings.NewReplacer("api.example.com", "127.0.0.1", "443", port)
	sh, api := terminal(t, dir, nil), ""
	sh.want("export CGO_ENABLED=0 GOFLAGS='-mod=readonly -trimpath'") // what was compiled elsewhere is good here too
	for _, b := range blocks(t, "../../docs/adapters.md", "") {
		if b.language == "diff" {
			change(t, filepath.Join(dir, "cmd/run/mail.go"), played.Replace(b.text))
		}
		for _, command := range commands([]block{b}) {
			if strings.HasSuffix(command, " serve") {
				api = serves(t, dir, played.Replace(command), "SSL_CERT_FILE="+certificate)
				continue
			}
			sh.want(command)
		}
	}
	registration := strings.NewReader(`{"email": "ada@example.com", "password": "correct horse battery"}`)
	answer, err := http.Post(api+"/api/auth/register", "application/json", registration)
	if err != nil {
		t.Fatal(err)
	}
	if _ = answer.Body.Close(); answer.StatusCode != http.StatusCreated {
		t.Fatalf("register: %d", answer.StatusCode)
	}
	select {
	case m := <-mails:
		about := strings.HasPrefix(m.Subject, "Verify your email address") && strings.Contains(m.Text, "/verify")
		if len(m.To) != 1 || m.To[0] != "ada@example.com" || !about {
			t.Errorf("%+v", m)
		}
	case <-time.After(20 * time.Second):
		t.Error("no mail")
	}
}

// TestEverySuiteIsInTheGuide holds the table of docs/adapters.md against the suites, and against the files that it names.
func TestEverySuiteIsInTheGuide(t *testing.T) {
	t.Parallel()
	guide, err := os.ReadFile("../../docs/adapters.md")
	if err != nil {
		t.Fatal(err)
	}
	suites, err := filepath.Glob("../../ports/porttest/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range suites {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, suite := range regexp.MustCompile(`(?m)^func ([A-Z]\w*)\(t \*testing\.T`).FindAllSubmatch(text, -1) {
			if !strings.Contains(string(guide), "`"+string(suite[1])+"`") {
				t.Errorf("%s is not in the table", suite[1])
			}
		}
	}
	for _, path := range regexp.MustCompile("`(cmd/run/\\w+\\.go)`").FindAllSubmatch(guide, -1) {
		if _, err := os.Stat("../../" + string(path[1])); err != nil {
			t.Error(err)
		}
	}
}
