package e2e_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/testkit"
)

func TestFiftyChangesOfOnePassword(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		for kind, sessions := range map[string]int{"by one session": 1, "by five sessions": 5} {
			t.Run(kind, func(t *testing.T) {
				s := testkit.Start(t, testkit.Options{Backends: b, Env: map[string]string{"HASH_WAIT": "20s"}})
				c, record := s.Client().In(t), s.Record()
				account := s.NewAccount()
				in := make([]testkit.Tokens, sessions)
				for i := range in {
					in[i] = c.Login(account)
				}
				password := func(i int) string { return fmt.Sprintf("%s %d", newPassword, i) }
				answers := c.AtOnce(50, func(i int) testkit.Request { return changing(in[i%sessions].Access, account.Password, password(i)) })
				counts := testkit.Tally(answers)
				// The others find the password changed, or their session ended. Some may wait too long for the principal's row.
				if counts["200"] != 1 || counts["401 invalid_credentials"]+counts["401 token_invalid"]+counts["503 unavailable"] != 49 {
					t.Errorf("answers: %v", counts)
				}
				for i, answer := range answers {
					if answer.Status != http.StatusOK {
						continue
					}
					c.Refresh(answer.Text("refresh_token")).Want(http.StatusOK, "")
					if n := record.LiveSessions(account.ID); n != 1 {
						t.Errorf("%d sessions live", n)
					}
					c.Do(loggingIn(account.Email, password(i))).Want(http.StatusOK, "")
				}
				if n := len(record.Events(domain.EventPasswordChanged, account.ID)); n != 1 {
					t.Errorf("%d events", n)
				}
				if n := record.Count("SELECT count(*) FROM refresh_families f JOIN sessions s ON s.id = f.session_id WHERE s.user_id = ? AND f.ended_at IS NULL", account.ID); n != 2 {
					t.Errorf("%d lines of tokens live, want the winner's and the last login's", n)
				}
			})
		}
	})
}

// TestLoginAgainstAChangeOfThePassword: a login that began with the old password must not leave a session that outlives the
// change.
func TestLoginAgainstAChangeOfThePassword(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		s := testkit.Start(t, testkit.Options{Backends: b, Env: map[string]string{"MAX_SESSIONS_PER_USER": "0", "HASH_WAIT": "20s"}})
		c, record := s.Client(), s.Record()
		account := s.NewAccount()
		before, after := 0, 0
		for round := range 15 {
			in := c.Login(account)
			next := account
			next.Password = fmt.Sprintf("%s %d", newPassword, round)
			answers := c.AtOnce(17, func(i int) testkit.Request {
				if i == round { // another moment each time
					return changing(in.Access, account.Password, next.Password)
				}
				return login(credentials(account))
			})
			if answers[round].Status == http.StatusServiceUnavailable { // too many waited for the principal's row
				continue
			}
			answers[round].Want(http.StatusOK, "")
			for i, answer := range answers {
				switch outcome := answer.Outcome(); {
				case i == round:
				case outcome == "200":
					before++
					if got := c.Refresh(answer.Text("refresh_token")).Outcome(); got != "401 token_invalid" {
						t.Fatalf("a session begun with the old password outlives the change: %s", got)
					}
				case outcome == "401 invalid_credentials":
					after++
				case outcome != "503 unavailable":
					t.Fatalf("login: %s", outcome)
				}
			}
			if n := record.LiveSessions(account.ID); n != 1 {
				t.Fatalf("%d sessions live after the change, want the one that made it", n)
			}
			c.Refresh(answers[round].Text("refresh_token")).Want(http.StatusOK, "")
			account = next
		}
		t.Logf("%d logins came before the change and %d after it", before, after)
		c.Login(account)
	})
}

// TestRefreshAgainstAChangeOfThePassword: whichever comes first, the old line of tokens is over, the new one lives, and nobody
// is taken for a thief.
func TestRefreshAgainstAChangeOfThePassword(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		s := testkit.Start(t, testkit.Options{Backends: b, Env: map[string]string{"HASH_WAIT": "20s"}})
		c, record := s.Client(), s.Record()
		account := s.NewAccount()
		in, other := c.Login(account), c.Login(account)
		for round := range 10 {
			next := fmt.Sprintf("%s %d", newPassword, round)
			answers := c.AtOnce(21, func(i int) testkit.Request {
				switch {
				case i == 2*round:
					return changing(in.Access, account.Password, next)
				case i%3 == 0:
					return refresh(body{"refresh_token": other.Refresh})
				}
				return refresh(body{"refresh_token": in.Refresh})
			})
			changed := answers[2*round].Want(http.StatusOK, "")
			for i, answer := range answers {
				switch outcome := answer.Outcome(); {
				case i == 2*round:
				case outcome == "200": // before the change
					c.Refresh(answer.Text("refresh_token")).Want(http.StatusUnauthorized, "token_invalid")
				case outcome != "401 token_invalid":
					t.Errorf("refresh: %s", outcome)
				}
			}
			c.Refresh(other.Refresh).Want(http.StatusUnauthorized, "token_invalid")
			account.Password = next
			in.Access, in.Refresh = changed.Text("access_token"), c.Refresh(changed.Text("refresh_token")).Want(http.StatusOK, "").Text("refresh_token")
			other = c.Login(account)
		}
		if n := len(record.Events(domain.EventRefreshReused, account.ID)); n != 0 {
			t.Errorf("%d alarms", n)
		}
	})
}
