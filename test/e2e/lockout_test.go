package e2e_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/testkit"
	"github.com/signet-auth/signet/test/testkit/backend"
)

func fail(t *testing.T, c *testkit.Client, email string, times int) {
	t.Helper()
	for range times {
		c.Do(guess(email)).Want(http.StatusUnauthorized, "invalid_credentials")
	}
}

func TestLockout(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		s := testkit.Start(t, testkit.Options{Backends: b, Env: map[string]string{"LOCKOUT_FAILURES": "4"}})
		c, record := s.Client(), s.Record()
		locked := func(a testkit.Account) bool {
			t.Helper()
			got := c.Do(login(credentials(a))).Outcome()
			if got != "200" && got != "401 invalid_credentials" {
				t.Errorf("login: %s", got)
			}
			return got != "200"
		}

		t.Run("answers the right password like a wrong one, for 15 minutes", func(t *testing.T) {
			account := s.NewAccount()
			fail(t, c, account.Email, 4)
			right, wrong := c.Do(login(credentials(account))), c.Do(guess(account.Email))
			if diff := cmp.Diff(essence(t, wrong), essence(t, right)); diff != "" {
				t.Errorf("(-wrong +right):\n%s", diff)
			}
			s.Move(14 * time.Minute)
			if !locked(account) {
				t.Error("open after 14 minutes")
			}
			s.Move(2 * time.Minute)
			if locked(account) {
				t.Error("locked after 16 minutes")
			}
			if events := record.Events(domain.EventUserLocked, account.ID); len(events) != 1 {
				t.Errorf("user.locked: %+v", events)
			}
		})
		t.Run("does not touch sessions that are live", func(t *testing.T) {
			account := s.NewAccount()
			in := c.Login(account)
			fail(t, c, account.Email, 5)
			c.Me(in.Access).Want(http.StatusOK, "")
			c.Refresh(in.Refresh).Want(http.StatusOK, "")
		})
		t.Run("is not prolonged by guesses during it", func(t *testing.T) {
			account := s.NewAccount()
			fail(t, c, account.Email, 4)
			s.Move(10 * time.Minute)
			fail(t, c, account.Email, 8)
			s.Move(6 * time.Minute)
			if locked(account) {
				t.Error("locked after 16 minutes")
			}
		})
		t.Run("lasts twice as long each time, up to 24 h, until a success", func(t *testing.T) {
			account := s.NewAccount()
			for _, lasts := range []time.Duration{
				15 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour, 8 * time.Hour, 16 * time.Hour, 24 * time.Hour, 24 * time.Hour,
			} {
				fail(t, c, account.Email, 4)
				s.Move(lasts - time.Minute)
				if !locked(account) {
					t.Fatalf("open before %s", lasts)
				}
				s.Move(time.Minute)
			}
			if locked(account) {
				t.Fatal("locked for ever")
			}
			fail(t, c, account.Email, 4)
			s.Move(15 * time.Minute)
			if locked(account) {
				t.Error("the success did not set the time back")
			}
		})
		t.Run("begins after failures in a row only", func(t *testing.T) {
			account := s.NewAccount()
			for range 3 {
				fail(t, c, account.Email, 3)
				if locked(account) {
					t.Fatal("locked after 3 failures and a success")
				}
			}
		})
		t.Run("is not put off by a right password whose second factor does not come (Keycloak GHSA-85v8)", func(t *testing.T) {
			account := s.NewAccount()
			app, _ := s.Enrol(c.Login(account))
			fail(t, c, account.Email, 3)
			c.Verify(c.Challenge(account), app.Code()).Want(http.StatusOK, "")
			fail(t, c, account.Email, 3)
			c.Challenge(account)
			fail(t, c, account.Email, 1)
			if !locked(account) {
				t.Error("open after 4 failures")
			}
		})
		t.Run("counts parallel failures each", func(t *testing.T) {
			account := s.NewAccount()
			c.AtOnce(4, func(int) testkit.Request { return guess(account.Email) })
			if !locked(account) {
				t.Error("open after 4 failures")
			}
		})
		t.Run("is kept for addresses without an account too, and names nobody", func(t *testing.T) {
			before := record.Count("SELECT count(*) FROM login_failures WHERE locks > 0")
			email := testkit.NewAddress()
			fail(t, c, email, 6)
			if got := record.Count("SELECT count(*) FROM login_failures WHERE locks > 0"); got != before+1 {
				t.Errorf("%d locks, want %d", got, before+1)
			}
			for _, key := range record.Texts("SELECT key FROM login_failures") {
				if strings.Contains(key, email) || strings.Contains(key, "example") { // as it is; a MAC may hold any single byte
					t.Errorf("key %q", key)
				}
			}
			account := s.Register(email)
			if !locked(account) {
				t.Error("an account made meanwhile is open")
			}
		})
	})
	t.Run("begins after 100 failures", func(t *testing.T) {
		s := testkit.Start(t, testkit.Options{})
		c := s.Client()
		account := s.NewAccount()
		fail(t, c, account.Email, 99)
		c.Login(account)
		fail(t, c, account.Email, 100)
		c.Do(login(credentials(account))).Want(http.StatusUnauthorized, "invalid_credentials")
		s.Move(15*time.Minute + time.Second)
		c.Login(account)
	})
}

// TestLockoutIsKept: a lock is a row. Neither a restart nor the loss of Redis opens an account that is being guessed at.
func TestLockoutIsKept(t *testing.T) {
	t.Parallel()
	redis := backend.RedisServer(t)
	forgetful := testkit.Backends{Name: "postgres+redis", Env: func(tb testing.TB) map[string]string {
		env := testkit.Production.Env(tb)
		env["REDIS_URL"] = redis.URL
		return env
	}}
	for _, b := range []testkit.Backends{testkit.Embedded, forgetful} {
		t.Run(b.Name, func(t *testing.T) {
			s := testkit.Start(t, testkit.Options{Backends: b, Env: map[string]string{"LOCKOUT_FAILURES": "4"}})
			account := s.NewAccount()
			fail(t, s.Client(), account.Email, 4)
			s.Stop()
			if b.Name != testkit.Embedded.Name {
				redis.Stop()
				redis.Start()
			}
			s.Restart()
			s.Client().Do(login(credentials(account))).Want(http.StatusUnauthorized, "invalid_credentials")
			s.Move(15 * time.Minute)
			s.Client().Login(account)
		})
	}
}
