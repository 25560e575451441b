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

// LookAtEmailChangeOutput says which address the link is about: the new one, whose mail its holder reads. The old one stays untold: a
// request may have named a stranger's mailbox by mistake.
type LookAtEmailChangeOutput struct{ Email domain.Email }

// LookAtEmailChange says what confirming would make the address of the account, and changes nothing. Nor does it say whether the address
// has become that of another account: that is found out when the token is used up. Looking costs a guess as much as using.
func (s *Service) LookAtEmailChange(ctx context.Context, in LookAtEmailChangeInput) (LookAtEmailChangeOutput, error) {
	now := s.System.Now()
	flow, err := s.proofs.Find(ctx, emailChange, in.From, in.Token, now)
	if err != nil {
		return LookAtEmailChangeOutput{}, err
	}
	var w wanted
	if err := s.proofs.OpenPayload(flow, &w); err != nil {
		return LookAtEmailChangeOutput{}, emailChange.Refusal.Because(err) // sealed under a SECRET_KEY that is gone
	}
	user, err := s.Store.Read().Users.ByID(ctx, domain.UserID(flow.Subject))
	if errors.Is(err, domain.ErrNotFound) || err == nil && (!user.IsActive(now) || user.CredentialEpoch != w.Epoch) {
		return LookAtEmailChangeOutput{}, emailChange.Refusal
	}
	return LookAtEmailChangeOutput{Email: domain.RestoreEmail(w.Mailbox, flow.Address)}, err
}
