//go:build unix

package e2e_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/testkit"
)

// TestTheQuickstartRunsAsPrinted goes through docs/quickstart.md with all of its services at once: a call of the service is a call of each.
// What a block of text shows, each of them must answer to the block before it.
func TestTheQuickstartRunsAsPrinted(t *testing.T) {
	t.Parallel()
	requireProgram(t, "curl")
	all := blocks(t, "../../docs/quickstart.md", "")
	past := &testkit.Clock{}
	past.Move(-11 * time.Minute)
	s := testkit.Start(t, testkit.Options{Env: map[string]string{"RATE_LIMITS": "on"}, Clock: past})
	app, old := provenBefore(t, s)
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "examples"), os.DirFS("../../examples")); err != nil {
		t.Fatal(err)
	}
	misspell(t, filepath.Join(dir, "examples"))
	var services []*example
	for _, command := range commands(all) {
		if strings.HasPrefix(command, "cd examples/") {
			if e := startExample(t, dir, command, here(s, "http://localhost:5000")); e != nil {
				services = append(services, e)
			}
		}
	}
	for _, e := range services { // they start side by side
		up(s, e.url)
	}
	sh := terminal(t, dir, reached(t, s))
	answers := make([]strings.Builder, len(services))
	for _, b := range all {
		if b.language == "text" {
			for i := range answers {
				shown(t, services[i].command, answers[i].String(), b.text)
				answers[i].Reset()
			}
		}
		for _, command := range commands([]block{b}) {
			switch {
			case strings.HasPrefix(command, "cd examples/"), command == "go run ./cmd/signet serve":
			case strings.Contains(command, "http://localhost:8000"):
				for i, e := range services {
					answers[i].WriteString(sh.want(strings.ReplaceAll(command, "http://localhost:8000", e.url)))
				}
			default:
				sh.want(here(s, command))
				(&landscape{Server: s}).heard(t)
			}
		}
	}
	said := func(name string) string { return strings.TrimSpace(sh.want(`echo "$` + name + `"`)) }
	ada := body{"email": "ada@example.com", "password": "correct horse battery"} // without a service it is for Signet itself
	fresh(t, s, services, app, old)
	strangers(t, s, services, said("TOKEN"), s.Client().Do(login(ada)).Want(http.StatusOK, "").Text("access_token"))
	clocks(t, s, services)
	if len(services) != 4 {
		lacking(t, fmt.Sprintf("%d of 4 services were started", len(services)))
	}
}

