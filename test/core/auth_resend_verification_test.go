package core_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/app/auth"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/testkit/rig"
)

func (b *authBench) resend(t *testing.T) error {
	t.Helper()
	return b.Auth.ResendVerification(t.Context(), auth.ResendVerificationInput{From: rig.From, Email: "ada@example.com"})
}

func TestAnotherMail(t *testing.T) {
	for name, prepare := range map[string]func(t *testing.T, b *authBench){
		"nobody":           func(*testing.T, *authBench) {},
		"a proved mailbox": func(t *testing.T, b *authBench) { b.User(t, "ada@example.com") },
		"a disabled account": func(t *testing.T, b *authBench) {
			u := b.User(t, "ada@example.com")
			b.Database.Exec(t, "UPDATE users SET email_verified_at = NULL")
			b.Principal(t, u.ID, func(p *domain.Principal) { p.State = domain.Disabled })
		},
	} {
		t.Run("is not sent to "+name+", but the same row is written", func(t *testing.T) {
			b := newAuthBench(t)
			prepare(t, b)
			before := b.rows(t)
			is(t, "resend", b.resend(t), nil)
			if diff := cmp.Diff(map[string]int{"outbox": 1}, grown(before, b.rows(t))); diff != "" {
				t.Error(diff)
			}
			b.Settle(t)
			if n := len(b.Inbox.List()); n != 0 {
				t.Errorf("%d mails", n)
			}
		})
	}

	t.Run("that can't be promised gives its budget back", func(t *testing.T) {
		b := newAuthBench(t)
		b.Store.Down()
		is(t, "resend", b.resend(t), domain.ErrUnavailable)
		if diff := cmp.Diff([]string{"take mail-block", "take mail", "return mail", "return mail-block"}, b.Steps.Take()); diff != "" {
			t.Error(diff)
		}
	})

	t.Run("is in the language of the registration", func(t *testing.T) {
		b := newAuthBench(t)
		in := registration("ada@example.com")
		in.AcceptLanguage = "de-AT"
		_, err := b.Auth.Register(t.Context(), in)
		is(t, "register", err, nil)
		b.Settle(t)
		is(t, "resend", b.resend(t), nil)
		b.Settle(t)
		if m := b.Inbox.List()[0]; m.Subject != "E-Mail-Adresse für Signet bestätigen" {
			t.Errorf("the mail is %q", m.Subject)
		}
	})
}
