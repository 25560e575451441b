package user

import (
	"context"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// EndSessionsInput is whom to log out.
type EndSessionsInput struct {
	Actor domain.Actor
	From  domain.Origin
	User  domain.UserID
}

// EndSessions logs a user out everywhere.
type EndSessions struct{ Account }

// Handle says how many sessions it ended.
func (u *EndSessions) Handle(ctx context.Context, in EndSessionsInput) (ended int, err error) {
	err = u.change(ctx, in.Actor, domain.UserWrite, in.User, u.System.Now(), func(ctx context.Context, tx *store.Tx, user domain.User) error {
		ids, err := u.Ender.EndAll(ctx, tx, user.ID, in.Actor, in.From, domain.EndedByAdmin)
		ended = len(ids)
		return err
	})
	return ended, err
}
