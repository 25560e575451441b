package auth_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/app/auth"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/testkit/rig"
)

func (b *bench) resend(t *testing.T, address string) {
	t.Helper()
	if err := b.NewResend().Handle(t.Context(), auth.ResendVerificationInput{From: rig.From, Email: address}); err != nil {
		t.Fatal(err)
	}
	b.Settle(t)
}

func TestAnotherMail(t *testing.T) {
	t.Run("voids the link and code of the one before, of the same registration", func(t *testing.T) {
		b, _ := waiting(t, 1)
		link, code := b.link(t, 0), b.code(t, 0)
		b.resend(t, "ada@example.com")
		is(t, "the old link", b.byLink(t, link), domain.ErrInvalidToken)
		if code != b.code(t, 0) { // they are equal once in a million
			is(t, "the old code", b.byCode(t, code), domain.ErrInvalidToken)
		}
		is(t, "the new link", b.byLink(t, b.link(t, 0)), nil)
	})

	t.Run("is of the newest registration, which lives longer for it", func(t *testing.T) {
		b, out := waiting(t, 2)
		b.Clock.Move(6 * 24 * time.Hour)
		b.resend(t, "ada@example.com")
		b.Clock.Move(23 * time.Hour)
		is(t, "the new link", b.byLink(t, b.link(t, 0)), nil)
		if _, err := b.DB.Read().Users.ByID(t.Context(), out[1].UserID); err != nil {
			t.Errorf("the newest's user: %v", err)
		}
	})

	for name, prepare := range map[string]func(t *testing.T, b *bench){
		"nobody":                         func(*testing.T, *bench) {},
		"who proved the mailbox already": func(t *testing.T, b *bench) { b.User(t, "ada@example.com") },
		"who is disabled, or has left": func(t *testing.T, b *bench) {
			u := b.User(t, "ada@example.com")
			b.Database.Exec(t, "UPDATE users SET email_verified_at = NULL")
			b.Principal(t, u.ID, func(p *domain.Principal) { p.State = domain.Disabled })
		},
	} {
		t.Run("is not sent to "+name+", but the same row is written", func(t *testing.T) {
			b := newBench(t)
			prepare(t, b)
			before := b.rows(t)
			if err := b.NewResend().Handle(t.Context(), auth.ResendVerificationInput{From: rig.From, Email: "ada@example.com"}); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(map[string]int{"outbox": 1}, grown(before, b.rows(t))); diff != "" {
				t.Error(diff)
			}
			b.Settle(t)
			if n := len(b.Inbox.List()); n != 0 {
				t.Errorf("%d mails", n)
			}
		})
	}

	t.Run("over the limit is not sent, and the answer is the same", func(t *testing.T) {
		b := newBench(t)
		for range 5 {
			if err := b.NewResend().Handle(t.Context(), auth.ResendVerificationInput{From: rig.From, Email: "ada@example.com"}); err != nil {
				t.Fatal(err)
			}
		}
		if n := b.rows(t)["outbox"]; n != 3 {
			t.Errorf("%d messages", n)
		}
	})

	t.Run("that can't be promised gives its budget back", func(t *testing.T) {
		b := newBench(t)
		b.Store.Down()
		err := b.NewResend().Handle(t.Context(), auth.ResendVerificationInput{From: rig.From, Email: "ada@example.com"})
		is(t, "resend", err, domain.ErrUnavailable)
		if diff := cmp.Diff([]string{"take mail-block", "take mail", "return mail", "return mail-block"}, b.steps.take()); diff != "" {
			t.Error(diff)
		}
	})
}
