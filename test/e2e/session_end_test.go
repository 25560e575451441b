package e2e_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/test/testkit"
)

// margin is how long before an end of its session a test still asks: longer than the slowest machine takes to answer.
const margin = 30 * time.Second

// moveTo moves the clock to a moment that an answer named.
func moveTo(t *testing.T, s *testkit.Server, moment string, before time.Duration) {
	t.Helper()
	at, err := time.Parse(time.RFC3339Nano, moment)
	if err != nil {
		t.Fatal(err)
	}
	s.Move(at.Add(-before).Sub(s.Clock.Now()))
}

// wantExpiry checks that an access token is good for as long as its answer says, and to the second until the end of its session.
func wantExpiry(t *testing.T, answer testkit.Response, end string) {
	t.Helper()
	at, err := time.Parse(time.RFC3339Nano, end)
	if err != nil {
		t.Fatal(err)
	}
	_, claims := testkit.ReadToken(t, answer.Text("access_token"))
	exp, iat := int64(claims["exp"].(float64)), int64(claims["iat"].(float64))
	if exp != at.Unix() || answer.JSON()["expires_in"] != float64(exp-iat) {
		t.Errorf("exp %d, iat %d, expires_in %v; the session ends at %d", exp, iat, answer.JSON()["expires_in"], at.Unix())
	}
}

// TestTheEndsOfASession: a session is good until just before its idle and its absolute end, and from that moment on for nothing
// (ASVS 7.3.1, 7.3.2), though its access tokens would live for years.
func TestTheEndsOfASession(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t, testkit.Options{Env: map[string]string{"JWT_ACCESS_TOKEN_EXPIRES": "1000d"}})
	c := s.Client()
	begin := func(t *testing.T) (testkit.Account, testkit.Response) {
		t.Helper()
		account := s.NewAccount()
		return account, c.Do(login(credentials(account))).Want(http.StatusOK, "")
	}
	wantLive := func(t *testing.T, access string) {
		t.Helper()
		c.Me(access).Want(http.StatusOK, "")
		c.Do(get("/api/auth/validate-jwt", access)).Want(http.StatusOK, "")
		c.Do(sessions(access, "")).Want(http.StatusOK, "")
	}
	wantOver := func(t *testing.T, access, token string) {
		t.Helper()
		c.Me(access).Want(http.StatusUnauthorized, "token_invalid")
		c.Do(get("/api/auth/validate-jwt", access)).Want(http.StatusUnauthorized, "token_invalid")
		c.Do(sessions(access, "")).Want(http.StatusUnauthorized, "token_invalid")
		c.Refresh(token).Want(http.StatusUnauthorized, "token_invalid")
		c.Do(refreshByBearer(token)).Want(http.StatusUnauthorized, "token_invalid")
	}

	t.Run("the idle one of one that was not refreshed", func(t *testing.T) {
		account, in := begin(t)
		end := in.Text("session.idle_expires_at")
		wantExpiry(t, in, end)
		moveTo(t, s, end, margin)
		wantLive(t, in.Text("access_token"))
		moveTo(t, s, end, 0)
		wantOver(t, in.Text("access_token"), in.Text("refresh_token"))

		next := c.Login(account)
		if diff := cmp.Diff([]string{next.Session}, idsOf(t, c.Do(sessions(next.Access, "")))); diff != "" {
			t.Errorf("the list (-want +got):\n%s", diff)
		}
	})
	t.Run("which a refresh just before it moves, for the session and not for the token of before", func(t *testing.T) {
		_, in := begin(t)
		end := in.Text("session.idle_expires_at")
		moveTo(t, s, end, margin)
		next := c.Refresh(in.Text("refresh_token")).Want(http.StatusOK, "")
		moveTo(t, s, end, 0)
		c.Me(in.Text("access_token")).Want(http.StatusUnauthorized, "token_invalid")
		wantLive(t, next.Text("access_token"))
		one := listed(t, c.Do(sessions(next.Text("access_token"), "")))[0]
		wantExpiry(t, next, one["idle_expires_at"].(string))
		moveTo(t, s, one["idle_expires_at"].(string), 0)
		wantOver(t, next.Text("access_token"), next.Text("refresh_token"))
	})
	t.Run("which reading does not move", func(t *testing.T) {
		_, in := begin(t)
		moveTo(t, s, in.Text("session.idle_expires_at"), margin)
		wantLive(t, in.Text("access_token"))
		if got := listed(t, c.Do(sessions(in.Text("access_token"), "")))[0]["idle_expires_at"]; got != in.Text("session.idle_expires_at") {
			t.Errorf("it moved to %v", got)
		}
	})
	t.Run("the absolute one, however busy it was", func(t *testing.T) {
		_, in := begin(t)
		end, last := in.Text("session.expires_at"), in
		for range 2 {
			s.Move(13 * day)
			last = c.Refresh(last.Text("refresh_token")).Want(http.StatusOK, "")
		}
		wantExpiry(t, last, end)
		if one := listed(t, c.Do(sessions(last.Text("access_token"), "")))[0]; one["expires_at"] != end || one["idle_expires_at"] != end {
			t.Errorf("%v, it ends at %s", one, end)
		}
		moveTo(t, s, end, margin)
		last = c.Refresh(last.Text("refresh_token")).Want(http.StatusOK, "")
		wantExpiry(t, last, end)
		wantLive(t, last.Text("access_token"))
		moveTo(t, s, end, 0)
		wantOver(t, last.Text("access_token"), last.Text("refresh_token"))
		c.Do(logout(last.Text("access_token"))).Want(http.StatusOK, "") // who wants out is let out
		c.Do(logoutBy(last.Text("refresh_token"))).Want(http.StatusOK, "")
	})
}

// TestNoGraceBeyondTheEnd: the seconds in which a rotated token gets its successor once more end with the session (RT-3, after
// hydra's "refresh token expired, even in grace").
func TestNoGraceBeyondTheEnd(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t, testkit.Options{Env: map[string]string{"REFRESH_GRACE": "5m", "SESSION_IDLE": "1h", "JWT_REFRESH_TOKEN_EXPIRES": "1h"}})
	c := s.Client()
	in := c.Do(login(credentials(s.NewAccount()))).Want(http.StatusOK, "")
	end, first := in.Text("session.expires_at"), in.Text("refresh_token")
	moveTo(t, s, end, time.Minute)
	next := c.Refresh(first).Want(http.StatusOK, "").Text("refresh_token")
	if again := c.Refresh(first).Want(http.StatusOK, "").Text("refresh_token"); again != next {
		t.Error("within the grace it got another successor")
	}
	moveTo(t, s, end, 0)
	c.Refresh(first).Want(http.StatusUnauthorized, "token_invalid")
	c.Refresh(next).Want(http.StatusUnauthorized, "token_invalid")
}
