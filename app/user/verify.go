package user

import (
	"context"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// Verify marks a user's address as proved on the actor's word. Links that were sent to prove it become void. It changes nothing if the
// mailbox was proved already.
func (s *Service) Verify(ctx context.Context, in ChangeInput) (Account, error) {
	if err := s.require(ctx, in.Actor, domain.ManageCredentials); err != nil {
		return Account{}, err
	}
	now := s.System.Now()
	verifying := act{ChangeInput: in, rights: []domain.Right{domain.ManageCredentials}, event: domain.EventUserVerified}
	return s.change(ctx, verifying, now, func(ctx context.Context, tx *store.Tx, user *domain.User) error {
		if user.IsEmailVerified() {
			return nil
		}
		user.VerifyEmail(now)
		if err := tx.Users.Update(ctx, *user); err != nil {
			return err
		}
		if err := s.proofs.Void(ctx, tx, domain.AddressProved, *user, now); err != nil {
			return err
		}
		tx.Changed(domain.ChangePrincipal, string(user.ID), domain.TokensStale)
		return s.Audit.Record(ctx, tx, now, domain.UserEvent(domain.EventUserVerified, in.Actor, in.From, user.ID))
	})
}
