package e2e_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/testkit"
)

func TestFiftyUsesOfOneResetLinkAreOneSuccess(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		s := testkit.Start(t, testkit.Options{Backends: b, Env: map[string]string{"HASH_WAIT": "20s"}})
		c, record := s.Client(), s.Record()
		account := s.NewAccount()
		waiting, _ := applicant(t, s)
		for kind, email := range map[string]string{"an account": account.Email, "a registration": waiting} {
			t.Run("of "+kind, func(t *testing.T) {
				c := c.In(t)
				token := resetLink(s, email)
				password := func(i int) string { return fmt.Sprintf("a long enough passphrase %d", i) }
				tally := persistent(t, c, 50, func(i int) testkit.Request { return resetting(token, password(i)) })
				if diff := cmp.Diff(map[string]int{"200": 1, notAToken: 49}, tally); diff != "" {
					t.Errorf("answers (-want +got):\n%s", diff)
				}
				opened := testkit.Tally(c.AtOnce(50, func(i int) testkit.Request { return loggingIn(email, password(i)) }))
				if opened["200"] != 1 {
					t.Errorf("logins by the fifty passwords: %v", opened)
				}
				id := record.Text("SELECT id FROM users WHERE email_canonical = ?", email)
				if n := len(record.Events(domain.EventPasswordReset, id)); n != 1 {
					t.Errorf("%d events", n)
				}
				s.Settled()
				if n := len(mailsAbout(s, email, aboutChanged)); n != 1 {
					t.Errorf("%d mails", n)
				}
			})
		}
	})
}

// TestLoginAgainstAReset: a login that began with the old password leaves no session that outlives the reset.
func TestLoginAgainstAReset(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		s := testkit.Start(t, testkit.Options{Backends: b, Env: map[string]string{"MAX_SESSIONS_PER_USER": "0", "HASH_WAIT": "20s"}})
		c, record := s.Client(), s.Record()
		account := s.NewAccount()
		for round := range 8 {
			token := resetLink(s, account.Email)
			next := fmt.Sprintf("%s %d", newPassword, round)
			answers := c.AtOnce(17, func(i int) testkit.Request {
				if i == round { // not always the first
					return resetting(token, next)
				}
				return login(credentials(account))
			})
			if answers[round].Status == http.StatusServiceUnavailable { // too many waited for the principal's row
				continue
			}
			answers[round].Want(http.StatusOK, "")
			for i, answer := range answers {
				if i != round && answer.Status == http.StatusOK {
					if got := c.Refresh(answer.Text("refresh_token")).Outcome(); got != "401 token_invalid" {
						t.Fatalf("a session begun with the old password outlives the reset: %s", got)
					}
				}
			}
			if n := record.LiveSessions(account.ID); n != 0 {
				t.Fatalf("%d sessions live after the reset", n)
			}
			account.Password = next
		}
		c.Login(account)
	})
}

// TestAResetAgainstAProof: a link that resets a registration and one that verifies it, used at once, make one account, with one
// password.
func TestAResetAgainstAProof(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		s := testkit.Start(t, testkit.Options{Backends: b, Env: map[string]string{"HASH_WAIT": "20s"}})
		c, record := s.Client(), s.Record()
		for range 5 {
			email, mail := applicant(t, s)
			token := resetLink(s, email)
			tally := persistent(t, c, 10, func(i int) testkit.Request {
				if i%2 == 0 {
					return resetting(token, newPassword)
				}
				return proving(mail.Token())
			})
			if diff := cmp.Diff(map[string]int{"200": 1, notAToken: 9}, tally); diff != "" {
				t.Errorf("answers (-want +got):\n%s", diff)
			}
			if n := record.Count("SELECT count(*) FROM users WHERE email_canonical = ?", email); n != 1 {
				t.Errorf("%d users", n)
			}
			opened := c.Do(loggingIn(email, newPassword)).Outcome() + ", " + c.Do(loggingIn(email, testkit.Password)).Outcome()
			if opened != "200, 401 invalid_credentials" && opened != "401 invalid_credentials, 200" {
				t.Errorf("logins: %s", opened)
			}
		}
	})
}
