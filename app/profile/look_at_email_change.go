package profile

import (
	"context"
	"errors"

	"github.com/signet-auth/signet/domain"
)

// LookAtEmailChangeInput is the token of the link that went to the new address.
type LookAtEmailChangeInput struct {
	From  domain.Origin
	Token domain.Secret
}

// LookAtEmailChangeOutput has the new address, whose mail the holder of the link reads. It does not have the old one: a request may have
// named a stranger's mailbox by mistake.
type LookAtEmailChangeOutput struct{ Email domain.Email }

// LookAtEmailChange returns the address that confirming would set, and changes nothing. It does not say whether another account has that
// address by now: ConfirmEmail finds that out. It counts as a guess, as ConfirmEmail does.
func (s *Service) LookAtEmailChange(ctx context.Context, in LookAtEmailChangeInput) (LookAtEmailChangeOutput, error) {
	now := s.System.Now()
	flow, err := s.proofs.Find(ctx, emailChange, in.From, in.Token, now)
	if err != nil {
		return LookAtEmailChangeOutput{}, err
	}
	var w wanted
	if err := s.proofs.OpenPayload(flow, &w); err != nil {
		return LookAtEmailChangeOutput{}, emailChange.Refusal.Because(err) // sealed under an unknown SECRET_KEY
	}
	user, err := s.Store.Read().Users.ByID(ctx, domain.UserID(flow.Subject))
	if errors.Is(err, domain.ErrNotFound) || err == nil && (!user.IsActive(now) || user.CredentialEpoch != w.Epoch) {
		return LookAtEmailChangeOutput{}, emailChange.Refusal
	}
	return LookAtEmailChangeOutput{Email: domain.RestoreEmail(w.Mailbox, flow.Address)}, err
}
