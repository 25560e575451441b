package e2e_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/testkit"
	"github.com/signet-auth/signet/test/testkit/backend"
)

// TestRestartOfEverything: Redis forgets all, Postgres is killed, the server starts again. Nothing that was over is revived,
// and nobody is logged out.
func TestRestartOfEverything(t *testing.T) {
	t.Run("embedded", func(t *testing.T) {
		everythingIsKept(t, testkit.Embedded, func(s *testkit.Server) { s.Restart() })
	})
	t.Run("postgres+redis", func(t *testing.T) {
		database, redis := backend.PostgresServer(t), backend.RedisServer(t)
		servers := testkit.Backends{Env: func(testing.TB) map[string]string {
			return map[string]string{
				"DATABASE_URI": database.URL, "REDIS_URL": redis.URL, "SECRET_KEY": testkit.SecretKey, "SIGNET_ENV": "development",
			}
		}}
		everythingIsKept(t, servers, func(s *testkit.Server) {
			s.Stop()
			redis.Stop()
			database.Stop()
			database.Start()
			redis.Start()
			s.Restart()
		})
	})
	t.Run("postgres+redis, Redis flushed under way", func(t *testing.T) {
		redis := backend.RedisServer(t)
		servers := testkit.Backends{Env: func(tb testing.TB) map[string]string {
			env := testkit.Production.Env(tb)
			env["REDIS_URL"] = redis.URL
			return env
		}}
		everythingIsKept(t, servers, func(s *testkit.Server) {
			redis.Stop()
			redis.Start()
			settled(s)
		})
	})
}

func everythingIsKept(t *testing.T, b testkit.Backends, lose func(s *testkit.Server)) {
	t.Helper()
	s := testkit.Start(t, testkit.Options{Backends: b, Env: map[string]string{"LOCKOUT_FAILURES": "4"}})
	c := s.Client()
	account, disabled, locked := s.NewAccount(), s.NewAccount(), s.NewAccount()
	used := s.Mail(account.Email, 1)
	live, rotated, out, stolen := c.Login(account), c.Login(account), c.Login(account), c.Login(account)
	first := rotated.Refresh
	rotated.Refresh = c.Refresh(first).Want(http.StatusOK, "").Text("refresh_token")
	c.Do(logout(out.Access)).Want(http.StatusOK, "")
	second := c.Refresh(stolen.Refresh).Want(http.StatusOK, "").Text("refresh_token")
	third := c.Refresh(second).Want(http.StatusOK, "")
	c.Refresh(stolen.Refresh).Want(http.StatusUnauthorized, "token_invalid")
	barred := c.Login(disabled)
	record := s.Record()
	record.Exec("UPDATE principals SET state = 'disabled' WHERE id = ?", disabled.ID)
	record.Changed(domain.ChangePrincipal, disabled.ID)
	fail(t, c, locked.Email, 4)
	guarded := s.NewAccount()
	app, _ := s.Enrol(c.Login(guarded))
	shown := app.Code()
	c.Verify(c.Challenge(guarded), shown).Want(http.StatusOK, "")
	device := remember(c, guarded, app)
	challenge := c.Challenge(guarded)
	pending := testkit.NewAddress()
	c.Do(register(pending)).Want(http.StatusCreated, "")
	unused := s.Mail(pending, 1)

	lose(s)
	c = s.Client()

	t.Run("nobody is logged out", func(t *testing.T) {
		c.Me(live.Access).Want(http.StatusOK, "")
		c.Me(rotated.Access).Want(http.StatusOK, "")
		if again := c.Refresh(first).Want(http.StatusOK, "").Text("refresh_token"); again != rotated.Refresh {
			rotated.Refresh = again // the restart took longer than the grace: the token is another one, and good
		}
		c.Refresh(rotated.Refresh).Want(http.StatusOK, "")
		c.Refresh(live.Refresh).Want(http.StatusOK, "")
		c.Login(account)
	})
	t.Run("nothing is revived", func(t *testing.T) {
		for name, token := range map[string]string{
			"logged out": out.Access, "stolen": stolen.Access, "stolen and refreshed": third.Text("access_token"), "disabled": barred.Access,
		} {
			if got := c.Me(token).Outcome(); got != "401 token_invalid" {
				t.Errorf("the access token of one %s: %s", name, got)
			}
		}
		for name, token := range map[string]string{
			"logged out": out.Refresh, "stolen": stolen.Refresh, "stolen and refreshed": third.Text("refresh_token"), "disabled": barred.Refresh,
		} {
			if got := c.Refresh(token).Outcome(); got != "401 token_invalid" {
				t.Errorf("the refresh token of one %s: %s", name, got)
			}
		}
		c.Do(login(credentials(locked))).Want(http.StatusUnauthorized, "invalid_credentials")
		c.Do(login(credentials(disabled))).Want(http.StatusUnauthorized, "invalid_credentials")
		c.Do(testkit.Request{Path: "/api/auth/verify-email", Body: body{"token": used.Token()}}).Want(http.StatusBadRequest, "invalid_token")
	})
	t.Run("a code of an app counts once, and its challenge goes on (Gitea CVE-2021-45331, CVE-2026-20779, kratos CVE-2024-45042)", func(t *testing.T) {
		c.Me(challenge).Want(http.StatusUnauthorized, "token_invalid")
		c.Verify(challenge, shown).Want(http.StatusBadRequest, "invalid_code")
		c.Do(on(device, guarded)).Want(http.StatusOK, "") // a remembered device goes on, too
		done := c.Verify(challenge, app.Code()).Want(http.StatusOK, "")
		c.Do(stepUp(done.Text("access_token"), body{"code": shown})).Want(http.StatusBadRequest, "invalid_code")
	})
	t.Run("what was promised is kept", func(t *testing.T) {
		c.Do(testkit.Request{Path: "/api/auth/verify-email", Body: body{"token": unused.Token()}}).Want(http.StatusOK, "")
		c.Login(testkit.Account{Email: pending, Password: testkit.Password})
		s.Move(15*time.Minute + time.Second)
		c.Login(locked)
	})
}
