package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"github.com/signet-auth/signet/test/testkit"
)

// snippets are the blocks of a language in docs/protect-a-service.md.
func snippets(t *testing.T, language string) (texts []string) {
	t.Helper()
	for _, b := range blocks(t, "../../docs/protect-a-service.md", "") {
		if b.language == language {
			texts = append(texts, b.text)
		}
	}
	if len(texts) == 0 {
		t.Fatalf("the guide has nothing in %s", language)
	}
	return texts
}

// protected is a service of its own with two users, of whom one may read invoices there.
type protected struct {
	*fleet
	id, clerk   string
	may, mayNot person // with tokens for the service
	elsewhere   string // a token of the one who may, for another service
	own         string // application token of the service
}

func newProtected(t *testing.T) *protected {
	t.Helper()
	f := newFleet(t, testkit.Embedded)
	p := &protected{fleet: f, id: f.service("billing"), may: f.person(t), mayNot: f.person(t)}
	f.service("shop")
	f.permission(p.id, "invoice:read")
	p.clerk = f.role(p.id, "clerk", []string{"invoice:read"})
	f.assign(p.may.ID, p.id, p.clerk)
	at := func(one person, service string) string {
		return f.c.Do(login(with(credentials(one.Account), body{"service": service}))).Want(http.StatusOK, "").Text("access_token")
	}
	p.elsewhere = at(p.may, "shop")
	p.may.token, p.mayNot.token = at(p.may, "billing"), at(p.mayNot, "billing")
	p.own = f.appToken("billing", nil)
	return p
}

// TestAVerifierThatKnowsOnlyTheIssuer lets one of the market find the keys by the discovery document, and holds it against what the guide's
// table says of how late it sees things.
func TestAVerifierThatKnowsOnlyTheIssuer(t *testing.T) {
	t.Parallel()
	p := newProtected(t)
	ctx := t.Context()
	issuer := p.c.Do(get("/.well-known/oauth-authorization-server", "")).Want(http.StatusOK, "").Text("issuer")
	provider, err := oidc.NewProvider(ctx, issuer)
	if err != nil {
		t.Fatal(err)
	}
	verifier := provider.Verifier(&oidc.Config{ClientID: "billing"})
	may := func(token string) string {
		var claims struct{ Permissions []string }
		verified, err := verifier.Verify(ctx, token)
		if err == nil {
			err = verified.Claims(&claims)
		}
		return fmt.Sprint(slices.Contains(claims.Permissions, "invoice:read"), err != nil)
	}
	for what, row := range map[string][2]string{
		"may":                  {may(p.may.token), "true false"},
		"may not":              {may(p.mayNot.token), "false false"},
		"for another service":  {may(p.elsewhere), "false true"},
		"for the platform":     {may(p.admin.token), "false true"},
		"an application token": {may(p.own), "false true"},
	} {
		if row[0] != row[1] {
			t.Errorf("%s: %s, want %s", what, row[0], row[1])
		}
	}
	p.c.Do(del(assignment(p.may.ID, p.id, p.clerk), p.admin.token)).Want(http.StatusOK, "")
	p.Eventually(time.Second, func() bool {
		permissions := p.c.Do(get("/api/auth/validate-jwt", p.may.token)).Want(http.StatusOK, "").JSON()["permissions"]
		return fmt.Sprint(permissions) == "[]"
	})
	p.c.Do(logout(p.may.token)).Want(http.StatusOK, "")
	if got := may(p.may.token); got != "true false" {
		t.Errorf("the token is good until it expires, says the guide: %s", got)
	}
}

