package e2e_test

import (
	"context"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/test/testkit"
)

func TestFiftyRefreshesWithOneToken(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		s := testkit.Start(t, testkit.Options{Backends: b})
		c, record := s.Client(), s.Record()
		in := c.Login(s.NewAccount())
		token := in.Refresh
		for round := range 3 {
			token = oneSuccessor(t, c.AtOnce(50, func(int) testkit.Request { return refresh(body{"refresh_token": token}) }))
			wantGeneration(t, record, in, round+1)
		}
		next := c.Refresh(token).Want(http.StatusOK, "")
		c.Me(next.Text("access_token")).Want(http.StatusOK, "")
	})
}

// TestReuseAgainstRefresh: whoever of thief and owner comes second, the session is over for both, and never lives on with two
// lines of tokens.
func TestReuseAgainstRefresh(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		s := testkit.Start(t, testkit.Options{Backends: b})
		c, record := s.Client(), s.Record()
		account := s.NewAccount()
		in := c.Login(account)
		second := c.Refresh(in.Refresh).Want(http.StatusOK, "").Text("refresh_token")
		third := c.Refresh(second).Want(http.StatusOK, "").Text("refresh_token")
		answers := c.AtOnce(50, func(i int) testkit.Request {
			return refresh(body{"refresh_token": []string{in.Refresh, third}[i%2]})
		})
		if counts := testkit.Tally(answers); counts["200"]+counts["401 token_invalid"] != 50 || counts["401 token_invalid"] < 25 {
			t.Errorf("answers: %v", counts)
		}
		if n := record.LiveSessions(account.ID); n != 0 {
			t.Errorf("%d sessions live", n)
		}
		for _, a := range answers {
			if a.Status == http.StatusOK {
				c.Refresh(a.Text("refresh_token")).Want(http.StatusUnauthorized, "token_invalid")
				c.Me(a.Text("access_token")).Want(http.StatusUnauthorized, "token_invalid")
			}
		}
		if events := record.Events(domain.EventRefreshReused, account.ID); len(events) != 1 {
			t.Errorf("%d alarms", len(events))
		}
	})
}

func TestFiftyLoginsAtTheLimit(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		for policy, refused := range map[string]string{"evict_oldest": "", "deny": "409 session_limit_reached"} {
			t.Run(policy, func(t *testing.T) {
				s := testkit.Start(t, testkit.Options{Backends: b, Env: map[string]string{
					"MAX_SESSIONS_PER_USER": "5", "SESSION_LIMIT_POLICY": policy, "HASH_WAIT": "20s",
				}})
				c, record := s.Client(), s.Record()
				account := s.NewAccount()
				answers := c.AtOnce(50, func(int) testkit.Request { return login(credentials(account)) })
				counts := testkit.Tally(answers)
				// On a machine that is busy with other things, some wait too long for the principal's row.
				if counts["200"]+counts[refused]+counts["503 unavailable"] != 50 || refused != "" && counts["200"] != 5 || counts["200"] < 5 {
					t.Errorf("answers: %v", counts)
				}
				if n := record.LiveSessions(account.ID); n != 5 {
					t.Errorf("%d sessions live", n)
				}
				opened := 0
				for _, a := range answers {
					if a.Status == http.StatusOK && c.Me(a.Text("access_token")).Status == http.StatusOK {
						opened++
					}
				}
				if opened != 5 {
					t.Errorf("%d tokens open /me", opened)
				}
			})
		}
	})
}

func TestFiftyLogouts(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		s := testkit.Start(t, testkit.Options{Backends: b})
		c, record := s.Client(), s.Record()
		in := c.Login(s.NewAccount())
		counts := testkit.Tally(c.AtOnce(50, func(i int) testkit.Request {
			if i%2 == 0 {
				return logout(in.Access)
			}
			return logoutBy(in.Refresh)
		}))
		if counts["200"] != 50 {
			t.Errorf("answers: %v", counts)
		}
		if events := record.Events(domain.EventSessionEnded, in.Session); len(events) != 1 {
			t.Errorf("%d times ended", len(events))
		}
	})
}

// TestLoginAgainstAChangeOfThePassword: a login that began with the old password must not leave a session that outlives the
// change. The change is made as the use case will make it: hash, credential epoch and the end of all sessions, in one
// transaction under the principal's lock.
func TestLoginAgainstAChangeOfThePassword(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		s := testkit.Start(t, testkit.Options{Backends: b, Env: map[string]string{"MAX_SESSIONS_PER_USER": "0", "HASH_WAIT": "20s"}})
		c, record := s.Client(), s.Record()
		account := s.NewAccount()
		before, after := 0, 0
		for i := range 15 {
			next := account
			next.Password = testkit.Password + string(rune('a'+i))
			hash, err := bcrypt.GenerateFromPassword([]byte(next.Password), 4)
			if err != nil {
				t.Fatal(err)
			}
			var answered atomic.Int64
			begin := make(chan struct{}) // the change begins when so many logins are through: another moment each time
			answers := testkit.Together(17, func(n int) testkit.Response {
				if n == 0 {
					<-begin
					if err := changePassword(record, account.ID, string(hash)); err != nil {
						t.Error(err)
					}
					return testkit.Response{}
				}
				answer, err := c.Try(login(credentials(account)))
				if err != nil {
					t.Error(err)
				}
				if answered.Add(1) == int64(i+1) {
					close(begin)
				}
				return answer
			})
			for _, answer := range answers[1:] {
				switch answer.Outcome() {
				case "200":
					before++
					if got := c.Refresh(answer.Text("refresh_token")).Outcome(); got != "401 token_invalid" {
						t.Fatalf("a session begun with the old password outlives the change: %s", got)
					}
				case "401 invalid_credentials":
					after++
				case "503 unavailable": // too many waited for the principal's row: nobody came in
				default:
					t.Fatalf("login: %s", answer.Outcome())
				}
			}
			if n := record.LiveSessions(account.ID); n != 0 {
				t.Fatalf("%d sessions live after the change", n)
			}
			account = next
		}
		t.Logf("%d logins came before the change and %d after it", before, after)
		c.Login(account)
	})
}

func changePassword(record *testkit.Record, user, hash string) error {
	return record.Insist(func(ctx context.Context, tx *store.Tx) error {
		id := domain.UserID(user)
		principal, err := tx.Principals.Lock(ctx, id.Principal())
		if err != nil {
			return err
		}
		principal.CredentialEpoch++
		if err := tx.Principals.Update(ctx, principal); err != nil {
			return err
		}
		if err := tx.Users.SetPassword(ctx, id, hash, principal.UpdatedAt); err != nil {
			return err
		}
		live, err := tx.Sessions.LiveByUser(ctx, id, domain.SessionPolicy{Idle: time.Hour}, principal.UpdatedAt)
		if err != nil {
			return err
		}
		for _, s := range live {
			if _, err := tx.Sessions.End(ctx, []domain.SessionID{s.ID}, domain.EndedByPassword, principal.UpdatedAt); err != nil {
				return err
			}
			tx.Changed(domain.ChangeSession, string(s.ID))
		}
		tx.Changed(domain.ChangePrincipal, user)
		return nil
	})
}