// strangers holds the services against what the guide does not show: tokens that are none, permissions that are too many for a token, and
// that Signet can't be asked. The token is one that Signet does not know any more, and has not expired.
func strangers(t *testing.T, s *testkit.Server, services []*example, token, administrators string) {
	t.Helper()
	header, claims := testkit.ReadToken(t, token)
	_, rest, _ := strings.Cut(token, ".")
	head := func(change testkit.Object) string {
		text, err := json.Marshal(with(header, change))
		if err != nil {
			t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(text) + "."
	}
	for _, e := range services {
		for what, bearer := range map[string]string{
			"for another service":                     administrators,
			"with a signature that is cut":            token[:len(token)-4],
			"RFC 8725 §3.1 without a signature":       head(body{"alg": "none"}) + rest[:strings.LastIndex(rest, ".")+1],
			"RFC 8725 §3.1 by a shared secret":        head(body{"alg": "HS256"}) + rest,
			"of a key that nobody has":                head(body{"kid": "of-a-stranger"}) + rest,
			"RFC 9068 §4 of another type":             head(body{"typ": "JWT"}) + rest,
			"that is no token":                        "x.y.z",
			"that is empty":                           "",
			"of an application, not an access token":  "sgat_x",
			"that is two tokens, one after the other": token + " " + token,
		} {
			if status := e.call(t, http.MethodGet, "/me", bearer); status != http.StatusUnauthorized {
				t.Errorf("%s: a token %s: %d", e.command, what, status)
			}
		}
	}

	if n := fetches(t, s); n < len(services) {
		t.Errorf("%d services fetched the keys %d times", len(services), n)
	}
	for _, e := range services {
		before := fetches(t, s)
		for i := range 20 {
			e.call(t, http.MethodGet, "/me", head(body{"kid": fmt.Sprint("of-another-stranger-", i)})+rest)
		}
		if n := fetches(t, s) - before; n > 1 {
			t.Errorf("%s: strangers made it fetch the keys %d times", e.command, n)
		}
	}

	l := &landscape{Server: s, c: s.Client(), record: s.Record()}
	billing := domain.ServiceID(l.record.Text("SELECT id FROM services WHERE key = 'billing'"))
	for i := range 40 {
		name := fmt.Sprintf("invoice:%s-%d", strings.Repeat("x", 50), i)
		l.c.Do(post("/api/roles/permissions", administrators, body{"service_id": billing, "name": name})).Want(http.StatusCreated, "")
	}
	l.assign(t, domain.PrincipalID(claims["sub"].(string)), l.role(t, billing, "of many permissions", "*:*"), time.Time{})
	l.heard(t)
	ada := body{"email": "ada@example.com", "password": "correct horse battery", "service": "billing"}
	many := l.c.Do(login(ada)).Want(http.StatusOK, "").Text("access_token")
	if _, claims := testkit.ReadToken(t, many); claims["perm_ref"] != true {
		t.Fatalf("claims %v", claims)
	}
	for _, e := range services {
		if status := e.call(t, http.MethodGet, "/invoices", many); status != http.StatusOK {
			t.Errorf("%s: with permissions by reference: %d", e.command, status)
		}
	}

	s.Stop()
	for _, e := range services {
		if status := e.call(t, http.MethodGet, "/invoices", token); status != http.StatusOK {
			t.Errorf("%s: without Signet, by the token alone: %d", e.command, status)
		}
		if status := e.call(t, http.MethodDelete, "/invoices/1", token); status != http.StatusServiceUnavailable {
			t.Errorf("%s: without Signet, which is to be asked: %d", e.command, status)
		}
	}
}

// fetches is how often the key set was fetched.
func fetches(t *testing.T, s *testkit.Server) (n int) {
	t.Helper()
	count := regexp.MustCompile(`(?m)^signet_http_request_duration_seconds_count\{method="GET",route="/\.well-known/jwks\.json",status="200"\} (\d+)$`)
	if found := count.FindStringSubmatch(scrape(t, s)); found != nil {
		n, _ = strconv.Atoi(found[1])
	}
	return n
}

// clocks holds the services against tokens that are just over: 30 s are forgiven, for clocks that differ, and no more.
func clocks(t *testing.T, s *testkit.Server, services []*example) {
	t.Helper()
	for behind, want := range map[time.Duration]int{12 * time.Second: http.StatusOK, 45 * time.Second: http.StatusUnauthorized} {
		s.Clock.Move(-15*time.Minute - behind)
		if err := s.TryStart(); err != nil {
			t.Fatal(err)
		}
		of := s.NewAccount() // Ada's permissions are too many for a token by now
		over := s.Client().Do(login(with(credentials(of), body{"service": "billing"}))).Want(http.StatusOK, "").Text("access_token")
		for _, e := range services {
			if status := e.call(t, http.MethodGet, "/me", over); status != want {
				t.Errorf("%s: a token that is over for %s: %d", e.command, behind, status)
			}
		}
		s.Stop()
		s.Clock.Move(15*time.Minute + behind)
	}
}

// misspell adds to each service what asks for a fresh login once more, at a level that does not exist.
func misspell(t *testing.T, examples string) {
	t.Helper()
	for name, statement := range map[string]string{
		"go/main.go":            `(?ms)^\tmux\.HandleFunc\("DELETE /invoices".*?^\t\}\)\)\)\n`,
		"node/server.js":        `(?m)^app\.delete\("/invoices".*\n`,
		"python/fastapi_app.py": `(?ms)^@app\.delete\("/invoices"\).*?"all"\}\n`,
		"python/flask_app.py":   `(?ms)^@app\.delete\("/invoices"\).*?"all"\}\n`,
	} {
		path := filepath.Join(examples, name)
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		again := strings.NewReplacer(`/invoices"`, `/misspelled"`, `"aal2"`, `"AAL2"`, "delete_all", "misspelled")
		changed := regexp.MustCompile(statement).ReplaceAllStringFunc(string(text), func(s string) string { return s + "\n" + again.Replace(s) })
		if !strings.Contains(changed, `"AAL2"`) {
			t.Fatalf("%s has nothing to misspell", name)
		}
		if err := os.WriteFile(path, []byte(changed), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// proven is somebody with a second factor, and their session.
type proven struct {
	testkit.Account
	testkit.Tokens
}

// provenBefore makes one on a server whose clock is behind the machine's, and moves it on to that.
func provenBefore(t *testing.T, s *testkit.Server) (*testkit.Authenticator, proven) {
	t.Helper()
	account := s.NewAccount()
	app, in := s.Enrol(s.Client().Login(account))
	s.Move(time.Since(s.Clock.Now()).Round(time.Second))
	return app, proven{account, in}
}

// fresh holds what the services ask a fresh, strong login for against a weak one, one that is old, and the one that their answer leads to.
// old is of a second factor that was proved too long ago: services go by their own clocks.
func fresh(t *testing.T, s *testkit.Server, services []*example, app *testkit.Authenticator, old proven) {
	t.Helper()
	l := &landscape{Server: s, c: s.Client(), record: s.Record()}
	weak, clerk := s.NewAccount(), domain.RoleID(l.record.Text("SELECT id FROM roles WHERE name = 'clerk'"))
	for _, of := range []testkit.Account{old.Account, weak} {
		l.assign(t, domain.PrincipalID(of.ID), clerk, time.Time{})
	}
	l.heard(t)
	again := l.c.Refresh(old.Refresh).Want(http.StatusOK, "") // for Signet, as a step-up needs it
	service := body{"refresh_token": again.Text("refresh_token"), "service": "billing"}
	tokens := map[string]string{
		"weak": l.c.Do(login(with(credentials(weak), body{"service": "billing"}))).Want(http.StatusOK, "").Text("access_token"),
		"old":  l.c.Do(testkit.Request{Path: "/api/auth/refresh", Body: service}).Want(http.StatusOK, "").Text("access_token"),
	}
	strong := l.c.Do(stepUp(again.Text("access_token"), body{"code": app.Code(), "service": "billing"})).Want(http.StatusOK, "").Text("access_token")
	const challenge = `Bearer realm="billing", error="insufficient_user_authentication", acr_values="aal2", max_age=600`
	for _, e := range services {
		for what, token := range tokens {
			answer := e.answer(t, http.MethodDelete, "/invoices", token)
			if said := answer.Header.Get("WWW-Authenticate"); answer.StatusCode != http.StatusUnauthorized || said != challenge {
				t.Errorf("%s: a login that is too %s: %d, %s", e.command, what, answer.StatusCode, said)
			}
		}
		if status := e.call(t, http.MethodDelete, "/invoices", strong); status != http.StatusOK {
			t.Errorf("%s: a fresh, strong login: %d", e.command, status)
		}
		for what, token := range map[string]string{"a fresh, weak login": tokens["weak"], "a fresh, strong login": strong} {
			if status := e.call(t, http.MethodDelete, "/misspelled", token); status != http.StatusUnauthorized && status != http.StatusInternalServerError {
				t.Errorf("%s: %s, where a level is asked for that does not exist: %d", e.command, what, status)
			}
		}
	}
}

// call is the status of a call with a token.
func (e *example) call(t *testing.T, method, path, bearer string) int {
	t.Helper()
	return e.answer(t, method, path, bearer).StatusCode
}

// answer is the head of the answer to a call with a token.
func (e *example) answer(t *testing.T, method, path, bearer string) *http.Response {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, e.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+bearer)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatalf("%s: %v", e.command, err)
	}
	_ = answer.Body.Close()
	return answer
}

// shown fails the test unless an answer has the lines, in their order. Names of headers and texts of statuses are spelled as servers like.
func shown(t *testing.T, by, answer, lines string) {
	t.Helper()
	rest := strings.ToLower(strings.ReplaceAll(answer, "\r", ""))
	for line := range strings.SplitSeq(strings.ToLower(strings.TrimSpace(lines)), "\n") {
		_, after, found := strings.Cut(rest, line+"\n")
		if !found {
			t.Fatalf("%s does not answer %q, but:\n%s", by, line, answer)
		}
		rest = after
	}
}

// example is a running service of examples/.
type example struct{ command, url string }

// startExample starts a service by the command that the guide prints, and is nil where this machine lacks what it needs.
func startExample(t *testing.T, dir, command, issuer string) *example {
	t.Helper()
	path := os.Getenv("PATH")
	if strings.Contains(command, "_app.py") {
		python := pythonWith(strings.TrimSuffix(command[strings.LastIndex(command, " ")+1:], "_app.py"))
		if python == "" {
			t.Logf("NOT TRIED: %s: no python3 has its modules", command)
			return nil
		}
		path = filepath.Dir(python) + ":" + path
	}
	if strings.Contains(command, "npm") {
		recent := `npm --version && node -e 'process.exit(Number(parseInt(process.versions.node) < 18))'`
		if err := exec.Command("sh", "-c", recent).Run(); err != nil {
			t.Logf("NOT TRIED: %s: there is no npm with Node 18 or newer", command)
			return nil
		}
	}
	port := freePort(t)
	var out bytes.Buffer
	cmd := exec.Command("sh", "-c", command)
	cmd.Dir, cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = dir, &out, &out, &syscall.SysProcAttr{Setpgid: true}
	cmd.Env = append(os.Environ(), "PATH="+path, "PORT="+port, "SIGNET_ISSUER="+issuer, "PYTHONDONTWRITEBYTECODE=1")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // what it started, too
		if _ = cmd.Wait(); t.Failed() {
			t.Logf("%s wrote:\n%s", command, out.String())
		}
	})
	return &example{command, "http://localhost:" + port}
}

// up waits for a service that was started, which may have to be compiled first.
func up(s *testkit.Server, url string) {
	s.Eventually(2*time.Minute, func() bool {
		answer, err := http.Get(url)
		if err == nil {
			_ = answer.Body.Close()
		}
		return err == nil
	})
}

// freePort is a port for a program that takes a while to start. It is below those that the system gives to servers on port 0: one of
// another test would take it meanwhile.
func freePort(t *testing.T) string {
	t.Helper()
	for range 50 {
		port := strconv.Itoa(20_000 + rand.IntN(12_000))
		if listener, err := net.Listen("tcp", "127.0.0.1:"+port); err == nil {
			_ = listener.Close()
			return port
		}
	}
	t.Fatal("no port is free")
	return ""
}

// pythonWith is a python3 that can run a framework's example: distributions have its modules in their own, which need not be the first.
func pythonWith(framework string) string {
	for _, candidate := range []string{"python3", "/usr/bin/python3"} {
		path, err := exec.LookPath(candidate)
		modules := "jwt, cryptography, " + strings.Replace(framework, "fastapi", "fastapi, uvicorn", 1)
		if err == nil && exec.Command(path, "-c", "import "+modules).Run() == nil {
			return path
		}
	}
	return ""
}
