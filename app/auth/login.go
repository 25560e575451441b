package auth

import (
	"context"
	"errors"

	"github.com/signet-auth/signet/app/signin"
	"github.com/signet-auth/signet/domain"
)

// LoginInput is an address and a password as typed.
type LoginInput struct {
	From       domain.Origin
	Email      string
	Password   domain.Secret
	Service    string // key, id or name of the audience; empty: the platform
	DeviceName string
	Cookie     bool // the session's refresh tokens are to travel by cookie only
	// Device is the token of a remembered device; zero: there is none.
	Device domain.Secret
}

// LoginOutput is a session and its tokens.
type LoginOutput = signin.Tokens

// Login begins a session for a person who knows the password. It checks in this order: budgets, a place in the hash queue, the account, the
// hash, and then, in the transaction that begins the session, again what may have changed during the hash. Unknown, wrong, disabled, locked
// and password-less accounts get the same answer at the same cost.
func (s *Service) Login(ctx context.Context, in LoginInput) (LoginOutput, error) {
	email, err := checkLogin(in)
	if err != nil {
		return LoginOutput{}, err
	}
	asOf := s.directory.Applied()
	audience, err := s.directory.Service(ctx, in.Service)
	if err != nil {
		return LoginOutput{}, err
	}
	budget, err := s.guard.Attempt(ctx, email, in.From)
	if err != nil {
		return LoginOutput{}, err
	}
	candidate, match, err := s.passwords.Compare(ctx, email, in.Password)
	if err != nil {
		budget.Return() // nothing was compared, so it was no guess
		return LoginOutput{}, err
	}
	// From here on the attempt counts: hanging up must not hide a guess from the lockout and the log.
	ctx = context.WithoutCancel(ctx)
	now, user := s.System.Now(), candidate.User
	if !match.OK || candidate.Run.IsLocked(now) || !candidate.IsPending() && !user.IsActive(now) {
		return LoginOutput{}, s.passwords.Refuse(ctx, candidate, email, in.From, now)
	}
	if candidate.IsPending() || !user.IsEmailVerified() && !s.settings.Registration.Unverified {
		budget.Return()
		return LoginOutput{}, domain.ErrEmailNotVerified
	}
	out, err := s.signin.Begin(ctx, signin.Proof{User: user, Methods: []string{domain.MethodPassword}, At: now, Run: candidate.Run, AsOf: asOf}, signin.Request{
		Client: domain.FirstParty(), Audience: audience, From: in.From, DeviceName: in.DeviceName, Cookie: in.Cookie, Device: in.Device,
	}, now)
	if errors.Is(err, domain.ErrInvalidCredentials) { // the password or the account changed during the hash
		return LoginOutput{}, err
	}
	budget.Return()
	if err == nil && match.Outdated {
		s.passwords.Rehash(ctx, user, in.Password)
	}
	return out, err
}

func checkLogin(in LoginInput) (domain.Email, error) {
	email, err := domain.ParseEmail(in.Email)
	err = domain.MergeFields(err, domain.CheckLine("device_name", in.DeviceName, domain.MaxDeviceName))
	if in.Password.IsZero() {
		err = domain.MergeFields(err, domain.ErrInvalidFields(domain.Required("password")))
	}
	return email, err
}
