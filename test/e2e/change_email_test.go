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

// moving is the request for another address.
func moving(access, to, password string) testkit.Request {
	return testkit.Request{Path: "/api/auth/change-email", Bearer: access, Body: testkit.Object{"new_email": to, "password": password}}
}

// movingIn is the request that proves it.
func movingIn(token string) testkit.Request {
	return testkit.Request{Path: "/api/auth/change-email/confirm", Body: testkit.Object{"token": token}}
}

// asked asks for another address and returns the token that its mail carries.
func asked(t *testing.T, s *testkit.Server, access, to, password string) string {
	t.Helper()
	before := links(s, to)
	s.Client().In(t).Do(moving(access, to, password)).Want(http.StatusAccepted, "")
	s.Eventually(15*time.Second, func() bool { return len(links(s, to)) > len(before) })
	return links(s, to)[0]
}

// links are the secrets of the links that an address has got, newest first.
func links(s *testkit.Server, address string) (tokens []string) {
	for _, mail := range s.Mails(address) {
		if token := mail.Token(); token != "" {
			tokens = append(tokens, token)
		}
	}
	return tokens
}

// registeredAgain is an account at an address that has got mails before.
func registeredAgain(t *testing.T, s *testkit.Server, email string) testkit.Account {
	t.Helper()
	before := len(links(s, email))
	id := s.Client().In(t).Do(registering(email)).Want(http.StatusCreated, "").Text("user_id")
	s.Eventually(15*time.Second, func() bool { return len(links(s, email)) > before })
	s.Client().In(t).Do(proving(links(s, email)[0])).Want(http.StatusOK, "")
	return testkit.Account{ID: id, Email: email, Password: testkit.Password}
}

func TestAPersonChangesTheirAddress(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		s := testkit.Shared(t, b)
		c, record := s.Client(), s.Record()
		account, to := s.NewAccount(), testkit.NewAddress()
		in, elsewhere := c.Login(account), c.Login(account)

		c.Do(moving(in.Access, to, account.Password)).Want(http.StatusAccepted, "")
		proof, word := s.Mail(to, 1), s.Mail(account.Email, 2)
		if masked := to[:1] + "***@example.com"; !strings.Contains(word.Text, masked) || strings.Contains(word.Text+word.HTML, to) {
			t.Errorf("the old address is told:\n%s", word.Text)
		}
		// The old one stays until the new one is proved.
		c.Do(loggingIn(account.Email, account.Password)).Want(http.StatusOK, "")
		c.Do(loggingIn(to, account.Password)).Want(http.StatusUnauthorized, "invalid_credentials")
		if got := c.Me(in.Access).Text("user.email"); got != account.Email {
			t.Errorf("the address is %s already", got)
		}

		c.Do(movingIn(proof.Token())).Want(http.StatusOK, "")
		me := c.Me(in.Access).Want(http.StatusOK, "")
		if me.Text("user.email") != to || me.JSON()["user"].(body)["is_email_verified"] != true || me.Text("user.id") != account.ID {
			t.Errorf("me answers %s", me.Body)
		}
		c.Do(loggingIn(to, account.Password)).Want(http.StatusOK, "")
		c.Do(loggingIn(account.Email, account.Password)).Want(http.StatusUnauthorized, "invalid_credentials")
		// Sessions go on.
		c.Me(elsewhere.Access).Want(http.StatusOK, "")
		c.Refresh(elsewhere.Refresh).Want(http.StatusOK, "")

		for address, count := range map[string]int{account.Email: 3, to: 2} {
			if mail := s.Mail(address, count); !strings.Contains(mail.Subject, "was changed") || len(mail.Links) != 0 {
				t.Errorf("%s is told %q", address, mail.Subject)
			}
		}
		for kind, by := range map[domain.EventType]string{domain.EventEmailChangeRequested: account.ID, domain.EventUserEmailChanged: ""} {
			if events := record.Events(kind, account.ID); len(events) != 1 || string(events[0].ActorID) != by || len(events[0].Details) != 0 {
				t.Errorf("%s: %+v", kind, events)
			}
		}
		// The old address is anybody's, and the next person who takes it inherits nothing (SE-7).
		if next := registeredAgain(t, s, account.Email); next.ID == account.ID {
			t.Error("the next owner of the address got the account")
		}
	})
}

