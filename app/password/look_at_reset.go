package password

import (
	"context"
	"errors"
	"time"

	"github.com/signet-auth/signet/domain"
)

// LookAtResetInput is the token of a link.
type LookAtResetInput struct {
	From  domain.Origin
	Token domain.Secret
}

// LookAtResetOutput says whose password the link sets. The holder of the token may have the account, and with it the address.
type LookAtResetOutput struct{ Email domain.Email }

// LookAtReset returns what the link is for, and changes nothing. It refuses the same tokens as Reset, before anybody thinks of a password,
// and at the same cost, so that it is no cheaper way to guess.
func (s *Service) LookAtReset(ctx context.Context, in LookAtResetInput) (LookAtResetOutput, error) {
	now := s.System.Now()
	flow, err := s.proofs.Find(ctx, recovery, in.From, in.Token, now)
	if err != nil {
		return LookAtResetOutput{}, err
	}
	if flow.Purpose == domain.PurposeResetRegistration {
		return s.lookAtRegistrant(ctx, domain.RestoreEmail(flow.Address, flow.Address), now)
	}
	user, err := s.Store.Read().Users.ByID(ctx, domain.UserID(flow.Subject))
	if errors.Is(err, domain.ErrNotFound) || err == nil && (!user.IsActive(now) || user.Email.Canonical() != flow.Address) {
		return LookAtResetOutput{}, recovery.Refusal
	}
	return LookAtResetOutput{Email: user.Email}, err
}

func (s *Service) lookAtRegistrant(ctx context.Context, email domain.Email, now time.Time) (LookAtResetOutput, error) {
	_, err := s.Store.Read().Users.ByEmail(ctx, email)
	if err == nil {
		return LookAtResetOutput{}, recovery.Refusal // a registration was proved meanwhile
	}
	if !errors.Is(err, domain.ErrNotFound) {
		return LookAtResetOutput{}, err
	}
	live, err := s.Store.Read().Registrations.LiveByEmail(ctx, email, now)
	newest, ok := domain.Newest(live)
	if err == nil && !ok {
		err = recovery.Refusal
	}
	return LookAtResetOutput{Email: newest.Email}, err
}
