package e2e_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/testkit"
)

// TestGuessesAtCodesAreLimited for the account, at whatever door and challenge and from wherever (Zitadel CVE-2025-64102, CVE-2024-32868). The
// budget is not the password's, which strangers can use up: that closes no other way in. Not parallel, see TestLoginBudgetOfAnAccount.
func TestGuessesAtCodesAreLimited(t *testing.T) {
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		s := testkit.Start(t, testkit.Options{Backends: b, Env: limited(map[string]string{"HASH_WAIT": "20s"})})
		settled(s)
		c, account := s.Client(), s.NewAccount()
		key, in := s.EnrolKey(c.Login(account), passkey)
		app, in := s.Enrol(in)
		next := s.BeginEnrolment(in.Access)
		challenge := c.Challenge(account)
		doors := func(challenge, code, its string) []testkit.Request {
			return []testkit.Request{
				verifying(challenge, body{"code": code}), stepUp(in.Access, body{"code": code}),
				post("/api/auth/factors/totp/"+next.ID+"/confirm", in.Access, body{"code": its}),
			}
		}
		byPasskey := func() testkit.Request { return testkit.ByPasskey(key.Sign(c.AskForPasskey())) }

		t.Run("strangers leave the other ways in", func(t *testing.T) {
			c := c.In(t)
			for i := range 10 {
				c.Do(from(fmt.Sprintf("198.51.100.%d", i), guess(account.Email))).Want(http.StatusUnauthorized, "invalid_credentials")
			}
			wantLimited(t, c.Do(login(credentials(account))), 10, 90*time.Second)
			c.Do(byPasskey()).Want(http.StatusOK, "")
			c.Do(stepUp(in.Access, body{"code": app.Code()})).Want(http.StatusOK, "")
		})
		t.Run("ten wrong ones are all", func(t *testing.T) {
			c, wrong := c.In(t), doors(challenge, "000000", "000000")
			for i := range 10 {
				c.Do(from(fmt.Sprintf("203.0.113.%d", i), wrong[i%len(wrong)])).Want(http.StatusBadRequest, "invalid_code")
			}
			for i, right := range doors(challenge, app.Code(), next.Code()) {
				wantLimited(t, c.Do(from(fmt.Sprintf("203.0.113.%d", 100+i), right)), 10, 90*time.Second)
			}
			c.Do(byPasskey()).Want(http.StatusOK, "")
			c.Do(verifying(challenge, body{"recovery_code": key.Codes[0]})).Want(http.StatusOK, "")
		})
	})
}

// TestLimitsOfAppsAndChallenges: three apps, and five challenges at once from an address block. Nobody elsewhere ends one of them.
func TestLimitsOfAppsAndChallenges(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t, testkit.Options{Env: map[string]string{"TRUSTED_PROXIES": "127.0.0.1/32"}})
	c, account := s.Client(), s.NewAccount()
	app, in := s.Enrol(c.Login(account))
	for range domain.MaxTOTP - 1 {
		_, in = s.Enrol(in)
	}
	c.Do(post("/api/auth/factors/totp", in.Access, body{})).Want(http.StatusConflict, "limit_reached")

	challenged := func(address string) string {
		t.Helper()
		return c.Do(from(address, login(credentials(account)))).Want(http.StatusUnauthorized, "mfa_required").Text("challenge")
	}
	elsewhere := challenged("198.51.100.1")
	var here []string
	for range domain.MaxChallenges + 1 {
		here = append(here, challenged("203.0.113.1"))
	}
	c.Do(verifying(here[0], body{"recovery_code": app.Codes[0]})).Want(http.StatusBadRequest, "invalid_token")
	for i, challenge := range append(here[1:], elsewhere) {
		c.Do(verifying(challenge, body{"recovery_code": app.Codes[i]})).Want(http.StatusOK, "")
	}
}
