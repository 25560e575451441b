package fault_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/signet-auth/signet/test/testkit/smtpserver"
)

// binary is the program, built once for all tests.
var binary string

func TestMain(m *testing.M) { os.Exit(build(m)) }

func build(m *testing.M) int {
	flag.Parse()
	if testing.Short() {
		return m.Run() // which starts nothing
	}
	dir, err := os.MkdirTemp("", "signet-fault-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	binary = filepath.Join(dir, "signet")
	if out, err := exec.Command("go", "build", "-o", binary, "../../cmd/signet").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// settings are a server's on a data folder, mailing to mx.
func settings(t *testing.T, mx *smtpserver.Server, more ...string) []string {
	t.Helper()
	return append([]string{
		"DATA_DIR=" + filepath.Join(t.TempDir(), "data"), "HOST=127.0.0.1", "PORT=0", "ADMIN_ADDR=off", "BCRYPT_COST=4", "RATE_LIMITS=off",
		"OUTBOX_LEASE=2s", "MAIL_SERVER=" + mx.Host, "MAIL_PORT=" + strconv.Itoa(mx.Port), "MAIL_FROM=Signet <no-reply@signet.example>",
	}, more...)
}

// process is a running server.
type process struct {
	t    *testing.T
	url  string
	cmd  *exec.Cmd
	out  *output
	once sync.Once
}

// output is what a process wrote so far. Safe for concurrent use.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write keeps a piece.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

var saysURL = regexp.MustCompile(`(?m)^API +(http://\S+)$`)

// start runs the server and returns when it says where it is.
func start(t *testing.T, env []string) *process {
	t.Helper()
	if testing.Short() {
		t.Skip("-short leaves out what builds and kills a program")
	}
	p := &process{t: t, out: &output{}, cmd: exec.Command(binary, "serve")}
	p.cmd.Env, p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = env, t.TempDir(), p.out, p.out
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.kill)
	eventually(t, "the server says where it is", func() bool {
		found := saysURL.FindStringSubmatch(p.out.String())
		if found != nil {
			p.url = found[1]
		}
		return found != nil
	})
	return p
}

// kill ends the process as a power cut would.
func (p *process) kill() {
	p.once.Do(func() {
		_ = p.cmd.Process.Kill()
		_ = p.cmd.Wait() // killed
		if p.t.Failed() {
			p.t.Logf("the server wrote:\n%s", p.out)
		}
	})
}

// post sends JSON and returns the status and the body.
func (p *process) post(path string, body map[string]string) (int, string) {
	p.t.Helper()
	content, err := json.Marshal(body)
	if err != nil {
		p.t.Fatal(err)
	}
	answer, err := http.Post(p.url+path, "application/json", bytes.NewReader(content))
	if err != nil {
		p.t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

const password = "a long enough passphrase 7"

// register registers an address and returns when that is acknowledged, and so committed.
func (p *process) register(email string) {
	p.t.Helper()
	if status, body := p.post("/api/auth/register", map[string]string{"email": email, "password": password}); status != http.StatusCreated {
		p.t.Fatalf("register answers %d %s", status, body)
	}
}

// messagesTo are what the mail server took for an address.
func messagesTo(mx *smtpserver.Server, email string) []smtpserver.Message {
	var found []smtpserver.Message
	for _, m := range mx.Messages() {
		if len(m.To) == 1 && m.To[0] == email {
			found = append(found, m)
		}
	}
	return found
}

// link is the token of the link in a message.
func link(t *testing.T, m smtpserver.Message) string {
	t.Helper()
	_, rest, ok := strings.Cut(m.Text, "/api/auth/verify-email/")
	if !ok {
		t.Fatalf("no link in\n%s", m.Text)
	}
	return strings.Fields(rest)[0]
}

// eventually polls: what another process does is seen from outside only.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for !holds() {
		if time.Now().After(deadline) {
			t.Fatalf("not in time: %s", what)
		}
		time.Sleep(10 * time.Millisecond)
	}
}
