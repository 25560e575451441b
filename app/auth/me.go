package auth

import (
	"context"

	"github.com/signet-auth/signet/app/access"
	"github.com/signet-auth/signet/domain"
)

// Me answers a user about themselves, from memory. It takes a token of any audience: a service may ask on behalf of the user whose
// token it received.
func (s *Service) Me(ctx context.Context, actor domain.Actor) (domain.User, error) {
	if err := access.RequireUser(actor); err != nil {
		return domain.User{}, err
	}
	return s.directory.Profile(ctx, domain.UserID(actor.ID))
}

// ValidateJWTOutput is whose token it is, and what they may do at its audience now.
type ValidateJWTOutput struct {
	User        domain.User
	SessionID   domain.SessionID
	Audience    string
	Permissions []string
}

// ValidateJWT answers services that do not verify tokens themselves, from memory: with live permissions, whatever the token says.
// domain.ErrTokenInvalid when the audience is no longer an active service.
func (s *Service) ValidateJWT(ctx context.Context, actor domain.Actor) (ValidateJWTOutput, error) {
	if err := access.RequireUser(actor); err != nil {
		return ValidateJWTOutput{}, err
	}
	user, err := s.directory.Profile(ctx, domain.UserID(actor.ID))
	if err != nil {
		return ValidateJWTOutput{}, err
	}
	service, err := s.directory.Service(ctx, actor.Audience)
	if err != nil {
		return ValidateJWTOutput{}, access.TokenInvalidWhenUnknown(err)
	}
	if service.Key != actor.Audience { // another service, whose name is the key of one that was deleted
		return ValidateJWTOutput{}, domain.ErrTokenInvalid
	}
	grants, err := s.directory.Grants(ctx, user.Principal, service)
	return ValidateJWTOutput{User: user, SessionID: actor.SessionID, Audience: actor.Audience, Permissions: grants.Permissions()}, err
}
