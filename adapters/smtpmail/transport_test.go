package smtpmail_test

import (
	"net/mail"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/signet-auth/signet/adapters/smtpmail"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/mailer"
	"github.com/signet-auth/signet/ports/porttest"
	"github.com/signet-auth/signet/test/testkit/smtpserver"
)

var _ mailer.Transport = (*smtpmail.Transport)(nil)

var now = time.Date(2026, 11, 23, 19, 2, 3, 0, time.UTC)

// options reach a server; change what the test is about.
func options(s *smtpserver.Server) smtpmail.Options {
	return smtpmail.Options{
		Host: s.Host, Port: s.Port, Roots: s.Roots, From: "Signet <no-reply@id.example.com>",
		Now: func() time.Time { return now }, Timeout: 10 * time.Second,
	}
}

func transport(t *testing.T, o smtpmail.Options) *smtpmail.Transport {
	t.Helper()
	transport, err := smtpmail.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return transport
}

func message(t *testing.T) mailer.Message {
	t.Helper()
	to, err := domain.ParseEmail("Ada@example.com")
	if err != nil {
		t.Fatal(err)
	}
	return mailer.Message{
		ID: "7d444840-9dc0-11d1-b245-5ffdce74fad2", To: to,
		Subject: "Confirm your address", Text: "Open https://id.example.com/s3cr3t\n", HTML: "<p>Open it</p>\n", Language: "de",
	}
}

// only is the one mail that arrived.
func only(t *testing.T, s *smtpserver.Server) smtpserver.Message {
	t.Helper()
	messages := s.Messages()
	if len(messages) != 1 {
		t.Fatalf("%d mails arrived, want 1", len(messages))
	}
	if messages[0].Err != nil {
		t.Fatalf("the mail cannot be read: %v\n%s", messages[0].Err, messages[0].Raw)
	}
	return messages[0]
}

func TestContract(t *testing.T) {
	for name, security := range map[string]struct {
		client smtpmail.Security
		server smtpserver.Security
	}{
		"plain":        {smtpmail.Plain, smtpserver.Plain},
		"STARTTLS":     {smtpmail.StartTLS, smtpserver.StartTLS},
		"implicit TLS": {smtpmail.TLS, smtpserver.TLS},
	} {
		t.Run(name, func(t *testing.T) {
			porttest.Transport(t, func(t *testing.T) porttest.TransportRig {
				server := smtpserver.Start(t, smtpserver.Options{Security: security.server})
				o := options(server)
				o.Security = security.client
				refuse := func(permanent bool) {
					code, enhanced := 450, [3]int{4, 2, 1}
					if permanent {
						code, enhanced = 550, [3]int{5, 1, 1}
					}
					server.Reject(smtpserver.Rcpt, code, enhanced, "no mail for Ada.Lovelace+signet@example.com")
				}
				return porttest.TransportRig{Transport: transport(t, o), Refuse: refuse, Delivered: func() []porttest.Delivery {
					var all []porttest.Delivery
					for _, m := range server.Messages() {
						if m.Err != nil {
							t.Errorf("unreadable: %v", m.Err)
						}
						if m.Encrypted != (security.client != smtpmail.Plain) {
							t.Errorf("encrypted = %v", m.Encrypted)
						}
						id := strings.TrimSuffix(strings.TrimPrefix(m.Header.Get("Message-Id"), "<"), "@id.example.com>")
						all = append(all, porttest.Delivery{ID: id, To: m.To, Subject: m.Subject, Text: m.Text, HTML: m.HTML})
					}
					return all
				}}
			})
		})
	}
}

