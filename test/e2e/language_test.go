package e2e_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/signet-auth/signet/test/testkit"
	"github.com/signet-auth/signet/test/testkit/smtpserver"
)

const (
	english = "Verify your email address for Signet"
	german  = "E-Mail-Adresse für Signet bestätigen"
)

func TestMailsSpeakTheirReadersLanguage(t *testing.T) {
	t.Parallel()
	s := testkit.Shared(t, testkit.Embedded)
	for name, row := range map[string]struct {
		locale, header string
		subject, kept  string
	}{
		"nothing said is English":                            {"", "", english, ""},
		"the locale":                                         {"de", "", german, "de"},
		"a variant of it":                                    {"de-AT", "", german, "de-AT"},
		"the locale wins over the browser":                   {"en-GB", "de", english, "en-GB"},
		"a locale that we don't speak is English, and kept":  {"tlh", "de", english, "tlh"},
		"without a locale the browser's, which is kept":      {"", "de-CH, de;q=0.9, en;q=0.1", german, "de-CH"},
		"the first of the browser's that we speak":           {"", "fr-FR, fr;q=0.9, de;q=0.5, en;q=0.1", german, "de"},
		"none of the browser's is English, and nothing kept": {"", "fr, es;q=0.5, *;q=0.1", english, ""},
		"nonsense is as if it was not there":                 {"", "de\u2028-x;q=1, ../../etc/passwd, <b>de</b>;q=0.9,,;;==", english, ""},
		"kilobytes of it too":                                {"", strings.Repeat("x-,", 2000) + "de", english, ""},
	} {
		t.Run(name, func(t *testing.T) {
			email := testkit.NewAddress()
			request := registering(email)
			if row.locale != "" {
				request = registering(email, testkit.Object{"locale": row.locale})
			}
			if row.header != "" {
				request.Header = http.Header{"Accept-Language": {row.header}}
			}
			c := s.Client().In(t)
			c.Do(request).Want(http.StatusCreated, "")
			m := s.Mail(email, 1)
			if m.Subject != row.subject {
				t.Errorf("the mail is %q", m.Subject)
			}
			c.Do(proving(m.Token())).Want(http.StatusOK, "")
			me := c.Me(c.Login(testkit.Account{Email: email, Password: testkit.Password}).Access)
			if kept, _ := me.JSON()["user"].(testkit.Object)["locale"].(string); kept != row.kept {
				t.Errorf("the locale is %q, want %q", kept, row.kept)
			}
		})
	}
}

func TestTheHeadersOfAMailSayItsLanguage(t *testing.T) {
	t.Parallel()
	mx := smtpserver.Start(t, smtpserver.Options{})
	s := testkit.Start(t, testkit.Options{Env: mailing(mx)})
	email := testkit.NewAddress()
	s.Client().Do(registering(email, testkit.Object{"locale": "de-AT"})).Want(http.StatusCreated, "")
	m := delivered(s, mx, email)
	if m.Header.Get("Content-Language") != "de" || !strings.Contains(m.HTML, `<html lang="de">`) || !strings.Contains(m.Text, "24 Stunden") || m.Subject != german {
		t.Errorf("the mail is not all German:\n%s", m.Raw)
	}
}
