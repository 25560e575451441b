package e2e_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/testkit"
)

// TestWhatVoidsAChangeOfAddress: the proof is bound to the very request (RG-10), one use, and to what the account was then.
func TestWhatVoidsAChangeOfAddress(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	const password = "another long passphrase 8"
	s := testkit.Start(t, testkit.Options{})
	record := s.Record()
	for name, void := range map[string]func(t *testing.T, c *testkit.Client, account testkit.Account, in testkit.Tokens, to, token string){
		"a newer request for another address": func(t *testing.T, _ *testkit.Client, account testkit.Account, in testkit.Tokens, _, _ string) {
			asked(t, s, in.Access, testkit.NewAddress(), account.Password)
		},
		"a newer request for the same": func(t *testing.T, _ *testkit.Client, account testkit.Account, in testkit.Tokens, to, _ string) {
			asked(t, s, in.Access, to, account.Password)
		},
		"a newer request for a taken one": func(_ *testing.T, c *testkit.Client, account testkit.Account, in testkit.Tokens, _, _ string) {
			c.Do(moving(in.Access, s.NewAccount().Email, account.Password)).Want(http.StatusAccepted, "")
		},
		"a change of password": func(_ *testing.T, c *testkit.Client, account testkit.Account, in testkit.Tokens, _, _ string) {
			c.Do(testkit.Request{Path: "/api/auth/change-password", Bearer: in.Access, Body: body{"current_password": account.Password, "new_password": password}}).Want(http.StatusOK, "")
		},
		"a reset of the password": func(_ *testing.T, c *testkit.Client, account testkit.Account, _ testkit.Tokens, _, _ string) {
			c.Do(testkit.Request{Path: "/api/password/reset", Body: body{"token": resetLink(s, account.Email), "new_password": password}}).Want(http.StatusOK, "")
		},
		"new credentials of any kind": func(_ *testing.T, _ *testkit.Client, account testkit.Account, _ testkit.Tokens, _, _ string) {
			record.Exec("UPDATE principals SET credential_epoch = credential_epoch + 1 WHERE id = ?", account.ID)
		},
		"a day": func(_ *testing.T, _ *testkit.Client, _ testkit.Account, _ testkit.Tokens, _, _ string) {
			s.Move(24 * time.Hour)
		},
		"a disabled account": func(_ *testing.T, _ *testkit.Client, account testkit.Account, _ testkit.Tokens, _, _ string) {
			record.Exec("UPDATE principals SET state = 'disabled' WHERE id = ?", account.ID)
		},
		"a deleted account": func(_ *testing.T, _ *testkit.Client, account testkit.Account, _ testkit.Tokens, _, _ string) {
			record.Exec("UPDATE principals SET state = 'deleted' WHERE id = ?", account.ID)
		},
		// An attacker asks for the victim's address before the victim has an account. Whatever the victim clicks on later, the two
		// accounts stay two.
		"an account that has the address by now (Keycloak CVE-2025-7365)": func(_ *testing.T, _ *testkit.Client, _ testkit.Account, _ testkit.Tokens, to, _ string) {
			record.Exec("UPDATE users SET email = ?, email_canonical = ? WHERE id = ?", to, to, s.NewAccount().ID)
		},
		"its use": func(_ *testing.T, c *testkit.Client, _ testkit.Account, _ testkit.Tokens, _, token string) {
			c.Do(movingIn(token)).Want(http.StatusOK, "")
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := s.Client().In(t)
			account, to := s.NewAccount(), testkit.NewAddress()
			token := asked(t, s, c.Login(account).Access, to, account.Password)
			void(t, c, account, c.Login(account), to, token)
			before := record.Text("SELECT email FROM users WHERE id = ?", account.ID)
			for range 2 {
				answer := c.Do(movingIn(token)).Want(http.StatusBadRequest, "invalid_token")
				if got := answer.Text("message"); got != domain.ErrInvalidToken.Text {
					t.Errorf("the message is %q", got) // the same, whatever is wrong
				}
			}
			if after := record.Text("SELECT email FROM users WHERE id = ?", account.ID); after != before {
				t.Errorf("the address became %s", after)
			}
		})
	}
}

