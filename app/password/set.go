package password

import (
	"context"

	"github.com/signet-auth/signet/app/access"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// Authority says who may do what on the platform.
type Authority interface {
	Require(ctx context.Context, a domain.Actor, permission string) error
}

// SetInput is somebody's new password.
type SetInput struct {
	Actor    domain.Actor
	From     domain.Origin
	User     domain.UserID
	Password domain.Secret
}

// Set gives somebody else a password: for an operator who has checked by other means whom they help. All sessions end, and the
// owner is told.
type Set struct {
	Replacement

	Authority Authority
}

// Handle neither proves the mailbox nor lets in a user who is disabled.
func (u *Set) Handle(ctx context.Context, in SetInput) error {
	if err := u.Authority.Require(ctx, in.Actor, domain.UserCredentials); err != nil {
		return err
	}
	user, err := u.Store.Read().Users.ByID(ctx, in.User)
	if err != nil {
		return err
	}
	if err := u.Password.Check("password", in.Password, user.Email.Canonical(), user.FirstName, user.LastName); err != nil {
		return err
	}
	hash, err := u.hash(ctx, in.Password)
	if err != nil {
		return err
	}
	now := u.System.Now()
	return u.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		principal, err := tx.Principals.Lock(ctx, in.User.Principal())
		if err != nil {
			return err
		}
		if err := access.RequireRank(ctx, tx, in.Actor, principal.ID, now); err != nil {
			return err
		}
		user, err := tx.Users.ByID(ctx, in.User) // the address, as it is now: whom to tell, and whose failures to forget
		if err != nil {
			return err
		}
		if err := u.write(ctx, tx, principal, user, hash, now); err != nil {
			return err
		}
		if _, err := u.Ender.EndAll(ctx, tx, user.ID, in.Actor, in.From, domain.EndedByPassword); err != nil {
			return err
		}
		if err := tx.Audit.Add(ctx, u.event(domain.EventPasswordChanged, in.Actor, in.From, user.ID, now)); err != nil {
			return err
		}
		return u.tell(ctx, tx, user, domain.Origin{}, now) // not from where: that is the operator's affair
	})
}
