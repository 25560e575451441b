package e2e_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/testkit"
)

// changing is the request that replaces the current password.
func changing(bearer, current, next string) testkit.Request {
	return testkit.Request{Path: "/api/auth/change-password", Bearer: bearer, Body: testkit.Object{"current_password": current, "new_password": next}}
}

func TestChangePassword(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		s := testkit.Start(t, testkit.Options{Backends: b})
		c, record := s.Client(), s.Record()
		account := s.NewAccount()
		elsewhere := c.Login(account)
		before := c.Login(account)
		used := before.Refresh
		before.Refresh = c.Refresh(used).Want(http.StatusOK, "").Text("refresh_token") // a token that was used, and the live one
		link := resetLink(s, account.Email)
		epoch := record.Count("SELECT credential_epoch FROM principals WHERE id = ?", account.ID)

		answer := c.Do(changing(before.Access, account.Password, newPassword)).Want(http.StatusOK, "")
		if answer.Text("token_type") != "Bearer" || answer.JSON()["expires_in"] != 900.0 || answer.JSON()["success"] != true || len(answer.Header["Set-Cookie"]) > 0 {
			t.Errorf("the answer is %s", answer.Body)
		}

		t.Run("answers the pair that this session goes on with", func(t *testing.T) {
			c := c.In(t)
			claims := s.VerifyToken(answer.Text("access_token"))
			if claims["sid"] != before.Session || claims["aud"] != domain.PlatformKey {
				t.Errorf("the access token is of session %v for %v", claims["sid"], claims["aud"])
			}
			c.Me(answer.Text("access_token")).Want(http.StatusOK, "")
			c.Me(before.Access).Want(http.StatusOK, "") // the session is the same
			next := c.Refresh(answer.Text("refresh_token")).Want(http.StatusOK, "")
			c.Refresh(next.Text("refresh_token")).Want(http.StatusOK, "")
			if n := record.Count("SELECT count(*) FROM refresh_families WHERE session_id = ? AND ended_at IS NULL", before.Session); n != 1 {
				t.Errorf("%d lines of tokens live", n)
			}
		})
		t.Run("ends the old line of tokens: no grace, no recovery, no alarm", func(t *testing.T) {
			c := c.In(t)
			for range 2 {
				for _, old := range []string{before.Refresh, used} {
					c.Refresh(old).Want(http.StatusUnauthorized, "token_invalid")
					c.Do(logoutBy(old)).Want(http.StatusUnauthorized, "token_invalid")
				}
				s.Move(11 * time.Second)
			}
			if n := len(record.Events(domain.EventRefreshReused, account.ID)) + len(record.Events(domain.EventRefreshRecovered, account.ID)); n != 0 {
				t.Errorf("%d alarms and recoveries", n)
			}
			c.Me(answer.Text("access_token")).Want(http.StatusOK, "")
		})
		t.Run("ends all other sessions", func(t *testing.T) {
			c := c.In(t)
			c.Me(elsewhere.Access).Want(http.StatusUnauthorized, "token_invalid")
			c.Refresh(elsewhere.Refresh).Want(http.StatusUnauthorized, "token_invalid")
			ended := record.Events(domain.EventSessionEnded, elsewhere.Session)
			if len(ended) != 1 || ended[0].Details["reason"] != string(domain.EndedByPassword) || ended[0].ActorID != domain.PrincipalID(account.ID) {
				t.Errorf("events: %+v", ended)
			}
			if n := len(record.Events(domain.EventSessionEnded, before.Session)); n != 0 {
				t.Errorf("%d ends of the session that asked", n)
			}
		})
		t.Run("replaces the password, voids links, tells the owner and the log", func(t *testing.T) {
			c := c.In(t)
			c.Do(loggingIn(account.Email, account.Password)).Want(http.StatusUnauthorized, "invalid_credentials")
			c.Do(loggingIn(account.Email, newPassword)).Want(http.StatusOK, "")
			c.Do(resetting(link, newPassword+"9")).Want(http.StatusBadRequest, "invalid_token")
			mail := mailAbout(s, account.Email, aboutChanged, 1)
			if len(mail.Links) > 0 || strings.Contains(mail.Text, newPassword) {
				t.Errorf("the mail is\n%s", mail.Text)
			}
			events := record.Events(domain.EventPasswordChanged, account.ID)
			if len(events) != 1 || events[0].ActorID != domain.PrincipalID(account.ID) || string(events[0].SessionID) != before.Session || events[0].Trace.IP != "127.0.0.1" {
				t.Errorf("events: %+v", events)
			}
			if n := record.Count("SELECT credential_epoch FROM principals WHERE id = ?", account.ID); n != epoch+1 {
				t.Errorf("the epoch rose from %d to %d", epoch, n)
			}
		})
	})
}

