package e2e_test

import (
	"bytes"
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/test/testkit"
)

func newID() string { return uuid.NewString() }

// TestErasureLeavesNothingOfAPerson does all that a person can do, closes the account, and looks through everything that a thief of
// the database would get after the grace.
func TestErasureLeavesNothingOfAPerson(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		const agent, typed = "Erasable-Agent/1.0", "Wilhelmina"
		s := testkit.Start(t, testkit.Options{Backends: b, Env: map[string]string{
			"CLEANUP_EVERY": "100ms", "MAX_SESSIONS_PER_USER": "2", "REFRESH_GRACE": "0s", "REFRESH_RETRY": "1s", "TRUSTED_PROXIES": "127.0.0.0/8",
		}})
		c, record := s.Client(), s.Record()
		email := "erasable." + newID()[:8] + "@example.com"
		as := func(r testkit.Request) testkit.Request {
			r.Header = http.Header{"User-Agent": {agent}, "X-Forwarded-For": {"203.0.113.77"}}
			return r
		}
		bystander := s.NewAccount()
		c.Do(as(loggingIn(email, "a guess before there is an account"))).Want(http.StatusUnauthorized, "invalid_credentials")
		id := c.Do(as(registering(email, testkit.Object{"first_name": typed, "last_name": typed + "-Last"}))).Want(http.StatusCreated, "").Text("user_id")
		c.Do(as(proving(s.Mail(email, 1).Token()))).Want(http.StatusOK, "")
		c.Do(as(loggingIn(email, "wrong"))).Want(http.StatusUnauthorized, "invalid_credentials")
		account := testkit.Account{ID: id, Email: email, Password: testkit.Password}
		for range 4 { // two are ended by the limit, by nobody
			c.Do(as(login(credentials(account)))).Want(http.StatusOK, "")
		}
		reused := c.Do(as(login(credentials(account)))).Want(http.StatusOK, "").Text("refresh_token")
		second := c.Do(as(refresh(body{"refresh_token": reused}))).Want(http.StatusOK, "").Text("refresh_token")
		c.Do(as(refresh(body{"refresh_token": second}))).Want(http.StatusOK, "")
		c.Do(as(refresh(body{"refresh_token": reused}))).Want(http.StatusUnauthorized, "token_invalid")
		c.Do(as(testkit.Request{Path: "/api/password/forgot", Body: body{"email": email}})).Want(http.StatusOK, "")
		s.Settled()
		s.Move(8 * 24 * time.Hour) // the janitor removes sessions that ended, and the erasure has to find their events without them
		s.Eventually(10*time.Second, func() bool { return record.Count("SELECT count(*) FROM outbox") == 0 })
		if err := record.Insist(func(ctx context.Context, tx *store.Tx) error {
			return tx.Trusted.Insert(ctx, domain.TrustedDevice{
				ID: domain.TrustedDeviceID(newID()), UserID: domain.UserID(id), Hash: []byte("h"), Class: agent, CreatedAt: s.Clock.Now(), ExpiresAt: s.Clock.Now().Add(30 * day),
			})
		}); err != nil {
			t.Fatal(err)
		}
		in := c.Do(as(login(credentials(account)))).Want(http.StatusOK, "").Text("access_token")
		c.Do(as(testkit.Request{Path: "/api/password/forgot", Body: body{"email": email}})).Want(http.StatusOK, "")
		c.Do(as(closing(in, body{"password": account.Password}))).Want(http.StatusOK, "")
		s.Settled()
		c.Do(as(registering(strings.ToUpper(email[:1])+email[1:], testkit.Object{"first_name": typed}))).Want(http.StatusCreated, "") // by anybody
		c.Do(as(loggingIn(email, "wrong"))).Want(http.StatusUnauthorized, "invalid_credentials")
		s.Settled()

		traces := [][]byte{[]byte(email), []byte(typed), []byte(agent), []byte("203.0.113.77"), []byte(strings.Split(email, "@")[0])}
		if n := erased(s); n != 0 {
			t.Fatalf("%d are erased before their time", n)
		}
		for _, trace := range traces {
			if !bytes.Contains(s.Dump(), trace) {
				t.Errorf("%s is not in the database even before: the test looks for the wrong thing", trace)
			}
		}
		events := record.Count("SELECT count(*) FROM audit_events")
		s.Eventually(15*time.Second, func() bool { // the last failed login is written a second late
			return record.Count("SELECT count(*) FROM event_pii WHERE identifier = ?", email) >= 3
		})
		s.Move(14*24*time.Hour + time.Minute)
		s.Eventually(15*time.Second, func() bool { return erased(s) == 1 })
		dump := s.Dump()
		for _, trace := range traces {
			if i := bytes.Index(bytes.ToLower(dump), bytes.ToLower(trace)); i >= 0 {
				t.Errorf("%s is still in the database: …%q…", trace, dump[max(0, i-200):min(len(dump), i+100)])
			}
		}
		s.Stop()
		if dump := s.Dump(); bytes.Contains(dump, []byte(email)) || bytes.Contains(dump, []byte(agent)) {
			t.Error("the stopped server's database has it")
		}
		if err := s.TryStart(); err != nil {
			t.Fatal(err)
		}
		c = s.Client()

		t.Run("the id stays, without a person", func(t *testing.T) {
			if got := record.Text("SELECT state || '|' || disabled_reason FROM principals WHERE id = ?", id); got != "deleted|" {
				t.Errorf("the principal is %s", got)
			}
			for _, table := range []string{"users", "sessions", "refresh_families", "user_activity", "identities", "registrations", "login_failures", "device_tokens"} {
				want := map[string]int{"users": 1, "user_activity": 0}[table] // the bystander, who never logged in
				if n := record.Count("SELECT count(*) FROM " + table); n != want {
					t.Errorf("%s has %d rows, want %d", table, n, want)
				}
			}
			if n := record.Count("SELECT count(*) FROM assignments WHERE principal_id = ?", id); n != 0 {
				t.Errorf("it holds %d roles", n)
			}
		})
		t.Run("the log stays, without traces", func(t *testing.T) {
			if n := record.Count("SELECT count(*) FROM audit_events"); n <= events {
				t.Errorf("%d events, there were %d", n, events)
			}
			deleted := record.Events(domain.EventUserDeleted, id)
			if len(deleted) != 1 || deleted[0].ActorKind != domain.ActorSystem || deleted[0].Trace != (domain.Trace{}) {
				t.Errorf("events: %+v", deleted)
			}
			if n := record.Count("SELECT count(*) FROM event_pii"); n == 0 {
				t.Error("the bystander's traces are gone too")
			}
		})
		t.Run("a new account of the address inherits nothing (Zitadel CVE-2026-55670)", func(t *testing.T) {
			s.Move(time.Hour)
			again := s.Register(email)
			if again.ID == id {
				t.Fatal("the id was given out again")
			}
			me := c.In(t).Me(c.Login(again).Access).Want(http.StatusOK, "")
			if me.Text("user.first_name") != "" || me.Text("user.id") == id {
				t.Errorf("it is %s", me.Body)
			}
			if n := record.Count("SELECT count(*) FROM assignments WHERE principal_id = ?", again.ID); n != 1 {
				t.Errorf("it holds %d roles, want the default", n)
			}
		})
		c.Login(bystander)
	})
}

