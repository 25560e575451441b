package core_test

import (
	"context"
	"testing"
	"time"

	"github.com/signet-auth/signet/app/auth"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/testkit/rig"
)

// TestWhoHangsUp is about callers that hang up before the answer: their actions count all the same.
func TestWhoHangsUp(t *testing.T) {
	t.Run("after a wrong password is counted and noted", func(t *testing.T) {
		b, _ := known(t)
		ctx, hangUp := context.WithCancel(t.Context())
		b.Hasher.AfterVerify = func(string) { hangUp() }
		_, err := b.Auth.Login(ctx, with("wrong"))
		is(t, "login", err, domain.ErrInvalidCredentials)
		if n := b.Database.Int(t, "SELECT failures FROM login_failures"); n != 1 {
			t.Errorf("%d failures", n)
		}
		b.Base.Audit.Flush(t.Context())
		if n := len(b.Events(t, domain.EventLoginFailed)); n != 1 {
			t.Errorf("%d events", n)
		}
	})

	t.Run("after a wrong code is counted", func(t *testing.T) {
		b, _ := waiting(t, 1)
		gone, hangUp := context.WithCancel(t.Context())
		hangUp()
		err := b.Auth.VerifyEmail(gone, auth.VerifyEmailInput{
			From: rig.From, Email: "ada@example.com", Code: domain.NewSecret(otherCode(b.code(t, 0))),
		})
		is(t, "verify", err, domain.ErrInvalidToken)
		if n := b.Database.Int(t, "SELECT tries FROM flows"); n != 1 {
			t.Errorf("%d tries", n)
		}
	})

	t.Run("after a reused refresh token has raised the alarm", func(t *testing.T) {
		b, _, out := refreshable(t)
		if _, err := b.refresh(t, out.RefreshToken); err != nil {
			t.Fatal(err)
		}
		b.Clock.Move(time.Hour)
		b.Poll(t)
		ctx, hangUp := context.WithCancel(t.Context())
		b.Store.Before(func(query string) error {
			if query == "WithinTx" { // the end of the session
				hangUp()
			}
			return nil
		})
		_, err := b.Auth.Refresh(ctx, auth.RefreshInput{From: rig.From, Token: out.RefreshToken})
		is(t, "refresh", err, domain.ErrTokenInvalid)
		if n := len(b.Events(t, domain.EventRefreshReused)); n != 1 || b.sessions(t) != 0 {
			t.Errorf("%d events, %d sessions", n, b.sessions(t))
		}
	})

	t.Run("as they log out is logged out", func(t *testing.T) {
		b, _, out := refreshable(t)
		ctx, hangUp := context.WithCancel(t.Context())
		b.Store.Before(func(string) error { hangUp(); return nil })
		is(t, "logout", b.Auth.Logout(ctx, auth.LogoutInput{From: rig.From, AccessToken: out.Access.Token}), nil)
		if b.sessions(t) != 0 {
			t.Error("the session lives")
		}
	})

	t.Run("before the hash costs no budget", func(t *testing.T) {
		b, _ := known(t)
		ctx, hangUp := context.WithCancel(t.Context())
		b.Hasher.BeforeReserve = func() error { hangUp(); return ctx.Err() }
		_, err := b.Auth.Login(ctx, with("wrong"))
		is(t, "login", err, context.Canceled)
		for range 10 {
			_, err := b.Guard.Attempt(t.Context(), rig.Email(t, "ada@example.com"), rig.From)
			is(t, "the budget", err, nil)
		}
	})
}
