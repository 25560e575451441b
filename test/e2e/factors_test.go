package e2e_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/test/testkit"
)

// stepUp proves a factor within a session.
func stepUp(access string, b body) testkit.Request {
	return testkit.Request{Path: "/api/auth/step-up", Bearer: access, Body: b}
}

// claims are those of an access token that say what was proved.
func provedBy(t *testing.T, access string) (acr string, at time.Time, amr []any) {
	t.Helper()
	_, claims := testkit.ReadToken(t, access)
	seconds, _ := claims["auth_time"].(float64)
	acr, _ = claims["acr"].(string)
	amr, _ = claims["amr"].([]any)
	return acr, time.Unix(int64(seconds), 0), amr
}

func TestASecondFactor(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		s := testkit.Start(t, testkit.Options{Backends: b})
		c, record, account := s.Client(), s.Record(), s.NewAccount()
		before, other := c.Login(account), c.Login(account)
		c.Me(other.Access).Want(http.StatusOK, "")
		app, in := s.Enrol(before)

		t.Run("ends all sessions that began without it, when it is the first", func(t *testing.T) {
			c.Me(other.Access).Want(http.StatusUnauthorized, "token_invalid")
			c.Refresh(other.Refresh).Want(http.StatusUnauthorized, "token_invalid")
			c.Refresh(before.Refresh).Want(http.StatusUnauthorized, "token_invalid") // the session's own, from before
			c.Me(in.Access).Want(http.StatusOK, "")
			if acr, _, amr := provedBy(t, in.Access); acr != "aal2" || cmp.Diff([]any{"pwd", "otp", "mfa"}, amr) != "" {
				t.Errorf("the session goes on at %s with %v", acr, amr)
			}
			if len(app.Codes) != 10 {
				t.Errorf("%d recovery codes", len(app.Codes))
			}
			s.Mail(account.Email, 2) // tells of it
		})
		t.Run("is asked for at a login, and a code counts once", func(t *testing.T) {
			answer := c.Do(testkit.Request{Path: "/api/auth/login", Body: body{"email": account.Email, "password": account.Password}}).
				Want(http.StatusUnauthorized, "mfa_required")
			if got := answer.JSON(); got["expires_in"] != 600.0 || cmp.Diff([]any{"totp", "recovery"}, got["methods"]) != "" || got["access_token"] != nil {
				t.Errorf("it answers %s", answer.Body)
			}
			code := app.Code()
			first, second := answer.Text("challenge"), c.Challenge(account)
			c.Me(first).Want(http.StatusUnauthorized, "token_invalid") // a challenge is no token
			done := c.Verify(first, code).Want(http.StatusOK, "")
			if acr, at, _ := provedBy(t, done.Text("access_token")); acr != "aal2" || done.Text("acr") != "aal2" || s.Clock.Now().Sub(at) > time.Minute {
				t.Errorf("logged in at %s, proved at %v", acr, at)
			}
			c.Verify(first, app.Code()).Want(http.StatusBadRequest, "invalid_token") // the challenge is used up
			refused := c.Verify(second, code).Want(http.StatusBadRequest, "invalid_code")
			if refused.JSON()["tries_left"] != 4.0 {
				t.Errorf("it answers %s", refused.Body)
			}
			c.Verify(second, app.Code()).Want(http.StatusOK, "") // and is still good after it
		})
		t.Run("keeps its level and time when the session is refreshed", func(t *testing.T) {
			logged := testkit.TokensOf(c.Verify(c.Challenge(account), app.Code()).Want(http.StatusOK, ""))
			_, at, _ := provedBy(t, logged.Access)
			s.Move(time.Minute)
			if acr, now, _ := provedBy(t, c.Refresh(logged.Refresh).Want(http.StatusOK, "").Text("access_token")); acr != "aal2" || !now.Equal(at) {
				t.Errorf("refreshed at %s, proved at %v instead of %v", acr, now, at)
			}
		})
		t.Run("takes five tries of a challenge", func(t *testing.T) {
			challenge := c.Challenge(account)
			for left := 4.0; left >= 0; left-- {
				if got := c.Verify(challenge, "000 000").Want(http.StatusBadRequest, "invalid_code").JSON()["tries_left"]; got != left {
					t.Errorf("%v tries are left, want %v", got, left)
				}
			}
			c.Verify(challenge, app.Code()).Want(http.StatusBadRequest, "invalid_token")
			s.Move(15 * time.Minute) // the budget of guesses
		})
		t.Run("is replaced by a recovery code, once", func(t *testing.T) {
			restore := func(code string) testkit.Response {
				return c.Do(testkit.Request{Path: "/api/auth/mfa/verify", Body: body{"challenge": c.Challenge(account), "recovery_code": code}})
			}
			typed := strings.ToLower(strings.ReplaceAll(app.Codes[0], "-", " "))
			done := restore(typed).Want(http.StatusOK, "")
			if acr, _, amr := provedBy(t, done.Text("access_token")); acr != "aal2" || cmp.Diff([]any{"pwd", "recovery", "mfa"}, amr) != "" || done.JSON()["recovery_codes_left"] != nil {
				t.Errorf("at %s with %v: %s", acr, amr, done.Body)
			}
			restore(app.Codes[0]).Want(http.StatusBadRequest, "invalid_code")
			for _, code := range app.Codes[1:7] {
				done = restore(code).Want(http.StatusOK, "")
			}
			if done.JSON()["recovery_codes_left"] != 3.0 {
				t.Errorf("it answers %s", done.Body)
			}
			if n := len(record.Events(domain.EventCodeUsed, account.ID)); n != 7 {
				t.Errorf("%d events", n)
			}
		})
		t.Run("is listed, renamed, and replaces its codes", func(t *testing.T) {
			in = testkit.TokensOf(c.Verify(c.Challenge(account), app.Code()).Want(http.StatusOK, ""))
			list := c.Do(testkit.Request{Path: "/api/auth/factors", Bearer: in.Access}).Want(http.StatusOK, "")
			if got := list.JSON(); got["acr"] != "aal2" || !strings.Contains(string(list.Body), `"kind":"totp","name":"Phone"`) || got["recovery_codes"].(map[string]any)["left"] != 3.0 {
				t.Errorf("it answers %s", list.Body)
			}
			renamed := c.Do(testkit.Request{Method: http.MethodPatch, Path: "/api/auth/factors/" + app.ID, Bearer: in.Access, Body: body{"name": " Old  phone "}}).Want(http.StatusOK, "")
			if renamed.Text("factor.name") != "Old phone" {
				t.Errorf("it answers %s", renamed.Body)
			}
			made := c.Do(testkit.Request{Method: http.MethodPost, Path: "/api/auth/factors/recovery-codes", Bearer: in.Access}).Want(http.StatusCreated, "")
			c.Do(testkit.Request{Path: "/api/auth/mfa/verify", Body: body{"challenge": c.Challenge(account), "recovery_code": app.Codes[8]}}).Want(http.StatusBadRequest, "invalid_code")
			c.Do(testkit.Request{Path: "/api/auth/mfa/verify", Body: body{"challenge": c.Challenge(account), "recovery_code": made.JSON()["recovery_codes"].([]any)[9]}}).Want(http.StatusOK, "")
		})
		t.Run("is removed, and the session falls to what is left", func(t *testing.T) {
			waiting := c.Challenge(account)
			gone := c.Do(testkit.Request{Method: http.MethodDelete, Path: "/api/auth/factors/" + app.ID, Bearer: in.Access}).Want(http.StatusOK, "")
			if gone.Text("acr") != "aal1" {
				t.Errorf("it answers %s", gone.Body)
			}
			c.Me(in.Access).Want(http.StatusUnauthorized, "token_invalid") // it says more than the session has
			c.Refresh(in.Refresh).Want(http.StatusUnauthorized, "token_invalid")
			c.Me(gone.Text("access_token")).Want(http.StatusOK, "")
			c.Verify(waiting, app.Code()).Want(http.StatusBadRequest, "invalid_token")
			c.Login(account)
		})
	})
}

