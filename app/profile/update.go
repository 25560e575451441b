package profile

import (
	"context"
	"strings"

	"github.com/signet-auth/signet/app/access"
	"github.com/signet-auth/signet/app/base"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// UpdateInput is what to change: nil members stay, empty ones are cleared. Metadata is JSON whose syntax was checked; it replaces the old
// metadata as a whole.
type UpdateInput struct {
	Actor     domain.Actor
	From      domain.Origin
	FirstName *string
	LastName  *string
	Locale    *string
	Metadata  *string
}

// UpdateOutput is the updated user, with their identities at providers.
type UpdateOutput struct {
	User       domain.User
	Identities []domain.Identity
}

// Update changes a person's profile. The user is read under the lock of their principal, so parallel changes of different members all
// survive.
func (s *Service) Update(ctx context.Context, in UpdateInput) (UpdateOutput, error) {
	if err := access.RequirePlatformUser(in.Actor); err != nil {
		return UpdateOutput{}, err
	}
	change, err := domain.NewProfileChange(in.FirstName, in.LastName, in.Locale, in.Metadata)
	if err != nil {
		return UpdateOutput{}, err
	}
	now := s.System.Now()
	var user domain.User
	var identities []domain.Identity
	err = s.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		if _, err := base.LockActor(ctx, tx, in.Actor, now); err != nil {
			return err
		}
		if user, err = tx.Users.ByID(ctx, domain.UserID(in.Actor.ID)); err != nil {
			return err
		}
		if identities, err = tx.Identities.ByUser(ctx, user.ID); err != nil {
			return err
		}
		changed := user.Revise(change, now)
		if len(changed) == 0 {
			return nil
		}
		if err := tx.Users.Update(ctx, user); err != nil {
			return err
		}
		tx.Changed(domain.ChangePrincipal, string(user.ID), domain.TokensUnaffected)
		event := domain.UserEvent(domain.EventUserUpdated, in.Actor, in.From, user.ID)
		return s.Audit.Record(ctx, tx, now, event.With("changed", strings.Join(changed, " "))) // the names, not the values
	})
	user.Principal = user.AsOf(now)
	return UpdateOutput{user, identities}, err
}
