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

func refresh(fields body) testkit.Request {
	return testkit.Request{Path: "/api/auth/refresh", Body: fields}
}

const wantRefresh = `{
  "access_token": "JWT",
  "expires_in": 900,
  "refresh_token": "REFRESH",
  "success": true,
  "token_type": "Bearer"
}`

func TestRefresh(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		s := testkit.Start(t, testkit.Options{Backends: b})
		c, record := s.Client(), s.Record()

		t.Run("answers a fresh access token and the successor", func(t *testing.T) {
			in := c.Login(s.NewAccount())
			answer := c.Refresh(in.Refresh).Want(http.StatusOK, "")
			if diff := cmp.Diff(wantRefresh, normalized(t, answer.Body)); diff != "" {
				t.Errorf("refresh (-want +got):\n%s", diff)
			}
			if answer.Header.Get("Cache-Control") != "no-store" {
				t.Errorf("Cache-Control %q", answer.Header.Get("Cache-Control"))
			}
			if answer.Text("refresh_token") == in.Refresh || answer.Text("access_token") == in.Access {
				t.Error("a token stayed the same")
			}
			claims := s.VerifyToken(answer.Text("access_token"))
			if claims["sid"] != in.Session {
				t.Errorf("sid %v, want %s", claims["sid"], in.Session)
			}
			c.Me(in.Access).Want(http.StatusOK, "") // the older access token lives out its time
			next := c.Refresh(answer.Text("refresh_token")).Want(http.StatusOK, "")
			c.Refresh(next.Text("refresh_token")).Want(http.StatusOK, "")
		})
		t.Run("takes the token as bearer, with an empty body", func(t *testing.T) {
			in := c.Login(s.NewAccount())
			first := c.Do(testkit.Request{Method: http.MethodPost, Path: "/api/auth/refresh", Bearer: in.Refresh}).Want(http.StatusOK, "")
			second := c.Do(testkit.Request{Path: "/api/auth/refresh", Body: body{}, Bearer: first.Text("refresh_token")}).Want(http.StatusOK, "")
			c.Me(second.Text("access_token")).Want(http.StatusOK, "")
		})
		t.Run("prefers the body to the bearer", func(t *testing.T) {
			in, other := c.Login(s.NewAccount()), c.Login(s.NewAccount())
			answer := c.Do(testkit.Request{Path: "/api/auth/refresh", Body: body{"refresh_token": in.Refresh}, Bearer: other.Refresh}).Want(http.StatusOK, "")
			if _, claims := testkit.ReadToken(t, answer.Text("access_token")); claims["sid"] != in.Session {
				t.Error("the bearer's session was refreshed")
			}
			c.Do(testkit.Request{Path: "/api/auth/refresh", Body: body{"refresh_token": "sgrt_garbage"}, Bearer: other.Refresh}).Want(http.StatusUnauthorized, "token_invalid")
			c.Refresh(other.Refresh).Want(http.StatusOK, "")
		})
		t.Run("says that nothing was sent", func(t *testing.T) {
			for _, r := range []testkit.Request{refresh(body{}), refresh(body{"refresh_token": ""}), {Method: http.MethodPost, Path: "/api/auth/refresh"}} {
				if got := c.Do(r).Want(http.StatusBadRequest, "invalid_request").Text("message"); got != "refresh_token is required" {
					t.Errorf("message %q", got)
				}
			}
		})
		t.Run("gives an access token for another audience", func(t *testing.T) {
			account := s.NewAccount()
			id := givenService(t, record, "shop", "Shop")
			givenRole(t, record, account.ID, id, "buyer", "invoice:*")
			in := c.Login(account)
			answer := c.Do(refresh(body{"refresh_token": in.Refresh, "service": "shop"})).Want(http.StatusOK, "")
			_, claims := testkit.ReadToken(t, answer.Text("access_token"))
			if diff := cmp.Diff(body{"aud": "shop", "permissions": []any{"invoice:read", "invoice:write"}},
				body{"aud": claims["aud"], "permissions": claims["permissions"]}); diff != "" {
				t.Errorf("claims (-want +got):\n%s", diff)
			}
			c.Me(in.Access).Want(http.StatusOK, "")
			back := c.Refresh(answer.Text("refresh_token")).Want(http.StatusOK, "")
			if _, claims := testkit.ReadToken(t, back.Text("access_token")); claims["aud"] != "auth_service" {
				t.Errorf("aud %v", claims["aud"])
			}
		})
		t.Run("for an unknown service costs nothing", func(t *testing.T) {
			in := c.Login(s.NewAccount())
			c.Do(refresh(body{"refresh_token": in.Refresh, "service": "nowhere"})).Want(http.StatusBadRequest, "unknown_service")
			wantGeneration(t, record, in, 0)
			c.Refresh(in.Refresh).Want(http.StatusOK, "")
		})
		t.Run("refuses what it never made, and the session lives on", func(t *testing.T) {
			in := c.Login(s.NewAccount())
			for name, token := range map[string]string{
				"a changed secret": testkit.Garble(in.Refresh),
				"another prefix":   "sgat_" + strings.TrimPrefix(in.Refresh, "sgrt_"),
				"no prefix":        strings.TrimPrefix(in.Refresh, "sgrt_"),
				"a cut token":      in.Refresh[:len(in.Refresh)-3],
				"an access token":  in.Access,
				"garbage":          "garbage",
				"ten kilobytes":    "sgrt_" + strings.Repeat("A", 10_000),
			} {
				if got := c.Refresh(token).Outcome(); got != "401 token_invalid" {
					t.Errorf("%s: %s", name, got)
				}
			}
			c.Me(in.Access).Want(http.StatusOK, "")
			wantGeneration(t, record, in, 0)
			c.Refresh(in.Refresh).Want(http.StatusOK, "")
		})
		t.Run("refuses a disabled user, and costs them nothing for the time after", func(t *testing.T) {
			account := s.NewAccount()
			in := c.Login(account)
			record.Exec("UPDATE principals SET state = 'disabled' WHERE id = ?", account.ID)
			record.Changed(domain.ChangePrincipal, account.ID)
			s.Eventually(2*time.Second, func() bool { return c.Me(in.Access).Status == http.StatusUnauthorized })
			for range 3 {
				c.Refresh(in.Refresh).Want(http.StatusUnauthorized, "token_invalid")
			}
			record.Exec("UPDATE principals SET state = 'active' WHERE id = ?", account.ID)
			record.Changed(domain.ChangePrincipal, account.ID)
			s.Eventually(2*time.Second, func() bool { return c.Me(in.Access).Status == http.StatusOK })
			c.Refresh(in.Refresh).Want(http.StatusOK, "")
		})
	})
}

