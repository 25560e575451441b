package core_test

import (
	"testing"

	"github.com/signet-auth/signet/app/password"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/testkit/rig"
)

// passwordActor is a bench whose user has a session, and the actor of it.
func passwordActor(t *testing.T) (*passwordBench, domain.Session, domain.Actor) {
	t.Helper()
	b := newPasswordBench(t)
	s, token := b.Session(t, b.user, b.Platform(t))
	actor, err := b.Authenticator.Authenticate(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	return b, s, actor
}

func (b *passwordBench) change(t *testing.T, actor domain.Actor, current, next string) (password.ChangeOutput, error) {
	t.Helper()
	return b.Password.Change(t.Context(), password.ChangeInput{Actor: actor, From: rig.From, Current: domain.NewSecret(current), New: domain.NewSecret(next)})
}

func TestChange(t *testing.T) {
	t.Run("spends a guess for the wrong password, and hashes nothing", func(t *testing.T) {
		b, _, actor := passwordActor(t)
		_, err := b.change(t, actor, "wrong", fresh)
		is(t, "change", err, domain.ErrInvalidCredentials)
		b.spent(t, map[string]int{"login": 1, "failures": 1})
		_, err = b.change(t, actor, rig.Password, "short")
		is(t, "a bad password", err, &domain.Error{Kind: domain.Invalid, Code: "password_too_short"})
		b.spent(t, nil)
		_, err = b.change(t, actor, rig.Password, fresh)
		is(t, "the right one", err, nil)
		b.spent(t, map[string]int{"login": 0, "failures": 0, "hash": 1})
	})

	for name, test := range map[string]struct {
		meanwhile func(t *testing.T, b *passwordBench, s domain.Session)
		want      error
	}{
		"the password was changed": {func(t *testing.T, b *passwordBench, _ domain.Session) { t.Helper(); b.replace(t) }, domain.ErrInvalidCredentials},
		"the session ended":        {func(t *testing.T, b *passwordBench, s domain.Session) { t.Helper(); b.End(t, s.ID) }, domain.ErrTokenInvalid},
		"the account was disabled": {func(t *testing.T, b *passwordBench, _ domain.Session) { t.Helper(); b.disable(t) }, domain.ErrTokenInvalid},
		"the account was deleted": {func(t *testing.T, b *passwordBench, _ domain.Session) {
			t.Helper()
			b.Principal(t, b.user.ID, func(p *domain.Principal) { p.State = domain.Deleted })
		}, domain.ErrTokenInvalid},
		"the key ring went away": {func(t *testing.T, b *passwordBench, _ domain.Session) {
			t.Helper()
			b.Store.Down()
			b.Directory.Flush(domain.FeedPlace{})
		}, domain.ErrUnavailable},
		"the transaction was lost": {func(t *testing.T, b *passwordBench, _ domain.Session) { t.Helper(); b.breakTx(1) }, domain.ErrUnavailable},
	} {
		t.Run("changes nothing when, during the hash, "+name, func(t *testing.T) {
			b, s, actor := passwordActor(t)
			other, _ := b.Session(t, b.user, b.Platform(t))
			before := b.hash(t)
			b.Hasher.AfterHash = func() { test.meanwhile(t, b, s) }
			out, err := b.change(t, actor, rig.Password, fresh)
			is(t, "change", err, test.want)
			b.Store.Up()
			if !out.RefreshToken.IsZero() || !out.Access.Token.IsZero() {
				t.Error("a failure answers tokens")
			}
			if b.hash(t) != before || len(b.Events(t, domain.EventPasswordChanged)) != 0 {
				t.Error("it changed something")
			}
			if got, err := b.DB.Read().Sessions.ByID(t.Context(), other.ID); err != nil || !got.EndedAt.IsZero() {
				t.Errorf("another session ended: %v (%v)", got.EndedAt, err)
			}
		})
	}

	t.Run("leaves a static line behind", func(t *testing.T) {
		b, s, actor := passwordActor(t)
		b.Database.Exec(t, "UPDATE refresh_families SET is_static = TRUE")
		_, err := b.change(t, actor, rig.Password, fresh)
		is(t, "change", err, nil)
		if got, err := b.DB.Read().Sessions.ByID(t.Context(), s.ID); err != nil || got.Static {
			t.Errorf("static: %v (%v)", got.Static, err)
		}
	})
}
