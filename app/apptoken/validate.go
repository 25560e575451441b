package apptoken

import (
	"context"

	"github.com/signet-auth/signet/domain"
)

// ValidateOutput is what an application token is.
type ValidateOutput struct {
	Service domain.Service
	Token   domain.AppToken
}

// Validate describes an application token to its bearer, from memory. It returns domain.ErrTokenInvalid for any other credential.
func (s *Service) Validate(ctx context.Context, a domain.Actor) (ValidateOutput, error) {
	if a.Kind != domain.ActorService || !a.Raw {
		return ValidateOutput{}, domain.ErrTokenInvalid
	}
	token, err := s.directory.AppToken(ctx, a.AppToken)
	if err != nil {
		return ValidateOutput{}, err
	}
	service, err := s.directory.ServiceByID(ctx, token.ServiceID)
	return ValidateOutput{Service: service, Token: token}, err
}
