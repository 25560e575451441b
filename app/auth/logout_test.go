package auth_test

import (
	"context"
	"testing"
	"time"

	"github.com/signet-auth/signet/app/auth"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/test/testkit/rig"
)

func TestLogout(t *testing.T) {
	logout := func(t *testing.T, b *bench, access, refresh domain.Secret) error {
		t.Helper()
		return b.NewLogout().Handle(t.Context(), auth.LogoutInput{From: rig.From, AccessToken: access, RefreshToken: refresh})
	}
	var none domain.Secret
	bad := domain.NewSecret("bad")

	for _, test := range []struct {
		name            string
		access, refresh func(auth.LoginOutput) domain.Secret
		want            error
		ended           bool
	}{
		{"by the access token", func(o auth.LoginOutput) domain.Secret { return o.Access.Token }, nil, nil, true},
		{"by the refresh token", nil, func(o auth.LoginOutput) domain.Secret { return o.RefreshToken }, nil, true},
		{
			"by the refresh token beside a bad access token",
			func(auth.LoginOutput) domain.Secret { return bad }, func(o auth.LoginOutput) domain.Secret { return o.RefreshToken }, nil, true,
		},
		{"by nothing", nil, nil, domain.ErrTokenMissing, false},
		{"by a bad access token", func(auth.LoginOutput) domain.Secret { return bad }, nil, domain.ErrTokenInvalid, false},
		{"by a bad refresh token", nil, func(auth.LoginOutput) domain.Secret { return bad }, domain.ErrTokenInvalid, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			b, _, out := inside(t)
			access, refresh := none, none
			if test.access != nil {
				access = test.access(out)
			}
			if test.refresh != nil {
				refresh = test.refresh(out)
			}
			is(t, "logout", logout(t, b, access, refresh), test.want)
			if ended := b.sessions(t) == 0; ended != test.ended {
				t.Errorf("ended: %v", ended)
			}
		})
	}

	t.Run("ends both sessions when the tokens are of two", func(t *testing.T) {
		b, _, out := inside(t)
		other, err := b.login().Handle(t.Context(), with(rig.Password))
		if err != nil {
			t.Fatal(err)
		}
		is(t, "logout", logout(t, b, out.Access.Token, other.RefreshToken), nil)
		if n := b.sessions(t); n != 0 {
			t.Errorf("%d sessions", n)
		}
	})

	t.Run("by a good access token beside a bad refresh token", func(t *testing.T) {
		b, _, out := inside(t)
		is(t, "logout", logout(t, b, out.Access.Token, bad), nil)
		if n := b.sessions(t); n != 0 {
			t.Errorf("%d sessions", n)
		}
	})

	t.Run("by a token of a line that was replaced is refused, while the session lives", func(t *testing.T) {
		b, _, out := inside(t)
		next, _, err := domain.NewFamily(domain.FamilyID(b.System.NewID()), out.Session.ID, domain.FirstPartyClient, b.RefreshKeys, b.System.Entropy, rig.Noon)
		if err != nil {
			t.Fatal(err)
		}
		b.Write(t, func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.Sessions.Renew(ctx, next)
			return err
		})
		is(t, "logout", logout(t, b, none, out.RefreshToken), domain.ErrTokenInvalid)
		if n := b.sessions(t); n != 1 {
			t.Errorf("%d sessions", n)
		}
		b.End(t, out.Session.ID)
		is(t, "logout of what is over", logout(t, b, none, out.RefreshToken), nil)
	})

	t.Run("works with an access token that expired, and again", func(t *testing.T) {
		b, _, out := inside(t)
		b.Clock.Move(time.Hour)
		for range 2 {
			is(t, "logout", logout(t, b, out.Access.Token, none), nil)
		}
		if n := len(b.Events(t, domain.EventSessionEnded)); n != 1 || b.sessions(t) != 0 {
			t.Errorf("%d events, %d sessions", n, b.sessions(t))
		}
	})

	t.Run("is no success while nothing can be written", func(t *testing.T) {
		b, _, out := inside(t)
		b.Store.Down()
		is(t, "logout", logout(t, b, out.Access.Token, none), domain.ErrUnavailable)
		is(t, "by the refresh token", logout(t, b, none, out.RefreshToken), domain.ErrUnavailable)
	})
}
