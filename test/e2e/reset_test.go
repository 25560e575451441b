package e2e_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/test/testkit"
)

func TestReset(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		s := testkit.Shared(t, b)
		c, record := s.Client(), s.Record()
		account := s.NewAccount()
		here, elsewhere := c.Login(account), c.Login(account)
		epoch := record.Count("SELECT credential_epoch FROM principals WHERE id = ?", account.ID)

		answer := c.Do(resetting(resetLink(s, account.Email), newPassword)).Want(http.StatusOK, "")
		if diff := cmp.Diff(testkit.Object{"success": true, "message": "The password is set. Sign in with it"}, answer.JSON()); diff != "" || len(answer.Header["Set-Cookie"]) > 0 {
			t.Errorf("the answer, which logs nobody in:\n%s", diff)
		}
		for _, in := range []testkit.Tokens{here, elsewhere} {
			c.Me(in.Access).Want(http.StatusUnauthorized, "token_invalid")
			c.Refresh(in.Refresh).Want(http.StatusUnauthorized, "token_invalid")
			ended := record.Events(domain.EventSessionEnded, in.Session)
			if len(ended) != 1 || ended[0].Details["reason"] != string(domain.EndedByReset) {
				t.Errorf("the end of a session: %+v", ended)
			}
		}
		c.Do(loggingIn(account.Email, account.Password)).Want(http.StatusUnauthorized, "invalid_credentials")
		c.Do(loggingIn(account.Email, newPassword)).Want(http.StatusOK, "")

		mail := mailAbout(s, account.Email, aboutChanged, 1)
		if len(mail.Links) > 0 || strings.Contains(mail.Text, newPassword) {
			t.Errorf("the word to the owner has links %q:\n%s", mail.Links, mail.Text)
		}
		if n := record.Count("SELECT credential_epoch FROM principals WHERE id = ?", account.ID); n != epoch+1 {
			t.Errorf("the epoch rose from %d to %d", epoch, n)
		}
		events := record.Events(domain.EventPasswordReset, account.ID)
		if len(events) != 1 || events[0].ActorKind != domain.ActorAnonymous || events[0].Outcome != domain.Succeeded || events[0].Trace.IP != "127.0.0.1" {
			t.Errorf("events: %+v", events)
		}
		if n := len(record.Events(domain.EventRefreshReused, account.ID)); n != 0 {
			t.Errorf("%d alarms", n)
		}
	})
}

func TestResetTakesThePasswordByTwoNames(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		s := testkit.Shared(t, b)
		c, account := s.Client(), s.NewAccount()
		ask := func(members testkit.Object) testkit.Response {
			t.Helper()
			members["token"] = resetLink(s, account.Email)
			return c.Do(testkit.Request{Path: "/api/password/reset", Body: members}).Want(http.StatusOK, "")
		}
		ask(testkit.Object{"password": "by the older name 1", "confirm_password": "unknown members are ignored"})
		c.Do(loggingIn(account.Email, "by the older name 1")).Want(http.StatusOK, "")
		ask(testkit.Object{"password": "by the older name 2", "new_password": "by the newer name 2"})
		c.Do(loggingIn(account.Email, "by the older name 2")).Want(http.StatusUnauthorized, "invalid_credentials")
		c.Do(loggingIn(account.Email, "by the newer name 2")).Want(http.StatusOK, "")
	})
}

func TestAPasswordThatIsRefusedDoesNotUseTheLinkUp(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t, testkit.Options{Env: map[string]string{"RATE_LIMITS": "on", "LIMIT_FAILURES": "5/1m"}})
	c := s.Client()
	email := "grace.hopper@example.com"
	c.Do(registering(email, testkit.Object{"first_name": "Gwendolyn", "last_name": "Featherstonehaugh"})).Want(http.StatusCreated, "")
	c.Do(proving(s.Mail(email, 1).Token())).Want(http.StatusOK, "")
	token := resetLink(s, email)
	for name, row := range map[string]struct {
		member, password, code, message string
	}{
		"too short":              {"new_password", "7 chars", "password_too_short", "new_password must have at least 8 characters"},
		"too short, older name":  {"password", "7 chars", "password_too_short", "password must have at least 8 characters"},
		"more bytes than bcrypt": {"new_password", strings.Repeat("ä", 37), "password_too_long", "new_password must have at most 72 bytes"},
		"257 characters":         {"new_password", strings.Repeat("correct ", 33)[:257], "password_too_long", "new_password must have at most 256 characters"},
		"a common one":           {"new_password", "football", "password_common", "new_password is too common: it is among the first that attackers try"},
		"the own address":        {"new_password", "Grace.Hopper@Example.com", "password_common", "new_password must not be your own address or name"},
		"the own name":           {"new_password", "featherstonehaugh", "password_common", "new_password must not be your own address or name"},
		"a NUL":                  {"new_password", "a password\x00and more", "invalid_request", "Strings must not contain NUL characters"},
	} {
		t.Run(name, func(t *testing.T) {
			c := c.In(t)
			answer := c.Do(testkit.Request{Path: "/api/password/reset", Body: testkit.Object{"token": token, row.member: row.password}}).Want(http.StatusBadRequest, row.code)
			if got := answer.Text("message"); got != row.message || strings.Contains(string(answer.Body), row.password) {
				t.Errorf("the message is %q, want %q", got, row.message)
			}
		})
	}
	c.Do(resetting(token, newPassword)).Want(http.StatusOK, "") // none of it was a guess either
}