func TestChangePasswordInABrowser(t *testing.T) {
	t.Parallel()
	s := browsers(t, testkit.Embedded, nil)
	c := s.Client()
	account := s.NewAccount()
	in := c.Do(byCookie(account)).Want(http.StatusOK, "")
	old := given(t, in)
	request := changing(in.Text("access_token"), account.Password, newPassword)
	request.Header = http.Header{"Origin": {app}, "Cookie": {cookieName + "=" + old.Value}}
	fresh := given(t, c.Do(request).Want(http.StatusOK, "")) // by cookie, and in no body
	if fresh.Value == old.Value {
		t.Error("the cookie stayed the same")
	}
	c.Do(sent("/api/auth/refresh", old.Value)).Want(http.StatusUnauthorized, "token_invalid")
	given(t, c.Do(sent("/api/auth/refresh", fresh.Value)).Want(http.StatusOK, ""))
}

func TestChangePasswordErrors(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t, testkit.Options{})
	c, record := s.Client(), s.Record()
	account := s.NewAccount()
	in := c.Login(account)
	for name, row := range map[string]struct {
		body any
		code string
		want string
	}{
		"no body":         {nil, "validation_failed", "current_password is required; new_password is required"},
		"nothing":         {testkit.Object{}, "validation_failed", "current_password is required; new_password is required"},
		"empty members":   {testkit.Object{"current_password": "", "new_password": ""}, "validation_failed", "current_password is required; new_password is required"},
		"no old password": {testkit.Object{"new_password": newPassword}, "invalid_request", "current_password is required"},
		"no new password": {testkit.Object{"current_password": account.Password}, "invalid_request", "new_password is required"},
		"too short":       {testkit.Object{"current_password": account.Password, "new_password": "7 chars"}, "password_too_short", "new_password must have at least 8 characters"},
		"too long":        {testkit.Object{"current_password": account.Password, "new_password": strings.Repeat("x", 73)}, "password_too_long", "new_password must have at most 72 bytes"},
		"a common one":    {testkit.Object{"current_password": account.Password, "new_password": "football"}, "password_common", "new_password is too common: it is among the first that attackers try"},
		"the own address": {testkit.Object{"current_password": account.Password, "new_password": account.Email}, "password_common", "new_password must not be your own address or name"},
		"a number":        {testkit.Object{"current_password": 1, "new_password": newPassword}, "invalid_request", "current_password must be a string"},
		// What is wrong with the new one is said first, and costs no guess.
		"a wrong one, and a short one": {testkit.Object{"current_password": "wrong", "new_password": "short"}, "password_too_short", "new_password must have at least 8 characters"},
	} {
		t.Run(name, func(t *testing.T) {
			answer := c.In(t).Do(testkit.Request{Method: http.MethodPost, Path: "/api/auth/change-password", Bearer: in.Access, Body: row.body}).Want(http.StatusBadRequest, row.code)
			if got := answer.Text("message"); got != row.want {
				t.Errorf("the message is %q, want %q", got, row.want)
			}
		})
	}
	if n := record.Count("SELECT count(*) FROM login_failures"); n != 0 {
		t.Errorf("%d runs of failures were counted", n)
	}
	t.Run("the wrong password", func(t *testing.T) {
		c := c.In(t)
		for _, wrong := range []string{"wrong", account.Password + " ", " " + account.Password, strings.ToUpper(account.Password), account.Password + strings.Repeat("x", 60)} {
			c.Do(changing(in.Access, wrong, newPassword)).Want(http.StatusUnauthorized, "invalid_credentials")
		}
		s.Eventually(5*time.Second, func() bool { return len(record.Events(domain.EventLoginFailed, account.ID)) == 5 })
		c.Me(in.Access).Want(http.StatusOK, "")
	})
	t.Run("no token, and tokens that don't count", func(t *testing.T) {
		c := c.In(t)
		c.Do(changing("", account.Password, newPassword)).Want(http.StatusUnauthorized, "token_missing")
		c.Do(changing(in.Refresh, account.Password, newPassword)).Want(http.StatusUnauthorized, "token_invalid")
		over := c.Login(account)
		c.Do(logout(over.Access)).Want(http.StatusOK, "")
		c.Do(changing(over.Access, account.Password, newPassword)).Want(http.StatusUnauthorized, "token_invalid")
	})
	t.Run("a token of a service", func(t *testing.T) {
		c := c.In(t)
		givenService(t, record, "shop", "Shop")
		token := c.Do(login(with(credentials(account), body{"service": "shop"}))).Want(http.StatusOK, "").Text("access_token")
		c.Do(changing(token, account.Password, newPassword)).Want(http.StatusForbidden, "wrong_audience")
	})
	t.Run("an unknown member is ignored", func(t *testing.T) {
		c := c.In(t)
		c.Do(testkit.Request{Path: "/api/auth/change-password", Bearer: in.Access, Body: testkit.Object{
			"current_password": account.Password, "new_password": newPassword, "confirm_password": "x", "user_id": "somebody else",
		}}).Want(http.StatusOK, "")
		c.Do(loggingIn(account.Email, newPassword)).Want(http.StatusOK, "")
	})
}