// wantGeneration checks how often the session's token was rotated.
func wantGeneration(t *testing.T, record *testkit.Record, in testkit.Tokens, want int) {
	t.Helper()
	if got := record.Count("SELECT generation FROM refresh_families WHERE session_id = ?", in.Session); got != want {
		t.Errorf("generation %d, want %d", got, want)
	}
}

func TestRefreshAgain(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		s := testkit.Start(t, testkit.Options{Backends: b})
		c, record := s.Client(), s.Record()

		t.Run("within the grace answers the same successor", func(t *testing.T) {
			in := c.Login(s.NewAccount())
			first := c.Refresh(in.Refresh).Want(http.StatusOK, "")
			s.Move(8 * time.Second)
			again := c.Refresh(in.Refresh).Want(http.StatusOK, "")
			if again.Text("refresh_token") != first.Text("refresh_token") {
				t.Error("another successor")
			}
			if again.Text("access_token") == first.Text("access_token") {
				t.Error("the access token is not fresh")
			}
			s.Move(4 * time.Second) // 12 s after the rotation: the grace does not slide
			later := c.Refresh(in.Refresh).Want(http.StatusOK, "")
			if later.Text("refresh_token") == first.Text("refresh_token") {
				t.Error("a replay moved the grace")
			}
		})
		t.Run("within it, for the service named this time", func(t *testing.T) {
			givenService(t, record, "depot", "Depot")
			in := c.Login(s.NewAccount())
			c.Refresh(in.Refresh).Want(http.StatusOK, "")
			again := c.Do(refresh(body{"refresh_token": in.Refresh, "service": "depot"})).Want(http.StatusOK, "")
			if _, claims := testkit.ReadToken(t, again.Text("access_token")); claims["aud"] != "depot" {
				t.Errorf("aud %v", claims["aud"])
			}
			c.Do(refresh(body{"refresh_token": in.Refresh, "service": "nowhere"})).Want(http.StatusBadRequest, "unknown_service")
		})
		t.Run("after a lost answer makes a new successor and voids the lost one", func(t *testing.T) {
			account := s.NewAccount()
			in := c.Login(account)
			lost := c.Refresh(in.Refresh).Want(http.StatusOK, "")
			s.Move(11 * time.Second)
			found := c.Refresh(in.Refresh).Want(http.StatusOK, "")
			if found.Text("refresh_token") == lost.Text("refresh_token") {
				t.Error("the lost token lives on")
			}
			wantGeneration(t, record, in, 1)
			if events := record.Events(domain.EventRefreshRecovered, account.ID); len(events) != 1 || string(events[0].SessionID) != in.Session {
				t.Errorf("token.refresh_recovered: %+v", events)
			}
			c.Me(lost.Text("access_token")).Want(http.StatusOK, "")
			next := c.Refresh(found.Text("refresh_token")).Want(http.StatusOK, "")
			c.Refresh(next.Text("refresh_token")).Want(http.StatusOK, "")
		})
		t.Run("with the voided one is a reuse", func(t *testing.T) {
			in := c.Login(s.NewAccount())
			lost := c.Refresh(in.Refresh).Want(http.StatusOK, "")
			s.Move(11 * time.Second)
			found := c.Refresh(in.Refresh).Want(http.StatusOK, "")
			c.Refresh(lost.Text("refresh_token")).Want(http.StatusUnauthorized, "token_invalid")
			c.Refresh(found.Text("refresh_token")).Want(http.StatusUnauthorized, "token_invalid")
			c.Me(found.Text("access_token")).Want(http.StatusUnauthorized, "token_invalid")
		})
		t.Run("too late, or with an older one, ends the session, tells the owner and the log", func(t *testing.T) {
			for name, reuse := range map[string]func(in testkit.Tokens) (old, live string){
				"too late": func(in testkit.Tokens) (string, string) {
					live := c.Refresh(in.Refresh).Want(http.StatusOK, "").Text("refresh_token")
					s.Move(15*time.Minute + time.Second)
					return in.Refresh, live
				},
				"two generations old": func(in testkit.Tokens) (string, string) {
					second := c.Refresh(in.Refresh).Want(http.StatusOK, "").Text("refresh_token")
					return in.Refresh, c.Refresh(second).Want(http.StatusOK, "").Text("refresh_token")
				},
			} {
				account := s.NewAccount()
				in := c.Login(account)
				bystander := c.Login(account)
				old, live := reuse(in)
				bystander.Access = c.Refresh(bystander.Refresh).Want(http.StatusOK, "").Text("access_token")
				c.Refresh(old).Want(http.StatusUnauthorized, "token_invalid")
				c.Refresh(live).Want(http.StatusUnauthorized, "token_invalid")
				c.Refresh(old).Want(http.StatusUnauthorized, "token_invalid")
				c.Me(bystander.Access).Want(http.StatusOK, "")

				if got := record.Text("SELECT end_reason FROM sessions WHERE id = ?", in.Session); got != "refresh_reused" {
					t.Errorf("%s: end_reason %q", name, got)
				}
				if events := record.Events(domain.EventRefreshReused, account.ID); len(events) != 1 || events[0].Outcome != domain.Failed {
					t.Errorf("%s: token.refresh_reused: %+v", name, events)
				}
				if events := record.Events(domain.EventSessionEnded, in.Session); len(events) != 1 {
					t.Errorf("%s: session.ended: %+v", name, events)
				}
				mail := s.Mail(account.Email, 2)
				if len(s.Mails(account.Email)) != 2 || strings.Contains(mail.Text+mail.HTML, live) {
					t.Errorf("%s: mails %+v", name, s.Mails(account.Email))
				}
			}
		})
		t.Run("newer than the record (after a restore) is refused and nothing is written", func(t *testing.T) {
			in := c.Login(s.NewAccount())
			before := record.Text("SELECT hash FROM refresh_families WHERE session_id = ?", in.Session)
			next := c.Refresh(in.Refresh).Want(http.StatusOK, "")
			record.Exec("UPDATE refresh_families SET generation = 0, hash = ?, salt = ? WHERE session_id = ?", []byte(before), []byte{}, in.Session)
			c.Refresh(next.Text("refresh_token")).Want(http.StatusUnauthorized, "token_invalid")
			wantGeneration(t, record, in, 0)
			c.Refresh(in.Refresh).Want(http.StatusOK, "")
		})
	})
}

