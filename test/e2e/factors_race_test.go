package e2e_test

import (
	"fmt"
	"maps"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/testkit"
	"github.com/signet-auth/signet/test/testkit/race"
)

// replicated is a server and, on Postgres, a second one, with further settings.
func replicated(t *testing.T, b testkit.Backends, more ...map[string]string) (s *testkit.Server, at []*testkit.Client) {
	t.Helper()
	env := map[string]string{"HASH_WAIT": "20s"}
	for _, settings := range more {
		maps.Copy(env, settings)
	}
	s = testkit.Start(t, testkit.Options{Backends: b, Env: env})
	at = []*testkit.Client{s.Client()}
	if b.Name == testkit.Production.Name {
		at = append(at, s.Replica(nil).Client())
	}
	return s, at
}

// atOnce sends requests at the same moment, to one replica after the other.
func atOnce(t *testing.T, at []*testkit.Client, n int, request func(i int) testkit.Request) []testkit.Response {
	t.Helper()
	errs := make([]error, n)
	answers := race.Together(n, func(i int) (r testkit.Response) {
		r, errs[i] = at[i%len(at)].Try(request(i))
		return r
	})
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
	return answers
}

func verifying(challenge string, b body) testkit.Request {
	return post("/api/auth/mfa/verify", "", with(body{"challenge": challenge}, b))
}

func TestFiftyProofsAtOnce(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		s, at := replicated(t, b)
		c, record := at[0], s.Record()
		want := func(t *testing.T, answers []testkit.Response, successes int, refusals ...string) {
			t.Helper()
			counts := testkit.Tally(answers)
			known := counts["200"] + counts["503 unavailable"] // fifty at one lock are more than a busy machine serves in time
			for _, refusal := range refusals {
				known += counts[refusal]
			}
			if counts["200"] != successes || known != len(answers) {
				t.Errorf("answers: %v", counts)
			}
		}
		var accounts []testkit.Account // made before the floods, in which mails are late
		for range 5 {
			accounts = append(accounts, s.NewAccount())
		}
		challenged := func() (testkit.Account, *testkit.Authenticator, testkit.Tokens) {
			account := accounts[0]
			accounts = accounts[1:]
			app, in := s.Enrol(c.Login(account))
			return account, app, in
		}

		t.Run("of one code, at two challenges and within a session, are one (Gitea CVE-2021-45331, CVE-2026-20779, Vault CVE-2025-6014)", func(t *testing.T) {
			account, app, in := challenged()
			first, second := c.Challenge(account), c.Challenge(account)
			code := body{"code": app.Code()}
			answers := atOnce(t, at, 50, func(i int) testkit.Request {
				return []testkit.Request{verifying(first, code), verifying(second, code), stepUp(in.Access, code)}[i%3]
			})
			want(t, answers, 1, "400 invalid_code", "400 invalid_token", "401 token_invalid")
		})
		t.Run("of right codes at one challenge are one session", func(t *testing.T) {
			account, app, _ := challenged()
			challenge, code := c.Challenge(account), body{"code": app.Code()}
			want(t, atOnce(t, at, 50, func(int) testkit.Request { return verifying(challenge, code) }), 1, "400 invalid_code", "400 invalid_token")
			if n := record.LiveSessions(account.ID); n != 2 {
				t.Errorf("%d sessions, want the one that enrolled and one more", n)
			}
		})
		t.Run("that are wrong are five, and the challenge is over", func(t *testing.T) {
			account, app, _ := challenged()
			challenge := c.Challenge(account)
			answers := atOnce(t, at, 50, func(int) testkit.Request { return verifying(challenge, body{"code": "000000"}) })
			want(t, answers, 0, "400 invalid_code", "400 invalid_token")
			tries := record.Count("SELECT max(tries) FROM flows WHERE subject = ? AND purpose = 'mfa_login'", account.ID)
			if judged := testkit.Tally(answers)["400 invalid_code"]; tries != domain.ChallengeTries || judged > tries {
				t.Errorf("%d tries are counted, %d were judged", tries, judged)
			}
			c.Verify(challenge, app.Code()).Want(http.StatusBadRequest, "invalid_token")
		})
		t.Run("of one recovery code are one", func(t *testing.T) {
			account, app, in := challenged()
			first, second := c.Challenge(account), c.Challenge(account)
			code := body{"recovery_code": app.Codes[0]}
			answers := atOnce(t, at, 50, func(i int) testkit.Request {
				return []testkit.Request{verifying(first, code), verifying(second, code), stepUp(in.Access, code)}[i%3]
			})
			want(t, answers, 1, "400 invalid_code", "400 invalid_token", "401 token_invalid")
		})
		t.Run("of a new app are one factor", func(t *testing.T) {
			in := c.Login(accounts[0])
			for range 2 { // the first one, and one beside it
				confirm := s.BeginEnrolment(in.Access).Confirm(in.Access)
				answers := atOnce(t, at, 10, func(int) testkit.Request { return confirm })
				want(t, answers, 1, "400 invalid_code", "401 token_invalid", "404 not_found")
				for _, answer := range answers {
					if answer.Status == http.StatusOK {
						in.Access = answer.Text("access_token")
					}
				}
			}
			if n := len(list(c.Do(get("/api/auth/factors", in.Access)), "factors")); n != 2 {
				t.Errorf("%d factors", n)
			}
		})
		t.Run("at the limit of sessions are as many as there is room, and the others cost no code", func(t *testing.T) {
			s := testkit.Start(t, testkit.Options{Backends: b, Env: map[string]string{"MAX_SESSIONS_PER_USER": "3", "SESSION_LIMIT_POLICY": "deny"}})
			c, account := s.Client().In(t), s.NewAccount()
			app, in := s.Enrol(c.Login(account))
			var challenges []string
			for range domain.MaxChallenges {
				challenges = append(challenges, c.Challenge(account))
			}
			answers := c.AtOnce(len(challenges), func(i int) testkit.Request { return verifying(challenges[i], body{"recovery_code": app.Codes[i]}) })
			want(t, answers, 2, "409 session_limit_reached")
			if left := c.Do(get("/api/auth/factors", in.Access)).JSON()["recovery_codes"].(body)["left"]; left != 8.0 {
				t.Errorf("%v codes are left", left)
			}
		})
	})
}