// TestAutheliaCVE202524806GuessesAtTheOldPasswordCountAsLogins: a stolen token must not open a door for guesses beside the login
// (Authelia CVE-2025-24806; PW-7).
func TestAutheliaCVE202524806GuessesAtTheOldPasswordCountAsLogins(t *testing.T) {
	t.Parallel()
	t.Run("against the budget of the account", func(t *testing.T) {
		s := testkit.Start(t, testkit.Options{Env: limited(nil)})
		settled(s)
		c := s.Client().In(t)
		account := s.NewAccount()
		in := c.Login(account)
		for i := range 10 {
			guesses := []testkit.Request{guess(account.Email), changing(in.Access, "wrong", newPassword), stepUp(in.Access, body{"password": "wrong"})}
			c.Do(guesses[i%len(guesses)]).Want(http.StatusUnauthorized, "invalid_credentials")
		}
		wantLimited(t, c.Do(stepUp(in.Access, body{"password": account.Password})), 10, 90*time.Second)
		wantLimited(t, c.Do(changing(in.Access, account.Password, newPassword)), 10, 90*time.Second)
		wantLimited(t, c.Do(login(credentials(account))), 10, 90*time.Second)
	})
	t.Run("and the right one costs nothing", func(t *testing.T) {
		s := testkit.Start(t, testkit.Options{Env: limited(nil)})
		settled(s)
		c := s.Client().In(t)
		account := s.NewAccount()
		in := c.Login(account)
		for range 12 {
			in.Access = c.Do(changing(in.Access, account.Password, account.Password)).Want(http.StatusOK, "").Text("access_token")
		}
	})
	t.Run("for the lock of the account", func(t *testing.T) {
		s := testkit.Start(t, testkit.Options{Env: map[string]string{"LOCKOUT_FAILURES": "4"}})
		c := s.Client().In(t)
		account := s.NewAccount()
		in := c.Login(account)
		for range 4 {
			c.Do(changing(in.Access, "wrong", newPassword)).Want(http.StatusUnauthorized, "invalid_credentials")
		}
		c.Do(login(credentials(account))).Want(http.StatusUnauthorized, "invalid_credentials")
		c.Do(stepUp(in.Access, body{"password": account.Password})).Want(http.StatusUnauthorized, "invalid_credentials")
		right := c.Do(changing(in.Access, account.Password, newPassword)).Want(http.StatusUnauthorized, "invalid_credentials")
		wrong := c.Do(changing(in.Access, "wrong", newPassword)).Want(http.StatusUnauthorized, "invalid_credentials")
		if diff := cmp.Diff(normalised(wrong), normalised(right)); diff != "" {
			t.Errorf("the answers of a locked account tell a right password:\n%s", diff)
		}
		s.Move(15 * time.Minute)
		in = c.Login(account)
		fail(t, c, account.Email, 3)
		c.Do(changing(in.Access, account.Password, newPassword)).Want(http.StatusOK, "")
		fail(t, c, account.Email, 3) // the run before the change is over
		c.Do(loggingIn(account.Email, newPassword)).Want(http.StatusOK, "")
	})
}

func TestTheFirstPasswordOfAnAccount(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t, testkit.Options{})
	c, record := s.Client(), s.Record()
	account := s.NewAccount()
	in := c.Login(account)
	record.Exec("UPDATE users SET password_hash = NULL WHERE id = ?", account.ID) // as of an account that came by a provider
	record.Changed(domain.ChangePrincipal, account.ID)
	s.Move(9 * time.Minute)
	c.Do(changing(in.Access, "", "short")).Want(http.StatusBadRequest, "password_too_short")
	answer := c.Do(changing(in.Access, "", newPassword)).Want(http.StatusOK, "")
	c.Do(loggingIn(account.Email, newPassword)).Want(http.StatusOK, "")

	record.Exec("UPDATE users SET password_hash = NULL WHERE id = ?", account.ID)
	record.Changed(domain.ChangePrincipal, account.ID)
	s.Move(2 * time.Minute)
	// A refresh does not make the login younger.
	late := c.Refresh(answer.Text("refresh_token")).Want(http.StatusOK, "")
	refused := c.Do(changing(late.Text("access_token"), "", newPassword)).Want(http.StatusForbidden, "reauth_required")
	want := `Bearer error="insufficient_user_authentication", acr_values="aal1", max_age=600` // RFC 9470 §3
	if got := refused.Header.Get("WWW-Authenticate"); got != want || refused.Text("acr") != "aal1" || refused.JSON()["max_age"] != 600.0 {
		t.Errorf("%s %s", got, refused.Body)
	}
	c.Do(changing(late.Text("access_token"), "anything", newPassword)).Want(http.StatusForbidden, "reauth_required")
}
