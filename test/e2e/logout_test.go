package e2e_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/testkit"
)

func logout(bearer string) testkit.Request {
	return testkit.Request{Method: http.MethodPost, Path: "/api/auth/logout", Bearer: bearer}
}

func logoutBy(refreshToken string) testkit.Request {
	return testkit.Request{Path: "/api/auth/logout", Body: body{"refresh_token": refreshToken}}
}

func TestLogout(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		s := testkit.Start(t, testkit.Options{Backends: b})
		c, record := s.Client(), s.Record()
		account := s.NewAccount()
		wantOver := func(t *testing.T, in testkit.Tokens) {
			t.Helper()
			c.Me(in.Access).Want(http.StatusUnauthorized, "token_invalid")
			c.Refresh(in.Refresh).Want(http.StatusUnauthorized, "token_invalid")
			events := record.Events(domain.EventSessionEnded, in.Session)
			if len(events) != 1 || events[0].Details["reason"] != "logout" || string(events[0].ActorID) != account.ID {
				t.Errorf("session.ended: %+v", events)
			}
		}

		t.Run("by the access token ends this session and no other", func(t *testing.T) {
			in, other := c.Login(account), c.Login(account)
			answer := c.Do(logout(in.Access)).Want(http.StatusOK, "")
			if answer.JSON()["success"] != true {
				t.Errorf("%s", answer.Body)
			}
			wantOver(t, in)
			c.Me(other.Access).Want(http.StatusOK, "")
		})
		t.Run("again is the same answer", func(t *testing.T) {
			in := c.Login(account)
			for range 3 {
				c.Do(logout(in.Access)).Want(http.StatusOK, "")
				c.Do(logoutBy(in.Refresh)).Want(http.StatusOK, "")
			}
			wantOver(t, in)
		})
		t.Run("takes an access token whose time is over", func(t *testing.T) {
			in := c.Login(account)
			s.Move(16 * time.Minute)
			c.Me(in.Access).Want(http.StatusUnauthorized, "token_invalid")
			c.Do(logout(in.Access)).Want(http.StatusOK, "")
			wantOver(t, in)
		})
		t.Run("takes a session that has lapsed", func(t *testing.T) {
			in := c.Login(account)
			s.Move(31 * 24 * time.Hour)
			c.Do(logout(in.Access)).Want(http.StatusOK, "")
			c.Do(logoutBy(in.Refresh)).Want(http.StatusOK, "")
		})
		t.Run("by the refresh token in the body", func(t *testing.T) {
			in := c.Login(account)
			c.Do(logoutBy(in.Refresh)).Want(http.StatusOK, "")
			wantOver(t, in)
		})
		t.Run("by a refresh token that was rotated since", func(t *testing.T) {
			in := c.Login(account)
			next := c.Refresh(in.Refresh).Want(http.StatusOK, "")
			c.Do(logoutBy(in.Refresh)).Want(http.StatusOK, "")
			c.Refresh(next.Text("refresh_token")).Want(http.StatusUnauthorized, "token_invalid")
			wantOver(t, in)
		})
		t.Run("by a genuine refresh token beside an access token that is none", func(t *testing.T) {
			in := c.Login(account)
			r := logoutBy(in.Refresh)
			r.Bearer = testkit.Garble(in.Access)
			c.Do(r).Want(http.StatusOK, "")
			wantOver(t, in)
		})
		t.Run("by a token for a service", func(t *testing.T) {
			givenService(t, record, "desk", "Desk")
			in := c.Login(account)
			token := c.Do(refresh(body{"refresh_token": in.Refresh, "service": "desk"})).Want(http.StatusOK, "")
			c.Do(logout(token.Text("access_token"))).Want(http.StatusOK, "")
			wantOver(t, in)
		})
		t.Run("of a disabled user", func(t *testing.T) {
			one := s.NewAccount()
			in := c.Login(one)
			record.Exec("UPDATE principals SET state = 'disabled' WHERE id = ?", one.ID)
			record.Changed(domain.ChangePrincipal, one.ID)
			c.Do(logout(in.Access)).Want(http.StatusOK, "")
			if n := record.LiveSessions(one.ID); n != 0 {
				t.Errorf("%d sessions live", n)
			}
		})
		t.Run("with nothing genuine ends nothing", func(t *testing.T) {
			in := c.Login(account)
			header, claims := testkit.ReadToken(t, in.Access)
			for name, r := range map[string]testkit.Request{
				"a bad signature":           logout(testkit.Garble(in.Access)),
				"a key of somebody else's":  logout(testkit.Resign(t, header, claims)),
				"no signature":              logout(testkit.Unsigned(t, testkit.Object{"typ": "at+jwt", "alg": "none", "kid": header["kid"]}, claims)),
				"garbage":                   logout("garbage"),
				"a refresh token as bearer": logout(in.Refresh),
				"a changed refresh token":   logoutBy(testkit.Garble(in.Refresh)),
				"an access token as body":   logoutBy(in.Access),
			} {
				if got := c.Do(r).Outcome(); got != "401 token_invalid" {
					t.Errorf("%s: %s", name, got)
				}
			}
			c.Me(in.Access).Want(http.StatusOK, "")
			c.Refresh(in.Refresh).Want(http.StatusOK, "")
		})
		t.Run("with nothing at all says so", func(t *testing.T) {
			for _, r := range []testkit.Request{
				logout(""), logoutBy(""),
				{Path: "/api/auth/logout", Body: body{}},
				{Method: http.MethodPost, Path: "/api/auth/logout?access_token=x", Header: http.Header{"Authorization": {"Basic dTpw"}}},
			} {
				answer := c.Do(r).Want(http.StatusUnauthorized, "token_missing")
				if got := answer.Header.Get("WWW-Authenticate"); got != `Bearer realm="signet"` {
					t.Errorf("WWW-Authenticate %q", got)
				}
			}
		})
	})
}
