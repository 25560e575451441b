package e2e_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/signet-auth/signet/test/testkit"
	"github.com/signet-auth/signet/test/testkit/race"
)

// cleaned is the number of rows of a kind that a server's janitor removed.
func cleaned(s *testkit.Server, kind string) int {
	return int(s.Metric(`signet_janitor_done_total{kind="` + kind + `"}`))
}

func TestWhatIsOverIsRemoved(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		s := testkit.Start(t, testkit.Options{Backends: b, Env: map[string]string{"CLEANUP_EVERY": "100ms"}})
		c, record := s.Client(), s.Record()
		account := s.NewAccount()
		left, stayed := c.Login(account), c.Login(account)
		c.Do(logout(left.Access)).Want(http.StatusOK, "")
		applicant(t, s)
		s.Settled()
		count := func(table string) int { return record.Count("SELECT count(*) FROM " + table) }
		sweeps := s.Metric("signet_janitor_last_run_timestamp_seconds")
		s.Eventually(5*time.Second, func() bool { return s.Metric("signet_janitor_last_run_timestamp_seconds") > sweeps })
		if count("sessions") != 2 || count("registrations") != 1 || count("outbox") == 0 || cleaned(s, "sessions") != 0 {
			t.Fatalf("too early: %v", record.Rows())
		}

		s.Move(8 * 24 * time.Hour)
		s.Eventually(10*time.Second, func() bool {
			return count("sessions") == 1 && count("refresh_families") == 1 && count("registrations") == 0 && count("flows") == 0 && count("outbox") == 0
		})
		c.Refresh(stayed.Refresh).Want(http.StatusOK, "")
		c.Refresh(left.Refresh).Want(http.StatusUnauthorized, "token_invalid")
		c.Do(logoutBy(left.Refresh)).Want(http.StatusOK, "")
		s.Move(40 * 24 * time.Hour)
		s.Eventually(10*time.Second, func() bool { return count("sessions") == 0 && count("refresh_families") == 0 })
		s.Eventually(10*time.Second, func() bool { return cleaned(s, "sessions") == 2 && cleaned(s, "registrations") == 1 })
		c.Login(account)
		if n := record.Count("SELECT count(*) FROM audit_events WHERE type = 'login.succeeded'"); n != 3 {
			t.Errorf("the log has %d logins, want all 3", n)
		}
	})
}

func TestTheAuditLogIsKeptForAsLongAsItShould(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		s := testkit.Start(t, testkit.Options{Backends: b, Env: map[string]string{"CLEANUP_EVERY": "100ms", "AUDIT_RETENTION": "30d"}})
		c, record := s.Client(), s.Record()
		account := s.NewAccount()
		c.Login(account)
		logins := func() int {
			return record.Count("SELECT count(*) FROM audit_events WHERE type IN ('user.registered', 'login.succeeded')")
		}
		traces := func() int { return record.Count("SELECT count(*) FROM event_pii") }
		if logins() != 2 || traces() < 2 {
			t.Fatalf("%d events and %d traces were written", logins(), traces())
		}
		s.Move(100 * 24 * time.Hour)
		c.Login(account)
		s.Eventually(15*time.Second, func() bool { return logins() == 1 && traces() == 1 })
		if b.Name == testkit.Production.Name && record.Count("SELECT count(*) FROM pg_class WHERE relname = 'audit_events_2026_11'") != 0 {
			t.Error("the month is still there")
		}
	})
}

// Replicas clean beside each other, while logins, refreshes and logouts go on.
func TestTwoReplicasCleanDuringTraffic(t *testing.T) {
	t.Parallel()
	a := testkit.Start(t, testkit.Options{Backends: testkit.Production, Env: map[string]string{
		"CLEANUP_EVERY": "50ms", "MAX_SESSIONS_PER_USER": "0", "HASH_WAIT": "20s",
	}})
	account := a.NewAccount()
	for range 40 {
		a.Client().Login(account)
	}
	b := a.Replica(nil)
	a.Move(60 * 24 * time.Hour)
	b.CaughtUp()
	for i, answer := range race.Together(20, func(i int) string {
		c := []*testkit.Server{a, b}[i%2].Client()
		in, err := c.Try(login(credentials(account)))
		if err != nil || in.Status != http.StatusOK {
			return in.Outcome()
		}
		next, err := c.Try(refresh(body{"refresh_token": in.Text("refresh_token")}))
		if err != nil || next.Status != http.StatusOK {
			return next.Outcome()
		}
		out, _ := c.Try(logout(next.Text("access_token")))
		return out.Outcome()
	}) {
		if answer != "200" {
			t.Errorf("caller %d: %s", i, answer)
		}
	}
	a.Eventually(10*time.Second, func() bool { return cleaned(a, "sessions")+cleaned(b, "sessions") == 40 })
	for _, s := range []*testkit.Server{a, b} {
		for _, kind := range []string{"sessions", "flows", "registrations", "messages", "login_failures", "changes", "months"} {
			if n := s.Metric(`signet_janitor_failures_total{kind="` + kind + `"}`); n != 0 {
				t.Errorf("%s failed %v times:\n%s", kind, n, s.Log)
			}
		}
	}
	if n := a.Record().Count("SELECT count(*) FROM sessions"); n != 20 {
		t.Errorf("%d sessions are left, want the 20 that just ended", n)
	}
}
