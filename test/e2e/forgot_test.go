package e2e_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/testkit"
)

// forgetting is the request for a mail with a link to set a new password.
func forgetting(email string) testkit.Request {
	return testkit.Request{Path: "/api/password/forgot", Body: testkit.Object{"email": email}}
}

// resetting is the request that sets a new password by the token of the link.
func resetting(token, password string) testkit.Request {
	return testkit.Request{Path: "/api/password/reset", Body: testkit.Object{"token": token, "new_password": password}}
}

// newPassword is what passwords of these tests are changed to.
const newPassword = "quite another passphrase 8"

// The subjects of mails, as far as they matter.
const (
	aboutReset   = "Set a new password"
	aboutChanged = "was changed"
)

// mailsAbout are the mails to an address whose subject has some words, newest first.
func mailsAbout(s *testkit.Server, email, words string) []testkit.Mail {
	return slices.DeleteFunc(s.Mails(email), func(m testkit.Mail) bool { return !strings.Contains(m.Subject, words) })
}

// mailAbout waits for so many of them and returns the newest.
func mailAbout(s *testkit.Server, email, words string, count int) (mail testkit.Mail) {
	s.Eventually(15*time.Second, func() bool {
		mails := mailsAbout(s, email, words)
		if len(mails) >= count {
			mail = mails[0]
		}
		return len(mails) >= count
	})
	return mail
}

// resetLink asks for a link and returns its token.
func resetLink(s *testkit.Server, email string) string {
	before := len(mailsAbout(s, email, aboutReset))
	s.Client().Do(forgetting(email)).Want(http.StatusOK, "")
	return mailAbout(s, email, aboutReset, before+1).Token()
}

func TestForgotAnswersTheSameForEveryAddress(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t, testkit.Options{Env: map[string]string{"LOCKOUT_FAILURES": "4"}})
	c, record := s.Client(), s.Record()
	known, disabled, locked, deleted := s.NewAccount(), s.NewAccount(), s.NewAccount(), s.NewAccount()
	waiting, _ := applicant(t, s)
	record.Exec("UPDATE principals SET state = 'disabled' WHERE id = ?", disabled.ID)
	record.Exec("UPDATE principals SET state = 'deleted' WHERE id = ?", deleted.ID)
	fail(t, c, locked.Email, 4)
	s.Settled()

	first := c.Do(forgetting(testkit.NewAddress())).Want(http.StatusOK, "")
	for kind, row := range map[string]struct {
		email string
		mails int
	}{
		"a known":                           {known.Email, 1},
		"a known one, spelt otherwise":      {strings.ToUpper(known.Email), 2},
		"one that waits for verification":   {waiting, 1},
		"a locked":                          {locked.Email, 1},
		"a disabled":                        {disabled.Email, 0},
		"a deleted":                         {deleted.Email, 0},
		"another unknown":                   {testkit.NewAddress(), 0},
		"an unknown one that looks like it": {"x" + known.Email, 0},
	} {
		s.Settled()
		before := record.Count("SELECT count(*) FROM outbox WHERE topic = 'forgot'")
		answer := c.Do(forgetting(row.email))
		if diff := cmp.Diff(normalised(first), normalised(answer)); diff != "" {
			t.Errorf("the answer tells %s address from an unknown one:\n%s", kind, diff)
		}
		if n := record.Count("SELECT count(*) FROM outbox WHERE topic = 'forgot'"); n != before+1 {
			t.Errorf("%s address leaves %d rows in the outbox", kind, n-before)
		}
		s.Settled()
		want := row.mails
		if kind == "a known" || kind == "a known one, spelt otherwise" { // in either order
			want = len(mailsAbout(s, known.Email, aboutReset))
			if want == 0 {
				t.Errorf("%s address got no mail", kind)
			}
		}
		if n := len(mailsAbout(s, row.email, aboutReset)); n != want {
			t.Errorf("%s address got %d mails, want %d", kind, n, want)
		}
	}
	if n := len(mailsAbout(s, known.Email, aboutReset)); n != 2 {
		t.Errorf("the known address got %d mails", n)
	}
	for kind, want := range map[string]int{known.ID: 2, locked.ID: 1, disabled.ID: 0, deleted.ID: 0} {
		if n := len(record.Events(domain.EventResetRequested, kind)); n != want {
			t.Errorf("%d events, want %d", n, want)
		}
	}
	c.Login(known) // asking changes nothing: anybody may ask about anybody
}

