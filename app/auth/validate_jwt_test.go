package auth_test

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
	shop.State, impostor.Name = domain.ServiceDeleted, "shop"
	for _, s := range []domain.Service{shop, impostor} {
		b.Write(t, func(ctx context.Context, tx *store.Tx) error {
			tx.Changed(domain.ChangeService, string(s.ID))
			return tx.Services.Update(ctx, s)
		})
		_, err := b.Auth.ValidateJWT(t.Context(), domain.Actor{Kind: domain.ActorUser, ID: u.ID.Principal(), SessionID: "s", Audience: "shop"})
		is(t, "a token for shop", err, domain.ErrTokenInvalid)
	}
}