func TestStepUp(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		s := testkit.Start(t, testkit.Options{Backends: b})
		c, account := s.Client(), s.NewAccount()
		plain := c.Login(account)
		t.Run("renews the time of a password, where there is no factor", func(t *testing.T) {
			s.Move(11 * time.Minute)
			begin := testkit.Request{Path: "/api/auth/factors/totp", Bearer: plain.Access, Body: body{}}
			c.Do(begin).Want(http.StatusForbidden, "reauth_required")
			if got := c.Do(stepUp(plain.Access, body{})).Want(http.StatusBadRequest, "invalid_request"); !strings.Contains(got.Text("detail"), "password") {
				t.Errorf("it answers %s", got.Body)
			}
			c.Do(stepUp(plain.Access, body{"password": "wrong"})).Want(http.StatusUnauthorized, "invalid_credentials")
			c.Do(stepUp(plain.Access, body{"code": "000000"})).Want(http.StatusConflict, "no_factor")
			done := c.Do(stepUp(plain.Access, body{"password": account.Password})).Want(http.StatusOK, "")
			if left := done.JSON()["recovery_codes_left"]; left != nil {
				t.Errorf("%v recovery codes are left of none", left)
			}
			c.Do(begin).Want(http.StatusForbidden, "reauth_required") // the token before stays as it was
			c.Refresh(plain.Refresh).Want(http.StatusUnauthorized, "token_invalid")
			plain = testkit.Tokens{Access: done.Text("access_token"), Refresh: done.Text("refresh_token"), Session: plain.Session}
		})
		app, in := s.Enrol(plain)
		t.Run("says how many recovery codes are left when they are few", func(t *testing.T) {
			var left []any
			for _, code := range app.Codes[:7] {
				done := c.Do(stepUp(in.Access, body{"recovery_code": code})).Want(http.StatusOK, "")
				left, in.Refresh = append(left, done.JSON()["recovery_codes_left"]), done.Text("refresh_token")
			}
			if diff := cmp.Diff([]any{nil, nil, nil, nil, nil, nil, 3.0}, left); diff != "" {
				t.Error(diff)
			}
		})
		t.Run("renews the time of a factor, and only a factor does", func(t *testing.T) {
			s.Move(11 * time.Minute)
			in = testkit.Tokens{Access: c.Refresh(in.Refresh).Want(http.StatusOK, "").Text("access_token"), Session: in.Session}
			change := func(access string) testkit.Request {
				return testkit.Request{Path: "/api/auth/change-password", Bearer: access, Body: body{"current_password": account.Password, "new_password": "another long passphrase 8"}}
			}
			refused := c.Do(change(in.Access)).Want(http.StatusForbidden, "reauth_required")
			if refused.JSON()["acr"] != "aal2" || cmp.Diff([]any{"totp", "recovery"}, refused.JSON()["methods"]) != "" || !strings.Contains(refused.Header.Get("WWW-Authenticate"), `acr_values="aal2"`) {
				t.Errorf("it answers %s, %v", refused.Body, refused.Header)
			}
			if got := c.Do(stepUp(in.Access, body{"password": account.Password})).Want(http.StatusConflict, "no_factor"); got.JSON()["acr"] != "aal2" ||
				cmp.Diff([]any{"totp", "recovery"}, got.JSON()["methods"]) != "" {
				t.Errorf("it answers %s", got.Body)
			}
			done := c.Do(stepUp(in.Access, body{"code": app.Code()})).Want(http.StatusOK, "")
			if done.Text("acr") != "aal2" || done.JSON()["auth_time"].(float64) < float64(s.Clock.Now().Add(-time.Minute).Unix()) {
				t.Errorf("it answers %s", done.Body)
			}
			if _, claims := testkit.ReadToken(t, done.Text("access_token")); claims["sid"] != in.Session {
				t.Errorf("the session is %v, want %s", claims["sid"], in.Session)
			}
			c.Do(change(done.Text("access_token"))).Want(http.StatusOK, "")
		})
	})
}

