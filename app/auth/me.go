package auth

import (
	"context"

	"github.com/signet-auth/signet/app/access"
	"github.com/signet-auth/signet/domain"
)

// Me answers a user about themselves, from memory.
type Me struct{ Directory *access.Directory }

// Handle takes a token of any audience: a service may ask on behalf of the user whose token it received.
func (u *Me) Handle(ctx context.Context, actor domain.Actor) (domain.User, error) {
	if err := access.RequireUser(actor); err != nil {
		return domain.User{}, err
	}
	return u.Directory.Profile(ctx, domain.UserID(actor.ID))
}
