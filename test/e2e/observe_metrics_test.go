package e2e_test

import (
	"crypto/rand"
	"fmt"
	"maps"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/test/testkit"
)

// What operators read is made of what a server says.
func TestTheListOfMetricsIsCurrent(t *testing.T) {
	const path = "../../docs/metrics.md"
	s := whole(t, nil)
	s.NewAccount()
	all := families(scrape(t, s))
	var list strings.Builder
	list.WriteString("# Metrics\n\nWhat `/metrics` of ADMIN_ADDR has, beside those of Go and the process (`go_…`, `process_…`): `go_sql_…` are the pools of connections, by\n" +
		"`db_name`. [observability.md](observability.md) says what labels may hold. (Generated from a running server: `go generate ./test/e2e`.)\n\n" +
		"| metric | type | labels | what it is |\n|---|---|---|---|\n")
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if m := all[name]; strings.HasPrefix(name, "signet_") {
			_, _ = fmt.Fprintf(&list, "| `%s` | %s | %s | %s |\n", name, m.kind, strings.Join(m.labels, ", "), m.help)
			if counter := strings.HasSuffix(name, "_total"); counter != (m.kind == "counter") {
				t.Errorf("%s is a %s: counters end in _total, and nothing else does", name, m.kind)
			}
		}
	}
	if *update {
		if err := os.WriteFile(path, []byte(list.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(list.String(), read(t, path)); diff != "" {
		t.Errorf("docs/metrics.md is stale (go generate ./test/e2e): (-want +got)\n%s", diff)
	}
}

func TestOutcomes(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		s := testkit.Start(t, testkit.Options{Backends: b})
		c, account := s.Client(), s.NewAccount()
		wrong := account
		wrong.Password += "!"
		tokens := c.Login(account)
		c.Do(testkit.Request{Path: "/api/auth/login", Body: map[string]string{"email": account.Email, "password": wrong.Password}}).
			Want(http.StatusUnauthorized, "invalid_credentials")
		c.Refresh(tokens.Refresh).Want(http.StatusOK, "")
		c.Refresh("no token").Want(http.StatusUnauthorized, "token_invalid")
		c.Me(tokens.Access).Want(http.StatusOK, "")
		for name, want := range map[string]float64{
			`signet_operations_total{operation="login",outcome="succeeded"}`:           1,
			`signet_operations_total{operation="login",outcome="invalid_credentials"}`: 1,
			`signet_operations_total{operation="refresh",outcome="succeeded"}`:         1,
			`signet_operations_total{operation="refresh",outcome="token_invalid"}`:     1,
			`signet_operations_total{operation="me",outcome="succeeded"}`:              1,
			`signet_operations_total{operation="verifyEmail",outcome="succeeded"}`:     1,
			`signet_operations_total{operation="forgotPassword",outcome="succeeded"}`:  0,
			`signet_outbox_handled_total{outcome="parked"}`:                            0,
		} {
			if got := s.Metric(name); got != want {
				t.Errorf("%s = %v, want %v", name, got, want)
			}
		}
		if hits, loads := s.Metric(`signet_cache_hits_total{cache="sessions"}`), s.Metric(`signet_cache_loads_total{cache="sessions"}`); loads < 1 || hits < 0 {
			t.Errorf("sessions: %v hits, %v loads", hits, loads)
		}
		s.Settled()
		s.Eventually(20*time.Second, func() bool { return s.Metric(`signet_outbox_handled_total{outcome="done"}`) >= 2 }) // the request, and its mail
		s.Move(11 * time.Minute)
		s.Eventually(20*time.Second, func() bool {
			return s.Metric("signet_sessions_live") == 1 && s.Metric("signet_outbox_waiting") == 0 && s.Metric("signet_outbox_oldest_seconds") == 0 && s.Metric("signet_database_up") == 1
		})
	})
}

func TestWhatWaitsIsSeen(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t, testkit.Options{Env: map[string]string{"MAIL_SERVER": "127.0.0.1", "MAIL_PORT": "1", "MAIL_PLAINTEXT": "on", "MAIL_FROM": "signet@example.com"}})
	s.Client().Do(testkit.Request{Path: "/api/auth/register", Body: map[string]string{"email": testkit.NewAddress(), "password": testkit.Password}}).
		Want(http.StatusCreated, "")
	s.Eventually(20*time.Second, func() bool { return s.Metric(`signet_mail_send_duration_seconds_count{outcome="failed"}`) >= 1 })
	s.Move(15 * time.Minute)
	s.Eventually(20*time.Second, func() bool {
		return s.Metric("signet_outbox_waiting") == 1 && s.Metric("signet_outbox_oldest_seconds") >= 900 && s.Metric(`signet_outbox_handled_total{outcome="retried"}`) >= 1
	})
}

// barrage is everything that a stranger can choose.
func barrage(t *testing.T, s *testkit.Server) {
	t.Helper()
	for _, method := range []string{"GET", "POST", "PUT", "DELETE", "BREW", rand.Text()} {
		for _, path := range []string{"/" + rand.Text(), "/api/auth/verify-email/" + rand.Text(), "/api/oauth/" + rand.Text() + "/login", "/api/roles/" + rand.Text(), "/api/auth/login", "/api/auth/me"} {
			body := fmt.Sprintf(`{"email":"%s@example.com","password":"%s","client_id":"%s"}`, rand.Text(), rand.Text(), rand.Text())
			request, err := http.NewRequestWithContext(t.Context(), method, s.URL+path+"?"+rand.Text()+"="+rand.Text(), strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			request.Host = rand.Text() + ".example.com"
			for name, value := range map[string]string{
				"Content-Type": "application/json", "User-Agent": rand.Text(), "Origin": "https://" + rand.Text() + ".example.com", "X-Request-Id": rand.Text(),
				"Authorization": "Bearer " + rand.Text(), "X-App-Token": "sgat_" + rand.Text(),
			} {
				request.Header.Set(name, value)
			}
			if path == "/api/auth/login" { // else it would not come to the password
				request.Header.Del("X-App-Token")
			}
			answer, err := http.DefaultClient.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			_ = answer.Body.Close()
		}
	}
}

func TestStrangersMakeNoSeries(t *testing.T) {
	t.Parallel()
	s := whole(t, map[string]string{"LIMIT_ANONYMOUS": "1000000", "LIMIT_FORGED": "20", "LIMIT_FAILURES": "3/1h"})
	names := func() []string {
		var all []string
		for line := range strings.Lines(scrape(t, s)) {
			if name, ok := strings.CutPrefix(line, "signet_"); ok {
				all = append(all, name[:strings.LastIndexByte(name, ' ')])
			}
		}
		return all
	}
	scrape(t, s)  // makes a series of its own
	for range 6 { // over the limits
		barrage(t, s)
	}
	first := names()
	for range 3 {
		barrage(t, s)
	}
	if diff := cmp.Diff(first, names()); diff != "" {
		t.Errorf("series that a stranger made:\n%s", diff)
	}
	if random := regexp.MustCompile(`[A-Z2-7]{26}`).FindString(scrape(t, s)); random != "" {
		t.Errorf("%s is in the answer", random)
	}
	if n := len(first); n > 4000 {
		t.Errorf("%d series", n)
	}
	if got := s.Metric(`signet_limit_refused_total{limit="failures"}`); got == 0 {
		t.Error("no refusal was counted")
	}
}
