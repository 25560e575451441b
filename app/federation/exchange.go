package federation

import (
	"context"
	"errors"

	"github.com/signet-auth/signet/app/proof"
	"github.com/signet-auth/signet/app/signin"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// codes is the door for codes, which applications exchange.
var codes = proof.Door{
	Purposes: []domain.Purpose{domain.PurposeProviderCode}, Refusal: domain.ErrInvalidToken.Saying("Invalid, used or expired code"),
}

// ExchangeInput is a code and the proof that its sender began the login.
type ExchangeInput struct {
	From       domain.Origin
	Code       domain.Secret
	Verifier   domain.Secret
	DeviceName string
	Cookie     bool
	Device     domain.Secret // the token of a remembered device; zero: there is none
}

// ExchangeOutput is the session.
type ExchangeOutput struct {
	signin.Tokens

	Created bool // the account is new
}

// Exchange begins the session for a code. Everything that may refuse a login is checked here and not at the callback. A failure does not
// use up the code; of any number of exchanges one succeeds, and a second one harms no session.
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
		return ExchangeOutput{}, codes.Refusal.Because(err) // sealed under an unknown SECRET_KEY
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
	user.CredentialEpoch = kept.Epoch // as it was at the callback
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
		Client: domain.FirstParty(), Audience: audience, From: in.From, DeviceName: in.DeviceName, Cookie: in.Cookie, Device: in.Device,
	}, now)
	if errors.Is(err, domain.ErrInvalidCredentials) { // disabled, or its credentials replaced, since
		err = codes.Refusal
	}
	return ExchangeOutput{Tokens: tokens, Created: kept.Created}, err
}
