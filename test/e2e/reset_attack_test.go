package e2e_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/testkit"
)

// TestAuthentikCVE202326481OnlyALinkForThisResets: a secret opens what it was made for, for whom and for which address it was
// made, once, and for half an hour (also authentik CVE-2022-23555; ASVS 6.4.1).
func TestAuthentikCVE202326481OnlyALinkForThisResets(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t, testkit.Options{})
	c, record := s.Client(), s.Record()
	refused := func(t *testing.T, token string) {
		t.Helper()
		answer := c.In(t).Do(resetting(token, newPassword)).Want(http.StatusBadRequest, "invalid_token")
		if len(token) > 3 && strings.Contains(string(answer.Body), token) {
			t.Errorf("the answer repeats the token: %s", answer.Body)
		}
	}
	account := s.NewAccount()
	in := c.Login(account)
	link := resetLink(s, account.Email)
	for name, token := range map[string]string{
		"a blank": " ", "an access token": in.Access, "a refresh token": in.Refresh, "the id of the user": account.ID,
		"the link in capitals": strings.ToUpper(link), "the link and a character": link + "0", "the link but one": link[:len(link)-1],
		"the link in the largest base": strings.Repeat("z", len(link)), "one that is garbled": testkit.Garble(link),
		"sixty thousand characters": strings.Repeat("A", 60_000), "what SQL would not like": "' OR 1=1 --", "what LIKE would like": "%",
	} {
		t.Run(name, func(t *testing.T) { refused(t, token) })
	}
	t.Run("a link that verifies", func(t *testing.T) {
		_, mail := applicant(t, s)
		refused(t, mail.Token())
		c.In(t).Do(proving(link)).Want(http.StatusBadRequest, "invalid_token") // nor the other way round
		c.In(t).Do(proving(mail.Token())).Want(http.StatusOK, "")
	})
	for _, purpose := range []domain.Purpose{domain.PurposeChangeEmail, domain.PurposeVerifyUser, "oauth_state"} {
		t.Run("a secret of the purpose "+string(purpose), func(t *testing.T) {
			record.Exec("UPDATE flows SET purpose = ? WHERE subject = ? AND consumed_at IS NULL", purpose, account.ID)
			refused(t, link)
			record.Exec("UPDATE flows SET purpose = ? WHERE subject = ? AND consumed_at IS NULL", domain.PurposeResetPassword, account.ID)
		})
	}
	t.Run("a link to an address that was the account's", func(t *testing.T) {
		record.Exec("UPDATE users SET email = 'other@example.com', email_canonical = 'other@example.com' WHERE id = ?", account.ID)
		refused(t, link)
		record.Exec("UPDATE users SET email = ?, email_canonical = ? WHERE id = ?", account.Email, account.Email, account.ID)
	})
	t.Run("a link of somebody who is gone", func(t *testing.T) {
		gone := s.NewAccount()
		token := resetLink(s, gone.Email)
		record.Exec("UPDATE principals SET state = 'deleted' WHERE id = ?", gone.ID)
		refused(t, token)
	})
	t.Run("a link after half an hour", func(t *testing.T) {
		late := resetLink(s, account.Email)
		other := s.NewAccount()
		s.Move(time.Minute)
		intime := resetLink(s, other.Email)
		s.Move(29 * time.Minute)
		refused(t, late)
		c.In(t).Do(resetting(intime, newPassword)).Want(http.StatusOK, "")
		refused(t, intime)
	})
	c.Login(account) // the old password, after all of it
}

