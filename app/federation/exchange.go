package federation

import (
	"context"
	"errors"

	"github.com/signet-auth/signet/app/proof"
	"github.com/signet-auth/signet/app/signin"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// codes is the door of the codes that an application gets.
var codes = proof.Door{
	Purposes: []domain.Purpose{domain.PurposeProviderCode}, Refusal: domain.ErrInvalidToken.Saying("Invalid, used or expired code"),
}

// ExchangeInput is a code and the proof that the login began at the one who has it.
type ExchangeInput struct {
	From       domain.Origin
	Code       domain.Secret
	Verifier   domain.Secret
	DeviceName string
	Cookie     bool
}

// ExchangeOutput is the session.
type ExchangeOutput struct {
	signin.Tokens

	Created bool // the account is new
}

// Exchange begins the session of a code. Everything that may keep somebody out is judged here and not at the callback. What fails leaves
// the code as it was; of any number of exchanges one succeeds, and a second one harms no session.
func (s *Service) Exchange(ctx context.Context, in ExchangeInput) (ExchangeOutput, error) {
	if err := domain.CheckLine("device_name", in.DeviceName, domain.MaxDeviceName); err != nil {
		return ExchangeOutput{}, err
	}
	now, asOf := s.System.Now(), s.directory.Applied()
	flow, err := s.proofs.Find(ctx, codes, in.From, in.Code, now)
	if err != nil {
		return ExchangeOutput{}, err
	}
	var kept exchangeable
	if err := s.proofs.OpenPayload(flow, &kept); err != nil {
		return ExchangeOutput{}, codes.Refusal.Because(err) // sealed under a SECRET_KEY that is gone
	}
	if _, ok := s.same(kept.Provider, kept.Fingerprint); !ok {
		return ExchangeOutput{}, codes.Refusal
	}
	if err := s.verify(ctx, in.From, in.Verifier, kept.Challenge, codes.Refusal); err != nil {
		return ExchangeOutput{}, err
	}
	audience, err := s.directory.Service(ctx, kept.Service)
	if err != nil {
		return ExchangeOutput{}, err
	}
	user, err := s.Store.Read().Users.ByID(ctx, domain.UserID(flow.Subject))
	if errors.Is(err, domain.ErrNotFound) {
		return ExchangeOutput{}, codes.Refusal
	}
	if err != nil {
		return ExchangeOutput{}, err
	}
	if !user.IsActive(now) {
		return ExchangeOutput{}, domain.ErrAccountDisabled
	}
	user.CredentialEpoch = kept.Epoch // as it was when the provider was believed
	proof, err := s.proofOf(ctx, user, kept.Provider, asOf, kept.At)
	if err != nil {
		return ExchangeOutput{}, err
	}
	proof.Redeem = func(ctx context.Context, tx *store.Tx) error {
		used, err := tx.Flows.Consume(ctx, flow.ID, now)
		if err == nil && !used {
			err = codes.Refusal
		}
		return err
	}
	tokens, err := s.signin.Begin(ctx, proof, signin.Request{
		Client: domain.FirstParty(), Audience: audience, From: in.From, DeviceName: in.DeviceName, Cookie: in.Cookie,
	}, now)
	if errors.Is(err, domain.ErrInvalidCredentials) { // disabled, or its credentials replaced, since
		err = codes.Refusal
	}
	return ExchangeOutput{Tokens: tokens, Created: kept.Created}, err
}
