package factor

import (
	"context"
	"errors"
	"time"

	"github.com/signet-auth/signet/app/signin"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/factor"
)

// LoginOptions asks for a signature of any passkey. Nothing is stored, since anybody may ask.
func (s *Service) LoginOptions() (Asked, error) {
	if err := s.unavailable(); err != nil {
		return Asked{}, err
	}
	return s.ask(toLogin, "", "", s.System.Now(), func(challenge []byte) ([]byte, error) {
		return s.passkeys.RequestOptions(factor.Assertion{Challenge: challenge, Passwordless: true})
	})
}

// LoginInput is the signature of a passkey, and the session that is wanted.
type LoginInput struct {
	From       domain.Origin
	State      string
	Response   []byte
	Service    string // key, id or name of the audience; empty: the platform
	DeviceName string
	Cookie     bool
}

// Login begins a session by a passkey, without a password and without an address. It checks in this order: the form of the response, the
// budget of the address block, the state, the service, the credential, the signature, and then, in the transaction that begins the session,
// all again that may have changed.
//
// domain.ErrInvalidToken for a state that does not work; domain.ErrInvalidCredentials for all that is wrong behind it; the errors of
// signin.Begin.
func (s *Service) Login(ctx context.Context, in LoginInput) (signin.Tokens, error) {
	if err := domain.CheckLine("device_name", in.DeviceName, domain.MaxDeviceName); err != nil {
		return signin.Tokens{}, err
	}
	presented, err := s.presented(in.Response)
	if err != nil {
		return signin.Tokens{}, err
	}
	now := s.System.Now()
	budget, err := s.guard.AttemptToken(ctx, in.From)
	if err != nil {
		return signin.Tokens{}, err
	}
	begun, err := s.opened(in.State, toLogin, "", now)
	if err != nil {
		return signin.Tokens{}, err
	}
	audience, err := s.directory.Service(ctx, in.Service)
	if err != nil {
		budget.Return()
		return signin.Tokens{}, err
	}
	asOf := s.directory.Applied()
	user, passkey, err := s.owner(ctx, presented, now)
	var tokens signin.Tokens
	if err == nil {
		request := signin.Request{Client: domain.FirstParty(), Audience: audience, From: in.From, DeviceName: in.DeviceName, Cookie: in.Cookie}
		tokens, err = s.begin(ctx, signin.Proof{User: user, At: now, AsOf: asOf}, passkey, signed{begun, presented, in.Response, true}, request, now)
	}
	if !errors.Is(err, errUsed) {
		budget.Return()
		return tokens, err
	}
	if !isGuess(err) {
		budget.Return()
	}
	if user.ID != "" {
		if failed := s.suspend(ctx, err, user, in.From, now); failed != nil {
			return signin.Tokens{}, failed
		}
		s.Audit.RecordFailure(failure(user.ID, domain.Anonymous(), in.From, domain.WayWebAuthn), in.From.Block(), now)
	}
	return signin.Tokens{}, errPasskey
}

// errPasskey is one answer for all that may be wrong with a passkey.
var errPasskey = domain.ErrInvalidCredentials.Saying("This passkey does not work here")

// owner is the passkey that a response claims, and its active owner, whom it names by its handle. The error wraps errUsed if there is none.
func (s *Service) owner(ctx context.Context, p factor.Presented, now time.Time) (domain.User, domain.Factor, error) {
	user, f, err := s.Store.Read().Users.WithCredential(ctx, p.User, p.CredentialID)
	if errors.Is(err, domain.ErrNotFound) || err == nil && (f.Kind != domain.FactorPasskey || !user.IsActive(now)) {
		return domain.User{}, f, errUnfit
	}
	return user, f, err
}

// begin begins a session by a passkey of the account.
func (s *Service) begin(ctx context.Context, p signin.Proof, passkey domain.Factor, r signed, request signin.Request, now time.Time) (signin.Tokens, error) {
	proved, err := s.judgeKey(ctx, r, p.User.ID, []domain.Factor{passkey}, now)
	s.count(domain.WayWebAuthn, err)
	if err != nil {
		return signin.Tokens{}, err
	}
	p.Methods, p.Redeem = domain.WithFactor(nil, proved.methods...), proved.use
	tokens, err := s.signin.Begin(ctx, p, request, now)
	if errors.Is(err, errState) || errors.Is(err, domain.ErrInvalidCredentials) { // used, or the account changed since
		err = errUnfit
	}
	return tokens, err
}
