package auth

import (
	"context"
	"errors"
	"time"

	"github.com/signet-auth/signet/app/access"
	"github.com/signet-auth/signet/domain"
)

// Confirm makes sure that whoever holds a live token is still the person: before a change of password or address, and before
// the account is closed (ASVS 7.5.1). It shares budgets, lock and log with the login, or a stolen token would make guesses
// free (Authelia CVE-2025-24806).
type Confirm struct {
	Credentials
	// Recent is how old a login may be that stands in for the password of an account that has none.
	Recent time.Duration
}

// Handle returns the account as it was when its password was compared. The caller's transaction locks the principal and
// compares CredentialEpoch: the password may have changed during the hash. field names the input member of the password.
//
// domain.ErrInvalidCredentials for a wrong one; domain.ErrReauthRequired when the account has no password and the login is too
// long ago.
func (u *Confirm) Handle(ctx context.Context, actor domain.Actor, from domain.Origin, field string, password domain.Secret) (domain.User, error) {
	if err := access.RequirePlatformUser(actor); err != nil {
		return domain.User{}, err
	}
	user, err := u.Store.Read().Users.ByID(ctx, domain.UserID(actor.ID))
	if errors.Is(err, domain.ErrNotFound) {
		return domain.User{}, domain.ErrTokenInvalid
	}
	if err != nil {
		return domain.User{}, err
	}
	if user.PasswordHash == "" {
		return user, access.RequireRecent(actor, u.Recent, u.System.Now())
	}
	if password.IsZero() {
		return domain.User{}, domain.ErrInvalidFields(domain.Required(field))
	}
	budget, err := u.Guard.Attempt(ctx, user.Email, from)
	if err != nil {
		return domain.User{}, err
	}
	who, match, err := u.check(ctx, user.Email, password)
	if err != nil {
		budget.Return()
		return domain.User{}, err
	}
	ctx = context.WithoutCancel(ctx) // as in Login: hanging up hides no guess
	now := u.System.Now()
	if !match.OK || who.run.IsLocked(now) || who.user.ID != user.ID || !who.user.IsActive(now) {
		err := u.refuse(ctx, who, user.Email, from, now)
		if errors.Is(err, domain.ErrInvalidCredentials) {
			err = domain.ErrInvalidCredentials.Saying("The password is not right") // of an account that is known: no address was sent
		}
		return domain.User{}, err
	}
	budget.Return()
	return who.user, nil
}
