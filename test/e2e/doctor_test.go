package e2e_test

import (
	"crypto/rand"
	"encoding/json"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/test/testkit"
	"github.com/signet-auth/signet/test/testkit/smtpserver"
)

// examined is what signet doctor found, by check.
func examined(t *testing.T, env map[string]string, code int, args ...string) map[string]string {
	t.Helper()
	c := signet(t, env, "", append([]string{"doctor", "--json"}, args...)...)
	var report struct {
		Findings []struct{ Check, State, Seen, Do string }
	}
	if err := json.Unmarshal([]byte(c.Out), &report); err != nil || c.Code != code {
		t.Fatalf("exit %d, want %d, %v\n%s%s", c.Code, code, err, c.Out, c.Err)
	}
	found := map[string]string{}
	for _, f := range report.Findings {
		found[f.Check] = strings.TrimSpace(found[f.Check] + "\n" + f.State + ": " + f.Seen)
		if (f.State == "error" || f.State == "warning") && f.Do == "" {
			t.Errorf("%s says nothing to do about %s", f.Check, f.Seen)
		}
	}
	return found
}

// states expects how checks ended, by the beginning of what they found.
func states(t *testing.T, found map[string]string, want map[string]string) {
	t.Helper()
	for check, begin := range want {
		if !strings.HasPrefix(found[check], begin) {
			t.Errorf("%s: %q, want %q", check, found[check], begin)
		}
	}
}

// named is how the server's machine names it, which is also its issuer.
func named(s *testkit.Server) string { return strings.Replace(s.URL, "127.0.0.1", "localhost", 1) }