// TestProtectAServiceByCurl runs the guide's commands as they are printed, but for the address.
func TestProtectAServiceByCurl(t *testing.T) {
	t.Parallel()
	requireProgram(t, "curl")
	p := newProtected(t)
	run := func(command string, of person) (answer map[string]any) {
		t.Helper()
		sh := exec.CommandContext(t.Context(), "sh", "-c", strings.ReplaceAll(command, "https://auth.example.com", p.URL))
		sh.Env = append(os.Environ(), "TOKEN="+of.token, "APP_TOKEN="+p.own, "SUB="+of.ID)
		out, _ := sh.Output() // base64 minds the padding that a token has not
		if err := json.Unmarshal(out, &answer); err != nil {
			t.Fatalf("%s: %v\n%s", command, err, out)
		}
		return answer
	}
	commands := map[string]string{} // by what is called
	for _, block := range snippets(t, "sh") {
		for command := range strings.SplitSeq(strings.ReplaceAll(strings.TrimSpace(block), "\\\n", ""), "\n") {
			_, path, _ := strings.Cut(command, "https://auth.example.com")
			path, _, _ = strings.Cut(path, " ")
			commands[path] = command
		}
	}
	metadata := run(commands["/.well-known/oauth-authorization-server"], p.may)
	claims := run(commands[""], p.may)
	if claims["iss"] != metadata["issuer"] || claims["aud"] != "billing" || claims["sub"] != p.may.ID || fmt.Sprint(claims["permissions"]) != "[invoice:read]" ||
		claims["exp"] == nil || claims["kind"] != nil {
		t.Errorf("claims %v of %v", claims, metadata)
	}
	if keys := run(commands["/.well-known/jwks.json"], p.may)["keys"].([]any); len(keys) == 0 {
		t.Error("no keys")
	}
	for of, may := range map[person]bool{p.may: true, p.mayNot: false, {Account: p.may.Account, token: p.elsewhere}: true} {
		valid := run(commands["/api/auth/validate-jwt"], of)
		active := run(commands["/oauth2/introspect"], of)
		checked := run(commands["/api/authz/check"], of)["results"].([]any)[0].(map[string]any)
		ours := of.token != p.elsewhere
		want := map[bool]string{true: "[invoice:read]", false: "[]"}[may && ours]
		if fmt.Sprint(valid["permissions"]) != want || (valid["audience"] == "billing") != ours {
			t.Errorf("validate-jwt: %v", valid)
		}
		if active["active"] != ours || ours && fmt.Sprint(active["permissions"]) != want {
			t.Errorf("introspect: %v", active)
		}
		if checked["allowed"] != may {
			t.Errorf("check: %v", checked)
		}
	}
}

