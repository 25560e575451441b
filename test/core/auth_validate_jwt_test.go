package core_test

import (
	"context"
	"testing"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

func TestATokenOfADeletedServiceIsRefusedAlsoWhenAnotherTookItsKeyForAName(t *testing.T) {
	b, u := known(t)
	shop, _ := b.Service(t, "shop", nil)
	impostor, _ := b.Service(t, "impostor", []string{"invoice:read"}, "*:*")
	_, token := b.Session(t, u, shop)
	shop.State, impostor.Name = domain.ServiceDeleted, "shop"
	for _, s := range []domain.Service{shop, impostor} {
		b.Write(t, func(ctx context.Context, tx *store.Tx) error {
			tx.Changed(domain.ChangeService, string(s.ID), domain.TokensStale)
			return tx.Services.Update(ctx, s)
		})
		_, err := b.Authenticator.Authenticate(t.Context(), token)
		is(t, "a token for shop", err, domain.ErrTokenInvalid)
	}
}

// A user may be deleted between the check of their token and the look-up of the user: the client then sees an invalid token.
func TestATokenOfAUserWhoIsDeletedMeanwhileIsRefused(t *testing.T) {
	b, _ := known(t)
	gone := domain.Actor{Kind: domain.ActorUser, ID: domain.PrincipalID(b.System.NewID()), SessionID: "s", Audience: domain.PlatformKey}
	_, err := b.Auth.Me(t.Context(), gone)
	is(t, "me", err, domain.ErrTokenInvalid)
	_, err = b.Auth.ValidateJWT(t.Context(), gone)
	is(t, "validate", err, domain.ErrTokenInvalid)
	is(t, "a permission", b.Directory.Require(t.Context(), gone, domain.UserRead), domain.ErrTokenInvalid)
}
