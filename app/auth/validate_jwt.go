package auth

import (
	"context"

	"github.com/signet-auth/signet/app/access"
	"github.com/signet-auth/signet/domain"
)

// ValidateJWTOutput is who sent a token, and what they may do at its audience now.
type ValidateJWTOutput struct {
	User        domain.User
	SessionID   domain.SessionID
	Audience    string
	Permissions []string
}

// ValidateJWT answers services that do not verify tokens themselves, from memory.
type ValidateJWT struct{ Directory *access.Directory }

// Handle answers with live permissions, whatever the token says. domain.ErrTokenInvalid when the audience is no longer an
// active service.
func (u *ValidateJWT) Handle(ctx context.Context, actor domain.Actor) (ValidateJWTOutput, error) {
	if err := access.RequireUser(actor); err != nil {
		return ValidateJWTOutput{}, err
	}
	user, err := u.Directory.Profile(ctx, domain.UserID(actor.ID))
	if err != nil {
		return ValidateJWTOutput{}, err
	}
	service, err := u.Directory.Service(ctx, actor.Audience)
	if err != nil {
		return ValidateJWTOutput{}, access.TokenInvalidWhenUnknown(err)
	}
	if service.Key != actor.Audience { // another service, whose name is the key of one that was deleted
		return ValidateJWTOutput{}, domain.ErrTokenInvalid
	}
	grants, err := u.Directory.Grants(ctx, user, service)
	return ValidateJWTOutput{User: user, SessionID: actor.SessionID, Audience: actor.Audience, Permissions: grants.Permissions}, err
}