// TestProtectAServiceByNginx sends what nginx sends by the guide's configuration, and, where there is an nginx, lets it.
func TestProtectAServiceByNginx(t *testing.T) {
	t.Parallel()
	p := newProtected(t)
	config := snippets(t, "nginx")[0]
	_, subrequest, found := strings.Cut(config, "location = /_signet")
	target := regexp.MustCompile(`proxy_pass https://auth\.example\.com(/\S*);`).FindStringSubmatch(subrequest)
	if !found || target == nil || !strings.Contains(subrequest, "proxy_set_header Authorization $http_authorization;") ||
		!strings.Contains(subrequest, "proxy_pass_request_headers off;") || !strings.Contains(subrequest, "proxy_pass_request_body off;") {
		t.Fatalf("it sends something else than this test does:\n%s", subrequest)
	}
	ended := p.c.Do(login(with(credentials(p.may.Account), body{"service": "billing"}))).Want(http.StatusOK, "").Text("access_token")
	p.c.Do(logout(ended)).Want(http.StatusOK, "")
	rows := map[string]struct {
		token  string
		status int
	}{
		"a token that lives":               {p.may.token, http.StatusOK},
		"one of somebody who may not":      {p.mayNot.token, http.StatusOK},
		"one for another service":          {p.elsewhere, http.StatusOK},
		"one of a session that ended":      {ended, http.StatusUnauthorized},
		"a forged one":                     {p.may.token[:len(p.may.token)-3], http.StatusUnauthorized},
		"none":                             {"", http.StatusUnauthorized},
		"an application token":             {p.own, http.StatusForbidden},
		"what is no token but looks so":    {"x.y.z", http.StatusUnauthorized},
		"another's application token, too": {"sgat_" + strings.Repeat("0", 22) + "_" + strings.Repeat("0", 49), http.StatusUnauthorized},
	}
	for name, row := range rows {
		answer := p.c.Do(testkit.Request{Method: http.MethodGet, Path: target[1], Bearer: row.token})
		if answer.Status != row.status {
			t.Errorf("%s: %d, want %d", name, answer.Status, row.status)
		}
	}

	program := requireProgram(t, "nginx", "/usr/sbin/nginx") // last: where there is none, the requests were made without it
	const held = "/held"                                     // by an nginx that is told to hold back whatever it is asked
	front := runNginx(t, program, config+"\nlocation /api/ { proxy_pass https://auth.example.com; }\n"+
		"location "+held+"/ { proxy_pass https://auth.example.com/; proxy_ignore_headers X-Accel-Buffering; proxy_buffering on; }", p.URL)
	for name, row := range rows {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, front+"/invoices", strings.NewReader(`{"of": "the service behind"}`))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("X-App-Token", p.own) // of the client's, which must not get to Signet
		if row.token != "" {
			request.Header.Set("Authorization", "Bearer "+row.token)
		}
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		saw := answer.Header.Get("Saw")
		if answer.StatusCode != row.status || row.status == http.StatusOK && saw != request.Header.Get("Authorization") {
			t.Errorf("%s, through nginx: %d, want %d; behind it is %q", name, answer.StatusCode, row.status, saw)
		}
	}
	t.Run("which passes the stream on", func(t *testing.T) {
		began := time.Now()
		f := followAt(t, front, p.own, "")
		f.named("ready")
		ready := time.Since(began)
		in := p.c.Login(p.may.Account)
		p.c.Do(logout(in.Access)).Want(http.StatusOK, "")
		began = time.Now()
		f.fact("session", "ended", "sid", in.Session)
		if told := time.Since(began); ready > time.Second || told > time.Second {
			t.Errorf("ready after %s, told after %s", ready, told)
		}
		f.close()
	})
	t.Run("unless it holds everything back, and then a follower without hello asks in turns", func(t *testing.T) {
		heard := func(path string, within time.Duration) string {
			ctx, cancel := context.WithTimeout(t.Context(), within)
			defer cancel()
			request, err := http.NewRequestWithContext(ctx, http.MethodGet, front+held+path, nil)
			if err != nil {
				return err.Error()
			}
			request.Header.Set("Authorization", "Bearer "+p.own)
			answer, err := http.DefaultClient.Do(request)
			if err != nil {
				return ""
			}
			defer answer.Body.Close() //nolint:errcheck // a test
			text, _ := io.ReadAll(answer.Body)
			return string(text)
		}
		if early := heard("/api/authz/revocations/stream", 300*time.Millisecond); early != "" {
			t.Errorf("it holds nothing back, so this tests nothing: %s", early)
		}
		cursor := p.c.Do(get("/api/authz/revocations", p.own)).Want(http.StatusOK, "").Text("cursor")
		in := p.c.Login(p.may.Account)
		began := time.Now()
		told := make(chan string, 1)
		go func() { told <- heard("/api/authz/revocations?wait=5&cursor="+cursor, 10*time.Second) }()
		p.c.Do(logout(in.Access)).Want(http.StatusOK, "")
		if answer := <-told; !strings.Contains(answer, in.Session) || time.Since(began) > time.Second {
			t.Errorf("told after %s: %s", time.Since(began), answer)
		}
	})
}

// runNginx starts nginx with the locations of the guide, before a service that answers what it saw, and is its address.
func runNginx(t *testing.T, program, locations, signet string) string {
	t.Helper()
	behind := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Saw", r.Header.Get("Authorization"))
	}))
	t.Cleanup(behind.Close)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	_ = listener.Close()
	locations = strings.NewReplacer("https://auth.example.com", signet, "http://billing", behind.URL).Replace(locations)
	dir := t.TempDir()
	text := "daemon off; master_process off; pid DIR/pid; error_log stderr; events {} http { access_log off; client_body_temp_path DIR/b; proxy_temp_path DIR/p; " +
		"fastcgi_temp_path DIR/f; uwsgi_temp_path DIR/u; scgi_temp_path DIR/s; server { listen " + address + ";\n" + locations + "} }\n"
	text = strings.ReplaceAll(text, "DIR", dir)
	file := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	nginx := exec.CommandContext(t.Context(), program, "-e", "stderr", "-p", dir, "-c", file) // one process: killed, it leaves none behind
	nginx.WaitDelay = time.Second
	var said strings.Builder
	nginx.Stderr = &said
	if err := nginx.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = nginx.Wait() }) // the test's context, which is over by then, ends it
	for begun := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		c, err := net.Dial("tcp", address)
		if err == nil {
			_ = c.Close()
			return "http://" + address
		}
		if time.Since(begun) > 10*time.Second {
			t.Fatalf("nginx does not listen\n%s", said.String())
		}
	}
}
