package federation

import (
	"context"
	"time"

	"github.com/signet-auth/signet/app/proof"
	"github.com/signet-auth/signet/domain"
)

// continuations is the door for continuations, which an application gets when nobody could be logged in yet.
var continuations = proof.Door{
	Purposes: []domain.Purpose{domain.PurposeProviderContinuation}, Refusal: domain.ErrInvalidToken.Saying("Invalid or expired continuation"),
}

// ContinueInput names a continuation. The verifier is that of the challenge that its login began with.
type ContinueInput struct {
	From         domain.Origin
	Continuation domain.Secret
	Verifier     domain.Secret
}

// The ways to go on.
const (
	ActionLink  = "link"  // log in to an account and confirm
	ActionEmail = "email" // prove an address by a mailed code
)

// Offer is what a person may do next.
type Offer struct {
	Provider      string
	DisplayName   string
	Account       string // what the provider calls the person
	Email         string // what the provider said; only for display unless it is verified
	EmailVerified bool
	Reason        string
	Actions       []string
	ExpiresIn     time.Duration
}

// Offer describes a continuation. It does not use it up.
func (s *Service) Offer(ctx context.Context, in ContinueInput) (Offer, error) {
	c, err := s.resume(ctx, in)
	if err != nil {
		return Offer{}, err
	}
	a := c.kept.assertion()
	account := a.Name.First
	if a.Name.Last != "" {
		account = domain.Line(account + " " + a.Name.Last)
	}
	if account == "" {
		account = a.Said
	}
	offer := Offer{
		Provider: c.kept.Provider, DisplayName: s.DisplayName(c.kept.Provider), Account: account, Email: a.Said,
		EmailVerified: !a.Email.IsZero(), Reason: c.kept.Reason, Actions: []string{ActionLink}, ExpiresIn: c.flow.ExpiresAt.Sub(c.now),
	}
	if c.kept.isLink() {
		offer.Reason = ActionLink
	}
	if c.kept.Reason == domain.ErrEmailRequired.Code {
		offer.Actions = append(offer.Actions, ActionEmail)
	}
	return offer, nil
}

// resumed is a continuation with a correct verifier.
type resumed struct {
	flow domain.Flow
	kept continued
	now  time.Time
}

func (s *Service) resume(ctx context.Context, in ContinueInput) (resumed, error) {
	if in.Continuation.IsZero() {
		return resumed{}, domain.ErrInvalidFields(domain.Required("continuation"))
	}
	c := resumed{now: s.System.Now()}
	var err error
	if c.flow, err = s.proofs.Find(ctx, continuations, in.From, parseContinuation(in.Continuation), c.now); err != nil {
		return c, err
	}
	if err := s.proofs.OpenPayload(c.flow, &c.kept); err != nil {
		return c, continuations.Refusal.Because(err) // sealed under an unknown SECRET_KEY
	}
	if _, ok := s.same(c.kept.Provider, c.kept.Fingerprint); !ok {
		return c, continuations.Refusal
	}
	return c, s.verify(ctx, in.From, in.Verifier, c.kept.Challenge, continuations.Refusal)
}

// signUp is the policy for new accounts through the continuation's provider.
func (s *Service) signUp(c resumed) domain.SignUpPolicy {
	policy := s.settings.SignUp
	info, err := s.Provider(c.kept.Provider)
	policy.Closed = policy.Closed || err != nil || !info.SignUp
	return policy
}