func TestForgotErrors(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t, testkit.Options{})
	c, record := s.Client(), s.Record()
	before := record.Rows()
	for name, row := range map[string]struct {
		body any
		want string
	}{
		"no body":                    {nil, "email is required"},
		"nothing":                    {testkit.Object{}, "email is required"},
		"an empty address":           {testkit.Object{"email": ""}, "email is required"},
		"no address":                 {testkit.Object{"email": "nobody"}, "email must be a valid email address such as name@example.com"},
		"two addresses":              {testkit.Object{"email": "a@example.com,b@example.com"}, "email must be a valid email address such as name@example.com"},
		"a header":                   {testkit.Object{"email": "a@example.com\r\nBcc: b@example.com"}, "email must be a valid email address such as name@example.com"},
		"a NUL":                      {`{"email":"a\u0000@example.com"}`, "Strings must not contain NUL characters"},
		"a long address":             {testkit.Object{"email": strings.Repeat("a", 250) + "@example.com"}, "email must have at most 254 characters"},
		"a list":                     {testkit.Object{"email": []string{"a@example.com"}}, "email must be a string"},
		"another spelling":           {testkit.Object{"Email": "a@example.com"}, ""},
		"a member twice":             {`{"email":"a@example.com","email":"b@example.com"}`, "The body has a member twice"},
		"something that is not JSON": {"email=a@example.com", "The body is not valid JSON"},
	} {
		t.Run(name, func(t *testing.T) {
			c := c.In(t)
			answer := c.Do(testkit.Request{Method: http.MethodPost, Path: "/api/password/forgot", Body: row.body}).Want(http.StatusBadRequest, "invalid_request")
			if got := answer.Text("message"); row.want != "" && got != row.want {
				t.Errorf("the message is %q, want %q", got, row.want)
			}
		})
	}
	c.Do(testkit.Request{Path: "/api/password/forgot", Body: testkit.Object{"email": testkit.NewAddress(), "redirect": "https://app.example.com"}}).Want(http.StatusOK, "")
	s.Settled()
	after := record.Rows()
	if before["outbox"]++; !cmp.Equal(before, after) { // of the last one
		t.Errorf("rows (-before +after):\n%s", cmp.Diff(before, after))
	}
}

// TestForgotMailIsLimited: over the limit the answer is the same, and nothing is sent (RG-11).
func TestForgotMailIsLimited(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t, testkit.Options{Env: limited(map[string]string{"LIMIT_MAIL_BLOCK": "8/1h"})})
	settled(s)
	c := s.Client()
	account, other := s.NewAccount(), s.NewAccount()
	asks := func(address, email string, times int) {
		t.Helper()
		var first testkit.Response
		for i := range times {
			answer := c.Do(from(address, forgetting(email))).Want(http.StatusOK, "")
			if i == 0 {
				first = answer
			} else if diff := cmp.Diff(normalised(first), normalised(answer)); diff != "" {
				t.Errorf("the answers differ:\n%s", diff)
			}
		}
		s.Settled()
	}
	asks("192.0.2.1", account.Email, 6)
	if n := len(mailsAbout(s, account.Email, aboutReset)); n != 3 {
		t.Errorf("%d mails to one address, want 3, whatever its registration took", n)
	}
	asks("192.0.2.1", testkit.NewAddress(), 3) // also unknown ones count for the block
	asks("192.0.2.1", testkit.NewAddress(), 3)
	asks("192.0.2.1", other.Email, 1)
	if n := len(mailsAbout(s, other.Email, aboutReset)); n != 0 {
		t.Errorf("%d mails over the limit of the block", n)
	}
	asks("192.0.2.2", other.Email, 1)
	if n := len(mailsAbout(s, other.Email, aboutReset)); n != 1 {
		t.Errorf("%d mails asked for from elsewhere", n)
	}
	c.Login(account)
	s.Move(time.Hour)
	asks("192.0.2.1", account.Email, 1)
	if n := len(mailsAbout(s, account.Email, aboutReset)); n != 4 {
		t.Errorf("%d mails an hour later, want one more", n)
	}
}

// TestStrangersCannotUseUpTheWayBackIn: whatever they ask for about an address, its owner gets a link (TH-4, RG-11).
func TestStrangersCannotUseUpTheWayBackIn(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t, testkit.Options{Env: limited(nil)})
	settled(s)
	c := s.Client()
	for name, asks := range map[string]func(email string) testkit.Request{
		"another mail that proves the mailbox": resending,
		"an account":                           func(email string) testkit.Request { return registering(email) },
	} {
		t.Run("by asking for "+name, func(t *testing.T) {
			c, account := c.In(t), s.NewAccount()
			for range 4 {
				c.Do(from("203.0.113.66", asks(account.Email)))
			}
			s.Settled()
			token := resetLink(s, account.Email)
			c.Do(resetting(token, newPassword)).Want(http.StatusOK, "")
		})
	}
}

