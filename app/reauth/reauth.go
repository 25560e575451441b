// Package reauth asks the bearer of a live token to prove again that they are its owner, before a change of password or address and before
// the account is closed (ASVS 7.5.1). The proof is the password, or a recent login if the account has none; where it has second factors, a
// recent login by one of them is asked for beside the password.
package reauth

import (
	"context"
	"errors"
	"time"

	"github.com/signet-auth/signet/app/access"
	"github.com/signet-auth/signet/app/base"
	"github.com/signet-auth/signet/app/credential"
	"github.com/signet-auth/signet/app/guard"
	"github.com/signet-auth/signet/domain"
)

// Service asks for the proof. It shares budgets, lock and log with the login, otherwise a stolen token would make guesses free (Authelia
// CVE-2025-24806).
type Service struct {
	*base.Base

	guard     *guard.Guard
	passwords *credential.Passwords
	recent    time.Duration
	rpID      string
}

// New makes the service. recent is how old a login may be, and rpID the WebAuthn relying party; empty: there are no passkeys.
func New(b *base.Base, g *guard.Guard, passwords *credential.Passwords, recent time.Duration, rpID string) *Service {
	return &Service{Base: b, guard: g, passwords: passwords, recent: recent, rpID: rpID}
}

// Proof is what the caller offers.
type Proof struct {
	Field    string // the input member of the password, for errors
	Password domain.Secret
}

// Require returns the account as it was when the proof was judged. The caller's transaction takes base.LockUnchanged on it: the
// password may have changed during the hash.
//
// domain.ErrInvalidCredentials for a wrong password; domain.ErrReauthRequired when the account has none and the login is too long
// ago.
func (s *Service) Require(ctx context.Context, actor domain.Actor, from domain.Origin, proof Proof) (domain.User, error) {
	if err := access.RequirePlatformUser(actor); err != nil {
		return domain.User{}, err
	}
	user, err := s.Store.Read().Users.ByID(ctx, domain.UserID(actor.ID))
	if errors.Is(err, domain.ErrNotFound) {
		return domain.User{}, domain.ErrTokenInvalid
	}
	if err != nil {
		return domain.User{}, err
	}
	if user.HasFactors || user.PasswordHash == "" { // a password renews no second factor (pocket-id GHSA-hp74)
		if err := s.RequireRecentBy(ctx, user, actor, s.System.Now()); err != nil || user.PasswordHash == "" {
			return user, err
		}
	}
	if proof.Password.IsZero() {
		return domain.User{}, domain.ErrInvalidFields(domain.Required(proof.Field))
	}
	return s.ByPassword(ctx, user, from, proof.Password)
}

// RequireRecent wants a recent login: by a second factor where the account has one, else by any method. The account is read and not
// remembered: a token that was stolen before the first factor would do for a moment where that has not been heard of.
func (s *Service) RequireRecent(ctx context.Context, actor domain.Actor, now time.Time) error {
	user, err := s.Store.Read().Users.ByID(ctx, domain.UserID(actor.ID))
	if err != nil {
		return access.TokenInvalidWhenGone(err)
	}
	return s.RequireRecentBy(ctx, user, actor, now)
}

// RequireRecentBy is RequireRecentOf outside of a transaction: its refusal also says in which ways the account can prove a factor.
func (s *Service) RequireRecentBy(ctx context.Context, user domain.User, actor domain.Actor, now time.Time) error {
	err := s.RequireRecentOf(user, actor, now)
	if err == nil || !user.HasFactors {
		return err
	}
	demand := s.demand(user)
	all, rerr := s.Store.Read().Factors.ByUser(ctx, user.ID)
	if rerr != nil {
		return rerr
	}
	codes, rerr := s.Store.Read().Factors.Codes(ctx, user.ID)
	if rerr != nil {
		return rerr
	}
	demand.Ways = domain.WaysToProve(all, codes, s.rpID)
	return domain.ErrReauthRequired.Demanding(demand)
}

// RequireRecentOf is RequireRecent for a user who was read just now: another replica may have added their first factor within the last
// moments, which the remembered user does not show yet.
func (s *Service) RequireRecentOf(user domain.User, actor domain.Actor, now time.Time) error {
	return access.RequireLogin(actor, s.demand(user), now)
}

func (s *Service) demand(user domain.User) domain.Demand {
	if user.HasFactors {
		return domain.Demand{Level: domain.AAL2, MaxAge: s.recent}
	}
	return domain.Demand{Level: domain.AAL1, MaxAge: s.recent}
}

// MaxAge is how old a login may be that counts as recent.
func (s *Service) MaxAge() time.Duration { return s.recent }

// ByPassword compares the password of an account, which it returns as it was then.
func (s *Service) ByPassword(ctx context.Context, user domain.User, from domain.Origin, password domain.Secret) (domain.User, error) {
	budget, err := s.guard.Attempt(ctx, user.Email, from)
	if err != nil {
		return domain.User{}, err
	}
	candidate, match, err := s.passwords.Compare(ctx, user.Email, password)
	if err != nil {
		budget.Return()
		return domain.User{}, err
	}
	ctx = context.WithoutCancel(ctx) // as at login: hanging up hides no guess
	now := s.System.Now()
	if !match.OK || candidate.Run.IsLocked(now) || candidate.User.ID != user.ID || !candidate.User.IsActive(now) {
		err := s.passwords.Refuse(ctx, candidate, user.Email, from, now)
		if errors.Is(err, domain.ErrInvalidCredentials) {
			err = domain.ErrInvalidCredentials.Saying("The password is not right") // of an account that is known: no address was sent
		}
		return domain.User{}, err
	}
	budget.Return()
	return candidate.User, nil
}