// TestKeycloakCVE202618963NoStepButTheTokenResets: a person who asked for the link, opened the page and has a session of their own
// gets no further without the token itself; there is no state of a flow that could be had some other way.
func TestKeycloakCVE202618963NoStepButTheTokenResets(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		s := testkit.Shared(t, b)
		c := s.Client()
		victim, attacker := s.NewAccount(), s.NewAccount()
		in := c.Login(attacker)
		token := resetLink(s, victim.Email)
		c.Do(testkit.Request{Path: "/api/password/reset/" + token, Header: http.Header{"Accept": {browserAccept}}}).Want(http.StatusOK, "")
		for name, body := range map[string]testkit.Object{
			"the address instead":   {"email": victim.Email, "new_password": newPassword},
			"the user instead":      {"user_id": victim.ID, "new_password": newPassword},
			"an empty token":        {"token": "", "email": victim.Email, "new_password": newPassword},
			"the attacker's tokens": {"token": in.Access, "email": victim.Email, "new_password": newPassword},
			"a step by name":        {"token": "x", "execution": "UPDATE_PASSWORD", "action": "UPDATE_PASSWORD", "email": victim.Email, "new_password": newPassword},
		} {
			t.Run(name, func(t *testing.T) {
				answer := c.In(t).Do(testkit.Request{Path: "/api/password/reset", Body: body, Bearer: in.Access})
				if answer.Status != http.StatusBadRequest {
					t.Errorf("answer %s", answer.Outcome())
				}
			})
		}
		// The attacker's own link is for the attacker's account, whatever else is said.
		own := resetLink(s, attacker.Email)
		c.Do(testkit.Request{Path: "/api/password/reset", Body: testkit.Object{
			"token": own, "new_password": newPassword, "email": victim.Email, "user_id": victim.ID,
		}}).Want(http.StatusOK, "")
		c.Login(victim)
		c.Do(loggingIn(attacker.Email, newPassword)).Want(http.StatusOK, "")
	})
}

// TestAuthentikCVE202649443AnEmptyPostChangesNothing posts nothing, in every form that nothing has, with the right token in reach.
func TestAuthentikCVE202649443AnEmptyPostChangesNothing(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		s := testkit.Shared(t, b)
		c, record := s.Client(), s.Record()
		account := s.NewAccount()
		token := resetLink(s, account.Email)
		hash := record.Text("SELECT password_hash FROM users WHERE id = ?", account.ID)
		form := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
		for name, request := range map[string]testkit.Request{
			"to the call":                     {Method: http.MethodPost, Path: "/api/password/reset"},
			"to the call, {}":                 {Path: "/api/password/reset", Body: "{}"},
			"to the call, a token":            {Path: "/api/password/reset", Body: testkit.Object{"token": token}},
			"to the call, an empty password":  {Path: "/api/password/reset", Body: testkit.Object{"token": token, "new_password": ""}},
			"to the call, no password":        {Path: "/api/password/reset", Body: testkit.Object{"token": token, "new_password": nil}},
			"to the page":                     {Method: http.MethodPost, Path: "/api/password/reset/" + token},
			"to the page, an empty form":      {Path: "/api/password/reset/" + token, Body: "", Header: form},
			"to the page, an empty field":     {Path: "/api/password/reset/" + token, Body: "new_password=&repeated=", Header: form},
			"to the page, one field":          {Path: "/api/password/reset/" + token, Body: "repeated=" + "x", Header: form},
			"to the page, a field unrepeated": {Path: "/api/password/reset/" + token, Body: "new_password=a+long+enough+passphrase", Header: form},
		} {
			t.Run(name, func(t *testing.T) {
				if answer := c.In(t).Do(request); answer.Status != http.StatusBadRequest {
					t.Errorf("answer %d %s", answer.Status, answer.Body)
				}
				if now := record.Text("SELECT password_hash FROM users WHERE id = ?", account.ID); now != hash {
					t.Error("the password changed")
				}
			})
		}
		c.Do(loggingIn(account.Email, "")).Want(http.StatusBadRequest, "invalid_request")
		c.Do(resetting(token, newPassword)).Want(http.StatusOK, "") // it was not used up either
	})
}

