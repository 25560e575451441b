package e2e_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/signet-auth/signet/test/testkit"
)

// firefox is a user agent that has a name.
const firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"

// agent is the headers of a user agent.
func agent(userAgent string) http.Header { return http.Header{"User-Agent": {userAgent}} }

// words is a mail's text with its line breaks undone.
func words(m testkit.Mail) string { return strings.Join(strings.Fields(m.Text), " ") }

func TestMailsSayWhereTheyWereAskedFor(t *testing.T) {
	t.Parallel()
	s := testkit.Shared(t, testkit.Embedded)
	c := s.Client()
	from := func(t *testing.T, m testkit.Mail, where string) {
		t.Helper()
		if !strings.Contains(words(m), where) || !strings.Contains(m.HTML, where) {
			t.Errorf("the mail does not say %q:\n%s", where, m.Text)
		}
	}
	email := testkit.NewAddress()
	request := registering(email)
	request.Header = agent(firefox)
	c.Do(request).Want(http.StatusCreated, "")
	from(t, s.Mail(email, 1), "UTC from 127.0.0.1 (Firefox on Linux).")

	request = resending(email)
	request.Header = agent("curl/8.14.1")
	c.Do(request).Want(http.StatusAccepted, "")
	from(t, s.Mail(email, 2), "UTC from 127.0.0.1 (curl).")

	// "Already registered" goes to somebody else than the asker: nothing of what the asker sends may get through.
	owner := s.NewAccount()
	request = registering(owner.Email)
	request.Header = agent("EVIL.example/1.0 (+https://evil.example/)")
	c.Do(request).Want(http.StatusCreated, "")
	m := s.Mail(owner.Email, 2)
	from(t, m, "UTC from 127.0.0.1.")
	if strings.Contains(strings.ToLower(m.Text+m.HTML+m.Subject), "evil") {
		t.Errorf("the mail repeats the asker's words:\n%s", m.Text)
	}
}
