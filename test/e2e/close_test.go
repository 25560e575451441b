package e2e_test

import (
	"bytes"
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

func closing(bearer string, fields body) testkit.Request {
	return testkit.Request{Path: "/api/auth/close", Bearer: bearer, Body: fields}
}

func TestClose(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		s := testkit.Start(t, testkit.Options{Backends: b})
		c, record := s.Client(), s.Record()

		t.Run("is told to the owner when the address is registered meanwhile, and to nobody else", func(t *testing.T) {
			c, account := c.In(t), s.NewAccount()
			c.Do(closing(c.Login(account).Access, body{"password": account.Password})).Want(http.StatusOK, "")
			s.Mail(account.Email, 2)
			taken, free := c.Do(register(account.Email)).Want(http.StatusCreated, ""), c.Do(register(testkit.NewAddress())).Want(http.StatusCreated, "")
			if taken.Text("message") != free.Text("message") {
				t.Errorf("the answer to a closed account's address is %s", taken.Body)
			}
			mail := s.Mail(account.Email, 3)
			until := s.Clock.Now().UTC().Add(14 * 24 * time.Hour).Format("2 January 2006")
			for _, part := range []string{"is closed", until, "write to them"} {
				if text := mail.Subject + strings.Join(strings.Fields(mail.Text), " "); !strings.Contains(text, part) {
					t.Errorf("%q is not in %s", part, text)
				}
			}
			if mail.Token() != "" {
				t.Error("it has a link")
			}
			signet(t, cheaply(s.Env), "", "users", "list", "--state", "closed").want(t, 0, account.Email)
		})

		t.Run("ends all sessions now and tells the owner until when it can be undone", func(t *testing.T) {
			c, account := c.In(t), s.NewAccount()
			other, in := c.Login(account), c.Login(account)
			answer := c.Do(closing(in.Access, body{"password": account.Password})).Want(http.StatusOK, "")
			erase, err := time.Parse(time.RFC3339, answer.Text("erase_at"))
			if err != nil || erase.Sub(s.Clock.Now()).Round(time.Hour) != 14*24*time.Hour {
				t.Errorf("erased at %s (%v)", erase, err)
			}
			for _, tokens := range []testkit.Tokens{in, other} {
				c.Me(tokens.Access).Want(http.StatusUnauthorized, "token_invalid")
				c.Refresh(tokens.Refresh).Want(http.StatusUnauthorized, "token_invalid")
				if events := record.Events(domain.EventSessionEnded, tokens.Session); len(events) != 1 || events[0].Details["reason"] != "closed" {
					t.Errorf("the session's end: %+v", events)
				}
			}
			if mail := s.Mail(account.Email, 2); !bytes.Contains([]byte(mail.Text), []byte("was closed")) || mail.Token() != "" {
				t.Errorf("the mail is %+v", mail)
			}
			events := record.Events(domain.EventUserDisabled, account.ID)
			if len(events) != 1 || events[0].Details["reason"] != "closed" || events[0].ActorID != domain.PrincipalID(account.ID) {
				t.Errorf("events: %+v", events)
			}
			c.Do(closing(in.Access, body{"password": account.Password})).Want(http.StatusUnauthorized, "token_invalid")
		})

		t.Run("then it logs in like an account that does not exist", func(t *testing.T) {
			c, account := c.In(t), s.NewAccount()
			c.Do(closing(c.Login(account).Access, body{"password": account.Password})).Want(http.StatusOK, "")
			closed := c.Do(login(credentials(account))).Want(http.StatusUnauthorized, "invalid_credentials")
			unknown := c.Do(loggingIn(testkit.NewAddress(), testkit.Password)).Want(http.StatusUnauthorized, "invalid_credentials")
			if diff := cmp.Diff(withoutID(unknown.Body), withoutID(closed.Body)); diff != "" {
				t.Errorf("answers (-unknown +closed):\n%s", diff)
			}
		})

		t.Run("a reset does not open it (Gitea CVE-2026-58422)", func(t *testing.T) {
			c, account := c.In(t), s.NewAccount()
			in := c.Login(account)
			forgot := testkit.Request{Path: "/api/password/forgot", Body: body{"email": account.Email}}
			c.Do(forgot).Want(http.StatusOK, "")
			token := s.Mail(account.Email, 2).Token()
			c.Do(closing(in.Access, body{"password": account.Password})).Want(http.StatusOK, "")
			reset := testkit.Request{Path: "/api/password/reset", Body: body{"token": token, "new_password": "another good passphrase"}}
			c.Do(reset).Want(http.StatusBadRequest, "invalid_token")
			c.Do(forgot).Want(http.StatusOK, "")
			s.Settled()
			account.Password = "another good passphrase"
			c.Do(login(credentials(account))).Want(http.StatusUnauthorized, "invalid_credentials")
			if n := record.Count("SELECT count(*) FROM users WHERE id = ? AND erase_at IS NOT NULL", account.ID); n != 1 {
				t.Error("it is not closed any more")
			}
		})

		t.Run("refuses", func(t *testing.T) {
			account := s.NewAccount()
			in := c.Login(account)
			for name, row := range map[string]struct {
				request testkit.Request
				status  int
				code    string
			}{
				"no token":               {closing("", body{"password": account.Password}), 401, "token_missing"},
				"a forged token":         {closing("a.b.c", body{"password": account.Password}), 401, "token_invalid"},
				"a wrong password":       {closing(in.Access, body{"password": "not that one"}), 401, "invalid_credentials"},
				"a longer password":      {closing(in.Access, body{"password": account.Password + "x"}), 401, "invalid_credentials"},
				"a NUL character":        {closing(in.Access, body{"password": account.Password + "\x00"}), 400, "invalid_request"},
				"no password":            {closing(in.Access, body{}), 400, "invalid_request"},
				"an unknown member":      {closing(in.Access, body{"password": account.Password, "now": true}), 400, "invalid_request"},
				"a member in other case": {closing(in.Access, body{"Password": account.Password}), 400, "invalid_request"},
				"a number":               {closing(in.Access, body{"password": 7}), 400, "invalid_request"},
			} {
				t.Run(name, func(t *testing.T) { c.In(t).Do(row.request).Want(row.status, row.code) })
			}
			c.Me(in.Access).Want(http.StatusOK, "")
		})

		t.Run("wants a token of the platform", func(t *testing.T) {
			c, account := c.In(t), s.NewAccount()
			key := addService(t, s)
			in := c.Do(login(body{"email": account.Email, "password": account.Password, "service": key})).Want(http.StatusOK, "")
			c.Do(closing(in.Text("access_token"), body{"password": account.Password})).Want(http.StatusForbidden, "wrong_audience")
		})

		t.Run("an account without a password wants a recent login", func(t *testing.T) {
			c, account := c.In(t), s.NewAccount()
			in := c.Login(account)
			record.Exec("UPDATE users SET password_hash = NULL WHERE id = ?", account.ID)
			record.Changed(domain.ChangePrincipal, account.ID)
			s.Move(11 * time.Minute)
			c.Do(closing(in.Access, body{})).Want(http.StatusForbidden, "reauth_required")
			s.Clock.Move(-11 * time.Minute)
			s.CaughtUp()
			c.Do(closing(in.Access, body{})).Want(http.StatusOK, "")
		})
	})
}

