package proof

import (
	"context"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// ReplaceAddress writes a user's new address, under the locks of that address and of the user's principal. An address is a part of the
// credentials: the epoch rises, so that work that began with the old address fails, and secrets for either address become void. Failed
// logins of both addresses are forgotten: those of the old one would count against its next owner, and with those of the new one a stranger
// could have locked the account in advance. It returns domain.ErrEmailTaken when a registration, which locks no address, was faster.
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