func TestTheMail(t *testing.T) {
	server := smtpserver.Start(t, smtpserver.Options{})
	o := options(server)
	o.ReplyTo = "Example, Inc. Support <support@example.com>"
	if _, err := smtpmail.New(o); err == nil {
		t.Error("a name with a comma and no quotes is taken")
	}
	o.ReplyTo = "Support <support@example.com>"
	if err := transport(t, o).Send(t.Context(), message(t)); err != nil {
		t.Fatal(err)
	}
	got := only(t, server)

	for name, want := range map[string]string{
		"From":                     `"Signet" <no-reply@id.example.com>`,
		"To":                       "<Ada@example.com>",
		"Reply-To":                 `"Support" <support@example.com>`,
		"Subject":                  "Confirm your address",
		"Message-Id":               "<7d444840-9dc0-11d1-b245-5ffdce74fad2@id.example.com>",
		"Date":                     "Mon, 23 Nov 2026 19:02:03 +0000",
		"Auto-Submitted":           "auto-generated",
		"Content-Language":         "de",
		"X-Auto-Response-Suppress": "All",
		"Mime-Version":             "1.0",
		"User-Agent":               "",
		"X-Mailer":                 "",
		"Bcc":                      "",
	} {
		if value := got.Header.Get(name); value != want {
			t.Errorf("%s: %q, want %q", name, value, want)
		}
	}
	if want := []string{"multipart/alternative", "text/plain", "text/html"}; !slices.Equal(got.Types, want) {
		t.Errorf("parts = %v, want %v: readers show the last alternative that they can", got.Types, want)
	}
	if got.From != "no-reply@id.example.com" || !slices.Equal(got.To, []string{"Ada@example.com"}) {
		t.Errorf("envelope from %q to %q", got.From, got.To)
	}
	for line := range strings.SplitSeq(string(got.Raw), "\r\n") {
		if len(line) > 998 || strings.ContainsFunc(line, func(r rune) bool { return r > 0x7e }) {
			t.Errorf("a line that not every server passes on: %q", line)
		}
	}
}

func TestHeaderInjection(t *testing.T) {
	for _, hostile := range []string{
		"Hi\r\nBcc: all@example.com", "Hi\nBcc: all@example.com", "Hi\rBcc: all@example.com",
		"Hi\r\n\r\n<p>my body</p>", "Hi\u2028Bcc: all@example.com", "Grüße\r\nBcc: all@example.com", "Hi\x00\x0b\x0cBcc: x",
	} {
		server := smtpserver.Start(t, smtpserver.Options{})
		m := message(t)
		m.Subject = hostile
		if err := transport(t, options(server)).Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		got := only(t, server)
		if got.Header.Get("Bcc") != "" || strings.ContainsAny(got.Subject, "\r\n\x00\u2028") || got.Text != m.Text {
			t.Errorf("subject %q became:\n%s", hostile, got.Raw)
		}
	}

	t.Run("an ID that is no ID is refused for good", func(t *testing.T) {
		server := smtpserver.Start(t, smtpserver.Options{})
		for _, id := range []string{"", "a\r\nBcc: x", "a>", "a@b", "a b", "ä"} {
			m := message(t)
			m.ID = id
			if err := transport(t, options(server)).Send(t.Context(), m); !isPermanent(err) {
				t.Errorf("ID %q: %v", id, err)
			}
		}
		if n := len(server.Messages()); n != 0 {
			t.Errorf("%d mails arrived", n)
		}
	})

	t.Run("no recipient is refused for good", func(t *testing.T) {
		server := smtpserver.Start(t, smtpserver.Options{})
		m := message(t)
		m.To = domain.Email{}
		if err := transport(t, options(server)).Send(t.Context(), m); !isPermanent(err) {
			t.Error(err)
		}
	})
}

func TestSenderWithAnEightBitName(t *testing.T) {
	server := smtpserver.Start(t, smtpserver.Options{})
	o := options(server)
	o.From = "Käse & Söhne <no-reply@id.example.com>"
	if err := transport(t, o).Send(t.Context(), message(t)); err != nil {
		t.Fatal(err)
	}
	from, err := mail.ParseAddress(only(t, server).Header.Get("From"))
	if err != nil || from.Name != "Käse & Söhne" || from.Address != "no-reply@id.example.com" {
		t.Errorf("From = %v, %v", from, err)
	}
}