// TestAProofAgainstWhatVoidsIt: a login whose second factor comes at the moment when the account's credentials change, or it is disabled,
// leaves no session that outlives that.
func TestAProofAgainstWhatVoidsIt(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		s, at := replicated(t, b)
		f := fleetOf(t, s)
		c := at[0]
		for what, row := range map[string]struct {
			left int
			do   func(account testkit.Account, app *testkit.Authenticator, in testkit.Tokens) testkit.Request
		}{
			"a change of the password": {1, func(account testkit.Account, _ *testkit.Authenticator, in testkit.Tokens) testkit.Request {
				return changing(in.Access, account.Password, newPassword)
			}},
			"a reset of the password": {0, func(account testkit.Account, _ *testkit.Authenticator, _ testkit.Tokens) testkit.Request {
				return resetting(resetLink(s, account.Email), newPassword)
			}},
			"a removal of the factor": {1, func(_ testkit.Account, app *testkit.Authenticator, in testkit.Tokens) testkit.Request {
				return del("/api/auth/factors/"+app.ID, in.Access)
			}},
			"a reset by an administrator": {0, func(account testkit.Account, _ *testkit.Authenticator, _ testkit.Tokens) testkit.Request {
				return post("/api/users/"+account.ID+"/factors/reset", f.admin.token, body{"reason": "lost"})
			}},
			"an end of the account": {0, func(account testkit.Account, _ *testkit.Authenticator, _ testkit.Tokens) testkit.Request {
				return post("/api/users/"+account.ID+"/disable", f.admin.token, body{"reason": "left"})
			}},
		} {
			t.Run(what, func(t *testing.T) {
				for round := range 4 {
					account := s.NewAccount()
					app, in := s.Enrol(c.Login(account))
					var challenges []string
					for range domain.MaxChallenges {
						challenges = append(challenges, c.Challenge(account))
					}
					change := row.do(account, app, in)
					answers := atOnce(t, at, 1+len(challenges), func(i int) testkit.Request {
						switch {
						case i == round+1: // another moment each time
							return change
						case i > round+1:
							i--
						}
						return verifying(challenges[i], body{"recovery_code": app.Codes[i]})
					})
					wantNothingOutlived(t, c, s, account, answers, round+1, row.left)
				}
			})
		}
	})
}