func TestDoctor(t *testing.T) {
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		mx := smtpserver.Start(t, smtpserver.Options{})
		s := testkit.Start(t, testkit.Options{Backends: b, Env: mailing(mx)})
		healthy := maps.Clone(s.Env)
		maps.Copy(healthy, map[string]string{"PUBLIC_URL": named(s), "RATE_LIMITS": "on", "REDIS_TIMEOUT": "100ms"})
		before := s.Record().Rows()

		t.Run("finds nothing where nothing is wrong, and changes nothing", func(t *testing.T) {
			found := examined(t, healthy, 0, "--strict")
			for check, what := range found {
				if !strings.HasPrefix(what, "ok: ") && !strings.HasPrefix(what, "skipped: ") {
					t.Errorf("%s: %s", check, what)
				}
			}
			states(t, found, map[string]string{
				"settings": "ok", "secret key": "ok", "database": "ok", "schema": "ok: current", "signing keys": "ok: ", "mail": "ok: ", "public address": "ok",
				"issuer": "ok", "key set": "ok: 2 keys", "client address": "ok: this machine is seen as ",
			})
			if b.Name == testkit.Production.Name {
				states(t, found, map[string]string{"database role": "ok", "pooler": "ok: none", "clock": "ok", "redis": "ok"})
			}
			if diff := cmp.Diff(before, s.Record().Rows()); diff != "" || len(mx.Messages()) > 0 {
				t.Errorf("rows (-before +after):\n%s", diff)
			}
			signet(t, healthy, "", "doctor").want(t, 0, "ok", "client address")
		})

		t.Run("makes every check though others fail", func(t *testing.T) {
			env := maps.Clone(healthy)
			maps.Copy(env, map[string]string{"PUBLIC_URL": "http://localhost:1", "MAIL_PORT": "1", "LOG_LEVEL": "loud", "MAIL_SEVER": "x"})
			maps.Copy(env, map[string]string{
				"OIDC_ACME_CLIENT_ID": "id", "OIDC_ACME_CLIENT_SECRET": "of acme", "OIDC_ACME_ISSUER": "http://127.0.0.1:1", "GITHUB_CLIENT_ID": "id", "GITHUB_CLIENT_SECRET": "of github",
			})
			states(t, examined(t, env, 1), map[string]string{
				"settings": "error: LOG_LEVEL must be one of", "database": "ok", "mail": "error", "public address": "error: http://localhost:1 can't be reached",
				"key set": "error", "client address": "skipped", "provider acme": "error: ", "provider github": "skipped",
			})
			signet(t, env, "", "doctor").want(t, 1, "signet: 6 errors, 1 warning")
		})

		t.Run("knows the SECRET_KEY of another deployment", func(t *testing.T) {
			env := maps.Clone(healthy)
			env["SECRET_KEY"] = "Qm4vT8xB2nK6pL0sR3wY7zC1dF5gH9jE-test-only"
			if b.Name == testkit.Embedded.Name { // where the key of before lies in the data folder, it still opens
				env["DATA_DIR"] = t.TempDir()
				for _, name := range []string{"signet.db", "signet.db-wal"} {
					content, err := os.ReadFile(filepath.Join(s.Env["DATA_DIR"], name))
					if err != nil || os.WriteFile(filepath.Join(env["DATA_DIR"], name), content, 0o600) != nil {
						t.Fatal(err)
					}
				}
			}
			states(t, examined(t, env, 1), map[string]string{"signing keys": "error: SECRET_KEY does not open", "client address": "warning: the server does not say"})
		})

		t.Run("warns of a schema that is behind, and of keys that nobody rotates", func(t *testing.T) {
			env := maps.Clone(healthy)
			env["KEY_ROTATION"] = "24h"
			s.Record().Exec("UPDATE signing_keys SET activated_at = ? WHERE state = 'active'", time.Now().UTC().Add(-50*time.Hour))
			states(t, examined(t, env, 1), map[string]string{"signing keys": "error: "})
		})
	})

	t.Run("before the first start nothing is made", func(t *testing.T) {
		t.Parallel()
		data := filepath.Join(t.TempDir(), "new")
		states(t, examined(t, cheaply(map[string]string{"DATA_DIR": data, "PORT": "1"}), 1), map[string]string{
			"settings": "ok", "secret key": "skipped", "data folder": "warning", "database": "warning", "schema": "skipped", "public address": "error",
		})
		if _, err := os.Stat(data); !os.IsNotExist(err) {
			t.Errorf("the folder was made: %v", err)
		}
	})

	t.Run("a database that is away", func(t *testing.T) {
		t.Parallel()
		env := cheaply(map[string]string{"DATABASE_URI": "postgres://signet:hunter2@127.0.0.1:1/none", "SECRET_KEY": testkit.SecretKey, "SIGNET_ENV": "development", "REDIS_HOST": "127.0.0.1", "REDIS_PORT": "1"})
		states(t, examined(t, env, 1), map[string]string{"database": "error: no Postgres server listens at 127.0.0.1:1", "schema": "skipped", "clock": "skipped", "redis": "error"})
		if c := signet(t, env, "", "doctor"); strings.Contains(c.Out+c.Err, "hunter2") {
			t.Errorf("it repeats the password: %s", c.Out)
		}
	})
}

// Serving takes no right to rewrite what it has written into the audit log, not even to erase a person: docs/operations.md takes it away.
func TestServingByARoleThatOnlyAddsToTheAuditLog(t *testing.T) {
	t.Parallel()
	s := testkit.Prepare(t, testkit.Options{Backends: testkit.Production, Env: map[string]string{"CLEANUP_EVERY": "100ms"}})
	owner, role := s.Env["DATABASE_URI"], "writer_"+strings.ToLower(rand.Text())
	record := testkit.RecordAt(t, owner)
	defer func() { // roles are the whole server's, which other tests have, too
		s.Stop()
		record.Exec("DROP OWNED BY " + role)
		record.Exec("DROP ROLE " + role)
	}()
	record.Exec("CREATE ROLE " + role + " LOGIN PASSWORD 'writer'")
	for _, b := range blocks(t, "../../docs/operations.md", "Postgres") {
		record.Exec(strings.ReplaceAll(b.text, " signet", " "+role))
	}
	as, err := url.Parse(owner)
	if err != nil {
		t.Fatal(err)
	}
	as.User = url.UserPassword(role, "writer")
	s.Env["DATABASE_URI"], s.Env["MIGRATE_DATABASE_URI"] = as.String(), owner
	if err := s.TryStart(); err != nil {
		t.Fatal(err)
	}
	env := cheaply(s.Env)
	states(t, examined(t, env, 1), map[string]string{"database role": "ok: " + role + " may read and write every table, and only add to the audit log"})
	env["AUDIT_RETENTION"] = "720h"
	states(t, examined(t, env, 1), map[string]string{"database role": "error: " + role + " lacks DELETE on audit_events, UPDATE on audit_events"})
	account := s.NewAccount()
	c := s.Client()
	c.Do(logout(c.Login(account).Access)).Want(http.StatusOK, "")
	signet(t, cheaply(s.Env), "", "users", "delete", account.Email, "--yes").want(t, 0)
	s.Move(30 * 24 * time.Hour) // the janitor removes what has expired by then
	swept := s.Metric("signet_janitor_last_run_timestamp_seconds")
	s.Move(2 * time.Second)
	s.Eventually(10*time.Second, func() bool { return s.Metric("signet_janitor_last_run_timestamp_seconds") > swept })
	if strings.Contains(s.Log.String(), "permission denied") {
		t.Errorf("it may not do what it does:\n%s", s.Log)
	}
}

