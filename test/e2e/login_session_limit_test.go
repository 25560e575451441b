package e2e_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/testkit"
)

func TestLoginAtTheLimitOfSessions(t *testing.T) {
	t.Parallel()
	t.Run("ends the least recently refreshed one", func(t *testing.T) {
		s := testkit.Start(t, testkit.Options{Env: map[string]string{"MAX_SESSIONS_PER_USER": "3"}})
		c, record := s.Client(), s.Record()
		account := s.NewAccount()
		var in [3]testkit.Tokens
		for i := range in {
			in[i] = c.Login(account)
			s.Move(time.Second)
		}
		c.Refresh(in[0].Refresh).Want(http.StatusOK, "") // the oldest, but the one most recently refreshed
		s.Move(time.Second)

		c.Login(account)
		c.Me(in[0].Access).Want(http.StatusOK, "")
		c.Me(in[1].Access).Want(http.StatusUnauthorized, "token_invalid")
		c.Me(in[2].Access).Want(http.StatusOK, "")
		c.Refresh(in[1].Refresh).Want(http.StatusUnauthorized, "token_invalid")
		events := record.Events(domain.EventSessionEnded, in[1].Session)
		if len(events) != 1 || events[0].Details["reason"] != "limit" {
			t.Errorf("session.ended: %+v", events)
		}
	})
	t.Run("counts no session that has lapsed", func(t *testing.T) {
		s := testkit.Start(t, testkit.Options{Env: map[string]string{
			"MAX_SESSIONS_PER_USER": "1", "SESSION_LIMIT_POLICY": "deny", "SESSION_IDLE": "1h",
		}})
		c := s.Client()
		account := s.NewAccount()
		c.Login(account)
		s.Move(61 * time.Minute)
		c.Login(account)
	})
	t.Run("is refused under the policy deny, and only with the right password", func(t *testing.T) {
		s := testkit.Start(t, testkit.Options{Env: map[string]string{
			"MAX_SESSIONS_PER_USER": "2", "SESSION_LIMIT_POLICY": "deny",
		}})
		c, record := s.Client(), s.Record()
		account := s.NewAccount()
		first := c.Login(account)
		c.Login(account)

		c.Do(login(credentials(account))).Want(http.StatusConflict, "session_limit_reached")
		c.Do(login(body{"email": account.Email, "password": "wrong"})).Want(http.StatusUnauthorized, "invalid_credentials")
		if n := record.LiveSessions(account.ID); n != 2 {
			t.Errorf("%d sessions live", n)
		}
		c.Do(testkit.Request{Method: http.MethodPost, Path: "/api/auth/logout", Bearer: first.Access}).Want(http.StatusOK, "")
		c.Login(account)
	})
	t.Run("has none when it is 0", func(t *testing.T) {
		s := testkit.Start(t, testkit.Options{Env: map[string]string{"MAX_SESSIONS_PER_USER": "0"}})
		c := s.Client()
		account := s.NewAccount()
		for range 12 {
			c.Login(account)
		}
		if n := s.Record().LiveSessions(account.ID); n != 12 {
			t.Errorf("%d sessions live", n)
		}
	})
}