func TestForgotSupersedes(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		s := testkit.Shared(t, b)
		c := s.Client()
		account := s.NewAccount()
		waiting, _ := applicant(t, s)
		for _, email := range []string{account.Email, waiting} {
			old, fresh := resetLink(s, email), resetLink(s, email)
			if old == fresh || fresh == "" {
				t.Errorf("the tokens are %q and %q", old, fresh)
			}
			c.Do(resetting(old, newPassword)).Want(http.StatusBadRequest, "invalid_token")
			c.Do(resetting(fresh, newPassword)).Want(http.StatusOK, "")
		}
	})
}

func TestTheMailOfAForgottenPassword(t *testing.T) {
	t.Parallel()
	s := testkit.Shared(t, testkit.Embedded)
	s.Client().Do(registering("Grace.Hopper@example.com", testkit.Object{"first_name": "Grace"})).Want(http.StatusCreated, "")
	s.Client().Do(proving(s.Mail("Grace.Hopper@example.com", 1).Token())).Want(http.StatusOK, "")
	asked := s.Clock.Now()
	s.Client().Do(forgetting("GRACE.HOPPER@EXAMPLE.COM")).Want(http.StatusOK, "")
	mail := mailAbout(s, "grace.hopper@example.com", aboutReset, 1)
	if mail.To != "Grace.Hopper@example.com" { // RG-2: to the address as it is stored, never as the request has it
		t.Errorf("it went to %s", mail.To)
	}
	if len(mail.Links) != 1 || mail.Links[0] != "http://localhost:"+s.URL[strings.LastIndexByte(s.URL, ':')+1:]+"/api/password/reset/"+mail.Token() || mail.Code != "" {
		t.Errorf("links %q, code %q", mail.Links, mail.Code)
	}
	for _, part := range []string{mail.Text, mail.HTML} {
		for _, word := range []string{"Grace", asked.Format("2 January 2006"), "30 minutes", "127.0.0.1"} {
			if !strings.Contains(part, word) {
				t.Errorf("%q is missing in\n%s", word, part)
			}
		}
	}
}

// TestZitadelCVE202564101ResetLinksComeFromConfigurationOnly is about the link that is worth most: made of a header, it hands the
// victim's account to the sender of the request (Zitadel CVE-2025-64101, GHSA-2wmj).
func TestZitadelCVE202564101ResetLinksComeFromConfigurationOnly(t *testing.T) {
	t.Parallel()
	const evil = "evil.example"
	for name, row := range map[string]struct {
		env    map[string]string
		prefix string
	}{
		"the configured address": {map[string]string{"PUBLIC_URL": "https://auth.signet.example/base"}, "https://auth.signet.example/base/api/password/reset/"},
		"a front end's template": {map[string]string{"LINK_RESET": "https://app.signet.example/reset#{token}"}, "https://app.signet.example/reset#"},
		"behind a trusted proxy": {map[string]string{"PUBLIC_URL": "https://auth.signet.example", "TRUSTED_PROXIES": "127.0.0.0/8"}, "https://auth.signet.example/api/password/reset/"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := testkit.Start(t, testkit.Options{Env: row.env})
			account := s.NewAccount()
			request := forgetting(account.Email)
			request.Header = http.Header{
				"Host": {evil}, "X-Forwarded-Host": {evil}, "X-Forwarded-Proto": {"http"}, "X-Forwarded-Prefix": {"/evil"}, "Forwarded": {"host=" + evil},
				"X-Original-Host": {evil}, "X-Zitadel-Forward-Host": {evil}, "Origin": {"https://" + evil}, "Referer": {"https://" + evil + "/"},
			}
			s.Client().Do(request).Want(http.StatusOK, "")
			mail := mailAbout(s, account.Email, aboutReset, 1)
			if len(mail.Links) != 1 || !strings.HasPrefix(mail.Links[0], row.prefix) || strings.Contains(mail.Text+mail.HTML, evil) {
				t.Errorf("links %q in\n%s", mail.Links, mail.Text)
			}
			token := strings.TrimPrefix(mail.Links[0], row.prefix)
			s.Client().Do(resetting(token, newPassword)).Want(http.StatusOK, "")
		})
	}
}