func TestResetErrors(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		s := testkit.Shared(t, b)
		c := s.Client()
		for name, row := range map[string]struct {
			body any
			code string
			want string
		}{
			"no body":       {nil, "validation_failed", "token is required; new_password is required"},
			"nothing":       {testkit.Object{}, "validation_failed", "token is required; new_password is required"},
			"nulls":         {testkit.Object{"token": nil, "new_password": nil}, "validation_failed", "token is required; new_password is required"},
			"empty members": {testkit.Object{"token": "", "new_password": "", "password": ""}, "validation_failed", "token is required; new_password is required"},
			"no token":      {testkit.Object{"new_password": newPassword}, "invalid_request", "token is required"},
			"no password":   {testkit.Object{"token": "x"}, "invalid_request", "new_password is required"},
			"a number":      {testkit.Object{"token": 1, "new_password": newPassword}, "invalid_request", "token must be a string"},
			"an unknown":    {testkit.Object{"token": "x", "new_password": newPassword}, "invalid_token", "Invalid or expired reset token"},
			// Nothing is said of the password to who has no link.
			"an unknown, and a bad password": {testkit.Object{"token": "x", "new_password": "short"}, "invalid_token", "Invalid or expired reset token"},
		} {
			t.Run(name, func(t *testing.T) {
				c := c.In(t)
				answer := c.Do(testkit.Request{Method: http.MethodPost, Path: "/api/password/reset", Body: row.body}).Want(http.StatusBadRequest, row.code)
				if got := answer.Text("message"); got != row.want {
					t.Errorf("the message is %q, want %q", got, row.want)
				}
			})
		}
	})
}

func TestAResetVoidsWhatThePasswordStoodFor(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t, testkit.Options{Env: map[string]string{"LOCKOUT_FAILURES": "4"}})
	c, record := s.Client(), s.Record()
	account := s.NewAccount()
	change := domain.Flow{
		ID: domain.FlowID(uuid.NewString()), Purpose: domain.PurposeChangeEmail, SecretHash: []byte(uuid.NewString()), Subject: account.ID,
		Address: "mallory@example.com", CreatedAt: s.Clock.Now(), ExpiresAt: s.Clock.Now().Add(time.Hour),
	}
	if err := record.Insist(func(ctx context.Context, tx *store.Tx) error { return tx.Flows.Insert(ctx, change) }); err != nil {
		t.Fatal(err)
	}
	fail(t, c, account.Email, 4)
	c.Do(login(credentials(account))).Want(http.StatusUnauthorized, "invalid_credentials") // locked

	c.Do(resetting(resetLink(s, account.Email), newPassword)).Want(http.StatusOK, "")
	if n := record.Count("SELECT count(*) FROM flows WHERE subject = ? AND consumed_at IS NULL", account.ID); n != 0 {
		t.Errorf("%d flows are open: a change of address that was asked for before must not come true", n)
	}
	c.Do(loggingIn(account.Email, newPassword)).Want(http.StatusOK, "") // TH-4: the victim of guesses gets in
}

