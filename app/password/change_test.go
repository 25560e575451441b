package password_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/app/password"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/test/testkit/rig"
)

// inside is a bench whose user has a session, and the actor of it.
func inside(t *testing.T) (*bench, domain.Session, domain.Actor) {
	t.Helper()
	b := newBench(t)
	s, token := b.Session(t, b.user, b.Platform(t))
	actor, err := b.Authenticator.Authenticate(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	return b, s, actor
}

func (b *bench) change(t *testing.T, actor domain.Actor, current, next string) (password.ChangeOutput, error) {
	t.Helper()
	u := b.NewChangePassword()
	u.Hasher = b.hasher
	return u.Handle(t.Context(), password.ChangeInput{Actor: actor, From: rig.From, Current: domain.NewSecret(current), New: domain.NewSecret(next)})
}

// lines is how many lines of refresh tokens live.
func (b *bench) lines(t *testing.T) int {
	t.Helper()
	return b.Database.Int(t, "SELECT count(*) FROM refresh_families WHERE ended_at IS NULL")
}

func TestChange(t *testing.T) {
	t.Run("authorizes before anything else", func(t *testing.T) {
		b, _, actor := inside(t)
		service := actor
		service.Audience = "shop"
		b.Store.Reset()
		for _, test := range []struct {
			actor domain.Actor
			want  error
		}{{domain.Anonymous(), domain.ErrTokenMissing}, {service, domain.ErrWrongAudience}} {
			_, err := b.change(t, test.actor, "", "")
			is(t, "change", err, test.want)
		}
		if n := b.Store.Count(); n != 0 {
			t.Errorf("%d queries", n)
		}
		b.spent(t, nil)
	})

	t.Run("spends a guess for the wrong password, and hashes nothing", func(t *testing.T) {
		b, _, actor := inside(t)
		_, err := b.change(t, actor, "wrong", fresh)
		is(t, "change", err, domain.ErrInvalidCredentials)
		b.spent(t, map[string]int{"login": 1, "failures": 1})
		_, err = b.change(t, actor, rig.Password, "short")
		is(t, "a bad password", err, &domain.Error{Kind: domain.Invalid, Code: "password_too_short"})
		b.spent(t, nil)
		if b.hasher.hashes != 0 {
			t.Errorf("%d hashes", b.hasher.hashes)
		}
		_, err = b.change(t, actor, rig.Password, fresh)
		is(t, "the right one", err, nil)
		b.spent(t, map[string]int{"login": 0, "failures": 0})
	})

	t.Run("gives the session a line that goes on, and nothing else of it changes", func(t *testing.T) {
		b, s, actor := inside(t)
		b.Clock.Move(time.Minute)
		b.Poll(t)
		out, err := b.change(t, actor, rig.Password, fresh)
		is(t, "change", err, nil)
		got, err := b.DB.Read().Sessions.ByID(t.Context(), s.ID)
		is(t, "session", err, nil)
		s.LastSeenAt = b.Clock.Now()
		if diff := cmp.Diff(s, got); diff != "" {
			t.Errorf("the session (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(s, out.Session); diff != "" || !out.IdleUntil.Equal(s.IdleExpiresAt(b.Sessions)) {
			t.Errorf("the answer's session, until %v:\n%s", out.IdleUntil, diff)
		}
		token, ok := domain.ParseRefreshToken(out.RefreshToken)
		family, of, err := b.DB.Read().Sessions.Family(t.Context(), token.Family)
		if !ok || err != nil || of.ID != s.ID || token.Generation != 0 || string(family.Hash) != string(token.Hash()) || b.lines(t) != 1 {
			t.Errorf("the token is of %+v, session %s, %d lines (%v)", family, of.ID, b.lines(t), err)
		}
		if claims, err := b.Ring.Verify(t.Context(), out.Access.Token, rig.Issuer, b.Clock.Now()); err != nil || claims.SessionID != s.ID || !claims.AuthTime.Equal(s.AuthTime.Truncate(time.Second)) {
			t.Errorf("claims %+v, %v", claims, err)
		}
	})

	for name, test := range map[string]struct {
		meanwhile func(t *testing.T, b *bench, s domain.Session)
		want      error
	}{
		"the password was changed": {func(t *testing.T, b *bench, _ domain.Session) { t.Helper(); b.replace(t) }, domain.ErrInvalidCredentials},
		"the session ended":        {func(t *testing.T, b *bench, s domain.Session) { t.Helper(); b.End(t, s.ID) }, domain.ErrTokenInvalid},
		"the account was disabled": {func(t *testing.T, b *bench, _ domain.Session) { t.Helper(); b.disable(t) }, domain.ErrTokenInvalid},
		"the account was deleted": {func(t *testing.T, b *bench, _ domain.Session) {
			t.Helper()
			b.Principal(t, b.user.ID, func(p *domain.Principal) { p.State = domain.Deleted })
		}, domain.ErrTokenInvalid},
		"the key ring went away":   {func(t *testing.T, b *bench, _ domain.Session) { t.Helper(); b.Store.Down(); b.Directory.Flush() }, domain.ErrUnavailable},
		"the transaction was lost": {func(t *testing.T, b *bench, _ domain.Session) { t.Helper(); b.breakTx(1) }, domain.ErrUnavailable},
	} {
		t.Run("changes nothing when, during the hash, "+name, func(t *testing.T) {
			b, s, actor := inside(t)
			other, _ := b.Session(t, b.user, b.Platform(t))
			before := b.hash(t)
			b.hasher.hashed = func() { test.meanwhile(t, b, s) }
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

	t.Run("voids links and changes of address", func(t *testing.T) {
		b, _, actor := inside(t)
		token := b.link(t, "ada@example.com")
		b.flow(t, domain.PurposeChangeEmail)
		_, err := b.change(t, actor, rig.Password, fresh)
		is(t, "change", err, nil)
		if n := b.open(t); n != 0 {
			t.Errorf("%d flows are open", n)
		}
		is(t, "the link", b.reset(t, token, fresh), domain.ErrInvalidToken)
	})

	t.Run("leaves a static line behind", func(t *testing.T) {
		b, s, actor := inside(t)
		b.Database.Exec(t, "UPDATE refresh_families SET is_static = TRUE")
		_, err := b.change(t, actor, rig.Password, fresh)
		is(t, "change", err, nil)
		if got, err := b.DB.Read().Sessions.ByID(t.Context(), s.ID); err != nil || got.Static {
			t.Errorf("static: %v (%v)", got.Static, err)
		}
	})

	t.Run("of an account without a password needs a recent login and no password", func(t *testing.T) {
		b, _, actor := inside(t)
		b.Database.Exec(t, "UPDATE users SET password_hash = NULL")
		b.Write(t, func(_ context.Context, tx *store.Tx) error {
			tx.Changed(domain.ChangePrincipal, string(b.user.ID))
			return nil
		})
		late := actor
		late.AuthTime = b.Clock.Now().Add(-10*time.Minute - time.Second)
		_, err := b.change(t, late, "", fresh)
		is(t, "late", err, domain.ErrReauthRequired)
		_, err = b.change(t, actor, "", fresh)
		is(t, "soon", err, nil)
		b.spent(t, nil)
	})
}
