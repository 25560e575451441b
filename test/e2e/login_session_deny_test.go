package e2e_test

import (
	"maps"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/testkit"
)

// denying is a server that refuses logins at a limit of two sessions, and an account that is there.
func denying(t *testing.T, more map[string]string) (*testkit.Server, testkit.Account, [2]testkit.Tokens) {
	t.Helper()
	env := map[string]string{"MAX_SESSIONS_PER_USER": "2", "SESSION_LIMIT_POLICY": "deny"}
	maps.Copy(env, more)
	s := testkit.Start(t, testkit.Options{Env: env})
	account, c := s.NewAccount(), s.Client()
	return s, account, [2]testkit.Tokens{c.Login(account), c.Login(account)}
}

func TestTheRefusalAtTheLimitOfSessions(t *testing.T) {
	t.Parallel()
	t.Run("is told to nobody but the owner of the password", func(t *testing.T) {
		s, full, _ := denying(t, map[string]string{"LOCKOUT_FAILURES": "3"})
		c := s.Client()
		spare := s.NewAccount()
		want := withoutID(c.Do(guess(spare.Email)).Want(http.StatusUnauthorized, "invalid_credentials").Body)
		for range 3 {
			if got := withoutID(c.Do(guess(full.Email)).Body); got != want {
				t.Errorf("a wrong password at the limit: %s\nbelow it: %s", got, want)
			}
		}
		// Locked by now: the right password gets the answer of a wrong one, the limit or not.
		if got := withoutID(c.Do(login(credentials(full))).Body); got != want {
			t.Errorf("the right password of a locked account: %s", got)
		}
	})
	t.Run("leaves nothing behind, and every session alone", func(t *testing.T) {
		s, account, in := denying(t, nil)
		c, record := s.Client(), s.Record()
		s.Mail(account.Email, 1)
		before := record.Rows()
		for range 3 {
			answer := c.Do(byCookie(account)).Want(http.StatusConflict, "session_limit_reached")
			wantKept(t, answer)
			if text := answer.Text("message"); text != "Too many sessions. End one of them first" {
				t.Errorf("message %q", text)
			}
		}
		if diff := cmp.Diff(before, record.Rows()); diff != "" {
			t.Errorf("rows (-before +after):\n%s", diff)
		}
		for _, tokens := range in {
			c.Me(tokens.Access).Want(http.StatusOK, "")
			if events := record.Events(domain.EventSessionEnded, tokens.Session); len(events) != 0 {
				t.Errorf("%+v", events)
			}
		}
	})
	t.Run("is none any more when a session ended, in whichever way", func(t *testing.T) {
		s, account, in := denying(t, nil)
		c := s.Client()
		attempt := login(credentials(account))
		for name, end := range map[string]func(){
			"one was ended": func() { c.Do(ending(in[0].Access, in[1].Session)).Want(http.StatusOK, "") },
			"others were":   func() { c.Do(endingOthers(in[0].Access)).Want(http.StatusOK, "") },
			"it logged out": func() { c.Do(logoutBy(in[1].Refresh)).Want(http.StatusOK, "") },
			"a replay ended it": func() {
				next := c.Refresh(in[1].Refresh).Want(http.StatusOK, "").Text("refresh_token")
				c.Refresh(next).Want(http.StatusOK, "")
				c.Refresh(in[1].Refresh).Want(http.StatusUnauthorized, "token_invalid")
			},
		} {
			c.Do(attempt).Want(http.StatusConflict, "session_limit_reached")
			end()
			answer := c.In(t).Do(attempt)
			if answer.Status != http.StatusOK {
				t.Fatalf("%s: %s", name, answer.Outcome())
			}
			in[1] = testkit.Tokens{Access: answer.Text("access_token"), Refresh: answer.Text("refresh_token"), Session: answer.Text("session_id")}
		}
	})
}

// A right password gives its place in the budget back, also where it does not let in.
func TestRefusalsAtTheLimitOfSessionsAreNoGuesses(t *testing.T) {
	t.Parallel()
	s, account, _ := denying(t, map[string]string{"RATE_LIMITS": "on", "LIMIT_LOGIN": "3/15m"})
	c := s.Client()
	for range 7 {
		c.Do(login(credentials(account))).Want(http.StatusConflict, "session_limit_reached")
	}
}