// What a server believes of the proxies before it is seen in how it counts the doctor's own request.
func TestDoctorSaysWhatAddressTheServerSees(t *testing.T) {
	t.Parallel()
	proxied := func(t *testing.T, trusted, forwarded string) string {
		t.Helper()
		s := testkit.Start(t, testkit.Options{Env: map[string]string{"SECRET_KEY": testkit.SecretKey, "TRUSTED_PROXIES": trusted}})
		on, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		proxy := &http.Server{ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			request := r.Clone(r.Context())
			request.RequestURI, request.URL.Scheme, request.URL.Host = "", "http", hostOf(t, s.URL).Host
			if forwarded != "" {
				request.Header.Set("X-Forwarded-For", forwarded)
			}
			answer, err := http.DefaultTransport.RoundTrip(request)
			if err != nil {
				w.WriteHeader(http.StatusBadGateway)
				return
			}
			defer func() { _ = answer.Body.Close() }()
			maps.Copy(w.Header(), answer.Header)
			w.WriteHeader(answer.StatusCode)
		})}
		go func() { _ = proxy.Serve(on) }()
		t.Cleanup(func() { _ = proxy.Close() })
		env := cheaply(s.Env, map[string]string{"PUBLIC_URL": "http://" + on.Addr().String(), "RATE_LIMITS": "on"})
		return examined(t, env, 1)["client address"] // the proxy passes no bodies: other checks fail
	}
	for name, row := range map[string]struct{ trusted, forwarded, want string }{
		"a proxy that is known":       {"127.0.0.0/8", "203.0.113.7", "ok: this machine is seen as 203.0.113.7, behind the proxy 127.0.0.1"},
		"one that is not":             {"", "203.0.113.7", "warning: requests come from 127.0.0.1 with X-Forwarded-For, which is not believed"},
		"one that names nobody":       {"127.0.0.0/8", "", "warning: 127.0.0.1 is in TRUSTED_PROXIES, and sends no X-Forwarded-For"},
		"one that is not there":       {"", "", "ok: this machine is seen as 127.0.0.1, without a proxy"},
		"one that is behind another ": {"127.0.0.0/8", "203.0.113.7, 10.0.0.9", "ok: this machine is seen as 10.0.0.9, behind the proxy 127.0.0.1. (It is a private address"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := proxied(t, row.trusted, row.forwarded); !strings.HasPrefix(got, row.want) {
				t.Errorf("%q, want %q", got, row.want)
			}
		})
	}
}

// CWE-200: what stands before Signet is not told to strangers.
func TestOnlyTheDoctorIsToldWhatAddressTheServerSees(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t, testkit.Options{Env: map[string]string{"SECRET_KEY": testkit.SecretKey}})
	for _, word := range []string{"", "1", "1.00", "99999999999.ff", strings.Repeat("9", 8000), "4102444800.0000000000000000000000000000000000000000000000000000000000000000", "-1.", "."} {
		answer := s.Client().Do(testkit.Request{Path: "/readyz", Header: http.Header{"Signet-Probe": {word}}}).Want(http.StatusOK, "")
		if got := answer.Header.Get("Signet-Seen"); got != "" {
			t.Errorf("%q is told %q", word, got)
		}
	}
}