func erased(s *testkit.Server) int { return cleaned(s, "users") }

// Mail that waits for a server that is down goes with the person.
func TestErasureTakesQueuedMail(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		s := testkit.Start(t, testkit.Options{Backends: b, Env: map[string]string{"CLEANUP_EVERY": "100ms", "CLOSE_GRACE": "1h"}})
		record := s.Record()
		account, other := s.NewAccount(), s.NewAccount()
		s.Env["MAIL_SERVER"], s.Env["MAIL_PORT"] = "127.0.0.1", "1" // nobody is there
		s.Restart()
		c := s.Client()
		for _, who := range []testkit.Account{account, other} {
			c.Do(closing(c.Login(who).Access, body{"password": who.Password})).Want(http.StatusOK, "")
		}
		waiting := func() int {
			return record.Count("SELECT count(*) FROM outbox WHERE delivered_at IS NULL AND parked_at IS NULL")
		}
		if n := waiting(); n != 2 {
			t.Fatalf("%d mails wait", n)
		}
		record.Exec("UPDATE users SET erase_at = ? WHERE id = ?", s.Clock.Now().Add(30*24*time.Hour), other.ID)
		s.Move(2 * time.Hour)
		s.Eventually(10*time.Second, func() bool { return erased(s) == 1 })
		if n := waiting(); n != 1 {
			t.Errorf("%d mails wait, want the other's", n)
		}
	})
}

// However many replicas find somebody due at once, they are erased once.
func TestTwoReplicasErase(t *testing.T) {
	t.Parallel()
	a := testkit.Start(t, testkit.Options{Backends: testkit.Production, Env: map[string]string{"CLEANUP_EVERY": "20ms"}})
	record := a.Record()
	const people = 10
	for range people {
		who := a.NewAccount()
		a.Client().Do(closing(a.Client().Login(who).Access, body{"password": who.Password})).Want(http.StatusOK, "")
	}
	a.Settled()
	b := a.Replica(nil)
	a.Move(15 * 24 * time.Hour)
	b.CaughtUp()
	a.Eventually(20*time.Second, func() bool { return record.Count("SELECT count(*) FROM users") == 0 })
	a.Eventually(5*time.Second, func() bool { return erased(a)+erased(b) == people })
	if n := record.Count("SELECT count(*) FROM audit_events WHERE type = 'user.deleted'"); n != people {
		t.Errorf("the log has %d erasures, want %d", n, people)
	}
	for _, s := range []*testkit.Server{a, b} {
		if n := s.Metric(`signet_janitor_failures_total{kind="users"}`); n != 0 {
			t.Errorf("%v failures:\n%s", n, s.Log)
		}
	}
}