// TestALoginAgainstTheFirstFactor: a login that began before the account had a factor ends, is refused or meets it.
func TestALoginAgainstTheFirstFactor(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		s, at := replicated(t, b)
		c := at[0]
		for round := range 6 {
			account := s.NewAccount()
			in := c.Login(account)
			confirm := s.BeginEnrolment(in.Access).Confirm(in.Access)
			answers := atOnce(t, at, 9, func(i int) testkit.Request {
				if i == round {
					return confirm
				}
				return login(credentials(account))
			})
			wantNothingOutlived(t, c, s, account, answers, round, 1)
		}
	})
}

// wantNothingOutlived wants all sessions that other answers began to be over, after a change that leaves so many.
func wantNothingOutlived(t *testing.T, c *testkit.Client, s *testkit.Server, account testkit.Account, answers []testkit.Response, change, left int) {
	t.Helper()
	if answers[change].Status == http.StatusServiceUnavailable { // too many waited for the principal's row
		return
	}
	answers[change].Want(http.StatusOK, "")
	for i, answer := range answers {
		if i == change || answer.Status != http.StatusOK {
			continue
		}
		if got := c.Refresh(answer.Text("refresh_token")).Outcome(); got != "401 token_invalid" {
			t.Errorf("a session outlives it: %s", got)
		}
	}
	if n := s.Record().LiveSessions(account.ID); n != left {
		t.Errorf("%d sessions live, want %d: %v", n, left, testkit.Tally(answers))
	}
}

// TestAReplicaThatRemembersASessionSeesWhatItProves, at once: the refresh itself reads it.
func TestAReplicaThatRemembersASessionSeesWhatItProves(t *testing.T) {
	a := testkit.Start(t, testkit.Options{Backends: testkit.Production})
	replica := a.Replica(nil)
	b, in := replica.Client(), a.Client().Login(a.NewAccount())
	var app *testkit.Authenticator
	for number, step := range []struct {
		acr string
		do  func(access string) testkit.Request
	}{
		{"aal2", func(access string) testkit.Request { app = a.BeginEnrolment(access); return app.Confirm(access) }},
		{"aal2", func(access string) testkit.Request { return stepUp(access, body{"code": app.Code()}) }},
		{"aal1", func(access string) testkit.Request { return del("/api/auth/factors/"+app.ID, access) }},
	} {
		a.Move(time.Minute)
		replica.CaughtUp()
		b.Me(in.Access).Want(http.StatusOK, "") // remembered there
		done := a.Client().Do(step.do(in.Access)).Want(http.StatusOK, "")
		b.Me(done.Text("access_token")).Want(http.StatusOK, "")
		in.Access = done.Text("access_token")
		_, at, _ := provedBy(t, in.Access)
		got, then, amr := provedBy(t, b.Refresh(done.Text("refresh_token")).Want(http.StatusOK, "").Text("access_token"))
		if diff := cmp.Diff(fmt.Sprint(step.acr, at), fmt.Sprint(got, then)); diff != "" {
			t.Errorf("step %d, by %v (-want +refreshed):\n%s", number, amr, diff)
		}
	}
}