func TestAChangeOfAddressAnswersTheSameForATakenOne(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t, testkit.Options{})
	c, record := s.Client(), s.Record()
	account, owner := s.NewAccount(), s.NewAccount()
	waiting, _ := applicant(t, s)
	in := c.Login(account)
	s.Settled()
	grows := func(to string) (map[string]int, string) {
		before := record.Count("SELECT count(*) FROM flows")
		events := record.Count("SELECT count(*) FROM audit_events")
		answer := c.Do(moving(in.Access, to, account.Password)).Want(http.StatusAccepted, "")
		s.Settled()
		return map[string]int{
			"flows":        record.Count("SELECT count(*) FROM flows") - before,
			"audit_events": record.Count("SELECT count(*) FROM audit_events") - events,
		}, normalised(answer)
	}
	freeRows, free := grows(testkit.NewAddress())
	for kind, to := range map[string]string{"taken": owner.Email, "taken, in other case": strings.ToUpper(owner.Email[:1]) + owner.Email[1:], "waiting": waiting} {
		rows, answer := grows(to)
		if diff := cmp.Diff(free, answer); diff != "" {
			t.Errorf("%s (-free +%s):\n%s", kind, kind, diff)
		}
		if diff := cmp.Diff(freeRows, rows); diff != "" {
			t.Errorf("%s (-free +%s):\n%s", kind, kind, diff)
		}
	}
	mails := s.Mails(owner.Email)
	if len(mails) != 3 || len(mails[0].Links) != 0 || !strings.Contains(mails[0].Subject, "already has an account") {
		t.Errorf("the owner got %d mails, the newest %q with %v", len(mails), mails[0].Subject, mails[0].Links)
	}
	// What people are told about themselves must not tell of others: a request that ended with the word to the owner would say
	// whose address is taken to somebody who looks at what is pending.
	for kind, to := range map[string]string{"free": testkit.NewAddress(), "taken": owner.Email, "waiting": waiting} {
		c.Do(moving(in.Access, to, account.Password)).Want(http.StatusAccepted, "")
		s.Settled()
		pending := exported(t, c, in.Access).Pending
		if len(pending) != 1 || pending[0].Purpose != "change_email" || pending[0].Address != to {
			t.Errorf("%s: pending is %+v", kind, pending)
		}
	}
}

