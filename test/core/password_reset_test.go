package core_test

import (
	"context"
	"testing"

	"github.com/signet-auth/signet/app/auth"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/test/testkit/rig"
)

func TestReset(t *testing.T) {
	t.Run("spends the budget of guesses only", func(t *testing.T) {
		b := newPasswordBench(t)
		token := b.link(t, "ada@example.com")
		b.spent(t, map[string]int{"mail-recovery": 1, "mail-block": 1})
		is(t, "no token", b.reset(t, domain.Secret{}, fresh), domain.ErrInvalidFields(domain.Required("token")))
		b.spent(t, nil)
		wrong := "x" + token.Reveal()[1:]
		if wrong == token.Reveal() {
			wrong = "y" + wrong[1:]
		}
		for _, guess := range []string{"x", token.Reveal() + "x", wrong} {
			b.Steps.Take()
			is(t, "a guess", b.reset(t, domain.NewSecret(guess), fresh), domain.ErrInvalidToken)
			b.spent(t, map[string]int{"failures": 1})
		}
		token = b.link(t, "ada@example.com")
		b.Steps.Take()
		is(t, "a bad password", b.reset(t, token, "short"), &domain.Error{Kind: domain.Invalid, Code: "password_too_short"})
		b.spent(t, map[string]int{"failures": 0})
		b.Hasher.BeforeReserve = func() error { return domain.ErrBusy }
		is(t, "a full queue", b.reset(t, token, fresh), domain.ErrBusy)
		b.spent(t, map[string]int{"failures": 0})
		b.Hasher.BeforeReserve = nil
		b.Store.Down()
		is(t, "no database", b.reset(t, token, fresh), domain.ErrUnavailable)
		b.spent(t, map[string]int{"failures": 0})
		b.Store.Up()
		is(t, "the right one", b.reset(t, token, fresh), nil)
		b.spent(t, map[string]int{"failures": 0, "hash": 1, "forgive login": 1}) // all guesses at the account are given back
	})

	t.Run("leaves nothing when it fails, and can be tried again", func(t *testing.T) {
		b := newPasswordBench(t)
		s, _ := b.Session(t, b.user, b.Platform(t))
		token, before := b.link(t, "ada@example.com"), b.hash(t)
		b.breakTx(1)
		is(t, "reset", b.reset(t, token, fresh), domain.ErrUnavailable)
		b.Store.Up()
		if b.hash(t) != before || b.open(t) != 1 || len(b.Events(t, domain.EventPasswordReset)) != 0 {
			t.Error("half of it happened")
		}
		is(t, "again", b.reset(t, token, fresh), nil)
		if got, err := b.DB.Read().Sessions.ByID(t.Context(), s.ID); err != nil || got.EndReason != domain.EndedByReset {
			t.Errorf("the session ended by %q (%v)", got.EndReason, err)
		}
	})

	for name, meanwhile := range map[string]func(t *testing.T, b *passwordBench){
		"the account was disabled": func(t *testing.T, b *passwordBench) { t.Helper(); b.disable(t) },
		"the account was deleted": func(t *testing.T, b *passwordBench) {
			t.Helper()
			b.Principal(t, b.user.ID, func(p *domain.Principal) { p.State = domain.Deleted })
		},
		"the address was changed": func(t *testing.T, b *passwordBench) {
			t.Helper()
			b.Database.Exec(t, "UPDATE users SET email = 'eve@example.com', email_canonical = 'eve@example.com'")
		},
		"the link was used, superseded or voided": func(t *testing.T, b *passwordBench) {
			t.Helper()
			b.Write(t, func(ctx context.Context, tx *store.Tx) error {
				return tx.Flows.Supersede(ctx, domain.PurposeResetPassword, string(b.user.ID), b.Clock.Now())
			})
		},
	} {
		t.Run("changes nothing when, during the hash, "+name, func(t *testing.T) {
			b := newPasswordBench(t)
			token, before := b.link(t, "ada@example.com"), b.hash(t)
			b.Hasher.AfterHash = func() { meanwhile(t, b) }
			is(t, "reset", b.reset(t, token, fresh), domain.ErrInvalidToken)
			if b.hash(t) != before || len(b.Events(t, domain.EventPasswordReset)) != 0 {
				t.Error("it changed something")
			}
		})
	}

	t.Run("makes no account when, during the hash, a registration was proved", func(t *testing.T) {
		b := newPasswordBench(t)
		_, err := b.Auth.Register(t.Context(), auth.RegisterInput{From: rig.From, Email: "bob@example.com", Password: domain.NewSecret(rig.Password)})
		is(t, "register", err, nil)
		token := b.link(t, "bob@example.com")
		b.Hasher.AfterHash = func() {
			b.Database.Exec(t, "UPDATE users SET email = 'bob@example.com', email_canonical = 'bob@example.com'")
		}
		is(t, "reset", b.reset(t, token, fresh), domain.ErrInvalidToken)
		if n := b.Database.Int(t, "SELECT count(*) FROM users"); n != 1 {
			t.Errorf("%d users", n)
		}
	})
}
