package access

import (
	"context"
	"errors"
	"time"

	"github.com/signet-auth/signet/domain"
)

// RequireUser is the first line of use cases that any logged-in user may call, whatever service their token was issued for.
func RequireUser(a domain.Actor) error {
	if a.Kind != domain.ActorUser {
		return domain.ErrTokenMissing
	}
	return nil
}

// RequirePlatformUser wants a token that was issued for Signet itself: one that a service received must not open Signet's
// own API (RFC 9700 §2.3).
func RequirePlatformUser(a domain.Actor) error {
	if err := RequireUser(a); err != nil {
		return err
	}
	if a.Audience != domain.PlatformKey {
		return domain.ErrWrongAudience
	}
	return nil
}

// RequireRecent wants a login that is at most so old: for what a stolen token must not be enough for. A refresh does not make a
// login younger.
func RequireRecent(a domain.Actor, within time.Duration, now time.Time) error {
	if a.AuthTime.IsZero() || now.Sub(a.AuthTime) > within {
		return domain.ErrReauthRequired
	}
	return nil
}

// Require wants a platform permission, decided on what the user holds now and not on what the token says.
func (d *Directory) Require(ctx context.Context, a domain.Actor, permission string) error {
	if a.Kind == domain.ActorSystem {
		return nil
	}
	if err := RequirePlatformUser(a); err != nil {
		return err
	}
	user, err := d.User(ctx, domain.UserID(a.ID))
	if err != nil {
		return err
	}
	platform, err := d.Service(ctx, "")
	if err != nil {
		return err
	}
	grants, err := d.Grants(ctx, user, platform)
	if err != nil {
		return err
	}
	if !grants.Allows(permission) {
		return domain.ErrForbidden
	}
	return nil
}

// TokenInvalidWhenUnknown turns the error of a token's own audience that is gone or inactive into that of its token: the
// client did not name the service in this request, so it can't be told that it named it wrong.
func TokenInvalidWhenUnknown(err error) error {
	if errors.Is(err, domain.ErrUnknownService) {
		return domain.ErrTokenInvalid
	}
	return err
}