func TestForgettingBeforeVerifying(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	s := testkit.Start(t, testkit.Options{})
	c, record := s.Client(), s.Record()

	t.Run("makes the account of the newest registration, with the new password", func(t *testing.T) {
		c, email := c.In(t), testkit.NewAddress()
		c.Do(registering(email, testkit.Object{"password": "a stranger's password", "first_name": "Mallory"})).Want(http.StatusCreated, "")
		s.Mail(email, 1)
		id := c.Do(registering(email, testkit.Object{"password": "the owner's password", "first_name": "Ada"})).Want(http.StatusCreated, "").Text("user_id")
		verify := s.Mail(email, 2)
		token := resetLink(s, email)
		if n := len(record.Events(domain.EventResetRequested, record.Text("SELECT id FROM registrations WHERE user_id = ?", id))); n != 1 {
			t.Errorf("%d events of the request", n)
		}
		c.Do(resetting(token, "short")).Want(http.StatusBadRequest, "password_too_short")
		c.Do(resetting(token, newPassword)).Want(http.StatusOK, "")
		for _, old := range []string{"a stranger's password", "the owner's password"} {
			c.Do(loggingIn(email, old)).Want(http.StatusUnauthorized, "invalid_credentials")
		}
		in := c.Do(loggingIn(email, newPassword)).Want(http.StatusOK, "")
		if in.Text("user.id") != id || in.Text("user.first_name") != "Ada" || in.JSON()["user"].(testkit.Object)["is_email_verified"] != true {
			t.Errorf("the user is %s", in.Body)
		}
		if roles, _ := s.VerifyToken(in.Text("access_token"))["roles"].([]any); len(roles) != 1 {
			t.Errorf("roles %v", roles)
		}
		if n := record.Count("SELECT count(*) FROM registrations WHERE email_canonical = ?", email); n != 0 {
			t.Errorf("%d registrations stay", n)
		}
		c.Do(proving(verify.Token())).Want(http.StatusBadRequest, "invalid_token")
		c.Do(resetting(token, newPassword)).Want(http.StatusBadRequest, "invalid_token")
		for _, kind := range []domain.EventType{domain.EventUserRegistered, domain.EventUserVerified, domain.EventPasswordReset} {
			if n := len(record.Events(kind, id)); n != 1 {
				t.Errorf("%d events %s", n, kind)
			}
		}
		mailAbout(s, email, aboutChanged, 1)
	})
	t.Run("is over once one was verified: the link is not of that account", func(t *testing.T) {
		c := c.In(t)
		email, mail := applicant(t, s)
		token := resetLink(s, email)
		c.Do(proving(mail.Token())).Want(http.StatusOK, "")
		c.Do(resetting(token, newPassword)).Want(http.StatusBadRequest, "invalid_token")
		c.Do(registering(email)).Want(http.StatusCreated, "") // there is a registration of the taken address for a moment
		c.Do(resetting(token, newPassword)).Want(http.StatusBadRequest, "invalid_token")
		c.Do(loggingIn(email, testkit.Password)).Want(http.StatusOK, "")
		c.Do(resetting(resetLink(s, email), newPassword)).Want(http.StatusOK, "")
	})
	t.Run("works until the link's end, though the registration's seven days are over before", func(t *testing.T) {
		c := c.In(t)
		email, _ := applicant(t, s)
		s.Move(7*24*time.Hour - time.Minute)
		token := resetLink(s, email)
		s.Move(20 * time.Minute)
		c.Do(resetting(token, newPassword)).Want(http.StatusOK, "")
	})
	t.Run("sends nothing when no registration is left", func(t *testing.T) {
		email, _ := applicant(t, s)
		s.Move(8 * 24 * time.Hour)
		c.In(t).Do(forgetting(email)).Want(http.StatusOK, "")
		s.Settled()
		if n := len(mailsAbout(s, email, aboutReset)); n != 0 {
			t.Errorf("%d mails", n)
		}
	})
}

// TestGuessesAtLinksAreLimited: the secret can't be guessed, and trying all the same costs the block its budget (TH-1).
func TestGuessesAtLinksAreLimited(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t, testkit.Options{Env: limited(map[string]string{"LIMIT_FAILURES": "5/1m"})})
	settled(s)
	c := s.Client()
	account := s.NewAccount()
	token := resetLink(s, account.Email)
	for range 5 {
		c.Do(from("192.0.2.1", resetting(testkit.Garble(token), newPassword))).Want(http.StatusBadRequest, "invalid_token")
	}
	wantLimited(t, c.Do(from("192.0.2.1", resetting(testkit.Garble(token), newPassword))), 5, time.Minute)
	wantLimited(t, c.Do(from("192.0.2.1", resetting(token, newPassword))), 5, time.Minute)
	wantLimited(t, c.Do(from("192.0.2.1", guess(account.Email))), 5, time.Minute) // the same budget as of passwords
	page := c.Do(from("192.0.2.1", posting(token, newPassword, newPassword)))
	if page.Status != http.StatusTooManyRequests || page.Header.Get("Retry-After") == "" || !strings.Contains(string(page.Body), `role="alert"`) {
		t.Errorf("the page answers %d, Retry-After %q\n%s", page.Status, page.Header.Get("Retry-After"), page.Body)
	}
	c.Do(from("192.0.2.2", resetting(token, newPassword))).Want(http.StatusOK, "") // the owner, elsewhere
}