// TestProofsAreGoodForOneThingOnly: a secret of one purpose, address or account opens nothing else (RG-4, authentik CVE-2022-23555).
func TestProofsAreGoodForOneThingOnly(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		s := testkit.Shared(t, b)
		c := s.Client()
		resetting := func(token string) testkit.Request {
			return testkit.Request{Path: "/api/password/reset", Body: body{"token": token, "new_password": "another long passphrase 9"}}
		}

		t.Run("the link of a change verifies and resets nothing (Keycloak CVE-2026-9087)", func(t *testing.T) {
			c := c.In(t)
			account, to := s.NewAccount(), testkit.NewAddress()
			token := asked(t, s, c.Login(account).Access, to, account.Password)
			c.Do(proving(token)).Want(http.StatusBadRequest, "invalid_token")
			c.Do(resetting(token)).Want(http.StatusBadRequest, "invalid_token")
			c.Do(movingIn(token)).Want(http.StatusOK, "") // none of it used the link up
		})
		t.Run("a link of a registration changes no address", func(t *testing.T) {
			c := c.In(t)
			_, mail := applicant(t, s)
			c.Do(movingIn(mail.Token())).Want(http.StatusBadRequest, "invalid_token")
			c.Do(proving(mail.Token())).Want(http.StatusOK, "")
		})
		t.Run("a link to reset the password went to the old address, and is void with it (kratos be5e9871)", func(t *testing.T) {
			c := c.In(t)
			account, to := s.NewAccount(), testkit.NewAddress()
			token := asked(t, s, c.Login(account).Access, to, account.Password)
			reset := resetLink(s, account.Email)
			c.Do(movingIn(reset)).Want(http.StatusBadRequest, "invalid_token")
			c.Do(movingIn(token)).Want(http.StatusOK, "")
			c.Do(resetting(reset)).Want(http.StatusBadRequest, "invalid_token")
			c.Do(loggingIn(to, account.Password)).Want(http.StatusOK, "")
		})
		t.Run("accounts in waiting for the new address are gone with its proof", func(t *testing.T) {
			c := c.In(t)
			account := s.NewAccount()
			to, mail := applicant(t, s)
			c.Do(movingIn(asked(t, s, c.Login(account).Access, to, account.Password))).Want(http.StatusOK, "")
			c.Do(proving(mail.Token())).Want(http.StatusBadRequest, "invalid_token")
			c.Do(provingByCode(to, mail.Code)).Want(http.StatusBadRequest, "invalid_token")
			if n := s.Record().Count("SELECT count(*) FROM registrations WHERE email_canonical = ?", to); n != 0 {
				t.Errorf("%d registrations stay", n)
			}
		})
	})
	// A mailbox that was never proved does not become proved by a link that went there, once the address is another one.
	s := testkit.Start(t, testkit.Options{Env: map[string]string{"EMAIL_VERIFICATION": "optional", "REGISTRATION_MODE": "friendly"}})
	c, email, to := s.Client(), testkit.NewAddress(), testkit.NewAddress()
	c.Do(registering(email)).Want(http.StatusCreated, "")
	verify := s.Mail(email, 1).Token()
	in := c.Do(loggingIn(email, testkit.Password)).Want(http.StatusOK, "")
	c.Do(movingIn(asked(t, s, in.Text("access_token"), to, testkit.Password))).Want(http.StatusOK, "")
	c.Do(proving(verify)).Want(http.StatusBadRequest, "invalid_token")
	if me := c.Me(in.Text("access_token")); me.Text("user.email") != to || me.JSON()["user"].(body)["is_email_verified"] != true {
		t.Errorf("after the proof of the new address: %s", me.Body)
	}
}
