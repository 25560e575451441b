package e2e_test

import (
	"net/http"
	"testing"

	"github.com/signet-auth/signet/test/testkit"
)

// TestAPasskeyAgainstWhatVoidsIt: of logins with a passkey that come at the moment when the account's credentials change, none leaves a session
// that the change should have ended. Where the passkey stays good, those that come after the change begin one, whole.
func TestAPasskeyAgainstWhatVoidsIt(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		s, at := replicated(t, b, map[string]string{"PUBLIC_URL": "http://localhost:5000", "MAX_SESSIONS_PER_USER": "0"})
		f := fleetOf(t, s)
		c := at[0]
		for what, row := range map[string]struct {
			left  int
			stays bool
			do    func(account testkit.Account, key *testkit.Key, app *testkit.Authenticator, in testkit.Tokens) testkit.Request
		}{
			"a change of the password": {1, true, func(account testkit.Account, _ *testkit.Key, _ *testkit.Authenticator, in testkit.Tokens) testkit.Request {
				return changing(in.Access, account.Password, newPassword)
			}},
			"a reset of the password": {0, true, func(account testkit.Account, _ *testkit.Key, _ *testkit.Authenticator, _ testkit.Tokens) testkit.Request {
				return resetting(resetLink(s, account.Email), newPassword)
			}},
			"a removal of another factor": {1, true, func(_ testkit.Account, _ *testkit.Key, app *testkit.Authenticator, in testkit.Tokens) testkit.Request {
				return del("/api/auth/factors/"+app.ID, in.Access)
			}},
			"its removal": {1, false, func(_ testkit.Account, key *testkit.Key, _ *testkit.Authenticator, in testkit.Tokens) testkit.Request {
				return del("/api/auth/factors/"+key.ID, in.Access)
			}},
			"a reset by an administrator": {0, false, func(account testkit.Account, _ *testkit.Key, _ *testkit.Authenticator, _ testkit.Tokens) testkit.Request {
				return post("/api/users/"+account.ID+"/factors/reset", f.admin.token, body{"reason": "lost"})
			}},
			"the link that undoes the first factor": {0, false, func(account testkit.Account, _ *testkit.Key, _ *testkit.Authenticator, _ testkit.Tokens) testkit.Request {
				mailAbout(s, account.Email, aboutFactor, 2)
				return undoing(links(s, account.Email)[0])
			}},
			"an end of the account": {0, false, func(account testkit.Account, _ *testkit.Key, _ *testkit.Authenticator, _ testkit.Tokens) testkit.Request {
				return post("/api/users/"+account.ID+"/disable", f.admin.token, body{"reason": "left"})
			}},
		} {
			t.Run(what, func(t *testing.T) {
				const logins = 16
				before, after, refused := 0, 0, 0
				for round := range 3 {
					account := s.NewAccount()
					key, in := s.EnrolKey(c.Login(account), passkey)
					app, in := s.Enrol(in)
					var signed []body
					for range logins {
						signed = append(signed, key.Sign(c.AskForPasskey()))
					}
					change, moment := row.do(account, key, app, in), 2*round // another moment each time
					answers := atOnce(t, at, 1+logins, func(i int) testkit.Request {
						switch {
						case i == moment:
							return change
						case i > moment:
							i--
						}
						return testkit.ByPasskey(signed[i])
					})
					if answers[moment].Status == http.StatusServiceUnavailable { // too many waited for the principal's row
						continue
					}
					answers[moment].Want(http.StatusOK, "")
					live := row.left
					for i, answer := range answers {
						if i == moment {
							continue
						}
						switch outcome := answer.Outcome(); outcome {
						case "200":
						case "401 invalid_credentials", "503 unavailable":
							refused++
							continue
						default:
							t.Errorf("a login: %s", outcome)
							continue
						}
						me, next := c.Me(answer.Text("access_token")).Outcome(), c.Refresh(answer.Text("refresh_token")).Outcome()
						switch {
						case me == "401 token_invalid" && next == "401 token_invalid":
							before++
						case row.stays && me == "200" && next == "200":
							live++
							after++
						default:
							t.Errorf("a session outlives it: %s, %s", me, next)
						}
					}
					if n := s.Record().LiveSessions(account.ID); n != live {
						t.Errorf("%d sessions live, want %d: %v", n, live, testkit.Tally(answers))
					}
				}
				t.Logf("%d logins came before it, %d after it, and %d were refused", before, after, refused)
			})
		}
	})
}

// TestTheLastWayInStays, when an account's password and its passkey are removed at the same moment.
func TestTheLastWayInStays(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		s, at := replicated(t, b, map[string]string{"PUBLIC_URL": "http://localhost:5000"})
		c := at[0]
		for round := range 4 {
			account := s.NewAccount()
			key, in := s.EnrolKey(c.Login(account), passkey)
			removals := []testkit.Request{removingPassword(in.Access), del("/api/auth/factors/"+key.ID, in.Access)}
			counts := testkit.Tally(atOnce(t, at, len(removals), func(i int) testkit.Request { return removals[(i+round)%len(removals)] }))
			if counts["200"] != 1 || counts["401 token_invalid"]+counts["409 last_way_in"] != 1 {
				t.Errorf("answers: %v", counts)
			}
			byPassword, byKey := c.Do(login(credentials(account))).Status, c.Do(testkit.ByPasskey(key.Sign(c.AskForPasskey()))).Status
			if byPassword != http.StatusOK && byKey != http.StatusOK {
				t.Errorf("nobody gets in: %d, %d", byPassword, byKey)
			}
		}
	})
}
