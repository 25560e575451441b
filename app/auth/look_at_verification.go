package auth

import (
	"context"
	"errors"

	"github.com/signet-auth/signet/domain"
)

// LookAtVerificationInput is the token of a link.
type LookAtVerificationInput struct {
	From  domain.Origin
	Token domain.Secret
}

// LookAtVerificationOutput says whose mailbox the link proves.
type LookAtVerificationOutput struct{ Email domain.Email }

// LookAtVerification returns what the link would prove, and changes nothing. It refuses the same tokens as VerifyEmail, at the same cost,
// so that it is no cheaper way to guess.
func (s *Service) LookAtVerification(ctx context.Context, in LookAtVerificationInput) (LookAtVerificationOutput, error) {
	now := s.System.Now()
	flow, err := s.proofs.Find(ctx, verification, in.From, in.Token, now)
	if err != nil {
		return LookAtVerificationOutput{}, err
	}
	var of domain.Email
	alive := true
	if flow.Purpose == domain.PurposeVerifyRegistration {
		var r domain.Registration
		r, err = s.Store.Read().Registrations.ByID(ctx, domain.RegistrationID(flow.Subject))
		of, alive = r.Email, r.IsLive(now)
	} else {
		var user domain.User
		user, err = s.Store.Read().Users.ByID(ctx, domain.UserID(flow.Subject))
		of = user.Email
	}
	if errors.Is(err, domain.ErrNotFound) || err == nil && (!alive || of.Canonical() != flow.Address) {
		return LookAtVerificationOutput{}, verification.Refusal
	}
	return LookAtVerificationOutput{Email: of}, err
}
