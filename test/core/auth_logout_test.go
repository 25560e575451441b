package core_test

import (
	"context"
	"testing"

	"github.com/signet-auth/signet/app/auth"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/test/testkit/rig"
)

func TestLogout(t *testing.T) {
	logout := func(t *testing.T, b *authBench, access, refresh domain.Secret) error {
		t.Helper()
		return b.Auth.Logout(t.Context(), auth.LogoutInput{From: rig.From, AccessToken: access, RefreshToken: refresh})
	}
	var none domain.Secret

	t.Run("by a good access token beside a bad refresh token", func(t *testing.T) {
		b, _, out := refreshable(t)
		is(t, "logout", logout(t, b, out.Access.Token, domain.NewSecret("bad")), nil)
		if n := b.sessions(t); n != 0 {
			t.Errorf("%d sessions", n)
		}
	})

	t.Run("by a token of a line that was replaced is refused, while the session lives", func(t *testing.T) {
		b, _, out := refreshable(t)
		next, _, err := domain.NewFamily(domain.FamilyID(b.System.NewID()), out.Session.ID, domain.FirstPartyClient, b.Ports.Sealer.Derive("refresh"), b.System.Entropy, rig.Noon)
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
}
