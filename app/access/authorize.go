package access

import (
	"context"
	"errors"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
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

// Require wants a platform permission, decided on what the principal holds now and not on what the token says.
func (d *Directory) Require(ctx context.Context, a domain.Actor, permission string) error {
	if a.Kind == domain.ActorSystem {
		return nil
	}
	if err := RequirePlatformUser(a); err != nil {
		return err
	}
	principal, err := d.Principal(ctx, a.ID)
	if err != nil {
		return err
	}
	platform, err := d.Service(ctx, "")
	if err != nil {
		return err
	}
	grants, err := d.Grants(ctx, principal, platform)
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

// RequireRank keeps principals from working on one whose platform permissions are not a subset of their own: somebody who could
// disable an administrator, or set their password, would be one. It is judged in the transaction that acts, on what both hold then.
func RequireRank(ctx context.Context, tx *store.Tx, a domain.Actor, target domain.PrincipalID, now time.Time) error {
	if a.Kind == domain.ActorSystem || a.ID == target {
		return nil
	}
	theirs, err := platformGrants(ctx, tx, target, now)
	if err != nil {
		return err
	}
	own, err := platformGrants(ctx, tx, a.ID, now)
	if err != nil {
		return err
	}
	if !own.CoversAll(theirs) {
		return domain.ErrTargetOutranks
	}
	return nil
}

func platformGrants(ctx context.Context, tx *store.Tx, id domain.PrincipalID, now time.Time) (domain.Grants, error) {
	held, err := tx.Grants.Held(ctx, id, domain.PlatformID)
	return domain.EvaluateGrants(held, nil, now), err
}
