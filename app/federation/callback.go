package federation

import (
	"context"
	"crypto/hmac"
	"errors"
	"time"

	"github.com/signet-auth/signet/app/signin"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/provider"
)

// CallbackInput is what came back through the browser.
type CallbackInput struct {
	From     domain.Origin
	Provider string
	State    string
	Cookies  []Cookie // those of CookieName(State) that the browser sent
	Answer   provider.Answer
	Device   domain.Secret // the token of a remembered device, for a login without an application; zero: there is none
}

// CallbackOutput is the result of a login through a provider: a code for the application or, if there is none to go back to, the session.
type CallbackOutput struct {
	Back

	Code         domain.Secret // for Exchange
	Continuation domain.Secret // for Complete: a logged-in person links an identity
	Tokens       signin.Tokens
	Created      bool
}

// twinWait is how long a callback waits for the outcome of another callback of the same state, whose code the provider accepted first.
const twinWait = 2 * time.Second

// Callback judges an answer of a provider. Whatever arrives in whatever order, an attempt has one outcome, and only the browser that began
// it learns of it. Once the attempt is known, errors are a FailedError.
func (s *Service) Callback(ctx context.Context, in CallbackInput) (CallbackOutput, error) {
	if _, err := s.provider(in.Provider); err != nil {
		return CallbackOutput{}, err
	}
	a, p, err := s.attemptOf(in)
	if err != nil {
		return CallbackOutput{}, domain.ErrInvalidState.Because(errors.Join(domain.ErrForged, err))
	}
	c := callback{Service: s, in: in, attempt: a, provider: p, back: s.back(a)}
	end, err := s.turns.take(ctx, string(a.State)) // bounded by the request: an attempt may have any number of callbacks
	if err != nil {
		return CallbackOutput{}, &FailedError{Back: c.back, Err: err}
	}
	defer end()
	ctx = context.WithoutCancel(ctx) // the code is used up even if the browser hangs up: the next callback must find the outcome
	out, err := c.answer(ctx)
	if err == nil {
		return out, nil
	}
	var failure *FailedError
	if !errors.As(err, &failure) {
		failure = &FailedError{Back: c.back, Err: err}
	}
	now := s.System.Now()
	s.note(ctx, err, now)
	s.recordFailure(c, failure.Err, now)
	return CallbackOutput{}, failure
}

// attemptOf finds the attempt that the state belongs to. Two cookies of one name are refused, because somebody else set one of them.
func (s *Service) attemptOf(in CallbackInput) (attempt, provider.Provider, error) {
	if in.State == "" || len(in.Cookies) != 1 || in.Cookies[0].Name != CookieName(in.State) {
		return attempt{}, nil, errNoAttempt
	}
	a, err := s.openAttempt(in.Cookies[0])
	if err != nil || !hmac.Equal(a.State, hashState(in.State)) || a.Provider != in.Provider { // mix-up (RFC 9700 §4.4)
		return attempt{}, nil, errNoAttempt
	}
	p, ok := s.same(a.Provider, a.Fingerprint)
	if !ok {
		return attempt{}, nil, errors.New("the provider was changed since")
	}
	return a, p, nil
}

// callback is one answer under way.
type callback struct {
	*Service

	in       CallbackInput
	attempt  attempt
	provider provider.Provider
	back     Back
}

func (c *callback) answer(ctx context.Context) (CallbackOutput, error) {
	if c.isOver(c.attempt, c.System.Now()) || c.attempt.RedirectTo != "" && c.back.To.IsZero() {
		return CallbackOutput{}, domain.ErrInvalidState
	}
	if out, known, err := c.repeat(ctx); known || err != nil {
		return out, err
	}
	// A browser with an attempt may invent codes, and each costs a call with our secret.
	budget, err := c.guard.AttemptToken(ctx, c.in.From)
	if err != nil {
		return CallbackOutput{}, err
	}
	profile, err := c.provider.Complete(ctx, c.attempt.upstream(), c.in.Answer)
	if err != nil {
		if !isUsedCode(err) {
			budget.Return()
			return CallbackOutput{}, err
		}
		if out, known, late := c.await(ctx); known || late != nil {
			budget.Return()
			return out, late
		}
		return CallbackOutput{}, err
	}
	budget.Return()
	out, err := c.settle(ctx, assertionOf(c.in.Provider, profile))
	if errors.Is(err, domain.ErrEmailTaken) { // a registration, which locks no address, was faster: judge its account now
		out, err = c.settle(ctx, assertionOf(c.in.Provider, profile))
	}
	if errors.Is(err, domain.ErrFlowExists) { // another replica was first
		if out, known, err := c.repeat(ctx); known || err != nil {
			return out, err
		}
		return CallbackOutput{}, domain.ErrInvalidState
	}
	return out, err
}