func TestAChangeOfAddressRefuses(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t, testkit.Options{})
	c, record := s.Client(), s.Record()
	account := s.NewAccount()
	in := c.Login(account)
	givenService(t, record, "billing", "Billing")
	elsewhere := c.Do(login(with(credentials(account), body{"service": "billing"}))).Want(http.StatusOK, "").Text("access_token")
	ask := func(content any) testkit.Request {
		return testkit.Request{Path: "/api/auth/change-email", Bearer: in.Access, Body: content}
	}
	s.Settled()
	flows, outbox := record.Count("SELECT count(*) FROM flows"), record.Count("SELECT count(*) FROM outbox")
	for name, row := range map[string]struct {
		request testkit.Request
		outcome string
		says    string
	}{
		"nobody":                         {moving("", "n@example.com", account.Password), "401 token_missing", ""},
		"a refresh token":                {moving(in.Refresh, "n@example.com", account.Password), "401 token_invalid", ""},
		"a token of another audience":    {moving(elsewhere, "n@example.com", account.Password), "403 wrong_audience", ""},
		"a wrong password":               {moving(in.Access, "n@example.com", "wrong"), "401 invalid_credentials", ""},
		"a prefix of the password":       {moving(in.Access, "n@example.com", account.Password[:8]), "401 invalid_credentials", ""},
		"no password":                    {ask(body{"new_email": "n@example.com"}), "400 invalid_request", "password is required"},
		"no address":                     {ask(body{"password": account.Password}), "400 invalid_request", "new_email is required"},
		"nothing":                        {ask("{}"), "400 invalid_request", "new_email is required"},
		"no address at all":              {moving(in.Access, "c4n4ry", account.Password), "400 invalid_request", "new_email must be a valid email address"},
		"two addresses (CVE-2026-40574)": {moving(in.Access, "c4n4ry@example.com,b@example.com", account.Password), "400 invalid_request", "new_email must be"},
		"a header":                       {moving(in.Access, "c4n4ry@example.com\r\nBcc: b@example.com", account.Password), "400 invalid_request", "new_email must be"},
		"a look-alike":                   {moving(in.Access, "c4n4rу@example.com", account.Password), "400 invalid_request", "new_email must be"},
		"a NUL":                          {moving(in.Access, "c4n4ry\x00@example.com", account.Password), "400 invalid_request", "NUL"},
		"a long one":                     {moving(in.Access, strings.Repeat("a", 250)+"@example.com", account.Password), "400 invalid_request", "at most 254"},
		"the address that is":            {moving(in.Access, account.Email, account.Password), "400 invalid_request", "must differ"},
		"the address under other name":   {ask(body{"email": "n@example.com", "password": account.Password}), "400 invalid_request", "unknown member"},
		"another user's id":              {ask(body{"new_email": "n@example.com", "password": account.Password, "user_id": account.ID}), "400 invalid_request", "unknown member"},
		"a proof without a token":        {testkit.Request{Path: "/api/auth/change-email/confirm", Body: "{}"}, "400 invalid_request", "token is required"},
		"a proof with an address":        {testkit.Request{Path: "/api/auth/change-email/confirm", Body: body{"token": "x", "new_email": "n@example.com"}}, "400 invalid_request", "unknown member"},
		"a proof that is a word":         {movingIn("c4n4ry"), "400 invalid_token", ""},
		"a proof that is too long":       {movingIn(strings.Repeat("c4n4ry", 9000)), "400 invalid_token", ""},
		"a proof that is a session":      {movingIn(in.Refresh), "400 invalid_token", ""},
	} {
		t.Run(name, func(t *testing.T) {
			answer := c.In(t).Do(row.request)
			if answer.Outcome() != row.outcome || !strings.Contains(answer.Text("detail"), row.says) || strings.Contains(string(answer.Body), "c4n4ry") {
				t.Errorf("answer %s, want %s and %q\n%s", answer.Outcome(), row.outcome, row.says, answer.Body)
			}
		})
	}
	s.Settled()
	if got := []int{record.Count("SELECT count(*) FROM flows"), record.Count("SELECT count(*) FROM outbox")}; !cmp.Equal(got, []int{flows, outbox}) {
		t.Errorf("flows and messages: %v, were %v", got, []int{flows, outbox})
	}
	if n := record.Count("SELECT failures FROM login_failures"); n != 2 {
		t.Errorf("%d wrong passwords count against the account, want 2", n) // Authelia CVE-2025-24806
	}
}

func TestAnAccountWithoutAPasswordChangesItsAddressSoonAfterALogin(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t, testkit.Options{})
	c := s.Client()
	account, to := s.NewAccount(), testkit.NewAddress()
	in := c.Login(account)
	s.Record().Exec("UPDATE users SET password_hash = NULL WHERE id = ?", account.ID)
	s.Move(10*time.Minute + time.Second)
	c.Do(moving(in.Access, to, "")).Want(http.StatusForbidden, "reauth_required")
	again := c.Refresh(in.Refresh).Want(http.StatusOK, "").Text("access_token") // a refresh is no login
	c.Do(moving(again, to, "")).Want(http.StatusForbidden, "reauth_required")
	s.Record().Exec("UPDATE users SET password_hash = (SELECT password_hash FROM users WHERE id = ?) WHERE id = ?", s.NewAccount().ID, account.ID)
	fresh := c.Login(account)
	s.Record().Exec("UPDATE users SET password_hash = NULL WHERE id = ?", account.ID)
	c.Do(movingIn(asked(t, s, fresh.Access, to, ""))).Want(http.StatusOK, "")
	if got := c.Me(fresh.Access).Text("user.email"); got != to {
		t.Errorf("the address is %s", got)
	}
}

func TestTheCaseOfAnAddress(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		s := testkit.Shared(t, b)
		c := s.Client()
		account := s.NewAccount()
		in, typed := c.Login(account), strings.ToUpper(account.Email[:1])+account.Email[1:]
		token := asked(t, s, in.Access, typed, account.Password) // some hosts tell the case of a mailbox apart: it needs a proof
		stored := func() string { return s.Record().Text("SELECT email FROM users WHERE id = ?", account.ID) }
		if stored() != account.Email {
			t.Error("it was changed without a proof")
		}
		c.Do(movingIn(token)).Want(http.StatusOK, "")
		if stored() != typed {
			t.Errorf("mail goes to %s", stored())
		}
		c.Do(loggingIn(account.Email, account.Password)).Want(http.StatusOK, "")
		if got := c.Me(in.Access).Text("user.email"); got != account.Email {
			t.Errorf("the account is %s", got)
		}
		// A domain has no case, in any script: that is the same address.
		c.Do(moving(in.Access, strings.Replace(typed, "example.com", "EXAMPLE.com", 1), account.Password)).Want(http.StatusBadRequest, "invalid_request")
	})
}

