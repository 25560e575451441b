package e2e_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/signet-auth/signet/test/testkit"
)

const day = 24 * time.Hour

func TestRefreshAndTheEndOfSessions(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	t.Run("an idle session ends after 14 days, a refreshed one does not", func(t *testing.T) {
		s := testkit.Start(t, testkit.Options{})
		c := s.Client()
		account := s.NewAccount()
		idle, used := c.Login(account), c.Login(account)
		s.Move(13 * day)
		used.Refresh = c.Refresh(used.Refresh).Want(http.StatusOK, "").Text("refresh_token")
		s.Move(day + time.Second)
		c.Refresh(idle.Refresh).Want(http.StatusUnauthorized, "token_invalid")
		c.Refresh(used.Refresh).Want(http.StatusOK, "")
	})
	t.Run("every session ends after 30 days, and no access token is good beyond that", func(t *testing.T) {
		s := testkit.Start(t, testkit.Options{})
		c := s.Client()
		in := c.Login(s.NewAccount())
		_, claims := testkit.ReadToken(t, in.Access)
		end := int64(claims["auth_time"].(float64)) + int64(30*day/time.Second)
		token := in.Refresh
		for range 2 {
			s.Move(10 * day)
			token = c.Refresh(token).Want(http.StatusOK, "").Text("refresh_token")
		}
		s.Move(10*day - 5*time.Minute)
		last := c.Refresh(token).Want(http.StatusOK, "")
		_, claims = testkit.ReadToken(t, last.Text("access_token"))
		exp, iat := int64(claims["exp"].(float64)), int64(claims["iat"].(float64))
		if exp > end || exp < end-60 || last.JSON()["expires_in"] != float64(exp-iat) {
			t.Errorf("exp %d, expires_in %v, the session ends at %d", exp, last.JSON()["expires_in"], end)
		}
		s.Move(6 * time.Minute)
		c.Refresh(last.Text("refresh_token")).Want(http.StatusUnauthorized, "token_invalid")
		c.Me(last.Text("access_token")).Want(http.StatusUnauthorized, "token_invalid")
	})
	t.Run("the times are settings", func(t *testing.T) {
		s := testkit.Start(t, testkit.Options{Env: map[string]string{
			"JWT_REFRESH_TOKEN_EXPIRES": "3600", "SESSION_IDLE": "20m", "JWT_ACCESS_TOKEN_EXPIRES": "60", "REFRESH_GRACE": "2s",
		}})
		c := s.Client()
		in := c.Do(login(credentials(s.NewAccount()))).Want(http.StatusOK, "")
		if in.JSON()["expires_in"] != float64(60) {
			t.Errorf("expires_in %v", in.JSON()["expires_in"])
		}
		next := c.Refresh(in.Text("refresh_token")).Want(http.StatusOK, "")
		s.Move(61 * time.Second) // one access token's life: too late for a recovery
		c.Refresh(in.Text("refresh_token")).Want(http.StatusUnauthorized, "token_invalid")
		c.Refresh(next.Text("refresh_token")).Want(http.StatusUnauthorized, "token_invalid")
	})
}

const former, latter = testkit.SecretKey, "Another-S3cret-Key-of-the-tests-9fQzX2mVbT7"

// TestRefreshAfterSecretKeyWasRotated: rotating SECRET_KEY costs the detection of reuse of old tokens, never a login.
func TestRefreshAfterSecretKeyWasRotated(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t, testkit.Options{Env: map[string]string{"SECRET_KEY": former}})
	account := s.NewAccount()
	fresh, rotated, lost := s.Client().Login(account), s.Client().Login(account), s.Client().Login(account)
	rotated.Refresh = s.Client().Refresh(rotated.Refresh).Want(http.StatusOK, "").Text("refresh_token")
	s.Client().Refresh(lost.Refresh).Want(http.StatusOK, "")

	s.Stop()
	s.Env["SECRET_KEY"], s.Env["SECRET_KEY_PREVIOUS"] = latter, former
	s.Restart()
	t.Run("with the former key at hand everything goes on", func(t *testing.T) {
		c := s.Client()
		c.Me(fresh.Access).Want(http.StatusOK, "")
		before := fresh.Refresh
		fresh.Refresh = c.Refresh(fresh.Refresh).Want(http.StatusOK, "").Text("refresh_token")
		if again := c.Refresh(before).Want(http.StatusOK, "").Text("refresh_token"); again != fresh.Refresh {
			t.Error("a replay got another successor")
		}
		rotated.Refresh = c.Refresh(rotated.Refresh).Want(http.StatusOK, "").Text("refresh_token")
		s.Move(11 * time.Second)
		c.Refresh(lost.Refresh).Want(http.StatusOK, "") // its answer was lost under the former key
		c.Login(account)
	})
}

// TestRefreshAfterSecretKeyWasLost: the signing keys can't be opened any more, which an operator has to know and to settle.
// People who are logged in stay so.
func TestRefreshAfterSecretKeyWasLost(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t, testkit.Options{Env: map[string]string{"SECRET_KEY": former}})
	account := s.NewAccount()
	fresh, rotated := s.Client().Login(account), s.Client().Login(account)
	rotated.Refresh = s.Client().Refresh(rotated.Refresh).Want(http.StatusOK, "").Text("refresh_token")
	s.Stop()
	s.Env["SECRET_KEY"] = latter
	if err := s.TryStart(); err == nil || !strings.Contains(err.Error(), "SECRET_KEY_PREVIOUS") {
		t.Fatalf("start: %v", err)
	}
	s.Record().Exec("DELETE FROM signing_keys")
	s.Restart()
	t.Run("nobody has to log in again", func(t *testing.T) {
		c := s.Client()
		for _, token := range []string{fresh.Refresh, rotated.Refresh} {
			next := c.Refresh(token).Want(http.StatusOK, "")
			c.Me(next.Text("access_token")).Want(http.StatusOK, "")
			c.Refresh(next.Text("refresh_token")).Want(http.StatusOK, "")
		}
		c.Login(account)
	})
}