// TestRefreshAfterALostAnswer is what a client with many tabs does after its machine slept: all of them send the token whose
// answer was lost, at once.
func TestRefreshAfterALostAnswer(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		s := testkit.Start(t, testkit.Options{Backends: b})
		c, record := s.Client(), s.Record()
		in := c.Login(s.NewAccount())
		lost := c.Refresh(in.Refresh).Want(http.StatusOK, "").Text("refresh_token")
		var live string
		for _, after := range []time.Duration{11 * time.Second, 10 * time.Minute} {
			s.Move(after)
			answers := c.AtOnce(50, func(int) testkit.Request { return refresh(body{"refresh_token": in.Refresh}) })
			live = oneSuccessor(t, answers)
			if live == lost {
				t.Errorf("after %s: the lost token was answered again", after)
			}
			lost = live
			wantGeneration(t, record, in, 1)
		}
		next := c.Refresh(live).Want(http.StatusOK, "")
		c.Me(next.Text("access_token")).Want(http.StatusOK, "")
	})
}

// oneSuccessor checks that all refreshes succeeded with the same refresh token, and returns it.
func oneSuccessor(t *testing.T, answers []testkit.Response) string {
	t.Helper()
	if counts := testkit.Tally(answers); counts["200"] != len(answers) {
		t.Fatalf("answers: %v", counts)
	}
	successors := map[string]int{}
	access := map[string]bool{}
	for _, a := range answers {
		successors[a.Text("refresh_token")]++
		access[a.Text("access_token")] = true
	}
	if len(successors) != 1 || len(access) != len(answers) {
		t.Fatalf("%d successors and %d access tokens among %d answers", len(successors), len(access), len(answers))
	}
	return answers[0].Text("refresh_token")
}
