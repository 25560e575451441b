package user

import (
	"context"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// DeleteInput is whom to erase now.
type DeleteInput struct {
	Actor domain.Actor
	From  domain.Origin
	User  domain.UserID
}

// Delete erases a user without the grace of a closed account.
type Delete struct {
	Account

	Eraser *Eraser
}

// Handle takes the account out of use and marks it as due in one transaction, so that what a crash interrupts, the janitor
// finishes. domain.ErrLastAdmin for the last administrator.
func (u *Delete) Handle(ctx context.Context, in DeleteInput) error {
	now := u.System.Now()
	err := u.change(ctx, in.Actor, domain.UserDelete, in.User, now, func(ctx context.Context, tx *store.Tx, user domain.User) error {
		gone := suspension{by: in.Actor, from: in.From, reason: "deleted", ends: domain.EndedByDelete}
		if err := suspend(ctx, tx, u.Ender, user, gone, now); err != nil {
			return err
		}
		return tx.Erasure.Schedule(ctx, user.ID, now)
	})
	if err != nil {
		return err
	}
	_, err = u.Eraser.Erase(ctx, in.User, in.Actor, in.From)
	return err
}