// TestGiteaCVE202658422AResetDoesNotEnable: a link that was sent before the account was disabled opens nothing after it.
func TestGiteaCVE202658422AResetDoesNotEnable(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t, testkit.Options{})
	c, record := s.Client(), s.Record()
	account := s.NewAccount()
	token := resetLink(s, account.Email)
	set := func(state domain.PrincipalState) {
		t.Helper()
		record.Exec("UPDATE principals SET state = ? WHERE id = ?", state, account.ID)
		record.Changed(domain.ChangePrincipal, account.ID)
		s.Move(time.Second)
	}
	set(domain.Disabled)
	c.Do(resetting(token, newPassword)).Want(http.StatusBadRequest, "invalid_token")
	if got := record.Text("SELECT state FROM principals WHERE id = ?", account.ID); got != string(domain.Disabled) {
		t.Errorf("the account is %s", got)
	}
	for _, password := range []string{account.Password, newPassword} {
		c.Do(loggingIn(account.Email, password)).Want(http.StatusUnauthorized, "invalid_credentials")
	}
	set(domain.Active)
	c.Login(account) // with the old password: the refused reset left it
}

// TestPreHijackingAResetTakesOverAnUnprovedAccount: with EMAIL_VERIFICATION=optional anybody can make an account of somebody
// else's address and sit in it. A person who proves the mailbox by a reset gets it for themselves alone (USENIX Security '22).
func TestPreHijackingAResetTakesOverAnUnprovedAccount(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t, testkit.Options{Env: map[string]string{"EMAIL_VERIFICATION": "optional", "REGISTRATION_MODE": "friendly"}})
	c, record := s.Client(), s.Record()
	hijacked := testkit.Account{Email: testkit.NewAddress(), Password: "the hijacker's password"}
	hijacked.ID = c.Do(registering(hijacked.Email, testkit.Object{"password": hijacked.Password})).Want(http.StatusCreated, "").Text("user_id")
	verify := s.Mail(hijacked.Email, 1)
	in := c.Login(hijacked)
	record.Exec("INSERT INTO identities (id, user_id, issuer, provider, subject, created_at) VALUES (?, ?, 'https://accounts.google.com', 'google', ?, ?)", uuid.NewString(), hijacked.ID, hijacked.ID, s.Clock.Now())

	c.Do(resetting(resetLink(s, hijacked.Email), newPassword)).Want(http.StatusOK, "")
	c.Me(in.Access).Want(http.StatusUnauthorized, "token_invalid")
	c.Refresh(in.Refresh).Want(http.StatusUnauthorized, "token_invalid")
	c.Do(loggingIn(hijacked.Email, hijacked.Password)).Want(http.StatusUnauthorized, "invalid_credentials")
	if n := record.Count("SELECT count(*) FROM identities WHERE user_id = ?", hijacked.ID); n != 0 {
		t.Errorf("%d identities stay", n)
	}
	ended := record.Events(domain.EventSessionEnded, in.Session)
	if len(ended) != 1 || ended[0].Details["reason"] != string(domain.EndedByTakeover) {
		t.Errorf("the end of the hijacker's session: %+v", ended)
	}
	if n := len(record.Events(domain.EventUserVerified, hijacked.ID)); n != 1 {
		t.Errorf("%d events of the proof", n)
	}
	answer := c.Do(loggingIn(hijacked.Email, newPassword)).Want(http.StatusOK, "")
	if s.VerifyToken(answer.Text("access_token"))["email_verified"] != true {
		t.Error("the mailbox is not proved")
	}
	c.Do(proving(verify.Token())).Want(http.StatusBadRequest, "invalid_token") // there is nothing left to prove

	// Later resets are ordinary ones: what the owner has linked since is theirs.
	record.Exec("INSERT INTO identities (id, user_id, issuer, provider, subject, created_at) VALUES (?, ?, 'https://accounts.google.com', 'google', ?, ?)", uuid.NewString(), hijacked.ID, hijacked.ID, s.Clock.Now())
	c.Do(resetting(resetLink(s, hijacked.Email), newPassword+"9")).Want(http.StatusOK, "")
	if n := record.Count("SELECT count(*) FROM identities WHERE user_id = ?", hijacked.ID); n != 1 {
		t.Errorf("%d identities, want the owner's", n)
	}
}