// isUsedCode tells whether a provider may have refused a code because it was used already, or invented. Errors that an operator must fix
// are neither.
func isUsedCode(failed error) bool {
	var fault *provider.Fault
	return errors.Is(failed, domain.ErrProviderFailed) && errors.As(failed, &fault) && fault.Step == provider.StepExchange && fault.Remedy == ""
}

// await waits for the outcome of a callback on another replica, whose code the provider accepted first: some providers cause two callbacks.
func (c *callback) await(ctx context.Context) (CallbackOutput, bool, error) {
	for wait := time.Duration(0); wait < twinWait; wait += twinWait / 10 {
		if out, known, err := c.repeat(ctx); known || err != nil {
			return out, known, err
		}
		if err := c.System.Sleep(ctx, twinWait/10); err != nil {
			return CallbackOutput{}, false, err
		}
	}
	return CallbackOutput{}, false, nil
}

// repeat returns the existing outcome of the attempt, if it is unused and recent.
func (c *callback) repeat(ctx context.Context) (out CallbackOutput, known bool, err error) {
	flow, err := c.Store.Read().Flows.ByID(ctx, outcomeID(c.in.State))
	if errors.Is(err, domain.ErrNotFound) {
		return out, false, nil
	}
	if err != nil {
		return out, false, err
	}
	if !flow.IsLive(c.System.Now()) || c.back.To.IsZero() && flow.Purpose == domain.PurposeProviderCode {
		return out, true, domain.ErrInvalidState
	}
	if flow.Purpose == domain.PurposeProviderCode {
		secret, err := c.secretOf(flow, codeLabel)
		return CallbackOutput{Back: c.back, Code: secret}, true, err
	}
	secret, err := c.secretOf(flow, continuationLabel)
	if err != nil {
		return out, true, err
	}
	var kept continued
	if err := c.proofs.OpenPayload(flow, &kept); err != nil {
		return out, true, domain.ErrInvalidState.Because(err)
	}
	return c.goOn(kept, secret)
}

// goOn returns a continuation: with a failure, unless the person asked to link an identity.
func (c *callback) goOn(kept continued, secret domain.Secret) (CallbackOutput, bool, error) {
	continuation := continuationText(secret)
	if kept.isLink() {
		return CallbackOutput{Back: c.back, Continuation: continuation}, true, nil
	}
	return CallbackOutput{}, true, &FailedError{Back: c.back, Err: kept.refusal(), Continuation: continuation}
}

func (s *Service) recordFailure(c callback, err error, now time.Time) {
	event := domain.NewEvent(domain.EventLoginFailed, domain.Anonymous(), c.in.From, "", "")
	event.Outcome = domain.Failed
	event = event.With("provider", c.in.Provider).With("code", codeOf(err))
	s.Audit.RecordFailure(event, c.in.From.Block(), now)
}

func codeOf(err error) string {
	if known, ok := errors.AsType[*domain.Error](err); ok {
		return known.Code
	}
	return domain.ErrInternal.Code
}

// assertionOf converts a provider's profile. It leaves out an address that Signet does not accept.
func assertionOf(name string, p provider.Profile) domain.Assertion {
	a := domain.Assertion{
		Provider: name, Issuer: p.Issuer, Subject: p.Subject, Said: domain.Clip(p.Email, 254), Name: domain.CleanName(p.GivenName, p.FamilyName, p.Locale),
	}
	if email, err := domain.ParseEmail(p.Email); err == nil && p.Proved {
		a.Email, a.Said, a.Authoritative = email, email.Mailbox(), p.Authoritative
	}
	return a
}