func TestLockoutsAndAChangeOfAddress(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t, testkit.Options{Env: map[string]string{"LOCKOUT_FAILURES": "3"}})
	c := s.Client()
	fail := func(email string, n int) {
		for range n {
			c.Do(loggingIn(email, "wrong")).Want(http.StatusUnauthorized, "invalid_credentials")
		}
	}

	t.Run("a stranger can't lock an address before the account moves there", func(t *testing.T) {
		account, to := s.NewAccount(), testkit.NewAddress()
		token := asked(t, s, c.Login(account).Access, to, account.Password)
		fail(to, 3)
		c.In(t).Do(movingIn(token)).Want(http.StatusOK, "")
		c.In(t).Do(loggingIn(to, account.Password)).Want(http.StatusOK, "")
	})
	t.Run("the next owner of the old address inherits no failures", func(t *testing.T) {
		account, to := s.NewAccount(), testkit.NewAddress()
		token := asked(t, s, c.Login(account).Access, to, account.Password)
		fail(account.Email, 2)
		c.In(t).Do(movingIn(token)).Want(http.StatusOK, "")
		next := registeredAgain(t, s, account.Email)
		fail(next.Email, 1)
		c.In(t).Login(next)
	})
	t.Run("failures go on at the new address", func(t *testing.T) {
		account, to := s.NewAccount(), testkit.NewAddress()
		c.In(t).Do(movingIn(asked(t, s, c.Login(account).Access, to, account.Password))).Want(http.StatusOK, "")
		fail(to, 3)
		c.In(t).Do(loggingIn(to, account.Password)).Want(http.StatusUnauthorized, "invalid_credentials")
	})
	t.Run("a locked account asks for none, and its lock counts its guesses (TH-3)", func(t *testing.T) {
		account := s.NewAccount()
		in := c.Login(account)
		for range 3 {
			c.In(t).Do(moving(in.Access, testkit.NewAddress(), "wrong")).Want(http.StatusUnauthorized, "invalid_credentials")
		}
		c.In(t).Do(moving(in.Access, testkit.NewAddress(), account.Password)).Want(http.StatusUnauthorized, "invalid_credentials")
		c.In(t).Do(loggingIn(account.Email, account.Password)).Want(http.StatusUnauthorized, "invalid_credentials")
	})
}

func TestChangesOfAddressAreLimited(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t, testkit.Options{Env: map[string]string{"RATE_LIMITS": "on", "LIMIT_MAIL": "2/1h", "LIMIT_LOGIN": "5/15m"}})
	settled(s)
	c := s.Client()
	account, to := s.NewAccount(), testkit.NewAddress()
	in := c.Login(account)
	first := c.Do(moving(in.Access, to, account.Password)).Want(http.StatusAccepted, "")
	s.Mail(to, 1) // or the next request voids this one before its mail is written
	c.Do(moving(in.Access, to, account.Password)).Want(http.StatusAccepted, "")
	s.Mail(to, 2)
	over := c.Do(moving(in.Access, to, account.Password)).Want(http.StatusAccepted, "")
	if diff := cmp.Diff(normalised(first), normalised(over)); diff != "" {
		t.Errorf("the limit shows (-under +over):\n%s", diff)
	}
	s.Settled()
	if n := len(s.Mails(to)); n != 2 {
		t.Errorf("%d mails to the new address", n)
	}
	c.Do(movingIn(s.Mails(to)[0].Token())).Want(http.StatusOK, "") // what was dropped voided nothing

	// Guesses share the budget of the login, whichever door they are made at.
	other := s.NewAccount()
	in = c.Login(other)
	for range 5 {
		c.Do(moving(in.Access, "n@example.com", "wrong")).Want(http.StatusUnauthorized, "invalid_credentials")
	}
	c.Do(moving(in.Access, "n@example.com", "wrong")).Want(http.StatusTooManyRequests, "rate_limited")
	c.Do(loggingIn(other.Email, other.Password)).Want(http.StatusTooManyRequests, "rate_limited")
}
