package auth_test

import (
	"context"
	"testing"
	"time"

	"github.com/signet-auth/signet/app/auth"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

func TestValidateJWT(t *testing.T) {
	b, u, _ := inside(t)
	shop, role := b.Service(t, "shop", []string{"invoice:read"}, "invoice:*")
	b.Assign(t, u, role, time.Time{})
	validate := &auth.ValidateJWT{Directory: b.Directory}
	actor := domain.Actor{Kind: domain.ActorUser, ID: u.ID.Principal(), SessionID: "s", Audience: "shop"}

	t.Run("answers with what the user may do at the audience now", func(t *testing.T) {
		out, err := validate.Handle(t.Context(), actor)
		if err != nil || len(out.Permissions) != 1 || out.Permissions[0] != "invoice:read" || out.Audience != "shop" {
			t.Errorf("got %+v, %v", out, err)
		}
	})

	t.Run("refuses who is no user", func(t *testing.T) {
		_, err := validate.Handle(t.Context(), domain.Anonymous())
		is(t, "anonymous", err, domain.ErrTokenMissing)
	})

	t.Run("refuses a token of a deleted service, also when another took its key for a name", func(t *testing.T) {
		b.Write(t, func(ctx context.Context, tx *store.Tx) error {
			shop.State = domain.ServiceDeleted
			tx.Changed(domain.ChangeService, string(shop.ID))
			return tx.Services.Update(ctx, shop)
		})
		_, err := validate.Handle(t.Context(), actor)
		is(t, "deleted", err, domain.ErrTokenInvalid)

		impostor, _ := b.Service(t, "impostor", []string{"invoice:read"}, "*:*")
		impostor.Name = "shop"
		b.Write(t, func(ctx context.Context, tx *store.Tx) error {
			tx.Changed(domain.ChangeService, string(impostor.ID))
			return tx.Services.Update(ctx, impostor)
		})
		_, err = validate.Handle(t.Context(), actor)
		is(t, "another of that name", err, domain.ErrTokenInvalid)
	})
}