func TestProofsAreReadBeforeTheyCount(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t, testkit.Options{})
	c, record, account := s.Client(), s.Record(), s.NewAccount()
	app, in := s.Enrol(c.Login(account))
	challenge := c.Challenge(account)
	for name, sent := range map[string]body{
		"five digits":             {"code": "12345"},
		"seven digits":            {"code": "1234567"},
		"full-width digits":       {"code": "１２３４５６"},
		"letters":                 {"code": "12345a"},
		"a short recovery code":   {"recovery_code": "AAAA-BBBB"},
		"a recovery code with U":  {"recovery_code": "UUUU-UUUU-UUUU-UUUU-UUUU-UUUU"},
		"nothing":                 {},
		"two proofs":              {"code": "123456", "recovery_code": app.Codes[0]},
		"a proof of another kind": {"password": account.Password},
	} {
		t.Run(name+" (Vault CVE-2025-6015)", func(t *testing.T) {
			sent["challenge"] = challenge
			if got := c.Do(testkit.Request{Path: "/api/auth/mfa/verify", Body: sent}); got.Status != http.StatusBadRequest || strings.Contains(got.Outcome(), "invalid_code") {
				t.Errorf("it answers %d %s", got.Status, got.Body)
			}
			delete(sent, "challenge")
			if name == "a proof of another kind" {
				return // which a step-up takes
			}
			if got := c.Do(stepUp(in.Access, sent)); got.Status != http.StatusBadRequest || strings.Contains(got.Outcome(), "invalid_code") {
				t.Errorf("a step-up answers %d %s", got.Status, got.Body)
			}
		})
	}
	if n := record.Count("SELECT max(tries) FROM flows WHERE purpose = 'mfa_login'"); n != 0 {
		t.Errorf("%d tries were counted", n)
	}
	for name, challenge := range map[string]string{"none": "sgch_", "a long one": strings.Repeat("a", 100), "one without its prefix": strings.TrimPrefix(challenge, "sgch_"), "a garbled one": testkit.Garble(challenge)} {
		t.Run("a challenge that is "+name, func(t *testing.T) {
			c.Verify(challenge, app.Code()).Want(http.StatusBadRequest, "invalid_token")
		})
	}
	// Typed clients send the proofs that they don't have as null.
	one := body{"challenge": challenge, "code": app.Code(), "recovery_code": nil, "state": nil, "credential": nil}
	c.Do(testkit.Request{Path: "/api/auth/mfa/verify", Body: one}).Want(http.StatusOK, "")
}