// withoutID is a problem without what differs from request to request.
func withoutID(problem []byte) string {
	i := bytes.Index(problem, []byte(`"request_id":"`))
	if i < 0 {
		return string(problem)
	}
	return string(problem[:i]) + string(problem[i+len(`"request_id":"`)+36:])
}

// addService makes a service and returns its key.
func addService(t *testing.T, s *testkit.Server) string {
	t.Helper()
	key := "svc-" + newID()[:8]
	err := s.Record().Insist(func(ctx context.Context, tx *store.Tx) error {
		service, err := domain.NewService(domain.ServiceID(newID()), key, "The "+key, "", s.Clock.Now())
		if err != nil {
			return err
		}
		tx.Changed(domain.ChangeService, string(service.ID), domain.TokensStale)
		return tx.Services.Insert(ctx, service, nil)
	})
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// TestTheLastAdministratorStays: however many leave at once, one is left (AZ-9).
func TestTheLastAdministratorStays(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		s := testkit.Start(t, testkit.Options{Backends: b, Env: map[string]string{"HASH_WAIT": "20s"}})
		c, record := s.Client(), s.Record()
		const admins = 8
		tokens, accounts := make([]string, admins), make([]testkit.Account, admins)
		for i := range admins {
			accounts[i] = s.NewAccount()
			appoint(t, s, accounts[i].ID)
			tokens[i] = c.Login(accounts[i]).Access
		}
		counts := map[string]int{}
		for range 10 { // on a busy machine some wait too long for the lock, and ask again
			answers := c.AtOnce(admins, func(i int) testkit.Request { return closing(tokens[i], body{"password": accounts[i].Password}) })
			again := 0
			for _, a := range answers {
				counts[a.Outcome()]++
				if a.Status == http.StatusServiceUnavailable {
					again++
				}
			}
			if again == 0 {
				break
			}
		}
		if counts["200"] != admins-1 || counts["409 last_admin"] == 0 {
			t.Errorf("answers: %v", counts)
		}
		if n := record.Count("SELECT count(*) FROM principals WHERE kind = 'user' AND state = 'active'"); n != 1 {
			t.Errorf("%d administrators are left", n)
		}
		// A second one makes the first free to go; one whose role ends, or who is disabled, does not.
		last := lastOf(t, record, accounts)
		token := c.Login(last).Access
		temporary, disabled, heir := s.NewAccount(), s.NewAccount(), s.NewAccount()
		for _, who := range []testkit.Account{temporary, disabled} {
			appoint(t, s, who.ID)
		}
		record.Exec("UPDATE assignments SET expires_at = ? WHERE principal_id = ?", s.Clock.Now().Add(time.Hour), temporary.ID)
		record.Exec("UPDATE principals SET state = 'disabled' WHERE id = ?", disabled.ID)
		c.Do(closing(token, body{"password": last.Password})).Want(http.StatusConflict, "last_admin")
		c.Me(token).Want(http.StatusOK, "")
		appoint(t, s, heir.ID)
		c.Do(closing(token, body{"password": last.Password})).Want(http.StatusOK, "")
	})
}

