package auth

import (
	"context"
	"time"

	"github.com/signet-auth/signet/app/access"
	"github.com/signet-auth/signet/domain"
)

// MeOutput is a user with their identities at providers.
type MeOutput struct {
	User       domain.User
	Identities []domain.Identity
}

// Me shows users their own account, from memory. It takes a token of any audience: a service may ask on behalf of the user whose token it
// received.
func (s *Service) Me(ctx context.Context, actor domain.Actor) (MeOutput, error) {
	if err := access.RequireUser(actor); err != nil {
		return MeOutput{}, err
	}
	user, err := s.directory.Profile(ctx, domain.UserID(actor.ID))
	if err != nil {
		return MeOutput{}, access.TokenInvalidWhenGone(err)
	}
	identities, err := s.directory.Identities(ctx, user.ID)
	return MeOutput{user, identities}, err
}

// ValidateJWTOutput is the owner of a token, and what they may do at its audience now.
type ValidateJWTOutput struct {
	User        domain.User    // zero for a service
	Service     domain.Service // zero for a user
	SessionID   domain.SessionID
	Audience    string
	Permissions []string
	ValidUntil  time.Time // the earliest end among the assignments behind the permissions; zero: none has an end
}

// ValidateJWT answers services that do not verify tokens themselves, from memory, with the current permissions and not those in the token.
// It also accepts access tokens of services.
func (s *Service) ValidateJWT(ctx context.Context, actor domain.Actor) (ValidateJWTOutput, error) {
	if err := access.RequireAccessToken(actor); err != nil {
		return ValidateJWTOutput{}, err
	}
	out := ValidateJWTOutput{SessionID: actor.SessionID, Audience: actor.Audience}
	var err error
	if actor.Kind == domain.ActorService {
		out.Service, err = s.directory.ServiceByID(ctx, domain.ServiceID(actor.ID))
	} else {
		out.User, err = s.directory.Profile(ctx, domain.UserID(actor.ID))
	}
	if err != nil {
		return ValidateJWTOutput{}, access.TokenInvalidWhenGone(err)
	}
	audience, err := s.directory.Service(ctx, actor.Audience)
	if err != nil {
		return ValidateJWTOutput{}, access.TokenInvalidWhenUnknown(err)
	}
	grants, err := s.directory.GrantsOf(ctx, actor, audience)
	out.Permissions, out.ValidUntil = grants.Permissions(), grants.ValidUntil
	return out, err
}
