package user

import (
	"context"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// EnableInput is whom to let in again.
type EnableInput struct {
	Actor domain.Actor
	From  domain.Origin
	User  domain.UserID
}

// Enable lets a user in again, and opens a closed account as it was. Sessions that ended stay so.
type Enable struct{ Account }

// Handle changes nothing for a user who may act already.
func (u *Enable) Handle(ctx context.Context, in EnableInput) error {
	now := u.System.Now()
	return u.change(ctx, in.Actor, domain.UserWrite, in.User, now, func(ctx context.Context, tx *store.Tx, user domain.User) error {
		if user.State == domain.Active {
			return nil
		}
		user.Enable(now)
		if err := tx.Principals.Update(ctx, user.Principal); err != nil {
			return err
		}
		if err := tx.Erasure.Schedule(ctx, user.ID, time.Time{}); err != nil {
			return err
		}
		tx.Changed(domain.ChangePrincipal, string(user.ID))
		return tx.Audit.Add(ctx, event(u.System, domain.EventUserEnabled, in.Actor, in.From, user.ID, now))
	})
}