// appoint makes a user an administrator.
func appoint(t *testing.T, s *testkit.Server, id string) {
	t.Helper()
	err := s.Record().Insist(func(ctx context.Context, tx *store.Tx) error {
		tx.Changed(domain.ChangePrincipal, id, domain.TokensStale)
		_, err := tx.Assignments.Assign(ctx, domain.Assignment{
			ID: domain.AssignmentID(newID()), PrincipalID: domain.PrincipalID(id), RoleID: domain.RolePlatformAdmin, ServiceID: domain.PlatformID, CreatedAt: s.Clock.Now(),
		})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func lastOf(t *testing.T, record *testkit.Record, accounts []testkit.Account) testkit.Account {
	t.Helper()
	left := record.Text("SELECT id FROM principals WHERE kind = 'user' AND state = 'active'")
	for _, account := range accounts {
		if account.ID == left {
			return account
		}
	}
	t.Fatalf("%s is none of the administrators", left)
	return testkit.Account{}
}

// TestCloseAgainstLogins: a login beside a closing either comes before it, and its session ends with the others, or is refused.
func TestCloseAgainstLogins(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		s := testkit.Start(t, testkit.Options{Backends: b, Env: map[string]string{"MAX_SESSIONS_PER_USER": "0", "HASH_WAIT": "20s"}})
		c, record := s.Client(), s.Record()
		account := s.NewAccount()
		in := c.Login(account)
		answers := c.AtOnce(20, func(i int) testkit.Request {
			if i == 10 {
				return closing(in.Access, body{"password": account.Password})
			}
			return login(credentials(account))
		})
		for answers[10].Status == http.StatusServiceUnavailable {
			answers[10] = c.Do(closing(in.Access, body{"password": account.Password}))
		}
		answers[10].Want(http.StatusOK, "")
		for i, answer := range answers {
			if i != 10 && answer.Status == http.StatusOK {
				c.Me(answer.Text("access_token")).Want(http.StatusUnauthorized, "token_invalid")
				c.Refresh(answer.Text("refresh_token")).Want(http.StatusUnauthorized, "token_invalid")
			}
		}
		if n := record.LiveSessions(account.ID); n != 0 {
			t.Errorf("%d sessions live on", n)
		}
	})
}
