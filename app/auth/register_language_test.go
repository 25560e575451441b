package auth_test

import (
	"testing"

	"github.com/signet-auth/signet/app/auth"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/testkit/rig"
)

func TestTheLanguageOfARegistration(t *testing.T) {
	for _, row := range []struct{ fact, locale, header, subject string }{
		{"the locale counts before the browser", "de", "en", "E-Mail-Adresse für Signet bestätigen"},
		{"the browser counts without a locale", "", "de", "E-Mail-Adresse für Signet bestätigen"},
		{"another mail is in the same language", "", "de-AT", "E-Mail-Adresse für Signet bestätigen"},
		{"a bad header harms nobody", "", "\xff;;q=\r\nBcc: x", "Confirm your email address for Signet"},
	} {
		t.Run(row.fact, func(t *testing.T) {
			b := newBench(t)
			in := auth.RegisterInput{
				From: rig.From, Email: "ada@example.com", Password: domain.NewSecret(rig.Password), Locale: row.locale, AcceptLanguage: row.header,
			}
			if _, err := b.NewRegister().Handle(t.Context(), in); err != nil {
				t.Fatal(err)
			}
			b.Settle(t)
			b.resend(t, "ada@example.com")
			for _, m := range b.Inbox.List() {
				if m.Subject != row.subject {
					t.Errorf("the mail is %q", m.Subject)
				}
			}
		})
	}
}
