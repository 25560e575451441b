package password

import (
	"context"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// SetInput is a user's new password.
type SetInput struct {
	Actor    domain.Actor
	From     domain.Origin
	User     domain.UserID
	Password domain.Secret
}

// Set gives another user a password: for an operator who has checked the user's identity by other means. All sessions end, and the owner is
// told. It neither proves the mailbox nor enables a disabled user.
func (s *Service) Set(ctx context.Context, in SetInput) error {
	if err := s.directory.Require(ctx, in.Actor, domain.UserCredentials); err != nil {
		return err
	}
	user, err := s.Store.Read().Users.ByID(ctx, in.User)
	if err != nil {
		return err
	}
	if err := s.Policy().Check("password", in.Password, user.Email.Canonical(), user.FirstName, user.LastName); err != nil {
		return err
	}
	hash, err := s.passwords.Hash(ctx, in.Password)
	if err != nil {
		return err
	}
	now := s.System.Now()
	err = s.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		_, locked, err := s.directory.Enter(ctx, tx, in.Actor, domain.ManageCredentials, domain.PlatformService(), now, in.User.Principal())
		if err != nil {
			return err
		}
		principal, there := locked[in.User.Principal()]
		if !there {
			return domain.ErrNotFound
		}
		if _, err := s.directory.RequireRank(ctx, tx, in.Actor, principal.ID, now); err != nil {
			return err
		}
		user, err := tx.Users.ByID(ctx, in.User) // the current address: it gets the mail, and its failures are forgotten
		if err != nil {
			return err
		}
		return s.replace(ctx, tx, principal, user, replacement{ // the owner is not told the operator's address
			hash: hash, by: in.Actor, from: in.From, reason: domain.EndedByPassword, event: domain.EventPasswordChanged,
		}, now)
	})
	return s.NoteRefusal(err, domain.UserEvent(domain.EventPasswordChanged, in.Actor, in.From, in.User))
}