// TestAFactorThatIsRequired shuts nobody out: who has none can add one, and do nothing else (zitadel#7774).
func TestAFactorThatIsRequired(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t, testkit.Options{Env: map[string]string{"MFA": "required"}})
	c, account := s.Client(), s.NewAccount()
	givenRole(t, s.Record(), account.ID, string(domain.PlatformID), "Readers of users", domain.UserRead)
	login := c.Do(testkit.Request{Path: "/api/auth/login", Body: body{"email": account.Email, "password": account.Password}}).Want(http.StatusOK, "")
	if login.JSON()["enrolment_required"] != true || login.Text("acr") != "aal1" {
		t.Errorf("it answers %s", login.Body)
	}
	in := testkit.TokensOf(login)
	for _, closed := range []testkit.Request{
		{Path: "/api/users", Bearer: in.Access},
		{Method: http.MethodPatch, Path: "/api/auth/me", Bearer: in.Access, Body: body{"first_name": "Ada"}},
		{Path: "/api/auth/change-email", Bearer: in.Access, Body: body{"new_email": testkit.NewAddress(), "password": account.Password}},
		{Path: "/api/oauth/identities", Bearer: in.Access},
		{Path: "/api/oauth/complete", Bearer: in.Access, Body: body{"continuation": "sgco_none", "confirm": true}},
	} {
		c.Do(closed).Want(http.StatusForbidden, "enrolment_required")
	}
	for _, open := range []string{"/api/auth/me", "/api/auth/validate-jwt", "/api/auth/factors", "/api/auth/sessions", "/api/auth/export"} {
		c.Do(testkit.Request{Path: open, Bearer: in.Access}).Want(http.StatusOK, "")
	}
	billing, err := domain.NewService("0198c2a4-7b1e-7c3a-9d55-2f6e8a1b4c70", "billing", "Billing", "", s.Clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Record().Within(func(ctx context.Context, tx *store.Tx) error { return tx.Services.Insert(ctx, billing, nil) }); err != nil {
		t.Fatal(err)
	}
	c.Do(testkit.Request{Path: "/api/auth/login", Body: body{"email": account.Email, "password": account.Password, "service": "billing"}}).Want(http.StatusForbidden, "enrolment_required")
	atBilling := testkit.Request{Path: "/api/auth/refresh", Body: body{"refresh_token": in.Refresh, "service": "billing"}}
	c.Do(atBilling).Want(http.StatusForbidden, "enrolment_required")
	c.Do(stepUp(in.Access, body{"password": account.Password, "service": "billing"})).Want(http.StatusForbidden, "enrolment_required")
	s.Move(time.Minute)                                                            // beyond REFRESH_GRACE
	in.Access = c.Refresh(in.Refresh).Want(http.StatusOK, "").Text("access_token") // the refusal has rotated nothing

	app, in := s.Enrol(in)
	c.Do(testkit.Request{Path: "/api/users", Bearer: in.Access}).Want(http.StatusOK, "")
	c.Do(testkit.Request{Path: "/api/auth/refresh", Body: body{"refresh_token": in.Refresh, "service": "billing"}}).Want(http.StatusOK, "")
	list := c.Do(testkit.Request{Path: "/api/auth/factors", Bearer: in.Access}).Want(http.StatusOK, "").JSON()
	if policy, _ := list["policy"].(map[string]any); policy["required"] != true {
		t.Errorf("the policy is %v", policy)
	}
	c.Do(testkit.Request{Method: http.MethodDelete, Path: "/api/auth/factors/" + app.ID, Bearer: in.Access}).Want(http.StatusConflict, "factor_required")
	if n := s.Metric(`signet_factor_checks_total{method="totp",outcome="right"}`); n != 0 {
		t.Errorf("%v logins were counted before there was one", n)
	}
	c.Verify(c.Challenge(account), app.Code()).Want(http.StatusOK, "")
	if challenges, checks := s.Metric("signet_login_challenges_total"), s.Metric(`signet_factor_checks_total{method="totp",outcome="right"}`); challenges != 1 || checks != 1 {
		t.Errorf("%v challenges and %v checks are counted", challenges, checks)
	}
}

// TestRefusalsForWantOfAFactorAreCounted: a token that opens next to nothing makes no free calls either.
func TestRefusalsForWantOfAFactorAreCounted(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t, testkit.Options{Env: limited(map[string]string{"LIMIT_CALLS": "20", "LIMIT_ANONYMOUS": "600", "MFA": "required"})})
	c := s.Client()
	in := c.Login(s.NewAccount())
	counts := map[string]int{}
	for range 60 {
		counts[c.Do(get("/api/oauth/identities", in.Access)).Outcome()]++
	}
	if counts["403 enrolment_required"] < 20 || counts["429 rate_limited"] == 0 {
		t.Errorf("answers: %v", counts)
	}
}
