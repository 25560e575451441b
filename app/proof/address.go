package proof

import (
	"context"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// ReplaceAddress writes the address that a user was given instead of an old one, under the locks of the new address and of the user's
// principal. An address is half of what lets people in: work that began with the old one finds the epoch risen, and what hung on either
// address ends. The run of failed logins of the old address would be its next owner's otherwise, and with that of the new one a stranger
// could have locked the account before it moved in. domain.ErrEmailTaken when a registration that locks no address was faster.
func (s *Service) ReplaceAddress(ctx context.Context, tx *store.Tx, user *domain.User, old domain.Email, now time.Time) error {
	if err := tx.Users.Update(ctx, *user); err != nil {
		return err
	}
	user.ReplaceCredentials(now)
	if err := tx.Principals.Update(ctx, user.Principal); err != nil {
		return err
	}
	if err := s.Void(ctx, tx, domain.AddressReplaced, *user, now); err != nil {
		return err
	}
	if err := tx.Registrations.DeleteByEmail(ctx, user.Email); err != nil {
		return err
	}
	for _, address := range []domain.Email{old, user.Email} {
		if err := tx.Lockouts.Clear(ctx, s.guard.RunKey(address)); err != nil {
			return err
		}
	}
	tx.Changed(domain.ChangePrincipal, string(user.ID), domain.TokensStale)
	return nil
}
